
#include "qwen_cursor.h"


#define QWEN_CURSOR_DEPTH     64
#define QWEN_CURSOR_COUNT_MAX ((uint64_t) 1 << 53)


static qwen_rc_t qwen_cursor_skip_value(qwen_cursor_t *cursor,
    unsigned depth);
static qwen_rc_t qwen_cursor_skip_scalar(qwen_cursor_t *cursor);


/* A quote is the end unless an odd number of backslashes stands before it. */
qwen_rc_t
qwen_cursor_long_string(qwen_cursor_t *cursor, const uint8_t *start,
    qwen_str_t *string)
{
    const uint8_t  *p, *q;

    for (p = cursor->pos; p < cursor->end; p++) {
        p = memchr(p, '"', (size_t) (cursor->end - p));

        if (p == NULL) {
            return QWEN_ERROR;
        }

        for (q = p; q > start && q[-1] == '\\'; q--) { /* void */ }

        if ((p - q) % 2 == 0) {
            string->data = start;
            string->len = (size_t) (p - start);
            cursor->pos = p + 1;

            return QWEN_OK;
        }
    }

    return QWEN_ERROR;
}


qwen_rc_t
qwen_cursor_skip(qwen_cursor_t *cursor)
{
    return qwen_cursor_skip_value(cursor, QWEN_CURSOR_DEPTH);
}


static qwen_rc_t
qwen_cursor_skip_value(qwen_cursor_t *cursor, unsigned depth)
{
    uint8_t     c;
    qwen_rc_t   rc;
    qwen_str_t  string;

    c = qwen_cursor_peek(cursor);

    if (c == '"') {
        return qwen_cursor_string(cursor, &string);
    }

    if (c != '{' && c != '[') {
        return qwen_cursor_skip_scalar(cursor);
    }

    if (depth == 0) {
        return QWEN_ERROR;
    }

    qwen_cursor_enter(cursor);

    for ( ;; ) {
        rc = (c == '{') ? qwen_cursor_member(cursor, &string)
                        : qwen_cursor_element(cursor);

        if (rc != QWEN_OK) {
            return (rc == QWEN_AGAIN) ? QWEN_OK : QWEN_ERROR;
        }

        if (qwen_cursor_skip_value(cursor, depth - 1) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }
}


/* A number is told by its bytes only; who needs one reads it strictly. */

static qwen_rc_t
qwen_cursor_skip_scalar(qwen_cursor_t *cursor)
{
    size_t          len;
    const uint8_t  *p, *start;

    start = cursor->pos;

    for (p = start; p < cursor->end; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')
              || *p == '-' || *p == '+' || *p == '.' || *p == 'E'))
        {
            break;
        }
    }

    cursor->pos = p;
    len = p - start;

    if (len == 0) {
        return QWEN_ERROR;
    }

    switch (*start) {

    case 't':
        return (len == 4 && memcmp(start, "true", 4) == 0)
               ? QWEN_OK : QWEN_ERROR;

    case 'f':
        return (len == 5 && memcmp(start, "false", 5) == 0)
               ? QWEN_OK : QWEN_ERROR;

    case 'n':
        return (len == 4 && memcmp(start, "null", 4) == 0)
               ? QWEN_OK : QWEN_ERROR;

    default:
        return (*start == '-' || (*start >= '0' && *start <= '9'))
               ? QWEN_OK : QWEN_ERROR;
    }
}


qwen_rc_t
qwen_cursor_value(qwen_cursor_t *cursor, qwen_str_t *json)
{
    (void) qwen_cursor_peek(cursor);

    json->data = cursor->pos;

    if (qwen_cursor_skip(cursor) != QWEN_OK) {
        return QWEN_ERROR;
    }

    json->len = cursor->pos - json->data;

    return QWEN_OK;
}


qwen_rc_t
qwen_cursor_count(qwen_cursor_t *cursor, uint64_t *count)
{
    uint8_t         c;
    uint64_t        value;
    const uint8_t  *start;

    c = qwen_cursor_peek(cursor);

    if (c < '0' || c > '9') {
        return qwen_cursor_skip(cursor) == QWEN_OK ? QWEN_AGAIN : QWEN_ERROR;
    }

    start = cursor->pos;
    value = 0;

    while (cursor->pos < cursor->end
           && *cursor->pos >= '0' && *cursor->pos <= '9')
    {
        if (value <= QWEN_CURSOR_COUNT_MAX) {
            value = value * 10 + (*cursor->pos - '0');
        }

        cursor->pos++;
    }

    c = qwen_cursor_peek(cursor);

    if (value > QWEN_CURSOR_COUNT_MAX
        || (c != ',' && c != '}' && c != ']' && c != 0))
    {
        cursor->pos = start;
        return qwen_cursor_skip(cursor) == QWEN_OK ? QWEN_AGAIN : QWEN_ERROR;
    }

    *count = value;

    return QWEN_OK;
}
