
#include <openssl/rand.h>

#include "qwen_digest.h"
#include "qwen_uuid.h"


qwen_rc_t
qwen_uuid4(char out[QWEN_UUID_LEN])
{
    size_t   i;
    uint8_t  bytes[16];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return QWEN_ERROR;
    }

    bytes[6] = (bytes[6] & 0x0f) | 0x40;     /* version 4 */
    bytes[8] = (bytes[8] & 0x3f) | 0x80;     /* variant 10 */

    for (i = 0; i < sizeof(bytes); i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }

        qwen_hex(out, &bytes[i], 1);
        out += 2;
    }

    return QWEN_OK;
}
