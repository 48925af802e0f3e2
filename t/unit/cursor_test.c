
#include "test.h"
#include "qwen_cursor.h"


static qwen_rc_t
skip_all(const char *json, size_t *rest)
{
    size_t          len;
    uint8_t        *copy;
    qwen_rc_t       rc;
    qwen_cursor_t   cursor;

    len = strlen(json);
    copy = test_copy(json, len);

    qwen_cursor_init(&cursor, (qwen_str_t) { copy, len });
    rc = qwen_cursor_skip(&cursor);
    *rest = (size_t) (cursor.end - cursor.pos);

    free(copy);

    return rc;
}


static void
test_skip(void **state)
{
    size_t  i, rest;

    static const char *const  valid[] = {
        "null", "true", "false", "0", "-12.5e+3", "\"\"", "\"a\"", "{}", "[]",
        " [ ] ", "[1,2]", "{\"a\":1,\"b\":[{}]}", "\"\\\"\"", "\"\\\\\"",
        "\"0123456789012345678901234567890123456789\"",
        "\"0123456\\\"8901234567890123456789\\\\\"", "\"12345678\"",
        "{\"0123456789012345678901234567890\":\"x\"}\t\r\n"
    };
    static const char *const  invalid[] = {
        "", " ", "nul", "nulll", "True", "+1", "'a'", "\"", "\"a", "\"\\\"",
        "\"01234567\\\"", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}",
        "[1 2]", "[}", "{]", "\x01", "}", "]", ","
    };

    (void) state;

    for (i = 0; i < test_count(valid); i++) {
        assert_int_equal(skip_all(valid[i], &rest), QWEN_OK);
    }

    for (i = 0; i < test_count(invalid); i++) {
        if (skip_all(invalid[i], &rest) != QWEN_ERROR) {
            fail_msg("accepted: %s", invalid[i]);
        }
    }

    assert_int_equal(skip_all("[1] x", &rest), QWEN_OK);
    assert_int_equal(rest, 2);
}


static void
test_depth(void **state)
{
    char    json[200];
    size_t  rest;

    (void) state;

    memset(json, '[', 64);
    memset(json + 64, ']', 64);
    json[128] = '\0';
    assert_int_equal(skip_all(json, &rest), QWEN_OK);

    memset(json, '[', 65);
    memset(json + 65, ']', 65);
    json[130] = '\0';
    assert_int_equal(skip_all(json, &rest), QWEN_ERROR);
}


static void
test_strings(void **state)
{
    char            json[100];
    size_t          before, len;
    uint8_t        *copy;
    qwen_str_t      string;
    qwen_cursor_t   cursor;

    (void) state;

    /* of any length, at any place, up to the last byte */

    for (len = 0; len < 80; len++) {
        for (before = 0; before < 10; before++) {
            memset(json, ' ', before);
            json[before] = '"';
            memset(json + before + 1, 'x', len);
            json[before + len + 1] = '"';

            copy = test_copy(json, before + len + 2);
            qwen_cursor_init(&cursor, (qwen_str_t) { copy, before + len + 2 });

            assert_int_equal(qwen_cursor_string(&cursor, &string), QWEN_OK);
            assert_int_equal(string.len, len);
            assert_ptr_equal(string.data, copy + before + 1);
            assert_ptr_equal(cursor.pos, cursor.end);

            qwen_cursor_init(&cursor, (qwen_str_t) { copy, before + len + 1 });
            assert_int_equal(qwen_cursor_string(&cursor, &string),
                             QWEN_ERROR);

            free(copy);
        }
    }
}


static void
test_members(void **state)
{
    uint64_t       count;
    qwen_str_t     name, value;
    qwen_cursor_t  cursor;

    (void) state;

    qwen_cursor_init(&cursor, test_str(" { \"a\" : [ 1 , \"x\" ] ,\"b\":7, "
                                       "\"c\":null }"));

    assert_int_equal(qwen_cursor_peek(&cursor), '{');
    qwen_cursor_enter(&cursor);

    assert_int_equal(qwen_cursor_member(&cursor, &name), QWEN_OK);
    test_assert_str(name, "a");
    assert_int_equal(qwen_cursor_peek(&cursor), '[');
    qwen_cursor_enter(&cursor);
    assert_int_equal(qwen_cursor_element(&cursor), QWEN_OK);
    assert_int_equal(qwen_cursor_take_string(&cursor, &value), QWEN_OK);
    assert_null(value.data);
    assert_int_equal(qwen_cursor_element(&cursor), QWEN_OK);
    assert_int_equal(qwen_cursor_take_string(&cursor, &value), QWEN_OK);
    test_assert_str(value, "x");
    assert_int_equal(qwen_cursor_element(&cursor), QWEN_AGAIN);

    assert_int_equal(qwen_cursor_member(&cursor, &name), QWEN_OK);
    assert_int_equal(qwen_cursor_count(&cursor, &count), QWEN_OK);
    assert_int_equal(count, 7);

    assert_int_equal(qwen_cursor_member(&cursor, &name), QWEN_OK);
    assert_int_equal(qwen_cursor_value(&cursor, &value), QWEN_OK);
    test_assert_str(value, "null");

    assert_int_equal(qwen_cursor_member(&cursor, &name), QWEN_AGAIN);
    assert_int_equal(qwen_cursor_peek(&cursor), 0);
}


static void
test_counts(void **state)
{
    size_t         i;
    uint64_t       count;
    qwen_cursor_t  cursor;

    static const struct {
        const char  *json;
        qwen_rc_t    rc;
        uint64_t     count;
    } cases[] = {
        { "0", QWEN_OK, 0 }, { "42 ", QWEN_OK, 42 },
        { "9007199254740992", QWEN_OK, 9007199254740992 },
        { "9007199254740993", QWEN_AGAIN, 0 },
        { "99999999999999999999999999", QWEN_AGAIN, 0 },
        { "-1", QWEN_AGAIN, 0 }, { "1.0", QWEN_AGAIN, 0 },
        { "1e3", QWEN_AGAIN, 0 }, { "null", QWEN_AGAIN, 0 },
        { "\"5\"", QWEN_AGAIN, 0 }, { "[5]", QWEN_AGAIN, 0 },
        { "5x", QWEN_AGAIN, 0 }, { "x", QWEN_ERROR, 0 }, { "", QWEN_ERROR, 0 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        count = 0;
        qwen_cursor_init(&cursor, test_str(cases[i].json));
        assert_int_equal(qwen_cursor_count(&cursor, &count), cases[i].rc);
        assert_int_equal(count, cases[i].count);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_counts)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
