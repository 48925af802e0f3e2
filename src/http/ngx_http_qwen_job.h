
/*
 * Background work of one call: a carrier, the call, its time-out and its
 * memory.  A job that cannot finish tells so to what it works for.
 */

#ifndef _NGX_HTTP_QWEN_JOB_H_INCLUDED_
#define _NGX_HTTP_QWEN_JOB_H_INCLUDED_


#include "ngx_http_qwen_conf.h"
#include "ngx_http_qwen_timer.h"
#include "ngx_http_qwen_web.h"


typedef struct ngx_http_qwen_job_s  ngx_http_qwen_job_t;

/* Ends the job's work with the answer of its call. */
typedef void (*ngx_http_qwen_job_pt)(ngx_http_qwen_job_t *job,
    const qwen_web_answer_t *answer);

struct ngx_http_qwen_job_s {
    ngx_http_qwen_main_conf_t   *qmcf;
    ngx_http_request_t          *request;    /* the carrier */
    ngx_http_qwen_call_t         call;
    qwen_buf_t                   body;       /* of the call */
    ngx_http_qwen_job_pt         done;
    void                        *data;

    ngx_http_qwen_timer_t        timer;
    ngx_buf_t                    buf;
    ngx_chain_t                  chain;
};


/* Makes a job with a carrier, whose pool is job->request->pool; NULL: no
 * memory, connection or descriptor. */
ngx_http_qwen_job_t *ngx_http_qwen_job_create(
    ngx_http_qwen_main_conf_t *qmcf);

/* Starts the prepared call with job->body, for at most timeout milliseconds;
 * done runs, unless the worker shuts down before, and the job is gone. */
void ngx_http_qwen_job_start(ngx_http_qwen_job_t *job, ngx_msec_t timeout);

/* Frees a job that was not started. */
void ngx_http_qwen_job_destroy(ngx_http_qwen_job_t *job);


#endif /* _NGX_HTTP_QWEN_JOB_H_INCLUDED_ */
