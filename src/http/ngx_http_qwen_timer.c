
#include "ngx_http_qwen_timer.h"
#include "ngx_http_qwen_ctx.h"


static void ngx_http_qwen_timer_handler(ngx_event_t *ev);
static void ngx_http_qwen_timer_cleanup(void *data);


ngx_int_t
ngx_http_qwen_timer_init(ngx_http_request_t *r, ngx_http_qwen_timer_t *timer)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_qwen_timer_cleanup;
    cln->data = timer;

    timer->request = r;
    timer->event.data = r->connection;   /* whose descriptor is logged */
    timer->event.handler = ngx_http_qwen_timer_handler;
    timer->event.log = r->connection->log;

    return NGX_OK;
}


void
ngx_http_qwen_timer_set(ngx_http_qwen_timer_t *timer, ngx_msec_t delay,
    ngx_http_qwen_timer_pt handler)
{
    timer->handler = handler;
    timer->ctx = ngx_http_get_module_ctx(timer->request, ngx_http_qwen_module);

    ngx_add_timer(&timer->event, delay);
}


void
ngx_http_qwen_timer_yield(ngx_http_qwen_timer_t *timer,
    ngx_http_qwen_timer_pt handler)
{
    timer->handler = handler;
    timer->ctx = ngx_http_get_module_ctx(timer->request, ngx_http_qwen_module);

    ngx_post_event(&timer->event, &ngx_posted_next_events);
}


void
ngx_http_qwen_timer_clear(ngx_http_qwen_timer_t *timer)
{
    if (timer->event.timer_set) {
        ngx_del_timer(&timer->event);
    }

    if (timer->event.posted) {
        ngx_delete_posted_event(&timer->event);
    }
}


static void
ngx_http_qwen_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_qwen_timer_t  *timer;

    timer = ngx_http_qwen_timer_of(ev);
    c = timer->request->connection;

    if (ngx_http_get_module_ctx(timer->request, ngx_http_qwen_module)
        != timer->ctx)
    {
        /* "post_action" has made another request of it */
        return;
    }

    ngx_http_set_log_request(c->log, timer->request);

    timer->handler(timer->request);

    /* outside of a request's events nobody else does */

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_qwen_timer_cleanup(void *data)
{
    ngx_http_qwen_timer_clear(data);
}
