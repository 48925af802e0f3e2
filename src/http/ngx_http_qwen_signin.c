
#include "ngx_http_qwen_signin.h"
#include "qwen_jwt.h"


#define NGX_HTTP_QWEN_SIGNIN_TIMEOUT  10000

#define NGX_HTTP_QWEN_MAX_EMAIL       256


typedef struct {
    ngx_http_qwen_signin_pt     handler;
    void                       *data;
} ngx_http_qwen_signin_ctx_t;


static ngx_int_t ngx_http_qwen_signin_prepare(ngx_http_qwen_job_t *job,
    ngx_str_t *email, ngx_str_t *password);
static void ngx_http_qwen_signin_done(ngx_http_qwen_job_t *job,
    const qwen_web_answer_t *answer);
static void ngx_http_qwen_signin_read(const qwen_web_answer_t *answer,
    qwen_buf_t *token, ngx_http_qwen_signin_result_t *result);


ngx_int_t
ngx_http_qwen_signin(ngx_http_qwen_job_t *job, ngx_str_t *email,
    ngx_str_t *password, ngx_http_qwen_signin_pt handler, void *data)
{
    ngx_http_qwen_signin_ctx_t  *ctx;

    ctx = ngx_palloc(job->request->pool, sizeof(ngx_http_qwen_signin_ctx_t));

    if (ctx == NULL
        || ngx_http_qwen_signin_prepare(job, email, password) != NGX_OK)
    {
        ngx_http_qwen_job_destroy(job);
        return NGX_ERROR;
    }

    ctx->handler = handler;
    ctx->data = data;

    job->data = ctx;
    job->done = ngx_http_qwen_signin_done;

    ngx_http_qwen_job_start(job, NGX_HTTP_QWEN_SIGNIN_TIMEOUT);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_signin_prepare(ngx_http_qwen_job_t *job, ngx_str_t *email,
    ngx_str_t *password)
{
    ngx_http_qwen_loc_conf_t  *conf;

    conf = ngx_http_qwen_web_conf(job->request);

    if (qwen_web_signin_body((qwen_str_t) { email->data, email->len },
                             (qwen_str_t) { password->data, password->len },
                             &job->body)
        != QWEN_OK)
    {
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
    qwen_buf_t                      token;
    ngx_http_qwen_signin_ctx_t     *ctx;
    ngx_http_qwen_signin_result_t   result;

    ctx = job->data;

    ngx_memzero(&result, sizeof(ngx_http_qwen_signin_result_t));
    qwen_buf_init(&token, NGX_QWEN_TOKEN_MAX);

    ngx_http_qwen_signin_read(answer, &token, &result);

    ctx->handler(ctx->data, &result);

    if (token.data) {
        ngx_explicit_memzero(token.data, token.len);
    }

    qwen_buf_free(&token);
}


static void
ngx_http_qwen_signin_read(const qwen_web_answer_t *answer, qwen_buf_t *token,
    ngx_http_qwen_signin_result_t *result)
{
    int64_t  exp;

    result->status = answer->status;

    if (qwen_web_signin_answer(answer, token, &result->failure) != QWEN_OK) {
        return;
    }

    if (qwen_jwt_expiry(qwen_buf_str(token), &exp) != QWEN_OK
        || exp <= (int64_t) ngx_time())
    {
        result->failure = (qwen_failure_t) { QWEN_FAIL_PROTOCOL, 0 };
        return;
    }

    result->failure = (qwen_failure_t) { QWEN_FAIL_NONE, 0 };
    result->token.data = token->data;
    result->token.len = token->len;
    result->expires = (time_t) exp;
}


void
ngx_http_qwen_signin_log(ngx_str_t *email,
    const ngx_http_qwen_signin_result_t *result, ngx_log_t *log)
{
    ngx_str_t   name;
    qwen_str_t  class;
    u_char      buf[NGX_HTTP_QWEN_MAX_EMAIL];

    name = ngx_qwen_mask_email(email, buf, sizeof(buf));
    class = qwen_fail_class_name(result->failure.class);

    if (result->failure.class == QWEN_FAIL_TOKEN) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "sign-in of account \"%V\" failed: the upstream refuses "
                      "its e-mail address or password, upstream status %ui",
                      &name, result->status);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "sign-in of account \"%V\" failed: %*s, "
                  "upstream status %ui",
                  &name, class.len, class.data, result->status);
}
