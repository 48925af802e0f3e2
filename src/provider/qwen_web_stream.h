
/*
 * The stream of a completion: bytes in, deltas out.  This is the hot path: an
 * event is read by a scanner that looks only for what it needs and builds no
 * tree, and its text goes on as the escaped slice it came as.
 */

#ifndef QWEN_WEB_STREAM_H
#define QWEN_WEB_STREAM_H


#include "qwen_delta.h"
#include "qwen_failure.h"
#include "qwen_sse.h"
#include "qwen_text.h"


typedef struct {
    qwen_sse_t       sse;
    qwen_sink_t     *sink;
    qwen_failure_t   failure;        /* why feed() or end() said QWEN_ERROR */
    bool             finished;       /* the finish event has come */
    bool             delivered;      /* a text, reasoning or image has */
    /* The implementer adds the parser's state here. */
} qwen_web_stream_t;


/* Prepares a stream that gives its deltas to sink; max_event is the cap of an
 * event in bytes. */
void qwen_web_stream_init(qwen_web_stream_t *stream, size_t max_event,
    qwen_sink_t *sink);
void qwen_web_stream_free(qwen_web_stream_t *stream);

/* Reads bytes.  QWEN_OK: all taken (after the finish event the rest is only
 * read for its usage).  QWEN_ERROR: see stream->failure; what was delivered
 * before stays delivered. */
qwen_rc_t qwen_web_stream_feed(qwen_web_stream_t *stream,
    const uint8_t *data, size_t len);

/* The upstream has closed.  QWEN_OK: the answer is complete.  QWEN_ERROR: see
 * stream->failure, EMPTY without any delta, INCOMPLETE after one. */
qwen_rc_t qwen_web_stream_end(qwen_web_stream_t *stream);


#endif /* QWEN_WEB_STREAM_H */
