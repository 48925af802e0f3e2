
#include "ngx_http_qwen_admin_list.h"
#include "ngx_http_qwen_respond.h"


/* A step ends when it has made so many rows, or so many bytes. */
#define NGX_HTTP_QWEN_ADMIN_ROWS   50
#define NGX_HTTP_QWEN_ADMIN_PIECE  (32 * 1024)


typedef struct {
    ngx_http_qwen_admin_row_pt   row;
    qwen_str_t                   end;
    uint64_t                     number;     /* of the last account */
    const uint64_t              *numbers;    /* NULL: all accounts */
    ngx_uint_t                   n;
    ngx_uint_t                   next;
    ngx_buf_t                   *buf;        /* of the answer's bytes */
    ngx_uint_t                   rows;       /* of this step */
    unsigned                     begun:1;    /* there was a row */
    unsigned                     ended:1;
    ngx_qwen_account_copy_t      copy;
} ngx_http_qwen_admin_list_t;


static ngx_int_t ngx_http_qwen_admin_list_header(ngx_http_qwen_admin_t *admin);
static void ngx_http_qwen_admin_list_step(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_admin_list_next(ngx_http_qwen_admin_t *admin);
static ngx_int_t ngx_http_qwen_admin_list_send(ngx_http_qwen_admin_t *admin);
static void ngx_http_qwen_admin_list_row(ngx_http_qwen_admin_t *admin);
static void ngx_http_qwen_admin_list_write(ngx_http_request_t *r);
static void ngx_http_qwen_admin_list_wait(ngx_http_request_t *r);
static void ngx_http_qwen_admin_list_writable(ngx_http_request_t *r);


void
ngx_http_qwen_admin_list(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_admin_row_pt row, qwen_str_t end)
{
    ngx_http_qwen_admin_list_of(admin, NULL, 0, row, end);
}


void
ngx_http_qwen_admin_list_of(ngx_http_qwen_admin_t *admin,
    const uint64_t *numbers, ngx_uint_t n, ngx_http_qwen_admin_row_pt row,
    qwen_str_t end)
{
    ngx_int_t                    rc;
    ngx_http_request_t          *r;
    ngx_http_qwen_admin_list_t  *list;

    r = admin->request;

    list = ngx_pcalloc(r->pool, sizeof(ngx_http_qwen_admin_list_t));
    if (list == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    list->row = row;
    list->end = end;
    list->numbers = numbers;
    list->n = n;

    admin->data = list;

    rc = ngx_http_qwen_admin_list_header(admin);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->write_event_handler = ngx_http_qwen_admin_list_writable;

    ngx_http_qwen_admin_list_step(r);
}


static ngx_int_t
ngx_http_qwen_admin_list_header(ngx_http_qwen_admin_t *admin)
{
    ngx_int_t                    rc;
    ngx_http_request_t          *r;
    ngx_http_qwen_admin_list_t  *list;

    static ngx_str_t  no_store = ngx_string("no-store");

    r = admin->request;
    list = admin->data;

    list->buf = ngx_calloc_buf(r->pool);

    if (list->buf == NULL
        || ngx_http_qwen_add_header(r, "Cache-Control", &no_store) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->disable_not_modified = 1;
    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_http_clear_content_length(r);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    return r->header_only ? NGX_DONE : NGX_OK;
}


static void
ngx_http_qwen_admin_list_step(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_qwen_ctx_t         *ctx;
    ngx_http_qwen_admin_t       *admin;
    ngx_http_qwen_admin_list_t  *list;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    admin = ctx->admin;
    list = admin->data;

    for (list->rows = 0;
         list->rows < NGX_HTTP_QWEN_ADMIN_ROWS && !list->ended
         && admin->answer.len < NGX_HTTP_QWEN_ADMIN_PIECE;
         /* void */ )
    {
        rc = ngx_http_qwen_admin_list_next(admin);

        if (rc == NGX_DONE) {
            (void) qwen_buf_append_str(&admin->answer, list->end);
            list->ended = 1;

        } else if (rc == NGX_OK) {
            ngx_http_qwen_admin_list_row(admin);
        }
    }

    rc = ngx_http_qwen_admin_list_send(admin);

    if (rc != NGX_OK || list->ended) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_http_qwen_admin_list_write(r);
}


static void
ngx_http_qwen_admin_list_row(ngx_http_qwen_admin_t *admin)
{
    ngx_http_qwen_admin_list_t  *list;

    list = admin->data;

    if (list->begun && admin->answer.len == 0) {

        /* the row before it was sent */

        (void) qwen_buf_append_literal(&admin->answer, ",");
    }

    list->row(admin, &list->copy);

    list->begun = 1;
    list->rows++;
}


/* NGX_DECLINED: that account is gone. */

static ngx_int_t
ngx_http_qwen_admin_list_next(ngx_http_qwen_admin_t *admin)
{
    uint64_t                     number;
    ngx_http_qwen_admin_list_t  *list;

    list = admin->data;

    if (list->numbers == NULL) {

        if (ngx_qwen_accounts_next(&admin->qmcf->pool, list->number,
                                   &list->copy)
            != NGX_OK)
        {
            return NGX_DONE;
        }

        list->number = list->copy.number;

        return NGX_OK;
    }

    if (list->next == list->n) {
        return NGX_DONE;
    }

    number = list->numbers[list->next++];

    if (ngx_qwen_accounts_next(&admin->qmcf->pool, number - 1, &list->copy)
        != NGX_OK
        || list->copy.number != number)
    {
        list->rows++;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_admin_list_send(ngx_http_qwen_admin_t *admin)
{
    ngx_buf_t                   *b;
    ngx_chain_t                  out;
    ngx_http_qwen_admin_list_t  *list;

    list = admin->data;
    b = list->buf;

    if (admin->answer.failed) {
        return NGX_ERROR;
    }

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->pos = admin->answer.data;
    b->last = b->pos + admin->answer.len;
    b->memory = 1;
    b->flush = 1;
    b->last_buf = list->ended;
    b->last_in_chain = list->ended;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(admin->request, &out) == NGX_ERROR
           ? NGX_ERROR : NGX_OK;
}


/* Goes on when the last piece was sent, whose memory is used again. */

static void
ngx_http_qwen_admin_list_write(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t         *ctx;
    ngx_http_qwen_admin_t       *admin;
    ngx_http_qwen_admin_list_t  *list;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    admin = ctx->admin;
    list = admin->data;

    if (list->buf->pos != list->buf->last) {
        ngx_http_qwen_admin_list_wait(r);
        return;
    }

    qwen_buf_reset(&admin->answer);

    ngx_http_qwen_timer_yield(&ctx->timer, ngx_http_qwen_admin_list_step);
}


static void
ngx_http_qwen_admin_list_wait(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


static void
ngx_http_qwen_admin_list_writable(ngx_http_request_t *r)
{
    ngx_connection_t            *c;
    ngx_http_qwen_ctx_t         *ctx;
    ngx_http_qwen_admin_t       *admin;
    ngx_http_qwen_admin_list_t  *list;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    admin = ctx->admin;
    list = admin->data;
    c = r->connection;

    if (list->buf->pos == list->buf->last) {

        /* the next piece is being made */

        return;
    }

    if (c->write->timedout) {
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (c->write->delayed) {
        ngx_http_qwen_admin_list_wait(r);
        return;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    ngx_http_qwen_admin_list_write(r);
}
