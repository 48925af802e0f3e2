
#include "test.h"

#include "qwen_json_write.h"


static void
test_members_and_elements(void **state)
{
    qwen_buf_t  out;

    (void) state;

    qwen_buf_init(&out, 1024);

    qwen_json_begin_object(&out, NULL);
    qwen_json_put_string(&out, "a", qwen_literal("x\"\n\xc3\xa9{"));
    qwen_json_put_int(&out, "b", -7);
    qwen_json_put_bool(&out, "c", true);
    qwen_json_put_bool(&out, "d", false);
    qwen_json_put_null(&out, "e");
    qwen_json_begin_array(&out, "f");
    qwen_json_put_int(&out, NULL, 1);
    qwen_json_begin_object(&out, NULL);
    qwen_json_end_object(&out);
    qwen_json_put_string(&out, NULL, qwen_literal(""));
    qwen_json_end_array(&out);
    qwen_json_begin_object(&out, "g");
    qwen_json_put_json(&out, "h", qwen_literal("[1,2]"));
    qwen_json_end_object(&out);
    qwen_json_begin_array(&out, "i");
    qwen_json_end_array(&out);
    qwen_json_end_object(&out);

    assert_false(out.failed);
    test_assert_str(qwen_buf_str(&out),
                    "{\"a\":\"x\\\"\\n\xc3\xa9{\",\"b\":-7,\"c\":true,"
                    "\"d\":false,\"e\":null,\"f\":[1,{},\"\"],"
                    "\"g\":{\"h\":[1,2]},\"i\":[]}");

    qwen_buf_free(&out);
}


static void
test_cap_is_remembered(void **state)
{
    qwen_buf_t  out;

    (void) state;

    qwen_buf_init(&out, 4);

    qwen_json_begin_object(&out, NULL);
    qwen_json_put_int(&out, "name", 1);
    qwen_json_end_object(&out);

    assert_true(out.failed);

    qwen_buf_free(&out);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_members_and_elements),
        cmocka_unit_test(test_cap_is_remembered)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
