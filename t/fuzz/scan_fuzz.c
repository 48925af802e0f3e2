
/*
 * The JSON scanner: whatever the cuts, it accepts what a plain recursive
 * reader of RFC 8259 accepts, and its tree says the same as cJSON's of the
 * whole text.
 */

#include <cjson/cJSON.h>

#include "fuzz.h"
#include "qwen_scan.h"


#define MAX_DEPTH  40


typedef struct {
    const uint8_t  *pos;
    const uint8_t  *end;
    unsigned        depth;
} reference_t;


static bool reference_value(reference_t *r);


static void
reference_space(reference_t *r)
{
    while (r->pos < r->end && strchr(" \t\r\n", *r->pos) && *r->pos) {
        r->pos++;
    }
}


static bool
reference_take(reference_t *r, const char *bytes)
{
    size_t  len;

    len = strlen(bytes);

    if ((size_t) (r->end - r->pos) < len || memcmp(r->pos, bytes, len) != 0) {
        return false;
    }

    r->pos += len;

    return true;
}


static size_t
reference_count(reference_t *r, const char *set)
{
    size_t  n;

    for (n = 0; r->pos < r->end && *r->pos && strchr(set, *r->pos); n++) {
        r->pos++;
    }

    return n;
}


static bool
reference_number(reference_t *r)
{
    static const char  digits[] = "0123456789";
    const uint8_t     *start;

    start = r->pos;
    reference_take(r, "-");

    if (!reference_take(r, "0") && !reference_count(r, digits)) {
        return false;
    }

    if (reference_take(r, ".") && !reference_count(r, digits)) {
        return false;
    }

    if (reference_take(r, "e") || reference_take(r, "E")) {

        if (!reference_take(r, "+")) {
            reference_take(r, "-");
        }

        if (!reference_count(r, digits)) {
            return false;
        }
    }

    return r->pos - start <= 63;
}


static bool
reference_utf8(reference_t *r)
{
    size_t    n, i;
    uint32_t  code;
    static const uint32_t  least[] = { 0, 0x80, 0x800, 0x10000 };

    code = *r->pos++;
    n = (code >= 0xf8) ? 0 : (code >= 0xf0) ? 3 : (code >= 0xe0) ? 2
        : (code >= 0xc0) ? 1 : 0;

    if (n == 0) {
        return false;
    }

    code &= 0x3fu >> n;

    for (i = 0; i < n; i++) {

        if (r->pos == r->end || *r->pos >> 6 != 2) {
            return false;
        }

        code = code << 6 | (*r->pos++ & 0x3f);
    }

    return code >= least[n] && code < 0x110000
           && !(code >= 0xd800 && code < 0xe000);
}


static bool
reference_string(reference_t *r)
{
    size_t  i;

    if (!reference_take(r, "\"")) {
        return false;
    }

    while (r->pos < r->end && *r->pos != '"') {

        if (*r->pos >= 0x80) {

            if (!reference_utf8(r)) {
                return false;
            }

            continue;
        }

        if (*r->pos < 0x20) {
            return false;
        }

        if (*r->pos++ != '\\') {
            continue;
        }

        if (reference_take(r, "u")) {

            for (i = 0; i < 4; i++) {

                if (r->pos == r->end || *r->pos == '\0'
                    || !strchr("0123456789abcdefABCDEF", *r->pos))
                {
                    return false;
                }

                r->pos++;
            }

        } else if (r->pos == r->end || *r->pos == '\0'
                   || !strchr("\"\\/bfnrt", *r->pos++))
        {
            return false;
        }
    }

    return reference_take(r, "\"");
}


static bool
reference_members(reference_t *r, bool object)
{
    const char  *bracket;

    if (r->depth++ == MAX_DEPTH) {
        return false;
    }

    bracket = object ? "}" : "]";
    reference_space(r);

    if (!reference_take(r, bracket)) {

        do {
            reference_space(r);

            if (object) {

                if (!reference_string(r)) {
                    return false;
                }

                reference_space(r);

                if (!reference_take(r, ":")) {
                    return false;
                }
            }

            if (!reference_value(r)) {
                return false;
            }

        } while (reference_take(r, ","));

        if (!reference_take(r, bracket)) {
            return false;
        }
    }

    r->depth--;

    return true;
}


static bool
reference_value(reference_t *r)
{
    bool  valid;

    reference_space(r);

    if (r->pos == r->end) {
        return false;
    }

    switch (*r->pos) {

    case '"':
        valid = reference_string(r);
        break;

    case '{':
    case '[':
        valid = reference_members(r, *r->pos++ == '{');
        break;

    case 't':
        valid = reference_take(r, "true");
        break;

    case 'f':
        valid = reference_take(r, "false");
        break;

    case 'n':
        valid = reference_take(r, "null");
        break;

    default:
        valid = reference_number(r);
    }

    reference_space(r);

    return valid;
}


typedef struct {
    qwen_body_t      body;
    const uint8_t   *data;
    size_t           len;
    fuzz_cut_t       cut;
} body_t;


static size_t
body_read(qwen_body_t *body, uint64_t offset, size_t len,
    const uint8_t **data)
{
    body_t  *b;

    b = (body_t *) body;

    fuzz_assert(len && offset + len <= b->len);
    *data = b->data + offset;

    return fuzz_cut_next(&b->cut, len);
}


static qwen_rc_t
scan_cut(qwen_scan_t *scan, const uint8_t *data, size_t len,
    const qwen_scan_limits_t *limits, fuzz_cut_t cut, cJSON **root)
{
    size_t      n;
    uint8_t    *copy;
    qwen_rc_t   rc;

    rc = QWEN_AGAIN;
    *root = NULL;
    qwen_scan_init(scan, limits);

    for ( /* void */ ; len && rc == QWEN_AGAIN; data += n, len -= n) {
        n = fuzz_cut_next(&cut, len);
        copy = fuzz_copy(data, n);
        rc = qwen_scan_feed(scan, copy, n);
        free(copy);
    }

    if (rc == QWEN_AGAIN) {
        rc = qwen_scan_end(scan, root);
    }

    fuzz_assert((rc == QWEN_OK) == (*root != NULL));
    fuzz_assert((rc == QWEN_OK) == (scan->error == 0));
    fuzz_assert(scan->error != QWEN_SCAN_MEMORY);
    fuzz_assert(rc == QWEN_ERROR
                || scan->skeleton.len <= limits->max_skeleton);
    fuzz_assert(scan->nvalues <= limits->max_values);

    return rc;
}


static void
check_same(const qwen_scan_t *a, const qwen_scan_t *b)
{
    fuzz_assert(a->error == b->error);
    fuzz_assert(a->offset == b->offset);

    if (a->error) {
        return;
    }

    fuzz_assert(qwen_str_eq(qwen_buf_str(&a->skeleton),
                            qwen_buf_str(&b->skeleton)));
    fuzz_assert(a->nextents == b->nextents);
    fuzz_assert(a->nextents == 0
                || memcmp(a->extents, b->extents,
                          a->nextents * sizeof(a->extents[0])) == 0);
}


/* A string of the tree means what cJSON read, up to a zero byte. */
static void
check_string(const qwen_scan_t *scan, body_t *body, const cJSON *ours,
    const cJSON *theirs)
{
    qwen_buf_t   plain;
    qwen_span_t  span;

    fuzz_assert(qwen_scan_string(scan, ours, &span));

    qwen_buf_init(&plain, body->len + 1);
    fuzz_assert(qwen_span_plain(span, &body->body, &plain) == QWEN_OK);
    fuzz_assert(plain.len <= span.len);
    fuzz_assert(qwen_buf_append(&plain, "", 1) == QWEN_OK);
    fuzz_assert(strcmp((char *) plain.data, theirs->valuestring) == 0);
    qwen_buf_free(&plain);
}


static void
check_tree(const qwen_scan_t *scan, body_t *body, const cJSON *ours,
    const cJSON *theirs)
{
    const cJSON  *a, *b;

    fuzz_assert((ours->type & 0xff) == (theirs->type & 0xff));

    if (cJSON_IsString(ours)) {
        check_string(scan, body, ours, theirs);

    } else if (cJSON_IsNumber(ours)) {
        fuzz_assert(memcmp(&ours->valuedouble, &theirs->valuedouble,
                           sizeof(double)) == 0);
    }

    if (ours->string && strcmp(ours->string, "\x01") != 0) {
        fuzz_assert(strcmp(ours->string, theirs->string) == 0);
    }

    b = theirs->child;

    for (a = ours->child; a; a = a->next) {
        fuzz_assert(b != NULL);
        check_tree(scan, body, a, b);
        b = b->next;
    }

    fuzz_assert(b == NULL);
}


static void
check_accepted(const qwen_scan_t *scan, const cJSON *root,
    const uint8_t *data, size_t len, uint32_t seed)
{
    body_t   body = { { body_read }, data, len, { seed } };
    cJSON   *theirs;

    theirs = cJSON_ParseWithLength((const char *) data, len);

    /* a lone surrogate is all that cJSON refuses */

    if (theirs) {
        check_tree(scan, &body, root, theirs);

    } else {
        fuzz_assert(len > 7 && memchr(data, '\\', len));
    }

    cJSON_Delete(theirs);
}


/* The same with caps, which may only lead to their own errors. */
static void
check_limits(const qwen_scan_t *whole, const uint8_t *data, size_t len,
    uint32_t seed)
{
    cJSON               *root;
    qwen_scan_t          scan, other;
    qwen_scan_limits_t   limits;

    limits.max_skeleton = seed % 61;
    limits.max_values = seed % 13;
    limits.max_depth = seed % 5;

    (void) scan_cut(&scan, data, len, &limits, (fuzz_cut_t) { 0 }, &root);
    cJSON_Delete(root);

    (void) scan_cut(&other, data, len, &limits, (fuzz_cut_t) { seed }, &root);
    cJSON_Delete(root);

    check_same(&scan, &other);

    if (scan.error != QWEN_SCAN_SIZE && scan.error != QWEN_SCAN_DEPTH) {
        check_same(whole, &scan);
    }

    qwen_scan_free(&scan);
    qwen_scan_free(&other);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t        i;
    cJSON        *root, *other_root;
    uint32_t      seed;
    qwen_rc_t     rc;
    qwen_scan_t   scan, other;
    reference_t   reference;

    static const qwen_scan_limits_t  limits = { 1 << 24, 1 << 24, MAX_DEPTH };

    if (size == 0) {
        return 0;
    }

    seed = *data++;
    size--;

    rc = scan_cut(&scan, data, size, &limits, (fuzz_cut_t) { 0 }, &root);

    reference = (reference_t) { data, data + size, 0 };
    fuzz_assert((rc == QWEN_OK) == (reference_value(&reference)
                                    && reference.pos == reference.end));

    for (i = 0; i < 2; i++) {
        (void) scan_cut(&other, data, size, &limits,
                        (fuzz_cut_t) { i ? seed : 1 }, &other_root);
        check_same(&scan, &other);
        cJSON_Delete(other_root);
        qwen_scan_free(&other);
    }

    if (rc == QWEN_OK) {
        check_accepted(&scan, root, data, size, seed);
    }

    check_limits(&scan, data, size, seed);

    cJSON_Delete(root);
    qwen_scan_free(&scan);

    return 0;
}
