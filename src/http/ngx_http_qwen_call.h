
/*
 * The seam between conversations and upstreams: one call is one subrequest to
 * an internal location.  Conversations know no filter, filters know no
 * conversation.
 */

#ifndef _NGX_HTTP_QWEN_CALL_H_INCLUDED_
#define _NGX_HTTP_QWEN_CALL_H_INCLUDED_


#include "ngx_http_qwen_ctx.h"
#include "qwen_buf.h"


#define NGX_HTTP_QWEN_CALL_HEADERS  6


typedef struct {
    ngx_str_t                    name;
    ngx_str_t                    value;
} ngx_http_qwen_header_t;


/* Takes bytes of a streamed answer, in the body filter of the subrequest sr.
 * NGX_OK; NGX_AGAIN: the client is slow, call again with no bytes before
 * more; NGX_DONE: the rest is not wanted; NGX_ERROR: drop the client. */
typedef ngx_int_t (*ngx_http_qwen_call_data_pt)(ngx_http_qwen_call_t *call,
    ngx_http_request_t *sr, u_char *data, size_t len);

/* The call has ended; runs in the write handler of its request and may start
 * the next one or end the request. */
typedef void (*ngx_http_qwen_call_done_pt)(ngx_http_qwen_call_t *call);


struct ngx_http_qwen_call_s {
    ngx_uint_t                   subrequest; /* 1; see ngx_http_qwen_ctx_t */

    /* what to send; to be set by the caller */
    ngx_http_core_loc_conf_t    *location;
    ngx_uint_t                   method;     /* NGX_HTTP_GET or _POST */
    qwen_str_t                   path;
    ngx_str_t                    args;       /* percent-encoded */
    ngx_http_qwen_header_t       headers[NGX_HTTP_QWEN_CALL_HEADERS];
    ngx_uint_t                   nheaders;
    ngx_chain_t                 *body;       /* in memory; kept until done */
    off_t                        body_len;
    size_t                       max_answer; /* cap of a collected answer */

    ngx_http_qwen_call_data_pt   data_handler;   /* NULL: collect always */
    ngx_http_qwen_call_done_pt   done;
    void                        *data;           /* the caller's */

    /* the result */
    ngx_uint_t                   status;     /* HTTP; 0: no answer came */
    qwen_buf_t                   answer;     /* collected; freed by caller */
    unsigned                     streamed:1; /* went to the data handler */
    unsigned                     timed_out:1;
    unsigned                     misconfigured:1;

    /* the seam's own */
    unsigned                     started:1;
    unsigned                     ended:1;
    unsigned                     stale:1;    /* a kept connection was dead */
    unsigned                     repeated:1;
    ngx_http_request_t          *request;
    ngx_http_request_t          *sr;
    ngx_chain_t                 *in;         /* not yet given to handler */
};


/* Adds a header to a call; name and value must live until it is done. */
void ngx_http_qwen_call_header(ngx_http_qwen_call_t *call, char *name,
    ngx_str_t *value);

/* Starts the call as a subrequest of r, a client's request or a carrier.
 * r->write_event_handler becomes the seam's.  NGX_OK: call->done will run,
 * unless r ends before; NGX_ERROR.  Outside of r's own events the caller has
 * to call ngx_http_run_posted_requests(). */
ngx_int_t ngx_http_qwen_call_start(ngx_http_request_t *r,
    ngx_http_qwen_call_t *call);

/* Ends a running call early: done will run, with what has come. */
void ngx_http_qwen_call_stop(ngx_http_qwen_call_t *call);

/* Refuses a call that another location would send somewhere else; a handler
 * of the preaccess phase. */
ngx_int_t ngx_http_qwen_call_preaccess(ngx_http_request_t *r);

/* Gives the filters of a subrequest's answer a look; see the filter. */
ngx_int_t ngx_http_qwen_call_header_filter(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call);
ngx_int_t ngx_http_qwen_call_body_filter(ngx_http_request_t *sr,
    ngx_http_qwen_call_t *call, ngx_chain_t *in);


/* filter */

ngx_int_t ngx_http_qwen_filter_init(ngx_conf_t *cf);

/* Sends a chain behind our own filter, for the active request r. */
ngx_int_t ngx_http_qwen_next_body(ngx_http_request_t *r, ngx_chain_t *out);


#endif /* _NGX_HTTP_QWEN_CALL_H_INCLUDED_ */
