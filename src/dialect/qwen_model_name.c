
#include "qwen_model_name.h"


typedef struct {
    qwen_str_t         suffix;
    qwen_chat_type_t   chat_type;
    bool               thinking;
} qwen_model_suffix_t;


/* The longest first. */
static const qwen_model_suffix_t  qwen_model_suffixes[] = {
    { qwen_string("-thinking-search"), QWEN_CHAT_SEARCH, true },
    { qwen_string("-deep-research"), QWEN_CHAT_DEEP_RESEARCH, false },
    { qwen_string("-image-edit"), QWEN_CHAT_IMAGE_EDIT, false },
    { qwen_string("-thinking"), QWEN_CHAT_T2T, true },
    { qwen_string("-search"), QWEN_CHAT_SEARCH, false },
    { qwen_string("-video"), QWEN_CHAT_T2V, false },
    { qwen_string("-image"), QWEN_CHAT_T2I, false }
};


void
qwen_model_mode_parse(qwen_str_t name, qwen_model_mode_t *mode)
{
    size_t                      i, base_len;
    const qwen_model_suffix_t  *known;

    for (i = 0;
         i < sizeof(qwen_model_suffixes) / sizeof(qwen_model_suffixes[0]);
         i++)
    {
        known = &qwen_model_suffixes[i];

        if (name.len <= known->suffix.len) {
            continue;
        }

        base_len = name.len - known->suffix.len;

        if (memcmp(name.data + base_len, known->suffix.data,
                   known->suffix.len)
            == 0)
        {
            mode->base_len = base_len;
            mode->chat_type = known->chat_type;
            mode->thinking = known->thinking;
            return;
        }
    }

    mode->base_len = name.len;
    mode->chat_type = QWEN_CHAT_T2T;
    mode->thinking = false;
}
