# Days and moments as ISO 8601 has them and as counts since 1970, of the years 1 to 9999 of the proleptic Gregorian calendar.
# The arithmetic is that of eras of 400 years, which begin in March (H. Hinnant, chrono-compatible low-level date algorithms).

cdef enum:
    FIRST_DAY = -719162  # 0001-01-01
    LAST_DAY = 2932896  # 9999-12-31
    DAYS_OF_ERA = 146097

cdef int64_t MICROSECONDS_OF_DAY = 86_400_000_000


cdef inline char* put_two(char* to, int64_t number) noexcept nogil:
    to[0] = <char>(48 + number // 10)
    to[1] = <char>(48 + number % 10)
    return to + 2


cdef char* put_day(char* to, int64_t day) noexcept nogil:
    """Ten characters; the day is one that is known."""
    cdef int64_t since = day + 719468
    cdef int64_t era = since // DAYS_OF_ERA
    cdef int64_t of_era = since - era * DAYS_OF_ERA
    cdef int64_t year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    cdef int64_t of_year = of_era - (365 * year + year // 4 - year // 100)
    cdef int64_t month = (5 * of_year + 2) // 153
    cdef int64_t of_month = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year = year + era * 400 + (month <= 2)
    to = put_two(put_two(to, year // 100), year % 100)
    to[0] = 45
    to = put_two(to + 1, month)
    to[0] = 45
    return put_two(to + 1, of_month)


cdef char* put_moment(char* to, int64_t moment) noexcept nogil:
    """`2024-02-29 23:59:59.123456+00`; NULL where its year is not known."""
    cdef int64_t day = moment // MICROSECONDS_OF_DAY
    cdef int64_t rest = moment % MICROSECONDS_OF_DAY
    cdef int64_t seconds
    if rest < 0:
        day, rest = day - 1, rest + MICROSECONDS_OF_DAY
    if day < FIRST_DAY or day > LAST_DAY:
        return NULL
    to = put_day(to, day)
    to[0] = 32
    seconds, rest = rest // 1_000_000, rest % 1_000_000
    to = put_two(to + 1, seconds // 3600)
    to[0] = 58
    to = put_two(to + 1, seconds // 60 % 60)
    to[0] = 58
    to = put_two(to + 1, seconds % 60)
    to[0] = 46
    to = put_two(put_two(put_two(to + 1, rest // 10_000), rest // 100 % 100), rest % 100)
    memcpy(to, b"+00", 3)
    return to + 3


cdef inline int two_at(const uint8_t* text) noexcept nogil:
    """The number of two digits; below zero where they are none."""
    if not (48 <= text[0] <= 57 and 48 <= text[1] <= 57):
        return -1
    return (text[0] - 48) * 10 + text[1] - 48


cdef int day_at(const uint8_t* text, int64_t length, int64_t* day) noexcept nogil:
    """The day that ten characters say; 0 where they say none."""
    cdef int century, years, month, of_month
    cdef int64_t year, era, of_era, of_year
    if length != 10 or text[4] != 45 or text[7] != 45:
        return 0
    century, years, month, of_month = two_at(text), two_at(text + 2), two_at(text + 5), two_at(text + 8)
    if century < 0 or years < 0 or not 1 <= month <= 12 or not 1 <= of_month <= 31:
        return 0
    year = 100 * century + years - (month <= 2)
    if 100 * century + years < 1:
        return 0
    era = year // 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + of_month - 1
    of_era = (year - era * 400) * 365 + (year - era * 400) // 4 - (year - era * 400) // 100 + of_year
    day[0] = era * DAYS_OF_ERA + of_era - 719468
    return 1


cdef int moment_at(const uint8_t* text, int64_t length, int64_t* moment) noexcept nogil:
    """The moment that a text says as a server in UTC writes it, with none to six places of a second; 0 where it says none."""
    cdef int64_t day, part = 0
    cdef int hours, minutes, seconds, at, places = 0
    if length < 22 or not day_at(text, 10, &day) or text[10] != 32 or text[13] != 58 or text[16] != 58:
        return 0
    hours, minutes, seconds = two_at(text + 11), two_at(text + 14), two_at(text + 17)
    if hours < 0 or minutes < 0 or seconds < 0 or hours > 23 or minutes > 59 or seconds > 59:
        return 0
    at = 19
    if text[at] == 46:
        at += 1
        while at < length and 48 <= text[at] <= 57 and places < 6:
            part = part * 10 + text[at] - 48
            places += 1
            at += 1
        if places == 0:
            return 0
        while places < 6:
            part *= 10
            places += 1
    if length - at != 3 or text[at] != 43 or text[at + 1] != 48 or text[at + 2] != 48:
        return 0
    moment[0] = day * MICROSECONDS_OF_DAY + (hours * 3600 + minutes * 60 + seconds) * <int64_t>1_000_000 + part
    return 1
