
/* Settings and keys of administrators, and the workers' snapshots of them. */

#include <stdio.h>

#include "pool_test.h"
#include "ngx_qwen_changes.h"
#include "ngx_qwen_settings.h"


#define MEMORY  (8 * 1024 * 1024)


typedef struct {
    qwen_memory_t            memory;
    qwen_record_settings_t   settings;
    qwen_str_t               extra;
} kept_t;


static int
setup(void **state)
{
    fixture_clock_set(1000000, NOW);
    *state = fixture_create(2 * 1024 * 1024, 1);

    return 0;
}


static int
teardown(void **state)
{
    ngx_qwen_settings_exit();
    test_consistent((fixture_t *) *state);
    fixture_free(*state);

    return 0;
}


static ngx_int_t
add_key(fixture_t *f, const char *key, const char *name)
{
    ngx_str_t  k = test_ngx_str(key), n = test_ngx_str(name);

    return ngx_qwen_settings_add_key(f->pool, &k, &n);
}


static ngx_int_t
remove_key(fixture_t *f, const char *key)
{
    ngx_str_t  k = test_ngx_str(key);

    return ngx_qwen_settings_remove_key(f->pool, &k);
}


static void
copy(fixture_t *f, kept_t *kept)
{
    qwen_memory_init(&kept->memory, MEMORY);
    assert_int_equal(ngx_qwen_settings_copy(f->pool, &kept->memory,
                                            &kept->settings, &kept->extra),
                     NGX_OK);
}


static const ngx_qwen_snapshot_t *
snapshot(fixture_t *f)
{
    const ngx_qwen_snapshot_t  *snapshot;

    snapshot = ngx_qwen_settings_snapshot(f->pool, f->cycle.log);
    assert_non_null(snapshot);

    return snapshot;
}


static ngx_qwen_key_t *
find(fixture_t *f, const char *key)
{
    ngx_str_t  k = test_ngx_str(key);

    return ngx_qwen_keys_find(&snapshot(f)->keys, &k);
}


static void
test_nothing_is_set_at_first(void **state)
{
    kept_t      kept;
    fixture_t  *f = *state;

    copy(f, &kept);
    assert_int_equal(kept.settings.set, 0);
    assert_int_equal(kept.settings.nkeys, 0);
    test_assert_str(kept.settings.extra, "");
    test_assert_str(kept.extra, "");
    qwen_memory_free(&kept.memory);

    assert_int_equal(snapshot(f)->values.set, 0);
    assert_null(find(f, "sk-any"));
}


static void
test_only_what_is_said_changes(void **state)
{
    kept_t                   kept;
    fixture_t               *f = *state;
    qwen_record_settings_t   values;

    ngx_memzero(&values, sizeof(qwen_record_settings_t));
    values.set = QWEN_RECORD_OUT_THINK|QWEN_RECORD_CHAT_RETRY_COUNT
                 |QWEN_RECORD_AUTO_REFRESH_INTERVAL;
    values.out_think = 1;
    values.chat_retry_count = 7;
    values.auto_refresh_interval = 3600;
    values.chat_retry_backoff = 999;
    ngx_qwen_settings_change(f->pool, &values);

    ngx_memzero(&values, sizeof(qwen_record_settings_t));
    values.set = QWEN_RECORD_CHAT_RETRY_COUNT|QWEN_RECORD_AUTO_REFRESH
                 |QWEN_RECORD_BATCH_LOGIN_CONCURRENCY
                 |QWEN_RECORD_LEGACY_REASONING|QWEN_RECORD_SEARCH_INFO_MODE
                 |QWEN_RECORD_SIMPLE_MODEL_MAP;
    values.auto_refresh = 1;
    values.batch_login_concurrency = 5;
    values.legacy_reasoning = 1;
    values.search_info_table = 1;
    values.simple_model_map = 1;
    ngx_qwen_settings_change(f->pool, &values);

    copy(f, &kept);
    assert_int_equal(kept.settings.set,
                     values.set|QWEN_RECORD_OUT_THINK
                     |QWEN_RECORD_AUTO_REFRESH_INTERVAL);
    assert_int_equal(kept.settings.out_think, 1);
    assert_int_equal(kept.settings.chat_retry_count, 0);
    assert_int_equal(kept.settings.auto_refresh_interval, 3600);
    assert_int_equal(kept.settings.auto_refresh, 1);
    assert_int_equal(kept.settings.batch_login_concurrency, 5);
    assert_int_equal(kept.settings.legacy_reasoning, 1);
    assert_int_equal(kept.settings.search_info_table, 1);
    assert_int_equal(kept.settings.simple_model_map, 1);
    assert_int_equal(kept.settings.chat_retry_backoff, 0);
    qwen_memory_free(&kept.memory);

    assert_int_equal(snapshot(f)->values.auto_refresh_interval, 3600);
    assert_int_equal(snapshot(f)->values.out_think, 1);

    ngx_memzero(&values, sizeof(qwen_record_settings_t));
    values.set = QWEN_RECORD_OUT_THINK|QWEN_RECORD_CHAT_RETRY_BACKOFF;
    values.chat_retry_backoff = 250;
    ngx_qwen_settings_change(f->pool, &values);
    assert_int_equal(snapshot(f)->values.out_think, 0);
    assert_int_equal(snapshot(f)->values.chat_retry_backoff, 250);
    assert_int_equal(snapshot(f)->values.auto_refresh, 1);
}


static void
test_keys_come_and_go(void **state)
{
    kept_t       kept;
    fixture_t   *f = *state;
    ngx_uint_t   before, last;

    before = test_used(f);

    assert_int_equal(add_key(f, "sk-one", "one"), NGX_OK);
    fixture_clock_advance(5000);
    assert_int_equal(add_key(f, "sk-two", ""), NGX_OK);
    assert_int_equal(add_key(f, "sk-three", ""), NGX_OK);

    last = ngx_qwen_changes_last(f->pool);
    assert_int_equal(add_key(f, "sk-one", ""), NGX_DECLINED);
    assert_int_equal(add_key(f, "sk-one", "other"), NGX_DECLINED);
    assert_int_equal(add_key(f, "sk-four", "one"), NGX_BUSY);
    assert_int_equal(remove_key(f, "sk-four"), NGX_DECLINED);
    assert_int_equal(remove_key(f, ""), NGX_DECLINED);
    assert_int_equal(ngx_qwen_changes_last(f->pool), last);

    copy(f, &kept);
    assert_int_equal(kept.settings.set, QWEN_RECORD_REGULAR_KEYS);
    assert_int_equal(kept.settings.nkeys, 3);
    test_assert_str(kept.settings.keys[0].key, "sk-one");
    test_assert_str(kept.settings.keys[0].name, "one");
    assert_int_equal(kept.settings.keys[0].created, NOW);
    test_assert_str(kept.settings.keys[1].key, "sk-two");
    test_assert_str(kept.settings.keys[1].name, "");
    assert_int_equal(kept.settings.keys[1].created, NOW + 5);
    qwen_memory_free(&kept.memory);

    assert_int_equal(remove_key(f, "sk-one"), NGX_OK);
    assert_int_equal(remove_key(f, "sk-one"), NGX_DECLINED);
    assert_int_equal(ngx_qwen_changes_last(f->pool), last + 1);
    assert_int_equal(add_key(f, "sk-four", "one"), NGX_OK);
    assert_int_equal(remove_key(f, "sk-two"), NGX_OK);

    copy(f, &kept);
    assert_int_equal(kept.settings.nkeys, 2);
    test_assert_str(kept.settings.keys[0].key, "sk-three");
    test_assert_str(kept.settings.keys[1].key, "sk-four");
    qwen_memory_free(&kept.memory);

    assert_int_equal(remove_key(f, "sk-three"), NGX_OK);
    assert_int_equal(remove_key(f, "sk-four"), NGX_OK);
    assert_int_equal(f->pool->sh->settings.bytes, 0);
    assert_int_equal(test_used(f), before);
}


static void
test_number_of_keys_is_limited(void **state)
{
    char         key[32];
    fixture_t   *f;
    ngx_uint_t   i;

    (void) state;

    f = fixture_create(16 * 1024 * 1024, 0);

    /* names are looked through, so only the last ones have one */

    for (i = 0; i < QWEN_RECORD_MAX_KEYS; i++) {
        snprintf(key, sizeof(key), "sk-%lu", (unsigned long) i);
        assert_int_equal(add_key(f, key, ""), NGX_OK);
    }

    assert_int_equal(add_key(f, "sk-more", "more"), NGX_ERROR);
    assert_int_equal(remove_key(f, "sk-0"), NGX_OK);
    assert_int_equal(add_key(f, "sk-more", "more"), NGX_OK);
    assert_int_equal(snapshot(f)->keys.entries->nelts, QWEN_RECORD_MAX_KEYS);
    assert_non_null(find(f, "sk-9999"));

    ngx_qwen_settings_exit();
    fixture_free(f);
}


static void
test_key_that_does_not_fit_leaves_nothing(void **state)
{
    u_char       text[QWEN_RECORD_MAX_KEY];
    fixture_t   *f = *state;
    ngx_str_t    key, name = ngx_string("");
    ngx_int_t    rc;
    ngx_uint_t   i, before;

    memset(text, 'a', sizeof(text));
    key.data = text;
    key.len = sizeof(text);
    rc = NGX_OK;

    for (i = 0; rc == NGX_OK; i++) {
        before = test_used(f);
        ngx_sprintf(text, "%06ui", i);
        rc = ngx_qwen_settings_add_key(f->pool, &key, &name);
    }

    assert_int_equal(rc, NGX_ERROR);
    assert_int_equal(test_used(f), before);
    assert_int_equal(f->pool->sh->settings.nkeys, i - 1);
    assert_int_equal(f->pool->sh->settings.bytes, (i - 1) * sizeof(text));
}


static void
test_snapshot_is_renewed_when_something_changed(void **state)
{
    fixture_t                  *f = *state;
    ngx_qwen_key_t             *key;
    qwen_record_settings_t      values;
    const ngx_qwen_snapshot_t  *first;

    first = snapshot(f);
    assert_ptr_equal(snapshot(f), first);

    assert_int_equal(add_key(f, "sk-two", ""), NGX_OK);
    assert_int_equal(add_key(f, "sk-one", "one"), NGX_OK);

    first = snapshot(f);
    assert_int_equal(first->keys.entries->nelts, 2);
    assert_ptr_equal(snapshot(f), first);
    assert_int_equal(add_key(f, "sk-one", ""), NGX_DECLINED);
    assert_int_equal(fixture_sign_in(f, LASTING), 1);
    assert_ptr_equal(snapshot(f), first);

    key = find(f, "sk-one");
    assert_non_null(key);
    test_assert_str(key->name, "one");
    assert_int_equal(key->admin, 0);

    key = find(f, "sk-two");
    assert_non_null(key);
    assert_int_equal(key->name.len, NGX_QWEN_KEY_ID_LEN);
    assert_memory_equal(key->name.data, "key-", 4);

    assert_null(find(f, "sk-"));
    assert_null(find(f, ""));

    assert_int_equal(remove_key(f, "sk-one"), NGX_OK);
    assert_null(find(f, "sk-one"));
    assert_non_null(find(f, "sk-two"));

    ngx_memzero(&values, sizeof(qwen_record_settings_t));
    values.set = QWEN_RECORD_OUT_THINK;
    values.out_think = 1;
    assert_int_equal(snapshot(f)->values.out_think, 0);
    ngx_qwen_settings_change(f->pool, &values);
    assert_int_equal(snapshot(f)->values.out_think, 1);
    assert_non_null(find(f, "sk-two"));
}


static void
test_many_keys_are_found(void **state)
{
    char         key[32], name[32];
    fixture_t   *f = *state;
    ngx_uint_t   i;

    for (i = 0; i < 500; i++) {
        snprintf(key, sizeof(key), "sk-%lu", (unsigned long) i);
        snprintf(name, sizeof(name), "name-%lu", (unsigned long) i);
        assert_int_equal(add_key(f, key, name), NGX_OK);
    }

    for (i = 0; i < 500; i++) {
        snprintf(key, sizeof(key), "sk-%lu", (unsigned long) i);
        snprintf(name, sizeof(name), "name-%lu", (unsigned long) i);
        assert_non_null(find(f, key));
        test_assert_str(find(f, key)->name, name);
    }

    assert_null(find(f, "sk-500"));
}


static void
test_store_replaces_all(void **state)
{
    char                     longest[QWEN_RECORD_MAX_NAME + 1];
    kept_t                   kept;
    fixture_t               *f = *state;
    ngx_uint_t               before;
    qwen_record_key_t        keys[3];
    qwen_record_settings_t   settings;

    memset(longest, 'n', sizeof(longest));
    longest[QWEN_RECORD_MAX_NAME] = '\0';

    before = test_used(f);
    assert_int_equal(add_key(f, "sk-old", "old"), NGX_OK);

    ngx_memzero(keys, sizeof(keys));
    keys[0].key = test_str("sk-one");
    keys[0].name = test_str(longest);
    keys[0].created = 12345;
    keys[0].extra = test_str("\"note\":\"x\"");
    keys[1].key = test_str("sk-two");
    keys[2].key = test_str("sk-one");

    ngx_memzero(&settings, sizeof(qwen_record_settings_t));
    settings.set = QWEN_RECORD_CHAT_RETRY_BACKOFF|QWEN_RECORD_REGULAR_KEYS;
    settings.chat_retry_backoff = 100;
    settings.keys = keys;
    settings.nkeys = 3;
    settings.extra = test_str("\"adminKey\":\"sk-0\"");

    assert_int_equal(ngx_qwen_settings_restore(f->pool, &settings,
                                               test_str("\"version\":1")),
                     NGX_OK);

    /* a name is cut as the configuration's may be long */

    assert_null(find(f, "sk-old"));
    assert_non_null(find(f, "sk-two"));
    assert_int_equal(find(f, "sk-one")->name.len, NGX_QWEN_KEY_NAME_MAX);
    assert_int_equal(snapshot(f)->values.chat_retry_backoff, 100);

    copy(f, &kept);
    assert_int_equal(kept.settings.set, settings.set);
    assert_int_equal(kept.settings.nkeys, 2);
    test_assert_str(kept.settings.keys[0].key, "sk-one");
    test_assert_str(kept.settings.keys[0].name, longest);
    test_assert_str(kept.settings.keys[0].extra, "\"note\":\"x\"");
    assert_int_equal(kept.settings.keys[0].created, 12345);
    test_assert_str(kept.settings.extra, "\"adminKey\":\"sk-0\"");
    test_assert_str(kept.extra, "\"version\":1");

    /* what is copied can be restored */

    ngx_memzero(&settings, sizeof(qwen_record_settings_t));
    assert_int_equal(ngx_qwen_settings_restore(f->pool, &settings, test_str("")),
                     NGX_OK);
    assert_int_equal(test_used(f), before);
    assert_int_equal(snapshot(f)->values.set, 0);

    assert_int_equal(ngx_qwen_settings_restore(f->pool, &kept.settings,
                                               kept.extra),
                     NGX_OK);
    qwen_memory_free(&kept.memory);

    copy(f, &kept);
    assert_int_equal(kept.settings.nkeys, 2);
    test_assert_str(kept.settings.keys[1].key, "sk-two");
    test_assert_str(kept.extra, "\"version\":1");
    qwen_memory_free(&kept.memory);
}


static void
test_list_without_keys_stays_a_list(void **state)
{
    kept_t                   kept;
    fixture_t               *f = *state;
    qwen_record_settings_t   settings;

    ngx_memzero(&settings, sizeof(qwen_record_settings_t));
    settings.set = QWEN_RECORD_REGULAR_KEYS;

    assert_int_equal(ngx_qwen_settings_restore(f->pool, &settings, test_str("")),
                     NGX_OK);
    copy(f, &kept);
    assert_int_equal(kept.settings.set, QWEN_RECORD_REGULAR_KEYS);
    assert_int_equal(kept.settings.nkeys, 0);
    qwen_memory_free(&kept.memory);
}


/* A copy must hold what there is, whatever of a store did not fit. */

static void
test_store_that_does_not_fit_can_be_copied(void **state)
{
    void                    *room;
    u_char                   text[32768];
    kept_t                   kept;
    fixture_t               *f = *state;
    qwen_str_t               extra;
    qwen_record_key_t        key;
    qwen_record_settings_t   settings;

    memset(text, 'x', sizeof(text));

    ngx_memzero(&key, sizeof(qwen_record_key_t));
    key.key = test_str("sk-one");

    ngx_memzero(&settings, sizeof(qwen_record_settings_t));
    settings.extra = (qwen_str_t) { text, sizeof(text) };
    settings.keys = &key;
    settings.nkeys = 1;

    extra = settings.extra;

    /* there is room for one of the two texts */

    room = ngx_slab_alloc(f->pool->shpool, sizeof(text));
    while (ngx_slab_alloc(f->pool->shpool, ngx_pagesize)) { /* void */ }
    ngx_slab_free(f->pool->shpool, room);

    assert_int_equal(ngx_qwen_settings_restore(f->pool, &settings, extra),
                     NGX_ERROR);
    copy(f, &kept);
    assert_int_equal(kept.settings.extra.len, sizeof(text));
    assert_int_equal(kept.extra.len, 0);
    assert_int_equal(kept.settings.nkeys, 0);
    assert_int_equal(f->pool->sh->settings.bytes, sizeof(text));
    qwen_memory_free(&kept.memory);

    /* a copy that gets no memory says so */

    qwen_memory_init(&kept.memory, 16);
    assert_int_equal(ngx_qwen_settings_copy(f->pool, &kept.memory,
                                            &kept.settings, &kept.extra),
                     NGX_ERROR);
    qwen_memory_free(&kept.memory);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(nothing_is_set_at_first),
        test(only_what_is_said_changes),
        test(keys_come_and_go),
        test(number_of_keys_is_limited),
        test(key_that_does_not_fit_leaves_nothing),
        test(snapshot_is_renewed_when_something_changed),
        test(many_keys_are_found),
        test(store_replaces_all),
        test(list_without_keys_stays_a_list),
        test(store_that_does_not_fit_can_be_copied)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
