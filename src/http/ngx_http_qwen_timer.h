
/* A timer of a request, which ends with it. */

#ifndef _NGX_HTTP_QWEN_TIMER_H_INCLUDED_
#define _NGX_HTTP_QWEN_TIMER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef void (*ngx_http_qwen_timer_pt)(ngx_http_request_t *r);

typedef struct {
    ngx_event_t              event;
    ngx_http_request_t      *request;
    void                    *ctx;        /* of the request when it was set */
    ngx_http_qwen_timer_pt   handler;
} ngx_http_qwen_timer_t;


#define ngx_http_qwen_timer_of(ev)                                            \
    ((ngx_http_qwen_timer_t *)                                                \
         ((u_char *) (ev) - offsetof(ngx_http_qwen_timer_t, event)))

/* Ties a timer to r; it must live in r's pool.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_qwen_timer_init(ngx_http_request_t *r,
    ngx_http_qwen_timer_t *timer);

/* Runs handler in delay milliseconds, instead of what was set before. */
void ngx_http_qwen_timer_set(ngx_http_qwen_timer_t *timer, ngx_msec_t delay,
    ngx_http_qwen_timer_pt handler);

/* Runs handler when the worker has looked at its other events. */
void ngx_http_qwen_timer_yield(ngx_http_qwen_timer_t *timer,
    ngx_http_qwen_timer_pt handler);

void ngx_http_qwen_timer_clear(ngx_http_qwen_timer_t *timer);


#endif /* _NGX_HTTP_QWEN_TIMER_H_INCLUDED_ */
