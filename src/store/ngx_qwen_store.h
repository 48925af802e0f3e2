
/*
 * Where accounts are kept.  The zone in shared memory holds them while nginx
 * runs; a store brings them into it and keeps what changes.  Every call that
 * may be slow ends by a callback, which may come before the call returns.
 */

#ifndef _NGX_QWEN_STORE_H_INCLUDED_
#define _NGX_QWEN_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_qwen_pool.h"


typedef struct ngx_qwen_store_s  ngx_qwen_store_t;


/* NGX_OK or NGX_ERROR, with the reason logged. */
typedef void (*ngx_qwen_store_done_pt)(void *data, ngx_int_t rc);


typedef struct {
    ngx_str_t     name;

    /* At configuration: the arguments of qwen_store behind the name.
     * NGX_CONF_OK, NGX_CONF_ERROR or what is wrong. */
    char       *(*init)(ngx_conf_t *cf, ngx_qwen_store_t *store,
                        ngx_str_t *args, ngx_uint_t nargs);

    /* Brings what is kept into the pool; the caller marks the pool as loaded
     * when done tells NGX_OK. */
    void        (*load)(ngx_qwen_store_t *store, ngx_qwen_pool_t *pool,
                        ngx_qwen_store_done_pt done, void *data);

    /* Keeps what the pool holds now. */
    void        (*save)(ngx_qwen_store_t *store, ngx_qwen_pool_t *pool,
                        ngx_qwen_store_done_pt done, void *data);
} ngx_qwen_store_type_t;


struct ngx_qwen_store_s {
    ngx_qwen_store_type_t  *type;
    void                   *ctx;     /* the type's own, set by init */
};


/* The type of that name, or NULL. */
ngx_qwen_store_type_t *ngx_qwen_store_find(ngx_str_t *name);


extern ngx_qwen_store_type_t  ngx_qwen_store_none;


#endif /* _NGX_QWEN_STORE_H_INCLUDED_ */
