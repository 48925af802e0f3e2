
/*
 * What accounts have served, by day of the local calendar, the oldest day
 * first.  A day without traffic takes no room, all days at most a page; the
 * oldest go when there are too many.
 */

#include "ngx_qwen_accounts.h"
#include "ngx_qwen_zone.h"


static ngx_qwen_day_t *ngx_qwen_stats_day(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, uint32_t date);
static ngx_int_t ngx_qwen_stats_grow(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account);
static uint32_t ngx_qwen_stats_sum(uint32_t count, uint64_t more);


uint32_t
ngx_qwen_stats_date(time_t sec)
{
    ngx_tm_t  tm;

    ngx_gmtime(sec + ngx_cached_time->gmtoff * 60, &tm);

    return tm.ngx_tm_year * 10000 + tm.ngx_tm_mon * 100 + tm.ngx_tm_mday;
}


void
ngx_qwen_lease_count(ngx_qwen_lease_t *lease, const qwen_usage_t *usage)
{
    ngx_qwen_day_t      *day;
    ngx_qwen_pool_t     *pool;
    ngx_qwen_account_t  *account;

    pool = lease->pool;
    day = NULL;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_find(pool->sh, &lease->email, lease->account);

    if (account) {
        day = ngx_qwen_stats_day(pool, account,
                                 ngx_qwen_stats_date(ngx_time()));
    }

    if (day) {
        day->requests = ngx_qwen_stats_sum(day->requests, 1);

        if (usage) {
            day->chat_input = ngx_qwen_stats_sum(day->chat_input,
                                                 usage->prompt);
            day->chat_output = ngx_qwen_stats_sum(day->chat_output,
                                                  usage->completion);

        } else {
            day->errors = ngx_qwen_stats_sum(day->errors, 1);
        }

        pool->sh->changes.counted = 1;
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


static uint32_t
ngx_qwen_stats_sum(uint32_t count, uint64_t more)
{
    return more > UINT32_MAX - count ? UINT32_MAX : count + (uint32_t) more;
}


/* Finds or makes a day; NULL: no memory, or older than all of a full
 * history. */

static ngx_qwen_day_t *
ngx_qwen_stats_day(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    uint32_t date)
{
    ngx_uint_t       n;
    ngx_qwen_day_t  *days;

    for (n = account->ndays; n; n--) {

        if (account->days[n - 1].date == date) {
            return &account->days[n - 1];
        }

        if (account->days[n - 1].date < date) {
            break;
        }
    }

    if (account->ndays == NGX_QWEN_DAYS) {

        if (n == 0) {
            return NULL;
        }

        n--;
        account->ndays--;
        ngx_memmove(account->days, account->days + 1,
                    account->ndays * sizeof(ngx_qwen_day_t));

    } else if (ngx_qwen_stats_grow(pool, account) != NGX_OK) {
        return NULL;
    }

    days = account->days;

    ngx_memmove(&days[n + 1], &days[n],
                (account->ndays - n) * sizeof(ngx_qwen_day_t));
    ngx_memzero(&days[n], sizeof(ngx_qwen_day_t));

    days[n].date = date;
    account->ndays++;

    return &days[n];
}


/* Makes room for one more; there is room for a power of two. */

static ngx_int_t
ngx_qwen_stats_grow(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account)
{
    ngx_uint_t       n;
    ngx_qwen_day_t  *days;

    n = account->ndays;

    if (n & (n - 1)) {
        return NGX_OK;
    }

    days = ngx_slab_alloc_locked(pool->shpool,
                                 ngx_max(2 * n, 1) * sizeof(ngx_qwen_day_t));
    if (days == NULL) {
        return NGX_ERROR;
    }

    if (n) {
        ngx_memcpy(days, account->days, n * sizeof(ngx_qwen_day_t));
        ngx_slab_free_locked(pool->shpool, account->days);
    }

    account->days = days;

    return NGX_OK;
}


void
ngx_qwen_stats_free(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account)
{
    if (account->days) {
        ngx_slab_free_locked(pool->shpool, account->days);
    }

    account->days = NULL;
    account->ndays = 0;
}


ngx_uint_t
ngx_qwen_stats_copy(ngx_qwen_account_t *account, qwen_record_day_t *days)
{
    ngx_uint_t       i;
    ngx_qwen_day_t  *day;

    for (i = 0; i < account->ndays; i++) {
        day = &account->days[i];

        days[i] = (qwen_record_day_t) {
            .day = day->date,
            .requests = day->requests,
            .errors = day->errors,
            .chat_input = day->chat_input,
            .chat_output = day->chat_output,
            .cli_calls = day->cli_calls,
            .cli_input = day->cli_input,
            .cli_output = day->cli_output
        };
    }

    return account->ndays;
}


ngx_int_t
ngx_qwen_stats_restore(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    const qwen_record_day_t *days, size_t n)
{
    size_t           i;
    ngx_qwen_day_t  *day;

    ngx_qwen_stats_free(pool, account);

    for (i = 0; i < n; i++) {

        if (account->ndays == NGX_QWEN_DAYS
            && days[i].day < account->days[0].date)
        {
            continue;
        }

        day = ngx_qwen_stats_day(pool, account, days[i].day);
        if (day == NULL) {
            return NGX_ERROR;
        }

        day->requests = ngx_qwen_stats_sum(0, days[i].requests);
        day->errors = ngx_qwen_stats_sum(0, days[i].errors);
        day->chat_input = ngx_qwen_stats_sum(0, days[i].chat_input);
        day->chat_output = ngx_qwen_stats_sum(0, days[i].chat_output);
        day->cli_calls = ngx_qwen_stats_sum(0, days[i].cli_calls);
        day->cli_input = ngx_qwen_stats_sum(0, days[i].cli_input);
        day->cli_output = ngx_qwen_stats_sum(0, days[i].cli_output);
    }

    return NGX_OK;
}
