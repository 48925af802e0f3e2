/* What the programs of the benchmark share besides the script. */

#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H


#include <stdint.h>
#include <time.h>


/*
 * The load generator tells the upstream by datagrams how many events of a
 * stream came out of nginx.  The upstream knows the stream by "BENCH_MARK,
 * slot, -, number" in the request's body.
 */

#define BENCH_MARK         "bench-stream-"
#define BENCH_MARK_FORMAT  BENCH_MARK "%05u-%08u"
#define BENCH_SLOTS        65536
#define BENCH_ACKS         64        /* in a datagram */


typedef struct {
    uint32_t   slot;
    uint32_t   number;
    uint32_t   events;
} bench_ack_t;


/* Prints errno and ends the program. */
void bench_fail(const char *what) __attribute__((noreturn));

int64_t bench_clock(clockid_t id);   /* ns */

/* Stays on a CPU (none: -1) and may open as many files as the limit allows. */
void bench_prepare(int cpu);

/* A socket of this type, bound or connected to a port on 127.0.0.1. */
int bench_listen(int type, unsigned port);
int bench_connect(int type, unsigned port);

/* Closes a connection by a reset: it leaves no address in TIME_WAIT, and
 * thousands come and go. */
void bench_reset(int fd);


#endif /* BENCH_COMMON_H */
