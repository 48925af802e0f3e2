
/* "qwen_api verify": whether a key is one, and the administrator's. */

#include "ngx_http_qwen_admin.h"
#include "ngx_http_qwen_auth.h"
#include "ngx_http_qwen_respond.h"


static void ngx_http_qwen_verify(ngx_http_qwen_admin_t *admin);
static void ngx_http_qwen_verify_reply(ngx_http_qwen_admin_t *admin,
    ngx_uint_t status, qwen_str_t message);


ngx_int_t
ngx_http_qwen_verify_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_qwen_admin_t  *admin;

    if (r != r->main) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    admin = ngx_http_qwen_admin_create(r);
    if (admin == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_qwen_admin_not_allowed(admin, NGX_HTTP_POST);
    }

    rc = ngx_http_qwen_guard(admin);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_qwen_admin_read(admin, ngx_http_qwen_verify);
}


static void
ngx_http_qwen_verify(ngx_http_qwen_admin_t *admin)
{
    ngx_str_t              presented;
    qwen_str_t             s;
    const ngx_qwen_key_t  *key;

    s = qwen_json_get_string(admin->body, "apiKey");

    presented.data = (u_char *) s.data;
    presented.len = s.len;

    key = ngx_http_qwen_auth_key(admin->request, &presented);

    if (key == NULL) {
        ngx_http_qwen_guard_failed(admin, &presented);
        ngx_http_qwen_verify_reply(admin, NGX_HTTP_UNAUTHORIZED,
                                   qwen_literal("Unauthorized"));
        return;
    }

    qwen_json_begin_object(&admin->answer, NULL);
    qwen_json_put_bool(&admin->answer, "isAdmin", key->admin);

    ngx_http_qwen_verify_reply(admin, NGX_HTTP_OK, qwen_literal("success"));
}


static void
ngx_http_qwen_verify_reply(ngx_http_qwen_admin_t *admin, ngx_uint_t status,
    qwen_str_t message)
{
    qwen_buf_t  *out;

    out = &admin->answer;

    if (out->len == 0) {
        qwen_json_begin_object(out, NULL);
    }

    qwen_json_put_int(out, "status", (int64_t) status);
    qwen_json_put_string(out, "message", message);
    qwen_json_end_object(out);

    ngx_http_qwen_admin_reply(admin, status);
}
