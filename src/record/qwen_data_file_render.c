
#include "qwen_data_file.h"
#include "qwen_record_write.h"


qwen_rc_t
qwen_data_file_render_begin(qwen_str_t extra, qwen_buf_t *out)
{
    size_t                start;
    qwen_record_writer_t  writer;

    start = out->len;
    writer = (qwen_record_writer_t) { out, NULL, true };

    (void) qwen_buf_append_literal(out, "{");

    qwen_record_put_extra(&writer, extra);
    qwen_record_put_name(&writer, qwen_literal("accounts"));

    (void) qwen_buf_append_literal(out, "[");

    return qwen_record_put_done(out, start);
}


qwen_rc_t
qwen_data_file_render_account(const qwen_record_account_t *account, size_t n,
    const qwen_seal_ring_t *ring, qwen_buf_t *out)
{
    size_t  start;

    start = out->len;

    if (n) {
        (void) qwen_buf_append_literal(out, ",");
    }

    (void) qwen_buf_append_literal(out, "\n");

    if (qwen_record_account_render(account, ring, out) != QWEN_OK) {
        out->len = start;
        return QWEN_ERROR;
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_data_file_render_end(const qwen_record_settings_t *settings, size_t n,
    const qwen_seal_ring_t *ring, qwen_buf_t *out)
{
    size_t                start;
    qwen_record_writer_t  writer;

    start = out->len;
    writer = (qwen_record_writer_t) { out, ring, true };

    if (n) {
        (void) qwen_buf_append_literal(out, "\n");
    }

    (void) qwen_buf_append_literal(out, "]");

    if (settings->set || settings->extra.len) {
        qwen_record_put_name(&writer, qwen_literal("settings"));
        (void) qwen_record_settings_render(settings, ring, true, out);
    }

    (void) qwen_buf_append_literal(out, "\n}\n");

    return qwen_record_put_done(out, start);
}
