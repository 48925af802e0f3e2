
#include "test.h"
#include "qwen_json.h"
#include "qwen_openai_models.h"
#include "qwen_web.h"


static void
read_models(qwen_models_t *models, const char *json)
{
    qwen_failure_t      failure;
    qwen_web_answer_t   answer = { 200, test_str(json), false };

    assert_int_equal(qwen_web_models_answer(&answer, models, &failure),
                     QWEN_OK);
}


static void
check(const char *json, bool variants, const char *expected)
{
    qwen_buf_t      out;
    qwen_models_t   models;

    read_models(&models, json);

    qwen_buf_init(&out, 1 << 20);
    assert_int_equal(qwen_openai_models_render(&models, variants, 1700000000,
                                               &out), QWEN_OK);
    test_assert_str(qwen_buf_str(&out), expected);
    qwen_buf_free(&out);

    qwen_buf_init(&out, strlen(expected) - 1);
    assert_int_equal(qwen_openai_models_render(&models, variants, 1700000000,
                                               &out), QWEN_ERROR);
    qwen_buf_free(&out);

    qwen_models_free(&models);
}


static void
test_members(void **state)
{
    (void) state;

    check("{\"data\":[{\"name\":\"Q\",\"id\":\"q\\\"1\",\"object\":\"x\","
          "\"created\":5,\"owned_by\":\"me\",\"more\":{\"name\":[1,null]}}]}",
          true,
          "{\"object\":\"list\",\"data\":[{\"id\":\"q\\\"1\",\"object\":"
          "\"model\",\"created\":5,\"owned_by\":\"me\",\"more\":{\"name\":[1,"
          "null]}}]}");

    check("{\"data\":[{\"id\":\"a\"},{\"id\":\"b\",\"created\":\"7\","
          "\"owned_by\":null},{\"id\":\"c\",\"created\":-1,\"owned_by\":5},"
          "{\"id\":\"d\",\"created\":1.5,\"owned_by\":\"\"}]}",
          true,
          "{\"object\":\"list\",\"data\":["
          "{\"id\":\"a\",\"object\":\"model\",\"created\":1700000000,"
          "\"owned_by\":\"qwen\"},"
          "{\"id\":\"b\",\"object\":\"model\",\"created\":1700000000,"
          "\"owned_by\":\"qwen\"},"
          "{\"id\":\"c\",\"object\":\"model\",\"created\":1700000000,"
          "\"owned_by\":\"qwen\"},"
          "{\"id\":\"d\",\"object\":\"model\",\"created\":1700000000,"
          "\"owned_by\":\"qwen\"}]}");
}


static const char  all[] =
    "{\"data\":[{\"id\":\"m\",\"created\":1,\"owned_by\":\"o\",\"info\":{"
    "\"meta\":{\"abilities\":{\"thinking\":{}},\"chat_type\":[\"t2t\","
    "\"deep_research\",\"image_edit\",\"t2v\",\"t2i\",\"search\"]}}},"
    "{\"id\":\"m-image\",\"created\":2,\"owned_by\":\"o\",\"info\":{\"meta\":{"
    "\"chat_type\":[\"search\"]}}}]}";


/* The ids of a list, each followed by a space. */
static void
check_ids(bool variants, const char *ids)
{
    cJSON          *root;
    qwen_buf_t      out, got;
    qwen_models_t   models;
    const cJSON    *item;

    read_models(&models, all);
    qwen_buf_init(&out, 1 << 20);
    qwen_buf_init(&got, 1 << 20);
    assert_int_equal(qwen_openai_models_render(&models, variants, 1, &out),
                     QWEN_OK);

    root = qwen_json_parse(qwen_buf_str(&out));

    cJSON_ArrayForEach(item, qwen_json_get(root, "data")) {
        (void) qwen_buf_append_str(&got, qwen_json_get_string(item, "id"));
        (void) qwen_buf_append_literal(&got, " ");
        assert_non_null(qwen_json_get(item, "info"));
        test_assert_str(qwen_json_get_string(item, "object"), "model");
    }

    test_assert_str(qwen_buf_str(&got), ids);

    cJSON_Delete(root);
    qwen_buf_free(&got);
    qwen_buf_free(&out);
    qwen_models_free(&models);
}


static void
test_variants(void **state)
{
    (void) state;

    check_ids(true, "m m-thinking m-search m-thinking-search m-image m-video "
                    "m-image-edit m-deep-research m-image m-image-search ");
    check_ids(false, "m m-image ");
}


static void
test_one(void **state)
{
    size_t          i;
    cJSON          *root;
    qwen_buf_t      out;
    qwen_models_t   models;

    static const struct {
        const char  *id;
        bool         variants;
        qwen_rc_t    rc;
    } cases[] = {
        { "m", true, QWEN_OK }, { "m", false, QWEN_OK },
        { "m-thinking-search", true, QWEN_OK },
        { "m-thinking-search", false, QWEN_AGAIN },
        { "m-image", false, QWEN_OK }, { "m-image-search", true, QWEN_OK },
        { "m-image-thinking", true, QWEN_AGAIN }, { "", true, QWEN_AGAIN },
        { "M", true, QWEN_AGAIN }, { "m-", true, QWEN_AGAIN },
        { "m-thinking-", true, QWEN_AGAIN }, { "x", true, QWEN_AGAIN }
    };

    (void) state;

    read_models(&models, all);

    for (i = 0; i < test_count(cases); i++) {
        qwen_buf_init(&out, 1 << 20);

        assert_int_equal(qwen_openai_model_render(&models,
                                                  test_str(cases[i].id),
                                                  cases[i].variants, 1, &out),
                         cases[i].rc);

        if (cases[i].rc == QWEN_OK) {
            root = qwen_json_parse(qwen_buf_str(&out));
            test_assert_str(qwen_json_get_string(root, "id"), cases[i].id);
            cJSON_Delete(root);

        } else {
            assert_int_equal(out.len, 0);
        }

        qwen_buf_free(&out);
    }

    qwen_buf_init(&out, 5);
    assert_int_equal(qwen_openai_model_render(&models, test_str("m"), true, 1,
                                              &out), QWEN_ERROR);
    qwen_buf_free(&out);
    qwen_models_free(&models);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_one)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
