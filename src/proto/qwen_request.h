
/*
 * A chat request, whatever dialect it was written in and whatever provider
 * will answer it.
 */

#ifndef QWEN_REQUEST_H
#define QWEN_REQUEST_H


#include "qwen_scan.h"


typedef enum {
    QWEN_CHAT_T2T = 0,
    QWEN_CHAT_SEARCH,
    QWEN_CHAT_T2I,
    QWEN_CHAT_T2V,
    QWEN_CHAT_IMAGE_EDIT,
    QWEN_CHAT_DEEP_RESEARCH
} qwen_chat_type_t;


typedef enum {
    QWEN_ROLE_SYSTEM = 0,
    QWEN_ROLE_DEVELOPER,
    QWEN_ROLE_USER,
    QWEN_ROLE_ASSISTANT,
    QWEN_ROLE_TOOL,
    QWEN_ROLE_FUNCTION
} qwen_role_t;


typedef struct {
    qwen_role_t   role;
    size_t        text;              /* first in the request's texts */
    size_t        ntexts;            /* parts whose texts count as one */
} qwen_message_t;


typedef struct {
    qwen_buf_t         model;        /* as asked, plain UTF-8 */
    size_t             base_len;     /* of model, without its suffix */
    qwen_chat_type_t   chat_type;
    bool               thinking;
    unsigned           thinking_budget;    /* tokens, 0: not asked for */
    bool               stream;
    bool               include_usage;
    bool               media;        /* has a part that is not text */

    qwen_message_t    *messages;
    size_t             nmessages;
    qwen_span_t       *texts;
    size_t             ntexts;
} qwen_request_t;


/* The name of a chat type in PROTOCOL terms ("t2t", "search", ...). */
qwen_str_t qwen_chat_type_name(qwen_chat_type_t type);

/* false: no such type. */
bool qwen_chat_type_parse(qwen_str_t name, qwen_chat_type_t *type);

/* "system", "user", ... */
qwen_str_t qwen_role_name(qwen_role_t role);
bool qwen_role_parse(qwen_str_t name, qwen_role_t *role);

/* Frees what the request owns; a zeroed request owns nothing. */
void qwen_request_free(qwen_request_t *request);


#endif /* QWEN_REQUEST_H */
