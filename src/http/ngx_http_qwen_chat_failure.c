
/* What follows a failure: blame, another attempt, an error for the client. */

#include "ngx_http_qwen_chat.h"
#include "ngx_http_qwen_models.h"
#include "ngx_http_qwen_respond.h"
#include "ngx_http_qwen_task.h"


/* How often a request moves on from accounts that are capped or signed out;
 * such failures are the account's, as a rule, and do not count as attempts. */
#define NGX_HTTP_QWEN_CHAT_MOVES  64

/* How long a refused name may wait for the list of models. */
#define NGX_HTTP_QWEN_CHAT_LIST   2000


static void ngx_http_qwen_chat_list(ngx_http_request_t *r);
static qwen_fail_class_t ngx_http_qwen_chat_class(ngx_http_qwen_chat_t *chat,
    qwen_fail_class_t class);
static ngx_int_t ngx_http_qwen_chat_again(ngx_http_qwen_chat_t *chat,
    ngx_msec_t *delay);
static ngx_int_t ngx_http_qwen_chat_exclude(ngx_http_qwen_chat_t *chat);
static void ngx_http_qwen_chat_report(ngx_http_qwen_chat_t *chat);
static ngx_uint_t ngx_http_qwen_chat_doubtful(ngx_http_qwen_chat_t *chat);
static ngx_uint_t ngx_http_qwen_chat_guilty(ngx_http_qwen_chat_t *chat);


void
ngx_http_qwen_chat_failed(ngx_http_qwen_chat_t *chat, qwen_failure_t failure)
{
    ngx_msec_t            delay;
    ngx_http_qwen_ctx_t  *ctx;
    qwen_openai_error_t   error;

    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);

    failure.class = ngx_http_qwen_chat_class(chat, failure.class);
    chat->failure = failure;

    ngx_http_qwen_timer_clear(&ctx->timer);
    ngx_http_qwen_chat_report(chat);
    qwen_buf_free(&chat->call.answer);

    if (ngx_http_qwen_answer_sent(&chat->answer)) {
        ngx_http_qwen_answer_usage(&chat->answer, chat->text_len);
        qwen_openai_error_failure(&error, &failure);
        ngx_http_qwen_chat_finalize(chat,
                       ngx_http_qwen_answer_abort(&chat->answer, &error));
        return;
    }

    if (failure.class == QWEN_FAIL_MODEL && !chat->listed) {
        chat->list_deadline = ngx_current_msec + NGX_HTTP_QWEN_CHAT_LIST;
        ngx_http_qwen_chat_list(chat->request);
        return;
    }

    if (ngx_http_qwen_chat_again(chat, &delay) != NGX_OK) {
        ngx_http_qwen_chat_refuse(chat, 0);
        return;
    }

    if (delay) {
        ngx_http_qwen_timer_set(&ctx->timer, delay,
                                ngx_http_qwen_chat_attempt);
        return;
    }

    ngx_http_qwen_chat_attempt(chat->request);
}


/*
 * A name was refused before the list of models had come, soon after the start:
 * with the list it may turn out to be another name of a model.
 */

static void
ngx_http_qwen_chat_list(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    chat = ctx->chat;

    if (ngx_http_qwen_chat_resolve(chat) == NGX_OK) {

        if (chat->listed && !chat->model_unknown) {
            ngx_http_qwen_chat_attempt(r);
            return;
        }

        if (!chat->listed
            && (ngx_msec_int_t) (chat->list_deadline - ngx_current_msec) > 0)
        {
            ngx_http_qwen_task_nudge();
            ngx_http_qwen_timer_set(&ctx->timer, NGX_HTTP_QWEN_CHAT_POLL,
                                    ngx_http_qwen_chat_list);
            return;
        }
    }

    ngx_http_qwen_chat_refuse(chat, 0);
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

    case QWEN_FAIL_FORBIDDEN:
    case QWEN_FAIL_ACCOUNT:
    case QWEN_FAIL_PROTOCOL:

        /* the upstream has several ways to refuse a name it does not know */

        return (chat->model_unknown && !ngx_http_qwen_answer_sent(&chat->answer)
                && chat->call.status != 0 && !chat->call.streamed)
               ? QWEN_FAIL_MODEL : class;

    case QWEN_FAIL_MODEL:
        return (chat->listed && !chat->model_unknown) ? QWEN_FAIL_ACCOUNT
                                                      : class;

    default:
        return class;
    }
}


/* Whether another attempt may follow, and after what delay. */

static ngx_int_t
ngx_http_qwen_chat_again(ngx_http_qwen_chat_t *chat, ngx_msec_t *delay)
{
    ngx_msec_int_t  rest;

    rest = (ngx_msec_int_t) (chat->deadline - ngx_current_msec);

    if (chat->expired || rest <= 0
        || !qwen_fail_class_retriable(chat->failure.class))
    {
        return NGX_DECLINED;
    }

    /* an answer that is collected had begun, and had stopped it */

    if (!chat->timer.event.timer_set) {
        ngx_http_qwen_timer_set(&chat->timer, rest, ngx_http_qwen_chat_expire);
    }

    switch (chat->failure.class) {

    case QWEN_FAIL_TOKEN:
    case QWEN_FAIL_RATE_LIMITED:
    case QWEN_FAIL_QUOTA:

        *delay = 0;

        return (++chat->moves < NGX_HTTP_QWEN_CHAT_MOVES) ? NGX_OK
                                                          : NGX_DECLINED;

    case QWEN_FAIL_FORBIDDEN:

        *delay = chat->retry_delay;

        return (++chat->moves < NGX_HTTP_QWEN_CHAT_MOVES)
               ? ngx_http_qwen_chat_exclude(chat) : NGX_DECLINED;

    default:

        *delay = chat->retry_delay << ngx_min(chat->failures, 16);

        return (++chat->failures < chat->attempts)
               ? ngx_http_qwen_chat_exclude(chat) : NGX_DECLINED;
    }
}


/* The pool may give this account again, the request must not get it. */

static ngx_int_t
ngx_http_qwen_chat_exclude(ngx_http_qwen_chat_t *chat)
{
    uint64_t  *account;

    account = ngx_array_push(&chat->tried);
    if (account == NULL) {
        return NGX_DECLINED;
    }

    *account = chat->lease->account;

    return NGX_OK;
}


static void
ngx_http_qwen_chat_report(ngx_http_qwen_chat_t *chat)
{
    qwen_str_t              class;
    ngx_http_qwen_ctx_t    *ctx;
    ngx_http_qwen_blame_t  *blame;

    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);
    class = qwen_fail_class_name(chat->failure.class);

    ctx->log.failure = chat->failure.class;
    ctx->log.upstream_status = chat->call.status;

    ngx_log_error(NGX_LOG_WARN, chat->request->connection->log, 0,
                  "attempt %ui with account \"%V\" failed: %*s, "
                  "upstream status %ui",
                  ctx->log.attempts, &ctx->log.account, class.len, class.data,
                  chat->call.status);

    ngx_qwen_lease_count(chat->lease, NULL);

    blame = ngx_http_qwen_chat_doubtful(chat) ? ngx_array_push(&chat->blames)
                                              : NULL;
    if (blame) {
        blame->lease = chat->lease;
        blame->failure = chat->failure;
        return;
    }

    ngx_qwen_lease_report(chat->lease, &chat->failure);
    ngx_qwen_lease_release(chat->lease);
}


/*
 * A request may be refused for its own sake by one account after the other, and
 * an upstream may be down; then it would be wrong to let all of them rest.
 */

static ngx_uint_t
ngx_http_qwen_chat_doubtful(ngx_http_qwen_chat_t *chat)
{
    if (ngx_http_qwen_answer_sent(&chat->answer)) {
        return 0;
    }

    switch (chat->failure.class) {

    case QWEN_FAIL_FORBIDDEN:
    case QWEN_FAIL_ACCOUNT:
    case QWEN_FAIL_CHALLENGED:
    case QWEN_FAIL_OUTAGE:
    case QWEN_FAIL_TIMEOUT:
    case QWEN_FAIL_EMPTY:
    case QWEN_FAIL_PROTOCOL:
        return 1;

    default:
        return 0;
    }
}


/*
 * How many of the doubtful failures are blamed when no account has served.  Of
 * several accounts that failed none is, as then the request or the upstream is
 * at fault.  A token or a bot check is the exception: whatever the cause, to go
 * on with the account as before does not help.
 */

static ngx_uint_t
ngx_http_qwen_chat_guilty(ngx_http_qwen_chat_t *chat)
{
    ngx_http_qwen_blame_t  *blames;

    if (chat->blames.nelts < 2) {
        return chat->blames.nelts;
    }

    blames = chat->blames.elts;

    switch (blames[0].failure.class) {

    case QWEN_FAIL_FORBIDDEN:
    case QWEN_FAIL_CHALLENGED:
        return 1;

    default:
        return 0;
    }
}


ngx_uint_t
ngx_http_qwen_chat_alone(ngx_http_qwen_chat_t *chat)
{
    if (chat->blames.nelts != 1
        || chat->failure.class != QWEN_FAIL_FORBIDDEN)
    {
        return 0;
    }

    ngx_http_qwen_chat_blame(chat, 1);
    chat->tried.nelts = 0;

    return 1;
}


void
ngx_http_qwen_chat_blame(ngx_http_qwen_chat_t *chat, ngx_uint_t n)
{
    ngx_uint_t              i;
    ngx_http_qwen_blame_t  *blames;

    blames = chat->blames.elts;

    for (i = 0; i < chat->blames.nelts; i++) {

        if (i < n) {
            ngx_qwen_lease_report(blames[i].lease, &blames[i].failure);
        }

        ngx_qwen_lease_release(blames[i].lease);
    }

    chat->blames.nelts = 0;
}


void
ngx_http_qwen_chat_refuse(ngx_http_qwen_chat_t *chat, ngx_msec_t retry_after)
{
    ngx_http_qwen_ctx_t  *ctx;
    qwen_openai_error_t   error;

    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);
    ctx->log.failure = chat->failure.class;

    qwen_openai_error_failure(&error, &chat->failure);

    ngx_http_qwen_chat_finalize(chat,
                                ngx_http_qwen_respond_error(chat->request,
                                                            &error,
                                                            retry_after));
}


void
ngx_http_qwen_chat_left(void *data)
{
    ngx_http_qwen_chat_t *chat = data;

    ngx_http_qwen_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(chat->request, ngx_http_qwen_module);

    if (ctx == NULL || ctx->chat != chat || chat->finalized) {
        return;
    }

    ctx->log.aborted = 1;

    if (ngx_http_qwen_answer_sent(&chat->answer)) {
        ngx_http_qwen_answer_usage(&chat->answer, chat->text_len);
    }
}


void
ngx_http_qwen_chat_finalize(ngx_http_qwen_chat_t *chat, ngx_int_t rc)
{
    ngx_http_request_t   *r;
    ngx_http_qwen_ctx_t  *ctx;

    r = chat->request;
    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    ngx_http_qwen_timer_clear(&chat->timer);
    ngx_http_qwen_timer_clear(&ctx->timer);
    ngx_http_qwen_timer_clear(&chat->answer.stream.timer);

    ngx_http_qwen_chat_blame(chat, ngx_http_qwen_chat_guilty(chat));

    chat->finalized = 1;

    ngx_http_finalize_request(r, rc);
}


void
ngx_http_qwen_chat_expire(ngx_http_request_t *r)
{
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    chat = ctx->chat;

    chat->expired = 1;

    if (ctx->call) {
        ngx_http_qwen_call_stop(ctx->call);

        /* a call that has not begun yet cannot be stopped */

        ngx_http_qwen_timer_set(&chat->timer, 100, ngx_http_qwen_chat_expire);
        return;
    }

    ngx_http_qwen_timer_clear(&ctx->timer);

    chat->failure.class = QWEN_FAIL_TIMEOUT;
    ngx_http_qwen_chat_refuse(chat, 0);
}
