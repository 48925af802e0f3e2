
#include "qwen_json.h"
#include "qwen_jwt.h"


#define QWEN_JWT_MAX_PAYLOAD  8192
#define QWEN_JWT_MAX_ENCODED  (QWEN_JWT_MAX_PAYLOAD * 4 / 3 + 1)


/* The value of a base64url digit (RFC 4648, section 5), 64 for others. */
static unsigned
qwen_jwt_digit(uint8_t c)
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

    return (c == '-') ? 62 : (c == '_') ? 63 : 64;
}


/* Decodes base64url without padding; false: it is none, or too long. */
static bool
qwen_jwt_decode(qwen_str_t text, uint8_t *out, size_t *len)
{
    size_t    i, n;
    unsigned  digit, bits, nbits;

    if (text.len % 4 == 1 || text.len > QWEN_JWT_MAX_ENCODED) {
        return false;
    }

    n = 0;
    bits = 0;
    nbits = 0;

    for (i = 0; i < text.len; i++) {
        digit = qwen_jwt_digit(text.data[i]);

        if (digit == 64) {
            return false;
        }

        bits = (bits << 6 | digit) & 0xffff;
        nbits += 6;

        if (nbits >= 8) {
            nbits -= 8;
            out[n++] = (uint8_t) (bits >> nbits);
        }
    }

    *len = n;

    return true;
}


/* The middle one of three parts. */
static bool
qwen_jwt_payload(qwen_str_t token, qwen_str_t *payload)
{
    const uint8_t  *first, *second, *end;

    if (token.len == 0) {
        return false;
    }

    end = token.data + token.len;
    first = memchr(token.data, '.', token.len);

    if (first == NULL || first == token.data) {
        return false;
    }

    first++;
    second = memchr(first, '.', (size_t) (end - first));

    if (second == NULL
        || memchr(second + 1, '.', (size_t) (end - second - 1)) != NULL)
    {
        return false;
    }

    *payload = (qwen_str_t) { first, (size_t) (second - first) };

    return true;
}


qwen_rc_t
qwen_jwt_expiry(qwen_str_t token, int64_t *exp)
{
    bool        found;
    cJSON      *root;
    size_t      len;
    uint8_t     json[QWEN_JWT_MAX_PAYLOAD];
    qwen_str_t  payload;

    if (!qwen_jwt_payload(token, &payload)
        || !qwen_jwt_decode(payload, json, &len))
    {
        return QWEN_ERROR;
    }

    root = qwen_json_parse((qwen_str_t) { json, len });

    found = cJSON_IsNumber(qwen_json_get(root, "exp"))
            && qwen_json_get_int(root, "exp", 1, INT64_MAX, exp);

    cJSON_Delete(root);

    return found ? QWEN_OK : QWEN_ERROR;
}
