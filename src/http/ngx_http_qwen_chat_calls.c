
/* One attempt: an account, a new chat, its completion. */

#include "ngx_http_qwen_chat.h"
#include "ngx_http_qwen_task.h"


#define NGX_HTTP_QWEN_CHAT_EMAIL   256

/* How long an upstream may keep the connection after the finish event. */
#define NGX_HTTP_QWEN_CHAT_LINGER  1000


static ngx_int_t ngx_http_qwen_chat_take(ngx_http_qwen_chat_t *chat,
    ngx_msec_t *wait);
static ngx_int_t ngx_http_qwen_chat_new(ngx_http_qwen_chat_t *chat);
static void ngx_http_qwen_chat_new_done(ngx_http_qwen_call_t *call);
static ngx_int_t ngx_http_qwen_chat_complete(ngx_http_qwen_chat_t *chat);
static ngx_int_t ngx_http_qwen_chat_args(ngx_http_qwen_chat_t *chat,
    ngx_str_t *args);
static void ngx_http_qwen_chat_set_body(ngx_http_qwen_chat_t *chat, ngx_uint_t
    i, qwen_buf_t *buf);
static ngx_int_t ngx_http_qwen_chat_data(ngx_http_qwen_call_t *call,
    ngx_http_request_t *sr, u_char *data, size_t len);
static void ngx_http_qwen_chat_started(ngx_http_qwen_chat_t *chat,
    ngx_http_request_t *sr);
static void ngx_http_qwen_chat_complete_done(ngx_http_qwen_call_t *call);
static void ngx_http_qwen_chat_renew(ngx_http_request_t *r);
static void ngx_http_qwen_chat_linger(ngx_http_request_t *r);


void
ngx_http_qwen_chat_attempt(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_msec_t             wait;
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    chat = ctx->chat;

    rc = ngx_http_qwen_chat_take(chat, &wait);

    if ((rc == NGX_BUSY || rc == NGX_DECLINED)
        && ngx_http_qwen_chat_alone(chat))
    {
        rc = ngx_http_qwen_chat_take(chat, &wait);
    }

    switch (rc) {

    case NGX_OK:
        ctx->log.attempts++;

        ngx_http_qwen_timer_set(&ctx->timer, chat->qmcf->pool.lease_time / 3,
                                ngx_http_qwen_chat_renew);

        if (ngx_http_qwen_chat_new(chat) != NGX_OK) {
            ngx_http_qwen_chat_failed(chat, (qwen_failure_t)
                                            { QWEN_FAIL_INTERNAL, 0 });
        }

        return;

    case NGX_AGAIN:
        ngx_http_qwen_task_nudge();
        ngx_http_qwen_timer_set(&ctx->timer, NGX_HTTP_QWEN_CHAT_POLL,
                                ngx_http_qwen_chat_attempt);
        return;

    case NGX_BUSY:

        /* an account that was refused for good says more than the rest */

        if (chat->failure.class == QWEN_FAIL_NONE
            || chat->failure.class == QWEN_FAIL_TOKEN
            || chat->failure.class == QWEN_FAIL_FORBIDDEN)
        {
            chat->failure.class = QWEN_FAIL_RATE_LIMITED;
        }

        break;

    case NGX_ERROR:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "no room in \"qwen_zone\" for another conversation");
        chat->failure.class = QWEN_FAIL_INTERNAL;
        break;

    default:
        if (chat->failure.class == QWEN_FAIL_NONE) {
            chat->failure.class = QWEN_FAIL_TOKEN;
        }
    }

    ngx_http_qwen_chat_refuse(chat, wait);
}


static ngx_int_t
ngx_http_qwen_chat_take(ngx_http_qwen_chat_t *chat, ngx_msec_t *wait)
{
    *wait = 0;

    if (!ngx_qwen_pool_loaded(&chat->qmcf->pool)) {
        return NGX_AGAIN;
    }

    return ngx_qwen_lease_take(&chat->qmcf->pool, chat->request->pool,
                               NGX_QWEN_KIND_CHAT, chat->tried.elts,
                               chat->tried.nelts, &chat->lease, wait);
}


static ngx_int_t
ngx_http_qwen_chat_new(ngx_http_qwen_chat_t *chat)
{
    u_char                     email[NGX_HTTP_QWEN_CHAT_EMAIL];
    ngx_str_t                  masked;
    ngx_time_t                *tp;
    ngx_http_request_t        *r;
    ngx_http_qwen_ctx_t       *ctx;
    ngx_http_qwen_call_t      *call;
    ngx_http_qwen_loc_conf_t  *conf;

    r = chat->request;
    call = &chat->call;
    conf = ngx_http_qwen_web_conf(r);
    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    masked = ngx_qwen_mask_email(&chat->lease->email, email, sizeof(email));

    ctx->log.account.len = masked.len;
    ctx->log.account.data = ngx_pstrdup(r->pool, &masked);
    if (ctx->log.account.data == NULL) {
        return NGX_ERROR;
    }

    tp = ngx_timeofday();
    qwen_buf_reset(&chat->head);

    if (ngx_http_qwen_web_account(r, &chat->lease->token, &chat->account)
        != NGX_OK
        || ngx_http_qwen_web_call(r, call, conf->web.new_chat_path,
                                  "application/json", &chat->account)
           != NGX_OK
        || qwen_web_new_chat_body(&conf->web, chat->model, chat->type,
                                  (int64_t) tp->sec * 1000 + tp->msec,
                                  &chat->head)
           != QWEN_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_qwen_chat_set_body(chat, 0, &chat->head);
    chat->bufs[0].last_buf = 1;
    chat->links[0].next = NULL;

    call->body_len = chat->head.len;
    call->data = chat;
    call->done = ngx_http_qwen_chat_new_done;

    return ngx_http_qwen_call_start(r, call);
}


static void
ngx_http_qwen_chat_new_done(ngx_http_qwen_call_t *call)
{
    qwen_failure_t         failure;
    qwen_web_answer_t      answer;
    ngx_http_qwen_chat_t  *chat;

    chat = call->data;
    answer = ngx_http_qwen_web_answer(call);
    qwen_buf_reset(&chat->chat_id);

    if (qwen_web_new_chat_answer(&answer, &chat->chat_id, &failure)
        != QWEN_OK)
    {
        ngx_http_qwen_chat_failed(chat, failure);
        return;
    }

    qwen_buf_free(&call->answer);

    if (ngx_http_qwen_chat_complete(chat) != NGX_OK) {
        ngx_http_qwen_chat_failed(chat, (qwen_failure_t)
                                        { QWEN_FAIL_INTERNAL, 0 });
    }
}


static ngx_int_t
ngx_http_qwen_chat_complete(ngx_http_qwen_chat_t *chat)
{
    ngx_http_request_t        *r;
    ngx_http_qwen_call_t      *call;
    qwen_web_completion_t      completion;
    ngx_http_qwen_loc_conf_t  *conf;

    r = chat->request;
    call = &chat->call;
    conf = ngx_http_qwen_web_conf(r);

    completion.chat_id = qwen_buf_str(&chat->chat_id);
    completion.model = chat->model;
    completion.type = chat->type;
    completion.thinking = chat->thinking;
    completion.thinking_budget = chat->thinking_budget;
    completion.now = ngx_time();

    qwen_buf_reset(&chat->head);
    qwen_buf_reset(&chat->tail);

    if (ngx_http_qwen_web_call(r, call, conf->web.completion_path,
                               "text/event-stream", &chat->account)
        != NGX_OK
        || qwen_web_completion_body(&conf->web, &completion, &chat->head,
                                    &chat->tail)
           != QWEN_OK
        || ngx_http_qwen_chat_args(chat, &call->args) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_qwen_chat_set_body(chat, 0, &chat->head);
    ngx_http_qwen_chat_set_body(chat, 1, &chat->text);
    ngx_http_qwen_chat_set_body(chat, 2, &chat->tail);
    chat->bufs[2].last_buf = 1;
    chat->links[0].next = &chat->links[1];
    chat->links[1].next = &chat->links[2];

    if (chat->text.len == 0) {
        chat->links[0].next = &chat->links[2];
    }

    call->body_len = chat->head.len + chat->text.len + chat->tail.len;
    call->data = chat;
    call->data_handler = ngx_http_qwen_chat_data;
    call->done = ngx_http_qwen_chat_complete_done;

    chat->lingering = 0;
    ngx_http_qwen_answer_begin(&chat->answer);

    return ngx_http_qwen_call_start(r, call);
}


static ngx_int_t
ngx_http_qwen_chat_args(ngx_http_qwen_chat_t *chat, ngx_str_t *args)
{
    qwen_rc_t   rc;
    qwen_buf_t  buf;

    /* an id that is all escapes is three times as long */

    qwen_buf_init(&buf, sizeof("chat_id=") + 3 * chat->chat_id.max);

    rc = qwen_web_completion_args(qwen_buf_str(&chat->chat_id), &buf);

    args->len = buf.len;
    args->data = (rc == QWEN_OK) ? ngx_pnalloc(chat->request->pool, buf.len)
                                 : NULL;

    if (args->data) {
        ngx_memcpy(args->data, buf.data, buf.len);
    }

    qwen_buf_free(&buf);

    return args->data ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_qwen_chat_set_body(ngx_http_qwen_chat_t *chat, ngx_uint_t i,
    qwen_buf_t *buf)
{
    ngx_buf_t  *b;

    b = &chat->bufs[i];

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = buf->data;
    b->pos = buf->data;
    b->last = buf->data + buf->len;
    b->end = b->last;
    b->memory = 1;

    chat->links[i].buf = b;
    chat->links[i].next = NULL;
    chat->call.body = &chat->links[0];
}


static ngx_int_t
ngx_http_qwen_chat_data(ngx_http_qwen_call_t *call, ngx_http_request_t *sr,
    u_char *data, size_t len)
{
    ngx_int_t              rc;
    ngx_uint_t             started;
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    chat = call->data;
    started = chat->answer.openai.started;

    rc = ngx_http_qwen_answer_data(&chat->answer, sr, data, len);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (!started && chat->answer.openai.started) {
        ngx_http_qwen_chat_started(chat, sr);
    }

    if (chat->answer.web.finished && !chat->lingering) {
        ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);

        chat->lingering = 1;
        ngx_http_qwen_timer_set(&ctx->timer, NGX_HTTP_QWEN_CHAT_LINGER,
                                ngx_http_qwen_chat_linger);
    }

    return rc;
}


static void
ngx_http_qwen_chat_started(ngx_http_qwen_chat_t *chat, ngx_http_request_t *sr)
{
    ngx_time_t           *tp;
    ngx_http_request_t   *r;
    ngx_http_qwen_ctx_t  *ctx;

    r = chat->request;
    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    tp = ngx_timeofday();

    ctx->log.first_token = 1 + ngx_max(0, (ngx_msec_int_t)
                               ((tp->sec - r->start_sec) * 1000
                                + (ngx_msec_int_t) tp->msec
                                - (ngx_msec_int_t) r->start_msec));

    ctx->log.upstream_status = chat->call.status;

    ngx_http_qwen_timer_clear(&chat->timer);

    /* no retry can need the text any more */

    if (ngx_http_qwen_answer_sent(&chat->answer)
        && sr->upstream->request_body_sent)
    {
        qwen_buf_free(&chat->text);
        qwen_buf_free(&chat->head);
        qwen_buf_free(&chat->tail);
    }
}


static void
ngx_http_qwen_chat_complete_done(ngx_http_qwen_call_t *call)
{
    ngx_int_t              rc;
    qwen_failure_t         failure;
    qwen_web_answer_t      answer;
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    chat = call->data;
    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);

    ngx_http_qwen_timer_clear(&ctx->timer);

    if (!call->streamed) {
        answer = ngx_http_qwen_web_answer(call);
        failure = qwen_web_failure(&answer);

        if (failure.class == QWEN_FAIL_NONE) {
            failure.class = QWEN_FAIL_PROTOCOL;
        }

        ngx_http_qwen_chat_failed(chat, failure);
        return;
    }

    if (ngx_http_qwen_answer_end(&chat->answer) != NGX_OK) {
        ngx_http_qwen_chat_failed(chat, chat->answer.failure);
        return;
    }

    chat->failure = (qwen_failure_t) { QWEN_FAIL_NONE, 0 };

    ctx->log.failure = (chat->answer.openai.finish
                        == QWEN_FINISH_CONTENT_FILTER)
                       ? QWEN_FAIL_CONTENT_FILTER : QWEN_FAIL_NONE;

    ngx_http_qwen_answer_usage(&chat->answer, chat->text_len);

    ngx_qwen_lease_report(chat->lease, &chat->failure);
    ngx_qwen_lease_count(chat->lease, &ctx->log.usage);
    ngx_qwen_lease_release(chat->lease);
    ngx_http_qwen_chat_blame(chat, chat->blames.nelts);

    rc = ngx_http_qwen_answer_finish(&chat->answer);

    ngx_http_qwen_chat_finalize(chat, rc);
}


static void
ngx_http_qwen_chat_renew(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    chat = ctx->chat;

    ngx_qwen_lease_renew(chat->lease);

    ngx_http_qwen_timer_set(&ctx->timer, chat->qmcf->pool.lease_time / 3,
                            ngx_http_qwen_chat_renew);
}


static void
ngx_http_qwen_chat_linger(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    if (ctx->call) {
        ngx_http_qwen_call_stop(ctx->call);

        /* a client that is slow defers it */

        ngx_http_qwen_timer_set(&ctx->timer, NGX_HTTP_QWEN_CHAT_LINGER,
                                ngx_http_qwen_chat_linger);
    }
}
