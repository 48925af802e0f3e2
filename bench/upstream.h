/*
 * The upstream of the benchmark.  upstream.c: sockets, connections and
 * events; upstream_answer.c: what is answered, and when.
 */

#ifndef BENCH_UPSTREAM_H
#define BENCH_UPSTREAM_H


#include <stddef.h>
#include <stdint.h>


#define UPSTREAM_HEAD  8192
#define UPSTREAM_TAIL  4096


typedef struct upstream_conn_s  upstream_conn_t;

struct upstream_conn_s {
    int                fd;
    unsigned           requests;
    unsigned           body:1;       /* the head is read */
    unsigned           busy:1;       /* answers */
    unsigned           streams:1;
    unsigned           blocked:1;    /* waits until it can write */
    unsigned           queued:1;

    char               head[UPSTREAM_HEAD];
    size_t             head_len;
    size_t             body_len;
    size_t             body_left;
    char               tail[UPSTREAM_TAIL];  /* the end of the body */
    size_t             tail_len;

    char               answer[2048];
    const char        *out;
    size_t             out_len;

    unsigned           step;         /* of the script, being sent or next */
    unsigned           slot;
    unsigned           number;
    int64_t            due;          /* ns */
    upstream_conn_t   *prev;
    upstream_conn_t   *next;
};


/* upstream.c */

/* Sends c->out; upstream_sent() is called when all of it is gone. */
void upstream_send(upstream_conn_t *c);


/* upstream_answer.c */

void upstream_init(void);

/* A request has been read whole. */
void upstream_answer(upstream_conn_t *c);
/* Returns 1 when the answer has been sent whole. */
int upstream_sent(upstream_conn_t *c);
void upstream_closed(upstream_conn_t *c);

/* Reads what the load generator has received. */
void upstream_acks(int fd);

/* Sends the steps that are due; returns the time to the next one in ms. */
int upstream_steps(void);


#endif /* BENCH_UPSTREAM_H */
