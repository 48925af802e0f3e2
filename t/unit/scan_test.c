
#include <stdio.h>
#include <cjson/cJSON.h>

#include "test.h"
#include "qwen_scan.h"


static const qwen_scan_limits_t  large = { 1 << 24, 1 << 20, 1000 };


/* What a scan gave, to be compared with another one's. */
typedef struct {
    qwen_scan_t  scan;
    qwen_rc_t    rc;
    cJSON       *root;
} result_t;


static void
feed(result_t *result, const char *text, size_t len)
{
    uint8_t  *copy;

    if (result->rc == QWEN_ERROR) {
        return;
    }

    copy = test_copy(text, len);
    result->rc = qwen_scan_feed(&result->scan, copy, len);
    free(copy);
}


static void
start(result_t *result, const qwen_scan_limits_t *limits)
{
    qwen_scan_init(&result->scan, limits);
    result->rc = QWEN_AGAIN;
    result->root = NULL;
}


static void
end(result_t *result)
{
    if (result->rc == QWEN_AGAIN) {
        result->rc = qwen_scan_end(&result->scan, &result->root);
    }

    assert_true((result->rc == QWEN_OK) == (result->root != NULL));
    assert_true((result->rc == QWEN_OK) == (result->scan.error == 0));

    if (result->rc == QWEN_ERROR) {
        assert_int_equal(qwen_scan_feed(&result->scan,
                                        (const uint8_t *) " ", 1),
                         QWEN_ERROR);
        assert_int_equal(qwen_scan_end(&result->scan, &result->root),
                         QWEN_ERROR);
    }
}


static void
release(result_t *result)
{
    cJSON_Delete(result->root);
    qwen_scan_free(&result->scan);
}


static void
assert_same(const result_t *a, const result_t *b)
{
    size_t  i;

    assert_int_equal(a->rc, b->rc);
    assert_int_equal(a->scan.error, b->scan.error);
    assert_int_equal(a->scan.offset, b->scan.offset);

    if (a->rc != QWEN_OK) {
        return;
    }

    test_assert_bytes(qwen_buf_str(&a->scan.skeleton), b->scan.skeleton.data,
                      b->scan.skeleton.len);
    assert_int_equal(a->scan.nextents, b->scan.nextents);

    for (i = 0; i < a->scan.nextents; i++) {
        assert_int_equal(a->scan.extents[i].offset,
                         b->scan.extents[i].offset);
        assert_int_equal(a->scan.extents[i].len, b->scan.extents[i].len);
        assert_int_equal(a->scan.extents[i].simple_len,
                         b->scan.extents[i].simple_len);
    }
}


/* Scans a text whole, cut at each place and byte by byte; all must agree.
 * The result is the whole one's. */
static void
scan_cut(result_t *whole, const char *text, size_t len,
    const qwen_scan_limits_t *limits)
{
    size_t    i, cut;
    result_t  result;

    start(whole, limits);
    feed(whole, text, len);
    end(whole);

    for (cut = 0; cut <= len; cut++) {
        start(&result, limits);
        feed(&result, text, cut);
        feed(&result, text + cut, len - cut);
        end(&result);
        assert_same(whole, &result);
        release(&result);
    }

    start(&result, limits);

    for (i = 0; i < len; i++) {
        feed(&result, text + i, 1);
    }

    end(&result);
    assert_same(whole, &result);
    release(&result);
}


static void
test_valid(void **state)
{
    size_t    i;
    result_t  result;

    static const struct {
        const char  *text;
        const char  *skeleton;
    } cases[] = {
        { "{}", "{}" },
        { "[]", "[]" },
        { " \t\r\n{ } ", "{}" },
        { "[ ]", "[]" },
        { "[[[]]]", "[[[]]]" },
        { "{\"a\":{\"b\":[{}]}}", "{\"a\":{\"b\":[{}]}}" },
        { "true", "true" },
        { "false\n", "false" },
        { "null", "null" },
        { "0", "0" },
        { "-0", "-0" },
        { "12", "12" },
        { "-1.5e+10 ", "-1.5e+10" },
        { "[0,-0,1,10,0.5,1.25,1e5,1E-5,0e0,0.0e+0]",
          "[0,-0,1,10,0.5,1.25,1e5,1E-5,0e0,0.0e+0]" },
        { "\"\"", "\"\"" },
        { "\"hello\"", "\"hello\"" },
        { "\"\x7f \xc3\xa4\xe4\xbd\xa0\xf0\x9f\x98\x80\"",
          "\"\x7f \xc3\xa4\xe4\xbd\xa0\xf0\x9f\x98\x80\"" },
        { "{ \"a\" : [ 1 , true , false , null , \"x\" ] , \"b\" : { } }",
          "{\"a\":[1,true,false,null,\"x\"],\"b\":{}}" },
        { "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}" },
        { "\"\\n\"", "\"\\u00010\"" },
        { "\"a\\\"b\"", "\"\\u00010\"" },
        { "[\"\\u0001\",\"\\u00010\",\"\\\\\"]",
          "[\"\\u00010\",\"\\u00011\",\"\\u00012\"]" },
        { "\"\\ud83d\"", "\"\\u00010\"" },
        { "\"\\ud83d\\ude00\\u0000\\/\\b\\f\\n\\r\\t\"", "\"\\u00010\"" },
        { "{\"\\u006dodel\":1,\"a\\n\\\"\":2}",
          "{\"\\u006dodel\":1,\"a\\n\\\"\":2}" },
        { "{\"a\\u0000\":1}", "{\"\\u0001\":1}" },
        { "{\"\\ud83d\\ude00\":1}", "{\"\\ud83d\\ude00\":1}" },
        { "{\"\\ud83d\":1}", "{\"\\u0001\":1}" },
        { "{\"\\ude00\":1}", "{\"\\u0001\":1}" },
        { "{\"\\ud83dx\\ude00\":1}", "{\"\\u0001\":1}" },
        { "{\"\\ud83d\\ud83d\\ude00\":1}", "{\"\\u0001\":1}" },
        { "{\"\\ud83d\\ude00\\ude00\":1}", "{\"\\u0001\":1}" },
        { "{\"\\ude00\\ud83d\":1,\"b\":2}", "{\"\\u0001\":1,\"b\":2}" },
        { "{\"a\":\"\xe4\xbd\xa0\\n\",\"b\":\"c\"}",
          "{\"a\":\"\\u00010\",\"b\":\"c\"}" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        scan_cut(&result, cases[i].text, strlen(cases[i].text), &large);
        assert_int_equal(result.rc, QWEN_OK);
        assert_int_equal(result.scan.offset, strlen(cases[i].text));
        test_assert_str(qwen_buf_str(&result.scan.skeleton),
                        cases[i].skeleton);
        release(&result);
    }
}


static void
test_invalid(void **state)
{
    size_t    i;
    result_t  result;

    static const struct {
        const char         *text;
        uint64_t            offset;
        qwen_scan_error_t   error;
    } cases[] = {
        { "", 0, QWEN_SCAN_SYNTAX },
        { " \n", 2, QWEN_SCAN_SYNTAX },
        { "{", 1, QWEN_SCAN_SYNTAX },
        { "[1", 2, QWEN_SCAN_SYNTAX },
        { "}", 0, QWEN_SCAN_SYNTAX },
        { "[}", 1, QWEN_SCAN_SYNTAX },
        { "{]", 1, QWEN_SCAN_SYNTAX },
        { "[1}", 2, QWEN_SCAN_SYNTAX },
        { "{\"a\":1]", 6, QWEN_SCAN_SYNTAX },
        { "[,1]", 1, QWEN_SCAN_SYNTAX },
        { "[1,]", 3, QWEN_SCAN_SYNTAX },
        { "[1,,2]", 3, QWEN_SCAN_SYNTAX },
        { "[1 2]", 3, QWEN_SCAN_SYNTAX },
        { "{\"a\"}", 4, QWEN_SCAN_SYNTAX },
        { "{\"a\":}", 5, QWEN_SCAN_SYNTAX },
        { "{\"a\" 1}", 5, QWEN_SCAN_SYNTAX },
        { "{\"a\":1,}", 7, QWEN_SCAN_SYNTAX },
        { "{,}", 1, QWEN_SCAN_SYNTAX },
        { "{1:1}", 1, QWEN_SCAN_SYNTAX },
        { "{a:1}", 1, QWEN_SCAN_SYNTAX },
        { "{}{}", 2, QWEN_SCAN_SYNTAX },
        { "{} x", 3, QWEN_SCAN_SYNTAX },
        { "1 2", 2, QWEN_SCAN_SYNTAX },
        { "tru", 3, QWEN_SCAN_SYNTAX },
        { "trux", 3, QWEN_SCAN_SYNTAX },
        { "truee", 4, QWEN_SCAN_SYNTAX },
        { "True", 0, QWEN_SCAN_SYNTAX },
        { "nul]", 3, QWEN_SCAN_SYNTAX },
        { "NaN", 0, QWEN_SCAN_SYNTAX },
        { "Infinity", 0, QWEN_SCAN_SYNTAX },
        { "-", 1, QWEN_SCAN_SYNTAX },
        { "-a", 1, QWEN_SCAN_SYNTAX },
        { "+1", 0, QWEN_SCAN_SYNTAX },
        { "01", 1, QWEN_SCAN_SYNTAX },
        { "-01", 2, QWEN_SCAN_SYNTAX },
        { "1.", 2, QWEN_SCAN_SYNTAX },
        { ".5", 0, QWEN_SCAN_SYNTAX },
        { "[1.]", 3, QWEN_SCAN_SYNTAX },
        { "1e", 2, QWEN_SCAN_SYNTAX },
        { "1e+", 3, QWEN_SCAN_SYNTAX },
        { "[1e+]", 4, QWEN_SCAN_SYNTAX },
        { "1.e5", 2, QWEN_SCAN_SYNTAX },
        { "1.5.5", 3, QWEN_SCAN_SYNTAX },
        { "1e5.5", 3, QWEN_SCAN_SYNTAX },
        { "0x10", 1, QWEN_SCAN_SYNTAX },
        { "\"a", 2, QWEN_SCAN_SYNTAX },
        { "\"a\\", 3, QWEN_SCAN_SYNTAX },
        { "\"\\x\"", 2, QWEN_SCAN_SYNTAX },
        { "\"\\u12g4\"", 5, QWEN_SCAN_SYNTAX },
        { "\"\\u12\"", 5, QWEN_SCAN_SYNTAX },
        { "\"\\U0041\"", 2, QWEN_SCAN_SYNTAX },
        { "\"\\n\\n\\n\\u00zz\"", 11, QWEN_SCAN_SYNTAX },
        { "\"a\nb\"", 2, QWEN_SCAN_SYNTAX },
        { "\"a\x1f\"", 2, QWEN_SCAN_SYNTAX },
        { "'a'", 0, QWEN_SCAN_SYNTAX },
        { "/* a */ 1", 0, QWEN_SCAN_SYNTAX },
        { "\xef\xbb\xbf{}", 0, QWEN_SCAN_SYNTAX },
        { "[\x01]", 1, QWEN_SCAN_SYNTAX },
        { "[\xc2\xa0]", 1, QWEN_SCAN_SYNTAX },
        { "\x0c[]", 0, QWEN_SCAN_SYNTAX },
        { "\"\xff\"", 1, QWEN_SCAN_UTF8 },
        { "\"a\x80\"", 2, QWEN_SCAN_UTF8 },
        { "\"\xc0\xaf\"", 1, QWEN_SCAN_UTF8 },
        { "\"\xc3\"", 2, QWEN_SCAN_UTF8 },
        { "\"\xe0\x80\xaf\"", 2, QWEN_SCAN_UTF8 },
        { "\"\xe4\xbd\"", 3, QWEN_SCAN_UTF8 },
        { "\"\xed\xa0\x80\"", 2, QWEN_SCAN_UTF8 },
        { "\"\xf0\x80\x80\x80\"", 2, QWEN_SCAN_UTF8 },
        { "\"\xf0\x9f\x98\"", 4, QWEN_SCAN_UTF8 },
        { "\"\xf4\x90\x80\x80\"", 2, QWEN_SCAN_UTF8 },
        { "\"\xf5\x80\x80\x80\"", 1, QWEN_SCAN_UTF8 },
        { "{\"\xc3\x28\":1}", 3, QWEN_SCAN_UTF8 },
        { "\"\\n\\n\\n\\n\xc3\x28\"", 10, QWEN_SCAN_UTF8 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        scan_cut(&result, cases[i].text, strlen(cases[i].text), &large);

        if (result.rc != QWEN_ERROR || result.scan.error != cases[i].error
            || result.scan.offset != cases[i].offset)
        {
            fail_msg("%s: error %d at %d", cases[i].text,
                     (int) result.scan.error, (int) result.scan.offset);
        }

        release(&result);
    }

    /* a zero byte is no white space, and no part of a string */

    scan_cut(&result, "[1]\0", 4, &large);
    assert_int_equal(result.scan.error, QWEN_SCAN_SYNTAX);
    assert_int_equal(result.scan.offset, 3);
    release(&result);

    scan_cut(&result, "\"a\0b\"", 5, &large);
    assert_int_equal(result.scan.error, QWEN_SCAN_SYNTAX);
    assert_int_equal(result.scan.offset, 2);
    release(&result);
}


/* The length at which strings and keys are no longer copied. */
static void
test_lengths(void **state)
{
    char          text[700], *p;
    size_t        len;
    result_t      result;
    const cJSON  *item;
    qwen_span_t   span;

    (void) state;

    for (len = 60; len < 70; len++) {
        p = text + sprintf(text, "[1,\"%0*d\"]", (int) len, 7);
        scan_cut(&result, text, (size_t) (p - text), &large);
        assert_int_equal(result.rc, QWEN_OK);

        item = cJSON_GetArrayItem(result.root, 1);
        assert_true(qwen_scan_string(&result.scan, item, &span));
        assert_int_equal(span.len, len);

        if (len <= 64) {
            assert_non_null(span.data);
            assert_memory_equal(span.data, text + 4, len);
            assert_int_equal(result.scan.nextents, 0);

        } else {
            assert_null(span.data);
            assert_int_equal(span.offset, 4);
            assert_int_equal(result.scan.nextents, 1);
        }

        release(&result);
    }

    for (len = 250; len < 260; len++) {
        p = text + sprintf(text, "{\"%0*d\":1}", (int) len, 7);
        scan_cut(&result, text, (size_t) (p - text), &large);
        assert_int_equal(result.rc, QWEN_OK);
        assert_int_equal(result.scan.nextents, 0);

        item = result.root->child;

        if (len <= 256) {
            assert_int_equal(strlen(item->string), len);

        } else {
            assert_string_equal(item->string, "\x01");
        }

        release(&result);
    }
}


static void
test_strings(void **state)
{
    result_t     result;
    qwen_span_t  span;

    static const char  text[] = " {\"a\":\"x\\ny\",\"b\":\"plain\",\"c\":3,"
                                "\"d\":\"\",\"e\":\"\\\\u0001\"}";

    (void) state;

    scan_cut(&result, text, strlen(text), &large);
    assert_int_equal(result.rc, QWEN_OK);

    assert_true(qwen_scan_string(&result.scan,
                                 cJSON_GetObjectItem(result.root, "a"),
                                 &span));
    assert_null(span.data);
    assert_int_equal(span.offset, 7);
    assert_int_equal(span.len, 4);

    assert_true(qwen_scan_string(&result.scan,
                                 cJSON_GetObjectItem(result.root, "b"),
                                 &span));
    test_assert_bytes(((qwen_str_t) { span.data, span.len }), "plain", 5);

    assert_false(qwen_scan_string(&result.scan,
                                  cJSON_GetObjectItem(result.root, "c"),
                                  &span));
    assert_false(qwen_scan_string(&result.scan, result.root, &span));
    assert_false(qwen_scan_string(&result.scan, NULL, &span));

    assert_true(qwen_scan_string(&result.scan,
                                 cJSON_GetObjectItem(result.root, "d"),
                                 &span));
    assert_non_null(span.data);
    assert_int_equal(span.len, 0);

    assert_true(qwen_scan_string(&result.scan,
                                 cJSON_GetObjectItem(result.root, "e"),
                                 &span));
    assert_memory_equal(text + span.offset, "\\\\u0001\"", 8);
    assert_int_equal(span.len, 7);

    release(&result);
}


/* Opens n arrays, or objects, and closes them again. */
static char *
nested(size_t n, bool objects)
{
    char    *text, *p;
    size_t   i;

    text = malloc(n * 6 + 3);
    assert_non_null(text);
    p = text;

    for (i = 0; i < n; i++) {
        p += sprintf(p, (objects && i + 1 < n) ? "{\"a\":" : "[");
    }

    for (i = n; i; i--) {
        *p++ = (objects && i < n) ? '}' : ']';
    }

    *p = '\0';

    return text;
}


static void
test_depth(void **state)
{
    char      *text;
    size_t     i;
    result_t   result;

    static const struct {
        size_t             levels;
        unsigned           max_depth;
        qwen_scan_error_t  error;
    } cases[] = {
        { 1, 0, QWEN_SCAN_DEPTH },
        { 1, 1, 0 },
        { 2, 1, QWEN_SCAN_DEPTH },
        { 64, 64, 0 },
        { 65, 64, QWEN_SCAN_DEPTH },
        { 1000, 1000, 0 },
        { 1000, 100000, 0 },
        { 1001, 100000, QWEN_SCAN_DEPTH },
        { 10000, 64, QWEN_SCAN_DEPTH },
        { 10000, 100000, QWEN_SCAN_DEPTH }
    };

    (void) state;

    for (i = 0; i < 2 * test_count(cases); i++) {

        qwen_scan_limits_t  limits = large;

        limits.max_depth = cases[i / 2].max_depth;
        text = nested(cases[i / 2].levels, i % 2);

        start(&result, &limits);
        feed(&result, text, strlen(text));
        end(&result);

        assert_int_equal(result.scan.error, cases[i / 2].error);
        assert_true(result.scan.levels.size <= 1000);
        release(&result);
        free(text);
    }

    /* siblings are not levels */

    {
        qwen_scan_limits_t  limits = { 1000, 1000, 2 };

        scan_cut(&result, "[[],[],{},{}]", 13, &limits);
        assert_int_equal(result.rc, QWEN_OK);
        release(&result);

        limits.max_depth = 0;
        scan_cut(&result, "1", 1, &limits);
        assert_int_equal(result.rc, QWEN_OK);
        release(&result);
    }
}


static void
test_caps(void **state)
{
    char        text[200];
    size_t      len, max;
    result_t    result;

    qwen_scan_limits_t  limits = large;

    static const char  body[] = "{ \"a\":[1,true,\"bc\", \"\\n\" ],\"d\":{}}";
    static const char  skeleton[] = "{\"a\":[1,true,\"bc\",\"\\u00010\"],"
                                    "\"d\":{}}";

    (void) state;

    for (max = 0; max <= strlen(skeleton); max++) {
        limits.max_skeleton = max;
        scan_cut(&result, body, strlen(body), &limits);

        if (max == strlen(skeleton)) {
            assert_int_equal(result.rc, QWEN_OK);

        } else {
            assert_int_equal(result.scan.error, QWEN_SCAN_SIZE);
        }

        release(&result);
    }

    limits = large;

    /* the object, an array, four elements, an object */

    for (max = 0; max <= 7; max++) {
        limits.max_values = max;
        scan_cut(&result, body, strlen(body), &limits);

        if (max == 7) {
            assert_int_equal(result.rc, QWEN_OK);

        } else {
            assert_int_equal(result.scan.error, QWEN_SCAN_SIZE);
        }

        release(&result);
    }

    for (len = 60; len < 80; len++) {
        (void) sprintf(text, "[1.%0*d]", (int) len - 2, 1);
        scan_cut(&result, text, strlen(text), &large);
        assert_int_equal(result.scan.error, (len > 63) ? QWEN_SCAN_SIZE : 0);
        release(&result);
    }

    /* caps that do not fit a size_t with anything added */

    limits.max_skeleton = SIZE_MAX;
    limits.max_values = SIZE_MAX;
    limits.max_depth = UINT32_MAX;
    scan_cut(&result, body, strlen(body), &limits);
    assert_int_equal(result.rc, QWEN_OK);
    release(&result);
}


/* A long string costs its placeholder only. */
static void
test_large(void **state)
{
    char         *text;
    size_t        i, len, piece;
    result_t      result, whole;
    qwen_span_t   span;

    static const size_t        pieces[] = { 1 << 21, 65536, 4096, 1021, 7 };
    static const qwen_scan_limits_t  limits = { 64, 8, 4 };

    (void) state;

    len = 1 << 20;
    text = malloc(len + 20);
    assert_non_null(text);

    memcpy(text, "{\"a\":[\"", 7);

    for (i = 7; i < len; i++) {
        text[i] = (i % 70 == 68) ? '\\' : (i % 70 == 69) ? 'n' : 'x';
    }

    memcpy(text + len - 30, "\\ud83d\\ude00\xe4\xbd\xa0xxxxxxxxxxxxxxx", 30);
    memcpy(text + len, "\",null]}", 8);

    for (i = 0; i < test_count(pieces); i++) {
        start(&result, &limits);

        for (piece = 0; piece < len + 8; piece += pieces[i]) {
            feed(&result, text + piece, (len + 8 - piece < pieces[i])
                                        ? len + 8 - piece : pieces[i]);
        }

        end(&result);
        assert_int_equal(result.rc, QWEN_OK);
        test_assert_str(qwen_buf_str(&result.scan.skeleton),
                        "{\"a\":[\"\\u00010\",null]}");
        assert_true(qwen_scan_string(&result.scan,
                                     result.root->child->child, &span));
        assert_int_equal(span.offset, 7);
        assert_int_equal(span.len, len - 7);

        if (i == 0) {
            whole = result;

        } else {
            assert_same(&whole, &result);
            release(&result);
        }
    }

    release(&whole);
    free(text);
}


static void
test_many_extents(void **state)
{
    char         *text, *p;
    size_t        i, n;
    result_t      result;
    const cJSON  *item;
    qwen_span_t   span;

    (void) state;

    n = 1000;
    text = malloc(n * 10 + 10);
    assert_non_null(text);

    p = text;
    *p++ = '[';

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s\"\\n%zu\"", i ? "," : "", i);
    }

    *p++ = ']';

    start(&result, &large);
    feed(&result, text, (size_t) (p - text));
    end(&result);
    assert_int_equal(result.rc, QWEN_OK);
    assert_int_equal(result.scan.nextents, n);

    i = 0;

    for (item = result.root->child; item; item = item->next) {
        char  digits[24];

        assert_true(qwen_scan_string(&result.scan, item, &span));
        (void) sprintf(digits, "\\n%zu\"", i++);
        assert_int_equal(span.len, strlen(digits) - 1);
        assert_memory_equal(text + span.offset, digits, strlen(digits));
    }

    assert_int_equal(i, n);

    release(&result);
    free(text);
}


/* Texts that are kept in the body; behind a long line, too. */
static void
test_simple(void **state)
{
    char         text[200];
    size_t       i, k, len;
    result_t     result;
    qwen_span_t  span;

    static const char *const  before[] = {
        "", "a line of more than the sixty-four bytes that a string is copied "
            "with\\n"
    };

    static const struct {
        const char  *text;
        size_t       simple_len;     /* 0: it is not simple */
    } texts[] = {
        { "a\\nb", 3 },                 { "\\n\\n\\\"|a", 5 },
        { "\\u4e2d\\u00e9", 5 },        { "\\ud83d\\ude00\\t", 5 },
        { "\\ud83d\\ud83d\\ude00", 7 }, { "\\ude00\\ud83d", 6 },
        { "\\ud83d\\ude00\\ude00", 7 }, { "\xe4\xb8\xad\\n\xc3\xa9", 6 },
        { "a<|\\n", 4 },                { "\\t<|", 3 },
        { "a\\\\<\\n", 4 },             { "|\\n", 2 },
        { "<\\n", 0 },                  { "\\n<", 0 },
        { "\\\\a", 0 },                 { "a\\n\\\\", 0 },
        { "a\\u003c", 0 },              { "\\u000aa", 0 },
        { "\\n\\n<", 0 },               { "a\\u005c\\n", 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (k = 0; k < 2; k++) {
            len = (size_t) sprintf(text, "\"%s%s\"", before[k],
                                   texts[i].text);
            scan_cut(&result, text, len, &large);

            assert_true(qwen_scan_string(&result.scan, result.root, &span));
            assert_null(span.data);
            assert_int_equal(span.simple_len, texts[i].simple_len
                             ? texts[i].simple_len
                               + (k ? strlen(before[1]) - 1 : 0)
                             : 0);
            release(&result);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_many_extents),
        cmocka_unit_test(test_simple)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
