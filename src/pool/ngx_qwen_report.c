
/* What a call tells about its account. */

#include "ngx_qwen_zone.h"


static void ngx_qwen_report_judge(ngx_qwen_lease_t *lease,
    ngx_qwen_account_t *account, const qwen_failure_t *failure);
static void ngx_qwen_report_token(ngx_qwen_lease_t *lease,
    ngx_qwen_account_t *account);
static void ngx_qwen_report_failed(ngx_qwen_lease_t *lease,
    ngx_qwen_account_t *account);
static ngx_msec_t ngx_qwen_report_hours(ngx_qwen_pool_t *pool,
    ngx_uint_t hours);


void
ngx_qwen_lease_report(ngx_qwen_lease_t *lease, const qwen_failure_t *failure)
{
    ngx_qwen_pool_t     *pool;
    ngx_qwen_account_t  *account;

    pool = lease->pool;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_find(pool->sh, &lease->email, lease->account);

    if (account) {
        ngx_qwen_report_judge(lease, account, failure);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


static void
ngx_qwen_report_judge(ngx_qwen_lease_t *lease, ngx_qwen_account_t *account,
    const qwen_failure_t *failure)
{
    ngx_uint_t        kind;
    ngx_qwen_pool_t  *pool;

    pool = lease->pool;

    if (failure->class != QWEN_FAIL_NONE) {
        ngx_qwen_account_error(account, failure->class);
    }

    switch (failure->class) {

    case QWEN_FAIL_NONE:
        account->turns[lease->kind].failures = 0;
        account->refused = 0;
        account->challenged = 0;
        break;

    case QWEN_FAIL_TOKEN:
    case QWEN_FAIL_FORBIDDEN:
        ngx_qwen_report_token(lease, account);
        break;

    case QWEN_FAIL_RATE_LIMITED:
        ngx_qwen_account_rest(pool->sh, account, lease->kind,
                              ngx_qwen_report_hours(pool, failure->hours));
        break;

    case QWEN_FAIL_QUOTA:
        ngx_qwen_account_rest(pool->sh, account, lease->kind,
                              pool->cooldown.quota);
        break;

    case QWEN_FAIL_CHALLENGED:
        account->challenged = 1;

        for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
            ngx_qwen_account_rest(pool->sh, account, kind,
                                  pool->cooldown.challenged);
        }
        break;

    case QWEN_FAIL_ACCOUNT:
    case QWEN_FAIL_OUTAGE:
    case QWEN_FAIL_TIMEOUT:
    case QWEN_FAIL_EMPTY:
    case QWEN_FAIL_INCOMPLETE:
    case QWEN_FAIL_PROTOCOL:
        ngx_qwen_report_failed(lease, account);
        break;

    case QWEN_FAIL_CONTENT_FILTER:
    case QWEN_FAIL_LIMIT:
    case QWEN_FAIL_MODEL:
    case QWEN_FAIL_INTERNAL:
        break;
    }
}


/*
 * One token may go for any reason, so the account signs in at once; but if
 * the next one is refused as well, signing in does not help.
 */

static void
ngx_qwen_report_token(ngx_qwen_lease_t *lease, ngx_qwen_account_t *account)
{
    ngx_msec_t            rest;
    ngx_qwen_cooldown_t  *cooldown;

    if (account->state != NGX_QWEN_SIGNIN_DONE
        || account->generation != lease->generation)
    {
        return;
    }

    rest = 0;

    if (account->refused) {
        cooldown = &lease->pool->cooldown;
        rest = ngx_qwen_deadline_double(cooldown->signin, account->refused - 1,
                                        cooldown->failure_max);
    }

    account->refused++;

    ngx_qwen_account_sign_out(lease->pool, account, rest);
}


/* Calls begun before the rest that fail during it tell nothing new. */

static void
ngx_qwen_report_failed(ngx_qwen_lease_t *lease, ngx_qwen_account_t *account)
{
    ngx_msec_t            rest;
    ngx_qwen_turn_t      *turn;
    ngx_qwen_cooldown_t  *cooldown;

    if (ngx_qwen_account_rests(account, lease->kind)) {
        return;
    }

    turn = &account->turns[lease->kind];
    cooldown = &lease->pool->cooldown;

    turn->failures++;

    if (turn->failures < cooldown->failures) {
        return;
    }

    rest = ngx_qwen_deadline_double(cooldown->failure,
                                    turn->failures
                                    - ngx_max(cooldown->failures, 1),
                                    cooldown->failure_max);

    ngx_qwen_account_rest(lease->pool->sh, account, lease->kind, rest);
}


static ngx_msec_t
ngx_qwen_report_hours(ngx_qwen_pool_t *pool, ngx_uint_t hours)
{
    if (hours == 0) {
        return pool->cooldown.rate_limited;
    }

    if (hours > NGX_QWEN_REST_MAX / 3600000) {
        return NGX_QWEN_REST_MAX;
    }

    return (ngx_msec_t) hours * 3600000;
}
