
/*
 * Addresses that have presented wrong keys to the administrator's API.  Each
 * wrong key above a few makes the address wait, twice as long as before, so
 * that keys cannot be guessed.  Addresses share places of a small table by
 * their hash.
 */

#ifndef _NGX_QWEN_GUARD_H_INCLUDED_
#define _NGX_QWEN_GUARD_H_INCLUDED_


#include "ngx_qwen_pool.h"


/* How long the address has to wait (milliseconds); 0: not at all. */
ngx_msec_t ngx_qwen_guard_wait(ngx_qwen_pool_t *pool,
    struct sockaddr *sockaddr);

/* It has presented a wrong key. */
void ngx_qwen_guard_failed(ngx_qwen_pool_t *pool, struct sockaddr *sockaddr);


#endif /* _NGX_QWEN_GUARD_H_INCLUDED_ */
