
/* What goes on without clients: sign-ins that are due, the list of models. */

#ifndef _NGX_HTTP_QWEN_TASK_H_INCLUDED_
#define _NGX_HTTP_QWEN_TASK_H_INCLUDED_


#include "ngx_http_qwen_conf.h"


/* Starts the schedule of worker 0. */
ngx_int_t ngx_http_qwen_init_process(ngx_cycle_t *cycle);

/* Frees what a worker keeps of its own. */
void ngx_http_qwen_exit_process(ngx_cycle_t *cycle);

/* Asks this worker to look for due work soon, for a request that waits. */
void ngx_http_qwen_task_nudge(void);


#endif /* _NGX_HTTP_QWEN_TASK_H_INCLUDED_ */
