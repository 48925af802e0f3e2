
#include "qwen_stage.h"


static qwen_rc_t qwen_think_tags_put(qwen_sink_t *sink,
    const qwen_delta_t *delta);
static qwen_rc_t qwen_think_tags_reasoning(qwen_think_tags_t *stage,
    qwen_str_t text);
static qwen_rc_t qwen_think_tags_close(qwen_think_tags_t *stage);
static qwen_rc_t qwen_think_tags_add(qwen_think_tags_t *stage,
    qwen_str_t text);
static qwen_rc_t qwen_think_tags_citations(qwen_think_tags_t *stage,
    const qwen_delta_t *delta);


void
qwen_think_tags_init(qwen_think_tags_t *stage, bool show, qwen_sink_t *next)
{
    memset(stage, 0, sizeof(qwen_think_tags_t));

    stage->sink.put = qwen_think_tags_put;
    stage->next = next;
    stage->show = show;
}


static qwen_rc_t
qwen_think_tags_put(qwen_sink_t *sink, const qwen_delta_t *delta)
{
    qwen_think_tags_t  *stage;

    stage = (qwen_think_tags_t *) sink;

    switch (delta->type) {

    case QWEN_DELTA_REASONING:
        return qwen_think_tags_reasoning(stage, delta->text);

    case QWEN_DELTA_TEXT:
    case QWEN_DELTA_IMAGE:
    case QWEN_DELTA_FINISH:

        if (stage->open && qwen_think_tags_close(stage) != QWEN_OK) {
            return QWEN_ERROR;
        }

        break;

    case QWEN_DELTA_CITATIONS:

        if (stage->open && qwen_think_tags_close(stage) != QWEN_OK) {
            return QWEN_ERROR;
        }

        return qwen_think_tags_citations(stage, delta);

    default:
        break;
    }

    return stage->next->put(stage->next, delta);
}


static qwen_rc_t
qwen_think_tags_reasoning(qwen_think_tags_t *stage, qwen_str_t text)
{
    if (!stage->show || text.len == 0) {
        return QWEN_OK;
    }

    if (!stage->open) {
        stage->open = true;

        if (qwen_think_tags_add(stage, qwen_literal("<think>\\n\\n"))
            != QWEN_OK)
        {
            return QWEN_ERROR;
        }
    }

    return qwen_think_tags_add(stage, text);
}


static qwen_rc_t
qwen_think_tags_close(qwen_think_tags_t *stage)
{
    stage->open = false;

    return qwen_think_tags_add(stage, qwen_literal("\\n\\n</think>\\n"));
}


static qwen_rc_t
qwen_think_tags_add(qwen_think_tags_t *stage, qwen_str_t text)
{
    qwen_delta_t  delta;

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = QWEN_DELTA_TEXT;
    delta.text = text;

    stage->added += qwen_stage_code_points(text);

    return stage->next->put(stage->next, &delta);
}


/* The cited lines end the text, so all that was added stands before them. */
static qwen_rc_t
qwen_think_tags_citations(qwen_think_tags_t *stage, const qwen_delta_t *delta)
{
    size_t         i;
    qwen_delta_t   moved;
    qwen_source_t  sources[QWEN_STAGE_SOURCES];

    moved = *delta;
    moved.sources = sources;

    if (moved.nsources > QWEN_STAGE_SOURCES) {
        moved.nsources = QWEN_STAGE_SOURCES;
    }

    for (i = 0; i < moved.nsources; i++) {
        sources[i] = delta->sources[i];

        if (sources[i].end) {
            sources[i].start += stage->added;
            sources[i].end += stage->added;
        }
    }

    return stage->next->put(stage->next, &moved);
}
