
/* API keys, masked addresses, stores. */

#include <stdio.h>

#include "pool_test.h"
#include "ngx_qwen_keys.h"
#include "ngx_qwen_store.h"


static ngx_conf_t  cf;


static int
setup(void **state)
{
    cf.pool = ngx_create_pool(4096, ngx_cycle->log);
    *state = ngx_pcalloc(cf.pool, sizeof(ngx_qwen_keys_t));

    return 0;
}


static int
teardown(void **state)
{
    ngx_destroy_pool(cf.pool);

    return 0;
}


static ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


static char *
add(ngx_qwen_keys_t *keys, const char *key, const char *name)
{
    ngx_str_t  k, n;

    k = str(key);
    n = str(name);

    return ngx_qwen_keys_add(&cf, keys, &k, &n);
}


static ngx_qwen_key_t *
find(ngx_qwen_keys_t *keys, const char *key)
{
    ngx_str_t  k;

    k = str(key);

    return ngx_qwen_keys_find(keys, &k);
}


static void
test_key_is_found_among_many(void **state)
{
    char              key[32], name[32];
    ngx_uint_t        i;
    ngx_qwen_key_t   *entry;
    ngx_qwen_keys_t  *keys = *state;

    assert_null(find(keys, "sk-0"));

    for (i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "sk-%u", (unsigned) i);
        snprintf(name, sizeof(name), "name-%u", (unsigned) i);
        assert_null(add(keys, key, name));
    }

    for (i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "sk-%u", (unsigned) i);
        snprintf(name, sizeof(name), "name-%u", (unsigned) i);

        entry = find(keys, key);
        assert_non_null(entry);
        assert_int_equal(entry->name.len, strlen(name));
        assert_memory_equal(entry->name.data, name, strlen(name));
        assert_int_equal(entry->admin, i == 0);
    }

    assert_null(find(keys, "sk-300"));
    assert_null(find(keys, "sk-"));
    assert_null(find(keys, ""));
}


static void
test_key_without_name_is_named_by_its_digest(void **state)
{
    ngx_qwen_key_t   *entry;
    ngx_qwen_keys_t  *keys = *state;

    assert_null(add(keys, "abc", ""));

    entry = find(keys, "abc");
    assert_int_equal(entry->name.len, sizeof("key-ba7816bf") - 1);
    assert_memory_equal(entry->name.data, "key-ba7816bf", entry->name.len);
    assert_int_equal(entry->digest[0], 0xba);
}


static void
test_bad_keys_are_told(void **state)
{
    char              text[NGX_QWEN_KEY_MAX + 2];
    ngx_qwen_keys_t  *keys = *state;

    assert_string_equal(add(keys, "", ""), "has an empty key");
    assert_non_null(add(keys, "a b", ""));
    assert_non_null(add(keys, "a,b", ""));
    assert_non_null(add(keys, "a\x7f", ""));
    assert_non_null(add(keys, "a\xc3\xa4", ""));
    assert_non_null(add(keys, "a\n", ""));

    assert_null(add(keys, "!~", "A-z.0_9@x"));
    assert_string_equal(add(keys, "!~", "other"), "has a duplicate key");
    assert_string_equal(add(keys, "?", "A-z.0_9@x"),
                        "has a duplicate name of a key");
    assert_non_null(add(keys, "?", "a b"));
    assert_non_null(add(keys, "?", "a\"b"));
    assert_non_null(add(keys, "?", "a=b"));

    memset(text, 'a', sizeof(text));

    text[NGX_QWEN_KEY_MAX + 1] = '\0';
    assert_string_equal(add(keys, text, ""),
                        "has a key of more than 512 characters");
    text[NGX_QWEN_KEY_MAX] = '\0';
    assert_null(add(keys, text, ""));
    assert_non_null(find(keys, text));

    text[NGX_QWEN_KEY_NAME_MAX + 1] = '\0';
    assert_string_equal(add(keys, "long", text),
                        "has a name of more than 64 characters");
    text[NGX_QWEN_KEY_NAME_MAX] = '\0';
    assert_null(add(keys, "long", text));
}


static void
test_masked_email(void **state)
{
    u_char      buf[32];
    ngx_str_t   email, masked;
    ngx_uint_t  i;

    static struct {
        const char  *email;
        size_t       size;
        const char  *masked;
    } emails[] = {
        { "alice@example.com", 32, "al***@example.com" },
        { "anna@example.com", 32, "a***@example.com" },
        { "a@example.com", 32, "a***@example.com" },
        { "@example.com", 32, "***@example.com" },
        { "nothing-else", 32, "no***" },
        { "", 32, "***" },
        { "alice@example.com", 8, "al***@ex" },
        { "alice@example.com", 0, "" },
        { "a\nice@exam\x1bple.com", 32, "a?***@exam?ple.com" },
        { "alice@a.very.long.domain.example.com", 32,
          "al***@a.very.long.domain.example" }
    };

    for (i = 0; i < sizeof(emails) / sizeof(emails[0]); i++) {
        email = str(emails[i].email);
        memset(buf, 'x', sizeof(buf));
        masked = ngx_qwen_mask_email(&email, buf, emails[i].size);

        assert_int_equal(masked.len, strlen(emails[i].masked));
        assert_memory_equal(masked.data, emails[i].masked, masked.len);
        assert_true(masked.len == sizeof(buf) || buf[masked.len] == 'x');
    }
}


static void
test_stores_are_found_by_name(void **state)
{
    ngx_str_t          name;
    ngx_qwen_store_t   store;

    name = str("none");
    store.type = ngx_qwen_store_find(&name);
    assert_ptr_equal(store.type, &ngx_qwen_store_none);
    assert_int_equal(store.type->keeps, 0);

    assert_null(store.type->init(&cf, &store, NULL, 0));
    assert_non_null(store.type->init(&cf, &store, &name, 1));

    name = str("file");
    store.type = ngx_qwen_store_find(&name);
    assert_ptr_equal(store.type, &ngx_qwen_store_file);
    assert_int_equal(store.type->keeps, 1);

    name = str("nonesuch");
    assert_null(ngx_qwen_store_find(&name));
    name = str("");
    assert_null(ngx_qwen_store_find(&name));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(key_is_found_among_many),
        test(key_without_name_is_named_by_its_digest),
        test(bad_keys_are_told),
        test(masked_email),
        test(stores_are_found_by_name)

#undef test
    };

    fixture_nginx();

    return cmocka_run_group_tests(tests, NULL, NULL);
}
