
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"


#define BENCH_BACKLOG  4096


void
bench_fail(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}


int64_t
bench_clock(clockid_t id)
{
    struct timespec  ts;

    clock_gettime(id, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


void
bench_prepare(int cpu)
{
    cpu_set_t      set;
    struct rlimit  limit;

    if (cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);

        if (sched_setaffinity(0, sizeof(set), &set) == -1) {
            bench_fail("sched_setaffinity()");
        }
    }

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;

        if (setrlimit(RLIMIT_NOFILE, &limit) == -1) {
            bench_fail("setrlimit()");
        }
    }
}


static int
bench_socket(int type, unsigned port, struct sockaddr_in *sin)
{
    int  fd, on;

    fd = socket(AF_INET, type|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (fd == -1) {
        bench_fail("socket()");
    }

    on = 1;

    if (type == SOCK_STREAM
        && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
    {
        bench_fail("setsockopt(TCP_NODELAY)");
    }

    memset(sin, 0, sizeof(struct sockaddr_in));
    sin->sin_family = AF_INET;
    sin->sin_port = htons(port);
    sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    return fd;
}


int
bench_listen(int type, unsigned port)
{
    int                 fd, on;
    struct sockaddr_in  sin;

    fd = bench_socket(type, port, &sin);

    on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1) {
        bench_fail("setsockopt(SO_REUSEADDR)");
    }

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        bench_fail("bind()");
    }

    if (type == SOCK_STREAM && listen(fd, BENCH_BACKLOG) == -1) {
        bench_fail("listen()");
    }

    return fd;
}


int
bench_connect(int type, unsigned port)
{
    int                 fd;
    struct sockaddr_in  sin;

    fd = bench_socket(type, port, &sin);

    if (connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        && errno != EINPROGRESS)
    {
        bench_fail("connect()");
    }

    return fd;
}


void
bench_reset(int fd)
{
    struct linger  linger = { 1, 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(fd);
}
