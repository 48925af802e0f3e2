
#ifndef _NGX_HTTP_QWEN_CONF_H_INCLUDED_
#define _NGX_HTTP_QWEN_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_qwen_ctx.h"
#include "ngx_qwen_keys.h"
#include "ngx_qwen_pool.h"
#include "ngx_qwen_store.h"
#include "qwen_web.h"


typedef enum {
    NGX_HTTP_QWEN_REASONING_CONTENT = 0,
    NGX_HTTP_QWEN_REASONING_THINK,
    NGX_HTTP_QWEN_REASONING_OFF
} ngx_http_qwen_reasoning_e;


typedef enum {
    NGX_HTTP_QWEN_SEARCH_TABLE = 0,
    NGX_HTTP_QWEN_SEARCH_TEXT
} ngx_http_qwen_search_e;


/* A location with "qwen_api". */
typedef struct {
    ngx_http_core_loc_conf_t  *location;
    ngx_http_handler_pt        handler;
} ngx_http_qwen_location_t;


typedef struct {
    ngx_qwen_pool_t            pool;
    ngx_qwen_keys_t            keys;
    ngx_qwen_store_t           store;
    ngx_msec_t                 models_ttl;
    ngx_array_t                servers;  /* of ngx_http_qwen_srv_conf_t * */
    ngx_array_t                apis;     /* of ngx_http_qwen_location_t */
} ngx_http_qwen_main_conf_t;


typedef struct {
    ngx_http_core_srv_conf_t  *server;
    ngx_http_core_loc_conf_t  *web;      /* location of "qwen_upstream web" */
    ngx_http_core_loc_conf_t  *api;      /* some location with "qwen_api" */
} ngx_http_qwen_srv_conf_t;


typedef struct {
    ngx_uint_t                 attempts;
    ngx_msec_t                 retry_delay;
    ngx_msec_t                 timeout;
    ngx_uint_t                 reasoning;
    ngx_uint_t                 search_info;
    ngx_flag_t                 stream_usage;
    ngx_msec_t                 stream_keepalive;
    ngx_flag_t                 models_variants;
    size_t                     max_upstream_body;
    size_t                     max_event;
    size_t                     max_answer;
    size_t                     max_json;
    ngx_str_t                  allow_origin;
    qwen_web_params_t          web;
    ngx_str_t                  web_cookie;
    ngx_http_handler_pt        handler;  /* of "qwen_api" */
    ngx_uint_t                 closed;   /* see ngx_http_qwen_api.h */
} ngx_http_qwen_loc_conf_t;


/* Setters of the directives that need more than a ready-made slot. */
char *ngx_http_qwen_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qwen_set_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qwen_set_key_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qwen_set_account(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qwen_set_account_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qwen_set_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qwen_set_cooldown(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qwen_set_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qwen_set_upstream(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qwen_set_web_param(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qwen_set_max_body(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_qwen_set_web_cookie(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qwen_set_allow_origin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* What a value may be, for ngx_http_qwen_set_value(). */
typedef struct {
    char           *(*set)(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
    ngx_conf_enum_t  *names;
    ngx_uint_t        min;
    ngx_uint_t        max;       /* 0: none */
    char             *allowed;   /* in words */
} ngx_http_qwen_value_t;

/* Sets a slot as the ready-made setters do; a wrong value is told with what is
 * allowed.  cmd->post is the ngx_http_qwen_value_t. */
char *ngx_http_qwen_set_value(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

extern ngx_http_qwen_value_t  ngx_http_qwen_time;
extern ngx_http_qwen_value_t  ngx_http_qwen_positive_time;
extern ngx_http_qwen_value_t  ngx_http_qwen_size;
extern ngx_http_qwen_value_t  ngx_http_qwen_attempts;
extern ngx_http_qwen_value_t  ngx_http_qwen_reasoning;
extern ngx_http_qwen_value_t  ngx_http_qwen_search_info;


void *ngx_http_qwen_create_main_conf(ngx_conf_t *cf);
char *ngx_http_qwen_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_qwen_create_srv_conf(ngx_conf_t *cf);
void *ngx_http_qwen_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_qwen_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);

/* Checks what only the whole configuration shows, and installs the filters
 * when the module is used. */
ngx_int_t ngx_http_qwen_init(ngx_conf_t *cf);

/* Takes the accounts of a configuration that is taken. */
ngx_int_t ngx_http_qwen_init_module(ngx_cycle_t *cycle);

/* The configuration of the location that a request's web calls go through. */
ngx_http_qwen_loc_conf_t *ngx_http_qwen_web_conf(ngx_http_request_t *r);

/* Whether the configuration uses the module at all. */
#define ngx_http_qwen_used(qmcf)  ((qmcf)->servers.nelts != 0)


#endif /* _NGX_HTTP_QWEN_CONF_H_INCLUDED_ */
