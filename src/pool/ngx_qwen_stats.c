
/*
 * What accounts have served, by day of the local calendar, the oldest day
 * first.  A day without traffic takes no room, all days at most a page; the
 * oldest go when there are too many.
 *
 * The last two days that were counted here stand apart, since a store that is
 * shared wants to know what each node has counted.
 */

#include "ngx_qwen_accounts.h"
#include "ngx_qwen_zone.h"


static ngx_qwen_day_t *ngx_qwen_stats_today(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account);
static void ngx_qwen_stats_fold(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, ngx_qwen_day_t *own);
static void ngx_qwen_stats_add(ngx_qwen_day_t *day,
    const ngx_qwen_day_t *more);
static void ngx_qwen_stats_set(ngx_qwen_day_t *day,
    const qwen_record_day_t *record);
static void ngx_qwen_stats_get(const ngx_qwen_day_t *day,
    qwen_record_day_t *record);
static ngx_uint_t ngx_qwen_stats_merge(qwen_record_day_t *days, ngx_uint_t n,
    const ngx_qwen_day_t *own);
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

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_find(pool->sh, &lease->email, lease->account);

    if (account) {
        day = ngx_qwen_stats_today(pool, account);

        day->requests = ngx_qwen_stats_sum(day->requests, 1);

        if (usage) {
            day->chat_input = ngx_qwen_stats_sum(day->chat_input,
                                                 usage->prompt);
            day->chat_output = ngx_qwen_stats_sum(day->chat_output,
                                                  usage->completion);

        } else {
            day->errors = ngx_qwen_stats_sum(day->errors, 1);
        }

        account->is_counted = 1;
        pool->sh->changes.counted = 1;
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


static ngx_qwen_day_t *
ngx_qwen_stats_today(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account)
{
    uint32_t         date;
    ngx_qwen_day_t  *own;

    own = account->own;
    date = ngx_qwen_stats_date(ngx_time());

    if (own[0].date != date) {
        ngx_qwen_stats_fold(pool, account, &own[1]);

        own[1] = own[0];

        ngx_memzero(&own[0], sizeof(ngx_qwen_day_t));
        own[0].date = date;
    }

    return &own[0];
}


/* Without memory the day is lost. */

static void
ngx_qwen_stats_fold(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    ngx_qwen_day_t *own)
{
    ngx_qwen_day_t  *day;

    day = own->date ? ngx_qwen_stats_day(pool, account, own->date) : NULL;

    if (day) {
        ngx_qwen_stats_add(day, own);
    }
}


static void
ngx_qwen_stats_add(ngx_qwen_day_t *day, const ngx_qwen_day_t *more)
{
    day->requests = ngx_qwen_stats_sum(day->requests, more->requests);
    day->errors = ngx_qwen_stats_sum(day->errors, more->errors);
    day->chat_input = ngx_qwen_stats_sum(day->chat_input, more->chat_input);
    day->chat_output = ngx_qwen_stats_sum(day->chat_output,
                                          more->chat_output);
    day->cli_calls = ngx_qwen_stats_sum(day->cli_calls, more->cli_calls);
    day->cli_input = ngx_qwen_stats_sum(day->cli_input, more->cli_input);
    day->cli_output = ngx_qwen_stats_sum(day->cli_output, more->cli_output);
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

    ngx_memzero(account->own, sizeof(account->own));
}


ngx_uint_t
ngx_qwen_stats_copy(ngx_qwen_account_t *account, qwen_record_day_t *days)
{
    ngx_uint_t  i, n;

    for (i = 0; i < account->ndays; i++) {
        ngx_qwen_stats_get(&account->days[i], &days[i]);
    }

    n = account->ndays;

    for (i = NGX_QWEN_OWN_DAYS; i; i--) {
        if (account->own[i - 1].date) {
            n = ngx_qwen_stats_merge(days, n, &account->own[i - 1]);
        }
    }

    if (n > NGX_QWEN_DAYS) {
        ngx_memmove(days, days + n - NGX_QWEN_DAYS,
                    NGX_QWEN_DAYS * sizeof(qwen_record_day_t));
        n = NGX_QWEN_DAYS;
    }

    return n;
}


/* Adds a day to a history in order. */

static ngx_uint_t
ngx_qwen_stats_merge(qwen_record_day_t *days, ngx_uint_t n,
    const ngx_qwen_day_t *own)
{
    ngx_uint_t         i;
    ngx_qwen_day_t     sum;
    qwen_record_day_t  day;

    for (i = n; i && days[i - 1].day > own->date; i--) { /* void */ }

    if (i && days[i - 1].day == own->date) {
        ngx_qwen_stats_set(&sum, &days[i - 1]);
        ngx_qwen_stats_add(&sum, own);
        ngx_qwen_stats_get(&sum, &days[i - 1]);

        return n;
    }

    ngx_qwen_stats_get(own, &day);

    ngx_memmove(&days[i + 1], &days[i], (n - i) * sizeof(qwen_record_day_t));
    days[i] = day;

    return n + 1;
}


static void
ngx_qwen_stats_get(const ngx_qwen_day_t *day, qwen_record_day_t *record)
{
    record->day = day->date;
    record->requests = day->requests;
    record->errors = day->errors;
    record->chat_input = day->chat_input;
    record->chat_output = day->chat_output;
    record->cli_calls = day->cli_calls;
    record->cli_input = day->cli_input;
    record->cli_output = day->cli_output;
}


static void
ngx_qwen_stats_set(ngx_qwen_day_t *day, const qwen_record_day_t *record)
{
    day->date = record->day;
    day->requests = ngx_qwen_stats_sum(0, record->requests);
    day->errors = ngx_qwen_stats_sum(0, record->errors);
    day->chat_input = ngx_qwen_stats_sum(0, record->chat_input);
    day->chat_output = ngx_qwen_stats_sum(0, record->chat_output);
    day->cli_calls = ngx_qwen_stats_sum(0, record->cli_calls);
    day->cli_input = ngx_qwen_stats_sum(0, record->cli_input);
    day->cli_output = ngx_qwen_stats_sum(0, record->cli_output);
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

        ngx_qwen_stats_set(day, &days[i]);
    }

    return NGX_OK;
}


ngx_int_t
ngx_qwen_stats_own(ngx_qwen_pool_t *pool, uint64_t *number, u_char *buf,
    ngx_str_t *email, qwen_record_day_t *days)
{
    ngx_uint_t           i;
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    do {
        account = ngx_qwen_account_after(pool->sh, *number);

        if (account) {
            *number = account->number;
        }

    } while (account && !account->is_counted);

    if (account) {
        account->is_counted = 0;

        email->data = buf;
        email->len = account->name.str.len;
        ngx_memcpy(buf, account->email, email->len);

        for (i = 0; i < NGX_QWEN_OWN_DAYS; i++) {
            ngx_qwen_stats_get(&account->own[i], &days[i]);
        }
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return account ? NGX_OK : NGX_DONE;
}


void
ngx_qwen_stats_again(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_qwen_account_t  *account;

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, email);

    if (account) {
        account->is_counted = 1;
        pool->sh->changes.counted = 1;
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


void
ngx_qwen_stats_recount(ngx_qwen_pool_t *pool)
{
    uint64_t             number;
    ngx_qwen_account_t  *account;

    number = 0;

    ngx_shmtx_lock(&pool->shpool->mutex);

    while ((account = ngx_qwen_account_after(pool->sh, number))) {
        number = account->number;
        account->is_counted = (account->own[0].date != 0);
    }

    pool->sh->changes.counted = 1;

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


void
ngx_qwen_stats_others(ngx_qwen_pool_t *pool, ngx_str_t *email,
    const qwen_record_day_t *others, const qwen_record_day_t *own)
{
    ngx_uint_t           i;
    ngx_qwen_day_t      *day, more;
    ngx_qwen_account_t  *account;

    ngx_qwen_stats_set(&more, own);

    ngx_shmtx_lock(&pool->shpool->mutex);

    account = ngx_qwen_account_lookup(pool->sh, email);
    day = account ? ngx_qwen_stats_day(pool, account, others->day) : NULL;

    if (day) {
        ngx_qwen_stats_set(day, others);

        for (i = 0; i < NGX_QWEN_OWN_DAYS; i++) {
            if (account->own[i].date == others->day) {
                break;
            }
        }

        if (i == NGX_QWEN_OWN_DAYS) {
            ngx_qwen_stats_add(day, &more);
        }
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}
