
/* The list of models is fetched by one worker for all. */

#include "ngx_http_qwen_models.h"
#include "ngx_http_qwen_job.h"


#define NGX_HTTP_QWEN_MODELS_TIMEOUT  10000
#define NGX_HTTP_QWEN_MODELS_CLAIM    15000

#define NGX_HTTP_QWEN_MAX_MODELS      (1024 * 1024)


/* What a refresh works with. */
typedef struct {
    ngx_qwen_lease_t        *lease;
    ngx_uint_t               claim;
} ngx_http_qwen_models_job_t;


static ngx_int_t ngx_http_qwen_models_prepare(ngx_http_qwen_job_t *job,
    ngx_uint_t claim);
static void ngx_http_qwen_models_done(ngx_http_qwen_job_t *job,
    const qwen_web_answer_t *answer);
static ngx_uint_t ngx_http_qwen_models_account(qwen_fail_class_t class);


ngx_int_t
ngx_http_qwen_models_refresh(ngx_http_qwen_main_conf_t *qmcf)
{
    ngx_int_t                rc;
    ngx_uint_t               claim;
    ngx_http_qwen_job_t     *job;
    ngx_qwen_pool_status_t   status;

    /* who would have no account need not claim */

    ngx_qwen_pool_status(&qmcf->pool, &status);

    if (status.ready == 0) {
        return NGX_DECLINED;
    }

    rc = ngx_qwen_models_claim(&qmcf->pool, qmcf->models_ttl,
                               NGX_HTTP_QWEN_MODELS_CLAIM, &claim);
    if (rc != NGX_OK) {
        return NGX_DECLINED;
    }

    job = ngx_http_qwen_job_create(qmcf);

    if (job == NULL || ngx_http_qwen_models_prepare(job, claim) != NGX_OK) {

        /* the account may have gone meanwhile */

        ngx_qwen_models_failed(&qmcf->pool, claim, QWEN_FAIL_NONE);

        if (job) {
            ngx_http_qwen_job_destroy(job);
        }

        return NGX_ERROR;
    }

    ngx_http_qwen_job_start(job, NGX_HTTP_QWEN_MODELS_TIMEOUT);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_models_prepare(ngx_http_qwen_job_t *job, ngx_uint_t claim)
{
    ngx_msec_t                    wait;
    ngx_http_request_t           *r;
    ngx_http_qwen_loc_conf_t     *conf;
    ngx_http_qwen_models_job_t   *data;
    ngx_http_qwen_web_account_t   account;

    r = job->request;
    conf = ngx_http_qwen_web_conf(r);

    data = ngx_pcalloc(r->pool, sizeof(ngx_http_qwen_models_job_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    data->claim = claim;
    job->data = data;
    job->done = ngx_http_qwen_models_done;

    if (ngx_qwen_lease_take(&job->qmcf->pool, r->pool, NGX_QWEN_KIND_CHAT,
                            NULL, 0, &data->lease, &wait)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_qwen_web_account(r, &data->lease->token, &account) != NGX_OK
        || ngx_http_qwen_web_call(r, &job->call, conf->web.models_path,
                                  "application/json", &account)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    job->call.method = NGX_HTTP_GET;
    job->call.max_answer = NGX_HTTP_QWEN_MAX_MODELS;

    return NGX_OK;
}


static void
ngx_http_qwen_models_done(ngx_http_qwen_job_t *job,
    const qwen_web_answer_t *answer)
{
    ngx_str_t                    body;
    qwen_str_t                   class;
    qwen_models_t                models;
    qwen_failure_t               failure;
    ngx_http_qwen_models_job_t  *data;

    data = job->data;
    failure = (qwen_failure_t) { QWEN_FAIL_NONE, 0 };
    ngx_memzero(&models, sizeof(qwen_models_t));

    body.data = (u_char *) answer->body.data;
    body.len = answer->body.len;

    if (qwen_web_models_answer(answer, &models, &failure) != QWEN_OK) {
        class = qwen_fail_class_name(failure.class);

        ngx_log_error(NGX_LOG_WARN, job->request->connection->log, 0,
                      "refreshing the list of models failed: %*s, "
                      "upstream status %ui",
                      class.len, class.data, answer->status);

        ngx_qwen_models_failed(&job->qmcf->pool, data->claim, failure.class);

    } else if (ngx_qwen_models_update(&job->qmcf->pool, data->claim, &body)
               == NGX_ERROR)
    {
        ngx_log_error(NGX_LOG_ERR, job->request->connection->log, 0,
                      "no room in \"qwen_zone\" for the list of models "
                      "(%uz bytes)", body.len);
    }

    if (ngx_http_qwen_models_account(failure.class)) {
        ngx_qwen_lease_report(data->lease, &failure);
    }

    qwen_models_free(&models);
}


/* Whether the answer tells of the account; else the list is what is wrong. */

static ngx_uint_t
ngx_http_qwen_models_account(qwen_fail_class_t class)
{
    switch (class) {

    case QWEN_FAIL_NONE:
    case QWEN_FAIL_TOKEN:
    case QWEN_FAIL_RATE_LIMITED:
    case QWEN_FAIL_QUOTA:
        return 1;

    default:
        return 0;
    }
}
