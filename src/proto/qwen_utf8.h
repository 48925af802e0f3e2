
/* What the readers of JSON strings share: UTF-8 and escapes. */

#ifndef QWEN_UTF8_H
#define QWEN_UTF8_H


#include "qwen_core.h"


/* What an invalid sequence is replaced by, U+FFFD. */
#define QWEN_UTF8_REPLACEMENT      "\xef\xbf\xbd"
#define QWEN_UTF8_REPLACEMENT_LEN  3


/* A sequence that is read byte by byte. */
typedef struct {
    uint8_t  need;                   /* bytes that must follow */
    uint8_t  lower;                  /* bounds of the next one */
    uint8_t  upper;
} qwen_utf8_t;


/* The end of the run at p of bytes that may stand in a JSON string as they
 * are: no quote, backslash or control byte, and only whole and valid UTF-8. */
const uint8_t *qwen_utf8_run(const uint8_t *p, const uint8_t *end);

/* The same for long text, which is read from one stop to the next: *valid,
 * which begins as p or before it, is how far it is known to be valid. */
const uint8_t *qwen_utf8_long_run(const uint8_t *p, const uint8_t *end,
    const uint8_t **valid);

/* A place up to which whole sequences at p are valid; it is p itself when
 * there are less than 64 bytes, or when an invalid one comes soon. */
const uint8_t *qwen_utf8_valid(const uint8_t *p, const uint8_t *end);

/* The first byte of a sequence of two or more; false: it begins none. */
bool qwen_utf8_start(qwen_utf8_t *utf8, uint8_t byte);

/* One of the "need" next bytes; false: the sequence is invalid before it. */
bool qwen_utf8_next(qwen_utf8_t *utf8, uint8_t byte);

/* The length of the invalid sequence at p < end that one U+FFFD replaces: the
 * longest that begins a valid one, or one byte (the Unicode Standard, 3.9). */
size_t qwen_utf8_invalid_len(const uint8_t *p, const uint8_t *end);

/* Writes a code point (a surrogate: as U+FFFD) and returns its length. */
size_t qwen_utf8_encode(uint8_t out[4], uint32_t code);


static inline bool
qwen_utf8_is_high(uint32_t code)
{
    return (code & 0xfffffc00) == 0xd800;
}


static inline bool
qwen_utf8_is_low(uint32_t code)
{
    return (code & 0xfffffc00) == 0xdc00;
}


/* The value of a hexadecimal digit, 16 for anything else. */
unsigned qwen_utf8_hex(uint8_t c);

/* Reads four hexadecimal digits; false: they are none. */
bool qwen_utf8_hex4(const uint8_t *p, uint32_t *code);

/* Whether a backslash and this byte are a whole escape. */
static inline bool
qwen_utf8_is_escape(uint8_t c)
{
    switch (c) {

    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    }

    return false;
}


#endif /* QWEN_UTF8_H */
