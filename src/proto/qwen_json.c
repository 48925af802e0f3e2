
#include "qwen_json.h"


#define QWEN_JSON_MAX_DEPTH  64


/* cJSON recurses, and its own limit is much higher than ours. */
static bool
qwen_json_too_deep(qwen_str_t text)
{
    bool      in_string;
    size_t    i, depth;
    uint8_t   c;

    depth = 0;
    in_string = false;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (in_string) {

            if (c == '\\') {
                i++;

            } else if (c == '"') {
                in_string = false;
            }

            continue;
        }

        if (c == '"') {
            in_string = true;

        } else if (c == '[' || c == '{') {

            if (++depth > QWEN_JSON_MAX_DEPTH) {
                return true;
            }

        } else if ((c == ']' || c == '}') && depth) {
            depth--;
        }
    }

    return false;
}


cJSON *
qwen_json_parse(qwen_str_t text)
{
    cJSON          *root;
    const char     *rest;
    const uint8_t  *p, *end;

    if (text.len == 0 || qwen_json_too_deep(text)) {
        return NULL;
    }

    root = cJSON_ParseWithLengthOpts((const char *) text.data, text.len,
                                     &rest, 0);
    if (root == NULL) {
        return NULL;
    }

    p = (const uint8_t *) rest;
    end = text.data + text.len;

    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
        p++;
    }

    if (p < end) {
        cJSON_Delete(root);
        return NULL;
    }

    return root;
}


const cJSON *
qwen_json_get(const cJSON *object, const char *name)
{
    if (!cJSON_IsObject(object)) {
        return NULL;
    }

    return cJSON_GetObjectItemCaseSensitive(object, name);
}


qwen_str_t
qwen_json_get_string(const cJSON *object, const char *name)
{
    size_t        len;
    const cJSON  *item;

    item = qwen_json_get(object, name);

    if (!cJSON_IsString(item) || item->valuestring == NULL) {
        return (qwen_str_t) { NULL, 0 };
    }

    len = strlen(item->valuestring);

    if (len == 0) {
        return (qwen_str_t) { NULL, 0 };
    }

    return (qwen_str_t) { (const uint8_t *) item->valuestring, len };
}


/* Reads a string of digits that fits. */
static bool
qwen_json_digits(const char *digits, int64_t *value)
{
    int64_t  n, digit;

    if (*digits == '\0') {
        return false;
    }

    for (n = 0; *digits; digits++) {

        if (*digits < '0' || *digits > '9') {
            return false;
        }

        digit = *digits - '0';

        if (n > (INT64_MAX - digit) / 10) {
            return false;
        }

        n = n * 10 + digit;
    }

    *value = n;

    return true;
}


/* Reads a number without a fraction; the bounds are 2^63, exact as doubles. */
static bool
qwen_json_whole(double number, int64_t *value)
{
    if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0))
    {
        return false;
    }

    *value = (int64_t) number;

    return (double) *value == number;
}


bool
qwen_json_get_int(const cJSON *object, const char *name, int64_t min,
    int64_t max, int64_t *value)
{
    bool          whole;
    int64_t       n;
    const cJSON  *item;

    item = qwen_json_get(object, name);

    if (cJSON_IsNumber(item)) {
        whole = qwen_json_whole(item->valuedouble, &n);

    } else if (cJSON_IsString(item) && item->valuestring != NULL) {
        whole = qwen_json_digits(item->valuestring, &n);

    } else {
        return false;
    }

    if (!whole || n < min || n > max) {
        return false;
    }

    *value = n;

    return true;
}


bool
qwen_json_get_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(qwen_json_get(object, name));
}
