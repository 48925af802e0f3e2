
#include "ngx_http_qwen_call.h"
#include "ngx_http_qwen_compat.h"
#include "ngx_http_qwen_conf.h"


/* Bit of r->buffered of a call's subrequest; the image filter, which has it
 * elsewhere, sees no subrequest of ours. */
#define NGX_HTTP_QWEN_BUFFERED  0x08


static ngx_int_t ngx_http_qwen_call_uri(ngx_http_request_t *r,
    ngx_http_qwen_call_t *call, ngx_str_t *uri);
static ngx_int_t ngx_http_qwen_call_headers(ngx_http_request_t *r,
    ngx_http_qwen_call_t *call, ngx_list_t *headers);
static void ngx_http_qwen_call_prepare(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call, ngx_list_t *headers,
    ngx_http_request_body_t *body);
static ngx_int_t ngx_http_qwen_call_ended(ngx_http_request_t *sr, void *data,
    ngx_int_t rc);
static void ngx_http_qwen_call_diverted(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call, ngx_int_t rc);
static void ngx_http_qwen_call_wake(ngx_http_request_t *r);
static void ngx_http_qwen_call_free_buffer(ngx_http_request_t *sr);
static ngx_int_t ngx_http_qwen_call_collect(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call, ngx_chain_t *in);
static ngx_int_t ngx_http_qwen_call_stream(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call, ngx_chain_t *in);
static void ngx_http_qwen_call_skip(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call);


static ngx_str_t  ngx_http_qwen_post = ngx_string("POST");


void
ngx_http_qwen_call_header(ngx_http_qwen_call_t *call, char *name,
    ngx_str_t *value)
{
    ngx_http_qwen_header_t  *h;

    h = &call->headers[call->nheaders++];

    h->name.data = (u_char *) name;
    h->name.len = ngx_strlen(name);
    h->value = *value;
}


/*
 * A subrequest begins as a copy of its parent.  Nothing of the client's
 * request may reach the upstream, its Authorization and Cookie least of all,
 * so headers and body are made anew.
 */

ngx_int_t
ngx_http_qwen_call_start(ngx_http_request_t *r, ngx_http_qwen_call_t *call)
{
    ngx_str_t                    uri;
    ngx_list_t                   headers;
    ngx_http_request_t          *sr;
    ngx_http_qwen_ctx_t         *ctx;
    ngx_http_request_body_t     *body;
    ngx_http_post_subrequest_t  *ps;

    ctx = ngx_http_qwen_get_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_qwen_call_uri(r, call, &uri) != NGX_OK) {
        return NGX_ERROR;
    }

    /* what can fail comes first: a subrequest cannot be taken back */

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    body = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));

    if (ps == NULL || body == NULL
        || ngx_http_qwen_call_headers(r, call, &headers) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_qwen_call_ended;
    ps->data = call;

    if (ngx_http_subrequest(r, &uri, &call->args, &sr, ps, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    call->request = r;
    call->sr = sr;
    call->status = 0;
    call->streamed = 0;
    call->timed_out = 0;
    call->ended = 0;
    call->stale = 0;
    call->in = NULL;
    qwen_buf_init(&call->answer, call->max_answer);

    ctx->call = call;
    r->write_event_handler = ngx_http_qwen_call_wake;

    ngx_http_qwen_call_prepare(sr, call, &headers, body);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_call_uri(ngx_http_request_t *r, ngx_http_qwen_call_t *call,
    ngx_str_t *uri)
{
    u_char      *p;
    ngx_str_t   *prefix;

    /* the location's name ends with a slash, the path begins with one */

    prefix = &call->location->name;

    uri->len = prefix->len - 1 + call->path.len;
    uri->data = ngx_pnalloc(r->pool, uri->len);
    if (uri->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(uri->data, prefix->data, prefix->len - 1);
    ngx_memcpy(p, call->path.data, call->path.len);

    return NGX_OK;
}


static void
ngx_http_qwen_call_prepare(ngx_http_request_t *sr, ngx_http_qwen_call_t *call,
    ngx_list_t *headers, ngx_http_request_body_t *body)
{
    call->subrequest = 1;
    ngx_http_set_ctx(sr, call, ngx_http_qwen_module);

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));
    sr->headers_in.headers = *headers;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    /* a list points into itself while it has one part */

    if (headers->last == &headers->part) {
        sr->headers_in.headers.last = &sr->headers_in.headers.part;
    }

    sr->request_body = body;

    if (call->method == NGX_HTTP_POST) {
        sr->method = NGX_HTTP_POST;
        sr->method_name = ngx_http_qwen_post;
        sr->request_body->bufs = call->body;
        sr->headers_in.content_length_n = call->body_len;
    }
}


static ngx_int_t
ngx_http_qwen_call_headers(ngx_http_request_t *r, ngx_http_qwen_call_t *call,
    ngx_list_t *headers)
{
    ngx_uint_t               i;
    ngx_table_elt_t         *h;
    ngx_http_qwen_header_t  *header;

    if (ngx_list_init(headers, r->pool, call->nheaders,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < call->nheaders; i++) {
        header = &call->headers[i];

        h = ngx_list_push(headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        h->key = header->name;
        h->value = header->value;
        h->lowcase_key = ngx_pnalloc(r->pool, h->key.len);
        if (h->lowcase_key == NULL) {
            return NGX_ERROR;
        }

        /* the proxy module looks its own headers up by this hash */
        h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);
        ngx_http_qwen_header_last(h);
    }

    return NGX_OK;
}


/*
 * The post-subrequest handler only records: a call started from here would
 * not become the active request.  It may run twice for one subrequest.
 */

static ngx_int_t
ngx_http_qwen_call_ended(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    ngx_http_qwen_call_t  *call = data;

    if (call->sr != sr) {
        return rc;
    }

    if (sr->connection->error
        || sr->connection->timedout
        || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST)
    {
        /* the client is gone, nginx ends its request */
        return rc;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, sr->connection->log, 0,
                   "qwen call \"%V\" ended: %i, status %ui",
                   &sr->uri, rc, call->status);

    call->ended = 1;

    if (sr->upstream == NULL) {
        ngx_http_qwen_call_diverted(sr, call, rc);
        return NGX_OK;
    }

    if (call->status == 0) {
        call->timed_out = (rc == NGX_HTTP_GATEWAY_TIME_OUT);
        call->stale = (rc == NGX_HTTP_BAD_GATEWAY
                       && sr->upstream->peer.cached);
    }

    /* else nginx would make an error page out of the code and send it */

    return NGX_OK;
}


static void
ngx_http_qwen_call_diverted(ngx_http_request_t *sr, ngx_http_qwen_call_t *call,
    ngx_int_t rc)
{
    ngx_str_t  *name;

    name = &call->location->name;

    if (call->misconfigured) {
        return;
    }

    call->misconfigured = 1;

    if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                      "a call is too large for the \"client_max_body_size\" "
                      "that applies to location \"%V\"", name);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                  "a call was answered by nginx itself (%i): a \"return\", "
                  "\"rewrite\" or \"if\" applies to location \"%V\"",
                  rc, name);
}


ngx_int_t
ngx_http_qwen_call_preaccess(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t       *ctx;
    ngx_http_qwen_call_t      *call;
    ngx_http_core_loc_conf_t  *clcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    if (ctx == NULL || !ctx->subrequest) {
        return NGX_DECLINED;
    }

    call = (ngx_http_qwen_call_t *) ctx;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* an "if" makes a location of the same name */

    if (clcf->name.data == call->location->name.data) {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "location \"%V\" takes the calls that location \"%V\" with "
                  "\"qwen_upstream\" is for", &clcf->name,
                  &call->location->name);

    call->misconfigured = 1;

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static void
ngx_http_qwen_call_wake(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    call = ctx ? ctx->call : NULL;

    if (call == NULL || !call->ended) {
        return;
    }

    ctx->call = NULL;

    ngx_http_qwen_call_free_buffer(call->sr);

    if (call->stale && !call->repeated) {

        /* the upstream had closed the kept connection: not its failure */

        call->repeated = 1;

        if (ngx_http_qwen_call_start(r, call) == NGX_OK) {
            return;
        }

        ctx->call = NULL;
    }

    call->sr = NULL;
    call->done(call);
}


/*
 * Memory of a subrequest lives as long as the main request; its large part,
 * the upstream's buffer, can be returned.
 */

static void
ngx_http_qwen_call_free_buffer(ngx_http_request_t *sr)
{
    ngx_buf_t  *b;

    if (sr->upstream == NULL) {
        return;
    }

    b = &sr->upstream->buffer;

    if (b->start) {
        ngx_pfree(sr->pool, b->start);
        ngx_memzero(b, sizeof(ngx_buf_t));
    }
}


void
ngx_http_qwen_call_stop(ngx_http_qwen_call_t *call)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *sr;
    ngx_http_upstream_t  *u;

    sr = call->sr;

    if (sr == NULL || call->ended || sr->upstream == NULL) {
        return;
    }

    u = sr->upstream;

    if (call->streamed) {

        /* as if the answer ended here */

        u->length = 0;
        sr->write_event_handler(sr);
        return;
    }

    c = u->peer.connection;

    if (c == NULL) {
        return;
    }

    c->read->timedout = 1;
    ngx_post_event(c->read, &ngx_posted_events);
}


ngx_int_t
ngx_http_qwen_call_header_filter(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call)
{
    ngx_str_t  *type;

    call->status = sr->headers_out.status;

    sr->header_sent = 1;
    sr->filter_need_in_memory = 1;

    if (sr->headers_out.content_encoding
        && sr->headers_out.content_encoding->value.len)
    {
        ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                      "upstream sent an encoded answer, no "
                      "\"proxy_set_header Accept-Encoding\" may apply to "
                      "location \"%V\"", &call->location->name);
        call->misconfigured = 1;
    }

    type = &sr->headers_out.content_type;

    if (call->data_handler
        && sr->upstream
        && !call->misconfigured
        && call->status == NGX_HTTP_OK
        && type->len >= sizeof("text/event-stream") - 1
        && ngx_strncasecmp(type->data, (u_char *) "text/event-stream",
                           sizeof("text/event-stream") - 1)
           == 0)
    {
        call->streamed = 1;
        sr->upstream->buffering = 0;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_qwen_call_body_filter(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call, ngx_chain_t *in)
{
    if (call->streamed) {
        return ngx_http_qwen_call_stream(sr, call, in);
    }

    return ngx_http_qwen_call_collect(sr, call, in);
}


static ngx_int_t
ngx_http_qwen_call_collect(ngx_http_request_t *sr, ngx_http_qwen_call_t *call,
    ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        (void) qwen_buf_append(&call->answer, b->pos, b->last - b->pos);
        b->pos = b->last;
    }

    if (call->answer.failed && sr->upstream) {
        sr->upstream->length = 0;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_call_stream(ngx_http_request_t *sr, ngx_http_qwen_call_t *call,
    ngx_chain_t *in)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (in && ngx_chain_add_copy(sr->pool, &call->in, in) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = call->data_handler(call, sr, NULL, 0);

    while (call->in && rc == NGX_OK) {
        cl = call->in;
        b = cl->buf;

        if (b->pos < b->last) {
            rc = call->data_handler(call, sr, b->pos, b->last - b->pos);
            b->pos = b->last;
        }

        call->in = cl->next;
        ngx_free_chain(sr->pool, cl);
    }

    if (rc == NGX_DONE) {
        ngx_http_qwen_call_skip(sr, call);
        rc = NGX_OK;
    }

    if (call->in) {
        sr->buffered |= NGX_HTTP_QWEN_BUFFERED;

    } else {
        sr->buffered &= ~NGX_HTTP_QWEN_BUFFERED;
    }

    return rc;
}


/* Takes the rest of the input and lets the upstream module end the answer. */

static void
ngx_http_qwen_call_skip(ngx_http_request_t *sr, ngx_http_qwen_call_t *call)
{
    ngx_chain_t  *cl;

    while (call->in) {
        cl = call->in;
        cl->buf->pos = cl->buf->last;

        call->in = cl->next;
        ngx_free_chain(sr->pool, cl);
    }

    sr->upstream->length = 0;
}
