
/*
 * The load generator of the benchmark: one thread, kept-alive connections,
 * every byte of every answer checked (check.h).  A wrong answer ends the
 * program with status 1.  It prints one JSON object.
 *
 *     -p port     of nginx on 127.0.0.1
 *     -u path     of the request
 *     -k key      for the Authorization header
 *     -f format   of the answer: stream, chat or openai
 *     -e -s -g -m events, size, group, mixed: what the upstream was told
 *     -c n        connections
 *     -n n        requests in all
 *     -t ms       no request starts after that time
 *     -r ms       spreads the first requests over that time
 *     -b bytes    of history in the request
 *     -a port     of the upstream, to be told what has come
 *     -o          holds the streams open: a line says when all of them run,
 *                 and the program ends with its standard input
 *     -C cpu      to stay on
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common.h"
#include "load.h"


#define LOAD_EVENTS   256
#define LOAD_TIMEOUT  120            /* seconds, then SIGALRM ends it */
#define LOAD_OPENING  64             /* streams that wait for their start */


load_options_t  load_options;
load_totals_t   load_totals;

static load_conn_t  *conns;
static unsigned      ramped;         /* connections with a first request */


static int
compare(const void *one, const void *two)
{
    int64_t  a, b;

    a = *(const int64_t *) one;
    b = *(const int64_t *) two;

    return (a > b) - (a < b);
}


static double
percentile(double p)
{
    size_t  i, n;

    n = load_totals.nfirsts;

    if (n == 0) {
        return 0;
    }

    i = p * n;

    return load_totals.firsts[i < n ? i : n - 1] / 1e6;
}


static void
report(int64_t wall, int64_t cpu, size_t body)
{
    unsigned        i;
    unsigned long   chunks, comments;
    load_totals_t  *totals;

    totals = &load_totals;
    chunks = 0;
    comments = 0;

    for (i = 0; i < load_options.connections; i++) {
        chunks += conns[i].check.chunks;
        comments += conns[i].check.comments;
    }

    if (totals->nfirsts) {
        qsort(totals->firsts, totals->nfirsts, sizeof(int64_t), compare);
    }

    printf("{\"requests\":%u,\"connects\":%lu,\"text_chunks\":%lu,"
           "\"comments\":%lu,\"http_chunks\":%lu,\"reads\":%lu,"
           "\"bytes\":%lu,\"body\":%zu,\"wall\":%lld,\"cpu\":%lld,"
           "\"first\":{\"count\":%zu,\"median\":%.4f,\"p90\":%.4f,"
           "\"p99\":%.4f,\"max\":%.4f}}\n",
           totals->started, totals->connects, chunks, comments,
           totals->chunks, totals->reads, totals->bytes, body,
           (long long) wall, (long long) cpu, totals->nfirsts,
           percentile(0.5), percentile(0.9), percentile(0.99), percentile(1));
}


/* Starts those first requests that are due; returns the time to wait for the
 * next one in ms. */

static int
ramp(void)
{
    int64_t  due, now;

    while (ramped < load_options.connections && load_may_start()) {

        if (load_options.hold && load_totals.waiting >= LOAD_OPENING) {
            return -1;
        }

        due = load_totals.begin + (int64_t) load_options.ramp * 1000000
                                  * ramped / load_options.connections;
        now = bench_clock(CLOCK_MONOTONIC);

        if (due > now) {
            return (due - now) / 1000000 + 1;
        }

        load_conn_start(&conns[ramped++]);
    }

    return -1;
}


static void
say_open(void)
{
    static int  said;

    if (!said && load_totals.opened == load_options.connections) {
        said = 1;
        printf("{\"open\":%u}\n", load_totals.opened);
        fflush(stdout);
    }
}


static int
input_ended(void)
{
    char  c;

    return read(STDIN_FILENO, &c, 1) <= 0;
}


static void
run(void)
{
    int                 i, n;
    struct epoll_event  ev, events[LOAD_EVENTS];

    if (load_options.hold) {
        ev.events = EPOLLIN;
        ev.data.ptr = NULL;

        if (epoll_ctl(load_totals.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev)
            == -1)
        {
            bench_fail("epoll_ctl(stdin)");
        }
    }

    for ( ;; ) {
        n = ramp();

        if (load_totals.running == 0 && n == -1) {
            return;
        }

        n = epoll_wait(load_totals.epoll, events, LOAD_EVENTS, n);

        for (i = 0; i < n; i++) {
            if (events[i].data.ptr) {
                load_conn_event(events[i].data.ptr, events[i].events);

            } else if (input_ended()) {
                return;
            }
        }

        load_acks();

        if (load_options.hold) {
            say_open();
        }
    }
}


static check_format_t
format(const char *name)
{
    switch (name[0]) {
    case 's': return CHECK_STREAM;
    case 'c': return CHECK_CHAT_STREAM;
    default: return CHECK_OPENAI;
    }
}


static void
parse_options(int argc, char **argv)
{
    int              opt;
    load_options_t  *options;

    options = &load_options;
    options->path = "/";
    options->key = "none";
    options->connections = 1;
    options->params.events = 100;
    options->params.size = 12;
    options->params.group = 1;
    options->cpu = -1;

    while ((opt = getopt(argc, argv, "p:u:k:f:e:s:g:mc:n:t:r:b:a:oC:"))
           != -1)
    {
        switch (opt) {
        case 'p': options->port = atoi(optarg); break;
        case 'u': options->path = optarg; break;
        case 'k': options->key = optarg; break;
        case 'f': options->format = format(optarg); break;
        case 'e': options->params.events = atoi(optarg); break;
        case 's': options->params.size = atoi(optarg); break;
        case 'g': options->params.group = atoi(optarg); break;
        case 'm': options->params.mixed = 1; break;
        case 'c': options->connections = atoi(optarg); break;
        case 'n': options->requests = atoi(optarg); break;
        case 't': options->time = atol(optarg); break;
        case 'r': options->ramp = atol(optarg); break;
        case 'b': options->history = atol(optarg); break;
        case 'a': options->ack_port = atoi(optarg); break;
        case 'o': options->hold = 1; break;
        case 'C': options->cpu = atoi(optarg); break;
        default: exit(2);
        }
    }

    if (options->port == 0 || options->params.events == 0
        || options->params.group == 0 || options->connections == 0
        || options->connections > BENCH_SLOTS
        || (options->requests == 0 && options->time == 0))
    {
        fprintf(stderr, "load: the options are described in load.c\n");
        exit(2);
    }
}


int
main(int argc, char **argv)
{
    size_t           body;
    int64_t          cpu;
    unsigned         i;
    bench_script_t  *script;

    parse_options(argc, argv);
    bench_prepare(load_options.cpu);
    alarm(LOAD_TIMEOUT);

    script = bench_script_create(&load_options.params);
    body = load_conn_init();

    load_totals.epoll = epoll_create1(EPOLL_CLOEXEC);
    conns = calloc(load_options.connections, sizeof(load_conn_t));

    if (load_totals.epoll == -1 || conns == NULL) {
        bench_fail("epoll_create1()");
    }

    for (i = 0; i < load_options.connections; i++) {
        conns[i].slot = i;
        check_init(&conns[i].check, script, load_options.format);
    }

    load_totals.begin = bench_clock(CLOCK_MONOTONIC);
    cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);

    run();

    report(bench_clock(CLOCK_MONOTONIC) - load_totals.begin,
           bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu, body);

    for (i = 0; i < load_options.connections; i++) {
        if (conns[i].connected) {
            bench_reset(conns[i].fd);
        }
    }

    return 0;
}
