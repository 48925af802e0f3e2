
#include "ngx_http_qwen_respond.h"
#include "ngx_http_qwen_compat.h"
#include "ngx_http_qwen_conf.h"


#define NGX_HTTP_QWEN_MAX_ERROR  2048


static ngx_table_elt_t *ngx_http_qwen_push_header(ngx_http_request_t *r,
    char *name, ngx_str_t *value);


static ngx_str_t  ngx_http_qwen_bearer = ngx_string("Bearer");
static ngx_str_t  ngx_http_qwen_origin = ngx_string("Origin");
static ngx_str_t  ngx_http_qwen_methods = ngx_string("GET, POST, OPTIONS");

/* "*" does not cover Authorization, so it is named as well */
static ngx_str_t  ngx_http_qwen_headers = ngx_string("Authorization, *");

static ngx_str_t  ngx_http_qwen_max_age = ngx_string("86400");


static ngx_table_elt_t *
ngx_http_qwen_push_header(ngx_http_request_t *r, char *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;
    ngx_http_qwen_header_last(h);

    return h;
}


ngx_int_t
ngx_http_qwen_add_header(ngx_http_request_t *r, char *name, ngx_str_t *value)
{
    return ngx_http_qwen_push_header(r, name, value) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_qwen_add_cors(ngx_http_request_t *r)
{
    ngx_str_t                 *origin;
    ngx_http_qwen_loc_conf_t  *qlcf;

    qlcf = ngx_http_get_module_loc_conf(r, ngx_http_qwen_module);
    origin = &qlcf->allow_origin;

    if (origin->len == 0) {
        return NGX_OK;
    }

    if (ngx_http_qwen_add_header(r, "Access-Control-Allow-Origin", origin)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (origin->len == 1 && origin->data[0] == '*') {
        return NGX_OK;
    }

    return ngx_http_qwen_add_header(r, "Vary", &ngx_http_qwen_origin);
}


ngx_int_t
ngx_http_qwen_respond_json(ngx_http_request_t *r, ngx_uint_t status,
    qwen_str_t body)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, body.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(p, body.data, body.len);

    return ngx_http_qwen_respond_memory(r, status,
                                        (qwen_str_t) { p, body.len });
}


ngx_int_t
ngx_http_qwen_respond_memory(ngx_http_request_t *r, ngx_uint_t status,
    qwen_str_t body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = (u_char *) body.data;
    b->last = b->pos + body.len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    r->disable_not_modified = 1;
    r->headers_out.status = status;
    r->headers_out.content_length_n = body.len;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (ngx_http_qwen_add_cors(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_qwen_respond_error(ngx_http_request_t *r,
    const qwen_openai_error_t *error, ngx_msec_t retry_after)
{
    ngx_int_t         rc;
    qwen_buf_t        body;
    ngx_table_elt_t  *h;

    if (error->status == NGX_HTTP_UNAUTHORIZED) {
        h = ngx_http_qwen_push_header(r, "WWW-Authenticate",
                                      &ngx_http_qwen_bearer);
        if (h == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        r->headers_out.www_authenticate = h;
    }

    if (retry_after
        && ngx_http_qwen_add_retry_after(r, retry_after) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    qwen_buf_init(&body, NGX_HTTP_QWEN_MAX_ERROR);

    if (qwen_openai_error_render(error, &body) == QWEN_OK) {
        rc = ngx_http_qwen_respond_json(r, error->status,
                                        qwen_buf_str(&body));
    } else {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    qwen_buf_free(&body);

    return rc;
}


ngx_int_t
ngx_http_qwen_add_retry_after(ngx_http_request_t *r, ngx_msec_t retry_after)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%M", (retry_after + 999) / 1000)
                - value.data;

    return ngx_http_qwen_add_header(r, "Retry-After", &value);
}


ngx_int_t
ngx_http_qwen_respond_preflight(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    if (ngx_http_qwen_add_cors(r) != NGX_OK
        || ngx_http_qwen_add_header(r, "Access-Control-Allow-Methods",
                                    &ngx_http_qwen_methods)
           != NGX_OK
        || ngx_http_qwen_add_header(r, "Access-Control-Allow-Headers",
                                    &ngx_http_qwen_headers)
           != NGX_OK
        || ngx_http_qwen_add_header(r, "Access-Control-Max-Age",
                                    &ngx_http_qwen_max_age)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}
