
#include <stdio.h>

#include "record_rig.h"


typedef struct {
    qwen_memory_t            memory;
    qwen_record_settings_t   settings;
    qwen_record_error_t      error;
} rig_t;


static qwen_rc_t
parse(rig_t *rig, const char *json, const qwen_seal_ring_t *ring)
{
    size_t      len;
    uint8_t    *copy;
    qwen_rc_t   rc;

    len = strlen(json);
    copy = test_copy(json, len);
    qwen_memory_init(&rig->memory, RIG_MEMORY);

    rc = qwen_record_settings_parse((qwen_str_t) { copy, len }, ring,
                                    &rig->memory, &rig->settings,
                                    &rig->error);
    free(copy);

    return rc;
}


static void
rendered(const qwen_record_settings_t *settings, const qwen_seal_ring_t *ring,
    bool lines, const char *json)
{
    qwen_buf_t  out;

    qwen_buf_init(&out, 1 << 20);
    assert_int_equal(qwen_record_settings_render(settings, ring, lines, &out),
                     QWEN_OK);
    test_assert_str(qwen_buf_str(&out), json);
    qwen_buf_free(&out);
}


static void
becomes(const char *json, const char *expected)
{
    rig_t  rig;

    assert_int_equal(parse(&rig, json, NULL), QWEN_OK);
    rendered(&rig.settings, NULL, false, expected);
    qwen_memory_free(&rig.memory);

    assert_int_equal(parse(&rig, expected, NULL), QWEN_OK);
    rendered(&rig.settings, NULL, false, expected);
    qwen_memory_free(&rig.memory);
}


static void
refused(const char *json, const qwen_seal_ring_t *ring,
    qwen_record_fault_t fault, size_t column, const char *reason)
{
    rig_t  rig;

    assert_int_equal(parse(&rig, json, ring), QWEN_ERROR);
    rig_error(&rig.error, fault, 1, column, reason);
    qwen_memory_free(&rig.memory);
}


static const char  whole[] =
    "{\"autoRefresh\":true,\"outThink\":false,"
    "\"legacyReasoningInContent\":true,\"searchInfoMode\":\"table\","
    "\"simpleModelMap\":false,\"autoRefreshInterval\":21600,"
    "\"batchLoginConcurrency\":20,\"chatRetryCount\":0,"
    "\"chatRetryBackoffMs\":60000,\"regularKeys\":[\"sk-\\\"1\","
    "{\"key\":\"sk-2\",\"name\":\"n\xc3\xa4me\",\"createdAt\":1750000000,"
    "\"scope\":{\"a\":[]}},{\"key\":\"sk-3\",\"createdAt\":5},\"sk-4\"],"
    "\"adminKey\":\"sk-0\",\"other\":{\"deep\":[null,{}]}}";


static void
test_members(void **state)
{
    rig_t                    rig;
    qwen_record_settings_t  *settings;

    (void) state;

    assert_int_equal(parse(&rig, whole, NULL), QWEN_OK);

    settings = &rig.settings;
    assert_int_equal(settings->set, 2 * QWEN_RECORD_REGULAR_KEYS - 1);
    assert_true(settings->auto_refresh);
    assert_false(settings->out_think);
    assert_true(settings->legacy_reasoning);
    assert_true(settings->search_info_table);
    assert_false(settings->simple_model_map);
    assert_false(settings->stale);
    assert_int_equal(settings->auto_refresh_interval, 21600);
    assert_int_equal(settings->batch_login_concurrency, 20);
    assert_int_equal(settings->chat_retry_count, 0);
    assert_int_equal(settings->chat_retry_backoff, 60000);

    assert_int_equal(settings->nkeys, 4);
    test_assert_str(settings->keys[0].key, "sk-\"1");
    assert_int_equal(settings->keys[0].name.len, 0);
    assert_int_equal(settings->keys[0].created, 0);
    test_assert_str(settings->keys[1].key, "sk-2");
    test_assert_str(settings->keys[1].name, "n\xc3\xa4me");
    assert_int_equal(settings->keys[1].created, 1750000000);
    test_assert_str(settings->keys[1].extra, "\"scope\":{\"a\":[]}");
    test_assert_str(settings->keys[2].key, "sk-3");
    assert_int_equal(settings->keys[2].created, 5);
    test_assert_str(settings->keys[3].key, "sk-4");

    test_assert_str(settings->extra, "\"adminKey\":\"sk-0\","
                                     "\"other\":{\"deep\":[null,{}]}");

    rendered(settings, NULL, false, whole);
    qwen_memory_free(&rig.memory);
}


static void
test_forms(void **state)
{
    (void) state;

    becomes("{}", "{}");
    becomes(" { \"regularKeys\" : [ ] } ", "{\"regularKeys\":[]}");
    becomes("{\"autoRefresh\":null,\"chatRetryCount\":null,"
            "\"searchInfoMode\":null,\"regularKeys\":null}", "{}");
    becomes("{\"searchInfoMode\":\"t\\u0065xt\"}",
            "{\"searchInfoMode\":\"text\"}");

    /* numbers, as Qwen2API may have taken them from a form */

    becomes("{\"chatRetryCount\":\"3\",\"chatRetryBackoffMs\":\"\","
            "\"autoRefreshInterval\":2.16e4}",
            "{\"autoRefreshInterval\":21600,\"chatRetryCount\":3}");
    becomes("{\"batchLoginConcurrency\":\"\"}", "{}");
    becomes("{\"autoRefreshInterval\":2147483647}",
            "{\"autoRefreshInterval\":2147483647}");

    /* a long name of escapes only */

    becomes("{\""
            "\\u006c\\u0065\\u0067\\u0061\\u0063\\u0079\\u0052\\u0065"
            "\\u0061\\u0073\\u006f\\u006e\\u0069\\u006e\\u0067\\u0049"
            "\\u006e\\u0043\\u006f\\u006e\\u0074\\u0065\\u006e\\u0074"
            "\":true}",
            "{\"legacyReasoningInContent\":true}");

    /* an object that is only a key is written as one */

    becomes("{\"regularKeys\":[{\"key\":\"sk\",\"name\":\"\","
            "\"createdAt\":0},{\"name\":null,\"key\":\"sk\"}]}",
            "{\"regularKeys\":[\"sk\",\"sk\"]}");
    becomes("{\"regularKeys\":[{\"key\":\"sk\",\"x\":null}]}",
            "{\"regularKeys\":[{\"key\":\"sk\",\"x\":null}]}");
    becomes("{\"regularKeys\":[\"enc:raw:enc:x\"]}",
            "{\"regularKeys\":[\"enc:raw:enc:x\"]}");
}


static void
test_lines(void **state)
{
    rig_t  rig;

    (void) state;

    assert_int_equal(parse(&rig, "{}", NULL), QWEN_OK);
    rendered(&rig.settings, NULL, true, "{}");
    qwen_memory_free(&rig.memory);

    assert_int_equal(parse(&rig, whole, NULL), QWEN_OK);
    rendered(&rig.settings, NULL, true,
             "{\n\"autoRefresh\":true,\n\"outThink\":false,\n"
             "\"legacyReasoningInContent\":true,\n"
             "\"searchInfoMode\":\"table\",\n\"simpleModelMap\":false,\n"
             "\"autoRefreshInterval\":21600,\n\"batchLoginConcurrency\":20,\n"
             "\"chatRetryCount\":0,\n\"chatRetryBackoffMs\":60000,\n"
             "\"regularKeys\":[\"sk-\\\"1\",{\"key\":\"sk-2\","
             "\"name\":\"n\xc3\xa4me\",\"createdAt\":1750000000,"
             "\"scope\":{\"a\":[]}},{\"key\":\"sk-3\",\"createdAt\":5},"
             "\"sk-4\"],\n\"adminKey\":\"sk-0\",\n"
             "\"other\":{\"deep\":[null,{}]}\n}");
    qwen_memory_free(&rig.memory);
}


static void
test_wrong(void **state)
{
    (void) state;

    refused("{", NULL, QWEN_RECORD_SYNTAX, 2, "the text ends too early");
    refused("null", NULL, QWEN_RECORD_WRONG, 1, "settings must be an object");
    refused("{\"autoRefresh\":1}", NULL, QWEN_RECORD_WRONG, 16,
            "\"autoRefresh\" must be true or false");
    refused("{\"outThink\":\"true\"}", NULL, QWEN_RECORD_WRONG, 13,
            "\"outThink\" must be true or false");
    refused("{\"autoRefreshInterval\":2147483648}", NULL, QWEN_RECORD_WRONG,
            24, "\"autoRefreshInterval\" must be a whole number of 0 to "
            "2147483647");
    refused("{\"batchLoginConcurrency\":0}", NULL, QWEN_RECORD_WRONG, 26,
            "\"batchLoginConcurrency\" must not be 0");
    refused("{\"batchLoginConcurrency\":21}", NULL, QWEN_RECORD_WRONG, 26,
            "\"batchLoginConcurrency\" must be a whole number of 0 to 20");
    refused("{\"chatRetryCount\":11}", NULL, QWEN_RECORD_WRONG, 19,
            "\"chatRetryCount\" must be a whole number of 0 to 10");
    refused("{\"chatRetryBackoffMs\":\"60001\"}", NULL, QWEN_RECORD_WRONG, 23,
            "\"chatRetryBackoffMs\" must be a whole number of 0 to 60000");
    refused("{\"searchInfoMode\":\"secret\"}", NULL, QWEN_RECORD_WRONG, 19,
            "\"searchInfoMode\" must be \"table\" or \"text\"");
    refused("{\"searchInfoMode\":false}", NULL, QWEN_RECORD_WRONG, 19,
            "\"searchInfoMode\" must be a string");
    refused("{\"outThink\":true,\"outThink\":true}", NULL, QWEN_RECORD_TWICE,
            18, "\"outThink\" is there twice");
}


static void
test_wrong_keys(void **state)
{
    (void) state;

    refused("{\"regularKeys\":\"secret\"}", NULL, QWEN_RECORD_WRONG, 16,
            "\"regularKeys\" must be an array");
    refused("{\"regularKeys\":[\"a\", null]}", NULL, QWEN_RECORD_WRONG, 22,
            "a key of \"regularKeys\" must be a string or an object");
    refused("{\"regularKeys\":[[]]}", NULL, QWEN_RECORD_WRONG, 17,
            "a key of \"regularKeys\" must be a string or an object");
    refused("{\"regularKeys\":[\"\"]}", NULL, QWEN_RECORD_WRONG, 17,
            "a key of \"regularKeys\" is empty");
    refused("{\"regularKeys\":[{\"name\":\"secret\"}]}", NULL,
            QWEN_RECORD_WRONG, 17, "a key of \"regularKeys\" is empty");
    refused("{\"regularKeys\":[{\"key\":null}]}", NULL, QWEN_RECORD_WRONG, 17,
            "a key of \"regularKeys\" is empty");
    refused("{\"regularKeys\":[{\"key\":7}]}", NULL, QWEN_RECORD_WRONG, 24,
            "\"key\" must be a string");
    refused("{\"regularKeys\":[{\"key\":\"a\",\"name\":7}]}", NULL,
            QWEN_RECORD_WRONG, 35, "\"name\" must be a string");
    refused("{\"regularKeys\":[{\"key\":\"a\",\"createdAt\":\"x\"}]}", NULL,
            QWEN_RECORD_WRONG, 40,
            "\"createdAt\" must be a whole number of 0 to 9007199254740992");
    refused("{\"regularKeys\":[{\"key\":\"a\",\"key\":\"b\"}]}", NULL,
            QWEN_RECORD_TWICE, 28, "\"key\" is there twice");
    refused("{\"regularKeys\":[\"secret\\u0000\"]}", NULL, QWEN_RECORD_WRONG,
            17, "\"regularKeys\" holds a zero byte");
}


static void
test_limits(void **state)
{
    rig_t        rig;
    char         json[2000], text[QWEN_RECORD_MAX_KEY + 2];
    size_t       i;
    qwen_buf_t   keys;

    (void) state;

    memset(text, 'x', sizeof(text));
    text[QWEN_RECORD_MAX_KEY] = '\0';
    snprintf(json, sizeof(json), "{\"regularKeys\":[\"%s\",{\"key\":\"%s\"}]}",
             text, text);
    assert_int_equal(parse(&rig, json, NULL), QWEN_OK);
    qwen_memory_free(&rig.memory);

    text[QWEN_RECORD_MAX_KEY] = 'x';
    text[QWEN_RECORD_MAX_KEY + 1] = '\0';
    snprintf(json, sizeof(json), "{\"regularKeys\":[\"%s\"]}", text);
    refused(json, NULL, QWEN_RECORD_SIZE, 17,
            "\"regularKeys\" is longer than 512 bytes");
    snprintf(json, sizeof(json), "{\"regularKeys\":[{\"key\":\"%s\"}]}", text);
    refused(json, NULL, QWEN_RECORD_SIZE, 24,
            "\"key\" is longer than 512 bytes");

    text[QWEN_RECORD_MAX_NAME + 1] = '\0';
    snprintf(json, sizeof(json),
             "{\"regularKeys\":[{\"key\":\"a\",\"name\":\"%s\"}]}", text);
    refused(json, NULL, QWEN_RECORD_SIZE, 35,
            "\"name\" is longer than 128 bytes");

    qwen_buf_init(&keys, 1 << 20);
    qwen_buf_append_literal(&keys, "{\"regularKeys\":[\"k\"");

    for (i = 1; i < QWEN_RECORD_MAX_KEYS; i++) {
        qwen_buf_append_literal(&keys, ",\"k\"");
    }

    qwen_buf_append(&keys, "]}", 3);
    assert_int_equal(parse(&rig, (char *) keys.data, NULL), QWEN_OK);
    assert_int_equal(rig.settings.nkeys, QWEN_RECORD_MAX_KEYS);
    qwen_memory_free(&rig.memory);

    keys.len -= 3;
    qwen_buf_append(&keys, ",5]}", 5);
    refused((char *) keys.data, NULL, QWEN_RECORD_SIZE, 16,
            "\"regularKeys\" has more than 10000 keys");
    qwen_buf_free(&keys);
}


static void
test_sealed(void **state)
{
    rig_t              rig;
    char               json[500], *key, *token;
    qwen_seal_ring_t   old, both, new;

    (void) state;

    rig_ring(&old, RIG_OLD_KEY);
    rig_ring(&both, RIG_NEW_KEY RIG_OLD_KEY);
    rig_ring(&new, RIG_NEW_KEY);
    key = rig_seal(RIG_OLD_KEY, "key", "sk-secret");
    token = rig_seal(RIG_OLD_KEY, "token:a", "sk-secret");

    snprintf(json, sizeof(json), "{\"regularKeys\":[\"%s\",{\"key\":\"%s\","
             "\"name\":\"n\"}]}", key, key);

    assert_int_equal(parse(&rig, json, &old), QWEN_OK);
    test_assert_str(rig.settings.keys[0].key, "sk-secret");
    test_assert_str(rig.settings.keys[1].key, "sk-secret");
    assert_false(rig.settings.stale);
    rendered(&rig.settings, &old, false, json);
    rendered(&rig.settings, NULL, false, "{\"regularKeys\":[\"sk-secret\","
             "{\"key\":\"sk-secret\",\"name\":\"n\"}]}");
    qwen_memory_free(&rig.memory);

    assert_int_equal(parse(&rig, json, &both), QWEN_OK);
    assert_true(rig.settings.stale);
    qwen_memory_free(&rig.memory);

    assert_int_equal(parse(&rig, "{\"regularKeys\":[\"sk\"]}", &both),
                     QWEN_OK);
    assert_true(rig.settings.stale);
    qwen_memory_free(&rig.memory);

    refused(json, &new, QWEN_RECORD_NO_KEY, 17,
            "\"regularKeys\" is sealed with a key that is not there");

    snprintf(json, sizeof(json), "{\"regularKeys\":[{\"key\":\"%s\"}]}",
             token);
    refused(json, &old, QWEN_RECORD_DAMAGED, 24,
            "\"key\" is sealed and does not open: it was changed, or moved "
            "from another place");

    free(key);
    free(token);
    qwen_seal_ring_free(&old);
    qwen_seal_ring_free(&both);
    qwen_seal_ring_free(&new);
}


/* Only what is set is rendered, whatever the other fields hold. */
static void
test_unset(void **state)
{
    qwen_record_settings_t  settings;

    (void) state;

    memset(&settings, 0, sizeof(settings));
    settings.auto_refresh = true;
    settings.chat_retry_count = 5;
    settings.nkeys = 7;
    rendered(&settings, NULL, false, "{}");

    settings.set = QWEN_RECORD_CHAT_RETRY_COUNT | QWEN_RECORD_SEARCH_INFO_MODE;
    rendered(&settings, NULL, false,
             "{\"searchInfoMode\":\"text\",\"chatRetryCount\":5}");
}


/* With whatever memory and whatever room. */
static void
test_memory(void **state)
{
    rig_t                   rig;
    size_t                  max;
    qwen_rc_t               rc;
    qwen_buf_t              out;
    qwen_memory_t           memory;
    qwen_record_error_t     error;
    qwen_record_settings_t  settings;

    (void) state;

    for (max = 0, rc = QWEN_ERROR; rc == QWEN_ERROR; max++) {
        assert_true(max < 10000);

        qwen_memory_init(&memory, max);
        rc = qwen_record_settings_parse(test_str(whole), NULL, &memory,
                                        &settings, &error);

        if (rc == QWEN_ERROR) {
            rig_error(&error, QWEN_RECORD_MEMORY, 1, 1, "no memory to read it");
        }

        qwen_memory_free(&memory);
    }

    assert_int_equal(parse(&rig, whole, NULL), QWEN_OK);

    for (max = 1; max <= sizeof(whole); max++) {
        qwen_buf_init(&out, max);
        qwen_buf_append(&out, "x", 1);

        rc = qwen_record_settings_render(&rig.settings, NULL, false, &out);
        assert_int_equal(rc, (max < sizeof(whole)) ? QWEN_ERROR : QWEN_OK);
        assert_int_equal(out.len, (rc == QWEN_OK) ? sizeof(whole) : 1);

        qwen_buf_free(&out);
    }

    qwen_memory_free(&rig.memory);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_unset),
        cmocka_unit_test(test_memory)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
