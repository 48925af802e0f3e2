
/*
 * No store: the accounts are those of the configuration, which the zone's init
 * has put there, and tokens live as long as the zone.
 */

#include "ngx_qwen_store.h"


static char *ngx_qwen_store_none_init(ngx_conf_t *cf, ngx_qwen_store_t *store,
    ngx_str_t *args, ngx_uint_t nargs);
static void ngx_qwen_store_none_load(ngx_qwen_store_t *store,
    ngx_qwen_pool_t *pool, ngx_qwen_store_done_pt done, void *data);
static void ngx_qwen_store_none_save(ngx_qwen_store_t *store,
    ngx_qwen_pool_t *pool, ngx_qwen_store_done_pt done, void *data);


ngx_qwen_store_type_t  ngx_qwen_store_none = {
    ngx_string("none"),
    ngx_qwen_store_none_init,
    ngx_qwen_store_none_load,
    ngx_qwen_store_none_save
};


static char *
ngx_qwen_store_none_init(ngx_conf_t *cf, ngx_qwen_store_t *store,
    ngx_str_t *args, ngx_uint_t nargs)
{
    if (nargs) {
        return "\"none\" takes no arguments";
    }

    return NGX_CONF_OK;
}


static void
ngx_qwen_store_none_load(ngx_qwen_store_t *store, ngx_qwen_pool_t *pool,
    ngx_qwen_store_done_pt done, void *data)
{
    done(data, NGX_OK);
}


static void
ngx_qwen_store_none_save(ngx_qwen_store_t *store, ngx_qwen_pool_t *pool,
    ngx_qwen_store_done_pt done, void *data)
{
    done(data, NGX_OK);
}
