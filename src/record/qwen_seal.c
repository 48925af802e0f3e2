
#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "qwen_digest.h"
#include "qwen_seal.h"


#define QWEN_SEAL_MARK       "enc:v1:"
#define QWEN_SEAL_MARK_LEN   (sizeof(QWEN_SEAL_MARK) - 1)
#define QWEN_SEAL_RAW_LEN    (sizeof(QWEN_SEAL_RAW) - 1)
#define QWEN_SEAL_HEAD_LEN   (QWEN_SEAL_MARK_LEN + QWEN_SEAL_ID_LEN + 1)
#define QWEN_SEAL_NONCE_LEN  12
#define QWEN_SEAL_TAG_LEN    16

/* Lengths are int in OpenSSL. */
#define QWEN_SEAL_MAX_LEN    (INT_MAX / 4)


static bool qwen_seal_nonce(const qwen_seal_key_t *key, qwen_str_t context,
    qwen_str_t plain, uint8_t *nonce);
static bool qwen_seal_encrypt(const qwen_seal_key_t *key, qwen_str_t context,
    qwen_str_t plain, uint8_t *sealed);
static qwen_seal_rc_t qwen_seal_open_v1(const qwen_seal_ring_t *ring,
    qwen_str_t context, qwen_str_t value, uint8_t *room, qwen_str_t *plain);
static qwen_seal_rc_t qwen_seal_open_with(const qwen_seal_key_t *key,
    qwen_str_t context, qwen_str_t text, uint8_t *room, qwen_str_t *plain);
static size_t qwen_seal_decode(qwen_str_t text, uint8_t *out);
static qwen_seal_rc_t qwen_seal_decrypt(const qwen_seal_key_t *key,
    qwen_str_t context, uint8_t *sealed, size_t len);


static qwen_rc_t
qwen_seal_clear(qwen_str_t plain, qwen_buf_t *out)
{
    size_t  start;

    start = out->len;

    if (qwen_seal_is_marked(plain)) {
        (void) qwen_buf_append_literal(out, QWEN_SEAL_RAW);
    }

    if (qwen_buf_append_str(out, plain) != QWEN_OK) {
        out->len = start;
        return QWEN_ERROR;
    }

    return QWEN_OK;
}


/* The sealed bytes are made behind the place of their base64, and encoded
 * from there: base64 needs room for itself and a zero byte. */
qwen_rc_t
qwen_seal(const qwen_seal_ring_t *ring, qwen_str_t context, qwen_str_t plain,
    qwen_buf_t *out)
{
    size_t                  len, base64_len;
    uint8_t                *place, *sealed;
    const qwen_seal_key_t  *key;

    if (ring == NULL || plain.len == 0) {
        return qwen_seal_clear(plain, out);
    }

    if (ring->nkeys == 0 || plain.len > QWEN_SEAL_MAX_LEN
        || context.len > QWEN_SEAL_MAX_LEN)
    {
        return QWEN_ERROR;
    }

    key = &ring->keys[0];
    len = QWEN_SEAL_NONCE_LEN + plain.len + QWEN_SEAL_TAG_LEN;
    base64_len = (len + 2) / 3 * 4;

    if (qwen_buf_reserve(out, QWEN_SEAL_HEAD_LEN + base64_len + 1 + len)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    place = out->data + out->len;
    sealed = place + QWEN_SEAL_HEAD_LEN + base64_len + 1;

    if (!qwen_seal_nonce(key, context, plain, sealed)
        || !qwen_seal_encrypt(key, context, plain, sealed))
    {
        return QWEN_ERROR;
    }

    memcpy(place, QWEN_SEAL_MARK, QWEN_SEAL_MARK_LEN);
    memcpy(place + QWEN_SEAL_MARK_LEN, key->id, QWEN_SEAL_ID_LEN);
    place[QWEN_SEAL_HEAD_LEN - 1] = ':';

    (void) EVP_EncodeBlock(place + QWEN_SEAL_HEAD_LEN, sealed, (int) len);

    out->len += QWEN_SEAL_HEAD_LEN + base64_len;

    return QWEN_OK;
}


/* The context's digest is the key for the value, so that no part of one can
 * be taken for the other. */
static bool
qwen_seal_nonce(const qwen_seal_key_t *key, qwen_str_t context,
    qwen_str_t plain, uint8_t *nonce)
{
    bool     made;
    uint8_t  digest[QWEN_SHA256_LEN];

    made = HMAC(EVP_sha256(), key->nonce, QWEN_SEAL_KEY_LEN,
                context.len ? context.data : (const uint8_t *) "",
                context.len, digest, NULL)
           && HMAC(EVP_sha256(), digest, sizeof(digest), plain.data,
                   plain.len, digest, NULL);

    if (made) {
        memcpy(nonce, digest, QWEN_SEAL_NONCE_LEN);
    }

    OPENSSL_cleanse(digest, sizeof(digest));

    return made;
}


/* Writes ciphertext and tag behind the nonce. */
static bool
qwen_seal_encrypt(const qwen_seal_key_t *key, qwen_str_t context,
    qwen_str_t plain, uint8_t *sealed)
{
    int              len, rest;
    bool             made;
    uint8_t         *text;
    EVP_CIPHER_CTX  *cipher;

    cipher = EVP_CIPHER_CTX_new();

    if (cipher == NULL) {
        return false;
    }

    text = sealed + QWEN_SEAL_NONCE_LEN;

    made = EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->secret,
                              sealed) == 1
           && EVP_EncryptUpdate(cipher, NULL, &len, context.data,
                                (int) context.len) == 1
           && EVP_EncryptUpdate(cipher, text, &len, plain.data,
                                (int) plain.len) == 1
           && EVP_EncryptFinal_ex(cipher, text + len, &rest) == 1
           && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG,
                                  QWEN_SEAL_TAG_LEN, text + plain.len) == 1;

    EVP_CIPHER_CTX_free(cipher);

    return made;
}


qwen_seal_rc_t
qwen_seal_open(const qwen_seal_ring_t *ring, qwen_str_t context,
    qwen_str_t value, uint8_t *room, qwen_str_t *plain)
{
    *plain = (qwen_str_t) { NULL, 0 };

    if (!qwen_seal_is_marked(value)) {
        *plain = value;
        return QWEN_SEAL_OK;
    }

    if (value.len > QWEN_SEAL_RAW_LEN
        && memcmp(value.data, QWEN_SEAL_RAW, QWEN_SEAL_RAW_LEN) == 0)
    {
        plain->data = value.data + QWEN_SEAL_RAW_LEN;
        plain->len = value.len - QWEN_SEAL_RAW_LEN;
        return QWEN_SEAL_OK;
    }

    if (value.len <= QWEN_SEAL_HEAD_LEN || value.len > QWEN_SEAL_MAX_LEN
        || context.len > QWEN_SEAL_MAX_LEN
        || memcmp(value.data, QWEN_SEAL_MARK, QWEN_SEAL_MARK_LEN) != 0
        || value.data[QWEN_SEAL_HEAD_LEN - 1] != ':')
    {
        return QWEN_SEAL_DAMAGED;
    }

    return qwen_seal_open_v1(ring, context, value, room, plain);
}


/* Two keys may share an id; then each of them is tried. */
static qwen_seal_rc_t
qwen_seal_open_v1(const qwen_seal_ring_t *ring, qwen_str_t context,
    qwen_str_t value, uint8_t *room, qwen_str_t *plain)
{
    size_t          i;
    qwen_str_t      text;
    qwen_seal_rc_t  rc;
    const uint8_t  *id;

    rc = QWEN_SEAL_NO_KEY;
    id = value.data + QWEN_SEAL_MARK_LEN;

    text = (qwen_str_t) { value.data + QWEN_SEAL_HEAD_LEN,
                          value.len - QWEN_SEAL_HEAD_LEN };

    for (i = 0; ring && i < ring->nkeys; i++) {

        if (memcmp(ring->keys[i].id, id, QWEN_SEAL_ID_LEN) != 0) {
            continue;
        }

        rc = qwen_seal_open_with(&ring->keys[i], context, text, room, plain);

        if (rc != QWEN_SEAL_DAMAGED) {
            break;
        }
    }

    return rc;
}


static qwen_seal_rc_t
qwen_seal_open_with(const qwen_seal_key_t *key, qwen_str_t context,
    qwen_str_t text, uint8_t *room, qwen_str_t *plain)
{
    size_t          len;
    qwen_seal_rc_t  rc;

    len = qwen_seal_decode(text, room);

    if (len <= QWEN_SEAL_NONCE_LEN + QWEN_SEAL_TAG_LEN) {
        return QWEN_SEAL_DAMAGED;
    }

    rc = qwen_seal_decrypt(key, context, room, len);

    if (rc != QWEN_SEAL_OK) {
        OPENSSL_cleanse(room, len);
        return rc;
    }

    plain->data = room + QWEN_SEAL_NONCE_LEN;
    plain->len = len - QWEN_SEAL_NONCE_LEN - QWEN_SEAL_TAG_LEN;

    return QWEN_SEAL_OK;
}


/* The value of a digit of base64 (RFC 4648, section 4), 64 for others. */
static unsigned
qwen_seal_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26u;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52u;
    }

    return (c == '+') ? 62 : (c == '/') ? 63 : 64;
}


/* Decodes base64 with its padding; 0: it is none. */
static size_t
qwen_seal_decode(qwen_str_t text, uint8_t *out)
{
    size_t    i, n;
    unsigned  digit, bits, nbits;

    if (text.len % 4 != 0) {
        return 0;
    }

    for (i = 0; i < 2 && text.len && text.data[text.len - 1] == '='; i++) {
        text.len--;
    }

    n = 0;
    bits = 0;
    nbits = 0;

    for (i = 0; i < text.len; i++) {
        digit = qwen_seal_digit(text.data[i]);

        if (digit == 64) {
            return 0;
        }

        bits = (bits << 6 | digit) & 0xffff;
        nbits += 6;

        if (nbits >= 8) {
            nbits -= 8;
            out[n++] = (uint8_t) (bits >> nbits);
        }
    }

    /* what the last digit has too much is zero, so that a text is unique */

    return (bits & ((1u << nbits) - 1)) ? 0 : n;
}


/* Opens in place, behind the nonce. */
static qwen_seal_rc_t
qwen_seal_decrypt(const qwen_seal_key_t *key, qwen_str_t context,
    uint8_t *sealed, size_t len)
{
    int              n, rest;
    uint8_t         *text, *tag;
    qwen_seal_rc_t   rc;
    EVP_CIPHER_CTX  *cipher;

    cipher = EVP_CIPHER_CTX_new();

    if (cipher == NULL) {
        return QWEN_SEAL_FAILED;
    }

    text = sealed + QWEN_SEAL_NONCE_LEN;
    tag = sealed + len - QWEN_SEAL_TAG_LEN;

    if (EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->secret,
                           sealed) != 1
        || EVP_DecryptUpdate(cipher, NULL, &n, context.data,
                             (int) context.len) != 1
        || EVP_DecryptUpdate(cipher, text, &n, text, (int) (tag - text)) != 1
        || EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG,
                               QWEN_SEAL_TAG_LEN, tag) != 1)
    {
        rc = QWEN_SEAL_FAILED;

    } else if (EVP_DecryptFinal_ex(cipher, text + n, &rest) != 1) {
        rc = QWEN_SEAL_DAMAGED;

    } else {
        rc = QWEN_SEAL_OK;
    }

    EVP_CIPHER_CTX_free(cipher);

    return rc;
}


bool
qwen_seal_is_current(const qwen_seal_ring_t *ring, qwen_str_t value)
{
    if (ring == NULL) {
        return !qwen_seal_is_marked(value)
               || (value.len > QWEN_SEAL_RAW_LEN
                   && memcmp(value.data, QWEN_SEAL_RAW, QWEN_SEAL_RAW_LEN)
                      == 0);
    }

    if (value.len == 0) {
        return true;
    }

    return ring->nkeys > 0 && value.len > QWEN_SEAL_HEAD_LEN
           && memcmp(value.data, QWEN_SEAL_MARK, QWEN_SEAL_MARK_LEN) == 0
           && memcmp(value.data + QWEN_SEAL_MARK_LEN, ring->keys[0].id,
                     QWEN_SEAL_ID_LEN) == 0;
}
