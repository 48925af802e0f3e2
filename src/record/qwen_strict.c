
#include "qwen_strict.h"
#include "qwen_utf8.h"


typedef struct {
    const uint8_t  *pos;
    const uint8_t  *end;
    uint64_t        objects;         /* a bit for each level, the lowest one is
                                        the innermost */
    unsigned        depth;
} qwen_strict_t;


static const char *qwen_strict_value(qwen_strict_t *strict);
static const char *qwen_strict_open(qwen_strict_t *strict, bool object);
static const char *qwen_strict_next(qwen_strict_t *strict);
static const char *qwen_strict_name(qwen_strict_t *strict);
static const char *qwen_strict_string(qwen_strict_t *strict);
static const char *qwen_strict_escape(qwen_strict_t *strict);
static const char *qwen_strict_number(qwen_strict_t *strict);
static const char *qwen_strict_word(qwen_strict_t *strict, const char *word);


static const char  qwen_strict_ended[] = "the text ends too early";


/* The first byte behind white space; 0 at the end, or when it is a zero. */
static uint8_t
qwen_strict_peek(qwen_strict_t *strict)
{
    uint8_t  c;

    while (strict->pos < strict->end) {
        c = *strict->pos;

        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            return c;
        }

        strict->pos++;
    }

    return 0;
}


static const char *
qwen_strict_fail(const qwen_strict_t *strict, const char *reason)
{
    return (strict->pos == strict->end) ? qwen_strict_ended : reason;
}


const char *
qwen_strict_check(qwen_str_t text, size_t *offset)
{
    const char     *wrong;
    qwen_strict_t   strict;

    *offset = 0;

    if (text.len == 0) {
        return "the text is empty";
    }

    strict = (qwen_strict_t) { text.data, text.data + text.len, 0, 0 };

    do {
        wrong = qwen_strict_value(&strict);

        if (wrong == NULL) {
            wrong = qwen_strict_next(&strict);
        }

    } while (wrong == NULL && strict.depth);

    if (wrong == NULL) {
        (void) qwen_strict_peek(&strict);

        if (strict.pos < strict.end) {
            wrong = "something follows the end";
        }
    }

    *offset = (size_t) (strict.pos - text.data);

    return wrong;
}


/* Reads up to the end of a scalar or of empty brackets; opening brackets are
 * passed with what must stand in front of the value in them. */
static const char *
qwen_strict_value(qwen_strict_t *strict)
{
    bool         object;
    uint8_t      c;
    const char  *wrong;

    for ( ;; ) {
        c = qwen_strict_peek(strict);

        switch (c) {

        case '"':
            return qwen_strict_string(strict);

        case 't':
            return qwen_strict_word(strict, "true");

        case 'f':
            return qwen_strict_word(strict, "false");

        case 'n':
            return qwen_strict_word(strict, "null");

        case '{':
        case '[':
            break;

        default:
            return qwen_strict_number(strict);
        }

        object = (c == '{');
        wrong = qwen_strict_open(strict, object);

        if (wrong) {
            return wrong;
        }

        if (qwen_strict_peek(strict) == (object ? '}' : ']')) {
            return NULL;
        }

        wrong = object ? qwen_strict_name(strict) : NULL;

        if (wrong) {
            return wrong;
        }
    }
}


static const char *
qwen_strict_open(qwen_strict_t *strict, bool object)
{
    if (strict->depth == QWEN_STRICT_MAX_DEPTH) {
        return "nested too deeply";
    }

    strict->pos++;
    strict->depth++;
    strict->objects = strict->objects << 1 | object;

    return NULL;
}


/* Reads closing brackets, and a comma with what must follow it. */
static const char *
qwen_strict_next(qwen_strict_t *strict)
{
    bool     object;
    uint8_t  c;

    while (strict->depth) {
        c = qwen_strict_peek(strict);
        object = strict->objects & 1;

        if (c == ',') {
            strict->pos++;
            return object ? qwen_strict_name(strict) : NULL;
        }

        if (c != (object ? '}' : ']')) {
            return qwen_strict_fail(strict, object
                                            ? "expected \",\" or \"}\""
                                            : "expected \",\" or \"]\"");
        }

        strict->pos++;
        strict->depth--;
        strict->objects >>= 1;
    }

    return NULL;
}


static const char *
qwen_strict_name(qwen_strict_t *strict)
{
    const char  *wrong;

    if (qwen_strict_peek(strict) != '"') {
        return qwen_strict_fail(strict, "expected a member's name");
    }

    wrong = qwen_strict_string(strict);

    if (wrong) {
        return wrong;
    }

    if (qwen_strict_peek(strict) != ':') {
        return qwen_strict_fail(strict, "expected \":\"");
    }

    strict->pos++;

    return NULL;
}


static const char *
qwen_strict_string(qwen_strict_t *strict)
{
    const char  *wrong;

    strict->pos++;

    for ( ;; ) {
        strict->pos = qwen_utf8_run(strict->pos, strict->end);

        if (strict->pos == strict->end) {
            return qwen_strict_ended;
        }

        switch (*strict->pos) {

        case '"':
            strict->pos++;
            return NULL;

        case '\\':
            wrong = qwen_strict_escape(strict);

            if (wrong) {
                return wrong;
            }

            break;

        default:
            return (*strict->pos < 0x20) ? "a control character in a string"
                                         : "invalid UTF-8 in a string";
        }
    }
}


static const char *
qwen_strict_escape(qwen_strict_t *strict)
{
    size_t    left;
    uint32_t  code;

    left = (size_t) (strict->end - strict->pos);

    if (left > 1 && qwen_utf8_is_escape(strict->pos[1])) {
        strict->pos += 2;
        return NULL;
    }

    if (left > 5 && strict->pos[1] == 'u'
        && qwen_utf8_hex4(strict->pos + 2, &code))
    {
        strict->pos += 6;
        return NULL;
    }

    return (left == 1 || (left < 6 && strict->pos[1] == 'u'))
           ? qwen_strict_ended : "an invalid escape in a string";
}


static void
qwen_strict_digits(qwen_strict_t *strict)
{
    while (strict->pos < strict->end
           && *strict->pos >= '0' && *strict->pos <= '9')
    {
        strict->pos++;
    }
}


/* Reads one digit at least; false: there is none. */
static bool
qwen_strict_some_digits(qwen_strict_t *strict)
{
    const uint8_t  *start;

    start = strict->pos;
    qwen_strict_digits(strict);

    return strict->pos > start;
}


static bool
qwen_strict_passes(qwen_strict_t *strict, uint8_t a, uint8_t b)
{
    if (strict->pos == strict->end
        || (*strict->pos != a && *strict->pos != b))
    {
        return false;
    }

    strict->pos++;

    return true;
}


static const char *
qwen_strict_number(qwen_strict_t *strict)
{
    const uint8_t  *start;

    start = strict->pos;
    (void) qwen_strict_passes(strict, '-', '-');

    if (!qwen_strict_passes(strict, '0', '0')
        && !qwen_strict_some_digits(strict))
    {
        return qwen_strict_fail(strict, (strict->pos > start)
                                        ? "an invalid number"
                                        : "expected a value");
    }

    if (qwen_strict_passes(strict, '.', '.')
        && !qwen_strict_some_digits(strict))
    {
        return qwen_strict_fail(strict, "an invalid number");
    }

    if (qwen_strict_passes(strict, 'e', 'E')) {
        (void) qwen_strict_passes(strict, '+', '-');

        if (!qwen_strict_some_digits(strict)) {
            return qwen_strict_fail(strict, "an invalid number");
        }
    }

    return NULL;
}


static const char *
qwen_strict_word(qwen_strict_t *strict, const char *word)
{
    for ( /* void */ ; *word; word++) {

        if (strict->pos == strict->end || *strict->pos != (uint8_t) *word) {
            return qwen_strict_fail(strict, "expected a value");
        }

        strict->pos++;
    }

    return NULL;
}


bool
qwen_strict_is_paired(qwen_str_t escaped)
{
    uint32_t        code;
    const uint8_t  *p, *end;

    p = escaped.data;
    end = escaped.len ? p + escaped.len : p;

    while (p < end && (p = memchr(p, '\\', (size_t) (end - p))) != NULL) {

        if (p[1] != 'u') {
            p += 2;
            continue;
        }

        (void) qwen_utf8_hex4(p + 2, &code);
        p += 6;

        if (qwen_utf8_is_low(code)) {
            return false;
        }

        if (!qwen_utf8_is_high(code)) {
            continue;
        }

        if (end - p < 6 || p[0] != '\\' || p[1] != 'u'
            || !qwen_utf8_hex4(p + 2, &code) || !qwen_utf8_is_low(code))
        {
            return false;
        }

        p += 6;
    }

    return true;
}
