
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


#define QWEN_WEB_IMAGES  16


/* How much of the cumulative summaries of the thinking was passed on. */
typedef struct {
    size_t           part;           /* index in both arrays */
    size_t           title;          /* bytes of the part's title */
    size_t           thought;        /* bytes of its thought */
    bool             open;           /* the title was not closed yet */
    bool             any;            /* something was passed on */
} qwen_web_summary_t;


typedef struct {
    qwen_sse_t       sse;
    qwen_sink_t     *sink;
    qwen_failure_t   failure;        /* why feed() or end() said QWEN_ERROR */
    bool             finished;       /* the finish event has come */
    bool             delivered;      /* a text, reasoning or image has */

    qwen_text_cleaner_t   text;
    qwen_text_cleaner_t   reasoning;
    qwen_text_cleaner_t   whole;     /* strings that come in one piece */
    qwen_buf_t            strings;   /* clean strings of the sources */
    qwen_web_summary_t    summary;
    uint64_t              images[QWEN_WEB_IMAGES];    /* hashes of URLs */
    unsigned              nimages;
    qwen_usage_t          usage;
    bool                  has_usage;
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
