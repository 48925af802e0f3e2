
/* Accounts as administrators and stores see them. */

#include "ngx_qwen_accounts.h"
#include "ngx_qwen_zone.h"


static ngx_uint_t ngx_qwen_accounts_pending(ngx_qwen_account_t *account);
static u_char *ngx_qwen_accounts_copy_str(u_char *p, qwen_str_t *to,
    ngx_str_t *from);
static ngx_qwen_credentials_t ngx_qwen_accounts_credentials(
    const qwen_record_account_t *record);
static ngx_int_t ngx_qwen_accounts_restore_locked(ngx_qwen_pool_t *pool,
    const qwen_record_account_t *record);
static ngx_int_t ngx_qwen_accounts_restore_str(ngx_qwen_pool_t *pool,
    ngx_str_t *old, qwen_str_t s);
static ngx_int_t ngx_qwen_accounts_restore_token(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, const qwen_record_account_t *record);
static ngx_uint_t ngx_qwen_accounts_equal(ngx_str_t *s, qwen_str_t other);


ngx_int_t
ngx_qwen_accounts_next(ngx_qwen_pool_t *pool, uint64_t number,
    ngx_qwen_account_copy_t *copy)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_after(pool->sh, number);

    if (account) {
        ngx_qwen_account_copy(account, copy);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return account ? NGX_OK : NGX_DONE;
}


ngx_int_t
ngx_qwen_accounts_get(ngx_qwen_pool_t *pool, ngx_str_t *email,
    ngx_qwen_account_copy_t *copy)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, email);

    if (account) {
        ngx_qwen_account_copy(account, copy);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return account ? NGX_OK : NGX_DECLINED;
}


void
ngx_qwen_account_copy(ngx_qwen_account_t *account,
    ngx_qwen_account_copy_t *copy)
{
    u_char                 *p;
    ngx_msec_t              rest;
    ngx_uint_t              kind;
    qwen_record_account_t  *record;

    record = &copy->record;

    ngx_memzero(record, sizeof(qwen_record_account_t));

    copy->number = account->number;
    copy->signed_in = (account->state == NGX_QWEN_SIGNIN_DONE);
    copy->pending = ngx_qwen_accounts_pending(account);
    copy->reset = account->is_reset;
    copy->generation = account->generation;

    p = ngx_qwen_accounts_copy_str(copy->strings, &record->email,
                                   &account->name.str);
    p = ngx_qwen_accounts_copy_str(p, &record->password, &account->password);
    p = ngx_qwen_accounts_copy_str(p, &record->token, &account->token);
    p = ngx_qwen_accounts_copy_str(p, &record->extra, &account->extra);
    (void) ngx_qwen_accounts_copy_str(p, &record->own_extra,
                                      &account->own_extra);

    record->configured = account->configured;
    record->expires = account->expires;

    for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
        if (!account->turns[kind].rests) {
            continue;
        }

        rest = ngx_qwen_deadline_rest(account->turns[kind].until);

        if (rest) {
            record->cool_until[kind] = ngx_time() + (rest + 999) / 1000;
        }
    }

    record->challenged = account->challenged;
    record->last_error_at = account->error_time;
    record->last_error = qwen_fail_class_name(account->error);

    record->days = copy->days;
    record->ndays = ngx_qwen_stats_copy(account, copy->days);
}


static ngx_uint_t
ngx_qwen_accounts_pending(ngx_qwen_account_t *account)
{
    switch (account->state) {

    case NGX_QWEN_SIGNIN_DUE:
        return ngx_qwen_deadline_rest(account->signin.key) == 0;

    case NGX_QWEN_SIGNIN_CLAIMED:
        return 1;

    default: /* NGX_QWEN_SIGNIN_DONE */
        return account->refreshes != NGX_QWEN_REFRESH_NONE;
    }
}


static u_char *
ngx_qwen_accounts_copy_str(u_char *p, qwen_str_t *to, ngx_str_t *from)
{
    to->data = p;
    to->len = from->len;

    return from->len ? ngx_cpymem(p, from->data, from->len) : p;
}


ngx_uint_t
ngx_qwen_accounts_exist(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);
    account = ngx_qwen_account_lookup(pool->sh, email);
    ngx_shmtx_unlock(&pool->shpool->mutex);

    return account != NULL;
}


ngx_int_t
ngx_qwen_accounts_add(ngx_qwen_pool_t *pool,
    const qwen_record_account_t *record)
{
    ngx_int_t                rc;
    ngx_qwen_account_t      *account;
    ngx_qwen_credentials_t   credentials;

    credentials = ngx_qwen_accounts_credentials(record);

    ngx_shmtx_lock(&pool->shpool->mutex);

    rc = ngx_qwen_account_lookup(pool->sh, &credentials.email)
         ? NGX_DECLINED
         : ngx_qwen_accounts_restore_locked(pool, record);

    if (rc == NGX_ERROR) {

        /* what of it was in the zone already */

        account = ngx_qwen_account_lookup(pool->sh, &credentials.email);

        if (account) {
            ngx_qwen_account_remove(pool, account);
        }
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


static ngx_qwen_credentials_t
ngx_qwen_accounts_credentials(const qwen_record_account_t *record)
{
    ngx_qwen_credentials_t  credentials;

    credentials.email.data = (u_char *) record->email.data;
    credentials.email.len = record->email.len;
    credentials.password.data = (u_char *) record->password.data;
    credentials.password.len = record->password.len;

    return credentials;
}


ngx_int_t
ngx_qwen_accounts_remove(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_int_t            rc;
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, email);

    if (account == NULL) {
        rc = NGX_DECLINED;

    } else if (account->configured) {
        rc = NGX_BUSY;

    } else {
        ngx_qwen_account_remove(pool, account);
        ngx_qwen_zone_removed(pool, email);
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


ngx_int_t
ngx_qwen_accounts_reset(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, email);

    if (account) {
        ngx_qwen_account_clear(pool, account);

        if (account->state == NGX_QWEN_SIGNIN_DONE) {
            ngx_qwen_account_refresh(pool->sh, account, NGX_QWEN_REFRESH_DUE);

        } else {
            ngx_qwen_account_sign_out(pool, account, 0);
        }

        account->is_reset = 1;
        ngx_qwen_account_changed(pool->sh, account);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return account ? NGX_OK : NGX_DECLINED;
}


void
ngx_qwen_accounts_clear(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, email);

    if (account) {
        ngx_qwen_account_clear(pool, account);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


void
ngx_qwen_accounts_forget(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, email);

    if (account && !account->configured) {
        ngx_qwen_account_remove(pool, account);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


ngx_int_t
ngx_qwen_accounts_unseen(ngx_qwen_pool_t *pool, uint32_t sync,
    uint64_t *number, ngx_str_t *email)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    do {
        account = ngx_qwen_account_after(pool->sh, *number);

        if (account) {
            *number = account->number;
        }

    } while (account && (account->configured || account->sync == sync));

    if (account) {
        email->len = account->name.str.len;
        ngx_memcpy(email->data, account->email, email->len);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return account ? NGX_OK : NGX_DONE;
}


uint32_t
ngx_qwen_accounts_sync_begin(ngx_qwen_pool_t *pool)
{
    uint32_t  sync;

    ngx_shmtx_lock(&pool->shpool->mutex);
    sync = ++pool->sh->last_sync;
    ngx_shmtx_unlock(&pool->shpool->mutex);

    return sync;
}


void
ngx_qwen_accounts_sync_end(ngx_qwen_pool_t *pool, uint32_t sync)
{
    ngx_qwen_zone_remove_unseen(pool, sync, 0);
}


ngx_int_t
ngx_qwen_accounts_restore(ngx_qwen_pool_t *pool,
    const qwen_record_account_t *record, uint32_t sync)
{
    ngx_int_t                rc;
    ngx_uint_t               changed;
    ngx_qwen_account_t      *account;
    ngx_qwen_credentials_t   credentials;

    credentials = ngx_qwen_accounts_credentials(record);
    rc = NGX_OK;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, &credentials.email);
    changed = account && account->is_changed;

    if (account || !record->configured) {
        rc = ngx_qwen_accounts_restore_locked(pool, record);
    }

    account = ngx_qwen_account_lookup(pool->sh, &credentials.email);

    if (account && !account->configured) {
        account->sync = sync;
    }

    if (account && !changed) {

        /* what came from the store is not to be written back */

        ngx_qwen_account_unchanged(account);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


static ngx_int_t
ngx_qwen_accounts_restore_locked(ngx_qwen_pool_t *pool,
    const qwen_record_account_t *record)
{
    ngx_qwen_account_t      *account;
    ngx_qwen_credentials_t   credentials;

    credentials = ngx_qwen_accounts_credentials(record);

    account = ngx_qwen_account_lookup(pool->sh, &credentials.email);

    if (account == NULL) {
        account = ngx_qwen_account_add(pool, &credentials);
        if (account == NULL) {
            return NGX_ERROR;
        }

    } else if (!account->configured && credentials.password.len
               && ngx_qwen_account_password(pool, account,
                                            &credentials.password)
                  != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_qwen_account_restore_rests(pool->sh, account, record);

    account->challenged = record->challenged;
    account->error = qwen_fail_class_find(record->last_error);
    account->error_time = (time_t) record->last_error_at;

    if (ngx_qwen_account_restore_extra(pool, account, record) != NGX_OK
        || ngx_qwen_stats_restore(pool, account, record->days, record->ndays)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_qwen_accounts_restore_token(pool, account, record);
}


ngx_int_t
ngx_qwen_account_restore_extra(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, const qwen_record_account_t *record)
{
    if (ngx_qwen_accounts_restore_str(pool, &account->extra, record->extra)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_qwen_accounts_restore_str(pool, &account->own_extra,
                                         record->own_extra);
}


static ngx_int_t
ngx_qwen_accounts_restore_str(ngx_qwen_pool_t *pool, ngx_str_t *old,
    qwen_str_t s)
{
    ngx_str_t  value;

    value.data = (u_char *) s.data;
    value.len = s.len;

    return ngx_qwen_zone_replace(pool, old, &value);
}


static ngx_int_t
ngx_qwen_accounts_restore_token(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, const qwen_record_account_t *record)
{
    ngx_str_t   token;
    ngx_msec_t  life;

    if (record->token.len == 0
        || account->state == NGX_QWEN_SIGNIN_DONE
        || (record->password.len
            && !ngx_qwen_accounts_equal(&account->password, record->password)))
    {
        return NGX_OK;
    }

    life = ngx_qwen_signin_life((time_t) record->expires);

    if (life == 0) {
        return NGX_OK;
    }

    token.data = (u_char *) record->token.data;
    token.len = record->token.len;

    return ngx_qwen_account_sign_in(pool, account, &token,
                                    (time_t) record->expires, life);
}


void
ngx_qwen_account_restore_rests(ngx_qwen_zone_t *sh,
    ngx_qwen_account_t *account, const qwen_record_account_t *record)
{
    int64_t     rest;
    ngx_uint_t  kind;

    for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
        rest = record->cool_until[kind] - (int64_t) ngx_time();

        if (record->cool_until[kind] == 0 || rest <= 0) {
            continue;
        }

        rest = ngx_min(rest, (int64_t) (NGX_QWEN_REST_MAX / 1000));

        ngx_qwen_account_rest(sh, account, kind, (ngx_msec_t) rest * 1000);
    }
}


static ngx_uint_t
ngx_qwen_accounts_equal(ngx_str_t *s, qwen_str_t other)
{
    return s->len == other.len
           && ngx_memcmp(s->data, other.data, other.len) == 0;
}
