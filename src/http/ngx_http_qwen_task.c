
#include "ngx_http_qwen_task.h"
#include "ngx_http_qwen_answer.h"
#include "ngx_http_qwen_models.h"
#include "ngx_http_qwen_refresh.h"
#include "ngx_http_qwen_signin.h"
#include "ngx_qwen_settings.h"


#define NGX_HTTP_QWEN_TASK_INTERVAL  1000
#define NGX_HTTP_QWEN_TASK_SHARED    100     /* if other workers cannot sign
                                                in */
#define NGX_HTTP_QWEN_TASK_PAUSE     20


static void ngx_http_qwen_task_handler(ngx_event_t *ev);
static void ngx_http_qwen_task_schedule(ngx_msec_t delay);


static ngx_event_t       ngx_http_qwen_task_event;
static ngx_uint_t        ngx_http_qwen_task_nudged;

/* nginx logs the descriptor of an event's connection */
static ngx_connection_t  ngx_http_qwen_task_connection;


ngx_int_t
ngx_http_qwen_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t                *ev;
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_qwen_module);

    if (qmcf == NULL
        || !ngx_http_qwen_used(qmcf)
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    ev = &ngx_http_qwen_task_event;

    ngx_memzero(ev, sizeof(ngx_event_t));

    ngx_http_qwen_task_connection.fd = (ngx_socket_t) -1;

    ev->data = &ngx_http_qwen_task_connection;
    ev->handler = ngx_http_qwen_task_handler;
    ev->log = cycle->log;

    /* an old worker must not live on for it */
    ev->cancelable = 1;

    if (ngx_worker != 0) {
        return NGX_OK;
    }

    /* only this worker speaks to the store */

    qmcf->store.type->start(&qmcf->store, cycle);

    ngx_http_qwen_task_schedule(0);

    return NGX_OK;
}


void
ngx_http_qwen_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_qwen_module);

    if (qmcf && ngx_http_qwen_used(qmcf) && ngx_worker == 0) {
        qmcf->store.type->exit(&qmcf->store, cycle);
    }

    ngx_http_qwen_models_exit();
    ngx_http_qwen_answer_exit();
    ngx_qwen_settings_exit();
}


static void
ngx_http_qwen_task_handler(ngx_event_t *ev)
{
    ngx_http_qwen_main_conf_t  *qmcf;

    /* without a master the process outlives its configuration */

    qmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_qwen_module);

    /* a worker that exits works for the requests that it still has */

    if (ngx_terminate
        || (ngx_exiting && !ngx_http_qwen_task_nudged)
        || qmcf == NULL || !ngx_http_qwen_used(qmcf))
    {
        return;
    }

    ngx_http_qwen_task_nudged = 0;

    if (ngx_worker == 0 && !ngx_exiting) {
        ngx_http_qwen_refresh(qmcf);
    }

    /* with a shared store worker 0 alone can ask who signs in; the pool limits
     * how many run */

    if (qmcf->store.type->lock == NULL || ngx_worker == 0) {
        while (ngx_http_qwen_signin_start(qmcf) == NGX_OK) { /* void */ }
    }

    (void) ngx_http_qwen_models_refresh(qmcf);

    if (ngx_worker == 0 && !ngx_exiting) {
        ngx_http_qwen_task_schedule(qmcf->store.type->lock
                                    ? NGX_HTTP_QWEN_TASK_SHARED
                                    : NGX_HTTP_QWEN_TASK_INTERVAL);
    }
}


void
ngx_http_qwen_task_nudge(void)
{
    ngx_event_t  *ev;

    ev = &ngx_http_qwen_task_event;

    ngx_http_qwen_task_nudged = 1;

    if (ev->timer_set
        && (ngx_msec_int_t) (ev->timer.key - ngx_current_msec)
           <= NGX_HTTP_QWEN_TASK_PAUSE)
    {
        return;
    }

    ngx_http_qwen_task_schedule(NGX_HTTP_QWEN_TASK_PAUSE);
}


static void
ngx_http_qwen_task_schedule(ngx_msec_t delay)
{
    ngx_event_t  *ev;

    ev = &ngx_http_qwen_task_event;

    /* ngx_add_timer() keeps a timer that is nearly the same */

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, delay);
}
