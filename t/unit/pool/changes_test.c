
/* Changes of what a store keeps, and what becomes of them. */

#include "pool_test.h"
#include "ngx_qwen_accounts.h"


static int
setup(void **state)
{
    fixture_clock_set(1000000, NOW);
    *state = fixture_create(1024 * 1024, 1);

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
state_of(fixture_t *f, ngx_uint_t change)
{
    ngx_int_t              rc;
    ngx_qwen_save_error_e  error;

    error = 0;
    rc = ngx_qwen_changes_state(f->pool, change, &error);

    if (rc == NGX_ERROR) {
        assert_int_not_equal(error, 0);
    } else {
        assert_int_equal(error, 0);
    }

    return rc;
}


static void
save(fixture_t *f)
{
    ngx_qwen_changes_saved(f->pool, ngx_qwen_changes_begin(f->pool));
}


static void
change(fixture_t *f)
{
    ngx_qwen_zone_changed(f->pool->sh);
}


static void
test_changes_are_saved_once(void **state)
{
    fixture_t   *f = *state;
    ngx_uint_t   last;

    /* the account */

    last = ngx_qwen_changes_last(f->pool);
    assert_int_equal(last, 1);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_AGAIN);
    assert_int_equal(state_of(f, last), NGX_AGAIN);

    assert_int_equal(ngx_qwen_changes_begin(f->pool), last);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_AGAIN);

    ngx_qwen_changes_saved(f->pool, last);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);
    assert_int_equal(state_of(f, last), NGX_OK);
    assert_int_equal(state_of(f, last + 1), NGX_AGAIN);
    assert_int_equal(ngx_qwen_changes_error(f->pool), 0);
}


static void
test_change_during_a_save_is_for_the_next(void **state)
{
    fixture_t   *f = *state;
    ngx_uint_t   seen;

    seen = ngx_qwen_changes_begin(f->pool);
    change(f);
    ngx_qwen_changes_saved(f->pool, seen);

    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_AGAIN);
    assert_int_equal(state_of(f, seen), NGX_OK);
    assert_int_equal(state_of(f, seen + 1), NGX_AGAIN);

    /* a save that began earlier and ends later takes nothing back */

    save(f);
    ngx_qwen_changes_saved(f->pool, seen);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);
    assert_int_equal(state_of(f, seen + 1), NGX_OK);
}


static void
test_who_waits_is_served_first(void **state)
{
    fixture_t   *f = *state;
    ngx_uint_t   last;

    save(f);
    last = ngx_qwen_changes_last(f->pool);
    ngx_qwen_changes_want(f->pool, last);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);

    change(f);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_AGAIN);
    ngx_qwen_changes_want(f->pool, last + 1);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_BUSY);

    /* another one that waits for less */

    ngx_qwen_changes_want(f->pool, last);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_BUSY);

    save(f);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);
}


static void
test_failed_save_is_told(void **state)
{
    fixture_t              *f = *state;
    ngx_uint_t              last;
    ngx_qwen_save_error_e   error;

    save(f);
    change(f);
    last = ngx_qwen_changes_last(f->pool);
    ngx_qwen_changes_want(f->pool, last);
    assert_int_equal(ngx_qwen_changes_begin(f->pool), last);
    ngx_qwen_changes_failed(f->pool, last, NGX_QWEN_SAVE_FULL);

    assert_int_equal(ngx_qwen_changes_state(f->pool, last, &error), NGX_ERROR);
    assert_int_equal(error, NGX_QWEN_SAVE_FULL);
    assert_int_equal(ngx_qwen_changes_error(f->pool), NGX_QWEN_SAVE_FULL);

    /* earlier ones were kept, later ones were not seen */

    assert_int_equal(state_of(f, last - 1), NGX_OK);
    assert_int_equal(state_of(f, last + 1), NGX_AGAIN);

    /* who waited knows, and nobody hurries */

    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_AGAIN);

    change(f);
    ngx_qwen_changes_want(f->pool, last + 1);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_BUSY);

    /* a good one makes up for it */

    save(f);
    assert_int_equal(state_of(f, last), NGX_OK);
    assert_int_equal(state_of(f, last + 1), NGX_OK);
    assert_int_equal(ngx_qwen_changes_error(f->pool), 0);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);
}


static void
test_counters_are_kept_in_the_end(void **state)
{
    fixture_t    *f = *state;
    ngx_uint_t    last;
    qwen_usage_t  usage;

    ngx_memzero(&usage, sizeof(qwen_usage_t));

    assert_int_equal(fixture_sign_in(f, LASTING), 1);
    save(f);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);

    last = ngx_qwen_changes_last(f->pool);
    ngx_qwen_lease_count(test_lease(f, 0), &usage);
    assert_int_equal(ngx_qwen_changes_last(f->pool), last);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_DECLINED);

    /* what a failed save has seen is not kept */

    (void) ngx_qwen_changes_begin(f->pool);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);
    ngx_qwen_changes_failed(f->pool, last, NGX_QWEN_SAVE_FAILED);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_DECLINED);
    assert_int_equal(state_of(f, last), NGX_OK);

    save(f);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_OK);

    /* nor what is counted during a save */

    (void) ngx_qwen_changes_begin(f->pool);
    ngx_qwen_lease_count(test_lease(f, 0), NULL);
    ngx_qwen_changes_saved(f->pool, last);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_DECLINED);

    /* a change goes before counters */

    change(f);
    assert_int_equal(ngx_qwen_changes_due(f->pool), NGX_AGAIN);
}


static ngx_uint_t
changed(fixture_t *f)
{
    static ngx_uint_t  before;

    ngx_uint_t  last, n;

    last = ngx_qwen_changes_last(f->pool);
    n = last - before;
    before = last;

    return n;
}


static void
test_what_is_kept_counts_as_a_change(void **state)
{
    fixture_t              *f = *state;
    ngx_str_t               name = ngx_string("user0@example.com");
    qwen_record_account_t   record;

    (void) changed(f);

    assert_int_equal(fixture_sign_in(f, NOW + 3600), 1);
    assert_int_equal(changed(f), 1);

    test_report(test_lease(f, 0), QWEN_FAIL_NONE, 0);
    test_report(test_lease(f, 0), QWEN_FAIL_MODEL, 0);
    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 1);
    assert_int_equal(changed(f), 0);

    test_report(test_lease(f, 0), QWEN_FAIL_RATE_LIMITED, 0);
    assert_int_equal(changed(f), 1);

    assert_int_equal(ngx_qwen_accounts_reset(f->pool, &name), NGX_OK);
    assert_in_range(changed(f), 1, 2);

    fixture_clock_advance(HOUR);
    assert_int_equal(test_status(f).signin, 1);
    assert_int_equal(changed(f), 1);

    ngx_memzero(&record, sizeof(qwen_record_account_t));
    record.email.data = (u_char *) "a@example.com";
    record.email.len = sizeof("a@example.com") - 1;
    assert_int_equal(ngx_qwen_accounts_add(f->pool, &record), NGX_OK);
    assert_in_range(changed(f), 1, 2);

    name.data = (u_char *) "a@example.com";
    name.len = sizeof("a@example.com") - 1;
    assert_int_equal(ngx_qwen_accounts_remove(f->pool, &name), NGX_OK);
    assert_int_equal(changed(f), 1);
}


static void
test_mark_is_zeroed_and_stays(void **state)
{
    u_char           *mark;
    size_t            i;
    fixture_t        *f = *state;
    ngx_qwen_pool_t  *pool;

    mark = ngx_qwen_changes_mark(f->pool);
    assert_int_equal((uintptr_t) mark % sizeof(uint64_t), 0);

    for (i = 0; i < NGX_QWEN_STORE_MARK; i++) {
        assert_int_equal(mark[i], 0);
    }

    memset(mark, 'x', NGX_QWEN_STORE_MARK);

    pool = fixture_configuration(f);
    fixture_account(pool, "user0@example.com", "secret");
    assert_int_equal(fixture_reload(f, pool), NGX_OK);
    assert_ptr_equal(ngx_qwen_changes_mark(f->pool), mark);
    assert_int_equal(mark[NGX_QWEN_STORE_MARK - 1], 'x');
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(changes_are_saved_once),
        test(change_during_a_save_is_for_the_next),
        test(who_waits_is_served_first),
        test(failed_save_is_told),
        test(counters_are_kept_in_the_end),
        test(what_is_kept_counts_as_a_change),
        test(mark_is_zeroed_and_stays)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
