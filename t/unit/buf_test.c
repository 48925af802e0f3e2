
#include "test.h"
#include "qwen_buf.h"


/* An allocation that cannot succeed must give NULL under a sanitizer too. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}


static void
test_append(void **state)
{
    size_t      i;
    qwen_buf_t  buf;

    (void) state;

    qwen_buf_init(&buf, 1000);
    assert_null(buf.data);

    for (i = 0; i < 100; i++) {
        assert_int_equal(qwen_buf_append(&buf, "0123456789", 10), QWEN_OK);
        assert_true(buf.size <= 1000);
    }

    assert_int_equal(buf.len, 1000);

    for (i = 0; i < 1000; i++) {
        assert_int_equal(buf.data[i], '0' + i % 10);
    }

    qwen_buf_free(&buf);
}


static void
test_cap(void **state)
{
    size_t      cap;
    qwen_buf_t  buf;

    (void) state;

    for (cap = 0; cap < 200; cap++) {
        qwen_buf_init(&buf, cap);

        while (buf.len < cap) {
            assert_int_equal(qwen_buf_append(&buf, "x", 1), QWEN_OK);
        }

        assert_false(buf.failed);
        assert_int_equal(qwen_buf_append(&buf, "y", 1), QWEN_ERROR);
        assert_true(buf.failed);
        assert_int_equal(buf.len, cap);

        /* it stays failed, even for nothing */

        assert_int_equal(qwen_buf_append(&buf, "", 0), QWEN_ERROR);

        qwen_buf_reset(&buf);
        assert_false(buf.failed);
        assert_int_equal(buf.len, 0);
        assert_int_equal(qwen_buf_append(&buf, "x", cap ? 1 : 0), QWEN_OK);

        qwen_buf_free(&buf);
        assert_int_equal(buf.max, cap);
    }
}


static void
test_failed_append_keeps_contents(void **state)
{
    qwen_buf_t  buf;

    (void) state;

    qwen_buf_init(&buf, 8);
    qwen_buf_append_literal(&buf, "abcd");
    assert_int_equal(qwen_buf_append(&buf, "efghi", 5), QWEN_ERROR);
    test_assert_str(qwen_buf_str(&buf), "abcd");
    assert_int_equal(qwen_buf_append(&buf, "e", 1), QWEN_ERROR);
    test_assert_str(qwen_buf_str(&buf), "abcd");
    qwen_buf_free(&buf);
}


static void
test_no_memory(void **state)
{
    qwen_buf_t  buf;

    (void) state;

    qwen_buf_init(&buf, SIZE_MAX);
    qwen_buf_append_literal(&buf, "abcd");

    assert_int_equal(qwen_buf_reserve(&buf, SIZE_MAX / 2), QWEN_ERROR);
    assert_true(buf.failed);
    test_assert_str(qwen_buf_str(&buf), "abcd");

    qwen_buf_reset(&buf);
    qwen_buf_append_literal(&buf, "abcd");

    /* len + 4 does not fit a size_t */

    assert_int_equal(qwen_buf_reserve(&buf, SIZE_MAX - 1), QWEN_ERROR);
    test_assert_str(qwen_buf_str(&buf), "abcd");

    qwen_buf_free(&buf);
}


static void
test_reserve(void **state)
{
    uint8_t    *data;
    qwen_buf_t  buf;

    (void) state;

    qwen_buf_init(&buf, 100);
    assert_int_equal(qwen_buf_reserve(&buf, 50), QWEN_OK);
    assert_int_equal(buf.size, 50);
    assert_int_equal(buf.len, 0);

    data = buf.data;
    assert_int_equal(qwen_buf_append(&buf, "0123456789", 10), QWEN_OK);
    assert_int_equal(qwen_buf_reserve(&buf, 40), QWEN_OK);
    assert_ptr_equal(buf.data, data);

    assert_int_equal(qwen_buf_reserve(&buf, 90), QWEN_OK);
    assert_int_equal(buf.size, 100);
    assert_int_equal(qwen_buf_reserve(&buf, 91), QWEN_ERROR);
    test_assert_str(qwen_buf_str(&buf), "0123456789");

    qwen_buf_free(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.size, 0);
    assert_false(buf.failed);
}


static void
test_zeroed(void **state)
{
    qwen_buf_t  buf = { .max = 10 };

    (void) state;

    assert_int_equal(qwen_buf_append(&buf, NULL, 0), QWEN_OK);
    assert_null(buf.data);
    assert_int_equal(qwen_buf_append_str(&buf, (qwen_str_t) { NULL, 0 }),
                     QWEN_OK);
    assert_int_equal(qwen_buf_append_literal(&buf, "0123456789"), QWEN_OK);
    qwen_buf_free(&buf);
}


static void
test_append_int(void **state)
{
    size_t      i;
    qwen_buf_t  buf;

    static const struct {
        int64_t      value;
        const char  *text;
    } cases[] = {
        { 0, "0" },
        { 7, "7" },
        { -1, "-1" },
        { 1700000000, "1700000000" },
        { INT64_MAX, "9223372036854775807" },
        { INT64_MIN, "-9223372036854775808" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        qwen_buf_init(&buf, strlen(cases[i].text));
        assert_int_equal(qwen_buf_append_int(&buf, cases[i].value), QWEN_OK);
        test_assert_str(qwen_buf_str(&buf), cases[i].text);
        assert_int_equal(qwen_buf_append_int(&buf, 1), QWEN_ERROR);
        qwen_buf_free(&buf);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_failed_append_keeps_contents),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_append_int)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
