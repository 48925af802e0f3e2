
/*
 * Replies and messages as they come in.
 */

#include "ngx_qwen_redis_core.h"


/* Reads in a row, so that a server that never ceases leaves time to others. */
#define NGX_QWEN_REDIS_READS  16


static ngx_int_t ngx_qwen_redis_take(ngx_qwen_redis_t *redis, size_t len);
static void ngx_qwen_redis_reply(ngx_qwen_redis_t *redis, redisReply *reply);
static ngx_uint_t ngx_qwen_redis_is_message(redisReply *reply);
static void ngx_qwen_redis_message(ngx_qwen_redis_t *redis, redisReply *reply);


void
ngx_qwen_redis_read_handler(ngx_event_t *rev)
{
    ssize_t            n;
    ngx_uint_t         i;
    ngx_connection_t  *c;
    ngx_qwen_redis_t  *redis;

    c = rev->data;
    redis = c->data;

    if (ngx_qwen_redis_closing(c)) {
        return;
    }

    for (i = 0; i < NGX_QWEN_REDIS_READS; i++) {
        n = c->recv(c, redis->in, NGX_QWEN_REDIS_RECV_SIZE);

        if (n == NGX_AGAIN) {
            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_qwen_redis_fail(redis,
                                    "no event of reading could be added");
                return;
            }

            ngx_qwen_redis_schedule(redis);
            return;
        }

        if (n == NGX_ERROR) {
            ngx_qwen_redis_broken(redis, "recv() failed", ngx_socket_errno);
            return;
        }

        if (n == 0) {
            ngx_qwen_redis_broken(redis, "the server closed the connection",
                                  0);
            return;
        }

        redis->seen = ngx_current_msec;

        if (ngx_qwen_redis_take(redis, n) != NGX_OK) {
            return;
        }
    }

    ngx_post_event(rev, &ngx_posted_next_events);
    ngx_qwen_redis_schedule(redis);
}


/* Takes what was read.  NGX_DONE: the connection is gone. */

static ngx_int_t
ngx_qwen_redis_take(ngx_qwen_redis_t *redis, size_t len)
{
    qwen_rc_t    rc;
    qwen_str_t   input;
    ngx_uint_t   generation;
    redisReply  *reply;

    input.data = redis->in;
    input.len = len;

    generation = redis->generation;

    for ( ;; ) {
        rc = qwen_redis_reader_next(&redis->reader, &input, &reply);

        if (rc == QWEN_AGAIN) {
            return NGX_OK;
        }

        if (rc == QWEN_ERROR) {
            ngx_qwen_redis_fail(redis, "%s", redis->reader.wrong);
            return NGX_DONE;
        }

        ngx_qwen_redis_reply(redis, reply);
        freeReplyObject(reply);

        if (redis->generation != generation) {
            return NGX_DONE;
        }
    }
}


static void
ngx_qwen_redis_reply(ngx_qwen_redis_t *redis, redisReply *reply)
{
    if (redis->handlers.nchannels && ngx_qwen_redis_is_message(reply)) {
        ngx_qwen_redis_message(redis, reply);
        return;
    }

    if (redis->nwaiters == 0) {
        ngx_qwen_redis_fail(redis, "a reply that nobody waits for");
        return;
    }

    ngx_qwen_redis_answer(redis, reply);

    if (redis->phase == NGX_QWEN_REDIS_DRAINING && redis->nwaiters == 0) {
        ngx_qwen_redis_close(redis);
    }
}


static ngx_uint_t
ngx_qwen_redis_is_message(redisReply *reply)
{
    ngx_uint_t  i;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        return 0;
    }

    for (i = 0; i < 3; i++) {
        if (reply->element[i]->type != REDIS_REPLY_STRING) {
            return 0;
        }
    }

    return reply->element[0]->len == 7
           && ngx_strncmp(reply->element[0]->str, "message", 7) == 0;
}


static void
ngx_qwen_redis_message(ngx_qwen_redis_t *redis, redisReply *reply)
{
    ngx_str_t  channel, message;

    if (redis->phase != NGX_QWEN_REDIS_READY) {

        /* whoever reads the keys on "up" sees that change, too */

        return;
    }

    channel.data = (u_char *) reply->element[1]->str;
    channel.len = reply->element[1]->len;

    message.data = (u_char *) reply->element[2]->str;
    message.len = reply->element[2]->len;

    redis->handlers.message(redis->handlers.data, &channel, &message);
}
