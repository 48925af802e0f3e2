/*
 * The load generator of the benchmark.  load.c: options, the loop and the
 * report; load_conn.c: a connection and its requests.
 */

#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H


#include <stdint.h>

#include "check.h"


#define LOAD_HEAD  4096


typedef enum {
    LOAD_HEADERS = 0,
    LOAD_SIZE,
    LOAD_DATA,
    LOAD_DATA_END,
    LOAD_LAST,
    LOAD_DONE
} load_state_t;


typedef struct {
    int              fd;
    unsigned         slot;
    unsigned         number;
    unsigned         connected:1;
    unsigned         blocked:1;      /* waits until it can write */
    unsigned         close:1;        /* the server will */
    unsigned         first:1;        /* event seen, of this request */
    unsigned         opened:1;       /* the stream runs */

    char            *request;
    size_t           sent;

    load_state_t     state;
    char             head[LOAD_HEAD];
    size_t           head_len;
    size_t           chunk;          /* bytes left of it */
    int64_t          start;          /* ns */
    unsigned         acked;
    check_t          check;
} load_conn_t;


typedef struct {
    unsigned         port;
    unsigned         ack_port;       /* 0: none */
    const char      *path;
    const char      *key;
    check_format_t   format;
    bench_params_t   params;
    unsigned         connections;
    unsigned         requests;       /* 0: by time */
    long             time;           /* ms */
    long             ramp;           /* ms */
    size_t           history;        /* bytes */
    int              hold;
    int              cpu;
} load_options_t;


typedef struct {
    int              epoll;
    int64_t          begin;          /* ns */
    unsigned         started;        /* requests */
    unsigned         running;
    unsigned         waiting;        /* running without an event */
    unsigned         opened;
    unsigned long    connects;
    unsigned long    reads;
    unsigned long    chunks;         /* of HTTP */
    unsigned long    bytes;

    int64_t         *firsts;         /* times to the first text, ns */
    size_t           nfirsts;
    size_t           firsts_size;
} load_totals_t;


extern load_options_t    load_options;
extern load_totals_t  load_totals;


/* Makes the request that all connections send; returns its body's length. */
size_t load_conn_init(void);

/* Starts the next request, if there is one to start. */
void load_conn_start(load_conn_t *c);
int load_may_start(void);

void load_conn_event(load_conn_t *c, uint32_t events);

/* Sends what load_conn_event() left to be told to the upstream. */
void load_acks(void);


#endif /* BENCH_LOAD_H */
