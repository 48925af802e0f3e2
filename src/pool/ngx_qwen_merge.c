
/*
 * What several nodes know of an account comes together: the token that ends
 * last, the longest rests, the last failure.
 */

#include "ngx_qwen_accounts.h"
#include "ngx_qwen_zone.h"


static ngx_int_t ngx_qwen_merge_locked(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, const qwen_record_account_t *record);
static ngx_int_t ngx_qwen_merge_password(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, const qwen_record_account_t *record);
static ngx_int_t ngx_qwen_merge_token(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, const qwen_record_account_t *record);
static void ngx_qwen_merge_failure(ngx_qwen_account_t *account,
    const qwen_record_account_t *record);


ngx_int_t
ngx_qwen_accounts_merge(ngx_qwen_pool_t *pool,
    const qwen_record_account_t *record, uint32_t sync)
{
    ngx_int_t            rc;
    ngx_str_t            email;
    ngx_uint_t           changed;
    ngx_qwen_account_t  *account;

    email.data = (u_char *) record->email.data;
    email.len = record->email.len;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, &email);

    if (account == NULL) {
        ngx_shmtx_unlock(&pool->shpool->mutex);
        return ngx_qwen_accounts_restore(pool, record, sync);
    }

    changed = account->is_changed;

    rc = ngx_qwen_merge_locked(pool, account, record);

    if (!account->configured) {
        account->sync = sync;
    }

    if (!changed) {

        /* what came from the store is not to be written back */

        ngx_qwen_account_unchanged(account);
    }

    if (account->state == NGX_QWEN_SIGNIN_DONE
        && account->expires > (time_t) record->expires)
    {
        ngx_qwen_account_changed(pool->sh, account);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


static ngx_int_t
ngx_qwen_merge_locked(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    const qwen_record_account_t *record)
{
    if (ngx_qwen_merge_password(pool, account, record) != NGX_OK
        || ngx_qwen_merge_token(pool, account, record) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_qwen_account_restore_rests(pool->sh, account, record);
    ngx_qwen_merge_failure(account, record);

    return ngx_qwen_account_restore_extra(pool, account, record);
}


static ngx_int_t
ngx_qwen_merge_password(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    const qwen_record_account_t *record)
{
    ngx_str_t  password;

    if (account->configured || record->password.len == 0) {
        return NGX_OK;
    }

    password.data = (u_char *) record->password.data;
    password.len = record->password.len;

    return ngx_qwen_account_password(pool, account, &password);
}


/* A token that was refused here does not come back. */

static ngx_int_t
ngx_qwen_merge_token(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    const qwen_record_account_t *record)
{
    time_t      expires;
    ngx_str_t   token;
    ngx_msec_t  life;

    expires = (time_t) record->expires;
    life = ngx_qwen_signin_life(expires);

    if (record->token.len == 0
        || life == 0
        || expires <= account->dropped
        || expires <= account->expires)
    {
        return NGX_OK;
    }

    token.data = (u_char *) record->token.data;
    token.len = record->token.len;

    return ngx_qwen_account_sign_in(pool, account, &token, expires, life);
}


static void
ngx_qwen_merge_failure(ngx_qwen_account_t *account,
    const qwen_record_account_t *record)
{
    if ((time_t) record->last_error_at <= account->error_time) {
        return;
    }

    account->error = qwen_fail_class_find(record->last_error);
    account->error_time = (time_t) record->last_error_at;
    account->challenged = record->challenged;
}
