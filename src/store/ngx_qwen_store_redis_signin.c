
/*
 * One node at a time signs an account in.  A lock ends by itself; it is not
 * given back, so that no other node signs in while the token is on its way
 * there.  The node that has it may use it again.
 */

#include "ngx_qwen_store_redis.h"


#define NGX_QWEN_STORE_LOCK  "15000"         /* milliseconds */


typedef struct {
    ngx_qwen_syncer_t         *syncer;
    ngx_qwen_store_lock_pt     handler;
    void                      *data;
} ngx_qwen_store_lock_t;


static void ngx_qwen_store_locked(void *data, redisReply *reply);


ngx_int_t
ngx_qwen_store_redis_lock(ngx_qwen_store_t *store, ngx_str_t *email,
    ngx_qwen_store_lock_pt handler, void *data)
{
    u_char                  buf[NGX_QWEN_STORE_MAX_KEY];
    ngx_qwen_syncer_t      *syncer;
    ngx_qwen_store_lock_t  *lock;

    ngx_str_t  set[] = {
        ngx_string("SET"),
        ngx_null_string,
        ngx_null_string,
        ngx_string("NX"),
        ngx_string("PX"),
        ngx_string(NGX_QWEN_STORE_LOCK)
    };

    ngx_str_t  get[] = { ngx_string("GET"), ngx_null_string };

    syncer = ngx_qwen_syncer;

    if (syncer == NULL || !syncer->up) {
        return NGX_DECLINED;
    }

    lock = ngx_alloc(sizeof(ngx_qwen_store_lock_t), syncer->log);
    if (lock == NULL) {
        return NGX_DECLINED;
    }

    lock->syncer = syncer;
    lock->handler = handler;
    lock->data = data;

    set[1] = ngx_qwen_store_key(buf, NGX_QWEN_STORE_SIGNIN, email);
    set[2] = ngx_qwen_changes_node(store->pool);
    get[1] = set[1];

    if (ngx_qwen_redis_command(syncer->redis, 6, set, NULL, NULL) != NGX_OK
        || ngx_qwen_redis_command(syncer->redis, 2, get,
                                  ngx_qwen_store_locked, lock)
           != NGX_OK)
    {
        ngx_free(lock);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* Without Redis each node is by itself. */

static void
ngx_qwen_store_locked(void *data, redisReply *reply)
{
    ngx_qwen_store_lock_t *lock = data;

    ngx_int_t  rc;
    ngx_str_t  node;

    node = ngx_qwen_changes_node(lock->syncer->store->pool);
    rc = NGX_OK;

    if (reply && reply->type == REDIS_REPLY_STRING
        && (reply->len != node.len
            || ngx_memcmp(reply->str, node.data, node.len) != 0))
    {
        rc = NGX_DECLINED;
    }

    lock->handler(lock->data, rc);

    ngx_free(lock);
}
