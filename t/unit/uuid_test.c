
#include "test.h"
#include "qwen_uuid.h"


static void
test_form(void **state)
{
    char  out[QWEN_UUID_LEN + 1];
    int   i, place;

    (void) state;

    for (i = 0; i < 1000; i++) {
        memset(out, '#', sizeof(out));
        assert_int_equal(qwen_uuid4(out), QWEN_OK);
        assert_int_equal(out[QWEN_UUID_LEN], '#');

        for (place = 0; place < QWEN_UUID_LEN; place++) {

            if (place == 8 || place == 13 || place == 18 || place == 23) {
                assert_int_equal(out[place], '-');

            } else {
                assert_non_null(memchr("0123456789abcdef", out[place], 16));
            }
        }

        assert_int_equal(out[14], '4');
        assert_non_null(memchr("89ab", out[19], 4));
    }
}


static void
test_random(void **state)
{
    char   out[200][QWEN_UUID_LEN];
    int    i, j;

    (void) state;

    for (i = 0; i < 200; i++) {
        assert_int_equal(qwen_uuid4(out[i]), QWEN_OK);

        for (j = 0; j < i; j++) {
            assert_memory_not_equal(out[i], out[j], QWEN_UUID_LEN);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_random)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
