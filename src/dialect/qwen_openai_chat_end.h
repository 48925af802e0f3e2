
/* The rarer parts of an answer: its first chunk and its last ones. */

#ifndef QWEN_OPENAI_CHAT_END_H
#define QWEN_OPENAI_CHAT_END_H


#include "qwen_openai_chat.h"


/* Appends the chunk with the role. */
qwen_rc_t qwen_openai_chat_start(qwen_openai_chat_t *chat);

/* Keeps citations, rendered, for the end. */
qwen_rc_t qwen_openai_chat_annotations(qwen_openai_chat_t *chat,
    const qwen_delta_t *delta);


#endif /* QWEN_OPENAI_CHAT_END_H */
