
/* The client's side of a streamed answer: its header, its bytes, the comments
 * that keep the connection alive. */

#ifndef _NGX_HTTP_QWEN_STREAM_H_INCLUDED_
#define _NGX_HTTP_QWEN_STREAM_H_INCLUDED_


#include "ngx_http_qwen_ctx.h"
#include "ngx_http_qwen_timer.h"
#include "qwen_buf.h"


struct ngx_http_qwen_stream_s {
    ngx_http_request_t      *request;
    ngx_chain_t             *free;
    ngx_chain_t             *busy;
    ngx_msec_t               keepalive;      /* between comments, 0: none */
    ngx_http_qwen_timer_t    timer;
    unsigned                 started:1;      /* the header was sent */
};


/* Prepares the stream of a client's request. */
ngx_int_t ngx_http_qwen_stream_init(ngx_http_request_t *r,
    ngx_http_qwen_stream_t *stream, ngx_msec_t keepalive);

/* Sends the header, whatever request is active.  NGX_OK; NGX_ERROR. */
ngx_int_t ngx_http_qwen_stream_start(ngx_http_qwen_stream_t *stream);

/* Sends bytes, which are copied, through the active request; last ends the
 * answer.  NGX_OK; NGX_AGAIN: the client is slow, stop reading; NGX_ERROR. */
ngx_int_t ngx_http_qwen_stream_send(ngx_http_qwen_stream_t *stream,
    ngx_http_request_t *active, qwen_str_t data, ngx_uint_t last);

/* Sends on what waits.  Returns as send() does. */
ngx_int_t ngx_http_qwen_stream_flush(ngx_http_qwen_stream_t *stream,
    ngx_http_request_t *active);


#endif /* _NGX_HTTP_QWEN_STREAM_H_INCLUDED_ */
