
#include "test.h"
#include "qwen_failure.h"


static void
test_classes(void **state)
{
    size_t  i;

    static const struct {
        qwen_fail_class_t   class;
        const char         *name;
        bool                retriable;
    } cases[] = {
        { QWEN_FAIL_NONE, "", false },
        { QWEN_FAIL_TOKEN, "token", true },
        { QWEN_FAIL_FORBIDDEN, "forbidden", true },
        { QWEN_FAIL_RATE_LIMITED, "rate_limited", true },
        { QWEN_FAIL_QUOTA, "quota", true },
        { QWEN_FAIL_ACCOUNT, "account", true },
        { QWEN_FAIL_CONTENT_FILTER, "content_filter", false },
        { QWEN_FAIL_CHALLENGED, "challenged", true },
        { QWEN_FAIL_OUTAGE, "outage", true },
        { QWEN_FAIL_TIMEOUT, "timeout", true },
        { QWEN_FAIL_EMPTY, "empty", true },
        { QWEN_FAIL_INCOMPLETE, "incomplete", false },
        { QWEN_FAIL_PROTOCOL, "protocol", true },
        { QWEN_FAIL_LIMIT, "limit", false },
        { QWEN_FAIL_MODEL, "model", false },
        { QWEN_FAIL_INTERNAL, "internal", false }
    };

    (void) state;

    assert_int_equal(test_count(cases), QWEN_FAIL_INTERNAL + 1);

    for (i = 0; i < test_count(cases); i++) {
        test_assert_str(qwen_fail_class_name(cases[i].class), cases[i].name);
        assert_int_equal(qwen_fail_class_find(
                                     qwen_fail_class_name(cases[i].class)),
                         cases[i].class);
        assert_int_equal(qwen_fail_class_retriable(cases[i].class),
                         cases[i].retriable);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_classes)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
