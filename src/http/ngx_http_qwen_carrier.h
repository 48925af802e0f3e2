
/* A request without a client: what carries calls of background work. */

#ifndef _NGX_HTTP_QWEN_CARRIER_H_INCLUDED_
#define _NGX_HTTP_QWEN_CARRIER_H_INCLUDED_


#include "ngx_http_qwen_conf.h"


/* Makes a carrier in the context of a server; NULL: no memory, connection or
 * descriptor.  Calls are started on it as on any request, each followed by
 * ngx_http_run_posted_requests() when not started from another's end. */
ngx_http_request_t *ngx_http_qwen_carrier_create(
    ngx_http_core_srv_conf_t *server);

/* Ends a carrier that has no running call; its pool is gone then. */
void ngx_http_qwen_carrier_destroy(ngx_http_request_t *r);


#endif /* _NGX_HTTP_QWEN_CARRIER_H_INCLUDED_ */
