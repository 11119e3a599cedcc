# Reading forward through one message: characters, references, tags; and the canonical copy, written only from the
# first place on where the bytes are not canonical. Nothing reads at or behind `end`.

cdef enum:
    OK = 0
    ODD = 1  # this paper is for the reference lane
    UNFIT = 2  # this message is
    FULL = 3  # no memory, or more text than a column's numbers can say

cdef enum:
    PLAIN = 0
    TWO = 1
    THREE = 2
    FOUR = 3
    MARKUP = 4
    REFERENCE = 5
    GREATER = 6
    RETURN = 7
    FORBIDDEN = 8

cdef enum:
    NAME_BYTES = 100

cdef uint8_t CLASS[256]
cdef uint8_t NAMES[256]  # 1 may begin a name, 2 may go on


cdef void classify() noexcept:
    cdef int at
    for at in range(256):
        NAMES[at] = 0
        if at < 0x20:
            CLASS[at] = PLAIN if at == 0x09 or at == 0x0A else FORBIDDEN
        elif at < 0x80:
            CLASS[at] = PLAIN
        elif 0xC2 <= at < 0xE0:
            CLASS[at] = TWO
        elif 0xE0 <= at < 0xF0:
            CLASS[at] = THREE
        elif 0xF0 <= at < 0xF5:
            CLASS[at] = FOUR
        else:
            CLASS[at] = FORBIDDEN
        if 0x41 <= at <= 0x5A or 0x61 <= at <= 0x7A or at == 0x5F:
            NAMES[at] = 1
        elif 0x30 <= at <= 0x39 or at == 0x2D or at == 0x2E:
            NAMES[at] = 2
    CLASS[0x0D] = RETURN
    CLASS[0x3C] = MARKUP
    CLASS[0x3E] = GREATER
    CLASS[0x26] = REFERENCE


classify()

cdef struct Cursor:
    const uint8_t* p
    const uint8_t* end
    int64_t text_max
    # the canonical copy of what lies before `copied`
    uint8_t* canon
    int64_t canon_length
    int64_t canon_room
    const uint8_t* copied
    # the text read last: its bytes as they stand, how many characters, whether it holds references or CR LF
    const uint8_t* text
    int64_t text_length
    int64_t text_characters
    int coded
    # where a text with references is written out
    uint8_t* scratch
    int64_t scratch_room


cdef int canon_put(Cursor* c, const uint8_t* begin, int64_t length) noexcept nogil:
    """Add bytes to the canonical copy."""
    cdef int64_t room
    cdef void* more
    if length == 0:
        return OK
    if c.canon_length + length > c.canon_room:
        room = 65536 if c.canon_room == 0 else c.canon_room * 2
        while room < c.canon_length + length:
            room *= 2
        more = realloc(c.canon, <size_t>room)
        if more == NULL:
            return FULL
        c.canon = <uint8_t*>more
        c.canon_room = room
    memcpy(c.canon + c.canon_length, begin, <size_t>length)
    c.canon_length += length
    return OK


cdef int mend(Cursor* c, const uint8_t* begin, const uint8_t* end, const uint8_t* by, int64_t length) noexcept nogil:
    """What stands from `begin` to `end` is written otherwise in canonical form."""
    if begin < c.copied:  # never; were it so, nothing may be copied
        return FULL
    if canon_put(c, c.copied, begin - c.copied) != OK or canon_put(c, by, length) != OK:
        return FULL
    c.copied = end
    return OK


cdef inline int sequence(const uint8_t* p, const uint8_t* end, int kind) noexcept nogil:
    """The length of a well-formed UTF-8 sequence of a character that XML allows, 0 for anything else."""
    if kind == TWO:
        return 2 if end - p >= 2 and (p[1] & 0xC0) == 0x80 else 0
    if kind == THREE:
        if end - p < 3 or (p[1] & 0xC0) != 0x80 or (p[2] & 0xC0) != 0x80:
            return 0
        if p[0] == 0xE0 and p[1] < 0xA0:
            return 0
        if p[0] == 0xED and p[1] >= 0xA0:
            return 0
        if p[0] == 0xEF and p[1] == 0xBF and p[2] >= 0xBE:
            return 0
        return 3
    if end - p < 4 or (p[1] & 0xC0) != 0x80 or (p[2] & 0xC0) != 0x80 or (p[3] & 0xC0) != 0x80:
        return 0
    if (p[0] == 0xF0 and p[1] < 0x90) or (p[0] == 0xF4 and p[1] >= 0x90):
        return 0
    return 4


cdef int written(uint32_t point, uint8_t* into) noexcept nogil:
    """A character as UTF-8; its length."""
    if point < 0x80:
        into[0] = <uint8_t>point
        return 1
    if point < 0x800:
        into[0] = <uint8_t>(0xC0 | point >> 6)
        into[1] = <uint8_t>(0x80 | point & 0x3F)
        return 2
    if point < 0x10000:
        into[0] = <uint8_t>(0xE0 | point >> 12)
        into[1] = <uint8_t>(0x80 | point >> 6 & 0x3F)
        into[2] = <uint8_t>(0x80 | point & 0x3F)
        return 3
    into[0] = <uint8_t>(0xF0 | point >> 18)
    into[1] = <uint8_t>(0x80 | point >> 12 & 0x3F)
    into[2] = <uint8_t>(0x80 | point >> 6 & 0x3F)
    into[3] = <uint8_t>(0x80 | point & 0x3F)
    return 4


cdef inline int begins(const uint8_t* p, const uint8_t* end, const char* with_, int64_t length) noexcept nogil:
    return end - p >= length and swift_same(p, with_, length)


cdef int number_reference(const uint8_t* p, const uint8_t* end, uint32_t* point) noexcept nogil:
    """The length of `&#38;` or `&#x26;` and the character it stands for; 0 where it is none that XML allows."""
    cdef const uint8_t* at = p + 2
    cdef uint32_t value = 0, digit
    cdef int base = 10, digits = 0
    if at < end and at[0] == 0x78:
        base = 16
        at += 1
    while at < end and at[0] != 0x3B:
        digit = at[0]
        if 0x30 <= digit <= 0x39:
            digit -= 0x30
        elif base == 16 and 0x41 <= digit <= 0x46:
            digit -= 0x37
        elif base == 16 and 0x61 <= digit <= 0x66:
            digit -= 0x57
        else:
            return 0
        digits += 1
        if digits > 8:
            return 0
        value = value * base + digit
        at += 1
    if at >= end or digits == 0 or value > 0x10FFFF:
        return 0
    if value < 0x20 and value != 0x09 and value != 0x0A and value != 0x0D:
        return 0
    if 0xD800 <= value < 0xE000 or value == 0xFFFE or value == 0xFFFF:
        return 0
    point[0] = value
    return <int>(at + 1 - p)


cdef int reference(const uint8_t* p, const uint8_t* end, uint32_t* point) noexcept nogil:
    """The length of a reference at `&` and the character it stands for; 0 where it is none of those XML itself knows."""
    if end - p >= 4 and p[1] == 0x23:
        return number_reference(p, end, point)
    if begins(p, end, b"&amp;", 5):
        point[0] = 0x26
        return 5
    if begins(p, end, b"&lt;", 4):
        point[0] = 0x3C
        return 4
    if begins(p, end, b"&gt;", 4):
        point[0] = 0x3E
        return 4
    if begins(p, end, b"&quot;", 6):
        point[0] = 0x22
        return 6
    if begins(p, end, b"&apos;", 6):
        point[0] = 0x27
        return 6
    return 0


cdef int mend_reference(Cursor* c, const uint8_t* p, int length, uint32_t point) noexcept nogil:
    """Write a reference as canonical form has it, where it is not written so."""
    cdef uint8_t plain[8]
    cdef const uint8_t* by = plain
    cdef int size
    if point == 0x26:
        by, size = <const uint8_t*>b"&amp;", 5
    elif point == 0x3C:
        by, size = <const uint8_t*>b"&lt;", 4
    elif point == 0x3E:
        by, size = <const uint8_t*>b"&gt;", 4
    elif point == 0x0D:
        by, size = <const uint8_t*>b"&#xD;", 5
    else:
        size = written(point, plain)
    if size == length and memcmp(p, by, <size_t>size) == 0:
        return OK
    return mend(c, p, p + length, by, size)


cdef int read_text(Cursor* c) noexcept nogil:
    """Forward to the next `<`; what lies between is the text."""
    cdef const uint8_t* p = c.p
    cdef const uint8_t* end = c.end
    cdef int kind, length
    cdef int64_t more = 0  # bytes that are no characters of their own
    cdef uint32_t point = 0
    c.coded = 0
    c.text = p
    while p < end:
        kind = CLASS[p[0]]
        if kind == PLAIN:
            p = swift_plain(p + 1, end)
        elif kind <= FOUR:
            length = sequence(p, end, kind)
            if length == 0:
                return UNFIT
            more += length - 1
            p += length
        elif kind == MARKUP:
            c.p = p
            c.text_length = p - c.text
            c.text_characters = c.text_length - more
            return OK if c.text_length <= c.text_max else UNFIT
        elif kind == REFERENCE:
            length = reference(p, end, &point)
            if length == 0:
                return UNFIT
            if mend_reference(c, p, length, point) != OK:
                return FULL
            c.coded = 1
            p += length
        elif kind == GREATER:
            if p - c.text >= 2 and (p - 1)[0] == 0x5D and (p - 2)[0] == 0x5D:
                return UNFIT
            if mend(c, p, p + 1, <const uint8_t*>b"&gt;", 4) != OK:
                return FULL
            p += 1
        elif kind == RETURN:
            if end - p < 2 or p[1] != 0x0A:
                return UNFIT
            if mend(c, p, p + 1, <const uint8_t*>b"", 0) != OK:
                return FULL
            c.coded = 1
            p += 2
        else:
            return UNFIT
    return UNFIT


cdef int write_out(Cursor* c) noexcept nogil:
    """Put the text read last, which holds references or CR LF, into `scratch` as a reader gets it."""
    cdef const uint8_t* p = c.text
    cdef const uint8_t* end = c.text + c.text_length
    cdef uint32_t point = 0
    cdef int64_t length = 0, more = 0
    cdef void* room
    if c.text_length > c.scratch_room:  # written out it is never longer
        room = realloc(c.scratch, <size_t>c.text_length)
        if room == NULL:
            return FULL
        c.scratch = <uint8_t*>room
        c.scratch_room = c.text_length
    while p < end:
        if p[0] == 0x26:
            p += reference(p, end, &point)
            length += written(point, c.scratch + length)
        elif p[0] == 0x0D:
            p += 1
        else:
            c.scratch[length] = p[0]
            length += 1
            p += 1
    c.text = c.scratch
    c.text_length = length
    for point in range(<uint32_t>length):
        more += (c.scratch[point] & 0xC0) == 0x80
    c.text_characters = length - more
    return OK


cdef inline int is_space(uint8_t byte) noexcept nogil:
    return byte == 0x20 or byte == 0x0A or byte == 0x09 or byte == 0x0D


cdef inline int skip_space(Cursor* c) noexcept nogil:
    """Forward over white space between elements."""
    cdef const uint8_t* begin = c.p
    while c.p < c.end and is_space(c.p[0]):
        if c.p - begin >= c.text_max:
            return UNFIT
        if c.p[0] == 0x0D:
            if c.end - c.p < 2 or c.p[1] != 0x0A:
                return UNFIT
            if mend(c, c.p, c.p + 1, <const uint8_t*>b"", 0) != OK:
                return FULL
        c.p += 1
    return OK

cdef enum:
    OPENING = 0
    CLOSING = 1
    EMPTY = 2

cdef struct Tag:
    int kind
    const uint8_t* name
    int64_t length


cdef int read_tag(Cursor* c, const char* prefix, int64_t prefix_length, Tag* tag) noexcept nogil:
    """Over one tag without attributes whose name has the message's prefix; mends it where it is not canonical."""
    cdef const uint8_t* p = c.p + 1
    cdef const uint8_t* after
    if c.end - c.p < 2 or c.p[0] != 0x3C:
        return UNFIT
    tag.kind = OPENING
    if p[0] == 0x2F:
        tag.kind = CLOSING
        p += 1
    tag.name = p
    if not begins(p, c.end, prefix, prefix_length):
        return UNFIT
    p += prefix_length
    if p >= c.end or NAMES[p[0]] != 1:
        return UNFIT
    if c.end - p >= 3 and (p[0] | 32) == 0x78 and (p[1] | 32) == 0x6D and (p[2] | 32) == 0x6C:
        return UNFIT  # names that begin with xml are the standard's
    while p < c.end and NAMES[p[0]]:
        p += 1
    tag.length = p - tag.name
    if tag.length - prefix_length > NAME_BYTES:
        return UNFIT
    after = p
    while p < c.end and is_space(p[0]):
        p += 1
    if p < c.end and p[0] == 0x2F and tag.kind == OPENING:
        tag.kind = EMPTY
        p += 1
    if p >= c.end or p[0] != 0x3E:
        return UNFIT
    p += 1
    if tag.kind == EMPTY:
        if (
            mend(c, after, p, <const uint8_t*>b"></", 3) != OK
            or canon_put(c, tag.name, tag.length) != OK
            or canon_put(c, <const uint8_t*>b">", 1) != OK
        ):
            return FULL
    elif p - after > 1 and mend(c, after, p, <const uint8_t*>b">", 1) != OK:
        return FULL
    c.p = p
    return OK
