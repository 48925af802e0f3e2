
/*
 * The commands after which a client is up.  They are sent at once: a server
 * that refuses the first answers the others all the same.
 */

#include "ngx_qwen_redis_core.h"


static ngx_int_t ngx_qwen_redis_auth(ngx_qwen_redis_t *redis);
static ngx_int_t ngx_qwen_redis_select(ngx_qwen_redis_t *redis);
static ngx_int_t ngx_qwen_redis_subscribe(ngx_qwen_redis_t *redis);
static ngx_int_t ngx_qwen_redis_look(ngx_qwen_redis_t *redis);
static void ngx_qwen_redis_auth_reply(void *data, redisReply *reply);
static void ngx_qwen_redis_select_reply(void *data, redisReply *reply);
static void ngx_qwen_redis_subscribe_reply(void *data, redisReply *reply);
static void ngx_qwen_redis_look_reply(void *data, redisReply *reply);
static ngx_uint_t ngx_qwen_redis_accepted(ngx_qwen_redis_t *redis,
    const char *command, redisReply *reply);


void
ngx_qwen_redis_greet(ngx_qwen_redis_t *redis)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = redis->peer.connection;

    redis->phase = NGX_QWEN_REDIS_GREETING;

    c->read->handler = ngx_qwen_redis_read_handler;
    c->write->handler = ngx_qwen_redis_write_handler;

    rc = ngx_qwen_redis_auth(redis);

    if (rc == NGX_OK) {
        rc = redis->handlers.nchannels ? ngx_qwen_redis_subscribe(redis)
                                       : ngx_qwen_redis_select(redis);
    }

    if (rc != NGX_OK) {
        ngx_qwen_redis_fail(redis, "no memory");
        return;
    }

    ngx_qwen_redis_flush(redis);

    if (c->read->ready) {

        /* this event was another handler's */

        ngx_post_event(c->read, &ngx_posted_next_events);
    }
}


static ngx_int_t
ngx_qwen_redis_auth(ngx_qwen_redis_t *redis)
{
    ngx_str_t                 argv[3];
    ngx_uint_t                argc;
    ngx_qwen_redis_server_t  *server;

    server = redis->server;

    if (server->user.len == 0 && server->password.len == 0) {
        return NGX_OK;
    }

    argc = 0;
    ngx_str_set(&argv[argc], "AUTH");
    argc++;

    /* before 6.0 there are no users */

    if (server->user.len) {
        argv[argc++] = server->user;
    }

    argv[argc++] = server->password;

    return ngx_qwen_redis_queue(redis, argc, argv, ngx_qwen_redis_auth_reply,
                                redis);
}


static ngx_int_t
ngx_qwen_redis_select(ngx_qwen_redis_t *redis)
{
    ngx_str_t  argv[2];

    if (redis->server->db.len) {
        ngx_str_set(&argv[0], "SELECT");
        argv[1] = redis->server->db;

        if (ngx_qwen_redis_queue(redis, 2, argv, ngx_qwen_redis_select_reply,
                                 redis)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_qwen_redis_look(redis);
}


/* Channels belong to no database. */

static ngx_int_t
ngx_qwen_redis_subscribe(ngx_qwen_redis_t *redis)
{
    ngx_str_t   argv[2];
    ngx_uint_t  i;

    ngx_str_set(&argv[0], "SUBSCRIBE");

    /* a command for each, as each has a reply of its own */

    for (i = 0; i < redis->handlers.nchannels; i++) {
        argv[1] = redis->handlers.channels[i];

        if (ngx_qwen_redis_queue(redis, 2, argv,
                                 ngx_qwen_redis_subscribe_reply, redis)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_redis_look(ngx_qwen_redis_t *redis)
{
    static const ngx_str_t  ping = ngx_string("PING");

    return ngx_qwen_redis_queue(redis, 1, &ping, ngx_qwen_redis_look_reply,
                                redis);
}


void
ngx_qwen_redis_ping(ngx_qwen_redis_t *redis)
{
    static const ngx_str_t  ping = ngx_string("PING");

    /* an error is a sign of life, too */

    if (ngx_qwen_redis_queue(redis, 1, &ping, NULL, NULL) != NGX_OK) {
        ngx_qwen_redis_fail(redis, "no memory");
        return;
    }

    ngx_qwen_redis_flush(redis);
    ngx_qwen_redis_schedule(redis);
}


static void
ngx_qwen_redis_auth_reply(void *data, redisReply *reply)
{
    (void) ngx_qwen_redis_accepted(data, "AUTH", reply);
}


static void
ngx_qwen_redis_select_reply(void *data, redisReply *reply)
{
    (void) ngx_qwen_redis_accepted(data, "SELECT", reply);
}


static void
ngx_qwen_redis_subscribe_reply(void *data, redisReply *reply)
{
    ngx_qwen_redis_t  *redis = data;

    if (ngx_qwen_redis_accepted(redis, "SUBSCRIBE", reply)
        && redis->nwaiters == 0)
    {
        ngx_qwen_redis_ready(redis);
    }
}


static void
ngx_qwen_redis_look_reply(void *data, redisReply *reply)
{
    qwen_str_t         code;
    ngx_qwen_redis_t  *redis = data;

    if (reply && reply->type == REDIS_REPLY_ERROR) {
        code = qwen_redis_error_code(reply);

        /* a user may have rights to all that is needed but not to this */

        if (qwen_str_eq(code, qwen_literal("NOPERM"))) {
            ngx_qwen_redis_ready(redis);
            return;
        }
    }

    if (ngx_qwen_redis_accepted(redis, "PING", reply)) {
        ngx_qwen_redis_ready(redis);
    }
}


/* Of an error only the code is told: the rest may repeat the command. */

static ngx_uint_t
ngx_qwen_redis_accepted(ngx_qwen_redis_t *redis, const char *command,
    redisReply *reply)
{
    qwen_str_t  code;

    if (reply == NULL) {

        /* the attempt has failed already */

        return 0;
    }

    if (reply->type != REDIS_REPLY_ERROR) {
        return 1;
    }

    code = qwen_redis_error_code(reply);

    if (code.len == 0) {
        code = qwen_literal("an error without a code");
    }

    ngx_qwen_redis_fail(redis, "%s was refused: %*s", command,
                        code.len, code.data);
    return 0;
}
