
#include "qwen_fold.h"
#include "qwen_utf8.h"


/* "<|" role "|>" newline, and a blank line behind the text before. */
#define QWEN_FOLD_MARK_MAX  32


/* Where in a line of the plain text the fold is. */
typedef enum {
    QWEN_FOLD_INSIDE = 0,
    QWEN_FOLD_START,                 /* nothing but backslashes so far */
    QWEN_FOLD_ANGLE                  /* and then a "<" */
} qwen_fold_place_t;


typedef struct {
    qwen_buf_t          *out;
    uint64_t             plain_len;
    qwen_fold_place_t    place;
    bool                 turns;      /* lines are protected */
    bool                 newline;    /* there was one */
    bool                 high;       /* a high surrogate was just before */
    unsigned             escape;     /* bytes of an escape so far */
    uint32_t             code;       /* hexadecimal digits of it */
    size_t               character;  /* where the last one begins in out */
    size_t               angle;      /* where the "<" does */
} qwen_fold_t;


static qwen_rc_t qwen_fold_reserve(const qwen_request_t *request,
    qwen_buf_t *out);
static qwen_rc_t qwen_fold_turns(qwen_fold_t *fold,
    const qwen_request_t *request, qwen_body_t *body, bool system);
static qwen_rc_t qwen_fold_mark(qwen_fold_t *fold, qwen_role_t role,
    bool first);
static qwen_rc_t qwen_fold_message(qwen_fold_t *fold,
    const qwen_request_t *request, const qwen_message_t *message,
    qwen_body_t *body);
static qwen_rc_t qwen_fold_simple(qwen_fold_t *fold, qwen_span_t span,
    qwen_body_t *body);
static qwen_rc_t qwen_fold_text(qwen_fold_t *fold, qwen_span_t span,
    qwen_body_t *body);
static size_t qwen_fold_read(qwen_span_t *span, qwen_body_t *body,
    const uint8_t **data);
static qwen_rc_t qwen_fold_piece(qwen_fold_t *fold, const uint8_t *p,
    size_t len);
static const uint8_t *qwen_fold_run(qwen_fold_t *fold, const uint8_t *p,
    const uint8_t *end);
static bool qwen_fold_byte(qwen_fold_t *fold, uint8_t byte, size_t at);
static bool qwen_fold_escape(qwen_fold_t *fold, uint8_t byte);
static void qwen_fold_unit(qwen_fold_t *fold);
static bool qwen_fold_character(qwen_fold_t *fold, uint32_t code);
static qwen_rc_t qwen_fold_protect(qwen_fold_t *fold);
static bool qwen_fold_marked(qwen_str_t text);


qwen_rc_t
qwen_fold(const qwen_request_t *request, qwen_body_t *body, qwen_buf_t *out,
    uint64_t *plain_len)
{
    size_t       start;
    qwen_str_t   text;
    qwen_fold_t  fold = { .out = out };

    start = out->len;

    if (qwen_fold_reserve(request, out) != QWEN_OK) {
        return QWEN_ERROR;
    }

    if (request->nmessages == 1
        && request->messages[0].role == QWEN_ROLE_USER)
    {
        if (qwen_fold_message(&fold, request, request->messages, body)
            != QWEN_OK)
        {
            return QWEN_ERROR;
        }

        text = (qwen_str_t) { out->data + start, out->len - start };

        if (text.len == 0 || !qwen_fold_marked(text)) {
            *plain_len = fold.plain_len;
            return QWEN_OK;
        }

        out->len = start;
        fold = (qwen_fold_t) { .out = out };
    }

    fold.turns = true;

    if (qwen_fold_turns(&fold, request, body, true) != QWEN_OK
        || qwen_fold_turns(&fold, request, body, false) != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    *plain_len = fold.plain_len;

    return QWEN_OK;
}


/* One allocation, whatever the size; protected lines are rare. */
static qwen_rc_t
qwen_fold_reserve(const qwen_request_t *request, qwen_buf_t *out)
{
    size_t    i;
    uint64_t  len;

    len = 0;

    for (i = 0; i < request->ntexts; i++) {
        len += request->texts[i].len;

        if (len > out->max) {
            out->failed = true;
            return QWEN_ERROR;
        }
    }

    /* the marks may pass the cap by less than their estimate */

    len += (uint64_t) request->nmessages * QWEN_FOLD_MARK_MAX;

    if (len > out->max - out->len) {
        len = out->max - out->len;
    }

    return qwen_buf_reserve(out, (size_t) len);
}


static qwen_rc_t
qwen_fold_turns(qwen_fold_t *fold, const qwen_request_t *request,
    qwen_body_t *body, bool system)
{
    bool                   is_system;
    size_t                 i;
    const qwen_message_t  *message;

    for (i = 0; i < request->nmessages; i++) {
        message = &request->messages[i];

        is_system = (message->role == QWEN_ROLE_SYSTEM
                     || message->role == QWEN_ROLE_DEVELOPER);

        if (is_system != system) {
            continue;
        }

        if (qwen_fold_mark(fold, message->role, fold->plain_len == 0)
            != QWEN_OK
            || qwen_fold_message(fold, request, message, body) != QWEN_OK)
        {
            return QWEN_ERROR;
        }
    }

    return QWEN_OK;
}


static qwen_rc_t
qwen_fold_mark(qwen_fold_t *fold, qwen_role_t role, bool first)
{
    qwen_str_t  name;

    name = qwen_role_name(role);

    if (!first) {
        (void) qwen_buf_append_literal(fold->out, "\\n\\n");
        fold->plain_len += 2;
    }

    (void) qwen_buf_append_literal(fold->out, "<|");
    (void) qwen_buf_append_str(fold->out, name);
    (void) qwen_buf_append_literal(fold->out, "|>\\n");

    fold->plain_len += name.len + sizeof("<||>\n") - 1;

    return fold->out->failed ? QWEN_ERROR : QWEN_OK;
}


static qwen_rc_t
qwen_fold_message(qwen_fold_t *fold, const qwen_request_t *request,
    const qwen_message_t *message, qwen_body_t *body)
{
    size_t  i;

    fold->place = fold->turns ? QWEN_FOLD_START : QWEN_FOLD_INSIDE;
    fold->high = false;

    if (message->ntexts == 1 && request->texts[message->text].simple_len) {
        return qwen_fold_simple(fold, request->texts[message->text], body);
    }

    for (i = 0; i < message->ntexts; i++) {
        if (qwen_fold_text(fold, request->texts[message->text + i], body)
            != QWEN_OK)
        {
            return QWEN_ERROR;
        }
    }

    return QWEN_OK;
}


/* No line of such a text needs a backslash. */
static qwen_rc_t
qwen_fold_simple(qwen_fold_t *fold, qwen_span_t span, qwen_body_t *body)
{
    size_t          len;
    const uint8_t  *data;

    fold->plain_len += span.simple_len;

    while (span.len) {
        len = qwen_fold_read(&span, body, &data);

        if (len == 0 || qwen_buf_append(fold->out, data, len) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }

    return QWEN_OK;
}


static qwen_rc_t
qwen_fold_text(qwen_fold_t *fold, qwen_span_t span, qwen_body_t *body)
{
    size_t          len;
    const uint8_t  *data;

    if (span.data) {
        return qwen_fold_piece(fold, span.data, (size_t) span.len);
    }

    while (span.len) {
        len = qwen_fold_read(&span, body, &data);

        if (len == 0 || qwen_fold_piece(fold, data, len) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }

    return QWEN_OK;
}


/* Takes the next bytes of a span from the body; 0: it cannot be read. */
static size_t
qwen_fold_read(qwen_span_t *span, qwen_body_t *body, const uint8_t **data)
{
    size_t  len;

    len = (span->len < SIZE_MAX) ? (size_t) span->len : SIZE_MAX;
    len = body->read(body, span->offset, len, data);

    span->offset += len;
    span->len -= len;

    return len;
}


/*
 * A piece goes to the output as it is.  Only a line that needs a backslash
 * stops the copying; as all before the "<" are backslashes too, it is put
 * right before that, wherever the pieces were cut.
 */
static qwen_rc_t
qwen_fold_piece(qwen_fold_t *fold, const uint8_t *p, size_t len)
{
    size_t          at;
    const uint8_t  *start, *end;

    start = p;
    end = p + len;

    while (p < end) {

        if (fold->place == QWEN_FOLD_INSIDE && fold->escape == 0) {
            p = qwen_fold_run(fold, p, end);

            if (p == end) {
                break;
            }
        }

        at = fold->out->len + (size_t) (p - start);

        if (!qwen_fold_byte(fold, *p++, at)) {
            continue;
        }

        if (qwen_buf_append(fold->out, start, (size_t) (p - start))
            != QWEN_OK
            || qwen_fold_protect(fold) != QWEN_OK)
        {
            return QWEN_ERROR;
        }

        start = p;
    }

    return qwen_buf_append(fold->out, start, (size_t) (end - start));
}


/* Passes over what cannot begin a line: up to an escape that may be a newline,
 * or is cut, or to the end. */
static const uint8_t *
qwen_fold_run(qwen_fold_t *fold, const uint8_t *p, const uint8_t *end)
{
    const uint8_t  *escape;

    while (p < end) {

        if (*p != '\\') {
            escape = memchr(p, '\\', (size_t) (end - p));

            if (escape == NULL) {
                escape = end;
            }

            fold->high = false;
            fold->plain_len += (uint64_t) (escape - p);
            p = escape;
        }

        if (end - p < 6 || p[1] == 'n') {
            return p;
        }

        if (p[1] != 'u') {
            fold->high = false;
            fold->plain_len++;
            p += 2;
            continue;
        }

        if (!qwen_utf8_hex4(p + 2, &fold->code) || fold->code == '\n') {
            return p;
        }

        qwen_fold_unit(fold);
        p += 6;
    }

    return p;
}


/* Reads one byte, at that place of the output; true: a backslash is to be put
 * before the "<". */
static bool
qwen_fold_byte(qwen_fold_t *fold, uint8_t byte, size_t at)
{
    if (fold->escape) {
        return qwen_fold_escape(fold, byte);
    }

    fold->character = at;

    if (byte == '\\') {
        fold->escape = 1;
        return false;
    }

    fold->high = false;
    fold->plain_len++;

    return qwen_fold_character(fold, byte);
}


static bool
qwen_fold_escape(qwen_fold_t *fold, uint8_t byte)
{
    if (fold->escape > 1) {
        fold->code = fold->code << 4 | (qwen_utf8_hex(byte) & 0xf);

        if (++fold->escape < sizeof("\\uXXXX") - 1) {
            return false;
        }

        fold->escape = 0;
        qwen_fold_unit(fold);

        return qwen_fold_character(fold, fold->code);
    }

    if (byte == 'u') {
        fold->escape = 2;
        fold->code = 0;
        return false;
    }

    fold->escape = 0;
    fold->high = false;
    fold->plain_len++;

    /* of the short escapes only the newline and the backslash matter */

    return qwen_fold_character(fold, (byte == 'n') ? '\n' : byte);
}


/* Counts the plain bytes of a UTF-16 unit; a surrogate alone is U+FFFD. */
static void
qwen_fold_unit(qwen_fold_t *fold)
{
    if (fold->high && qwen_utf8_is_low(fold->code)) {
        fold->high = false;
        fold->plain_len += 1;        /* three were counted for the high one */
        return;
    }

    fold->high = qwen_utf8_is_high(fold->code);
    fold->plain_len += (fold->code < 0x80) ? 1 : (fold->code < 0x800) ? 2 : 3;
}


static bool
qwen_fold_character(qwen_fold_t *fold, uint32_t code)
{
    qwen_fold_place_t  place;

    if (!fold->turns) {
        return false;
    }

    place = fold->place;

    if (code == '\n') {
        fold->place = QWEN_FOLD_START;
        fold->newline = true;
        return false;
    }

    if (place == QWEN_FOLD_START && code == '\\') {
        return false;
    }

    fold->place = QWEN_FOLD_INSIDE;

    if (place == QWEN_FOLD_START && code == '<') {
        fold->place = QWEN_FOLD_ANGLE;
        fold->angle = fold->character;
    }

    return place == QWEN_FOLD_ANGLE && code == '|';
}


/* Puts a backslash before the last "<"; at most "\u003c\u007c" moves. */
static qwen_rc_t
qwen_fold_protect(qwen_fold_t *fold)
{
    size_t    len;
    uint8_t  *angle;

    len = fold->out->len - fold->angle;

    if (qwen_buf_append_literal(fold->out, "\\\\") != QWEN_OK) {
        return QWEN_ERROR;
    }

    angle = fold->out->data + fold->angle;

    memmove(angle + 2, angle, len);
    memcpy(angle, "\\\\", 2);

    fold->plain_len++;

    return QWEN_OK;
}


/* Whether an escaped text begins with backslashes and "<|". */
static bool
qwen_fold_marked(qwen_str_t text)
{
    size_t       i;
    qwen_fold_t  fold = { .turns = true, .place = QWEN_FOLD_START };

    for (i = 0; i < text.len; i++) {

        if (qwen_fold_byte(&fold, text.data[i], i)) {
            return true;
        }

        if (fold.place == QWEN_FOLD_INSIDE || fold.newline) {
            return false;
        }
    }

    return false;
}
