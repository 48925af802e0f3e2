
/*
 * Accounts as administrators and stores see them: copied out one at a time,
 * made, changed and removed while nginx runs.
 */

#ifndef _NGX_QWEN_ACCOUNTS_H_INCLUDED_
#define _NGX_QWEN_ACCOUNTS_H_INCLUDED_


#include "ngx_qwen_pool.h"
#include "qwen_record.h"


/* How many days an account's history goes back. */
#define NGX_QWEN_DAYS  90


/* The day of the local calendar, as 20261125. */
uint32_t ngx_qwen_stats_date(time_t sec);


/* An account; strings and days of the record are in the copy. */
typedef struct {
    uint64_t               number;
    qwen_record_account_t  record;
    ngx_uint_t             signed_in;
    ngx_uint_t             pending;      /* a sign-in is due or runs */
    ngx_uint_t             generation;   /* of the token */
    ngx_uint_t             reset;        /* by accounts_reset(), untold */
    u_char                 strings[NGX_QWEN_EMAIL_MAX + NGX_QWEN_PASSWORD_MAX
                                   + NGX_QWEN_TOKEN_MAX
                                   + QWEN_RECORD_MAX_EXTRA];
    qwen_record_day_t      days[NGX_QWEN_DAYS + 2];
} ngx_qwen_account_copy_t;


/* Copies the account with the lowest number above that one, which is never 0.
 * NGX_OK, or NGX_DONE: there is none. */
ngx_int_t ngx_qwen_accounts_next(ngx_qwen_pool_t *pool, uint64_t number,
    ngx_qwen_account_copy_t *copy);

/* Copies the account with that address.  NGX_OK, or NGX_DECLINED: there is
 * none. */
ngx_int_t ngx_qwen_accounts_get(ngx_qwen_pool_t *pool, ngx_str_t *email,
    ngx_qwen_account_copy_t *copy);

/* Whether there is an account with that address. */
ngx_uint_t ngx_qwen_accounts_exist(ngx_qwen_pool_t *pool, ngx_str_t *email);

/*
 * Makes an account.  Its sign-in is due unless the record has a token that can
 * be used.  NGX_OK; NGX_DECLINED: there is one with that address; NGX_ERROR: no
 * memory in the zone.
 */
ngx_int_t ngx_qwen_accounts_add(ngx_qwen_pool_t *pool,
    const qwen_record_account_t *record);

/* Removes one.  NGX_OK; NGX_DECLINED: there is none; NGX_BUSY: it is of the
 * configuration. */
ngx_int_t ngx_qwen_accounts_remove(ngx_qwen_pool_t *pool, ngx_str_t *email);

/* Ends its rests, forgets its failures and has it signed in again.  NGX_OK;
 * NGX_DECLINED: there is none. */
ngx_int_t ngx_qwen_accounts_reset(ngx_qwen_pool_t *pool, ngx_str_t *email);

/* Does without the sign-in what another node has done by reset(). */
void ngx_qwen_accounts_clear(ngx_qwen_pool_t *pool, ngx_str_t *email);

/* Removes one that another node has removed, unless it is of the
 * configuration. */
void ngx_qwen_accounts_forget(ngx_qwen_pool_t *pool, ngx_str_t *email);


/*
 * Brings the accounts of a store into the zone: begin() gives a number for
 * restore(), end() removes those that no configuration and no record has.
 */
uint32_t ngx_qwen_accounts_sync_begin(ngx_qwen_pool_t *pool);
void ngx_qwen_accounts_sync_end(ngx_qwen_pool_t *pool, uint32_t sync);

/*
 * Takes a store's record, with token, rests and history.  An account of the
 * configuration keeps its password, and a token that belongs to another one is
 * not taken; the record of one that was of the configuration and is not any
 * more is passed over.  NGX_OK, or NGX_ERROR: no memory in the zone.
 */
ngx_int_t ngx_qwen_accounts_restore(ngx_qwen_pool_t *pool,
    const qwen_record_account_t *record, uint32_t sync);


/*
 * Brings together what a store has of an account, where other nodes write, and
 * what is in the zone: the token that ends last, the longest rests, the last
 * failure, the store's password.  What is newer here is noted as a change.
 * Records of accounts that are new here are restored.  NGX_OK, or NGX_ERROR: no
 * memory in the zone.
 */
ngx_int_t ngx_qwen_accounts_merge(ngx_qwen_pool_t *pool,
    const qwen_record_account_t *record, uint32_t sync);

/* Copies the address of the account, neither configured nor seen by that sync,
 * with the lowest number above *number, which becomes its number; email has
 * NGX_QWEN_EMAIL_MAX bytes of room.  NGX_OK, or NGX_DONE: there is none. */
ngx_int_t ngx_qwen_accounts_unseen(ngx_qwen_pool_t *pool, uint32_t sync,
    uint64_t *number, ngx_str_t *email);


/* Counters: what was counted here ("own") and what other nodes have counted are
 * told apart for the last two days. */

/* Copies what was counted here since the last call by the account with the
 * lowest number above *number, which becomes its number: up to two days, the
 * rest is of date 0.  NGX_OK, or NGX_DONE: there is none. */
ngx_int_t ngx_qwen_stats_own(ngx_qwen_pool_t *pool, uint64_t *number,
    u_char *buf, ngx_str_t *email, qwen_record_day_t *days);

/* They could not be kept: they are copied again. */
void ngx_qwen_stats_again(ngx_qwen_pool_t *pool, ngx_str_t *email);

/* All that was counted here is copied again. */
void ngx_qwen_stats_recount(ngx_qwen_pool_t *pool);

/* Sets what others have counted on a day, and what was kept of this node's; the
 * latter counts when the day is not told apart here any more. */
void ngx_qwen_stats_others(ngx_qwen_pool_t *pool, ngx_str_t *email,
    const qwen_record_day_t *others, const qwen_record_day_t *own);


#endif /* _NGX_QWEN_ACCOUNTS_H_INCLUDED_ */
