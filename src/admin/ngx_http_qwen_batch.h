
/*
 * A task that adds many accounts: one worker signs them in, some at a time,
 * and tells its progress in the zone.
 */

#ifndef _NGX_HTTP_QWEN_BATCH_H_INCLUDED_
#define _NGX_HTTP_QWEN_BATCH_H_INCLUDED_


#include "ngx_http_qwen_admin.h"
#include "ngx_qwen_accounts.h"


#define NGX_HTTP_QWEN_BATCH_MAX     20       /* sign-ins at a time */
#define NGX_HTTP_QWEN_BATCH_RECENT  12
#define NGX_HTTP_QWEN_BATCH_FAILED  500      /* that are told by address */


typedef struct ngx_http_qwen_batch_s  ngx_http_qwen_batch_t;

typedef struct {
    ngx_str_t                email;
    ngx_str_t                password;
} ngx_http_qwen_batch_item_t;

typedef struct {
    ngx_str_t                email;
    ngx_int_t                rc;         /* of ngx_http_qwen_added_pt */
    qwen_fail_class_t        class;
} ngx_http_qwen_batch_result_t;

/* One of the sign-ins that run. */
typedef struct {
    ngx_http_qwen_batch_t   *batch;
    ngx_str_t                email;      /* empty: none */
} ngx_http_qwen_batch_slot_t;


typedef enum {
    NGX_HTTP_QWEN_BATCH_PENDING = 0,
    NGX_HTTP_QWEN_BATCH_RUNNING,
    NGX_HTTP_QWEN_BATCH_COMPLETED,
    NGX_HTTP_QWEN_BATCH_ABORTED
} ngx_http_qwen_batch_status_e;


/* Called once, when the task has ended. */
typedef void (*ngx_http_qwen_batch_pt)(ngx_http_qwen_batch_t *batch);

struct ngx_http_qwen_batch_s {
    ngx_http_qwen_main_conf_t     *qmcf;
    ngx_pool_t                    *pool;     /* of the task */
    uint64_t                       number;
    ngx_http_qwen_batch_status_e   status;
    const char                    *reason;   /* of one that was aborted */

    ngx_array_t                    items;    /* of ..._batch_item_t */
    ngx_uint_t                     next;
    ngx_uint_t                     running;
    ngx_http_qwen_batch_slot_t     slots[NGX_HTTP_QWEN_BATCH_MAX];

    ngx_uint_t                     total;    /* lines */
    ngx_uint_t                     valid;
    ngx_uint_t                     skipped;
    ngx_uint_t                     invalid;
    ngx_uint_t                     success;
    ngx_uint_t                     failed;
    ngx_uint_t                     concurrency;
    ngx_array_t                    failures; /* of ngx_str_t */
    ngx_http_qwen_batch_result_t   recent[NGX_HTTP_QWEN_BATCH_RECENT];
    ngx_uint_t                     nrecent;

    uint64_t                       created;  /* ms since the epoch */
    uint64_t                       started;
    uint64_t                       finished;

    ngx_event_t                    timer;
    ngx_connection_t               connection;   /* for the debug log */
    ngx_uint_t                     change;
    ngx_msec_t                     deadline;

    ngx_http_qwen_batch_pt         handler;  /* may be NULL */
    void                          *data;
};


/* Reads lines "email:password" into a new task; NULL: no memory. */
ngx_http_qwen_batch_t *ngx_http_qwen_batch_create(
    ngx_http_qwen_main_conf_t *qmcf, qwen_str_t text);

/* Takes the lines of a text, which is copied, into a task without any.  NGX_OK
 * or NGX_ERROR: no memory. */
ngx_int_t ngx_http_qwen_batch_parse(ngx_http_qwen_batch_t *batch,
    qwen_str_t text);

/* Frees a task that was not started. */
void ngx_http_qwen_batch_destroy(ngx_http_qwen_batch_t *batch);

/* Starts it; it frees itself when it has ended. */
void ngx_http_qwen_batch_start(ngx_http_qwen_batch_t *batch);

/* Adds the members of what it tells to an open object. */
void ngx_http_qwen_batch_put(ngx_http_qwen_batch_t *batch, qwen_buf_t *out);


#endif /* _NGX_HTTP_QWEN_BATCH_H_INCLUDED_ */
