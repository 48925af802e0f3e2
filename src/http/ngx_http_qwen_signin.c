
#include "ngx_http_qwen_signin.h"
#include "ngx_http_qwen_job.h"
#include "ngx_http_qwen_task.h"
#include "qwen_jwt.h"


/* How long a sign-in may take, and when its claim ends at the latest. */
#define NGX_HTTP_QWEN_SIGNIN_TIMEOUT  10000
#define NGX_HTTP_QWEN_SIGNIN_CLAIM    15000

/* How many run at a time, of all workers. */
#define NGX_HTTP_QWEN_SIGNINS         5

#define NGX_HTTP_QWEN_MAX_TOKEN       4096
#define NGX_HTTP_QWEN_MAX_EMAIL       256


static ngx_int_t ngx_http_qwen_signin_prepare(ngx_http_qwen_job_t *job);
static void ngx_http_qwen_signin_done(ngx_http_qwen_job_t *job,
    const qwen_web_answer_t *answer);
static void ngx_http_qwen_signin_fail(ngx_http_qwen_job_t *job,
    const qwen_failure_t *failure, ngx_uint_t status);


ngx_int_t
ngx_http_qwen_signin_start(ngx_http_qwen_main_conf_t *qmcf)
{
    ngx_int_t             rc;
    qwen_failure_t        failure;
    ngx_qwen_signin_t    *claim;
    ngx_http_qwen_job_t  *job;

    if (!ngx_qwen_signin_due(&qmcf->pool, NGX_HTTP_QWEN_SIGNINS)) {
        return NGX_DECLINED;
    }

    job = ngx_http_qwen_job_create(qmcf);
    if (job == NULL) {
        return NGX_ERROR;
    }

    claim = ngx_pcalloc(job->request->pool, sizeof(ngx_qwen_signin_t));

    rc = (claim == NULL) ? NGX_ERROR
                         : ngx_qwen_signin_claim(&qmcf->pool,
                                                 job->request->pool,
                                                 NGX_HTTP_QWEN_SIGNIN_CLAIM,
                                                 NGX_HTTP_QWEN_SIGNINS,
                                                 claim);
    if (rc != NGX_OK) {
        ngx_http_qwen_job_destroy(job);
        return rc;
    }

    job->data = claim;
    job->done = ngx_http_qwen_signin_done;

    if (ngx_http_qwen_signin_prepare(job) != NGX_OK) {
        failure = (qwen_failure_t) { QWEN_FAIL_INTERNAL, 0 };

        ngx_http_qwen_signin_fail(job, &failure, 0);
        ngx_http_qwen_job_destroy(job);
        return NGX_ERROR;
    }

    ngx_http_qwen_job_start(job, NGX_HTTP_QWEN_SIGNIN_TIMEOUT);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_signin_prepare(ngx_http_qwen_job_t *job)
{
    qwen_str_t                 email, password;
    ngx_qwen_signin_t         *claim;
    ngx_http_qwen_loc_conf_t  *conf;

    claim = job->data;
    conf = ngx_http_qwen_web_conf(job->request);

    email = (qwen_str_t) { claim->email.data, claim->email.len };
    password = (qwen_str_t) { claim->password.data, claim->password.len };

    if (qwen_web_signin_body(email, password, &job->body) != QWEN_OK) {
        return NGX_ERROR;
    }

    return ngx_http_qwen_web_call(job->request, &job->call,
                                  conf->web.signin_path, "application/json",
                                  NULL);
}


static void
ngx_http_qwen_signin_done(ngx_http_qwen_job_t *job,
    const qwen_web_answer_t *answer)
{
    int64_t             exp;
    ngx_int_t           rc;
    ngx_str_t           value;
    qwen_buf_t          token;
    qwen_failure_t      failure;
    ngx_qwen_signin_t  *claim;

    claim = job->data;

    qwen_buf_init(&token, NGX_HTTP_QWEN_MAX_TOKEN);

    if (qwen_web_signin_answer(answer, &token, &failure) != QWEN_OK) {
        ngx_http_qwen_signin_fail(job, &failure, answer->status);
        goto done;
    }

    if (qwen_jwt_expiry(qwen_buf_str(&token), &exp) != QWEN_OK
        || exp <= (int64_t) ngx_time())
    {
        failure = (qwen_failure_t) { QWEN_FAIL_PROTOCOL, 0 };

        ngx_http_qwen_signin_fail(job, &failure, answer->status);
        goto done;
    }

    value.data = token.data;
    value.len = token.len;

    rc = ngx_qwen_signin_done(&job->qmcf->pool, claim, &value, (time_t) exp);

    if (rc == NGX_ERROR) {
        failure = (qwen_failure_t) { QWEN_FAIL_INTERNAL, 0 };
        ngx_http_qwen_signin_fail(job, &failure, answer->status);
        goto done;
    }

    /* the list of models may have waited for an account */

    ngx_http_qwen_task_nudge();

done:

    if (token.data) {
        ngx_explicit_memzero(token.data, token.len);
    }

    qwen_buf_free(&token);
}


static void
ngx_http_qwen_signin_fail(ngx_http_qwen_job_t *job,
    const qwen_failure_t *failure, ngx_uint_t status)
{
    ngx_str_t           name;
    qwen_str_t          class;
    ngx_qwen_signin_t  *claim;
    u_char              email[NGX_HTTP_QWEN_MAX_EMAIL];

    claim = job->data;

    name = ngx_qwen_mask_email(&claim->email, email, sizeof(email));
    class = qwen_fail_class_name(failure->class);

    if (failure->class == QWEN_FAIL_TOKEN) {
        ngx_log_error(NGX_LOG_ERR, job->request->connection->log, 0,
                      "sign-in of account \"%V\" failed: the upstream refuses "
                      "its e-mail address or password, upstream status %ui",
                      &name, status);

    } else {
        ngx_log_error(NGX_LOG_WARN, job->request->connection->log, 0,
                      "sign-in of account \"%V\" failed: %*s, "
                      "upstream status %ui",
                      &name, class.len, class.data, status);
    }

    ngx_qwen_signin_failed(&job->qmcf->pool, claim, failure);
}
