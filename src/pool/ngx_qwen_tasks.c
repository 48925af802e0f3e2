
#include "ngx_qwen_tasks.h"
#include "ngx_qwen_zone.h"


#define NGX_QWEN_TASKS  16


static ngx_qwen_task_t *ngx_qwen_tasks_find(ngx_qwen_zone_t *sh,
    uint64_t number);
static ngx_qwen_task_t *ngx_qwen_tasks_make(ngx_qwen_pool_t *pool,
    uint64_t number);


ngx_int_t
ngx_qwen_tasks_put(ngx_qwen_pool_t *pool, uint64_t number, ngx_str_t *json,
    ngx_uint_t ended)
{
    ngx_int_t         rc;
    ngx_qwen_task_t  *task;

    ngx_shmtx_lock(&pool->shpool->mutex);

    task = ngx_qwen_tasks_find(pool->sh, number);

    if (task == NULL) {
        task = ngx_qwen_tasks_make(pool, number);
    }

    if (task == NULL) {
        rc = NGX_ERROR;

    } else {
        task->owner = ended ? 0 : ngx_pid;
        rc = ngx_qwen_zone_replace(pool, &task->json, json);
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return rc;
}


static ngx_qwen_task_t *
ngx_qwen_tasks_make(ngx_qwen_pool_t *pool, uint64_t number)
{
    ngx_queue_t      *q;
    ngx_qwen_task_t  *task;
    ngx_qwen_zone_t  *sh;

    sh = pool->sh;

    if (sh->ntasks == NGX_QWEN_TASKS) {
        q = ngx_queue_head(&sh->tasks);
        task = ngx_queue_data(q, ngx_qwen_task_t, queue);

        ngx_queue_remove(q);
        ngx_qwen_zone_free(pool, &task->json);

    } else {
        task = ngx_slab_calloc_locked(pool->shpool, sizeof(ngx_qwen_task_t));
        if (task == NULL) {
            return NULL;
        }

        sh->ntasks++;
    }

    task->number = number;
    ngx_queue_insert_tail(&sh->tasks, &task->queue);

    return task;
}


static ngx_qwen_task_t *
ngx_qwen_tasks_find(ngx_qwen_zone_t *sh, uint64_t number)
{
    ngx_queue_t      *q;
    ngx_qwen_task_t  *task;

    for (q = ngx_queue_head(&sh->tasks);
         q != ngx_queue_sentinel(&sh->tasks);
         q = ngx_queue_next(q))
    {
        task = ngx_queue_data(q, ngx_qwen_task_t, queue);

        if (task->number == number) {
            return task;
        }
    }

    return NULL;
}


ngx_int_t
ngx_qwen_tasks_get(ngx_qwen_pool_t *pool, ngx_pool_t *mempool, uint64_t number,
    ngx_str_t *json)
{
    ngx_int_t         rc;
    ngx_pid_t         owner;
    ngx_qwen_task_t  *task;

    json->data = ngx_pnalloc(mempool, NGX_QWEN_TASK_MAX_JSON);
    if (json->data == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_DECLINED;
    owner = 0;

    ngx_shmtx_lock(&pool->shpool->mutex);

    task = ngx_qwen_tasks_find(pool->sh, number);

    if (task && task->json.len <= NGX_QWEN_TASK_MAX_JSON) {
        ngx_memcpy(json->data, task->json.data, task->json.len);
        json->len = task->json.len;
        owner = task->owner;
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&pool->shpool->mutex);

    if (owner && kill(owner, 0) == -1 && ngx_errno == NGX_ESRCH) {
        return NGX_ABORT;
    }

    return rc;
}
