
/*
 * The module's context of a request: of a client's request, of a carrier, or
 * of a subrequest that is a call.
 */

#ifndef _NGX_HTTP_QWEN_CTX_H_INCLUDED_
#define _NGX_HTTP_QWEN_CTX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_qwen_timer.h"
#include "ngx_qwen_keys.h"
#include "qwen_delta.h"
#include "qwen_failure.h"


typedef struct ngx_http_qwen_body_s  ngx_http_qwen_body_t;
typedef struct ngx_http_qwen_call_s  ngx_http_qwen_call_t;
typedef struct ngx_http_qwen_chat_s  ngx_http_qwen_chat_t;
typedef struct ngx_http_qwen_stream_s  ngx_http_qwen_stream_t;


/* What the log variables tell of a request. */
typedef struct {
    ngx_str_t                    account;        /* masked */
    ngx_str_t                    model;
    ngx_str_t                    chat_type;
    ngx_uint_t                   attempts;
    qwen_fail_class_t            failure;
    ngx_msec_t                   first_token;    /* since the start + 1 */
    ngx_uint_t                   upstream_status;
    qwen_usage_t                 usage;
    unsigned                     has_usage:1;
    unsigned                     aborted:1;      /* by the client */
} ngx_http_qwen_log_t;


typedef struct {
    ngx_uint_t                   subrequest; /* 0; a call, which begins with 1,
                                                is the subrequest's context */
    ngx_http_qwen_call_t        *call;       /* the one that runs */
    ngx_http_qwen_timer_t        timer;      /* until the next step */
    ngx_http_qwen_body_t        *body;
    ngx_http_qwen_chat_t        *chat;
    ngx_http_qwen_stream_t      *stream;
    void                        *models;     /* a request for the list */
    void                        *admin;      /* an administrator's request */
    const ngx_qwen_key_t        *key;        /* the client's */
    ngx_str_t                    presented;  /* its value, in a header */
    ngx_http_qwen_log_t          log;
    unsigned                     key_checked:1;
} ngx_http_qwen_ctx_t;


extern ngx_module_t  ngx_http_qwen_module;


/* The context of a client's request or a carrier, made when there is none;
 * NULL: no memory. */
ngx_http_qwen_ctx_t *ngx_http_qwen_get_ctx(ngx_http_request_t *r);


#endif /* _NGX_HTTP_QWEN_CTX_H_INCLUDED_ */
