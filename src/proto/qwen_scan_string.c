
#include <stdlib.h>

#include "qwen_scan_string.h"


#define QWEN_SCAN_MAX_VALUE_COPY  64      /* bytes of a string */
#define QWEN_SCAN_MAX_KEY_COPY    256

/* Begins a placeholder.  No copied value holds a control byte: raw it is an
 * error, and a value with an escape is not copied. */
#define QWEN_SCAN_MARK            '\x01'
#define QWEN_SCAN_MARK_ESCAPE     "\\u0001"


const uint8_t *
qwen_scan_string_begin(qwen_scan_t *scan, const uint8_t *p, bool key)
{
    scan->string = scan_string_text;
    scan->key = key;
    scan->replaced = false;
    scan->unfit = 0;
    scan->high = 0;
    scan->saved = 0;
    scan->line = true;
    scan->simple = true;
    scan->text = scan->offset + 1;

    if (!qwen_scan_copy(scan, p, 1)) {
        return NULL;
    }

    scan->copy = scan->skeleton.len;

    return p + 1;
}


static void
scan_replace(qwen_scan_t *scan)
{
    scan->replaced = true;
    scan->skeleton.len = scan->copy;
}


/* Copies bytes of a string, or gives the copy up when it becomes too long. */
static bool
scan_copy_text(qwen_scan_t *scan, const uint8_t *p, size_t len)
{
    uint64_t  text_len, max;

    if (scan->replaced) {
        return true;
    }

    text_len = scan->offset + len - scan->text;
    max = scan->key ? QWEN_SCAN_MAX_KEY_COPY : QWEN_SCAN_MAX_VALUE_COPY;

    if (text_len > max) {
        scan_replace(scan);
        return true;
    }

    return qwen_scan_copy(scan, p, len);
}


static bool
scan_add_extent(qwen_scan_t *scan)
{
    size_t               size;
    qwen_scan_extent_t  *extent, *extents;

    if (scan->nextents == scan->extents_size) {

        size = scan->extents_size ? scan->extents_size * 2 : 8;
        extents = realloc(scan->extents, size * sizeof(qwen_scan_extent_t));

        if (extents == NULL) {
            (void) qwen_scan_fail(scan, QWEN_SCAN_MEMORY);
            return false;
        }

        scan->extents = extents;
        scan->extents_size = size;
    }

    extent = &scan->extents[scan->nextents++];

    extent->offset = scan->text;
    extent->len = scan->offset - scan->text;
    extent->simple_len = scan->simple ? extent->len - scan->saved : 0;

    return true;
}


static bool
scan_put_placeholder(qwen_scan_t *scan)
{
    (void) qwen_buf_append_literal(&scan->skeleton, QWEN_SCAN_MARK_ESCAPE);

    if (!scan->key) {
        (void) qwen_buf_append_int(&scan->skeleton, (int64_t) scan->nextents);

        if (!scan_add_extent(scan)) {
            return false;
        }
    }

    return true;
}


static const uint8_t *
scan_end_string(qwen_scan_t *scan, const uint8_t *p)
{
    if (scan->key && scan->unfit) {
        scan_replace(scan);
    }

    if (scan->replaced && !scan_put_placeholder(scan)) {
        return NULL;
    }

    scan->string = scan_string_over;

    if (!qwen_scan_copy(scan, p, 1) || !qwen_scan_check_size(scan)) {
        return NULL;
    }

    return p + 1;
}


/* Looks at a character that may begin a line, but is no escape. */
static inline void
scan_note_character(qwen_scan_t *scan, uint8_t c)
{
    if (scan->line && c != '\\') {
        scan->simple &= (c != '<');
        scan->line = false;
    }
}


/* Looks at an escape of two bytes, of which c is the second. */
static inline void
scan_note_escape(qwen_scan_t *scan, uint8_t c)
{
    scan->simple &= !(scan->line && c == '\\');
    scan->line = (c == 'n');
    scan->saved++;
}


/*
 * Looks at an escape of six bytes that ends at that place of the body.  Counts
 * those of a key that cJSON does not read, or not to their end: zero bytes and
 * lone surrogates.
 */
static void
scan_note_code(qwen_scan_t *scan, uint32_t code, uint64_t end)
{
    scan->line = false;
    scan->simple &= (code >= 0x80);
    scan->saved += (code < 0x800) ? 4 : 3;

    if (code == 0) {
        scan->unfit++;

    } else if (qwen_utf8_is_high(code)) {
        scan->unfit++;
        scan->high = end;

    } else if (qwen_utf8_is_low(code)) {

        if (scan->high + 6 == end) {
            scan->unfit--;
            scan->saved += 2;        /* the pair is four bytes, not six */

        } else {
            scan->unfit++;
        }
    }
}


/* Passes over text that is not copied, up to what needs a closer look. */
static const uint8_t *
scan_skip_text(qwen_scan_t *scan, const uint8_t *p, const uint8_t *end)
{
    uint32_t        code;
    const uint8_t  *start;

    start = p;

    for ( ;; ) {
        p = qwen_utf8_long_run(p, end, &scan->valid);

        if (end - p < 6 || *p != '\\') {
            return p;
        }

        if (qwen_utf8_is_escape(p[1])) {
            scan_note_escape(scan, p[1]);
            p += 2;

        } else if (p[1] == 'u' && qwen_utf8_hex4(p + 2, &code)) {
            p += 6;
            scan_note_code(scan, code, scan->offset + (uint64_t) (p - start));

        } else {
            return p;
        }

        if (p < end) {
            scan_note_character(scan, *p);
        }
    }
}


static const uint8_t *
scan_read_text(qwen_scan_t *scan, const uint8_t *p, const uint8_t *end)
{
    const uint8_t  *next;

    scan_note_character(scan, *p);

    next = scan->replaced ? scan_skip_text(scan, p, end)
                          : qwen_utf8_run(p, end);

    if (next != p) {
        return scan_copy_text(scan, p, (size_t) (next - p)) ? next : NULL;
    }

    if (*p == '"') {
        return scan_end_string(scan, p);
    }

    if (*p == '\\') {

        if (!scan->key) {
            scan_replace(scan);
        }

        scan->string = scan_string_escape;

    } else if (*p < 0x20) {
        return qwen_scan_fail(scan, QWEN_SCAN_SYNTAX);

    } else if (qwen_utf8_start(&scan->utf8, *p)) {
        scan->string = scan_string_utf8;

    } else {
        return qwen_scan_fail(scan, QWEN_SCAN_UTF8);
    }

    return scan_copy_text(scan, p, 1) ? p + 1 : NULL;
}


static const uint8_t *
scan_read_escape(qwen_scan_t *scan, const uint8_t *p)
{
    if (*p == 'u') {
        scan->string = scan_string_digits;
        scan->code = 0;
        scan->ndigits = 0;

    } else if (qwen_utf8_is_escape(*p)) {
        scan_note_escape(scan, *p);
        scan->string = scan_string_text;

    } else {
        return qwen_scan_fail(scan, QWEN_SCAN_SYNTAX);
    }

    return scan_copy_text(scan, p, 1) ? p + 1 : NULL;
}


static const uint8_t *
scan_read_digit(qwen_scan_t *scan, const uint8_t *p)
{
    unsigned  digit;

    digit = qwen_utf8_hex(*p);

    if (digit > 15) {
        return qwen_scan_fail(scan, QWEN_SCAN_SYNTAX);
    }

    scan->code = scan->code << 4 | digit;

    if (++scan->ndigits == 4) {
        scan_note_code(scan, scan->code, scan->offset + 1);
        scan->string = scan_string_text;
    }

    return scan_copy_text(scan, p, 1) ? p + 1 : NULL;
}


static const uint8_t *
scan_read_utf8(qwen_scan_t *scan, const uint8_t *p)
{
    if (!qwen_utf8_next(&scan->utf8, *p)) {
        return qwen_scan_fail(scan, QWEN_SCAN_UTF8);
    }

    if (scan->utf8.need == 0) {
        scan->string = scan_string_text;
    }

    return scan_copy_text(scan, p, 1) ? p + 1 : NULL;
}


const uint8_t *
qwen_scan_string_read(qwen_scan_t *scan, const uint8_t *p, const uint8_t *end)
{
    switch ((qwen_scan_string_e) scan->string) {

    case scan_string_escape:
        return scan_read_escape(scan, p);

    case scan_string_digits:
        return scan_read_digit(scan, p);

    case scan_string_utf8:
        return scan_read_utf8(scan, p);

    default:
        return scan_read_text(scan, p, end);
    }
}


bool
qwen_scan_string_extent(const qwen_scan_t *scan, const char *text,
    const qwen_scan_extent_t **extent)
{
    size_t  index;

    if (*text != QWEN_SCAN_MARK) {
        return false;
    }

    index = strtoull(text + 1, NULL, 10);

    if (index >= scan->nextents) {
        return false;
    }

    *extent = &scan->extents[index];

    return true;
}
