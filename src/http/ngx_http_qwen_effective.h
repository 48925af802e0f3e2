
/*
 * What is in effect: a directive of the location, else what an administrator
 * has set, else the default.
 */

#ifndef _NGX_HTTP_QWEN_EFFECTIVE_H_INCLUDED_
#define _NGX_HTTP_QWEN_EFFECTIVE_H_INCLUDED_


#include "ngx_http_qwen_conf.h"
#include "qwen_record.h"


typedef struct {
    ngx_uint_t   attempts;
    ngx_msec_t   retry_delay;
    ngx_uint_t   reasoning;
    ngx_uint_t   search_info;
    ngx_flag_t   models_variants;

    /* not of locations */
    ngx_flag_t   auto_refresh;
    time_t       refresh_interval;   /* seconds */
    ngx_uint_t   signins;            /* at a time */
} ngx_http_qwen_effective_t;


/* Settings and defaults, without a location. */
void ngx_http_qwen_effective_settings(const qwen_record_settings_t *settings,
    ngx_http_qwen_effective_t *effective);

/* The same with the worker's settings of today. */
void ngx_http_qwen_effective(ngx_http_qwen_main_conf_t *qmcf,
    ngx_http_qwen_effective_t *effective);

/* The same for a request. */
void ngx_http_qwen_effective_of(ngx_http_request_t *r,
    ngx_http_qwen_effective_t *effective);


#endif /* _NGX_HTTP_QWEN_EFFECTIVE_H_INCLUDED_ */
