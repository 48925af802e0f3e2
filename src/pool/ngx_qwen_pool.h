
/*
 * The accounts of a gateway in shared memory: rotation, cooling, leases,
 * claims and the cache of models, shared by all workers.  One lock, the slab
 * pool's mutex, which the master frees when a worker dies.  Every function
 * here takes it for itself, copies out what the caller needs, and does its
 * work in O(log n) of the number of accounts.
 *
 * Deadlines in the zone are in ngx_current_msec, which all workers share and
 * no change of the clock moves; compare them as signed differences.
 */

#ifndef _NGX_QWEN_POOL_H_INCLUDED_
#define _NGX_QWEN_POOL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "qwen_delta.h"
#include "qwen_failure.h"


/*
 * The longest strings an account may have; a longer e-mail address or password
 * is refused when the zone is made, a longer token when it comes.
 */
#define NGX_QWEN_EMAIL_MAX     254
#define NGX_QWEN_PASSWORD_MAX  1024
#define NGX_QWEN_TOKEN_MAX     4096


/* What an account can be capped for separately. */
typedef enum {
    NGX_QWEN_KIND_CHAT = 0,
    NGX_QWEN_KIND_IMAGE,
    NGX_QWEN_KIND_VIDEO,
    NGX_QWEN_KIND_CLI,
    NGX_QWEN_KINDS
} ngx_qwen_kind_e;


typedef struct {
    ngx_str_t        email;
    ngx_str_t        password;
} ngx_qwen_credentials_t;


/* How long a failure keeps an account out of the rotation (milliseconds). */
typedef struct {
    ngx_msec_t       rate_limited;   /* when the upstream said no hours */
    ngx_msec_t       quota;
    ngx_msec_t       challenged;
    ngx_uint_t       failures;       /* in a row, until "failure" applies */
    ngx_msec_t       failure;        /* doubles with each further one ... */
    ngx_msec_t       failure_max;    /* ... up to this */
    ngx_msec_t       signin;         /* after a failed sign-in; doubles up to
                                        failure_max */
} ngx_qwen_cooldown_t;


/* The configuration's part of a pool; lives as long as the cycle. */
typedef struct {
    ngx_shm_zone_t          *shm_zone;
    ngx_array_t              accounts;       /* of ngx_qwen_credentials_t */
    ngx_qwen_cooldown_t      cooldown;
    ngx_msec_t               lease_time;     /* a lease that is not renewed
                                                ends after it; 60 s */

    /* brings what a store keeps into a new zone; NULL: nothing */
    ngx_int_t              (*load)(void *data, ngx_log_t *log);
    void                    *load_data;

    /* set by the zone's init */
    struct ngx_qwen_zone_s  *sh;
    ngx_slab_pool_t         *shpool;
} ngx_qwen_pool_t;


/* Adds the zone for pool to the configuration.  NGX_OK, or NGX_ERROR with the
 * reason logged. */
ngx_int_t ngx_qwen_pool_add_zone(ngx_conf_t *cf, ngx_qwen_pool_t *pool,
    ngx_str_t *name, size_t size, void *tag);


/* Brings the accounts of the configuration into the zone: those that are gone
 * are removed, new and changed ones are signed in.  To be called when the
 * configuration cannot be refused any more; the zone's init has seen that they
 * fit. */
void ngx_qwen_pool_commit(ngx_qwen_pool_t *pool, ngx_log_t *log);


/* An account in use.  The strings are in the memory pool given to take(). */
typedef struct {
    ngx_qwen_pool_t   *pool;
    ngx_qwen_kind_e    kind;
    ngx_str_t          email;
    ngx_str_t          token;
    uint64_t           account;      /* the account's number, never reused */
    ngx_uint_t         generation;   /* of the token */
    uint64_t           number;       /* of the lease, never reused */
    void              *record;       /* in the zone; NULL: released */
} ngx_qwen_lease_t;


/*
 * Takes the least recently used account that can serve and is not among the
 * tried ones; a cleanup of mempool releases it.  NGX_OK.  NGX_AGAIN: none now,
 * but a sign-in is due or running.  NGX_BUSY: all cool down, *wait
 * (milliseconds) is the time until the first may serve again.  NGX_DECLINED:
 * none can serve (no account, all tried, or every sign-in was refused; *wait
 * is the time until the next attempt to sign in, 0 when there is none).
 * NGX_ERROR: no memory.  An account that comes back from a rest or a sign-in
 * queues up behind the others.
 */
ngx_int_t ngx_qwen_lease_take(ngx_qwen_pool_t *pool, ngx_pool_t *mempool,
    ngx_qwen_kind_e kind, const uint64_t *tried, ngx_uint_t ntried,
    ngx_qwen_lease_t **lease, ngx_msec_t *wait);

/*
 * Tells how the call went: drops the token, cools the account down or clears
 * its failures, as the class asks.  The lease goes on.  A report on an older
 * token than the account's present one does not drop the present one; a token
 * that goes without one good call since the last that went makes the account
 * rest before the next sign-in.  A rest is never shortened by a report, and a
 * failure of a call that was begun before the account's rest does not count.
 */
void ngx_qwen_lease_report(ngx_qwen_lease_t *lease,
    const qwen_failure_t *failure);

/* Counts a request of today: what it used, or NULL for one that failed. */
void ngx_qwen_lease_count(ngx_qwen_lease_t *lease, const qwen_usage_t *usage);

/* Keeps the lease for another lease_time. */
void ngx_qwen_lease_renew(ngx_qwen_lease_t *lease);

/* Gives the account back; harmless when it was given back already. */
void ngx_qwen_lease_release(ngx_qwen_lease_t *lease);


/* The right to sign one account in; ends by itself at its deadline. */
typedef struct {
    ngx_str_t          email;
    ngx_str_t          password;
    uint64_t           account;
    ngx_uint_t         generation;   /* of the claim */
} ngx_qwen_signin_t;


/* Whether a sign-in is due that nobody has claimed, and fewer than max run. */
ngx_uint_t ngx_qwen_signin_due(ngx_qwen_pool_t *pool, ngx_uint_t max);

/* Claims an account whose sign-in is due, for at most timeout milliseconds,
 * and copies it into mempool.  NGX_OK; NGX_DECLINED: none is due, or max run
 * already; NGX_ERROR. */
ngx_int_t ngx_qwen_signin_claim(ngx_qwen_pool_t *pool, ngx_pool_t *mempool,
    ngx_msec_t timeout, ngx_uint_t max, ngx_qwen_signin_t *signin);

/* Gives a claim back: another node signs the account in.  It is looked at again
 * after rest milliseconds. */
void ngx_qwen_signin_postpone(ngx_qwen_pool_t *pool,
    ngx_qwen_signin_t *signin, ngx_msec_t rest);

/* Makes a sign-in due for each account whose token ends within threshold
 * seconds; it serves on until there is a new one.  Gives their number. */
ngx_uint_t ngx_qwen_signin_refresh(ngx_qwen_pool_t *pool, time_t threshold);

/* The sign-in gave a token that ends at expires (seconds since the epoch).
 * NGX_OK; NGX_DECLINED: the claim is no longer ours, nothing was changed;
 * NGX_ERROR: no memory in the zone, or a token that is too long or has ended,
 * the account rests as after a failed sign-in. */
ngx_int_t ngx_qwen_signin_done(ngx_qwen_pool_t *pool,
    ngx_qwen_signin_t *signin, ngx_str_t *token, time_t expires);

/* The sign-in failed; the account rests before the next one. */
void ngx_qwen_signin_failed(ngx_qwen_pool_t *pool, ngx_qwen_signin_t *signin,
    const qwen_failure_t *failure);


/* The upstream's list of models as it came, with the time of its arrival. */

/* Claims a refresh when the cache was never filled or is at least ttl
 * milliseconds old (0: any age will do) and no one refreshes it.  NGX_OK: it
 * is ours, for at most timeout milliseconds; NGX_DECLINED. */
ngx_int_t ngx_qwen_models_claim(ngx_qwen_pool_t *pool, ngx_msec_t ttl,
    ngx_msec_t timeout, ngx_uint_t *claim);

/* Ends a claim and replaces the cache.  NGX_OK; NGX_DECLINED: not our claim any
 * more; NGX_ERROR: no memory in the zone, the last good list stays. */
ngx_int_t ngx_qwen_models_update(ngx_qwen_pool_t *pool, ngx_uint_t claim,
    ngx_str_t *body);

/* Ends a claim without a list and keeps why: the next attempt may begin after
 * the cooldown's "signin" time, or at once with QWEN_FAIL_NONE. */
void ngx_qwen_models_failed(ngx_qwen_pool_t *pool, ngx_uint_t claim,
    qwen_fail_class_t class);

/* Why the last refresh failed, and the time until the next one may begin;
 * QWEN_FAIL_NONE: it did not fail, or another may begin or runs. */
qwen_fail_class_t ngx_qwen_models_failure(ngx_qwen_pool_t *pool,
    ngx_msec_t *rest);

/* The number of the cached list, 0: none yet.  Takes no lock. */
ngx_uint_t ngx_qwen_models_generation(ngx_qwen_pool_t *pool);

/* Copies the cached list into mempool.  NGX_OK; NGX_DECLINED: none;
 * NGX_ERROR. */
ngx_int_t ngx_qwen_models_copy(ngx_qwen_pool_t *pool, ngx_pool_t *mempool,
    ngx_str_t *body, ngx_uint_t *generation);


typedef struct {
    ngx_uint_t         accounts;
    ngx_uint_t         ready;        /* can serve a chat now */
    ngx_uint_t         cooling;      /* have a token but rest from chats */
    ngx_uint_t         signin;       /* without a token */
    ngx_uint_t         leases;
} ngx_qwen_pool_status_t;

/* Counts, in O(expired entries). */
void ngx_qwen_pool_status(ngx_qwen_pool_t *pool,
    ngx_qwen_pool_status_t *status);

/* Marks the store's first load as done; until then loaded() is 0. */
void ngx_qwen_pool_set_loaded(ngx_qwen_pool_t *pool);
ngx_uint_t ngx_qwen_pool_loaded(ngx_qwen_pool_t *pool);

/* Writes an e-mail address into size bytes of buf as logs may show it,
 * "al***@example.com", and gives what was written. */
ngx_str_t ngx_qwen_mask_email(ngx_str_t *email, u_char *buf, size_t size);


#endif /* _NGX_QWEN_POOL_H_INCLUDED_ */
