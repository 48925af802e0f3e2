
/* The content handlers of "qwen_api": which route, which method, which key. */

#ifndef _NGX_HTTP_QWEN_API_H_INCLUDED_
#define _NGX_HTTP_QWEN_API_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct {
    ngx_str_t                name;       /* argument of the directive */
    ngx_http_handler_pt      handler;
    unsigned                 routes:1;   /* serves what is below a prefix */
    unsigned                 closed:1;   /* to pages of other origins, unless
                                            they are named */
} ngx_http_qwen_api_t;


/* The API of that name; NULL: none. */
const ngx_http_qwen_api_t *ngx_http_qwen_api_find(ngx_str_t *name);


/* What follows the prefix of the request's location. */
ngx_str_t ngx_http_qwen_api_path(ngx_http_request_t *r);

/* Whether a path is that of the route; one that ends with "/" is followed by a
 * rest. */
ngx_uint_t ngx_http_qwen_api_match(ngx_str_t *path, const ngx_str_t *route,
    ngx_str_t *rest);


#endif /* _NGX_HTTP_QWEN_API_H_INCLUDED_ */
