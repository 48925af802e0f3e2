
/*
 * String text: what is escaped or cleaned is always a JSON string that cJSON
 * reads, means the same whatever the cuts, and is as long as was counted.
 */

#include <cjson/cJSON.h>

#include "fuzz.h"
#include "qwen_text.h"
#include "qwen_utf8.h"


#define MAX_TEXT  (1 << 24)


/* A string for cJSON that means the same as the plain text up to a zero. */
static void
check_string(qwen_str_t text)
{
    cJSON       *json;
    qwen_buf_t   quoted, plain;

    qwen_buf_init(&quoted, MAX_TEXT);
    qwen_buf_append_literal(&quoted, "\"");
    qwen_buf_append_str(&quoted, text);
    qwen_buf_append_literal(&quoted, "\"");

    json = cJSON_ParseWithLength((const char *) quoted.data, quoted.len);
    fuzz_assert(cJSON_IsString(json));

    qwen_buf_init(&plain, MAX_TEXT);
    fuzz_assert(qwen_text_unescape(&plain, text) == QWEN_OK);
    qwen_buf_append(&plain, "", 1);
    fuzz_assert(strcmp((char *) plain.data, json->valuestring) == 0);

    cJSON_Delete(json);
    qwen_buf_free(&quoted);
    qwen_buf_free(&plain);
}


/* Bytes that may stand in a string: valid UTF-8, no control byte. */
static void
check_bytes(qwen_str_t text)
{
    const uint8_t  *p, *end;

    if (text.len == 0) {
        return;
    }

    p = text.data;
    end = p + text.len;

    while ((p = qwen_utf8_run(p, end)) < end) {
        fuzz_assert(*p == '\\' && end - p >= 2);
        p += 2;
    }
}


static bool
is_valid(const uint8_t *p, size_t len)
{
    const uint8_t  *end, *next;

    for (end = p + len; p < end; p = next) {
        next = (*p < 0x80) ? p + 1 : qwen_utf8_run(p, end);

        if (next == p) {
            return false;
        }
    }

    return true;
}


/* Plain bytes are escaped and come back, invalid UTF-8 replaced. */
static void
check_escape(const uint8_t *data, size_t len)
{
    uint8_t     *copy;
    qwen_buf_t   escaped, plain, again;

    copy = fuzz_copy(data, len);
    qwen_buf_init(&escaped, MAX_TEXT);
    qwen_buf_init(&plain, MAX_TEXT);
    qwen_buf_init(&again, MAX_TEXT);

    fuzz_assert(qwen_text_escape(&escaped, copy, len) == QWEN_OK);
    check_bytes(qwen_buf_str(&escaped));
    check_string(qwen_buf_str(&escaped));

    fuzz_assert(qwen_text_unescape(&plain, qwen_buf_str(&escaped))
                == QWEN_OK);
    fuzz_assert(qwen_text_escape(&again, plain.data, plain.len) == QWEN_OK);
    fuzz_assert(qwen_str_eq(qwen_buf_str(&escaped), qwen_buf_str(&again)));

    fuzz_assert(is_valid(copy, len)
                == qwen_str_eq(qwen_buf_str(&plain),
                               (qwen_str_t) { copy, len }));

    qwen_buf_free(&escaped);
    qwen_buf_free(&plain);
    qwen_buf_free(&again);
    free(copy);
}


/* Unescaped in parts it is the same. */
static void
check_parts(const uint8_t *data, size_t len, fuzz_cut_t cut)
{
    size_t       n, start, used;
    uint8_t     *copy;
    qwen_rc_t    whole, rc;
    qwen_buf_t   expected, plain;

    qwen_buf_init(&expected, MAX_TEXT);
    qwen_buf_init(&plain, MAX_TEXT);

    whole = qwen_text_unescape(&expected, (qwen_str_t) { data, len });

    rc = QWEN_OK;
    start = 0;
    n = 0;

    while (rc == QWEN_OK && start < len) {
        n += fuzz_cut_next(&cut, len - start - n);
        copy = fuzz_copy(data + start, n);
        rc = qwen_text_unescape_part(&plain, (qwen_str_t) { copy, n },
                                     start + n == len, &used);
        free(copy);

        if (rc == QWEN_OK) {
            fuzz_assert(used <= n && n - used < 12);
            start += used;
            n -= used;
        }
    }

    fuzz_assert(rc == whole);
    fuzz_assert(rc == QWEN_ERROR || qwen_str_eq(qwen_buf_str(&expected),
                                                qwen_buf_str(&plain)));

    qwen_buf_free(&expected);
    qwen_buf_free(&plain);
}


/* The length of what must not be cut at p: an escape or a sequence. */
static size_t
unit_len(const uint8_t *p, const uint8_t *end)
{
    size_t  n;

    if (*p == '\\') {
        n = (end - p > 1 && p[1] == 'u') ? 6 : 2;
        return (n < (size_t) (end - p)) ? n : (size_t) (end - p);
    }

    if (*p < 0x80) {
        return 1;
    }

    /* as far as a valid sequence goes, so that a replacement is the same */

    return (qwen_utf8_run(p, end) != p)
           ? (size_t) ((*p >= 0xf0) ? 4 : (*p >= 0xe0) ? 3 : 2)
           : qwen_utf8_invalid_len(p, end);
}


/* Cleans a text in pieces, cut anywhere or only between escapes and
 * sequences. */
static qwen_rc_t
clean(qwen_buf_t *all, const uint8_t *data, size_t len, fuzz_cut_t cut,
    bool anywhere, uint64_t *plain_len)
{
    size_t                n, least;
    uint8_t              *copy;
    uint16_t              high;
    qwen_rc_t             rc;
    qwen_str_t            out;
    qwen_text_cleaner_t   cleaner;

    rc = QWEN_OK;
    qwen_text_cleaner_init(&cleaner, MAX_TEXT);

    for ( /* void */ ; rc == QWEN_OK && len; data += n, len -= n) {
        least = fuzz_cut_next(&cut, len);

        for (n = anywhere ? least : 0; n < least; /* void */ ) {
            n += unit_len(data + n, data + len);
        }

        copy = fuzz_copy(data, n);
        high = cleaner.high;
        rc = qwen_text_clean(&cleaner, (qwen_str_t) { copy, n }, &out);

        if (rc == QWEN_OK) {
            check_bytes(out);
            check_string(out);
            qwen_buf_append_str(all, out);

            /* what is clean is not copied */

            fuzz_assert(high || out.len != n || memcmp(out.data, copy, n) != 0
                        || out.data == copy);
        }

        free(copy);
    }

    if (rc == QWEN_OK) {
        qwen_text_clean_end(&cleaner, &out);
        qwen_buf_append_str(all, out);
        *plain_len = cleaner.plain_len;
    }

    qwen_text_cleaner_free(&cleaner);

    return rc;
}


/* Cleaned in pieces a text means what it means cleaned as a whole. */
static void
check_clean(const uint8_t *data, size_t len, uint32_t seed)
{
    size_t      i;
    uint64_t    plain_len;
    qwen_rc_t   whole, rc;
    qwen_buf_t  expected, all, plain;

    qwen_buf_init(&expected, MAX_TEXT);
    qwen_buf_init(&all, MAX_TEXT);

    whole = clean(&all, data, len, (fuzz_cut_t) { 0 }, true, &plain_len);

    if (whole == QWEN_OK) {
        fuzz_assert(qwen_text_unescape(&expected, qwen_buf_str(&all))
                    == QWEN_OK);
        fuzz_assert(expected.len == plain_len);
    }

    qwen_buf_free(&all);

    for (i = 0; i < 4; i++) {
        qwen_buf_init(&all, MAX_TEXT);
        rc = clean(&all, data, len, (fuzz_cut_t) { (i & 1) ? seed : 1 },
                   i & 2, &plain_len);

        if (rc == QWEN_OK) {
            qwen_buf_init(&plain, MAX_TEXT);
            fuzz_assert(qwen_text_unescape(&plain, qwen_buf_str(&all))
                        == QWEN_OK);
            fuzz_assert(plain.len == plain_len);
            fuzz_assert((i & 2) || qwen_str_eq(qwen_buf_str(&plain),
                                               qwen_buf_str(&expected)));
            qwen_buf_free(&plain);
        }

        fuzz_assert((i & 2) || rc == whole);
        qwen_buf_free(&all);
    }

    qwen_buf_free(&expected);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t  seed;

    if (size == 0) {
        return 0;
    }

    seed = *data++;
    size--;

    check_escape(data, size);
    check_parts(data, size, (fuzz_cut_t) { 1 });
    check_parts(data, size, (fuzz_cut_t) { seed });
    check_clean(data, size, seed);

    return 0;
}
