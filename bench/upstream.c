
/*
 * The upstream of the benchmark: one thread, loopback only, as little work per
 * event as possible.  It answers sign-in, models, new chat and completions as
 * the web API does; what a completion answers is set by
 *
 *     GET /_bench/set?events=2000&size=12&mixed=0&group=1&interval=-1
 *
 * "interval" is the time between two writes in milliseconds.  With -1 a write
 * waits until the load generator has told, by a datagram, that everything
 * before it came out of nginx: so nginx cannot meet two writes in one read.
 * GET /_bench/stats shows counters.
 *
 * usage: upstream port [cpu]; it ends when its standard input does.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "upstream.h"


#define UPSTREAM_READ    (256 * 1024)
#define UPSTREAM_EVENTS  256
#define UPSTREAM_FDS     65536


static int               epoll_fd;
static int               listen_fd;
static int               ack_fd;
static upstream_conn_t  *conns[UPSTREAM_FDS];
static char              scratch[UPSTREAM_READ];


static void
watch(int op, int fd, uint32_t events)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.fd = fd;

    if (epoll_ctl(epoll_fd, op, fd, &ev) == -1) {
        bench_fail("epoll_ctl()");
    }
}


static void
conn_close(upstream_conn_t *c)
{
    upstream_closed(c);
    bench_reset(c->fd);

    conns[c->fd] = NULL;
    free(c);
}


static void
conn_body(upstream_conn_t *c, const char *data, size_t len)
{
    size_t  keep;

    if (len > c->body_left) {
        fprintf(stderr, "upstream: bytes behind a request\n");
        exit(1);
    }

    c->body_left -= len;

    if (len >= UPSTREAM_TAIL) {
        memcpy(c->tail, data + len - UPSTREAM_TAIL, UPSTREAM_TAIL);
        c->tail_len = UPSTREAM_TAIL;

    } else if (len) {
        keep = UPSTREAM_TAIL - len;
        keep = c->tail_len < keep ? c->tail_len : keep;

        memmove(c->tail, c->tail + c->tail_len - keep, keep);
        memcpy(c->tail + keep, data, len);
        c->tail_len = keep + len;
    }

    if (c->body_left == 0) {
        c->busy = 1;
        upstream_answer(c);
    }
}


/* Returns 0 when the head is too long. */

static int
conn_head(upstream_conn_t *c, const char *data, size_t len)
{
    char    *end, *p;
    size_t   old, n, used;

    old = c->head_len;
    n = UPSTREAM_HEAD - 1 - old;
    n = len < n ? len : n;

    memcpy(c->head + old, data, n);
    c->head_len += n;
    c->head[c->head_len] = '\0';

    end = strstr(c->head, "\r\n\r\n");
    if (end == NULL) {
        return c->head_len < UPSTREAM_HEAD - 1;
    }

    used = end + 4 - c->head - old;
    *end = '\0';

    p = strcasestr(c->head, "\r\nContent-Length:");
    c->body_len = p ? strtoul(p + 17, NULL, 10) : 0;
    c->body_left = c->body_len;
    c->tail_len = 0;
    c->body = 1;

    conn_body(c, data + used, len - used);

    return 1;
}


static void
conn_read(upstream_conn_t *c)
{
    ssize_t  n;

    n = recv(c->fd, scratch, sizeof(scratch), 0);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n <= 0) {
        conn_close(c);
        return;
    }

    if (c->busy) {
        fprintf(stderr, "upstream: bytes before the answer\n");
        exit(1);
    }

    if (c->body) {
        conn_body(c, scratch, n);

    } else if (!conn_head(c, scratch, n)) {
        conn_close(c);
    }
}


void
upstream_send(upstream_conn_t *c)
{
    ssize_t  n;

    n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);

    if (n == -1 && errno != EAGAIN) {
        return;                      /* the event says so, too */
    }

    if (n > 0) {
        c->out += n;
        c->out_len -= n;
    }

    if (c->out_len) {
        if (!c->blocked) {
            c->blocked = 1;
            watch(EPOLL_CTL_MOD, c->fd, EPOLLIN|EPOLLOUT);
        }

        return;
    }

    if (c->blocked) {
        c->blocked = 0;
        watch(EPOLL_CTL_MOD, c->fd, EPOLLIN);
    }

    if (upstream_sent(c)) {
        c->busy = 0;
        c->body = 0;
        c->head_len = 0;
    }
}


static void
accept_all(void)
{
    int               fd, on;
    upstream_conn_t  *c;

    for ( ;; ) {
        fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

        if (fd == -1) {
            if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) {
                return;
            }

            bench_fail("accept4()");
        }

        if (fd >= UPSTREAM_FDS) {
            close(fd);
            continue;
        }

        on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

        c = calloc(1, sizeof(upstream_conn_t));
        if (c == NULL) {
            bench_fail("calloc()");
        }

        c->fd = fd;
        conns[fd] = c;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}


static void
handle_event(const struct epoll_event *ev)
{
    upstream_conn_t  *c;

    if (ev->data.fd == listen_fd) {
        accept_all();
        return;
    }

    if (ev->data.fd == ack_fd) {
        upstream_acks(ack_fd);
        return;
    }

    if (ev->data.fd == STDIN_FILENO) {
        if (read(STDIN_FILENO, scratch, sizeof(scratch)) <= 0) {
            exit(0);
        }

        return;
    }

    c = conns[ev->data.fd];

    if (c && (ev->events & EPOLLOUT)) {
        upstream_send(c);
    }

    if (c && (ev->events & ~EPOLLOUT)) {
        conn_read(c);
    }
}


int
main(int argc, char **argv)
{
    int                 i, n;
    struct epoll_event  events[UPSTREAM_EVENTS];

    if (argc < 2) {
        fprintf(stderr, "usage: upstream port [cpu]\n");
        return 2;
    }

    bench_prepare(argc > 2 ? atoi(argv[2]) : -1);
    upstream_init();

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd == -1) {
        bench_fail("epoll_create1()");
    }

    listen_fd = bench_listen(SOCK_STREAM, atoi(argv[1]));
    ack_fd = bench_listen(SOCK_DGRAM, atoi(argv[1]));

    watch(EPOLL_CTL_ADD, listen_fd, EPOLLIN);
    watch(EPOLL_CTL_ADD, ack_fd, EPOLLIN);
    watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);

    for ( ;; ) {
        n = epoll_wait(epoll_fd, events, UPSTREAM_EVENTS, upstream_steps());

        for (i = 0; i < n; i++) {
            handle_event(&events[i]);
        }
    }
}
