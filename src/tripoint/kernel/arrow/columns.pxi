# Columns that grow row by row outside Python's memory, and are handed over to whoever speaks Arrow's C data interface.
# Every write is preceded by `sheet_room` (one row in every column) or `heap_room` (so many bytes of text).

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    /* Copies at most 16 bytes. */
    static inline void swift_few(uint8_t* to, const uint8_t* from, int64_t length) {
        if (length >= 8) {
            uint64_t a, b;
            memcpy(&a, from, 8);
            memcpy(&b, from + length - 8, 8);
            memcpy(to, &a, 8);
            memcpy(to + length - 8, &b, 8);
        } else if (length >= 4) {
            uint32_t a, b;
            memcpy(&a, from, 4);
            memcpy(&b, from + length - 4, 4);
            memcpy(to, &a, 4);
            memcpy(to + length - 4, &b, 4);
        } else if (length > 0) {
            to[0] = from[0];
            to[length >> 1] = from[length >> 1];
            to[length - 1] = from[length - 1];
        }
    }
    """
    void swift_few(uint8_t* to, const uint8_t* from_, int64_t length) noexcept nogil

cdef enum:
    TEXT = 0
    AMOUNT = 1
    COUNT = 2
    TIME = 3
    DAY = 4
    ID = 5
    SMALL = 6
    FLAG = 7
    BYTES = 8

cdef enum:
    LONGEST_HEAP = 2147483647  # a text's place in its column is a 31-bit number

cdef struct Column:
    int kind
    uint8_t* valid
    void* values
    uint8_t* heap
    int64_t heap_length
    int64_t heap_room

cdef struct Table:
    int width
    int64_t height
    int64_t room
    Column* columns
    int says  # how many values make up what a row says, and which columns those are (-1: one that is always null)
    int* said


cdef size_t size_of(int kind) noexcept nogil:
    if kind == TEXT or kind == BYTES:
        return sizeof(View)
    if kind == COUNT or kind == DAY:
        return sizeof(int32_t)
    if kind == SMALL:
        return sizeof(int16_t)
    if kind == FLAG:
        return 1  # a bit would do
    return sizeof(int64_t)


cdef int table_room(Table* table) noexcept nogil:
    """Room for one more row in every column; 0 where memory is out."""
    cdef int64_t room
    cdef int at
    cdef void* more
    if table.height < table.room:
        return 1
    room = 256 if table.room == 0 else table.room * 2
    if room > LONGEST_HEAP:
        return 0
    for at in range(table.width):
        more = realloc(table.columns[at].values, <size_t>room * size_of(table.columns[at].kind))
        if more == NULL:
            return 0
        table.columns[at].values = more
        more = realloc(table.columns[at].valid, <size_t>(room // 8))
        if more == NULL:
            return 0
        table.columns[at].valid = <uint8_t*>more
    table.room = room
    return 1


cdef int heap_room(Column* column, int64_t length) noexcept nogil:
    """Room for so many more bytes of text; 0 where memory or the numbers are out."""
    cdef int64_t room
    cdef void* more
    if column.heap_length + length <= column.heap_room:
        return 1
    room = 4096 if column.heap_room == 0 else column.heap_room * 2
    while room < column.heap_length + length:
        room *= 2
    if room > LONGEST_HEAP:
        room = LONGEST_HEAP
        if column.heap_length + length > room:
            return 0
    more = realloc(column.heap, <size_t>room)
    if more == NULL:
        return 0
    column.heap = <uint8_t*>more
    column.heap_room = room
    return 1


cdef inline void put_valid(Column* column, int64_t row) noexcept nogil:
    column.valid[row >> 3] |= <uint8_t>(1 << (row & 7))


cdef inline void put_null(Column* column, int64_t row) noexcept nogil:
    """Nothing in this row; the place is zeroed, so that no byte of it is left to chance."""
    column.valid[row >> 3] &= <uint8_t>(255 ^ (1 << (row & 7)))
    if column.kind == TEXT or column.kind == BYTES:
        memset(<View*>column.values + row, 0, sizeof(View))
    elif column.kind == COUNT or column.kind == DAY:
        (<int32_t*>column.values)[row] = 0
    elif column.kind == SMALL:
        (<int16_t*>column.values)[row] = 0
    elif column.kind == FLAG:
        put_bit(column, row, 0)
    else:
        (<int64_t*>column.values)[row] = 0


cdef inline void put_bit(Column* column, int64_t row, int is_set) noexcept nogil:
    cdef uint8_t* byte = <uint8_t*>column.values + (row >> 3)
    byte[0] = <uint8_t>(byte[0] & (255 ^ (1 << (row & 7)))) | <uint8_t>(is_set << (row & 7))


cdef inline void put_flag(Column* column, int64_t row, int is_set) noexcept nogil:
    put_bit(column, row, is_set)
    put_valid(column, row)


cdef inline void put_short(Column* column, int64_t row, int16_t value) noexcept nogil:
    (<int16_t*>column.values)[row] = value
    put_valid(column, row)


cdef inline void put_long(Column* column, int64_t row, int64_t value) noexcept nogil:
    (<int64_t*>column.values)[row] = value
    put_valid(column, row)


cdef inline void put_int(Column* column, int64_t row, int32_t value) noexcept nogil:
    (<int32_t*>column.values)[row] = value
    put_valid(column, row)


cdef inline int put_text(Column* column, int64_t row, const uint8_t* text, int64_t length) noexcept nogil:
    """A text as an Arrow view: short ones within it, long ones copied to the column's heap; 0 where memory is out."""
    cdef View* view = <View*>column.values + row
    view.length = <uint32_t>length
    if length <= INLINE:
        memset(<uint8_t*>view + 4, 0, INLINE)
        swift_few(<uint8_t*>view + 4, text, length)
    else:
        if not heap_room(column, length):
            return 0
        memcpy(view.begin, text, 4)
        view.buffer = 0
        view.offset = <uint32_t>column.heap_length
        memcpy(column.heap + column.heap_length, text, <size_t>length)
        column.heap_length += length
    put_valid(column, row)
    return 1


cdef int table_open(Table* table, list kinds, list said) except -1:
    """An empty table of columns of these kinds; `said` are those a digest is made of."""
    cdef int at
    table.width = <int>len(kinds)
    table.height = 0
    table.room = 0
    table.columns = <Column*>calloc(<size_t>max(table.width, 1), sizeof(Column))
    if table.columns == NULL:
        table.width = 0
        raise MemoryError
    for at in range(table.width):
        table.columns[at].kind = kinds[at]
    table.says = 0
    table.said = <int*>calloc(<size_t>max(len(said), 1), sizeof(int))
    if table.said == NULL:
        raise MemoryError
    for at in range(<int>len(said)):
        if not -1 <= said[at] < table.width:
            raise ValueError("there is no such column")
        table.said[at] = said[at]
    table.says = <int>len(said)
    return 0


cdef void table_close(Table* table) noexcept nogil:
    """Give back whatever a table holds."""
    cdef int at
    for at in range(table.width):
        free(table.columns[at].values)
        free(table.columns[at].valid)
        free(table.columns[at].heap)
    free(table.columns)
    free(table.said)
    table.columns = NULL
    table.said = NULL
    table.says = 0
    table.width = 0
    table.height = 0
    table.room = 0
