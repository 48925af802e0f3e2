
/*
 * The types that every plain layer shares.  The plain layers (proto, dialect,
 * stage, provider, record) are C11 without nginx: they can be linked into
 * anything.
 */

#ifndef QWEN_CORE_H
#define QWEN_CORE_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>


/*
 * Bytes with a length, never terminated, never owned: who hands one out says
 * how long it lives.
 */
typedef struct {
    const uint8_t  *data;
    size_t          len;
} qwen_str_t;

#define qwen_string(s)    { (const uint8_t *) (s), sizeof(s) - 1 }
#define qwen_literal(s)                                                       \
    ((qwen_str_t) { (const uint8_t *) (s), sizeof(s) - 1 })


/*
 * What a resumable function answers: done, more input is needed, or the input
 * cannot be used (or memory or a cap ran out); an object that has answered
 * QWEN_ERROR answers it for good.
 */
typedef enum {
    QWEN_OK = 0,
    QWEN_AGAIN,
    QWEN_ERROR
} qwen_rc_t;


static inline bool
qwen_str_eq(qwen_str_t a, qwen_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


#endif /* QWEN_CORE_H */
