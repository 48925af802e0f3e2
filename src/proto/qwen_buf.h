
#ifndef QWEN_BUF_H
#define QWEN_BUF_H


#include "qwen_core.h"


/*
 * A growable run of bytes with a cap.  A failed append (cap or memory) leaves
 * the contents as they were and sets "failed", so that a writer may append
 * many times and check once.  A zeroed structure with "max" set is a valid
 * empty buffer that owns nothing.
 */
typedef struct {
    uint8_t  *data;
    size_t    len;
    size_t    size;                  /* allocated */
    size_t    max;                   /* bytes the contents may reach */
    bool      failed;
} qwen_buf_t;


/* Makes buf empty with a cap of max bytes; allocates nothing. */
void qwen_buf_init(qwen_buf_t *buf, size_t max);

/* Frees the memory; the buffer is then empty with the same cap. */
void qwen_buf_free(qwen_buf_t *buf);

/* Empties the buffer, keeps its memory, clears "failed". */
void qwen_buf_reset(qwen_buf_t *buf);

/* Makes room for len more bytes in one allocation.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_buf_reserve(qwen_buf_t *buf, size_t len);

/* Appends bytes.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_buf_append(qwen_buf_t *buf, const void *data, size_t len);

/* Appends a number in decimal.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_buf_append_int(qwen_buf_t *buf, int64_t value);

/* The contents; valid until the buffer changes. */
static inline qwen_str_t
qwen_buf_str(const qwen_buf_t *buf)
{
    return (qwen_str_t) { buf->data, buf->len };
}


static inline qwen_rc_t
qwen_buf_append_str(qwen_buf_t *buf, qwen_str_t s)
{
    return qwen_buf_append(buf, s.data, s.len);
}


#define qwen_buf_append_literal(buf, s)                                       \
    qwen_buf_append(buf, s, sizeof(s) - 1)


#endif /* QWEN_BUF_H */
