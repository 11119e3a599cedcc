# What is done for every few bytes, as plain C that a compiler makes straight code of: comparing, skipping.
# Each reads and writes exactly the bytes it is told, never one beyond them.

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if defined(__SSE2__)
    #include <emmintrin.h>
    #endif

    /* Whether so many bytes are the same. */
    static inline int swift_same(const void* one, const void* other, int64_t length) {
        const uint8_t* p = (const uint8_t*)one;
        const uint8_t* q = (const uint8_t*)other;
        uint64_t a, b;
        int64_t at;
        if (length < 8) return memcmp(p, q, (size_t)length) == 0;
        for (at = 0; at + 8 <= length; at += 8) {
            memcpy(&a, p + at, 8);
            memcpy(&b, q + at, 8);
            if (a != b) return 0;
        }
        memcpy(&a, p + length - 8, 8);
        memcpy(&b, q + length - 8, 8);
        return a == b;
    }

    /* Where the first byte stands that is no printable ASCII, or is one of & < >; or sixteen bytes before the end. */
    static inline const uint8_t* swift_plain(const uint8_t* p, const uint8_t* end) {
    #if defined(__SSE2__)
        const __m128i space = _mm_set1_epi8(0x20), reference = _mm_set1_epi8(0x26);
        const __m128i less = _mm_set1_epi8(0x3C), greater = _mm_set1_epi8(0x3E);
        while (end - p >= 16) {
            __m128i bytes = _mm_loadu_si128((const __m128i*)p);
            __m128i odd = _mm_or_si128(  /* signed: bytes from 0x80 on are less than a space, too */
                _mm_or_si128(_mm_cmplt_epi8(bytes, space), _mm_cmpeq_epi8(bytes, reference)),
                _mm_or_si128(_mm_cmpeq_epi8(bytes, less), _mm_cmpeq_epi8(bytes, greater)));
            int found = _mm_movemask_epi8(odd);
            if (found) return p + __builtin_ctz((unsigned)found);
            p += 16;
        }
    #endif
        return p;
    }

    /* How often `xmlns` stands in so many bytes; whole blocks are passed over that hold no `xm`. */
    static int64_t swift_xmlns(const uint8_t* p, int64_t length) {
        int64_t at = 0, found = 0, in;
        while (at + 5 <= length) {
            if (length - at >= 260) {
                uint8_t any = 0;
                for (in = 0; in < 256; in++) any |= (uint8_t)((p[at + in] == 'x') & (p[at + in + 1] == 'm'));
                if (!any) { at += 256; continue; }
            }
            for (in = 0; in < 256 && at + in + 5 <= length; in++)
                found += p[at + in] == 'x' && memcmp(p + at + in, "xmlns", 5) == 0;
            at += 256;
        }
        return found;
    }
    """
    int swift_same(const void* one, const void* other, int64_t length) noexcept nogil
    const uint8_t* swift_plain(const uint8_t* p, const uint8_t* end) noexcept nogil
    int64_t swift_xmlns(const uint8_t* p, int64_t length) noexcept nogil


def namespaces_in(raw: bytes) -> int:
    """How often a message says `xmlns`, wherever that stands."""
    return swift_xmlns(<const uint8_t*>PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
