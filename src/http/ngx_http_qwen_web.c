
#include "ngx_http_qwen_web.h"
#include "ngx_http_qwen_conf.h"
#include "qwen_uuid.h"


/* The answers to all calls but models and completions are short. */
#define NGX_HTTP_QWEN_WEB_ANSWER  (64 * 1024)


static ngx_int_t ngx_http_qwen_web_request_id(ngx_http_request_t *r,
    ngx_http_qwen_call_t *call);


static ngx_str_t  ngx_http_qwen_json_type = ngx_string("application/json");


ngx_int_t
ngx_http_qwen_web_account(ngx_http_request_t *r, ngx_str_t *token,
    ngx_http_qwen_web_account_t *account)
{
    u_char                    *p;
    ngx_http_qwen_loc_conf_t  *conf;

    conf = ngx_http_qwen_web_conf(r);

    p = ngx_pnalloc(r->pool, sizeof("Bearer ") - 1 + token->len
                             + sizeof("token=") - 1 + token->len
                             + sizeof("; ") - 1 + conf->web_cookie.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    account->authorization.data = p;
    p = ngx_cpymem(p, "Bearer ", sizeof("Bearer ") - 1);
    p = ngx_cpymem(p, token->data, token->len);
    account->authorization.len = p - account->authorization.data;

    account->cookie.data = p;
    p = ngx_cpymem(p, "token=", sizeof("token=") - 1);
    p = ngx_cpymem(p, token->data, token->len);

    if (conf->web_cookie.len) {
        p = ngx_cpymem(p, "; ", sizeof("; ") - 1);
        p = ngx_cpymem(p, conf->web_cookie.data, conf->web_cookie.len);
    }

    account->cookie.len = p - account->cookie.data;

    return NGX_OK;
}


ngx_int_t
ngx_http_qwen_web_call(ngx_http_request_t *r, ngx_http_qwen_call_t *call,
    qwen_str_t path, char *accept, ngx_http_qwen_web_account_t *account)
{
    ngx_str_t                  value;
    ngx_http_qwen_loc_conf_t  *conf;
    ngx_http_qwen_srv_conf_t  *qscf;

    conf = ngx_http_qwen_web_conf(r);
    qscf = ngx_http_get_module_srv_conf(r, ngx_http_qwen_module);

    ngx_memzero(call, sizeof(ngx_http_qwen_call_t));

    call->location = qscf->web;
    call->method = NGX_HTTP_POST;
    call->path = path;
    call->max_answer = NGX_HTTP_QWEN_WEB_ANSWER;

    value.data = (u_char *) accept;
    value.len = ngx_strlen(accept);

    ngx_http_qwen_call_header(call, "Accept", &value);
    ngx_http_qwen_call_header(call, "Content-Type", &ngx_http_qwen_json_type);

    if (account) {
        ngx_http_qwen_call_header(call, "Authorization",
                                  &account->authorization);
        ngx_http_qwen_call_header(call, "Cookie", &account->cookie);

    } else if (conf->web_cookie.len) {
        ngx_http_qwen_call_header(call, "Cookie", &conf->web_cookie);
    }

    return ngx_http_qwen_web_request_id(r, call);
}


static ngx_int_t
ngx_http_qwen_web_request_id(ngx_http_request_t *r, ngx_http_qwen_call_t *call)
{
    ngx_str_t  id;

    id.len = QWEN_UUID_LEN;
    id.data = ngx_pnalloc(r->pool, QWEN_UUID_LEN);

    if (id.data == NULL || qwen_uuid4((char *) id.data) != QWEN_OK) {
        return NGX_ERROR;
    }

    ngx_http_qwen_call_header(call, "X-Request-Id", &id);

    return NGX_OK;
}


qwen_web_answer_t
ngx_http_qwen_web_answer(ngx_http_qwen_call_t *call)
{
    qwen_web_answer_t  answer;

    answer.status = call->misconfigured ? 0 : call->status;
    answer.body = qwen_buf_str(&call->answer);
    answer.timed_out = call->timed_out;

    return answer;
}
