
#include <stdlib.h>

#include "qwen_request.h"


static const qwen_str_t  qwen_chat_type_names[] = {
    [QWEN_CHAT_T2T]           = qwen_string("t2t"),
    [QWEN_CHAT_SEARCH]        = qwen_string("search"),
    [QWEN_CHAT_T2I]           = qwen_string("t2i"),
    [QWEN_CHAT_T2V]           = qwen_string("t2v"),
    [QWEN_CHAT_IMAGE_EDIT]    = qwen_string("image_edit"),
    [QWEN_CHAT_DEEP_RESEARCH] = qwen_string("deep_research")
};


static const qwen_str_t  qwen_role_names[] = {
    [QWEN_ROLE_SYSTEM]    = qwen_string("system"),
    [QWEN_ROLE_DEVELOPER] = qwen_string("developer"),
    [QWEN_ROLE_USER]      = qwen_string("user"),
    [QWEN_ROLE_ASSISTANT] = qwen_string("assistant"),
    [QWEN_ROLE_TOOL]      = qwen_string("tool"),
    [QWEN_ROLE_FUNCTION]  = qwen_string("function")
};


/* The index of a name, nnames if it is none of them. */
static size_t
qwen_request_name_index(const qwen_str_t *names, size_t nnames,
    qwen_str_t name)
{
    size_t  i;

    for (i = 0; i < nnames; i++) {
        if (qwen_str_eq(names[i], name)) {
            break;
        }
    }

    return i;
}


qwen_str_t
qwen_chat_type_name(qwen_chat_type_t type)
{
    return qwen_chat_type_names[type];
}


bool
qwen_chat_type_parse(qwen_str_t name, qwen_chat_type_t *type)
{
    size_t  i, n;

    n = sizeof(qwen_chat_type_names) / sizeof(qwen_chat_type_names[0]);
    i = qwen_request_name_index(qwen_chat_type_names, n, name);

    if (i == n) {
        return false;
    }

    *type = (qwen_chat_type_t) i;

    return true;
}


qwen_str_t
qwen_role_name(qwen_role_t role)
{
    return qwen_role_names[role];
}


bool
qwen_role_parse(qwen_str_t name, qwen_role_t *role)
{
    size_t  i, n;

    n = sizeof(qwen_role_names) / sizeof(qwen_role_names[0]);
    i = qwen_request_name_index(qwen_role_names, n, name);

    if (i == n) {
        return false;
    }

    *role = (qwen_role_t) i;

    return true;
}


void
qwen_request_free(qwen_request_t *request)
{
    qwen_buf_free(&request->model);
    free(request->messages);
    free(request->texts);

    *request = (qwen_request_t) { .model = { .max = request->model.max } };
}
