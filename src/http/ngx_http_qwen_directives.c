
/* The setters of directives whose syntax is special. */

#include "ngx_http_qwen_api.h"
#include "ngx_http_qwen_conf.h"


typedef struct {
    ngx_str_t    name;
    size_t       offset;
} ngx_http_qwen_member_t;


static ngx_http_qwen_member_t *ngx_http_qwen_member(
    ngx_http_qwen_member_t *members, ngx_str_t *name);
static ngx_uint_t ngx_http_qwen_is_text(ngx_str_t *text, u_char first);
static char *ngx_http_qwen_set_text(ngx_conf_t *cf, ngx_str_t *text);
static ngx_int_t ngx_http_qwen_add_server(ngx_conf_t *cf,
    ngx_http_qwen_srv_conf_t **result);


static ngx_http_qwen_member_t  ngx_http_qwen_cooldown_times[] = {
    { ngx_string("rate_limited"),
      offsetof(ngx_qwen_cooldown_t, rate_limited) },
    { ngx_string("quota"), offsetof(ngx_qwen_cooldown_t, quota) },
    { ngx_string("challenged"), offsetof(ngx_qwen_cooldown_t, challenged) },
    { ngx_string("failure"), offsetof(ngx_qwen_cooldown_t, failure) },
    { ngx_string("max"), offsetof(ngx_qwen_cooldown_t, failure_max) },
    { ngx_string("signin"), offsetof(ngx_qwen_cooldown_t, signin) },
    { ngx_null_string, 0 }
};


static ngx_http_qwen_member_t  ngx_http_qwen_web_params[] = {
    { ngx_string("signin_path"), offsetof(qwen_web_params_t, signin_path) },
    { ngx_string("models_path"), offsetof(qwen_web_params_t, models_path) },
    { ngx_string("new_chat_path"),
      offsetof(qwen_web_params_t, new_chat_path) },
    { ngx_string("completion_path"),
      offsetof(qwen_web_params_t, completion_path) },
    { ngx_string("version"), offsetof(qwen_web_params_t, version) },
    { ngx_string("chat_mode"), offsetof(qwen_web_params_t, chat_mode) },
    { ngx_string("chat_title"), offsetof(qwen_web_params_t, chat_title) },
    { ngx_null_string, 0 }
};


char *
ngx_http_qwen_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_main_conf_t *qmcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (qmcf->pool.shm_zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR || size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\" in \"%V\" directive, "
                           "it must be at least %uzk",
                           &value[2], &cmd->name, 8 * ngx_pagesize / 1024);
        return NGX_CONF_ERROR;
    }

    if (ngx_qwen_pool_add_zone(cf, &qmcf->pool, &value[1], size,
                               &ngx_http_qwen_module)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_qwen_set_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_main_conf_t *qmcf = conf;

    ngx_str_t  *value;

    if (qmcf->store.type) {
        return "is duplicate";
    }

    value = cf->args->elts;

    qmcf->store.type = ngx_qwen_store_find(&value[1]);

    if (qmcf->store.type == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive, it must "
                           "be \"none\", \"file\" or \"redis\"", &value[1],
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    return qmcf->store.type->init(cf, &qmcf->store, value + 2,
                                  cf->args->nelts - 2);
}


char *
ngx_http_qwen_set_cooldown(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_main_conf_t *qmcf = conf;

    u_char                  *p;
    ngx_int_t                n;
    ngx_str_t               *value, name, number;
    ngx_msec_t              *time;
    ngx_uint_t               i;
    ngx_http_qwen_member_t  *member;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        p = ngx_strlchr(value[i].data, value[i].data + value[i].len, '=');
        if (p == NULL) {
            goto invalid;
        }

        name.data = value[i].data;
        name.len = p - value[i].data;
        number.data = p + 1;
        number.len = value[i].len - name.len - 1;

        if (name.len == sizeof("failures") - 1
            && ngx_strncmp(name.data, "failures", name.len) == 0)
        {
            n = ngx_atoi(number.data, number.len);
            if (n <= 0) {
                goto invalid;
            }

            if (qmcf->pool.cooldown.failures != NGX_CONF_UNSET_UINT) {
                return "has a duplicate parameter \"failures\"";
            }

            qmcf->pool.cooldown.failures = n;
            continue;
        }

        member = ngx_http_qwen_member(ngx_http_qwen_cooldown_times, &name);
        n = ngx_parse_time(&number, 0);

        if (member == NULL || n <= 0) {
            goto invalid;
        }

        time = (ngx_msec_t *) ((u_char *) &qmcf->pool.cooldown
                               + member->offset);

        if (*time != NGX_CONF_UNSET_MSEC) {
            return "has a duplicate parameter";
        }

        *time = n;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"%V\" directive, it must "
                       "be \"failures=number\" from 1 or a time above 0 for "
                       "\"rate_limited=\", \"quota=\", \"challenged=\", "
                       "\"failure=\", \"max=\" or \"signin=\"",
                       &value[i], &cmd->name);

    return NGX_CONF_ERROR;
}


static ngx_http_qwen_member_t *
ngx_http_qwen_member(ngx_http_qwen_member_t *members, ngx_str_t *name)
{
    ngx_http_qwen_member_t  *member;

    for (member = members; member->name.len; member++) {
        if (member->name.len == name->len
            && ngx_strncmp(member->name.data, name->data, name->len) == 0)
        {
            return member;
        }
    }

    return NULL;
}


char *
ngx_http_qwen_set_web_param(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_loc_conf_t *qlcf = conf;

    ngx_str_t               *value;
    qwen_str_t              *param;
    ngx_http_qwen_member_t  *member;

    value = cf->args->elts;

    member = ngx_http_qwen_member(ngx_http_qwen_web_params, &value[1]);

    if (member == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" in \"%V\" directive, it must "
                           "be signin_path, models_path, new_chat_path, "
                           "completion_path, version, chat_mode or "
                           "chat_title", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (value[1].len > 5
        && ngx_strncmp(value[1].data + value[1].len - 5, "_path", 5) == 0
        && (value[2].len == 0 || value[2].data[0] != '/'
            || !ngx_http_qwen_is_text(&value[2], '!')))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\" in \"%V\" "
                           "directive, it must begin with \"/\" and hold no "
                           "space or control character",
                           &value[2], &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    param = (qwen_str_t *) ((u_char *) &qlcf->web + member->offset);

    if (param->data) {
        return "is duplicate";
    }

    param->data = value[2].data;
    param->len = value[2].len;

    return NGX_CONF_OK;
}


char *
ngx_http_qwen_set_max_body(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_loc_conf_t *qlcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (qlcf->max_upstream_body != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 3 && ngx_strncmp(value[1].data, "off", 3) == 0) {
        qlcf->max_upstream_body = NGX_MAX_SIZE_T_VALUE;
        return NGX_CONF_OK;
    }

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR || size < 8 * 1024) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive, it must "
                           "be \"off\" or a size of at least 8k",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    qlcf->max_upstream_body = size;

    return NGX_CONF_OK;
}


char *
ngx_http_qwen_set_web_cookie(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_loc_conf_t *qlcf = conf;

    return ngx_http_qwen_set_text(cf, &qlcf->web_cookie);
}


/* Whether no character is below the first one or a control character. */

static ngx_uint_t
ngx_http_qwen_is_text(ngx_str_t *text, u_char first)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < first || text->data[i] == 0x7f) {
            return 0;
        }
    }

    return 1;
}


/* A text that is sent as it is; a variable in it would not be replaced. */

static char *
ngx_http_qwen_set_text(ngx_conf_t *cf, ngx_str_t *text)
{
    ngx_str_t  *value;

    if (text->data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '$')) {
        return "takes no variables";
    }

    if (value[1].len == 0 || !ngx_http_qwen_is_text(&value[1], ' ')) {
        return "takes a text without control characters";
    }

    *text = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_qwen_set_allow_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_loc_conf_t *qlcf = conf;

    char       *rv;
    ngx_str_t  *origin;

    origin = &qlcf->allow_origin;

    rv = ngx_http_qwen_set_text(cf, origin);

    if (rv == NGX_CONF_OK
        && origin->len == 3 && ngx_strncmp(origin->data, "off", 3) == 0)
    {
        origin->len = 0;
    }

    return rv;
}


char *
ngx_http_qwen_set_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_loc_conf_t *qlcf = conf;

    ngx_str_t                  *value;
    const ngx_http_qwen_api_t  *api;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_qwen_srv_conf_t   *qscf;
    ngx_http_qwen_location_t   *location;
    ngx_http_qwen_main_conf_t  *qmcf;

    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "is duplicate or follows another content handler";
    }

    api = ngx_http_qwen_api_find(&value[1]);

    if (api == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid API \"%V\" in \"%V\" directive, it must "
                           "be openai, models, admin, verify, healthz, "
                           "readyz or error", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (api->routes
        && (clcf->exact_match || clcf->named
#if (NGX_PCRE)
            || clcf->regex
#endif
           ))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V %V\" takes its routes from what follows a "
                           "location's prefix, location \"%V\" is none",
                           &cmd->name, &value[1], &clcf->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_qwen_add_server(cf, &qscf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_qwen_module);

    location = ngx_array_push(&qmcf->apis);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    location->location = clcf;
    location->handler = api->handler;

    qscf->api = clcf;
    qlcf->handler = api->handler;
    qlcf->closed = api->closed;
    clcf->handler = api->handler;

    return NGX_CONF_OK;
}


char *
ngx_http_qwen_set_upstream(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_qwen_srv_conf_t  *qscf;

    value = cf->args->elts;

    if (value[1].len != 3 || ngx_strncmp(value[1].data, "web", 3) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid upstream \"%V\" in \"%V\" directive, it "
                           "must be \"web\"", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    qscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_qwen_module);

    if (clcf->exact_match || clcf->named || clcf->name.len == 0
#if (NGX_PCRE)
        || clcf->regex
#endif
        || clcf->name.data[clcf->name.len - 1] != '/')
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must be in a location whose name is a "
                           "prefix that ends with \"/\"", &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (qscf->web) {
        return "is duplicate in this server";
    }

    qscf->web = clcf;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_qwen_add_server(ngx_conf_t *cf, ngx_http_qwen_srv_conf_t **result)
{
    ngx_http_qwen_srv_conf_t   *qscf, **server;
    ngx_http_qwen_main_conf_t  *qmcf;

    qscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_qwen_module);
    *result = qscf;

    if (qscf->server) {
        return NGX_OK;
    }

    qscf->server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_qwen_module);

    server = ngx_array_push(&qmcf->servers);
    if (server == NULL) {
        return NGX_ERROR;
    }

    *server = qscf;

    return NGX_OK;
}
