
#include <stdlib.h>

#include "qwen_buf.h"


#define QWEN_BUF_MIN_SIZE  64


void
qwen_buf_init(qwen_buf_t *buf, size_t max)
{
    *buf = (qwen_buf_t) { .max = max };
}


void
qwen_buf_free(qwen_buf_t *buf)
{
    free(buf->data);

    qwen_buf_init(buf, buf->max);
}


void
qwen_buf_reset(qwen_buf_t *buf)
{
    buf->len = 0;
    buf->failed = false;
}


qwen_rc_t
qwen_buf_reserve(qwen_buf_t *buf, size_t len)
{
    size_t    size;
    uint8_t  *data;

    if (buf->failed || len > buf->max || buf->len > buf->max - len) {
        buf->failed = true;
        return QWEN_ERROR;
    }

    size = buf->len + len;

    if (size <= buf->size) {
        return QWEN_OK;
    }

    /* the first allocation is exact, the next ones make growth linear */

    if (buf->size > size / 2) {
        size = (buf->size < buf->max / 2) ? buf->size * 2 : buf->max;
    }

    data = realloc(buf->data, size);

    if (data == NULL) {
        buf->failed = true;
        return QWEN_ERROR;
    }

    buf->data = data;
    buf->size = size;

    return QWEN_OK;
}


qwen_rc_t
qwen_buf_append(qwen_buf_t *buf, const void *data, size_t len)
{
    size_t  room;

    if (buf->failed) {
        return QWEN_ERROR;
    }

    if (len > buf->size - buf->len) {

        room = len;

        if (room < QWEN_BUF_MIN_SIZE && buf->size == 0
            && buf->max >= QWEN_BUF_MIN_SIZE)
        {
            room = QWEN_BUF_MIN_SIZE;
        }

        if (qwen_buf_reserve(buf, room) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }

    if (len) {
        memcpy(buf->data + buf->len, data, len);
        buf->len += len;
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_buf_append_int(qwen_buf_t *buf, int64_t value)
{
    char      digits[20], *p;
    uint64_t  rest;

    p = digits + sizeof(digits);
    rest = (value < 0) ? 0 - (uint64_t) value : (uint64_t) value;

    do {
        *--p = (char) ('0' + rest % 10);
        rest /= 10;
    } while (rest);

    if (value < 0) {
        *--p = '-';
    }

    return qwen_buf_append(buf, p, (size_t) (digits + sizeof(digits) - p));
}
