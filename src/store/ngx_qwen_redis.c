
#include "ngx_qwen_redis_core.h"


#define NGX_QWEN_REDIS_DELAY_MIN  100
#define NGX_QWEN_REDIS_DELAY_MAX  5000

#define NGX_QWEN_REDIS_OWN_BYTES  65536  /* of commands of our own */


static ngx_uint_t ngx_qwen_redis_rest(ngx_qwen_redis_t *redis);
static void ngx_qwen_redis_tell(ngx_qwen_redis_t *redis,
    ngx_qwen_redis_state_e state, ngx_str_t *reason);
static void ngx_qwen_redis_log(ngx_qwen_redis_t *redis,
    ngx_qwen_redis_state_e state, ngx_str_t *reason);
static ngx_msec_t ngx_qwen_redis_due(ngx_qwen_redis_t *redis);
static void ngx_qwen_redis_timer_handler(ngx_event_t *ev);


ngx_qwen_redis_t *
ngx_qwen_redis_create(ngx_pool_t *pool, ngx_log_t *log,
    ngx_qwen_redis_server_t *server, const ngx_qwen_redis_handlers_t *handlers)
{
    ngx_qwen_redis_t  *redis;

    redis = ngx_pcalloc(pool, sizeof(ngx_qwen_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    redis->server = server;
    redis->handlers = *handlers;
    redis->delay = NGX_QWEN_REDIS_DELAY_MIN;

    /* nginx logs each connect() that fails; here the state is logged */

    redis->parent_log = log;
    redis->log = *log;

    if (!(log->log_level & NGX_LOG_DEBUG_ALL)) {
        redis->log.log_level = NGX_LOG_EMERG;
    }

    /* what is sent is cut off when it is the half, hence twice */

    qwen_buf_init(&redis->out,
                  2 * server->conf.max_bytes + NGX_QWEN_REDIS_OWN_BYTES);

    redis->timer_connection.fd = (ngx_socket_t) -1;
    redis->timer_connection.data = redis;

    redis->timer.handler = ngx_qwen_redis_timer_handler;
    redis->timer.data = &redis->timer_connection;
    redis->timer.log = &redis->log;

    return redis;
}


void
ngx_qwen_redis_start(ngx_qwen_redis_t *redis)
{
    if (redis->phase != NGX_QWEN_REDIS_IDLE) {
        return;
    }

    redis->phase = NGX_QWEN_REDIS_RESTING;
    redis->due = ngx_current_msec;

    ngx_qwen_redis_schedule(redis);
}


void
ngx_qwen_redis_drain(ngx_qwen_redis_t *redis)
{
    if (redis->phase == NGX_QWEN_REDIS_DRAINING) {
        return;
    }

    if (redis->phase != NGX_QWEN_REDIS_READY || redis->nwaiters == 0) {
        ngx_qwen_redis_close(redis);
        return;
    }

    redis->phase = NGX_QWEN_REDIS_DRAINING;

    ngx_qwen_redis_flush(redis);
    ngx_qwen_redis_schedule(redis);
}


void
ngx_qwen_redis_close(ngx_qwen_redis_t *redis)
{
    if (redis->phase == NGX_QWEN_REDIS_CLOSED) {
        return;
    }

    redis->phase = NGX_QWEN_REDIS_CLOSED;

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    ngx_qwen_redis_disconnect(redis);
    ngx_qwen_redis_abandon(redis);
    ngx_qwen_redis_queue_free(redis);
}


void
ngx_qwen_redis_ready(ngx_qwen_redis_t *redis)
{
    ngx_str_t  none = ngx_string("");

    redis->phase = NGX_QWEN_REDIS_READY;
    redis->failed = 0;
    redis->up_since = ngx_current_msec;

    ngx_qwen_redis_schedule(redis);
    ngx_qwen_redis_tell(redis, NGX_QWEN_REDIS_UP, &none);
}


void
ngx_qwen_redis_exit(ngx_qwen_redis_t *redis)
{
    ngx_str_t  none = ngx_string("");

    if (redis->phase != NGX_QWEN_REDIS_DRAINING) {
        ngx_qwen_redis_tell(redis, NGX_QWEN_REDIS_EXITING, &none);
    }

    ngx_qwen_redis_drain(redis);
}


void
ngx_qwen_redis_fail(ngx_qwen_redis_t *redis, const char *fmt, ...)
{
    u_char      buf[NGX_QWEN_REDIS_REASON_SIZE];
    va_list     args;
    ngx_str_t   reason;
    ngx_uint_t  down;

    va_start(args, fmt);
    reason.data = buf;
    reason.len = ngx_vslprintf(buf, buf + sizeof(buf), fmt, args) - buf;
    va_end(args);

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &redis->log, 0, "%V failed: %V",
                   &redis->server->name, &reason);

    if (redis->phase == NGX_QWEN_REDIS_DRAINING) {
        ngx_qwen_redis_close(redis);
        return;
    }

    ngx_qwen_redis_disconnect(redis);

    down = ngx_qwen_redis_rest(redis);

    ngx_qwen_redis_abandon(redis);

    if (down && redis->phase == NGX_QWEN_REDIS_RESTING) {
        ngx_qwen_redis_tell(redis, NGX_QWEN_REDIS_DOWN, &reason);
    }
}


void
ngx_qwen_redis_broken(ngx_qwen_redis_t *redis, const char *what, ngx_err_t err)
{
    u_char            *last, text[NGX_MAX_ERROR_STR / 16];
#if (NGX_SSL)
    ngx_connection_t  *c;

    c = redis->peer.connection;

    if (redis->alert) {
        ngx_qwen_redis_fail(redis, "%s (alert of the server: %s)", what,
                            SSL_alert_desc_string_long(redis->alert));
        return;
    }

    if (c && c->ssl) {

        /* errno may be another call's */

        err = 0;
    }

#endif

    if (err == 0) {
        ngx_qwen_redis_fail(redis, "%s", what);
        return;
    }

    last = ngx_strerror(err, text, sizeof(text));

    ngx_qwen_redis_fail(redis, "%s (%d: %*s)", what, err,
                        (size_t) (last - text), text);
}


/*
 * Plans the next attempt.  The result tells whether the client is down: it was
 * up, or all addresses have failed in a row.
 */

static ngx_uint_t
ngx_qwen_redis_rest(ngx_qwen_redis_t *redis)
{
    ngx_msec_t  wait;
    ngx_uint_t  down;

    if (redis->phase == NGX_QWEN_REDIS_READY) {
        down = 1;

        /* a server that takes connections only to close them is given time */

        if (ngx_current_msec - redis->up_since >= NGX_QWEN_REDIS_DELAY_MAX) {
            redis->delay = NGX_QWEN_REDIS_DELAY_MIN;
        }

    } else {
        redis->addr = (redis->addr + 1) % redis->server->naddrs;
        redis->failed++;

        down = (redis->failed == redis->server->naddrs);
    }

    wait = 0;

    if (down) {
        wait = redis->delay / 2 + ngx_random() % (redis->delay / 2 + 1);

        redis->delay = ngx_min(redis->delay * 2, NGX_QWEN_REDIS_DELAY_MAX);
        redis->failed = 0;
    }

    redis->phase = NGX_QWEN_REDIS_RESTING;
    redis->due = ngx_current_msec + wait;

    ngx_qwen_redis_schedule(redis);

    return down;
}


/* Tells the state if it is another one than told before. */

static void
ngx_qwen_redis_tell(ngx_qwen_redis_t *redis, ngx_qwen_redis_state_e state,
    ngx_str_t *reason)
{
    ngx_str_t  copy;

    if (redis->told == (ngx_uint_t) state + 1
        && redis->reason.len == reason->len
        && ngx_memcmp(redis->reason_buf, reason->data, reason->len) == 0)
    {
        return;
    }

    ngx_qwen_redis_log(redis, state, reason);

    ngx_memcpy(redis->reason_buf, reason->data, reason->len);
    redis->reason.data = redis->reason_buf;
    redis->reason.len = reason->len;
    redis->told = (ngx_uint_t) state + 1;

    copy = redis->reason;
    redis->handlers.state(redis->handlers.data, state, &copy);
}


static void
ngx_qwen_redis_log(ngx_qwen_redis_t *redis, ngx_qwen_redis_state_e state,
    ngx_str_t *reason)
{
    char        *what;
    ngx_uint_t   level;

    what = redis->handlers.nchannels ? " (channels)" : "";

    switch (state) {

    case NGX_QWEN_REDIS_DOWN:
        ngx_log_error(NGX_LOG_ERR, redis->parent_log, 0,
                      "%V%s is down: %V", &redis->server->name, what, reason);
        break;

    case NGX_QWEN_REDIS_UP:

        /* who has read that it is down shall read that it is up again */

        level = redis->told ? NGX_LOG_WARN : NGX_LOG_NOTICE;

        ngx_log_error(level, redis->parent_log, 0,
                      "%V%s is up", &redis->server->name, what);
        break;

    default: /* NGX_QWEN_REDIS_EXITING */
        break;
    }
}


void
ngx_qwen_redis_schedule(ngx_qwen_redis_t *redis)
{
    ngx_msec_t    due;
    ngx_event_t  *timer;

    if (redis->phase == NGX_QWEN_REDIS_CLOSED) {
        return;
    }

    timer = &redis->timer;
    timer->cancelable = (redis->phase != NGX_QWEN_REDIS_DRAINING);

    due = ngx_qwen_redis_due(redis);

    if (timer->timer_set) {

        if ((ngx_msec_int_t) (due - timer->timer.key) >= 0) {

            /* early, which costs less than a tree that changes all the time */

            return;
        }

        ngx_del_timer(timer);
    }

    due -= ngx_current_msec;

    ngx_add_timer(timer, ((ngx_msec_int_t) due > 0) ? due : 0);
}


static ngx_msec_t
ngx_qwen_redis_due(ngx_qwen_redis_t *redis)
{
    if (redis->phase != NGX_QWEN_REDIS_READY
        && redis->phase != NGX_QWEN_REDIS_DRAINING)
    {
        return redis->due;
    }

    return redis->nwaiters ? redis->waiters[redis->first].deadline
                           : redis->seen + redis->server->conf.ping;
}


static void
ngx_qwen_redis_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_qwen_redis_t       *redis;
    ngx_qwen_redis_conf_t  *conf;

    c = ev->data;
    redis = c->data;
    conf = &redis->server->conf;

    if ((ngx_msec_int_t) (ngx_qwen_redis_due(redis) - ngx_current_msec) > 0) {
        ngx_qwen_redis_schedule(redis);
        return;
    }

    switch (redis->phase) {

    case NGX_QWEN_REDIS_RESTING:
        if (ngx_exiting) {
            ngx_qwen_redis_exit(redis);

        } else {
            ngx_qwen_redis_connect(redis);
        }

        break;

    case NGX_QWEN_REDIS_CONNECTING:
        ngx_qwen_redis_fail(redis, "no connection within %M ms",
                            conf->connect_timeout);
        break;

    case NGX_QWEN_REDIS_SHAKING:
        ngx_qwen_redis_fail(redis, "no TLS handshake within %M ms",
                            conf->connect_timeout);
        break;

    case NGX_QWEN_REDIS_GREETING:
        ngx_qwen_redis_fail(redis, "no answer within %M ms of connecting",
                            conf->connect_timeout);
        break;

    default:
        if (redis->nwaiters) {
            ngx_qwen_redis_fail(redis, "no reply within %M ms", conf->timeout);

        } else {
            ngx_qwen_redis_ping(redis);
        }
    }
}
