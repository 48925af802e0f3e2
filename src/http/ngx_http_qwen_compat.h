
/*
 * What differs between the versions of nginx that are supported, 1.22 and
 * later; no other file looks at nginx_version.
 */

#ifndef _NGX_HTTP_QWEN_COMPAT_H_INCLUDED_
#define _NGX_HTTP_QWEN_COMPAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* Since 1.23.0 headers of one name are a linked list. */

#if (nginx_version >= 1023000)

#define ngx_http_qwen_header_last(h)  (h)->next = NULL

#else

#define ngx_http_qwen_header_last(h)

#endif


#endif /* _NGX_HTTP_QWEN_COMPAT_H_INCLUDED_ */
