
#include "ngx_http_qwen_job.h"
#include "ngx_http_qwen_carrier.h"


#define NGX_HTTP_QWEN_MAX_JOB_BODY  (64 * 1024)


static void ngx_http_qwen_job_done(ngx_http_qwen_call_t *call);
static void ngx_http_qwen_job_timeout(ngx_http_request_t *r);
static void ngx_http_qwen_job_cleanup(void *data);


ngx_http_qwen_job_t *
ngx_http_qwen_job_create(ngx_http_qwen_main_conf_t *qmcf)
{
    ngx_http_request_t         *r;
    ngx_pool_cleanup_t         *cln;
    ngx_http_qwen_job_t        *job;
    ngx_http_qwen_srv_conf_t  **qscf;

    qscf = qmcf->servers.elts;

    r = ngx_http_qwen_carrier_create(qscf[0]->server);
    if (r == NULL) {
        return NULL;
    }

    job = ngx_pcalloc(r->pool, sizeof(ngx_http_qwen_job_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (job == NULL || cln == NULL
        || ngx_http_qwen_timer_init(r, &job->timer) != NGX_OK)
    {
        ngx_http_qwen_carrier_destroy(r);
        return NULL;
    }

    cln->handler = ngx_http_qwen_job_cleanup;
    cln->data = job;

    job->qmcf = qmcf;
    job->request = r;
    qwen_buf_init(&job->body, NGX_HTTP_QWEN_MAX_JOB_BODY);

    return job;
}


void
ngx_http_qwen_job_start(ngx_http_qwen_job_t *job, ngx_msec_t timeout)
{
    ngx_connection_t      *c;
    ngx_http_qwen_call_t  *call;

    c = job->request->connection;
    call = &job->call;

    if (job->body.len) {
        job->buf.pos = job->body.data;
        job->buf.last = job->body.data + job->body.len;
        job->buf.memory = 1;
        job->buf.last_buf = 1;
        job->chain.buf = &job->buf;

        call->body = &job->chain;
        call->body_len = job->body.len;
    }

    call->data = job;
    call->done = ngx_http_qwen_job_done;

    if (ngx_http_qwen_call_start(job->request, call) != NGX_OK) {
        ngx_http_qwen_job_done(call);
        return;
    }

    ngx_http_qwen_timer_set(&job->timer, timeout, ngx_http_qwen_job_timeout);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_qwen_job_done(ngx_http_qwen_call_t *call)
{
    qwen_web_answer_t     answer;
    ngx_http_qwen_job_t  *job;

    job = call->data;
    answer = ngx_http_qwen_web_answer(call);

    /* the upstream's code thinks of a client */

    job->request->connection->log->action = NULL;

    job->done(job, &answer);

    ngx_http_qwen_job_destroy(job);
}


void
ngx_http_qwen_job_destroy(ngx_http_qwen_job_t *job)
{
    ngx_http_qwen_carrier_destroy(job->request);
}


static void
ngx_http_qwen_job_timeout(ngx_http_request_t *r)
{
    ngx_http_qwen_job_t  *job;
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    if (ctx->call == NULL) {
        return;
    }

    job = ctx->call->data;

    ngx_http_qwen_call_stop(&job->call);

    /* a call that has not begun yet cannot be stopped */

    ngx_http_qwen_timer_set(&job->timer, 100, ngx_http_qwen_job_timeout);
}


static void
ngx_http_qwen_job_cleanup(void *data)
{
    ngx_http_qwen_job_t  *job = data;

    qwen_buf_free(&job->body);
    qwen_buf_free(&job->call.answer);
}
