
#include "ngx_http_qwen_chat.h"
#include "ngx_http_qwen_answer.h"
#include "ngx_http_qwen_body.h"
#include "ngx_http_qwen_models.h"
#include "ngx_http_qwen_respond.h"
#include "ngx_http_qwen_task.h"
#include "ngx_http_qwen_web.h"
#include "qwen_fold.h"
#include "qwen_openai_chat.h"


#define NGX_HTTP_QWEN_CHAT_ID      128
#define NGX_HTTP_QWEN_CHAT_PARTS   4096  /* of a body without its text */
#define NGX_HTTP_QWEN_CHAT_EMAIL   256

/* How often a request that waits for a sign-in looks for an account. */
#define NGX_HTTP_QWEN_CHAT_POLL    25

/* How long an upstream may keep the connection after the finish event. */
#define NGX_HTTP_QWEN_CHAT_LINGER  1000

/* How often a request moves on from accounts that are capped or signed out;
 * such failures are the account's and do not count as attempts. */
#define NGX_HTTP_QWEN_CHAT_MOVES   64


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
    unsigned                       model_unknown:1;

    /* the attempts */
    ngx_qwen_lease_t              *lease;
    uint64_t                      *tried;
    ngx_uint_t                     ntried;
    ngx_uint_t                     moves;
    qwen_failure_t                 failure;      /* of the last one */
    ngx_http_qwen_timer_t          timer;        /* until the next step */
    ngx_http_qwen_timer_t          deadline;
    unsigned                       expired:1;
    unsigned                       lingering:1;

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


static void ngx_http_qwen_chat_body(ngx_http_request_t *r,
    ngx_http_qwen_body_t *body, qwen_rc_t rc);
static ngx_int_t ngx_http_qwen_chat_begin(ngx_http_request_t *r,
    ngx_http_qwen_body_t *body, qwen_openai_error_t *error);
static ngx_int_t ngx_http_qwen_chat_supported(const qwen_request_t *request,
    qwen_openai_error_t *error);
static ngx_int_t ngx_http_qwen_chat_create(ngx_http_request_t *r,
    qwen_request_t *request);
static ngx_int_t ngx_http_qwen_chat_model(ngx_http_qwen_chat_t *chat,
    qwen_request_t *request);
static ngx_int_t ngx_http_qwen_chat_fold(ngx_http_qwen_chat_t *chat,
    qwen_request_t *request, ngx_http_qwen_body_t *body,
    qwen_openai_error_t *error);

static void ngx_http_qwen_chat_attempt(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_chat_new(ngx_http_qwen_chat_t *chat);
static void ngx_http_qwen_chat_new_done(ngx_http_qwen_call_t *call);
static ngx_int_t ngx_http_qwen_chat_complete(ngx_http_qwen_chat_t *chat);
static void ngx_http_qwen_chat_set_body(ngx_http_qwen_chat_t *chat,
    ngx_uint_t i, qwen_buf_t *buf);
static ngx_int_t ngx_http_qwen_chat_data(ngx_http_qwen_call_t *call,
    ngx_http_request_t *sr, u_char *data, size_t len);
static void ngx_http_qwen_chat_started(ngx_http_qwen_chat_t *chat,
    ngx_http_request_t *sr);
static void ngx_http_qwen_chat_complete_done(ngx_http_qwen_call_t *call);

static void ngx_http_qwen_chat_failed(ngx_http_qwen_chat_t *chat,
    qwen_failure_t failure);
static qwen_fail_class_t ngx_http_qwen_chat_class(ngx_http_qwen_chat_t *chat,
    qwen_fail_class_t class);
static ngx_int_t ngx_http_qwen_chat_again(ngx_http_qwen_chat_t *chat,
    ngx_msec_t *delay);
static void ngx_http_qwen_chat_report(ngx_http_qwen_chat_t *chat);
static void ngx_http_qwen_chat_refuse(ngx_http_qwen_chat_t *chat,
    ngx_msec_t retry_after);
static void ngx_http_qwen_chat_deadline(ngx_http_request_t *r);
static void ngx_http_qwen_chat_linger(ngx_http_request_t *r);
static void ngx_http_qwen_chat_cleanup(void *data);


ngx_int_t
ngx_http_qwen_chat_handler(ngx_http_request_t *r)
{
    ngx_http_qwen_loc_conf_t  *qlcf;

    qlcf = ngx_http_get_module_loc_conf(r, ngx_http_qwen_module);

    return ngx_http_qwen_body_read(r, qlcf->max_json, ngx_http_qwen_chat_body);
}


static void
ngx_http_qwen_chat_body(ngx_http_request_t *r, ngx_http_qwen_body_t *body,
    qwen_rc_t rc)
{
    qwen_openai_error_t  error;

    if (rc != QWEN_OK) {
        qwen_openai_scan_error(&body->scan, &error);

    } else if (ngx_http_qwen_chat_begin(r, body, &error) == NGX_OK) {
        ngx_http_qwen_body_free(body);
        ngx_http_qwen_chat_attempt(r);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_qwen_respond_error(r, &error, 0));
}


static ngx_int_t
ngx_http_qwen_chat_begin(ngx_http_request_t *r, ngx_http_qwen_body_t *body,
    qwen_openai_error_t *error)
{
    ngx_int_t             rc;
    qwen_request_t        request;
    ngx_http_qwen_ctx_t  *ctx;

    ngx_memzero(&request, sizeof(qwen_request_t));

    if (qwen_openai_chat_parse(&body->scan, body->root, &body->reader,
                               &request, error)
        != QWEN_OK
        || ngx_http_qwen_chat_supported(&request, error) != NGX_OK)
    {
        qwen_request_free(&request);
        return NGX_ERROR;
    }

    rc = ngx_http_qwen_chat_create(r, &request);

    if (rc == NGX_OK) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
        rc = ngx_http_qwen_chat_fold(ctx->chat, &request, body, error);

    } else {
        qwen_openai_error_status(error, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }

    qwen_request_free(&request);

    return rc;
}


static ngx_int_t
ngx_http_qwen_chat_supported(const qwen_request_t *request,
    qwen_openai_error_t *error)
{
    qwen_str_t  type;

    if (request->chat_type != QWEN_CHAT_T2T
        && request->chat_type != QWEN_CHAT_SEARCH)
    {
        type = qwen_chat_type_name(request->chat_type);

        qwen_openai_error_set(error, NGX_HTTP_NOT_IMPLEMENTED, NULL, "model",
                              "Chats of type '%.*s' are not available yet",
                              (int) type.len, type.data);
        return NGX_ERROR;
    }

    if (request->media) {
        qwen_openai_error_set(error, NGX_HTTP_NOT_IMPLEMENTED, NULL,
                              "messages",
                              "Content parts other than text are not "
                              "available yet");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_chat_create(ngx_http_request_t *r, qwen_request_t *request)
{
    ngx_pool_cleanup_t    *cln;
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    chat = ngx_pcalloc(r->pool, sizeof(ngx_http_qwen_chat_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (chat == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    ctx->chat = chat;
    cln->handler = ngx_http_qwen_chat_cleanup;
    cln->data = chat;

    chat->request = r;
    chat->qmcf = ngx_http_get_module_main_conf(r, ngx_http_qwen_module);
    chat->qlcf = ngx_http_get_module_loc_conf(r, ngx_http_qwen_module);
    chat->type = request->chat_type;
    chat->thinking = request->thinking;
    chat->thinking_budget = request->thinking_budget;

    qwen_buf_init(&chat->chat_id, NGX_HTTP_QWEN_CHAT_ID);
    qwen_buf_init(&chat->head, NGX_HTTP_QWEN_CHAT_PARTS / 2);
    qwen_buf_init(&chat->tail, NGX_HTTP_QWEN_CHAT_PARTS / 2);

    chat->tried = ngx_palloc(r->pool,
                             chat->qlcf->attempts * sizeof(uint64_t));

    if (chat->tried == NULL
        || ngx_http_qwen_chat_model(chat, request) != NGX_OK
        || ngx_http_qwen_timer_init(r, &chat->timer) != NGX_OK
        || ngx_http_qwen_timer_init(r, &chat->deadline) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_qwen_timer_set(&chat->deadline, chat->qlcf->timeout,
                            ngx_http_qwen_chat_deadline);

    return ngx_http_qwen_answer_init(r, &chat->answer, request);
}


static ngx_int_t
ngx_http_qwen_chat_model(ngx_http_qwen_chat_t *chat, qwen_request_t *request)
{
    u_char                *p;
    ngx_str_t              name;
    qwen_str_t             type;
    const qwen_model_t    *model;
    const qwen_models_t   *models;
    ngx_http_qwen_ctx_t   *ctx;

    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);

    name.len = request->model.len;
    name.data = ngx_pnalloc(chat->request->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(name.data, request->model.data, name.len);

    type = qwen_chat_type_name(request->chat_type);

    ctx->log.model = name;
    ctx->log.chat_type.data = (u_char *) type.data;
    ctx->log.chat_type.len = type.len;

    chat->model = (qwen_str_t) { name.data, request->base_len };

    models = ngx_http_qwen_models(chat->qmcf);
    if (models == NULL) {
        return NGX_OK;
    }

    model = qwen_models_find(models, chat->model);
    if (model == NULL) {
        chat->model_unknown = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(chat->request->pool, model->id.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, model->id.data, model->id.len);
    chat->model = (qwen_str_t) { p, model->id.len };

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_chat_fold(ngx_http_qwen_chat_t *chat, qwen_request_t *request,
    ngx_http_qwen_body_t *body, qwen_openai_error_t *error)
{
    size_t  max;

    max = chat->qlcf->max_upstream_body;

    qwen_buf_init(&chat->text, max - NGX_HTTP_QWEN_CHAT_PARTS);

    if (qwen_fold(request, &body->reader, &chat->text, &chat->text_len)
        == QWEN_OK)
    {
        return NGX_OK;
    }

    if (chat->text.failed) {
        qwen_openai_error_set(error, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                              "context_length_exceeded", "messages",
                              "The conversation is too long for the upstream, "
                              "which takes %zu bytes", max);
    } else {
        qwen_openai_error_status(error, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }

    return NGX_ERROR;
}


static void
ngx_http_qwen_chat_attempt(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_msec_t             wait;
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    chat = ctx->chat;

    rc = ngx_qwen_pool_loaded(&chat->qmcf->pool)
         ? ngx_qwen_lease_take(&chat->qmcf->pool, r->pool,
                               NGX_QWEN_KIND_CHAT, chat->tried, chat->ntried,
                               &chat->lease, &wait)
         : NGX_AGAIN;

    switch (rc) {

    case NGX_OK:
        ctx->log.attempts++;

        if (ngx_http_qwen_chat_new(chat) != NGX_OK) {
            ngx_http_qwen_chat_failed(chat, (qwen_failure_t)
                                            { QWEN_FAIL_INTERNAL, 0 });
        }

        return;

    case NGX_AGAIN:
        ngx_http_qwen_task_nudge();
        ngx_http_qwen_timer_set(&chat->timer, NGX_HTTP_QWEN_CHAT_POLL,
                                ngx_http_qwen_chat_attempt);
        return;

    case NGX_BUSY:

        /* an account that was refused for good says more than the rest */

        if (chat->failure.class == QWEN_FAIL_NONE
            || chat->failure.class == QWEN_FAIL_TOKEN)
        {
            chat->failure.class = QWEN_FAIL_RATE_LIMITED;
        }

        break;

    default:
        if (chat->failure.class == QWEN_FAIL_NONE) {
            chat->failure.class = QWEN_FAIL_TOKEN;
        }
    }

    ngx_http_qwen_chat_refuse(chat, wait);
}


static ngx_int_t
ngx_http_qwen_chat_new(ngx_http_qwen_chat_t *chat)
{
    u_char                    *email;
    ngx_time_t                *tp;
    ngx_http_request_t        *r;
    ngx_http_qwen_ctx_t       *ctx;
    ngx_http_qwen_call_t      *call;
    ngx_http_qwen_loc_conf_t  *conf;

    r = chat->request;
    call = &chat->call;
    conf = ngx_http_qwen_web_conf(r);
    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    email = ngx_pnalloc(r->pool, NGX_HTTP_QWEN_CHAT_EMAIL);
    if (email == NULL) {
        return NGX_ERROR;
    }

    ctx->log.account = ngx_qwen_mask_email(&chat->lease->email, email,
                                           NGX_HTTP_QWEN_CHAT_EMAIL);
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
    qwen_buf_t                 args;
    qwen_rc_t                  rc;
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
           != QWEN_OK)
    {
        return NGX_ERROR;
    }

    /* an id that is all escapes is three times as long */

    qwen_buf_init(&args, sizeof("chat_id=") + 3 * NGX_HTTP_QWEN_CHAT_ID);

    rc = qwen_web_completion_args(completion.chat_id, &args);

    call->args.len = args.len;
    call->args.data = (rc == QWEN_OK) ? ngx_pnalloc(r->pool, args.len) : NULL;

    if (call->args.data) {
        ngx_memcpy(call->args.data, args.data, args.len);
    }

    qwen_buf_free(&args);

    if (call->args.data == NULL) {
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
    ngx_int_t               rc;
    ngx_uint_t              started;
    ngx_http_qwen_chat_t   *chat;

    chat = call->data;
    started = chat->answer.openai.started;

    rc = ngx_http_qwen_answer_data(&chat->answer, sr, data, len);

    if (!started && chat->answer.openai.started) {
        ngx_http_qwen_chat_started(chat, sr);
    }

    if (chat->answer.web.finished && !chat->lingering) {
        chat->lingering = 1;
        ngx_http_qwen_timer_set(&chat->timer, NGX_HTTP_QWEN_CHAT_LINGER,
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

    ngx_http_qwen_timer_clear(&chat->deadline);

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

    ngx_http_qwen_timer_clear(&chat->timer);

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

    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);
    ctx->log.failure = QWEN_FAIL_NONE;
    ctx->log.upstream_status = call->status;

    ngx_qwen_lease_report(chat->lease, &chat->failure);
    ngx_qwen_lease_release(chat->lease);

    rc = ngx_http_qwen_answer_finish(&chat->answer, chat->text_len);

    ngx_http_finalize_request(chat->request, rc);
}


/*
 * One call has failed: the account gets the blame it deserves, and while
 * nothing was sent the next attempt begins, with another account.
 */

static void
ngx_http_qwen_chat_failed(ngx_http_qwen_chat_t *chat, qwen_failure_t failure)
{
    ngx_msec_t           delay;
    qwen_openai_error_t  error;

    failure.class = ngx_http_qwen_chat_class(chat, failure.class);
    chat->failure = failure;

    ngx_http_qwen_chat_report(chat);
    qwen_buf_free(&chat->call.answer);

    if (ngx_http_qwen_answer_sent(&chat->answer)) {
        qwen_openai_error_failure(&error, &failure);
        ngx_http_finalize_request(chat->request,
                       ngx_http_qwen_answer_abort(&chat->answer, &error));
        return;
    }

    if (ngx_http_qwen_chat_again(chat, &delay) != NGX_OK) {
        ngx_http_qwen_chat_refuse(chat, 0);
        return;
    }

    if (delay) {
        ngx_http_qwen_timer_set(&chat->timer, delay,
                                ngx_http_qwen_chat_attempt);
        return;
    }

    ngx_http_qwen_chat_attempt(chat->request);
}


static qwen_fail_class_t
ngx_http_qwen_chat_class(ngx_http_qwen_chat_t *chat, qwen_fail_class_t class)
{
    if (chat->call.misconfigured) {
        return QWEN_FAIL_INTERNAL;
    }

    if (chat->expired) {
        return QWEN_FAIL_TIMEOUT;
    }

    switch (class) {

    case QWEN_FAIL_INCOMPLETE:

        /* an answer that is collected can be asked for again */

        return ngx_http_qwen_answer_sent(&chat->answer) ? class
                                                        : QWEN_FAIL_OUTAGE;

    case QWEN_FAIL_ACCOUNT:
    case QWEN_FAIL_PROTOCOL:

        /* the upstream has several ways to refuse a name it does not know */

        return (chat->model_unknown && !ngx_http_qwen_answer_sent(&chat->answer)
                && chat->call.status != 0 && !chat->call.streamed)
               ? QWEN_FAIL_MODEL : class;

    case QWEN_FAIL_MODEL:
        return chat->model_unknown
               || ngx_http_qwen_models(chat->qmcf) == NULL ? class
                                                           : QWEN_FAIL_ACCOUNT;

    default:
        return class;
    }
}


/* Whether another attempt may follow, and after what delay. */

static ngx_int_t
ngx_http_qwen_chat_again(ngx_http_qwen_chat_t *chat, ngx_msec_t *delay)
{
    ngx_http_qwen_loc_conf_t  *qlcf;

    qlcf = chat->qlcf;

    if (chat->expired || !qwen_fail_class_retriable(chat->failure.class)) {
        return NGX_DECLINED;
    }

    switch (chat->failure.class) {

    case QWEN_FAIL_TOKEN:
    case QWEN_FAIL_RATE_LIMITED:
    case QWEN_FAIL_QUOTA:

        *delay = 0;

        return (++chat->moves < NGX_HTTP_QWEN_CHAT_MOVES) ? NGX_OK
                                                          : NGX_DECLINED;

    default:
        chat->tried[chat->ntried++] = chat->lease->account;

        *delay = qlcf->retry_delay << ngx_min(chat->ntried - 1, 16);

        return (chat->ntried < qlcf->attempts) ? NGX_OK : NGX_DECLINED;
    }
}


static void
ngx_http_qwen_chat_report(ngx_http_qwen_chat_t *chat)
{
    qwen_str_t            class;
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);
    class = qwen_fail_class_name(chat->failure.class);

    ctx->log.failure = chat->failure.class;
    ctx->log.upstream_status = chat->call.status;

    ngx_log_error(NGX_LOG_WARN, chat->request->connection->log, 0,
                  "attempt %ui with account \"%V\" failed: %*s, "
                  "upstream status %ui",
                  ctx->log.attempts, &ctx->log.account, class.len, class.data,
                  chat->call.status);

    ngx_qwen_lease_report(chat->lease, &chat->failure);
    ngx_qwen_lease_release(chat->lease);
}


static void
ngx_http_qwen_chat_refuse(ngx_http_qwen_chat_t *chat, ngx_msec_t retry_after)
{
    ngx_http_qwen_ctx_t  *ctx;
    qwen_openai_error_t   error;

    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);
    ctx->log.failure = chat->failure.class;

    qwen_openai_error_failure(&error, &chat->failure);

    ngx_http_finalize_request(chat->request,
                              ngx_http_qwen_respond_error(chat->request,
                                                          &error,
                                                          retry_after));
}


static void
ngx_http_qwen_chat_deadline(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    chat = ctx->chat;

    chat->expired = 1;

    if (ctx->call) {
        ngx_http_qwen_call_stop(ctx->call);

        /* a call that has not begun yet cannot be stopped */

        ngx_http_qwen_timer_set(&chat->deadline, 100,
                                ngx_http_qwen_chat_deadline);
        return;
    }

    ngx_http_qwen_timer_clear(&chat->timer);

    chat->failure.class = QWEN_FAIL_TIMEOUT;
    ngx_http_qwen_chat_refuse(chat, 0);
}


static void
ngx_http_qwen_chat_linger(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    if (ctx->call) {
        ngx_http_qwen_call_stop(ctx->call);
    }
}


static void
ngx_http_qwen_chat_cleanup(void *data)
{
    ngx_http_qwen_chat_t  *chat = data;

    if (chat->lease) {
        ngx_qwen_lease_release(chat->lease);
    }

    ngx_http_qwen_answer_free(&chat->answer);

    qwen_buf_free(&chat->text);
    qwen_buf_free(&chat->chat_id);
    qwen_buf_free(&chat->head);
    qwen_buf_free(&chat->tail);
    qwen_buf_free(&chat->call.answer);
}
