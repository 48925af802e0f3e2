
/*
 * What administrators set while nginx runs, in the zone: settings and keys of
 * clients.  Each worker has a snapshot of its own, which it renews when they
 * have changed.
 */

#ifndef _NGX_QWEN_SETTINGS_H_INCLUDED_
#define _NGX_QWEN_SETTINGS_H_INCLUDED_


#include "ngx_qwen_keys.h"
#include "ngx_qwen_pool.h"
#include "qwen_record.h"


/* What a copy of all settings and keys may take. */
#define NGX_QWEN_SETTINGS_MAX  (64 * 1024 * 1024)


/* Settings as a worker reads them. */
typedef struct {
    ngx_uint_t              generation;
    qwen_record_settings_t  values;          /* without keys */
    ngx_qwen_keys_t         keys;
    ngx_pool_t             *pool;
} ngx_qwen_snapshot_t;


/* The worker's snapshot of today; valid until the next call.  NULL: no
 * memory. */
const ngx_qwen_snapshot_t *ngx_qwen_settings_snapshot(ngx_qwen_pool_t *pool,
    ngx_log_t *log);

/* Frees it, when the worker exits. */
void ngx_qwen_settings_exit(void);

/* The number of their state, which a change makes another one; takes no
 * lock. */
ngx_uint_t ngx_qwen_settings_generation(ngx_qwen_pool_t *pool);

/* Takes the values that are set in it, but no keys. */
void ngx_qwen_settings_change(ngx_qwen_pool_t *pool,
    const qwen_record_settings_t *values);

/* Adds a key, created now.  NGX_OK; NGX_DECLINED: there is such a key;
 * NGX_BUSY: there is one of that name; NGX_ERROR: no memory, or too many
 * keys. */
ngx_int_t ngx_qwen_settings_add_key(ngx_qwen_pool_t *pool, ngx_str_t *key,
    ngx_str_t *name);

/* Removes a key.  NGX_OK; NGX_DECLINED: there is none. */
ngx_int_t ngx_qwen_settings_remove_key(ngx_qwen_pool_t *pool, ngx_str_t *key);

/* Copies all, with the keys, into memory; *file_extra becomes what a store has
 * beside accounts and settings.  NGX_OK, or NGX_ERROR: no memory. */
ngx_int_t ngx_qwen_settings_copy(ngx_qwen_pool_t *pool, qwen_memory_t *memory,
    qwen_record_settings_t *settings, qwen_str_t *file_extra);

/* Puts a store's settings and keys in the place of those in the zone.  NGX_OK,
 * or NGX_ERROR: no memory in the zone. */
ngx_int_t ngx_qwen_settings_restore(ngx_qwen_pool_t *pool,
    const qwen_record_settings_t *settings, qwen_str_t file_extra);


#endif /* _NGX_QWEN_SETTINGS_H_INCLUDED_ */
