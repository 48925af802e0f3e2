
/* The call that signs an account in, by a carrier, so that no client that
 * leaves can break it off. */

#ifndef _NGX_HTTP_QWEN_SIGNIN_H_INCLUDED_
#define _NGX_HTTP_QWEN_SIGNIN_H_INCLUDED_


#include "ngx_http_qwen_job.h"


typedef struct {
    qwen_failure_t            failure;   /* QWEN_FAIL_NONE: there is a token */
    ngx_uint_t                status;    /* of the upstream, 0: none */
    ngx_str_t                 token;
    time_t                    expires;
} ngx_http_qwen_signin_result_t;

/* Takes the result, which is gone afterwards. */
typedef void (*ngx_http_qwen_signin_pt)(void *data,
    const ngx_http_qwen_signin_result_t *result);


/* Begins a sign-in by a job that does nothing else; email and password are
 * copied.  NGX_OK: the handler is called once, perhaps before this returns,
 * unless the worker exits.  NGX_ERROR: it is not, and the job is gone. */
ngx_int_t ngx_http_qwen_signin(ngx_http_qwen_job_t *job, ngx_str_t *email,
    ngx_str_t *password, ngx_http_qwen_signin_pt handler, void *data);

/* Logs why a sign-in failed. */
void ngx_http_qwen_signin_log(ngx_str_t *email,
    const ngx_http_qwen_signin_result_t *result, ngx_log_t *log);

/* Signs in one account whose sign-in is due.  NGX_OK: one has begun;
 * NGX_DECLINED: none is due; NGX_ERROR. */
ngx_int_t ngx_http_qwen_signin_start(ngx_http_qwen_main_conf_t *qmcf);


#endif /* _NGX_HTTP_QWEN_SIGNIN_H_INCLUDED_ */
