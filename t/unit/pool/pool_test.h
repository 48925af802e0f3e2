
/* What the tests of src/pool say often. */

#ifndef POOL_TEST_H
#define POOL_TEST_H


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"
#include "ngx_qwen_zone.h"


#define test_consistent(f)                                                    \
    assert_string_equal(fixture_inconsistency((f)->pool)                      \
                        ? fixture_inconsistency((f)->pool) : "", "")


#define test_assert_str(s, text)                                              \
    do {                                                                      \
        assert_int_equal((s).len, strlen(text));                              \
                                                                              \
        if ((s).len) {                                                        \
            assert_memory_equal((s).data, text, (s).len);                     \
        }                                                                     \
    } while (0)


static ngx_inline qwen_str_t
test_str(const char *text)
{
    return (qwen_str_t) { (const uint8_t *) text, strlen(text) };
}


static ngx_inline ngx_str_t
test_ngx_str(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


/* Pages and records of the slab that are in use. */
static ngx_inline ngx_uint_t
test_used(fixture_t *f)
{
    ngx_uint_t        i, n;
    ngx_slab_pool_t  *shpool;

    shpool = f->pool->shpool;
    n = 0;

    for (i = 0; i < ngx_pagesize_shift - shpool->min_shift; i++) {
        n += shpool->stats[i].used;
    }

    return n;
}


/* *wait of the last test_take() */
static ngx_msec_t  test_wait;


static ngx_inline ngx_int_t
test_take(fixture_t *f, ngx_qwen_kind_e kind, const uint64_t *tried,
    ngx_uint_t ntried, ngx_qwen_lease_t **lease)
{
    return ngx_qwen_lease_take(f->pool, f->mempool, kind, tried, ntried, lease,
                               &test_wait);
}


static ngx_inline ngx_qwen_lease_t *
test_lease(fixture_t *f, ngx_qwen_kind_e kind)
{
    ngx_qwen_lease_t  *lease;

    assert_int_equal(test_take(f, kind, NULL, 0, &lease), NGX_OK);
    assert_non_null(lease);

    return lease;
}


static ngx_inline void
test_report(ngx_qwen_lease_t *lease, qwen_fail_class_t class, unsigned hours)
{
    qwen_failure_t  failure;

    failure.class = class;
    failure.hours = hours;

    ngx_qwen_lease_report(lease, &failure);
}


static ngx_inline ngx_qwen_pool_status_t
test_status(fixture_t *f)
{
    ngx_qwen_pool_status_t  status;

    ngx_qwen_pool_status(f->pool, &status);

    return status;
}


#define test_same_day(a, b)                                                   \
    do {                                                                      \
        assert_int_equal((a)->day, (b)->day);                                 \
        assert_int_equal((a)->requests, (b)->requests);                       \
        assert_int_equal((a)->errors, (b)->errors);                           \
        assert_int_equal((a)->chat_input, (b)->chat_input);                   \
        assert_int_equal((a)->chat_output, (b)->chat_output);                 \
        assert_int_equal((a)->cli_calls, (b)->cli_calls);                     \
        assert_int_equal((a)->cli_input, (b)->cli_input);                     \
        assert_int_equal((a)->cli_output, (b)->cli_output);                   \
    } while (0)


/* Claims a sign-in that must be due. */
static ngx_inline void
test_claim(fixture_t *f, ngx_msec_t timeout, ngx_qwen_signin_t *signin)
{
    assert_int_equal(ngx_qwen_signin_claim(f->pool, f->mempool, timeout,
                                           1000, signin),
                     NGX_OK);
}


#endif /* POOL_TEST_H */
