
/*
 * Stages: deltas in, deltas out.  Each is a sink with a next sink, and passes
 * on what it does not change.
 */

#ifndef QWEN_STAGE_H
#define QWEN_STAGE_H


#include "qwen_buf.h"
#include "qwen_delta.h"


#define QWEN_STAGE_SOURCES  100      /* more of them are left out */


/*
 * Thinking put into the text, between <think> tags, or left out.  What it puts
 * into the text moves the places of later citations.
 */
typedef struct {
    qwen_sink_t    sink;             /* must be first */
    qwen_sink_t   *next;
    bool           show;             /* false: reasoning is left out */
    bool           open;             /* <think> was written */
    uint64_t       added;            /* code points put into the text */
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

    qwen_buf_t     strings;          /* of the sources */
    qwen_source_t  sources[QWEN_STAGE_SOURCES];
    size_t         nsources;
    uint64_t       text;             /* code points of the text so far */
    bool           reasoned;         /* a reasoning has come */
    bool           told;             /* the sources are in the text */
} qwen_search_info_t;

void qwen_search_info_init(qwen_search_info_t *stage, bool table,
    bool reasoning, qwen_sink_t *next);
void qwen_search_info_free(qwen_search_info_t *stage);


/* The number of code points that clean escaped text means. */
uint64_t qwen_stage_code_points(qwen_str_t text);


#endif /* QWEN_STAGE_H */
