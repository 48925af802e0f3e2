
#include "test.h"
#include "qwen_models.h"


static qwen_model_t
model(const char *id, const char *name, const char *display_name)
{
    return (qwen_model_t) {
        .id = test_str(id),
        .name = test_str(name),
        .display_name = test_str(display_name)
    };
}


static void
test_find(void **state)
{
    size_t         i;
    qwen_models_t  models = { .nmodels = 4 };

    static const struct {
        const char  *name;
        int          found;
    } cases[] = {
        { "qwen3-max", 0 },
        { "QWEN3-MAX", 0 },
        { "Qwen3 Max", 0 },
        { "qwen3 max", 0 },
        { "plus", 3 },              /* an id before another one's name */
        { "Qwen3 Plus", 1 },
        { "Both", 2 },              /* a name before a display name */
        { "qwen3-ma", -1 },
        { "qwen3-maxx", -1 },
        { "qwen3_max", -1 },
        { "\xc3\x84pfel", 1 },
        { "\xc3\xa4pfel", -1 },     /* ASCII only */
        { "[", -1 },
        { "", -1 }
    };

    (void) state;

    models.models = malloc(4 * sizeof(qwen_model_t));
    assert_non_null(models.models);

    models.models[0] = model("qwen3-max", "Qwen3 Max", "both");
    models.models[1] = model("\xc3\x84pfel", "Plus", "Qwen3 Plus");
    models.models[2] = model("{", "both", "");
    models.models[3] = model("Plus", "", "");

    for (i = 0; i < test_count(cases); i++) {
        assert_ptr_equal(qwen_models_find(&models, test_str(cases[i].name)),
                         (cases[i].found < 0) ? NULL
                         : &models.models[cases[i].found]);
    }

    qwen_models_free(&models);
    assert_null(models.models);
    assert_int_equal(models.nmodels, 0);
    assert_null(qwen_models_find(&models, test_str("plus")));
}


static void
test_release(void **state)
{
    qwen_models_t  models = { .root = NULL };

    (void) state;

    qwen_models_free(&models);

    models.root = cJSON_Parse("{\"data\":[{\"id\":\"a\"}]}");
    assert_non_null(models.root);
    qwen_models_free(&models);
    assert_null(models.root);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_release)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
