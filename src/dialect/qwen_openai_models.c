
#include <stdlib.h>

#include "qwen_json.h"
#include "qwen_openai_models.h"
#include "qwen_text.h"


/* A variant is there when all that it needs is. */
typedef struct {
    qwen_str_t   suffix;
    bool         thinking;
    unsigned     chat_types;
} qwen_openai_variant_t;


static bool qwen_openai_model_has(const qwen_model_t *model,
    const qwen_openai_variant_t *variant);
static char *qwen_openai_model_rest(const qwen_model_t *model,
    int64_t created);
static cJSON *qwen_openai_model_fill(cJSON *object, int64_t created);
static void qwen_openai_model_append(const qwen_model_t *model,
    const qwen_openai_variant_t *variant, const char *rest, qwen_buf_t *out);
static const qwen_openai_variant_t *qwen_openai_model_match(
    const qwen_model_t *model, qwen_str_t id, bool variants);


/* The first one is the model itself. */
static const qwen_openai_variant_t  qwen_openai_variants[] = {
    { qwen_string(""), false, 0 },
    { qwen_string("-thinking"), true, 0 },
    { qwen_string("-search"), false, 1u << QWEN_CHAT_SEARCH },
    { qwen_string("-thinking-search"), true, 1u << QWEN_CHAT_SEARCH },
    { qwen_string("-image"), false, 1u << QWEN_CHAT_T2I },
    { qwen_string("-video"), false, 1u << QWEN_CHAT_T2V },
    { qwen_string("-image-edit"), false, 1u << QWEN_CHAT_IMAGE_EDIT },
    { qwen_string("-deep-research"), false, 1u << QWEN_CHAT_DEEP_RESEARCH }
};

#define QWEN_OPENAI_VARIANTS                                                  \
    (sizeof(qwen_openai_variants) / sizeof(qwen_openai_variants[0]))


qwen_rc_t
qwen_openai_models_render(const qwen_models_t *models, bool variants,
    int64_t created, qwen_buf_t *out)
{
    char    *rest;
    bool     first;
    size_t   i, n;

    first = true;

    (void) qwen_buf_append_literal(out, "{\"object\":\"list\",\"data\":[");

    for (i = 0; i < models->nmodels; i++) {
        rest = qwen_openai_model_rest(&models->models[i], created);

        if (rest == NULL) {
            return QWEN_ERROR;
        }

        for (n = 0; n < (variants ? QWEN_OPENAI_VARIANTS : 1); n++) {

            if (!qwen_openai_model_has(&models->models[i],
                                       &qwen_openai_variants[n]))
            {
                continue;
            }

            if (!first) {
                (void) qwen_buf_append_literal(out, ",");
            }

            first = false;

            qwen_openai_model_append(&models->models[i],
                                     &qwen_openai_variants[n], rest, out);
        }

        cJSON_free(rest);
    }

    return qwen_buf_append_literal(out, "]}");
}


qwen_rc_t
qwen_openai_model_render(const qwen_models_t *models, qwen_str_t id,
    bool variants, int64_t created, qwen_buf_t *out)
{
    char                         *rest;
    size_t                        i;
    const qwen_model_t           *model;
    const qwen_openai_variant_t  *variant;

    for (i = 0; i < models->nmodels; i++) {
        model = &models->models[i];
        variant = qwen_openai_model_match(model, id, variants);

        if (variant == NULL) {
            continue;
        }

        rest = qwen_openai_model_rest(model, created);

        if (rest == NULL) {
            return QWEN_ERROR;
        }

        qwen_openai_model_append(model, variant, rest, out);

        cJSON_free(rest);

        return out->failed ? QWEN_ERROR : QWEN_OK;
    }

    return QWEN_AGAIN;
}


static const qwen_openai_variant_t *
qwen_openai_model_match(const qwen_model_t *model, qwen_str_t id,
    bool variants)
{
    size_t      n;
    qwen_str_t  suffix;

    if (id.len < model->id.len
        || memcmp(id.data, model->id.data, model->id.len) != 0)
    {
        return NULL;
    }

    suffix = (qwen_str_t) { id.data + model->id.len, id.len - model->id.len };

    for (n = 0; n < (variants ? QWEN_OPENAI_VARIANTS : 1); n++) {
        if (qwen_str_eq(suffix, qwen_openai_variants[n].suffix)
            && qwen_openai_model_has(model, &qwen_openai_variants[n]))
        {
            return &qwen_openai_variants[n];
        }
    }

    return NULL;
}


static bool
qwen_openai_model_has(const qwen_model_t *model,
    const qwen_openai_variant_t *variant)
{
    return (!variant->thinking || model->thinking)
           && (model->chat_types & variant->chat_types)
              == variant->chat_types;
}


/* The upstream's object as text, without what is rendered for each variant;
 * to be freed with cJSON_free(). */
static char *
qwen_openai_model_rest(const qwen_model_t *model, int64_t created)
{
    char   *rest;
    cJSON  *object;

    object = qwen_openai_model_fill(cJSON_Duplicate(model->object, 1),
                                    created);
    rest = cJSON_PrintUnformatted(object);

    cJSON_Delete(object);

    return rest;
}


/* Takes the object, and gives it back with the members that OpenAI's clients
 * rely on; NULL: no memory. */
static cJSON *
qwen_openai_model_fill(cJSON *object, int64_t created)
{
    cJSON    *member, *next;
    int64_t   value;

    /* a name may stand there more than once */

    for (member = object->child; member; member = next) {
        next = member->next;

        if (strcmp(member->string, "id") == 0
            || strcmp(member->string, "object") == 0
            || strcmp(member->string, "name") == 0)
        {
            cJSON_Delete(cJSON_DetachItemViaPointer(object, member));
        }
    }

    if (!cJSON_IsNumber(qwen_json_get(object, "created"))
        || !qwen_json_get_int(object, "created", 0, INT64_MAX, &value))
    {
        cJSON_DeleteItemFromObjectCaseSensitive(object, "created");

        if (cJSON_AddNumberToObject(object, "created", (double) created)
            == NULL)
        {
            cJSON_Delete(object);
            return NULL;
        }
    }

    if (qwen_json_get_string(object, "owned_by").len == 0) {
        cJSON_DeleteItemFromObjectCaseSensitive(object, "owned_by");

        if (cJSON_AddStringToObject(object, "owned_by", "qwen") == NULL) {
            cJSON_Delete(object);
            return NULL;
        }
    }

    return object;
}


static void
qwen_openai_model_append(const qwen_model_t *model,
    const qwen_openai_variant_t *variant, const char *rest, qwen_buf_t *out)
{
    (void) qwen_buf_append_literal(out, "{\"id\":\"");
    (void) qwen_text_escape(out, model->id.data, model->id.len);
    (void) qwen_buf_append_str(out, variant->suffix);
    (void) qwen_buf_append_literal(out, "\",\"object\":\"model\",");

    /* the rest is an object with one member at least: go on behind "{" */

    (void) qwen_buf_append(out, rest + 1, strlen(rest) - 1);
}
