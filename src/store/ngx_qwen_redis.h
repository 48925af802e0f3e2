
/*
 * A client of Redis: one connection, made of nginx's own events, that nothing
 * blocks on.  It connects again by itself, with a growing delay, until it is
 * closed.
 *
 * Commands are taken only while the client is up.  They are not kept for
 * later: what was true when a command was refused may be wrong when Redis is
 * back, and only the caller knows.  A command that was taken has its handler
 * called exactly once, never before ngx_qwen_redis_command() returns, in the
 * order of the commands: with the reply, or with NULL if there will be none.
 * Such a command may have been executed all the same.
 *
 * A client with channels does not take commands: it hands over messages.  It is
 * up when all channels are subscribed, so that whoever reads the keys on "up"
 * misses no change.
 */

#ifndef _NGX_QWEN_REDIS_H_INCLUDED_
#define _NGX_QWEN_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "qwen_redis_reader.h"


#define NGX_QWEN_REDIS_MAX_ARGS  1024


/* What the URL and the configuration say; clients share it. */
typedef struct ngx_qwen_redis_server_s  ngx_qwen_redis_server_t;

typedef struct ngx_qwen_redis_s  ngx_qwen_redis_t;


typedef enum {
    NGX_QWEN_REDIS_DOWN = 0,
    NGX_QWEN_REDIS_UP,

    /* The worker is about to exit.  If the client was up, the last commands may
     * be given now; it ends when they are answered, as after a call of
     * ngx_qwen_redis_drain(). */
    NGX_QWEN_REDIS_EXITING
} ngx_qwen_redis_state_e;


typedef struct {
    ngx_str_t    trusted_certificate;  /* file, ends with a zero byte; empty:
                                        * those of the system */
    ngx_str_t    tls_name;             /* in the certificate; empty: the host */
    ngx_msec_t   connect_timeout;      /* of an address, until it is up */
    ngx_msec_t   timeout;              /* of a command */
    ngx_msec_t   ping;                 /* rest before it looks for the server */
    ngx_uint_t   max_commands;         /* that wait for their replies */
    size_t       max_bytes;            /* of commands that are not sent yet */
    size_t       max_reply;            /* memory of a reply or a message */
} ngx_qwen_redis_conf_t;


/* The reply is freed when the handler returns. */
typedef void (*ngx_qwen_redis_reply_pt)(void *data, redisReply *reply);

typedef void (*ngx_qwen_redis_message_pt)(void *data, ngx_str_t *channel,
    ngx_str_t *message);

/* Called when the state changes, and when the client is down for another reason
 * than before.  The reason, empty but for DOWN, is fit for a log; both states
 * are logged already.  Of a server with several addresses the client is down
 * when it was up, or when all of them have failed in a row. */
typedef void (*ngx_qwen_redis_state_pt)(void *data,
    ngx_qwen_redis_state_e state, ngx_str_t *reason);


typedef struct {
    ngx_qwen_redis_state_pt     state;
    ngx_qwen_redis_message_pt   message;     /* of a client with channels */
    ngx_str_t                  *channels;    /* live as long as the client */
    ngx_uint_t                  nchannels;
    void                       *data;        /* of both handlers */
} ngx_qwen_redis_handlers_t;


/* At configuration: looks the host up and loads the certificates.  Fields of
 * conf that are zero get their defaults.  NULL: it cannot, and why is
 * logged. */
ngx_qwen_redis_server_t *ngx_qwen_redis_server(ngx_conf_t *cf, ngx_str_t *url,
    const ngx_qwen_redis_conf_t *conf);

/* "redis host:port/db" or "redis unix:/path?db=0", for logs. */
ngx_str_t *ngx_qwen_redis_name(ngx_qwen_redis_server_t *server);

/* In a worker: a client that is not started yet, in the pool, which must live
 * until the client is closed, and until the handler that closes it has
 * returned.  NULL: no memory. */
ngx_qwen_redis_t *ngx_qwen_redis_create(ngx_pool_t *pool, ngx_log_t *log,
    ngx_qwen_redis_server_t *server,
    const ngx_qwen_redis_handlers_t *handlers);

/* Connects, once for each client; calls no handler before it returns. */
void ngx_qwen_redis_start(ngx_qwen_redis_t *redis);

/* Takes a command.  The handler may be NULL.  NGX_OK; NGX_DECLINED: the client
 * is not up; NGX_AGAIN: too much waits already; NGX_ERROR: no memory, or the
 * command is above a limit by itself. */
ngx_int_t ngx_qwen_redis_command(ngx_qwen_redis_t *redis, ngx_uint_t argc,
    const ngx_str_t *argv, ngx_qwen_redis_reply_pt handler, void *data);

/* Takes no more commands and closes when all are answered, or are known to have
 * no answer; the state handler is not called any more.  Until then, and only
 * then, the client keeps an exiting worker alive. */
void ngx_qwen_redis_drain(ngx_qwen_redis_t *redis);

/* Ends the client at once and frees what it holds beside its pool.  Commands
 * without reply have their handlers called with NULL; the state handler is not
 * called.  It may be called in any handler, and more than once; a worker must
 * have called it before it exits. */
void ngx_qwen_redis_close(ngx_qwen_redis_t *redis);


#endif /* _NGX_QWEN_REDIS_H_INCLUDED_ */
