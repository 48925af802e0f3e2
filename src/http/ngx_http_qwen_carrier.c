
#include "ngx_http_qwen_carrier.h"


typedef struct {
    ngx_http_connection_t   hc;
    ngx_http_log_ctx_t      log_ctx;
    ngx_log_t               log;
    ngx_socket_t            peer;    /* the other end of the connection */
} ngx_http_qwen_carrier_t;


static ngx_connection_t *ngx_http_qwen_carrier_connection(
    ngx_http_core_srv_conf_t *server);
static ngx_http_qwen_carrier_t *ngx_http_qwen_carrier_alloc(ngx_pool_t *pool,
    ngx_socket_t peer);
static void ngx_http_qwen_carrier_init(ngx_connection_t *c,
    ngx_http_qwen_carrier_t *carrier, ngx_pool_t *pool,
    ngx_http_core_srv_conf_t *server);
static void ngx_http_qwen_carrier_event(ngx_event_t *ev);
static void ngx_http_qwen_carrier_close(void *data);
static u_char *ngx_http_qwen_carrier_log(ngx_log_t *log, u_char *buf,
    size_t len);


/* For modules that look at the client's address. */
static struct sockaddr  ngx_http_qwen_carrier_addr = { .sa_family = AF_UNIX };


ngx_http_request_t *
ngx_http_qwen_carrier_create(ngx_http_core_srv_conf_t *server)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ngx_http_qwen_carrier_connection(server);
    if (c == NULL) {
        return NULL;
    }

    r = ngx_http_create_request(c);
    if (r == NULL) {
        ngx_http_close_connection(c);
        return NULL;
    }

    c->data = r;

    r->method = NGX_HTTP_GET;
    ngx_str_set(&r->method_name, "GET");
    ngx_str_set(&r->uri, "/");
    r->unparsed_uri = r->uri;
    r->valid_unparsed_uri = 1;

    /* no entry in the access log, no place in the limits of clients */

    r->logged = 1;
    r->limit_conn_status = 1;
    r->limit_req_status = 1;

    return r;
}


/*
 * The connection is one end of a socket pair, since upstream code adds events
 * to its descriptor and closes it; it has a pool of its own, because nginx
 * destroys that one and the request's.
 */

static ngx_connection_t *
ngx_http_qwen_carrier_connection(ngx_http_core_srv_conf_t *server)
{
    ngx_pool_t               *pool;
    ngx_socket_t              s[2];
    ngx_connection_t         *c;
    ngx_http_qwen_carrier_t  *carrier;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_socket_errno,
                      "socketpair() for background work failed");
        return NULL;
    }

    c = ngx_get_connection(s[0], ngx_cycle->log);

    if (c == NULL) {
        (void) ngx_close_socket(s[0]);
        (void) ngx_close_socket(s[1]);
        return NULL;
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    carrier = pool ? ngx_http_qwen_carrier_alloc(pool, s[1]) : NULL;

    if (carrier == NULL
        || ngx_nonblocking(s[0]) == -1
        || fcntl(s[0], F_SETFD, FD_CLOEXEC) == -1
        || fcntl(s[1], F_SETFD, FD_CLOEXEC) == -1)
    {
        if (carrier == NULL) {
            (void) ngx_close_socket(s[1]);
        }

        ngx_close_connection(c);

        if (pool) {
            ngx_destroy_pool(pool);
        }

        return NULL;
    }

    ngx_http_qwen_carrier_init(c, carrier, pool, server);

    return c;
}


static void
ngx_http_qwen_carrier_init(ngx_connection_t *c,
    ngx_http_qwen_carrier_t *carrier, ngx_pool_t *pool,
    ngx_http_core_srv_conf_t *server)
{
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    carrier->hc.conf_ctx = server->ctx;
    carrier->log_ctx.connection = c;
    carrier->log = *ngx_cycle->log;
    carrier->log.connection = c->number;
    carrier->log.handler = ngx_http_qwen_carrier_log;
    carrier->log.data = &carrier->log_ctx;
    carrier->log.action = "doing background work";

    pool->log = &carrier->log;

    c->pool = pool;
    c->log = &carrier->log;
    c->log_error = NGX_ERROR_INFO;
    c->data = &carrier->hc;

    c->read->log = c->log;
    c->read->handler = ngx_http_qwen_carrier_event;
    c->write->log = c->log;
    c->write->handler = ngx_http_qwen_carrier_event;
    c->write->ready = 1;

    c->recv = ngx_recv;
    c->send = ngx_send;
    c->recv_chain = ngx_recv_chain;
    c->send_chain = ngx_send_chain;

    c->sockaddr = &ngx_http_qwen_carrier_addr;
    c->socklen = sizeof(struct sockaddr);
    ngx_str_set(&c->addr_text, "unix:");

    /* the options do not exist for such a socket */

    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif
}


/*
 * No one writes to the other end, and it closes with the carrier; only the
 * time-out of a shutdown asks for its end.
 */

static void
ngx_http_qwen_carrier_event(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ev->data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0, "qwen carrier event %d",
                   c->close);

    if (!c->close) {
        return;
    }

    r = c->data;

    c->error = 1;
    ngx_http_finalize_request(r->main, NGX_ERROR);
    ngx_http_run_posted_requests(c);
}


static ngx_http_qwen_carrier_t *
ngx_http_qwen_carrier_alloc(ngx_pool_t *pool, ngx_socket_t peer)
{
    ngx_pool_cleanup_t       *cln;
    ngx_http_qwen_carrier_t  *carrier;

    carrier = ngx_pcalloc(pool, sizeof(ngx_http_qwen_carrier_t));
    if (carrier == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    carrier->peer = peer;
    cln->handler = ngx_http_qwen_carrier_close;
    cln->data = carrier;

    return carrier;
}


static void
ngx_http_qwen_carrier_close(void *data)
{
    ngx_http_qwen_carrier_t  *carrier = data;

    (void) ngx_close_socket(carrier->peer);
}


void
ngx_http_qwen_carrier_destroy(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_free_request(r, 0);
    ngx_http_close_connection(c);
}


static u_char *
ngx_http_qwen_carrier_log(ngx_log_t *log, u_char *buf, size_t len)
{
    if (log->action) {
        return ngx_snprintf(buf, len, " while %s", log->action);
    }

    return buf;
}
