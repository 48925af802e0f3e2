
/*
 * What a client of Redis is made of.  Private to the files ngx_qwen_redis*.c.
 *
 * Every function that may call a handler may return with another phase than
 * before, and without the connection: handlers may close the client, drain it
 * and give commands.  "generation" tells whether it is the same connection.
 */

#ifndef _NGX_QWEN_REDIS_CORE_H_INCLUDED_
#define _NGX_QWEN_REDIS_CORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_qwen_redis.h"
#include "qwen_buf.h"
#include "qwen_redis_url.h"


#define NGX_QWEN_REDIS_RECV_SIZE    16384
#define NGX_QWEN_REDIS_REASON_SIZE  256


struct ngx_qwen_redis_server_s {
    ngx_qwen_redis_conf_t       conf;

    ngx_str_t                   name;
    ngx_str_t                   user;
    ngx_str_t                   password;
    ngx_str_t                   db;      /* in digits; empty: the first one */

    ngx_addr_t                 *addrs;
    ngx_uint_t                  naddrs;

#if (NGX_SSL)
    ngx_ssl_t                  *ssl;     /* NULL: without TLS */
    ngx_str_t                   ssl_name;  /* with a zero byte behind it */
    ngx_uint_t                  ssl_ip;  /* the name is an address */
#endif
};


typedef enum {
    NGX_QWEN_REDIS_IDLE = 0,             /* not started */
    NGX_QWEN_REDIS_RESTING,              /* until the next attempt */
    NGX_QWEN_REDIS_CONNECTING,
    NGX_QWEN_REDIS_SHAKING,              /* hands, by TLS */
    NGX_QWEN_REDIS_GREETING,             /* commands of our own, then ready */
    NGX_QWEN_REDIS_READY,
    NGX_QWEN_REDIS_DRAINING,             /* replies are waited for */
    NGX_QWEN_REDIS_CLOSED
} ngx_qwen_redis_phase_e;


/* Who waits for a reply. */
typedef struct {
    ngx_qwen_redis_reply_pt     handler;
    void                       *data;
    ngx_msec_t                  deadline;
} ngx_qwen_redis_waiter_t;


struct ngx_qwen_redis_s {
    ngx_qwen_redis_server_t    *server;
    ngx_qwen_redis_handlers_t   handlers;

    ngx_log_t                  *parent_log;
    ngx_log_t                   log;     /* quiet: attempts are not logged */

    ngx_qwen_redis_phase_e      phase;
    ngx_uint_t                  told;    /* the state that was told + 1 */
    ngx_str_t                   reason;  /* that was told with it */
    u_char                      reason_buf[NGX_QWEN_REDIS_REASON_SIZE];

    ngx_peer_connection_t       peer;
    ngx_uint_t                  generation;  /* of the connection */
    ngx_uint_t                  addr;    /* the one to use */
    ngx_uint_t                  failed;  /* addresses in a row */

    /* one timer for all: it may fire early, the phase tells what is due */
    ngx_event_t                 timer;
    ngx_connection_t            timer_connection;  /* for the debug log */
    ngx_msec_t                  due;     /* an attempt's start or end */
    ngx_msec_t                  delay;   /* before the next attempt */
    ngx_msec_t                  up_since;
    ngx_msec_t                  seen;    /* when the server last spoke */

    qwen_redis_reader_t         reader;
    qwen_buf_t                  out;
    size_t                      sent;    /* bytes of out */

    ngx_qwen_redis_waiter_t    *waiters; /* a ring */
    ngx_uint_t                  nwaiters;
    ngx_uint_t                  first;
    ngx_uint_t                  size;

#if (NGX_SSL)
    ngx_uint_t                  alert;   /* of the server */
#endif

    u_char                      in[NGX_QWEN_REDIS_RECV_SIZE];
};


/* The attempt's end or the connection's: closes it, tells those that wait, and
 * plans the next attempt.  The arguments are those of ngx_sprintf(), with
 * nothing in them that is not fit for a log. */
void ngx_qwen_redis_fail(ngx_qwen_redis_t *redis, const char *fmt, ...);

/* The same for a system call or what TLS makes of it: adds errno, unless it is
 * zero, or the server's alert. */
void ngx_qwen_redis_broken(ngx_qwen_redis_t *redis, const char *what,
    ngx_err_t err);

/* The client is up. */
void ngx_qwen_redis_ready(ngx_qwen_redis_t *redis);

/* The worker is about to exit. */
void ngx_qwen_redis_exit(ngx_qwen_redis_t *redis);

/* Sets the timer to what is due next. */
void ngx_qwen_redis_schedule(ngx_qwen_redis_t *redis);

/* Connects to the next address. */
void ngx_qwen_redis_connect(ngx_qwen_redis_t *redis);

/* Closes the connection, which may be none. */
void ngx_qwen_redis_disconnect(ngx_qwen_redis_t *redis);

/* Whether a handler of the connection was called only for it to be closed, as
 * nginx does when a worker exits.  If so, the client has seen to that. */
ngx_uint_t ngx_qwen_redis_closing(ngx_connection_t *c);

/* Sends the commands after which the client is ready. */
void ngx_qwen_redis_greet(ngx_qwen_redis_t *redis);

/* Looks for a server that has been silent. */
void ngx_qwen_redis_ping(ngx_qwen_redis_t *redis);

/* Queues a command whatever the phase and the limits of the configuration.
 * NGX_OK or NGX_ERROR. */
ngx_int_t ngx_qwen_redis_queue(ngx_qwen_redis_t *redis, ngx_uint_t argc,
    const ngx_str_t *argv, ngx_qwen_redis_reply_pt handler, void *data);

/* Has what is queued sent soon, though not before the caller returns. */
void ngx_qwen_redis_flush(ngx_qwen_redis_t *redis);

/* Gives the reply, which may be NULL, to the first that waits. */
void ngx_qwen_redis_answer(ngx_qwen_redis_t *redis, redisReply *reply);

/* Gives NULL to all that wait. */
void ngx_qwen_redis_abandon(ngx_qwen_redis_t *redis);

/* Frees the queue's memory. */
void ngx_qwen_redis_queue_free(ngx_qwen_redis_t *redis);

void ngx_qwen_redis_read_handler(ngx_event_t *rev);
void ngx_qwen_redis_write_handler(ngx_event_t *wev);


#if (NGX_SSL)

/* At configuration: what the server's certificate is verified with, for the
 * host if the configuration has no other name. */
ngx_int_t ngx_qwen_redis_tls_create(ngx_conf_t *cf,
    ngx_qwen_redis_server_t *server, const qwen_redis_url_t *url);

/* The handshake, then the greeting. */
void ngx_qwen_redis_tls_start(ngx_qwen_redis_t *redis);

/* Frees what TLS holds of the connection; nothing is sent. */
void ngx_qwen_redis_tls_end(ngx_connection_t *c);

#endif


#endif /* _NGX_QWEN_REDIS_CORE_H_INCLUDED_ */
