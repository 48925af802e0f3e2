
/*
 * Changes of what a store keeps, numbered in the order they were made.  Who
 * makes one waits until a save that has seen it has ended; worker 0 saves.
 */

#ifndef _NGX_QWEN_CHANGES_H_INCLUDED_
#define _NGX_QWEN_CHANGES_H_INCLUDED_


#include "ngx_qwen_accounts.h"
#include "ngx_qwen_pool.h"


/* The length of a node's name, a UUID that is made with the zone. */
#define NGX_QWEN_NODE_LEN  36


/* Why a save failed. */
typedef enum {
    NGX_QWEN_SAVE_FAILED = 1,
    NGX_QWEN_SAVE_FULL,              /* no space is left */
    NGX_QWEN_SAVE_AWAY               /* the store is another's or not there */
} ngx_qwen_save_error_e;


/* The number of the newest change; takes no lock. */
ngx_uint_t ngx_qwen_changes_last(ngx_qwen_pool_t *pool);

/* What there is to save: nothing (NGX_OK), counters only (NGX_DECLINED),
 * changes that nobody waits for (NGX_AGAIN), or that someone does (NGX_BUSY).
 * Takes no lock. */
ngx_int_t ngx_qwen_changes_due(ngx_qwen_pool_t *pool);

/* Whether a change is not kept; takes no lock. */
ngx_uint_t ngx_qwen_changes_pending(ngx_qwen_pool_t *pool);

/* Whether counters have changed since the last call; count() says that they
 * have. */
ngx_uint_t ngx_qwen_changes_counted(ngx_qwen_pool_t *pool);
void ngx_qwen_changes_count(ngx_qwen_pool_t *pool);

/* Asks for a save of all changes up to that one. */
void ngx_qwen_changes_want(ngx_qwen_pool_t *pool, ngx_uint_t change);

/* NGX_OK: the change is kept; NGX_AGAIN: not yet; NGX_ERROR: a save that had
 * seen it failed, *error is why. */
ngx_int_t ngx_qwen_changes_state(ngx_qwen_pool_t *pool, ngx_uint_t change,
    ngx_qwen_save_error_e *error);

/* A save begins: gives the number of the last change that it will see. */
ngx_uint_t ngx_qwen_changes_begin(ngx_qwen_pool_t *pool);

/* A save that has seen all changes up to that one went well, or failed. */
void ngx_qwen_changes_saved(ngx_qwen_pool_t *pool, ngx_uint_t change);
void ngx_qwen_changes_failed(ngx_qwen_pool_t *pool, ngx_uint_t change,
    ngx_qwen_save_error_e error);

/* Whether the last save failed, and why; 0: it did not. */
ngx_uint_t ngx_qwen_changes_error(ngx_qwen_pool_t *pool);

/* Memory in the zone for what the store has to know of its last save, whichever
 * worker made it; zeroed when the zone was made, to be used by one process at a
 * time. */
#define NGX_QWEN_STORE_MARK  256

void *ngx_qwen_changes_mark(ngx_qwen_pool_t *pool);


/* Stores that keep each account by itself, and not all at once: */

/* Has the zone note which accounts change and which are removed. */
void ngx_qwen_changes_single(ngx_qwen_pool_t *pool);

/* The name of this node, of NGX_QWEN_NODE_LEN bytes; it lives as long as the
 * zone. */
ngx_str_t ngx_qwen_changes_node(ngx_qwen_pool_t *pool);

/* Copies an account that has changed and takes it off the list.  NGX_OK, or
 * NGX_DONE: there is none. */
ngx_int_t ngx_qwen_changes_account(ngx_qwen_pool_t *pool,
    ngx_qwen_account_copy_t *copy);

/* Puts an account on the list, if there is one with that address. */
void ngx_qwen_changes_touch(ngx_qwen_pool_t *pool, ngx_str_t *email);

/* Takes the address of an account that was removed off the list, into buf of
 * NGX_QWEN_EMAIL_MAX bytes.  NGX_OK, or NGX_DONE: there is none. */
ngx_int_t ngx_qwen_changes_removal(ngx_qwen_pool_t *pool, u_char *buf,
    ngx_str_t *email);

/* Puts a removed account on the list. */
void ngx_qwen_changes_removed(ngx_qwen_pool_t *pool, ngx_str_t *email);


#endif /* _NGX_QWEN_CHANGES_H_INCLUDED_ */
