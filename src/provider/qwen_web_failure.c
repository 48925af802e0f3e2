
#include "qwen_json.h"
#include "qwen_web.h"
#include "qwen_web_failure.h"


#define QWEN_WEB_MAX_HOURS  720


typedef struct {
    const char         *code;        /* small letters and digits only */
    qwen_fail_class_t   class;
} qwen_web_code_t;


static bool qwen_web_failure_filtered(const cJSON *object);
static qwen_fail_class_t qwen_web_failure_ret(const cJSON *object);
static qwen_fail_class_t qwen_web_failure_codes(const cJSON *object,
    const cJSON *error, const cJSON *data);
static qwen_fail_class_t qwen_web_failure_code(const cJSON *object,
    const char *name);
static bool qwen_web_code_is(qwen_str_t code, const char *known);
static bool qwen_web_failure_quota(const cJSON *error);
static unsigned qwen_web_failure_hours(const cJSON *object);
static qwen_failure_t qwen_web_failure_json(qwen_str_t body);
static qwen_fail_class_t qwen_web_failure_status(unsigned status,
    qwen_fail_class_t class);
static bool qwen_web_failure_html(qwen_str_t body);


static const qwen_web_code_t  qwen_web_codes[] = {
    { "unauthorized",         QWEN_FAIL_TOKEN },
    { "ratelimited",          QWEN_FAIL_RATE_LIMITED },
    { "ratelimitexceeded",    QWEN_FAIL_RATE_LIMITED },
    { "insufficientquota",    QWEN_FAIL_QUOTA },
    { "quotaexceeded",        QWEN_FAIL_QUOTA },
    { "datainspectionfailed", QWEN_FAIL_CONTENT_FILTER },
    { "contentfilter",        QWEN_FAIL_CONTENT_FILTER },
    { "badrequest",           QWEN_FAIL_ACCOUNT },
    { "modelnotfound",        QWEN_FAIL_MODEL },
    { "modelnotexist",        QWEN_FAIL_MODEL },
    { "notfound",             QWEN_FAIL_MODEL },
    { "internalerror",        QWEN_FAIL_OUTAGE },
    { "internalservererror",  QWEN_FAIL_OUTAGE },
    { NULL,                   QWEN_FAIL_NONE }
};


qwen_failure_t
qwen_web_failure_object(const cJSON *object)
{
    const cJSON     *error, *data;
    qwen_failure_t   failure = { QWEN_FAIL_NONE, 0 };

    error = qwen_json_get(object, "error");
    data = qwen_json_get(object, "data");

    if (qwen_web_failure_filtered(object) || qwen_web_failure_filtered(error)
        || qwen_web_failure_filtered(data))
    {
        failure.class = QWEN_FAIL_CONTENT_FILTER;
        return failure;
    }

    failure.class = qwen_web_failure_ret(object);

    if (failure.class == QWEN_FAIL_NONE) {
        failure.class = qwen_web_failure_codes(object, error, data);
    }

    if (failure.class == QWEN_FAIL_RATE_LIMITED) {
        failure.hours = qwen_web_failure_hours(data);
    }

    if (failure.class == QWEN_FAIL_NONE
        && (cJSON_IsObject(error) || qwen_json_get_string(object, "error").len
            || cJSON_IsFalse(qwen_json_get(object, "success"))))
    {
        failure.class = QWEN_FAIL_PROTOCOL;
    }

    return failure;
}


static bool
qwen_web_failure_filtered(const cJSON *object)
{
    return qwen_json_get_true(object, "data_inspection_failed");
}


/* The wall's own form: {"ret":["FAIL_SYS_USER_VALIDATE",...],"data":{"url"}}
 * where the URL is that of the bot check. */
static qwen_fail_class_t
qwen_web_failure_ret(const cJSON *object)
{
    const cJSON  *ret, *item;

    ret = qwen_json_get(object, "ret");

    if (!cJSON_IsArray(ret)) {
        return QWEN_FAIL_NONE;
    }

    if (qwen_json_get_string(qwen_json_get(object, "data"), "url").len) {
        return QWEN_FAIL_CHALLENGED;
    }

    cJSON_ArrayForEach(item, ret) {
        if (cJSON_IsString(item)
            && strncmp(item->valuestring, "FAIL_SYS_USER_VALIDATE",
                       sizeof("FAIL_SYS_USER_VALIDATE") - 1)
               == 0)
        {
            return QWEN_FAIL_CHALLENGED;
        }
    }

    return QWEN_FAIL_NONE;
}


/* The first code that is known. */
static qwen_fail_class_t
qwen_web_failure_codes(const cJSON *object, const cJSON *error,
    const cJSON *data)
{
    qwen_fail_class_t  class;

    class = qwen_web_failure_code(error, "code");

    if (class == QWEN_FAIL_NONE) {
        class = qwen_web_failure_code(error, "type");
    }

    if (class == QWEN_FAIL_OUTAGE && qwen_web_failure_quota(error)) {
        return QWEN_FAIL_QUOTA;
    }

    if (class == QWEN_FAIL_NONE) {
        class = qwen_web_failure_code(data, "code");
    }

    if (class == QWEN_FAIL_NONE) {
        class = qwen_web_failure_code(object, "code");
    }

    return class;
}


static qwen_fail_class_t
qwen_web_failure_code(const cJSON *object, const char *name)
{
    qwen_str_t              code;
    const qwen_web_code_t  *known;

    code = qwen_json_get_string(object, name);

    for (known = qwen_web_codes; known->code; known++) {
        if (qwen_web_code_is(code, known->code)) {
            return known->class;
        }
    }

    return QWEN_FAIL_NONE;
}


/* "Bad_Request", "bad_request" and "BadRequest" are one code. */
static bool
qwen_web_code_is(qwen_str_t code, const char *known)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < code.len; i++) {
        c = code.data[i];

        if (c == '_' || c == '-') {
            continue;
        }

        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;
        }

        if (*known == '\0' || c != (uint8_t) *known) {
            return false;
        }

        known++;
    }

    return code.len != 0 && *known == '\0';
}


/*
 * The one place that looks at words: a used-up token quota comes under the
 * code of any internal error, and only its text tells the two apart.
 */
static bool
qwen_web_failure_quota(const cJSON *error)
{
    size_t       i;
    qwen_str_t   text;

    static const char *const  names[] = { "message", "details" };

    for (i = 0; i < 2; i++) {
        text = qwen_json_get_string(error, names[i]);

        if (text.len && strstr((const char *) text.data, "quota exceeded")) {
            return true;
        }
    }

    return false;
}


static unsigned
qwen_web_failure_hours(const cJSON *object)
{
    int64_t  hours;

    if (!qwen_json_get_int(object, "num", 1, INT64_MAX, &hours)) {
        return 0;
    }

    return (hours > QWEN_WEB_MAX_HOURS) ? QWEN_WEB_MAX_HOURS
                                        : (unsigned) hours;
}


static qwen_failure_t
qwen_web_failure_json(qwen_str_t body)
{
    cJSON           *root;
    qwen_failure_t   failure = { QWEN_FAIL_NONE, 0 };

    root = qwen_json_parse(body);

    if (cJSON_IsObject(root)) {
        failure = qwen_web_failure_object(root);
    }

    cJSON_Delete(root);

    return failure;
}


static bool
qwen_web_failure_html(qwen_str_t body)
{
    size_t  i;

    for (i = 0; i < body.len; i++) {

        /* white space and the bytes of a byte order mark */

        if (body.data[i] > ' ' && body.data[i] != 0xef
            && body.data[i] != 0xbb && body.data[i] != 0xbf)
        {
            return body.data[i] == '<';
        }
    }

    return false;
}


qwen_failure_t
qwen_web_failure(const qwen_web_answer_t *answer)
{
    unsigned        status;
    qwen_failure_t  failure;

    status = answer->status;

    if (answer->timed_out || status == 504) {
        return (qwen_failure_t) { QWEN_FAIL_TIMEOUT, 0 };
    }

    if (status == 0 || status >= 500) {
        return (qwen_failure_t) { QWEN_FAIL_OUTAGE, 0 };
    }

    if (status == 200 && answer->body.len == 0) {
        return (qwen_failure_t) { QWEN_FAIL_EMPTY, 0 };
    }

    if (status == 401) {
        return (qwen_failure_t) { QWEN_FAIL_TOKEN, 0 };
    }

    /* walls answer with a page, a redirection to one, or a refusal */

    if ((status < 400 || status == 403 || status == 405)
        && qwen_web_failure_html(answer->body))
    {
        return (qwen_failure_t) { QWEN_FAIL_CHALLENGED, 0 };
    }

    failure = qwen_web_failure_json(answer->body);
    failure.class = qwen_web_failure_status(status, failure.class);

    return failure;
}


/* What a status says where the body says less. */
static qwen_fail_class_t
qwen_web_failure_status(unsigned status, qwen_fail_class_t class)
{
    switch (class) {

    case QWEN_FAIL_NONE:
    case QWEN_FAIL_PROTOCOL:
    case QWEN_FAIL_ACCOUNT:
    case QWEN_FAIL_OUTAGE:
        if (status == 429) {
            return QWEN_FAIL_RATE_LIMITED;
        }

        if (status == 403) {
            return QWEN_FAIL_FORBIDDEN;
        }

        return (class == QWEN_FAIL_NONE) ? QWEN_FAIL_PROTOCOL : class;

    case QWEN_FAIL_TOKEN:
    case QWEN_FAIL_CONTENT_FILTER:
    case QWEN_FAIL_MODEL:
        return (status == 429) ? QWEN_FAIL_RATE_LIMITED : class;

    default:
        return class;
    }
}
