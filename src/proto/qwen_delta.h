
/*
 * A piece of an answer, whatever provider it comes from and whatever dialect
 * it will be told in.  Texts are escaped (see qwen_text.h), clean, and valid
 * until the call returns.
 */

#ifndef QWEN_DELTA_H
#define QWEN_DELTA_H


#include "qwen_core.h"


typedef enum {
    QWEN_DELTA_TEXT = 0,             /* text */
    QWEN_DELTA_REASONING,            /* text */
    QWEN_DELTA_IMAGE,                /* text: the picture's URL */
    QWEN_DELTA_SOURCES,              /* sources: replace the former ones */
    QWEN_DELTA_CITATIONS,            /* sources with their places in the
                                        text; made by the search stage */
    QWEN_DELTA_USAGE,                /* usage: replaces the former counts */
    QWEN_DELTA_FINISH                /* finish: the answer is complete */
} qwen_delta_type_t;


typedef enum {
    QWEN_FINISH_STOP = 0,
    QWEN_FINISH_CONTENT_FILTER
} qwen_finish_t;


/* What stands around a picture's URL where an answer is text only. */
#define QWEN_IMAGE_BEFORE  "![image]("
#define QWEN_IMAGE_AFTER   ")\\n\\n"


/* A page that the web search found. */
typedef struct {
    qwen_str_t   url;
    qwen_str_t   title;
    qwen_str_t   hostname;
    uint64_t     start;              /* place of its line in the answer's */
    uint64_t     end;                /* text, in code points; both 0: none */
} qwen_source_t;


typedef struct {
    uint64_t     prompt;             /* tokens */
    uint64_t     completion;
    uint64_t     reasoning;          /* part of completion */
    bool         estimated;          /* by qwen_usage_estimate() */
} qwen_usage_t;


typedef struct {
    qwen_delta_type_t      type;
    qwen_str_t             text;
    const qwen_source_t   *sources;
    size_t                 nsources;
    qwen_usage_t           usage;
    qwen_finish_t          finish;
} qwen_delta_t;


/*
 * Takes deltas.  A stage is a sink that has a next one; the structure is the
 * first member of what implements it.  put() answers QWEN_OK, or QWEN_ERROR
 * when a cap or memory ran out: the answer cannot be continued then.
 */
typedef struct qwen_sink_s  qwen_sink_t;

struct qwen_sink_s {
    qwen_rc_t  (*put)(qwen_sink_t *sink, const qwen_delta_t *delta);
};


/* Counts for an answer whose provider sent none: one token for each four
 * bytes of plain UTF-8, rounded up, reasoning included in completion. */
qwen_usage_t qwen_usage_estimate(uint64_t prompt_bytes, uint64_t text_bytes,
    uint64_t reasoning_bytes);


#endif /* QWEN_DELTA_H */
