
/*
 * Stages: deltas in, deltas out.  Each is a sink with a next sink, and passes
 * on what it does not change.
 */

#ifndef QWEN_STAGE_H
#define QWEN_STAGE_H


#include "qwen_buf.h"
#include "qwen_delta.h"


/*
 * Thinking put into the text, between <think> tags, or left out.  What it puts
 * into the text moves the places of later citations.
 */
typedef struct {
    qwen_sink_t    sink;             /* must be first */
    qwen_sink_t   *next;
    bool           show;             /* false: reasoning is left out */
    bool           open;             /* <think> was written */
} qwen_think_tags_t;

void qwen_think_tags_init(qwen_think_tags_t *stage, bool show,
    qwen_sink_t *next);


/*
 * The sources of a web search told in the text: as a table or a list before
 * the reasoning, or, without shown reasoning, as a list after the answer; and
 * as QWEN_DELTA_CITATIONS before the finish.
 */
typedef struct {
    qwen_sink_t    sink;             /* must be first */
    qwen_sink_t   *next;
    bool           table;            /* else text */
    bool           reasoning;        /* reasoning will be shown */
    /* The implementer adds the copied sources and the count of code points
     * here. */
} qwen_search_info_t;

void qwen_search_info_init(qwen_search_info_t *stage, bool table,
    bool reasoning, qwen_sink_t *next);
void qwen_search_info_free(qwen_search_info_t *stage);


#endif /* QWEN_STAGE_H */
