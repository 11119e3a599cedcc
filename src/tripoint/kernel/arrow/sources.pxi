# Columns of others as they are read, and bytes that grow as they are written.

cdef struct Source:
    const uint8_t* valid
    const void* values
    const void** heaps
    int64_t offset

cdef struct Text:
    const char* begin
    int64_t length

cdef struct Sheet:
    uint8_t* bytes
    int64_t length
    int64_t room


cdef Source source_of(ArrowArray* array, int64_t offset) noexcept nogil:
    cdef Source source
    source.valid = <const uint8_t*>array.buffers[0]
    source.values = array.buffers[1]
    source.heaps = array.buffers + 2
    source.offset = array.offset + offset
    return source


cdef int is_there(Source* source, int64_t row) noexcept nogil:
    cdef int64_t at = source.offset + row
    return source.valid == NULL or (source.valid[at >> 3] >> (at & 7)) & 1


cdef Text said(Source* source, int64_t row) noexcept nogil:
    """A text; without length where there is none."""
    cdef Text text
    cdef const View* view = <const View*>source.values + source.offset + row
    text.begin, text.length = NULL, 0
    if is_there(source, row):
        text.length = view.length
        if view.length <= INLINE:
            text.begin = <const char*>view.begin
        else:
            text.begin = <const char*>source.heaps[view.buffer] + view.offset
    return text


cdef int room(Sheet* sheet, int64_t more) noexcept nogil:
    cdef int64_t wanted
    cdef void* grown
    if sheet.length + more <= sheet.room:
        return 1
    wanted = 2 * (sheet.length + more)
    grown = realloc(sheet.bytes, <size_t>wanted)
    if grown == NULL:
        return -1
    sheet.bytes, sheet.room = <uint8_t*>grown, wanted
    return 1
