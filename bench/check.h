/*
 * Compares the body of an answer, as it comes, with what the upstream sends:
 * bytes for a proxied stream; for OpenAI's chunks the decoded text, and that
 * all chunks of an answer have the same bytes around it.
 */

#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H


#include "script.h"


typedef enum {
    CHECK_STREAM = 0,                /* the upstream's stream */
    CHECK_CHAT_STREAM,               /* behind the answer for a new chat */
    CHECK_OPENAI                     /* converted */
} check_format_t;


typedef struct {
    const bench_script_t  *script;
    check_format_t         format;

    unsigned               events;   /* whole texts that have come */
    size_t                 offset;   /* in the stream, or in the text */
    size_t                 chat;     /* bytes of the new chat's answer */

    bench_buf_t            line;     /* one that is not whole */
    bench_buf_t            prefix;
    bench_buf_t            suffix;
    bench_buf_t            decoded;
    unsigned               blank:1;  /* an empty line must follow */
    unsigned               role:1;
    unsigned               learned:1;
    unsigned               finish:1;
    unsigned               usage:1;
    unsigned               done:1;

    unsigned long          chunks;   /* with text */
    unsigned long          comments;
    const char            *error;
} check_t;


void check_init(check_t *check, const bench_script_t *script,
    check_format_t format);

/* Before each answer. */
void check_start(check_t *check);

/* Both return 0 when the answer is wrong; check->error says why. */
int check_feed(check_t *check, const char *data, size_t len);
int check_end(check_t *check);


#endif /* BENCH_CHECK_H */
