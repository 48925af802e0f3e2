
#include <stdlib.h>

#include "qwen_json.h"
#include "qwen_utf8.h"
#include "qwen_web.h"


static bool qwen_web_models_utf8(qwen_str_t body);
static const cJSON *qwen_web_models_list(const cJSON *root);
static qwen_rc_t qwen_web_models_read(qwen_models_t *models,
    const cJSON *list);
static void qwen_web_model_read(qwen_model_t *model, const cJSON *object);


qwen_rc_t
qwen_web_models_answer(const qwen_web_answer_t *answer,
    qwen_models_t *models, qwen_failure_t *failure)
{
    memset(models, 0, sizeof(qwen_models_t));

    *failure = (qwen_failure_t) { QWEN_FAIL_NONE, 0 };

    if (answer->status != 200 || !qwen_web_models_utf8(answer->body)) {
        *failure = qwen_web_failure(answer);
        return QWEN_ERROR;
    }

    models->root = qwen_json_parse(answer->body);

    if (qwen_web_models_read(models, qwen_web_models_list(models->root))
        != QWEN_OK)
    {
        failure->class = QWEN_FAIL_INTERNAL;

    } else if (models->nmodels == 0) {
        *failure = qwen_web_failure(answer);

    } else {
        return QWEN_OK;
    }

    qwen_models_free(models);

    return QWEN_ERROR;
}


/* The objects are told to clients as they came, so they must be UTF-8. */
static bool
qwen_web_models_utf8(qwen_str_t body)
{
    const uint8_t  *p, *end;

    if (body.len == 0) {
        return true;
    }

    end = body.data + body.len;

    for (p = qwen_utf8_run(body.data, end); p < end;
         p = qwen_utf8_run(p + 1, end))
    {
        if (*p >= 0x80) {
            return false;
        }
    }

    return true;
}


/* {"data":[...]}, also seen {"data":{"data":[...]}} */
static const cJSON *
qwen_web_models_list(const cJSON *root)
{
    const cJSON  *data;

    data = qwen_json_get(root, "data");

    if (cJSON_IsObject(data)) {
        data = qwen_json_get(data, "data");
    }

    return cJSON_IsArray(data) ? data : NULL;
}


/* QWEN_ERROR: no memory. */
static qwen_rc_t
qwen_web_models_read(qwen_models_t *models, const cJSON *list)
{
    size_t         n;
    const cJSON   *item;

    n = 0;

    cJSON_ArrayForEach(item, list) {
        n++;
    }

    if (n == 0) {
        return QWEN_OK;
    }

    models->models = calloc(n, sizeof(qwen_model_t));

    if (models->models == NULL) {
        return QWEN_ERROR;
    }

    cJSON_ArrayForEach(item, list) {
        if (qwen_json_get_string(item, "id").len) {
            qwen_web_model_read(&models->models[models->nmodels++], item);
        }
    }

    return QWEN_OK;
}


static void
qwen_web_model_read(qwen_model_t *model, const cJSON *object)
{
    qwen_str_t         name;
    const cJSON       *meta, *abilities, *thinking, *item;
    qwen_chat_type_t   type;

    meta = qwen_json_get(qwen_json_get(object, "info"), "meta");
    abilities = qwen_json_get(meta, "abilities");
    thinking = qwen_json_get(abilities, "thinking");

    model->object = object;
    model->id = qwen_json_get_string(object, "id");
    model->name = qwen_json_get_string(object, "name");
    model->display_name = qwen_json_get_string(object, "display_name");

    if (model->display_name.len == 0) {
        model->display_name = qwen_json_get_string(meta, "display_name");
    }

    model->thinking = cJSON_IsTrue(thinking) || cJSON_IsObject(thinking);

    cJSON_ArrayForEach(item, qwen_json_get(meta, "chat_type")) {

        if (!cJSON_IsString(item) || item->valuestring == NULL) {
            continue;
        }

        name = (qwen_str_t) { (const uint8_t *) item->valuestring,
                              strlen(item->valuestring) };

        if (qwen_chat_type_parse(name, &type)) {
            model->chat_types |= 1u << type;
        }
    }
}
