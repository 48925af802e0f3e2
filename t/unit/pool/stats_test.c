
/* What accounts have served, by day. */

#include "pool_test.h"
#include "ngx_qwen_accounts.h"
#include "ngx_qwen_changes.h"


#define DAY  ((ngx_msec_t) 86400 * 1000)


static ngx_qwen_account_copy_t  copy;


static int
setup(void **state)
{
    fixture_clock_set(1000000, NOW);
    *state = fixture_create(1024 * 1024, 1);
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
account(fixture_t *f)
{
    return ngx_qwen_account_after(f->pool->sh, 0);
}


static qwen_record_day_t *
day(fixture_t *f, ngx_uint_t i)
{
    assert_int_equal(ngx_qwen_accounts_next(f->pool, 0, &copy), NGX_OK);
    assert_true(i < copy.record.ndays);

    return &copy.record.days[i];
}


static ngx_uint_t
ndays(fixture_t *f)
{
    assert_int_equal(ngx_qwen_accounts_next(f->pool, 0, &copy), NGX_OK);

    return copy.record.ndays;
}


/* A request of today; a lease outlives the account's token. */
static void
count(ngx_qwen_lease_t *lease, uint64_t prompt, uint64_t completion)
{
    qwen_usage_t  usage;

    ngx_memzero(&usage, sizeof(qwen_usage_t));
    usage.prompt = prompt;
    usage.completion = completion;

    ngx_qwen_lease_count(lease, &usage);
}


static ngx_int_t
restore(fixture_t *f, const qwen_record_day_t *days, size_t n)
{
    return ngx_qwen_stats_restore(f->pool, account(f), days, n);
}


static void
test_requests_are_counted_by_day(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *lease;

    lease = test_lease(f, 0);
    assert_int_equal(ndays(f), 0);

    count(lease, 10, 20);
    count(lease, 1, 2);
    ngx_qwen_lease_count(lease, NULL);

    assert_int_equal(ndays(f), 1);
    assert_int_equal(day(f, 0)->day, 20231114);
    assert_int_equal(day(f, 0)->requests, 3);
    assert_int_equal(day(f, 0)->errors, 1);
    assert_int_equal(day(f, 0)->chat_input, 11);
    assert_int_equal(day(f, 0)->chat_output, 22);
    assert_int_equal(day(f, 0)->cli_calls, 0);

    /* 22:13:20 of that day; what a day without traffic takes */

    fixture_clock_advance(2 * HOUR);
    count(lease, 5, 0);
    fixture_clock_advance(3 * DAY);
    count(lease, 6, 0);

    assert_int_equal(ndays(f), 3);
    assert_int_equal(day(f, 0)->requests, 3);
    assert_int_equal(day(f, 1)->day, 20231115);
    assert_int_equal(day(f, 1)->chat_input, 5);
    assert_int_equal(day(f, 2)->day, 20231118);
    assert_int_equal(day(f, 2)->requests, 1);

    /* a clock that goes back */

    fixture_clock_set(ngx_current_msec, NOW + 86400 + 7200);
    count(lease, 7, 0);
    fixture_clock_set(ngx_current_msec, NOW + 2 * 86400 + 7200);
    count(lease, 8, 0);

    assert_int_equal(ndays(f), 5);
    assert_int_equal(day(f, 1)->chat_input, 5);
    assert_int_equal(day(f, 2)->day, 20231116);
    assert_int_equal(day(f, 2)->chat_input, 7);
    assert_int_equal(day(f, 3)->day, 20231117);
    assert_int_equal(day(f, 4)->day, 20231118);
}


static void
test_days_are_those_of_the_local_calendar(void **state)
{
    ngx_cached_time->gmtoff = 120;
    assert_int_equal(ngx_qwen_stats_date(NOW), 20231115);
    ngx_cached_time->gmtoff = -23 * 60;
    assert_int_equal(ngx_qwen_stats_date(NOW), 20231113);
    ngx_cached_time->gmtoff = 0;
    assert_int_equal(ngx_qwen_stats_date(NOW), 20231114);
    assert_int_equal(ngx_qwen_stats_date(1709164800), 20240229);
}


static void
test_account_that_is_gone_is_not_counted(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_lease_t  *lease;

    lease = test_lease(f, 0);
    assert_int_equal(fixture_reload(f, fixture_configuration(f)), NGX_OK);
    ngx_qwen_changes_saved(f->pool, ngx_qwen_changes_begin(f->pool));
    count(lease, 1, 1);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);
}


/* The oldest go; a page holds them all. */

static void
test_history_ends(void **state)
{
    fixture_t         *f = *state;
    ngx_uint_t         i, pages;
    ngx_qwen_lease_t  *lease;

    lease = test_lease(f, 0);
    pages = f->pool->shpool->pfree;

    for (i = 0; i < 200; i++) {
        count(lease, i, 0);
        fixture_clock_advance(DAY);

        assert_int_equal(ndays(f), ngx_min(i + 1, NGX_QWEN_DAYS));
        assert_int_equal(day(f, ndays(f) - 1)->chat_input, i);
        assert_int_equal(day(f, 0)->chat_input,
                         i < NGX_QWEN_DAYS ? 0 : i + 1 - NGX_QWEN_DAYS);
    }

    assert_in_range(pages - f->pool->shpool->pfree, 0, 4096 / ngx_pagesize);

    for (i = 1; i < NGX_QWEN_DAYS; i++) {
        assert_true(day(f, i)->day > day(f, i - 1)->day);
        assert_int_equal(day(f, i)->chat_input,
                         day(f, i - 1)->chat_input + 1);
    }

    /* a day before all of them is not counted */

    fixture_clock_set(ngx_current_msec, NOW);
    count(lease, 12345, 0);
    assert_int_equal(ndays(f), NGX_QWEN_DAYS);
    assert_int_equal(day(f, 0)->requests, 1);
    assert_int_not_equal(day(f, 0)->chat_input, 12345);
}


static void
test_history_takes_a_page_at_most(void **state)
{
    size_t             i;
    fixture_t         *f = *state;
    ngx_uint_t         pages;
    qwen_record_day_t  days[NGX_QWEN_DAYS];

    assert_true(sizeof(ngx_qwen_day_t) <= 32);
    assert_true(sizeof(ngx_qwen_account_t) <= 1024);

    ngx_memzero(days, sizeof(days));

    for (i = 0; i < NGX_QWEN_DAYS; i++) {
        days[i].day = 20230101 + i / 28 * 100 + i % 28;
        days[i].requests = 1;
    }

    pages = f->pool->shpool->pfree;
    assert_int_equal(restore(f, days, NGX_QWEN_DAYS), NGX_OK);
    assert_in_range(pages - f->pool->shpool->pfree, 0, 4096 / ngx_pagesize);

    /* without traffic there is nothing */

    assert_int_equal(restore(f, days, 0), NGX_OK);
    assert_null(account(f)->days);
    assert_int_equal(f->pool->shpool->pfree, pages);
}


static void
test_history_is_restored(void **state)
{
    fixture_t          *f = *state;
    qwen_record_day_t   days[] = {
        { 20231110, 1, 2, 3, 4, 5, 6, 7 },
        { 20231114, 8, 9, 10, 11, 12, 13, 14 }
    };

    assert_int_equal(restore(f, days, 2), NGX_OK);
    assert_int_equal(ndays(f), 2);
    test_same_day(&copy.record.days[0], &days[0]);
    test_same_day(&copy.record.days[1], &days[1]);

    /* today goes on */

    count(test_lease(f, 0), 100, 200);
    assert_int_equal(ndays(f), 2);
    assert_int_equal(day(f, 1)->requests, 9);
    assert_int_equal(day(f, 1)->errors, 9);
    assert_int_equal(day(f, 1)->chat_input, 110);
    assert_int_equal(day(f, 1)->cli_output, 14);

    /* another one takes its place */

    assert_int_equal(restore(f, days, 1), NGX_OK);
    assert_int_equal(ndays(f), 1);
}


static void
test_days_may_come_in_any_order(void **state)
{
    size_t              i, n;
    fixture_t          *f = *state;
    qwen_record_day_t   days[QWEN_RECORD_MAX_DAYS];

    ngx_memzero(days, sizeof(days));

    /* months of 30 days, in leaps that visit each day once */

    for (i = 0; i < QWEN_RECORD_MAX_DAYS; i++) {
        n = i * 101 % QWEN_RECORD_MAX_DAYS;
        days[i].day = (2020 + n / 360) * 10000 + (n % 360 / 30 + 1) * 100
                      + n % 30 + 1;
        days[i].requests = n + 1;
    }

    assert_int_equal(restore(f, days, QWEN_RECORD_MAX_DAYS), NGX_OK);
    assert_int_equal(ndays(f), NGX_QWEN_DAYS);

    for (i = 0; i < NGX_QWEN_DAYS; i++) {
        assert_int_equal(copy.record.days[i].requests,
                         QWEN_RECORD_MAX_DAYS - NGX_QWEN_DAYS + i + 1);
    }

    assert_int_equal(restore(f, days, 50), NGX_OK);
    assert_int_equal(ndays(f), 50);

    for (i = 1; i < 50; i++) {
        assert_true(copy.record.days[i].day > copy.record.days[i - 1].day);
    }
}


static void
test_counts_stop_at_their_largest_value(void **state)
{
    fixture_t          *f = *state;
    ngx_qwen_lease_t   *lease;
    qwen_record_day_t   days[] = {
        { 20231114, UINT32_MAX - 1, UINT32_MAX, UINT32_MAX - 10,
          (uint64_t) UINT32_MAX + 1, QWEN_RECORD_MAX_COUNT, UINT64_MAX, 0 }
    };

    assert_int_equal(restore(f, days, 1), NGX_OK);
    assert_int_equal(day(f, 0)->requests, UINT32_MAX - 1);
    assert_int_equal(day(f, 0)->errors, UINT32_MAX);
    assert_int_equal(day(f, 0)->chat_input, UINT32_MAX - 10);
    assert_int_equal(day(f, 0)->chat_output, UINT32_MAX);
    assert_int_equal(day(f, 0)->cli_calls, UINT32_MAX);
    assert_int_equal(day(f, 0)->cli_input, UINT32_MAX);
    assert_int_equal(day(f, 0)->cli_output, 0);

    lease = test_lease(f, 0);
    count(lease, 10, 1);
    assert_int_equal(day(f, 0)->requests, UINT32_MAX);
    assert_int_equal(day(f, 0)->chat_input, UINT32_MAX);
    assert_int_equal(day(f, 0)->chat_output, UINT32_MAX);

    ngx_qwen_lease_count(lease, NULL);
    assert_int_equal(day(f, 0)->requests, UINT32_MAX);
    assert_int_equal(day(f, 0)->errors, UINT32_MAX);

    fixture_clock_advance(DAY);
    count(lease, UINT64_MAX, 5);
    assert_int_equal(day(f, 1)->chat_input, UINT32_MAX);
    assert_int_equal(day(f, 1)->chat_output, 5);
}


/* A request is served, whether it can be counted or not. */

static void
test_no_memory_counts_nothing(void **state)
{
    fixture_t         *f = *state;
    ngx_uint_t         i;
    ngx_qwen_lease_t  *lease;

    lease = test_lease(f, 0);

    for (i = 4096; i >= 8; i /= 2) {
        while (ngx_slab_alloc(f->pool->shpool, i)) { /* void */ }
    }

    for (i = 0; i < 100; i++) {
        count(lease, 1, 1);
        fixture_clock_advance(DAY);
    }

    test_consistent(f);
    assert_in_range(ndays(f), 0, 100);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(requests_are_counted_by_day),
        test(days_are_those_of_the_local_calendar),
        test(account_that_is_gone_is_not_counted),
        test(history_ends),
        test(history_takes_a_page_at_most),
        test(history_is_restored),
        test(days_may_come_in_any_order),
        test(counts_stop_at_their_largest_value),
        test(no_memory_counts_nothing)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
