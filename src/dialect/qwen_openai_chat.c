
#include "qwen_openai_chat_end.h"
#include "qwen_text.h"


/* A hundred citations of the longest sources. */
#define QWEN_OPENAI_ANNOTATIONS_MAX  (1024 * 1024)


static qwen_rc_t qwen_openai_chat_parts(qwen_openai_chat_t *chat,
    const qwen_openai_chat_options_t *options);
static void qwen_openai_chat_head(qwen_buf_t *out,
    const qwen_openai_chat_options_t *options);
static qwen_rc_t qwen_openai_chat_put(qwen_sink_t *sink,
    const qwen_delta_t *delta);
static qwen_rc_t qwen_openai_chat_text(qwen_openai_chat_t *chat,
    const qwen_delta_t *delta);
static qwen_rc_t qwen_openai_chat_chunk(qwen_openai_chat_t *chat,
    qwen_str_t head, qwen_str_t text);
static qwen_rc_t qwen_openai_chat_collect(qwen_openai_chat_t *chat,
    qwen_buf_t *collected, qwen_str_t text);
static qwen_rc_t qwen_openai_chat_image(qwen_openai_chat_t *chat,
    qwen_str_t url);


qwen_rc_t
qwen_openai_chat_init(qwen_openai_chat_t *chat,
    const qwen_openai_chat_options_t *options, qwen_buf_t *out)
{
    memset(chat, 0, sizeof(qwen_openai_chat_t));

    chat->sink.put = qwen_openai_chat_put;
    chat->out = out;
    chat->stream = options->stream;
    chat->usage_chunk = options->usage_chunk;
    chat->max_answer = options->max_answer;

    qwen_buf_init(&chat->parts, SIZE_MAX);
    qwen_buf_init(&chat->texts, options->max_answer);
    qwen_buf_init(&chat->reasonings, options->max_answer);
    qwen_buf_init(&chat->annotations, QWEN_OPENAI_ANNOTATIONS_MAX);

    return qwen_openai_chat_parts(chat, options);
}


/*
 * All chunks of an answer share their beginning and their end, so these are
 * rendered once; a text then costs three copies.
 */
static qwen_rc_t
qwen_openai_chat_parts(qwen_openai_chat_t *chat,
    const qwen_openai_chat_options_t *options)
{
    size_t       head, text, reasoning, tail;
    qwen_buf_t  *parts;

    parts = &chat->parts;

    qwen_openai_chat_head(parts, options);
    head = parts->len;

    (void) qwen_buf_append_literal(parts, "{\"index\":0,\"delta\":{"
                                          "\"content\":\"");
    text = parts->len;

    qwen_openai_chat_head(parts, options);

    (void) qwen_buf_append_literal(parts, "{\"index\":0,\"delta\":{"
                                          "\"reasoning_content\":\"");
    reasoning = parts->len;

    (void) qwen_buf_append_literal(parts, "\"},\"logprobs\":null,"
                                          "\"finish_reason\":null}");
    tail = parts->len;

    (void) qwen_buf_append_str(parts, chat->usage_chunk
                                      ? qwen_literal("],\"usage\":null}\n\n")
                                      : qwen_literal("]}\n\n"));

    if (parts->failed) {
        return QWEN_ERROR;
    }

    chat->head = (qwen_str_t) { parts->data, head };
    chat->text = (qwen_str_t) { parts->data, text };
    chat->reasoning = (qwen_str_t) { parts->data + text, reasoning - text };
    chat->end = (qwen_str_t) { parts->data + reasoning,
                               parts->len - reasoning };
    chat->tail = (qwen_str_t) { parts->data + tail, parts->len - tail };

    return QWEN_OK;
}


static void
qwen_openai_chat_head(qwen_buf_t *out,
    const qwen_openai_chat_options_t *options)
{
    (void) qwen_buf_append_str(out, options->stream ? qwen_literal("data: ")
                                                    : qwen_literal(""));
    (void) qwen_buf_append_literal(out, "{\"id\":\"");
    (void) qwen_text_escape(out, options->id.data, options->id.len);
    (void) qwen_buf_append_literal(out, "\",\"object\":\"");
    (void) qwen_buf_append_str(out, options->stream
                                    ? qwen_literal("chat.completion.chunk")
                                    : qwen_literal("chat.completion"));
    (void) qwen_buf_append_literal(out, "\",\"created\":");
    (void) qwen_buf_append_int(out, options->created);
    (void) qwen_buf_append_literal(out, ",\"model\":\"");
    (void) qwen_text_escape(out, options->model.data, options->model.len);
    (void) qwen_buf_append_literal(out, "\",\"choices\":[");
}


void
qwen_openai_chat_free(qwen_openai_chat_t *chat)
{
    qwen_buf_free(&chat->parts);
    qwen_buf_free(&chat->texts);
    qwen_buf_free(&chat->reasonings);
    qwen_buf_free(&chat->annotations);
}


void
qwen_openai_chat_restart(qwen_openai_chat_t *chat)
{
    chat->started = false;
    chat->finished = false;
    chat->finish = QWEN_FINISH_STOP;
    chat->usage = (qwen_usage_t) { 0 };
    chat->has_usage = false;

    qwen_buf_reset(chat->out);
    qwen_buf_reset(&chat->texts);
    qwen_buf_reset(&chat->reasonings);
    qwen_buf_reset(&chat->annotations);
}


static qwen_rc_t
qwen_openai_chat_put(qwen_sink_t *sink, const qwen_delta_t *delta)
{
    qwen_openai_chat_t  *chat;

    chat = (qwen_openai_chat_t *) sink;

    switch (delta->type) {

    case QWEN_DELTA_TEXT:
    case QWEN_DELTA_REASONING:
        return qwen_openai_chat_text(chat, delta);

    case QWEN_DELTA_IMAGE:
        return qwen_openai_chat_image(chat, delta->text);

    case QWEN_DELTA_CITATIONS:
        return qwen_openai_chat_annotations(chat, delta);

    case QWEN_DELTA_USAGE:
        chat->usage = delta->usage;
        chat->has_usage = true;
        return QWEN_OK;

    case QWEN_DELTA_FINISH:
        chat->finish = delta->finish;
        chat->finished = true;
        return QWEN_OK;

    default:

        /* sources are told by the search stage */

        return QWEN_OK;
    }
}


static qwen_rc_t
qwen_openai_chat_text(qwen_openai_chat_t *chat, const qwen_delta_t *delta)
{
    if (delta->text.len == 0) {
        return QWEN_OK;
    }

    if (!chat->started && qwen_openai_chat_start(chat) != QWEN_OK) {
        return QWEN_ERROR;
    }

    if (delta->type == QWEN_DELTA_TEXT) {
        return chat->stream
               ? qwen_openai_chat_chunk(chat, chat->text, delta->text)
               : qwen_openai_chat_collect(chat, &chat->texts, delta->text);
    }

    return chat->stream
           ? qwen_openai_chat_chunk(chat, chat->reasoning, delta->text)
           : qwen_openai_chat_collect(chat, &chat->reasonings, delta->text);
}


static qwen_rc_t
qwen_openai_chat_chunk(qwen_openai_chat_t *chat, qwen_str_t head,
    qwen_str_t text)
{
    uint8_t     *p;
    qwen_buf_t  *out;

    out = chat->out;

    if (qwen_buf_reserve(out, head.len + text.len + chat->end.len)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    p = out->data + out->len;

    memcpy(p, head.data, head.len);
    p += head.len;

    memcpy(p, text.data, text.len);
    p += text.len;

    memcpy(p, chat->end.data, chat->end.len);
    p += chat->end.len;

    out->len = (size_t) (p - out->data);

    return QWEN_OK;
}


/* The cap is for text and reasoning together. */
static qwen_rc_t
qwen_openai_chat_collect(qwen_openai_chat_t *chat, qwen_buf_t *collected,
    qwen_str_t text)
{
    if (text.len > chat->max_answer - chat->texts.len - chat->reasonings.len) {
        return QWEN_ERROR;
    }

    return qwen_buf_append_str(collected, text);
}


static qwen_rc_t
qwen_openai_chat_image(qwen_openai_chat_t *chat, qwen_str_t url)
{
    qwen_rc_t     rc;
    qwen_buf_t    text;
    qwen_delta_t  delta;

    if (url.len == 0) {
        return QWEN_OK;
    }

    qwen_buf_init(&text, SIZE_MAX);

    (void) qwen_buf_append_literal(&text, QWEN_IMAGE_BEFORE);
    (void) qwen_buf_append_str(&text, url);
    (void) qwen_buf_append_literal(&text, QWEN_IMAGE_AFTER);

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = QWEN_DELTA_TEXT;
    delta.text = qwen_buf_str(&text);

    rc = text.failed ? QWEN_ERROR : qwen_openai_chat_text(chat, &delta);

    qwen_buf_free(&text);

    return rc;
}
