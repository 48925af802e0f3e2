
#include "qwen_json.h"
#include "qwen_web.h"


#define QWEN_WEB_CHAT_ID_MAX  128


static bool qwen_web_token_usable(qwen_str_t token);


/* The token goes into header fields, so no other byte may come with it. */
static bool
qwen_web_token_usable(qwen_str_t token)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < token.len; i++) {
        c = token.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || memchr("-._~+/=", c, 7)))
        {
            return false;
        }
    }

    return token.len != 0;
}


qwen_rc_t
qwen_web_signin_answer(const qwen_web_answer_t *answer, qwen_buf_t *token,
    qwen_failure_t *failure)
{
    cJSON       *root;
    qwen_rc_t    rc;
    qwen_str_t   value;

    root = qwen_json_parse(answer->body);
    value = qwen_json_get_string(root, "token");

    if (value.len == 0) {
        value = qwen_json_get_string(qwen_json_get(root, "data"), "token");
    }

    if (answer->status == 200 && qwen_web_token_usable(value)) {
        rc = qwen_buf_append_str(token, value);
        *failure = (qwen_failure_t) {
            (rc == QWEN_OK) ? QWEN_FAIL_NONE : QWEN_FAIL_PROTOCOL, 0
        };

        cJSON_Delete(root);
        return rc;
    }

    *failure = qwen_web_failure(answer);

    /* a wrong password is a plain 400, and other refusals name no model */

    if (failure->class == QWEN_FAIL_ACCOUNT
        || failure->class == QWEN_FAIL_FORBIDDEN
        || failure->class == QWEN_FAIL_MODEL
        || (failure->class == QWEN_FAIL_PROTOCOL && answer->status == 400
            && cJSON_IsObject(root)))
    {
        failure->class = QWEN_FAIL_TOKEN;
    }

    cJSON_Delete(root);

    return QWEN_ERROR;
}


qwen_rc_t
qwen_web_new_chat_answer(const qwen_web_answer_t *answer,
    qwen_buf_t *chat_id, qwen_failure_t *failure)
{
    cJSON       *root;
    qwen_rc_t    rc;
    qwen_str_t   value;

    root = qwen_json_parse(answer->body);
    value = qwen_json_get_string(qwen_json_get(root, "data"), "id");

    if (answer->status == 200
        && !cJSON_IsFalse(qwen_json_get(root, "success"))
        && value.len != 0 && value.len <= QWEN_WEB_CHAT_ID_MAX)
    {
        rc = qwen_buf_append_str(chat_id, value);
        *failure = (qwen_failure_t) {
            (rc == QWEN_OK) ? QWEN_FAIL_NONE : QWEN_FAIL_PROTOCOL, 0
        };

    } else {
        rc = QWEN_ERROR;
        *failure = qwen_web_failure(answer);
    }

    cJSON_Delete(root);

    return rc;
}
