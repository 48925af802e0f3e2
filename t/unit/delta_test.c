
#include "test.h"
#include "qwen_delta.h"


static void
test_estimate(void **state)
{
    size_t        i;
    qwen_usage_t  usage;

    static const struct {
        uint64_t  prompt, text, reasoning;           /* bytes */
        uint64_t  prompt_tokens, completion_tokens, reasoning_tokens;
    } cases[] = {
        { 0, 0, 0, 0, 0, 0 },
        { 1, 1, 1, 1, 2, 1 },
        { 4, 4, 4, 1, 2, 1 },
        { 5, 6, 7, 2, 4, 2 },
        { 400, 100, 1, 100, 26, 1 },
        { UINT64_MAX, UINT64_MAX, UINT64_MAX, 1ull << 62, 1ull << 63,
          1ull << 62 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        usage = qwen_usage_estimate(cases[i].prompt, cases[i].text,
                                    cases[i].reasoning);
        assert_true(usage.estimated);
        assert_int_equal(usage.prompt, cases[i].prompt_tokens);
        assert_int_equal(usage.completion, cases[i].completion_tokens);
        assert_int_equal(usage.reasoning, cases[i].reasoning_tokens);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_estimate)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
