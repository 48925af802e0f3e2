
/*
 * The zone: made, taken over on a reload, brought in line with the accounts of
 * the configuration.
 */

#include "ngx_qwen_zone.h"
#include "qwen_uuid.h"


/* What a token takes of the slab, as a rule. */
#define NGX_QWEN_ZONE_TOKEN  512


static ngx_int_t ngx_qwen_zone_init(ngx_shm_zone_t *shm_zone, void *data);
static ngx_int_t ngx_qwen_zone_create(ngx_shm_zone_t *shm_zone);
static void ngx_qwen_zone_hide(ngx_shm_zone_t *shm_zone);
static ngx_int_t ngx_qwen_zone_root(ngx_qwen_zone_t *sh);
static ngx_int_t ngx_qwen_zone_check(ngx_shm_zone_t *shm_zone);
static ngx_int_t ngx_qwen_zone_fits(ngx_shm_zone_t *shm_zone);
static void ngx_qwen_zone_too_small(ngx_qwen_pool_t *pool, ngx_uint_t level,
    ngx_log_t *log);
static ngx_int_t ngx_qwen_zone_sync(ngx_qwen_pool_t *pool);
static void ngx_qwen_zone_remove_newer(ngx_qwen_pool_t *pool, uint64_t number);
static void ngx_qwen_zone_warn(ngx_shm_zone_t *shm_zone);


ngx_int_t
ngx_qwen_pool_add_zone(ngx_conf_t *cf, ngx_qwen_pool_t *pool, ngx_str_t *name,
    size_t size, void *tag)
{
    ngx_shm_zone_t  *shm_zone;

    if (size < 8 * ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "qwen_zone \"%V\" is too small, it needs at least "
                           "%uz bytes", name, 8 * ngx_pagesize);
        return NGX_ERROR;
    }

    shm_zone = ngx_shared_memory_add(cf, name, size, tag);
    if (shm_zone == NULL) {
        return NGX_ERROR;
    }

    if (shm_zone->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "qwen_zone \"%V\" is already in use", name);
        return NGX_ERROR;
    }

    shm_zone->init = ngx_qwen_zone_init;
    shm_zone->data = pool;

    pool->shm_zone = shm_zone;

    if (pool->lease_time == 0) {
        pool->lease_time = 60000;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_qwen_pool_t  *pool;

    pool = shm_zone->data;

    if (ngx_qwen_zone_check(shm_zone) != NGX_OK) {
        return NGX_ERROR;
    }

    pool->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data == NULL && !shm_zone->shm.exists) {

        if (ngx_qwen_zone_create(shm_zone) != NGX_OK) {
            return NGX_ERROR;
        }

    } else {
        pool->sh = pool->shpool->data;

        if (pool->sh == NULL || pool->sh->layout != NGX_QWEN_ZONE_LAYOUT) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "qwen_zone \"%V\" was made by another version of "
                          "the module: restart nginx instead of reloading it, "
                          "or give the zone another name",
                          &shm_zone->shm.name);
            return NGX_ERROR;
        }

        return ngx_qwen_zone_fits(shm_zone);
    }

    if (ngx_qwen_zone_sync(pool) != NGX_OK) {
        ngx_qwen_zone_too_small(pool, NGX_LOG_EMERG, shm_zone->shm.log);
        return NGX_ERROR;
    }

    return pool->load ? pool->load(pool->load_data, shm_zone->shm.log)
                      : NGX_OK;
}


static ngx_int_t
ngx_qwen_zone_create(ngx_shm_zone_t *shm_zone)
{
    size_t            len;
    ngx_qwen_pool_t  *pool;
    ngx_slab_pool_t  *shpool;

    pool = shm_zone->data;
    shpool = pool->shpool;

    pool->sh = ngx_slab_calloc(shpool, sizeof(ngx_qwen_zone_t));
    if (pool->sh == NULL) {
        return NGX_ERROR;
    }

    if (ngx_qwen_zone_root(pool->sh) != NGX_OK) {
        return NGX_ERROR;
    }

    len = sizeof(" in qwen_zone \"\"") + shm_zone->shm.name.len;

    shpool->log_ctx = ngx_slab_alloc(shpool, len);
    if (shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(shpool->log_ctx, " in qwen_zone \"%V\"%Z",
                &shm_zone->shm.name);

    /* the slab would log under the lock */

    shpool->log_nomem = 0;

    shpool->data = pool->sh;

    ngx_qwen_zone_hide(shm_zone);

    return NGX_OK;
}


/* Passwords and tokens do not belong into a core file. */

static void
ngx_qwen_zone_hide(ngx_shm_zone_t *shm_zone)
{
#if (defined MADV_DONTDUMP)

    if (madvise(shm_zone->shm.addr, shm_zone->shm.size, MADV_DONTDUMP) == -1) {
        ngx_log_error(NGX_LOG_WARN, shm_zone->shm.log, ngx_errno,
                      "madvise(MADV_DONTDUMP) of qwen_zone \"%V\" failed",
                      &shm_zone->shm.name);
    }

#endif
}


static ngx_int_t
ngx_qwen_zone_root(ngx_qwen_zone_t *sh)
{
    size_t      node;
    ngx_uint_t  i;

    if (qwen_uuid4((char *) sh->changes.node) != QWEN_OK) {
        return NGX_ERROR;
    }

    sh->layout = NGX_QWEN_ZONE_LAYOUT;

    ngx_rbtree_init(&sh->names, &sh->sentinel, ngx_str_rbtree_insert_value);
    ngx_rbtree_init(&sh->accounts, &sh->accounts_sentinel,
                    ngx_rbtree_insert_value);

    for (i = 0; i < NGX_QWEN_SIGNIN_STATES; i++) {
        ngx_qwen_deadlines_init(&sh->signin[i],
                                offsetof(ngx_qwen_account_t, signin));
    }

    node = offsetof(ngx_qwen_account_t, turns)
           + offsetof(ngx_qwen_turn_t, link);

    for (i = 0; i < NGX_QWEN_KINDS; i++) {
        ngx_queue_init(&sh->rotations[i].ready);
        ngx_qwen_deadlines_init(&sh->rotations[i].cooling,
                                node + i * sizeof(ngx_qwen_turn_t));
    }

    for (i = 0; i < NGX_QWEN_REFRESH_STATES; i++) {
        ngx_queue_init(&sh->refresh[i]);
    }

    ngx_queue_init(&sh->leases);
    ngx_queue_init(&sh->free);
    ngx_queue_init(&sh->changes.accounts);
    ngx_queue_init(&sh->changes.removals);
    ngx_queue_init(&sh->settings.keys);
    ngx_queue_init(&sh->tasks);

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_zone_check(ngx_shm_zone_t *shm_zone)
{
    ngx_uint_t               i;
    const char              *what;
    ngx_qwen_pool_t         *pool;
    ngx_qwen_credentials_t  *credentials;

    pool = shm_zone->data;
    credentials = pool->accounts.elts;

    for (i = 0; i < pool->accounts.nelts; i++) {

        if (credentials[i].email.len == 0) {
            what = "no e-mail address";

        } else if (credentials[i].email.len > NGX_QWEN_EMAIL_MAX) {
            what = "too long an e-mail address";

        } else if (credentials[i].password.len == 0) {
            what = "no password";

        } else if (credentials[i].password.len > NGX_QWEN_PASSWORD_MAX) {
            what = "too long a password";

        } else {
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "account number %ui of qwen_zone \"%V\" has %s",
                      i + 1, &shm_zone->shm.name, what);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * On a reload the previous cycle goes on until the new one is taken, and for
 * good if that is refused, so its accounts are left alone: the new ones are
 * added and taken out again.
 */

static ngx_int_t
ngx_qwen_zone_fits(ngx_shm_zone_t *shm_zone)
{
    uint64_t                 last;
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_qwen_pool_t         *pool;
    ngx_qwen_credentials_t  *credentials;

    pool = shm_zone->data;
    credentials = pool->accounts.elts;
    rc = NGX_OK;

    ngx_shmtx_lock(&pool->shpool->mutex);

    last = pool->sh->last_account;

    for (i = 0; i < pool->accounts.nelts && rc == NGX_OK; i++) {
        if (ngx_qwen_account_lookup(pool->sh, &credentials[i].email) == NULL) {
            rc = ngx_qwen_account_set(pool, &credentials[i],
                                      pool->sh->last_sync);
        }
    }

    ngx_qwen_zone_remove_newer(pool, last);
    pool->sh->last_account = last;

    ngx_shmtx_unlock(&pool->shpool->mutex);

    if (rc != NGX_OK) {
        ngx_qwen_zone_too_small(pool, NGX_LOG_EMERG, shm_zone->shm.log);
    }

    return rc;
}


static void
ngx_qwen_zone_too_small(ngx_qwen_pool_t *pool, ngx_uint_t level,
    ngx_log_t *log)
{
    ngx_log_error(level, log, 0,
                  "qwen_zone \"%V\" is too small for %ui accounts, "
                  "increase its size",
                  &pool->shm_zone->shm.name, pool->accounts.nelts);
}


void
ngx_qwen_pool_commit(ngx_qwen_pool_t *pool, ngx_log_t *log)
{
    if (ngx_qwen_zone_sync(pool) != NGX_OK) {
        ngx_qwen_zone_too_small(pool, NGX_LOG_ERR, log);
    }

    ngx_qwen_zone_warn(pool->shm_zone);
}


/*
 * Workers of the previous cycle may run meanwhile: the lock is held for one
 * account at a time.  Accounts that are gone are removed last.
 */

static ngx_int_t
ngx_qwen_zone_sync(ngx_qwen_pool_t *pool)
{
    uint32_t                 sync;
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_qwen_credentials_t  *credentials;

    credentials = pool->accounts.elts;

    ngx_shmtx_lock(&pool->shpool->mutex);
    sync = ++pool->sh->last_sync;
    ngx_shmtx_unlock(&pool->shpool->mutex);

    for (i = 0; i < pool->accounts.nelts; i++) {

        ngx_shmtx_lock(&pool->shpool->mutex);
        rc = ngx_qwen_account_set(pool, &credentials[i], sync);
        ngx_shmtx_unlock(&pool->shpool->mutex);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_qwen_zone_remove_unseen(pool, sync, 1);

    return NGX_OK;
}


/* With the lock held. */

static void
ngx_qwen_zone_remove_newer(ngx_qwen_pool_t *pool, uint64_t number)
{
    ngx_qwen_account_t  *account;

    while ((account = ngx_qwen_account_after(pool->sh, number))) {
        ngx_qwen_account_remove(pool, account);
    }
}


void
ngx_qwen_zone_remove_unseen(ngx_qwen_pool_t *pool, uint32_t sync,
    ngx_uint_t configured)
{
    uint64_t             number;
    ngx_qwen_account_t  *account;

    number = 0;

    ngx_shmtx_lock(&pool->shpool->mutex);

    while ((account = ngx_qwen_account_after(pool->sh, number))) {
        number = account->number;

        if (account->configured == configured && account->sync != sync) {
            ngx_qwen_account_remove(pool, account);
        }
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


static void
ngx_qwen_zone_warn(ngx_shm_zone_t *shm_zone)
{
    size_t            room;
    ngx_uint_t        tokens;
    ngx_qwen_pool_t  *pool;

    pool = shm_zone->data;

    ngx_shmtx_lock(&pool->shpool->mutex);

    room = pool->shpool->pfree * ngx_pagesize;
    tokens = pool->sh->naccounts
             - pool->sh->signin[NGX_QWEN_SIGNIN_DONE].count;

    ngx_shmtx_unlock(&pool->shpool->mutex);

    if (room / NGX_QWEN_ZONE_TOKEN < tokens) {
        ngx_log_error(NGX_LOG_WARN, shm_zone->shm.log, 0,
                      "qwen_zone \"%V\" has %uz bytes left for the tokens of "
                      "%ui accounts, increase its size",
                      &shm_zone->shm.name, room, tokens);
    }
}


void
ngx_qwen_zone_removed(ngx_qwen_pool_t *pool, ngx_str_t *email)
{
    ngx_qwen_zone_t     *sh;
    ngx_qwen_removal_t  *removal;

    sh = pool->sh;

    if (!sh->changes.single) {
        return;
    }

    removal = ngx_slab_calloc_locked(pool->shpool, sizeof(ngx_qwen_removal_t));
    if (removal == NULL) {
        return;
    }

    if (ngx_qwen_zone_replace(pool, &removal->email, email) != NGX_OK) {
        ngx_slab_free_locked(pool->shpool, removal);
        return;
    }

    ngx_queue_insert_tail(&sh->changes.removals, &removal->queue);
}


ngx_uint_t
ngx_qwen_zone_claim(ngx_qwen_zone_t *sh)
{
    sh->last_claim++;

    if (sh->last_claim == 0) {
        sh->last_claim = 1;
    }

    return sh->last_claim;
}


void
ngx_qwen_zone_free(ngx_qwen_pool_t *pool, ngx_str_t *s)
{
    if (s->data) {
        ngx_explicit_memzero(s->data, s->len);
        ngx_slab_free_locked(pool->shpool, s->data);
    }

    ngx_str_null(s);
}


ngx_int_t
ngx_qwen_zone_replace(ngx_qwen_pool_t *pool, ngx_str_t *old, ngx_str_t *s)
{
    u_char  *data;

    if (s->len == 0) {
        ngx_qwen_zone_free(pool, old);
        return NGX_OK;
    }

    data = ngx_slab_alloc_locked(pool->shpool, s->len);
    if (data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(data, s->data, s->len);

    ngx_qwen_zone_free(pool, old);

    old->data = data;
    old->len = s->len;

    return NGX_OK;
}


void
ngx_qwen_pool_status(ngx_qwen_pool_t *pool, ngx_qwen_pool_status_t *status)
{
    ngx_qwen_zone_t      *sh;
    ngx_qwen_rotation_t  *rotation;

    sh = pool->sh;
    rotation = &sh->rotations[NGX_QWEN_KIND_CHAT];

    ngx_shmtx_lock(&pool->shpool->mutex);

    ngx_qwen_account_expire(pool, NGX_QWEN_KIND_CHAT);
    ngx_qwen_lease_expire(pool);

    status->accounts = sh->naccounts;
    status->ready = rotation->nready;
    status->cooling = rotation->cooling.count;
    status->signin = sh->signin[NGX_QWEN_SIGNIN_DUE].count
                     + sh->signin[NGX_QWEN_SIGNIN_CLAIMED].count;
    status->leases = sh->nleases;

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


void
ngx_qwen_pool_set_loaded(ngx_qwen_pool_t *pool)
{
    pool->sh->loaded = 1;
}


ngx_uint_t
ngx_qwen_pool_loaded(ngx_qwen_pool_t *pool)
{
    return pool->sh->loaded;
}
