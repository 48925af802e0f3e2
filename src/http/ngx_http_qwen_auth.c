
#include "ngx_http_qwen_auth.h"
#include "ngx_http_qwen_conf.h"
#include "ngx_qwen_settings.h"


static const ngx_qwen_key_t *ngx_http_qwen_find_key(ngx_http_request_t *r,
    ngx_str_t *presented);
static const ngx_qwen_key_t *ngx_http_qwen_copy_key(ngx_http_request_t *r,
    const ngx_qwen_key_t *key);
static void ngx_http_qwen_strip_bearer(ngx_str_t *value);
static ngx_str_t *ngx_http_qwen_x_api_key(ngx_http_request_t *r);


const ngx_qwen_key_t *
ngx_http_qwen_auth(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_qwen_get_ctx(r->main);
    if (ctx == NULL) {
        return NULL;
    }

    if (!ctx->key_checked) {
        ctx->key = ngx_http_qwen_find_key(r->main, &ctx->presented);
        ctx->key_checked = 1;
    }

    return ctx->key;
}


static const ngx_qwen_key_t *
ngx_http_qwen_find_key(ngx_http_request_t *r, ngx_str_t *presented)
{
    ngx_str_t             *x_api_key;
    const ngx_qwen_key_t  *key;

    if (r->headers_in.authorization) {
        *presented = r->headers_in.authorization->value;
        ngx_http_qwen_strip_bearer(presented);

        key = ngx_http_qwen_auth_key(r, presented);
        if (key) {
            return key;
        }
    }

    x_api_key = ngx_http_qwen_x_api_key(r);
    if (x_api_key == NULL) {
        return NULL;
    }

    *presented = *x_api_key;

    return ngx_http_qwen_auth_key(r, presented);
}


const ngx_qwen_key_t *
ngx_http_qwen_auth_key(ngx_http_request_t *r, ngx_str_t *presented)
{
    const ngx_qwen_key_t       *key;
    const ngx_qwen_snapshot_t  *snapshot;
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_http_get_module_main_conf(r, ngx_http_qwen_module);

    key = ngx_qwen_keys_find(&qmcf->keys, presented);
    if (key) {
        return key;
    }

    snapshot = ngx_qwen_settings_snapshot(&qmcf->pool, ngx_cycle->log);
    if (snapshot == NULL) {
        return NULL;
    }

    key = ngx_qwen_keys_find(&snapshot->keys, presented);

    return key ? ngx_http_qwen_copy_key(r, key) : NULL;
}


/* The snapshot may be gone before the request is. */

static const ngx_qwen_key_t *
ngx_http_qwen_copy_key(ngx_http_request_t *r, const ngx_qwen_key_t *key)
{
    ngx_qwen_key_t  *copy;

    copy = ngx_palloc(r->pool, sizeof(ngx_qwen_key_t));
    if (copy == NULL) {
        return NULL;
    }

    *copy = *key;

    copy->name.data = ngx_pstrdup(r->pool, (ngx_str_t *) &key->name);

    return copy->name.data ? copy : NULL;
}


static void
ngx_http_qwen_strip_bearer(ngx_str_t *value)
{
    if (value->len > sizeof("Bearer ") - 1
        && ngx_strncasecmp(value->data, (u_char *) "Bearer ",
                           sizeof("Bearer ") - 1)
           == 0)
    {
        value->data += sizeof("Bearer ") - 1;
        value->len -= sizeof("Bearer ") - 1;
    }

    while (value->len && value->data[0] == ' ') {
        value->data++;
        value->len--;
    }
}


static ngx_str_t *
ngx_http_qwen_x_api_key(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == sizeof("x-api-key") - 1
                && ngx_strncasecmp(h[i].key.data, (u_char *) "x-api-key",
                                   sizeof("x-api-key") - 1)
                   == 0)
            {
                return &h[i].value;
            }
        }
    }

    return NULL;
}
