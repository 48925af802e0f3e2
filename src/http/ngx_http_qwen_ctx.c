
#include "ngx_http_qwen_ctx.h"
#include "ngx_http_qwen_conf.h"


ngx_http_qwen_ctx_t *
ngx_http_qwen_get_ctx(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_qwen_ctx_t));

        if (ctx == NULL
            || ngx_http_qwen_timer_init(r, &ctx->timer) != NGX_OK)
        {
            return NULL;
        }

        ngx_http_set_ctx(r, ctx, ngx_http_qwen_module);
    }

    return ctx;
}
