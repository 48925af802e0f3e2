
/*
 * An incremental reader of server-sent events, as the WHATWG HTML standard
 * defines the stream: LF, CRLF or CR ends a line, a blank line ends an event,
 * "data" lines are joined by LF, comments and other fields are passed over.
 */

#ifndef QWEN_SSE_H
#define QWEN_SSE_H


#include "qwen_buf.h"


typedef struct {
    qwen_buf_t  pending;             /* bytes of an event that came in pieces;
                                        owns memory only while one does */
    uint8_t     state;
    uint8_t     matched;             /* bytes of "data" or of the BOM */
    bool        has_data;            /* the event has a line of data */
    bool        given;               /* pending was the last event */
} qwen_sse_t;


/* Prepares a reader; max is the cap of one event's data in bytes. */
void qwen_sse_init(qwen_sse_t *sse, size_t max);
void qwen_sse_free(qwen_sse_t *sse);

/*
 * Reads from *input and advances it.  QWEN_OK: *event is the data of one
 * event, valid until the next call and, when the event lay whole in the
 * input, a slice of it; call again for the next one.  QWEN_AGAIN: the input
 * is used up.  QWEN_ERROR: an event above the cap, or no memory.
 */
qwen_rc_t qwen_sse_next(qwen_sse_t *sse, qwen_str_t *input, qwen_str_t *event);

/*
 * At the end of the stream: QWEN_OK with an event whose blank line was
 * missing, else QWEN_AGAIN, or QWEN_ERROR as above.
 */
qwen_rc_t qwen_sse_end(qwen_sse_t *sse, qwen_str_t *event);


#endif /* QWEN_SSE_H */
