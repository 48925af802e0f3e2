
#include "ngx_qwen_redis_core.h"


static ngx_int_t ngx_qwen_redis_connect_peer(ngx_qwen_redis_t *redis);
static void ngx_qwen_redis_connect_handler(ngx_event_t *ev);
static void ngx_qwen_redis_connected(ngx_qwen_redis_t *redis);
static ngx_err_t ngx_qwen_redis_connect_error(ngx_connection_t *c);


void
ngx_qwen_redis_connect(ngx_qwen_redis_t *redis)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    redis->phase = NGX_QWEN_REDIS_CONNECTING;
    redis->due = ngx_current_msec + redis->server->conf.connect_timeout;

    ngx_set_errno(0);

    rc = ngx_qwen_redis_connect_peer(redis);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_qwen_redis_broken(redis, "connect() failed", ngx_socket_errno);
        return;
    }

    c = redis->peer.connection;
    c->data = redis;
    c->log = &redis->log;

    /* nginx calls the read handler when the worker is about to exit */

    c->idle = 1;

    c->read->handler = ngx_qwen_redis_connect_handler;
    c->write->handler = ngx_qwen_redis_connect_handler;

    redis->generation++;

    if (qwen_redis_reader_init(&redis->reader, redis->server->conf.max_reply)
        != QWEN_OK)
    {
        ngx_qwen_redis_fail(redis, "no memory");
        return;
    }

    ngx_qwen_redis_schedule(redis);

    if (rc == NGX_OK) {
        ngx_qwen_redis_connected(redis);
    }
}


static ngx_int_t
ngx_qwen_redis_connect_peer(ngx_qwen_redis_t *redis)
{
    ngx_addr_t             *addr;
    ngx_peer_connection_t  *peer;

    addr = &redis->server->addrs[redis->addr];
    peer = &redis->peer;

    ngx_memzero(peer, sizeof(ngx_peer_connection_t));

    peer->sockaddr = addr->sockaddr;
    peer->socklen = addr->socklen;
    peer->name = &addr->name;
    peer->get = ngx_event_get_peer;
    peer->log = &redis->log;
    peer->log_error = NGX_ERROR_ERR;
    peer->so_keepalive = 1;

    return ngx_event_connect_peer(peer);
}


static void
ngx_qwen_redis_connect_handler(ngx_event_t *ev)
{
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = ev->data;

    if (ngx_qwen_redis_closing(c)) {
        return;
    }

    err = ngx_qwen_redis_connect_error(c);

    if (err) {
        ngx_qwen_redis_broken(c->data, "connect() failed", err);
        return;
    }

    ngx_qwen_redis_connected(c->data);
}


static void
ngx_qwen_redis_connected(ngx_qwen_redis_t *redis)
{
    if (redis->peer.sockaddr->sa_family != AF_UNIX) {

        /* a command is small and waits for nothing */

        (void) ngx_tcp_nodelay(redis->peer.connection);
    }

#if (NGX_SSL)

    if (redis->server->ssl) {
        ngx_qwen_redis_tls_start(redis);
        return;
    }

#endif

    ngx_qwen_redis_greet(redis);
}


static ngx_err_t
ngx_qwen_redis_connect_error(ngx_connection_t *c)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    /* Solaris returns -1 and sets errno, others return the pending error */

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    return err;
}


ngx_uint_t
ngx_qwen_redis_closing(ngx_connection_t *c)
{
    ngx_qwen_redis_t  *redis;

    if (!c->close) {
        return 0;
    }

    redis = c->data;

    if (c->error) {

        /* the worker has no more time */

        ngx_qwen_redis_close(redis);
        return 1;
    }

    /* replies may still come */

    c->close = 0;
    c->idle = 0;

    ngx_qwen_redis_exit(redis);

    return 1;
}


void
ngx_qwen_redis_disconnect(ngx_qwen_redis_t *redis)
{
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    c = redis->peer.connection;

    if (c == NULL) {
        return;
    }

    redis->peer.connection = NULL;
    redis->generation++;
    redis->sent = 0;

    qwen_buf_free(&redis->out);
    qwen_redis_reader_free(&redis->reader);

#if (NGX_SSL)

    redis->alert = 0;

    if (c->ssl) {
        ngx_qwen_redis_tls_end(c);
    }

#endif

    pool = c->pool;

    ngx_close_connection(c);

    if (pool) {
        ngx_destroy_pool(pool);
    }
}
