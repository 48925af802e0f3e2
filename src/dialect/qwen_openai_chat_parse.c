
#include "qwen_json.h"
#include "qwen_model_name.h"
#include "qwen_openai_chat_parse.h"


#define QWEN_OPENAI_MODEL_MAX     256
#define QWEN_OPENAI_WORD_MAX      32
#define QWEN_OPENAI_THINKING_MAX  81920     /* tokens */


static qwen_rc_t qwen_openai_parse(qwen_openai_parser_t *parser,
    const cJSON *root);
static qwen_rc_t qwen_openai_parse_model(qwen_openai_parser_t *parser,
    const cJSON *root);
static qwen_rc_t qwen_openai_parse_chat_type(qwen_openai_parser_t *parser,
    const cJSON *root);
static qwen_rc_t qwen_openai_parse_flag(qwen_openai_parser_t *parser,
    const cJSON *object, const char *name, const char *param, bool *flag);
static qwen_rc_t qwen_openai_parse_stream(qwen_openai_parser_t *parser,
    const cJSON *root);
static qwen_rc_t qwen_openai_parse_thinking(qwen_openai_parser_t *parser,
    const cJSON *root);
static qwen_rc_t qwen_openai_parse_budget(qwen_openai_parser_t *parser,
    const cJSON *root);


qwen_rc_t
qwen_openai_chat_parse(const qwen_scan_t *scan, const cJSON *root,
    qwen_body_t *body, qwen_request_t *request, qwen_openai_error_t *error)
{
    qwen_rc_t             rc;
    qwen_openai_parser_t  parser;

    memset(request, 0, sizeof(qwen_request_t));

    parser.scan = scan;
    parser.body = body;
    parser.request = request;
    parser.error = error;

    qwen_buf_init(&request->model, QWEN_OPENAI_MODEL_MAX);
    qwen_buf_init(&parser.word, QWEN_OPENAI_MODEL_MAX);

    rc = qwen_openai_parse(&parser, root);

    qwen_buf_free(&parser.word);

    return rc;
}


static qwen_rc_t
qwen_openai_parse(qwen_openai_parser_t *parser, const cJSON *root)
{
    if (!cJSON_IsObject(root)) {
        qwen_openai_error_set(parser->error, 400, NULL, NULL,
                              "The request body must be a JSON object.");
        return QWEN_ERROR;
    }

    if (qwen_openai_parse_model(parser, root) != QWEN_OK
        || qwen_openai_parse_chat_type(parser, root) != QWEN_OK
        || qwen_openai_parse_stream(parser, root) != QWEN_OK
        || qwen_openai_parse_thinking(parser, root) != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    return qwen_openai_parse_messages(parser,
                                      qwen_json_get(root, "messages"));
}


static qwen_rc_t
qwen_openai_parse_model(qwen_openai_parser_t *parser, const cJSON *root)
{
    size_t              i;
    qwen_rc_t           rc;
    qwen_str_t          model;
    qwen_request_t     *request;
    qwen_model_mode_t   mode;

    static const char  expected[] =
        "a string of 1 to 256 bytes without control characters";

    request = parser->request;
    rc = qwen_openai_parse_word(parser, qwen_json_get(root, "model"),
                                QWEN_OPENAI_MODEL_MAX);

    if (rc == QWEN_ERROR) {
        return QWEN_ERROR;
    }

    if (rc == QWEN_AGAIN || parser->word.len == 0) {
        return qwen_openai_parse_refuse(parser, "model", expected);
    }

    model = qwen_buf_str(&parser->word);

    for (i = 0; i < model.len; i++) {
        if (model.data[i] < ' ' || model.data[i] == 0x7f) {
            return qwen_openai_parse_refuse(parser, "model", expected);
        }
    }

    if (qwen_buf_append_str(&request->model, model) != QWEN_OK) {
        return qwen_openai_parse_failed(parser);
    }

    qwen_model_mode_parse(model, &mode);

    request->base_len = mode.base_len;
    request->chat_type = mode.chat_type;
    request->thinking = mode.thinking;

    return QWEN_OK;
}


static qwen_rc_t
qwen_openai_parse_chat_type(qwen_openai_parser_t *parser, const cJSON *root)
{
    qwen_rc_t     rc;
    const cJSON  *item;

    item = qwen_openai_parse_member(root, "chat_type");

    if (item == NULL) {
        return QWEN_OK;
    }

    rc = qwen_openai_parse_word(parser, item, QWEN_OPENAI_WORD_MAX);

    if (rc == QWEN_ERROR) {
        return QWEN_ERROR;
    }

    if (rc == QWEN_AGAIN
        || !qwen_chat_type_parse(qwen_buf_str(&parser->word),
                                 &parser->request->chat_type))
    {
        return qwen_openai_parse_refuse(parser, "chat_type",
                                        "t2t, search, t2i, t2v, image_edit or "
                                        "deep_research");
    }

    return QWEN_OK;
}


/* true, false or their names; what is absent or null leaves *flag. */
static qwen_rc_t
qwen_openai_parse_flag(qwen_openai_parser_t *parser, const cJSON *object,
    const char *name, const char *param, bool *flag)
{
    qwen_rc_t     rc;
    const cJSON  *item;

    item = qwen_openai_parse_member(object, name);

    if (item == NULL) {
        return QWEN_OK;
    }

    if (cJSON_IsBool(item)) {
        *flag = cJSON_IsTrue(item);
        return QWEN_OK;
    }

    rc = qwen_openai_parse_word(parser, item, QWEN_OPENAI_WORD_MAX);

    if (rc == QWEN_ERROR) {
        return QWEN_ERROR;
    }

    if (rc == QWEN_OK
        && qwen_str_eq(qwen_buf_str(&parser->word), qwen_literal("true")))
    {
        *flag = true;
        return QWEN_OK;
    }

    if (rc == QWEN_OK
        && qwen_str_eq(qwen_buf_str(&parser->word), qwen_literal("false")))
    {
        *flag = false;
        return QWEN_OK;
    }

    return qwen_openai_parse_refuse(parser, param, "a boolean");
}


static qwen_rc_t
qwen_openai_parse_stream(qwen_openai_parser_t *parser, const cJSON *root)
{
    const cJSON  *options;

    if (qwen_openai_parse_flag(parser, root, "stream", "stream",
                               &parser->request->stream)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    options = qwen_openai_parse_member(root, "stream_options");

    if (options == NULL) {
        return QWEN_OK;
    }

    if (!cJSON_IsObject(options)) {
        return qwen_openai_parse_refuse(parser, "stream_options",
                                        "an object");
    }

    return qwen_openai_parse_flag(parser, options, "include_usage",
                                  "stream_options.include_usage",
                                  &parser->request->include_usage);
}


/* Each of these members can turn thinking on, and none turns it off. */
static qwen_rc_t
qwen_openai_parse_thinking(qwen_openai_parser_t *parser, const cJSON *root)
{
    bool          enabled;
    qwen_rc_t     rc;
    qwen_str_t    effort;
    const cJSON  *item;

    enabled = false;

    if (qwen_openai_parse_flag(parser, root, "enable_thinking",
                               "enable_thinking", &enabled)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    item = qwen_openai_parse_member(root, "reasoning_effort");

    if (item) {
        rc = qwen_openai_parse_word(parser, item, QWEN_OPENAI_WORD_MAX);

        if (rc != QWEN_OK) {
            return (rc == QWEN_ERROR)
                   ? QWEN_ERROR
                   : qwen_openai_parse_refuse(parser, "reasoning_effort",
                                              "a short string");
        }

        effort = qwen_buf_str(&parser->word);

        enabled |= !qwen_str_eq(effort, qwen_literal("none"))
                   && !qwen_str_eq(effort, qwen_literal("minimal"));
    }

    parser->request->thinking |= enabled;

    return qwen_openai_parse_budget(parser, root);
}


static qwen_rc_t
qwen_openai_parse_budget(qwen_openai_parser_t *parser, const cJSON *root)
{
    int64_t       budget;
    const cJSON  *item;

    item = qwen_openai_parse_member(root, "thinking_budget");

    if (item == NULL) {
        return QWEN_OK;
    }

    if (!cJSON_IsNumber(item)
        || !qwen_json_get_int(root, "thinking_budget", 1,
                              QWEN_OPENAI_THINKING_MAX, &budget))
    {
        return qwen_openai_parse_refuse(parser, "thinking_budget",
                                        "an integer of 1 to 81920");
    }

    parser->request->thinking_budget = (unsigned) budget;
    parser->request->thinking = true;

    return QWEN_OK;
}


qwen_rc_t
qwen_openai_parse_word(qwen_openai_parser_t *parser, const cJSON *item,
    size_t max)
{
    qwen_span_t  span;

    if (!qwen_scan_string(parser->scan, item, &span)) {
        return QWEN_AGAIN;
    }

    qwen_buf_reset(&parser->word);

    parser->word.max = max;

    if (qwen_span_plain(span, parser->body, &parser->word) == QWEN_OK) {
        return QWEN_OK;
    }

    return parser->word.failed ? QWEN_AGAIN
                               : qwen_openai_parse_failed(parser);
}


const cJSON *
qwen_openai_parse_member(const cJSON *object, const char *name)
{
    const cJSON  *item;

    item = qwen_json_get(object, name);

    return cJSON_IsNull(item) ? NULL : item;
}


qwen_rc_t
qwen_openai_parse_refuse(qwen_openai_parser_t *parser, const char *param,
    const char *expected)
{
    qwen_openai_error_set(parser->error, 400, NULL, param,
                          "Invalid value for '%s': expected %s.", param,
                          expected);
    return QWEN_ERROR;
}


qwen_rc_t
qwen_openai_parse_failed(qwen_openai_parser_t *parser)
{
    qwen_openai_error_set(parser->error, 500, "internal_error", NULL,
                          "The request could not be processed.");
    return QWEN_ERROR;
}


void
qwen_openai_scan_error(const qwen_scan_t *scan, qwen_openai_error_t *error)
{
    unsigned long long  offset;

    offset = (unsigned long long) scan->offset;

    switch (scan->error) {

    case QWEN_SCAN_UTF8:
        qwen_openai_error_set(error, 400, NULL, NULL,
                              "The request body is not valid UTF-8 at byte "
                              "%llu.", offset);
        break;

    case QWEN_SCAN_DEPTH:
        qwen_openai_error_set(error, 400, NULL, NULL,
                              "The request body is nested too deeply at byte "
                              "%llu.", offset);
        break;

    case QWEN_SCAN_SIZE:
        qwen_openai_error_set(error, 413, NULL, NULL,
                              "The request body has too many values.");
        break;

    case QWEN_SCAN_MEMORY:
        qwen_openai_error_set(error, 500, "internal_error", NULL,
                              "The request could not be processed.");
        break;

    default:
        qwen_openai_error_set(error, 400, NULL, NULL,
                              "The request body is not valid JSON at byte "
                              "%llu.", offset);
    }
}
