
/* A strict look at a whole JSON text (RFC 8259), for files that people edit:
 * it finds the first byte that is wrong.  What has passed it can be read with
 * a cursor, which checks less. */

#ifndef QWEN_STRICT_H
#define QWEN_STRICT_H


#include "qwen_core.h"


#define QWEN_STRICT_MAX_DEPTH  32


/* Checks a text that is at most 32 levels deep.  NULL: it is one JSON value;
 * else what is wrong, for a message, and *offset is where. */
const char *qwen_strict_check(qwen_str_t text, size_t *offset);

/* Whether each surrogate of a valid escaped text has its other half; one that
 * stands alone has no plain form. */
bool qwen_strict_is_paired(qwen_str_t escaped);


#endif /* QWEN_STRICT_H */
