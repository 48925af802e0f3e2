
/* Whole answers to clients: JSON, errors in the client's dialect, CORS. */

#ifndef _NGX_HTTP_QWEN_RESPOND_H_INCLUDED_
#define _NGX_HTTP_QWEN_RESPOND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "qwen_buf.h"
#include "qwen_openai_error.h"


/* Adds a header to the answer; value must live as long as the request. */
ngx_int_t ngx_http_qwen_add_header(ngx_http_request_t *r, char *name,
    ngx_str_t *value);

/* Adds what lets a browser's script of another origin read the answer. */
ngx_int_t ngx_http_qwen_add_cors(ngx_http_request_t *r);

/* Adds the time after which a request may be repeated (milliseconds). */
ngx_int_t ngx_http_qwen_add_retry_after(ngx_http_request_t *r,
    ngx_msec_t retry_after);

/* The following send a whole answer and return what the request is to be
 * finalized with. */

/* Answers with JSON, which is copied. */
ngx_int_t ngx_http_qwen_respond_json(ngx_http_request_t *r,
    ngx_uint_t status, qwen_str_t body);

/* The same without a copy: body must live as long as the request. */
ngx_int_t ngx_http_qwen_respond_memory(ngx_http_request_t *r,
    ngx_uint_t status, qwen_str_t body);

/* Answers with an OpenAI error; retry_after is in milliseconds, 0: none. */
ngx_int_t ngx_http_qwen_respond_error(ngx_http_request_t *r,
    const qwen_openai_error_t *error, ngx_msec_t retry_after);

/* Answers a CORS preflight. */
ngx_int_t ngx_http_qwen_respond_preflight(ngx_http_request_t *r);


#endif /* _NGX_HTTP_QWEN_RESPOND_H_INCLUDED_ */
