# Days and moments as the server writes them, of the years 1 to 9999.

cdef int64_t FIRST_MOMENT = FIRST_DAY * MICROSECONDS_OF_DAY
cdef int64_t LAST_MOMENT = (LAST_DAY + 1) * MICROSECONDS_OF_DAY - 1


cdef int day_at(const uint8_t* text, int64_t length, int64_t* day) noexcept nogil:
    """The day that ten characters say; 0 where they say none."""
    if length != 10 or text[4] != 45 or text[7] != 45:
        return 0
    if not (are_digits(text, 4) and are_digits(text + 5, 2) and are_digits(text + 8, 2)):
        return 0
    day[0] = day_count(100 * two(text) + two(text + 2), two(text + 5), two(text + 8))
    return day[0] != NO_DAY


cdef int moment_at(const uint8_t* text, int64_t length, int64_t* moment) noexcept nogil:
    """The moment that a text says as a server in UTC writes it, with none to six places of a second; 0 where it says none."""
    cdef int64_t day, part = 0
    cdef int hours, minutes, seconds, at, places = 0
    if length < 22 or not day_at(text, 10, &day) or text[10] != 32 or text[13] != 58 or text[16] != 58:
        return 0
    if not (are_digits(text + 11, 2) and are_digits(text + 14, 2) and are_digits(text + 17, 2)):
        return 0
    hours, minutes, seconds = two(text + 11), two(text + 14), two(text + 17)
    if hours > 23 or minutes > 59 or seconds > 59:
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
