
/*
 * The store "redis", shared by nodes and with Qwen2API.  Keys:
 *
 *     user:<email>                hash: password, token, expires, ngx_qwen
 *     qwen2api:settings           hash, field json
 *     ngx_qwen:deleted:<email>    for a month after a deletion
 *     ngx_qwen:signin:<email>     who signs the account in, for seconds
 *     ngx_qwen:day:<date>         hash: <node> <email> -> counters of the day
 *
 * and the channel ngx_qwen:changes with "<node> <what> <email>".
 *
 * Private to the files ngx_qwen_store_redis*.c.
 */

#ifndef _NGX_QWEN_STORE_REDIS_H_INCLUDED_
#define _NGX_QWEN_STORE_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_qwen_accounts.h"
#include "ngx_qwen_changes.h"
#include "ngx_qwen_redis.h"
#include "ngx_qwen_settings.h"
#include "ngx_qwen_store.h"


#define NGX_QWEN_STORE_USER      "user:"
#define NGX_QWEN_STORE_SETTINGS  "qwen2api:settings"
#define NGX_QWEN_STORE_DELETED   "ngx_qwen:deleted:"
#define NGX_QWEN_STORE_SIGNIN    "ngx_qwen:signin:"
#define NGX_QWEN_STORE_DAY       "ngx_qwen:day:"
#define NGX_QWEN_STORE_CHANGES   "ngx_qwen:changes"

/* What is told of an account, or of the settings. */
#define NGX_QWEN_STORE_SET       "set"
#define NGX_QWEN_STORE_RESET     "reset"
#define NGX_QWEN_STORE_REMOVED   "removed"
#define NGX_QWEN_STORE_CONFIG    "settings"
#define NGX_QWEN_STORE_COUNTED   "counted"

/* The longest key: a prefix and an email. */
#define NGX_QWEN_STORE_MAX_KEY   (32 + NGX_QWEN_EMAIL_MAX)

/* Of commands that wait, and of bytes in one value. */
#define NGX_QWEN_STORE_BATCH     200
#define NGX_QWEN_STORE_VALUE     (64 * 1024 * 1024)


/* At configuration. */
typedef struct {
    ngx_qwen_redis_server_t   *server;
    qwen_seal_ring_t          *ring;     /* NULL: secrets stay clear */
} ngx_qwen_store_redis_t;


/* In worker 0. */
typedef struct {
    ngx_qwen_store_t          *store;
    ngx_qwen_store_redis_t    *conf;
    ngx_log_t                 *log;
    ngx_pool_t                *mempool;
    ngx_qwen_redis_t          *redis;
    ngx_qwen_redis_t          *subscriber;
    ngx_event_t                timer;
    ngx_connection_t           connection;   /* for the debug log */

    /* a reading of all there is */
    uint32_t                   sync;
    ngx_uint_t                 reads;        /* replies that it waits for */
    ngx_msec_t                 read_last;
    u_char                     cursor[NGX_INT64_LEN];
    size_t                     cursor_len;
    uint64_t                   unseen;       /* the last account looked at */

    /* a write of changes */
    ngx_uint_t                 writes;       /* replies that it waits for */
    ngx_msec_t                 write_last;
    ngx_uint_t                 change;       /* the last one it has seen */
    ngx_uint_t                 settings;     /* their generation in Redis */
    u_char                     refusal[32];  /* that was logged */

    /* counters */
    ngx_msec_t                 counted_last;
    ngx_msec_t                 others_last;
    ngx_uint_t                 counts;       /* replies that are waited for */
    ngx_uint_t                 ago;          /* the day that is read, 0: today */
    uint32_t                   date;         /* of it */

    unsigned                   up:1;
    unsigned                   reading:1;
    unsigned                   read:1;       /* all, since the connection */
    unsigned                   again:1;      /* a reading is due */
    unsigned                   unreadable:1; /* something is sealed with a key
                                                that is not here */
    unsigned                   told:1;       /* that something is wrong */
    unsigned                   writing:1;
    unsigned                   failed:1;     /* this write, or the last one */
    unsigned                   full:1;       /* too much to write at once */
    unsigned                   refused:1;    /* waiting changes were */
    unsigned                   history:1;    /* all days were read */
    unsigned                   others:1;     /* other nodes have counted */

    ngx_qwen_account_copy_t    copy;
} ngx_qwen_syncer_t;


/* A reply that is waited for, of a command on an account. */
typedef struct {
    ngx_qwen_syncer_t         *syncer;
    uint32_t                   sync;         /* the reading it is of */
    ngx_str_t                  email;
    u_char                     buf[NGX_QWEN_EMAIL_MAX];
} ngx_qwen_store_call_t;


/* Makes one; NULL: no memory.  Its handler frees it. */
ngx_qwen_store_call_t *ngx_qwen_store_call(ngx_qwen_syncer_t *syncer,
    ngx_str_t *email);

/* A key of an account, in buf of NGX_QWEN_STORE_MAX_KEY bytes. */
ngx_str_t ngx_qwen_store_key(u_char *buf, const char *prefix,
    ngx_str_t *email);

#define ngx_qwen_store_is(s, literal)                                         \
    ((s)->len == sizeof(literal) - 1                                          \
     && ngx_strncmp((s)->data, literal, sizeof(literal) - 1) == 0)

/* ngx_qwen_store_redis_read.c: from Redis into the zone. */
void ngx_qwen_store_read(ngx_qwen_syncer_t *syncer);
void ngx_qwen_store_message(void *data, ngx_str_t *channel,
    ngx_str_t *message);

/* ngx_qwen_store_redis_write.c: from the zone into Redis. */
void ngx_qwen_store_write(ngx_qwen_syncer_t *syncer);

/* Tells the other nodes; email may be empty. */
ngx_int_t ngx_qwen_store_tell(ngx_qwen_syncer_t *syncer, const char *what,
    ngx_str_t *email);

/* ngx_qwen_store_redis_settings.c */
ngx_int_t ngx_qwen_store_write_settings(ngx_qwen_syncer_t *syncer,
    ngx_qwen_redis_reply_pt handler);
ngx_int_t ngx_qwen_store_read_settings(ngx_qwen_syncer_t *syncer,
    ngx_qwen_redis_reply_pt handler);
void ngx_qwen_store_take_settings(ngx_qwen_syncer_t *syncer,
    redisReply *reply);

/* ngx_qwen_store_redis_counters.c */
void ngx_qwen_store_count(ngx_qwen_syncer_t *syncer);

/* ngx_qwen_store_redis_signin.c */
ngx_int_t ngx_qwen_store_redis_lock(ngx_qwen_store_t *store, ngx_str_t *email,
    ngx_qwen_store_lock_pt handler, void *data);

/* The worker's syncer; NULL: it has none. */
extern ngx_qwen_syncer_t  *ngx_qwen_syncer;


#endif /* _NGX_QWEN_STORE_REDIS_H_INCLUDED_ */
