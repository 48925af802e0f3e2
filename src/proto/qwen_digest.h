
#ifndef QWEN_DIGEST_H
#define QWEN_DIGEST_H


#include "qwen_core.h"


#define QWEN_SHA256_LEN      32
#define QWEN_SHA256_HEX_LEN  64


/* SHA-256 of data.  QWEN_OK or QWEN_ERROR (OpenSSL failed). */
qwen_rc_t qwen_sha256(const void *data, size_t len,
    uint8_t digest[QWEN_SHA256_LEN]);

/* Writes len bytes as 2 * len lower-case hex digits, without a zero byte. */
void qwen_hex(char *out, const uint8_t *data, size_t len);


#endif /* QWEN_DIGEST_H */
