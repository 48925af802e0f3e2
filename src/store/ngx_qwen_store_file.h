
/* The store "file".  Private to the files ngx_qwen_store_file*.c. */

#ifndef _NGX_QWEN_STORE_FILE_H_INCLUDED_
#define _NGX_QWEN_STORE_FILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#if (NGX_THREADS)
#include <ngx_thread_pool.h>
#endif

#include "ngx_qwen_accounts.h"
#include "ngx_qwen_changes.h"
#include "ngx_qwen_settings.h"
#include "ngx_qwen_store.h"
#include "qwen_data_file.h"
#include "qwen_file.h"


typedef struct {
    ngx_str_t                path;       /* with a zero byte behind it */
    char                    *dir;
    char                    *name;
    char                    *tmp;
    qwen_seal_ring_t        *ring;       /* NULL: secrets stay clear */
} ngx_qwen_store_file_t;


/* In the zone.  The file is ours when it is either of them: a worker may die
 * between putting a new one in place and noting that it has. */
typedef struct {
    qwen_file_id_t           current;
    qwen_file_id_t           next;
} ngx_qwen_store_mark_t;


/* A save under way. */
typedef struct {
    ngx_qwen_store_t        *store;
    qwen_file_t              file;
    qwen_buf_t               out;        /* what is to be written next */
    uint64_t                 account;    /* the number of the last one */
    size_t                   naccounts;
    ngx_uint_t               change;     /* the last one that it has seen */
    ngx_err_t                error;
    unsigned                 begun:1;
    ngx_qwen_account_copy_t  copy;
} ngx_qwen_save_t;


/* ngx_qwen_store_file_save.c: the steps of a save, in their order.  Those that
 * block may run in a thread. */

void ngx_qwen_save_init(ngx_qwen_save_t *save, ngx_qwen_store_t *store);

/* Blocks.  NGX_OK; NGX_AGAIN: another process saves; NGX_DECLINED: the file is
 * another's; NGX_ERROR, with save->error. */
ngx_int_t ngx_qwen_save_lock(ngx_qwen_save_t *save);

/* Renders some more.  NGX_OK, NGX_DONE: that was the end; NGX_ERROR. */
ngx_int_t ngx_qwen_save_render(ngx_qwen_save_t *save);

/* Blocks.  Writes what was rendered, for that owner (-1: who calls).  NGX_OK or
 * NGX_ERROR. */
ngx_int_t ngx_qwen_save_write(ngx_qwen_save_t *save, uid_t owner, gid_t group);

/* Blocks.  Puts it in place.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_qwen_save_finish(ngx_qwen_save_t *save);

/* Ends a save, whatever came of it. */
void ngx_qwen_save_close(ngx_qwen_save_t *save);

/* All steps of a save that was locked.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_qwen_save_all(ngx_qwen_save_t *save, uid_t owner, gid_t group);

/* Tells those who wait that it failed; rc is what a step has returned. */
void ngx_qwen_save_failed(ngx_qwen_save_t *save, ngx_int_t rc);

/* Logs that it failed. */
void ngx_qwen_save_log(ngx_qwen_save_t *save, ngx_int_t rc, ngx_log_t *log);


/* ngx_qwen_store_file_load.c */
ngx_int_t ngx_qwen_store_file_load(ngx_qwen_store_t *store, ngx_log_t *log);
void ngx_qwen_store_file_commit(ngx_qwen_store_t *store, ngx_cycle_t *cycle);

/* ngx_qwen_store_file_saver.c */
void ngx_qwen_store_file_start(ngx_qwen_store_t *store, ngx_cycle_t *cycle);
void ngx_qwen_store_file_exit(ngx_qwen_store_t *store, ngx_cycle_t *cycle);


#endif /* _NGX_QWEN_STORE_FILE_H_INCLUDED_ */
