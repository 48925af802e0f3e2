
#include "test.h"
#include "qwen_scan.h"


/* A body that lies in pieces of the same length; each read is a new copy. */
typedef struct {
    qwen_body_t   body;
    const char   *text;
    size_t        len;
    size_t        piece;
    uint64_t      broken;            /* reads at or behind it fail */
    uint8_t      *copy;
} pieces_t;


static size_t
pieces_read(qwen_body_t *body, uint64_t offset, size_t len,
    const uint8_t **data)
{
    size_t     n;
    pieces_t  *pieces;

    pieces = (pieces_t *) body;

    free(pieces->copy);
    pieces->copy = NULL;

    assert_true(len > 0);
    assert_true(offset + len <= pieces->len);

    if (offset >= pieces->broken) {
        return 0;
    }

    n = pieces->piece - (size_t) (offset % pieces->piece);

    if (n > len) {
        n = len;
    }

    pieces->copy = test_copy(pieces->text + offset, n);
    *data = pieces->copy;

    return n;
}


static void
pieces_init(pieces_t *pieces, const char *text, size_t piece)
{
    pieces->body.read = pieces_read;
    pieces->text = text;
    pieces->len = strlen(text);
    pieces->piece = piece;
    pieces->broken = UINT64_MAX;
    pieces->copy = NULL;
}


static void
check(const char *text, const void *plain, size_t len)
{
    size_t       piece;
    pieces_t     pieces;
    qwen_buf_t   out;
    qwen_span_t  span;

    for (piece = 1; piece <= strlen(text); piece++) {
        pieces_init(&pieces, text, piece);
        qwen_buf_init(&out, 1 + len);
        qwen_buf_append_literal(&out, ">");

        /* the span lies between quotes */

        span = (qwen_span_t) { NULL, 1, strlen(text) - 2, 0 };

        assert_int_equal(qwen_span_plain(span, &pieces.body, &out), QWEN_OK);
        assert_int_equal(out.len, 1 + len);
        assert_memory_equal(out.data + 1, plain, len);

        qwen_buf_free(&out);

        if (len) {
            qwen_buf_init(&out, len);
            qwen_buf_append_literal(&out, ">");
            assert_int_equal(qwen_span_plain(span, &pieces.body, &out),
                             QWEN_ERROR);
            assert_true(out.failed);
            test_assert_str(qwen_buf_str(&out), ">");
            qwen_buf_free(&out);
        }

        free(pieces.copy);
    }
}


static void
test_pieces(void **state)
{
    (void) state;

    check("\"\"", "", 0);
    check("\"hello\"", "hello", 5);
    check("\"a\\nb\\u0000c\\\\\\\\n\"", "a\nb\0c\\\\n", 8);
    check("\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4);
    check("\"ab\\ud83d\\ude00\\ud83d\\ude00cd\"",
          "ab\xf0\x9f\x98\x80\xf0\x9f\x98\x80" "cd", 12);
    check("\"\\ud83d\"", "\xef\xbf\xbd", 3);
    check("\"\\ud83d\\ud83d\\ude00\\ude00\"",
          "\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd", 10);
    check("\"\\ud83d and much more text\"",
          "\xef\xbf\xbd and much more text", 22);
    check("\"\xe4\xbd\xa0\\u4f60\xe4\xbd\xa0\"",
          "\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0", 9);
}


static void
test_literal(void **state)
{
    qwen_buf_t   out;
    qwen_span_t  span;

    (void) state;

    qwen_buf_init(&out, 100);
    span = (qwen_span_t) { (const uint8_t *) "a\\nb", 0, 4, 0 };
    assert_int_equal(qwen_span_plain(span, NULL, &out), QWEN_OK);
    test_assert_str(qwen_buf_str(&out), "a\nb");
    qwen_buf_free(&out);
}


static void
test_errors(void **state)
{
    uint64_t     broken;
    pieces_t     pieces;
    qwen_buf_t   out;
    qwen_span_t  span;

    static const char  text[] = "\"some \\ud83d\\ude00 text\"";

    (void) state;

    span = (qwen_span_t) { NULL, 1, strlen(text) - 2, 0 };

    for (broken = 0; broken < strlen(text) - 1; broken++) {
        pieces_init(&pieces, text, 4);
        pieces.broken = broken / 4 * 4;
        qwen_buf_init(&out, 100);
        qwen_buf_append_literal(&out, ">");

        assert_int_equal(qwen_span_plain(span, &pieces.body, &out),
                         QWEN_ERROR);
        assert_false(out.failed);
        test_assert_str(qwen_buf_str(&out), ">");

        qwen_buf_free(&out);
        free(pieces.copy);
    }

    /* what no scanner let through */

    pieces_init(&pieces, "\"abcdefgh\\x01234567890123\"", 5);
    qwen_buf_init(&out, 100);
    span.len = strlen(pieces.text) - 2;
    assert_int_equal(qwen_span_plain(span, &pieces.body, &out), QWEN_ERROR);
    assert_int_equal(out.len, 0);
    qwen_buf_free(&out);
    free(pieces.copy);
}


static void
test_large(void **state)
{
    char        *text;
    size_t       i, len;
    pieces_t     pieces;
    qwen_buf_t   out;
    qwen_span_t  span;

    (void) state;

    len = 3 << 20;
    text = malloc(len + 1);
    assert_non_null(text);

    for (i = 0; i < len; i += 3) {
        memcpy(text + i, "x\\n", 3);
    }

    text[len] = '\0';

    pieces_init(&pieces, text, len);
    qwen_buf_init(&out, len);
    span = (qwen_span_t) { NULL, 0, len, 0 };
    assert_int_equal(qwen_span_plain(span, &pieces.body, &out), QWEN_OK);
    assert_int_equal(out.len, len / 3 * 2);

    for (i = 0; i < out.len; i += 2) {
        assert_true(out.data[i] == 'x' && out.data[i + 1] == '\n');
    }

    qwen_buf_free(&out);
    free(pieces.copy);
    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_large)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
