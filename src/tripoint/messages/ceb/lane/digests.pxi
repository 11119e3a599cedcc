# What a paper says, as one number: BLAKE2b (RFC 7693) of eight octets over its values as `documents.digests` writes them
# down: they are gathered in a small buffer, and the hash takes that block by block.

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #define BLAKE_MIX(a, b, c, d, x, y) \\
        a += b + (x); d ^= a; d = d >> 32 | d << 32; c += d; b ^= c; b = b >> 24 | b << 40; \\
        a += b + (y); d ^= a; d = d >> 16 | d << 48; c += d; b ^= c; b = b >> 63 | b << 1;
    #define BLAKE_ROUND(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P) \\
        BLAKE_MIX(v0, v4, v8, v12, m[A], m[B]) BLAKE_MIX(v1, v5, v9, v13, m[C], m[D]) \\
        BLAKE_MIX(v2, v6, v10, v14, m[E], m[F]) BLAKE_MIX(v3, v7, v11, v15, m[G], m[H]) \\
        BLAKE_MIX(v0, v5, v10, v15, m[I], m[J]) BLAKE_MIX(v1, v6, v11, v12, m[K], m[L]) \\
        BLAKE_MIX(v2, v7, v8, v13, m[M], m[N]) BLAKE_MIX(v3, v4, v9, v14, m[O], m[P])

    static const uint64_t BLAKE_START[8] = {
        0x6A09E667F3BCC908ULL, 0xBB67AE8584CAA73BULL, 0x3C6EF372FE94F82BULL, 0xA54FF53A5F1D36F1ULL,
        0x510E527FADE682D1ULL, 0x9B05688C2B3E6C1FULL, 0x1F83D9ABFB41BD6BULL, 0x5BE0CD19137E2179ULL,
    };

    /* Takes one block of 128 octets in; `total` are the octets up to its end. */
    static void blake_compress(uint64_t* h, const uint8_t* block, uint64_t total, int is_last) {
        uint64_t m[16];
        uint64_t v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3], v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];
        uint64_t v8 = BLAKE_START[0], v9 = BLAKE_START[1], v10 = BLAKE_START[2], v11 = BLAKE_START[3];
        uint64_t v12 = BLAKE_START[4] ^ total, v13 = BLAKE_START[5];
        uint64_t v14 = is_last ? ~BLAKE_START[6] : BLAKE_START[6], v15 = BLAKE_START[7];
        memcpy(m, block, 128);  /* little-endian, as every machine is that this is compiled for */
        BLAKE_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        BLAKE_ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
        BLAKE_ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4)
        BLAKE_ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8)
        BLAKE_ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13)
        BLAKE_ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9)
        BLAKE_ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11)
        BLAKE_ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10)
        BLAKE_ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5)
        BLAKE_ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0)
        BLAKE_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        BLAKE_ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
        h[0] ^= v0 ^ v8; h[1] ^= v1 ^ v9; h[2] ^= v2 ^ v10; h[3] ^= v3 ^ v11;
        h[4] ^= v4 ^ v12; h[5] ^= v5 ^ v13; h[6] ^= v6 ^ v14; h[7] ^= v7 ^ v15;
    }
    """
    const uint64_t BLAKE_START[8]
    void blake_compress(uint64_t* h, const uint8_t* block, uint64_t total, int is_last) noexcept nogil

cdef enum:
    BLOCK = 128
    HELD = 2048  # octets that wait to be taken in
    SHORT = 64  # room that one number, moment or separator may ask for at once

cdef struct Blake:
    uint64_t state[8]
    uint64_t total
    int filled
    uint8_t held[HELD]


cdef void blake_open(Blake* blake) noexcept nogil:
    memcpy(blake.state, BLAKE_START, sizeof(blake.state))
    blake.state[0] ^= 0x01010000 ^ 8
    blake.total = 0
    blake.filled = 0


cdef void take_blocks(Blake* blake) noexcept nogil:
    """Take in what is held; the last block waits, full or not, for the last of all is marked."""
    cdef int at = 0
    while blake.filled - at > BLOCK:
        blake.total += BLOCK
        blake_compress(blake.state, blake.held + at, blake.total, 0)
        at += BLOCK
    if at:
        memmove(blake.held, blake.held + at, <size_t>(blake.filled - at))
        blake.filled -= at


cdef inline uint8_t* short_room(Blake* blake) noexcept nogil:
    """Where the next `SHORT` octets may be written."""
    if blake.filled + SHORT > HELD:
        take_blocks(blake)
    return blake.held + blake.filled


cdef inline void feed_octet(Blake* blake, uint8_t octet) noexcept nogil:
    short_room(blake)[0] = octet
    blake.filled += 1


cdef void feed(Blake* blake, const uint8_t* p, int64_t length) noexcept nogil:
    """Hand in octets, however many."""
    cdef int64_t part
    while length > 0:
        if blake.filled == HELD:
            take_blocks(blake)
        part = HELD - blake.filled
        if part > length:
            part = length
        memcpy(blake.held + blake.filled, p, <size_t>part)
        blake.filled += <int>part
        p += part
        length -= part


cdef int64_t blake_close(Blake* blake) noexcept nogil:
    """The digest as a signed number, its first octet the highest."""
    cdef uint64_t found = 0
    cdef int at
    take_blocks(blake)
    blake.total += <uint64_t>blake.filled
    memset(blake.held + blake.filled, 0, <size_t>(BLOCK - blake.filled))
    blake_compress(blake.state, blake.held, blake.total, 1)
    for at in range(8):
        found = found << 8 | (blake.state[0] >> (8 * at) & 0xFF)
    return <int64_t>found


cdef void feed_moment(Blake* blake, int64_t micros) noexcept nogil:
    """A moment as YYYY-MM-DD hh:mm:ss.ffffff+00:00."""
    cdef uint8_t* text = short_room(blake)
    put_moment(text, micros)
    memcpy(text + 26, b"+00:00", 6)
    blake.filled += 32


cdef void feed_value(Blake* blake, const Column* column, int64_t row) noexcept nogil:
    """One value as polars writes it, U+0000 for none."""
    cdef uint8_t text[32]
    cdef const View* view
    cdef int64_t length
    if not column.valid[row >> 3] >> (row & 7) & 1:
        feed_octet(blake, 0)
    elif column.kind == TEXT:
        view = <const View*>column.values + row
        if view.length <= INLINE:
            memcpy(short_room(blake), <const uint8_t*>view + 4, INLINE)
            blake.filled += <int>view.length
        else:
            feed(blake, column.heap + view.offset, view.length)
    elif column.kind == TIME:
        feed_moment(blake, (<const int64_t*>column.values)[row])
    elif column.kind == DAY:
        put_day(short_room(blake), (<const int32_t*>column.values)[row])
        blake.filled += 10
    else:
        if column.kind == COUNT:
            length = written_number((<const int32_t*>column.values)[row], text + 32)
        else:
            length = written_number((<const int64_t*>column.values)[row], text + 32)
        memcpy(short_room(blake), text + 32 - length, <size_t>length)
        blake.filled += <int>length


cdef void feed_row(Blake* blake, const Table* table, int64_t row) noexcept nogil:
    """The values of a row in the order of `documents.columns`, U+001F between them."""
    cdef int at
    for at in range(table.says):
        if at:
            feed_octet(blake, 0x1F)
        if table.said[at] < 0:
            feed_octet(blake, 0)
        else:
            feed_value(blake, &table.columns[table.said[at]], row)


cdef int64_t digest_of(const Table* head, const Table* line, int64_t first_line, int has_lines) noexcept nogil:
    """The digest of the last head and of the lines from `first_line` on."""
    cdef Blake blake
    cdef int64_t row
    blake_open(&blake)
    feed_row(&blake, head, head.height - 1)
    if has_lines:
        feed_octet(&blake, 0x1D)
        for row in range(first_line, line.height):
            if row > first_line:
                feed_octet(&blake, 0x1E)
            feed_row(&blake, line, row)
    return blake_close(&blake)
