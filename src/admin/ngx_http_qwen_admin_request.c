
/* The administrator's request: its body and arguments. */

#include "ngx_http_qwen_admin.h"
#include "qwen_strict.h"


#define NGX_HTTP_QWEN_ADMIN_MAX_BODY    (4 * 1024 * 1024)
#define NGX_HTTP_QWEN_ADMIN_MAX_ANSWER  (8 * 1024 * 1024)


static void ngx_http_qwen_admin_cleanup(void *data);
static void ngx_http_qwen_admin_received(ngx_http_request_t *r);
static cJSON *ngx_http_qwen_admin_parse(ngx_str_t *text);
static ngx_int_t ngx_http_qwen_admin_gather(ngx_http_qwen_admin_t *admin,
    ngx_str_t *text);
static ngx_int_t ngx_http_qwen_admin_gather_buf(ngx_http_qwen_admin_t *admin,
    ngx_buf_t *b, u_char *p);


ngx_http_qwen_admin_t *
ngx_http_qwen_admin_create(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t    *ctx;
    ngx_pool_cleanup_t     *cln;
    ngx_http_qwen_admin_t  *admin;

    ctx = ngx_http_qwen_get_ctx(r);
    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_qwen_admin_t));

    if (ctx == NULL || cln == NULL) {
        return NULL;
    }

    admin = cln->data;

    ngx_memzero(admin, sizeof(ngx_http_qwen_admin_t));

    admin->request = r;
    admin->qmcf = ngx_http_get_module_main_conf(r, ngx_http_qwen_module);
    qwen_buf_init(&admin->answer, NGX_HTTP_QWEN_ADMIN_MAX_ANSWER);

    if (ngx_http_qwen_timer_init(r, &ctx->timer) != NGX_OK) {
        return NULL;
    }

    ctx->admin = admin;
    cln->handler = ngx_http_qwen_admin_cleanup;

    return admin;
}


static void
ngx_http_qwen_admin_cleanup(void *data)
{
    ngx_http_qwen_admin_t *admin = data;

    cJSON_Delete(admin->body);
    qwen_buf_free(&admin->answer);
}


ngx_int_t
ngx_http_qwen_admin_read(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_admin_pt handler)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = admin->request;

    if (r->headers_in.content_length_n > NGX_HTTP_QWEN_ADMIN_MAX_BODY) {
        return ngx_http_qwen_admin_refuse(admin,
                                          NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                          "The body is larger than 4 MB");
    }

    admin->handler = handler;

    rc = ngx_http_read_client_request_body(r, ngx_http_qwen_admin_received);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_qwen_admin_received(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_str_t               text;
    ngx_http_qwen_ctx_t    *ctx;
    ngx_http_qwen_admin_t  *admin;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    admin = ctx->admin;

    rc = ngx_http_qwen_admin_gather(admin, &text);

    if (rc == NGX_DECLINED) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                  "The body is larger than 4 MB");
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                  "The body could not be read");
        return;
    }

    admin->body = ngx_http_qwen_admin_parse(&text);

    if (!cJSON_IsObject(admin->body)) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "The body must be a JSON object");
        return;
    }

    admin->handler(admin);
}


/* NULL: it is no JSON.  Text that is no UTF-8 would be kept as another one. */

static cJSON *
ngx_http_qwen_admin_parse(ngx_str_t *text)
{
    size_t      offset;
    qwen_str_t  json;

    json = (text->len == 0) ? qwen_literal("{}")
                            : (qwen_str_t) { text->data, text->len };

    return qwen_strict_check(json, &offset) ? NULL : qwen_json_parse(json);
}


/* NGX_DECLINED: it is too large. */

static ngx_int_t
ngx_http_qwen_admin_gather(ngx_http_qwen_admin_t *admin, ngx_str_t *text)
{
    u_char              *p;
    size_t               len;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = admin->request;
    len = 0;

    ngx_str_null(text);

    if (r->request_body == NULL) {
        return NGX_ERROR;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);

        if (len > NGX_HTTP_QWEN_ADMIN_MAX_BODY) {
            return NGX_DECLINED;
        }
    }

    if (len == 0) {
        return NGX_OK;
    }

    text->data = ngx_pnalloc(r->pool, len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = len;
    p = text->data;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        if (ngx_http_qwen_admin_gather_buf(admin, cl->buf, p) != NGX_OK) {
            return NGX_ERROR;
        }

        p += ngx_buf_size(cl->buf);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_admin_gather_buf(ngx_http_qwen_admin_t *admin, ngx_buf_t *b,
    u_char *p)
{
    size_t   len;
    ssize_t  n;

    len = ngx_buf_size(b);

    if (ngx_buf_in_memory(b)) {
        ngx_memcpy(p, b->pos, len);
        return NGX_OK;
    }

    if (!b->in_file) {
        return NGX_OK;
    }

    n = ngx_read_file(b->file, p, len, b->file_pos);

    return (n == (ssize_t) len) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_qwen_admin_string(ngx_http_qwen_admin_t *admin, const char *name,
    size_t max, ngx_str_t *value)
{
    u_char      *p;
    qwen_str_t   s;

    u_char  text[128];

    s = qwen_json_get_string(admin->body, name);

    if (s.len && s.len <= max) {
        value->data = (u_char *) s.data;
        value->len = s.len;
        return NGX_OK;
    }

    p = ngx_snprintf(text, sizeof(text) - 1,
                     "\"%s\" must be a string of 1 to %uz bytes", name, max);
    *p = '\0';

    ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST, (char *) text);

    return NGX_ERROR;
}


ngx_str_t
ngx_http_qwen_admin_arg(ngx_http_qwen_admin_t *admin, const char *name)
{
    u_char              *src, *dst;
    ngx_str_t            value, arg;
    ngx_http_request_t  *r;

    r = admin->request;

    ngx_str_null(&arg);

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value) != NGX_OK) {
        return arg;
    }

    dst = ngx_pnalloc(r->pool, value.len + 1);
    if (dst == NULL) {
        return arg;
    }

    arg.data = dst;
    src = value.data;

    ngx_unescape_uri(&dst, &src, value.len, 0);

    arg.len = dst - arg.data;

    return arg;
}


ngx_uint_t
ngx_http_qwen_admin_reveals(ngx_http_qwen_admin_t *admin)
{
    ngx_str_t            arg;
    ngx_http_request_t  *r;

    arg = ngx_http_qwen_admin_arg(admin, "reveal");

    if (arg.len != 4 || ngx_strncmp(arg.data, "true", 4) != 0) {
        return 0;
    }

    r = admin->request;

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "secrets are revealed to the administrator");

    return 1;
}
