
#include "test.h"
#include "qwen_strict.h"


typedef struct {
    const char  *text;
    size_t       offset;
    const char  *reason;
} wrong_t;


static const char *
check(const char *text, size_t len, size_t *offset)
{
    uint8_t     *copy;
    const char  *wrong;

    copy = test_copy(text, len);
    wrong = qwen_strict_check((qwen_str_t) { copy, len }, offset);
    free(copy);

    return wrong;
}


static void
test_valid(void **state)
{
    size_t       i, offset;
    const char  *wrong;

    static const char *const  valid[] = {
        "null", "true", "false", " 0 ", "-0", "-12.50e+3", "1E-7", "\"\"",
        "{}", "[]", "\r\n\t [ ] ", "[1,2,[3]]", "{\"a\":1,\"b\":[{},[]]}",
        "{\"\":{\"a\":{}}}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00aF\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"", "\"\\ud800\"",
        "{\"a\":1,\"a\":2}", "[[],{},\"[\",\"{\"]"
    };

    (void) state;

    for (i = 0; i < test_count(valid); i++) {
        wrong = check(valid[i], strlen(valid[i]), &offset);

        if (wrong) {
            fail_msg("%s: %s at %zu", valid[i], wrong, offset);
        }
    }
}


static const wrong_t  wrongs[] = {
    { "", 0, "the text is empty" },
    { " \n ", 3, "the text ends too early" },
    { "nul", 3, "the text ends too early" },
    { "nulx", 3, "expected a value" },
    { "True", 0, "expected a value" },
    { "\xef\xbb\xbf{}", 0, "expected a value" },
    { "+1", 0, "expected a value" },
    { "'a'", 0, "expected a value" },
    { "-", 1, "the text ends too early" },
    { "-a", 1, "an invalid number" },
    { "01", 1, "something follows the end" },
    { "[01]", 2, "expected \",\" or \"]\"" },
    { "[1.]", 3, "an invalid number" },
    { "[.5]", 1, "expected a value" },
    { "[1e]", 3, "an invalid number" },
    { "[1e+]", 4, "an invalid number" },
    { "1.", 2, "the text ends too early" },
    { "\"", 1, "the text ends too early" },
    { "\"a", 2, "the text ends too early" },
    { "\"a\n\"", 2, "a control character in a string" },
    { "\"\\", 1, "the text ends too early" },
    { "\"\\x\"", 1, "an invalid escape in a string" },
    { "\"\\u12", 1, "the text ends too early" },
    { "\"\\u12g4\"", 1, "an invalid escape in a string" },
    { "\"a\xff\"", 2, "invalid UTF-8 in a string" },
    { "\"a\xc0\xaf\"", 2, "invalid UTF-8 in a string" },
    { "\"\xed\xa0\x80\"", 1, "invalid UTF-8 in a string" },
    { "{", 1, "the text ends too early" },
    { "[", 1, "the text ends too early" },
    { "[1", 2, "the text ends too early" },
    { "[1,", 3, "the text ends too early" },
    { "[1,]", 3, "expected a value" },
    { "[,1]", 1, "expected a value" },
    { "[1 2]", 3, "expected \",\" or \"]\"" },
    { "[1}", 2, "expected \",\" or \"]\"" },
    { "{]", 1, "expected a member's name" },
    { "{a:1}", 1, "expected a member's name" },
    { "{1:1}", 1, "expected a member's name" },
    { "{\"a\"}", 4, "expected \":\"" },
    { "{\"a\" 1}", 5, "expected \":\"" },
    { "{\"a\":}", 5, "expected a value" },
    { "{\"a\":1,}", 7, "expected a member's name" },
    { "{\"a\":1 \"b\":2}", 7, "expected \",\" or \"}\"" },
    { "{\"a\":1]", 6, "expected \",\" or \"}\"" },
    { "{} {}", 3, "something follows the end" },
    { "{}}", 2, "something follows the end" },
    { "// x\n{}", 0, "expected a value" }
};


static void
test_invalid(void **state)
{
    size_t       i, offset;
    const char  *reason;

    (void) state;

    for (i = 0; i < test_count(wrongs); i++) {
        reason = check(wrongs[i].text, strlen(wrongs[i].text), &offset);

        if (reason == NULL || strcmp(reason, wrongs[i].reason) != 0
            || offset != wrongs[i].offset)
        {
            fail_msg("%s: %s at %zu", wrongs[i].text,
                     reason ? reason : "accepted", offset);
        }
    }

    assert_string_equal(check("{}\0", 3, &offset),
                        "something follows the end");
    assert_int_equal(offset, 2);
    assert_string_equal(check("\"\0\"", 3, &offset),
                        "a control character in a string");
    assert_int_equal(offset, 1);
}


/* Whatever is cut off a text, it is not valid any more. */
static void
test_cut(void **state)
{
    size_t  len, offset;

    static const char  text[] =
        "{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\n\xc3\xa9\"],\"b\":{\"c\":{}}}";

    (void) state;

    assert_null(check(text, sizeof(text) - 1, &offset));

    for (len = 1; len < sizeof(text) - 1; len++) {
        assert_non_null(check(text, len, &offset));
        assert_true(offset <= len);
    }
}


static void
test_depth(void **state)
{
    char    text[2 * QWEN_STRICT_MAX_DEPTH + 2];
    size_t  offset;

    (void) state;

    memset(text, '[', QWEN_STRICT_MAX_DEPTH);
    memset(text + QWEN_STRICT_MAX_DEPTH, ']', QWEN_STRICT_MAX_DEPTH);
    assert_null(check(text, 2 * QWEN_STRICT_MAX_DEPTH, &offset));

    memset(text, '[', QWEN_STRICT_MAX_DEPTH + 1);
    memset(text + QWEN_STRICT_MAX_DEPTH + 1, ']', QWEN_STRICT_MAX_DEPTH + 1);
    assert_string_equal(check(text, sizeof(text), &offset),
                        "nested too deeply");
    assert_int_equal(offset, QWEN_STRICT_MAX_DEPTH);
}


static void
test_pairs(void **state)
{
    size_t      i;
    uint8_t    *copy;
    qwen_str_t  text;

    static const char *const  paired[] = {
        "", "abc", "\\\\ud800", "\\ud83d\\ude00", "x\\uD83D\\uDE00\\n",
        "\\ud7ff\\ue000", "\\\"\\\\"
    };
    static const char *const  single[] = {
        "\\ud83d", "\\ude00", "\\ud83dx", "\\ud83d\\n1234", "x\\ud83d\\ud83d",
        "\\ude00\\ud83d", "\\ud83d\\ude00\\ude00", "\\ud83d\\\\ude00"
    };

    (void) state;

    for (i = 0; i < test_count(paired); i++) {
        text.len = strlen(paired[i]);
        text.data = copy = test_copy(paired[i], text.len);
        assert_true(qwen_strict_is_paired(text));
        free(copy);
    }

    for (i = 0; i < test_count(single); i++) {
        text.len = strlen(single[i]);
        text.data = copy = test_copy(single[i], text.len);
        assert_false(qwen_strict_is_paired(text));
        free(copy);
    }

    assert_true(qwen_strict_is_paired((qwen_str_t) { NULL, 0 }));
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_pairs)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
