
#include <stdio.h>

#include <cjson/cJSON.h>

#include "test.h"
#include "qwen_model_name.h"
#include "qwen_openai_chat.h"


#define USER  "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"


typedef struct {
    qwen_body_t   body;
    const char   *data;
} body_t;


typedef struct {
    body_t                body;
    qwen_scan_t           scan;
    cJSON                *root;
    qwen_request_t        request;
    qwen_openai_error_t   error;
    qwen_rc_t             rc;
} parsed_t;


static size_t
body_read(qwen_body_t *body, uint64_t offset, size_t len,
    const uint8_t **data)
{
    *data = (const uint8_t *) ((body_t *) body)->data + offset;

    return (len < 3) ? len : 3;
}


static size_t
body_read_nothing(qwen_body_t *body, uint64_t offset, size_t len,
    const uint8_t **data)
{
    (void) body;
    (void) offset;
    (void) len;
    (void) data;

    return 0;
}


static void
parse(parsed_t *parsed, const char *json)
{
    static const qwen_scan_limits_t  limits = { 1 << 24, 1 << 20, 64 };

    memset(parsed, 0, sizeof(parsed_t));

    parsed->body.body.read = body_read;
    parsed->body.data = json;

    qwen_scan_init(&parsed->scan, &limits);
    assert_int_equal(qwen_scan_feed(&parsed->scan, (const uint8_t *) json,
                                    strlen(json)), QWEN_AGAIN);
    assert_int_equal(qwen_scan_end(&parsed->scan, &parsed->root), QWEN_OK);

    parsed->rc = qwen_openai_chat_parse(&parsed->scan, parsed->root,
                                        &parsed->body.body, &parsed->request,
                                        &parsed->error);
}


static void
release(parsed_t *parsed)
{
    qwen_request_free(&parsed->request);
    cJSON_Delete(parsed->root);
    qwen_scan_free(&parsed->scan);
}


static void
check_text(parsed_t *parsed, size_t n, const char *text)
{
    qwen_buf_t  plain;

    assert_true(n < parsed->request.ntexts);

    qwen_buf_init(&plain, 1000);
    assert_int_equal(qwen_span_plain(parsed->request.texts[n],
                                     &parsed->body.body, &plain), QWEN_OK);
    test_assert_str(qwen_buf_str(&plain), text);
    qwen_buf_free(&plain);
}


static void
test_wrong(void **state)
{
    size_t    i;
    parsed_t  parsed;

    static const struct {
        const char  *json;
        const char  *param;
    } cases[] = {
        { "[]", "" }, { "7", "" }, { "\"x\"", "" }, { "null", "" },
        { "{" USER "}", "model" },
        { "{\"model\":null," USER "}", "model" },
        { "{\"model\":5," USER "}", "model" },
        { "{\"model\":\"\"," USER "}", "model" },
        { "{\"model\":\"a\\nb\"," USER "}", "model" },
        { "{\"model\":\"a\\u0000b\"," USER "}", "model" },
        { "{\"model\":\"a\\u007fb\"," USER "}", "model" },
        { "{\"model\":[\"m\"]," USER "}", "model" },
        { "{\"model\":\"m\"}", "messages" },
        { "{\"model\":\"m\",\"messages\":null}", "messages" },
        { "{\"model\":\"m\",\"messages\":[]}", "messages" },
        { "{\"model\":\"m\",\"messages\":{}}", "messages" },
        { "{\"model\":\"m\",\"messages\":\"hi\"}", "messages" },
        { "{\"model\":\"m\",\"messages\":[5]}", "messages[0]" },
        { "{\"model\":\"m\",\"messages\":[null]}", "messages[0]" },
        { "{\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]}",
          "messages[0].role" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":5,\"content\":\"x\"}]}",
          "messages[0].role" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"User\",\"content\":"
          "\"x\"}]}", "messages[0].role" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"a role that is longer "
          "than any that is known\",\"content\":\"x\"}]}",
          "messages[0].role" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]}",
          "messages[0].content" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
          "null}]}", "messages[0].content" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"tool\",\"content\":"
          "null}]}", "messages[0].content" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"function\"}]}",
          "messages[0].content" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":5}]}",
          "messages[0].content" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
          "[]}]}", "messages[0].content" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":"
          "{}}]}", "messages[0].content" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
          "\"x\"},{\"role\":\"user\",\"content\":[\"x\"]}]}",
          "messages[1].content[0]" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"text\",\"text\":\"x\"},{}]}]}",
          "messages[0].content[1].type" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":7}]}]}", "messages[0].content[0].type" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"input_text\",\"text\":\"x\"}]}]}",
          "messages[0].content[0].type" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"refusal\",\"refusal\":\"x\"}]}]}",
          "messages[0].content[0].type" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"text\"}]}]}", "messages[0].content[0].text" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"text\",\"text\":5}]}]}",
          "messages[0].content[0].text" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":"
          "[{\"type\":\"refusal\"}]}]}",
          "messages[0].content[0].refusal" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"image_url\"}]}]}",
          "messages[0].content[0].image_url" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"image_url\",\"image_url\":\"\"}]}]}",
          "messages[0].content[0].image_url" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"image_url\",\"image_url\":{\"url\":\"\"}}]}]}",
          "messages[0].content[0].image_url.url" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"video_url\",\"video_url\":{\"url\":5}}]}]}",
          "messages[0].content[0].video_url.url" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"file\",\"file\":{\"filename\":\"x\"}}]}]}",
          "messages[0].content[0].file.file_data" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
          "\"type\":\"input_audio\",\"input_audio\":{\"format\":\"wav\"}}]}]}",
          "messages[0].content[0].input_audio.data" },
        { "{\"model\":\"m\",\"stream\":1," USER "}", "stream" },
        { "{\"model\":\"m\",\"stream\":\"yes\"," USER "}", "stream" },
        { "{\"model\":\"m\",\"stream\":[]," USER "}", "stream" },
        { "{\"model\":\"m\",\"stream_options\":5," USER "}",
          "stream_options" },
        { "{\"model\":\"m\",\"stream_options\":{\"include_usage\":1}," USER
          "}", "stream_options.include_usage" },
        { "{\"model\":\"m\",\"enable_thinking\":1," USER "}",
          "enable_thinking" },
        { "{\"model\":\"m\",\"reasoning_effort\":1," USER "}",
          "reasoning_effort" },
        { "{\"model\":\"m\",\"thinking_budget\":0," USER "}",
          "thinking_budget" },
        { "{\"model\":\"m\",\"thinking_budget\":81921," USER "}",
          "thinking_budget" },
        { "{\"model\":\"m\",\"thinking_budget\":1.5," USER "}",
          "thinking_budget" },
        { "{\"model\":\"m\",\"thinking_budget\":\"5\"," USER "}",
          "thinking_budget" },
        { "{\"model\":\"m\",\"chat_type\":\"x\"," USER "}", "chat_type" },
        { "{\"model\":\"m\",\"chat_type\":5," USER "}", "chat_type" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        parse(&parsed, cases[i].json);

        if (parsed.rc != QWEN_ERROR
            || strcmp(parsed.error.param, cases[i].param) != 0)
        {
            fail_msg("%s: param '%s'", cases[i].json, parsed.error.param);
        }

        assert_int_equal(parsed.error.status, 400);
        assert_true(parsed.error.message[0]);

        release(&parsed);
    }
}


static void
test_model_length(void **state)
{
    size_t    len;
    char      json[600], model[300];
    parsed_t  parsed;

    (void) state;

    for (len = 254; len < 260; len++) {
        memset(model, 'm', len);
        model[len] = '\0';
        (void) snprintf(json, sizeof(json), "{\"model\":\"%s\"," USER "}",
                        model);
        parse(&parsed, json);
        assert_int_equal(parsed.rc, len <= 256 ? QWEN_OK : QWEN_ERROR);
        assert_int_equal(parsed.error.status, len <= 256 ? 0 : 400);
        release(&parsed);
    }
}


static void
test_options(void **state)
{
    size_t    i;
    parsed_t  parsed;

    static const struct {
        const char         *members;
        qwen_chat_type_t    chat_type;
        size_t              base_len;
        bool                thinking;
        unsigned            budget;
        bool                stream;
        bool                usage;
    } cases[] = {
        { "\"model\":\"qwen\"", QWEN_CHAT_T2T, 4, false, 0, false, false },
        { "\"model\":\"q\\u00e9\",\"stream\":true", QWEN_CHAT_T2T, 3, false,
          0, true, false },
        { "\"model\":\"qwen\",\"stream\":\"true\"", QWEN_CHAT_T2T, 4, false,
          0, true, false },
        { "\"model\":\"qwen\",\"stream\":\"false\"", QWEN_CHAT_T2T, 4, false,
          0, false, false },
        { "\"model\":\"qwen\",\"stream\":null,\"stream_options\":null",
          QWEN_CHAT_T2T, 4, false, 0, false, false },
        { "\"model\":\"qwen\",\"stream_options\":{\"include_usage\":true,"
          "\"include_obfuscation\":5}", QWEN_CHAT_T2T, 4, false, 0, false,
          true },
        { "\"model\":\"qwen\",\"stream_options\":{\"include_usage\":null}",
          QWEN_CHAT_T2T, 4, false, 0, false, false },
        { "\"model\":\"qwen-thinking-search\"", QWEN_CHAT_SEARCH, 4, true, 0,
          false, false },
        { "\"model\":\"qwen-search\",\"chat_type\":\"t2t\"", QWEN_CHAT_T2T, 4,
          false, 0, false, false },
        { "\"model\":\"qwen-thinking\",\"chat_type\":\"deep_research\"",
          QWEN_CHAT_DEEP_RESEARCH, 4, true, 0, false, false },
        { "\"model\":\"qwen\",\"enable_thinking\":true", QWEN_CHAT_T2T, 4,
          true, 0, false, false },
        { "\"model\":\"qwen\",\"enable_thinking\":false,\"chat_type\":null",
          QWEN_CHAT_T2T, 4, false, 0, false, false },
        { "\"model\":\"qwen\",\"reasoning_effort\":\"none\"", QWEN_CHAT_T2T,
          4, false, 0, false, false },
        { "\"model\":\"qwen\",\"reasoning_effort\":\"minimal\"",
          QWEN_CHAT_T2T, 4, false, 0, false, false },
        { "\"model\":\"qwen\",\"reasoning_effort\":\"low\"", QWEN_CHAT_T2T, 4,
          true, 0, false, false },
        { "\"model\":\"qwen\",\"reasoning_effort\":null,"
          "\"thinking_budget\":null", QWEN_CHAT_T2T, 4, false, 0, false,
          false },
        { "\"model\":\"qwen\",\"thinking_budget\":81920", QWEN_CHAT_T2T, 4,
          true, 81920, false, false },
        { "\"model\":\"qwen\",\"thinking_budget\":1", QWEN_CHAT_T2T, 4, true,
          1, false, false },
        { "\"model\":\"qwen\",\"tools\":5,\"temperature\":\"x\",\"n\":[],"
          "\"stop\":{},\"max_tokens\":-1,\"response_format\":7,\"user\":null",
          QWEN_CHAT_T2T, 4, false, 0, false, false }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        char  json[600];

        (void) snprintf(json, sizeof(json), "{%s," USER "}",
                        cases[i].members);
        parse(&parsed, json);

        if (parsed.rc != QWEN_OK) {
            fail_msg("%s: %s", json, parsed.error.message);
        }

        assert_int_equal(parsed.request.chat_type, cases[i].chat_type);
        assert_int_equal(parsed.request.base_len, cases[i].base_len);
        assert_int_equal(parsed.request.thinking, cases[i].thinking);
        assert_int_equal(parsed.request.thinking_budget, cases[i].budget);
        assert_int_equal(parsed.request.stream, cases[i].stream);
        assert_int_equal(parsed.request.include_usage, cases[i].usage);
        assert_int_equal(parsed.request.nmessages, 1);
        assert_false(parsed.request.media);
        check_text(&parsed, 0, "hi");

        release(&parsed);
    }
}


static void
test_messages(void **state)
{
    size_t    i;
    parsed_t  parsed;

    static const struct {
        qwen_role_t  role;
        size_t       ntexts;
    } messages[] = {
        { QWEN_ROLE_SYSTEM, 1 }, { QWEN_ROLE_DEVELOPER, 1 },
        { QWEN_ROLE_USER, 2 }, { QWEN_ROLE_ASSISTANT, 0 },
        { QWEN_ROLE_ASSISTANT, 0 }, { QWEN_ROLE_TOOL, 1 },
        { QWEN_ROLE_FUNCTION, 0 }, { QWEN_ROLE_ASSISTANT, 2 },
        { QWEN_ROLE_USER, 0 }, { QWEN_ROLE_USER, 1 }
    };

    (void) state;

    parse(&parsed,
          "{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
          "{\"role\":\"developer\",\"content\":[{\"type\":\"text\",\"text\":"
          "\"d\\n\"}]},"
          "{\"role\":\"us\\u0065r\",\"content\":[{\"type\":\"text\",\"text\":"
          "\"a\"},{\"type\":\"image_url\",\"image_url\":{\"url\":"
          "\"data:image/png;base64,AAAA\"}},{\"type\":\"te\\u0078t\","
          "\"text\":\"\"}]},"
          "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{}]},"
          "{\"role\":\"assistant\"},"
          "{\"role\":\"tool\",\"tool_call_id\":\"x\",\"content\":"
          "\"zero \\u0000 byte\"},"
          "{\"role\":\"function\",\"content\":null},"
          "{\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\","
          "\"refusal\":\"no\"},{\"type\":\"text\",\"text\":\"yes\"}]},"
          "{\"role\":\"user\",\"content\":[{\"type\":\"video_url\","
          "\"video_url\":\"http://e\"},{\"type\":\"file\",\"file\":{"
          "\"file_id\":\"f\"}},{\"type\":\"input_audio\",\"input_audio\":{"
          "\"data\":\"AA\"}}]},"
          "{\"role\":\"user\",\"content\":\"end\"}],\"model\":\"m\"}");

    assert_int_equal(parsed.rc, QWEN_OK);
    assert_true(parsed.request.media);
    assert_int_equal(parsed.request.nmessages, test_count(messages));
    assert_int_equal(parsed.request.ntexts, 8);

    for (i = 0; i < test_count(messages); i++) {
        assert_int_equal(parsed.request.messages[i].role, messages[i].role);
        assert_int_equal(parsed.request.messages[i].ntexts,
                         messages[i].ntexts);
    }

    check_text(&parsed, 0, "s");
    check_text(&parsed, 1, "d\n");
    check_text(&parsed, 2, "a");
    check_text(&parsed, 3, "");
    check_text(&parsed, 5, "no");
    check_text(&parsed, 6, "yes");
    check_text(&parsed, 7, "end");
    assert_int_equal(parsed.request.texts[4].len, 16);

    release(&parsed);
}


static void
test_many_messages(void **state)
{
    size_t      i;
    parsed_t    parsed;
    qwen_buf_t  json;

    (void) state;

    qwen_buf_init(&json, SIZE_MAX);
    (void) qwen_buf_append_literal(&json, "{\"model\":\"m\",\"messages\":[");

    for (i = 0; i < 20000; i++) {
        (void) qwen_buf_append_literal(&json, "{\"role\":\"user\",\"content\":"
                                              "[{\"type\":\"text\",\"text\":"
                                              "\"a\\nb\"}]},");
    }

    (void) qwen_buf_append_literal(&json, "{\"role\":\"user\",\"content\":"
                                          "\"z\"}]}\0");

    parse(&parsed, (const char *) json.data);
    assert_int_equal(parsed.rc, QWEN_OK);
    assert_int_equal(parsed.request.nmessages, 20001);
    check_text(&parsed, 19999, "a\nb");
    check_text(&parsed, 20000, "z");

    release(&parsed);
    qwen_buf_free(&json);
}


static void
test_unreadable_body(void **state)
{
    parsed_t  parsed;

    (void) state;

    parse(&parsed, "{\"model\":\"a\\u0062c\"," USER "}");
    assert_int_equal(parsed.rc, QWEN_OK);
    qwen_request_free(&parsed.request);

    parsed.body.body.read = body_read_nothing;

    assert_int_equal(qwen_openai_chat_parse(&parsed.scan, parsed.root,
                                            &parsed.body.body,
                                            &parsed.request, &parsed.error),
                     QWEN_ERROR);
    assert_int_equal(parsed.error.status, 500);

    release(&parsed);
}


static void
test_scan_errors(void **state)
{
    size_t                i;
    qwen_scan_t           scan;
    qwen_openai_error_t   error;

    static const unsigned  statuses[] = { 400, 400, 400, 413, 500 };

    (void) state;

    memset(&scan, 0, sizeof(qwen_scan_t));
    scan.offset = 1234567;

    for (i = 0; i < test_count(statuses); i++) {
        scan.error = (qwen_scan_error_t) (i + 1);
        qwen_openai_scan_error(&scan, &error);
        assert_int_equal(error.status, statuses[i]);
        assert_string_equal(error.param, "");

        if (i < 3) {
            assert_non_null(strstr(error.message, "1234567"));
        }
    }
}


static void
test_model_names(void **state)
{
    size_t              i;
    qwen_model_mode_t   mode;

    static const struct {
        const char         *name;
        size_t              base_len;
        qwen_chat_type_t    chat_type;
        bool                thinking;
    } cases[] = {
        { "qwen", 4, QWEN_CHAT_T2T, false },
        { "qwen-thinking-search", 4, QWEN_CHAT_SEARCH, true },
        { "qwen-search-thinking", 11, QWEN_CHAT_T2T, true },
        { "qwen-image-edit", 4, QWEN_CHAT_IMAGE_EDIT, false },
        { "qwen-deep-research", 4, QWEN_CHAT_DEEP_RESEARCH, false },
        { "qwen-thinking", 4, QWEN_CHAT_T2T, true },
        { "qwen-search", 4, QWEN_CHAT_SEARCH, false },
        { "qwen-video", 4, QWEN_CHAT_T2V, false },
        { "qwen-image", 4, QWEN_CHAT_T2I, false },
        { "-image", 6, QWEN_CHAT_T2T, false },
        { "-thinking-search", 9, QWEN_CHAT_SEARCH, false },
        { "qwen-Image", 10, QWEN_CHAT_T2T, false },
        { "qwen-edit", 9, QWEN_CHAT_T2T, false },
        { "x", 1, QWEN_CHAT_T2T, false }, { "", 0, QWEN_CHAT_T2T, false }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        qwen_model_mode_parse(test_str(cases[i].name), &mode);
        assert_int_equal(mode.base_len, cases[i].base_len);
        assert_int_equal(mode.chat_type, cases[i].chat_type);
        assert_int_equal(mode.thinking, cases[i].thinking);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_model_length),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_many_messages),
        cmocka_unit_test(test_unreadable_body),
        cmocka_unit_test(test_scan_errors),
        cmocka_unit_test(test_model_names)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
