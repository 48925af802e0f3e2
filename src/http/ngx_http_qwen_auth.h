
#ifndef _NGX_HTTP_QWEN_AUTH_H_INCLUDED_
#define _NGX_HTTP_QWEN_AUTH_H_INCLUDED_


#include "ngx_http_qwen_ctx.h"


/* The client's key: "Authorization: Bearer <key>" or the bare key there, or
 * "x-api-key: <key>".  Looked up once for a request; NULL: none or a wrong
 * one. */
const ngx_qwen_key_t *ngx_http_qwen_auth(ngx_http_request_t *r);

/* The key that somebody presents, of the configuration or of an administrator;
 * it lives as long as r.  NULL: there is none. */
const ngx_qwen_key_t *ngx_http_qwen_auth_key(ngx_http_request_t *r,
    ngx_str_t *presented);


#endif /* _NGX_HTTP_QWEN_AUTH_H_INCLUDED_ */
