
/* The zone: made, reloaded, refused. */

#include <stdio.h>

#include "pool_test.h"


static int
setup(void **state)
{
    fixture_clock_set(1000000, NOW);
    *state = fixture_create(1024 * 1024, 3);
    fixture_sign_in(*state, LASTING);
    fixture_log();

    return 0;
}


static int
teardown(void **state)
{
    test_consistent((fixture_t *) *state);
    fixture_free(*state);

    return 0;
}


static void
test_same_configuration_changes_nothing(void **state)
{
    fixture_t         *f = *state;
    ngx_uint_t         before;
    ngx_qwen_pool_t   *pool;
    ngx_qwen_lease_t  *lease;

    ngx_qwen_pool_set_loaded(f->pool);
    lease = test_lease(f, 0);
    test_report(lease, QWEN_FAIL_RATE_LIMITED, 0);
    before = test_used(f);

    pool = fixture_configuration(f);
    fixture_account(pool, "user2@example.com", "secret");
    fixture_account(pool, "user0@example.com", "secret");
    fixture_account(pool, "user1@example.com", "secret");

    assert_int_equal(fixture_reload(f, pool), NGX_OK);
    assert_int_equal(test_used(f), before);
    assert_int_equal(ngx_qwen_pool_loaded(pool), 1);
    assert_int_equal(test_status(f).ready, 2);
    assert_int_equal(test_status(f).cooling, 1);
    assert_int_equal(test_status(f).leases, 1);
    assert_int_equal(test_lease(f, 0)->account, 2);
    assert_string_equal(fixture_log(), "");
}


static void
test_fresh_zone_is_not_loaded(void **state)
{
    fixture_t  *f = *state;

    assert_int_equal(ngx_qwen_pool_loaded(f->pool), 0);
    ngx_qwen_pool_set_loaded(f->pool);
    assert_int_equal(ngx_qwen_pool_loaded(f->pool), 1);
}


/* A configuration may be refused after its zones were made. */

static void
test_refused_reload_changes_nothing(void **state)
{
    fixture_t               *f = *state;
    ngx_int_t                rc;
    ngx_qwen_pool_t         *old, *pool;
    ngx_qwen_pool_status_t   status;

    pool = fixture_configuration(f);
    fixture_account(pool, "user0@example.com", "another");
    fixture_account(pool, "new@example.com", "secret");

    old = f->shm_zone->data;
    f->shm_zone->data = pool;
    pool->shm_zone = f->shm_zone;

    rc = f->shm_zone->init(f->shm_zone, old);

    f->shm_zone->data = old;

    assert_int_equal(rc, NGX_OK);

    status = test_status(f);
    assert_int_equal(status.accounts, 3);
    assert_int_equal(status.ready, 3);
    assert_int_equal(status.signin, 0);
}


static void
test_new_account_joins(void **state)
{
    fixture_t               *f = *state;
    ngx_qwen_pool_t         *pool;
    ngx_qwen_signin_t        signin;
    ngx_qwen_pool_status_t   status;

    pool = fixture_configuration(f);
    fixture_account(pool, "user0@example.com", "secret");
    fixture_account(pool, "user1@example.com", "secret");
    fixture_account(pool, "user2@example.com", "secret");
    fixture_account(pool, "new@example.com", "secret");

    assert_int_equal(fixture_reload(f, pool), NGX_OK);

    status = test_status(f);
    assert_int_equal(status.accounts, 4);
    assert_int_equal(status.ready, 3);
    assert_int_equal(status.signin, 1);

    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 4);
    assert_memory_equal(signin.email.data, "new@example.com",
                        signin.email.len);
}


static void
test_new_password_drops_the_token(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token = ngx_string("late");
    ngx_qwen_pool_t    *pool;
    ngx_qwen_lease_t   *lease;
    ngx_qwen_signin_t   old, signin;

    lease = test_lease(f, 0);
    test_report(lease, QWEN_FAIL_TOKEN, 0);
    test_claim(f, 1000, &old);

    pool = fixture_configuration(f);
    fixture_account(pool, "user0@example.com", "another secret");
    fixture_account(pool, "user1@example.com", "changed");
    fixture_account(pool, "user2@example.com", "secret");

    assert_int_equal(fixture_reload(f, pool), NGX_OK);
    assert_int_equal(test_status(f).accounts, 3);
    assert_int_equal(test_status(f).signin, 2);
    assert_int_equal(test_status(f).leases, 1);

    /* what was signed in with the old password does not count */

    assert_int_equal(ngx_qwen_signin_done(f->pool, &old, &token, LASTING),
                     NGX_DECLINED);

    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 1);
    assert_int_equal(signin.password.len, sizeof("another secret") - 1);
    assert_memory_equal(signin.password.data, "another secret",
                        signin.password.len);

    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 2);
    assert_int_equal(test_lease(f, 0)->account, 3);
}


static void
test_account_that_is_gone_is_freed_with_its_last_lease(void **state)
{
    fixture_t         *f = *state;
    ngx_uint_t         before;
    ngx_qwen_pool_t   *pool;
    ngx_qwen_lease_t  *first, *second;

    first = test_lease(f, 0);
    (void) test_lease(f, 0);
    (void) test_lease(f, 0);
    second = test_lease(f, 0);
    assert_int_equal(first->account, second->account);

    before = test_used(f);

    pool = fixture_configuration(f);
    fixture_account(pool, "user1@example.com", "secret");

    assert_int_equal(fixture_reload(f, pool), NGX_OK);
    assert_int_equal(test_status(f).accounts, 1);
    assert_int_equal(test_status(f).leases, 4);

    /* both lost password and token, both are in use */

    assert_int_equal(test_used(f), before - 4);
    assert_int_equal(test_lease(f, 0)->account, 2);

    test_report(first, QWEN_FAIL_RATE_LIMITED, 0);
    test_report(first, QWEN_FAIL_TOKEN, 0);
    ngx_qwen_lease_renew(first);

    ngx_qwen_lease_release(first);
    before = test_used(f);
    assert_int_equal(test_status(f).leases, 4);

    ngx_qwen_lease_release(second);
    assert_int_equal(test_used(f), before - 1);

    /* the other one's lease just ends */

    fixture_clock_advance(MINUTE);
    assert_int_equal(test_status(f).leases, 0);
    assert_int_equal(test_used(f), before - 2);
}


static void
test_account_that_is_gone_cannot_sign_in(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token = ngx_string("late");
    ngx_qwen_pool_t    *pool;
    ngx_qwen_signin_t   signin;

    test_report(test_lease(f, 0), QWEN_FAIL_TOKEN, 0);
    test_claim(f, 1000, &signin);

    assert_int_equal(fixture_reload(f, fixture_configuration(f)), NGX_OK);

    /* and not even when it has come back */

    pool = fixture_configuration(f);
    fixture_account(pool, "user0@example.com", "secret");
    assert_int_equal(fixture_reload(f, pool), NGX_OK);

    ngx_qwen_signin_failed(f->pool, &signin, NULL);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &token, LASTING),
                     NGX_DECLINED);

    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 4);
}


static void
test_all_memory_comes_back(void **state)
{
    fixture_t         *f = *state;
    char               email[64];
    ngx_uint_t         i, round, before;
    ngx_qwen_pool_t   *pool;

    assert_int_equal(fixture_reload(f, fixture_configuration(f)), NGX_OK);
    before = test_used(f);

    for (round = 0; round < 5; round++) {
        pool = fixture_configuration(f);

        for (i = 0; i < 200; i++) {
            snprintf(email, sizeof(email), "%lu-%lu@example.com",
                     (unsigned long) (i % 100 ? round : 0), (unsigned long) i);
            fixture_account(pool, email, "secret");
        }

        assert_int_equal(fixture_reload(f, pool), NGX_OK);
        assert_int_equal(test_status(f).accounts, 200);
        fixture_sign_in(f, LASTING);
        test_consistent(f);
    }

    assert_int_equal(fixture_reload(f, fixture_configuration(f)), NGX_OK);
    assert_int_equal(test_status(f).accounts, 0);
    assert_int_equal(test_used(f), before);
}


static void
test_configuration_that_does_not_fit_is_refused(void **state)
{
    char               email[64];
    fixture_t         *f = *state;
    ngx_uint_t         i, before;
    ngx_qwen_pool_t   *pool;

    before = test_used(f);
    pool = fixture_configuration(f);

    for (i = 0; i < 5000; i++) {
        snprintf(email, sizeof(email), "other%lu@example.com",
                 (unsigned long) i);
        fixture_account(pool, email, "secret");
    }

    assert_int_equal(fixture_reload(f, pool), NGX_ERROR);
    assert_non_null(strstr(fixture_log(), "qwen_zone \"qwen\" is too small "
                           "for 5000 accounts, increase its size"));

    /* the present configuration goes on */

    assert_int_equal(test_used(f), before);
    assert_int_equal(test_status(f).accounts, 3);
    assert_int_equal(test_status(f).ready, 3);
}


static void
test_little_room_for_tokens_is_told(void **state)
{
    char               email[64];
    fixture_t         *f = *state;
    ngx_uint_t         i;
    ngx_qwen_pool_t   *pool;

    pool = fixture_configuration(f);

    for (i = 0; i < 900; i++) {
        snprintf(email, sizeof(email), "other%lu@example.com",
                 (unsigned long) i);
        fixture_account(pool, email, "secret");
    }

    assert_int_equal(fixture_reload(f, pool), NGX_OK);
    assert_non_null(strstr(fixture_log(), "bytes left for the tokens of "
                           "900 accounts, increase its size"));
}


static void
test_another_layout_is_refused(void **state)
{
    fixture_t  *f = *state;

    f->pool->sh->layout++;
    assert_int_equal(fixture_reload(f, fixture_configuration(f)), NGX_ERROR);
    f->pool->sh->layout--;

    assert_non_null(strstr(fixture_log(), "qwen_zone \"qwen\" was made by "
                           "another version of the module"));
    assert_int_equal(test_status(f).accounts, 3);
}


static void
test_inherited_zone_is_taken_over(void **state)
{
    fixture_t         *f = *state;
    ngx_qwen_pool_t   *pool;

    pool = fixture_configuration(f);
    fixture_account(pool, "user0@example.com", "secret");

    f->shm_zone->shm.exists = 1;
    f->shm_zone->data = NULL;
    assert_int_equal(fixture_reload(f, pool), NGX_OK);
    assert_int_equal(test_status(f).ready, 1);
    assert_int_equal(test_lease(f, 0)->account, 1);
}


static void
test_bad_credentials_are_refused(void **state)
{
    char              text[NGX_QWEN_PASSWORD_MAX + 2];
    fixture_t        *f = *state;
    ngx_uint_t        i;
    ngx_qwen_pool_t  *pool;

    static struct {
        size_t       email;
        size_t       password;
        const char  *what;
    } bad[] = {
        { 0, 1, "account number 2 of qwen_zone \"qwen\" has no e-mail" },
        { NGX_QWEN_EMAIL_MAX + 1, 1, "has too long an e-mail address" },
        { 1, 0, "has no password" },
        { 1, NGX_QWEN_PASSWORD_MAX + 1, "has too long a password" },
        { NGX_QWEN_EMAIL_MAX, NGX_QWEN_PASSWORD_MAX, NULL }
    };

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        pool = fixture_configuration(f);
        fixture_account(pool, "user0@example.com", "secret");
        fixture_account(pool, text + sizeof(text) - 1 - bad[i].email,
                        text + sizeof(text) - 1 - bad[i].password);

        if (bad[i].what) {
            assert_int_equal(fixture_reload(f, pool), NGX_ERROR);
            assert_non_null(strstr(fixture_log(), bad[i].what));
            assert_int_equal(test_status(f).accounts, 3);

        } else {
            assert_int_equal(fixture_reload(f, pool), NGX_OK);
            assert_int_equal(test_status(f).accounts, 2);
        }
    }
}


static void
test_zone_is_added_once(void **state)
{
    fixture_t  *f = *state;
    ngx_str_t   name = ngx_string("qwen"), small = ngx_string("small");

    assert_int_equal(ngx_qwen_pool_add_zone(&f->cf, fixture_configuration(f),
                                            &name, 1024 * 1024,
                                            f->shm_zone->tag),
                     NGX_ERROR);
    assert_non_null(strstr(fixture_log(), "is already in use"));

    assert_int_equal(ngx_qwen_pool_add_zone(&f->cf, fixture_configuration(f),
                                            &small, 8 * ngx_pagesize - 1,
                                            f->shm_zone->tag),
                     NGX_ERROR);
    assert_non_null(strstr(fixture_log(), "\"small\" is too small"));
}


static void
test_zone_is_left_out_of_core_files(void **state)
{
    char           line[512];
    FILE          *smaps;
    fixture_t     *f = *state;
    ngx_uint_t     ours, found;
    unsigned long  from, to;

    smaps = fopen("/proc/self/smaps", "r");

    if (smaps == NULL) {
        skip();
    }

    ours = 0;
    found = 0;

    while (fgets(line, sizeof(line), smaps)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            ours = ((unsigned long) f->pool->sh >= from
                    && (unsigned long) f->pool->sh < to);
        }

        if (ours && strncmp(line, "VmFlags:", 8) == 0) {
            found = (strstr(line, " dd") != NULL);
        }
    }

    fclose(smaps);
    assert_int_equal(found, 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(same_configuration_changes_nothing),
        test(fresh_zone_is_not_loaded),
        test(refused_reload_changes_nothing),
        test(new_account_joins),
        test(new_password_drops_the_token),
        test(account_that_is_gone_is_freed_with_its_last_lease),
        test(account_that_is_gone_cannot_sign_in),
        test(all_memory_comes_back),
        test(configuration_that_does_not_fit_is_refused),
        test(little_room_for_tokens_is_told),
        test(another_layout_is_refused),
        test(inherited_zone_is_taken_over),
        test(bad_credentials_are_refused),
        test(zone_is_added_once),
        test(zone_is_left_out_of_core_files)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
