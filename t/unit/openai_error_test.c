
#include "test.h"
#include "qwen_openai_error.h"


static void
check(const qwen_openai_error_t *error, unsigned status, const char *json)
{
    qwen_buf_t  out;

    assert_int_equal(error->status, status);

    qwen_buf_init(&out, 4000);
    assert_int_equal(qwen_openai_error_render(error, &out), QWEN_OK);
    test_assert_str(qwen_buf_str(&out), json);
    qwen_buf_free(&out);

    qwen_buf_init(&out, 20);
    assert_int_equal(qwen_openai_error_render(error, &out), QWEN_ERROR);
    qwen_buf_free(&out);
}


static void
test_set(void **state)
{
    char                  text[400];
    qwen_openai_error_t   error;

    (void) state;

    qwen_openai_error_set(&error, 400, NULL, NULL, "%s", "a \"b\"\n\xff");
    check(&error, 400,
          "{\"error\":{\"message\":\"a \\\"b\\\"\\n\xef\xbf\xbd\","
          "\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}");

    qwen_openai_error_set(&error, 413, "context_length_exceeded",
                          "messages[2].content", "%d", 5);
    check(&error, 413,
          "{\"error\":{\"message\":\"5\",\"type\":\"invalid_request_error\","
          "\"param\":\"messages[2].content\",\"code\":"
          "\"context_length_exceeded\"}}");

    error.type = "special";
    error.param[0] = '\0';
    check(&error, 413,
          "{\"error\":{\"message\":\"5\",\"type\":\"special\",\"param\":null,"
          "\"code\":\"context_length_exceeded\"}}");

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    qwen_openai_error_set(&error, 500, NULL, text, "%s", text);
    assert_int_equal(strlen(error.param), sizeof(error.param) - 1);
    assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
}


static void
test_failures(void **state)
{
    size_t                i;
    qwen_failure_t        failure;
    qwen_openai_error_t   error;

    static const struct {
        qwen_fail_class_t    class;
        unsigned             status;
        const char          *code;
    } cases[] = {
        { QWEN_FAIL_TOKEN, 503, "upstream_sign_in" },
        { QWEN_FAIL_FORBIDDEN, 503, "upstream_sign_in" },
        { QWEN_FAIL_RATE_LIMITED, 429, "rate_limit_exceeded" },
        { QWEN_FAIL_QUOTA, 429, "insufficient_quota" },
        { QWEN_FAIL_ACCOUNT, 502, "upstream_refused" },
        { QWEN_FAIL_CONTENT_FILTER, 400, "content_filter" },
        { QWEN_FAIL_CHALLENGED, 503, "upstream_challenged" },
        { QWEN_FAIL_OUTAGE, 502, "upstream_unavailable" },
        { QWEN_FAIL_TIMEOUT, 504, "upstream_timeout" },
        { QWEN_FAIL_EMPTY, 502, "upstream_empty" },
        { QWEN_FAIL_INCOMPLETE, 502, "upstream_incomplete" },
        { QWEN_FAIL_PROTOCOL, 502, "upstream_protocol" },
        { QWEN_FAIL_MODEL, 404, "model_not_found" },
        { QWEN_FAIL_INTERNAL, 500, "internal_error" },
        { QWEN_FAIL_NONE, 500, "internal_error" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        failure = (qwen_failure_t) { cases[i].class, 0 };
        qwen_openai_error_failure(&error, &failure);

        assert_int_equal(error.status, cases[i].status);
        assert_string_equal(error.code, cases[i].code);
        assert_string_equal(error.param,
                            cases[i].class == QWEN_FAIL_MODEL ? "model" : "");
        assert_true(error.message[0]);
    }

    failure = (qwen_failure_t) { QWEN_FAIL_RATE_LIMITED, 3 };
    qwen_openai_error_failure(&error, &failure);
    check(&error, 429,
          "{\"error\":{\"message\":\"The rate limit of the upstream is "
          "reached, try again later.\",\"type\":\"rate_limit_error\","
          "\"param\":null,\"code\":\"rate_limit_exceeded\"}}");
}


static void
test_statuses(void **state)
{
    size_t                i;
    qwen_openai_error_t   error;

    static const struct {
        unsigned     asked;
        unsigned     status;
        const char  *code;
    } cases[] = {
        { 400, 400, NULL }, { 401, 401, "invalid_api_key" },
        { 403, 403, NULL }, { 404, 404, NULL }, { 405, 405, NULL },
        { 408, 408, NULL }, { 413, 413, NULL }, { 414, 414, NULL },
        { 415, 415, NULL }, { 418, 418, NULL },
        { 429, 429, "rate_limit_exceeded" }, { 494, 494, NULL },
        { 500, 500, "internal_error" }, { 501, 501, NULL },
        { 502, 502, "upstream_unavailable" }, { 503, 503, "overloaded" },
        { 504, 504, "upstream_timeout" }, { 0, 500, "internal_error" },
        { 200, 500, "internal_error" }, { 999, 500, "internal_error" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        qwen_openai_error_status(&error, cases[i].asked);

        assert_int_equal(error.status, cases[i].status);
        assert_true(error.message[0]);
        assert_string_equal(error.param, "");

        if (cases[i].code) {
            assert_string_equal(error.code, cases[i].code);

        } else {
            assert_null(error.code);
        }
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_statuses)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
