
/*
 * All of them may differ from one moment to the next, and subrequests share
 * the main request's cache of values, so none is cacheable.
 */

#include "ngx_http_qwen_variables.h"
#include "ngx_http_qwen_auth.h"
#include "ngx_http_qwen_conf.h"
#include "ngx_http_qwen_ctx.h"


static ngx_int_t ngx_http_qwen_key_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qwen_str_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qwen_uint_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qwen_tokens_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qwen_usage_source_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qwen_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qwen_first_token_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qwen_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uint64_t number);
static void ngx_http_qwen_value(ngx_http_variable_value_t *v, u_char *data,
    size_t len);


static ngx_http_variable_t  ngx_http_qwen_vars[] = {

    { ngx_string("qwen_key"), NULL,
      ngx_http_qwen_key_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_account"), NULL,
      ngx_http_qwen_str_variable,
      offsetof(ngx_http_qwen_ctx_t, log.account),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_model"), NULL,
      ngx_http_qwen_str_variable,
      offsetof(ngx_http_qwen_ctx_t, log.model),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_chat_type"), NULL,
      ngx_http_qwen_str_variable,
      offsetof(ngx_http_qwen_ctx_t, log.chat_type),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_attempts"), NULL,
      ngx_http_qwen_uint_variable,
      offsetof(ngx_http_qwen_ctx_t, log.attempts),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_upstream_status"), NULL,
      ngx_http_qwen_uint_variable,
      offsetof(ngx_http_qwen_ctx_t, log.upstream_status),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_error"), NULL,
      ngx_http_qwen_error_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_first_token_time"), NULL,
      ngx_http_qwen_first_token_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_prompt_tokens"), NULL,
      ngx_http_qwen_tokens_variable,
      offsetof(ngx_http_qwen_ctx_t, log.usage.prompt),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_completion_tokens"), NULL,
      ngx_http_qwen_tokens_variable,
      offsetof(ngx_http_qwen_ctx_t, log.usage.completion),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("qwen_usage_source"), NULL,
      ngx_http_qwen_usage_source_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_qwen_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_qwen_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_key_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const ngx_qwen_key_t  *key;

    key = ngx_http_qwen_auth(r);

    if (key == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_qwen_value(v, key->name.data, key->name.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_str_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t            *value;
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_qwen_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    value = (ngx_str_t *) ((u_char *) ctx + data);

    if (value->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_qwen_value(v, value->data, value->len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_uint_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_uint_t            value;
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_qwen_module);
    value = ctx ? *(ngx_uint_t *) ((u_char *) ctx + data) : 0;

    if (value == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_qwen_number(r, v, value);
}


static ngx_int_t
ngx_http_qwen_tokens_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_qwen_module);

    if (ctx == NULL || !ctx->log.has_usage) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_qwen_number(r, v, *(uint64_t *) ((u_char *) ctx + data));
}


static ngx_int_t
ngx_http_qwen_usage_source_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_qwen_module);

    if (ctx == NULL || !ctx->log.has_usage) {
        v->not_found = 1;

    } else if (ctx->log.usage.estimated) {
        ngx_http_qwen_value(v, (u_char *) "estimated",
                            sizeof("estimated") - 1);

    } else {
        ngx_http_qwen_value(v, (u_char *) "upstream", sizeof("upstream") - 1);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    qwen_str_t            name;
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_qwen_module);

    if (ctx && ctx->log.aborted) {
        ngx_http_qwen_value(v, (u_char *) "aborted", sizeof("aborted") - 1);
        return NGX_OK;
    }

    if (ctx == NULL || ctx->log.failure == QWEN_FAIL_NONE) {
        v->not_found = 1;
        return NGX_OK;
    }

    name = qwen_fail_class_name(ctx->log.failure);
    ngx_http_qwen_value(v, (u_char *) name.data, name.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_first_token_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char               *p;
    ngx_msec_t            ms;
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_qwen_module);

    if (ctx == NULL || ctx->log.first_token == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ms = ctx->log.first_token - 1;

    ngx_http_qwen_value(v, p,
                        ngx_sprintf(p, "%T.%03M", (time_t) (ms / 1000),
                                    ms % 1000) - p);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_number(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uint64_t number)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_http_qwen_value(v, p, ngx_sprintf(p, "%uL", number) - p);

    return NGX_OK;
}


static void
ngx_http_qwen_value(ngx_http_variable_value_t *v, u_char *data, size_t len)
{
    v->data = data;
    v->len = len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
}
