
#ifndef QWEN_JWT_H
#define QWEN_JWT_H


#include "qwen_core.h"


/* Reads "exp" (seconds since the epoch) of a JSON Web Token (RFC 7519); the
 * signature is not ours to verify.  QWEN_OK, or QWEN_ERROR: not a JWT, or no
 * usable exp. */
qwen_rc_t qwen_jwt_expiry(qwen_str_t token, int64_t *exp);


#endif /* QWEN_JWT_H */
