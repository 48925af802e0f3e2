
/*
 * Sign-ins: one process at a time, by a claim that ends by itself.  A result
 * counts as long as nobody has claimed the account since.
 */

#include "ngx_qwen_zone.h"


static ngx_qwen_account_t *ngx_qwen_signin_next(ngx_qwen_zone_t *sh,
    ngx_uint_t max);
static ngx_int_t ngx_qwen_signin_claim_locked(ngx_qwen_pool_t *pool,
    ngx_msec_t timeout, ngx_uint_t max, ngx_qwen_signin_t *signin,
    u_char *buf);
static ngx_int_t ngx_qwen_signin_keep(ngx_pool_t *mempool,
    ngx_qwen_signin_t *signin);
static ngx_qwen_account_t *ngx_qwen_signin_own(ngx_qwen_pool_t *pool,
    ngx_qwen_signin_t *signin);
static void ngx_qwen_signin_back_off(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account);


ngx_uint_t
ngx_qwen_signin_due(ngx_qwen_pool_t *pool, ngx_uint_t max)
{
    ngx_uint_t  due;

    ngx_shmtx_lock(&pool->shpool->mutex);

    ngx_qwen_account_expire(pool, NGX_QWEN_KIND_CHAT);

    due = (ngx_qwen_signin_next(pool->sh, max) != NULL);

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return due;
}


/* Accounts without a token come first. */

static ngx_qwen_account_t *
ngx_qwen_signin_next(ngx_qwen_zone_t *sh, ngx_uint_t max)
{
    ngx_queue_t         *due;
    ngx_qwen_account_t  *account;

    if (sh->signin[NGX_QWEN_SIGNIN_CLAIMED].count
        + sh->nrefresh[NGX_QWEN_REFRESH_CLAIMED]
        >= max)
    {
        return NULL;
    }

    account = ngx_qwen_deadlines_ended(&sh->signin[NGX_QWEN_SIGNIN_DUE]);

    if (account) {
        return account;
    }

    due = &sh->refresh[NGX_QWEN_REFRESH_DUE];

    return ngx_queue_empty(due)
           ? NULL
           : ngx_queue_data(ngx_queue_head(due), ngx_qwen_account_t, refresh);
}


ngx_int_t
ngx_qwen_signin_claim(ngx_qwen_pool_t *pool, ngx_pool_t *mempool,
    ngx_msec_t timeout, ngx_uint_t max, ngx_qwen_signin_t *signin)
{
    u_char     buf[NGX_QWEN_EMAIL_MAX + NGX_QWEN_PASSWORD_MAX];
    ngx_int_t  rc;

    ngx_memzero(signin, sizeof(ngx_qwen_signin_t));

    ngx_shmtx_lock(&pool->shpool->mutex);

    rc = ngx_qwen_signin_claim_locked(pool, timeout, max, signin, buf);

    ngx_shmtx_unlock(&pool->shpool->mutex);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_qwen_signin_keep(mempool, signin);

    if (rc != NGX_OK) {
        ngx_qwen_signin_failed(pool, signin, NULL);
    }

    ngx_explicit_memzero(buf, sizeof(buf));

    return rc;
}


static ngx_int_t
ngx_qwen_signin_claim_locked(ngx_qwen_pool_t *pool, ngx_msec_t timeout,
    ngx_uint_t max, ngx_qwen_signin_t *signin, u_char *buf)
{
    ngx_qwen_account_t  *account;

    ngx_qwen_account_expire(pool, NGX_QWEN_KIND_CHAT);

    account = ngx_qwen_signin_next(pool->sh, max);

    if (account == NULL) {
        return NGX_DECLINED;
    }

    ngx_qwen_account_claim(pool->sh, account, timeout);

    signin->account = account->number;
    signin->generation = account->claim;

    signin->email.len = account->name.str.len;
    signin->email.data = buf;
    buf = ngx_cpymem(buf, account->email, account->name.str.len);

    signin->password.len = account->password.len;
    signin->password.data = buf;

    if (account->password.len) {
        ngx_memcpy(buf, account->password.data, account->password.len);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_signin_keep(ngx_pool_t *mempool, ngx_qwen_signin_t *signin)
{
    u_char  *p;

    p = ngx_pnalloc(mempool, signin->email.len + signin->password.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, signin->email.data, signin->email.len);
    signin->email.data = p;
    p += signin->email.len;

    ngx_memcpy(p, signin->password.data, signin->password.len);
    signin->password.data = p;

    return NGX_OK;
}


ngx_int_t
ngx_qwen_signin_done(ngx_qwen_pool_t *pool, ngx_qwen_signin_t *signin,
    ngx_str_t *token, time_t expires)
{
    ngx_int_t            rc;
    ngx_msec_t           life;
    ngx_qwen_account_t  *account;

    life = ngx_qwen_signin_life(expires);

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_signin_own(pool, signin);

    if (account == NULL) {
        rc = NGX_DECLINED;

    } else if (life == 0
               || token->len == 0
               || token->len > NGX_QWEN_TOKEN_MAX
               || ngx_qwen_account_sign_in(pool, account, token, expires,
                                           life)
                  != NGX_OK)
    {
        ngx_qwen_signin_back_off(pool, account);
        rc = NGX_ERROR;

    } else {
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


void
ngx_qwen_signin_failed(ngx_qwen_pool_t *pool, ngx_qwen_signin_t *signin,
    const qwen_failure_t *failure)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_signin_own(pool, signin);

    if (account) {
        if (failure) {
            ngx_qwen_account_error(account, failure->class);
        }

        ngx_qwen_signin_back_off(pool, account);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


void
ngx_qwen_signin_postpone(ngx_qwen_pool_t *pool, ngx_qwen_signin_t *signin,
    ngx_msec_t rest)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_signin_own(pool, signin);

    if (account && account->state == NGX_QWEN_SIGNIN_DONE) {
        account->claim = 0;
        ngx_qwen_account_refresh(pool->sh, account, NGX_QWEN_REFRESH_NONE);

    } else if (account) {
        ngx_qwen_account_sign_out(pool, account, rest);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


static ngx_qwen_account_t *
ngx_qwen_signin_own(ngx_qwen_pool_t *pool, ngx_qwen_signin_t *signin)
{
    ngx_qwen_account_t  *account;

    account = ngx_qwen_account_find(pool->sh, &signin->email, signin->account);

    if (account == NULL
        || account->claim == 0
        || account->claim != signin->generation
        || account->claimer != ngx_pid)
    {
        return NULL;
    }

    return account;
}


/*
 * How long a token is used: until shortly before its end, so that a call
 * begun with it can finish; the margin does not eat up a short life.
 */

ngx_msec_t
ngx_qwen_signin_life(time_t expires)
{
    time_t      now;
    ngx_msec_t  life;

    now = ngx_time();

    if (expires <= now) {
        return 0;
    }

    if (expires - now > (time_t) (NGX_QWEN_REST_MAX / 1000)) {
        return NGX_QWEN_REST_MAX;
    }

    life = (ngx_msec_t) (expires - now) * 1000;

    return life - ngx_min(30000, life / 10);
}


static void
ngx_qwen_signin_back_off(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account)
{
    ngx_msec_t            rest;
    ngx_qwen_cooldown_t  *cooldown;

    if (account->state == NGX_QWEN_SIGNIN_DONE) {

        /* its token serves on; the next round tries again */

        account->claim = 0;
        ngx_qwen_account_refresh(pool->sh, account, NGX_QWEN_REFRESH_NONE);
        return;
    }

    cooldown = &pool->cooldown;

    rest = ngx_qwen_deadline_double(cooldown->signin, account->failed,
                                    cooldown->failure_max);
    account->failed++;

    ngx_qwen_account_sign_out(pool, account, rest);
}


ngx_uint_t
ngx_qwen_signin_refresh(ngx_qwen_pool_t *pool, time_t threshold)
{
    time_t               end;
    uint64_t             number;
    ngx_uint_t           n;
    ngx_qwen_account_t  *account;

    end = ngx_time() + threshold;
    number = 0;
    n = 0;

    do {
        ngx_shmtx_lock(&pool->shpool->mutex);

        account = ngx_qwen_account_after(pool->sh, number);

        if (account) {
            number = account->number;

            if (account->state == NGX_QWEN_SIGNIN_DONE
                && account->refreshes == NGX_QWEN_REFRESH_NONE
                && account->expires <= end)
            {
                ngx_qwen_account_refresh(pool->sh, account,
                                         NGX_QWEN_REFRESH_DUE);
                n++;
            }
        }

        ngx_shmtx_unlock(&pool->shpool->mutex);

    } while (account);

    return n;
}
