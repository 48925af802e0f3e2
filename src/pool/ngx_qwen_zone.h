
/*
 * What is in the shared memory of a pool.  Private to src/pool.
 *
 * Nothing here points out of the zone except into nginx itself (the insert
 * functions of the trees): a reload may load this module anew.  After a change
 * of any structure in this file NGX_QWEN_ZONE_LAYOUT must change too.
 *
 * Functions declared here want the lock unless they say otherwise.
 */

#ifndef _NGX_QWEN_ZONE_H_INCLUDED_
#define _NGX_QWEN_ZONE_H_INCLUDED_


#include "ngx_qwen_changes.h"
#include "ngx_qwen_pool.h"
#include "qwen_digest.h"
#include "qwen_record.h"


#define NGX_QWEN_ZONE_LAYOUT  4


/*
 * The longest time from now to a deadline: 30 days, or, where ngx_msec_t has
 * 32 bits, a half of what a signed difference can tell.
 */
#if (NGX_PTR_SIZE == 4)
#define NGX_QWEN_REST_MAX     ((ngx_msec_t) 0x3fffffff)
#else
#define NGX_QWEN_REST_MAX     ((ngx_msec_t) 30 * 24 * 3600 * 1000)
#endif


/*
 * A worker's ngx_current_msec stands still while it looks at its events, so
 * what another one has set to now may lie so far ahead of it.
 */
#define NGX_QWEN_CLOCK_SKEW   500


typedef struct ngx_qwen_account_s  ngx_qwen_account_t;


/* Accounts by deadline; node: the offset of the tree's node in an account. */
typedef struct {
    ngx_rbtree_t               rbtree;
    ngx_rbtree_node_t          sentinel;
    size_t                     node;
    ngx_uint_t                 count;
} ngx_qwen_deadlines_t;


/* Counts stop at their largest value. */
typedef struct {
    uint32_t                   date;       /* 20261125 */
    uint32_t                   requests;
    uint32_t                   errors;
    uint32_t                   chat_input;
    uint32_t                   chat_output;
    uint32_t                   cli_calls;
    uint32_t                   cli_input;
    uint32_t                   cli_output;
} ngx_qwen_day_t;


#define NGX_QWEN_OWN_DAYS  2


/* Where an account is in the rotation of one kind. */
typedef enum {
    NGX_QWEN_TURN_NONE = 0,          /* nowhere: it has no token */
    NGX_QWEN_TURN_READY,
    NGX_QWEN_TURN_COOLING
} ngx_qwen_turn_e;


typedef struct {
    union {
        ngx_queue_t            ready;
        ngx_rbtree_node_t      cooling;
    } link;

    ngx_msec_t                 until;      /* of the rest, when "rests" */
    uint32_t                   failures;   /* in a row */
    unsigned                   state:2;
    unsigned                   rests:1;
} ngx_qwen_turn_t;


/* Each account is in exactly one of the trees of the zone's signin[]. */
typedef enum {
    NGX_QWEN_SIGNIN_DUE = 0,         /* no token; may sign in at the deadline */
    NGX_QWEN_SIGNIN_CLAIMED,         /* no token; claimed until the deadline */
    NGX_QWEN_SIGNIN_DONE,            /* has a token until the deadline */
    NGX_QWEN_SIGNIN_STATES
} ngx_qwen_signin_e;


/* Whether the token of an account that has one is to be replaced. */
typedef enum {
    NGX_QWEN_REFRESH_NONE = 0,
    NGX_QWEN_REFRESH_DUE,            /* in the zone's refresh[] of that name */
    NGX_QWEN_REFRESH_CLAIMED,
    NGX_QWEN_REFRESH_STATES
} ngx_qwen_refresh_e;


struct ngx_qwen_account_s {
    ngx_str_node_t             name;       /* the e-mail address, by hash */
    ngx_rbtree_node_t          order;      /* by number */
    ngx_rbtree_node_t          signin;
    ngx_qwen_turn_t            turns[NGX_QWEN_KINDS];

    uint64_t                   number;
    ngx_str_t                  password;
    ngx_str_t                  token;
    time_t                     expires;    /* of the token, as it says */
    ngx_uint_t                 generation; /* of the token */

    qwen_fail_class_t          error;      /* the last one */
    time_t                     error_time;

    ngx_qwen_day_t            *days;       /* the oldest first */
    ngx_uint_t                 ndays;

    /* what was counted here in the last two days, and is not in the days: the
     * latest first; a date of 0: nothing */
    ngx_qwen_day_t             own[NGX_QWEN_OWN_DAYS];

    /* members that are not known, of a store's JSON */
    ngx_str_t                  extra;
    ngx_str_t                  own_extra;

    ngx_queue_t                changed;    /* see "changes" below */
    time_t                     dropped;    /* end of the last token that was */

    ngx_uint_t                 claim;      /* 0: nobody's */
    ngx_pid_t                  claimer;

    /* with a token that is to be replaced by a new one */
    ngx_queue_t                refresh;
    ngx_msec_t                 refresh_end; /* of the claim */

    uint32_t                   refused;    /* tokens without a good call */
    uint32_t                   failed;     /* sign-ins in a row */

    uint32_t                   leases;
    uint32_t                   sync;       /* the last one that saw it */
    unsigned                   state:2;
    unsigned                   refreshes:2;
    unsigned                   configured:1;   /* not by an administrator */
    unsigned                   challenged:1;   /* until it serves again */
    unsigned                   is_changed:1;
    unsigned                   is_reset:1;     /* untold to the store */
    unsigned                   is_counted:1;   /* "own" has changed */
    unsigned                   removed:1;  /* in no tree; the last lease frees
                                              it */
    u_char                     email[1];
};


/*
 * A record of a lease is never given back to the slab: its number tells a
 * process whether the record still is its own.
 */
typedef struct {
    ngx_queue_t                queue;      /* by deadline, or of free ones */
    ngx_qwen_account_t        *account;
    uint64_t                   number;     /* 0: free */
    ngx_msec_t                 deadline;
    ngx_pid_t                  pid;
} ngx_qwen_lease_record_t;


typedef struct {
    ngx_queue_t                ready;      /* least recently used first */
    ngx_uint_t                 nready;
    ngx_qwen_deadlines_t       cooling;
} ngx_qwen_rotation_t;


typedef struct {
    ngx_atomic_t               generation; /* 0: never filled */
    ngx_str_t                  body;
    ngx_msec_t                 time;       /* of its arrival */

    ngx_msec_t                 next;       /* no claim before it, if "held" */
    ngx_uint_t                 claim;
    ngx_pid_t                  claimer;
    qwen_fail_class_t          failure;    /* of the last refresh */
    unsigned                   held:1;
} ngx_qwen_models_cache_t;


/* An account that was removed, which the store does not know yet. */
typedef struct {
    ngx_queue_t                queue;
    ngx_str_t                  email;
} ngx_qwen_removal_t;


/* See ngx_qwen_changes.h.  The numbers are those of changes. */
typedef struct {
    ngx_atomic_t               last;
    ngx_atomic_t               saved;
    ngx_atomic_t               wanted;     /* by who waits */
    ngx_atomic_t               failed;     /* seen by a save that failed */
    ngx_atomic_t               error;      /* of the last save; 0: none */
    ngx_atomic_t               counted;    /* counters changed as well */

    /* of a store that keeps each account by itself */
    ngx_atomic_t               single;
    ngx_queue_t                accounts;   /* changed ones */
    ngx_queue_t                removals;   /* of ngx_qwen_removal_t */
    u_char                     node[NGX_QWEN_NODE_LEN];

    uint64_t                   mark[NGX_QWEN_STORE_MARK / sizeof(uint64_t)];
} ngx_qwen_changes_t;


/* A key of clients that an administrator has added. */
typedef struct {
    ngx_queue_t                queue;      /* the oldest first */
    ngx_str_t                  key;
    ngx_str_t                  name;       /* empty: none was given */
    ngx_str_t                  extra;      /* as an account's */
    time_t                     created;    /* 0: unknown */
    u_char                     digest[QWEN_SHA256_LEN];
} ngx_qwen_zone_key_t;


typedef struct {
    ngx_atomic_t               generation;
    qwen_record_settings_t     values;     /* without strings and keys */
    ngx_str_t                  extra;      /* as an account's */
    ngx_str_t                  file_extra; /* beside accounts and settings */
    ngx_queue_t                keys;
    ngx_uint_t                 nkeys;
    size_t                     bytes;      /* of all strings */
} ngx_qwen_zone_settings_t;


/* See ngx_qwen_guard.h. */
#define NGX_QWEN_GUARD_PLACES  256

typedef struct {
    ngx_msec_t                 until;
    ngx_uint_t                 failures;   /* in a row */
} ngx_qwen_guard_place_t;


/* What is told of a task; see ngx_qwen_tasks.h. */
typedef struct {
    ngx_queue_t                queue;      /* the oldest first */
    uint64_t                   number;
    ngx_pid_t                  owner;      /* 0: it has ended */
    ngx_str_t                  json;
} ngx_qwen_task_t;


typedef struct ngx_qwen_zone_s {
    ngx_uint_t                 layout;     /* first in every layout */
    ngx_atomic_t               loaded;

    ngx_rbtree_t               names;
    ngx_rbtree_node_t          sentinel;
    ngx_rbtree_t               accounts;   /* by number */
    ngx_rbtree_node_t          accounts_sentinel;
    ngx_uint_t                 naccounts;

    ngx_qwen_changes_t         changes;
    ngx_qwen_zone_settings_t   settings;

    ngx_qwen_deadlines_t       signin[NGX_QWEN_SIGNIN_STATES];
    ngx_qwen_rotation_t        rotations[NGX_QWEN_KINDS];

    ngx_queue_t                refresh[NGX_QWEN_REFRESH_STATES];
    ngx_uint_t                 nrefresh[NGX_QWEN_REFRESH_STATES];

    ngx_queue_t                leases;     /* the first to end first */
    ngx_queue_t                free;
    ngx_uint_t                 nleases;

    ngx_qwen_models_cache_t    models;

    ngx_queue_t                tasks;
    ngx_uint_t                 ntasks;

    ngx_qwen_guard_place_t     guard[NGX_QWEN_GUARD_PLACES];

    uint64_t                   last_account;
    uint64_t                   last_lease;
    ngx_uint_t                 last_claim;
    uint32_t                   last_sync;
} ngx_qwen_zone_t;


/* Accounts a caller does not want any more. */
typedef struct {
    const uint64_t            *accounts;
    ngx_uint_t                 n;
} ngx_qwen_tried_t;


/* ngx_qwen_deadlines.c; the first two need no lock. */

/* The time until the deadline, 0 once it has passed. */
ngx_msec_t ngx_qwen_deadline_rest(ngx_msec_t deadline);

/* rest, doubled so many times, but not above max. */
ngx_msec_t ngx_qwen_deadline_double(ngx_msec_t rest, ngx_uint_t times,
    ngx_msec_t max);

void ngx_qwen_deadlines_init(ngx_qwen_deadlines_t *deadlines, size_t node);
void ngx_qwen_deadlines_insert(ngx_qwen_deadlines_t *deadlines,
    ngx_qwen_account_t *account, ngx_msec_t deadline);
void ngx_qwen_deadlines_delete(ngx_qwen_deadlines_t *deadlines,
    ngx_qwen_account_t *account);

/* The first account whose deadline has passed, or NULL. */
ngx_qwen_account_t *ngx_qwen_deadlines_ended(ngx_qwen_deadlines_t *deadlines);

/* The account with the next deadline that was not tried (NULL: any), and the
 * time until then; NULL when there is none. */
ngx_qwen_account_t *ngx_qwen_deadlines_next(ngx_qwen_deadlines_t *deadlines,
    const ngx_qwen_tried_t *tried, ngx_msec_t *rest);

ngx_uint_t ngx_qwen_account_tried(ngx_qwen_account_t *account,
    const ngx_qwen_tried_t *tried);


/* ngx_qwen_account.c */

/* The account with the lowest number above that one, or NULL. */
ngx_qwen_account_t *ngx_qwen_account_after(ngx_qwen_zone_t *sh,
    uint64_t number);

/* The account, if it still is the one with that number. */
ngx_qwen_account_t *ngx_qwen_account_find(ngx_qwen_zone_t *sh,
    ngx_str_t *email, uint64_t number);

/* The account with that address, or NULL. */
ngx_qwen_account_t *ngx_qwen_account_lookup(ngx_qwen_zone_t *sh,
    ngx_str_t *email);

/* Adds an account or, with another password, changes it, which drops its
 * token.  NGX_OK, or NGX_ERROR: no memory, nothing was changed. */
ngx_int_t ngx_qwen_account_set(ngx_qwen_pool_t *pool,
    ngx_qwen_credentials_t *credentials, uint32_t sync);

/* Changes its password to one that is not empty, which drops its token unless
 * it is the same.  NGX_OK, or NGX_ERROR: no memory, nothing was changed. */
ngx_int_t ngx_qwen_account_password(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, ngx_str_t *password);

/* Takes it out of the changed ones, if it is there. */
void ngx_qwen_account_unchanged(ngx_qwen_account_t *account);

/* Makes an account, of an address that no other has; its sign-in is due.  NULL:
 * no memory. */
ngx_qwen_account_t *ngx_qwen_account_add(ngx_qwen_pool_t *pool,
    ngx_qwen_credentials_t *credentials);

/* Takes it out of everything and frees it, or leaves that to the last lease. */
void ngx_qwen_account_remove(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account);

/* One lease less. */
void ngx_qwen_account_unref(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account);

/* Sets a token that ends at expires and serves for life milliseconds.  NGX_OK,
 * or NGX_ERROR: no memory. */
ngx_int_t ngx_qwen_account_sign_in(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, ngx_str_t *token, time_t expires,
    ngx_msec_t life);

/* Drops the token and the claim, if any; a sign-in is due after rest. */
void ngx_qwen_account_sign_out(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, ngx_msec_t rest);

/* Claims its sign-in for this process; a token that it has serves meanwhile. */
void ngx_qwen_account_claim(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_msec_t timeout);

/* Puts it among those whose token is to be replaced, or takes it out. */
void ngx_qwen_account_refresh(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_qwen_refresh_e state);

/* Keeps the account out of a rotation for rest milliseconds at least. */
void ngx_qwen_account_rest(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_qwen_kind_e kind, ngx_msec_t rest);

/* Ends its rests and forgets its failures. */
void ngx_qwen_account_clear(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account);

/* Notes why it failed. */
void ngx_qwen_account_error(ngx_qwen_account_t *account,
    qwen_fail_class_t class);

/* Whether it rests now. */
ngx_uint_t ngx_qwen_account_rests(ngx_qwen_account_t *account,
    ngx_qwen_kind_e kind);

/* Ends what has ended: tokens, claims and the rests of one kind. */
void ngx_qwen_account_expire(ngx_qwen_pool_t *pool, ngx_qwen_kind_e kind);

/* Moves the first ready account that was not tried to the end of the queue and
 * gives it; NULL when there is none.  After ngx_qwen_account_expire(). */
ngx_qwen_account_t *ngx_qwen_account_pick(ngx_qwen_zone_t *sh,
    ngx_qwen_kind_e kind, const ngx_qwen_tried_t *tried);


/* ngx_qwen_accounts.c */

void ngx_qwen_account_copy(ngx_qwen_account_t *account,
    ngx_qwen_account_copy_t *copy);
void ngx_qwen_account_restore_rests(ngx_qwen_zone_t *sh,
    ngx_qwen_account_t *account, const qwen_record_account_t *record);
ngx_int_t ngx_qwen_account_restore_extra(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, const qwen_record_account_t *record);


/* ngx_qwen_lease.c */

/* Ends the leases whose time is over. */
void ngx_qwen_lease_expire(ngx_qwen_pool_t *pool);


/* ngx_qwen_signin.c */

/* How long a token that ends then may be used; 0: not at all.  Needs no
 * lock. */
ngx_msec_t ngx_qwen_signin_life(time_t expires);


/* ngx_qwen_stats.c */

void ngx_qwen_stats_free(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account);

/* Copies the history, the oldest day first, and gives the number of days. */
ngx_uint_t ngx_qwen_stats_copy(ngx_qwen_account_t *account,
    qwen_record_day_t *days);

/* Replaces the history.  NGX_OK, or NGX_ERROR: no memory. */
ngx_int_t ngx_qwen_stats_restore(ngx_qwen_pool_t *pool,
    ngx_qwen_account_t *account, const qwen_record_day_t *days, size_t n);


/* ngx_qwen_zone.c */

/* Notes that an account was removed, for a store that asks for it; without
 * memory the store finds out by itself. */
void ngx_qwen_zone_removed(ngx_qwen_pool_t *pool, ngx_str_t *email);

/* Something of an account that a store keeps has changed. */
void ngx_qwen_account_changed(ngx_qwen_zone_t *sh,
    ngx_qwen_account_t *account);

/* Something else that a store keeps has changed. */
#define ngx_qwen_zone_changed(sh)  (sh)->changes.last++

/* Removes the accounts that the configuration has made, or those that it has
 * not, which that sync has not seen.  Takes the lock by itself. */
void ngx_qwen_zone_remove_unseen(ngx_qwen_pool_t *pool, uint32_t sync,
    ngx_uint_t configured);

/* A number for a claim, never 0. */
ngx_uint_t ngx_qwen_zone_claim(ngx_qwen_zone_t *sh);

/* Frees a string of the zone, wiped. */
void ngx_qwen_zone_free(ngx_qwen_pool_t *pool, ngx_str_t *s);

/* Replaces a string of the zone, also by an empty one.  NGX_OK, or NGX_ERROR:
 * no memory, the old one stays. */
ngx_int_t ngx_qwen_zone_replace(ngx_qwen_pool_t *pool, ngx_str_t *old,
    ngx_str_t *s);


#endif /* _NGX_QWEN_ZONE_H_INCLUDED_ */
