
#ifndef _NGX_HTTP_QWEN_REFRESH_H_INCLUDED_
#define _NGX_HTTP_QWEN_REFRESH_H_INCLUDED_


#include "ngx_http_qwen_conf.h"


/* Begins a round when its time has come.  To be called often, by one worker. */
void ngx_http_qwen_refresh(ngx_http_qwen_main_conf_t *qmcf);


#endif /* _NGX_HTTP_QWEN_REFRESH_H_INCLUDED_ */
