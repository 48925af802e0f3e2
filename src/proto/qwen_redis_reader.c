
#include <limits.h>
#include <stdlib.h>

#include "qwen_redis_reader.h"


#define QWEN_REDIS_MAX_DIGITS  19
#define QWEN_REDIS_MAX_CODE    32


qwen_rc_t
qwen_redis_reader_init(qwen_redis_reader_t *reader, size_t max)
{
    *reader = (qwen_redis_reader_t) { .max = max };

    /* hiredis counts some things in an int */

    if (reader->max > INT_MAX) {
        reader->max = INT_MAX;
    }

    reader->hiredis = redisReaderCreate();

    return reader->hiredis ? QWEN_OK : QWEN_ERROR;
}


void
qwen_redis_reader_free(qwen_redis_reader_t *reader)
{
    if (reader->hiredis) {
        redisReaderFree(reader->hiredis);
        reader->hiredis = NULL;
    }
}


static qwen_rc_t
qwen_redis_reader_wrong(qwen_redis_reader_t *reader, const char *wrong)
{
    reader->wrong = wrong;

    return QWEN_ERROR;
}


static qwen_rc_t
qwen_redis_reader_charge(qwen_redis_reader_t *reader, uint64_t bytes)
{
    if (bytes > reader->max - reader->used) {
        return qwen_redis_reader_wrong(reader, "a reply is too large");
    }

    reader->used += (size_t) bytes;

    return QWEN_OK;
}


/* The end of an element.  QWEN_OK: of the reply too. */
static qwen_rc_t
qwen_redis_reader_element(qwen_redis_reader_t *reader)
{
    reader->state = QWEN_REDIS_TYPE;

    while (reader->depth) {

        if (--reader->left[reader->depth - 1]) {
            return QWEN_AGAIN;
        }

        reader->depth--;
    }

    return QWEN_OK;
}


static qwen_rc_t
qwen_redis_reader_array(qwen_redis_reader_t *reader)
{
    if (reader->depth == QWEN_REDIS_MAX_DEPTH) {
        return qwen_redis_reader_wrong(reader, "arrays are nested too deep");
    }

    if (reader->number > reader->max / QWEN_REDIS_ELEMENT) {
        return qwen_redis_reader_wrong(reader, "a reply is too large");
    }

    if (qwen_redis_reader_charge(reader, reader->number * QWEN_REDIS_ELEMENT)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    reader->left[reader->depth++] = reader->number;
    reader->state = QWEN_REDIS_TYPE;

    return QWEN_AGAIN;
}


/* The end of a line. */
static qwen_rc_t
qwen_redis_reader_line_end(qwen_redis_reader_t *reader)
{
    if (reader->type == '$' && !reader->negative) {

        if (qwen_redis_reader_charge(reader, reader->number) != QWEN_OK) {
            return QWEN_ERROR;
        }

        reader->state = reader->number ? QWEN_REDIS_BULK : QWEN_REDIS_BULK_CR;

        return QWEN_AGAIN;
    }

    if (reader->type == '*' && !reader->negative && reader->number) {
        return qwen_redis_reader_array(reader);
    }

    return qwen_redis_reader_element(reader);
}


static qwen_rc_t
qwen_redis_reader_type(qwen_redis_reader_t *reader, uint8_t c)
{
    switch (c) {

    case '+':
    case '-':
        reader->state = QWEN_REDIS_LINE;
        break;

    case ':':
    case '$':
    case '*':
        reader->state = QWEN_REDIS_NUMBER;
        break;

    default:
        return qwen_redis_reader_wrong(reader, "a reply is no RESP2");
    }

    reader->type = c;
    reader->negative = false;
    reader->digits = 0;
    reader->number = 0;

    return QWEN_AGAIN;
}


static qwen_rc_t
qwen_redis_reader_line(qwen_redis_reader_t *reader, uint8_t c)
{
    if (c == '\n') {
        return qwen_redis_reader_wrong(reader, "a reply has a wrong line end");
    }

    if (c == '\r') {
        reader->state = QWEN_REDIS_LF;
        return QWEN_AGAIN;
    }

    return (qwen_redis_reader_charge(reader, 1) == QWEN_OK) ? QWEN_AGAIN
                                                            : QWEN_ERROR;
}


static qwen_rc_t
qwen_redis_reader_number(qwen_redis_reader_t *reader, uint8_t c)
{
    if (c >= '0' && c <= '9' && reader->digits < QWEN_REDIS_MAX_DIGITS) {
        reader->number = reader->number * 10 + (c - '0');
        reader->digits++;
        return QWEN_AGAIN;
    }

    if (c == '-' && reader->digits == 0 && !reader->negative) {
        reader->negative = true;
        return QWEN_AGAIN;
    }

    /* a length below zero is -1 and means that there is nothing */

    if (c != '\r' || reader->digits == 0
        || reader->number > (uint64_t) INT64_MAX + reader->negative
        || (reader->negative && reader->type != ':' && reader->number != 1))
    {
        return qwen_redis_reader_wrong(reader, "a reply has a wrong number");
    }

    reader->state = QWEN_REDIS_LF;

    return QWEN_AGAIN;
}


static qwen_rc_t
qwen_redis_reader_byte(qwen_redis_reader_t *reader, uint8_t c)
{
    switch (reader->state) {

    case QWEN_REDIS_TYPE:
        return qwen_redis_reader_type(reader, c);

    case QWEN_REDIS_NUMBER:
        return qwen_redis_reader_number(reader, c);

    case QWEN_REDIS_LINE:
        return qwen_redis_reader_line(reader, c);

    case QWEN_REDIS_BULK_CR:
        if (c == '\r') {
            reader->state = QWEN_REDIS_BULK_LF;
            return QWEN_AGAIN;
        }

        break;

    case QWEN_REDIS_LF:
        if (c == '\n') {
            return qwen_redis_reader_line_end(reader);
        }

        break;

    case QWEN_REDIS_BULK_LF:
        if (c == '\n') {
            return qwen_redis_reader_element(reader);
        }

        break;

    default: /* QWEN_REDIS_BULK has no bytes that are looked at */
        break;
    }

    return qwen_redis_reader_wrong(reader, "a reply has a wrong line end");
}


/* Measures up to the end of the reply.  QWEN_OK: *n bytes end it. */
static qwen_rc_t
qwen_redis_reader_measure(qwen_redis_reader_t *reader, qwen_str_t input,
    size_t *n)
{
    size_t     i, len;
    qwen_rc_t  rc;

    for (i = 0; i < input.len; /* void */ ) {

        if (reader->state == QWEN_REDIS_BULK) {
            len = input.len - i;

            if (len > reader->number) {
                len = (size_t) reader->number;
            }

            i += len;
            reader->number -= len;

            if (reader->number == 0) {
                reader->state = QWEN_REDIS_BULK_CR;
            }

            continue;
        }

        rc = qwen_redis_reader_byte(reader, input.data[i++]);

        if (rc != QWEN_AGAIN) {
            *n = i;
            return rc;
        }
    }

    *n = i;

    return QWEN_AGAIN;
}


qwen_rc_t
qwen_redis_reader_next(qwen_redis_reader_t *reader, qwen_str_t *input,
    redisReply **reply)
{
    void       *object;
    size_t      n;
    qwen_rc_t   rc;

    if (reader->wrong) {
        return QWEN_ERROR;
    }

    if (input->len == 0) {
        return QWEN_AGAIN;
    }

    rc = qwen_redis_reader_measure(reader, *input, &n);

    if (rc == QWEN_ERROR) {
        return QWEN_ERROR;
    }

    if (redisReaderFeed(reader->hiredis, (const char *) input->data, n)
        != REDIS_OK)
    {
        return qwen_redis_reader_wrong(reader, "no memory for a reply");
    }

    input->data += n;
    input->len -= n;

    if (rc == QWEN_AGAIN) {
        return QWEN_AGAIN;
    }

    reader->used = 0;
    object = NULL;

    if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK
        || object == NULL)
    {
        return qwen_redis_reader_wrong(reader, "hiredis refused a reply");
    }

    *reply = object;

    return QWEN_OK;
}


qwen_str_t
qwen_redis_error_code(const redisReply *reply)
{
    size_t      n;
    qwen_str_t  code;

    code = (qwen_str_t) { (const uint8_t *) reply->str, 0 };

    for (n = 0; n < reply->len && n < QWEN_REDIS_MAX_CODE; n++) {
        if (code.data[n] < 'A' || code.data[n] > 'Z') {
            break;
        }
    }

    if (n == reply->len || code.data[n] == ' ') {
        code.len = n;
    }

    return code;
}
