
#include "ngx_http_qwen_api.h"
#include "ngx_http_qwen_admin.h"
#include "ngx_http_qwen_auth.h"
#include "ngx_http_qwen_chat.h"
#include "ngx_http_qwen_conf.h"
#include "ngx_http_qwen_models.h"
#include "ngx_http_qwen_respond.h"
#include "ngx_http_qwen_task.h"


#define NGX_HTTP_QWEN_GET   (NGX_HTTP_GET|NGX_HTTP_HEAD)


typedef ngx_int_t (*ngx_http_qwen_route_pt)(ngx_http_request_t *r,
    ngx_str_t *rest);

typedef struct {
    ngx_str_t                path;       /* ends with "/": has a rest */
    ngx_uint_t               methods;
    char                    *allow;
    ngx_http_qwen_route_pt   handler;
} ngx_http_qwen_route_t;


static ngx_int_t ngx_http_qwen_openai_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_route(ngx_http_request_t *r, ngx_str_t *path);
static ngx_int_t ngx_http_qwen_chat_route(ngx_http_request_t *r,
    ngx_str_t *rest);
static ngx_int_t ngx_http_qwen_json_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_open_models_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_healthz_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_readyz_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_status_handler(ngx_http_request_t *r,
    ngx_uint_t status, qwen_str_t body);
static ngx_int_t ngx_http_qwen_error_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_refuse(ngx_http_request_t *r,
    ngx_uint_t status, char *allow);


static const ngx_http_qwen_api_t  ngx_http_qwen_apis[] = {
    { ngx_string("openai"), ngx_http_qwen_openai_handler, 1, 0 },
    { ngx_string("models"), ngx_http_qwen_open_models_handler, 0, 0 },
    { ngx_string("admin"), ngx_http_qwen_admin_handler, 1, 1 },
    { ngx_string("verify"), ngx_http_qwen_verify_handler, 0, 1 },
    { ngx_string("healthz"), ngx_http_qwen_healthz_handler, 0, 0 },
    { ngx_string("readyz"), ngx_http_qwen_readyz_handler, 0, 0 },
    { ngx_string("error"), ngx_http_qwen_error_handler, 0, 0 },
    { ngx_null_string, NULL, 0, 0 }
};


static const ngx_http_qwen_route_t  ngx_http_qwen_routes[] = {

    { ngx_string("chat/completions"),
      NGX_HTTP_POST,
      "POST, OPTIONS",
      ngx_http_qwen_chat_route },

    { ngx_string("models"),
      NGX_HTTP_QWEN_GET,
      "GET, HEAD, OPTIONS",
      ngx_http_qwen_models_handler },

    { ngx_string("models/"),
      NGX_HTTP_QWEN_GET,
      "GET, HEAD, OPTIONS",
      ngx_http_qwen_models_handler },

    { ngx_null_string, 0, NULL, NULL }
};


const ngx_http_qwen_api_t *
ngx_http_qwen_api_find(ngx_str_t *name)
{
    const ngx_http_qwen_api_t  *api;

    for (api = ngx_http_qwen_apis; api->name.len; api++) {
        if (api->name.len == name->len
            && ngx_strncmp(api->name.data, name->data, name->len) == 0)
        {
            return api;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_qwen_openai_handler(ngx_http_request_t *r)
{
    ngx_str_t  path;

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_qwen_respond_preflight(r);
    }

    if (ngx_http_qwen_auth(r) == NULL) {
        return ngx_http_qwen_refuse(r, NGX_HTTP_UNAUTHORIZED, NULL);
    }

    path = ngx_http_qwen_api_path(r);

    return ngx_http_qwen_route(r, &path);
}


ngx_str_t
ngx_http_qwen_api_path(ngx_http_request_t *r)
{
    size_t                     n;
    ngx_str_t                  path;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    n = ngx_min(clcf->name.len, r->uri.len);

    path.data = r->uri.data + n;
    path.len = r->uri.len - n;

    if (path.len && path.data[0] == '/') {
        path.data++;
        path.len--;
    }

    return path;
}


ngx_uint_t
ngx_http_qwen_api_match(ngx_str_t *path, const ngx_str_t *route,
    ngx_str_t *rest)
{
    if (path->len < route->len
        || ngx_strncmp(path->data, route->data, route->len) != 0)
    {
        return 0;
    }

    rest->data = path->data + route->len;
    rest->len = path->len - route->len;

    return (rest->len != 0) == (rest->data[-1] == '/');
}


static ngx_int_t
ngx_http_qwen_route(ngx_http_request_t *r, ngx_str_t *path)
{
    ngx_str_t                     rest;
    const ngx_http_qwen_route_t  *route;

    for (route = ngx_http_qwen_routes; route->handler; route++) {

        if (!ngx_http_qwen_api_match(path, &route->path, &rest)) {
            continue;
        }

        if (!(r->method & route->methods)) {
            return ngx_http_qwen_refuse(r, NGX_HTTP_NOT_ALLOWED,
                                        route->allow);
        }

        return route->handler(r, &rest);
    }

    return ngx_http_qwen_refuse(r, NGX_HTTP_NOT_FOUND, NULL);
}


static ngx_int_t
ngx_http_qwen_chat_route(ngx_http_request_t *r, ngx_str_t *rest)
{
    if (r != r->main) {

        /* its calls and its answer would be those of another request */

        return NGX_HTTP_NOT_ALLOWED;
    }

    if (ngx_http_qwen_json_body(r) != NGX_OK) {
        return ngx_http_qwen_refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, NULL);
    }

    return ngx_http_qwen_chat_handler(r);
}


static ngx_int_t
ngx_http_qwen_json_body(ngx_http_request_t *r)
{
    size_t      len;
    ngx_str_t  *type;

    if (r->headers_in.content_type == NULL) {
        return NGX_OK;
    }

    type = &r->headers_in.content_type->value;
    len = sizeof("application/json") - 1;

    if (type->len < len
        || ngx_strncasecmp(type->data, (u_char *) "application/json", len)
           != 0)
    {
        return NGX_DECLINED;
    }

    if (type->len == len
        || type->data[len] == ';' || type->data[len] == ' ')
    {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_qwen_open_models_handler(ngx_http_request_t *r)
{
    ngx_str_t  id;

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_qwen_respond_preflight(r);
    }

    if (!(r->method & NGX_HTTP_QWEN_GET)) {
        return ngx_http_qwen_refuse(r, NGX_HTTP_NOT_ALLOWED,
                                    "GET, HEAD, OPTIONS");
    }

    ngx_str_null(&id);

    return ngx_http_qwen_models_handler(r, &id);
}


static ngx_int_t
ngx_http_qwen_healthz_handler(ngx_http_request_t *r)
{
    return ngx_http_qwen_status_handler(r, NGX_HTTP_OK,
                                        qwen_literal("{\"status\":\"ok\"}"));
}


static ngx_int_t
ngx_http_qwen_readyz_handler(ngx_http_request_t *r)
{
    qwen_str_t                  body;
    ngx_qwen_pool_status_t      status;
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_http_get_module_main_conf(r, ngx_http_qwen_module);

    ngx_qwen_pool_status(&qmcf->pool, &status);

    if (status.ready) {
        return ngx_http_qwen_status_handler(r, NGX_HTTP_OK,
                                      qwen_literal("{\"status\":\"ready\"}"));
    }

    /* a request that finds no account nudges the sign-in as well */

    ngx_http_qwen_task_nudge();

    if (status.accounts == 0) {
        body = qwen_literal("{\"status\":\"not_ready\","
                            "\"reason\":\"no account\"}");

    } else if (status.signin) {
        body = qwen_literal("{\"status\":\"not_ready\","
                            "\"reason\":\"no account is signed in\"}");

    } else {
        body = qwen_literal("{\"status\":\"not_ready\","
                            "\"reason\":\"all accounts cool down\"}");
    }

    return ngx_http_qwen_status_handler(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                        body);
}


static ngx_int_t
ngx_http_qwen_status_handler(ngx_http_request_t *r, ngx_uint_t status,
    qwen_str_t body)
{
    ngx_int_t  rc;

    if (!(r->method & NGX_HTTP_QWEN_GET)) {
        return ngx_http_qwen_refuse(r, NGX_HTTP_NOT_ALLOWED, "GET, HEAD");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_qwen_respond_json(r, status, body);
}


/* The target of error_page: nginx's own errors, in the client's dialect. */

static ngx_int_t
ngx_http_qwen_error_handler(ngx_http_request_t *r)
{
    ngx_uint_t  status;

    status = r->err_status ? r->err_status : NGX_HTTP_NOT_FOUND;

    return ngx_http_qwen_refuse(r, status, NULL);
}


static ngx_int_t
ngx_http_qwen_refuse(ngx_http_request_t *r, ngx_uint_t status, char *allow)
{
    ngx_int_t            rc;
    ngx_str_t            value;
    qwen_openai_error_t  error;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (allow) {
        value.data = (u_char *) allow;
        value.len = ngx_strlen(allow);

        if (ngx_http_qwen_add_header(r, "Allow", &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    qwen_openai_error_status(&error, status);

    return ngx_http_qwen_respond_error(r, &error, 0);
}
