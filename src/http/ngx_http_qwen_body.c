
#include "ngx_http_qwen_body.h"

#include <cjson/cJSON.h>

#include "ngx_http_qwen_ctx.h"


#define NGX_HTTP_QWEN_SCAN_STEP   (1024 * 1024)
#define NGX_HTTP_QWEN_PIECE       (64 * 1024)
#define NGX_HTTP_QWEN_MAX_VALUES  100000
#define NGX_HTTP_QWEN_MAX_DEPTH   128


static void ngx_http_qwen_body_received(ngx_http_request_t *r);
static void ngx_http_qwen_body_scan(ngx_http_request_t *r);
static void ngx_http_qwen_body_end(ngx_http_request_t *r, qwen_rc_t rc);
static size_t ngx_http_qwen_body_reader(qwen_body_t *reader, uint64_t offset,
    size_t len, const uint8_t **data);
static size_t ngx_http_qwen_body_read_file(ngx_http_qwen_body_t *body,
    ngx_buf_t *b, off_t offset, size_t len, const uint8_t **data);
static void ngx_http_qwen_body_cleanup(void *data);


ngx_int_t
ngx_http_qwen_body_read(ngx_http_request_t *r, size_t max_json,
    ngx_http_qwen_body_pt handler)
{
    ngx_int_t              rc;
    qwen_scan_limits_t     limits;
    ngx_pool_cleanup_t    *cln;
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_body_t  *body;

    ctx = ngx_http_qwen_get_ctx(r);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ctx == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* not from the pool: it ends when the answer begins */

    body = ngx_calloc(sizeof(ngx_http_qwen_body_t), r->connection->log);
    if (body == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_qwen_body_cleanup;
    cln->data = ctx;

    limits.max_skeleton = max_json;
    limits.max_values = NGX_HTTP_QWEN_MAX_VALUES;
    limits.max_depth = NGX_HTTP_QWEN_MAX_DEPTH;

    qwen_scan_init(&body->scan, &limits);

    body->reader.read = ngx_http_qwen_body_reader;
    body->request = r;
    body->handler = handler;
    ctx->body = body;

    /* fewer buffers; nginx does not promise one */

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_qwen_body_received);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_qwen_body_received(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_qwen_body_scan(r);
}


static void
ngx_http_qwen_body_scan(ngx_http_request_t *r)
{
    size_t                 n, step;
    const uint8_t         *data;
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_body_t  *body;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    body = ctx->body;

    for (step = 0; step < NGX_HTTP_QWEN_SCAN_STEP; step += n) {

        n = ngx_http_qwen_body_reader(&body->reader, body->scan.offset,
                                      NGX_HTTP_QWEN_SCAN_STEP - step, &data);
        if (body->failed) {
            body->scan.error = QWEN_SCAN_MEMORY;
            ngx_http_qwen_body_end(r, QWEN_ERROR);
            return;
        }

        if (n == 0) {
            ngx_http_qwen_body_end(r, qwen_scan_end(&body->scan,
                                                    &body->root));
            return;
        }

        if (qwen_scan_feed(&body->scan, data, n) == QWEN_ERROR) {
            ngx_http_qwen_body_end(r, QWEN_ERROR);
            return;
        }
    }

    ngx_http_qwen_timer_yield(&ctx->timer, ngx_http_qwen_body_scan);
}


static void
ngx_http_qwen_body_end(ngx_http_request_t *r, qwen_rc_t rc)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    ctx->body->handler(r, ctx->body, rc);
}


static size_t
ngx_http_qwen_body_reader(qwen_body_t *reader, uint64_t offset, size_t len,
    const uint8_t **data)
{
    off_t                  size;
    ngx_buf_t             *b;
    ngx_chain_t           *cl;
    ngx_http_request_t    *r;
    ngx_http_qwen_body_t  *body;

    body = (ngx_http_qwen_body_t *) reader;
    r = body->request;

    if (r->request_body == NULL) {
        return 0;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;
        size = ngx_buf_size(b);

        if ((off_t) offset < size) {
            len = ngx_min((off_t) len, size - (off_t) offset);

            if (b->in_file) {
                return ngx_http_qwen_body_read_file(body, b, offset, len,
                                                    data);
            }

            *data = b->pos + offset;
            return len;
        }

        offset -= size;
    }

    return 0;
}


static size_t
ngx_http_qwen_body_read_file(ngx_http_qwen_body_t *body, ngx_buf_t *b,
    off_t offset, size_t len, const uint8_t **data)
{
    ssize_t  n;

    if (body->piece == NULL) {
        body->piece = ngx_palloc(body->request->pool, NGX_HTTP_QWEN_PIECE);
        if (body->piece == NULL) {
            body->failed = 1;
            return 0;
        }
    }

    n = ngx_read_file(b->file, body->piece,
                      ngx_min(len, NGX_HTTP_QWEN_PIECE),
                      b->file_pos + offset);

    if (n <= 0) {
        body->failed = 1;
        return 0;
    }

    *data = body->piece;

    return n;
}


void
ngx_http_qwen_body_free(ngx_http_qwen_body_t *body)
{
    ngx_http_request_t       *r;
    ngx_http_request_body_t  *rb;

    r = body->request;

    if (body->piece) {
        ngx_pfree(r->pool, body->piece);
    }

    ngx_http_qwen_body_cleanup(ngx_http_get_module_ctx(r,
                                                     ngx_http_qwen_module));

    rb = r->request_body;

    /* a mirror's subrequest sends it on */

    if (r->preserve_body) {
        return;
    }

    if (rb == NULL || rb->buf == NULL
        || ngx_pfree(r->pool, rb->buf->start) != NGX_OK)
    {
        return;
    }

    /* it was a large buffer; then $request_body is no more */

    rb->buf = NULL;

    if (rb->temp_file == NULL) {
        rb->bufs = NULL;
    }
}


static void
ngx_http_qwen_body_cleanup(void *data)
{
    ngx_http_qwen_ctx_t *ctx = data;

    ngx_http_qwen_body_t  *body;

    body = ctx->body;

    if (body == NULL) {
        return;
    }

    ctx->body = NULL;

    qwen_scan_free(&body->scan);
    cJSON_Delete(body->root);

    ngx_free(body);
}
