
#include "ngx_qwen_settings.h"
#include "ngx_qwen_zone.h"


static void ngx_qwen_settings_take(qwen_record_settings_t *to,
    const qwen_record_settings_t *from);
static ngx_int_t ngx_qwen_settings_insert(ngx_qwen_pool_t *pool,
    const qwen_record_key_t *record);
static ngx_qwen_zone_key_t *ngx_qwen_settings_make_key(ngx_qwen_pool_t *pool,
    const qwen_record_key_t *record);
static ngx_qwen_zone_key_t *ngx_qwen_settings_find_key(ngx_qwen_pool_t *pool,
    u_char *digest);
static ngx_qwen_zone_key_t *ngx_qwen_settings_find_name(ngx_qwen_pool_t *pool,
    ngx_str_t *name);
static void ngx_qwen_settings_free_key(ngx_qwen_pool_t *pool,
    ngx_qwen_zone_key_t *key);
static ngx_int_t ngx_qwen_settings_restore_locked(ngx_qwen_pool_t *pool,
    const qwen_record_settings_t *settings, qwen_str_t file_extra);
static ngx_int_t ngx_qwen_settings_replace(ngx_qwen_pool_t *pool,
    ngx_str_t *old, qwen_str_t s);
static void ngx_qwen_settings_changed(ngx_qwen_pool_t *pool);
static void ngx_qwen_settings_copy_locked(ngx_qwen_zone_settings_t *zone,
    u_char *p, qwen_record_settings_t *settings, qwen_str_t *file_extra);
static u_char *ngx_qwen_settings_copy_str(u_char *p, qwen_str_t *to,
    ngx_str_t *from);


ngx_uint_t
ngx_qwen_settings_generation(ngx_qwen_pool_t *pool)
{
    return pool->sh->settings.generation;
}


void
ngx_qwen_settings_change(ngx_qwen_pool_t *pool,
    const qwen_record_settings_t *values)
{
    ngx_shmtx_lock(&pool->shpool->mutex);

    ngx_qwen_settings_take(&pool->sh->settings.values, values);
    ngx_qwen_settings_changed(pool);

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


static void
ngx_qwen_settings_take(qwen_record_settings_t *to,
    const qwen_record_settings_t *from)
{
    to->set |= from->set;

    if (from->set & QWEN_RECORD_AUTO_REFRESH) {
        to->auto_refresh = from->auto_refresh;
    }

    if (from->set & QWEN_RECORD_AUTO_REFRESH_INTERVAL) {
        to->auto_refresh_interval = from->auto_refresh_interval;
    }

    if (from->set & QWEN_RECORD_BATCH_LOGIN_CONCURRENCY) {
        to->batch_login_concurrency = from->batch_login_concurrency;
    }

    if (from->set & QWEN_RECORD_OUT_THINK) {
        to->out_think = from->out_think;
    }

    if (from->set & QWEN_RECORD_LEGACY_REASONING) {
        to->legacy_reasoning = from->legacy_reasoning;
    }

    if (from->set & QWEN_RECORD_SEARCH_INFO_MODE) {
        to->search_info_table = from->search_info_table;
    }

    if (from->set & QWEN_RECORD_SIMPLE_MODEL_MAP) {
        to->simple_model_map = from->simple_model_map;
    }

    if (from->set & QWEN_RECORD_CHAT_RETRY_COUNT) {
        to->chat_retry_count = from->chat_retry_count;
    }

    if (from->set & QWEN_RECORD_CHAT_RETRY_BACKOFF) {
        to->chat_retry_backoff = from->chat_retry_backoff;
    }
}


ngx_int_t
ngx_qwen_settings_add_key(ngx_qwen_pool_t *pool, ngx_str_t *key,
    ngx_str_t *name)
{
    ngx_int_t          rc;
    qwen_record_key_t  record;

    ngx_memzero(&record, sizeof(qwen_record_key_t));

    record.key = (qwen_str_t) { key->data, key->len };
    record.name = (qwen_str_t) { name->data, name->len };
    record.created = ngx_time();

    ngx_shmtx_lock(&pool->shpool->mutex);

    if (name->len && ngx_qwen_settings_find_name(pool, name)) {
        rc = NGX_BUSY;

    } else {
        rc = ngx_qwen_settings_insert(pool, &record);
    }

    if (rc == NGX_OK) {
        ngx_qwen_settings_changed(pool);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


static ngx_int_t
ngx_qwen_settings_insert(ngx_qwen_pool_t *pool,
    const qwen_record_key_t *record)
{
    ngx_qwen_zone_key_t       *key;
    ngx_qwen_zone_settings_t  *zone;

    zone = &pool->sh->settings;

    if (zone->nkeys == QWEN_RECORD_MAX_KEYS) {
        return NGX_ERROR;
    }

    key = ngx_qwen_settings_make_key(pool, record);
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (ngx_qwen_settings_find_key(pool, key->digest)) {
        ngx_qwen_settings_free_key(pool, key);
        return NGX_DECLINED;
    }

    ngx_queue_insert_tail(&zone->keys, &key->queue);
    zone->nkeys++;
    zone->bytes += key->key.len + key->name.len + key->extra.len;

    return NGX_OK;
}


static ngx_qwen_zone_key_t *
ngx_qwen_settings_make_key(ngx_qwen_pool_t *pool,
    const qwen_record_key_t *record)
{
    ngx_qwen_zone_key_t  *key;

    key = ngx_slab_calloc_locked(pool->shpool, sizeof(ngx_qwen_zone_key_t));
    if (key == NULL) {
        return NULL;
    }

    if (ngx_qwen_settings_replace(pool, &key->key, record->key) != NGX_OK
        || ngx_qwen_settings_replace(pool, &key->name, record->name) != NGX_OK
        || ngx_qwen_settings_replace(pool, &key->extra, record->extra)
           != NGX_OK
        || qwen_sha256(record->key.data, record->key.len, key->digest)
           != QWEN_OK)
    {
        ngx_qwen_settings_free_key(pool, key);
        return NULL;
    }

    key->created = (time_t) record->created;

    return key;
}


static ngx_qwen_zone_key_t *
ngx_qwen_settings_find_key(ngx_qwen_pool_t *pool, u_char *digest)
{
    ngx_queue_t          *q, *keys;
    ngx_qwen_zone_key_t  *key;

    keys = &pool->sh->settings.keys;

    for (q = ngx_queue_head(keys);
         q != ngx_queue_sentinel(keys);
         q = ngx_queue_next(q))
    {
        key = ngx_queue_data(q, ngx_qwen_zone_key_t, queue);

        if (ngx_memcmp(key->digest, digest, QWEN_SHA256_LEN) == 0) {
            return key;
        }
    }

    return NULL;
}


static ngx_qwen_zone_key_t *
ngx_qwen_settings_find_name(ngx_qwen_pool_t *pool, ngx_str_t *name)
{
    ngx_queue_t          *q, *keys;
    ngx_qwen_zone_key_t  *key;

    keys = &pool->sh->settings.keys;

    for (q = ngx_queue_head(keys);
         q != ngx_queue_sentinel(keys);
         q = ngx_queue_next(q))
    {
        key = ngx_queue_data(q, ngx_qwen_zone_key_t, queue);

        if (key->name.len == name->len
            && ngx_memcmp(key->name.data, name->data, name->len) == 0)
        {
            return key;
        }
    }

    return NULL;
}


ngx_int_t
ngx_qwen_settings_remove_key(ngx_qwen_pool_t *pool, ngx_str_t *key)
{
    u_char                digest[QWEN_SHA256_LEN];
    ngx_qwen_zone_key_t  *found;

    if (qwen_sha256(key->data, key->len, digest) != QWEN_OK) {
        return NGX_DECLINED;
    }

    ngx_shmtx_lock(&pool->shpool->mutex);

    found = ngx_qwen_settings_find_key(pool, digest);

    if (found) {
        ngx_queue_remove(&found->queue);
        pool->sh->settings.nkeys--;
        pool->sh->settings.bytes -= found->key.len + found->name.len
                                    + found->extra.len;

        ngx_qwen_settings_free_key(pool, found);
        ngx_qwen_settings_changed(pool);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return found ? NGX_OK : NGX_DECLINED;
}


static void
ngx_qwen_settings_free_key(ngx_qwen_pool_t *pool, ngx_qwen_zone_key_t *key)
{
    ngx_qwen_zone_free(pool, &key->key);
    ngx_qwen_zone_free(pool, &key->name);
    ngx_qwen_zone_free(pool, &key->extra);
    ngx_slab_free_locked(pool->shpool, key);
}


ngx_int_t
ngx_qwen_settings_restore(ngx_qwen_pool_t *pool,
    const qwen_record_settings_t *settings, qwen_str_t file_extra)
{
    ngx_int_t  rc;

    ngx_shmtx_lock(&pool->shpool->mutex);

    rc = ngx_qwen_settings_restore_locked(pool, settings, file_extra);
    ngx_qwen_settings_changed(pool);

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


static ngx_int_t
ngx_qwen_settings_restore_locked(ngx_qwen_pool_t *pool,
    const qwen_record_settings_t *settings, qwen_str_t file_extra)
{
    size_t                     i;
    ngx_int_t                  rc;
    ngx_queue_t               *q;
    ngx_qwen_zone_settings_t  *zone;

    zone = &pool->sh->settings;

    while (!ngx_queue_empty(&zone->keys)) {
        q = ngx_queue_head(&zone->keys);
        ngx_queue_remove(q);
        ngx_qwen_settings_free_key(pool, ngx_queue_data(q, ngx_qwen_zone_key_t,
                                                        queue));
    }

    zone->nkeys = 0;

    ngx_memzero(&zone->values, sizeof(qwen_record_settings_t));
    ngx_qwen_settings_take(&zone->values, settings);

    rc = ngx_qwen_settings_replace(pool, &zone->extra, settings->extra);

    if (rc == NGX_OK) {
        rc = ngx_qwen_settings_replace(pool, &zone->file_extra, file_extra);
    }

    zone->bytes = zone->extra.len + zone->file_extra.len;

    for (i = 0; rc != NGX_ERROR && i < settings->nkeys; i++) {
        rc = ngx_qwen_settings_insert(pool, &settings->keys[i]);
    }

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_qwen_settings_replace(ngx_qwen_pool_t *pool, ngx_str_t *old, qwen_str_t s)
{
    ngx_str_t  value;

    value.data = (u_char *) s.data;
    value.len = s.len;

    return ngx_qwen_zone_replace(pool, old, &value);
}


static void
ngx_qwen_settings_changed(ngx_qwen_pool_t *pool)
{
    pool->sh->settings.generation++;
    ngx_qwen_zone_changed(pool->sh);
}


/* Memory is taken without the lock, until it is enough. */

ngx_int_t
ngx_qwen_settings_copy(ngx_qwen_pool_t *pool, qwen_memory_t *memory,
    qwen_record_settings_t *settings, qwen_str_t *file_extra)
{
    size_t                     nkeys, bytes;
    u_char                    *p;
    ngx_qwen_zone_settings_t  *zone;

    zone = &pool->sh->settings;

    for ( ;; ) {
        nkeys = zone->nkeys;
        bytes = zone->bytes;

        ngx_memzero(settings, sizeof(qwen_record_settings_t));

        settings->keys = qwen_memory_array(memory, nkeys + 1,
                                           sizeof(qwen_record_key_t));
        p = qwen_memory_alloc(memory, bytes + 1);

        if (settings->keys == NULL || p == NULL) {
            return NGX_ERROR;
        }

        ngx_shmtx_lock(&pool->shpool->mutex);

        if (zone->nkeys <= nkeys && zone->bytes <= bytes) {
            break;
        }

        ngx_shmtx_unlock(&pool->shpool->mutex);
    }

    ngx_qwen_settings_copy_locked(zone, p, settings, file_extra);

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return NGX_OK;
}


static void
ngx_qwen_settings_copy_locked(ngx_qwen_zone_settings_t *zone, u_char *p,
    qwen_record_settings_t *settings, qwen_str_t *file_extra)
{
    ngx_queue_t          *q;
    qwen_record_key_t    *record;
    ngx_qwen_zone_key_t  *key;

    ngx_qwen_settings_take(settings, &zone->values);

    if (zone->nkeys) {
        settings->set |= QWEN_RECORD_REGULAR_KEYS;
    }

    p = ngx_qwen_settings_copy_str(p, &settings->extra, &zone->extra);
    p = ngx_qwen_settings_copy_str(p, file_extra, &zone->file_extra);

    for (q = ngx_queue_head(&zone->keys);
         q != ngx_queue_sentinel(&zone->keys);
         q = ngx_queue_next(q))
    {
        key = ngx_queue_data(q, ngx_qwen_zone_key_t, queue);
        record = &settings->keys[settings->nkeys++];

        record->created = key->created;

        p = ngx_qwen_settings_copy_str(p, &record->key, &key->key);
        p = ngx_qwen_settings_copy_str(p, &record->name, &key->name);
        p = ngx_qwen_settings_copy_str(p, &record->extra, &key->extra);
    }
}


static u_char *
ngx_qwen_settings_copy_str(u_char *p, qwen_str_t *to, ngx_str_t *from)
{
    to->data = p;
    to->len = from->len;

    return from->len ? ngx_cpymem(p, from->data, from->len) : p;
}
