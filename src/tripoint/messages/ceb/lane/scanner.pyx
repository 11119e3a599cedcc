# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=True
"""From the bytes of a message straight to columns: the fast lane (docs/internals/lanes.md says what goes where).

A message is taken only where its bytes follow a narrow grammar; a paper that has anything to be said about is left to
the reference lane. The scan itself holds neither Python objects nor the interpreter's lock.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove, memset

include "../../../kernel/arrow/interface.pxi"
include "../../../kernel/arrow/columns.pxi"
include "../../../kernel/arrow/handover.pxi"
include "../../../kernel/arrow/numbers.pxi"
include "../../../kernel/arrow/days.pxi"
include "swift.pxi"
include "texts.pxi"
include "values.pxi"
include "digests.pxi"

LAYOUT = 3
"""Raised when what a plan or a sheet is told changes, so that a scanner compiled before is not used."""

cdef enum:
    DEPTH_MOST = 8  # elements within each other in a paper that is left to the reference lane, the paper included
    ODD_MOST = 4096  # such papers in a message

cdef struct NodePlan:
    const char* name
    int64_t name_length
    const char* opening
    int64_t opening_length
    int width
    Field* fields
    int least
    int64_t most  # how often it may stand; -1 where there is no limit
    int line_no  # the column of a line's number; -1 where there is none

cdef struct Left:
    int64_t position
    int64_t begin
    int64_t end


cdef class Plan:
    """How the papers of one message type are written under one prefix."""

    cdef NodePlan paper
    cdef NodePlan head
    cdef NodePlan line
    cdef int is_flat
    cdef int has_lines
    cdef bytes prefix
    cdef list kept

    def __init__(self, prefix: bytes, paper: bytes, head: tuple, line: tuple | None) -> None:
        """`prefix` ends with its colon. `head` (the paper itself, where it is flat) and `line` are nodes: name, least,
        most, column of the line's number, and fields: name, kind, column, least, most, mandatory, fixed."""
        self.kept = []
        self.prefix = prefix
        self.is_flat = head[0] == paper
        self.has_lines = line is not None
        self.lay(&self.paper, (paper, 1, -1, -1, ()))
        self.lay(&self.head, head)
        if line is not None:
            self.lay(&self.line, line)

    def __dealloc__(self) -> None:
        free(self.paper.fields)
        free(self.head.fields)
        free(self.line.fields)

    cdef const char* keep(self, bytes text):
        self.kept.append(text)
        return PyBytes_AS_STRING(text)

    cdef int lay(self, NodePlan* node, tuple said) except -1:
        cdef Field* field
        cdef int at
        name, node.least, most, node.line_no, fields = said
        full = self.prefix + name
        node.most = most
        node.name, node.name_length = self.keep(full), len(full)
        node.opening, node.opening_length = self.keep(b"<" + full + b">"), len(full) + 2
        node.width = len(fields)
        node.fields = <Field*>calloc(<size_t>max(node.width, 1), sizeof(Field))
        if node.fields == NULL:
            raise MemoryError
        for at in range(node.width):
            field = &node.fields[at]
            name, field.kind, field.column, field.least, field.most, field.mandatory, fixed = fields[at]
            full = self.prefix + name
            field.name, field.name_length = self.keep(full), len(full)
            field.opening, field.opening_length = self.keep(b"<" + full + b">"), len(full) + 2
            field.closing, field.closing_length = self.keep(b"</" + full + b">"), len(full) + 3
            if fixed is not None:
                field.fixed, field.fixed_length = self.keep(fixed), len(fixed)
        return 0


cdef class Sheet:
    """The rows of all messages of one type, column by column, until they are taken."""

    cdef Table head
    cdef Table line
    cdef list head_names
    cdef list line_names
    cdef int64_t head_before
    cdef int64_t line_before

    def __init__(self, head: list, line: list, head_said: list, line_said: list) -> None:
        """Columns as pairs of name and kind; the last three are message, position and order of arrival, before them
        stands, for heads, the digest. What a digest is made of is told by the columns' numbers."""
        table_open(&self.head, [kind for _, kind in head], head_said)
        table_open(&self.line, [kind for _, kind in line], line_said)
        self.head_names = [name for name, _ in head]
        self.line_names = [name for name, _ in line]

    def __dealloc__(self) -> None:
        table_close(&self.head)
        table_close(&self.line)

    def scan(
        self, plan: Plan, raw: bytes, start: int, message_id: int, arrival: int, text_max: int
    ) -> tuple | None:
        """Take the papers that stand from `start` on, one behind the other.

        None where the message is one for the reference lane; then no row of it is kept. Else: where the papers end, how
        many they are, position and place of those left to the reference lane, and the canonical form of all of them
        (None where they stand so already).
        """
        cdef Scan scan
        cdef int found
        if not 0 <= start <= len(raw):
            raise ValueError("start lies outside of the message")
        memset(&scan, 0, sizeof(Scan))
        scan.cursor.p = <const uint8_t*>PyBytes_AS_STRING(raw) + <int64_t>start
        scan.cursor.end = <const uint8_t*>PyBytes_AS_STRING(raw) + PyBytes_GET_SIZE(raw)
        scan.cursor.copied = scan.cursor.p
        scan.cursor.text_max = text_max
        scan.base = <const uint8_t*>PyBytes_AS_STRING(raw)
        scan.message_id = message_id
        scan.arrival = arrival
        scan.head, scan.line = &self.head, &self.line
        scan.prefix, scan.prefix_length = PyBytes_AS_STRING(plan.prefix), PyBytes_GET_SIZE(plan.prefix)
        self.head_before, self.line_before = self.head.height, self.line.height
        try:
            with nogil:
                found = scan_papers(&scan, &plan.paper, &plan.head, &plan.line, plan.is_flat, plan.has_lines)
            if found != OK:
                self.undo()
                return None
            left = [(scan.left[at].position, scan.left[at].begin, scan.left[at].end) for at in range(scan.lefts)]
            body = None
            if scan.cursor.canon_length or scan.cursor.copied != scan.base + <int64_t>start:
                if scan.cursor.p < scan.cursor.copied:
                    raise RuntimeError("more was copied than was read")
                if canon_put(&scan.cursor, scan.cursor.copied, scan.cursor.p - scan.cursor.copied) != OK:
                    raise MemoryError
                body = PyBytes_FromStringAndSize(<char*>scan.cursor.canon, scan.cursor.canon_length)
            return scan.cursor.p - scan.base, scan.papers, left, body
        finally:
            free(scan.cursor.canon)
            free(scan.cursor.scratch)
            free(scan.left)

    def undo(self) -> None:
        """Forget the rows of the message scanned last."""
        self.head.height, self.line.height = self.head_before, self.line_before

    def take(self) -> tuple[Batch | None, Batch | None]:
        """The rows of heads and of lines, None where there are none; the sheet is empty afterwards."""
        return self._taken(&self.head, self.head_names), self._taken(&self.line, self.line_names)

    cdef object _taken(self, Table* table, list names):
        cdef Batch batch
        if table.height == 0:
            return None
        kinds = [table.columns[at].kind for at in range(table.width)]
        said = [table.said[at] for at in range(table.says)]
        batch = Batch.__new__(Batch)
        batch.names = [str(name).encode() for name in names]
        batch.table = table[0]
        memset(table, 0, sizeof(Table))
        table_open(table, kinds, said)
        self.head_before = self.line_before = 0
        return batch

cdef struct Scan:
    Cursor cursor
    const uint8_t* base
    int64_t message_id
    int32_t arrival
    Table* head
    Table* line
    const char* prefix
    int64_t prefix_length
    int64_t papers
    Left* left
    int64_t lefts
    int64_t left_room


cdef int open_row(Scan* scan, Table* table) noexcept nogil:
    """A new row with its place; the values are the caller's to fill."""
    cdef int64_t row = table.height
    cdef int at = table.width - 3
    if not table_room(table):
        return FULL
    put_long(&table.columns[at], row, scan.message_id)
    put_int(&table.columns[at + 1], row, <int32_t>scan.papers)
    put_int(&table.columns[at + 2], row, scan.arrival)
    return OK


cdef int scan_row(Scan* scan, const NodePlan* node, Table* table) noexcept nogil:
    """The fields of one node, from behind its opening tag to behind its closing one."""
    cdef Cursor* c = &scan.cursor
    cdef const Field* field
    cdef Tag tag
    cdef int at = 0, to, found = open_row(scan, table)
    cdef int64_t row = table.height
    if found != OK:
        return found
    while True:
        found = skip_space(c)
        if found != OK:
            return found
        to = at
        while to < node.width and not begins(c.p, c.end, node.fields[to].opening, node.fields[to].opening_length):
            to += 1
        if to < node.width:
            c.p += node.fields[to].opening_length
            tag.kind = OPENING
        else:
            found = read_tag(c, scan.prefix, scan.prefix_length, &tag)
            if found != OK:
                return found
            if tag.kind == CLOSING:
                return close_row(node, table, &tag, at)
            to = at
            while to < node.width and not is_named(&tag, node.fields[to].name, node.fields[to].name_length):
                to += 1
            if to == node.width:
                return ODD
        while at < to:
            field = &node.fields[at]
            if field.mandatory:
                return ODD
            put_null(&table.columns[field.column], row)
            at += 1
        found = scan_value(scan, &node.fields[to], &table.columns[node.fields[to].column], row, tag.kind == EMPTY)
        if found != OK:
            return found
        at = to + 1


cdef int scan_value(Scan* scan, const Field* field, Column* column, int64_t row, int is_empty) noexcept nogil:
    """One value, from behind its opening tag to behind its closing one."""
    cdef Cursor* c = &scan.cursor
    cdef Tag tag
    cdef int found
    if is_empty:
        c.text = c.p
        c.text_length = c.text_characters = c.coded = 0
        return put_value(c, column, row, field)
    found = read_text(c)
    if found == OK:
        found = put_value(c, column, row, field)
    if found != OK:
        return found
    if begins(c.p, c.end, field.closing, field.closing_length):
        c.p += field.closing_length
        return OK
    found = read_tag(c, scan.prefix, scan.prefix_length, &tag)
    if found != OK:
        return found
    return OK if tag.kind == CLOSING and is_named(&tag, field.name, field.name_length) else ODD


cdef inline int is_named(const Tag* tag, const char* name, int64_t length) noexcept nogil:
    return tag.length == length and swift_same(tag.name, name, length)


cdef int close_row(const NodePlan* node, Table* table, const Tag* tag, int at) noexcept nogil:
    """The end of a node: what has not come is null, or odd."""
    cdef int64_t row = table.height
    if not is_named(tag, node.name, node.name_length):
        return ODD
    while at < node.width:
        if node.fields[at].mandatory:
            return ODD
        put_null(&table.columns[node.fields[at].column], row)
        at += 1
    table.height += 1
    return OK


cdef int scan_paper(
    Scan* scan, const NodePlan* paper, const NodePlan* head, const NodePlan* line, int is_flat, int has_lines
) noexcept nogil:
    """One paper from behind its opening tag to behind its closing one: one head, then its lines."""
    cdef Tag tag
    cdef int64_t lines = 0
    cdef int32_t last = 0
    cdef Column* numbers
    cdef int found
    if is_flat:
        return scan_row(scan, head, scan.head)
    found = open_node(scan, head, &tag)
    if found != OK:
        return found
    if tag.kind != OPENING or not is_named(&tag, head.name, head.name_length):
        return ODD
    found = scan_row(scan, head, scan.head)
    while found == OK:
        found = open_node(scan, line if has_lines else head, &tag)
        if found != OK:
            return found
        if tag.kind == CLOSING:
            break
        if not has_lines or tag.kind != OPENING or not is_named(&tag, line.name, line.name_length):
            return ODD
        found = scan_row(scan, line, scan.line)
        if found != OK:
            return found
        lines += 1
        numbers = &scan.line.columns[line.line_no]
        # Numbers that do not rise may stand twice; that is for the reference lane to say.
        if lines > 1 and (<int32_t*>numbers.values)[scan.line.height - 1] <= last:
            return ODD
        last = (<int32_t*>numbers.values)[scan.line.height - 1]
    if found != OK:
        return found
    if has_lines and (lines < line.least or (line.most >= 0 and lines > line.most)):
        return ODD
    return OK if is_named(&tag, paper.name, paper.name_length) else ODD


cdef inline int open_node(Scan* scan, const NodePlan* node, Tag* tag) noexcept nogil:
    """Over white space and the next tag, which is most often the opening one of this node."""
    cdef Cursor* c = &scan.cursor
    cdef int found = skip_space(c)
    if found != OK:
        return found
    if begins(c.p, c.end, node.opening, node.opening_length):
        tag.kind = OPENING
        tag.name = <const uint8_t*>node.name
        tag.length = node.name_length
        c.p += node.opening_length
        return OK
    return read_tag(c, scan.prefix, scan.prefix_length, tag)


cdef int skip_paper(Scan* scan, const NodePlan* paper) noexcept nogil:
    """Over one whole paper, whatever it holds, from behind its opening tag: tags in pairs, texts between."""
    cdef Cursor* c = &scan.cursor
    cdef Tag open_tags[DEPTH_MOST]
    cdef Tag tag
    cdef int depth = 1, found
    open_tags[0].name, open_tags[0].length = <const uint8_t*>paper.name, paper.name_length
    while depth:
        found = read_text(c)
        if found == OK:
            found = read_tag(c, scan.prefix, scan.prefix_length, &tag)
        if found != OK:
            return found
        if is_signature(scan, &tag):
            return UNFIT
        if tag.kind == CLOSING:
            depth -= 1
            if not is_named(&tag, <const char*>open_tags[depth].name, open_tags[depth].length):
                return UNFIT
        elif depth == DEPTH_MOST:
            return UNFIT
        elif tag.kind == OPENING:
            open_tags[depth] = tag
            depth += 1
    return OK


cdef int is_signature(const Scan* scan, const Tag* tag) noexcept nogil:
    """Whether an element has the local name of a signature, which could be taken for one where it is cut out."""
    return tag.length - scan.prefix_length == 9 and memcmp(tag.name + scan.prefix_length, b"Signature", 9) == 0


cdef int leave(Scan* scan, const uint8_t* begin) noexcept nogil:
    """Note a paper for the reference lane."""
    cdef int64_t room
    cdef void* more
    if scan.lefts == scan.left_room:
        if scan.lefts >= ODD_MOST:
            return UNFIT
        room = 16 if scan.left_room == 0 else scan.left_room * 2
        more = realloc(scan.left, <size_t>room * sizeof(Left))
        if more == NULL:
            return FULL
        scan.left = <Left*>more
        scan.left_room = room
    scan.left[scan.lefts].position = scan.papers
    scan.left[scan.lefts].begin = begin - scan.base
    scan.left[scan.lefts].end = scan.cursor.p - scan.base
    scan.lefts += 1
    return OK


cdef int scan_papers(
    Scan* scan, const NodePlan* paper, const NodePlan* head, const NodePlan* line, int is_flat, int has_lines
) noexcept nogil:
    """All papers of a message that stand one behind the other; the cursor stops at the first tag that is no paper."""
    cdef Cursor* c = &scan.cursor
    cdef Cursor before
    cdef int64_t heads, lines
    cdef const uint8_t* begin
    cdef int found
    while True:
        found = skip_space(c)
        if found != OK:
            return found
        if not (begins(c.p, c.end, paper.opening, paper.opening_length)):
            # Anything else that might be a paper (`<Order >`, `<Order/>`) is found behind the papers and declined there.
            return OK if c.p < c.end and c.p[0] == 0x3C else UNFIT
        begin = c.p
        c.p += paper.opening_length
        before = c[0]
        heads, lines = scan.head.height, scan.line.height
        found = scan_paper(scan, paper, head, line, is_flat, has_lines)
        if found == ODD or found == UNFIT:
            # The second look says whether the paper alone is strange, or the message.
            scan.head.height, scan.line.height = heads, lines
            c.p, c.copied, c.canon_length = before.p, before.copied, before.canon_length
            found = skip_paper(scan, paper)
            if found == OK:
                found = leave(scan, begin)
        elif found == OK:
            put_long(
                &scan.head.columns[scan.head.width - 4],
                scan.head.height - 1,
                digest_of(scan.head, scan.line, lines, has_lines),
            )
        if found != OK:
            return found
        scan.papers += 1
