/*
 * The answer that the upstream of the benchmark sends, as both of its programs
 * know it: the upstream writes its bytes, the load generator compares what
 * comes out of nginx with its bytes and with its text.
 */

#ifndef BENCH_SCRIPT_H
#define BENCH_SCRIPT_H


#include <stddef.h>


/* The kinds of text. */
typedef enum {
    BENCH_PLAIN = 0,                 /* short English words */
    BENCH_MIXED,                     /* UTF-8 and an escape each few words */
    BENCH_HISTORY                    /* what people write */
} bench_kind_t;


typedef struct {
    char      *data;
    size_t     len;
    size_t     size;
} bench_buf_t;


typedef struct {
    unsigned   events;               /* with text */
    unsigned   size;                 /* bytes of a text, JSON-escaped */
    unsigned   group;                /* events in one write */
    int        mixed;                /* text with UTF-8 and escapes */
} bench_params_t;


/* "end" arrays hold, for each event or step, the offset behind it. */
typedef struct {
    bench_params_t   params;

    bench_buf_t      body;           /* the event stream */
    size_t          *body_end;
    bench_buf_t      escaped;        /* all texts as they stand in the JSON */
    size_t          *escaped_end;
    bench_buf_t      text;           /* all texts decoded */
    size_t          *text_end;

    bench_buf_t      wire;           /* the HTTP response, chunked */
    size_t          *wire_end;
    unsigned         steps;          /* writes: the groups and the end */
} bench_script_t;


/* Appends bytes, or ends the program without memory. */
void bench_append(bench_buf_t *buf, const void *data, size_t len);
void bench_printf(bench_buf_t *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends exactly "size" bytes of JSON-escaped text that depends on "seed"
 * only, and, unless NULL, what it decodes to. */
void bench_text(bench_buf_t *escaped, bench_buf_t *text, unsigned seed,
    unsigned size, bench_kind_t kind);

bench_script_t *bench_script_create(const bench_params_t *params);
void bench_script_free(bench_script_t *script);


#endif /* BENCH_SCRIPT_H */
