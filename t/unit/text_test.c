
#include <cjson/cJSON.h>

#include "test.h"
#include "qwen_text.h"


#define REPLACED  "\xef\xbf\xbd"


/* Whether text can be put between quotes, as cJSON sees it. */
static bool
is_string(qwen_str_t text)
{
    cJSON       *json;
    qwen_buf_t   buf;

    qwen_buf_init(&buf, 1 << 24);
    qwen_buf_append_literal(&buf, "\"");
    qwen_buf_append_str(&buf, text);
    qwen_buf_append_literal(&buf, "\"");
    assert_false(buf.failed);

    json = cJSON_ParseWithLength((const char *) buf.data, buf.len);
    cJSON_Delete(json);
    qwen_buf_free(&buf);

    return json != NULL;
}


static void
check_escape(const void *plain, size_t len, const char *expected)
{
    uint8_t     *copy;
    qwen_buf_t   out;

    copy = test_copy(plain, len);
    qwen_buf_init(&out, strlen(expected));

    assert_int_equal(qwen_text_escape(&out, copy, len), QWEN_OK);
    test_assert_str(qwen_buf_str(&out), expected);
    assert_true(is_string(qwen_buf_str(&out)));

    qwen_buf_free(&out);

    if (*expected) {
        qwen_buf_init(&out, strlen(expected) - 1);
        assert_int_equal(qwen_text_escape(&out, copy, len), QWEN_ERROR);
        assert_int_equal(out.len, 0);
        qwen_buf_free(&out);
    }

    free(copy);
}


static void
test_escape(void **state)
{
    size_t  i;

    static const struct {
        const char  *plain;
        const char  *escaped;
    } cases[] = {
        { "", "" },
        { "hello", "hello" },
        { "a\"b\\c/d", "a\\\"b\\\\c/d" },
        { "\b\f\n\r\t", "\\b\\f\\n\\r\\t" },
        { "\x01\x1f\x7f", "\\u0001\\u001f\x7f" },
        { "\xe4\xbd\xa0 \xc3\xa4 \xf0\x9f\x98\x80",
          "\xe4\xbd\xa0 \xc3\xa4 \xf0\x9f\x98\x80" },
        { "\x80", REPLACED },
        { "a\xff" "b", "a" REPLACED "b" },
        { "\xc0\xaf", REPLACED REPLACED },
        { "\xe0\x80\xaf", REPLACED REPLACED REPLACED },
        { "\xed\xa0\x80", REPLACED REPLACED REPLACED },
        { "\xf4\x90\x80\x80", REPLACED REPLACED REPLACED REPLACED },
        { "\xe4\xbd", REPLACED },
        { "\xe4\xbd\n", REPLACED "\\n" },
        /* the Unicode Standard, table 3-11 */
        { "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf" "A",
          REPLACED REPLACED REPLACED REPLACED "A" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        check_escape(cases[i].plain, strlen(cases[i].plain),
                     cases[i].escaped);
    }

    check_escape("a\0b", 3, "a\\u0000b");
}


static void
check_unescape(const char *escaped, const void *plain, size_t len)
{
    bool         ok;
    size_t       cut, used;
    uint8_t     *copy;
    qwen_buf_t   out;
    qwen_str_t   text;

    text.len = strlen(escaped);
    copy = test_copy(escaped, text.len);
    text.data = copy;

    qwen_buf_init(&out, 2 + len);
    qwen_buf_append_literal(&out, "<>");

    assert_int_equal(qwen_text_unescape(&out, text), QWEN_OK);
    assert_int_equal(out.len, 2 + len);
    assert_memory_equal(out.data + 2, plain, len);
    qwen_buf_free(&out);

    if (len) {
        qwen_buf_init(&out, 2 + len - 1);
        qwen_buf_append_literal(&out, "<>");
        assert_int_equal(qwen_text_unescape(&out, text), QWEN_ERROR);
        test_assert_str(qwen_buf_str(&out), "<>");
        qwen_buf_free(&out);
    }

    for (cut = 0; cut <= text.len; cut++) {
        qwen_buf_init(&out, len);

        ok = qwen_text_unescape_part(&out, (qwen_str_t) { text.data, cut },
                                     false, &used) == QWEN_OK;
        assert_true(ok);
        assert_true(used <= cut && cut - used < 12);

        text.data += used;
        text.len -= used;

        ok = qwen_text_unescape_part(&out, text, true, &used) == QWEN_OK;
        assert_true(ok);
        assert_int_equal(used, text.len);
        assert_int_equal(out.len, len);
        assert_memory_equal(out.data ? out.data : copy, plain, len);

        text.len += (size_t) (text.data - copy);
        text.data = copy;
        qwen_buf_free(&out);
    }

    free(copy);
}


static void
test_unescape(void **state)
{
    size_t  i;

    static const struct {
        const char  *escaped;
        const char  *plain;
    } cases[] = {
        { "", "" },
        { "hello \xe4\xbd\xa0", "hello \xe4\xbd\xa0" },
        { "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
        { "\\\\n\\\\u0041", "\\n\\u0041" },
        { "\\u0041\\u00e4\\u4F60", "A\xc3\xa4\xe4\xbd\xa0" },
        { "x\\ud83d\\ude00y", "x\xf0\x9f\x98\x80y" },
        { "\\uD800\\uDC00\\uDBFF\\uDFFF",
          "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
        { "\\ud83d", REPLACED },
        { "\\ude00", REPLACED },
        { "\\ud83dx", REPLACED "x" },
        { "\\ud83d\\n", REPLACED "\n" },
        { "\\ud83d\\u0041", REPLACED "A" },
        { "\\ud83d\\ud83d\\ude00", REPLACED "\xf0\x9f\x98\x80" },
        { "\\ude00\\ud83d", REPLACED REPLACED },
        { "\\ud83d\\ude00\\ude00", "\xf0\x9f\x98\x80" REPLACED }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        check_unescape(cases[i].escaped, cases[i].plain,
                       strlen(cases[i].plain));
    }

    check_unescape("a\\u0000b", "a\0b", 3);
    check_unescape("\\u0000\\u0000", "\0\0", 2);
}


static void
test_unescape_invalid(void **state)
{
    size_t       i;
    uint8_t     *copy;
    qwen_buf_t   out;
    qwen_str_t   text;

    static const char  *cases[] = {
        "a\\", "\\x", "\\u", "\\u1", "\\u12", "\\u123", "\\u123g", "\\U0041",
        "\\ud83d\\u", "\\ud83d\\x", "\\ud83d\\", "\\u 041", "\\u+041"
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        text.len = strlen(cases[i]);
        copy = test_copy(cases[i], text.len);
        text.data = copy;

        qwen_buf_init(&out, 100);
        qwen_buf_append_literal(&out, "<>");
        assert_int_equal(qwen_text_unescape(&out, text), QWEN_ERROR);
        assert_false(out.failed);
        test_assert_str(qwen_buf_str(&out), "<>");

        qwen_buf_free(&out);
        free(copy);
    }
}


/* All bytes there and back. */
static void
test_round_trip(void **state)
{
    size_t      i;
    uint8_t     plain[128 + 9];
    qwen_buf_t  escaped, back;

    (void) state;

    for (i = 0; i < 128; i++) {
        plain[i] = (uint8_t) i;
    }

    memcpy(plain + 128, "\xc3\xa4\xe4\xbd\xa0\xf0\x9f\x98\x80", 9);

    qwen_buf_init(&escaped, 1000);
    qwen_buf_init(&back, 1000);

    assert_int_equal(qwen_text_escape(&escaped, plain, sizeof(plain)),
                     QWEN_OK);
    assert_int_equal(qwen_text_unescape(&back, qwen_buf_str(&escaped)),
                     QWEN_OK);
    test_assert_bytes(qwen_buf_str(&back), plain, sizeof(plain));

    qwen_buf_free(&escaped);
    qwen_buf_free(&back);
}


typedef struct {
    qwen_text_cleaner_t  cleaner;
    qwen_buf_t           text;       /* all clean pieces */
} stream_t;


static void
stream_init(stream_t *stream)
{
    qwen_text_cleaner_init(&stream->cleaner, 1 << 22);
    qwen_buf_init(&stream->text, 1 << 22);
}


static qwen_rc_t
stream_put(stream_t *stream, const void *data, size_t len)
{
    uint8_t     *copy;
    qwen_rc_t    rc;
    qwen_str_t   out;

    copy = test_copy(data, len);
    rc = qwen_text_clean(&stream->cleaner, (qwen_str_t) { copy, len }, &out);

    if (rc == QWEN_OK) {
        assert_true(is_string(out));
        qwen_buf_append_str(&stream->text, out);
    }

    free(copy);

    return rc;
}


/* Ends a stream and compares what it gave, and the plain length. */
static void
stream_end(stream_t *stream, const char *expected)
{
    qwen_buf_t  plain;
    qwen_str_t  out;

    qwen_text_clean_end(&stream->cleaner, &out);
    qwen_buf_append_str(&stream->text, out);
    test_assert_str(qwen_buf_str(&stream->text), expected);

    qwen_text_clean_end(&stream->cleaner, &out);
    assert_int_equal(out.len, 0);

    qwen_buf_init(&plain, 1 << 22);
    assert_int_equal(qwen_text_unescape(&plain, qwen_buf_str(&stream->text)),
                     QWEN_OK);
    assert_int_equal(stream->cleaner.plain_len, plain.len);

    qwen_buf_free(&plain);
    qwen_buf_free(&stream->text);
    qwen_text_cleaner_free(&stream->cleaner);
}


/* Whether a place in a text lies within an escape or a sequence. */
static bool
is_inside(const char *text, size_t place)
{
    size_t  i, n;

    for (i = 0; i < place; i += n) {

        if (text[i] == '\\') {
            n = (text[i + 1] == 'u') ? 6 : 2;
            continue;
        }

        n = 1;

        while (((unsigned char) text[i + n] & 0xc0) == 0x80) {
            n++;
        }
    }

    return i != place;
}


static void
test_clean(void **state)
{
    size_t    i, cut, len;
    stream_t  stream;

    static const struct {
        const char  *text;
        const char  *clean;
    } cases[] = {
        { "", "" },
        { "hello", "hello" },
        { "a\\n\\\"\\\\\\/\\b\\f\\r\\t\\u0041\\u0000\\u4f60z",
          "a\\n\\\"\\\\\\/\\b\\f\\r\\t\\u0041\\u0000\\u4f60z" },
        { "\xe4\xbd\xa0\xc3\xa4\xf0\x9f\x98\x80",
          "\xe4\xbd\xa0\xc3\xa4\xf0\x9f\x98\x80" },
        { "a\nb\x01" "c\x1f\x7f\r\t", "a\\nb\\u0001c\\u001f\x7f\\r\\t" },
        { "a\"b", "a\\\"b" },
        { "a\xff" "b", "a" REPLACED "b" },
        { "\\ud83d\\ude00", "\\ud83d\\ude00" },
        { "a\\uD83D\\uDE00b\\ud83d\\ude01c",
          "a\\ud83d\\uDE00b\\ud83d\\ude01c" },
        { "\\ud83d", REPLACED },
        { "\\ude00", REPLACED },
        { "a\\ud83db", "a" REPLACED "b" },
        { "a\\ude00b", "a" REPLACED "b" },
        { "\\ud83d\\ud83d\\ude00", REPLACED "\\ud83d\\ude00" },
        { "\\ud83d\\n\\ude00", REPLACED "\\n" REPLACED },
        { "\\ud83d\xe4\xbd\xa0", REPLACED "\xe4\xbd\xa0" },
        { "\\ud83d\n", REPLACED "\\n" },
        { "\\ud83d\\ud83d", REPLACED REPLACED }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        len = strlen(cases[i].text);

        for (cut = 0; cut <= len; cut++) {

            stream_init(&stream);

            if (is_inside(cases[i].text, cut)) {

                /* an escape cut here is invalid, a sequence two times */

                if (stream_put(&stream, cases[i].text, cut) == QWEN_OK) {
                    (void) stream_put(&stream, cases[i].text + cut,
                                      len - cut);
                }

                qwen_buf_free(&stream.text);
                qwen_text_cleaner_free(&stream.cleaner);
                continue;
            }

            assert_int_equal(stream_put(&stream, cases[i].text, cut),
                             QWEN_OK);
            assert_int_equal(stream_put(&stream, "", 0), QWEN_OK);
            assert_int_equal(stream_put(&stream, cases[i].text + cut,
                                        len - cut), QWEN_OK);

            /* a pair that was not cut keeps its digits as they were */

            if (strstr(cases[i].text, "\\uD83D")) {
                assert_int_equal(stream.text.len, len);
                assert_true(memcmp(stream.text.data + 1, cut == 7
                                   ? "\\ud83d" : "\\uD83D", 6) == 0);
                memcpy(stream.text.data + 1, "\\ud83d", 6);
            }

            stream_end(&stream, cases[i].clean);
        }
    }
}


static void
test_clean_utf8_cut(void **state)
{
    stream_t  stream;

    (void) state;

    stream_init(&stream);
    assert_int_equal(stream_put(&stream, "a\xe4\xbd", 3), QWEN_OK);
    assert_int_equal(stream_put(&stream, "\xa0", 1), QWEN_OK);
    assert_int_equal(stream_put(&stream, "b", 1), QWEN_OK);
    stream_end(&stream, "a" REPLACED REPLACED "b");
}


static void
test_clean_invalid_escape(void **state)
{
    size_t       i, len;
    uint8_t     *copy;
    qwen_str_t   out;

    qwen_text_cleaner_t  cleaner;

    static const char  *cases[] = {
        "a\\", "\\x", "\\u", "\\u12", "\\u123g", "abc\\u00", "\\ud83d\\u",
        "\\ud83d\\", "\xff\\q"
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        len = strlen(cases[i]);
        copy = test_copy(cases[i], len);

        qwen_text_cleaner_init(&cleaner, 100);
        assert_int_equal(qwen_text_clean(&cleaner,
                                         (qwen_str_t) { copy, len }, &out),
                         QWEN_ERROR);

        /* and for good */

        assert_int_equal(qwen_text_clean(&cleaner, test_str("a"), &out),
                         QWEN_ERROR);
        qwen_text_cleaner_free(&cleaner);
        free(copy);
    }
}


static void
test_clean_without_copy(void **state)
{
    qwen_str_t   out, piece;

    qwen_text_cleaner_t  cleaner;

    (void) state;

    /* a cap of 0: nothing can be copied */

    qwen_text_cleaner_init(&cleaner, 0);

    piece = test_str("a\\n\xe4\xbd\xa0\\ud83d\\ude00");
    assert_int_equal(qwen_text_clean(&cleaner, piece, &out), QWEN_OK);
    assert_ptr_equal(out.data, piece.data);
    assert_int_equal(out.len, piece.len);
    assert_int_equal(cleaner.plain_len, 9);

    /* what waits at the end needs no copy either */

    piece = test_str("abc\\ud83d");
    assert_int_equal(qwen_text_clean(&cleaner, piece, &out), QWEN_OK);
    assert_ptr_equal(out.data, piece.data);
    test_assert_str(out, "abc");
    assert_int_equal(cleaner.high, 0xd83d);
    assert_int_equal(cleaner.plain_len, 12);

    assert_int_equal(qwen_text_clean(&cleaner, test_str("\\ude00"), &out),
                     QWEN_ERROR);
    qwen_text_cleaner_free(&cleaner);
}


static void
test_clean_cap(void **state)
{
    qwen_str_t  out;

    qwen_text_cleaner_t  cleaner;

    (void) state;

    qwen_text_cleaner_init(&cleaner, 6);

    assert_int_equal(qwen_text_clean(&cleaner, test_str("ab\ncd"), &out),
                     QWEN_OK);
    test_assert_str(out, "ab\\ncd");
    assert_int_equal(qwen_text_clean(&cleaner, test_str("ab\ncde"), &out),
                     QWEN_ERROR);
    qwen_text_cleaner_free(&cleaner);

    qwen_text_cleaner_init(&cleaner, 6);
    assert_int_equal(qwen_text_clean(&cleaner, test_str("abcdef\n"), &out),
                     QWEN_ERROR);
    qwen_text_cleaner_free(&cleaner);
}


/* A repaired piece is freed when the next one comes. */
static void
test_clean_memory(void **state)
{
    qwen_str_t  out;

    qwen_text_cleaner_t  cleaner;

    (void) state;

    qwen_text_cleaner_init(&cleaner, 100);
    assert_int_equal(qwen_text_clean(&cleaner, test_str("\n"), &out),
                     QWEN_OK);
    assert_non_null(cleaner.scratch.data);
    assert_int_equal(qwen_text_clean(&cleaner, test_str("a"), &out),
                     QWEN_OK);
    assert_null(cleaner.scratch.data);
    test_assert_str(out, "a");
    qwen_text_cleaner_free(&cleaner);
}


static void
test_large(void **state)
{
    char      *text;
    size_t     i, len;
    stream_t   stream;

    (void) state;

    len = 1000000;
    text = malloc(len + 1);
    assert_non_null(text);

    for (i = 0; i < len; i++) {
        text[i] = (i % 70 == 68) ? '\\' : (i % 70 == 69) ? 'n' : 'x';
    }

    text[len] = '\0';
    text[len - 1] = 'x';

    stream_init(&stream);
    assert_int_equal(stream_put(&stream, text, len), QWEN_OK);
    assert_int_equal(stream.cleaner.plain_len, len - len / 70);
    stream_end(&stream, text);

    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_unescape_invalid),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_clean_utf8_cut),
        cmocka_unit_test(test_clean_invalid_escape),
        cmocka_unit_test(test_clean_without_copy),
        cmocka_unit_test(test_clean_cap),
        cmocka_unit_test(test_clean_memory),
        cmocka_unit_test(test_large)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
