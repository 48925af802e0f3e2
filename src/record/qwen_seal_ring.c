
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "qwen_digest.h"
#include "qwen_seal.h"
#include "qwen_utf8.h"


#define QWEN_SEAL_HEX_LEN     (2 * QWEN_SEAL_KEY_LEN)
#define QWEN_SEAL_BASE64_LEN  44


static qwen_rc_t qwen_seal_ring_line(qwen_seal_ring_t *ring, qwen_str_t line,
    qwen_seal_error_t *error);
static bool qwen_seal_key_read(qwen_str_t text, uint8_t *secret);
static bool qwen_seal_key_derive(qwen_seal_key_t *key);
static qwen_rc_t qwen_seal_ring_refuse(qwen_seal_error_t *error,
    const char *format, ...) __attribute__((format(printf, 2, 3)));


void
qwen_seal_ring_init(qwen_seal_ring_t *ring)
{
    *ring = (qwen_seal_ring_t) { .keys = NULL };
}


void
qwen_seal_ring_free(qwen_seal_ring_t *ring)
{
    if (ring->keys) {
        OPENSSL_cleanse(ring->keys,
                        QWEN_SEAL_MAX_KEYS * sizeof(qwen_seal_key_t));
        free(ring->keys);
    }

    qwen_seal_ring_init(ring);
}


/* Cuts the next line off, without white space around it. */
static qwen_str_t
qwen_seal_ring_next(qwen_str_t *text)
{
    qwen_str_t      line;
    const uint8_t  *end;

    line = *text;
    end = memchr(text->data, '\n', text->len);

    if (end) {
        line.len = (size_t) (end - text->data);
        text->data = end + 1;
        text->len -= line.len + 1;

    } else {
        text->len = 0;
    }

    while (line.len && (*line.data == ' ' || *line.data == '\t')) {
        line.data++;
        line.len--;
    }

    while (line.len && (line.data[line.len - 1] == ' '
                        || line.data[line.len - 1] == '\t'
                        || line.data[line.len - 1] == '\r'))
    {
        line.len--;
    }

    return line;
}


qwen_rc_t
qwen_seal_ring_parse(qwen_seal_ring_t *ring, qwen_str_t text,
    qwen_seal_error_t *error)
{
    qwen_str_t  line;

    error->line = 0;
    ring->keys = calloc(QWEN_SEAL_MAX_KEYS, sizeof(qwen_seal_key_t));

    if (ring->keys == NULL) {
        return qwen_seal_ring_refuse(error, "no memory");
    }

    while (text.len) {
        line = qwen_seal_ring_next(&text);
        error->line++;

        if (line.len == 0 || *line.data == '#') {
            continue;
        }

        if (qwen_seal_ring_line(ring, line, error) != QWEN_OK) {
            qwen_seal_ring_free(ring);
            return QWEN_ERROR;
        }
    }

    error->line = 0;

    if (ring->nkeys == 0) {
        qwen_seal_ring_free(ring);
        return qwen_seal_ring_refuse(error, "there is no key");
    }

    return QWEN_OK;
}


static qwen_rc_t
qwen_seal_ring_line(qwen_seal_ring_t *ring, qwen_str_t line,
    qwen_seal_error_t *error)
{
    size_t            i;
    qwen_seal_key_t  *key;

    if (ring->nkeys == QWEN_SEAL_MAX_KEYS) {
        return qwen_seal_ring_refuse(error, "line %zu: more than %d keys",
                                     error->line, QWEN_SEAL_MAX_KEYS);
    }

    key = &ring->keys[ring->nkeys];

    if (!qwen_seal_key_read(line, key->secret)) {
        return qwen_seal_ring_refuse(error, "line %zu: neither 64 hex digits "
                                     "nor 44 characters of base64",
                                     error->line);
    }

    for (i = 0; i < ring->nkeys; i++) {
        if (CRYPTO_memcmp(ring->keys[i].secret, key->secret,
                          QWEN_SEAL_KEY_LEN) == 0)
        {
            return qwen_seal_ring_refuse(error, "line %zu: the key is there "
                                         "already", error->line);
        }
    }

    if (!qwen_seal_key_derive(key)) {
        return qwen_seal_ring_refuse(error, "line %zu: OpenSSL failed",
                                     error->line);
    }

    ring->nkeys++;

    return QWEN_OK;
}


static bool
qwen_seal_key_hex(qwen_str_t text, uint8_t *secret)
{
    size_t    i;
    unsigned  high, low;

    for (i = 0; i < QWEN_SEAL_KEY_LEN; i++) {
        high = qwen_utf8_hex(text.data[2 * i]);
        low = qwen_utf8_hex(text.data[2 * i + 1]);

        if (high > 15 || low > 15) {
            return false;
        }

        secret[i] = (uint8_t) (high << 4 | low);
    }

    return true;
}


/* Encoding it again shows whether the text was strictly base64. */
static bool
qwen_seal_key_base64(qwen_str_t text, uint8_t *secret)
{
    bool     strict;
    uint8_t  bytes[QWEN_SEAL_BASE64_LEN / 4 * 3];
    uint8_t  again[QWEN_SEAL_BASE64_LEN + 1];

    strict = EVP_DecodeBlock(bytes, text.data, QWEN_SEAL_BASE64_LEN)
             == sizeof(bytes);

    if (strict) {
        (void) EVP_EncodeBlock(again, bytes, QWEN_SEAL_KEY_LEN);
        strict = CRYPTO_memcmp(again, text.data, QWEN_SEAL_BASE64_LEN) == 0;
        memcpy(secret, bytes, QWEN_SEAL_KEY_LEN);
    }

    OPENSSL_cleanse(bytes, sizeof(bytes));
    OPENSSL_cleanse(again, sizeof(again));

    return strict;
}


static bool
qwen_seal_key_read(qwen_str_t text, uint8_t *secret)
{
    switch (text.len) {

    case QWEN_SEAL_HEX_LEN:
        return qwen_seal_key_hex(text, secret);

    case QWEN_SEAL_BASE64_LEN:
        return qwen_seal_key_base64(text, secret);

    default:
        return false;
    }
}


static bool
qwen_seal_key_derive(qwen_seal_key_t *key)
{
    uint8_t            digest[QWEN_SHA256_LEN];
    static const char  purpose[] = "ngx_qwen nonce v1";

    if (qwen_sha256(key->secret, QWEN_SEAL_KEY_LEN, digest) != QWEN_OK
        || HMAC(EVP_sha256(), key->secret, QWEN_SEAL_KEY_LEN,
                (const uint8_t *) purpose, sizeof(purpose) - 1, key->nonce,
                NULL)
           == NULL)
    {
        return false;
    }

    qwen_hex((char *) key->id, digest, QWEN_SEAL_ID_LEN / 2);

    return true;
}


static qwen_rc_t
qwen_seal_ring_refuse(qwen_seal_error_t *error, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    (void) vsnprintf(error->reason, sizeof(error->reason), format, args);
    va_end(args);

    return QWEN_ERROR;
}
