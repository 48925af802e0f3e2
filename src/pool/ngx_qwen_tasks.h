
/*
 * What administrators' tasks tell of their progress, as JSON, so that any
 * worker can answer for the one that runs the task.  The last few tasks are
 * kept.
 */

#ifndef _NGX_QWEN_TASKS_H_INCLUDED_
#define _NGX_QWEN_TASKS_H_INCLUDED_


#include "ngx_qwen_pool.h"


#define NGX_QWEN_TASK_MAX_JSON  65536


/* Keeps what a task of this process tells now; "ended": it is the last time.
 * NGX_OK, or NGX_ERROR: no memory in the zone, what it told before stays. */
ngx_int_t ngx_qwen_tasks_put(ngx_qwen_pool_t *pool, uint64_t number,
    ngx_str_t *json, ngx_uint_t ended);

/* Copies what a task has told into mempool.  NGX_OK; NGX_DECLINED: there is no
 * such task; NGX_ABORT: its process has died; NGX_ERROR: no memory. */
ngx_int_t ngx_qwen_tasks_get(ngx_qwen_pool_t *pool, ngx_pool_t *mempool,
    uint64_t number, ngx_str_t *json);


#endif /* _NGX_QWEN_TASKS_H_INCLUDED_ */
