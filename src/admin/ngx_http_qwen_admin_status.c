
#include "ngx_http_qwen_admin_status.h"


#define NGX_HTTP_QWEN_WARN_WINDOW     (15 * 60)
#define NGX_HTTP_QWEN_EXPIRING_WINDOW (6 * 3600)


static int64_t ngx_http_qwen_admin_cooldown(
    const ngx_qwen_account_copy_t *copy);
static void ngx_http_qwen_admin_put_time(qwen_buf_t *out, const char *name,
    int64_t sec);


const qwen_str_t  ngx_http_qwen_states[NGX_HTTP_QWEN_STATES] = {
    qwen_string("active"),
    qwen_string("warn"),
    qwen_string("cooldown"),
    qwen_string("token_expiring"),
    qwen_string("challenged")
};


ngx_http_qwen_state_e
ngx_http_qwen_admin_state(const ngx_qwen_account_copy_t *copy)
{
    int64_t                       now;
    const qwen_record_account_t  *record;

    record = &copy->record;
    now = ngx_time();

    if (record->challenged) {
        return NGX_HTTP_QWEN_CHALLENGED;
    }

    if (ngx_http_qwen_admin_cooldown(copy)) {
        return NGX_HTTP_QWEN_COOLDOWN;
    }

    if (record->last_error_at
        && (!copy->signed_in
            || now - record->last_error_at < NGX_HTTP_QWEN_WARN_WINDOW))
    {
        return NGX_HTTP_QWEN_WARN;
    }

    if (!copy->signed_in
        || record->expires - now < NGX_HTTP_QWEN_EXPIRING_WINDOW)
    {
        return NGX_HTTP_QWEN_TOKEN_EXPIRING;
    }

    return NGX_HTTP_QWEN_ACTIVE;
}


/* When the account serves all kinds again; 0: it does now. */

static int64_t
ngx_http_qwen_admin_cooldown(const ngx_qwen_account_copy_t *copy)
{
    int64_t     end;
    ngx_uint_t  kind;

    end = 0;

    for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
        end = ngx_max(end, copy->record.cool_until[kind]);
    }

    return end > (int64_t) ngx_time() ? end : 0;
}


void
ngx_http_qwen_admin_put_status(qwen_buf_t *out,
    const ngx_qwen_account_copy_t *copy)
{
    const qwen_record_account_t  *record;

    record = &copy->record;

    qwen_json_begin_object(out, "status");

    qwen_json_put_string(out, "kind",
                    ngx_http_qwen_states[ngx_http_qwen_admin_state(copy)]);

    ngx_http_qwen_admin_put_time(out, "cooldownEndsAt",
                                 ngx_http_qwen_admin_cooldown(copy));
    ngx_http_qwen_admin_put_time(out, "lastErrorAt", record->last_error_at);

    if (record->last_error.len) {
        qwen_json_put_string(out, "lastErrorCode", record->last_error);

    } else {
        qwen_json_put_null(out, "lastErrorCode");
    }

    qwen_json_put_null(out, "cliUnavailableReason");

    qwen_json_end_object(out);
}


/* In milliseconds, as JavaScript has them. */

static void
ngx_http_qwen_admin_put_time(qwen_buf_t *out, const char *name, int64_t sec)
{
    if (sec) {
        qwen_json_put_int(out, name, sec * 1000);

    } else {
        qwen_json_put_null(out, name);
    }
}


void
ngx_http_qwen_admin_put_day(qwen_buf_t *out, const qwen_record_day_t *day)
{
    static const qwen_record_day_t  none;

    if (day == NULL) {
        day = &none;
    }

    qwen_json_begin_object(out, "chat");
    qwen_json_put_int(out, "input", (int64_t) day->chat_input);
    qwen_json_put_int(out, "output", (int64_t) day->chat_output);
    qwen_json_end_object(out);

    qwen_json_begin_object(out, "cli");
    qwen_json_put_int(out, "calls", (int64_t) day->cli_calls);
    qwen_json_put_int(out, "input", (int64_t) day->cli_input);
    qwen_json_put_int(out, "output", (int64_t) day->cli_output);
    qwen_json_end_object(out);
}


const qwen_record_day_t *
ngx_http_qwen_admin_day(const ngx_qwen_account_copy_t *copy, uint32_t date)
{
    size_t  n;

    n = copy->record.ndays;

    /* the days are in order */

    while (n && copy->record.days[n - 1].day > date) {
        n--;
    }

    return (n && copy->record.days[n - 1].day == date)
           ? &copy->record.days[n - 1] : NULL;
}
