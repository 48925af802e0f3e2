
/* The rotation, the reports and the leases.  fixture.h tells how to link. */

#include "pool_test.h"


static int
setup(void **state)
{
    fixture_clock_set(1000000, NOW);
    *state = fixture_create(1024 * 1024, 5);
    fixture_sign_in(*state, LASTING);

    return 0;
}


static int
teardown(void **state)
{
    test_consistent((fixture_t *) *state);
    fixture_free(*state);

    return 0;
}


static ngx_qwen_account_t *
account_of(ngx_qwen_lease_t *lease)
{
    return ngx_qwen_account_find(lease->pool->sh, &lease->email,
                                 lease->account);
}


/* How long the lease's account rests from a kind of call. */
static ngx_msec_t
rest_of(ngx_qwen_lease_t *lease, ngx_qwen_kind_e kind)
{
    ngx_qwen_turn_t  *turn;

    turn = &account_of(lease)->turns[kind];

    return turn->rests ? ngx_qwen_deadline_rest(turn->until) : 0;
}


static ngx_uint_t
leases(fixture_t *f)
{
    ngx_qwen_pool_status_t  status;

    ngx_qwen_pool_status(f->pool, &status);

    return status.leases;
}


static void
test_rotation_uses_all_accounts_alike(void **state)
{
    fixture_t         *f = *state;
    uint64_t           round[5];
    ngx_uint_t         i;
    ngx_qwen_lease_t  *lease;

    for (i = 0; i < 5; i++) {
        lease = test_lease(f, NGX_QWEN_KIND_CHAT);
        round[i] = lease->account;
        assert_int_equal(lease->account, i + 1);
    }

    for (i = 0; i < 100; i++) {
        lease = test_lease(f, NGX_QWEN_KIND_CHAT);
        assert_int_equal(lease->account, round[i % 5]);

        if (i % 3) {
            ngx_qwen_lease_release(lease);
        }
    }
}


static void
test_kinds_rotate_by_themselves(void **state)
{
    fixture_t  *f = *state;

    assert_int_equal(test_lease(f, NGX_QWEN_KIND_CHAT)->account, 1);
    assert_int_equal(test_lease(f, NGX_QWEN_KIND_CHAT)->account, 2);
    assert_int_equal(test_lease(f, NGX_QWEN_KIND_IMAGE)->account, 1);
    assert_int_equal(test_lease(f, NGX_QWEN_KIND_CHAT)->account, 3);
    assert_int_equal(test_lease(f, NGX_QWEN_KIND_IMAGE)->account, 2);
}


static void
test_lease_carries_email_and_token(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *lease;

    lease = test_lease(f, NGX_QWEN_KIND_CHAT);

    assert_int_equal(lease->email.len, sizeof("user0@example.com") - 1);
    assert_memory_equal(lease->email.data, "user0@example.com",
                        lease->email.len);
    assert_int_equal(lease->token.len, sizeof("token-1-1") - 1);
    assert_memory_equal(lease->token.data, "token-1-1", lease->token.len);
    assert_int_equal(lease->generation, 1);
    assert_ptr_equal(lease->pool, f->pool);
}


static void
test_tried_accounts_keep_their_place(void **state)
{
    fixture_t         *f = *state;
    uint64_t           tried[] = { 1, 3, 2, 5, 4 };
    ngx_qwen_lease_t  *lease;

    assert_int_equal(test_take(f, 0, tried, 3, &lease), NGX_OK);
    assert_int_equal(lease->account, 4);

    assert_int_equal(test_take(f, 0, tried, 4, &lease), NGX_OK);
    assert_int_equal(lease->account, 4);

    assert_int_equal(test_take(f, 0, tried, 5, &lease), NGX_DECLINED);
    assert_null(lease);
    assert_int_equal(test_wait, 0);

    assert_int_equal(test_lease(f, 0)->account, 1);
    assert_int_equal(test_lease(f, 0)->account, 2);
    assert_int_equal(test_lease(f, 0)->account, 3);
    assert_int_equal(test_lease(f, 0)->account, 5);
    assert_int_equal(test_lease(f, 0)->account, 4);
}


/* what one report of a class does to the account */

typedef struct {
    qwen_fail_class_t  class;
    unsigned           hours;
    ngx_msec_t         chat;
    ngx_msec_t         image;
    ngx_uint_t         failures;
    ngx_uint_t         token;
} judgement_t;


static void
test_each_class_has_its_effect(void **state)
{
    fixture_t           *f = *state;
    ngx_uint_t           i;
    ngx_qwen_lease_t    *lease;
    ngx_qwen_account_t  *account;

    static judgement_t  judgements[] = {
        { QWEN_FAIL_NONE, 0, 0, 0, 0, 1 },
        { QWEN_FAIL_TOKEN, 0, 0, 0, 0, 0 },
        { QWEN_FAIL_FORBIDDEN, 0, 0, 0, 0, 0 },
        { QWEN_FAIL_RATE_LIMITED, 0, HOUR, 0, 0, 1 },
        { QWEN_FAIL_RATE_LIMITED, 20, 20 * HOUR, 0, 0, 1 },
        { QWEN_FAIL_RATE_LIMITED, (unsigned) -1, NGX_QWEN_REST_MAX, 0, 0, 1 },
        { QWEN_FAIL_QUOTA, 7, 2 * HOUR, 0, 0, 1 },
        { QWEN_FAIL_ACCOUNT, 0, 0, 0, 1, 1 },
        { QWEN_FAIL_CONTENT_FILTER, 0, 0, 0, 0, 1 },
        { QWEN_FAIL_CHALLENGED, 0, 10 * MINUTE, 10 * MINUTE, 0, 1 },
        { QWEN_FAIL_OUTAGE, 0, 0, 0, 1, 1 },
        { QWEN_FAIL_TIMEOUT, 0, 0, 0, 1, 1 },
        { QWEN_FAIL_EMPTY, 0, 0, 0, 1, 1 },
        { QWEN_FAIL_INCOMPLETE, 0, 0, 0, 1, 1 },
        { QWEN_FAIL_PROTOCOL, 0, 0, 0, 1, 1 },
        { QWEN_FAIL_MODEL, 0, 0, 0, 0, 1 },
        { QWEN_FAIL_INTERNAL, 0, 0, 0, 0, 1 }
    };

    for (i = 0; i < sizeof(judgements) / sizeof(judgement_t); i++) {
        teardown(state);
        setup(state);
        f = *state;

        lease = test_lease(f, NGX_QWEN_KIND_CHAT);
        test_report(lease, judgements[i].class, judgements[i].hours);
        account = account_of(lease);

        assert_int_equal(rest_of(lease, NGX_QWEN_KIND_CHAT),
                         judgements[i].chat);
        assert_int_equal(rest_of(lease, NGX_QWEN_KIND_IMAGE),
                         judgements[i].image);
        assert_int_equal(account->turns[NGX_QWEN_KIND_CHAT].failures,
                         judgements[i].failures);
        assert_int_equal(account->token.data != NULL, judgements[i].token);
        assert_int_equal(leases(f), 1);
    }
}


static void
test_failures_in_a_row_double_the_rest(void **state)
{
    fixture_t         *f = *state;
    uint64_t           others[] = { 2, 3, 4, 5 };
    ngx_uint_t         i;
    ngx_qwen_lease_t  *lease;

    static ngx_msec_t  rests[] = {
        0, 0, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, HOUR, HOUR
    };

    for (i = 0; i < sizeof(rests) / sizeof(ngx_msec_t); i++) {
        assert_int_equal(test_take(f, 0, others, 4, &lease), NGX_OK);
        test_report(lease, QWEN_FAIL_OUTAGE, 0);
        assert_int_equal(rest_of(lease, 0), rests[i]);
        fixture_clock_advance(rests[i]);
    }

    /* a good call ends the row */

    assert_int_equal(test_take(f, 0, others, 4, &lease), NGX_OK);
    test_report(lease, QWEN_FAIL_NONE, 0);
    test_report(lease, QWEN_FAIL_OUTAGE, 0);
    test_report(lease, QWEN_FAIL_TIMEOUT, 0);
    assert_int_equal(rest_of(lease, 0), 0);
    test_report(lease, QWEN_FAIL_EMPTY, 0);
    assert_int_equal(rest_of(lease, 0), 5 * MINUTE);
}


static void
test_failures_of_one_burst_count_once(void **state)
{
    fixture_t         *f = *state;
    ngx_uint_t         i;
    ngx_qwen_lease_t  *lease;

    lease = test_lease(f, NGX_QWEN_KIND_CHAT);

    for (i = 0; i < 20; i++) {
        test_report(lease, QWEN_FAIL_OUTAGE, 0);
    }

    assert_int_equal(rest_of(lease, NGX_QWEN_KIND_CHAT), 5 * MINUTE);
    assert_int_equal(rest_of(lease, NGX_QWEN_KIND_IMAGE), 0);
}


static void
test_failures_may_cool_down_at_once(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *lease;

    f->pool->cooldown.failures = 0;
    lease = test_lease(f, 0);
    test_report(lease, QWEN_FAIL_OUTAGE, 0);
    assert_int_equal(rest_of(lease, 0), 5 * MINUTE);

    f->pool->cooldown.failures = 1;
    lease = test_lease(f, 0);
    test_report(lease, QWEN_FAIL_OUTAGE, 0);
    assert_int_equal(rest_of(lease, 0), 5 * MINUTE);
}


static void
test_rest_is_never_shortened(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *lease;

    lease = test_lease(f, 0);

    test_report(lease, QWEN_FAIL_RATE_LIMITED, 5);
    test_report(lease, QWEN_FAIL_CHALLENGED, 0);
    test_report(lease, QWEN_FAIL_NONE, 0);
    assert_int_equal(rest_of(lease, 0), 5 * HOUR);

    test_report(lease, QWEN_FAIL_RATE_LIMITED, 6);
    assert_int_equal(rest_of(lease, 0), 6 * HOUR);
}


static void
test_rested_account_queues_up(void **state)
{
    fixture_t  *f = *state;

    test_report(test_lease(f, 0), QWEN_FAIL_RATE_LIMITED, 0);

    assert_int_equal(test_lease(f, 0)->account, 2);
    assert_int_equal(test_lease(f, 0)->account, 3);

    fixture_clock_advance(HOUR - 1);
    assert_int_equal(test_lease(f, 0)->account, 4);
    assert_int_equal(test_lease(f, 0)->account, 5);
    assert_int_equal(test_lease(f, 0)->account, 2);

    fixture_clock_advance(1);
    assert_int_equal(test_lease(f, 0)->account, 3);
    assert_int_equal(test_lease(f, 0)->account, 4);
    assert_int_equal(test_lease(f, 0)->account, 5);
    assert_int_equal(test_lease(f, 0)->account, 2);
    assert_int_equal(test_lease(f, 0)->account, 1);
}


static void
test_busy_tells_the_shortest_rest(void **state)
{
    fixture_t         *f = *state;
    uint64_t           tried[] = { 3, 2, 1, 5, 4 };
    ngx_uint_t         i;
    ngx_qwen_lease_t  *lease;

    static unsigned  hours[] = { 5, 4, 1, 3, 2 };

    for (i = 0; i < 5; i++) {
        test_report(test_lease(f, 0), QWEN_FAIL_RATE_LIMITED, hours[i]);
    }

    fixture_clock_advance(MINUTE);

    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_BUSY);
    assert_null(lease);
    assert_int_equal(test_wait, HOUR - MINUTE);

    assert_int_equal(test_take(f, 0, tried, 1, &lease), NGX_BUSY);
    assert_int_equal(test_wait, 2 * HOUR - MINUTE);

    assert_int_equal(test_take(f, 0, tried, 3, &lease), NGX_BUSY);
    assert_int_equal(test_wait, 2 * HOUR - MINUTE);

    assert_int_equal(test_take(f, 0, tried, 4, &lease), NGX_BUSY);
    assert_int_equal(test_wait, 3 * HOUR - MINUTE);

    assert_int_equal(test_take(f, 0, tried, 5, &lease), NGX_DECLINED);
    assert_int_equal(test_wait, 0);

    /* other kinds are not concerned */

    assert_int_equal(test_take(f, NGX_QWEN_KIND_IMAGE, NULL, 0, &lease),
                     NGX_OK);

    fixture_clock_advance(HOUR - MINUTE);

    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_OK);
    assert_int_equal(lease->account, 3);
}


static void
test_clock_may_wrap(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *lease;

    teardown(state);
    fixture_clock_set((ngx_msec_t) -30000, NOW);
    *state = f = fixture_create(1024 * 1024, 3);
    fixture_sign_in(f, LASTING);

    f->pool->cooldown.failures = 1;

    test_report(test_lease(f, 0), QWEN_FAIL_RATE_LIMITED, 1);
    test_report(test_lease(f, 0), QWEN_FAIL_OUTAGE, 0);
    assert_int_equal(test_lease(f, 0)->account, 3);

    fixture_clock_advance(5 * MINUTE - 1);
    assert_int_equal(leases(f), 0);
    assert_int_equal(test_lease(f, 0)->account, 3);
    assert_int_equal(test_lease(f, 0)->account, 3);
    test_report(test_lease(f, 0), QWEN_FAIL_RATE_LIMITED, 1);

    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_BUSY);
    assert_int_equal(test_wait, 1);

    fixture_clock_advance(1);
    assert_int_equal(test_lease(f, 0)->account, 2);
}


static void
test_release_is_harmless_twice(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *first, *second;

    first = test_lease(f, 0);
    ngx_qwen_lease_release(first);
    assert_null(first->record);
    assert_int_equal(leases(f), 0);

    second = test_lease(f, 0);
    ngx_qwen_lease_release(first);
    ngx_qwen_lease_renew(first);
    assert_int_equal(leases(f), 1);

    ngx_qwen_lease_release(second);
    assert_int_equal(leases(f), 0);
}


static void
test_pool_of_the_request_releases(void **state)
{
    fixture_t         *f = *state;
    ngx_pool_t        *mempool;
    ngx_msec_t         wait;
    ngx_qwen_lease_t  *lease;

    mempool = ngx_create_pool(1024, f->cf.log);

    ngx_qwen_lease_take(f->pool, mempool, 0, NULL, 0, &lease, &wait);
    ngx_qwen_lease_take(f->pool, mempool, 0, NULL, 0, &lease, &wait);
    assert_int_equal(leases(f), 2);

    ngx_qwen_lease_release(lease);
    assert_int_equal(leases(f), 1);

    ngx_destroy_pool(mempool);
    assert_int_equal(leases(f), 0);
}


static void
test_lease_ends_unless_renewed(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *kept, *lost;

    kept = test_lease(f, 0);
    lost = test_lease(f, 0);

    fixture_clock_advance(MINUTE - 1);
    ngx_qwen_lease_renew(kept);
    assert_int_equal(leases(f), 2);

    fixture_clock_advance(1);
    assert_int_equal(leases(f), 1);

    fixture_clock_advance(MINUTE - 2);
    assert_int_equal(leases(f), 1);

    fixture_clock_advance(1);
    assert_int_equal(leases(f), 0);

    ngx_qwen_lease_release(kept);
    ngx_qwen_lease_release(lost);
    assert_int_equal(account_of(kept)->leases, 0);
    assert_int_equal(account_of(lost)->leases, 0);
}


static void
test_ended_lease_leaves_a_newer_one_alone(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *ended, *newer;

    ended = test_lease(f, 0);
    fixture_clock_advance(MINUTE);
    newer = test_lease(f, 0);

    assert_ptr_equal(ended->record, newer->record);

    /* its report still is true */

    test_report(ended, QWEN_FAIL_RATE_LIMITED, 0);
    assert_int_equal(rest_of(ended, 0), HOUR);

    fixture_clock_advance(MINUTE / 2);
    ngx_qwen_lease_renew(ended);
    ngx_qwen_lease_release(ended);
    assert_int_equal(leases(f), 1);

    fixture_clock_advance(MINUTE / 2);
    assert_int_equal(leases(f), 0);

    ngx_qwen_lease_release(newer);
}


static void
test_full_zone_gives_an_error(void **state)
{
    fixture_t          *f = *state;
    ngx_int_t           rc;
    ngx_str_t           text;
    ngx_uint_t          n, claim, generation;
    ngx_qwen_lease_t   *lease, *last;
    ngx_qwen_signin_t   signin;

    ngx_str_set(&text, "the list");
    assert_int_equal(ngx_qwen_models_claim(f->pool, 0, 1000, &claim), NGX_OK);
    assert_int_equal(ngx_qwen_models_update(f->pool, claim, &text), NGX_OK);

    test_report(test_lease(f, 0), QWEN_FAIL_TOKEN, 0);

    last = NULL;

    for (n = 0; (rc = test_take(f, 0, NULL, 0, &lease)) == NGX_OK; n++) {
        last = lease;
    }

    assert_int_equal(rc, NGX_ERROR);
    assert_null(lease);
    assert_true(n > 1000);
    assert_int_equal(leases(f), n + 1);

    text.len = 3000;
    text.data = ngx_pcalloc(f->mempool, text.len);

    assert_int_equal(ngx_qwen_signin_claim(f->pool, f->mempool, 1000, 1000,
                                           &signin),
                     NGX_OK);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &text, LASTING),
                     NGX_ERROR);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &text, LASTING),
                     NGX_DECLINED);

    assert_int_equal(ngx_qwen_models_claim(f->pool, 0, 1000, &claim), NGX_OK);
    assert_int_equal(ngx_qwen_models_update(f->pool, claim, &text), NGX_ERROR);
    assert_int_equal(ngx_qwen_models_copy(f->pool, f->mempool, &text,
                                          &generation), NGX_OK);
    assert_int_equal(text.len, sizeof("the list") - 1);
    assert_int_equal(generation, 1);

    ngx_qwen_lease_release(last);
    assert_int_equal(test_take(f, 0, NULL, 0, &lease), NGX_OK);

    /* nothing is logged under the lock */

    assert_string_equal(fixture_log(), "");
}


static void
test_any_order_of_calls_leaves_the_zone_consistent(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token = ngx_string("another-token");
    uint64_t            tried[2];
    ngx_uint_t          i, n;
    ngx_qwen_lease_t   *held[16];
    ngx_qwen_signin_t   signin;
    ngx_qwen_kind_e     kind;

    srandom(1);
    ngx_memzero(held, sizeof(held));
    ngx_memzero(&signin, sizeof(signin));

    for (i = 0; i < 40000; i++) {
        n = random() % 16;
        kind = random() % NGX_QWEN_KINDS;

        switch (random() % 8) {

        case 0:
        case 1:
            tried[0] = random() % 6;
            tried[1] = random() % 6;

            if (held[n] == NULL) {
                (void) test_take(f, kind, tried, random() % 3, &held[n]);
            }
            break;

        case 2:
            if (held[n]) {
                test_report(held[n], random() % (QWEN_FAIL_INTERNAL + 1),
                       random() % 3);
            }
            break;

        case 3:
            if (held[n]) {
                ngx_qwen_lease_renew(held[n]);
            }
            break;

        case 4:
            if (held[n]) {
                ngx_qwen_lease_release(held[n]);
                held[n] = NULL;
            }
            break;

        case 5:
            (void) ngx_qwen_signin_claim(f->pool, f->mempool,
                                         random() % MINUTE, 1000,
                                         &signin);
            break;

        case 6:
            if (random() % 3) {
                (void) ngx_qwen_signin_done(f->pool, &signin, &token,
                                            NOW + random() % 864000);
            } else {
                ngx_qwen_signin_failed(f->pool, &signin, NULL);
            }
            break;

        default:
            fixture_clock_advance(random() % (10 * MINUTE));
        }

        test_consistent(f);

        if (i % 1000 == 0) {
            fixture_clock_set(ngx_current_msec, NOW);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(rotation_uses_all_accounts_alike),
        test(kinds_rotate_by_themselves),
        test(lease_carries_email_and_token),
        test(tried_accounts_keep_their_place),
        test(each_class_has_its_effect),
        test(failures_in_a_row_double_the_rest),
        test(failures_of_one_burst_count_once),
        test(failures_may_cool_down_at_once),
        test(rest_is_never_shortened),
        test(rested_account_queues_up),
        test(busy_tells_the_shortest_rest),
        test(clock_may_wrap),
        test(release_is_harmless_twice),
        test(pool_of_the_request_releases),
        test(lease_ends_unless_renewed),
        test(ended_lease_leaves_a_newer_one_alone),
        test(full_zone_gives_an_error),
        test(any_order_of_calls_leaves_the_zone_consistent)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
