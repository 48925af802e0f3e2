
/*
 * ngx_qwen: an OpenAI-compatible gateway for Qwen inside nginx.  This file is
 * the table of contents: directives, module context, nothing else.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_qwen_conf.h"
#include "ngx_http_qwen_task.h"
#include "ngx_http_qwen_variables.h"


#define NGX_HTTP_QWEN_ALL_CONF                                                \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_command_t  ngx_http_qwen_commands[] = {

    { ngx_string("qwen_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_qwen_set_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_qwen_set_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_key_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_key_file,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_account"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_account,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_account_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_account_file,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_qwen_set_store,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_cooldown"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_qwen_set_cooldown,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_models_ttl"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_qwen_main_conf_t, models_ttl),
      &ngx_http_qwen_time },

    { ngx_string("qwen_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_upstream"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_upstream,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_web_param"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE2,
      ngx_http_qwen_set_web_param,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_web_cookie"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_web_cookie,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_attempts"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, attempts),
      &ngx_http_qwen_attempts },

    { ngx_string("qwen_retry_delay"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, retry_delay),
      &ngx_http_qwen_time },

    { ngx_string("qwen_timeout"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, timeout),
      &ngx_http_qwen_positive_time },

    { ngx_string("qwen_reasoning"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, reasoning),
      &ngx_http_qwen_reasoning },

    { ngx_string("qwen_search_info"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, search_info),
      &ngx_http_qwen_search_info },

    { ngx_string("qwen_stream_usage"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, stream_usage),
      NULL },

    { ngx_string("qwen_stream_keepalive"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, stream_keepalive),
      &ngx_http_qwen_time },

    { ngx_string("qwen_models_variants"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, models_variants),
      NULL },

    { ngx_string("qwen_max_upstream_body"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_max_body,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("qwen_max_event"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, max_event),
      &ngx_http_qwen_size },

    { ngx_string("qwen_max_answer"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, max_answer),
      &ngx_http_qwen_size },

    { ngx_string("qwen_max_json"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_qwen_loc_conf_t, max_json),
      &ngx_http_qwen_size },

    { ngx_string("qwen_allow_origin"),
      NGX_HTTP_QWEN_ALL_CONF|NGX_CONF_TAKE1,
      ngx_http_qwen_set_allow_origin,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_qwen_module_ctx = {
    ngx_http_qwen_add_variables,           /* preconfiguration */
    ngx_http_qwen_init,                    /* postconfiguration */

    ngx_http_qwen_create_main_conf,        /* create main configuration */
    ngx_http_qwen_init_main_conf,          /* init main configuration */

    ngx_http_qwen_create_srv_conf,         /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_qwen_create_loc_conf,         /* create location configuration */
    ngx_http_qwen_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_qwen_module = {
    NGX_MODULE_V1,
    &ngx_http_qwen_module_ctx,             /* module context */
    ngx_http_qwen_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_qwen_init_module,             /* init module */
    ngx_http_qwen_init_process,            /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_qwen_exit_process,            /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};
