
#include "ngx_http_qwen_batch.h"
#include "ngx_http_qwen_admin_add.h"
#include "ngx_http_qwen_effective.h"
#include "ngx_qwen_changes.h"
#include "ngx_qwen_tasks.h"

#include <openssl/rand.h>


/* How long the last changes may take to be kept, and how often that is looked
 * at. */
#define NGX_HTTP_QWEN_BATCH_PATIENCE  10000
#define NGX_HTTP_QWEN_BATCH_PAUSE     25


static void ngx_http_qwen_batch_handler(ngx_event_t *ev);
static void ngx_http_qwen_batch_fill(ngx_http_qwen_batch_t *batch);
static ngx_http_qwen_batch_slot_t *ngx_http_qwen_batch_slot(
    ngx_http_qwen_batch_t *batch);
static void ngx_http_qwen_batch_added(void *data, ngx_int_t rc,
    qwen_fail_class_t class);
static void ngx_http_qwen_batch_note(ngx_http_qwen_batch_t *batch,
    ngx_str_t *email, ngx_int_t rc, qwen_fail_class_t class);
static void ngx_http_qwen_batch_settle(ngx_http_qwen_batch_t *batch);
static void ngx_http_qwen_batch_end(ngx_http_qwen_batch_t *batch);
static void ngx_http_qwen_batch_tell(ngx_http_qwen_batch_t *batch);
static uint64_t ngx_http_qwen_batch_now(void);


ngx_http_qwen_batch_t *
ngx_http_qwen_batch_create(ngx_http_qwen_main_conf_t *qmcf, qwen_str_t text)
{
    ngx_pool_t                 *pool;
    ngx_http_qwen_batch_t      *batch;
    ngx_http_qwen_effective_t   effective;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    batch = ngx_pcalloc(pool, sizeof(ngx_http_qwen_batch_t));
    if (batch == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ngx_http_qwen_effective(qmcf, &effective);

    batch->qmcf = qmcf;
    batch->pool = pool;
    batch->concurrency = ngx_min(effective.signins, NGX_HTTP_QWEN_BATCH_MAX);
    batch->created = ngx_http_qwen_batch_now();
    batch->connection.fd = (ngx_socket_t) -1;
    batch->timer.handler = ngx_http_qwen_batch_handler;
    batch->timer.data = &batch->connection;
    batch->timer.log = ngx_cycle->log;
    batch->timer.cancelable = 1;

    if (ngx_array_init(&batch->items, pool, 64,
                       sizeof(ngx_http_qwen_batch_item_t))
        != NGX_OK
        || ngx_array_init(&batch->failures, pool, 16, sizeof(ngx_str_t))
           != NGX_OK
        || RAND_bytes((u_char *) &batch->number, sizeof(batch->number)) != 1
        || ngx_http_qwen_batch_parse(batch, text) != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    return batch;
}


void
ngx_http_qwen_batch_destroy(ngx_http_qwen_batch_t *batch)
{
    ngx_destroy_pool(batch->pool);
}


void
ngx_http_qwen_batch_start(ngx_http_qwen_batch_t *batch)
{
    batch->status = NGX_HTTP_QWEN_BATCH_RUNNING;
    batch->started = ngx_http_qwen_batch_now();

    ngx_http_qwen_batch_tell(batch);

    /* the caller has to answer first */

    ngx_add_timer(&batch->timer, 1);
}


static void
ngx_http_qwen_batch_handler(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_qwen_batch_t  *batch;

    c = ev->data;
    batch = (ngx_http_qwen_batch_t *)
                ((u_char *) c - offsetof(ngx_http_qwen_batch_t, connection));

    if (ngx_exiting && batch->status == NGX_HTTP_QWEN_BATCH_RUNNING) {
        batch->next = batch->items.nelts;
        batch->reason = "The worker that ran the task has shut down";
    }

    if (batch->next < batch->items.nelts) {
        ngx_http_qwen_batch_fill(batch);

    } else if (batch->running == 0) {
        ngx_http_qwen_batch_settle(batch);

    } else {
        ngx_http_qwen_batch_tell(batch);
    }
}


/* Keeps as many sign-ins running as may. */

static void
ngx_http_qwen_batch_fill(ngx_http_qwen_batch_t *batch)
{
    ngx_http_qwen_batch_item_t  *item;
    ngx_http_qwen_batch_slot_t  *slot;

    while (batch->next < batch->items.nelts
           && batch->running < batch->concurrency)
    {
        item = batch->items.elts;
        item += batch->next++;

        slot = ngx_http_qwen_batch_slot(batch);
        slot->batch = batch;
        slot->email = item->email;

        batch->running++;

        if (ngx_http_qwen_add(batch->qmcf, &item->email, &item->password,
                              ngx_http_qwen_batch_added, slot)
            != NGX_OK)
        {
            ngx_http_qwen_batch_added(slot, NGX_ABORT, QWEN_FAIL_INTERNAL);
        }
    }

    ngx_http_qwen_batch_tell(batch);
}


static ngx_http_qwen_batch_slot_t *
ngx_http_qwen_batch_slot(ngx_http_qwen_batch_t *batch)
{
    ngx_http_qwen_batch_slot_t  *slot;

    for (slot = batch->slots; slot->email.len; slot++) { /* void */ }

    return slot;
}


static void
ngx_http_qwen_batch_added(void *data, ngx_int_t rc, qwen_fail_class_t class)
{
    ngx_http_qwen_batch_slot_t *slot = data;

    ngx_http_qwen_batch_t  *batch;

    batch = slot->batch;

    ngx_http_qwen_batch_note(batch, &slot->email, rc, class);

    slot->email.len = 0;
    batch->running--;

    /* not here: it may be called by what starts the next ones */

    if (!batch->timer.timer_set) {
        ngx_add_timer(&batch->timer, 1);
    }
}


static void
ngx_http_qwen_batch_note(ngx_http_qwen_batch_t *batch, ngx_str_t *email,
    ngx_int_t rc, qwen_fail_class_t class)
{
    ngx_str_t                     *failure;
    ngx_http_qwen_batch_result_t  *recent;

    if (rc == NGX_OK) {
        batch->success++;

    } else {
        batch->failed++;

        if (batch->failures.nelts < NGX_HTTP_QWEN_BATCH_FAILED) {
            failure = ngx_array_push(&batch->failures);
            if (failure) {
                *failure = *email;
            }
        }
    }

    recent = batch->recent;

    ngx_memmove(&recent[1], &recent[0],
                (NGX_HTTP_QWEN_BATCH_RECENT - 1)
                * sizeof(ngx_http_qwen_batch_result_t));

    recent->email = *email;
    recent->rc = rc;
    recent->class = class;

    batch->nrecent = ngx_min(batch->nrecent + 1, NGX_HTTP_QWEN_BATCH_RECENT);
}


/* The task has ended when what it added is kept. */

static void
ngx_http_qwen_batch_settle(ngx_http_qwen_batch_t *batch)
{
    ngx_int_t               rc;
    ngx_qwen_pool_t        *pool;
    ngx_qwen_save_error_e   error;

    pool = &batch->qmcf->pool;

    if (!batch->qmcf->store.type->keeps) {
        ngx_http_qwen_batch_end(batch);
        return;
    }

    if (batch->change == 0) {
        batch->change = ngx_qwen_changes_last(pool);
        batch->deadline = ngx_current_msec + NGX_HTTP_QWEN_BATCH_PATIENCE;

        ngx_qwen_changes_want(pool, batch->change);
    }

    rc = ngx_qwen_changes_state(pool, batch->change, &error);

    if (rc == NGX_AGAIN
        && (ngx_msec_int_t) (batch->deadline - ngx_current_msec) > 0)
    {
        ngx_add_timer(&batch->timer, NGX_HTTP_QWEN_BATCH_PAUSE);
        return;
    }

    if (rc != NGX_OK) {
        batch->reason = "The accounts are in effect but could not be saved, "
                        "see the error log";
    }

    ngx_http_qwen_batch_end(batch);
}


static void
ngx_http_qwen_batch_end(ngx_http_qwen_batch_t *batch)
{
    batch->status = batch->reason ? NGX_HTTP_QWEN_BATCH_ABORTED
                                  : NGX_HTTP_QWEN_BATCH_COMPLETED;
    batch->finished = ngx_http_qwen_batch_now();

    ngx_http_qwen_batch_tell(batch);

    if (batch->handler) {
        batch->handler(batch);
    }

    ngx_http_qwen_batch_destroy(batch);
}


static void
ngx_http_qwen_batch_tell(ngx_http_qwen_batch_t *batch)
{
    ngx_str_t   json;
    qwen_buf_t  out;

    qwen_buf_init(&out, NGX_QWEN_TASK_MAX_JSON);

    qwen_json_begin_object(&out, NULL);
    ngx_http_qwen_batch_put(batch, &out);
    qwen_json_end_object(&out);

    json.data = out.data;
    json.len = out.len;

    if (!out.failed) {
        (void) ngx_qwen_tasks_put(&batch->qmcf->pool, batch->number, &json,
                                  batch->finished != 0);
    }

    qwen_buf_free(&out);
}


static uint64_t
ngx_http_qwen_batch_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}
