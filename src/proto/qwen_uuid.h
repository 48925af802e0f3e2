
#ifndef QWEN_UUID_H
#define QWEN_UUID_H


#include "qwen_core.h"


#define QWEN_UUID_LEN  36


/* Writes a random UUID (RFC 9562, version 4) in lower case, without a zero
 * byte.  QWEN_OK or QWEN_ERROR (no random bytes). */
qwen_rc_t qwen_uuid4(char out[QWEN_UUID_LEN]);


#endif /* QWEN_UUID_H */
