
#ifndef _NGX_HTTP_QWEN_SIGNIN_H_INCLUDED_
#define _NGX_HTTP_QWEN_SIGNIN_H_INCLUDED_


#include "ngx_http_qwen_conf.h"


/* Signs in one account whose sign-in is due, by a carrier, so that no client
 * that leaves can break it off.  NGX_OK: one has begun; NGX_DECLINED: none is
 * due; NGX_ERROR. */
ngx_int_t ngx_http_qwen_signin_start(ngx_http_qwen_main_conf_t *qmcf);


#endif /* _NGX_HTTP_QWEN_SIGNIN_H_INCLUDED_ */
