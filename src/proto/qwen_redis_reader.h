
/*
 * Replies of Redis (RESP2).  hiredis makes them; before it sees a byte, this
 * reader has measured what the byte announces, so that no reply takes more
 * memory or depth than allowed, whatever the version of hiredis allows by
 * itself.  Of hiredis nothing is used here or elsewhere but what is the same
 * in 0.14 and 1.x: redisFormatCommandArgv(), redisReader*(),
 * freeReplyObject().
 */

#ifndef QWEN_REDIS_READER_H
#define QWEN_REDIS_READER_H


#include <hiredis/hiredis.h>

#include "qwen_core.h"


/* Arrays in arrays; hiredis 0.14 takes no more. */
#define QWEN_REDIS_MAX_DEPTH  7

/* What an element of an array is counted for beside its bytes. */
#define QWEN_REDIS_ELEMENT    (sizeof(redisReply) + sizeof(redisReply *))


typedef enum {
    QWEN_REDIS_TYPE = 0,             /* the first byte of an element */
    QWEN_REDIS_LINE,
    QWEN_REDIS_NUMBER,
    QWEN_REDIS_LF,
    QWEN_REDIS_BULK,
    QWEN_REDIS_BULK_CR,
    QWEN_REDIS_BULK_LF
} qwen_redis_state_t;


typedef struct {
    redisReader         *hiredis;
    size_t               max;        /* memory of one reply */
    size_t               used;       /* by the present one */

    qwen_redis_state_t   state;
    uint8_t              type;
    bool                 negative;
    unsigned             digits;
    uint64_t             number;     /* of a line; bytes of a bulk to come */

    unsigned             depth;
    uint64_t             left[QWEN_REDIS_MAX_DEPTH];  /* elements to come */

    const char          *wrong;      /* after QWEN_ERROR: why */
} qwen_redis_reader_t;


/* Replies of at most max bytes of memory.  QWEN_OK or QWEN_ERROR: no memory. */
qwen_rc_t qwen_redis_reader_init(qwen_redis_reader_t *reader, size_t max);

/* Frees what the reader holds, not the replies that it has given. */
void qwen_redis_reader_free(qwen_redis_reader_t *reader);

/* Takes bytes off *input.  QWEN_OK: a reply, to be freed by freeReplyObject();
 * QWEN_AGAIN: all input is taken; QWEN_ERROR: no RESP2, or above a limit. */
qwen_rc_t qwen_redis_reader_next(qwen_redis_reader_t *reader,
    qwen_str_t *input, redisReply **reply);

/* The code that an error begins with, as "WRONGPASS"; empty: it has none.  What
 * follows may repeat the command and is not fit for a log. */
qwen_str_t qwen_redis_error_code(const redisReply *reply);


#endif /* QWEN_REDIS_READER_H */
