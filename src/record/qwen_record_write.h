
/* How records are rendered.  What fails, the buffer remembers: it is looked at
 * once, at the end.  Private to this layer. */

#ifndef QWEN_RECORD_WRITE_H
#define QWEN_RECORD_WRITE_H


#include "qwen_record.h"


typedef struct {
    qwen_buf_t              *out;
    const qwen_seal_ring_t  *ring;
    bool                     lines;  /* a line for each member */
} qwen_record_writer_t;


/* The name of the next member, which is escaped, with the comma before it. */
void qwen_record_put_name(qwen_record_writer_t *writer, qwen_str_t name);

/* A member with a text. */
void qwen_record_put_string(qwen_record_writer_t *writer, qwen_str_t name,
    qwen_str_t plain);

/* A member with a number; one of 0 is left out. */
void qwen_record_put_count(qwen_record_writer_t *writer, qwen_str_t name,
    uint64_t count);

/* A member with true or false. */
void qwen_record_put_flag(qwen_record_writer_t *writer, qwen_str_t name,
    bool flag);

/* A string that is kept as a secret. */
void qwen_record_put_secret(qwen_record_writer_t *writer, qwen_str_t context,
    qwen_str_t plain);

/* Other members, as JSON. */
void qwen_record_put_extra(qwen_record_writer_t *writer, qwen_str_t extra);

/* A number in decimal, not above what counts. */
void qwen_record_put_number(qwen_record_writer_t *writer, uint64_t number);

/* Begins a member that is an object; returns what closes it. */
size_t qwen_record_put_object(qwen_record_writer_t *writer, qwen_str_t name);

/* Ends an object; one that is empty is taken back. */
void qwen_record_put_end(qwen_record_writer_t *writer, size_t object);

/* Ends what began at start of the buffer; what failed is taken back. */
qwen_rc_t qwen_record_put_done(qwen_buf_t *out, size_t start);


/* A time is none when it is not after 1970. */
static inline uint64_t
qwen_record_seconds(int64_t time)
{
    return (time > 0) ? (uint64_t) time : 0;
}


#endif /* QWEN_RECORD_WRITE_H */
