
/* The administrator's answer, at once or when a change is kept. */

#include "ngx_http_qwen_admin.h"
#include "ngx_http_qwen_respond.h"
#include "ngx_qwen_changes.h"


/* How long a change may take to be kept, and how often that is looked at. */
#define NGX_HTTP_QWEN_ADMIN_PATIENCE  10000
#define NGX_HTTP_QWEN_ADMIN_PAUSE     25


static void ngx_http_qwen_admin_wait(ngx_http_request_t *r);
static void ngx_http_qwen_admin_not_kept(ngx_http_qwen_admin_t *admin,
    ngx_qwen_save_error_e error);


static ngx_str_t  ngx_http_qwen_no_store = ngx_string("no-store");


void
ngx_http_qwen_admin_reply(ngx_http_qwen_admin_t *admin, ngx_uint_t status)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = admin->request;

    if (admin->answer.failed
        || ngx_http_qwen_add_header(r, "Cache-Control",
                                    &ngx_http_qwen_no_store)
           != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    rc = ngx_http_qwen_respond_json(r, status, qwen_buf_str(&admin->answer));

    ngx_http_finalize_request(r, rc);
}


void
ngx_http_qwen_admin_error(ngx_http_qwen_admin_t *admin, ngx_uint_t status,
    const char *text)
{
    qwen_buf_t  *out;

    out = &admin->answer;

    qwen_buf_reset(out);
    qwen_json_begin_object(out, NULL);
    qwen_json_put_string(out, "error", (qwen_str_t) { (const u_char *) text,
                                                      ngx_strlen(text) });
    qwen_json_end_object(out);

    ngx_http_qwen_admin_reply(admin, status);
}


ngx_int_t
ngx_http_qwen_admin_refuse(ngx_http_qwen_admin_t *admin, ngx_uint_t status,
    const char *text)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = admin->request;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;

    ngx_http_qwen_admin_error(admin, status, text);

    return NGX_DONE;
}


void
ngx_http_qwen_admin_message(ngx_http_qwen_admin_t *admin, const char *text)
{
    qwen_buf_t  *out;

    out = &admin->answer;

    qwen_json_begin_object(out, NULL);
    qwen_json_put_string(out, "message", (qwen_str_t) { (const u_char *) text,
                                                        ngx_strlen(text) });
}


ngx_uint_t
ngx_http_qwen_admin_may_change(ngx_http_qwen_admin_t *admin)
{
    if (ngx_qwen_changes_error(&admin->qmcf->pool) != NGX_QWEN_SAVE_AWAY) {
        return 1;
    }

    ngx_http_qwen_admin_not_kept(admin, NGX_QWEN_SAVE_AWAY);

    return 0;
}


void
ngx_http_qwen_admin_kept(ngx_http_qwen_admin_t *admin, ngx_uint_t status)
{
    ngx_qwen_pool_t  *pool;

    if (!admin->qmcf->store.type->keeps) {
        ngx_http_qwen_admin_reply(admin, status);
        return;
    }

    pool = &admin->qmcf->pool;

    admin->status = status;
    admin->change = ngx_qwen_changes_last(pool);
    admin->deadline = ngx_current_msec + NGX_HTTP_QWEN_ADMIN_PATIENCE;

    ngx_qwen_changes_want(pool, admin->change);

    ngx_http_qwen_admin_wait(admin->request);
}


static void
ngx_http_qwen_admin_wait(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t    *ctx;
    ngx_http_qwen_admin_t  *admin;
    ngx_qwen_save_error_e   error;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    admin = ctx->admin;

    switch (ngx_qwen_changes_state(&admin->qmcf->pool, admin->change,
                                   &error))
    {

    case NGX_OK:
        ngx_http_qwen_admin_reply(admin, admin->status);
        return;

    case NGX_ERROR:
        ngx_http_qwen_admin_not_kept(admin, error);
        return;

    default: /* NGX_AGAIN */
        break;
    }

    if ((ngx_msec_int_t) (admin->deadline - ngx_current_msec) <= 0) {
        ngx_http_qwen_admin_not_kept(admin, NGX_QWEN_SAVE_FAILED);
        return;
    }

    ngx_http_qwen_timer_set(&ctx->timer, NGX_HTTP_QWEN_ADMIN_PAUSE,
                            ngx_http_qwen_admin_wait);
}


static void
ngx_http_qwen_admin_not_kept(ngx_http_qwen_admin_t *admin,
    ngx_qwen_save_error_e error)
{
    switch (error) {

    case NGX_QWEN_SAVE_FULL:
        ngx_http_qwen_admin_error(admin, NGX_HTTP_INSUFFICIENT_STORAGE,
                                  "The change is in effect but could not be "
                                  "saved: no space is left");
        break;

    case NGX_QWEN_SAVE_AWAY:
        ngx_http_qwen_admin_error(admin, NGX_HTTP_SERVICE_UNAVAILABLE,
                                  "The store takes no changes now, see the "
                                  "error log");
        break;

    default: /* NGX_QWEN_SAVE_FAILED */
        ngx_http_qwen_admin_error(admin, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                  "The change is in effect but could not be "
                                  "saved, see the error log");
        break;
    }
}


void
ngx_http_qwen_admin_mask(qwen_buf_t *out, qwen_str_t secret)
{
    size_t  i, head, tail;

    head = (secret.len >= 20) ? 4 : 0;
    tail = (secret.len >= 20) ? 4 : ngx_min(secret.len, 2);

    for (i = 0; i < secret.len; i++) {
        if (secret.data[i] >= 0x80) {

            /* a character is not to be cut */

            head = 0;
            tail = 0;
        }
    }

    if (secret.len) {
        (void) qwen_buf_append(out, secret.data, head);
        (void) qwen_buf_append_literal(out, NGX_HTTP_QWEN_ADMIN_HIDDEN);
        (void) qwen_buf_append(out, secret.data + secret.len - tail, tail);
    }
}


void
ngx_http_qwen_admin_put_masked(qwen_buf_t *out, const char *name,
    qwen_str_t secret)
{
    qwen_buf_t  masked;

    qwen_buf_init(&masked, 64);
    ngx_http_qwen_admin_mask(&masked, secret);

    qwen_json_put_string(out, name, qwen_buf_str(&masked));

    qwen_buf_free(&masked);
}
