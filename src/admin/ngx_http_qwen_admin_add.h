
#ifndef _NGX_HTTP_QWEN_ADMIN_ADD_H_INCLUDED_
#define _NGX_HTTP_QWEN_ADMIN_ADD_H_INCLUDED_


#include "ngx_http_qwen_admin.h"


/* NGX_OK: the account was added; NGX_DECLINED: there is such a one; NGX_ABORT:
 * its sign-in failed, by that class; NGX_ERROR: the zone is full. */
typedef void (*ngx_http_qwen_added_pt)(void *data, ngx_int_t rc,
    qwen_fail_class_t class);


/* Signs an account in, which is copied, and adds it.  NGX_OK: the handler is
 * called once, perhaps before this returns, unless the worker exits.
 * NGX_ERROR: it is not. */
ngx_int_t ngx_http_qwen_add(ngx_http_qwen_main_conf_t *qmcf, ngx_str_t *email,
    ngx_str_t *password, ngx_http_qwen_added_pt handler, void *data);


#endif /* _NGX_HTTP_QWEN_ADMIN_ADD_H_INCLUDED_ */
