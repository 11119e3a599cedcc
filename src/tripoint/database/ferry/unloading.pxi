# Columns read from what `COPY … TO STDOUT` gives.

cdef uint8_t MEANT[256]
memset(MEANT, 0, 256)
for _letter, _meant in zip(b"bfnrtv\\", b"\b\f\n\r\t\v\\"):
    MEANT[_letter] = _meant


def unload(data: bytes, begin: int, names: list, kinds: list) -> Batch | None:
    """The rows of a text from a place on, as columns of these names and kinds; None where Polars must read them."""
    cdef Batch batch = Batch()
    cdef Sheet scratch
    cdef const uint8_t* text = <const uint8_t*>PyBytes_AS_STRING(data)
    cdef const uint8_t* end = text + PyBytes_GET_SIZE(data)
    cdef int done
    if not 0 <= begin <= end - text:
        raise IndexError(begin)
    text += <int64_t>begin
    memset(&scratch, 0, sizeof(Sheet))
    batch.names = names
    table_open(&batch.table, kinds, [])
    with nogil:
        done = unload_rows(&batch.table, text, end, &scratch)
    free(scratch.bytes)
    return batch if done else None


cdef int unload_rows(Table* table, const uint8_t* text, const uint8_t* end, Sheet* scratch) noexcept nogil:
    """Whether all rows are read; Polars must also where there is no room for them here."""
    cdef const uint8_t* stop
    cdef int at
    cdef uint8_t closing
    while text < end:
        if not table_room(table):
            return 0
        for at in range(table.width):
            closing = b'\t' if at + 1 < table.width else b'\n'
            stop = <const uint8_t*>memchr(text, closing, <size_t>(end - text))
            if stop == NULL:
                return 0
            if not unload_cell(&table.columns[at], table.height, text, stop - text, scratch):
                return 0
            text = stop + 1
        table.height += 1
    return 1


cdef int unload_cell(Column* column, int64_t row, const uint8_t* text, int64_t length, Sheet* scratch) noexcept nogil:
    cdef int64_t value
    cdef Text meant
    if length == 2 and text[0] == 92 and text[1] == 78:  # \N
        put_null(column, row)
        return 1
    if column.kind == TEXT or column.kind == BYTES:
        meant.begin, meant.length = <const char*>text, length
        if memchr(text, 92, <size_t>length) != NULL and not unescape(&meant, scratch):
            return 0
        if column.kind == BYTES and not unhex(&meant, scratch):
            return 0
        return put_text(column, row, <const uint8_t*>meant.begin, meant.length)
    if column.kind == FLAG:
        if length != 1 or not (text[0] == 116 or text[0] == 102):
            return 0
        put_flag(column, row, text[0] == 116)
        return 1
    if column.kind == DAY:
        if not day_at(text, length, &value):
            return 0
        put_int(column, row, <int32_t>value)
        return 1
    if column.kind == TIME:
        if not moment_at(text, length, &value):
            return 0
        put_long(column, row, value)
        return 1
    if not number_at(text, length, &value):
        return 0
    if column.kind == COUNT:
        if value != <int32_t>value:
            return 0
        put_int(column, row, <int32_t>value)
    elif column.kind == SMALL:
        if value != <int16_t>value:
            return 0
        put_short(column, row, <int16_t>value)
    else:
        put_long(column, row, value)
    return 1


cdef int number_at(const uint8_t* text, int64_t length, int64_t* value) noexcept nogil:
    """The whole number of 64 bits that a text says; 0 where it says none."""
    cdef uint64_t number = 0, most = <uint64_t>1 << 63
    cdef int below = length > 0 and text[0] == 45
    cdef int64_t at = below
    if length - at < 1 or length - at > 19:  # twenty digits might not fit even without a sign
        return 0
    while at < length:
        if not 48 <= text[at] <= 57:
            return 0
        number = number * 10 + text[at] - 48
        at += 1
    if number > most or (number == most and not below):
        return 0
    value[0] = <int64_t>(0 - number if below else number)
    return 1


cdef int unescape(Text* text, Sheet* scratch) noexcept nogil:
    """The text without COPY's escapes, in the scratch; 0 where there is one that the server does not write."""
    cdef const uint8_t* source = <const uint8_t*>text.begin
    cdef uint8_t* to
    cdef int64_t at = 0
    scratch.length = 0
    if room(scratch, text.length) < 0:
        return 0
    to = scratch.bytes
    while at < text.length:
        if source[at] != 92:
            to[0] = source[at]
        else:
            at += 1
            if at == text.length or MEANT[source[at]] == 0:
                return 0
            to[0] = MEANT[source[at]]
        to += 1
        at += 1
    text.begin, text.length = <const char*>scratch.bytes, to - scratch.bytes
    return 1


cdef inline int nibble(uint8_t digit) noexcept nogil:
    if 48 <= digit <= 57:
        return digit - 48
    return digit - 87 if 97 <= digit <= 102 else -1


cdef int unhex(Text* text, Sheet* scratch) noexcept nogil:
    """The bytes that `\\x…` says, in the place of its digits in the scratch, where `unescape` has put it."""
    cdef uint8_t* to = scratch.bytes
    cdef const uint8_t* source = <const uint8_t*>text.begin
    cdef int64_t at
    cdef int high, low
    if source != scratch.bytes or text.length < 2 or text.length & 1 or source[0] != 92 or source[1] != 120:
        return 0
    for at in range(2, text.length, 2):
        high, low = nibble(source[at]), nibble(source[at + 1])
        if high < 0 or low < 0:
            return 0
        to[0] = <uint8_t>(high << 4 | low)
        to += 1
    text.begin, text.length = <const char*>scratch.bytes, to - scratch.bytes
    return 1
