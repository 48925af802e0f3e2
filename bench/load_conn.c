
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common.h"
#include "load.h"


#define LOAD_READ    (256 * 1024)
#define LOAD_TURN    2000            /* bytes of a turn of history */
#define LOAD_AROUND  64              /* of them around the text */
#define LOAD_OPENED  2               /* events until a stream runs */


static bench_buf_t      request;
static size_t           mark;        /* where the stream is named in it */
static unsigned         numbers;
static int              ack_fd = -1;
static bench_ack_t      acks[BENCH_ACKS];
static unsigned         nacks;
static char             scratch[LOAD_READ];


static void
wrong(load_conn_t *c, const char *what)
{
    fprintf(stderr, "load: wrong answer on connection %u, request %u, "
            "event %u: %s\n%.*s\n", c->slot, c->number, c->check.events,
            what, (int) c->head_len, c->head);
    exit(1);
}


size_t
load_conn_init(void)
{
    size_t       body_len;
    unsigned     turn;
    bench_buf_t  body = { NULL, 0, 0 };

    if (load_options.ack_port) {
        ack_fd = bench_connect(SOCK_DGRAM, load_options.ack_port);
    }

    bench_printf(&body, "{\"model\":\"qwen3-max\",\"stream\":true,"
                 "\"messages\":[");

    for (turn = 0; body.len + LOAD_TURN < load_options.history; turn++) {
        bench_printf(&body, "{\"role\":\"%s\",\"content\":\"",
                     turn == 0 ? "system" : turn % 2 ? "user" : "assistant");
        bench_text(&body, NULL, turn, LOAD_TURN - LOAD_AROUND,
                   BENCH_HISTORY);
        bench_printf(&body, "\"},");
    }

    bench_printf(&body, "{\"role\":\"user\",\"content\":\"And now? ");
    mark = body.len;
    bench_printf(&body, BENCH_MARK_FORMAT "\"}]}", 0, 0);

    bench_printf(&request, "POST %s HTTP/1.1\r\n"
                 "Host: bench\r\n"
                 "Content-Type: application/json\r\n"
                 "Authorization: Bearer %s\r\n"
                 "Content-Length: %zu\r\n"
                 "\r\n", load_options.path, load_options.key, body.len);

    mark += request.len;
    body_len = body.len;
    bench_append(&request, body.data, body.len);

    free(body.data);

    return body_len;
}


void
load_acks(void)
{
    if (nacks && send(ack_fd, acks, nacks * sizeof(bench_ack_t), 0) == -1) {
        bench_fail("send(ack)");
    }

    nacks = 0;
}


static void
conn_ack(load_conn_t *c)
{
    unsigned  events;

    events = c->check.events;

    if (ack_fd == -1 || events == c->acked
        || (events % load_options.params.group
            && events != load_options.params.events))
    {
        return;
    }

    c->acked = events;

    acks[nacks].slot = c->slot;
    acks[nacks].number = c->number;
    acks[nacks].events = events;

    if (++nacks == BENCH_ACKS) {
        load_acks();
    }
}


static void
conn_watch(load_conn_t *c, int op, uint32_t events)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.ptr = c;

    if (epoll_ctl(load_totals.epoll, op, c->fd, &ev) == -1) {
        bench_fail("epoll_ctl()");
    }
}


static void
conn_open(load_conn_t *c)
{
    c->fd = bench_connect(SOCK_STREAM, load_options.port);
    c->connected = 1;
    c->blocked = 1;
    conn_watch(c, EPOLL_CTL_ADD, EPOLLIN|EPOLLOUT);

    load_totals.connects++;
}


static void
conn_close(load_conn_t *c)
{
    bench_reset(c->fd);
    c->connected = 0;
}


static void
conn_write(load_conn_t *c)
{
    ssize_t  n;

    while (c->sent < request.len) {
        n = send(c->fd, c->request + c->sent, request.len - c->sent,
                 MSG_NOSIGNAL);

        if (n == -1) {
            if (errno != EAGAIN && errno != ENOTCONN) {
                bench_fail("send()");
            }

            if (!c->blocked) {
                c->blocked = 1;
                conn_watch(c, EPOLL_CTL_MOD, EPOLLIN|EPOLLOUT);
            }

            return;
        }

        c->sent += n;
    }

    if (c->blocked) {
        c->blocked = 0;
        conn_watch(c, EPOLL_CTL_MOD, EPOLLIN);
    }
}


int
load_may_start(void)
{
    if (load_options.requests
        && load_totals.started >= load_options.requests)
    {
        return 0;
    }

    return load_options.time == 0
           || bench_clock(CLOCK_MONOTONIC) - load_totals.begin
              < (int64_t) load_options.time * 1000000;
}


void
load_conn_start(load_conn_t *c)
{
    char  text[64];

    if (!load_may_start()) {
        return;
    }

    if (c->request == NULL) {
        c->request = malloc(request.len);
        if (c->request == NULL) {
            bench_fail("malloc()");
        }

        memcpy(c->request, request.data, request.len);
    }

    c->number = ++numbers;
    memcpy(c->request + mark, text,
           snprintf(text, sizeof(text), BENCH_MARK_FORMAT, c->slot,
                    c->number));

    load_totals.started++;
    load_totals.running++;
    load_totals.waiting++;

    c->sent = 0;
    c->state = LOAD_HEADERS;
    c->head_len = 0;
    c->close = 0;
    c->first = 0;
    c->acked = 0;
    check_start(&c->check);

    c->start = bench_clock(CLOCK_MONOTONIC);

    if (c->connected) {
        conn_write(c);
    } else {
        conn_open(c);
    }
}


static void
conn_first(load_conn_t *c)
{
    load_totals_t  *totals;

    totals = &load_totals;

    if (totals->nfirsts == totals->firsts_size) {
        totals->firsts_size = 2 * totals->firsts_size + 4096;
        totals->firsts = realloc(totals->firsts,
                                 totals->firsts_size * sizeof(int64_t));
        if (totals->firsts == NULL) {
            bench_fail("realloc()");
        }
    }

    totals->firsts[totals->nfirsts++] = bench_clock(CLOCK_MONOTONIC)
                                        - c->start;
    totals->waiting--;
    c->first = 1;
}


static void
conn_data(load_conn_t *c, const char *data, size_t len)
{
    if (!check_feed(&c->check, data, len)) {
        wrong(c, c->check.error);
    }

    if (!c->first && c->check.events) {
        conn_first(c);
    }

    if (!c->opened && c->check.events >= LOAD_OPENED) {
        c->opened = 1;
        load_totals.opened++;
    }

    conn_ack(c);
}


/* Collects the head of the response or the line of a chunk; returns what is
 * behind it, or NULL when it is not whole. */

static const char *
conn_line(load_conn_t *c, const char *data, const char *last, const char *end)
{
    size_t  len;

    len = strlen(end);

    while (data < last) {
        if (c->head_len == LOAD_HEAD - 1) {
            wrong(c, "a long head");
        }

        c->head[c->head_len++] = *data++;

        if (c->head_len >= len
            && memcmp(c->head + c->head_len - len, end, len) == 0)
        {
            c->head[c->head_len] = '\0';
            return data;
        }
    }

    return NULL;
}


static void
conn_headers(load_conn_t *c)
{
    if (strncmp(c->head, "HTTP/1.1 200 ", 13) != 0) {
        wrong(c, "the status");
    }

    if (strcasestr(c->head, "\r\nTransfer-Encoding: chunked\r\n") == NULL
        || strcasestr(c->head, "\r\nContent-Type: text/event-stream") == NULL)
    {
        wrong(c, "the header");
    }

    if (strcasestr(c->head, "\r\nConnection: close\r\n")) {
        c->close = 1;
    }

    c->state = LOAD_SIZE;
}


static void
conn_size(load_conn_t *c)
{
    char  *end;

    c->chunk = strtoul(c->head, &end, 16);

    if (end == c->head || *end != '\r') {
        wrong(c, "the size of a chunk");
    }

    c->state = c->chunk ? LOAD_DATA : LOAD_LAST;
    load_totals.chunks++;
}


/* All states but LOAD_DATA read a line. */

static const char *
conn_parse_line(load_conn_t *c, const char *data, const char *last)
{
    data = conn_line(c, data, last,
                     c->state == LOAD_HEADERS ? "\r\n\r\n" : "\r\n");

    if (data == NULL) {
        return NULL;
    }

    switch (c->state) {

    case LOAD_HEADERS:
        conn_headers(c);
        break;

    case LOAD_SIZE:
        conn_size(c);
        break;

    default:
        if (c->head_len != 2) {
            wrong(c, "the end of a chunk");
        }

        c->state = c->state == LOAD_LAST ? LOAD_DONE : LOAD_SIZE;
    }

    c->head_len = 0;

    return data;
}


static void
conn_parse(load_conn_t *c, const char *data, size_t len)
{
    size_t       n;
    const char  *last;

    last = data + len;

    while (data && data < last) {

        if (c->state == LOAD_DONE) {
            wrong(c, "bytes behind the answer");
        }

        if (c->state != LOAD_DATA) {
            data = conn_parse_line(c, data, last);
            continue;
        }

        n = last - data;
        n = n < c->chunk ? n : c->chunk;

        conn_data(c, data, n);

        data += n;
        c->chunk -= n;

        if (c->chunk == 0) {
            c->state = LOAD_DATA_END;
        }
    }
}


static void
conn_read(load_conn_t *c)
{
    ssize_t  n;

    n = recv(c->fd, scratch, sizeof(scratch), 0);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n == -1) {
        bench_fail("recv()");
    }

    if (n == 0) {
        if (c->state != LOAD_DONE) {
            wrong(c, "the connection was closed");
        }

        conn_close(c);
        return;
    }

    load_totals.reads++;
    load_totals.bytes += n;

    conn_parse(c, scratch, n);

    if (c->state != LOAD_DONE) {
        return;
    }

    if (!check_end(&c->check)) {
        wrong(c, c->check.error);
    }

    load_totals.running--;

    if (c->close) {
        conn_close(c);
    }

    load_conn_start(c);
}


void
load_conn_event(load_conn_t *c, uint32_t events)
{
    if (c->connected && (events & EPOLLOUT)) {
        conn_write(c);
    }

    if (c->connected && (events & ~EPOLLOUT)) {
        conn_read(c);
    }
}
