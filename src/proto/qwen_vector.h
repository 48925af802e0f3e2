
/* Sixteen bytes at once, in vectors of the compiler (GCC and clang know them on
 * every machine). */

#ifndef QWEN_VECTOR_H
#define QWEN_VECTOR_H


#include "qwen_core.h"


#define QWEN_VECTOR_LEN  16


typedef uint8_t  qwen_vector_t  __attribute__((vector_size(QWEN_VECTOR_LEN)));


static inline qwen_vector_t
qwen_vector_load(const uint8_t *p)
{
    qwen_vector_t  vector;

    memcpy(&vector, p, sizeof(vector));

    return vector;
}


/* The byte in each place. */
static inline qwen_vector_t
qwen_vector_all(uint8_t b)
{
    return (qwen_vector_t) { b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b };
}


/* Comparisons give 0xff for true and 0 for false. */

static inline qwen_vector_t
qwen_vector_equal(qwen_vector_t vector, uint8_t b)
{
    return (qwen_vector_t) (vector == qwen_vector_all(b));
}


static inline qwen_vector_t
qwen_vector_at_least(qwen_vector_t vector, uint8_t b)
{
    return (qwen_vector_t) (vector >= qwen_vector_all(b));
}


static inline bool
qwen_vector_any(qwen_vector_t vector)
{
    uint64_t  words[2];

    memcpy(words, &vector, sizeof(words));

    return (words[0] | words[1]) != 0;
}


#endif /* QWEN_VECTOR_H */
