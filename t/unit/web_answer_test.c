
#include "test.h"
#include "qwen_web.h"


typedef struct {
    unsigned             status;
    const char          *body;
    qwen_fail_class_t    class;
    unsigned             hours;
} case_t;


static const case_t  failures[] = {
    { 401, "{}", QWEN_FAIL_TOKEN, 0 },
    { 401, "<html>", QWEN_FAIL_TOKEN, 0 },
    { 403, "", QWEN_FAIL_FORBIDDEN, 0 },
    { 403, "{\"data\":{\"code\":\"Bad_Request\"}}", QWEN_FAIL_FORBIDDEN, 0 },
    { 403, " \n<!doctype html>", QWEN_FAIL_CHALLENGED, 0 },
    { 403, "{\"ret\":[\"FAIL_SYS_USER_VALIDATE\"]}", QWEN_FAIL_CHALLENGED,
      0 },
    { 200, "{\"success\":false,\"data\":{\"code\":\"Unauthorized\"}}",
      QWEN_FAIL_TOKEN, 0 },

    { 429, "", QWEN_FAIL_RATE_LIMITED, 0 },
    { 429, "{\"data\":{\"num\":3}}", QWEN_FAIL_RATE_LIMITED, 0 },
    { 429, "<html>", QWEN_FAIL_RATE_LIMITED, 0 },
    { 429, "{\"data\":{\"code\":\"RateLimited\",\"num\":3}}",
      QWEN_FAIL_RATE_LIMITED, 3 },
    { 429, "{\"error\":{\"code\":\"insufficient_quota\"}}",
      QWEN_FAIL_QUOTA, 0 },
    { 200, "{\"success\":false,\"data\":{\"code\":\"RateLimited\","
      "\"num\":12}}", QWEN_FAIL_RATE_LIMITED, 12 },
    { 200, "{\"success\":false,\"data\":{\"code\":\"RateLimited\","
      "\"num\":721}}", QWEN_FAIL_RATE_LIMITED, 720 },
    { 200, "{\"success\":false,\"data\":{\"code\":\"RateLimited\","
      "\"num\":0}}", QWEN_FAIL_RATE_LIMITED, 0 },
    { 200, "{\"success\":false,\"data\":{\"code\":\"RateLimited\","
      "\"num\":-5}}", QWEN_FAIL_RATE_LIMITED, 0 },
    { 200, "{\"success\":false,\"data\":{\"code\":\"RateLimited\","
      "\"num\":\"x\"}}", QWEN_FAIL_RATE_LIMITED, 0 },
    { 200, "{\"success\":false,\"data\":{\"code\":\"RateLimited\"}}",
      QWEN_FAIL_RATE_LIMITED, 0 },
    { 403, "{\"success\":false,\"data\":{\"code\":\"RateLimited\","
      "\"num\":2}}", QWEN_FAIL_RATE_LIMITED, 2 },

    { 200, "{\"error\":{\"code\":\"internal_error\",\"message\":\"Allocated "
      "quota exceeded, please\"}}", QWEN_FAIL_QUOTA, 0 },
    { 200, "{\"error\":{\"code\":\"internal_error\",\"message\":\"no\"}}",
      QWEN_FAIL_OUTAGE, 0 },
    { 200, "{\"error\":{\"code\":\"quota_exceeded\"}}", QWEN_FAIL_QUOTA, 0 },
    { 200, "{\"error\":{\"type\":\"insufficient_quota\",\"code\":null}}",
      QWEN_FAIL_QUOTA, 0 },

    { 200, "{\"success\":false,\"data\":{\"code\":\"Bad_Request\","
      "\"details\":\"internal error\"}}", QWEN_FAIL_ACCOUNT, 0 },
    { 400, "{\"success\":false,\"data\":{\"code\":\"Bad_Request\"}}",
      QWEN_FAIL_ACCOUNT, 0 },

    { 200, "{\"error\":{\"code\":\"data_inspection_failed\"}}",
      QWEN_FAIL_CONTENT_FILTER, 0 },
    { 400, "{\"data_inspection_failed\":true}", QWEN_FAIL_CONTENT_FILTER, 0 },
    { 200, "{\"data\":{\"data_inspection_failed\":true}}",
      QWEN_FAIL_CONTENT_FILTER, 0 },
    { 200, "{\"error\":{\"code\":\"DataInspectionFailed\"}}",
      QWEN_FAIL_CONTENT_FILTER, 0 },
    { 200, "{\"data_inspection_failed\":false}", QWEN_FAIL_PROTOCOL, 0 },

    { 200, "{\"ret\":[\"FAIL_SYS_USER_VALIDATE\",\"x\"],\"data\":{\"url\":"
      "\"https://e/p\"}}", QWEN_FAIL_CHALLENGED, 0 },
    { 200, "{\"ret\":[\"RGV587_ERROR\"],\"data\":{\"url\":\"https://e\"}}",
      QWEN_FAIL_CHALLENGED, 0 },
    { 200, "{\"ret\":[\"FAIL_SYS_USER_VALIDATE::x\"]}",
      QWEN_FAIL_CHALLENGED, 0 },
    { 200, "{\"ret\":[1,\"SUCCESS\"]}", QWEN_FAIL_PROTOCOL, 0 },
    { 200, "\xef\xbb\xbf\r\n <html>", QWEN_FAIL_CHALLENGED, 0 },
    { 302, "<html>", QWEN_FAIL_CHALLENGED, 0 },

    { 500, "{\"data\":{\"code\":\"Unauthorized\"}}", QWEN_FAIL_OUTAGE, 0 },
    { 502, "<html>", QWEN_FAIL_OUTAGE, 0 },
    { 503, "", QWEN_FAIL_OUTAGE, 0 },
    { 504, "", QWEN_FAIL_TIMEOUT, 0 },
    { 0, "", QWEN_FAIL_OUTAGE, 0 },

    { 200, "", QWEN_FAIL_EMPTY, 0 },
    { 200, "hello", QWEN_FAIL_PROTOCOL, 0 },
    { 200, "{}", QWEN_FAIL_PROTOCOL, 0 },
    { 200, "[]", QWEN_FAIL_PROTOCOL, 0 },
    { 200, "{\"success\":false}", QWEN_FAIL_PROTOCOL, 0 },
    { 200, "{\"success\":false,\"data\":{\"code\":7}}", QWEN_FAIL_PROTOCOL,
      0 },
    { 200, "{\"success\":", QWEN_FAIL_PROTOCOL, 0 },
    { 301, "", QWEN_FAIL_PROTOCOL, 0 },

    { 404, "{\"error\":{\"code\":\"model_not_found\"}}", QWEN_FAIL_MODEL, 0 },
    { 400, "{\"code\":\"ModelNotFound\"}", QWEN_FAIL_MODEL, 0 },
    { 404, "{\"success\":false,\"data\":{\"code\":\"Not_Found\"}}",
      QWEN_FAIL_MODEL, 0 },
    { 404, "{\"detail\":\"Model not found\"}", QWEN_FAIL_PROTOCOL, 0 },
    { 404, "<html>", QWEN_FAIL_PROTOCOL, 0 },
    { 404, "", QWEN_FAIL_PROTOCOL, 0 },
    { 400, "{}", QWEN_FAIL_PROTOCOL, 0 },
    { 413, "", QWEN_FAIL_PROTOCOL, 0 }
};


static qwen_web_answer_t
answer(unsigned status, const char *body)
{
    return (qwen_web_answer_t) { status, test_str(body), false };
}


static void
test_failures(void **state)
{
    size_t              i;
    qwen_failure_t      failure;
    qwen_web_answer_t   a;

    (void) state;

    for (i = 0; i < test_count(failures); i++) {
        a = answer(failures[i].status, failures[i].body);
        failure = qwen_web_failure(&a);

        if (failure.class != failures[i].class
            || failure.hours != failures[i].hours)
        {
            fail_msg("%u %s: class %u, %u hours", failures[i].status,
                     failures[i].body, failure.class, failure.hours);
        }
    }

    a = answer(0, "");
    a.timed_out = true;
    assert_int_equal(qwen_web_failure(&a).class, QWEN_FAIL_TIMEOUT);
}


static void
test_signin(void **state)
{
    size_t              i;
    qwen_buf_t          token;
    qwen_failure_t      failure;
    qwen_web_answer_t   a;

    static const case_t  cases[] = {
        { 200, "{\"token\":\"eyJ-a_b.c.d\",\"id\":1}", QWEN_FAIL_NONE, 0 },
        { 200, "{\"data\":{\"token\":\"eyJ-a_b.c.d\"}}", QWEN_FAIL_NONE, 0 },
        { 400, "{\"detail\":\"wrong\"}", QWEN_FAIL_TOKEN, 0 },
        { 401, "{}", QWEN_FAIL_TOKEN, 0 },
        { 401, "{\"token\":\"abc\"}", QWEN_FAIL_TOKEN, 0 },
        { 400, "oops", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"success\":false,\"data\":{\"code\":\"Bad_Request\"}}",
          QWEN_FAIL_TOKEN, 0 },
        { 404, "{\"data\":{\"code\":\"Not_Found\"}}", QWEN_FAIL_TOKEN, 0 },
        { 200, "{\"token\":\"a\\r\\nX-Header: b\"}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"token\":\"a; b\"}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"token\":\"\"}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"token\":5}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "<html>", QWEN_FAIL_CHALLENGED, 0 },
        { 200, "", QWEN_FAIL_EMPTY, 0 },
        { 429, "", QWEN_FAIL_RATE_LIMITED, 0 },
        { 500, "", QWEN_FAIL_OUTAGE, 0 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        qwen_buf_init(&token, 100);

        a = answer(cases[i].status, cases[i].body);

        assert_int_equal(qwen_web_signin_answer(&a, &token, &failure),
                         cases[i].class ? QWEN_ERROR : QWEN_OK);
        assert_int_equal(failure.class, cases[i].class);
        test_assert_str(qwen_buf_str(&token),
                        cases[i].class ? "" : "eyJ-a_b.c.d");

        qwen_buf_free(&token);
    }

    /* longer than there is room for */

    qwen_buf_init(&token, 3);
    a = answer(200, "{\"token\":\"abcd\"}");

    assert_int_equal(qwen_web_signin_answer(&a, &token, &failure),
                     QWEN_ERROR);
    assert_int_equal(failure.class, QWEN_FAIL_PROTOCOL);

    qwen_buf_free(&token);
}


static void
test_new_chat(void **state)
{
    size_t              i;
    qwen_buf_t          id;
    qwen_failure_t      failure;
    qwen_web_answer_t   a;

    static const case_t  cases[] = {
        { 200, "{\"success\":true,\"data\":{\"id\":\"c-1\"}}",
          QWEN_FAIL_NONE, 0 },
        { 200, "{\"data\":{\"id\":\"c-1\"}}", QWEN_FAIL_NONE, 0 },
        { 200, "{\"success\":false,\"data\":{\"id\":\"c-1\"}}",
          QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"success\":true,\"data\":{\"id\":7}}",
          QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"success\":true,\"data\":{\"id\":\"\"}}",
          QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"success\":true}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "<html>", QWEN_FAIL_CHALLENGED, 0 },
        { 401, "{\"success\":true,\"data\":{\"id\":\"c-1\"}}",
          QWEN_FAIL_TOKEN, 0 },
        { 200, "{\"success\":true,\"data\":{\"id\":\""
          "0123456789012345678901234567890123456789012345678901234567890123"
          "01234567890123456789012345678901234567890123456789012345678901234"
          "\"}}", QWEN_FAIL_PROTOCOL, 0 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        qwen_buf_init(&id, 128);

        a = answer(cases[i].status, cases[i].body);

        assert_int_equal(qwen_web_new_chat_answer(&a, &id, &failure),
                         cases[i].class ? QWEN_ERROR : QWEN_OK);
        assert_int_equal(failure.class, cases[i].class);
        test_assert_str(qwen_buf_str(&id), cases[i].class ? "" : "c-1");

        qwen_buf_free(&id);
    }
}


static void
test_models(void **state)
{
    qwen_models_t       models;
    qwen_failure_t      failure;
    qwen_web_answer_t   a;

    (void) state;

    a = answer(200,
               "{\"data\":[{\"id\":\"qwen3-max\",\"name\":\"Qwen3-Max\","
               "\"info\":{\"meta\":{\"display_name\":\"Max\",\"abilities\":{"
               "\"thinking\":true},\"chat_type\":[\"t2t\",\"search\",\"x\",3,"
               "\"deep_research\"]}}},7,{\"id\":\"\"},{\"name\":\"no id\"},"
               "{\"id\":\"b\",\"display_name\":\"B\",\"info\":{\"meta\":{"
               "\"abilities\":{\"thinking\":{\"max\":1}},\"chat_type\":"
               "\"t2i\"}}},{\"id\":\"c\",\"info\":null},"
               "{\"id\":\"d\",\"info\":{\"meta\":{\"abilities\":{\"thinking\":"
               "\"yes\"}}}}]}");

    assert_int_equal(qwen_web_models_answer(&a, &models, &failure), QWEN_OK);
    assert_int_equal(models.nmodels, 4);

    test_assert_str(models.models[0].id, "qwen3-max");
    test_assert_str(models.models[0].name, "Qwen3-Max");
    test_assert_str(models.models[0].display_name, "Max");
    assert_true(models.models[0].thinking);
    assert_int_equal(models.models[0].chat_types,
                     1u << QWEN_CHAT_T2T | 1u << QWEN_CHAT_SEARCH
                     | 1u << QWEN_CHAT_DEEP_RESEARCH);

    test_assert_str(models.models[1].display_name, "B");
    assert_true(models.models[1].thinking);
    assert_int_equal(models.models[1].chat_types, 0);

    assert_false(models.models[2].thinking);
    assert_false(models.models[3].thinking);

    qwen_models_free(&models);

    a = answer(200, "{\"success\":true,\"data\":{\"data\":[{\"id\":\"m\"}]}}");
    assert_int_equal(qwen_web_models_answer(&a, &models, &failure), QWEN_OK);
    assert_int_equal(models.nmodels, 1);
    qwen_models_free(&models);
}


static void
test_no_models(void **state)
{
    size_t              i;
    qwen_models_t       models;
    qwen_failure_t      failure;
    qwen_web_answer_t   a;

    static const case_t  cases[] = {
        { 200, "{\"data\":[]}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"data\":[{},1]}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"data\":\"x\"}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"data\":{\"data\":{}}}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "[]", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "{\"data\":[{\"id\":\"\xff\"}]}", QWEN_FAIL_PROTOCOL, 0 },
        { 200, "", QWEN_FAIL_EMPTY, 0 },
        { 200, "<html>", QWEN_FAIL_CHALLENGED, 0 },
        { 401, "{\"data\":[{\"id\":\"m\"}]}", QWEN_FAIL_TOKEN, 0 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        a = answer(cases[i].status, cases[i].body);

        assert_int_equal(qwen_web_models_answer(&a, &models, &failure),
                         QWEN_ERROR);
        assert_int_equal(failure.class, cases[i].class);
        assert_null(models.root);
        assert_int_equal(models.nmodels, 0);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_signin),
        cmocka_unit_test(test_new_chat),
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_no_models)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
