
#include "qwen_text.h"
#include "qwen_utf8.h"


/* The longest escape: a surrogate pair, \ud83d\ude00. */
#define QWEN_TEXT_MAX_ESCAPE  12


/* Writes a byte that cannot stand for itself and returns the length. */
static size_t
qwen_text_escape_byte(uint8_t out[6], uint8_t byte)
{
    static const char  digits[] = "0123456789abcdef";

    out[0] = '\\';

    switch (byte) {

    case '"':
    case '\\':
        out[1] = byte;
        return 2;

    case '\b':
        out[1] = 'b';
        return 2;

    case '\f':
        out[1] = 'f';
        return 2;

    case '\n':
        out[1] = 'n';
        return 2;

    case '\r':
        out[1] = 'r';
        return 2;

    case '\t':
        out[1] = 't';
        return 2;
    }

    out[1] = 'u';
    out[2] = '0';
    out[3] = '0';
    out[4] = (uint8_t) digits[byte >> 4];
    out[5] = (uint8_t) digits[byte & 0xf];

    return 6;
}


/*
 * Replaces what qwen_utf8_run() stopped at, and is no escape: writes the patch
 * and its length, and returns the length of what it replaces.
 */
static size_t
qwen_text_patch(const uint8_t *p, const uint8_t *end, uint8_t patch[6],
    size_t *patch_len)
{
    if (*p < 0x80) {
        *patch_len = qwen_text_escape_byte(patch, *p);
        return 1;
    }

    memcpy(patch, QWEN_UTF8_REPLACEMENT, QWEN_UTF8_REPLACEMENT_LEN);
    *patch_len = QWEN_UTF8_REPLACEMENT_LEN;

    return qwen_utf8_invalid_len(p, end);
}


/* The length of the escape of a low surrogate at p, else 0. */
static size_t
qwen_text_low(const uint8_t *p, const uint8_t *end, uint32_t *code)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u'
        || !qwen_utf8_hex4(p + 2, code) || !qwen_utf8_is_low(*code))
    {
        return 0;
    }

    return 6;
}


/*
 * Reads the escape at p (a backslash), a surrogate pair as one.  Returns its
 * length, 0: it is invalid or cut.  *code may be a lone surrogate.
 */
static size_t
qwen_text_read_escape(const uint8_t *p, const uint8_t *end, uint32_t *code)
{
    size_t    len;
    uint32_t  low;

    if (end - p < 2) {
        return 0;
    }

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
        *code = p[1];
        return 2;

    case 'b':
        *code = '\b';
        return 2;

    case 'f':
        *code = '\f';
        return 2;

    case 'n':
        *code = '\n';
        return 2;

    case 'r':
        *code = '\r';
        return 2;

    case 't':
        *code = '\t';
        return 2;

    case 'u':
        break;

    default:
        return 0;
    }

    if (end - p < 6 || !qwen_utf8_hex4(p + 2, code)) {
        return 0;
    }

    if (!qwen_utf8_is_high(*code)) {
        return 6;
    }

    len = qwen_text_low(p + 6, end, &low);

    if (len) {
        *code = 0x10000 + ((*code & 0x3ff) << 10 | (low & 0x3ff));
    }

    return 6 + len;
}


/* Length of a code point in UTF-8, of a lone surrogate as U+FFFD. */
static size_t
qwen_text_code_len(uint32_t code)
{
    return (code < 0x80) ? 1 : (code < 0x800) ? 2 : (code < 0x10000) ? 3 : 4;
}


qwen_rc_t
qwen_text_escape(qwen_buf_t *out, const void *plain, size_t len)
{
    size_t          start, patch_len;
    uint8_t         patch[6];
    const uint8_t  *p, *next, *end;

    if (len == 0) {
        return out->failed ? QWEN_ERROR : QWEN_OK;
    }

    start = out->len;
    p = plain;
    end = p + len;

    while (p < end) {
        next = qwen_utf8_run(p, end);

        (void) qwen_buf_append(out, p, (size_t) (next - p));

        if (next < end) {
            next += qwen_text_patch(next, end, patch, &patch_len);
            (void) qwen_buf_append(out, patch, patch_len);
        }

        p = next;
    }

    if (out->failed) {
        out->len = start;
        return QWEN_ERROR;
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_text_unescape_part(qwen_buf_t *out, qwen_str_t part, bool last,
    size_t *used)
{
    size_t          start, len;
    uint8_t         utf8[4];
    uint32_t        code;
    const uint8_t  *p, *next, *end;

    start = out->len;
    p = part.data;
    end = part.len ? p + part.len : p;

    while (p < end) {
        next = memchr(p, '\\', (size_t) (end - p));

        if (next == NULL) {
            next = end;
        }

        (void) qwen_buf_append(out, p, (size_t) (next - p));
        p = next;

        if (p == end || (!last && end - p < QWEN_TEXT_MAX_ESCAPE)) {
            break;
        }

        len = qwen_text_read_escape(p, end, &code);

        if (len == 0) {
            out->len = start;
            return QWEN_ERROR;
        }

        (void) qwen_buf_append(out, utf8, qwen_utf8_encode(utf8, code));
        p += len;
    }

    if (out->failed) {
        out->len = start;
        return QWEN_ERROR;
    }

    *used = (size_t) (p - part.data);

    return QWEN_OK;
}


qwen_rc_t
qwen_text_unescape(qwen_buf_t *out, qwen_str_t escaped)
{
    size_t  used;

    return qwen_text_unescape_part(out, escaped, true, &used);
}


void
qwen_text_cleaner_init(qwen_text_cleaner_t *c, size_t max)
{
    qwen_buf_init(&c->scratch, max);
    c->high = 0;
    c->plain_len = 0;
}


void
qwen_text_cleaner_free(qwen_text_cleaner_t *c)
{
    qwen_buf_free(&c->scratch);
}


/*
 * Writes the waiting high surrogate, as a pair with the low one at p or as
 * U+FFFD.  Returns the place in the piece where its text goes on.
 */
static const uint8_t *
qwen_text_clean_high(qwen_text_cleaner_t *c, const uint8_t *p,
    const uint8_t *end)
{
    uint32_t           low;
    uint8_t            escape[6];
    static const char  digits[] = "0123456789abcdef";

    if (qwen_text_low(p, end, &low)) {
        escape[0] = '\\';
        escape[1] = 'u';
        escape[2] = (uint8_t) digits[c->high >> 12];
        escape[3] = (uint8_t) digits[c->high >> 8 & 0xf];
        escape[4] = (uint8_t) digits[c->high >> 4 & 0xf];
        escape[5] = (uint8_t) digits[c->high & 0xf];

        (void) qwen_buf_append(&c->scratch, escape, 6);
        (void) qwen_buf_append(&c->scratch, p, 6);

        c->plain_len += 4;
        p += 6;

    } else {
        (void) qwen_buf_append_literal(&c->scratch, QWEN_UTF8_REPLACEMENT);
        c->plain_len += QWEN_UTF8_REPLACEMENT_LEN;
    }

    c->high = 0;

    return p;
}


/*
 * Looks at what qwen_utf8_run() stopped at.  Returns its length, 0: an invalid
 * escape.  *patch_len is 0 when it is clean, or when it has to wait.
 */
static size_t
qwen_text_clean_special(qwen_text_cleaner_t *c, const uint8_t *p,
    const uint8_t *end, uint8_t patch[6], size_t *patch_len)
{
    size_t    len;
    uint32_t  code;

    if (*p != '\\') {
        len = qwen_text_patch(p, end, patch, patch_len);
        c->plain_len += (*p < 0x80) ? 1 : *patch_len;
        return len;
    }

    *patch_len = 0;

    len = qwen_text_read_escape(p, end, &code);

    if (len == 0) {
        c->scratch.failed = true;
        return 0;
    }

    if (qwen_utf8_is_high(code) && p + len == end) {
        c->high = (uint16_t) code;
        return len;
    }

    if (qwen_utf8_is_high(code) || qwen_utf8_is_low(code)) {
        *patch_len = qwen_utf8_encode(patch, code);
    }

    c->plain_len += qwen_text_code_len(code);

    return len;
}


/* Cleans a piece from p on; what is clean is copied only behind a patch. */
static qwen_rc_t
qwen_text_clean_from(qwen_text_cleaner_t *c, const uint8_t *p,
    const uint8_t *end, qwen_str_t *out)
{
    size_t          len, patch_len;
    uint8_t         patch[6];
    const uint8_t  *kept, *next, *valid;

    valid = p;

    for (kept = p; /* void */ ; p += len) {
        next = qwen_utf8_long_run(p, end, &valid);
        c->plain_len += (uint64_t) (next - p);
        p = next;

        if (p == end) {
            break;
        }

        len = qwen_text_clean_special(c, p, end, patch, &patch_len);

        if (len == 0) {
            return QWEN_ERROR;
        }

        if (c->high) {
            end = p;
            break;
        }

        if (patch_len) {
            (void) qwen_buf_append(&c->scratch, kept, (size_t) (p - kept));
            (void) qwen_buf_append(&c->scratch, patch, patch_len);
            kept = p + len;
        }
    }

    *out = (qwen_str_t) { kept, (size_t) (end - kept) };

    if (c->scratch.len) {
        (void) qwen_buf_append_str(&c->scratch, *out);
        *out = qwen_buf_str(&c->scratch);
    }

    return c->scratch.failed ? QWEN_ERROR : QWEN_OK;
}


qwen_rc_t
qwen_text_clean(qwen_text_cleaner_t *c, qwen_str_t piece, qwen_str_t *out)
{
    const uint8_t  *p, *end;

    if (c->scratch.failed) {
        return QWEN_ERROR;
    }

    if (c->scratch.data) {
        qwen_buf_free(&c->scratch);
    }

    if (piece.len == 0) {
        *out = piece;
        return QWEN_OK;
    }

    p = piece.data;
    end = p + piece.len;

    if (c->high) {
        p = qwen_text_clean_high(c, p, end);
    }

    return qwen_text_clean_from(c, p, end, out);
}


void
qwen_text_clean_end(qwen_text_cleaner_t *c, qwen_str_t *out)
{
    *out = (qwen_str_t) { NULL, 0 };

    if (c->high) {
        *out = qwen_literal(QWEN_UTF8_REPLACEMENT);
        c->plain_len += QWEN_UTF8_REPLACEMENT_LEN;
        c->high = 0;
    }
}
