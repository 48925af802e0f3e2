
/*
 * Commands on their way out, and who waits for their replies.
 */

#include "ngx_qwen_redis_core.h"


#define NGX_QWEN_REDIS_WAITERS  16       /* room for them at first */
#define NGX_QWEN_REDIS_KEEP     65536    /* memory that a burst may leave */
#define NGX_QWEN_REDIS_ARG      32       /* what an argument takes beside its
                                          * bytes, at most */


static size_t ngx_qwen_redis_command_size(ngx_uint_t argc,
    const ngx_str_t *argv, size_t max);
static ngx_int_t ngx_qwen_redis_format(ngx_qwen_redis_t *redis,
    ngx_uint_t argc, const ngx_str_t *argv);
static ngx_int_t ngx_qwen_redis_waiters_room(ngx_qwen_redis_t *redis);
static ngx_int_t ngx_qwen_redis_send(ngx_qwen_redis_t *redis);


ngx_int_t
ngx_qwen_redis_command(ngx_qwen_redis_t *redis, ngx_uint_t argc,
    const ngx_str_t *argv, ngx_qwen_redis_reply_pt handler, void *data)
{
    size_t                  size;
    ngx_qwen_redis_conf_t  *conf;

    conf = &redis->server->conf;

    if (redis->phase != NGX_QWEN_REDIS_READY || redis->handlers.nchannels) {
        return NGX_DECLINED;
    }

    size = ngx_qwen_redis_command_size(argc, argv, conf->max_bytes);

    if (size == 0) {
        return NGX_ERROR;
    }

    if (redis->nwaiters >= conf->max_commands
        || redis->out.len - redis->sent > conf->max_bytes - size)
    {
        return NGX_AGAIN;
    }

    if (ngx_qwen_redis_queue(redis, argc, argv, handler, data) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_qwen_redis_flush(redis);
    ngx_qwen_redis_schedule(redis);

    return NGX_OK;
}


/* Bytes of the command, or a few more; 0: it is above a limit. */

static size_t
ngx_qwen_redis_command_size(ngx_uint_t argc, const ngx_str_t *argv, size_t max)
{
    size_t      size;
    ngx_uint_t  i;

    if (argc == 0 || argc > NGX_QWEN_REDIS_MAX_ARGS) {
        return 0;
    }

    size = NGX_QWEN_REDIS_ARG * (argc + 1);

    if (size > max) {
        return 0;
    }

    for (i = 0; i < argc; i++) {

        if (argv[i].len > max - size) {
            return 0;
        }

        size += argv[i].len;
    }

    return size;
}


ngx_int_t
ngx_qwen_redis_queue(ngx_qwen_redis_t *redis, ngx_uint_t argc,
    const ngx_str_t *argv, ngx_qwen_redis_reply_pt handler, void *data)
{
    ngx_uint_t                i;
    ngx_qwen_redis_waiter_t  *waiter;

    if (ngx_qwen_redis_waiters_room(redis) != NGX_OK
        || ngx_qwen_redis_format(redis, argc, argv) != NGX_OK)
    {
        return NGX_ERROR;
    }

    i = (redis->first + redis->nwaiters) % redis->size;
    redis->nwaiters++;

    waiter = &redis->waiters[i];
    waiter->handler = handler;
    waiter->data = data;
    waiter->deadline = ngx_current_msec + redis->server->conf.timeout;

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_redis_format(ngx_qwen_redis_t *redis, ngx_uint_t argc,
    const ngx_str_t *argv)
{
    char        *command;
    size_t       left, lens[NGX_QWEN_REDIS_MAX_ARGS];
    long long    len;
    qwen_rc_t    rc;
    ngx_uint_t   i;
    const char  *args[NGX_QWEN_REDIS_MAX_ARGS];

    for (i = 0; i < argc; i++) {
        args[i] = argv[i].len ? (const char *) argv[i].data : "";
        lens[i] = argv[i].len;
    }

    len = redisFormatCommandArgv(&command, (int) argc, args, lens);

    if (len < 0) {
        return NGX_ERROR;
    }

    left = redis->out.len - redis->sent;

    if (redis->sent && redis->sent >= left) {
        ngx_memmove(redis->out.data, redis->out.data + redis->sent, left);
        redis->out.len = left;
        redis->sent = 0;
    }

    rc = qwen_buf_append(&redis->out, command, (size_t) len);

    redisFreeCommand(command);

    if (rc != QWEN_OK) {

        /* what was queued before is as it was */

        redis->out.failed = false;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Has room for one more in the ring. */

static ngx_int_t
ngx_qwen_redis_waiters_room(ngx_qwen_redis_t *redis)
{
    ngx_uint_t                i, size;
    ngx_qwen_redis_waiter_t  *waiters;

    if (redis->nwaiters < redis->size) {
        return NGX_OK;
    }

    size = redis->size ? redis->size * 2 : NGX_QWEN_REDIS_WAITERS;

    waiters = ngx_alloc(size * sizeof(ngx_qwen_redis_waiter_t), &redis->log);
    if (waiters == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < redis->nwaiters; i++) {
        waiters[i] = redis->waiters[(redis->first + i) % redis->size];
    }

    ngx_free(redis->waiters);

    redis->waiters = waiters;
    redis->size = size;
    redis->first = 0;

    return NGX_OK;
}


void
ngx_qwen_redis_answer(ngx_qwen_redis_t *redis, redisReply *reply)
{
    ngx_qwen_redis_waiter_t  waiter;

    /* a copy, taken off: the handler may do what it likes with the queue */

    waiter = redis->waiters[redis->first];

    redis->first = (redis->first + 1) % redis->size;
    redis->nwaiters--;

    if (waiter.handler) {
        waiter.handler(waiter.data, reply);
    }
}


void
ngx_qwen_redis_abandon(ngx_qwen_redis_t *redis)
{
    while (redis->nwaiters) {
        ngx_qwen_redis_answer(redis, NULL);
    }
}


void
ngx_qwen_redis_queue_free(ngx_qwen_redis_t *redis)
{
    qwen_buf_free(&redis->out);

    ngx_free(redis->waiters);

    redis->waiters = NULL;
    redis->size = 0;
    redis->first = 0;
}


void
ngx_qwen_redis_flush(ngx_qwen_redis_t *redis)
{
    ngx_event_t  *wev;

    wev = redis->peer.connection->write;

    /*
     * As a posted event, so that commands that are given together leave
     * together; among the next ones, as these wake a loop that is about to
     * sleep, whoever gives the command.
     */

    if (wev->ready) {
        ngx_post_event(wev, &ngx_posted_next_events);
    }
}


void
ngx_qwen_redis_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;
    ngx_qwen_redis_t  *redis;

    c = wev->data;
    redis = c->data;

    if (ngx_qwen_redis_send(redis) != NGX_OK) {
        ngx_qwen_redis_broken(redis, "send() failed", ngx_socket_errno);
        return;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_qwen_redis_fail(redis, "no event of writing could be added");
    }
}


static ngx_int_t
ngx_qwen_redis_send(ngx_qwen_redis_t *redis)
{
    ssize_t            n;
    qwen_buf_t        *out;
    ngx_connection_t  *c;

    c = redis->peer.connection;
    out = &redis->out;

    while (redis->sent < out->len) {
        n = c->send(c, out->data + redis->sent, out->len - redis->sent);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n <= 0) {

            /* the rest when the server has read some */

            return NGX_OK;
        }

        redis->sent += n;
    }

    redis->sent = 0;

    if (out->size > NGX_QWEN_REDIS_KEEP) {
        qwen_buf_free(out);

    } else {
        qwen_buf_reset(out);
    }

    return NGX_OK;
}
