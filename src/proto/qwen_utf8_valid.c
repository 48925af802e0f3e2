
/*
 * Long text of many scripts changes its kind every few bytes, and a branch on
 * each would be mispredicted most of the time.  Whether it is valid UTF-8 is
 * therefore asked of sixteen bytes at once, in vectors of the compiler.
 */

#include "qwen_utf8.h"


#define QWEN_UTF8_BLOCK  64


typedef uint8_t  qwen_utf8_vector_t  __attribute__((vector_size(16)));


static inline qwen_utf8_vector_t
qwen_utf8_vector(const uint8_t *p)
{
    qwen_utf8_vector_t  vector;

    memcpy(&vector, p, sizeof(vector));

    return vector;
}


static inline qwen_utf8_vector_t
qwen_utf8_all(uint8_t b)
{
    return (qwen_utf8_vector_t) { b, b, b, b, b, b, b, b,
                                  b, b, b, b, b, b, b, b };
}


static inline bool
qwen_utf8_any(qwen_utf8_vector_t vector)
{
    uint64_t  words[2];

    memcpy(words, &vector, sizeof(words));

    return (words[0] | words[1]) != 0;
}


/*
 * The bytes of sixteen at p, p[-3] included in what is read, that are wrong:
 * tails where none is due and the reverse, bytes that are in no sequence, and
 * second bytes that make a sequence too long, a surrogate or too large (the
 * Unicode Standard, table 3-7).
 */

static inline qwen_utf8_vector_t
qwen_utf8_wrong(const uint8_t *p)
{
    qwen_utf8_vector_t  c, p1, p2, p3, due, tail, wrong;

    c = qwen_utf8_vector(p);
    p1 = qwen_utf8_vector(p - 1);
    p2 = qwen_utf8_vector(p - 2);
    p3 = qwen_utf8_vector(p - 3);

    due = (qwen_utf8_vector_t) ((p1 >= qwen_utf8_all(0xc0))
                                | (p2 >= qwen_utf8_all(0xe0))
                                | (p3 >= qwen_utf8_all(0xf0)));

    tail = (qwen_utf8_vector_t) ((c & qwen_utf8_all(0xc0))
                                 == qwen_utf8_all(0x80));

    wrong = due ^ tail;

    wrong |= (qwen_utf8_vector_t) (((c & qwen_utf8_all(0xfe))
                                    == qwen_utf8_all(0xc0))
                                   | (c >= qwen_utf8_all(0xf5)));

    wrong |= (qwen_utf8_vector_t) (((p1 == qwen_utf8_all(0xe0))
                                    & (c < qwen_utf8_all(0xa0)))
                                   | ((p1 == qwen_utf8_all(0xed))
                                      & (c >= qwen_utf8_all(0xa0))));

    wrong |= (qwen_utf8_vector_t) (((p1 == qwen_utf8_all(0xf0))
                                    & (c < qwen_utf8_all(0x90)))
                                   | ((p1 == qwen_utf8_all(0xf4))
                                      & (c >= qwen_utf8_all(0x90))));

    return wrong;
}


/* Whether the bytes from p[-3] on are ASCII. */
static inline bool
qwen_utf8_ascii(const uint8_t *p)
{
    return !qwen_utf8_any((qwen_utf8_vector(p - 3) | qwen_utf8_vector(p)
                           | qwen_utf8_vector(p + 16)
                           | qwen_utf8_vector(p + 32)
                           | qwen_utf8_vector(p + 48))
                          & qwen_utf8_all(0x80));
}


/* The beginning of the sequence that p is inside of or at the end of. */
static inline const uint8_t *
qwen_utf8_whole(const uint8_t *p, const uint8_t *start)
{
    const uint8_t  *lead;
    qwen_utf8_t     utf8;

    lead = p;

    while (lead > start && p - lead < 3 && (lead[-1] & 0xc0) == 0x80) {
        lead--;
    }

    if (lead == start || !qwen_utf8_start(&utf8, lead[-1])) {
        return p;
    }

    return (p - lead < utf8.need) ? lead - 1 : p;
}


const uint8_t *
qwen_utf8_valid(const uint8_t *p, const uint8_t *end)
{
    uint8_t         first[3 + QWEN_UTF8_BLOCK];
    const uint8_t  *start, *block;

    if (end - p < QWEN_UTF8_BLOCK) {
        return p;
    }

    start = p;

    /* nothing is read before the start */

    memset(first, 0, 3);
    memcpy(first + 3, p, QWEN_UTF8_BLOCK);
    block = first + 3;

    do {
        if (!qwen_utf8_ascii(block)
            && qwen_utf8_any(qwen_utf8_wrong(block)
                             | qwen_utf8_wrong(block + 16)
                             | qwen_utf8_wrong(block + 32)
                             | qwen_utf8_wrong(block + 48)))
        {
            break;
        }

        p += QWEN_UTF8_BLOCK;
        block = p;

    } while (end - p >= QWEN_UTF8_BLOCK);

    return qwen_utf8_whole(p, start);
}
