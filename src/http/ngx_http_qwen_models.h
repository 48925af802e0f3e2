
/* The models of the upstream: a cache in the zone, a parsed copy in each
 * worker, the routes that tell them. */

#ifndef _NGX_HTTP_QWEN_MODELS_H_INCLUDED_
#define _NGX_HTTP_QWEN_MODELS_H_INCLUDED_


#include "ngx_http_qwen_conf.h"
#include "qwen_models.h"


/* This worker's copy, renewed when the cache has changed; NULL: no list yet.
 * Valid until the worker returns to its event loop. */
const qwen_models_t *ngx_http_qwen_models(ngx_http_qwen_main_conf_t *qmcf);

/* Frees this worker's copy. */
void ngx_http_qwen_models_exit(void);

/* Fetches the list by a carrier when it is due and no one else does it.
 * NGX_OK: begun; NGX_DECLINED: not due, or no account can; NGX_ERROR. */
ngx_int_t ngx_http_qwen_models_refresh(ngx_http_qwen_main_conf_t *qmcf);

/* Answers with the list of models, or, with an id, with one of them.  To be
 * returned by a content handler. */
ngx_int_t ngx_http_qwen_models_handler(ngx_http_request_t *r, ngx_str_t *id);


#endif /* _NGX_HTTP_QWEN_MODELS_H_INCLUDED_ */
