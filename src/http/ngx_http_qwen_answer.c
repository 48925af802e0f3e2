
#include "ngx_http_qwen_answer.h"
#include "ngx_http_qwen_respond.h"
#include "qwen_uuid.h"


/* What the worker keeps of its buffer for chunks after a large event. */
#define NGX_HTTP_QWEN_SCRATCH  (64 * 1024)

/* The chunks of an event, beside its text. */
#define NGX_HTTP_QWEN_AROUND   (1024 * 1024)


static size_t ngx_http_qwen_answer_max(ngx_http_qwen_loc_conf_t *conf);
static void ngx_http_qwen_answer_reset(ngx_http_qwen_answer_t *answer);
static ngx_int_t ngx_http_qwen_answer_send(ngx_http_qwen_answer_t *answer,
    ngx_http_request_t *active, ngx_uint_t last);
static void ngx_http_qwen_answer_limit(ngx_http_qwen_answer_t *answer);
static void ngx_http_qwen_scratch_reset(void);


/* Chunks are rendered here and copied into the client's buffers at once, so
 * one for all streams of a worker will do.  Its cap is that of the answer. */
static qwen_buf_t  ngx_http_qwen_scratch;


ngx_int_t
ngx_http_qwen_answer_init(ngx_http_request_t *r,
    ngx_http_qwen_answer_t *answer, qwen_request_t *request,
    const ngx_http_qwen_effective_t *effective)
{
    char                         id[sizeof("chatcmpl-") - 1 + QWEN_UUID_LEN];
    qwen_openai_chat_options_t   options;

    answer->request = r;
    answer->conf = ngx_http_get_module_loc_conf(r, ngx_http_qwen_module);
    answer->reasoning = effective->reasoning;
    answer->search_mode = effective->search_info;
    answer->max_rendered = ngx_http_qwen_answer_max(answer->conf);

    if (request->chat_type == QWEN_CHAT_SEARCH) {
        answer->search_info = ngx_pcalloc(r->pool, sizeof(qwen_search_info_t));
        if (answer->search_info == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_memcpy(id, "chatcmpl-", sizeof("chatcmpl-") - 1);

    if (qwen_uuid4(id + sizeof("chatcmpl-") - 1) != QWEN_OK) {
        return NGX_ERROR;
    }

    options.id = (qwen_str_t) { (uint8_t *) id, sizeof(id) };
    options.model = qwen_buf_str(&request->model);
    options.created = ngx_time();
    options.stream = request->stream;
    options.usage_chunk = request->include_usage || answer->conf->stream_usage;
    options.max_answer = answer->conf->max_answer;

    if (qwen_openai_chat_init(&answer->openai, &options,
                              &ngx_http_qwen_scratch)
        != QWEN_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_qwen_stream_init(r, &answer->stream,
                                     answer->conf->stream_keepalive);
}


/* An event or a whole answer, each byte of which may become an escape, and what
 * stands around it. */

static size_t
ngx_http_qwen_answer_max(ngx_http_qwen_loc_conf_t *conf)
{
    size_t  max;

    max = ngx_max(conf->max_event, conf->max_answer);

    if (max > NGX_MAX_SIZE_T_VALUE / 16) {
        return NGX_MAX_SIZE_T_VALUE;
    }

    return 6 * max + NGX_HTTP_QWEN_AROUND;
}


void
ngx_http_qwen_answer_free(ngx_http_qwen_answer_t *answer)
{
    ngx_http_qwen_answer_reset(answer);
    qwen_openai_chat_free(&answer->openai);
}


static void
ngx_http_qwen_answer_reset(ngx_http_qwen_answer_t *answer)
{
    if (!answer->begun) {
        return;
    }

    qwen_web_stream_free(&answer->web);
    qwen_buf_free(&answer->plain);

    if (answer->search_info) {
        qwen_search_info_free(answer->search_info);
    }

    answer->begun = 0;
}


void
ngx_http_qwen_answer_begin(ngx_http_qwen_answer_t *answer)
{
    qwen_sink_t  *sink;
    ngx_uint_t    reasoning;

    ngx_http_qwen_scratch_reset();

    if (answer->begun) {
        ngx_http_qwen_answer_reset(answer);
        qwen_openai_chat_restart(&answer->openai);
    }

    reasoning = answer->reasoning;
    sink = &answer->openai.sink;

    if (reasoning != NGX_HTTP_QWEN_REASONING_CONTENT) {
        qwen_think_tags_init(&answer->think_tags,
                             reasoning == NGX_HTTP_QWEN_REASONING_THINK,
                             sink);
        sink = &answer->think_tags.sink;
    }

    if (answer->search_info) {
        qwen_search_info_init(answer->search_info,
                              answer->search_mode
                              == NGX_HTTP_QWEN_SEARCH_TABLE,
                              reasoning != NGX_HTTP_QWEN_REASONING_OFF, sink);
        sink = &answer->search_info->sink;
    }

    qwen_web_stream_init(&answer->web, answer->conf->max_event, sink);

    qwen_buf_init(&answer->plain, NGX_HTTP_QWEN_SCRATCH);

    answer->begun = 1;
    answer->failed = 0;
    answer->looked = 0;
    answer->misnamed = 0;
    answer->failure = (qwen_failure_t) { QWEN_FAIL_NONE, 0 };
}


ngx_int_t
ngx_http_qwen_answer_data(ngx_http_qwen_answer_t *answer,
    ngx_http_request_t *sr, u_char *data, size_t len)
{
    ngx_int_t  rc;

    if (answer->failed) {
        return NGX_DONE;
    }

    if (len == 0) {
        return ngx_http_qwen_stream_flush(&answer->stream, sr);
    }

    if (!answer->looked) {
        answer->looked = 1;
        answer->misnamed = (*data == '{' || *data == '<');
    }

    if (answer->misnamed) {

        /* an error under the wrong type: it is judged when it is whole */

        (void) qwen_buf_append(&answer->plain, data, len);

        return answer->plain.failed ? NGX_DONE : NGX_OK;
    }

    ngx_http_qwen_scratch.max = answer->max_rendered;

    if (qwen_web_stream_feed(&answer->web, data, len) != QWEN_OK) {
        answer->failed = 1;
        answer->failure = answer->web.failure;
        ngx_http_qwen_answer_limit(answer);
    }

    rc = ngx_http_qwen_answer_send(answer, sr, 0);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    return answer->failed ? NGX_DONE : rc;
}


/* What is above a cap of ours is nobody's failure, and another account would
 * send it again. */

static void
ngx_http_qwen_answer_limit(ngx_http_qwen_answer_t *answer)
{
    qwen_openai_chat_t  *openai;

    openai = &answer->openai;

    if (openai->texts.failed || openai->reasonings.failed
        || ngx_http_qwen_scratch.failed)
    {
        answer->failure.class = QWEN_FAIL_LIMIT;
    }

    if (ngx_http_qwen_scratch.failed) {

        /* its last chunk may not be whole */

        ngx_http_qwen_scratch_reset();
    }
}


static ngx_int_t
ngx_http_qwen_answer_send(ngx_http_qwen_answer_t *answer,
    ngx_http_request_t *active, ngx_uint_t last)
{
    ngx_int_t    rc;
    qwen_buf_t  *out;

    out = &ngx_http_qwen_scratch;
    rc = NGX_OK;

    if (out->len) {
        if (!answer->stream.started) {
            rc = ngx_http_qwen_stream_start(&answer->stream);
        }

        if (rc == NGX_OK) {
            rc = ngx_http_qwen_stream_send(&answer->stream, active,
                                           qwen_buf_str(out), last);
        }
    }

    ngx_http_qwen_scratch_reset();

    return rc;
}


ngx_int_t
ngx_http_qwen_answer_end(ngx_http_qwen_answer_t *answer)
{
    qwen_web_answer_t  plain;

    if (answer->misnamed) {
        plain.status = NGX_HTTP_OK;
        plain.body = qwen_buf_str(&answer->plain);
        plain.timed_out = false;

        answer->failure = qwen_web_failure(&plain);

        if (answer->failure.class == QWEN_FAIL_NONE) {
            answer->failure.class = QWEN_FAIL_PROTOCOL;
        }

        return NGX_ERROR;
    }

    ngx_http_qwen_scratch.max = answer->max_rendered;

    if (!answer->failed && qwen_web_stream_end(&answer->web) != QWEN_OK) {
        answer->failed = 1;
        answer->failure = answer->web.failure;
        ngx_http_qwen_answer_limit(answer);
    }

    if (answer->failed) {

        /* what the last event gave must not reach the next client */

        ngx_http_qwen_scratch_reset();

        return NGX_ERROR;
    }

    if (!answer->openai.started) {

        /* complete, but nothing of it is for the client */

        answer->failed = 1;
        answer->failure.class = QWEN_FAIL_EMPTY;

        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_qwen_answer_usage(ngx_http_qwen_answer_t *answer,
    uint64_t prompt_bytes)
{
    qwen_openai_chat_t   *openai;
    ngx_http_qwen_ctx_t  *ctx;

    openai = &answer->openai;

    if (!openai->has_usage) {
        openai->usage = qwen_usage_estimate(prompt_bytes,
                                            answer->web.text.plain_len,
                                            answer->web.reasoning.plain_len);
    }

    ctx = ngx_http_get_module_ctx(answer->request, ngx_http_qwen_module);

    ctx->log.usage = openai->usage;
    ctx->log.has_usage = 1;
}


ngx_int_t
ngx_http_qwen_answer_finish(ngx_http_qwen_answer_t *answer)
{
    ngx_int_t            rc;
    qwen_openai_chat_t  *openai;
    qwen_openai_error_t  error;

    openai = &answer->openai;

    ngx_http_qwen_scratch.max = 2 * answer->max_rendered;

    if (qwen_openai_chat_end(openai) != QWEN_OK) {
        ngx_http_qwen_scratch_reset();
        qwen_openai_error_status(&error, NGX_HTTP_INTERNAL_SERVER_ERROR);

        return answer->stream.started
               ? ngx_http_qwen_answer_abort(answer, &error)
               : ngx_http_qwen_respond_error(answer->request, &error, 0);
    }

    if (openai->stream) {
        return ngx_http_qwen_answer_send(answer, answer->request, 1);
    }

    rc = ngx_http_qwen_respond_json(answer->request, NGX_HTTP_OK,
                                    qwen_buf_str(&ngx_http_qwen_scratch));

    ngx_http_qwen_scratch_reset();

    return rc;
}


ngx_int_t
ngx_http_qwen_answer_abort(ngx_http_qwen_answer_t *answer,
    const qwen_openai_error_t *error)
{
    ngx_http_qwen_scratch_reset();
    ngx_http_qwen_scratch.max = answer->max_rendered;

    if (qwen_openai_chat_abort(&answer->openai, error) != QWEN_OK) {
        return NGX_ERROR;
    }

    return ngx_http_qwen_answer_send(answer, answer->request, 1);
}


void
ngx_http_qwen_answer_exit(void)
{
    qwen_buf_free(&ngx_http_qwen_scratch);
}


static void
ngx_http_qwen_scratch_reset(void)
{
    if (ngx_http_qwen_scratch.size > NGX_HTTP_QWEN_SCRATCH) {
        qwen_buf_free(&ngx_http_qwen_scratch);
    }

    qwen_buf_reset(&ngx_http_qwen_scratch);
}
