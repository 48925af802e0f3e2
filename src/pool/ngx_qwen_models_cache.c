
/*
 * The upstream's list of models, refreshed by one process at a time.  The last
 * good list stays until a new one has come.
 */

#include "ngx_qwen_zone.h"


static ngx_int_t ngx_qwen_models_end_claim(ngx_qwen_pool_t *pool,
    ngx_uint_t claim);
static ngx_int_t ngx_qwen_models_store(ngx_qwen_pool_t *pool, ngx_str_t *body);
static void ngx_qwen_models_hold(ngx_qwen_models_cache_t *models,
    ngx_msec_t rest);


ngx_int_t
ngx_qwen_models_claim(ngx_qwen_pool_t *pool, ngx_msec_t ttl,
    ngx_msec_t timeout, ngx_uint_t *claim)
{
    ngx_int_t                 rc;
    ngx_qwen_models_cache_t  *models;

    models = &pool->sh->models;
    rc = NGX_DECLINED;

    ngx_shmtx_lock(&pool->shpool->mutex);

    /* another worker's clock may be a little ahead */

    if (models->generation
        && (ngx_msec_int_t) (ngx_current_msec - models->time)
           < (ngx_msec_int_t) ngx_min(ttl, NGX_QWEN_REST_MAX))
    {
        goto done;
    }

    if (models->held && ngx_qwen_deadline_rest(models->next) > 0) {
        goto done;
    }

    models->claim = ngx_qwen_zone_claim(pool->sh);
    models->claimer = ngx_pid;
    ngx_qwen_models_hold(models, timeout);

    *claim = models->claim;
    rc = NGX_OK;

done:

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


ngx_int_t
ngx_qwen_models_update(ngx_qwen_pool_t *pool, ngx_uint_t claim,
    ngx_str_t *body)
{
    ngx_int_t  rc;

    ngx_shmtx_lock(&pool->shpool->mutex);

    rc = ngx_qwen_models_end_claim(pool, claim);

    if (rc == NGX_OK) {
        ngx_qwen_models_hold(&pool->sh->models, pool->cooldown.signin);
        rc = ngx_qwen_models_store(pool, body);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


void
ngx_qwen_models_failed(ngx_qwen_pool_t *pool, ngx_uint_t claim,
    qwen_fail_class_t class)
{
    ngx_shmtx_lock(&pool->shpool->mutex);

    if (ngx_qwen_models_end_claim(pool, claim) == NGX_OK) {
        pool->sh->models.failure = class;

        if (class == QWEN_FAIL_NONE) {
            pool->sh->models.held = 0;

        } else {
            ngx_qwen_models_hold(&pool->sh->models, pool->cooldown.signin);
        }
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


static ngx_int_t
ngx_qwen_models_end_claim(ngx_qwen_pool_t *pool, ngx_uint_t claim)
{
    ngx_qwen_models_cache_t  *models;

    models = &pool->sh->models;

    if (claim == 0 || models->claim != claim || models->claimer != ngx_pid) {
        return NGX_DECLINED;
    }

    models->claim = 0;

    return NGX_OK;
}


qwen_fail_class_t
ngx_qwen_models_failure(ngx_qwen_pool_t *pool, ngx_msec_t *rest)
{
    qwen_fail_class_t         class;
    ngx_qwen_models_cache_t  *models;

    models = &pool->sh->models;

    ngx_shmtx_lock(&pool->shpool->mutex);

    *rest = models->held ? ngx_qwen_deadline_rest(models->next) : 0;
    class = (*rest && models->claim == 0) ? models->failure : QWEN_FAIL_NONE;

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return class;
}


static ngx_int_t
ngx_qwen_models_store(ngx_qwen_pool_t *pool, ngx_str_t *body)
{
    ngx_qwen_models_cache_t  *models;

    models = &pool->sh->models;

    if (ngx_qwen_zone_replace(pool, &models->body, body) != NGX_OK) {
        return NGX_ERROR;
    }

    models->time = ngx_current_msec;
    models->held = 0;
    models->failure = QWEN_FAIL_NONE;
    models->generation++;

    return NGX_OK;
}


static void
ngx_qwen_models_hold(ngx_qwen_models_cache_t *models, ngx_msec_t rest)
{
    models->held = 1;
    models->next = ngx_current_msec + ngx_min(rest, NGX_QWEN_REST_MAX);
}


ngx_uint_t
ngx_qwen_models_generation(ngx_qwen_pool_t *pool)
{
    return pool->sh->models.generation;
}


/*
 * No memory is allocated under the lock, so the list may have changed when
 * there is room for it; then again.
 */

ngx_int_t
ngx_qwen_models_copy(ngx_qwen_pool_t *pool, ngx_pool_t *mempool,
    ngx_str_t *body, ngx_uint_t *generation)
{
    size_t                    len;
    ngx_uint_t                seen;
    ngx_qwen_models_cache_t  *models;

    models = &pool->sh->models;

    for ( ;; ) {

        ngx_shmtx_lock(&pool->shpool->mutex);
        seen = models->generation;
        len = models->body.len;
        ngx_shmtx_unlock(&pool->shpool->mutex);

        if (seen == 0) {
            return NGX_DECLINED;
        }

        body->data = ngx_pnalloc(mempool, len);
        if (body->data == NULL) {
            return NGX_ERROR;
        }

        ngx_shmtx_lock(&pool->shpool->mutex);

        if (models->generation == seen) {
            ngx_memcpy(body->data, models->body.data, len);
            ngx_shmtx_unlock(&pool->shpool->mutex);
            break;
        }

        ngx_shmtx_unlock(&pool->shpool->mutex);

        (void) ngx_pfree(mempool, body->data);
    }

    body->len = len;
    *generation = seen;

    return NGX_OK;
}
