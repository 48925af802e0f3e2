
#include "qwen_json.h"
#include "qwen_web_event.h"
#include "qwen_web_extra.h"
#include "qwen_web_failure.h"


/* An event that tells a failure is short. */
#define QWEN_WEB_MAX_FAILURE  (64 * 1024)


static qwen_rc_t qwen_web_stream_event(qwen_web_stream_t *stream,
    qwen_str_t data);
static qwen_rc_t qwen_web_stream_delta(qwen_web_stream_t *stream,
    const qwen_web_event_t *event);
static qwen_rc_t qwen_web_stream_answer(qwen_web_stream_t *stream,
    const qwen_web_event_t *event);
static qwen_rc_t qwen_web_stream_text(qwen_web_stream_t *stream,
    qwen_str_t piece);
static qwen_rc_t qwen_web_stream_refused(qwen_web_stream_t *stream,
    qwen_str_t data);
static qwen_rc_t qwen_web_stream_finish(qwen_web_stream_t *stream,
    qwen_finish_t finish);
static qwen_rc_t qwen_web_stream_put_text(qwen_web_stream_t *stream,
    qwen_delta_type_t type, qwen_str_t text);
static qwen_rc_t qwen_web_stream_put_usage(qwen_web_stream_t *stream);
static qwen_rc_t qwen_web_stream_flush(qwen_web_stream_t *stream,
    qwen_text_cleaner_t *cleaner, qwen_delta_type_t type);


/* A repaired byte may become an escape of six. */
#define QWEN_WEB_REPAIRED  6


#define qwen_web_stream_is(string, constant)                                  \
    (string.len == sizeof(constant) - 1                                       \
     && memcmp(string.data, constant, sizeof(constant) - 1) == 0)


void
qwen_web_stream_init(qwen_web_stream_t *stream, size_t max_event,
    qwen_sink_t *sink)
{
    size_t  max;

    memset(stream, 0, sizeof(qwen_web_stream_t));

    max = (max_event < SIZE_MAX / QWEN_WEB_REPAIRED)
          ? max_event * QWEN_WEB_REPAIRED : SIZE_MAX;

    stream->sink = sink;

    qwen_sse_init(&stream->sse, max_event);
    qwen_text_cleaner_init(&stream->text, max);
    qwen_text_cleaner_init(&stream->reasoning, max);
    qwen_text_cleaner_init(&stream->whole, max);
    qwen_buf_init(&stream->strings, max);
}


void
qwen_web_stream_free(qwen_web_stream_t *stream)
{
    qwen_sse_free(&stream->sse);
    qwen_text_cleaner_free(&stream->text);
    qwen_text_cleaner_free(&stream->reasoning);
    qwen_text_cleaner_free(&stream->whole);
    qwen_buf_free(&stream->strings);
}


qwen_rc_t
qwen_web_stream_feed(qwen_web_stream_t *stream, const uint8_t *data,
    size_t len)
{
    qwen_rc_t   rc;
    qwen_str_t  input, event;

    if (stream->failure.class != QWEN_FAIL_NONE) {
        return QWEN_ERROR;
    }

    input = (qwen_str_t) { data, len };

    for ( ;; ) {
        rc = qwen_sse_next(&stream->sse, &input, &event);

        if (rc == QWEN_AGAIN) {
            return QWEN_OK;
        }

        if (rc == QWEN_ERROR) {
            return stream->finished ? QWEN_OK
                   : qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
        }

        if (qwen_web_stream_event(stream, event) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }
}


qwen_rc_t
qwen_web_stream_end(qwen_web_stream_t *stream)
{
    qwen_str_t  event;

    if (stream->failure.class != QWEN_FAIL_NONE) {
        return QWEN_ERROR;
    }

    if (qwen_sse_end(&stream->sse, &event) == QWEN_OK) {

        /* the closing of a stream may cut its last event */

        if (!stream->finished
            && qwen_web_stream_event(stream, event) != QWEN_OK
            && stream->failure.class != QWEN_FAIL_PROTOCOL)
        {
            return QWEN_ERROR;
        }
    }

    if (stream->finished) {
        return QWEN_OK;
    }

    return qwen_web_stream_fail(stream, stream->delivered
                                        ? QWEN_FAIL_INCOMPLETE
                                        : QWEN_FAIL_EMPTY);
}


static qwen_rc_t
qwen_web_stream_event(qwen_web_stream_t *stream, qwen_str_t data)
{
    qwen_rc_t         rc;
    qwen_usage_t      usage;
    qwen_web_event_t  event;

    if (data.len == 0 || qwen_web_stream_is(data, "[DONE]")) {
        return QWEN_OK;
    }

    usage = stream->usage;

    if (qwen_web_event_read(data, &event, &usage) != QWEN_OK) {
        return stream->finished ? QWEN_OK
               : qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    if (event.has_usage) {
        stream->usage = usage;
        stream->has_usage = true;
    }

    if (stream->finished) {
        return event.has_usage ? qwen_web_stream_put_usage(stream) : QWEN_OK;
    }

    if (event.refused) {
        rc = qwen_web_stream_refused(stream, data);

        if (rc != QWEN_AGAIN) {
            return rc;
        }
    }

    if (event.has_delta) {
        return qwen_web_stream_delta(stream, &event);
    }

    return QWEN_OK;
}


/* Unknown phases are passed over. */
static qwen_rc_t
qwen_web_stream_delta(qwen_web_stream_t *stream,
    const qwen_web_event_t *event)
{
    qwen_str_t  phase;

    phase = event->phase;

    if (qwen_web_stream_is(event->name, "web_search")
        || qwen_web_stream_is(phase, "web_search"))
    {
        return qwen_web_extra_sources(stream, event->extra);
    }

    if (phase.len == 0 || qwen_web_stream_is(phase, "answer")) {
        return qwen_web_stream_answer(stream, event);
    }

    if (qwen_web_stream_is(phase, "think")) {
        return qwen_web_stream_pass(stream, QWEN_DELTA_REASONING,
                                    event->content);
    }

    if (qwen_web_stream_is(phase, "thinking_summary")) {
        return qwen_web_summary(stream, event->extra);
    }

    if (qwen_web_stream_is(phase, "image_gen")) {
        return qwen_web_extra_image(stream, event->content);
    }

    if (qwen_web_stream_is(phase, "image_gen_tool")) {
        return qwen_web_extra_images(stream, event->extra);
    }

    return QWEN_OK;
}


static qwen_rc_t
qwen_web_stream_answer(qwen_web_stream_t *stream,
    const qwen_web_event_t *event)
{
    /* what a function gave back is no text of the answer */

    if (qwen_web_stream_is(event->role, "function")
        || qwen_web_stream_is(event->role, "tool"))
    {
        return QWEN_OK;
    }

    if (event->content.len
        && qwen_web_stream_text(stream, event->content) != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    if (qwen_web_stream_is(event->status, "finished")) {
        return qwen_web_stream_finish(stream, QWEN_FINISH_STOP);
    }

    return QWEN_OK;
}


static qwen_rc_t
qwen_web_stream_text(qwen_web_stream_t *stream, qwen_str_t piece)
{
    if (stream->summary.open && qwen_web_summary_end(stream) != QWEN_OK) {
        return QWEN_ERROR;
    }

    if (stream->reasoning.high
        && qwen_web_stream_flush(stream, &stream->reasoning,
                                 QWEN_DELTA_REASONING)
           != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    return qwen_web_stream_pass(stream, QWEN_DELTA_TEXT, piece);
}


qwen_rc_t
qwen_web_stream_pass(qwen_web_stream_t *stream, qwen_delta_type_t type,
    qwen_str_t piece)
{
    qwen_str_t            clean;
    qwen_text_cleaner_t  *cleaner;

    if (piece.len == 0) {
        return QWEN_OK;
    }

    cleaner = (type == QWEN_DELTA_TEXT) ? &stream->text : &stream->reasoning;

    if (qwen_text_clean(cleaner, piece, &clean) != QWEN_OK) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    return qwen_web_stream_put_text(stream, type, clean);
}


static qwen_rc_t
qwen_web_stream_put_text(qwen_web_stream_t *stream, qwen_delta_type_t type,
    qwen_str_t text)
{
    qwen_delta_t  delta;

    if (text.len == 0) {
        return QWEN_OK;
    }

    stream->delivered = true;

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = type;
    delta.text = text;

    if (stream->sink->put(stream->sink, &delta) != QWEN_OK) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    return QWEN_OK;
}


/* Passes on a replacement for a high surrogate that still waits. */
static qwen_rc_t
qwen_web_stream_flush(qwen_web_stream_t *stream, qwen_text_cleaner_t *cleaner,
    qwen_delta_type_t type)
{
    qwen_str_t  rest;

    qwen_text_clean_end(cleaner, &rest);

    return qwen_web_stream_put_text(stream, type, rest);
}


/* QWEN_AGAIN: the event tells no failure. */
static qwen_rc_t
qwen_web_stream_refused(qwen_web_stream_t *stream, qwen_str_t data)
{
    cJSON           *root;
    qwen_failure_t   failure;

    if (data.len > QWEN_WEB_MAX_FAILURE) {
        return QWEN_AGAIN;
    }

    root = qwen_json_parse(data);

    if (root == NULL) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    failure = qwen_web_failure_object(root);

    cJSON_Delete(root);

    if (failure.class == QWEN_FAIL_NONE) {
        return QWEN_AGAIN;
    }

    if (failure.class == QWEN_FAIL_CONTENT_FILTER && stream->delivered) {
        return qwen_web_stream_finish(stream, QWEN_FINISH_CONTENT_FILTER);
    }

    stream->failure = failure;

    return QWEN_ERROR;
}


static qwen_rc_t
qwen_web_stream_finish(qwen_web_stream_t *stream, qwen_finish_t finish)
{
    qwen_delta_t  delta;

    if (qwen_web_summary_end(stream) != QWEN_OK
        || qwen_web_stream_flush(stream, &stream->reasoning,
                                 QWEN_DELTA_REASONING)
           != QWEN_OK
        || qwen_web_stream_flush(stream, &stream->text, QWEN_DELTA_TEXT)
           != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    if (!stream->delivered) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_EMPTY);
    }

    if (stream->has_usage && qwen_web_stream_put_usage(stream) != QWEN_OK) {
        return QWEN_ERROR;
    }

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = QWEN_DELTA_FINISH;
    delta.finish = finish;

    if (stream->sink->put(stream->sink, &delta) != QWEN_OK) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    stream->finished = true;

    return QWEN_OK;
}


static qwen_rc_t
qwen_web_stream_put_usage(qwen_web_stream_t *stream)
{
    qwen_delta_t  delta;

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = QWEN_DELTA_USAGE;
    delta.usage = stream->usage;

    if (stream->sink->put(stream->sink, &delta) != QWEN_OK) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_web_stream_fail(qwen_web_stream_t *stream, qwen_fail_class_t class)
{
    stream->failure.class = class;
    stream->failure.hours = 0;

    return QWEN_ERROR;
}
