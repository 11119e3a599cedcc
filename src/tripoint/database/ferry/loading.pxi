# Columns written as `COPY … FROM STDIN` takes them.

cdef enum:
    WIDEST = 32  # characters of a number, a day or a moment at most

cdef const char* HEX = b"0123456789abcdef"

cdef uint8_t ESCAPED[256]
memset(ESCAPED, 0, 256)
ESCAPED[92], ESCAPED[9], ESCAPED[10], ESCAPED[13] = 92, 116, 110, 114  # \\ \t \n \r


cdef struct Cargo:
    char format
    Source source


def load(stream: object) -> bytes | None:
    """The text of all rows of an Arrow stream (its capsule); None where there is anything that Polars must write."""
    cdef ArrowArrayStream* source = <ArrowArrayStream*>PyCapsule_GetPointer(stream, b"arrow_array_stream")
    cdef ArrowSchema schema
    cdef ArrowArray array
    cdef Sheet sheet
    cdef Cargo* cargo
    cdef int64_t width
    cdef int done = 1
    memset(&sheet, 0, sizeof(Sheet))
    if source.get_schema(source, &schema):
        raise ValueError("the columns have no schema")
    width = schema.n_children
    cargo = <Cargo*>calloc(<size_t>width + 1, sizeof(Cargo))
    try:
        if cargo == NULL:
            raise MemoryError
        if not told(&schema, cargo):
            return None
        while done:
            memset(&array, 0, sizeof(ArrowArray))
            if source.get_next(source, &array):
                raise ValueError("the columns could not be taken")
            if array.release == NULL:
                return PyBytes_FromStringAndSize(<char*>sheet.bytes, sheet.length)
            with nogil:
                done = load_rows(&sheet, cargo, width, &array)
                array.release(&array)
        return None
    finally:
        schema.release(&schema)
        free(cargo)
        free(sheet.bytes)


cdef int told(ArrowSchema* schema, Cargo* cargo) noexcept:
    """What the columns are, by the first letter of Arrow's name for their type, `t` for moments; 0 where one is not known."""
    cdef int64_t at
    cdef const char* format
    for at in range(schema.n_children):
        format = schema.children[at].format
        if schema.children[at].dictionary != NULL:
            return 0
        if strcmp(format, b"vu") == 0 or strcmp(format, b"vz") == 0:
            cargo[at].format = format[1]
        elif strcmp(format, b"tsu:UTC") == 0:
            cargo[at].format = b't'
        elif strcmp(format, b"tdD") == 0:
            cargo[at].format = b'D'
        elif format[1] == 0 and format[0] in b"lisSIb":
            cargo[at].format = format[0]
        else:
            return 0
    return 1


cdef int load_rows(Sheet* sheet, Cargo* cargo, int64_t width, ArrowArray* array) noexcept nogil:
    """Whether all rows are written; Polars must also where there is no room for them here."""
    cdef int64_t at, row
    for at in range(width):
        cargo[at].source = source_of(array.children[at], array.offset)
    for row in range(array.length):
        for at in range(width):
            if not load_cell(sheet, &cargo[at], row, b'\t' if at + 1 < width else b'\n'):
                return 0
    return 1


cdef int load_cell(Sheet* sheet, Cargo* cargo, int64_t row, char end) noexcept nogil:
    cdef int64_t at = cargo.source.offset + row
    cdef const void* values = cargo.source.values
    cdef char* to
    cdef Text text
    if cargo.format == b'u' or cargo.format == b'z':
        text = said(&cargo.source, row)
        if room(sheet, 2 * text.length + 6) < 0:
            return 0
    elif room(sheet, WIDEST) < 0:
        return 0
    to = <char*>sheet.bytes + sheet.length
    if not is_there(&cargo.source, row):
        to[0], to[1] = 92, 78  # \N
        to += 2
    elif cargo.format == b'u':
        to = put_escaped(to, text)
    elif cargo.format == b'l':
        to = put_number(to, (<const int64_t*>values)[at])
    elif cargo.format == b'i':
        to = put_number(to, (<const int32_t*>values)[at])
    elif cargo.format == b's':
        to = put_number(to, (<const int16_t*>values)[at])
    elif cargo.format == b'I':
        to = put_number(to, (<const uint32_t*>values)[at])
    elif cargo.format == b'S':
        to = put_number(to, (<const uint16_t*>values)[at])
    elif cargo.format == b'b':
        if ((<const uint8_t*>values)[at >> 3] >> (at & 7)) & 1:
            memcpy(to, b"true", 4)
            to += 4
        else:
            memcpy(to, b"false", 5)
            to += 5
    elif cargo.format == b'D':
        if not FIRST_DAY <= (<const int32_t*>values)[at] <= LAST_DAY:
            return 0
        put_day(<uint8_t*>to, (<const int32_t*>values)[at])
        to += 10
    elif cargo.format == b't':
        if not FIRST_MOMENT <= (<const int64_t*>values)[at] <= LAST_MOMENT:
            return 0
        put_moment(<uint8_t*>to, (<const int64_t*>values)[at])
        memcpy(to + 26, b"+00", 3)
        to += 29
    else:
        to = put_hex(to, text)
    to[0] = end
    sheet.length = to + 1 - <char*>sheet.bytes
    return 1


cdef char* put_escaped(char* to, Text text) noexcept nogil:
    cdef int64_t at
    cdef uint8_t byte, escaped
    for at in range(text.length):
        byte = <uint8_t>text.begin[at]
        escaped = ESCAPED[byte]
        if escaped:
            to[0], to[1] = 92, <char>escaped
            to += 2
        else:
            to[0] = <char>byte
            to += 1
    return to


cdef char* put_hex(char* to, Text text) noexcept nogil:
    """Bytes as the server reads them; the backslash of their form is itself escaped."""
    cdef int64_t at
    memcpy(to, b"\\\\x", 3)
    to += 3
    for at in range(text.length):
        to[0] = HEX[<uint8_t>text.begin[at] >> 4]
        to[1] = HEX[<uint8_t>text.begin[at] & 15]
        to += 2
    return to


cdef char* put_number(char* to, int64_t value) noexcept nogil:
    cdef uint8_t digits[20]
    cdef int64_t length = written_number(value, digits + 20)
    memcpy(to, digits + 20 - length, <size_t>length)
    return to + length
