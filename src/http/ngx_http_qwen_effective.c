
#include "ngx_http_qwen_effective.h"
#include "ngx_qwen_settings.h"


static const ngx_http_qwen_effective_t  ngx_http_qwen_defaults = {
    3,                                 /* attempts */
    100,                               /* retry_delay */
    NGX_HTTP_QWEN_REASONING_CONTENT,   /* reasoning */
    NGX_HTTP_QWEN_SEARCH_TABLE,        /* search_info */
    1,                                 /* models_variants */
    1,                                 /* auto_refresh */
    6 * 3600,                          /* refresh_interval */
    5                                  /* signins */
};


void
ngx_http_qwen_effective_settings(const qwen_record_settings_t *settings,
    ngx_http_qwen_effective_t *effective)
{
    *effective = ngx_http_qwen_defaults;

    if (settings->set & QWEN_RECORD_CHAT_RETRY_COUNT) {
        effective->attempts = (ngx_uint_t) settings->chat_retry_count + 1;
    }

    if (settings->set & QWEN_RECORD_CHAT_RETRY_BACKOFF) {
        effective->retry_delay = (ngx_msec_t) settings->chat_retry_backoff;
    }

    if ((settings->set & QWEN_RECORD_LEGACY_REASONING)
        && settings->legacy_reasoning)
    {
        effective->reasoning = NGX_HTTP_QWEN_REASONING_THINK;
    }

    if ((settings->set & QWEN_RECORD_OUT_THINK) && !settings->out_think) {
        effective->reasoning = NGX_HTTP_QWEN_REASONING_OFF;
    }

    if ((settings->set & QWEN_RECORD_SEARCH_INFO_MODE)
        && !settings->search_info_table)
    {
        effective->search_info = NGX_HTTP_QWEN_SEARCH_TEXT;
    }

    if (settings->set & QWEN_RECORD_SIMPLE_MODEL_MAP) {
        effective->models_variants = !settings->simple_model_map;
    }

    if (settings->set & QWEN_RECORD_AUTO_REFRESH) {
        effective->auto_refresh = settings->auto_refresh;
    }

    if (settings->set & QWEN_RECORD_AUTO_REFRESH_INTERVAL) {
        effective->refresh_interval = (time_t) settings->auto_refresh_interval;
    }

    if (settings->set & QWEN_RECORD_BATCH_LOGIN_CONCURRENCY) {
        effective->signins = (ngx_uint_t) settings->batch_login_concurrency;
    }
}


void
ngx_http_qwen_effective(ngx_http_qwen_main_conf_t *qmcf,
    ngx_http_qwen_effective_t *effective)
{
    const ngx_qwen_snapshot_t  *snapshot;

    snapshot = ngx_qwen_settings_snapshot(&qmcf->pool, ngx_cycle->log);

    if (snapshot) {
        ngx_http_qwen_effective_settings(&snapshot->values, effective);

    } else {
        *effective = ngx_http_qwen_defaults;
    }
}


void
ngx_http_qwen_effective_of(ngx_http_request_t *r,
    ngx_http_qwen_effective_t *effective)
{
    ngx_http_qwen_loc_conf_t  *qlcf;

    ngx_http_qwen_effective(
                    ngx_http_get_module_main_conf(r, ngx_http_qwen_module),
                    effective);

    qlcf = ngx_http_get_module_loc_conf(r, ngx_http_qwen_module);

    if (qlcf->attempts != NGX_CONF_UNSET_UINT) {
        effective->attempts = qlcf->attempts;
    }

    if (qlcf->retry_delay != NGX_CONF_UNSET_MSEC) {
        effective->retry_delay = qlcf->retry_delay;
    }

    if (qlcf->reasoning != NGX_CONF_UNSET_UINT) {
        effective->reasoning = qlcf->reasoning;
    }

    if (qlcf->search_info != NGX_CONF_UNSET_UINT) {
        effective->search_info = qlcf->search_info;
    }

    if (qlcf->models_variants != NGX_CONF_UNSET) {
        effective->models_variants = qlcf->models_variants;
    }
}
