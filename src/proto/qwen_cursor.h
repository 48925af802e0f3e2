
/*
 * A cursor over one complete JSON text (RFC 8259).  It goes forward only,
 * builds no tree and allocates nothing: who uses it takes the values that it
 * knows and skips the others.  Names and strings are slices, still escaped.
 * Escapes in what is skipped are not looked at.
 */

#ifndef QWEN_CURSOR_H
#define QWEN_CURSOR_H


#include "qwen_core.h"


typedef struct {
    const uint8_t  *pos;
    const uint8_t  *end;
    bool            first;           /* right behind an opening bracket */
} qwen_cursor_t;


/* Moves behind the closing quote of a string that begins at start, when there
 * is none before pos. */
qwen_rc_t qwen_cursor_long_string(qwen_cursor_t *cursor,
    const uint8_t *start, qwen_str_t *string);

/* Moves behind any value, at most 64 levels deep. */
qwen_rc_t qwen_cursor_skip(qwen_cursor_t *cursor);

/* Moves behind any value; *json is its text. */
qwen_rc_t qwen_cursor_value(qwen_cursor_t *cursor, qwen_str_t *json);

/* Moves behind any value; QWEN_AGAIN: it is not an integer of 0..2^53. */
qwen_rc_t qwen_cursor_count(qwen_cursor_t *cursor, uint64_t *count);


static inline void
qwen_cursor_init(qwen_cursor_t *cursor, qwen_str_t json)
{
    cursor->pos = json.data;
    cursor->end = json.data + json.len;
    cursor->first = false;
}


/* The first byte of what comes next, behind white space; 0 at the end. */
static inline uint8_t
qwen_cursor_peek(qwen_cursor_t *cursor)
{
    while (cursor->pos < cursor->end) {

        if (*cursor->pos > ' ') {
            return *cursor->pos;
        }

        if (*cursor->pos != ' ' && *cursor->pos != '\n'
            && *cursor->pos != '\r' && *cursor->pos != '\t')
        {
            return 1;
        }

        cursor->pos++;
    }

    return 0;
}


/* Goes into the object or array whose bracket was just peeked. */
static inline void
qwen_cursor_enter(qwen_cursor_t *cursor)
{
    cursor->pos++;
    cursor->first = true;
}


/* The bytes of a word that are quotes, as high bits; those above the lowest
 * one may be wrong.  The lowest byte is the first one. */
static inline uint64_t
qwen_cursor_quotes(const uint8_t *p)
{
    uint64_t  word;

    memcpy(&word, p, 8);

#if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
    word = __builtin_bswap64(word);
#endif

    word ^= 0x2222222222222222ULL;

    return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}


/* Moves behind the closing quote; pos is behind the opening one.  Nearly all
 * strings are short and end in one of the first three words. */
static inline qwen_rc_t
qwen_cursor_string_end(qwen_cursor_t *cursor, qwen_str_t *string)
{
    uint64_t        quotes;
    const uint8_t  *p, *start;

    start = cursor->pos;

    for (p = start; cursor->end - p >= 8 && p - start < 24; p += 8) {
        quotes = qwen_cursor_quotes(p);

        if (quotes == 0) {
            continue;
        }

        p += __builtin_ctzll(quotes) / 8;

        if (p[-1] == '\\') {
            break;
        }

        string->data = start;
        string->len = (size_t) (p - start);
        cursor->pos = p + 1;

        return QWEN_OK;
    }

    cursor->pos = p;

    return qwen_cursor_long_string(cursor, start, string);
}


/* Moves behind a string; QWEN_ERROR: something else, or not ended. */
static inline qwen_rc_t
qwen_cursor_string(qwen_cursor_t *cursor, qwen_str_t *string)
{
    if (qwen_cursor_peek(cursor) != '"') {
        return QWEN_ERROR;
    }

    cursor->pos++;

    return qwen_cursor_string_end(cursor, string);
}


/* Finds the next element of an array, or the next member's name of an object
 * (in qwen_cursor_member()).  QWEN_OK: its value comes next and must be moved
 * over; QWEN_AGAIN: that was the last one, the closing bracket is passed. */
static inline qwen_rc_t
qwen_cursor_next(qwen_cursor_t *cursor, uint8_t bracket)
{
    uint8_t  c;

    c = qwen_cursor_peek(cursor);

    if (c == bracket) {
        cursor->pos++;
        cursor->first = false;
        return QWEN_AGAIN;
    }

    if (cursor->first) {
        cursor->first = false;
        return QWEN_OK;
    }

    if (c != ',') {
        return QWEN_ERROR;
    }

    cursor->pos++;

    return QWEN_OK;
}


static inline qwen_rc_t
qwen_cursor_element(qwen_cursor_t *cursor)
{
    return qwen_cursor_next(cursor, ']');
}


static inline qwen_rc_t
qwen_cursor_member(qwen_cursor_t *cursor, qwen_str_t *name)
{
    qwen_rc_t  rc;

    rc = qwen_cursor_next(cursor, '}');

    if (rc != QWEN_OK) {
        return rc;
    }

    if (qwen_cursor_string(cursor, name) != QWEN_OK
        || qwen_cursor_peek(cursor) != ':')
    {
        return QWEN_ERROR;
    }

    cursor->pos++;

    return QWEN_OK;
}


/* Moves over a value; *string is a string's text, else its data is NULL. */
static inline qwen_rc_t
qwen_cursor_take_string(qwen_cursor_t *cursor, qwen_str_t *string)
{
    if (qwen_cursor_peek(cursor) == '"') {
        cursor->pos++;
        return qwen_cursor_string_end(cursor, string);
    }

    string->data = NULL;
    string->len = 0;

    return qwen_cursor_skip(cursor);
}


#endif /* QWEN_CURSOR_H */
