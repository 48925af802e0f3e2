
/* Where secrets are sealed for.  Private to this layer. */

#ifndef QWEN_RECORD_CONTEXT_H
#define QWEN_RECORD_CONTEXT_H


#include "qwen_record.h"


#define QWEN_RECORD_KEY_CONTEXT  "key"

/* Room for "password:" and an email. */
typedef struct {
    uint8_t  data[16 + QWEN_RECORD_MAX_EMAIL];
} qwen_record_context_t;


/* The context of an account's "password" or "token"; its email is not longer
 * than one may be. */
static inline qwen_str_t
qwen_record_context(qwen_record_context_t *context, const char *name,
    qwen_str_t email)
{
    size_t  len;

    len = strlen(name);

    memcpy(context->data, name, len);
    context->data[len++] = ':';
    memcpy(context->data + len, email.data, email.len);

    return (qwen_str_t) { context->data, len + email.len };
}


#endif /* QWEN_RECORD_CONTEXT_H */
