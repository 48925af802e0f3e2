
#include <stdarg.h>
#include <stdio.h>

#include "qwen_openai_error.h"
#include "qwen_text.h"


typedef struct {
    unsigned     status;
    const char  *code;
    const char  *message;
} qwen_openai_known_error_t;


static const char *qwen_openai_error_type(unsigned status);
static void qwen_openai_error_string(qwen_buf_t *out, const char *name,
    const char *value);


static const qwen_openai_known_error_t  qwen_openai_failures[] = {
    [QWEN_FAIL_NONE] = {
        500, "internal_error", "The request could not be served." },
    [QWEN_FAIL_TOKEN] = {
        503, "upstream_sign_in",
        "No account of the upstream is signed in at the moment." },
    [QWEN_FAIL_FORBIDDEN] = {
        503, "upstream_sign_in",
        "No account of the upstream may serve the request." },
    [QWEN_FAIL_RATE_LIMITED] = {
        429, "rate_limit_exceeded",
        "The rate limit of the upstream is reached, try again later." },
    [QWEN_FAIL_QUOTA] = {
        429, "insufficient_quota",
        "The quota of the upstream is used up, try again later." },
    [QWEN_FAIL_ACCOUNT] = {
        502, "upstream_refused", "The upstream refused the request." },
    [QWEN_FAIL_CONTENT_FILTER] = {
        400, "content_filter",
        "The content filter of the upstream refused the request." },
    [QWEN_FAIL_CHALLENGED] = {
        503, "upstream_challenged",
        "The upstream asks for a bot check that the gateway cannot pass." },
    [QWEN_FAIL_OUTAGE] = {
        502, "upstream_unavailable", "The upstream is not available." },
    [QWEN_FAIL_TIMEOUT] = {
        504, "upstream_timeout", "The upstream did not answer in time." },
    [QWEN_FAIL_EMPTY] = {
        502, "upstream_empty", "The upstream gave an empty answer." },
    [QWEN_FAIL_INCOMPLETE] = {
        502, "upstream_incomplete",
        "The upstream broke off, the answer is incomplete." },
    [QWEN_FAIL_PROTOCOL] = {
        502, "upstream_protocol",
        "The upstream gave an answer that was not understood." },
    [QWEN_FAIL_LIMIT] = {
        502, "upstream_limit",
        "The answer is larger than the gateway allows." },
    [QWEN_FAIL_MODEL] = {
        404, "model_not_found",
        "The model does not exist, or the upstream does not offer it." },
    [QWEN_FAIL_INTERNAL] = {
        500, "internal_error", "The gateway failed." }
};


static const qwen_openai_known_error_t  qwen_openai_statuses[] = {
    { 400, NULL, "The request could not be read." },
    { 401, "invalid_api_key", "The API key is missing or wrong." },
    { 403, NULL, "The request is not allowed." },
    { 404, NULL, "There is no such route." },
    { 405, NULL, "The method is not allowed here." },
    { 408, NULL, "The request did not arrive in time." },
    { 413, NULL, "The request is too large." },
    { 414, NULL, "The request's URL is too long." },
    { 415, NULL, "The request's content type is not supported." },
    { 429, "rate_limit_exceeded", "Too many requests, try again later." },
    { 500, "internal_error", "The gateway failed." },
    { 502, "upstream_unavailable", "The upstream is not available." },
    { 503, "overloaded", "The gateway cannot serve now, try again later." },
    { 504, "upstream_timeout", "The upstream did not answer in time." },
    { 0, NULL, NULL }
};


void
qwen_openai_error_set(qwen_openai_error_t *error, unsigned status,
    const char *code, const char *param, const char *format, ...)
{
    va_list  args;

    error->status = status;
    error->type = NULL;
    error->code = code;

    (void) snprintf(error->param, sizeof(error->param), "%s",
                    param ? param : "");

    va_start(args, format);
    (void) vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
}


void
qwen_openai_error_failure(qwen_openai_error_t *error,
    const qwen_failure_t *failure)
{
    const qwen_openai_known_error_t  *known;

    known = &qwen_openai_failures[failure->class];

    qwen_openai_error_set(error, known->status, known->code,
                          (failure->class == QWEN_FAIL_MODEL) ? "model" : NULL,
                          "%s", known->message);
}


void
qwen_openai_error_status(qwen_openai_error_t *error, unsigned status)
{
    const qwen_openai_known_error_t  *known;

    if (status < 400 || status > 599) {
        status = 500;
    }

    for (known = qwen_openai_statuses; known->status; known++) {
        if (known->status == status) {
            qwen_openai_error_set(error, status, known->code, NULL, "%s",
                                  known->message);
            return;
        }
    }

    qwen_openai_error_set(error, status, NULL, NULL, "%s",
                          (status < 500) ? "The request could not be served."
                                         : "The gateway failed.");
}


static const char *
qwen_openai_error_type(unsigned status)
{
    if (status == 429) {
        return "rate_limit_error";
    }

    if (status == 502 || status == 503 || status == 504) {
        return "upstream_error";
    }

    return (status < 500) ? "invalid_request_error" : "server_error";
}


qwen_rc_t
qwen_openai_error_render(const qwen_openai_error_t *error, qwen_buf_t *out)
{
    (void) qwen_buf_append_literal(out, "{\"error\":{");

    qwen_openai_error_string(out, "message", error->message);
    (void) qwen_buf_append_literal(out, ",");

    qwen_openai_error_string(out, "type",
                             error->type
                             ? error->type
                             : qwen_openai_error_type(error->status));
    (void) qwen_buf_append_literal(out, ",");

    qwen_openai_error_string(out, "param",
                             error->param[0] ? error->param : NULL);
    (void) qwen_buf_append_literal(out, ",");

    qwen_openai_error_string(out, "code", error->code);
    (void) qwen_buf_append_literal(out, "}}");

    return out->failed ? QWEN_ERROR : QWEN_OK;
}


static void
qwen_openai_error_string(qwen_buf_t *out, const char *name, const char *value)
{
    (void) qwen_buf_append_literal(out, "\"");
    (void) qwen_buf_append(out, name, strlen(name));
    (void) qwen_buf_append_literal(out, "\":");

    if (value == NULL) {
        (void) qwen_buf_append_literal(out, "null");
        return;
    }

    (void) qwen_buf_append_literal(out, "\"");
    (void) qwen_text_escape(out, value, strlen(value));
    (void) qwen_buf_append_literal(out, "\"");
}
