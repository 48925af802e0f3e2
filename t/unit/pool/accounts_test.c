
/* Accounts as administrators and stores see them, and tokens that are replaced
 * while they serve. */

#include <stdio.h>

#include "pool_test.h"
#include "ngx_qwen_accounts.h"


#define ZONE  (1024 * 1024)


static ngx_qwen_account_copy_t  copy;


static int
setup(void **state)
{
    fixture_clock_set(1000000, NOW);
    *state = fixture_create(ZONE, 2);
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


static qwen_record_account_t
record(const char *name, const char *password)
{
    qwen_record_account_t  record;

    ngx_memzero(&record, sizeof(qwen_record_account_t));
    record.email = test_str(name);
    record.password = test_str(password);

    return record;
}


static qwen_record_account_t
signed_in(const char *name, const char *password, const char *token)
{
    qwen_record_account_t  account;

    account = record(name, password);
    account.token = test_str(token);
    account.expires = LASTING;

    return account;
}


static void
get(fixture_t *f, const char *name)
{
    ngx_str_t  s = test_ngx_str(name);

    assert_int_equal(ngx_qwen_accounts_get(f->pool, &s, &copy), NGX_OK);
    test_assert_str(copy.record.email, name);
}


static ngx_int_t
has(fixture_t *f, const char *name)
{
    ngx_str_t  s = test_ngx_str(name);

    return ngx_qwen_accounts_get(f->pool, &s, &copy) == NGX_OK;
}


static void
add(fixture_t *f, const qwen_record_account_t *account)
{
    assert_int_equal(ngx_qwen_accounts_add(f->pool, account), NGX_OK);
}


/* Takes records as a store does. */

static void
restore(fixture_t *f, const qwen_record_account_t *records, ngx_uint_t n)
{
    uint32_t    sync;
    ngx_uint_t  i;

    sync = ngx_qwen_accounts_sync_begin(f->pool);

    for (i = 0; i < n; i++) {
        assert_int_equal(ngx_qwen_accounts_restore(f->pool, &records[i], sync),
                         NGX_OK);
    }

    ngx_qwen_accounts_sync_end(f->pool, sync);
    test_consistent(f);
}


static void
test_account_is_added_found_and_removed(void **state)
{
    fixture_t              *f = *state;
    ngx_str_t               name;
    ngx_uint_t              before;
    qwen_record_account_t   account;

    before = test_used(f);
    account = record("new@example.com", "pass:word");
    account.extra = test_str("\"proxy\":null");
    account.own_extra = test_str("\"x\":[1]");

    assert_false(has(f, "new@example.com"));
    add(f, &account);
    assert_int_equal(ngx_qwen_accounts_add(f->pool, &account), NGX_DECLINED);

    get(f, "new@example.com");
    assert_int_equal(copy.number, 3);
    assert_int_equal(copy.signed_in, 0);
    assert_int_equal(copy.record.configured, 0);
    assert_int_equal(copy.record.challenged, 0);
    assert_int_equal(copy.record.expires, 0);
    assert_int_equal(copy.record.last_error_at, 0);
    assert_int_equal(copy.record.ndays, 0);
    test_assert_str(copy.record.password, "pass:word");
    test_assert_str(copy.record.token, "");
    test_assert_str(copy.record.last_error, "");
    test_assert_str(copy.record.extra, "\"proxy\":null");
    test_assert_str(copy.record.own_extra, "\"x\":[1]");

    assert_int_equal(test_status(f).accounts, 3);
    assert_int_equal(test_status(f).signin, 3);
    assert_int_equal(fixture_sign_in(f, LASTING), 3);

    get(f, "new@example.com");
    assert_int_equal(copy.signed_in, 1);
    assert_int_equal(copy.record.expires, LASTING);
    assert_int_equal(strncmp((char *) copy.record.token.data, "token-3-", 8),
                     0);

    name = test_ngx_str("new@example.com");
    assert_int_equal(ngx_qwen_accounts_remove(f->pool, &name), NGX_OK);
    assert_int_equal(ngx_qwen_accounts_remove(f->pool, &name), NGX_DECLINED);
    assert_false(has(f, "new@example.com"));
    assert_int_equal(test_status(f).accounts, 2);
    assert_int_equal(test_used(f), before + 2);
}


static void
test_account_that_is_added_with_a_token_serves(void **state)
{
    fixture_t              *f = *state;
    qwen_record_account_t   account;

    account = signed_in("new@example.com", "secret", "a token");
    add(f, &account);

    assert_int_equal(test_status(f).ready, 1);
    test_assert_str(test_lease(f, 0)->token, "a token");

    /* one that has ended is none */

    account = signed_in("old@example.com", "secret", "a token");
    account.expires = NOW;
    add(f, &account);
    get(f, "old@example.com");
    assert_int_equal(copy.signed_in, 0);
    test_assert_str(copy.record.token, "");
    assert_int_equal(copy.record.expires, 0);
}


static void
test_each_account_is_seen_once(void **state)
{
    char                    name[64];
    uint64_t                number;
    fixture_t              *f = *state;
    ngx_str_t               removed;
    ngx_uint_t              i, n;
    qwen_record_account_t   account;

    for (i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "%lu@example.com", (unsigned long) i);
        account = record(name, "secret");
        add(f, &account);
    }

    number = 0;
    n = 0;

    while (ngx_qwen_accounts_next(f->pool, number, &copy) == NGX_OK) {
        assert_true(copy.number > number);
        number = copy.number;
        n++;

        /* what comes and goes meanwhile does no harm */

        if (n == 10) {
            removed = test_ngx_str("30@example.com");
            assert_int_equal(ngx_qwen_accounts_remove(f->pool, &removed),
                             NGX_OK);
            removed = test_ngx_str("7@example.com");
            assert_int_equal(ngx_qwen_accounts_remove(f->pool, &removed),
                             NGX_OK);
            account = record("late@example.com", "secret");
            add(f, &account);
        }
    }

    assert_int_equal(n, 52);
    test_assert_str(copy.record.email, "late@example.com");
    assert_int_equal(ngx_qwen_accounts_next(f->pool, number, &copy), NGX_DONE);
}


static void
test_account_of_the_configuration_stays(void **state)
{
    fixture_t  *f = *state;
    ngx_str_t   name = ngx_string("user0@example.com");

    get(f, "user0@example.com");
    assert_int_equal(copy.record.configured, 1);
    assert_int_equal(ngx_qwen_accounts_remove(f->pool, &name), NGX_BUSY);
    assert_int_equal(test_status(f).accounts, 2);

    restore(f, NULL, 0);
    assert_int_equal(test_status(f).accounts, 2);
}


static void
test_account_may_be_as_long_as_it_may_be(void **state)
{
    u_char                  text[QWEN_RECORD_MAX_EXTRA];
    fixture_t              *f = *state;
    ngx_str_t               name;
    qwen_record_account_t   account;

    memset(text, 'a', sizeof(text));

    account = record("", "");
    account.email = (qwen_str_t) { text, NGX_QWEN_EMAIL_MAX };
    account.password = (qwen_str_t) { text, NGX_QWEN_PASSWORD_MAX };
    account.token = (qwen_str_t) { text, NGX_QWEN_TOKEN_MAX };
    account.expires = LASTING;
    account.extra = (qwen_str_t) { text, QWEN_RECORD_MAX_EXTRA - 100 };
    account.own_extra = (qwen_str_t) { text, 100 };
    add(f, &account);

    name.data = text;
    name.len = NGX_QWEN_EMAIL_MAX;
    assert_int_equal(ngx_qwen_accounts_get(f->pool, &name, &copy), NGX_OK);
    assert_int_equal(copy.record.token.len, NGX_QWEN_TOKEN_MAX);
    assert_int_equal(copy.record.extra.len, QWEN_RECORD_MAX_EXTRA - 100);
    assert_memory_equal(copy.record.own_extra.data, text, 100);
}


static void
test_account_without_a_password_can_be_kept(void **state)
{
    fixture_t              *f = *state;
    ngx_qwen_signin_t       signin;
    qwen_record_account_t   account;

    account = record("none@example.com", "");
    add(f, &account);
    get(f, "none@example.com");
    test_assert_str(copy.record.password, "");

    test_claim(f, 1000, &signin);
    test_claim(f, 1000, &signin);
    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 3);
    assert_int_equal(signin.password.len, 0);
}


/* Neither a part of an account nor of its memory stays. */

static void
test_account_that_does_not_fit_is_not_added(void **state)
{
    u_char                  text[QWEN_RECORD_MAX_EXTRA];
    char                    name[64];
    fixture_t              *f = *state;
    ngx_int_t               rc;
    ngx_uint_t              i, before, pages;
    qwen_record_account_t   account;

    memset(text, 'a', sizeof(text));
    rc = NGX_OK;

    for (i = 0; rc == NGX_OK; i++) {
        before = test_used(f);
        pages = f->pool->shpool->pfree;

        snprintf(name, sizeof(name), "%lu@example.com", (unsigned long) i);
        account = record(name, "secret");
        account.extra = (qwen_str_t) { text, sizeof(text) };

        rc = ngx_qwen_accounts_add(f->pool, &account);
    }

    assert_int_equal(rc, NGX_ERROR);
    assert_in_range(i, 20, 40);
    assert_false(has(f, name));
    assert_int_equal(test_status(f).accounts, i + 1);
    assert_int_equal(test_used(f), before);
    assert_int_equal(f->pool->shpool->pfree, pages);

    /* what is smaller fits still */

    account = record(name, "secret");
    add(f, &account);
}


static void
test_reset_ends_rests(void **state)
{
    fixture_t           *f = *state;
    ngx_str_t            name;
    ngx_qwen_signin_t    signin;
    ngx_qwen_account_t  *account;

    assert_int_equal(fixture_sign_in(f, LASTING), 2);
    test_report(test_lease(f, 0), QWEN_FAIL_CHALLENGED, 0);
    assert_int_equal(test_status(f).cooling, 1);

    get(f, "user0@example.com");
    assert_int_equal(copy.record.challenged, 1);
    test_assert_str(copy.record.last_error, "challenged");
    assert_int_equal(copy.record.last_error_at, NOW);
    assert_int_equal(copy.record.cool_until[0], NOW + 600);
    assert_int_equal(copy.record.cool_until[3], NOW + 600);

    name = test_ngx_str("user0@example.com");
    assert_int_equal(ngx_qwen_accounts_reset(f->pool, &name), NGX_OK);
    test_consistent(f);

    get(f, "user0@example.com");
    assert_int_equal(copy.record.challenged, 0);
    test_assert_str(copy.record.last_error, "");
    assert_int_equal(copy.record.last_error_at, 0);
    assert_int_equal(copy.record.cool_until[0], 0);

    /* it serves, and is signed in again meanwhile */

    assert_int_equal(test_status(f).ready, 2);
    assert_int_equal(copy.signed_in, 1);
    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 1);
    assert_int_equal(test_status(f).ready, 2);

    name = test_ngx_str("none@example.com");
    assert_int_equal(ngx_qwen_accounts_reset(f->pool, &name), NGX_DECLINED);

    account = ngx_qwen_account_after(f->pool->sh, 0);
    assert_int_equal(account->failed, 0);
    assert_int_equal(account->turns[0].failures, 0);
}


static void
test_reset_ends_the_wait_for_a_sign_in(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           name = ngx_string("user0@example.com");
    ngx_qwen_signin_t   signin, other;

    test_claim(f, 10000, &signin);
    test_claim(f, 10000, &other);
    ngx_qwen_signin_failed(f->pool, &signin, NULL);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 0);

    assert_int_equal(ngx_qwen_accounts_reset(f->pool, &name), NGX_OK);
    test_claim(f, 10000, &signin);
    assert_int_equal(signin.account, 1);

    /* one that runs is begun anew, and its result is not taken */

    assert_int_equal(ngx_qwen_accounts_reset(f->pool, &name), NGX_OK);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &name, LASTING),
                     NGX_DECLINED);
    test_claim(f, 10000, &signin);
    assert_int_equal(signin.account, 1);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &name, LASTING),
                     NGX_OK);
}


static void
test_store_brings_and_takes_accounts(void **state)
{
    fixture_t                    *f = *state;
    const qwen_record_account_t   first[] = {
        record("a@example.com", "one"),
        signed_in("b@example.com", "two", "token of b"),
        record("user1@example.com", "secret")
    };
    const qwen_record_account_t   second[] = {
        signed_in("b@example.com", "two", "another token"),
        record("c@example.com", "three")
    };

    restore(f, first, 3);
    assert_int_equal(test_status(f).accounts, 4);
    assert_int_equal(test_status(f).ready, 1);

    /* those that have gone from the store go; a token that serves stays */

    restore(f, second, 2);
    assert_int_equal(test_status(f).accounts, 4);
    assert_false(has(f, "a@example.com"));
    assert_true(has(f, "c@example.com"));
    get(f, "b@example.com");
    test_assert_str(copy.record.token, "token of b");

    /* what an administrator added is not of a configuration either */

    assert_int_equal(fixture_reload(f, fixture_configuration(f)), NGX_OK);
    assert_int_equal(test_status(f).accounts, 2);
    assert_false(has(f, "user0@example.com"));
    assert_true(has(f, "b@example.com"));
}


static void
test_password_of_the_configuration_is_kept(void **state)
{
    fixture_t                    *f = *state;
    const qwen_record_account_t   records[] = {
        signed_in("user0@example.com", "another", "not taken"),
        signed_in("user1@example.com", "secret", "taken")
    };

    restore(f, records, 2);

    get(f, "user0@example.com");
    assert_int_equal(copy.signed_in, 0);
    assert_int_equal(copy.record.configured, 1);
    test_assert_str(copy.record.password, "secret");
    test_assert_str(copy.record.token, "");

    get(f, "user1@example.com");
    assert_int_equal(copy.signed_in, 1);
    test_assert_str(copy.record.token, "taken");

    /* without a password the token is taken to be its own */

    fixture_clock_advance(1000);
    restore(f, (qwen_record_account_t []) {
                   signed_in("user0@example.com", "", "its own") }, 1);
    get(f, "user0@example.com");
    test_assert_str(copy.record.token, "its own");
    test_assert_str(copy.record.password, "secret");
}


static void
test_new_password_of_the_store_drops_the_token(void **state)
{
    fixture_t          *f = *state;
    ngx_qwen_signin_t   signin;

    restore(f, (qwen_record_account_t []) {
                   signed_in("a@example.com", "one", "the first"),
                   signed_in("b@example.com", "one", "the second"),
                   signed_in("c@example.com", "one", "the third") }, 3);
    assert_int_equal(test_status(f).ready, 3);

    restore(f, (qwen_record_account_t []) {
                   record("a@example.com", "two"),
                   signed_in("b@example.com", "two", "a new one"),
                   record("c@example.com", "one") }, 3);

    get(f, "a@example.com");
    test_assert_str(copy.record.password, "two");
    assert_int_equal(copy.signed_in, 0);

    get(f, "b@example.com");
    test_assert_str(copy.record.password, "two");
    test_assert_str(copy.record.token, "a new one");

    get(f, "c@example.com");
    test_assert_str(copy.record.token, "the third");

    test_claim(f, 1000, &signin);
    test_claim(f, 1000, &signin);
    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 3);
    test_assert_str(signin.password, "two");
}


static void
test_record_of_one_that_was_configured_is_passed_over(void **state)
{
    fixture_t              *f = *state;
    qwen_record_account_t   records[2];

    records[0] = signed_in("gone@example.com", "secret", "a token");
    records[0].configured = 1;
    records[1] = signed_in("user0@example.com", "secret", "taken");
    records[1].configured = 1;

    restore(f, records, 2);
    assert_false(has(f, "gone@example.com"));
    assert_int_equal(test_status(f).accounts, 2);
    get(f, "user0@example.com");
    test_assert_str(copy.record.token, "taken");
}


/* Whoever wrote the record of one that is of the configuration now. */

static void
test_account_of_the_store_may_become_a_configured_one(void **state)
{
    fixture_t        *f = *state;
    ngx_str_t         name = ngx_string("a@example.com");
    ngx_qwen_pool_t  *pool;

    restore(f, (qwen_record_account_t []) {
                   signed_in("a@example.com", "secret", "a token") }, 1);

    pool = fixture_configuration(f);
    fixture_account(pool, "a@example.com", "secret");
    assert_int_equal(fixture_reload(f, pool), NGX_OK);

    get(f, "a@example.com");
    assert_int_equal(copy.record.configured, 1);
    test_assert_str(copy.record.token, "a token");
    assert_int_equal(ngx_qwen_accounts_remove(f->pool, &name), NGX_BUSY);

    restore(f, NULL, 0);
    assert_true(has(f, "a@example.com"));

    assert_int_equal(fixture_reload(f, fixture_configuration(f)), NGX_OK);
    assert_false(has(f, "a@example.com"));
}


/* A store keeps what a copy tells: it must be the same in another zone. */

static void
test_copy_is_what_was_restored(void **state)
{
    fixture_t               *f = *state, *other;
    qwen_record_day_t        days[2] = {
        { .day = 20231113, .requests = 5, .errors = 1, .chat_input = 10,
          .chat_output = 20, .cli_calls = 3, .cli_input = 4, .cli_output = 6 },
        { .day = 20231114, .errors = 2 }
    };
    ngx_qwen_account_copy_t  first;
    qwen_record_account_t    account;

    account = signed_in("a@example.com", "pass", "a token");
    account.cool_until[QWEN_RECORD_CHAT] = NOW + 3600;
    account.cool_until[QWEN_RECORD_VIDEO] = NOW + 7;
    account.cool_until[QWEN_RECORD_CLI] = NOW - 1;
    account.challenged = 1;
    account.last_error = test_str("rate_limited");
    account.last_error_at = NOW - 100;
    account.days = days;
    account.ndays = 2;
    account.extra = test_str("\"a\":1");
    account.own_extra = test_str("\"b\":2");

    restore(f, &account, 1);
    get(f, "a@example.com");
    first = copy;

    other = fixture_create(ZONE / 2, 0);
    restore(other, &copy.record, 1);
    get(other, "a@example.com");

    assert_int_equal(copy.signed_in, 1);
    test_assert_str(copy.record.password, "pass");
    test_assert_str(copy.record.token, "a token");
    test_assert_str(copy.record.extra, "\"a\":1");
    test_assert_str(copy.record.own_extra, "\"b\":2");
    test_assert_str(copy.record.last_error, "rate_limited");
    assert_int_equal(copy.record.last_error_at, NOW - 100);
    assert_int_equal(copy.record.challenged, 1);
    assert_int_equal(copy.record.expires, LASTING);
    assert_memory_equal(copy.record.cool_until, first.record.cool_until,
                        sizeof(first.record.cool_until));
    assert_int_equal(copy.record.cool_until[QWEN_RECORD_CHAT], NOW + 3600);
    assert_int_equal(copy.record.cool_until[QWEN_RECORD_IMAGE], 0);
    assert_int_equal(copy.record.cool_until[QWEN_RECORD_VIDEO], NOW + 7);
    assert_int_equal(copy.record.cool_until[QWEN_RECORD_CLI], 0);
    assert_int_equal(copy.record.ndays, 2);
    test_same_day(&copy.record.days[0], &days[0]);
    test_same_day(&copy.record.days[1], &days[1]);

    assert_int_equal(test_status(other).cooling, 1);
    fixture_clock_advance(HOUR);
    assert_int_equal(test_status(other).ready, 1);
    get(other, "a@example.com");
    assert_int_equal(copy.record.cool_until[QWEN_RECORD_CHAT], 0);

    test_consistent(other);
    fixture_free(other);
}


static void
test_odd_records_do_no_harm(void **state)
{
    fixture_t              *f = *state;
    qwen_record_account_t   account;

    account = signed_in("a@example.com", "pass", "a token");
    account.expires = (int64_t) QWEN_RECORD_MAX_COUNT;
    account.cool_until[0] = (int64_t) QWEN_RECORD_MAX_COUNT;
    account.last_error = test_str("of a later version");
    account.last_error_at = (int64_t) QWEN_RECORD_MAX_COUNT;
    restore(f, &account, 1);

    get(f, "a@example.com");
    assert_int_equal(copy.record.cool_until[0], NOW + NGX_QWEN_REST_MAX / 1000);
    assert_int_equal(copy.record.expires, QWEN_RECORD_MAX_COUNT);
    test_assert_str(copy.record.last_error, "");

    fixture_clock_advance(NGX_QWEN_REST_MAX - 1);
    assert_int_equal(test_status(f).cooling, 1);
}


static void
test_store_that_does_not_fit_is_told(void **state)
{
    char                    name[64];
    uint32_t                sync;
    fixture_t              *f = *state;
    ngx_int_t               rc;
    ngx_uint_t              i;
    qwen_record_account_t   account;

    sync = ngx_qwen_accounts_sync_begin(f->pool);
    rc = NGX_OK;

    for (i = 0; rc == NGX_OK && i < 10000; i++) {
        snprintf(name, sizeof(name), "%lu@example.com", (unsigned long) i);
        account = signed_in(name, "secret", "a token");
        rc = ngx_qwen_accounts_restore(f->pool, &account, sync);
    }

    assert_int_equal(rc, NGX_ERROR);
    test_consistent(f);
}


/* refresh */


static void
test_tokens_that_end_soon_are_replaced(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token = ngx_string("a new one");
    ngx_qwen_signin_t   signin;

    restore(f, (qwen_record_account_t []) {
                   signed_in("a@example.com", "one", "old") }, 1);
    assert_int_equal(fixture_sign_in(f, NOW + 7200), 2);

    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7199), 0);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 0);

    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 2);
    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 0);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 1);
    test_consistent(f);

    /* the old tokens serve */

    assert_int_equal(test_status(f).ready, 3);
    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 1);
    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 0);
    assert_int_equal(test_status(f).ready, 3);
    assert_int_equal(test_status(f).signin, 0);
    get(f, "user0@example.com");
    assert_int_equal(copy.signed_in, 1);

    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &token, LASTING),
                     NGX_OK);
    get(f, "user0@example.com");
    test_assert_str(copy.record.token, "a new one");
    assert_int_equal(copy.record.expires, LASTING);

    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 2);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 0);
}


static void
test_failed_refresh_keeps_the_token(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token = ngx_string("too late");
    qwen_failure_t      failure = { QWEN_FAIL_TOKEN, 0 };
    ngx_qwen_signin_t   signin;

    assert_int_equal(fixture_sign_in(f, NOW + 7200), 2);
    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 2);
    test_claim(f, 1000, &signin);

    ngx_qwen_signin_failed(f->pool, &signin, &failure);
    test_consistent(f);
    get(f, "user0@example.com");
    assert_int_equal(copy.signed_in, 1);
    test_assert_str(copy.record.last_error, "token");
    assert_int_equal(test_status(f).ready, 2);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &token, LASTING),
                     NGX_DECLINED);

    /* a token that cannot be used is a failure as well */

    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 2);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &token, NOW),
                     NGX_ERROR);
    assert_int_equal(test_status(f).ready, 2);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 0);

    /* the next round tries both again */

    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 2);
}


static void
test_claim_of_a_refresh_ends_by_itself(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token = ngx_string("late, but good");
    ngx_qwen_signin_t   first, second;

    assert_int_equal(fixture_sign_in(f, NOW + 7200), 2);
    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 2);
    test_claim(f, 1000, &first);
    fixture_clock_advance(500);
    test_claim(f, 1000, &second);

    fixture_clock_advance(499);
    assert_int_equal(test_status(f).ready, 2);
    assert_int_equal(f->pool->sh->nrefresh[NGX_QWEN_REFRESH_CLAIMED], 2);
    fixture_clock_advance(1);
    assert_int_equal(test_status(f).ready, 2);
    assert_int_equal(f->pool->sh->nrefresh[NGX_QWEN_REFRESH_CLAIMED], 1);

    /* its result counts until another one has claimed it */

    assert_int_equal(ngx_qwen_signin_done(f->pool, &first, &token, LASTING),
                     NGX_OK);
    fixture_clock_advance(500);
    assert_int_equal(test_status(f).ready, 2);
    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 1);
    test_claim(f, 1000, &first);
    assert_int_equal(first.account, 2);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &second, &token, LASTING),
                     NGX_DECLINED);
}


static void
test_token_may_end_while_it_is_replaced(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token = ngx_string("too late");
    ngx_qwen_signin_t   signin, next;

    assert_int_equal(fixture_sign_in(f, NOW + 100), 2);
    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 2);
    test_claim(f, 1000000, &signin);

    fixture_clock_advance(100 * 1000);
    assert_int_equal(test_status(f).signin, 2);
    assert_int_equal(f->pool->sh->nrefresh[NGX_QWEN_REFRESH_CLAIMED], 0);
    assert_int_equal(f->pool->sh->nrefresh[NGX_QWEN_REFRESH_DUE], 0);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &token, LASTING),
                     NGX_DECLINED);

    test_claim(f, 1000, &next);
    assert_int_equal(next.account, 1);
}


static void
test_account_may_go_while_its_token_is_replaced(void **state)
{
    fixture_t          *f = *state;
    ngx_str_t           token = ngx_string("too late");
    ngx_str_t           due = ngx_string("b@example.com");
    ngx_str_t           claimed = ngx_string("a@example.com");
    ngx_qwen_signin_t   signin;

    assert_int_equal(fixture_sign_in(f, LASTING), 2);
    restore(f, (qwen_record_account_t []) {
                   signed_in("a@example.com", "one", "old"),
                   signed_in("b@example.com", "one", "old") }, 2);
    assert_int_equal(ngx_qwen_accounts_reset(f->pool, &claimed), NGX_OK);
    assert_int_equal(ngx_qwen_accounts_reset(f->pool, &due), NGX_OK);
    test_claim(f, 1000, &signin);
    assert_int_equal(signin.account, 3);

    assert_int_equal(ngx_qwen_accounts_remove(f->pool, &claimed), NGX_OK);
    assert_int_equal(ngx_qwen_accounts_remove(f->pool, &due), NGX_OK);
    test_consistent(f);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1000), 0);
    assert_int_equal(ngx_qwen_signin_done(f->pool, &signin, &token, LASTING),
                     NGX_DECLINED);
}


static void
test_sign_ins_and_refreshes_are_limited_together(void **state)
{
    fixture_t              *f = *state;
    ngx_qwen_signin_t       refresh, signin, more;
    qwen_record_account_t   account;

    assert_int_equal(fixture_sign_in(f, NOW + 7200), 2);
    assert_int_equal(ngx_qwen_signin_refresh(f->pool, 7200), 2);
    test_claim(f, 10000, &refresh);

    account = record("a@example.com", "secret");
    add(f, &account);
    account = record("b@example.com", "secret");
    add(f, &account);

    assert_int_equal(ngx_qwen_signin_due(f->pool, 1), 0);
    assert_int_equal(ngx_qwen_signin_claim(f->pool, f->mempool, 10000, 1,
                                           &more),
                     NGX_DECLINED);

    /* accounts without a token are first */

    assert_int_equal(ngx_qwen_signin_due(f->pool, 2), 1);
    assert_int_equal(ngx_qwen_signin_claim(f->pool, f->mempool, 10000, 2,
                                           &signin),
                     NGX_OK);
    assert_int_equal(signin.account, 3);
    assert_int_equal(ngx_qwen_signin_claim(f->pool, f->mempool, 10000, 2,
                                           &more),
                     NGX_DECLINED);

    ngx_qwen_signin_failed(f->pool, &refresh, NULL);
    assert_int_equal(ngx_qwen_signin_claim(f->pool, f->mempool, 10000, 2,
                                           &more),
                     NGX_OK);
    assert_int_equal(more.account, 4);

    ngx_qwen_signin_failed(f->pool, &signin, NULL);
    assert_int_equal(ngx_qwen_signin_claim(f->pool, f->mempool, 10000, 2,
                                           &more),
                     NGX_OK);
    assert_int_equal(more.account, 2);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 2), 0);

    /* claims that have ended do not count */

    fixture_clock_advance(10000);
    assert_int_equal(ngx_qwen_signin_due(f->pool, 1), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(account_is_added_found_and_removed),
        test(account_that_is_added_with_a_token_serves),
        test(each_account_is_seen_once),
        test(account_of_the_configuration_stays),
        test(account_may_be_as_long_as_it_may_be),
        test(account_without_a_password_can_be_kept),
        test(account_that_does_not_fit_is_not_added),
        test(reset_ends_rests),
        test(reset_ends_the_wait_for_a_sign_in),
        test(store_brings_and_takes_accounts),
        test(password_of_the_configuration_is_kept),
        test(new_password_of_the_store_drops_the_token),
        test(record_of_one_that_was_configured_is_passed_over),
        test(account_of_the_store_may_become_a_configured_one),
        test(copy_is_what_was_restored),
        test(odd_records_do_no_harm),
        test(store_that_does_not_fit_is_told),
        test(tokens_that_end_soon_are_replaced),
        test(failed_refresh_keeps_the_token),
        test(claim_of_a_refresh_ends_by_itself),
        test(token_may_end_while_it_is_replaced),
        test(account_may_go_while_its_token_is_replaced),
        test(sign_ins_and_refreshes_are_limited_together)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
