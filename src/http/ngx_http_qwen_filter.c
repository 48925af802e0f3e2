
/*
 * The filters claim the subrequests that are calls, and let everything else
 * pass.  An unclaimed answer would go to the client as it is.
 */

#include "ngx_http_qwen_call.h"
#include "ngx_http_qwen_conf.h"


static ngx_int_t ngx_http_qwen_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_int_t
ngx_http_qwen_header_filter(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    if (ctx && ctx->subrequest) {
        return ngx_http_qwen_call_header_filter(r,
                                                (ngx_http_qwen_call_t *) ctx);
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_qwen_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    if (ctx && ctx->subrequest) {
        return ngx_http_qwen_call_body_filter(r, (ngx_http_qwen_call_t *) ctx,
                                              in);
    }

    return ngx_http_next_body_filter(r, in);
}


ngx_int_t
ngx_http_qwen_next_body(ngx_http_request_t *r, ngx_chain_t *out)
{
    return ngx_http_next_body_filter(r, out);
}


ngx_int_t
ngx_http_qwen_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_qwen_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_qwen_body_filter;

    return NGX_OK;
}
