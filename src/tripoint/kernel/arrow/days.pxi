# Days and moments as ISO 8601 has them and as counts since 1970, in the proleptic Gregorian calendar. Years begin in March and are
# counted in eras of 400: so the leap day is the last of its year.

cdef enum:
    NO_DAY = -1000000
    FIRST_DAY = -719162  # 0001-01-01
    LAST_DAY = 2932896  # 9999-12-31

cdef int64_t MICROSECONDS_OF_DAY = 86_400_000_000


cdef inline int two(const uint8_t* p) noexcept nogil:
    return (p[0] - 0x30) * 10 + p[1] - 0x30


cdef inline int are_digits(const uint8_t* p, int64_t length) noexcept nogil:
    cdef int64_t at
    for at in range(length):
        if not 0x30 <= p[at] <= 0x39:
            return 0
    return 1


cdef int64_t day_count(int year, int month, int day) noexcept nogil:
    """Days since 1970 of a day of a year from 1 on; NO_DAY where the calendar has none such."""
    cdef int last, era
    cdef int64_t of_year, of_era
    if year < 1 or not 1 <= month <= 12 or day < 1:
        return NO_DAY
    last = 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31
    if month == 2:
        last = 29 if (year % 4 == 0 and year % 100 != 0) or year % 400 == 0 else 28
    if day > last:
        return NO_DAY
    if month <= 2:
        year -= 1
    era = year // 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    of_era = (year - era * 400) * 365 + (year - era * 400) // 4 - (year - era * 400) // 100 + of_year
    return era * 146097 + of_era - 719468


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


cdef void put_moment(uint8_t* p, int64_t micros) noexcept nogil:
    """YYYY-MM-DD hh:mm:ss.ffffff of microseconds since 1970, for years 0 to 9999; 26 characters."""
    cdef int64_t day = micros // MICROSECONDS_OF_DAY
    cdef int64_t of_day = micros - day * MICROSECONDS_OF_DAY
    cdef int64_t seconds
    if of_day < 0:  # C rounds towards nought
        day, of_day = day - 1, of_day + MICROSECONDS_OF_DAY
    seconds = of_day // 1000000
    put_day(p, day)
    p[10] = 0x20
    put_digits(p + 11, seconds // 3600, 2)
    p[13] = p[16] = 0x3A
    put_digits(p + 14, seconds // 60 % 60, 2)
    put_digits(p + 17, seconds % 60, 2)
    p[19] = 0x2E
    put_digits(p + 20, of_day % 1000000, 6)
