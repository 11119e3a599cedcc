# What a paper says, as one number: BLAKE2b (RFC 7693) of eight octets over its values as `documents.digests` writes them
# down. Nothing is written down here: the values are fed to the hash one after the other.

cdef struct Blake:
    uint64_t state[8]
    uint64_t total
    uint8_t block[128]
    int filled

cdef uint64_t START[8]
START[:] = [
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
]
cdef uint8_t ORDER[12][16]
for _at, _row in enumerate([
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
]):
    for _place, _word in enumerate(_row):
        ORDER[_at][_place] = _word


cdef inline uint64_t turned(uint64_t word, int by) noexcept nogil:
    return (word >> by) | (word << (64 - by))


cdef inline void mix(uint64_t* v, int a, int b, int c, int d, uint64_t x, uint64_t y) noexcept nogil:
    v[a] = v[a] + v[b] + x
    v[d] = turned(v[d] ^ v[a], 32)
    v[c] = v[c] + v[d]
    v[b] = turned(v[b] ^ v[c], 24)
    v[a] = v[a] + v[b] + y
    v[d] = turned(v[d] ^ v[a], 16)
    v[c] = v[c] + v[d]
    v[b] = turned(v[b] ^ v[c], 63)


cdef void compress(Blake* blake, int is_last) noexcept nogil:
    """Take the block in."""
    cdef uint64_t v[16]
    cdef uint64_t m[16]
    cdef const uint8_t* s
    cdef int at
    memcpy(m, blake.block, 128)  # little-endian, as every machine is that this is compiled for
    for at in range(8):
        v[at] = blake.state[at]
        v[at + 8] = START[at]
    v[12] ^= blake.total
    if is_last:
        v[14] = ~v[14]
    for at in range(12):
        s = ORDER[at]
        mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]])
        mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]])
        mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]])
        mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]])
        mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]])
        mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]])
        mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]])
        mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]])
    for at in range(8):
        blake.state[at] ^= v[at] ^ v[at + 8]


cdef void blake_open(Blake* blake) noexcept nogil:
    memcpy(blake.state, START, sizeof(START))
    blake.state[0] ^= 0x01010000 ^ 8
    blake.total = 0
    blake.filled = 0


cdef inline void feed(Blake* blake, const uint8_t* p, int64_t length) noexcept nogil:
    """Take more octets in; a full block waits until more come, for the last one is marked."""
    cdef int64_t part
    while length > 0:
        if blake.filled == 128:
            blake.total += 128
            compress(blake, 0)
            blake.filled = 0
        part = 128 - blake.filled
        if part > length:
            part = length
        memcpy(blake.block + blake.filled, p, <size_t>part)
        blake.filled += <int>part
        p += part
        length -= part


cdef int64_t blake_close(Blake* blake) noexcept nogil:
    """The digest as a signed number, its first octet the highest."""
    cdef uint64_t found = 0
    cdef int at
    blake.total += <uint64_t>blake.filled
    memset(blake.block + blake.filled, 0, <size_t>(128 - blake.filled))
    compress(blake, 1)
    for at in range(8):
        found = found << 8 | (blake.state[0] >> (8 * at) & 0xFF)
    return <int64_t>found


cdef int64_t written_number(int64_t value, uint8_t* end) noexcept nogil:
    """A whole number in decimal, written so that it ends before `end`; its length, at most 20."""
    cdef uint8_t* p = end
    cdef uint64_t left = <uint64_t>(-value) if value < 0 else <uint64_t>value
    while True:
        p -= 1
        p[0] = <uint8_t>(0x30 + left % 10)
        left = left // 10
        if left == 0:
            break
    if value < 0:
        p -= 1
        p[0] = 0x2D
    return end - p


cdef void put_digits(uint8_t* p, int64_t value, int digits) noexcept nogil:
    while digits:
        digits -= 1
        p[digits] = <uint8_t>(0x30 + value % 10)
        value = value // 10


cdef void put_day(uint8_t* p, int64_t days) noexcept nogil:
    """YYYY-MM-DD of days since 1970, for years 0 to 9999."""
    cdef int64_t z = days + 719468
    cdef int64_t era = z // 146097
    cdef int64_t of_era = z - era * 146097
    cdef int64_t year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    cdef int64_t of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    cdef int64_t shifted = (5 * of_year + 2) // 153
    cdef int64_t month = shifted + 3 if shifted < 10 else shifted - 9
    put_digits(p, year_of_era + era * 400 + (month <= 2), 4)
    p[4] = p[7] = 0x2D
    put_digits(p + 5, month, 2)
    put_digits(p + 8, of_year - (153 * shifted + 2) // 5 + 1, 2)


cdef void feed_moment(Blake* blake, int64_t micros) noexcept nogil:
    """A moment from 1970 on as YYYY-MM-DD hh:mm:ss.ffffff+00:00."""
    cdef uint8_t text[32]
    cdef int64_t seconds = micros // 1000000
    cdef int64_t of_day = seconds % 86400
    put_day(text, seconds // 86400)
    text[10] = 0x20
    put_digits(text + 11, of_day // 3600, 2)
    text[13] = text[16] = 0x3A
    put_digits(text + 14, of_day // 60 % 60, 2)
    put_digits(text + 17, of_day % 60, 2)
    text[19] = 0x2E
    put_digits(text + 20, micros % 1000000, 6)
    memcpy(text + 26, b"+00:00", 6)
    feed(blake, text, 32)


cdef void feed_value(Blake* blake, const Column* column, int64_t row) noexcept nogil:
    """One value as polars writes it, U+0000 for none."""
    cdef uint8_t text[32]
    cdef const View* view
    cdef int64_t length
    if not column.valid[row >> 3] >> (row & 7) & 1:
        feed(blake, <const uint8_t*>b"\x00", 1)
    elif column.kind == TEXT:
        view = <const View*>column.values + row
        if view.length <= INLINE:
            feed(blake, <const uint8_t*>view + 4, view.length)
        else:
            feed(blake, column.heap + view.offset, view.length)
    elif column.kind == TIME:
        feed_moment(blake, (<const int64_t*>column.values)[row])
    elif column.kind == DAY:
        put_day(text, (<const int32_t*>column.values)[row])
        feed(blake, text, 10)
    else:
        if column.kind == COUNT:
            length = written_number((<const int32_t*>column.values)[row], text + 32)
        else:
            length = written_number((<const int64_t*>column.values)[row], text + 32)
        feed(blake, text + 32 - length, length)


cdef void feed_row(Blake* blake, const Table* table, int64_t row) noexcept nogil:
    """The values of a row in the order of `documents.columns`, U+001F between them."""
    cdef int at
    for at in range(table.says):
        if at:
            feed(blake, <const uint8_t*>b"\x1f", 1)
        if table.said[at] < 0:
            feed(blake, <const uint8_t*>b"\x00", 1)
        else:
            feed_value(blake, &table.columns[table.said[at]], row)


cdef int64_t digest_of(const Table* head, const Table* line, int64_t first_line, int has_lines) noexcept nogil:
    """The digest of the last head and of the lines from `first_line` on."""
    cdef Blake blake
    cdef int64_t row
    blake_open(&blake)
    feed_row(&blake, head, head.height - 1)
    if has_lines:
        feed(&blake, <const uint8_t*>b"\x1d", 1)
        for row in range(first_line, line.height):
            if row > first_line:
                feed(&blake, <const uint8_t*>b"\x1e", 1)
            feed_row(&blake, line, row)
    return blake_close(&blake)
