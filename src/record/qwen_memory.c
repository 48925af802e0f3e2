
#include <stdlib.h>

#include <openssl/crypto.h>

#include "qwen_memory.h"


#define QWEN_MEMORY_CHUNK  (16 * 1024)


struct qwen_memory_chunk_s {
    qwen_memory_chunk_t  *next;
    size_t                size;
    size_t                used;
    max_align_t           data[];
};


void
qwen_memory_init(qwen_memory_t *memory, size_t max)
{
    *memory = (qwen_memory_t) { .max = max };
}


void
qwen_memory_free(qwen_memory_t *memory)
{
    qwen_memory_chunk_t  *chunk, *next;

    for (chunk = memory->chunks; chunk; chunk = next) {
        next = chunk->next;

        OPENSSL_cleanse(chunk->data, chunk->used);
        free(chunk);
    }

    qwen_memory_init(memory, memory->max);
}


/* What is larger than a chunk gets one of its own; the last chunk that has
 * room stays the first one. */
static qwen_memory_chunk_t *
qwen_memory_chunk(qwen_memory_t *memory, size_t len)
{
    size_t                size, left;
    qwen_memory_chunk_t  *chunk, **place;

    left = memory->max - memory->size;
    size = (len > QWEN_MEMORY_CHUNK) ? len : QWEN_MEMORY_CHUNK;

    if (size > left) {
        size = left;
    }

    if (len > size || size > SIZE_MAX - sizeof(qwen_memory_chunk_t)) {
        return NULL;
    }

    chunk = calloc(1, sizeof(qwen_memory_chunk_t) + size);

    if (chunk == NULL) {
        return NULL;
    }

    place = &memory->chunks;

    if (*place && len > QWEN_MEMORY_CHUNK) {
        place = &(*place)->next;
    }

    chunk->size = size;
    chunk->next = *place;
    *place = chunk;
    memory->size += size;

    return chunk;
}


void *
qwen_memory_alloc(qwen_memory_t *memory, size_t len)
{
    uint8_t              *data;
    qwen_memory_chunk_t  *chunk;

    if (len > SIZE_MAX - sizeof(max_align_t)) {
        return NULL;
    }

    len = (len + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    chunk = memory->chunks;

    if (chunk == NULL || len > chunk->size - chunk->used) {
        chunk = qwen_memory_chunk(memory, len);

        if (chunk == NULL) {
            return NULL;
        }
    }

    data = (uint8_t *) chunk->data + chunk->used;
    chunk->used += len;

    return data;
}


void *
qwen_memory_array(qwen_memory_t *memory, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size) {
        return NULL;
    }

    return qwen_memory_alloc(memory, n * size);
}


bool
qwen_memory_copy(qwen_memory_t *memory, qwen_str_t from, qwen_str_t *to)
{
    uint8_t  *data;

    if (from.len == 0) {
        *to = (qwen_str_t) { NULL, 0 };
        return true;
    }

    data = qwen_memory_alloc(memory, from.len);

    if (data == NULL) {
        return false;
    }

    memcpy(data, from.data, from.len);
    *to = (qwen_str_t) { data, from.len };

    return true;
}
