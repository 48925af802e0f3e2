
/* What an answer in JSON means that is no answer of the model. */

#ifndef QWEN_WEB_FAILURE_H
#define QWEN_WEB_FAILURE_H


#include <cjson/cJSON.h>

#include "qwen_failure.h"


/* Classifies an object, be it a whole answer or an event of a stream, by its
 * keys and codes; QWEN_FAIL_NONE: it tells no failure. */
qwen_failure_t qwen_web_failure_object(const cJSON *object);


#endif /* QWEN_WEB_FAILURE_H */
