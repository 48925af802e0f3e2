
/* Memory with one owner: what was read together is freed together, and wiped,
 * as there are secrets in it. */

#ifndef QWEN_MEMORY_H
#define QWEN_MEMORY_H


#include "qwen_core.h"


typedef struct qwen_memory_chunk_s  qwen_memory_chunk_t;

typedef struct {
    qwen_memory_chunk_t  *chunks;    /* the first one has room */
    size_t                size;      /* of all chunks */
    size_t                max;
} qwen_memory_t;


/* Makes it empty with a cap of max bytes; allocates nothing. */
void qwen_memory_init(qwen_memory_t *memory, size_t max);

/* Wipes and frees all that was allocated; it is then empty, with the same
 * cap. */
void qwen_memory_free(qwen_memory_t *memory);

/* Zeroed memory, aligned for any type; NULL: the cap, or no memory. */
void *qwen_memory_alloc(qwen_memory_t *memory, size_t len);

/* Memory for n elements of a size; NULL: the cap, or no memory. */
void *qwen_memory_array(qwen_memory_t *memory, size_t n, size_t size);

/* Copies bytes; false: the cap, or no memory. */
bool qwen_memory_copy(qwen_memory_t *memory, qwen_str_t from, qwen_str_t *to);


#endif /* QWEN_MEMORY_H */
