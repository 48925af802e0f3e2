
/* What the unit tests share. */

#ifndef QWEN_TEST_H
#define QWEN_TEST_H


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "qwen_core.h"


/* The number of elements of an array. */
#define test_count(array)  (sizeof(array) / sizeof((array)[0]))


static inline qwen_str_t
test_str(const char *text)
{
    return (qwen_str_t) { (const uint8_t *) text, strlen(text) };
}


#define test_assert_str(str, text)                                            \
    test_assert_bytes(str, text, strlen(text))

#define test_assert_bytes(str, bytes, n)                                      \
    do {                                                                      \
        qwen_str_t  got_ = (str);                                             \
                                                                              \
        assert_int_equal(got_.len, n);                                        \
                                                                              \
        if (got_.len) {                                                       \
            assert_memory_equal(got_.data, bytes, got_.len);                  \
        }                                                                     \
    } while (0)


/*
 * A copy of exactly these bytes in memory of their own, so that a sanitizer
 * sees a read behind them, or after they were freed.
 */
static inline uint8_t *
test_copy(const void *data, size_t len)
{
    uint8_t  *copy;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);

    if (len) {
        memcpy(copy, data, len);
    }

    return copy;
}


#endif /* QWEN_TEST_H */
