
/*
 * From the bytes of a completion to the client: the provider's stream, the
 * stages that the configuration asks for, the dialect's renderer, the client.
 */

#ifndef _NGX_HTTP_QWEN_ANSWER_H_INCLUDED_
#define _NGX_HTTP_QWEN_ANSWER_H_INCLUDED_


#include "ngx_http_qwen_effective.h"
#include "ngx_http_qwen_stream.h"
#include "qwen_openai_chat.h"
#include "qwen_stage.h"
#include "qwen_web_stream.h"


typedef struct {
    ngx_http_request_t         *request;
    ngx_http_qwen_loc_conf_t   *conf;
    ngx_uint_t                  reasoning;
    ngx_uint_t                  search_mode;
    qwen_web_stream_t           web;
    qwen_search_info_t         *search_info; /* NULL: no sources can come */
    qwen_think_tags_t           think_tags;
    qwen_openai_chat_t          openai;
    ngx_http_qwen_stream_t      stream;
    qwen_failure_t              failure;
    size_t                      max_rendered;    /* bytes at once */
    qwen_buf_t                  plain;           /* an answer that is none */
    unsigned                    begun:1;     /* web and stages own memory */
    unsigned                    failed:1;
    unsigned                    looked:1;    /* at the first byte */
    unsigned                    misnamed:1;  /* no stream in spite of its
                                                type */
} ngx_http_qwen_answer_t;


/* Prepares the answer to a client's request; its memory is freed by
 * ngx_http_qwen_answer_free(). */
ngx_int_t ngx_http_qwen_answer_init(ngx_http_request_t *r,
    ngx_http_qwen_answer_t *answer, qwen_request_t *request,
    const ngx_http_qwen_effective_t *effective);
void ngx_http_qwen_answer_free(ngx_http_qwen_answer_t *answer);

/* Before each completion: forgets what an earlier one brought. */
void ngx_http_qwen_answer_begin(ngx_http_qwen_answer_t *answer);

/* Takes bytes of the completion, as the data handler of a call does. */
ngx_int_t ngx_http_qwen_answer_data(ngx_http_qwen_answer_t *answer,
    ngx_http_request_t *sr, u_char *data, size_t len);

/* The completion has ended.  NGX_OK: it is complete; NGX_ERROR: see
 * answer->failure. */
ngx_int_t ngx_http_qwen_answer_end(ngx_http_qwen_answer_t *answer);

/* Whether the client has got something, so that nothing can be repeated. */
#define ngx_http_qwen_answer_sent(answer)  (answer)->stream.started

/* Notes the answer's usage for the log, counted or estimated, as far as it has
 * come. */
void ngx_http_qwen_answer_usage(ngx_http_qwen_answer_t *answer,
    uint64_t prompt_bytes);

/* Tell the client the end of a complete answer, whose usage was noted, or of
 * one that broke off; both return what the request is to be finalized with. */
ngx_int_t ngx_http_qwen_answer_finish(ngx_http_qwen_answer_t *answer);
ngx_int_t ngx_http_qwen_answer_abort(ngx_http_qwen_answer_t *answer,
    const qwen_openai_error_t *error);


/* Frees what this worker renders into. */
void ngx_http_qwen_answer_exit(void);


#endif /* _NGX_HTTP_QWEN_ANSWER_H_INCLUDED_ */
