
#include "ngx_http_qwen_admin.h"
#include "ngx_http_qwen_api.h"
#include "ngx_http_qwen_auth.h"
#include "ngx_http_qwen_respond.h"


static ngx_int_t ngx_http_qwen_admin_route(ngx_http_qwen_admin_t *admin);
static ngx_int_t ngx_http_qwen_admin_start(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_admin_pt handler);


static const ngx_http_qwen_admin_route_t  ngx_http_qwen_admin_routes[] = {

    { ngx_string("getAllAccounts"), NGX_HTTP_GET,
      ngx_http_qwen_admin_get_accounts },
    { ngx_string("setAccount"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_account },
    { ngx_string("setAccounts"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_accounts },
    { ngx_string("batchTasks/"), NGX_HTTP_GET,
      ngx_http_qwen_admin_get_task },
    { ngx_string("deleteAccount"), NGX_HTTP_DELETE,
      ngx_http_qwen_admin_delete_account },
    { ngx_string("deleteAccounts"), NGX_HTTP_POST,
      ngx_http_qwen_admin_delete_accounts },

    { ngx_string("refreshAccount"), NGX_HTTP_POST,
      ngx_http_qwen_admin_refresh_account },
    { ngx_string("refreshAllAccounts"), NGX_HTTP_POST,
      ngx_http_qwen_admin_refresh_all },
    { ngx_string("forceRefreshAllAccounts"), NGX_HTTP_POST,
      ngx_http_qwen_admin_force_refresh_all },

    { ngx_string("accountStats"), NGX_HTTP_GET,
      ngx_http_qwen_admin_account_stats },
    { ngx_string("statsHistory"), NGX_HTTP_GET,
      ngx_http_qwen_admin_stats_history },

    { ngx_string("settings"), NGX_HTTP_GET,
      ngx_http_qwen_admin_get_settings },
    { ngx_string("setAutoRefresh"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_auto_refresh },
    { ngx_string("setBatchLoginConcurrency"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_concurrency },
    { ngx_string("setOutThink"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_out_think },
    { ngx_string("setLegacyReasoning"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_legacy_reasoning },
    { ngx_string("search-info-mode"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_search_info },
    { ngx_string("simple-model-map"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_simple_models },
    { ngx_string("setRetryConfig"), NGX_HTTP_POST,
      ngx_http_qwen_admin_set_retry },

    { ngx_string("keys"), NGX_HTTP_GET,
      ngx_http_qwen_admin_get_keys },
    { ngx_string("addRegularKey"), NGX_HTTP_POST,
      ngx_http_qwen_admin_add_key },
    { ngx_string("deleteRegularKey"), NGX_HTTP_POST,
      ngx_http_qwen_admin_delete_key },

    { ngx_null_string, 0, NULL }
};


ngx_int_t
ngx_http_qwen_admin_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_qwen_ctx_t    *ctx;
    const ngx_qwen_key_t   *key;
    ngx_http_qwen_admin_t  *admin;

    if (r != r->main) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    admin = ngx_http_qwen_admin_create(r);
    if (admin == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_qwen_guard(admin);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_qwen_auth(r);

    if (key == NULL) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
        ngx_http_qwen_guard_failed(admin, &ctx->presented);

        return ngx_http_qwen_admin_refuse(admin, NGX_HTTP_UNAUTHORIZED,
                                          "Unauthorized");
    }

    if (!key->admin) {
        return ngx_http_qwen_admin_refuse(admin, NGX_HTTP_FORBIDDEN,
                                          "Admin access required");
    }

    return ngx_http_qwen_admin_route(admin);
}


static ngx_int_t
ngx_http_qwen_admin_route(ngx_http_qwen_admin_t *admin)
{
    ngx_str_t                           path;
    ngx_uint_t                          method, found;
    ngx_http_request_t                 *r;
    const ngx_http_qwen_admin_route_t  *route;

    r = admin->request;
    path = ngx_http_qwen_api_path(r);
    method = (r->method == NGX_HTTP_HEAD) ? NGX_HTTP_GET : r->method;
    found = 0;

    for (route = ngx_http_qwen_admin_routes; route->handler; route++) {

        if (!ngx_http_qwen_api_match(&path, (ngx_str_t *) &route->path,
                                     &admin->rest))
        {
            continue;
        }

        if (route->method == method) {
            return ngx_http_qwen_admin_start(admin, route->handler);
        }

        found = route->method;
    }

    if (found) {
        return ngx_http_qwen_admin_not_allowed(admin, found);
    }

    return ngx_http_qwen_admin_refuse(admin, NGX_HTTP_NOT_FOUND, "Not found");
}


ngx_int_t
ngx_http_qwen_admin_not_allowed(ngx_http_qwen_admin_t *admin,
    ngx_uint_t method)
{
    ngx_str_t  allow;

    switch (method) {

    case NGX_HTTP_GET:
        ngx_str_set(&allow, "GET, HEAD");
        break;

    case NGX_HTTP_POST:
        ngx_str_set(&allow, "POST");
        break;

    default: /* NGX_HTTP_DELETE */
        ngx_str_set(&allow, "DELETE");
        break;
    }

    if (ngx_http_qwen_add_header(admin->request, "Allow", &allow) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_qwen_admin_refuse(admin, NGX_HTTP_NOT_ALLOWED,
                                      "Method not allowed");
}


static ngx_int_t
ngx_http_qwen_admin_start(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_admin_pt handler)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = admin->request;

    if (r->method != NGX_HTTP_GET && r->method != NGX_HTTP_HEAD) {
        return ngx_http_qwen_admin_read(admin, handler);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;

    handler(admin);

    return NGX_DONE;
}
