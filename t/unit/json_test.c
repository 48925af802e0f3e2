
#include "test.h"
#include "qwen_json.h"


static cJSON *
parse(const char *text)
{
    cJSON    *root;
    uint8_t  *copy;

    copy = test_copy(text, strlen(text));
    root = qwen_json_parse((qwen_str_t) { copy, strlen(text) });
    free(copy);

    return root;
}


static void
test_parse(void **state)
{
    size_t   i;
    cJSON   *root;

    static const char  *valid[] = {
        "{}", "[]", " {\"a\":[1,2]}\r\n\t ", "1", "\"a\"", "null",
        "{\"a\":\"]}[{\\\"[\"}"
    };

    static const char  *invalid[] = {
        "", " ", "{", "[1", "{}x", "{} {}", "1 2", "nul", "{\"a\"}", "}",
        "]", "\"a", "\"a\\", "[1,]", "{\"a\":1,}"
    };

    (void) state;

    for (i = 0; i < test_count(valid); i++) {
        root = parse(valid[i]);

        if (root == NULL) {
            fail_msg("%s", valid[i]);
        }

        cJSON_Delete(root);
    }

    for (i = 0; i < test_count(invalid); i++) {
        root = parse(invalid[i]);

        if (root != NULL) {
            fail_msg("%s", invalid[i]);
        }
    }

    /* zero bytes */

    root = qwen_json_parse((qwen_str_t) { (const uint8_t *) "1\0", 2 });
    assert_null(root);
    assert_null(qwen_json_parse((qwen_str_t) { NULL, 0 }));
}


static void
test_cut(void **state)
{
    char    text[100];
    size_t  len;

    static const char  whole[] = "{\"a\":[1,true,null,\"x\\u00e4\",-1e5]}";

    (void) state;

    for (len = 0; len < strlen(whole); len++) {
        memcpy(text, whole, len);
        text[len] = '\0';
        assert_null(parse(text));
    }
}


static void
test_depth(void **state)
{
    char     text[20001];
    size_t   i, depth;
    cJSON   *root;

    static const size_t  depths[] = { 1, 63, 64, 65, 1000, 10000 };

    (void) state;

    for (i = 0; i < test_count(depths); i++) {
        depth = depths[i];
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';

        root = parse(text);
        assert_true((root != NULL) == (depth <= 64));
        cJSON_Delete(root);
    }

    /* brackets in strings, and siblings, are no levels */

    text[0] = '[';

    for (i = 0; i < 100; i++) {
        memcpy(text + 1 + i * 5, "\"[\",", 4);
        memcpy(text + 1 + i * 5 + 4, " ", 1);
    }

    memcpy(text + 501, "[]]", 4);
    root = parse(text);
    assert_non_null(root);
    cJSON_Delete(root);
}


static void
test_get(void **state)
{
    cJSON  *root;

    (void) state;

    root = parse("{\"a\":\"x\",\"b\":\"\",\"c\":1,\"d\":true,"
                 "\"e\":false,\"f\":\"true\",\"g\":[1],\"a\":\"y\"}");
    assert_non_null(root);

    test_assert_str(qwen_json_get_string(root, "a"), "x");
    assert_null(qwen_json_get_string(root, "A").data);
    assert_null(qwen_json_get_string(root, "b").data);
    assert_int_equal(qwen_json_get_string(root, "b").len, 0);
    assert_null(qwen_json_get_string(root, "c").data);
    assert_null(qwen_json_get_string(root, "none").data);
    assert_null(qwen_json_get_string(NULL, "a").data);

    assert_non_null(qwen_json_get(root, "g"));
    assert_null(qwen_json_get(qwen_json_get(root, "g"), "a"));
    assert_null(qwen_json_get(qwen_json_get(root, "a"), "a"));
    assert_null(qwen_json_get(root, "h"));
    assert_null(qwen_json_get(NULL, "a"));

    assert_true(qwen_json_get_true(root, "d"));
    assert_false(qwen_json_get_true(root, "e"));
    assert_false(qwen_json_get_true(root, "f"));
    assert_false(qwen_json_get_true(root, "c"));
    assert_false(qwen_json_get_true(root, "none"));
    assert_false(qwen_json_get_true(NULL, "d"));

    cJSON_Delete(root);
}


static void
test_get_int(void **state)
{
    size_t    i;
    cJSON    *root;
    int64_t   value;
    char      text[100];

    static const struct {
        const char  *json;
        int64_t      min, max;
        bool         found;
        int64_t      value;
    } cases[] = {
        { "0", 0, 10, true, 0 },
        { "10", 0, 10, true, 10 },
        { "11", 0, 10, false, 0 },
        { "-1", 0, 10, false, 0 },
        { "-5", -5, 5, true, -5 },
        { "-6", -5, 5, false, 0 },
        { "1.0", 0, 10, true, 1 },
        { "1e1", 0, 10, true, 10 },
        { "1.5", 0, 10, false, 0 },
        { "1700000000000", 0, INT64_MAX, true, 1700000000000 },
        { "1e300", INT64_MIN, INT64_MAX, false, 0 },
        { "-1e300", INT64_MIN, INT64_MAX, false, 0 },
        { "1e999", INT64_MIN, INT64_MAX, false, 0 },
        { "9223372036854775808", INT64_MIN, INT64_MAX, false, 0 },
        { "-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN },
        { "\"7\"", 0, 10, true, 7 },
        { "\"07\"", 0, 10, true, 7 },
        { "\"11\"", 0, 10, false, 0 },
        { "\"\"", 0, 10, false, 0 },
        { "\"-1\"", -10, 10, false, 0 },
        { "\"1 \"", 0, 10, false, 0 },
        { "\" 1\"", 0, 10, false, 0 },
        { "\"1.0\"", 0, 10, false, 0 },
        { "\"9223372036854775807\"", 0, INT64_MAX, true, INT64_MAX },
        { "\"9223372036854775808\"", 0, INT64_MAX, false, 0 },
        { "\"99999999999999999999\"", 0, INT64_MAX, false, 0 },
        { "true", 0, 10, false, 0 },
        { "null", 0, 10, false, 0 },
        { "[1]", 0, 10, false, 0 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        strcpy(text, "{\"n\":");
        strcat(text, cases[i].json);
        strcat(text, "}");

        root = parse(text);
        assert_non_null(root);
        value = 42;

        if (qwen_json_get_int(root, "n", cases[i].min, cases[i].max, &value)
            != cases[i].found)
        {
            fail_msg("%s", cases[i].json);
        }

        assert_true(value == (cases[i].found ? cases[i].value : 42));
        assert_false(qwen_json_get_int(root, "m", 0, 10, &value));
        cJSON_Delete(root);
    }

    assert_false(qwen_json_get_int(NULL, "n", 0, 10, &value));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_int)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
