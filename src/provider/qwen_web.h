
/*
 * The web API of Qwen: what its calls send, and what its plain answers mean.
 * The wire format is as public open-source clients of it show; docs/upstream.md
 * tells it.
 */

#ifndef QWEN_WEB_H
#define QWEN_WEB_H


#include "qwen_buf.h"
#include "qwen_failure.h"
#include "qwen_models.h"
#include "qwen_request.h"


/* What the upstream may change and an operator must be able to follow. */
typedef struct {
    qwen_str_t   signin_path;        /* "/api/v1/auths/signin" */
    qwen_str_t   models_path;        /* "/api/models" */
    qwen_str_t   new_chat_path;      /* "/api/v2/chats/new" */
    qwen_str_t   completion_path;    /* "/api/v2/chat/completions" */
    qwen_str_t   version;            /* "2.1", in the completion's body */
    qwen_str_t   chat_mode;          /* "normal" */
    qwen_str_t   chat_title;         /* "New Chat" */
} qwen_web_params_t;

extern const qwen_web_params_t  qwen_web_defaults;


/* Appends the body of a sign-in; the password is sent as its SHA-256.  Strings
 * are plain.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_web_signin_body(qwen_str_t email, qwen_str_t password,
    qwen_buf_t *out);

/* Appends the body of a new chat; model is plain, now is in milliseconds. */
qwen_rc_t qwen_web_new_chat_body(const qwen_web_params_t *params,
    qwen_str_t model, qwen_chat_type_t type, int64_t now, qwen_buf_t *out);

/* What a completion asks for beside its text. */
typedef struct {
    qwen_str_t         chat_id;      /* plain */
    qwen_str_t         model;        /* plain, without suffix */
    qwen_chat_type_t   type;
    bool               thinking;
    unsigned           thinking_budget;
    int64_t            now;          /* seconds */
} qwen_web_completion_t;

/* Appends the parts of a completion's body before and behind the folded text,
 * so that a retry renders the text only once.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_web_completion_body(const qwen_web_params_t *params,
    const qwen_web_completion_t *completion, qwen_buf_t *head,
    qwen_buf_t *tail);

/* Appends "chat_id=<percent-encoded id>". */
qwen_rc_t qwen_web_completion_args(qwen_str_t chat_id, qwen_buf_t *out);


/* An upstream answer that came whole. */
typedef struct {
    unsigned     status;             /* HTTP; 0: no answer came */
    qwen_str_t   body;
    bool         timed_out;          /* with status 0 */
} qwen_web_answer_t;

/* Decides by structure what an answer means that is not a usable stream:
 * status, first JSON object, its keys; never by words of a text. */
qwen_failure_t qwen_web_failure(const qwen_web_answer_t *answer);

/* Reads the token of a sign-in's answer into *token (plain).  A refused
 * sign-in is QWEN_FAIL_TOKEN.  QWEN_OK or QWEN_ERROR with *failure. */
qwen_rc_t qwen_web_signin_answer(const qwen_web_answer_t *answer,
    qwen_buf_t *token, qwen_failure_t *failure);

/* Reads the id of a new chat into *chat_id (plain, at most 128 bytes). */
qwen_rc_t qwen_web_new_chat_answer(const qwen_web_answer_t *answer,
    qwen_buf_t *chat_id, qwen_failure_t *failure);

/* Reads the list of models (also the older forms).  QWEN_OK; QWEN_ERROR with
 * *failure: it is no list, or an empty one.  The caller frees models. */
qwen_rc_t qwen_web_models_answer(const qwen_web_answer_t *answer,
    qwen_models_t *models, qwen_failure_t *failure);


#endif /* QWEN_WEB_H */
