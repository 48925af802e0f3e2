
#include "qwen_search_line.h"
#include "qwen_stage.h"


#define QWEN_SEARCH_STRINGS_MAX  (256 * 1024)
#define QWEN_SEARCH_LINES_MAX    (4 * 1024 * 1024)


static qwen_rc_t qwen_search_info_put(qwen_sink_t *sink,
    const qwen_delta_t *delta);
static qwen_rc_t qwen_search_info_sources(qwen_search_info_t *stage,
    const qwen_delta_t *delta);
static void qwen_search_info_copy(qwen_search_info_t *stage,
    const qwen_delta_t *delta);
static qwen_str_t qwen_search_info_keep(qwen_search_info_t *stage,
    qwen_str_t string);
static qwen_rc_t qwen_search_info_reasoning(qwen_search_info_t *stage,
    const qwen_delta_t *delta);
static qwen_rc_t qwen_search_info_finish(qwen_search_info_t *stage,
    const qwen_delta_t *delta);
static qwen_rc_t qwen_search_info_append(qwen_search_info_t *stage);
static qwen_rc_t qwen_search_info_tell(qwen_search_info_t *stage,
    qwen_delta_type_t type, const qwen_buf_t *text);


void
qwen_search_info_init(qwen_search_info_t *stage, bool table, bool reasoning,
    qwen_sink_t *next)
{
    memset(stage, 0, sizeof(qwen_search_info_t));

    stage->sink.put = qwen_search_info_put;
    stage->next = next;
    stage->table = table;
    stage->reasoning = reasoning;

    qwen_buf_init(&stage->strings, QWEN_SEARCH_STRINGS_MAX);
}


void
qwen_search_info_free(qwen_search_info_t *stage)
{
    qwen_buf_free(&stage->strings);
}


static qwen_rc_t
qwen_search_info_put(qwen_sink_t *sink, const qwen_delta_t *delta)
{
    qwen_search_info_t  *stage;

    stage = (qwen_search_info_t *) sink;

    switch (delta->type) {

    case QWEN_DELTA_SOURCES:
        return qwen_search_info_sources(stage, delta);

    case QWEN_DELTA_REASONING:
        return qwen_search_info_reasoning(stage, delta);

    case QWEN_DELTA_FINISH:
        return qwen_search_info_finish(stage, delta);

    case QWEN_DELTA_TEXT:
        stage->text += qwen_stage_code_points(delta->text);
        break;

    case QWEN_DELTA_IMAGE:
        stage->text += qwen_stage_code_points(
                                           qwen_literal(QWEN_IMAGE_BEFORE));
        stage->text += qwen_stage_code_points(delta->text);
        stage->text += qwen_stage_code_points(
                                            qwen_literal(QWEN_IMAGE_AFTER));
        break;

    default:
        break;
    }

    return stage->next->put(stage->next, delta);
}


/* Copies the sources, as they are told later: first the room for all strings,
 * so that none moves when the next one comes. */
static qwen_rc_t
qwen_search_info_sources(qwen_search_info_t *stage, const qwen_delta_t *delta)
{
    size_t                i, len;
    const qwen_source_t  *source;

    len = 0;

    for (i = 0; i < delta->nsources && i < QWEN_STAGE_SOURCES; i++) {
        source = &delta->sources[i];
        len += source->url.len + source->title.len + source->hostname.len;

        if (len > stage->strings.max) {
            len -= source->url.len + source->title.len
                   + source->hostname.len;
            break;
        }
    }

    stage->nsources = 0;

    qwen_buf_reset(&stage->strings);

    if (qwen_buf_reserve(&stage->strings, len) != QWEN_OK) {
        return QWEN_ERROR;
    }

    stage->nsources = i;

    qwen_search_info_copy(stage, delta);

    return QWEN_OK;
}


static void
qwen_search_info_copy(qwen_search_info_t *stage, const qwen_delta_t *delta)
{
    size_t          i;
    qwen_source_t  *source;

    for (i = 0; i < stage->nsources; i++) {
        source = &stage->sources[i];

        source->url = qwen_search_info_keep(stage, delta->sources[i].url);
        source->title = qwen_search_info_keep(stage,
                                              delta->sources[i].title);
        source->hostname = qwen_search_info_keep(stage,
                                                 delta->sources[i].hostname);
        source->start = 0;
        source->end = 0;

        if (source->title.len == 0) {
            source->title = source->url;
        }
    }
}


static qwen_str_t
qwen_search_info_keep(qwen_search_info_t *stage, qwen_str_t string)
{
    size_t  start;

    start = stage->strings.len;

    (void) qwen_buf_append_str(&stage->strings, string);

    return (qwen_str_t) { string.len ? stage->strings.data + start : NULL,
                          string.len };
}


/* The first reasoning is preceded by the sources that are known then. */
static qwen_rc_t
qwen_search_info_reasoning(qwen_search_info_t *stage,
    const qwen_delta_t *delta)
{
    size_t      i;
    qwen_rc_t   rc;
    qwen_buf_t  lines;

    if (!stage->reasoning || stage->reasoned || stage->nsources == 0) {
        stage->reasoned = true;
        return stage->next->put(stage->next, delta);
    }

    stage->reasoned = true;
    stage->told = true;

    qwen_buf_init(&lines, QWEN_SEARCH_LINES_MAX);

    if (stage->table) {
        qwen_search_line_head(&lines);
    }

    for (i = 0; i < stage->nsources; i++) {
        qwen_search_line(&lines, &stage->sources[i], i + 1, stage->table);
    }

    (void) qwen_buf_append_literal(&lines, "\\n\\n");

    rc = qwen_search_info_tell(stage, QWEN_DELTA_REASONING, &lines);

    qwen_buf_free(&lines);

    if (rc != QWEN_OK) {
        return QWEN_ERROR;
    }

    return stage->next->put(stage->next, delta);
}


static qwen_rc_t
qwen_search_info_finish(qwen_search_info_t *stage, const qwen_delta_t *delta)
{
    qwen_delta_t  citations;

    if (stage->nsources) {

        if (!stage->told && stage->text
            && qwen_search_info_append(stage) != QWEN_OK)
        {
            return QWEN_ERROR;
        }

        memset(&citations, 0, sizeof(qwen_delta_t));

        citations.type = QWEN_DELTA_CITATIONS;
        citations.sources = stage->sources;
        citations.nsources = stage->nsources;

        if (stage->next->put(stage->next, &citations) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }

    return stage->next->put(stage->next, delta);
}


/* The list behind the answer; its lines are what the citations point at, each
 * without its newline. */
static qwen_rc_t
qwen_search_info_append(qwen_search_info_t *stage)
{
    size_t          i, start;
    qwen_rc_t       rc;
    qwen_str_t      line;
    qwen_buf_t      lines;
    qwen_source_t  *source;

    stage->told = true;

    qwen_buf_init(&lines, QWEN_SEARCH_LINES_MAX);

    (void) qwen_buf_append_literal(&lines, "\\n\\n---\\n");
    stage->text += sizeof("\n\n---\n") - 1;

    for (i = 0; i < stage->nsources; i++) {
        start = lines.len;
        source = &stage->sources[i];

        qwen_search_line(&lines, source, i + 1, false);

        if (lines.failed) {
            break;
        }

        line = (qwen_str_t) { lines.data + start, lines.len - start };

        source->start = stage->text;
        stage->text += qwen_stage_code_points(line);
        source->end = stage->text - 1;
    }

    rc = qwen_search_info_tell(stage, QWEN_DELTA_TEXT, &lines);

    qwen_buf_free(&lines);

    return rc;
}


static qwen_rc_t
qwen_search_info_tell(qwen_search_info_t *stage, qwen_delta_type_t type,
    const qwen_buf_t *text)
{
    qwen_delta_t  delta;

    if (text->failed) {
        return QWEN_ERROR;
    }

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = type;
    delta.text = qwen_buf_str(text);

    return stage->next->put(stage->next, &delta);
}
