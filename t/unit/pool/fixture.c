
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "fixture.h"
#include "ngx_qwen_accounts.h"
#include "ngx_qwen_zone.h"


static u_char       fixture_log_buf[8192];
static size_t       fixture_log_len;
static ngx_log_t    fixture_ngx_log;
static ngx_time_t   fixture_time;
static ngx_cycle_t  fixture_cycle;
static int          fixture_tag;


static void
fixture_log_writer(ngx_log_t *log, ngx_uint_t level, u_char *buf, size_t len)
{
    len = ngx_min(len, sizeof(fixture_log_buf) - 1 - fixture_log_len);

    ngx_memcpy(fixture_log_buf + fixture_log_len, buf, len);
    fixture_log_len += len;
}


const char *
fixture_log(void)
{
    fixture_log_buf[fixture_log_len] = '\0';
    fixture_log_len = 0;

    return (const char *) fixture_log_buf;
}


void
fixture_nginx(void)
{
    ngx_pid = ngx_getpid();
    ngx_use_stderr = 0;
    ngx_ncpu = 2;
    ngx_pagesize = getpagesize();
    ngx_cacheline_size = NGX_CPU_CACHE_LINE;

    for (ngx_pagesize_shift = 0;
         (ngx_uint_t) 1 << ngx_pagesize_shift < ngx_pagesize;
         ngx_pagesize_shift++) { /* void */ }

    ngx_time_init();
    ngx_cached_time = &fixture_time;

    fixture_ngx_log.log_level = NGX_LOG_WARN;
    fixture_ngx_log.writer = fixture_log_writer;

    fixture_cycle.log = &fixture_ngx_log;
    ngx_cycle = &fixture_cycle;

    ngx_slab_sizes_init();
}


void
fixture_clock_set(ngx_msec_t now, time_t sec)
{
    ngx_current_msec = now;
    fixture_time.sec = sec;
}


void
fixture_clock_advance(ngx_msec_t by)
{
    ngx_current_msec += by;
    fixture_time.sec += by / 1000;
}


fixture_t *
fixture_create_bare(size_t size)
{
    ngx_str_t         name = ngx_string("qwen");
    fixture_t        *f;
    ngx_shm_t        *shm;
    ngx_qwen_pool_t  *pool;
    ngx_slab_pool_t  *shpool;

    f = calloc(1, sizeof(fixture_t));

    f->conf_pool = ngx_create_pool(4096, &fixture_ngx_log);
    f->mempool = ngx_create_pool(4096, &fixture_ngx_log);

    f->cycle.pool = f->conf_pool;
    f->cycle.log = &fixture_ngx_log;
    f->cf.pool = f->conf_pool;
    f->cf.cycle = &f->cycle;
    f->cf.log = &fixture_ngx_log;

    ngx_list_init(&f->cycle.shared_memory, f->conf_pool, 1,
                  sizeof(ngx_shm_zone_t));

    pool = fixture_configuration(f);

    if (ngx_qwen_pool_add_zone(&f->cf, pool, &name, size, &fixture_tag)
        != NGX_OK)
    {
        abort();
    }

    f->pool = pool;
    f->shm_zone = pool->shm_zone;

    shm = &f->shm_zone->shm;

    shm->addr = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_ANON|MAP_SHARED,
                     -1, 0);
    if (shm->addr == MAP_FAILED) {
        abort();
    }

    /* as ngx_init_zone_pool() */

    shpool = (ngx_slab_pool_t *) shm->addr;
    shpool->end = shm->addr + size;
    shpool->min_shift = 3;
    shpool->addr = shm->addr;

    ngx_shmtx_create(&shpool->mutex, &shpool->lock, NULL);
    ngx_slab_init(shpool);

    return f;
}


fixture_t *
fixture_create(size_t size, ngx_uint_t accounts)
{
    char         email[64];
    fixture_t   *f;
    ngx_uint_t   i;

    f = fixture_create_bare(size);

    for (i = 0; i < accounts; i++) {
        snprintf(email, sizeof(email), "user%lu@example.com",
                 (unsigned long) i);
        fixture_account(f->pool, email, "secret");
    }

    if (f->shm_zone->init(f->shm_zone, NULL) != NGX_OK) {
        abort();
    }

    ngx_qwen_pool_commit(f->pool, f->cycle.log);

    return f;
}


void
fixture_free(fixture_t *f)
{
    ngx_destroy_pool(f->mempool);
    ngx_shmtx_destroy(&((ngx_slab_pool_t *) f->shm_zone->shm.addr)->mutex);
    munmap(f->shm_zone->shm.addr, f->shm_zone->shm.size);
    ngx_destroy_pool(f->conf_pool);
    free(f);
}


ngx_qwen_pool_t *
fixture_configuration(fixture_t *f)
{
    ngx_qwen_pool_t  *pool;

    pool = ngx_pcalloc(f->conf_pool, sizeof(ngx_qwen_pool_t));

    ngx_array_init(&pool->accounts, f->conf_pool, 4,
                   sizeof(ngx_qwen_credentials_t));

    pool->cooldown.rate_limited = HOUR;
    pool->cooldown.quota = 2 * HOUR;
    pool->cooldown.challenged = 10 * MINUTE;
    pool->cooldown.failures = 3;
    pool->cooldown.failure = 5 * MINUTE;
    pool->cooldown.failure_max = HOUR;
    pool->cooldown.signin = 30000;
    pool->lease_time = MINUTE;

    return pool;
}


void
fixture_account(ngx_qwen_pool_t *pool, const char *email, const char *password)
{
    ngx_str_t                s;
    ngx_qwen_credentials_t  *credentials;

    credentials = ngx_array_push(&pool->accounts);

    s.data = (u_char *) email;
    s.len = strlen(email);
    credentials->email.len = s.len;
    credentials->email.data = ngx_pstrdup(pool->accounts.pool, &s);

    s.data = (u_char *) password;
    s.len = strlen(password);
    credentials->password.len = s.len;
    credentials->password.data = ngx_pstrdup(pool->accounts.pool, &s);
}


ngx_int_t
fixture_reload(fixture_t *f, ngx_qwen_pool_t *pool)
{
    ngx_int_t         rc;
    ngx_qwen_pool_t  *old;

    old = f->shm_zone->data;

    f->shm_zone->data = pool;
    pool->shm_zone = f->shm_zone;

    rc = f->shm_zone->init(f->shm_zone, old);

    if (rc == NGX_OK) {
        ngx_qwen_pool_commit(pool, f->cycle.log);
        f->pool = pool;

    } else {
        f->shm_zone->data = old;
    }

    return rc;
}


ngx_uint_t
fixture_sign_in(fixture_t *f, time_t expires)
{
    char               text[64];
    ngx_str_t          token;
    ngx_uint_t         n;
    ngx_qwen_signin_t  signin;

    for (n = 0;
         ngx_qwen_signin_claim(f->pool, f->mempool, 10000, 1000, &signin)
         == NGX_OK;
         n++)
    {
        token.len = snprintf(text, sizeof(text), "token-%lu-%lu",
                             (unsigned long) signin.account,
                             (unsigned long) signin.generation);
        token.data = (u_char *) text;

        if (ngx_qwen_signin_done(f->pool, &signin, &token, expires) != NGX_OK) {
            abort();
        }
    }

    return n;
}


static const char *
fixture_check_account(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account)
{
    ngx_uint_t        kind;
    ngx_qwen_turn_t  *turn;

    if (account->removed) {
        return "a removed account is in the list";
    }

    if ((account->state == NGX_QWEN_SIGNIN_DONE)
        != (account->token.data != NULL))
    {
        return "the state does not agree with the token";
    }

    if (account->state == NGX_QWEN_SIGNIN_CLAIMED && account->claim == 0) {
        return "claimed without a claim";
    }

    if (account->refreshes != NGX_QWEN_REFRESH_NONE
        && account->token.data == NULL)
    {
        return "a token that is not there is to be replaced";
    }

    if (account->ndays > NGX_QWEN_DAYS
        || (account->ndays == 0) != (account->days == NULL))
    {
        return "the history of an account";
    }

    if (ngx_qwen_account_find(sh, &account->name.str, account->number)
        != account)
    {
        return "an account is not found by its name";
    }

    for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
        turn = &account->turns[kind];

        if ((turn->state == NGX_QWEN_TURN_NONE)
            != (account->token.data == NULL))
        {
            return "the rotation does not agree with the token";
        }

        if (turn->state == NGX_QWEN_TURN_READY && turn->rests) {
            return "a ready account rests";
        }

        if (turn->state == NGX_QWEN_TURN_COOLING
            && (!turn->rests || turn->until != turn->link.cooling.key))
        {
            return "a cooling account does not rest";
        }
    }

    return NULL;
}


static ngx_uint_t
fixture_tree_size(ngx_qwen_deadlines_t *deadlines)
{
    ngx_uint_t          n;
    ngx_msec_t          last;
    ngx_rbtree_t       *rbtree;
    ngx_rbtree_node_t  *node;

    rbtree = &deadlines->rbtree;

    if (rbtree->root == rbtree->sentinel) {
        return 0;
    }

    node = ngx_rbtree_min(rbtree->root, rbtree->sentinel);
    last = node->key;

    for (n = 0; node; n++) {
        if ((ngx_msec_int_t) (node->key - last) < 0) {
            return (ngx_uint_t) -1;
        }

        last = node->key;
        node = ngx_rbtree_next(rbtree, node);
    }

    return n;
}


static ngx_uint_t
fixture_queue_size(ngx_queue_t *queue)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    n = 0;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        if (ngx_queue_prev(ngx_queue_next(q)) != q) {
            return (ngx_uint_t) -1;
        }

        n++;
    }

    return n;
}


static const char *
fixture_check_sizes(ngx_qwen_zone_t *sh)
{
    ngx_uint_t           i, n;
    ngx_qwen_account_t  *account;

    for (n = 0, account = ngx_qwen_account_after(sh, 0);
         account;
         account = ngx_qwen_account_after(sh, account->number))
    {
        n++;
    }

    if (n != sh->naccounts) {
        return "the list of accounts";
    }

    for (n = 0, i = 0; i < NGX_QWEN_SIGNIN_STATES; i++) {
        if (fixture_tree_size(&sh->signin[i]) != sh->signin[i].count) {
            return "the size or order of a tree of sign-ins";
        }

        n += sh->signin[i].count;
    }

    if (n != sh->naccounts) {
        return "the accounts in the trees of sign-ins";
    }

    for (i = 0; i < NGX_QWEN_REFRESH_STATES; i++) {
        if (fixture_queue_size(&sh->refresh[i]) != sh->nrefresh[i]) {
            return "the number of refreshes";
        }
    }

    for (i = 0; i < NGX_QWEN_KINDS; i++) {
        if (fixture_tree_size(&sh->rotations[i].cooling)
            != sh->rotations[i].cooling.count
            || fixture_queue_size(&sh->rotations[i].ready)
               != sh->rotations[i].nready)
        {
            return "the size of a rotation";
        }

        if (sh->rotations[i].nready + sh->rotations[i].cooling.count
            != sh->signin[NGX_QWEN_SIGNIN_DONE].count)
        {
            return "the accounts in a rotation";
        }
    }

    if (fixture_queue_size(&sh->leases) != sh->nleases) {
        return "the number of leases";
    }

    return NULL;
}


const char *
fixture_inconsistency(ngx_qwen_pool_t *pool)
{
    ngx_uint_t           leases;
    const char          *what;
    ngx_qwen_zone_t     *sh;
    ngx_qwen_account_t  *account;

    sh = pool->sh;

    what = fixture_check_sizes(sh);
    if (what) {
        return what;
    }

    leases = 0;

    for (account = ngx_qwen_account_after(sh, 0);
         account;
         account = ngx_qwen_account_after(sh, account->number))
    {
        leases += account->leases;

        what = fixture_check_account(sh, account);
        if (what) {
            return what;
        }
    }

    /* the rest are leases of removed accounts */

    return (leases > sh->nleases) ? "more leases of accounts than leases"
                                  : NULL;
}
