
/*
 * Why an upstream call gave no answer, in classes that decide what the client
 * gets, whether another account is tried and what the pool does.
 */

#ifndef QWEN_FAILURE_H
#define QWEN_FAILURE_H


#include "qwen_core.h"


typedef enum {
    QWEN_FAIL_NONE = 0,
    QWEN_FAIL_TOKEN,                 /* the account's token is gone */
    QWEN_FAIL_FORBIDDEN,             /* 403 that does not say why */
    QWEN_FAIL_RATE_LIMITED,          /* the account's cap is reached */
    QWEN_FAIL_QUOTA,                 /* the account's tokens are used up */
    QWEN_FAIL_ACCOUNT,               /* refused, perhaps a blocked account */
    QWEN_FAIL_CONTENT_FILTER,        /* the content filter refused */
    QWEN_FAIL_CHALLENGED,            /* a bot check or a wall */
    QWEN_FAIL_OUTAGE,                /* 5xx, connect error, reset */
    QWEN_FAIL_TIMEOUT,
    QWEN_FAIL_EMPTY,                 /* an answer without any text */
    QWEN_FAIL_INCOMPLETE,            /* cut after text was sent */
    QWEN_FAIL_PROTOCOL,              /* not understood */
    QWEN_FAIL_LIMIT,                 /* above a cap of ours */
    QWEN_FAIL_MODEL,                 /* the model's name was refused */
    QWEN_FAIL_INTERNAL               /* our own: no memory, configuration */
} qwen_fail_class_t;


typedef struct {
    qwen_fail_class_t   class;
    unsigned            hours;       /* RATE_LIMITED: how long, 0: not said */
} qwen_failure_t;


/* The class's name for logs and metrics ("token", "rate_limited", ...;
 * "" for QWEN_FAIL_NONE). */
qwen_str_t qwen_fail_class_name(qwen_fail_class_t class);

/* The class of that name; QWEN_FAIL_NONE: there is none. */
qwen_fail_class_t qwen_fail_class_find(qwen_str_t name);

/* Whether another account may do better, before the client got a byte. */
bool qwen_fail_class_retriable(qwen_fail_class_t class);


#endif /* QWEN_FAILURE_H */
