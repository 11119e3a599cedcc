# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Whole messages from columns in one pass: what `writing` writes by expressions, for ordinary papers only.

A paper of which anything is out of the ordinary makes its message `None`, and whoever asked has `writing` write it or
refuse it. The writing itself holds neither Python objects nor the interpreter's lock.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset, strcmp

LAYOUT = 1
"""Raised when what a form is told changes, so that a press compiled before is not used."""

include "../../../kernel/arrow/interface.pxi"
include "../../../kernel/arrow/sources.pxi"
include "../../../kernel/arrow/numbers.pxi"

cdef enum:
    TEXT = 0
    AMOUNT = 1
    COUNT = 2
    TIME = 3  # the moment that all papers of a message share
    GUID = 4  # the message's own where the paper's is none
    EITHER = 5  # a text, or where there is none that of another column

cdef enum:
    ODD = 1  # must be escaped
    FORBIDDEN = 2  # XML knows no such character
    PERHAPS = 4  # may begin one that XML forbids

cdef struct Field:
    int kind
    int column
    int other
    int64_t least
    int64_t most  # characters; -1 where there is no limit
    int mandatory
    const char* opening
    int64_t opening_length
    const char* closing
    int64_t closing_length

cdef uint8_t CLASS[256]
memset(CLASS, 0, 256)
for _byte in range(32):
    CLASS[_byte] = FORBIDDEN
CLASS[9] = CLASS[10] = 0  # a tab, a new line
CLASS[13] = CLASS[38] = CLASS[60] = CLASS[62] = ODD  # a carriage return, & < >
CLASS[0xEF] = PERHAPS


cdef class Form:
    """How the papers of one message type are written: what opens a paper, closes its head and closes it, and its fields.

    A field is told as kind, column, other column, least and most characters, whether it is mandatory, opening and closing
    tag. Lines stand in `lines`, a column of lists whose first is their number; -1 where a paper has none.
    """

    cdef list kept
    cdef Field* heads
    cdef Field* rows
    cdef int head_width, row_width, lines
    cdef int64_t lines_most
    cdef Text paper_open, head_close, paper_close, row_open, row_close

    def __init__(
        self, paper: tuple, heads: list, lines: int = -1, lines_most: int = 0, row: tuple = (b"", b""), rows: object = ()
    ) -> None:
        self.kept = [paper, heads, row, rows]
        self.paper_open, self.head_close, self.paper_close = text_of(paper[0]), text_of(paper[1]), text_of(paper[2])
        self.row_open, self.row_close = text_of(row[0]), text_of(row[1])
        self.lines, self.lines_most = lines, lines_most
        self.head_width, self.row_width = len(heads), len(rows)
        self.heads = fields_of(heads)
        self.rows = fields_of(rows)

    def __dealloc__(self) -> None:
        free(self.heads)
        free(self.rows)


cdef Text text_of(bytes said):
    cdef Text text
    text.begin, text.length = PyBytes_AS_STRING(said), PyBytes_GET_SIZE(said)
    return text


cdef Field* fields_of(object told) except NULL:
    cdef Field* fields = <Field*>calloc(<size_t>len(told) + 1, sizeof(Field))
    cdef bytes opening, closing
    if fields == NULL:
        raise MemoryError
    for at, (kind, column, other, least, most, mandatory, opening, closing) in enumerate(told):
        fields[at].kind, fields[at].column, fields[at].other = kind, column, other
        fields[at].least, fields[at].most, fields[at].mandatory = least, most, mandatory
        fields[at].opening, fields[at].opening_length = PyBytes_AS_STRING(opening), PyBytes_GET_SIZE(opening)
        fields[at].closing, fields[at].closing_length = PyBytes_AS_STRING(closing), PyBytes_GET_SIZE(closing)
    return fields


cdef class Press:
    """Columns of papers, taken from Arrow's C stream interface as one chunk, and the messages that are made of them.

    `formats` are Arrow's names of the columns' types, in order; a list's is that of the list, then those of its struct.
    """

    cdef ArrowArray array
    cdef Source* columns
    cdef Source* children
    cdef const int64_t* ends  # of the lists
    cdef const uint8_t* listed
    cdef int64_t list_offset
    cdef Sheet sheet

    def __cinit__(self) -> None:
        memset(&self.array, 0, sizeof(ArrowArray))
        memset(&self.sheet, 0, sizeof(Sheet))

    def __init__(self, stream: object, formats: list) -> None:
        cdef ArrowArrayStream* source = <ArrowArrayStream*>PyCapsule_GetPointer(stream, b"arrow_array_stream")
        cdef ArrowSchema schema
        cdef ArrowArray more
        if source.get_schema(source, &schema):
            raise ValueError("the columns have no schema")
        try:
            expect(&schema, formats)
        finally:
            schema.release(&schema)
        memset(&more, 0, sizeof(ArrowArray))
        if source.get_next(source, &self.array) or self.array.release == NULL or source.get_next(source, &more):
            raise ValueError("the columns could not be taken")
        if more.release != NULL:
            more.release(&more)
            raise ValueError("the columns are in more than one chunk")
        self.lay_out()

    cdef int lay_out(self) except -1:
        cdef int64_t at
        cdef ArrowArray* child
        cdef ArrowArray* rows
        self.columns = <Source*>calloc(<size_t>self.array.n_children + 1, sizeof(Source))
        if self.columns == NULL:
            raise MemoryError
        for at in range(self.array.n_children):
            child = self.array.children[at]
            self.columns[at] = source_of(child, self.array.offset)
            if child.n_children:
                rows = child.children[0]
                self.ends = <const int64_t*>child.buffers[1]
                self.listed = <const uint8_t*>child.buffers[0]
                self.list_offset = child.offset + self.array.offset
                self.children = <Source*>calloc(<size_t>rows.n_children + 1, sizeof(Source))
                if self.children == NULL:
                    raise MemoryError
                lay_children(self.children, rows)
        return 0

    def __dealloc__(self) -> None:
        if self.array.release != NULL:
            self.array.release(&self.array)
        free(self.columns)
        free(self.children)
        free(self.sheet.bytes)

    def write(
        self, form: Form, first: int, count: int, opening: bytes, closing: bytes, guid: bytes, moment: bytes
    ) -> bytes | None:
        """One message of `count` rows from `first` on; None where `writing` must look at it."""
        cdef Text head = text_of(opening), tail = text_of(closing), own = text_of(guid), time = text_of(moment)
        cdef int64_t row = first, last = first + count
        cdef int done
        if first < 0 or last > self.array.length:
            raise IndexError(first)
        with nogil:
            self.sheet.length = 0
            done = put(&self.sheet, head)
            while done == 1 and row < last:
                done = self.paper(form, row, own, time)
                row += 1
            if done == 1:
                done = put(&self.sheet, tail)
        if done < 0:
            raise MemoryError
        return PyBytes_FromStringAndSize(<char*>self.sheet.bytes, self.sheet.length) if done else None

    cdef int paper(self, Form form, int64_t row, Text guid, Text time) noexcept nogil:
        """1 where a paper is written, 0 where it is out of the ordinary, -1 where memory is out."""
        cdef int done = put(&self.sheet, form.paper_open)
        if done == 1:
            done = node(&self.sheet, form.heads, form.head_width, self.columns, row, guid, time)
        if done == 1:
            done = put(&self.sheet, form.head_close)
        if done == 1 and form.lines >= 0:
            done = self.paper_lines(form, row, guid, time)
        return put(&self.sheet, form.paper_close) if done == 1 else done

    cdef int paper_lines(self, Form form, int64_t row, Text guid, Text time) noexcept nogil:
        """Lines in the order they are in: one whose number does not rise is out of the ordinary."""
        cdef int64_t place = self.list_offset + row
        cdef int64_t line, begin, end
        cdef const int32_t* numbers = <const int32_t*>self.children[0].values
        cdef int done = 1
        if self.listed != NULL and not (self.listed[place >> 3] >> (place & 7)) & 1:
            return 0
        begin, end = self.ends[place], self.ends[place + 1]
        if end == begin or end - begin > form.lines_most:
            return 0
        for line in range(begin, end):
            if line > begin and not (
                numbers[line + self.children[0].offset] > numbers[line - 1 + self.children[0].offset]
            ):
                return 0
            done = put(&self.sheet, form.row_open)
            if done == 1:
                done = node(&self.sheet, form.rows, form.row_width, self.children, line, guid, time)
            if done == 1:
                done = put(&self.sheet, form.row_close)
            if done != 1:
                return done
        return 1


cdef int expect(ArrowSchema* schema, list formats) except -1:
    """Hold that the columns are of the types that are read; the struct in a list comes right behind the list."""
    found = []
    cdef int64_t at, inner
    cdef ArrowSchema* child
    for at in range(schema.n_children):
        child = schema.children[at]
        found.append(<bytes>child.format)
        if child.n_children:
            child = child.children[0]
            for inner in range(child.n_children):
                found.append(<bytes>child.children[inner].format)
    if found != formats:
        raise TypeError(f"columns of {formats} wanted, not {found}")
    return 0


cdef void lay_children(Source* children, ArrowArray* rows) noexcept nogil:
    cdef int64_t at
    for at in range(rows.n_children):
        children[at] = source_of(rows.children[at], rows.offset)


cdef int put(Sheet* sheet, Text text) noexcept nogil:
    if room(sheet, text.length) < 0:
        return -1
    memcpy(sheet.bytes + sheet.length, text.begin, <size_t>text.length)
    sheet.length += text.length
    return 1


cdef int node(Sheet* sheet, Field* fields, int width, Source* columns, int64_t row, Text guid, Text time) noexcept nogil:
    """Every field of one row."""
    cdef int at, done
    for at in range(width):
        done = element(sheet, &fields[at], columns, row, guid, time)
        if done != 1:
            return done
    return 1


cdef int element(Sheet* sheet, Field* field, Source* columns, int64_t row, Text guid, Text time) noexcept nogil:
    cdef Text text
    cdef char number[32]
    if field.kind == TIME:
        text = time
    elif field.kind == AMOUNT or field.kind == COUNT:
        if not is_there(&columns[field.column], row):
            return 0
        text = figure(number, field.kind, &columns[field.column], row)
    else:
        text = said(&columns[field.column], row)
        if field.kind == EITHER and text.length == 0:
            text = said(&columns[field.other], row)
        if field.kind == GUID:
            if not is_guid(text):
                text = guid
        elif text.length == 0:
            return not field.mandatory
    if room(sheet, field.opening_length + 5 * text.length + field.closing_length) < 0:
        return -1
    memcpy(sheet.bytes + sheet.length, field.opening, <size_t>field.opening_length)
    sheet.length += field.opening_length
    if field.kind == GUID:
        upper(sheet, text)
    elif field.kind == TEXT or field.kind == EITHER:
        if not content(sheet, field, text):
            return 0
    else:
        memcpy(sheet.bytes + sheet.length, text.begin, <size_t>text.length)
        sheet.length += text.length
    memcpy(sheet.bytes + sheet.length, field.closing, <size_t>field.closing_length)
    sheet.length += field.closing_length
    return 1


cdef Text figure(char* room, int kind, Source* source, int64_t row) noexcept nogil:
    """A count, or the shortest plain decimal of a count of 0.00001, written from behind."""
    cdef int64_t value, places
    cdef uint64_t size
    cdef int at = 32, digit
    cdef Text text
    if kind == COUNT:
        value = (<const int32_t*>source.values)[source.offset + row]
        size = <uint64_t>(-value if value < 0 else value)
    else:
        value = (<const int64_t*>source.values)[source.offset + row]
        size = 0 - <uint64_t>value if value < 0 else <uint64_t>value
        places = <int64_t>(size % 100_000)
        size //= 100_000
        if places:
            digit = 5
            while places % 10 == 0:
                places //= 10
                digit -= 1
            while digit:
                at -= 1
                room[at] = <char>(48 + places % 10)
                places //= 10
                digit -= 1
            at -= 1
            room[at] = 46  # a point
    at -= <int>written_number(<int64_t>size, <uint8_t*>room + at)
    if value < 0:
        at -= 1
        room[at] = 45  # a minus
    text.begin, text.length = room + at, 32 - at
    return text


cdef int is_guid(Text text) noexcept nogil:
    cdef int at
    cdef uint8_t byte
    if text.length != 36:
        return 0
    for at in range(36):
        byte = <uint8_t>text.begin[at]
        if not (48 <= byte <= 57 or 65 <= (byte & 0xDF) <= 90 or byte == 45 or byte == 95):
            return 0
    return 1


cdef void upper(Sheet* sheet, Text text) noexcept nogil:
    cdef int64_t at
    cdef uint8_t byte
    for at in range(text.length):
        byte = <uint8_t>text.begin[at]
        sheet.bytes[sheet.length + at] = byte - 32 if 97 <= byte <= 122 else byte
    sheet.length += text.length


cdef int content(Sheet* sheet, Field* field, Text text) noexcept nogil:
    """The text escaped as C14N does; 0 where its length or its characters are not what the schema takes as it stands."""
    cdef const uint8_t* begin = <const uint8_t*>text.begin
    cdef uint8_t* to = sheet.bytes + sheet.length
    cdef int64_t at, characters = 0
    cdef uint8_t kinds = 0
    for at in range(text.length):
        kinds |= CLASS[begin[at]]
        characters += (begin[at] & 0xC0) != 0x80
    if kinds & FORBIDDEN or characters < field.least or (field.most >= 0 and characters > field.most):
        return 0
    if has_space_around(begin, text.length) or (kinds & PERHAPS and has_noncharacter(begin, text.length)):
        return 0
    if not kinds & ODD:
        memcpy(to, begin, <size_t>text.length)
        sheet.length += text.length
        return 1
    for at in range(text.length):
        if begin[at] == 38:
            memcpy(to, b"&amp;", 5)
            to += 5
        elif begin[at] == 60:
            memcpy(to, b"&lt;", 4)
            to += 4
        elif begin[at] == 62:
            memcpy(to, b"&gt;", 4)
            to += 4
        elif begin[at] == 13:
            memcpy(to, b"&#xD;", 5)
            to += 5
        else:
            to[0] = begin[at]
            to += 1
    sheet.length = to - sheet.bytes
    return 1


cdef int has_space_around(const uint8_t* begin, int64_t length) noexcept nogil:
    """Whether the first or last character may be white space of any kind."""
    cdef int64_t last = length - 1
    while last > 0 and (begin[last] & 0xC0) == 0x80:
        last -= 1
    return is_space(begin) or is_space(begin + last)


cdef int is_space(const uint8_t* character) noexcept nogil:
    """Of what is not ASCII more than is white space: U+0080-00BF, U+1000-2FFF and U+3000."""
    if character[0] <= 32 or character[0] == 0xC2 or character[0] == 0xE1 or character[0] == 0xE2:
        return 1
    return character[0] == 0xE3 and character[1] == 0x80 and character[2] == 0x80


cdef int has_noncharacter(const uint8_t* begin, int64_t length) noexcept nogil:
    """Whether U+FFFE or U+FFFF, which XML forbids, is in a text."""
    cdef int64_t at
    for at in range(length - 2):
        if begin[at] == 0xEF and begin[at + 1] == 0xBF and begin[at + 2] >= 0xBE:
            return 1
    return 0
