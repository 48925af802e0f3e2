
/* Sign-ins of accounts whose time has come. */

#include "ngx_http_qwen_effective.h"
#include "ngx_http_qwen_signin.h"
#include "ngx_http_qwen_task.h"


/* When a claim ends at the latest; after the call's own time-out. */
#define NGX_HTTP_QWEN_SIGNIN_CLAIM  15000

/* How long another node's sign-in is waited for. */
#define NGX_HTTP_QWEN_SIGNIN_PAUSE  1000


typedef struct {
    ngx_http_qwen_main_conf_t  *qmcf;
    ngx_http_qwen_job_t        *job;
    ngx_qwen_signin_t           claim;
    ngx_log_t                  *log;
} ngx_http_qwen_signin_due_t;


static void ngx_http_qwen_signin_due_locked(void *data, ngx_int_t rc);
static ngx_int_t ngx_http_qwen_signin_due_run(
    ngx_http_qwen_signin_due_t *due);
static void ngx_http_qwen_signin_due_done(void *data,
    const ngx_http_qwen_signin_result_t *result);


ngx_int_t
ngx_http_qwen_signin_start(ngx_http_qwen_main_conf_t *qmcf)
{
    ngx_int_t                    rc;
    ngx_http_qwen_job_t         *job;
    ngx_http_qwen_effective_t    effective;
    ngx_http_qwen_signin_due_t  *due;

    ngx_http_qwen_effective(qmcf, &effective);

    if (!ngx_qwen_signin_due(&qmcf->pool, effective.signins)) {
        return NGX_DECLINED;
    }

    job = ngx_http_qwen_job_create(qmcf);
    if (job == NULL) {
        return NGX_ERROR;
    }

    due = ngx_pcalloc(job->request->pool, sizeof(ngx_http_qwen_signin_due_t));

    rc = (due == NULL) ? NGX_ERROR
                       : ngx_qwen_signin_claim(&qmcf->pool,
                                               job->request->pool,
                                               NGX_HTTP_QWEN_SIGNIN_CLAIM,
                                               effective.signins,
                                               &due->claim);
    if (rc != NGX_OK) {
        ngx_http_qwen_job_destroy(job);
        return rc;
    }

    due->qmcf = qmcf;
    due->job = job;
    due->log = job->request->connection->log;

    if (qmcf->store.type->lock
        && qmcf->store.type->lock(&qmcf->store, &due->claim.email,
                                  ngx_http_qwen_signin_due_locked, due)
           == NGX_OK)
    {
        return NGX_OK;
    }

    return ngx_http_qwen_signin_due_run(due);
}


/* Another node that signs the account in tells its token. */

static void
ngx_http_qwen_signin_due_locked(void *data, ngx_int_t rc)
{
    ngx_http_qwen_signin_due_t *due = data;

    if (rc == NGX_OK && !ngx_exiting && !ngx_terminate) {
        (void) ngx_http_qwen_signin_due_run(due);
        return;
    }

    ngx_qwen_signin_postpone(&due->qmcf->pool, &due->claim,
                             NGX_HTTP_QWEN_SIGNIN_PAUSE);

    ngx_http_qwen_job_destroy(due->job);
}


static ngx_int_t
ngx_http_qwen_signin_due_run(ngx_http_qwen_signin_due_t *due)
{
    return ngx_http_qwen_signin(due->job, &due->claim.email,
                                &due->claim.password,
                                ngx_http_qwen_signin_due_done, due);
}


static void
ngx_http_qwen_signin_due_done(void *data,
    const ngx_http_qwen_signin_result_t *result)
{
    ngx_http_qwen_signin_due_t *due = data;

    ngx_int_t                       rc;
    ngx_str_t                       token;
    ngx_qwen_pool_t                *pool;
    ngx_http_qwen_signin_result_t   failed;

    pool = &due->qmcf->pool;

    /* the next one may begin, or the list of models has waited for it */

    ngx_http_qwen_task_nudge();

    if (result->failure.class != QWEN_FAIL_NONE) {
        ngx_http_qwen_signin_log(&due->claim.email, result, due->log);
        ngx_qwen_signin_failed(pool, &due->claim, &result->failure);
        return;
    }

    token = result->token;

    rc = ngx_qwen_signin_done(pool, &due->claim, &token, result->expires);

    if (rc == NGX_ERROR) {
        failed = *result;
        failed.failure = (qwen_failure_t) { QWEN_FAIL_INTERNAL, 0 };

        ngx_http_qwen_signin_log(&due->claim.email, &failed, due->log);
    }
}
