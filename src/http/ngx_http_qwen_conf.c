
#include "ngx_http_qwen_conf.h"
#include "ngx_http_qwen_call.h"


static ngx_int_t ngx_http_qwen_load(void *data, ngx_log_t *log);
static void ngx_http_qwen_merge_web_params(qwen_web_params_t *conf,
    qwen_web_params_t *prev);
static ngx_int_t ngx_http_qwen_check_server(ngx_conf_t *cf,
    ngx_http_qwen_srv_conf_t *qscf);
static ngx_int_t ngx_http_qwen_check_upstream(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf);


void *
ngx_http_qwen_create_main_conf(ngx_conf_t *cf)
{
    ngx_qwen_cooldown_t        *cooldown;
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_qwen_main_conf_t));
    if (qmcf == NULL) {
        return NULL;
    }

    qmcf->models_ttl = NGX_CONF_UNSET_MSEC;

    cooldown = &qmcf->pool.cooldown;

    cooldown->rate_limited = NGX_CONF_UNSET_MSEC;
    cooldown->quota = NGX_CONF_UNSET_MSEC;
    cooldown->challenged = NGX_CONF_UNSET_MSEC;
    cooldown->failures = NGX_CONF_UNSET_UINT;
    cooldown->failure = NGX_CONF_UNSET_MSEC;
    cooldown->failure_max = NGX_CONF_UNSET_MSEC;
    cooldown->signin = NGX_CONF_UNSET_MSEC;

    if (ngx_array_init(&qmcf->servers, cf->pool, 1,
                       sizeof(ngx_http_qwen_srv_conf_t *))
        != NGX_OK
        || ngx_array_init(&qmcf->apis, cf->pool, 8,
                          sizeof(ngx_http_qwen_location_t))
           != NGX_OK
        || ngx_array_init(&qmcf->pool.accounts, cf->pool, 4,
                          sizeof(ngx_qwen_credentials_t))
           != NGX_OK)
    {
        return NULL;
    }

    return qmcf;
}


char *
ngx_http_qwen_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_qwen_main_conf_t *qmcf = conf;

    ngx_str_t             none;
    ngx_qwen_cooldown_t  *cooldown;

    ngx_conf_init_msec_value(qmcf->models_ttl, 3600 * 1000);

    cooldown = &qmcf->pool.cooldown;

    ngx_conf_init_msec_value(cooldown->rate_limited, 3600 * 1000);
    ngx_conf_init_msec_value(cooldown->quota, 3600 * 1000);
    ngx_conf_init_msec_value(cooldown->challenged, 600 * 1000);
    ngx_conf_init_uint_value(cooldown->failures, 3);
    ngx_conf_init_msec_value(cooldown->failure, 300 * 1000);
    ngx_conf_init_msec_value(cooldown->failure_max, 3600 * 1000);
    ngx_conf_init_msec_value(cooldown->signin, 30 * 1000);

    qmcf->pool.lease_time = 60 * 1000;

    if (qmcf->store.type == NULL) {
        ngx_str_set(&none, "none");
        qmcf->store.type = ngx_qwen_store_find(&none);
    }

    qmcf->store.pool = &qmcf->pool;
    qmcf->pool.load = ngx_http_qwen_load;
    qmcf->pool.load_data = &qmcf->store;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_qwen_load(void *data, ngx_log_t *log)
{
    ngx_qwen_store_t  *store = data;

    return store->type->load(store, log);
}


void *
ngx_http_qwen_create_srv_conf(ngx_conf_t *cf)
{
    /* all pointers are set by directives of its locations */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_qwen_srv_conf_t));
}


void *
ngx_http_qwen_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_qwen_loc_conf_t  *qlcf;

    qlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_qwen_loc_conf_t));
    if (qlcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     qlcf->allow_origin = { 0, NULL };
     *     qlcf->web = { { NULL, 0 }, ... };
     *     qlcf->web_cookie = { 0, NULL };
     *     qlcf->handler = NULL;
     *     qlcf->closed = 0;
     */

    qlcf->attempts = NGX_CONF_UNSET_UINT;
    qlcf->retry_delay = NGX_CONF_UNSET_MSEC;
    qlcf->timeout = NGX_CONF_UNSET_MSEC;
    qlcf->reasoning = NGX_CONF_UNSET_UINT;
    qlcf->search_info = NGX_CONF_UNSET_UINT;
    qlcf->stream_usage = NGX_CONF_UNSET;
    qlcf->stream_keepalive = NGX_CONF_UNSET_MSEC;
    qlcf->models_variants = NGX_CONF_UNSET;
    qlcf->max_upstream_body = NGX_CONF_UNSET_SIZE;
    qlcf->max_event = NGX_CONF_UNSET_SIZE;
    qlcf->max_answer = NGX_CONF_UNSET_SIZE;
    qlcf->max_json = NGX_CONF_UNSET_SIZE;

    return qlcf;
}


char *
ngx_http_qwen_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_qwen_loc_conf_t *prev = parent;
    ngx_http_qwen_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    /* where no directive is, settings count: ngx_http_qwen_effective.h */

    ngx_conf_merge_uint_value(conf->attempts, prev->attempts,
                              NGX_CONF_UNSET_UINT);
    ngx_conf_merge_msec_value(conf->retry_delay, prev->retry_delay,
                              NGX_CONF_UNSET_MSEC);
    ngx_conf_merge_uint_value(conf->reasoning, prev->reasoning,
                              NGX_CONF_UNSET_UINT);
    ngx_conf_merge_uint_value(conf->search_info, prev->search_info,
                              NGX_CONF_UNSET_UINT);
    ngx_conf_merge_value(conf->models_variants, prev->models_variants,
                         NGX_CONF_UNSET);

    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 120000);
    ngx_conf_merge_value(conf->stream_usage, prev->stream_usage, 0);
    ngx_conf_merge_msec_value(conf->stream_keepalive, prev->stream_keepalive,
                              15000);
    ngx_conf_merge_size_value(conf->max_upstream_body,
                              prev->max_upstream_body, 120 * 1024);
    ngx_conf_merge_size_value(conf->max_event, prev->max_event,
                              4 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_answer, prev->max_answer,
                              8 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_json, prev->max_json, 1024 * 1024);

    if (conf->closed && conf->allow_origin.data == NULL) {
        ngx_str_set(&conf->allow_origin, "");
    }

    ngx_conf_merge_str_value(conf->allow_origin, prev->allow_origin, "*");

    ngx_conf_merge_str_value(conf->web_cookie, prev->web_cookie, "");

    ngx_http_qwen_merge_web_params(&conf->web, &prev->web);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->lmt_excpt && clcf->handler == NULL && prev->handler) {
        clcf->handler = prev->handler;
    }

    return NGX_CONF_OK;
}


static void
ngx_http_qwen_merge_web_params(qwen_web_params_t *conf,
    qwen_web_params_t *prev)
{
    ngx_uint_t         i;
    qwen_str_t        *c;
    const qwen_str_t  *d, *p;

    /* the structure is nothing but strings */

    c = (qwen_str_t *) conf;
    p = (const qwen_str_t *) prev;
    d = (const qwen_str_t *) &qwen_web_defaults;

    for (i = 0; i < sizeof(qwen_web_params_t) / sizeof(qwen_str_t); i++) {
        if (c[i].data == NULL) {
            c[i] = p[i].data ? p[i] : d[i];
        }
    }
}


ngx_http_qwen_loc_conf_t *
ngx_http_qwen_web_conf(ngx_http_request_t *r)
{
    ngx_http_qwen_srv_conf_t  *qscf;

    qscf = ngx_http_get_module_srv_conf(r, ngx_http_qwen_module);

    return qscf->web->loc_conf[ngx_http_qwen_module.ctx_index];
}


ngx_int_t
ngx_http_qwen_init(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_handler_pt         *handler;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_qwen_location_t    *api;
    ngx_http_qwen_srv_conf_t   **qscf;
    ngx_http_qwen_main_conf_t   *qmcf;

    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_qwen_module);

    if (!ngx_http_qwen_used(qmcf)) {
        return NGX_OK;
    }

    if (qmcf->pool.shm_zone == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"qwen_api\" needs a zone, write for example "
                      "\"qwen_zone qwen 16m;\" into \"http\"");
        return NGX_ERROR;
    }

    if (qmcf->keys.entries == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"qwen_api\" needs a key of the clients, write "
                      "\"qwen_key\" or \"qwen_key_file\" into \"http\"");
        return NGX_ERROR;
    }

    if (qmcf->pool.accounts.nelts == 0 && !qmcf->store.type->keeps) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"qwen_api\" has no account of the upstream, write "
                      "\"qwen_account\" or \"qwen_account_file\" into "
                      "\"http\"");
    }

    api = qmcf->apis.elts;

    for (i = 0; i < qmcf->apis.nelts; i++) {
        if (api[i].location->handler != api[i].handler) {

            /* it would answer without a key */

            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"qwen_api\" and another content handler are both "
                          "in location \"%V\"", &api[i].location->name);
            return NGX_ERROR;
        }
    }

    qscf = qmcf->servers.elts;

    for (i = 0; i < qmcf->servers.nelts; i++) {
        if (ngx_http_qwen_check_server(cf, qscf[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    handler = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (handler == NULL) {
        return NGX_ERROR;
    }

    *handler = ngx_http_qwen_call_preaccess;

    return ngx_http_qwen_filter_init(cf);
}


ngx_int_t
ngx_http_qwen_init_module(ngx_cycle_t *cycle)
{
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_qwen_module);

    if (qmcf && ngx_http_qwen_used(qmcf)) {
        ngx_qwen_pool_commit(&qmcf->pool, cycle->log);
        qmcf->store.type->commit(&qmcf->store, cycle);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_check_server(ngx_conf_t *cf, ngx_http_qwen_srv_conf_t *qscf)
{
    if (qscf->web == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"qwen_api\" in location \"%V\" needs a location with "
                      "\"qwen_upstream web\" in the same server, write "
                      "\"include qwen_upstream.conf;\" into \"server\"",
                      &qscf->api->name);
        return NGX_ERROR;
    }

    return ngx_http_qwen_check_upstream(cf, qscf->web);
}


/*
 * Calls are subrequests: what redirects them wipes their context, and what
 * answers in the upstream's place would be taken for its answer.
 */

static ngx_int_t
ngx_http_qwen_check_upstream(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf)
{
    char  *missing;

    if (clcf->handler == NULL) {
        missing = "\"proxy_pass\"";

    } else if (!clcf->internal) {
        missing = "\"internal\"";

#if (NGX_PCRE)

    } else if (!clcf->noregex) {

        /* a regular expression would send passwords somewhere else */

        missing = "\"^~\" before its name";

#endif

    } else {

        /* of a server that has one for its pages */

        clcf->error_pages = NULL;

        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "location \"%V\" with \"qwen_upstream\" needs %s",
                  &clcf->name, missing);

    return NGX_ERROR;
}
