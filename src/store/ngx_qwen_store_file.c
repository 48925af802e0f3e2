
/*
 * The store "file": Qwen2API's data.json.  The master reads it for a new zone,
 * worker 0 keeps it.  See qwen_file.h for what a save is worth.
 */

#include "ngx_qwen_store_file.h"


static char *ngx_qwen_store_file_init(ngx_conf_t *cf, ngx_qwen_store_t *store,
    ngx_str_t *args, ngx_uint_t nargs);
static ngx_int_t ngx_qwen_store_file_path(ngx_conf_t *cf,
    ngx_qwen_store_file_t *ctx);


ngx_qwen_store_type_t  ngx_qwen_store_file = {
    ngx_string("file"),
    1,
    ngx_qwen_store_file_init,
    ngx_qwen_store_file_load,
    ngx_qwen_store_file_commit,
    ngx_qwen_store_file_start,
    ngx_qwen_store_file_exit,
    NULL
};


static char *
ngx_qwen_store_file_init(ngx_conf_t *cf, ngx_qwen_store_t *store,
    ngx_str_t *args, ngx_uint_t nargs)
{
    ngx_qwen_store_file_t  *ctx;

    if (nargs == 0) {
        return "\"file\" takes the name of a file";
    }

    ctx = ngx_pcalloc(cf->pool, sizeof(ngx_qwen_store_file_t));
    if (ctx == NULL) {
        return NGX_CONF_ERROR;
    }

    ctx->path = args[0];

    if (ngx_qwen_store_file_path(cf, ctx) != NGX_OK
        || ngx_qwen_store_keys(cf, args + 1, nargs - 1, &ctx->ring) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    store->ctx = ctx;

#if (NGX_THREADS)

    if (ngx_thread_pool_add(cf, NULL) == NULL) {
        return NGX_CONF_ERROR;
    }

#endif

    return NGX_CONF_OK;
}


/* A link stays one: what it points to is replaced. */

static ngx_int_t
ngx_qwen_store_file_path(ngx_conf_t *cf, ngx_qwen_store_file_t *ctx)
{
    char     real[PATH_MAX];
    size_t   len;
    u_char  *slash;

    if (ngx_conf_full_name(cf->cycle, &ctx->path, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (realpath((char *) ctx->path.data, real)) {
        ctx->path.len = ngx_strlen(real);
        ctx->path.data = ngx_pnalloc(cf->pool, ctx->path.len + 1);

        if (ctx->path.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(ctx->path.data, real, ctx->path.len + 1);
    }

    slash = ctx->path.data + ctx->path.len;

    while (*--slash != '/') { /* void */ }

    len = slash - ctx->path.data;

    ctx->name = (char *) slash + 1;
    ctx->dir = ngx_pcalloc(cf->pool, len + 2);
    ctx->tmp = ngx_pcalloc(cf->pool, ctx->path.len - len + sizeof(".tmp"));

    if (ctx->dir == NULL || ctx->tmp == NULL) {
        return NGX_ERROR;
    }

    if (*ctx->name == '\0') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is a directory, \"qwen_store file\" takes "
                           "the name of a file", &ctx->path);
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->dir, ctx->path.data, ngx_max(len, 1));
    ngx_sprintf((u_char *) ctx->tmp, "%s.tmp%Z", ctx->name);

    return NGX_OK;
}
