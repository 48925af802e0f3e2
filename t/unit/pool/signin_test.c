
/* Sign-ins, the ends of tokens, and the models cache. */

#include "pool_test.h"


static int
setup(void **state)
{
    fixture_clock_set(1000000, NOW);
    *state = fixture_create(1024 * 1024, 2);

    return 0;
}


static int
teardown(void **state)
{
    test_consistent((fixture_t *) *state);
    fixture_free(*state);

    return 0;
}


static ngx_int_t
done(fixture_t *f, ngx_qwen_signin_t *signin, time_t expires)
{
    ngx_str_t  token = ngx_string("token");

    return ngx_qwen_signin_done(f->pool, signin, &token, expires);
}


static ngx_int_t
claim(fixture_t *f, ngx_qwen_signin_t *signin)
{
    return ngx_qwen_signin_claim(f->pool, f->mempool, 10000, 1000, signin);
}


static void
failed(fixture_t *f, ngx_qwen_signin_t *signin, qwen_fail_class_t class)
{
    qwen_failure_t  failure;

    failure.class = class;
    failure.hours = 0;

    ngx_qwen_signin_failed(f->pool, signin, &failure);
}


static void
test_sign_in_is_due_until_all_have_a_token(void **state)
{
    fixture_t               *f = *state;
    ngx_qwen_lease_t        *lease;
    ngx_qwen_signin_t        first, second, third;
    ngx_qwen_pool_status_t   status;

    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_AGAIN);

    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 1);
    assert_int_equal(claim(f, &first), NGX_OK);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 1);
    assert_int_equal(claim(f, &second), NGX_OK);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 0);
    assert_int_equal(claim(f, &third), NGX_DECLINED);

    assert_int_equal(first.account, 1);
    assert_int_equal(second.account, 2);
    assert_int_equal(first.email.len, sizeof("user0@example.com") - 1);
    assert_memory_equal(first.email.data, "user0@example.com",
                        first.email.len);
    assert_int_equal(first.password.len, sizeof("secret") - 1);
    assert_memory_equal(first.password.data, "secret", first.password.len);

    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_AGAIN);
    assert_int_equal(test_status(f).signin, 2);

    assert_int_equal(done(f, &second, LASTING), NGX_OK);
    assert_int_equal(test_lease(f, 0)->account, 2);

    assert_int_equal(done(f, &first, LASTING), NGX_OK);
    assert_int_equal(test_lease(f, 0)->account, 2);
    assert_int_equal(test_lease(f, 0)->account, 1);

    assert_int_equal(claim(f, &third), NGX_DECLINED);

    status = test_status(f);
    assert_int_equal(status.accounts, 2);
    assert_int_equal(status.ready, 2);
    assert_int_equal(status.signin, 0);
    assert_int_equal(status.leases, 3);
}


static void
test_claim_ends_by_itself(void **state)
{
    fixture_t          *f = *state;
    ngx_qwen_signin_t   lost, other, next;

    assert_int_equal(claim(f, &lost), NGX_OK);
    assert_int_equal(claim(f, &other), NGX_OK);

    fixture_clock_advance(9999);
    assert_int_equal(claim(f, &next), NGX_DECLINED);

    fixture_clock_advance(1);
    assert_int_equal(claim(f, &next), NGX_OK);
    assert_int_equal(next.account, lost.account);

    /* the late results change nothing */

    assert_int_equal(done(f, &lost, LASTING), NGX_DECLINED);
    failed(f, &lost, QWEN_FAIL_TOKEN);

    assert_int_equal(done(f, &next, LASTING), NGX_OK);
    assert_int_equal(done(f, &next, LASTING), NGX_DECLINED);
    failed(f, &next, QWEN_FAIL_TOKEN);

    assert_int_equal(test_lease(f, 0)->account, next.account);
}


static void
test_late_result_counts_while_nobody_claimed(void **state)
{
    fixture_t          *f = *state;
    ngx_qwen_signin_t   late;

    assert_int_equal(claim(f, &late), NGX_OK);

    fixture_clock_advance(MINUTE);
    assert_int_equal(test_status(f).signin, 2);

    assert_int_equal(done(f, &late, LASTING), NGX_OK);
    assert_int_equal(test_lease(f, 0)->account, late.account);
}


static void
test_claim_belongs_to_its_process(void **state)
{
    fixture_t          *f = *state;
    ngx_qwen_signin_t   signin;

    assert_int_equal(claim(f, &signin), NGX_OK);

    ngx_pid++;
    assert_int_equal(done(f, &signin, LASTING), NGX_DECLINED);
    ngx_pid--;

    assert_int_equal(done(f, &signin, LASTING), NGX_OK);
}


static void
test_failed_sign_in_backs_off(void **state)
{
    fixture_t          *f = *state;
    uint64_t            other[] = { 2 };
    ngx_uint_t          i;
    ngx_qwen_lease_t   *lease;
    ngx_qwen_signin_t   signin;

    static ngx_msec_t  rests[] = {
        30000, 60000, 120000, 240000, 480000, 960000, 1920000, HOUR, HOUR
    };

    assert_int_equal(claim(f, &signin), NGX_OK);

    for (i = 0; i < sizeof(rests) / sizeof(ngx_msec_t); i++) {
        assert_int_equal(signin.account, 1);
        failed(f, &signin, (i % 2) ? QWEN_FAIL_OUTAGE : QWEN_FAIL_TOKEN);

        assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_DECLINED);
        assert_int_equal(test_wait, rests[i]);

        /* keep the other one out of the way */

        if (i == 0) {
            test_claim(f, 30000000, &signin);
        }

        fixture_clock_advance(rests[i] - 501);
        assert_int_equal(claim(f, &signin), NGX_DECLINED);
        assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_DECLINED);
        assert_int_equal(test_wait, 501);

        /* nearly due is worth waiting for, but not yet to be claimed */

        fixture_clock_advance(500);
        assert_int_equal(claim(f, &signin), NGX_DECLINED);
        assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_AGAIN);

        fixture_clock_advance(1);
        assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_AGAIN);
        assert_int_equal(claim(f, &signin), NGX_OK);
    }

    /* a good one forgets the failed ones */

    assert_int_equal(done(f, &signin, LASTING), NGX_OK);

    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_OK);
    test_report(lease, QWEN_FAIL_TOKEN, 0);

    assert_int_equal(claim(f, &signin), NGX_OK);
    failed(f, &signin, QWEN_FAIL_TIMEOUT);
    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_DECLINED);
    assert_int_equal(test_wait, 30000);
}


static void
test_wait_is_for_what_comes_first(void **state)
{
    fixture_t          *f = *state;
    uint64_t            first[] = { 1 }, second[] = { 2 };
    ngx_qwen_lease_t   *lease;
    ngx_qwen_signin_t   signin;

    assert_int_equal(claim(f, &signin), NGX_OK);
    assert_int_equal(done(f, &signin, LASTING), NGX_OK);
    test_report(test_lease(f, 0), QWEN_FAIL_RATE_LIMITED, 0);

    /* one cools down, the other's sign-in is due, running, resting */

    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_AGAIN);
    assert_int_equal(test_take(f, 0, second, 1, &lease), NGX_BUSY);
    assert_int_equal(test_wait, HOUR);

    assert_int_equal(claim(f, &signin), NGX_OK);
    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_AGAIN);
    assert_int_equal(test_take(f, 0, second, 1, &lease), NGX_BUSY);

    failed(f, &signin, QWEN_FAIL_TOKEN);
    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_BUSY);
    assert_int_equal(test_wait, 30000);
    assert_int_equal(test_take(f, 0, second, 1, &lease), NGX_BUSY);
    assert_int_equal(test_wait, HOUR);
    assert_int_equal(test_take(f, 0, first, 1, &lease), NGX_DECLINED);
    assert_int_equal(test_wait, 30000);
}


static void
test_token_serves_until_shortly_before_its_end(void **state)
{
    fixture_t          *f = *state;
    ngx_uint_t          i;
    ngx_qwen_lease_t   *lease;
    ngx_qwen_signin_t   signin;

    static struct {
        time_t      life;
        ngx_msec_t  serves;
    } lives[] = {
        { 1, 900 },
        { 4, 3600 },
        { 10, 9000 },
        { 300, 270000 },
        { 3600, 3570000 },
        { 40 * 86400, NGX_QWEN_REST_MAX }
    };

    for (i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
        teardown(state);
        setup(state);
        f = *state;

        test_claim(f, NGX_QWEN_REST_MAX, &signin);
        assert_int_equal(claim(f, &signin), NGX_OK);
        assert_int_equal(done(f, &signin, NOW + lives[i].life), NGX_OK);

        fixture_clock_advance(lives[i].serves - 1);
        assert_int_equal(test_lease(f, 0)->account, 2);
        assert_int_equal(claim(f, &signin), NGX_DECLINED);

        fixture_clock_advance(1);
        assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_AGAIN);
        assert_true(test_status(f).ready == 0);
    }
}


static void
test_end_of_a_token_is_seen_by_a_claim(void **state)
{
    fixture_t          *f = *state;
    ngx_qwen_signin_t   signin;

    assert_int_equal(fixture_sign_in(f, NOW + 3600), 2);
    assert_int_equal(claim(f, &signin), NGX_DECLINED);

    fixture_clock_advance(HOUR);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 1);
    assert_int_equal(claim(f, &signin), NGX_OK);
}


static void
test_token_that_cannot_serve_backs_off(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token;
    ngx_uint_t          i;
    ngx_qwen_lease_t   *lease;
    ngx_qwen_signin_t   signin;

    static struct {
        size_t  len;
        time_t  expires;
    } tokens[] = {
        { 10, NOW },
        { 10, NOW - 3600 },
        { 10, 0 },
        { 0, LASTING },
        { NGX_QWEN_TOKEN_MAX + 1, LASTING }
    };

    token.data = ngx_pcalloc(f->mempool, NGX_QWEN_TOKEN_MAX + 1);

    for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        test_claim(f, 1000, &signin);

        token.len = tokens[i].len;
        assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &token,
                                              tokens[i].expires),
                         NGX_ERROR);
        assert_int_equal(test_status(f).signin, 2);

        fixture_clock_advance(i * HOUR);
        fixture_clock_set(ngx_current_msec, NOW);
    }

    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_AGAIN);

    test_claim(f, 1000, &signin);
    token.len = NGX_QWEN_TOKEN_MAX;
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &token, LASTING),
                     NGX_OK);

    lease = test_lease(f, 0);
    assert_int_equal(lease->token.len, NGX_QWEN_TOKEN_MAX);
    assert_memory_equal(lease->token.data, token.data, token.len);
}


static void
test_refused_token_is_replaced_at_once(void **state)
{
    fixture_t          *f = *state;
    uint64_t            other[] = { 2 };
    ngx_qwen_lease_t   *old, *lease;
    ngx_qwen_signin_t   signin;

    fixture_sign_in(f, LASTING);

    assert_int_equal(test_take(f, 0, other, 1, &old), NGX_OK);
    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_OK);

    test_report(lease, QWEN_FAIL_TOKEN, 0);
    test_report(old, QWEN_FAIL_TOKEN, 0);
    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_AGAIN);

    assert_int_equal(claim(f, &signin), NGX_OK);
    assert_int_equal(done(f, &signin, LASTING), NGX_OK);

    /* a report on the old token is none on the new one */

    test_report(old, QWEN_FAIL_TOKEN, 0);
    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_OK);
    assert_int_equal(lease->generation, 2);
    assert_int_equal(old->generation, 1);
}


static void
test_tokens_refused_in_a_row_back_off(void **state)
{
    fixture_t          *f = *state;
    uint64_t            other[] = { 2 };
    ngx_uint_t          i;
    ngx_qwen_lease_t   *lease;
    ngx_qwen_signin_t   signin;

    static ngx_msec_t  rests[] = { 0, 30000, 60000, 120000 };

    fixture_sign_in(f, LASTING);

    for (i = 0; i < sizeof(rests) / sizeof(ngx_msec_t); i++) {
        assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_OK);
        test_report(lease, QWEN_FAIL_TOKEN, 0);

        if (rests[i]) {
            assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_DECLINED);
            assert_int_equal(test_wait, rests[i]);
            fixture_clock_advance(rests[i]);
        }

        assert_int_equal(claim(f, &signin), NGX_OK);
        assert_int_equal(done(f, &signin, LASTING), NGX_OK);
    }

    /* a good call ends the row */

    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_OK);
    test_report(lease, QWEN_FAIL_NONE, 0);
    test_report(lease, QWEN_FAIL_TOKEN, 0);
    assert_int_equal(claim(f, &signin), NGX_OK);
}


static void
test_sign_in_does_not_end_a_rest(void **state)
{
    fixture_t          *f = *state;
    uint64_t            other[] = { 2 };
    ngx_qwen_lease_t   *lease;
    ngx_qwen_signin_t   signin;

    fixture_sign_in(f, LASTING);

    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_OK);
    test_report(lease, QWEN_FAIL_RATE_LIMITED, 0);
    test_report(lease, QWEN_FAIL_TOKEN, 0);
    test_report(lease, QWEN_FAIL_RATE_LIMITED, 2);

    assert_int_equal(claim(f, &signin), NGX_OK);
    assert_int_equal(done(f, &signin, LASTING), NGX_OK);

    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_BUSY);
    assert_int_equal(test_wait, 2 * HOUR);
    assert_int_equal(test_status(f).cooling, 1);
    assert_int_equal(test_status(f).ready, 1);

    fixture_clock_advance(2 * HOUR);
    assert_int_equal(test_take(f, 0, other, 1, &lease), NGX_OK);
}


static ngx_int_t
update(fixture_t *f, ngx_uint_t number, const char *text)
{
    ngx_str_t  body;

    body.data = (u_char *) text;
    body.len = strlen(text);

    return ngx_qwen_models_update(f->pool, number, &body);
}


static void
test_models_are_refreshed_by_one(void **state)
{
    fixture_t   *f = *state;
    ngx_str_t    body;
    ngx_uint_t   first, second, generation;

    assert_int_equal(ngx_qwen_models_generation(f->pool), 0);
    assert_int_equal(ngx_qwen_models_copy(f->pool, f->mempool, &body,
                                          &generation),
                     NGX_DECLINED);

    assert_int_equal(ngx_qwen_models_claim(f->pool, HOUR, 5000, &first),
                     NGX_OK);
    assert_int_equal(ngx_qwen_models_claim(f->pool, HOUR, 5000, &second),
                     NGX_DECLINED);

    /* the claim ends, a late result is dropped */

    fixture_clock_advance(5000);
    assert_int_equal(ngx_qwen_models_claim(f->pool, HOUR, 5000, &second),
                     NGX_OK);
    assert_int_equal(update(f, first, "late"), NGX_DECLINED);
    assert_int_equal(update(f, 0, "nobody's"), NGX_DECLINED);
    assert_int_equal(update(f, second, "one"), NGX_OK);
    assert_int_equal(update(f, second, "two"), NGX_DECLINED);

    assert_int_equal(ngx_qwen_models_generation(f->pool), 1);
    assert_int_equal(ngx_qwen_models_copy(f->pool, f->mempool, &body,
                                          &generation),
                     NGX_OK);
    assert_int_equal(generation, 1);
    assert_int_equal(body.len, 3);
    assert_memory_equal(body.data, "one", 3);
}


static void
test_models_age(void **state)
{
    fixture_t   *f = *state;
    ngx_str_t    body;
    ngx_uint_t   number, generation;

    assert_int_equal(ngx_qwen_models_claim(f->pool, HOUR, 5000, &number),
                     NGX_OK);
    assert_int_equal(update(f, number, "one"), NGX_OK);

    fixture_clock_advance(HOUR - 1);
    assert_int_equal(ngx_qwen_models_claim(f->pool, HOUR, 5000, &number),
                     NGX_DECLINED);

    fixture_clock_advance(1);
    assert_int_equal(ngx_qwen_models_claim(f->pool, HOUR, 5000, &number),
                     NGX_OK);

    /* a failure keeps the list and rests */

    ngx_qwen_models_failed(f->pool, number, QWEN_FAIL_OUTAGE);
    assert_int_equal(ngx_qwen_models_generation(f->pool), 1);

    fixture_clock_advance(29999);
    assert_int_equal(ngx_qwen_models_claim(f->pool, 0, 5000, &number),
                     NGX_DECLINED);
    fixture_clock_advance(1);
    assert_int_equal(ngx_qwen_models_claim(f->pool, HOUR, 5000, &number),
                     NGX_OK);
    assert_int_equal(update(f, number, "number two"), NGX_OK);

    assert_int_equal(ngx_qwen_models_copy(f->pool, f->mempool, &body,
                                          &generation),
                     NGX_OK);
    assert_int_equal(generation, 2);
    assert_int_equal(body.len, 10);

    /* on demand at any age */

    assert_int_equal(ngx_qwen_models_claim(f->pool, HOUR, 5000, &number),
                     NGX_DECLINED);
    assert_int_equal(ngx_qwen_models_claim(f->pool, 0, 5000, &number),
                     NGX_OK);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(sign_in_is_due_until_all_have_a_token),
        test(claim_ends_by_itself),
        test(late_result_counts_while_nobody_claimed),
        test(claim_belongs_to_its_process),
        test(failed_sign_in_backs_off),
        test(wait_is_for_what_comes_first),
        test(token_serves_until_shortly_before_its_end),
        test(end_of_a_token_is_seen_by_a_claim),
        test(token_that_cannot_serve_backs_off),
        test(refused_token_is_replaced_at_once),
        test(tokens_refused_in_a_row_back_off),
        test(sign_in_does_not_end_a_rest),
        test(models_are_refreshed_by_one),
        test(models_age)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
