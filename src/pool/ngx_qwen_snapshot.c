
/* A worker's copy of settings and of the keys' digests, so that requests take
 * no lock. */

#include "ngx_qwen_settings.h"
#include "ngx_qwen_zone.h"


static ngx_qwen_snapshot_t *ngx_qwen_snapshot_make(ngx_qwen_pool_t *pool,
    ngx_log_t *log);
static ngx_int_t ngx_qwen_snapshot_fill(ngx_qwen_pool_t *pool,
    ngx_qwen_snapshot_t *snapshot);
static u_char *ngx_qwen_snapshot_key(ngx_qwen_key_t *entry,
    ngx_qwen_zone_key_t *key, u_char *p);


static ngx_qwen_snapshot_t  *ngx_qwen_snapshot;


const ngx_qwen_snapshot_t *
ngx_qwen_settings_snapshot(ngx_qwen_pool_t *pool, ngx_log_t *log)
{
    ngx_qwen_snapshot_t  *snapshot;

    if (ngx_qwen_snapshot
        && ngx_qwen_snapshot->generation == pool->sh->settings.generation)
    {
        return ngx_qwen_snapshot;
    }

    snapshot = ngx_qwen_snapshot_make(pool, log);
    if (snapshot == NULL) {
        return NULL;
    }

    ngx_qwen_settings_exit();

    ngx_qwen_snapshot = snapshot;

    return snapshot;
}


void
ngx_qwen_settings_exit(void)
{
    if (ngx_qwen_snapshot) {
        ngx_destroy_pool(ngx_qwen_snapshot->pool);
        ngx_qwen_snapshot = NULL;
    }
}


static ngx_qwen_snapshot_t *
ngx_qwen_snapshot_make(ngx_qwen_pool_t *pool, ngx_log_t *log)
{
    ngx_int_t             rc;
    ngx_pool_t           *mempool;
    ngx_qwen_snapshot_t  *snapshot;

    do {
        mempool = ngx_create_pool(1024, log);
        if (mempool == NULL) {
            return NULL;
        }

        snapshot = ngx_pcalloc(mempool, sizeof(ngx_qwen_snapshot_t));
        if (snapshot == NULL) {
            ngx_destroy_pool(mempool);
            return NULL;
        }

        snapshot->pool = mempool;

        rc = ngx_qwen_snapshot_fill(pool, snapshot);

        if (rc != NGX_OK) {
            ngx_destroy_pool(mempool);
        }

    } while (rc == NGX_AGAIN);

    return rc == NGX_OK ? snapshot : NULL;
}


/* NGX_AGAIN: there are more keys now. */

static ngx_int_t
ngx_qwen_snapshot_fill(ngx_qwen_pool_t *pool, ngx_qwen_snapshot_t *snapshot)
{
    u_char                    *names;
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_qwen_key_t            *entries;
    ngx_qwen_zone_settings_t  *zone;

    zone = &pool->sh->settings;
    n = zone->nkeys;

    snapshot->keys.entries = ngx_array_create(snapshot->pool, n + 1,
                                              sizeof(ngx_qwen_key_t));
    names = ngx_pnalloc(snapshot->pool, n * NGX_QWEN_KEY_NAME_MAX + 1);

    if (snapshot->keys.entries == NULL || names == NULL) {
        return NGX_ERROR;
    }

    entries = snapshot->keys.entries->elts;

    ngx_shmtx_lock(&pool->shpool->mutex);

    if (zone->nkeys > n) {
        ngx_shmtx_unlock(&pool->shpool->mutex);
        return NGX_AGAIN;
    }

    for (q = ngx_queue_head(&zone->keys), n = 0;
         q != ngx_queue_sentinel(&zone->keys);
         q = ngx_queue_next(q), n++)
    {
        names = ngx_qwen_snapshot_key(&entries[n],
                                      ngx_queue_data(q, ngx_qwen_zone_key_t,
                                                     queue),
                                      names);
    }

    snapshot->values = zone->values;
    snapshot->generation = zone->generation;

    ngx_shmtx_unlock(&pool->shpool->mutex);

    snapshot->keys.entries->nelts = n;

    ngx_qwen_keys_sort(&snapshot->keys);

    return NGX_OK;
}


static u_char *
ngx_qwen_snapshot_key(ngx_qwen_key_t *entry, ngx_qwen_zone_key_t *key,
    u_char *p)
{
    ngx_memzero(entry, sizeof(ngx_qwen_key_t));
    ngx_memcpy(entry->digest, key->digest, QWEN_SHA256_LEN);

    entry->name.data = p;

    if (key->name.len == 0) {
        entry->name.len = NGX_QWEN_KEY_ID_LEN;
        ngx_qwen_keys_id(p, key->digest);

    } else {
        entry->name.len = ngx_min(key->name.len, NGX_QWEN_KEY_NAME_MAX);
        ngx_memcpy(p, key->name.data, entry->name.len);
    }

    return p + NGX_QWEN_KEY_NAME_MAX;
}
