
#include <openssl/evp.h>

#include "qwen_digest.h"


qwen_rc_t
qwen_sha256(const void *data, size_t len, uint8_t digest[QWEN_SHA256_LEN])
{
    if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1) {
        return QWEN_ERROR;
    }

    return QWEN_OK;
}


void
qwen_hex(char *out, const uint8_t *data, size_t len)
{
    size_t             i;
    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < len; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 0xf];
    }
}
