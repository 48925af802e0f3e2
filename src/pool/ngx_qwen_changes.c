
#include "ngx_qwen_changes.h"
#include "ngx_qwen_zone.h"


ngx_uint_t
ngx_qwen_changes_last(ngx_qwen_pool_t *pool)
{
    return pool->sh->changes.last;
}


ngx_int_t
ngx_qwen_changes_due(ngx_qwen_pool_t *pool)
{
    ngx_qwen_changes_t  *changes;

    changes = &pool->sh->changes;

    if (changes->wanted > ngx_max(changes->saved, changes->failed)) {
        return NGX_BUSY;
    }

    if (changes->saved != changes->last) {
        return NGX_AGAIN;
    }

    return changes->counted ? NGX_DECLINED : NGX_OK;
}


void
ngx_qwen_changes_want(ngx_qwen_pool_t *pool, ngx_uint_t change)
{
    ngx_qwen_changes_t  *changes;

    changes = &pool->sh->changes;

    ngx_shmtx_lock(&pool->shpool->mutex);

    changes->wanted = ngx_max(changes->wanted, change);

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


ngx_int_t
ngx_qwen_changes_state(ngx_qwen_pool_t *pool, ngx_uint_t change,
    ngx_qwen_save_error_e *error)
{
    ngx_int_t            rc;
    ngx_qwen_changes_t  *changes;

    changes = &pool->sh->changes;

    ngx_shmtx_lock(&pool->shpool->mutex);

    if (changes->saved >= change) {
        rc = NGX_OK;

    } else if (changes->failed >= change) {
        *error = changes->error;
        rc = NGX_ERROR;

    } else {
        rc = NGX_AGAIN;
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


ngx_uint_t
ngx_qwen_changes_begin(ngx_qwen_pool_t *pool)
{
    pool->sh->changes.counted = 0;

    return pool->sh->changes.last;
}


void
ngx_qwen_changes_saved(ngx_qwen_pool_t *pool, ngx_uint_t change)
{
    ngx_qwen_changes_t  *changes;

    changes = &pool->sh->changes;

    ngx_shmtx_lock(&pool->shpool->mutex);

    changes->saved = ngx_max(changes->saved, change);
    changes->error = 0;

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


void
ngx_qwen_changes_failed(ngx_qwen_pool_t *pool, ngx_uint_t change,
    ngx_qwen_save_error_e error)
{
    ngx_qwen_changes_t  *changes;

    changes = &pool->sh->changes;

    ngx_shmtx_lock(&pool->shpool->mutex);

    changes->failed = ngx_max(changes->failed, change);
    changes->error = error;

    /* it may have seen counters */

    changes->counted = 1;

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


ngx_uint_t
ngx_qwen_changes_error(ngx_qwen_pool_t *pool)
{
    return pool->sh->changes.error;
}


void *
ngx_qwen_changes_mark(ngx_qwen_pool_t *pool)
{
    return pool->sh->changes.mark;
}
