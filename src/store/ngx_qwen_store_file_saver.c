
/*
 * Worker 0 keeps the file: it looks for changes, renders in its event loop and
 * writes in a thread, one step after the other, so nothing waits for the disk
 * and no more than one step's text is in memory.  Without threads it writes in
 * the event loop.
 */

#include "ngx_qwen_store_file.h"

#include <ngx_event.h>


#define NGX_QWEN_SAVER_INTERVAL   100
#define NGX_QWEN_SAVER_REST       1000       /* between saves of what nobody
                                                waits for */
#define NGX_QWEN_SAVER_REST_MAX   60000      /* after saves that failed */
#define NGX_QWEN_SAVER_COUNTERS   60000


typedef ngx_int_t (*ngx_qwen_saver_step_pt)(ngx_qwen_save_t *save);


typedef struct {
    ngx_qwen_store_t        *store;
    ngx_event_t              timer;
    ngx_connection_t         connection;     /* for the debug log */
    ngx_log_t               *log;
    ngx_msec_t               last;           /* the end of the last save */
    ngx_uint_t               failures;       /* in a row */
    ngx_err_t                error;          /* that was logged */

    ngx_qwen_save_t          save;
    ngx_qwen_saver_step_pt   step;           /* that runs; NULL: none does */
    ngx_int_t                rc;             /* of it */
    ngx_int_t                rendered;

#if (NGX_THREADS)
    ngx_thread_pool_t       *threads;
    ngx_thread_task_t       *task;
#endif
} ngx_qwen_saver_t;


static void ngx_qwen_saver_handler(ngx_event_t *ev);
static ngx_uint_t ngx_qwen_saver_is_due(ngx_qwen_saver_t *saver);
static void ngx_qwen_saver_run(ngx_qwen_saver_t *saver,
    ngx_qwen_saver_step_pt step);
#if (NGX_THREADS)
static void ngx_qwen_saver_thread(void *data, ngx_log_t *log);
static void ngx_qwen_saver_thread_done(ngx_event_t *ev);
#endif
static void ngx_qwen_saver_next(ngx_qwen_saver_t *saver);
static ngx_int_t ngx_qwen_saver_write(ngx_qwen_save_t *save);
static void ngx_qwen_saver_end(ngx_qwen_saver_t *saver, ngx_int_t rc);
static void ngx_qwen_saver_settle(ngx_qwen_saver_t *saver);


static ngx_qwen_saver_t  *ngx_qwen_saver;


void
ngx_qwen_store_file_start(ngx_qwen_store_t *store, ngx_cycle_t *cycle)
{
    ngx_qwen_saver_t  *saver;
#if (NGX_THREADS)
    ngx_str_t          name = ngx_string("default");
#endif

    saver = ngx_calloc(sizeof(ngx_qwen_saver_t), cycle->log);
    if (saver == NULL) {
        return;
    }

    saver->store = store;
    saver->log = cycle->log;
    saver->last = ngx_current_msec;
    saver->connection.fd = (ngx_socket_t) -1;
    saver->timer.handler = ngx_qwen_saver_handler;
    saver->timer.data = &saver->connection;
    saver->timer.log = cycle->log;
    saver->timer.cancelable = 1;

#if (NGX_THREADS)

    saver->threads = ngx_thread_pool_get(cycle, &name);
    saver->task = ngx_thread_task_alloc(cycle->pool, sizeof(void *));

    if (saver->threads && saver->task) {
        saver->task->handler = ngx_qwen_saver_thread;
        saver->task->event.handler = ngx_qwen_saver_thread_done;
        saver->task->event.data = saver;
        saver->task->event.log = cycle->log;
        *(ngx_qwen_saver_t **) saver->task->ctx = saver;
    }

#endif

    ngx_qwen_saver = saver;

    ngx_add_timer(&saver->timer, NGX_QWEN_SAVER_INTERVAL);
}


static void
ngx_qwen_saver_handler(ngx_event_t *ev)
{
    ngx_qwen_saver_t  *saver = ngx_qwen_saver;

    if (saver->step == NULL && ngx_qwen_saver_is_due(saver)) {
        ngx_qwen_save_init(&saver->save, saver->store);
        ngx_qwen_saver_run(saver, ngx_qwen_save_lock);
    }

    ngx_add_timer(ev, NGX_QWEN_SAVER_INTERVAL);
}


static ngx_uint_t
ngx_qwen_saver_is_due(ngx_qwen_saver_t *saver)
{
    ngx_msec_t  rest, rested;

    rested = ngx_current_msec - saver->last;
    rest = ngx_min(NGX_QWEN_SAVER_REST << ngx_min(saver->failures, 16),
                   NGX_QWEN_SAVER_REST_MAX);

    /* a worker that exits saves what its requests wait for, then the rest */

    switch (ngx_qwen_changes_due(saver->store->pool)) {

    case NGX_BUSY:
        return 1;

    case NGX_AGAIN:
        return rested >= rest && !ngx_exiting;

    case NGX_DECLINED:
        return rested >= NGX_QWEN_SAVER_COUNTERS && !ngx_exiting;

    default: /* NGX_OK */
        return 0;
    }
}


/* Runs a step that blocks. */

static void
ngx_qwen_saver_run(ngx_qwen_saver_t *saver, ngx_qwen_saver_step_pt step)
{
    saver->step = step;

#if (NGX_THREADS)

    if (saver->threads && saver->task
        && ngx_thread_task_post(saver->threads, saver->task) == NGX_OK)
    {
        return;
    }

#endif

    saver->rc = step(&saver->save);

    ngx_qwen_saver_next(saver);
}


#if (NGX_THREADS)

static void
ngx_qwen_saver_thread(void *data, ngx_log_t *log)
{
    ngx_qwen_saver_t  *saver = *(ngx_qwen_saver_t **) data;

    saver->rc = saver->step(&saver->save);
}


static void
ngx_qwen_saver_thread_done(ngx_event_t *ev)
{
    ngx_qwen_saver_next(ev->data);
}

#endif


static void
ngx_qwen_saver_next(ngx_qwen_saver_t *saver)
{
    if (saver->rc != NGX_OK || saver->step == ngx_qwen_save_finish) {
        ngx_qwen_saver_end(saver, saver->rc);
        return;
    }

    if (saver->step == ngx_qwen_saver_write && saver->rendered == NGX_DONE) {
        ngx_qwen_saver_run(saver, ngx_qwen_save_finish);
        return;
    }

    saver->rendered = ngx_qwen_save_render(&saver->save);

    if (saver->rendered == NGX_ERROR) {
        ngx_qwen_saver_end(saver, NGX_ERROR);
        return;
    }

    ngx_qwen_saver_run(saver, ngx_qwen_saver_write);
}


static ngx_int_t
ngx_qwen_saver_write(ngx_qwen_save_t *save)
{
    return ngx_qwen_save_write(save, (uid_t) -1, (gid_t) -1);
}


static void
ngx_qwen_saver_end(ngx_qwen_saver_t *saver, ngx_int_t rc)
{
    ngx_err_t          error;
    ngx_qwen_pool_t   *pool;
    ngx_qwen_save_t   *save;

    save = &saver->save;
    pool = saver->store->pool;
    saver->step = NULL;

    ngx_qwen_save_close(save);

    if (rc == NGX_AGAIN) {

        /* another process saves; it may not have seen all */

        return;
    }

    saver->last = ngx_current_msec;

    if (rc == NGX_OK) {
        if (saver->failures) {
            ngx_log_error(NGX_LOG_NOTICE, saver->log, 0,
                          "qwen_store saves again");
        }

        saver->failures = 0;
        saver->error = 0;
        ngx_qwen_changes_saved(pool, save->change);
        return;
    }

    error = (rc == NGX_DECLINED) ? -1 : save->error;

    if (saver->failures == 0 || error != saver->error) {
        ngx_qwen_save_log(save, rc, saver->log);
    }

    saver->failures++;
    saver->error = error;

    /* the file may be another one since a reload, kept by other workers */

    if (rc != NGX_DECLINED || !ngx_exiting) {
        ngx_qwen_save_failed(save, rc);
    }
}


/* The threads have ended, so no step runs any more. */

void
ngx_qwen_store_file_exit(ngx_qwen_store_t *store, ngx_cycle_t *cycle)
{
    ngx_qwen_saver_t  *saver = ngx_qwen_saver;

    if (saver == NULL) {
        return;
    }

    if (saver->step) {
        ngx_qwen_saver_settle(saver);
    }

    if (ngx_qwen_changes_due(store->pool) != NGX_OK) {
        ngx_qwen_save_init(&saver->save, store);

        saver->rc = ngx_qwen_save_lock(&saver->save);

        if (saver->rc == NGX_OK) {
            saver->rc = ngx_qwen_save_all(&saver->save, (uid_t) -1,
                                          (gid_t) -1);
        }

        ngx_qwen_saver_end(saver, saver->rc);
    }

    if (saver->timer.timer_set) {
        ngx_del_timer(&saver->timer);
    }

    ngx_free(saver);
    ngx_qwen_saver = NULL;
}


/* Ends a save whose step's end nobody has been told. */

static void
ngx_qwen_saver_settle(ngx_qwen_saver_t *saver)
{
    if (saver->step == ngx_qwen_save_finish && saver->rc == NGX_OK) {
        ngx_qwen_changes_saved(saver->store->pool, saver->save.change);
    }

    ngx_qwen_save_close(&saver->save);

    saver->step = NULL;
}
