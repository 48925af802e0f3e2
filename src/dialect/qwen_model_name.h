
/* Model names with a mode in their suffix ("qwen3-max-thinking-search"). */

#ifndef QWEN_MODEL_NAME_H
#define QWEN_MODEL_NAME_H


#include "qwen_request.h"


typedef struct {
    size_t             base_len;     /* of the name without its suffix */
    qwen_chat_type_t   chat_type;    /* T2T when the suffix names none */
    bool               thinking;
} qwen_model_mode_t;


/* Splits a name at the longest known suffix: -thinking-search, -image-edit,
 * -deep-research, -thinking, -search, -video, -image. */
void qwen_model_mode_parse(qwen_str_t name, qwen_model_mode_t *mode);


#endif /* QWEN_MODEL_NAME_H */
