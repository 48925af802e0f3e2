
/* Guessing of the administrator's key is slowed down. */

#include "ngx_http_qwen_admin.h"
#include "ngx_http_qwen_respond.h"
#include "ngx_qwen_guard.h"


ngx_int_t
ngx_http_qwen_guard(ngx_http_qwen_admin_t *admin)
{
    ngx_msec_t           wait;
    ngx_http_request_t  *r;

    r = admin->request;

    wait = ngx_qwen_guard_wait(&admin->qmcf->pool, r->connection->sockaddr);

    if (wait == 0) {
        return NGX_OK;
    }

    if (ngx_http_qwen_add_retry_after(r, wait) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_qwen_admin_refuse(admin, NGX_HTTP_TOO_MANY_REQUESTS,
                                      "Too many wrong keys, try again later");
}


void
ngx_http_qwen_guard_failed(ngx_http_qwen_admin_t *admin, ngx_str_t *presented)
{
    ngx_http_request_t  *r;

    if (presented->len == 0) {
        return;
    }

    r = admin->request;

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "wrong key for the administrator's API");

    ngx_qwen_guard_failed(&admin->qmcf->pool, r->connection->sockaddr);
}
