
/*
 * What the pool costs a request: nanoseconds for taking an account, reporting
 * and giving it back, with few and with many accounts, in one process and in
 * four that share the lock.  t/unit/pool/fixture.h tells how to link.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "fixture.h"


#define PROCESSES  4
#define ROUNDS     9
#define BATCH      100
#define CALLS      100000


static const ngx_uint_t  bench_accounts[] = { 10, 1000, 10000 };


static double
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1e9 + ts.tv_nsec;
}


static void
bench_calls(fixture_t *f, ngx_uint_t calls, qwen_fail_class_t class)
{
    ngx_uint_t         i;
    ngx_msec_t         wait;
    ngx_pool_t        *mempool;
    qwen_failure_t     failure;
    ngx_qwen_lease_t  *lease;

    mempool = NULL;
    failure.class = class;
    failure.hours = 0;

    for (i = 0; i < calls; i++) {

        if (i % BATCH == 0) {
            if (mempool) {
                ngx_destroy_pool(mempool);
            }

            mempool = ngx_create_pool(32768, f->cf.log);
        }

        if (ngx_qwen_lease_take(f->pool, mempool, NGX_QWEN_KIND_CHAT, NULL, 0,
                                &lease, &wait)
            != NGX_OK)
        {
            abort();
        }

        ngx_qwen_lease_report(lease, &failure);
        ngx_qwen_lease_release(lease);

        if (class == QWEN_FAIL_RATE_LIMITED) {
            fixture_clock_advance(1);
        }
    }

    if (mempool) {
        ngx_destroy_pool(mempool);
    }
}


static double
bench_round(fixture_t *f, ngx_uint_t processes, qwen_fail_class_t class)
{
    double      start;
    pid_t       pid;
    ngx_uint_t  i;

    start = bench_now();

    if (processes == 1) {
        bench_calls(f, CALLS, class);
        return (bench_now() - start) / CALLS;
    }

    for (i = 0; i < processes; i++) {
        pid = fork();

        if (pid == -1) {
            abort();
        }

        if (pid == 0) {
            ngx_pid = ngx_getpid();
            bench_calls(f, CALLS, class);
            _exit(0);
        }
    }

    while (wait(NULL) > 0) { /* void */ }

    return (bench_now() - start) / (CALLS * processes);
}


static int
bench_compare(const void *one, const void *two)
{
    double  a, b;

    a = *(const double *) one;
    b = *(const double *) two;

    return (a > b) - (a < b);
}


static double
bench_median(ngx_uint_t accounts, ngx_uint_t processes,
    qwen_fail_class_t class)
{
    double       rounds[ROUNDS];
    fixture_t   *f;
    ngx_uint_t   i;

    fixture_clock_set(1000000, NOW);

    f = fixture_create(64 * 1024 * 1024, accounts);

    /* one call a millisecond: half of the accounts cool down at any time */

    f->pool->cooldown.rate_limited = accounts / 2;

    fixture_sign_in(f, NOW + 30 * 86400);

    bench_calls(f, accounts, class);

    for (i = 0; i < ROUNDS; i++) {
        rounds[i] = bench_round(f, processes, class);
    }

    fixture_free(f);

    qsort(rounds, ROUNDS, sizeof(double), bench_compare);

    return rounds[ROUNDS / 2];
}


int
main(void)
{
    size_t      i;
    ngx_uint_t  n;

    fixture_nginx();

    printf("take + report + release, ns per call, median of %d rounds\n\n"
           "%10s %12s %12s %14s\n",
           ROUNDS, "accounts", "1 process", "4 processes", "half cooling");

    for (i = 0; i < sizeof(bench_accounts) / sizeof(bench_accounts[0]); i++) {
        n = bench_accounts[i];

        printf("%10lu %12.0f %12.0f %14.0f\n", (unsigned long) n,
               bench_median(n, 1, QWEN_FAIL_NONE),
               bench_median(n, PROCESSES, QWEN_FAIL_NONE),
               bench_median(n, 1, QWEN_FAIL_RATE_LIMITED));
    }

    return 0;
}
