
#include "qwen_stage.h"
#include "qwen_utf8.h"


static uint64_t qwen_stage_sequences(const uint8_t *p, size_t len);


/* An escape is one code point, the second one of a surrogate pair none. */
uint64_t
qwen_stage_code_points(qwen_str_t text)
{
    uint64_t        n;
    const uint8_t  *p, *end, *escape;

    if (text.len == 0) {
        return 0;
    }

    n = 0;
    p = text.data;
    end = p + text.len;

    for ( ;; ) {
        escape = memchr(p, '\\', (size_t) (end - p));

        if (escape == NULL || end - escape < 2) {
            return n + qwen_stage_sequences(p, (size_t) (end - p));
        }

        n += qwen_stage_sequences(p, (size_t) (escape - p));

        if (escape[1] != 'u' || end - escape < 6) {
            n++;
            p = escape + 2;
            continue;
        }

        /* \uDC00 to \uDFFF */

        if (!((escape[2] | 0x20) == 'd' && qwen_utf8_hex(escape[3]) >= 12)) {
            n++;
        }

        p = escape + 6;
    }
}


/* Counts the bytes that begin a sequence, eight at once. */
static uint64_t
qwen_stage_sequences(const uint8_t *p, size_t len)
{
    size_t    i;
    uint64_t  n, word;

    n = len;

    for (i = 0; i + 8 <= len; i += 8) {
        memcpy(&word, p + i, 8);

        /* continuation bytes are 10xxxxxx */

        word = (word >> 7) & ~(word >> 6) & 0x0101010101010101ULL;
        n -= (word * 0x0101010101010101ULL) >> 56;
    }

    for ( /* void */ ; i < len; i++) {
        n -= ((p[i] & 0xc0) == 0x80);
    }

    return n;
}
