# One text into one typed value. What is taken here is a part of what `converting` takes without a word; for all
# else the answer is ODD, and the paper goes to the reference lane.

cdef enum:
    WHOLE_DIGITS = 13  # before the point of an amount: below kernel.money.LARGEST_E5 in any case
    PLACES = 5
    DIGITS_MOST = 40
    COUNT_DIGITS = 9
    EIGHT_HOURS = 28800
    FIRST_PLAIN_YEAR = 1992  # since then China's clocks have stood eight hours before UTC without exception
    LAST_YEAR = 2999

cdef struct Field:
    const char* name  # with the prefix
    int64_t name_length
    const char* opening
    int64_t opening_length
    const char* closing
    int64_t closing_length
    int kind
    int column
    int64_t least
    int64_t most  # characters; -1 where there is no limit
    int mandatory
    const char* fixed  # NULL where any value will do
    int64_t fixed_length


cdef int64_t days_of(const uint8_t* p, int first_year) noexcept nogil:
    """Days since 1970 of YYYYMMDD (digits), NO_DAY where there is no such day or the year is out of bounds."""
    cdef int year = two(p) * 100 + two(p + 2)
    if not first_year <= year <= LAST_YEAR:
        return NO_DAY
    return day_count(year, two(p + 4), two(p + 6))


cdef int amount_of(const uint8_t* p, int64_t length, int64_t* value) noexcept nogil:
    """A plain decimal as a count of 0.00001."""
    cdef const uint8_t* end = p + length
    cdef int64_t found = 0
    cdef int negative = 0, digits = 0, places = 0
    if length > DIGITS_MOST:
        return ODD
    if p < end and p[0] == 0x2D:
        negative = 1
        p += 1
    while p < end and 0x30 <= p[0] <= 0x39:
        found = found * 10 + p[0] - 0x30
        digits += 1
        p += 1
        if digits > WHOLE_DIGITS:
            return ODD
    if digits == 0:
        return ODD
    if p < end:
        if p[0] != 0x2E or p + 1 == end:
            return ODD
        p += 1
        while p < end:
            if not 0x30 <= p[0] <= 0x39:
                return ODD
            if places < PLACES:
                found = found * 10 + p[0] - 0x30
                places += 1
            elif p[0] != 0x30:
                return ODD
            p += 1
    while places < PLACES:
        found *= 10
        places += 1
    value[0] = -found if negative else found
    return OK


cdef int count_of(const uint8_t* p, int64_t length, int32_t* value) noexcept nogil:
    """A whole number without sign."""
    cdef int64_t at
    cdef int32_t found = 0
    if not 1 <= length <= COUNT_DIGITS or not are_digits(p, length):
        return ODD
    for at in range(length):
        found = found * 10 + p[at] - 0x30
    value[0] = found
    return OK


cdef int time_of(const uint8_t* p, int64_t length, int64_t* value) noexcept nogil:
    """YYYYMMDDhhmmss or YYYYMMDDhhmmssSSS in China time as microseconds since 1970 in UTC."""
    cdef int64_t days, seconds, micros = 0
    if not are_digits(p, length):
        return ODD
    days = days_of(p, FIRST_PLAIN_YEAR)
    if days == NO_DAY or two(p + 8) > 23 or two(p + 10) > 59 or two(p + 12) > 59:
        return ODD
    if length == 17:
        micros = ((p[14] - 0x30) * 100 + two(p + 15)) * 1000
    seconds = days * 86400 + two(p + 8) * 3600 + two(p + 10) * 60 + two(p + 12) - EIGHT_HOURS
    value[0] = seconds * 1000000 + micros
    return OK


cdef int put_typed(Column* column, int64_t row, const Field* field, const uint8_t* p, int64_t length) noexcept nogil:
    """A value that is no text; `p` to `p + length` has no white space around it."""
    cdef int64_t long_value = 0
    cdef int32_t int_value = 0
    if field.kind == AMOUNT:
        if amount_of(p, length, &long_value) != OK:
            return ODD
        put_long(column, row, long_value)
    elif field.kind == COUNT:
        if count_of(p, length, &int_value) != OK:
            return ODD
        put_int(column, row, int_value)
    elif field.kind == TIME:
        if (length != 14 and length != 17) or length != field.most or time_of(p, length, &long_value) != OK:
            return ODD
        put_long(column, row, long_value)
    elif field.kind == DAY:
        if length != 8 or field.most != 8 or not are_digits(p, length):
            return ODD
        long_value = days_of(p, 1900)
        if long_value == NO_DAY:
            return ODD
        put_int(column, row, <int32_t>long_value)
    else:
        return ODD
    return OK


cdef int put_value(Cursor* c, Column* column, int64_t row, const Field* field) noexcept nogil:
    """The text read last as the value of a field; ODD where the reference lane might have anything to say."""
    cdef const uint8_t* p
    cdef const uint8_t* end
    cdef int64_t characters, raw_length
    if c.coded and write_out(c) != OK:
        return FULL
    if field.most >= 0 and c.text_characters > field.most:
        return ODD
    p = c.text
    end = p + c.text_length
    raw_length = c.text_length
    while p < end and is_space(p[0]):
        p += 1
    while p < end and is_space((end - 1)[0]):
        end -= 1
    characters = c.text_characters - (raw_length - (end - p))
    if field.kind != TEXT:
        if field.most >= 0 and raw_length != end - p:
            return ODD
        return put_typed(column, row, field, p, end - p)
    if characters < field.least:
        return ODD
    if field.fixed != NULL and (end - p != field.fixed_length or memcmp(p, field.fixed, <size_t>field.fixed_length) != 0):
        return ODD
    if p == end:
        put_null(column, row)
        return OK
    return OK if put_text(column, row, p, end - p) else FULL
