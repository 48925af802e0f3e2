
#include "test.h"
#include "qwen_request.h"


static void
test_chat_types(void **state)
{
    size_t            i;
    qwen_chat_type_t  type;

    static const char  *names[] = {
        "t2t", "search", "t2i", "t2v", "image_edit", "deep_research"
    };

    (void) state;

    assert_int_equal(test_count(names), QWEN_CHAT_DEEP_RESEARCH + 1);

    for (i = 0; i < test_count(names); i++) {
        test_assert_str(qwen_chat_type_name((qwen_chat_type_t) i), names[i]);
        assert_true(qwen_chat_type_parse(test_str(names[i]), &type));
        assert_int_equal(type, i);
    }

    assert_false(qwen_chat_type_parse(test_str(""), &type));
    assert_false(qwen_chat_type_parse((qwen_str_t) { NULL, 0 }, &type));
    assert_false(qwen_chat_type_parse(test_str("T2T"), &type));
    assert_false(qwen_chat_type_parse(test_str("t2"), &type));
    assert_false(qwen_chat_type_parse(test_str("t2tt"), &type));
}


static void
test_roles(void **state)
{
    size_t       i;
    qwen_role_t  role;

    static const char  *names[] = {
        "system", "developer", "user", "assistant", "tool", "function"
    };

    (void) state;

    assert_int_equal(test_count(names), QWEN_ROLE_FUNCTION + 1);

    for (i = 0; i < test_count(names); i++) {
        test_assert_str(qwen_role_name((qwen_role_t) i), names[i]);
        assert_true(qwen_role_parse(test_str(names[i]), &role));
        assert_int_equal(role, i);
    }

    assert_false(qwen_role_parse(test_str(""), &role));
    assert_false(qwen_role_parse(test_str("User"), &role));
    assert_false(qwen_role_parse(test_str("users"), &role));
}


static void
test_release(void **state)
{
    qwen_request_t  request = { .model = { .max = 100 } };

    (void) state;

    qwen_buf_append_literal(&request.model, "qwen3-max");
    request.messages = malloc(sizeof(qwen_message_t));
    request.nmessages = 1;
    request.texts = malloc(sizeof(qwen_span_t));
    request.ntexts = 1;

    qwen_request_free(&request);
    assert_null(request.model.data);
    assert_null(request.messages);
    assert_null(request.texts);
    assert_int_equal(request.nmessages, 0);
    assert_int_equal(request.ntexts, 0);

    qwen_request_free(&request);

    memset(&request, 0, sizeof(request));
    qwen_request_free(&request);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_chat_types),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_release)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
