
#include <stdio.h>

#include "test.h"
#include "qwen_sse.h"


/* Events as text: each in brackets, then what the end said. */
typedef struct {
    qwen_buf_t  log;
    qwen_sse_t  sse;
    qwen_rc_t   rc;
} reader_t;


static void
reader_feed(reader_t *reader, const void *data, size_t len)
{
    uint8_t     *copy;
    qwen_str_t   input, event;

    copy = test_copy(data, len);
    input = (qwen_str_t) { copy, len };

    for ( ;; ) {
        reader->rc = qwen_sse_next(&reader->sse, &input, &event);

        if (reader->rc != QWEN_OK) {
            break;
        }

        qwen_buf_append_literal(&reader->log, "[");
        qwen_buf_append_str(&reader->log, event);
        qwen_buf_append_literal(&reader->log, "]");
    }

    assert_true(reader->rc == QWEN_ERROR || input.len == 0);
    free(copy);
}


static void
reader_end(reader_t *reader)
{
    qwen_rc_t   rc;
    qwen_str_t  event;

    rc = qwen_sse_end(&reader->sse, &event);

    if (reader->rc == QWEN_ERROR) {
        assert_int_equal(rc, QWEN_ERROR);
    }

    if (rc == QWEN_OK) {
        qwen_buf_append_literal(&reader->log, "(");
        qwen_buf_append_str(&reader->log, event);
        qwen_buf_append_literal(&reader->log, ")");
        assert_int_equal(qwen_sse_end(&reader->sse, &event), QWEN_AGAIN);

    } else if (rc == QWEN_ERROR) {
        qwen_buf_append_literal(&reader->log, "!");
    }

    qwen_sse_free(&reader->sse);
}


static void
reader_init(reader_t *reader, size_t max)
{
    qwen_buf_init(&reader->log, 1 << 20);
    qwen_sse_init(&reader->sse, max);
    reader->rc = QWEN_AGAIN;
}


/* Reads a stream whole, byte by byte, and cut at each place. */
static void
check(const char *stream, size_t len, size_t max, const char *expected)
{
    size_t    i, cut;
    reader_t  reader;

    for (cut = 0; cut <= len; cut++) {
        reader_init(&reader, max);
        reader_feed(&reader, stream, cut);
        reader_feed(&reader, stream + cut, len - cut);
        reader_end(&reader);
        test_assert_str(qwen_buf_str(&reader.log), expected);
        qwen_buf_free(&reader.log);
    }

    reader_init(&reader, max);

    for (i = 0; i < len; i++) {
        reader_feed(&reader, stream + i, 1);
    }

    reader_end(&reader);
    test_assert_str(qwen_buf_str(&reader.log), expected);
    qwen_buf_free(&reader.log);
}


static void
test_streams(void **state)
{
    size_t  i;

    static const struct {
        const char  *stream;
        const char  *events;
    } cases[] = {
        { "", "" },
        { "\n\n\n", "" },
        { "data: a\n\n", "[a]" },
        { "data:a\n\n", "[a]" },
        { "data:  a\n\n", "[ a]" },
        { "data: a \n\n", "[a ]" },
        { "data: a\n\ndata: b\n\n", "[a][b]" },
        { "data: a\r\n\r\ndata: b\r\n\r\n", "[a][b]" },
        { "data: a\r\rdata: b\r\r", "[a][b]" },
        { "data: a\r\n\ndata: b\n\r\n", "[a][b]" },
        { "data: a\n\r\rdata: b\r\n\r", "[a][b]" },
        { "data: a\ndata: b\n\n", "[a\nb]" },
        { "data: a\r\ndata: b\r\ndata:c\r\n\r\n", "[a\nb\nc]" },
        { "data\n\n", "[]" },
        { "data:\n\n", "[]" },
        { "data: \n\n", "[]" },
        { "data\ndata\n\n", "[\n]" },
        { "data:\ndata: a\n\n", "[\na]" },
        { "data: a\ndata\n\n", "[a\n]" },
        { "data\n\ndata\ndata\n\ndata:", "[][\n]()" },
        { ": comment\n\n", "" },
        { ": comment\ndata: a\n: data: b\n\n", "[a]" },
        { ":\n\ndata: a\n\n:\n\n", "[a]" },
        { "id: 1\nevent: x\nretry: 5\ndata: a\nid: 2\n\n", "[a]" },
        { "event: x\n\ndata: a\n\n", "[a]" },
        { "Data: a\n\n", "" },
        { "datax: a\n\n", "" },
        { "data : a\n\n", "" },
        { " data: a\n\n", "" },
        { "dat: a\nda: a\nd: a\n\n", "" },
        { "dat\ndata: a\n\n", "[a]" },
        { "data: data: a\n\n", "[data: a]" },
        { "\xef\xbb\xbf" "data: a\n\n", "[a]" },
        { "\xef\xbb\xbf" "\xef\xbb\xbf" "data: a\n\n", "" },
        { "\xef\xbb" "data: a\n\ndata: b\n\n", "[b]" },
        { "\xef" "data: a\ndata: b\n\n", "[b]" },
        { "\xef\n\ndata: b\n\n", "[b]" },
        { "data: a\n\n\xef\xbb\xbf" "data: b\n\n", "[a]" },
        { "data: a", "(a)" },
        { "data: a\n", "(a)" },
        { "data: a\r", "(a)" },
        { "data: a\r\n", "(a)" },
        { "data: a\ndata: b", "(a\nb)" },
        { "data: a\ndata", "(a\n)" },
        { "data: a\ndat", "(a)" },
        { "data", "()" },
        { "data:", "()" },
        { "data: ", "()" },
        { "data: a\n\ndata: b", "[a](b)" },
        { "data: a\n\nid: 1", "[a]" },
        { "data: {\"a\":\"\xe4\xbd\xa0\"}\n\n",
          "[{\"a\":\"\xe4\xbd\xa0\"}]" },
        { "data: [DONE]\n\n", "[[DONE]]" },
        { "{\"success\":false}", "" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        check(cases[i].stream, strlen(cases[i].stream), 100,
              cases[i].events);
    }
}


static void
test_zero_byte(void **state)
{
    reader_t  reader;

    (void) state;

    reader_init(&reader, 100);
    reader_feed(&reader, "data: a\0b\n\n", 11);
    reader_end(&reader);
    test_assert_bytes(qwen_buf_str(&reader.log), "[a\0b]", 5);
    qwen_buf_free(&reader.log);
}


static void
test_cap(void **state)
{
    (void) state;

    check("data: 12345\n\n", 13, 5, "[12345]");
    check("data: 123456\n\n", 14, 5, "!");
    check("data: a\n\ndata: 123456\n\ndata: b\n\n", 32, 5, "[a]!");
    check("data: 123\ndata: 4\n\n", 19, 5, "[123\n4]");
    check("data: 123\ndata: 45\n\n", 20, 5, "!");
    check("data: 12345\ndata\n\n", 18, 5, "!");
    check("data: 12345\ndata", 16, 5, "!");
    check("data: 123456", 12, 5, "!");

    /* what is passed over has no cap */

    check(": 1234567890\nid: 1234567890\ndata: 12345\n\n", 41, 5, "[12345]");

    check("data:\n\n", 7, 0, "[]");
    check("data: a\n\n", 9, 0, "!");
}


static void
test_error_stays(void **state)
{
    qwen_sse_t  sse;
    qwen_str_t  input, event;

    (void) state;

    qwen_sse_init(&sse, 3);
    input = test_str("data: abcd\n\n");
    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_ERROR);
    input = test_str("data: a\n\n");
    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_ERROR);
    qwen_sse_free(&sse);
}


/* An event that lies whole in the input is not copied. */
static void
test_slices(void **state)
{
    qwen_sse_t   sse;
    qwen_str_t   input, event;
    const char  *text = "data: abc\n\n"
                        ": x\r\nid: 1\r\ndata:def\r\nid: 2\r\n\r\n";

    (void) state;

    qwen_sse_init(&sse, 100);
    input = test_str(text);

    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_OK);
    assert_ptr_equal(event.data, text + 6);
    test_assert_str(event, "abc");
    assert_null(sse.pending.data);

    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_OK);
    test_assert_str(event, "def");
    assert_ptr_equal(event.data, strstr(text, "def"));
    assert_null(sse.pending.data);

    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_AGAIN);
    assert_null(sse.pending.data);

    qwen_sse_free(&sse);
}


/* Memory is held only while an event is pending, and until the next call. */
static void
test_pending_memory(void **state)
{
    qwen_sse_t  sse;
    qwen_str_t  input, event;

    (void) state;

    qwen_sse_init(&sse, 100);

    input = test_str("data: ab");
    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_AGAIN);
    test_assert_str(qwen_buf_str(&sse.pending), "ab");

    input = test_str("c\n\ndata: d\n\n");
    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_OK);
    test_assert_str(event, "abc");
    assert_non_null(sse.pending.data);

    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_OK);
    test_assert_str(event, "d");
    assert_null(sse.pending.data);

    assert_int_equal(qwen_sse_next(&sse, &input, &event), QWEN_AGAIN);
    qwen_sse_free(&sse);
}


/* Lines longer than any window, with each kind of line end. */
static void
test_long_lines(void **state)
{
    char      *stream;
    size_t     i, n, len;
    reader_t   reader;

    static const char   *ends[] = { "\n", "\r", "\r\n" };
    static const size_t  lengths[] = { 1017, 1018, 1019, 1024, 3066, 3072,
                                       100000, 1000000 };

    (void) state;

    stream = malloc(1010000);
    assert_non_null(stream);

    for (i = 0; i < test_count(ends); i++) {
        for (n = 0; n < test_count(lengths); n++) {

            len = (size_t) sprintf(stream, ":");
            memset(stream + len, 'c', 2000);
            len += 2000;
            len += (size_t) sprintf(stream + len, "%sdata: ", ends[i]);
            memset(stream + len, 'x', lengths[n]);
            len += lengths[n];
            len += (size_t) sprintf(stream + len, "%s%sdata: y%s%s", ends[i],
                                    ends[i], ends[i], ends[i]);

            reader_init(&reader, 1000000);
            reader_feed(&reader, stream, len);
            reader_end(&reader);

            assert_int_equal(reader.log.len, lengths[n] + 2 + 3);
            assert_memory_equal(reader.log.data + reader.log.len - 5,
                                "x][y]", 5);
            qwen_buf_free(&reader.log);
        }
    }

    free(stream);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_error_stays),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_pending_memory),
        cmocka_unit_test(test_long_lines)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
