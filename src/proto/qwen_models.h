
/* The models that a provider offers. */

#ifndef QWEN_MODELS_H
#define QWEN_MODELS_H


#include <cjson/cJSON.h>

#include "qwen_request.h"


typedef struct {
    const cJSON   *object;           /* the provider's, in the tree */
    qwen_str_t     id;               /* plain, like the other strings */
    qwen_str_t     name;             /* may be empty */
    qwen_str_t     display_name;     /* may be empty */
    bool           thinking;
    unsigned       chat_types;       /* bits 1 << qwen_chat_type_t */
} qwen_model_t;

typedef struct {
    cJSON          *root;
    qwen_model_t   *models;
    size_t          nmodels;
} qwen_models_t;


/* Frees what the list owns; a zeroed list owns nothing. */
void qwen_models_free(qwen_models_t *models);

/* The model that a client means: id, name or display name, without regard to
 * case (ASCII); NULL: unknown. */
const qwen_model_t *qwen_models_find(const qwen_models_t *models,
    qwen_str_t name);


#endif /* QWEN_MODELS_H */
