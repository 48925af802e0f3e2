
/* One conversation: a client's request, answered by the calls of an account,
 * or of the next one while nothing was sent. */

#ifndef _NGX_HTTP_QWEN_CHAT_H_INCLUDED_
#define _NGX_HTTP_QWEN_CHAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* Answers POST chat/completions.  To be returned by a content handler. */
ngx_int_t ngx_http_qwen_chat_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_QWEN_CHAT_H_INCLUDED_ */
