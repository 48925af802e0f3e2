
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


ngx_uint_t
ngx_qwen_changes_pending(ngx_qwen_pool_t *pool)
{
    return pool->sh->changes.saved != pool->sh->changes.last;
}


ngx_uint_t
ngx_qwen_changes_counted(ngx_qwen_pool_t *pool)
{
    return ngx_atomic_cmp_set(&pool->sh->changes.counted, 1, 0);
}


void
ngx_qwen_changes_count(ngx_qwen_pool_t *pool)
{
    pool->sh->changes.counted = 1;
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


void
ngx_qwen_changes_single(ngx_qwen_pool_t *pool)
{
    pool->sh->changes.single = 1;
}


ngx_str_t
ngx_qwen_changes_node(ngx_qwen_pool_t *pool)
{
    ngx_str_t  node;

    node.data = pool->sh->changes.node;
    node.len = NGX_QWEN_NODE_LEN;

    return node;
}


ngx_int_t
ngx_qwen_changes_account(ngx_qwen_pool_t *pool, ngx_qwen_account_copy_t *copy)
{
    ngx_queue_t         *accounts;
    ngx_qwen_account_t  *account;

    accounts = &pool->sh->changes.accounts;
    account = NULL;

    ngx_shmtx_lock(&pool->shpool->mutex);

    if (!ngx_queue_empty(accounts)) {
        account = ngx_queue_data(ngx_queue_head(accounts), ngx_qwen_account_t,
                                 changed);
        ngx_qwen_account_unchanged(account);
        ngx_qwen_account_copy(account, copy);
        account->is_reset = 0;
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return account ? NGX_OK : NGX_DONE;
}


void
ngx_qwen_changes_touch(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, email);

    if (account) {
        ngx_qwen_account_changed(pool->sh, account);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


ngx_int_t
ngx_qwen_changes_removal(ngx_qwen_pool_t *pool, u_char *buf, ngx_str_t *email)
{
    ngx_queue_t         *q, *removals;
    ngx_qwen_removal_t  *removal;

    removals = &pool->sh->changes.removals;
    email->len = 0;

    ngx_shmtx_lock(&pool->shpool->mutex);

    if (!ngx_queue_empty(removals)) {
        q = ngx_queue_head(removals);
        removal = ngx_queue_data(q, ngx_qwen_removal_t, queue);

        email->data = buf;
        email->len = removal->email.len;
        ngx_memcpy(buf, removal->email.data, removal->email.len);

        ngx_queue_remove(q);
        ngx_qwen_zone_free(pool, &removal->email);
        ngx_slab_free_locked(pool->shpool, removal);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return email->len ? NGX_OK : NGX_DONE;
}


void
ngx_qwen_changes_removed(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_shmtx_lock(&pool->shpool->mutex);

    ngx_qwen_zone_removed(pool, email);
    ngx_qwen_zone_changed(pool->sh);

    ngx_shmtx_unlock(&pool->shpool->mutex);
}
