
/* One conversation: a client's request, answered by the calls of an account,
 * or of the next one while nothing was sent. */

#ifndef _NGX_HTTP_QWEN_CHAT_H_INCLUDED_
#define _NGX_HTTP_QWEN_CHAT_H_INCLUDED_


#include "ngx_http_qwen_answer.h"
#include "ngx_http_qwen_timer.h"
#include "ngx_http_qwen_web.h"


/* How often a request that waits for background work looks for its result. */
#define NGX_HTTP_QWEN_CHAT_POLL  25


/* An account that failed; whether it is to blame shows in the end. */
typedef struct {
    ngx_qwen_lease_t              *lease;
    qwen_failure_t                 failure;
} ngx_http_qwen_blame_t;


struct ngx_http_qwen_chat_s {
    ngx_http_request_t            *request;
    ngx_http_qwen_main_conf_t     *qmcf;
    ngx_http_qwen_loc_conf_t      *qlcf;

    /* what is asked */
    qwen_buf_t                     text;         /* folded, escaped */
    uint64_t                       text_len;     /* plain bytes of it */
    qwen_str_t                     model;        /* the upstream's name */
    qwen_chat_type_t               type;
    unsigned                       thinking_budget;
    unsigned                       thinking:1;
    unsigned                       listed:1;         /* models are known */
    unsigned                       model_unknown:1;

    /* the attempts */
    ngx_qwen_lease_t              *lease;
    ngx_uint_t                     attempts;     /* at most */
    ngx_msec_t                     retry_delay;
    ngx_array_t                    tried;        /* of uint64_t, accounts */
    ngx_array_t                    blames;       /* of ngx_http_qwen_blame_t */
    ngx_uint_t                     failures;     /* that count as attempts */
    ngx_uint_t                     moves;        /* those that do not */
    qwen_failure_t                 failure;      /* of the last one */
    ngx_http_qwen_timer_t          timer;        /* until the deadline */
    ngx_msec_t                     deadline;
    ngx_msec_t                     list_deadline;
    unsigned                       expired:1;
    unsigned                       lingering:1;
    unsigned                       finalized:1;

    /* the running call */
    ngx_http_qwen_web_account_t    account;
    ngx_http_qwen_call_t           call;
    qwen_buf_t                     chat_id;
    qwen_buf_t                     head;
    qwen_buf_t                     tail;
    ngx_buf_t                      bufs[3];
    ngx_chain_t                    links[3];

    ngx_http_qwen_answer_t         answer;
};


/* Answers POST chat/completions.  To be returned by a content handler. */
ngx_int_t ngx_http_qwen_chat_handler(ngx_http_request_t *r);

/* Finds the upstream's name for the model that was asked for, as far as the
 * list of models is known.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_qwen_chat_resolve(ngx_http_qwen_chat_t *chat);

/* The conversation's next attempt: takes an account and starts its calls, or
 * waits for one, or gives up. */
void ngx_http_qwen_chat_attempt(ngx_http_request_t *r);

/* One call has failed: the account gets the blame it deserves, and while
 * nothing was sent the next attempt begins, with another account. */
void ngx_http_qwen_chat_failed(ngx_http_qwen_chat_t *chat,
    qwen_failure_t failure);

/* There is no other account to show whether the only one that failed is to
 * blame for a 403: it is, and may be asked again.  1, or 0. */
ngx_uint_t ngx_http_qwen_chat_alone(ngx_http_qwen_chat_t *chat);

/* Blames the first n of the accounts that failed, and none of the others. */
void ngx_http_qwen_chat_blame(ngx_http_qwen_chat_t *chat, ngx_uint_t n);

/* Ends the conversation with an error for chat->failure, before anything was
 * sent; retry_after is in milliseconds, 0: none. */
void ngx_http_qwen_chat_refuse(ngx_http_qwen_chat_t *chat,
    ngx_msec_t retry_after);

/* The handler of chat->timer. */
void ngx_http_qwen_chat_expire(ngx_http_request_t *r);

/* Notes for the log that the client has left before; a request's cleanup. */
void ngx_http_qwen_chat_left(void *data);

/* Finalizes the request, which may live on until its answer is sent. */
void ngx_http_qwen_chat_finalize(ngx_http_qwen_chat_t *chat, ngx_int_t rc);


#endif /* _NGX_HTTP_QWEN_CHAT_H_INCLUDED_ */
