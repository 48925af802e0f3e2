
#include "qwen_openai_chat_end.h"


static void qwen_openai_chat_choice(qwen_openai_chat_t *chat,
    const char *delta, const qwen_buf_t *value, const char *reason);
static void qwen_openai_chat_usage(qwen_openai_chat_t *chat);
static void qwen_openai_chat_whole(qwen_openai_chat_t *chat);


static const char *const  qwen_openai_finish[] = {
    [QWEN_FINISH_STOP] = "\"stop\"",
    [QWEN_FINISH_CONTENT_FILTER] = "\"content_filter\""
};


/* The role comes first, with the first text and not before it. */
qwen_rc_t
qwen_openai_chat_start(qwen_openai_chat_t *chat)
{
    chat->started = true;

    if (!chat->stream) {
        return QWEN_OK;
    }

    qwen_openai_chat_choice(chat, "{\"role\":\"assistant\",\"content\":\"\"",
                            NULL, "null");

    return chat->out->failed ? QWEN_ERROR : QWEN_OK;
}


qwen_rc_t
qwen_openai_chat_annotations(qwen_openai_chat_t *chat,
    const qwen_delta_t *delta)
{
    size_t                i;
    qwen_buf_t           *out;
    const qwen_source_t  *source;

    out = &chat->annotations;

    qwen_buf_reset(out);

    for (i = 0; i < delta->nsources; i++) {
        source = &delta->sources[i];

        (void) qwen_buf_append_str(out, i ? qwen_literal(",")
                                          : qwen_literal("["));
        (void) qwen_buf_append_literal(out, "{\"type\":\"url_citation\","
                                            "\"url_citation\":{\"url\":\"");
        (void) qwen_buf_append_str(out, source->url);
        (void) qwen_buf_append_literal(out, "\",\"title\":\"");
        (void) qwen_buf_append_str(out, source->title);
        (void) qwen_buf_append_literal(out, "\",\"start_index\":");
        (void) qwen_buf_append_int(out, (int64_t) source->start);
        (void) qwen_buf_append_literal(out, ",\"end_index\":");
        (void) qwen_buf_append_int(out, (int64_t) source->end);
        (void) qwen_buf_append_literal(out, "}}");
    }

    if (i) {
        (void) qwen_buf_append_literal(out, "]");
    }

    return out->failed ? QWEN_ERROR : QWEN_OK;
}


/* Appends a chunk: its delta up to the closing brace, perhaps with a last
 * value, and its finish reason.  A failure shows in chat->out. */
static void
qwen_openai_chat_choice(qwen_openai_chat_t *chat, const char *delta,
    const qwen_buf_t *value, const char *reason)
{
    qwen_buf_t  *out;

    out = chat->out;

    (void) qwen_buf_append_str(out, chat->head);
    (void) qwen_buf_append_literal(out, "{\"index\":0,\"delta\":");
    (void) qwen_buf_append(out, delta, strlen(delta));

    if (value) {
        (void) qwen_buf_append_str(out, qwen_buf_str(value));
    }

    (void) qwen_buf_append_literal(out, "},\"logprobs\":null,"
                                        "\"finish_reason\":");
    (void) qwen_buf_append(out, reason, strlen(reason));
    (void) qwen_buf_append_literal(out, "}");
    (void) qwen_buf_append_str(out, chat->tail);
}


static void
qwen_openai_chat_usage(qwen_openai_chat_t *chat)
{
    qwen_buf_t          *out;
    const qwen_usage_t  *usage;

    out = chat->out;
    usage = &chat->usage;

    (void) qwen_buf_append_literal(out, ",\"usage\":{\"prompt_tokens\":");
    (void) qwen_buf_append_int(out, (int64_t) usage->prompt);
    (void) qwen_buf_append_literal(out, ",\"completion_tokens\":");
    (void) qwen_buf_append_int(out, (int64_t) usage->completion);
    (void) qwen_buf_append_literal(out, ",\"total_tokens\":");
    (void) qwen_buf_append_int(out,
                               (int64_t) (usage->prompt + usage->completion));
    (void) qwen_buf_append_literal(out, ",\"completion_tokens_details\":{"
                                        "\"reasoning_tokens\":");
    (void) qwen_buf_append_int(out, (int64_t) usage->reasoning);
    (void) qwen_buf_append_literal(out, "}}");
}


qwen_rc_t
qwen_openai_chat_end(qwen_openai_chat_t *chat)
{
    qwen_buf_t  *out;

    out = chat->out;

    if (!chat->stream) {
        qwen_openai_chat_whole(chat);
        return out->failed ? QWEN_ERROR : QWEN_OK;
    }

    if (!chat->started && qwen_openai_chat_start(chat) != QWEN_OK) {
        return QWEN_ERROR;
    }

    if (chat->annotations.len) {
        qwen_openai_chat_choice(chat, "{\"annotations\":", &chat->annotations,
                                "null");
    }

    qwen_openai_chat_choice(chat, "{", NULL, qwen_openai_finish[chat->finish]);

    if (chat->usage_chunk) {
        (void) qwen_buf_append_str(out, chat->head);
        (void) qwen_buf_append_literal(out, "]");
        qwen_openai_chat_usage(chat);
        (void) qwen_buf_append_literal(out, "}\n\n");
    }

    (void) qwen_buf_append_literal(out, "data: [DONE]\n\n");

    return out->failed ? QWEN_ERROR : QWEN_OK;
}


static void
qwen_openai_chat_whole(qwen_openai_chat_t *chat)
{
    qwen_buf_t  *out;
    const char  *reason;

    out = chat->out;
    reason = qwen_openai_finish[chat->finish];

    /* one allocation for what may be large */

    (void) qwen_buf_reserve(out, chat->head.len + chat->texts.len
                                 + chat->reasonings.len
                                 + chat->annotations.len + 512);

    (void) qwen_buf_append_str(out, chat->head);
    (void) qwen_buf_append_literal(out, "{\"index\":0,\"message\":{"
                                        "\"role\":\"assistant\","
                                        "\"content\":\"");
    (void) qwen_buf_append_str(out, qwen_buf_str(&chat->texts));
    (void) qwen_buf_append_literal(out, "\",\"refusal\":null");

    if (chat->reasonings.len) {
        (void) qwen_buf_append_literal(out, ",\"reasoning_content\":\"");
        (void) qwen_buf_append_str(out, qwen_buf_str(&chat->reasonings));
        (void) qwen_buf_append_literal(out, "\"");
    }

    if (chat->annotations.len) {
        (void) qwen_buf_append_literal(out, ",\"annotations\":");
        (void) qwen_buf_append_str(out, qwen_buf_str(&chat->annotations));
    }

    (void) qwen_buf_append_literal(out, "},\"logprobs\":null,"
                                        "\"finish_reason\":");
    (void) qwen_buf_append(out, reason, strlen(reason));
    (void) qwen_buf_append_literal(out, "}]");
    qwen_openai_chat_usage(chat);
    (void) qwen_buf_append_literal(out, "}");
}


qwen_rc_t
qwen_openai_chat_abort(qwen_openai_chat_t *chat,
    const qwen_openai_error_t *error)
{
    (void) qwen_buf_append_literal(chat->out, "data: ");
    (void) qwen_openai_error_render(error, chat->out);

    return qwen_buf_append_literal(chat->out, "\n\n");
}
