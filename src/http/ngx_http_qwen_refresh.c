
/*
 * Tokens are replaced before they end, in rounds.  A token that lives shorter
 * than the time between two rounds ends between them, and its account signs in
 * then.
 */

#include "ngx_http_qwen_refresh.h"
#include "ngx_http_qwen_effective.h"


/* A worker that has just begun waits so long, and up to twice that. */
#define NGX_HTTP_QWEN_REFRESH_START      5000

/* Tokens that end within so many seconds are replaced. */
#define NGX_HTTP_QWEN_REFRESH_THRESHOLD  (24 * 3600)


static ngx_msec_t  ngx_http_qwen_refresh_last;
static ngx_msec_t  ngx_http_qwen_refresh_pause;


void
ngx_http_qwen_refresh(ngx_http_qwen_main_conf_t *qmcf)
{
    ngx_uint_t                 n;
    ngx_msec_t                 interval;
    ngx_http_qwen_effective_t  effective;

    ngx_http_qwen_effective(qmcf, &effective);

    if (!effective.auto_refresh || effective.refresh_interval == 0) {
        return;
    }

    interval = (ngx_msec_t) effective.refresh_interval * 1000;

    if (ngx_http_qwen_refresh_pause == 0) {
        ngx_http_qwen_refresh_last = ngx_current_msec;
        ngx_http_qwen_refresh_pause = NGX_HTTP_QWEN_REFRESH_START
                            + ngx_random() % NGX_HTTP_QWEN_REFRESH_START;
    }

    if (ngx_current_msec - ngx_http_qwen_refresh_last
        < ngx_min(ngx_http_qwen_refresh_pause, interval))
    {
        return;
    }

    n = ngx_qwen_signin_refresh(&qmcf->pool, NGX_HTTP_QWEN_REFRESH_THRESHOLD);

    if (n) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "the tokens of %ui accounts are refreshed", n);
    }

    /* nodes that were started together do not stay together */

    ngx_http_qwen_refresh_last = ngx_current_msec;
    ngx_http_qwen_refresh_pause = interval - ngx_random() % (interval / 10 + 1);
}
