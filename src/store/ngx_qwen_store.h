
/*
 * Where accounts, settings and counters are kept.  The zone in shared memory
 * holds them while nginx runs; a store brings them into it and keeps what
 * changes (ngx_qwen_changes.h).
 */

#ifndef _NGX_QWEN_STORE_H_INCLUDED_
#define _NGX_QWEN_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_qwen_pool.h"
#include "qwen_seal.h"


typedef struct ngx_qwen_store_s  ngx_qwen_store_t;

/* NGX_OK: the right is this node's; NGX_DECLINED: another one has it. */
typedef void (*ngx_qwen_store_lock_pt)(void *data, ngx_int_t rc);


typedef struct {
    ngx_str_t     name;
    ngx_uint_t    keeps;             /* what is set outlives nginx */

    /* At configuration: the arguments of qwen_store behind the name.
     * NGX_CONF_OK, NGX_CONF_ERROR or what is wrong. */
    char       *(*init)(ngx_conf_t *cf, ngx_qwen_store_t *store,
                        ngx_str_t *args, ngx_uint_t nargs);

    /* In the master, for a new zone: brings what is kept into it.  NGX_OK, or
     * NGX_ERROR with the reason logged: the configuration is refused. */
    ngx_int_t   (*load)(ngx_qwen_store_t *store, ngx_log_t *log);

    /* In the master: the configuration is taken. */
    void        (*commit)(ngx_qwen_store_t *store, ngx_cycle_t *cycle);

    /* In worker 0: keeps what changes, until it exits. */
    void        (*start)(ngx_qwen_store_t *store, ngx_cycle_t *cycle);
    void        (*exit)(ngx_qwen_store_t *store, ngx_cycle_t *cycle);

    /*
     * In worker 0, of stores that nodes share; NULL: there is one node only.
     * Asks for the right to sign an account in.  NGX_OK: the handler is called
     * once, later; NGX_DECLINED: the store cannot tell, nobody need ask.
     */
    ngx_int_t   (*lock)(ngx_qwen_store_t *store, ngx_str_t *email,
                        ngx_qwen_store_lock_pt handler, void *data);
} ngx_qwen_store_type_t;


struct ngx_qwen_store_s {
    ngx_qwen_store_type_t  *type;
    ngx_qwen_pool_t        *pool;
    void                   *ctx;     /* the type's own, set by init */
};


/* The type of that name, or NULL. */
ngx_qwen_store_type_t *ngx_qwen_store_find(ngx_str_t *name);

/* At configuration: the keys that seal a store's secrets, from its last
 * arguments; NULL: there are none.  They are freed with the configuration.
 * NGX_OK, or NGX_ERROR with the reason logged. */
ngx_int_t ngx_qwen_store_keys(ngx_conf_t *cf, ngx_str_t *args,
    ngx_uint_t nargs, qwen_seal_ring_t **ring);


extern ngx_qwen_store_type_t  ngx_qwen_store_none;
extern ngx_qwen_store_type_t  ngx_qwen_store_file;
extern ngx_qwen_store_type_t  ngx_qwen_store_redis;


#endif /* _NGX_QWEN_STORE_H_INCLUDED_ */
