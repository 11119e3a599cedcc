# Whole numbers as they are written.

cdef int64_t written_number(int64_t value, uint8_t* end) noexcept nogil:
    """A whole number in decimal, written so that it ends before `end`; its length, at most 20."""
    cdef uint8_t* p = end
    cdef uint64_t left = 0 - <uint64_t>value if value < 0 else <uint64_t>value
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
