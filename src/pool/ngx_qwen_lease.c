
/*
 * Leases: an account in use by one request of one process.
 *
 * The lock is never held while memory is allocated from a request's pool, so
 * strings are copied to the stack first.
 */

#include "ngx_qwen_zone.h"


static ngx_int_t ngx_qwen_lease_take_locked(ngx_qwen_pool_t *pool,
    const ngx_qwen_tried_t *tried, ngx_qwen_lease_t *lease, u_char *buf,
    ngx_msec_t *wait);
static ngx_int_t ngx_qwen_lease_outlook(ngx_qwen_zone_t *sh,
    ngx_qwen_kind_e kind, const ngx_qwen_tried_t *tried, ngx_msec_t *wait);
static ngx_qwen_lease_t *ngx_qwen_lease_keep(ngx_qwen_lease_t *found,
    ngx_pool_t *mempool);
static void ngx_qwen_lease_cleanup(void *data);
static ngx_qwen_lease_record_t *ngx_qwen_lease_open(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account);
static void ngx_qwen_lease_close(ngx_qwen_pool_t *pool,
    ngx_qwen_lease_record_t *record);
static ngx_qwen_lease_record_t *ngx_qwen_lease_own(ngx_qwen_lease_t *lease);


ngx_int_t
ngx_qwen_lease_take(ngx_qwen_pool_t *pool, ngx_pool_t *mempool,
    ngx_qwen_kind_e kind, const uint64_t *tried, ngx_uint_t ntried,
    ngx_qwen_lease_t **lease, ngx_msec_t *wait)
{
    u_char            buf[NGX_QWEN_EMAIL_MAX + NGX_QWEN_TOKEN_MAX];
    ngx_int_t         rc;
    ngx_qwen_lease_t  found;
    ngx_qwen_tried_t  set;

    *lease = NULL;
    *wait = 0;

    set.accounts = tried;
    set.n = ntried;

    found.pool = pool;
    found.kind = kind;

    ngx_shmtx_lock(&pool->shpool->mutex);

    rc = ngx_qwen_lease_take_locked(pool, &set, &found, buf, wait);

    ngx_shmtx_unlock(&pool->shpool->mutex);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, mempool->log, 0,
                   "qwen lease take: %i kind:%ui tried:%ui wait:%M",
                   rc, (ngx_uint_t) kind, ntried, *wait);

    if (rc != NGX_OK) {
        return rc;
    }

    *lease = ngx_qwen_lease_keep(&found, mempool);

    if (*lease == NULL) {
        ngx_qwen_lease_release(&found);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_lease_take_locked(ngx_qwen_pool_t *pool,
    const ngx_qwen_tried_t *tried, ngx_qwen_lease_t *lease, u_char *buf,
    ngx_msec_t *wait)
{
    ngx_qwen_account_t       *account;
    ngx_qwen_lease_record_t  *record;

    ngx_qwen_account_expire(pool, lease->kind);
    ngx_qwen_lease_expire(pool);

    account = ngx_qwen_account_pick(pool->sh, lease->kind, tried);

    if (account == NULL) {
        return ngx_qwen_lease_outlook(pool->sh, lease->kind, tried, wait);
    }

    record = ngx_qwen_lease_open(pool, account);
    if (record == NULL) {
        return NGX_ERROR;
    }

    lease->account = account->number;
    lease->generation = account->generation;
    lease->number = record->number;
    lease->record = record;

    lease->email.len = account->name.str.len;
    lease->email.data = buf;
    buf = ngx_cpymem(buf, account->email, account->name.str.len);

    lease->token.len = account->token.len;
    lease->token.data = buf;
    ngx_memcpy(buf, account->token.data, account->token.len);

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_lease_outlook(ngx_qwen_zone_t *sh, ngx_qwen_kind_e kind,
    const ngx_qwen_tried_t *tried, ngx_msec_t *wait)
{
    ngx_msec_t           rest, signin;
    ngx_qwen_account_t  *due, *cooling;

    if (ngx_qwen_deadlines_next(&sh->signin[NGX_QWEN_SIGNIN_CLAIMED], tried,
                                &rest))
    {
        return NGX_AGAIN;
    }

    due = ngx_qwen_deadlines_next(&sh->signin[NGX_QWEN_SIGNIN_DUE], tried,
                                  &signin);

    if (due && signin <= NGX_QWEN_CLOCK_SKEW) {
        return NGX_AGAIN;
    }

    cooling = ngx_qwen_deadlines_next(&sh->rotations[kind].cooling, tried,
                                      &rest);

    if (cooling == NULL) {
        *wait = due ? signin : 0;
        return NGX_DECLINED;
    }

    *wait = due ? ngx_min(rest, signin) : rest;

    return NGX_BUSY;
}


static ngx_qwen_lease_t *
ngx_qwen_lease_keep(ngx_qwen_lease_t *found, ngx_pool_t *mempool)
{
    u_char              *p;
    ngx_qwen_lease_t    *lease;
    ngx_pool_cleanup_t  *cln;

    p = ngx_pnalloc(mempool, found->email.len + found->token.len);
    if (p == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(mempool, sizeof(ngx_qwen_lease_t));
    if (cln == NULL) {
        return NULL;
    }

    lease = cln->data;
    *lease = *found;

    lease->email.data = p;
    p = ngx_cpymem(p, found->email.data, found->email.len);

    lease->token.data = p;
    ngx_memcpy(p, found->token.data, found->token.len);

    cln->handler = ngx_qwen_lease_cleanup;

    return lease;
}


static void
ngx_qwen_lease_cleanup(void *data)
{
    ngx_qwen_lease_release(data);
}


void
ngx_qwen_lease_renew(ngx_qwen_lease_t *lease)
{
    ngx_qwen_zone_t          *sh;
    ngx_qwen_lease_record_t  *record;

    if (lease->record == NULL) {
        return;
    }

    sh = lease->pool->sh;

    ngx_shmtx_lock(&lease->pool->shpool->mutex);

    record = ngx_qwen_lease_own(lease);

    if (record) {
        record->deadline = ngx_current_msec + lease->pool->lease_time;

        ngx_queue_remove(&record->queue);
        ngx_queue_insert_tail(&sh->leases, &record->queue);
    }

    ngx_shmtx_unlock(&lease->pool->shpool->mutex);
}


void
ngx_qwen_lease_release(ngx_qwen_lease_t *lease)
{
    ngx_qwen_lease_record_t  *record;

    if (lease->record == NULL) {
        return;
    }

    ngx_shmtx_lock(&lease->pool->shpool->mutex);

    record = ngx_qwen_lease_own(lease);

    if (record) {
        ngx_qwen_lease_close(lease->pool, record);
    }

    ngx_shmtx_unlock(&lease->pool->shpool->mutex);

    lease->record = NULL;
}


void
ngx_qwen_lease_expire(ngx_qwen_pool_t *pool)
{
    ngx_queue_t              *leases;
    ngx_qwen_lease_record_t  *record;

    leases = &pool->sh->leases;

    while (!ngx_queue_empty(leases)) {

        record = ngx_queue_data(ngx_queue_head(leases),
                                ngx_qwen_lease_record_t, queue);

        if (ngx_qwen_deadline_rest(record->deadline) > 0) {
            return;
        }

        ngx_qwen_lease_close(pool, record);
    }
}


static ngx_qwen_lease_record_t *
ngx_qwen_lease_open(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account)
{
    ngx_queue_t              *q;
    ngx_qwen_zone_t          *sh;
    ngx_qwen_lease_record_t  *record;

    sh = pool->sh;

    if (ngx_queue_empty(&sh->free)) {
        record = ngx_slab_alloc_locked(pool->shpool,
                                       sizeof(ngx_qwen_lease_record_t));
        if (record == NULL) {
            return NULL;
        }

    } else {
        q = ngx_queue_head(&sh->free);
        ngx_queue_remove(q);
        record = ngx_queue_data(q, ngx_qwen_lease_record_t, queue);
    }

    record->account = account;
    record->number = ++sh->last_lease;
    record->deadline = ngx_current_msec + pool->lease_time;
    record->pid = ngx_pid;

    ngx_queue_insert_tail(&sh->leases, &record->queue);
    sh->nleases++;
    account->leases++;

    return record;
}


static void
ngx_qwen_lease_close(ngx_qwen_pool_t *pool, ngx_qwen_lease_record_t *record)
{
    ngx_qwen_account_t  *account;

    account = record->account;

    record->account = NULL;
    record->number = 0;

    ngx_queue_remove(&record->queue);
    ngx_queue_insert_head(&pool->sh->free, &record->queue);
    pool->sh->nleases--;

    ngx_qwen_account_unref(pool, account);
}


/* The lease's record, unless it has ended meanwhile. */

static ngx_qwen_lease_record_t *
ngx_qwen_lease_own(ngx_qwen_lease_t *lease)
{
    ngx_qwen_lease_record_t  *record;

    record = lease->record;

    if (record->number != lease->number || record->pid != ngx_pid) {
        return NULL;
    }

    return record;
}
