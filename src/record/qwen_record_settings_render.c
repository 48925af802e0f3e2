
#include "qwen_record_context.h"
#include "qwen_record_write.h"


static void qwen_record_put_flags(qwen_record_writer_t *writer,
    const qwen_record_settings_t *settings);
static void qwen_record_put_counts(qwen_record_writer_t *writer,
    const qwen_record_settings_t *settings);
static void qwen_record_put_keys(qwen_record_writer_t *writer,
    const qwen_record_settings_t *settings);
static void qwen_record_put_key(qwen_record_writer_t *writer,
    const qwen_record_key_t *key);


qwen_rc_t
qwen_record_settings_render(const qwen_record_settings_t *settings,
    const qwen_seal_ring_t *ring, bool lines, qwen_buf_t *out)
{
    size_t                start, empty;
    qwen_record_writer_t  writer;

    start = out->len;
    writer = (qwen_record_writer_t) { out, ring, lines };

    (void) qwen_buf_append_literal(out, "{");
    empty = out->len;

    qwen_record_put_flags(&writer, settings);
    qwen_record_put_counts(&writer, settings);
    qwen_record_put_keys(&writer, settings);
    qwen_record_put_extra(&writer, settings->extra);

    if (lines && out->len > empty) {
        (void) qwen_buf_append_literal(out, "\n");
    }

    (void) qwen_buf_append_literal(out, "}");

    return qwen_record_put_done(out, start);
}


static void
qwen_record_put_flags(qwen_record_writer_t *writer,
    const qwen_record_settings_t *settings)
{
    if (settings->set & QWEN_RECORD_AUTO_REFRESH) {
        qwen_record_put_flag(writer, qwen_literal("autoRefresh"),
                             settings->auto_refresh);
    }

    if (settings->set & QWEN_RECORD_OUT_THINK) {
        qwen_record_put_flag(writer, qwen_literal("outThink"),
                             settings->out_think);
    }

    if (settings->set & QWEN_RECORD_LEGACY_REASONING) {
        qwen_record_put_flag(writer, qwen_literal("legacyReasoningInContent"),
                             settings->legacy_reasoning);
    }

    if (settings->set & QWEN_RECORD_SEARCH_INFO_MODE) {
        qwen_record_put_string(writer, qwen_literal("searchInfoMode"),
                               settings->search_info_table
                               ? qwen_literal("table")
                               : qwen_literal("text"));
    }

    if (settings->set & QWEN_RECORD_SIMPLE_MODEL_MAP) {
        qwen_record_put_flag(writer, qwen_literal("simpleModelMap"),
                             settings->simple_model_map);
    }
}


static void
qwen_record_put_setting(qwen_record_writer_t *writer, qwen_str_t name,
    uint64_t number)
{
    qwen_record_put_name(writer, name);
    qwen_record_put_number(writer, number);
}


static void
qwen_record_put_counts(qwen_record_writer_t *writer,
    const qwen_record_settings_t *settings)
{
    if (settings->set & QWEN_RECORD_AUTO_REFRESH_INTERVAL) {
        qwen_record_put_setting(writer, qwen_literal("autoRefreshInterval"),
                                settings->auto_refresh_interval);
    }

    if (settings->set & QWEN_RECORD_BATCH_LOGIN_CONCURRENCY) {
        qwen_record_put_setting(writer, qwen_literal("batchLoginConcurrency"),
                                settings->batch_login_concurrency);
    }

    if (settings->set & QWEN_RECORD_CHAT_RETRY_COUNT) {
        qwen_record_put_setting(writer, qwen_literal("chatRetryCount"),
                                settings->chat_retry_count);
    }

    if (settings->set & QWEN_RECORD_CHAT_RETRY_BACKOFF) {
        qwen_record_put_setting(writer, qwen_literal("chatRetryBackoffMs"),
                                settings->chat_retry_backoff);
    }
}


static void
qwen_record_put_keys(qwen_record_writer_t *writer,
    const qwen_record_settings_t *settings)
{
    size_t                i;
    qwen_record_writer_t  inner;

    if (!(settings->set & QWEN_RECORD_REGULAR_KEYS)) {
        return;
    }

    qwen_record_put_name(writer, qwen_literal("regularKeys"));
    (void) qwen_buf_append_literal(writer->out, "[");

    inner = *writer;
    inner.lines = false;

    for (i = 0; i < settings->nkeys; i++) {

        if (i) {
            (void) qwen_buf_append_literal(writer->out, ",");
        }

        qwen_record_put_key(&inner, &settings->keys[i]);
    }

    (void) qwen_buf_append_literal(writer->out, "]");
}


/* What is a key only is written as one, as Qwen2API has it. */
static void
qwen_record_put_key(qwen_record_writer_t *writer, const qwen_record_key_t *key)
{
    if (key->name.len == 0 && key->created <= 0 && key->extra.len == 0) {
        qwen_record_put_secret(writer, qwen_literal(QWEN_RECORD_KEY_CONTEXT),
                               key->key);
        return;
    }

    (void) qwen_buf_append_literal(writer->out, "{");

    qwen_record_put_name(writer, qwen_literal("key"));
    qwen_record_put_secret(writer, qwen_literal(QWEN_RECORD_KEY_CONTEXT),
                           key->key);

    if (key->name.len) {
        qwen_record_put_string(writer, qwen_literal("name"), key->name);
    }

    qwen_record_put_count(writer, qwen_literal("createdAt"),
                          qwen_record_seconds(key->created));
    qwen_record_put_extra(writer, key->extra);

    (void) qwen_buf_append_literal(writer->out, "}");
}
