
#include "ngx_http_qwen_stream.h"
#include "ngx_http_qwen_call.h"
#include "ngx_http_qwen_conf.h"
#include "ngx_http_qwen_respond.h"


/* Most events fit into one; a stream that waits for its next event holds one
 * buffer. */
#define NGX_HTTP_QWEN_STREAM_BUFFER  1024

/* Above so much for a slow client the upstream is not read. */
#define NGX_HTTP_QWEN_STREAM_BUSY    (64 * 1024)


static ngx_chain_t *ngx_http_qwen_stream_copy(ngx_http_qwen_stream_t *stream,
    qwen_str_t data, ngx_uint_t last);
static ngx_buf_t *ngx_http_qwen_stream_buffer(ngx_http_qwen_stream_t *stream,
    size_t len, ngx_chain_t **link);
static ngx_int_t ngx_http_qwen_stream_output(ngx_http_qwen_stream_t *stream,
    ngx_http_request_t *active, ngx_chain_t *out);
static void ngx_http_qwen_stream_shrink(ngx_http_qwen_stream_t *stream);
static void ngx_http_qwen_stream_comment(ngx_http_request_t *r);


static ngx_str_t  ngx_http_qwen_no_cache = ngx_string("no-cache");
static ngx_str_t  ngx_http_qwen_no = ngx_string("no");


ngx_int_t
ngx_http_qwen_stream_init(ngx_http_request_t *r,
    ngx_http_qwen_stream_t *stream, ngx_msec_t keepalive)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    ctx->stream = stream;

    stream->request = r;
    stream->keepalive = keepalive;

    return ngx_http_qwen_timer_init(r, &stream->timer);
}


ngx_int_t
ngx_http_qwen_stream_start(ngx_http_qwen_stream_t *stream)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = stream->request;

    /* a made answer has no version that a condition could mean */

    r->disable_not_modified = 1;
    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type,
                "text/event-stream; charset=utf-8");
    r->headers_out.content_type_len = sizeof("text/event-stream") - 1;
    r->headers_out.content_type_lowcase = NULL;
    ngx_http_clear_content_length(r);

    if (ngx_http_qwen_add_cors(r) != NGX_OK
        || ngx_http_qwen_add_header(r, "Cache-Control",
                                    &ngx_http_qwen_no_cache)
           != NGX_OK
        || ngx_http_qwen_add_header(r, "X-Accel-Buffering",
                                    &ngx_http_qwen_no)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return NGX_ERROR;
    }

    stream->started = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_qwen_stream_send(ngx_http_qwen_stream_t *stream,
    ngx_http_request_t *active, qwen_str_t data, ngx_uint_t last)
{
    ngx_chain_t  *out;

    out = ngx_http_qwen_stream_copy(stream, data, last);
    if (out == NULL) {
        return NGX_ERROR;
    }

    if (last) {
        ngx_http_qwen_timer_clear(&stream->timer);

    } else if (stream->keepalive) {
        ngx_http_qwen_timer_set(&stream->timer, stream->keepalive,
                                ngx_http_qwen_stream_comment);
    }

    return ngx_http_qwen_stream_output(stream, active, out);
}


ngx_int_t
ngx_http_qwen_stream_flush(ngx_http_qwen_stream_t *stream,
    ngx_http_request_t *active)
{
    if (stream->busy == NULL) {
        return NGX_OK;
    }

    return ngx_http_qwen_stream_output(stream, active, NULL);
}


static ngx_chain_t *
ngx_http_qwen_stream_copy(ngx_http_qwen_stream_t *stream, qwen_str_t data,
    ngx_uint_t last)
{
    size_t         n;
    ngx_buf_t     *b;
    ngx_chain_t   *out, **link;

    link = &out;

    do {
        b = ngx_http_qwen_stream_buffer(stream, data.len, link);
        if (b == NULL) {
            return NULL;
        }

        n = ngx_min(data.len, (size_t) (b->end - b->start));

        b->last = ngx_cpymem(b->pos, data.data, n);
        data.data += n;
        data.len -= n;

        link = &(*link)->next;

    } while (data.len);

    b->flush = 1;
    b->last_buf = last ? 1 : 0;
    b->last_in_chain = b->last_buf;

    return out;
}


static ngx_buf_t *
ngx_http_qwen_stream_buffer(ngx_http_qwen_stream_t *stream, size_t len,
    ngx_chain_t **link)
{
    ngx_buf_t    *b;
    ngx_pool_t   *pool;
    ngx_chain_t  *cl;

    pool = stream->request->pool;

    cl = ngx_chain_get_free_buf(pool, &stream->free);
    if (cl == NULL) {
        return NULL;
    }

    b = cl->buf;

    if (b->start == NULL) {
        len = (len > ngx_pagesize) ? len : NGX_HTTP_QWEN_STREAM_BUFFER;

        b->start = ngx_palloc(pool, len);
        if (b->start == NULL) {
            return NULL;
        }

        b->end = b->start + len;
    }

    b->pos = b->start;
    b->last = b->start;
    b->temporary = 1;
    b->flush = 0;
    b->last_buf = 0;
    b->last_in_chain = 0;
    b->tag = (ngx_buf_tag_t) &ngx_http_qwen_module;

    *link = cl;

    return b;
}


static ngx_int_t
ngx_http_qwen_stream_output(ngx_http_qwen_stream_t *stream,
    ngx_http_request_t *active, ngx_chain_t *out)
{
    size_t        size;
    ngx_int_t     rc;
    ngx_chain_t  *cl;

    rc = ngx_http_qwen_next_body(active, out);

    ngx_chain_update_chains(stream->request->pool, &stream->free,
                            &stream->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_qwen_module);

    ngx_http_qwen_stream_shrink(stream);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    size = 0;

    for (cl = stream->busy; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    return (size > NGX_HTTP_QWEN_STREAM_BUSY) ? NGX_AGAIN : NGX_OK;
}


/* Returns the memory of a large event when the client has it. */

static void
ngx_http_qwen_stream_shrink(ngx_http_qwen_stream_t *stream)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = stream->free; cl; cl = cl->next) {
        b = cl->buf;

        if (b->end - b->start > NGX_HTTP_QWEN_STREAM_BUFFER) {
            ngx_pfree(stream->request->pool, b->start);
            b->start = NULL;
            b->end = NULL;
        }
    }
}


/*
 * While a call runs its subrequest is the active one; what another request
 * wrote would be set aside until its end.
 */

static void
ngx_http_qwen_stream_comment(ngx_http_request_t *r)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *active;
    ngx_http_qwen_ctx_t       *ctx;
    ngx_http_qwen_stream_t    *stream;
    ngx_http_core_loc_conf_t  *clcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    stream = ctx->stream;

    if (stream->busy) {

        /* a client that does not read its answer needs no comments */

        ngx_http_qwen_timer_set(&stream->timer, stream->keepalive,
                                ngx_http_qwen_stream_comment);
        return;
    }

    active = ctx->call ? ctx->call->sr : r;

    c = r->connection;

    if (ngx_http_qwen_stream_send(stream, active,
                                  qwen_literal(": keep-alive\n\n"), 0)
        == NGX_ERROR)
    {
        c->error = 1;
        ngx_http_finalize_request(active, NGX_ERROR);
        return;
    }

    if (c->buffered) {

        /* the upstream module, which sees to it else, has nothing to do now */

        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (ngx_handle_write_event(c->write, clcf->send_lowat) != NGX_OK) {
            c->error = 1;
            ngx_http_finalize_request(active, NGX_ERROR);
            return;
        }

        ngx_add_timer(c->write, clcf->send_timeout);
    }
}
