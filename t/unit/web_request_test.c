
#include "test.h"
#include "qwen_json.h"
#include "qwen_web.h"


static void
test_signin_body(void **state)
{
    qwen_buf_t  out;

    (void) state;

    qwen_buf_init(&out, 1000);

    assert_int_equal(qwen_web_signin_body(test_str("a\"b@e.org"),
                                          test_str("password"), &out),
                     QWEN_OK);
    test_assert_str(qwen_buf_str(&out),
                    "{\"email\":\"a\\\"b@e.org\",\"password\":\""
                    "5e884898da28047151d0e56f8dc62927"
                    "73603d0d6aabbdd62a11ef721d1542d8\"}");

    qwen_buf_free(&out);
    qwen_buf_init(&out, 50);

    assert_int_equal(qwen_web_signin_body(test_str("a@e.org"),
                                          test_str("password"), &out),
                     QWEN_ERROR);
    qwen_buf_free(&out);
}


static void
test_new_chat_body(void **state)
{
    qwen_buf_t  out;

    (void) state;

    qwen_buf_init(&out, 1000);

    assert_int_equal(qwen_web_new_chat_body(&qwen_web_defaults,
                                            test_str("qwen\n"),
                                            QWEN_CHAT_SEARCH, 1700000000123,
                                            &out),
                     QWEN_OK);
    test_assert_str(qwen_buf_str(&out),
                    "{\"title\":\"New Chat\",\"models\":[\"qwen\\n\"],"
                    "\"chat_mode\":\"normal\",\"chat_type\":\"search\","
                    "\"timestamp\":1700000000123,\"project_id\":\"\"}");

    qwen_buf_free(&out);
}


/* The whole body with a text in it, its random ids replaced. */
static void
check_completion(const qwen_web_completion_t *completion,
    const char *expected)
{
    char        *printed;
    cJSON       *root, *message, *id;
    qwen_buf_t   head, tail;

    qwen_buf_init(&head, 4000);
    qwen_buf_init(&tail, 4000);

    assert_int_equal(qwen_web_completion_body(&qwen_web_defaults, completion,
                                              &head, &tail), QWEN_OK);
    (void) qwen_buf_append_literal(&head, "te\\nxt");
    (void) qwen_buf_append_str(&head, qwen_buf_str(&tail));

    root = qwen_json_parse(qwen_buf_str(&head));
    message = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "messages"), 0);
    id = cJSON_GetObjectItem(message, "fid");

    assert_int_equal(qwen_json_get_string(message, "fid").len, 36);
    cJSON_SetValuestring(id, "F");

    id = cJSON_GetArrayItem(cJSON_GetObjectItem(message, "childrenIds"), 0);
    assert_int_equal(strlen(id->valuestring), 36);
    cJSON_SetValuestring(id, "K");

    printed = cJSON_PrintUnformatted(root);
    assert_string_equal(printed, expected);

    cJSON_free(printed);
    cJSON_Delete(root);
    qwen_buf_free(&head);
    qwen_buf_free(&tail);
}


static void
test_completion_body(void **state)
{
    qwen_web_completion_t  completion = {
        test_str("c-1"), test_str("qwen3-max"), QWEN_CHAT_T2T, false, 0,
        1700000000
    };

    (void) state;

    check_completion(&completion,
        "{\"stream\":true,\"version\":\"2.1\",\"incremental_output\":true,"
        "\"chat_id\":\"c-1\",\"chat_mode\":\"normal\",\"model\":\"qwen3-max\","
        "\"parent_id\":null,\"timestamp\":1700000000,\"messages\":[{"
        "\"fid\":\"F\",\"parentId\":null,\"parent_id\":null,\"childrenIds\":["
        "\"K\"],\"role\":\"user\",\"content\":\"te\\nxt\",\"user_action\":"
        "\"chat\",\"files\":[],\"timestamp\":1700000000,\"models\":["
        "\"qwen3-max\"],\"chat_type\":\"t2t\",\"sub_chat_type\":\"t2t\","
        "\"feature_config\":{\"thinking_enabled\":false,\"output_schema\":"
        "\"phase\",\"research_mode\":\"normal\",\"auto_thinking\":false,"
        "\"thinking_mode\":\"Auto\",\"thinking_format\":\"summary\","
        "\"auto_search\":false,\"code_interpreter\":false,"
        "\"plugins_enabled\":false,\"function_calling\":false},"
        "\"extra\":{\"meta\":{\"subChatType\":\"t2t\"}}}]}");

    completion.type = QWEN_CHAT_SEARCH;
    completion.thinking = true;
    completion.thinking_budget = 1024;
    completion.model = test_str("a\"b");

    check_completion(&completion,
        "{\"stream\":true,\"version\":\"2.1\",\"incremental_output\":true,"
        "\"chat_id\":\"c-1\",\"chat_mode\":\"normal\",\"model\":\"a\\\"b\","
        "\"parent_id\":null,\"timestamp\":1700000000,\"messages\":[{"
        "\"fid\":\"F\",\"parentId\":null,\"parent_id\":null,\"childrenIds\":["
        "\"K\"],\"role\":\"user\",\"content\":\"te\\nxt\",\"user_action\":"
        "\"chat\",\"files\":[],\"timestamp\":1700000000,\"models\":["
        "\"a\\\"b\"],\"chat_type\":\"search\",\"sub_chat_type\":\"search\","
        "\"feature_config\":{\"thinking_enabled\":true,\"output_schema\":"
        "\"phase\",\"research_mode\":\"normal\",\"auto_thinking\":true,"
        "\"thinking_mode\":\"Auto\",\"thinking_format\":\"summary\","
        "\"auto_search\":true,\"thinking_budget\":1024,"
        "\"code_interpreter\":false,"
        "\"plugins_enabled\":false,\"function_calling\":false},"
        "\"extra\":{\"meta\":{\"subChatType\":\"search\"}}}]}");
}


static void
test_completion_caps(void **state)
{
    qwen_buf_t             head, tail;
    qwen_web_completion_t  completion = {
        test_str("c"), test_str("m"), QWEN_CHAT_T2V, false, 5, 1
    };

    (void) state;

    qwen_buf_init(&head, 1000);
    qwen_buf_init(&tail, 100);
    assert_int_equal(qwen_web_completion_body(&qwen_web_defaults, &completion,
                                              &head, &tail), QWEN_ERROR);
    assert_memory_equal(head.data, "{\"stream\":false,", 16);
    qwen_buf_free(&head);
    qwen_buf_free(&tail);

    qwen_buf_init(&head, 100);
    qwen_buf_init(&tail, 1000);
    assert_int_equal(qwen_web_completion_body(&qwen_web_defaults, &completion,
                                              &head, &tail), QWEN_ERROR);
    qwen_buf_free(&head);
    qwen_buf_free(&tail);
}


static void
test_args(void **state)
{
    qwen_buf_t  out;

    (void) state;

    qwen_buf_init(&out, 100);

    assert_int_equal(qwen_web_completion_args(
                         test_str("aZ0-._~/?&= \r\n%\xe4"), &out), QWEN_OK);
    test_assert_str(qwen_buf_str(&out),
                    "chat_id=aZ0-._~%2F%3F%26%3D%20%0D%0A%25%E4");

    qwen_buf_free(&out);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_signin_body),
        cmocka_unit_test(test_new_chat_body),
        cmocka_unit_test(test_completion_body),
        cmocka_unit_test(test_completion_caps),
        cmocka_unit_test(test_args)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
