
#include "qwen_record_read.h"


/* No exponent of use is larger; what is too much stays too much. */
#define QWEN_RECORD_MAX_EXPONENT  1000000


static bool qwen_record_whole(qwen_str_t text, uint64_t *number);
static bool qwen_record_exponent(const uint8_t *p, const uint8_t *end,
    int64_t *exponent);
static bool qwen_record_scale(uint64_t *number, int64_t power);


qwen_rc_t
qwen_record_number(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, uint64_t *number)
{
    uint8_t         c;
    qwen_rc_t       rc;
    qwen_str_t      text;
    const uint8_t  *place;

    c = qwen_cursor_peek(cursor);
    place = cursor->pos;

    rc = (c == '"') ? qwen_cursor_string(cursor, &text)
                    : qwen_cursor_value(cursor, &text);

    if (rc != QWEN_OK) {
        return qwen_record_no_memory(reader);
    }

    if (c == '"' && text.len == 0) {
        return QWEN_AGAIN;
    }

    if (!qwen_record_whole(text, number) || *number > member->max) {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                  "\"%s\" must be a whole number of 0 to %llu",
                                  member->name,
                                  (unsigned long long) member->max);
    }

    return QWEN_OK;
}


/* Reads 1750000000, 1.75e9 and 1750000000.0 alike; false: not whole, negative,
 * or above what counts.  Zeros are put off, as a point or an exponent may take
 * them away again. */
static bool
qwen_record_whole(qwen_str_t text, uint64_t *number)
{
    int64_t         zeros, exponent;
    const uint8_t  *p, *end, *point;

    p = text.data;
    end = p + text.len;
    point = NULL;
    zeros = 0;
    *number = 0;

    for ( /* void */ ; p < end; p++) {

        if (*p == '.' && point == NULL && p > text.data) {
            point = p;
            continue;
        }

        if (*p < '0' || *p > '9') {
            break;
        }

        if (*p == '0') {
            zeros++;
            continue;
        }

        if (!qwen_record_scale(number, zeros + 1)) {
            return false;
        }

        *number += *p - '0';
        zeros = 0;
    }

    if (p == text.data || p[-1] == '.'
        || !qwen_record_exponent(p, end, &exponent))
    {
        return false;
    }

    exponent += zeros - (point ? p - point - 1 : 0);

    return qwen_record_scale(number, exponent)
           && *number <= QWEN_RECORD_MAX_COUNT;
}


static bool
qwen_record_exponent(const uint8_t *p, const uint8_t *end, int64_t *exponent)
{
    bool  negative;

    *exponent = 0;

    if (p == end) {
        return true;
    }

    if (*p != 'e' && *p != 'E') {
        return false;
    }

    p++;
    negative = (p < end && *p == '-');

    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }

    if (p == end) {
        return false;
    }

    for ( /* void */ ; p < end; p++) {

        if (*p < '0' || *p > '9') {
            return false;
        }

        if (*exponent < QWEN_RECORD_MAX_EXPONENT) {
            *exponent = *exponent * 10 + (*p - '0');
        }
    }

    if (negative) {
        *exponent = -*exponent;
    }

    return true;
}


/* Multiplies by a power of ten; 0 stays 0. */
static bool
qwen_record_scale(uint64_t *number, int64_t power)
{
    if (*number == 0) {
        return true;
    }

    for ( /* void */ ; power > 0; power--) {

        if (*number > QWEN_RECORD_MAX_COUNT) {
            return false;
        }

        *number *= 10;
    }

    return power == 0;
}


qwen_rc_t
qwen_record_read_count(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    uint64_t   number;
    qwen_rc_t  rc;

    rc = qwen_record_number(reader, cursor, member, &number);

    if (rc == QWEN_OK) {

        /* int64_t may be accessed so, too */

        *(uint64_t *) (void *) ((char *) object + member->offset) = number;
    }

    return (rc == QWEN_ERROR) ? QWEN_ERROR : QWEN_OK;
}
