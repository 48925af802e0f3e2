
/* What a task tells. */

#include "ngx_http_qwen_batch.h"


static void ngx_http_qwen_batch_put_message(ngx_http_qwen_batch_t *batch,
    qwen_buf_t *out);
static void ngx_http_qwen_batch_put_counts(ngx_http_qwen_batch_t *batch,
    qwen_buf_t *out);
static void ngx_http_qwen_batch_put_emails(ngx_http_qwen_batch_t *batch,
    qwen_buf_t *out);
static void ngx_http_qwen_batch_put_recent(
    const ngx_http_qwen_batch_result_t *result, qwen_buf_t *out);
static void ngx_http_qwen_batch_put_time(qwen_buf_t *out, const char *name,
    uint64_t msec);
static void ngx_http_qwen_batch_put_text(qwen_buf_t *out, const char *name,
    const char *text);


static const char  *ngx_http_qwen_batch_statuses[] = {
    "pending", "running", "completed", "failed"
};


void
ngx_http_qwen_batch_put(ngx_http_qwen_batch_t *batch, qwen_buf_t *out)
{
    ngx_uint_t  i;
    u_char      id[16];

    (void) ngx_hex_dump(id, (u_char *) &batch->number, sizeof(batch->number));

    qwen_json_put_string(out, "taskId", (qwen_str_t) { id, sizeof(id) });
    ngx_http_qwen_batch_put_text(out, "status",
                                 ngx_http_qwen_batch_statuses[batch->status]);

    ngx_http_qwen_batch_put_message(batch, out);
    ngx_http_qwen_batch_put_counts(batch, out);
    ngx_http_qwen_batch_put_emails(batch, out);

    qwen_json_begin_array(out, "recentResults");

    for (i = 0; i < batch->nrecent; i++) {
        ngx_http_qwen_batch_put_recent(&batch->recent[i], out);
    }

    qwen_json_end_array(out);

    ngx_http_qwen_batch_put_time(out, "createdAt", batch->created);
    ngx_http_qwen_batch_put_time(out, "startedAt", batch->started);
    ngx_http_qwen_batch_put_time(out, "finishedAt", batch->finished);
}


static void
ngx_http_qwen_batch_put_message(ngx_http_qwen_batch_t *batch, qwen_buf_t *out)
{
    u_char  text[128];

    if (batch->reason) {
        ngx_http_qwen_batch_put_text(out, "message", batch->reason);
        return;
    }

    *ngx_snprintf(text, sizeof(text) - 1,
                  batch->finished ? "%ui accounts were added, %ui failed"
                                  : "%ui accounts added, %ui failed so far",
                  batch->success, batch->failed) = '\0';

    ngx_http_qwen_batch_put_text(out, "message", (char *) text);
}


static void
ngx_http_qwen_batch_put_counts(ngx_http_qwen_batch_t *batch, qwen_buf_t *out)
{
    ngx_uint_t  processed, completed;

    processed = batch->success + batch->failed;
    completed = processed + batch->skipped + batch->invalid;

    qwen_json_put_int(out, "total", (int64_t) batch->total);
    qwen_json_put_int(out, "valid", (int64_t) batch->valid);
    qwen_json_put_int(out, "skipped", (int64_t) batch->skipped);
    qwen_json_put_int(out, "invalid", (int64_t) batch->invalid);
    qwen_json_put_int(out, "processed", (int64_t) processed);
    qwen_json_put_int(out, "completed", (int64_t) completed);
    qwen_json_put_int(out, "pending", (int64_t) (batch->total - completed));
    qwen_json_put_int(out, "success", (int64_t) batch->success);
    qwen_json_put_int(out, "failed", (int64_t) batch->failed);
    qwen_json_put_int(out, "progress",
                      batch->total ? (int64_t) (completed * 100 / batch->total)
                                   : 100);
    qwen_json_put_int(out, "concurrency", (int64_t) batch->concurrency);
}


static void
ngx_http_qwen_batch_put_emails(ngx_http_qwen_batch_t *batch, qwen_buf_t *out)
{
    ngx_str_t   *email;
    ngx_uint_t   i;

    qwen_json_begin_array(out, "activeEmails");

    for (i = 0; i < NGX_HTTP_QWEN_BATCH_MAX; i++) {
        email = &batch->slots[i].email;

        if (email->len) {
            qwen_json_put_string(out, NULL, (qwen_str_t) { email->data,
                                                           email->len });
        }
    }

    qwen_json_end_array(out);

    qwen_json_begin_array(out, "failedEmails");

    email = batch->failures.elts;

    for (i = 0; i < batch->failures.nelts; i++) {
        qwen_json_put_string(out, NULL, (qwen_str_t) { email[i].data,
                                                       email[i].len });
    }

    qwen_json_end_array(out);
}


static void
ngx_http_qwen_batch_put_recent(const ngx_http_qwen_batch_result_t *result,
    qwen_buf_t *out)
{
    qwen_str_t  message;

    switch (result->rc) {

    case NGX_OK:
        message = qwen_literal("added");
        break;

    case NGX_DECLINED:
        message = qwen_literal("exists already");
        break;

    case NGX_ABORT:
        message = (result->class == QWEN_FAIL_TOKEN)
                  ? qwen_literal("the upstream refuses its e-mail address or "
                                 "password")
                  : qwen_fail_class_name(result->class);
        break;

    default: /* NGX_ERROR */
        message = qwen_literal("the zone is full");
        break;
    }

    qwen_json_begin_object(out, NULL);
    qwen_json_put_string(out, "email", (qwen_str_t) { result->email.data,
                                                      result->email.len });
    ngx_http_qwen_batch_put_text(out, "status",
                                 result->rc == NGX_OK ? "success" : "failed");
    qwen_json_put_string(out, "message", message);
    qwen_json_end_object(out);
}


static void
ngx_http_qwen_batch_put_time(qwen_buf_t *out, const char *name, uint64_t msec)
{
    if (msec) {
        qwen_json_put_int(out, name, (int64_t) msec);

    } else {
        qwen_json_put_null(out, name);
    }
}


static void
ngx_http_qwen_batch_put_text(qwen_buf_t *out, const char *name,
    const char *text)
{
    qwen_json_put_string(out, name, (qwen_str_t) { (const u_char *) text,
                                                   ngx_strlen(text) });
}
