
#include "qwen_digest.h"
#include "qwen_text.h"
#include "qwen_uuid.h"
#include "qwen_web.h"


static void qwen_web_string(qwen_buf_t *out, qwen_str_t plain);
static void qwen_web_bool(qwen_buf_t *out, bool value);
static qwen_rc_t qwen_web_result(const qwen_buf_t *out);
static void qwen_web_completion_head(const qwen_web_params_t *params,
    const qwen_web_completion_t *completion, qwen_str_t id, qwen_buf_t *out);
static void qwen_web_completion_tail(const qwen_web_completion_t *completion,
    qwen_buf_t *out);
static void qwen_web_features(const qwen_web_completion_t *completion,
    qwen_buf_t *out);


const qwen_web_params_t  qwen_web_defaults = {
    .signin_path = qwen_string("/api/v1/auths/signin"),
    .models_path = qwen_string("/api/models"),
    .new_chat_path = qwen_string("/api/v2/chats/new"),
    .completion_path = qwen_string("/api/v2/chat/completions"),
    .version = qwen_string("2.1"),
    .chat_mode = qwen_string("normal"),
    .chat_title = qwen_string("New Chat")
};


/* Appends a JSON string. */
static void
qwen_web_string(qwen_buf_t *out, qwen_str_t plain)
{
    (void) qwen_buf_append_literal(out, "\"");
    (void) qwen_text_escape(out, plain.data, plain.len);
    (void) qwen_buf_append_literal(out, "\"");
}


static void
qwen_web_bool(qwen_buf_t *out, bool value)
{
    (void) qwen_buf_append_str(out, value ? qwen_literal("true")
                                          : qwen_literal("false"));
}


static qwen_rc_t
qwen_web_result(const qwen_buf_t *out)
{
    return out->failed ? QWEN_ERROR : QWEN_OK;
}


qwen_rc_t
qwen_web_signin_body(qwen_str_t email, qwen_str_t password, qwen_buf_t *out)
{
    char     hex[QWEN_SHA256_HEX_LEN];
    uint8_t  digest[QWEN_SHA256_LEN];

    if (qwen_sha256(password.data, password.len, digest) != QWEN_OK) {
        return QWEN_ERROR;
    }

    qwen_hex(hex, digest, sizeof(digest));

    (void) qwen_buf_append_literal(out, "{\"email\":");
    qwen_web_string(out, email);
    (void) qwen_buf_append_literal(out, ",\"password\":\"");
    (void) qwen_buf_append(out, hex, sizeof(hex));
    (void) qwen_buf_append_literal(out, "\"}");

    return qwen_web_result(out);
}


qwen_rc_t
qwen_web_new_chat_body(const qwen_web_params_t *params, qwen_str_t model,
    qwen_chat_type_t type, int64_t now, qwen_buf_t *out)
{
    (void) qwen_buf_append_literal(out, "{\"title\":");
    qwen_web_string(out, params->chat_title);
    (void) qwen_buf_append_literal(out, ",\"models\":[");
    qwen_web_string(out, model);
    (void) qwen_buf_append_literal(out, "],\"chat_mode\":");
    qwen_web_string(out, params->chat_mode);
    (void) qwen_buf_append_literal(out, ",\"chat_type\":");
    qwen_web_string(out, qwen_chat_type_name(type));
    (void) qwen_buf_append_literal(out, ",\"timestamp\":");
    (void) qwen_buf_append_int(out, now);
    (void) qwen_buf_append_literal(out, ",\"project_id\":\"\"}");

    return qwen_web_result(out);
}


qwen_rc_t
qwen_web_completion_body(const qwen_web_params_t *params,
    const qwen_web_completion_t *completion, qwen_buf_t *head,
    qwen_buf_t *tail)
{
    char        id[QWEN_UUID_LEN], child[QWEN_UUID_LEN];
    qwen_str_t  uuid;

    if (qwen_uuid4(id) != QWEN_OK || qwen_uuid4(child) != QWEN_OK) {
        return QWEN_ERROR;
    }

    uuid = (qwen_str_t) { (const uint8_t *) id, sizeof(id) };
    qwen_web_completion_head(params, completion, uuid, head);

    uuid.data = (const uint8_t *) child;
    (void) qwen_buf_append_literal(head, ",\"childrenIds\":[");
    qwen_web_string(head, uuid);
    (void) qwen_buf_append_literal(head, "],\"role\":\"user\","
                                         "\"content\":\"");

    qwen_web_completion_tail(completion, tail);

    return (qwen_web_result(head) == QWEN_OK) ? qwen_web_result(tail)
                                              : QWEN_ERROR;
}


/* Video is made in the background, all else comes as a stream. */
static void
qwen_web_completion_head(const qwen_web_params_t *params,
    const qwen_web_completion_t *completion, qwen_str_t id, qwen_buf_t *out)
{
    (void) qwen_buf_append_literal(out, "{\"stream\":");
    qwen_web_bool(out, completion->type != QWEN_CHAT_T2V);
    (void) qwen_buf_append_literal(out, ",\"version\":");
    qwen_web_string(out, params->version);
    (void) qwen_buf_append_literal(out, ",\"incremental_output\":true,"
                                        "\"chat_id\":");
    qwen_web_string(out, completion->chat_id);
    (void) qwen_buf_append_literal(out, ",\"chat_mode\":");
    qwen_web_string(out, params->chat_mode);
    (void) qwen_buf_append_literal(out, ",\"model\":");
    qwen_web_string(out, completion->model);
    (void) qwen_buf_append_literal(out, ",\"parent_id\":null,"
                                        "\"timestamp\":");
    (void) qwen_buf_append_int(out, completion->now);
    (void) qwen_buf_append_literal(out, ",\"messages\":[{\"fid\":");
    qwen_web_string(out, id);
    (void) qwen_buf_append_literal(out, ",\"parentId\":null,"
                                        "\"parent_id\":null");
}


static void
qwen_web_completion_tail(const qwen_web_completion_t *completion,
    qwen_buf_t *out)
{
    qwen_str_t  type;

    type = qwen_chat_type_name(completion->type);

    (void) qwen_buf_append_literal(out, "\",\"user_action\":\"chat\","
                                        "\"files\":[],\"timestamp\":");
    (void) qwen_buf_append_int(out, completion->now);
    (void) qwen_buf_append_literal(out, ",\"models\":[");
    qwen_web_string(out, completion->model);
    (void) qwen_buf_append_literal(out, "],\"chat_type\":");
    qwen_web_string(out, type);
    (void) qwen_buf_append_literal(out, ",\"sub_chat_type\":");
    qwen_web_string(out, type);
    qwen_web_features(completion, out);
    (void) qwen_buf_append_literal(out, ",\"extra\":{\"meta\":{"
                                        "\"subChatType\":");
    qwen_web_string(out, type);
    (void) qwen_buf_append_literal(out, "}}}]}");
}


static void
qwen_web_features(const qwen_web_completion_t *completion, qwen_buf_t *out)
{
    (void) qwen_buf_append_literal(out, ",\"feature_config\":{"
                                        "\"thinking_enabled\":");
    qwen_web_bool(out, completion->thinking);
    (void) qwen_buf_append_literal(out, ",\"output_schema\":\"phase\","
                                        "\"research_mode\":\"normal\","
                                        "\"auto_thinking\":");
    qwen_web_bool(out, completion->thinking);
    (void) qwen_buf_append_literal(out, ",\"thinking_mode\":\"Auto\","
                                        "\"thinking_format\":\"summary\","
                                        "\"auto_search\":");
    qwen_web_bool(out, completion->type == QWEN_CHAT_SEARCH);

    if (completion->thinking && completion->thinking_budget) {
        (void) qwen_buf_append_literal(out, ",\"thinking_budget\":");
        (void) qwen_buf_append_int(out, completion->thinking_budget);
    }

    (void) qwen_buf_append_literal(out, ",\"code_interpreter\":false,"
                                        "\"plugins_enabled\":false,"
                                        "\"function_calling\":false}");
}


qwen_rc_t
qwen_web_completion_args(qwen_str_t chat_id, qwen_buf_t *out)
{
    size_t   i;
    uint8_t  c, escape[3];

    static const char  digits[] = "0123456789ABCDEF";

    (void) qwen_buf_append_literal(out, "chat_id=");

    for (i = 0; i < chat_id.len; i++) {
        c = chat_id.data[i];

        /* the unreserved characters of RFC 3986 */

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || memchr("-._~", c, 4))
        {
            (void) qwen_buf_append(out, &c, 1);
            continue;
        }

        escape[0] = '%';
        escape[1] = (uint8_t) digits[c >> 4];
        escape[2] = (uint8_t) digits[c & 0xf];

        (void) qwen_buf_append(out, escape, 3);
    }

    return qwen_web_result(out);
}
