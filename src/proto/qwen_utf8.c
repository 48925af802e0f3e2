
#include "qwen_utf8.h"
#include "qwen_vector.h"


/* How far long text is looked at before its next stop is. */
#define QWEN_UTF8_WINDOW  4096

/* A byte in each of the eight of a word. */
#define qwen_utf8_each(byte)  (0x0101010101010101u * (byte))


/* The first byte becomes the lowest one; compilers make one load of it. */
static inline uint64_t
qwen_utf8_load(const uint8_t *p)
{
    return (uint64_t) p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16
           | (uint64_t) p[3] << 24 | (uint64_t) p[4] << 32
           | (uint64_t) p[5] << 40 | (uint64_t) p[6] << 48
           | (uint64_t) p[7] << 56;
}


/*
 * Sets the high bit of each byte that is a quote, a backslash, below 0x20 or
 * above 0x7f.  A borrow may set one too many, but only above one that is
 * rightly set, so the lowest is exact.
 */
static inline uint64_t
qwen_utf8_special(uint64_t word)
{
    return (((word ^ qwen_utf8_each('"')) - qwen_utf8_each(1))
            | ((word ^ qwen_utf8_each('\\')) - qwen_utf8_each(1))
            | (word - qwen_utf8_each(0x20))
            | word)
           & qwen_utf8_each(0x80);
}


static inline bool
qwen_utf8_is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}


static inline const uint8_t *
qwen_utf8_ascii_run(const uint8_t *p, const uint8_t *end)
{
    uint64_t  special;

    while (end - p >= 8) {
        special = qwen_utf8_special(qwen_utf8_load(p));

        if (special) {
            return p + __builtin_ctzll(special) / 8;
        }

        p += 8;
    }

    while (p < end && qwen_utf8_is_plain(*p)) {
        p++;
    }

    return p;
}


static inline bool
qwen_utf8_is_tail(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}


/* The quotes, backslashes and control bytes among sixteen bytes. */
static inline qwen_vector_t
qwen_utf8_stops(const uint8_t *p)
{
    qwen_vector_t  c;

    c = qwen_vector_load(p);

    return qwen_vector_equal(c, '"') | qwen_vector_equal(c, '\\')
           | ~qwen_vector_at_least(c, 0x20);
}


/* The first quote, backslash or control byte. */
static inline const uint8_t *
qwen_utf8_stop(const uint8_t *p, const uint8_t *end)
{
    uint64_t  word, stops;

    while (end - p >= 2 * QWEN_VECTOR_LEN
           && !qwen_vector_any(qwen_utf8_stops(p)
                               | qwen_utf8_stops(p + QWEN_VECTOR_LEN)))
    {
        p += 2 * QWEN_VECTOR_LEN;
    }

    while (end - p >= 8) {
        word = qwen_utf8_load(p);
        stops = qwen_utf8_special(word) & ~word;

        if (stops) {
            return p + __builtin_ctzll(stops) / 8;
        }

        p += 8;
    }

    while (p < end && (*p >= 0x80 || qwen_utf8_is_plain(*p))) {
        p++;
    }

    return p;
}


/* The length of a valid sequence of three or four bytes at p, else 0. */
static inline size_t
qwen_utf8_long_len(const uint8_t *p, const uint8_t *end)
{
    if (*p < 0xf0) {

        if (end - p < 3 || !qwen_utf8_is_tail(p[1])
            || !qwen_utf8_is_tail(p[2])
            || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f))
        {
            return 0;
        }

        return 3;
    }

    if (*p > 0xf4 || end - p < 4 || !qwen_utf8_is_tail(p[1])
        || !qwen_utf8_is_tail(p[2]) || !qwen_utf8_is_tail(p[3])
        || (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
    {
        return 0;
    }

    return 4;
}


/* The end of the run of valid sequences of two or more bytes. */
static inline const uint8_t *
qwen_utf8_sequences(const uint8_t *p, const uint8_t *end)
{
    size_t  len;

    while (p < end && *p >= 0xc2) {

        if (*p < 0xe0) {

            if (end - p < 2 || !qwen_utf8_is_tail(p[1])) {
                break;
            }

            p += 2;
            continue;
        }

        len = qwen_utf8_long_len(p, end);

        if (len == 0) {
            break;
        }

        p += len;
    }

    return p;
}


const uint8_t *
qwen_utf8_run(const uint8_t *p, const uint8_t *end)
{
    const uint8_t  *next;

    for ( ;; ) {
        p = qwen_utf8_ascii_run(p, end);

        if (p == end || *p < 0x80) {
            return p;
        }

        next = qwen_utf8_sequences(p, end);

        if (next == p) {
            return p;
        }

        p = next;
    }
}


const uint8_t *
qwen_utf8_long_run(const uint8_t *p, const uint8_t *end,
    const uint8_t **valid)
{
    size_t  len;

    for ( ;; ) {

        if (p < *valid) {
            p = qwen_utf8_stop(p, *valid);

            if (p < *valid) {
                return p;
            }
        }

        len = (size_t) (end - p);

        *valid = qwen_utf8_valid(p, p + (len < QWEN_UTF8_WINDOW
                                         ? len : QWEN_UTF8_WINDOW));

        if (*valid == p) {
            return qwen_utf8_run(p, end);
        }
    }
}


bool
qwen_utf8_start(qwen_utf8_t *utf8, uint8_t byte)
{
    if (byte < 0xc2 || byte > 0xf4) {
        return false;
    }

    utf8->need = (byte < 0xe0) ? 1 : (byte < 0xf0) ? 2 : 3;
    utf8->lower = (byte == 0xe0) ? 0xa0 : (byte == 0xf0) ? 0x90 : 0x80;
    utf8->upper = (byte == 0xed) ? 0x9f : (byte == 0xf4) ? 0x8f : 0xbf;

    return true;
}


bool
qwen_utf8_next(qwen_utf8_t *utf8, uint8_t byte)
{
    if (byte < utf8->lower || byte > utf8->upper) {
        return false;
    }

    utf8->need--;
    utf8->lower = 0x80;
    utf8->upper = 0xbf;

    return true;
}


size_t
qwen_utf8_invalid_len(const uint8_t *p, const uint8_t *end)
{
    size_t       len;
    qwen_utf8_t  utf8;

    if (!qwen_utf8_start(&utf8, *p)) {
        return 1;
    }

    len = 1;

    while (p + len < end && utf8.need && qwen_utf8_next(&utf8, p[len])) {
        len++;
    }

    return len;
}


size_t
qwen_utf8_encode(uint8_t out[4], uint32_t code)
{
    if (qwen_utf8_is_high(code) || qwen_utf8_is_low(code)) {
        code = 0xfffd;
    }

    if (code < 0x80) {
        out[0] = (uint8_t) code;
        return 1;
    }

    if (code < 0x800) {
        out[0] = (uint8_t) (0xc0 | code >> 6);
        out[1] = (uint8_t) (0x80 | (code & 0x3f));
        return 2;
    }

    if (code < 0x10000) {
        out[0] = (uint8_t) (0xe0 | code >> 12);
        out[1] = (uint8_t) (0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t) (0x80 | (code & 0x3f));
        return 3;
    }

    out[0] = (uint8_t) (0xf0 | code >> 18);
    out[1] = (uint8_t) (0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t) (0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t) (0x80 | (code & 0x3f));

    return 4;
}


/* The values of hexadecimal digits and one; 0, less one, is the largest. */
static const uint8_t  qwen_utf8_digits[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6,
    ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16
};


unsigned
qwen_utf8_hex(uint8_t c)
{
    uint8_t  digit;

    digit = (uint8_t) (qwen_utf8_digits[c] - 1);

    return (digit < 16) ? digit : 16;
}


bool
qwen_utf8_hex4(const uint8_t *p, uint32_t *code)
{
    uint8_t  a, b, c, d;

    a = (uint8_t) (qwen_utf8_digits[p[0]] - 1);
    b = (uint8_t) (qwen_utf8_digits[p[1]] - 1);
    c = (uint8_t) (qwen_utf8_digits[p[2]] - 1);
    d = (uint8_t) (qwen_utf8_digits[p[3]] - 1);

    *code = (uint32_t) a << 12 | (uint32_t) b << 8 | (uint32_t) c << 4 | d;

    return (a | b | c | d) < 16;
}
