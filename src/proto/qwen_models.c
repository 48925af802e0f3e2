
#include <stdlib.h>

#include "qwen_models.h"


void
qwen_models_free(qwen_models_t *models)
{
    cJSON_Delete(models->root);
    free(models->models);

    *models = (qwen_models_t) { .root = NULL };
}


static uint8_t
qwen_models_lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? c | 0x20 : c;
}


static bool
qwen_models_name_eq(qwen_str_t a, qwen_str_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return false;
    }

    for (i = 0; i < a.len; i++) {
        if (qwen_models_lower(a.data[i]) != qwen_models_lower(b.data[i])) {
            return false;
        }
    }

    return true;
}


/* The first model whose string at "member" (an offset) is the name. */
static const qwen_model_t *
qwen_models_find_by(const qwen_models_t *models, qwen_str_t name,
    size_t member)
{
    size_t             i;
    const char        *model;
    const qwen_str_t  *string;

    for (i = 0; i < models->nmodels; i++) {
        model = (const char *) &models->models[i];
        string = (const qwen_str_t *) (const void *) (model + member);

        if (qwen_models_name_eq(*string, name)) {
            return &models->models[i];
        }
    }

    return NULL;
}


const qwen_model_t *
qwen_models_find(const qwen_models_t *models, qwen_str_t name)
{
    size_t               i;
    const qwen_model_t  *model;
    static const size_t  members[] = {
        offsetof(qwen_model_t, id),
        offsetof(qwen_model_t, name),
        offsetof(qwen_model_t, display_name)
    };

    if (name.len == 0) {
        return NULL;
    }

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        model = qwen_models_find_by(models, name, members[i]);

        if (model != NULL) {
            return model;
        }
    }

    return NULL;
}
