
/* The calls of the web API, as calls of the seam. */

#ifndef _NGX_HTTP_QWEN_WEB_H_INCLUDED_
#define _NGX_HTTP_QWEN_WEB_H_INCLUDED_


#include "ngx_http_qwen_call.h"
#include "ngx_qwen_pool.h"
#include "qwen_web.h"


/* The headers that tell an account, made once for all its calls. */
typedef struct {
    ngx_str_t                authorization;
    ngx_str_t                cookie;
} ngx_http_qwen_web_account_t;


/* Makes the headers of a token in r's pool. */
ngx_int_t ngx_http_qwen_web_account(ngx_http_request_t *r, ngx_str_t *token,
    ngx_http_qwen_web_account_t *account);

/* Prepares a call of r to path: location, headers and cap of the answer; the
 * caller adds body, handlers and data.  account NULL: none (sign-in); accept
 * is a MIME type. */
ngx_int_t ngx_http_qwen_web_call(ngx_http_request_t *r,
    ngx_http_qwen_call_t *call, qwen_str_t path, char *accept,
    ngx_http_qwen_web_account_t *account);

/* What a call's answer was, for the provider to judge. */
qwen_web_answer_t ngx_http_qwen_web_answer(ngx_http_qwen_call_t *call);


#endif /* _NGX_HTTP_QWEN_WEB_H_INCLUDED_ */
