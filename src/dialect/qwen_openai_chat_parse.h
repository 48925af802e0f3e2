
/* What the two halves of the request's parser share. */

#ifndef QWEN_OPENAI_CHAT_PARSE_H
#define QWEN_OPENAI_CHAT_PARSE_H


#include <cjson/cJSON.h>

#include "qwen_openai_chat.h"


typedef struct {
    const qwen_scan_t     *scan;
    qwen_body_t           *body;
    qwen_request_t        *request;
    qwen_openai_error_t   *error;
    qwen_buf_t             word;     /* the last short string, plain */
} qwen_openai_parser_t;


/* Reads a short string, such as a role, into parser->word.  QWEN_AGAIN: it is
 * no string, or longer than max bytes.  QWEN_ERROR with *error. */
qwen_rc_t qwen_openai_parse_word(qwen_openai_parser_t *parser,
    const cJSON *item, size_t max);

/* A member that is there and is not null, else NULL. */
const cJSON *qwen_openai_parse_member(const cJSON *object, const char *name);

/* Fills the error: 400 for the value of a parameter.  Always QWEN_ERROR. */
qwen_rc_t qwen_openai_parse_refuse(qwen_openai_parser_t *parser,
    const char *param, const char *expected);

/* Fills the error: 500.  Always QWEN_ERROR. */
qwen_rc_t qwen_openai_parse_failed(qwen_openai_parser_t *parser);

/* Reads "messages".  QWEN_OK, or QWEN_ERROR with *error. */
qwen_rc_t qwen_openai_parse_messages(qwen_openai_parser_t *parser,
    const cJSON *messages);


#endif /* QWEN_OPENAI_CHAT_PARSE_H */
