
/* What the fuzz targets share. */

#ifndef QWEN_FUZZ_H
#define QWEN_FUZZ_H


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qwen_core.h"


/* Unlike assert() it is never compiled away. */
#define fuzz_assert(condition)                                                \
    ((condition) ? (void) 0 : fuzz_fail(#condition, __FILE__, __LINE__))


static inline void
fuzz_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}


/*
 * How an input is cut.  The first byte of the input is the seed: 0 leaves the
 * rest whole, 1 makes single bytes of it.
 */
typedef struct {
    uint32_t  seed;
} fuzz_cut_t;


static inline size_t
fuzz_cut_next(fuzz_cut_t *cut, size_t left)
{
    size_t  len;

    if (cut->seed < 2) {
        return cut->seed ? 1 : left;
    }

    cut->seed = cut->seed * 1664525 + 1013904223;
    len = 1 + (cut->seed >> 16) % ((cut->seed >> 28) ? 8 : 100);

    /* the two special seeds are not met by chance */

    cut->seed |= 2;

    return (len < left) ? len : left;
}


/* A copy of exactly these bytes, so that reads behind them are found. */
static inline uint8_t *
fuzz_copy(const uint8_t *data, size_t len)
{
    uint8_t  *copy;

    copy = malloc(len ? len : 1);

    if (copy == NULL) {
        abort();
    }

    if (len) {
        memcpy(copy, data, len);
    }

    return copy;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#endif /* QWEN_FUZZ_H */
