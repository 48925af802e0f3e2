
/* Errors as OpenAI's API tells them: {"error":{message,type,param,code}}. */

#ifndef QWEN_OPENAI_ERROR_H
#define QWEN_OPENAI_ERROR_H


#include "qwen_buf.h"
#include "qwen_failure.h"


/* Strings are constants, or live as long as the error; message and param are
 * plain UTF-8. */
typedef struct {
    unsigned      status;            /* HTTP */
    const char   *type;              /* NULL: from the status */
    const char   *code;              /* NULL: null */
    char          param[64];         /* empty: null */
    char          message[256];
} qwen_openai_error_t;


/* Fills an error; format as printf, cut at the field's size. */
void qwen_openai_error_set(qwen_openai_error_t *error, unsigned status,
    const char *code, const char *param, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The error for a failed upstream call, by its class. */
void qwen_openai_error_failure(qwen_openai_error_t *error,
    const qwen_failure_t *failure);

/* The error for a status that nginx itself chose (400, 408, 413, 429, ...). */
void qwen_openai_error_status(qwen_openai_error_t *error, unsigned status);

/* Appends the JSON object. */
qwen_rc_t qwen_openai_error_render(const qwen_openai_error_t *error,
    qwen_buf_t *out);


#endif /* QWEN_OPENAI_ERROR_H */
