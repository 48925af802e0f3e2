
#include <stdlib.h>
#include <cjson/cJSON.h>

#include "qwen_scan_string.h"


#define QWEN_SCAN_MAX_NUMBER  63          /* what cJSON reads */

/* Room above the skeleton's cap: it is checked when a string has ended. */
#define QWEN_SCAN_SLACK       512


typedef enum {
    scan_value = 0,                  /* a value must follow */
    scan_first_element,              /* a value or the end of an array */
    scan_first_key,                  /* a key or the end of an object */
    scan_key,
    scan_colon,
    scan_next,                       /* a comma or the end of a level */
    scan_done,
    scan_string,
    scan_number,
    scan_literal
} qwen_scan_state_e;


typedef enum {
    number_none = 0,                 /* not part of a number */
    number_minus,
    number_zero,
    number_integer,
    number_point,
    number_fraction,
    number_e,
    number_sign,
    number_exponent
} qwen_scan_number_e;


void
qwen_scan_init(qwen_scan_t *scan, const qwen_scan_limits_t *limits)
{
    size_t  max;

    *scan = (qwen_scan_t) { .limits = *limits };

    if (scan->limits.max_depth > QWEN_SCAN_MAX_DEPTH) {
        scan->limits.max_depth = QWEN_SCAN_MAX_DEPTH;
    }

    max = limits->max_skeleton;

    qwen_buf_init(&scan->skeleton, (max < SIZE_MAX - QWEN_SCAN_SLACK)
                                   ? max + QWEN_SCAN_SLACK : SIZE_MAX);
    qwen_buf_init(&scan->levels, scan->limits.max_depth);
}


void
qwen_scan_free(qwen_scan_t *scan)
{
    qwen_buf_free(&scan->skeleton);
    qwen_buf_free(&scan->levels);
    free(scan->extents);

    scan->extents = NULL;
    scan->nextents = 0;
    scan->extents_size = 0;
}


/* Copies a byte outside of strings. */
static inline bool
scan_copy_byte(qwen_scan_t *scan, uint8_t byte)
{
    qwen_buf_t  *skeleton;

    skeleton = &scan->skeleton;

    if (skeleton->len < skeleton->size) {
        skeleton->data[skeleton->len++] = byte;

    } else if (!qwen_scan_copy(scan, &byte, 1)) {
        return false;
    }

    return qwen_scan_check_size(scan);
}


static void
scan_end_value(qwen_scan_t *scan)
{
    scan->state = scan->levels.len ? scan_next : scan_done;
}


static const uint8_t *
scan_open(qwen_scan_t *scan, const uint8_t *p)
{
    if (scan->levels.len == scan->limits.max_depth) {
        return qwen_scan_fail(scan, QWEN_SCAN_DEPTH);
    }

    if (qwen_buf_append(&scan->levels, p, 1) != QWEN_OK) {
        return qwen_scan_fail(scan, QWEN_SCAN_MEMORY);
    }

    scan->state = (*p == '[') ? scan_first_element : scan_first_key;

    return scan_copy_byte(scan, *p) ? p + 1 : NULL;
}


static const uint8_t *
scan_close(qwen_scan_t *scan, const uint8_t *p)
{
    scan->levels.len--;
    scan_end_value(scan);

    return scan_copy_byte(scan, *p) ? p + 1 : NULL;
}


static const uint8_t *
scan_begin_string(qwen_scan_t *scan, const uint8_t *p, bool key)
{
    scan->state = scan_string;

    return qwen_scan_string_begin(scan, p, key);
}


static void
scan_end_string(qwen_scan_t *scan)
{
    if (scan->key) {
        scan->state = scan_colon;

    } else {
        scan_end_value(scan);
    }
}


static qwen_scan_number_e
scan_next_number(unsigned number, uint8_t c)
{
    bool  digit;

    digit = (c >= '0' && c <= '9');

    switch ((qwen_scan_number_e) number) {

    case number_none:
        if (c == '-') {
            return number_minus;
        }

        /* fall through */

    case number_minus:
        return (c == '0') ? number_zero : digit ? number_integer : number_none;

    case number_integer:
        if (digit) {
            return number_integer;
        }

        /* fall through */

    case number_zero:
        if (c == '.') {
            return number_point;
        }

        return (c == 'e' || c == 'E') ? number_e : number_none;

    case number_point:
        return digit ? number_fraction : number_none;

    case number_fraction:
        if (c == 'e' || c == 'E') {
            return number_e;
        }

        return digit ? number_fraction : number_none;

    case number_e:
        if (c == '+' || c == '-') {
            return number_sign;
        }

        /* fall through */

    case number_sign:
    case number_exponent:
        return digit ? number_exponent : number_none;
    }

    return number_none;
}


static bool
scan_number_is_whole(unsigned number)
{
    return number == number_zero || number == number_integer
           || number == number_fraction || number == number_exponent;
}


static const uint8_t *
scan_read_number(qwen_scan_t *scan, const uint8_t *p)
{
    unsigned  number;

    number = scan_next_number(scan->number, *p);

    if (number != number_none) {

        if (++scan->number_len > QWEN_SCAN_MAX_NUMBER) {
            return qwen_scan_fail(scan, QWEN_SCAN_SIZE);
        }

        scan->number = number;

        return scan_copy_byte(scan, *p) ? p + 1 : NULL;
    }

    if (!scan_number_is_whole(scan->number)) {
        return qwen_scan_fail(scan, QWEN_SCAN_SYNTAX);
    }

    scan_end_value(scan);

    return p;
}


static const uint8_t *
scan_read_literal(qwen_scan_t *scan, const uint8_t *p)
{
    if (*p != (uint8_t) *scan->literal) {
        return qwen_scan_fail(scan, QWEN_SCAN_SYNTAX);
    }

    scan->literal++;

    if (*scan->literal == '\0') {
        scan_end_value(scan);
    }

    return scan_copy_byte(scan, *p) ? p + 1 : NULL;
}


static const uint8_t *
scan_begin_value(qwen_scan_t *scan, const uint8_t *p)
{
    if (scan->nvalues == scan->limits.max_values) {
        return qwen_scan_fail(scan, QWEN_SCAN_SIZE);
    }

    scan->nvalues++;

    switch (*p) {

    case '"':
        return scan_begin_string(scan, p, false);

    case '[':
    case '{':
        return scan_open(scan, p);

    case 't':
        scan->literal = "true";
        scan->state = scan_literal;
        return p;

    case 'f':
        scan->literal = "false";
        scan->state = scan_literal;
        return p;

    case 'n':
        scan->literal = "null";
        scan->state = scan_literal;
        return p;
    }

    if (scan_next_number(number_none, *p) == number_none) {
        return qwen_scan_fail(scan, QWEN_SCAN_SYNTAX);
    }

    scan->number = number_none;
    scan->number_len = 0;
    scan->state = scan_number;

    return p;
}


/* Reads a byte between values. */
static const uint8_t *
scan_read_structure(qwen_scan_t *scan, const uint8_t *p)
{
    bool  object;

    if (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') {
        return p + 1;
    }

    switch (scan->state) {

    case scan_first_element:
        if (*p == ']') {
            return scan_close(scan, p);
        }

        /* fall through */

    case scan_value:
        return scan_begin_value(scan, p);

    case scan_first_key:
        if (*p == '}') {
            return scan_close(scan, p);
        }

        /* fall through */

    case scan_key:
        if (*p == '"') {
            return scan_begin_string(scan, p, true);
        }

        break;

    case scan_colon:
        if (*p == ':') {
            scan->state = scan_value;
            return scan_copy_byte(scan, *p) ? p + 1 : NULL;
        }

        break;

    case scan_next:
        object = (scan->levels.data[scan->levels.len - 1] == '{');

        if (*p == ',') {
            scan->state = object ? scan_key : scan_value;
            return scan_copy_byte(scan, *p) ? p + 1 : NULL;
        }

        if (*p == (object ? '}' : ']')) {
            return scan_close(scan, p);
        }

        break;
    }

    return qwen_scan_fail(scan, QWEN_SCAN_SYNTAX);
}


/* Reads one byte or more, or none when it changes the state; NULL: error. */
static const uint8_t *
scan_read(qwen_scan_t *scan, const uint8_t *p, const uint8_t *end)
{
    const uint8_t  *next;

    switch (scan->state) {

    case scan_string:
        next = qwen_scan_string_read(scan, p, end);

        if (scan->string == scan_string_over) {
            scan_end_string(scan);
        }

        return next;

    case scan_number:
        return scan_read_number(scan, p);

    case scan_literal:
        return scan_read_literal(scan, p);
    }

    return scan_read_structure(scan, p);
}


qwen_rc_t
qwen_scan_feed(qwen_scan_t *scan, const uint8_t *data, size_t len)
{
    const uint8_t  *p, *end, *next;

    if (scan->error) {
        return QWEN_ERROR;
    }

    if (len == 0) {
        return QWEN_AGAIN;
    }

    p = data;
    end = data + len;
    scan->valid = data;

    while (p < end) {
        next = scan_read(scan, p, end);

        if (next == NULL) {
            return QWEN_ERROR;
        }

        scan->offset += (uint64_t) (next - p);
        p = next;
    }

    return QWEN_AGAIN;
}


qwen_rc_t
qwen_scan_end(qwen_scan_t *scan, cJSON **root)
{
    if (scan->error) {
        return QWEN_ERROR;
    }

    if (scan->state == scan_number && scan->levels.len == 0
        && scan_number_is_whole(scan->number))
    {
        scan->state = scan_done;
    }

    if (scan->state != scan_done) {
        (void) qwen_scan_fail(scan, QWEN_SCAN_SYNTAX);
        return QWEN_ERROR;
    }

    *root = cJSON_ParseWithLength((const char *) scan->skeleton.data,
                                  scan->skeleton.len);
    if (*root == NULL) {
        (void) qwen_scan_fail(scan, QWEN_SCAN_MEMORY);
        return QWEN_ERROR;
    }

    return QWEN_OK;
}


bool
qwen_scan_string(const qwen_scan_t *scan, const cJSON *item,
    qwen_span_t *span)
{
    const qwen_scan_extent_t  *extent;

    if (!cJSON_IsString(item) || item->valuestring == NULL) {
        return false;
    }

    if (qwen_scan_string_extent(scan, item->valuestring, &extent)) {
        *span = (qwen_span_t) {
            .offset = extent->offset,
            .len = extent->len,
            .simple_len = extent->simple_len
        };

    } else {
        *span = (qwen_span_t) {
            .data = (const uint8_t *) item->valuestring,
            .len = strlen(item->valuestring)
        };
    }

    return true;
}
