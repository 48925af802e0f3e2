
/*
 * Long text of many scripts changes its kind every few bytes, and a branch on
 * each would be mispredicted most of the time.  Whether it is valid UTF-8 is
 * therefore asked of many bytes at once.
 */

#include "qwen_utf8.h"
#include "qwen_vector.h"


#define QWEN_UTF8_BLOCK  64


/* All of the functions below look at the bytes from p[-3] on. */

static inline bool
qwen_utf8_ascii(const uint8_t *p)
{
    return !qwen_vector_any((qwen_vector_load(p - 3) | qwen_vector_load(p)
                             | qwen_vector_load(p + 16)
                             | qwen_vector_load(p + 32)
                             | qwen_vector_load(p + 48))
                            & qwen_vector_all(0x80));
}


/*
 * The bytes that are wrong when no sequence of four bytes and none of the bytes
 * are there that qwen_utf8_rare() finds: tails where none is due, and the
 * reverse.
 */

static inline qwen_vector_t
qwen_utf8_unpaired(const uint8_t *p)
{
    qwen_vector_t  due, tail;

    due = qwen_vector_at_least(qwen_vector_load(p - 1), 0xc0)
          | qwen_vector_at_least(qwen_vector_load(p - 2), 0xe0);

    tail = qwen_vector_equal(qwen_vector_load(p) & qwen_vector_all(0xc0),
                             0x80);

    return due ^ tail;
}


/* Bytes of no sequence, and those that only some bytes may follow. */

static inline qwen_vector_t
qwen_utf8_rare(const uint8_t *p)
{
    qwen_vector_t  c;

    c = qwen_vector_load(p);

    return qwen_vector_equal(c & qwen_vector_all(0xfe), 0xc0)
           | qwen_vector_equal(c, 0xe0)
           | qwen_vector_equal(c, 0xed)
           | qwen_vector_at_least(c, 0xf0);
}


/*
 * The bytes that are wrong, among all bytes: also those of no sequence, and
 * second ones that make a sequence too long, a surrogate or too large (the
 * Unicode Standard, table 3-7).
 */

static inline qwen_vector_t
qwen_utf8_wrong(const uint8_t *p)
{
    qwen_vector_t  c, p1, from90, froma0, wrong;

    c = qwen_vector_load(p);
    p1 = qwen_vector_load(p - 1);

    from90 = qwen_vector_at_least(c, 0x90);
    froma0 = qwen_vector_at_least(c, 0xa0);

    wrong = qwen_utf8_unpaired(p)
            ^ (qwen_vector_at_least(qwen_vector_load(p - 3), 0xf0)
               & ~qwen_vector_at_least(p1, 0xc0)
               & ~qwen_vector_at_least(qwen_vector_load(p - 2), 0xe0));

    wrong |= qwen_vector_equal(c & qwen_vector_all(0xfe), 0xc0)
             | qwen_vector_at_least(c, 0xf5);

    wrong |= (qwen_vector_equal(p1, 0xe0) & ~froma0)
             | (qwen_vector_equal(p1, 0xed) & froma0)
             | (qwen_vector_equal(p1, 0xf0) & ~from90)
             | (qwen_vector_equal(p1, 0xf4) & from90);

    return wrong;
}


static inline bool
qwen_utf8_valid_block(const uint8_t *p)
{
    if (qwen_utf8_ascii(p)) {
        return true;
    }

    /* in front of the block only the last three bytes matter */

    if (!qwen_vector_any(qwen_utf8_rare(p - 3) | qwen_utf8_rare(p)
                         | qwen_utf8_rare(p + 16) | qwen_utf8_rare(p + 32)
                         | qwen_utf8_rare(p + 48)))
    {
        return !qwen_vector_any(qwen_utf8_unpaired(p)
                                | qwen_utf8_unpaired(p + 16)
                                | qwen_utf8_unpaired(p + 32)
                                | qwen_utf8_unpaired(p + 48));
    }

    return !qwen_vector_any(qwen_utf8_wrong(p) | qwen_utf8_wrong(p + 16)
                            | qwen_utf8_wrong(p + 32)
                            | qwen_utf8_wrong(p + 48));
}


/* The beginning of the sequence that p is inside of, or p. */

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

    while (qwen_utf8_valid_block(block)) {
        p += QWEN_UTF8_BLOCK;
        block = p;

        if (end - p < QWEN_UTF8_BLOCK) {
            break;
        }
    }

    return qwen_utf8_whole(p, start);
}
