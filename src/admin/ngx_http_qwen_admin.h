
/*
 * The administrator's API (JSON).  A route's handler gets a request whose key
 * was checked and whose body was read, and ends it, now or later, by one of
 * the functions below.
 */

#ifndef _NGX_HTTP_QWEN_ADMIN_H_INCLUDED_
#define _NGX_HTTP_QWEN_ADMIN_H_INCLUDED_


#include "ngx_http_qwen_conf.h"
#include "qwen_json.h"
#include "qwen_json_write.h"


typedef struct ngx_http_qwen_admin_s  ngx_http_qwen_admin_t;

typedef void (*ngx_http_qwen_admin_pt)(ngx_http_qwen_admin_t *admin);

struct ngx_http_qwen_admin_s {
    ngx_http_request_t         *request;
    ngx_http_qwen_main_conf_t  *qmcf;
    ngx_str_t                   rest;    /* of the path, behind the route */
    ngx_http_qwen_admin_pt      handler;
    cJSON                      *body;    /* an object */
    qwen_buf_t                  answer;  /* to be filled by the handler */

    /* of an answer that waits until a change is kept */
    ngx_uint_t                  status;
    ngx_uint_t                  change;
    ngx_msec_t                  deadline;

    void                       *data;    /* the handler's own */
};


typedef struct {
    ngx_str_t                   path;    /* ends with "/": has a rest */
    ngx_uint_t                  method;
    ngx_http_qwen_admin_pt      handler;
} ngx_http_qwen_admin_route_t;


/* What stands in the place of a secret. */
#define NGX_HTTP_QWEN_ADMIN_HIDDEN                                            \
    "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"


/* The content handlers of "qwen_api admin" and "qwen_api verify". */
ngx_int_t ngx_http_qwen_admin_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_qwen_verify_handler(ngx_http_request_t *r);


/* Makes the state of a request; NULL: no memory. */
ngx_http_qwen_admin_t *ngx_http_qwen_admin_create(ngx_http_request_t *r);

/* Reads the body and calls the handler.  To be returned by a content
 * handler. */
ngx_int_t ngx_http_qwen_admin_read(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_admin_pt handler);

/* Sends an error in the place of the handler.  To be returned by a content
 * handler. */
ngx_int_t ngx_http_qwen_admin_refuse(ngx_http_qwen_admin_t *admin,
    ngx_uint_t status, const char *text);

/* Tells the one method that is.  To be returned by a content handler. */
ngx_int_t ngx_http_qwen_admin_not_allowed(ngx_http_qwen_admin_t *admin,
    ngx_uint_t method);

/* Refuses who has presented too many wrong keys.  NGX_OK, or what is to be
 * returned by a content handler. */
ngx_int_t ngx_http_qwen_guard(ngx_http_qwen_admin_t *admin);

/* Notes a wrong key; an empty one is none, and no guess. */
void ngx_http_qwen_guard_failed(ngx_http_qwen_admin_t *admin,
    ngx_str_t *presented);


/* Sends the answer. */
void ngx_http_qwen_admin_reply(ngx_http_qwen_admin_t *admin,
    ngx_uint_t status);

/* Sends an error; the answer is dropped. */
void ngx_http_qwen_admin_error(ngx_http_qwen_admin_t *admin,
    ngx_uint_t status, const char *text);

/* Sends the answer when all that was changed until now is kept. */
void ngx_http_qwen_admin_kept(ngx_http_qwen_admin_t *admin, ngx_uint_t status);

/* Whether the store takes changes now; else the request was ended. */
ngx_uint_t ngx_http_qwen_admin_may_change(ngx_http_qwen_admin_t *admin);

/* Begins a JSON object with a "message" as the answer; the handler may add
 * members and must end it. */
void ngx_http_qwen_admin_message(ngx_http_qwen_admin_t *admin,
    const char *text);


/* A member of the body that must be a string of 1 to max bytes.  NGX_OK, or
 * NGX_ERROR: the request was ended with 400. */
ngx_int_t ngx_http_qwen_admin_string(ngx_http_qwen_admin_t *admin,
    const char *name, size_t max, ngx_str_t *value);

/* Whether the request's arguments ask for secrets ("reveal=true"), which is
 * logged. */
ngx_uint_t ngx_http_qwen_admin_reveals(ngx_http_qwen_admin_t *admin);

/* An argument of the request, unescaped in the request's pool; empty: there is
 * none. */
ngx_str_t ngx_http_qwen_admin_arg(ngx_http_qwen_admin_t *admin,
    const char *name);

/* Appends as much of a secret as may be seen. */
void ngx_http_qwen_admin_mask(qwen_buf_t *out, qwen_str_t secret);

/* Adds a string member that shows as much of a secret as may be seen. */
void ngx_http_qwen_admin_put_masked(qwen_buf_t *out, const char *name,
    qwen_str_t secret);


/* The routes, by room. */

/* ngx_http_qwen_admin_accounts.c */
void ngx_http_qwen_admin_get_accounts(ngx_http_qwen_admin_t *admin);

/* ngx_http_qwen_admin_delete.c */
void ngx_http_qwen_admin_delete_account(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_delete_accounts(ngx_http_qwen_admin_t *admin);

/* ngx_http_qwen_admin_add.c */
void ngx_http_qwen_admin_set_account(ngx_http_qwen_admin_t *admin);

/* ngx_http_qwen_admin_batch.c */
void ngx_http_qwen_admin_set_accounts(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_get_task(ngx_http_qwen_admin_t *admin);

/* ngx_http_qwen_admin_refresh.c */
void ngx_http_qwen_admin_refresh_account(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_refresh_all(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_force_refresh_all(ngx_http_qwen_admin_t *admin);

/* ngx_http_qwen_admin_stats.c */
void ngx_http_qwen_admin_account_stats(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_stats_history(ngx_http_qwen_admin_t *admin);

/* ngx_http_qwen_admin_settings.c */
void ngx_http_qwen_admin_get_settings(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_set_auto_refresh(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_set_concurrency(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_set_out_think(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_set_legacy_reasoning(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_set_search_info(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_set_simple_models(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_set_retry(ngx_http_qwen_admin_t *admin);

/* ngx_http_qwen_admin_keys.c */
void ngx_http_qwen_admin_get_keys(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_add_key(ngx_http_qwen_admin_t *admin);
void ngx_http_qwen_admin_delete_key(ngx_http_qwen_admin_t *admin);


#endif /* _NGX_HTTP_QWEN_ADMIN_H_INCLUDED_ */
