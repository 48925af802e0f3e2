
/* What accounts have served. */

#include "ngx_http_qwen_admin_list.h"


/* How far the history goes back. */
#define NGX_HTTP_QWEN_HISTORY  ((time_t) NGX_QWEN_DAYS * 24 * 3600)


static void ngx_http_qwen_stats_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy);
static void ngx_http_qwen_history_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy);
static void ngx_http_qwen_put_history_day(qwen_buf_t *out, uint32_t date,
    const qwen_record_day_t *day);
static u_char *ngx_http_qwen_date(u_char *buf, uint32_t date);


void
ngx_http_qwen_admin_account_stats(ngx_http_qwen_admin_t *admin)
{
    qwen_json_begin_object(&admin->answer, NULL);
    qwen_json_begin_array(&admin->answer, "accounts");

    ngx_http_qwen_admin_list(admin, ngx_http_qwen_stats_row,
                             qwen_literal("],\"cliQuotaLimit\":0}"));
}


static void
ngx_http_qwen_stats_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy)
{
    uint32_t                  today;
    qwen_buf_t               *out;
    const qwen_record_day_t  *day;

    out = &admin->answer;
    today = ngx_qwen_stats_date(ngx_time());
    day = ngx_http_qwen_admin_day(copy, today);

    qwen_json_begin_object(out, NULL);
    qwen_json_put_string(out, "email", copy->record.email);

    qwen_json_begin_object(out, "stats");
    ngx_http_qwen_admin_put_day(out, day);
    qwen_json_end_object(out);

    qwen_json_put_int(out, "requests", day ? (int64_t) day->requests : 0);
    qwen_json_put_int(out, "errors", day ? (int64_t) day->errors : 0);
    qwen_json_put_int(out, "cliRequestNumber",
                      day ? (int64_t) day->cli_calls : 0);
    qwen_json_put_int(out, "cliQuotaLimit", 0);

    ngx_http_qwen_admin_put_status(out, copy);

    qwen_json_end_object(out);
}


void
ngx_http_qwen_admin_stats_history(ngx_http_qwen_admin_t *admin)
{
    u_char      *p, date[sizeof("2026-11-25")];
    qwen_buf_t  *out;

    out = &admin->answer;
    p = ngx_http_qwen_date(date, ngx_qwen_stats_date(ngx_time()));

    qwen_json_begin_object(out, NULL);
    qwen_json_put_string(out, "today", (qwen_str_t) { date, p - date });
    qwen_json_begin_array(out, "accounts");

    ngx_http_qwen_admin_list(admin, ngx_http_qwen_history_row,
                             qwen_literal("]}"));
}


/* Today is always there. */

static void
ngx_http_qwen_history_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy)
{
    size_t                    i;
    uint32_t                  today, first;
    qwen_buf_t               *out;
    const qwen_record_day_t  *day;

    out = &admin->answer;
    today = ngx_qwen_stats_date(ngx_time());
    first = ngx_qwen_stats_date(ngx_time() - NGX_HTTP_QWEN_HISTORY);

    qwen_json_begin_object(out, NULL);
    qwen_json_put_string(out, "email", copy->record.email);
    qwen_json_begin_object(out, "history");

    for (i = 0; i < copy->record.ndays; i++) {
        day = &copy->record.days[i];

        if (day->day > first && day->day < today) {
            ngx_http_qwen_put_history_day(out, day->day, day);
        }
    }

    ngx_http_qwen_put_history_day(out, today,
                                  ngx_http_qwen_admin_day(copy, today));

    qwen_json_end_object(out);
    qwen_json_end_object(out);
}


static void
ngx_http_qwen_put_history_day(qwen_buf_t *out, uint32_t date,
    const qwen_record_day_t *day)
{
    u_char  name[sizeof("2026-11-25")];

    *ngx_http_qwen_date(name, date) = '\0';

    qwen_json_begin_object(out, (char *) name);
    ngx_http_qwen_admin_put_day(out, day);
    qwen_json_put_int(out, "requests", day ? (int64_t) day->requests : 0);
    qwen_json_put_int(out, "errors", day ? (int64_t) day->errors : 0);
    qwen_json_end_object(out);
}


static u_char *
ngx_http_qwen_date(u_char *buf, uint32_t date)
{
    return ngx_sprintf(buf, "%04uD-%02uD-%02uD", date / 10000,
                       date / 100 % 100, date % 100);
}
