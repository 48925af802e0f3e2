
/*
 * Many processes on one zone, as workers are; the test is their master.  Each
 * process stops the clock for itself, so leases and claims end only where the
 * test says so.
 */

#include <stdio.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "pool_test.h"


#define PROCESSES  4
#define ACCOUNTS   16
#define ROUNDS     20000


/* what the processes tell each other, outside of the zone */

typedef struct {
    ngx_atomic_t  claimed[4096];  /* by how many, now */
    ngx_atomic_t  twice;          /* by more than one */
    ngx_atomic_t  declined;       /* results of claims that ended */
    ngx_atomic_t  claims;
    ngx_atomic_t  taken;
    ngx_atomic_t  wrong;
    ngx_atomic_t  ready;
} shared_t;


static shared_t  *shared;


static int
setup(void **state)
{
    fixture_clock_set(1000000, NOW);
    *state = fixture_create(1024 * 1024, ACCOUNTS);

    shared = mmap(NULL, sizeof(shared_t), PROT_READ|PROT_WRITE,
                  MAP_ANON|MAP_SHARED, -1, 0);

    return shared == MAP_FAILED;
}


static int
teardown(void **state)
{
    test_consistent((fixture_t *) *state);
    fixture_free(*state);
    munmap(shared, sizeof(shared_t));

    return 0;
}


static void
wrong(void)
{
    (void) ngx_atomic_fetch_add(&shared->wrong, 1);
}


static void
sign_in(fixture_t *f, ngx_pool_t *mempool)
{
    ngx_str_t          token = ngx_string("token");
    ngx_qwen_signin_t  signin;

    if (ngx_qwen_signin_claim(f->pool, mempool, 1000, 1000, &signin) != NGX_OK) {
        return;
    }

    (void) ngx_atomic_fetch_add(&shared->claims, 1);

    if (ngx_atomic_fetch_add(&shared->claimed[signin.account], 1) != 0) {
        (void) ngx_atomic_fetch_add(&shared->twice, 1);
    }

    if (random() % 16 == 0) {
        ngx_sched_yield();
    }

    (void) ngx_atomic_fetch_add(&shared->claimed[signin.account], -1);

    if (random() % 8 == 0) {
        ngx_qwen_signin_failed(f->pool, &signin, NULL);
        return;
    }

    if (ngx_qwen_signin_done(f->pool, &signin, &token, LASTING) != NGX_OK) {
        (void) ngx_atomic_fetch_add(&shared->declined, 1);
    }
}


static void
one_request(fixture_t *f)
{
    ngx_int_t          rc;
    ngx_msec_t         wait;
    ngx_pool_t        *mempool;
    qwen_failure_t     failure;
    ngx_qwen_lease_t  *lease;

    mempool = ngx_create_pool(1024, f->cf.log);

    rc = ngx_qwen_lease_take(f->pool, mempool, NGX_QWEN_KIND_CHAT, NULL, 0,
                             &lease, &wait);

    if (rc == NGX_AGAIN) {
        sign_in(f, mempool);

    } else if (rc == NGX_OK) {
        (void) ngx_atomic_fetch_add(&shared->taken, 1);

        failure.class = (random() % 4) ? QWEN_FAIL_NONE : QWEN_FAIL_TOKEN;
        failure.hours = 0;
        ngx_qwen_lease_report(lease, &failure);

        ngx_qwen_lease_renew(lease);

        if (random() % 2) {
            ngx_qwen_lease_release(lease);
        }

        if (lease->email.len < sizeof("user0@example.com") - 1
            || ngx_memcmp(lease->email.data, "user", 4) != 0
            || lease->token.len != 5
            || ngx_memcmp(lease->token.data, "token", 5) != 0)
        {
            wrong();
        }

    } else {
        wrong();
    }

    ngx_destroy_pool(mempool);
}


static pid_t
start(fixture_t *f, ngx_uint_t seed, ngx_uint_t rounds)
{
    pid_t  pid;

    pid = fork();

    if (pid) {
        return pid;
    }

    ngx_pid = ngx_getpid();
    srandom(seed);

    while (rounds--) {
        one_request(f);
    }

    _exit(0);
}


static void
test_processes_share_the_zone(void **state)
{
    int         status;
    pid_t       pids[PROCESSES];
    fixture_t  *f = *state;
    ngx_uint_t  i;

    /* a refused token or a failed sign-in is due again at once */

    f->pool->cooldown.signin = 0;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = start(f, i + 1, ROUNDS);
    }

    for (i = 0; i < PROCESSES; i++) {
        waitpid(pids[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }

    assert_int_equal(shared->wrong, 0);
    assert_int_equal(shared->twice, 0);
    assert_int_equal(shared->declined, 0);
    assert_true(shared->taken > ROUNDS);
    assert_true(shared->claims > ROUNDS / 10);
    assert_int_equal(test_status(f).leases, 0);
    assert_int_equal(test_status(f).accounts, ACCOUNTS);
    assert_int_equal(f->pool->sh->last_lease, shared->taken);
}


static pid_t
start_one_that_dies(fixture_t *f)
{
    pid_t              pid;
    ngx_uint_t         i;
    ngx_qwen_lease_t  *lease;
    ngx_qwen_signin_t  signin;

    pid = fork();

    if (pid) {
        return pid;
    }

    ngx_pid = ngx_getpid();
    srandom(ngx_pid);

    for (i = 0; i < 1000; i++) {
        one_request(f);
    }

    /* two leases, a claim, the lock: everything a process can hold */

    while (ngx_qwen_signin_claim(f->pool, f->mempool, 5000, 1000, &signin)
           != NGX_OK)
    {
        if (test_take(f, 0, NULL, 0, &lease) == NGX_OK) {
            test_report(lease, QWEN_FAIL_TOKEN, 0);
            ngx_qwen_lease_release(lease);
        }
    }

    for (i = 0; i < 2; i++) {
        while (test_take(f, 0, NULL, 0, &lease) != NGX_OK) {
            one_request(f);
        }
    }

    ngx_shmtx_lock(&f->pool->shpool->mutex);
    shared->ready = 1;

    for ( ;; ) {
        pause();
    }
}


static void
test_killed_process_loses_lock_leases_and_claim(void **state)
{
    int         status;
    pid_t       pids[PROCESSES], dying;
    fixture_t  *f = *state;
    ngx_uint_t  i;

    f->pool->cooldown.signin = 0;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = start(f, i + 1, ROUNDS);
    }

    dying = start_one_that_dies(f);

    while (!shared->ready) {
        usleep(1000);
    }

    /* the others wait for the lock, or will */

    usleep(20000);

    kill(dying, SIGKILL);
    waitpid(dying, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(ngx_shmtx_force_unlock(&f->pool->shpool->mutex, dying),
                     1);

    for (i = 0; i < PROCESSES; i++) {
        waitpid(pids[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }

    assert_int_equal(shared->wrong, 0);
    assert_int_equal(shared->twice, 0);
    assert_int_equal(shared->declined, 0);
    test_consistent(f);

    /* its two leases and its claim are all that is left */

    assert_int_equal(test_status(f).leases, 2);

    fixture_sign_in(f, LASTING);
    assert_int_equal(test_status(f).signin, 1);

    fixture_clock_advance(5000);
    assert_int_equal(fixture_sign_in(f, LASTING), 1);
    assert_int_equal(test_status(f).ready, ACCOUNTS);
    assert_int_equal(test_status(f).leases, 2);

    fixture_clock_advance(MINUTE - 5000);
    assert_int_equal(test_status(f).leases, 0);
}


static void
test_reload_while_processes_work(void **state)
{
    int               status;
    char              email[64];
    pid_t             pids[PROCESSES];
    fixture_t        *f = *state;
    ngx_uint_t        i, round;
    ngx_qwen_pool_t  *pool;

    f->pool->cooldown.signin = 0;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = start(f, i + 1, ROUNDS);
    }

    /* half of the accounts come and go */

    for (round = 0; round < 200; round++) {
        pool = fixture_configuration(f);
        pool->cooldown.signin = 0;

        for (i = 0; i < ACCOUNTS; i++) {
            if (i % 2 && round % 2) {
                continue;
            }

            snprintf(email, sizeof(email), "user%lu@example.com",
                     (unsigned long) i);
            fixture_account(pool, email, "secret");
        }

        assert_int_equal(fixture_reload(f, pool), NGX_OK);
        ngx_sched_yield();
    }

    for (i = 0; i < PROCESSES; i++) {
        waitpid(pids[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }

    assert_int_equal(shared->wrong, 0);
    assert_int_equal(shared->twice, 0);
    assert_int_equal(test_status(f).leases, 0);
    assert_int_equal(test_status(f).accounts, ACCOUNTS / 2);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(processes_share_the_zone),
        test(killed_process_loses_lock_leases_and_claim),
        test(reload_while_processes_work)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
