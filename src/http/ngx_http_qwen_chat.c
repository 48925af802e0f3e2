
/* From a client's body to a conversation that is ready to be tried. */

#include "ngx_http_qwen_chat.h"
#include "ngx_http_qwen_body.h"
#include "ngx_http_qwen_models.h"
#include "ngx_http_qwen_respond.h"
#include "qwen_fold.h"


#define NGX_HTTP_QWEN_CHAT_ID     128
#define NGX_HTTP_QWEN_CHAT_PARTS  4096   /* of a body without its text */


static void ngx_http_qwen_chat_body(ngx_http_request_t *r, ngx_http_qwen_body_t
    *body, qwen_rc_t rc);
static ngx_int_t ngx_http_qwen_chat_begin(ngx_http_request_t *r,
    ngx_http_qwen_body_t *body, qwen_openai_error_t *error);
static ngx_int_t ngx_http_qwen_chat_supported(const qwen_request_t *request,
    qwen_openai_error_t *error);
static ngx_int_t ngx_http_qwen_chat_create(ngx_http_request_t *r,
    qwen_request_t *request);
static ngx_int_t ngx_http_qwen_chat_init(ngx_http_qwen_chat_t *chat,
    qwen_request_t *request);
static ngx_int_t ngx_http_qwen_chat_model(ngx_http_qwen_chat_t *chat,
    qwen_request_t *request);
static ngx_int_t ngx_http_qwen_chat_fold(ngx_http_qwen_chat_t *chat,
    qwen_request_t *request, ngx_http_qwen_body_t *body, qwen_openai_error_t
    *error);
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
    qwen_rc_t scanned)
{
    ngx_int_t             rc;
    ngx_http_qwen_ctx_t  *ctx;
    qwen_openai_error_t   error;

    if (scanned != QWEN_OK) {
        qwen_openai_scan_error(&body->scan, &error);

    } else if (ngx_http_qwen_chat_begin(r, body, &error) == NGX_OK) {
        ngx_http_qwen_body_free(body);
        ngx_http_qwen_chat_attempt(r);
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    rc = ngx_http_qwen_respond_error(r, &error, 0);

    if (ctx->chat) {
        ngx_http_qwen_chat_finalize(ctx->chat, rc);

    } else {
        ngx_http_finalize_request(r, rc);
    }
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
    ngx_http_cleanup_t    *left;
    ngx_pool_cleanup_t    *cln;
    ngx_http_qwen_ctx_t   *ctx;
    ngx_http_qwen_chat_t  *chat;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);

    /* the one runs before the request is logged, the other behind all else */

    left = ngx_http_cleanup_add(r, 0);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (left == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    /* not from the pool: it would begin a block of its own there */

    chat = ngx_calloc(sizeof(ngx_http_qwen_chat_t), r->connection->log);
    if (chat == NULL) {
        return NGX_ERROR;
    }

    ctx->chat = chat;
    cln->handler = ngx_http_qwen_chat_cleanup;
    cln->data = chat;
    left->handler = ngx_http_qwen_chat_left;
    left->data = chat;

    chat->request = r;

    return ngx_http_qwen_chat_init(chat, request);
}


static ngx_int_t
ngx_http_qwen_chat_init(ngx_http_qwen_chat_t *chat, qwen_request_t *request)
{
    ngx_http_request_t         *r;
    ngx_http_qwen_effective_t   effective;

    r = chat->request;

    chat->qmcf = ngx_http_get_module_main_conf(r, ngx_http_qwen_module);
    chat->qlcf = ngx_http_get_module_loc_conf(r, ngx_http_qwen_module);
    chat->type = request->chat_type;
    chat->thinking = request->thinking;
    chat->thinking_budget = request->thinking_budget;

    qwen_buf_init(&chat->chat_id, NGX_HTTP_QWEN_CHAT_ID);
    qwen_buf_init(&chat->head, NGX_HTTP_QWEN_CHAT_PARTS / 2);
    qwen_buf_init(&chat->tail, NGX_HTTP_QWEN_CHAT_PARTS / 2);

    ngx_http_qwen_effective_of(r, &effective);

    chat->attempts = effective.attempts;
    chat->retry_delay = effective.retry_delay;

    if (ngx_array_init(&chat->tried, r->pool, chat->attempts,
                       sizeof(uint64_t))
        != NGX_OK
        || ngx_array_init(&chat->blames, r->pool, chat->attempts,
                          sizeof(ngx_http_qwen_blame_t))
           != NGX_OK
        || ngx_http_qwen_chat_model(chat, request) != NGX_OK
        || ngx_http_qwen_timer_init(r, &chat->timer) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_qwen_answer_init(r, &chat->answer, request, &effective)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    chat->deadline = ngx_current_msec + chat->qlcf->timeout;

    ngx_http_qwen_timer_set(&chat->timer, chat->qlcf->timeout,
                            ngx_http_qwen_chat_expire);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_chat_model(ngx_http_qwen_chat_t *chat, qwen_request_t *request)
{
    ngx_str_t             name;
    qwen_str_t            type;
    ngx_http_qwen_ctx_t  *ctx;

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

    return ngx_http_qwen_chat_resolve(chat);
}


ngx_int_t
ngx_http_qwen_chat_resolve(ngx_http_qwen_chat_t *chat)
{
    u_char               *p;
    const qwen_model_t   *model;
    const qwen_models_t  *models;

    models = ngx_http_qwen_models(chat->qmcf);
    if (models == NULL) {
        return NGX_OK;
    }

    chat->listed = 1;

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

    ngx_free(chat);
}
