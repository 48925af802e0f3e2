
/*
 * No store: the accounts are those of the configuration, which the zone's init
 * has put there; what administrators add, and tokens, live as long as the
 * zone.
 */

#include "ngx_qwen_store.h"


static char *ngx_qwen_store_none_init(ngx_conf_t *cf, ngx_qwen_store_t *store,
    ngx_str_t *args, ngx_uint_t nargs);
static ngx_int_t ngx_qwen_store_none_load(ngx_qwen_store_t *store,
    ngx_log_t *log);
static void ngx_qwen_store_none_step(ngx_qwen_store_t *store,
    ngx_cycle_t *cycle);


ngx_qwen_store_type_t  ngx_qwen_store_none = {
    ngx_string("none"),
    0,
    ngx_qwen_store_none_init,
    ngx_qwen_store_none_load,
    ngx_qwen_store_none_step,
    ngx_qwen_store_none_step,
    ngx_qwen_store_none_step,
    NULL
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


static ngx_int_t
ngx_qwen_store_none_load(ngx_qwen_store_t *store, ngx_log_t *log)
{
    ngx_qwen_pool_set_loaded(store->pool);

    return NGX_OK;
}


static void
ngx_qwen_store_none_step(ngx_qwen_store_t *store, ngx_cycle_t *cycle)
{
    /* void */
}
