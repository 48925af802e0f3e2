
/* A whole chain for tests: events of the upstream in, chunks or text out. */

#ifndef QWEN_CHAT_RIG_H
#define QWEN_CHAT_RIG_H


#include "test.h"
#include "qwen_json.h"
#include "qwen_openai_chat.h"
#include "qwen_stage.h"
#include "qwen_web_stream.h"


/* Takes deltas and writes them down, one line each. */
typedef struct {
    qwen_sink_t  sink;
    qwen_buf_t   log;
    size_t       nputs;
    size_t       fail_at;            /* refuse this one, from 1; 0: none */
} rig_log_t;


static const char *const  rig_types[] = {
    "text ", "reasoning ", "image ", "sources", "citations", "usage", "finish"
};


static inline qwen_rc_t
rig_log_put(qwen_sink_t *sink, const qwen_delta_t *delta)
{
    size_t      i;
    rig_log_t  *rig;

    rig = (rig_log_t *) sink;

    if (++rig->nputs == rig->fail_at) {
        return QWEN_ERROR;
    }

    (void) qwen_buf_append(&rig->log, rig_types[delta->type],
                           strlen(rig_types[delta->type]));

    switch (delta->type) {

    case QWEN_DELTA_TEXT:
    case QWEN_DELTA_REASONING:
    case QWEN_DELTA_IMAGE:
        (void) qwen_buf_append_str(&rig->log, delta->text);
        break;

    case QWEN_DELTA_SOURCES:
    case QWEN_DELTA_CITATIONS:

        for (i = 0; i < delta->nsources; i++) {
            (void) qwen_buf_append_literal(&rig->log, " ");
            (void) qwen_buf_append_str(&rig->log, delta->sources[i].url);
            (void) qwen_buf_append_literal(&rig->log, ",");
            (void) qwen_buf_append_str(&rig->log, delta->sources[i].title);
            (void) qwen_buf_append_literal(&rig->log, ",");
            (void) qwen_buf_append_str(&rig->log, delta->sources[i].hostname);

            if (delta->type == QWEN_DELTA_CITATIONS) {
                (void) qwen_buf_append_literal(&rig->log, ",");
                (void) qwen_buf_append_int(&rig->log,
                                           (int64_t) delta->sources[i].start);
                (void) qwen_buf_append_literal(&rig->log, ",");
                (void) qwen_buf_append_int(&rig->log,
                                           (int64_t) delta->sources[i].end);
            }
        }

        break;

    case QWEN_DELTA_USAGE:
        (void) qwen_buf_append_literal(&rig->log, " ");
        (void) qwen_buf_append_int(&rig->log, (int64_t) delta->usage.prompt);
        (void) qwen_buf_append_literal(&rig->log, " ");
        (void) qwen_buf_append_int(&rig->log,
                                   (int64_t) delta->usage.completion);
        (void) qwen_buf_append_literal(&rig->log, " ");
        (void) qwen_buf_append_int(&rig->log,
                                   (int64_t) delta->usage.reasoning);
        break;

    case QWEN_DELTA_FINISH:
        (void) qwen_buf_append_str(&rig->log,
                                   delta->finish == QWEN_FINISH_STOP
                                   ? qwen_literal(" stop")
                                   : qwen_literal(" content_filter"));
        break;
    }

    return qwen_buf_append_literal(&rig->log, "\n");
}


static inline void
rig_log_init(rig_log_t *rig)
{
    memset(rig, 0, sizeof(rig_log_t));

    rig->sink.put = rig_log_put;
    qwen_buf_init(&rig->log, SIZE_MAX);
}


static inline void
rig_log_free(rig_log_t *rig)
{
    qwen_buf_free(&rig->log);
}


/* Gives a stage or a renderer a delta with a text. */
static inline qwen_rc_t
rig_put_text(qwen_sink_t *sink, qwen_delta_type_t type, const char *text)
{
    qwen_delta_t  delta;

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = type;
    delta.text = test_str(text);

    return sink->put(sink, &delta);
}


static inline qwen_rc_t
rig_put_finish(qwen_sink_t *sink, qwen_finish_t finish)
{
    qwen_delta_t  delta;

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = QWEN_DELTA_FINISH;
    delta.finish = finish;

    return sink->put(sink, &delta);
}


static inline qwen_rc_t
rig_put_sources(qwen_sink_t *sink, qwen_delta_type_t type,
    const qwen_source_t *sources, size_t n)
{
    qwen_delta_t  delta;

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = type;
    delta.sources = sources;
    delta.nsources = n;

    return sink->put(sink, &delta);
}


static inline qwen_source_t
rig_source(const char *url, const char *title, const char *hostname)
{
    qwen_source_t  source;

    memset(&source, 0, sizeof(qwen_source_t));

    source.url = test_str(url);
    source.title = test_str(title);
    source.hostname = test_str(hostname);

    return source;
}


#endif /* QWEN_CHAT_RIG_H */
