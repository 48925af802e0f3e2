
/* OpenAI's list of models, with a variant for each mode of a model. */

#ifndef QWEN_OPENAI_MODELS_H
#define QWEN_OPENAI_MODELS_H


#include "qwen_buf.h"
#include "qwen_models.h"


/* Appends {"object":"list","data":[...]}; created (seconds) is for entries
 * whose upstream object has no usable one.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_openai_models_render(const qwen_models_t *models,
    bool variants, int64_t created, qwen_buf_t *out);

/* Appends the object of one model or variant.  QWEN_OK; QWEN_AGAIN: no such
 * model in that list; QWEN_ERROR. */
qwen_rc_t qwen_openai_model_render(const qwen_models_t *models,
    qwen_str_t id, bool variants, int64_t created, qwen_buf_t *out);


#endif /* QWEN_OPENAI_MODELS_H */
