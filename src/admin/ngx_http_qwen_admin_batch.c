
/* Many accounts are added by one request, and a task's progress is told. */

#include "ngx_http_qwen_batch.h"
#include "ngx_qwen_tasks.h"


/* Whether the client still waits; lives as long as the task. */
typedef struct {
    ngx_http_qwen_admin_t  *admin;       /* NULL: it has left */
} ngx_http_qwen_batch_waiter_t;


static void ngx_http_qwen_batch_answer(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_batch_t *batch, ngx_uint_t status);
static ngx_int_t ngx_http_qwen_batch_wait(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_batch_t *batch);
static void ngx_http_qwen_batch_left(void *data);
static void ngx_http_qwen_batch_done(ngx_http_qwen_batch_t *batch);


void
ngx_http_qwen_admin_set_accounts(ngx_http_qwen_admin_t *admin)
{
    ngx_uint_t              detached;
    qwen_str_t              text;
    ngx_http_qwen_batch_t  *batch;

    text = qwen_json_get_string(admin->body, "accounts");

    if (text.len == 0) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "\"accounts\" must be a string with lines "
                                  "\"email:password\"");
        return;
    }

    if (!ngx_http_qwen_admin_may_change(admin)) {
        return;
    }

    batch = ngx_http_qwen_batch_create(admin->qmcf, text);

    if (batch == NULL) {
        ngx_http_finalize_request(admin->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (batch->valid == 0) {
        ngx_http_qwen_batch_destroy(batch);
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "No line has the form \"email:password\"");
        return;
    }

    detached = qwen_json_get_true(admin->body, "async");

    if (!detached && ngx_http_qwen_batch_wait(admin, batch) != NGX_OK) {
        ngx_http_qwen_batch_destroy(batch);
        ngx_http_finalize_request(admin->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_qwen_batch_start(batch);

    if (detached) {
        ngx_http_qwen_batch_answer(admin, batch, NGX_HTTP_ACCEPTED);
    }
}


static void
ngx_http_qwen_batch_answer(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_batch_t *batch, ngx_uint_t status)
{
    qwen_json_begin_object(&admin->answer, NULL);
    ngx_http_qwen_batch_put(batch, &admin->answer);
    qwen_json_end_object(&admin->answer);

    ngx_http_qwen_admin_reply(admin, status);
}


static ngx_int_t
ngx_http_qwen_batch_wait(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_batch_t *batch)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_qwen_batch_waiter_t  *waiter;

    cln = ngx_pool_cleanup_add(admin->request->pool, 0);
    waiter = ngx_palloc(batch->pool, sizeof(ngx_http_qwen_batch_waiter_t));

    if (cln == NULL || waiter == NULL) {
        return NGX_ERROR;
    }

    waiter->admin = admin;

    batch->handler = ngx_http_qwen_batch_done;
    batch->data = waiter;

    admin->data = waiter;
    cln->handler = ngx_http_qwen_batch_left;
    cln->data = admin;

    return NGX_OK;
}


static void
ngx_http_qwen_batch_left(void *data)
{
    ngx_http_qwen_admin_t *admin = data;

    ngx_http_qwen_batch_waiter_t  *waiter;

    waiter = admin->data;

    if (waiter) {
        waiter->admin = NULL;
    }
}


static void
ngx_http_qwen_batch_done(ngx_http_qwen_batch_t *batch)
{
    ngx_connection_t              *c;
    ngx_http_qwen_admin_t         *admin;
    ngx_http_qwen_batch_waiter_t  *waiter;

    waiter = batch->data;
    admin = waiter->admin;

    if (admin == NULL) {
        return;
    }

    admin->data = NULL;
    c = admin->request->connection;

    ngx_http_qwen_batch_answer(admin, batch,
                               batch->status == NGX_HTTP_QWEN_BATCH_COMPLETED
                               ? NGX_HTTP_OK : NGX_HTTP_INTERNAL_SERVER_ERROR);

    ngx_http_run_posted_requests(c);
}


void
ngx_http_qwen_admin_get_task(ngx_http_qwen_admin_t *admin)
{
    size_t     i;
    u_char     bytes[8];
    uint64_t   number;
    ngx_int_t  rc, high, low;
    ngx_str_t  json;

    rc = (admin->rest.len == 2 * sizeof(bytes)) ? NGX_OK : NGX_DECLINED;

    for (i = 0; rc == NGX_OK && i < sizeof(bytes); i++) {
        high = ngx_hextoi(&admin->rest.data[2 * i], 1);
        low = ngx_hextoi(&admin->rest.data[2 * i + 1], 1);

        if (high == NGX_ERROR || low == NGX_ERROR) {
            rc = NGX_DECLINED;
        }

        bytes[i] = (u_char) (high * 16 + low);
    }

    if (rc == NGX_OK) {
        ngx_memcpy(&number, bytes, sizeof(number));
        rc = ngx_qwen_tasks_get(&admin->qmcf->pool, admin->request->pool,
                                number, &json);
    }

    switch (rc) {

    case NGX_OK:
        (void) qwen_buf_append(&admin->answer, json.data, json.len);
        ngx_http_qwen_admin_reply(admin, NGX_HTTP_OK);
        return;

    case NGX_ABORT:
        ngx_http_qwen_admin_error(admin, NGX_HTTP_NOT_FOUND,
                                  "The worker that ran the task has died");
        return;

    case NGX_ERROR:
        ngx_http_finalize_request(admin->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;

    default: /* NGX_DECLINED */
        ngx_http_qwen_admin_error(admin, NGX_HTTP_NOT_FOUND,
                                  "There is no such task");
        return;
    }
}
