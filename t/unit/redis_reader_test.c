
#include "test.h"
#include "qwen_buf.h"
#include "qwen_redis_reader.h"


#define ROOM  (1 << 20)


/* Replies as text: as redis-cli would, with the types told. */
static void
print(qwen_buf_t *log, const redisReply *reply)
{
    size_t  i;

    switch (reply->type) {

    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        qwen_buf_append(log, reply->type == REDIS_REPLY_STRING ? "$"
                             : reply->type == REDIS_REPLY_STATUS ? "+" : "-",
                        1);
        qwen_buf_append(log, reply->str, reply->len);
        break;

    case REDIS_REPLY_INTEGER:
        qwen_buf_append_literal(log, ":");
        qwen_buf_append_int(log, reply->integer);
        break;

    case REDIS_REPLY_NIL:
        qwen_buf_append_literal(log, "nil");
        break;

    case REDIS_REPLY_ARRAY:
        qwen_buf_append_literal(log, "(");

        for (i = 0; i < reply->elements; i++) {
            print(log, reply->element[i]);
        }

        qwen_buf_append_literal(log, ")");
        break;

    default:
        fail_msg("type %d", reply->type);
    }

    qwen_buf_append_literal(log, " ");
}


static qwen_rc_t
feed(qwen_redis_reader_t *reader, qwen_buf_t *log, const char *data, size_t len)
{
    uint8_t     *copy;
    qwen_rc_t    rc;
    qwen_str_t   input;
    redisReply  *reply;

    copy = test_copy(data, len);
    input = (qwen_str_t) { copy, len };

    while ((rc = qwen_redis_reader_next(reader, &input, &reply)) == QWEN_OK) {
        print(log, reply);
        freeReplyObject(reply);
    }

    if (rc == QWEN_ERROR) {
        assert_non_null(reader->wrong);

    } else {
        assert_null(reader->wrong);
        assert_int_equal(input.len, 0);
    }

    free(copy);

    return rc;
}


/* Reads whole, in two pieces cut anywhere, and byte by byte; "!": an error. */
static void
check(const char *data, size_t len, size_t max, const char *expected)
{
    size_t               cut, i;
    qwen_rc_t            rc;
    qwen_buf_t           log;
    qwen_redis_reader_t  reader;

    qwen_buf_init(&log, ROOM);

    for (cut = 0; cut <= len + 1; cut++) {
        assert_int_equal(qwen_redis_reader_init(&reader, max), QWEN_OK);
        rc = QWEN_AGAIN;

        if (cut <= len) {
            (void) feed(&reader, &log, data, cut);
            rc = feed(&reader, &log, data + cut, len - cut);

        } else {
            for (i = 0; i < len; i++) {
                rc = feed(&reader, &log, data + i, 1);
            }
        }

        if (rc == QWEN_ERROR) {
            qwen_buf_append_literal(&log, "!");
        }

        test_assert_str(qwen_buf_str(&log), expected);
        qwen_buf_reset(&log);
        qwen_redis_reader_free(&reader);
        qwen_redis_reader_free(&reader);
    }

    qwen_buf_free(&log);
}


static void
check_text(const char *text, const char *expected)
{
    check(text, strlen(text), ROOM, expected);
}


static void
test_replies(void **state)
{
    size_t  i;

    static const struct {
        const char  *text;
        const char  *replies;
    } cases[] = {
        { "", "" },
        { "+OK\r\n", "+OK " },
        { "+\r\n", "+ " },
        { "-ERR wrong\r\n", "-ERR wrong " },
        { ":0\r\n:-5\r\n:9223372036854775807\r\n:-9223372036854775808\r\n",
          ":0 :-5 :9223372036854775807 :-9223372036854775808 " },
        { "$5\r\nhello\r\n", "$hello " },
        { "$0\r\n\r\n", "$ " },
        { "$4\r\n\r\n\r\n\r\n", "$\r\n\r\n " },
        { "$-1\r\n*-1\r\n*0\r\n", "nil nil () " },
        { "*2\r\n$1\r\na\r\n:1\r\n", "($a :1 ) " },
        { "*3\r\n*0\r\n*-1\r\n*2\r\n$-1\r\n-E\r\n+OK\r\n",
          "(() nil (nil -E ) ) +OK " },
        { "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
          "(((((((:1 ) ) ) ) ) ) ) " },
        { "+OK", "" },
        { "*2\r\n:1\r\n", "" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        check_text(cases[i].text, cases[i].replies);
    }
}


static void
test_zero_byte(void **state)
{
    qwen_str_t            input;
    redisReply           *reply;
    qwen_redis_reader_t   reader;

    (void) state;

    input = qwen_literal("$3\r\na\0b\r\n");

    assert_int_equal(qwen_redis_reader_init(&reader, ROOM), QWEN_OK);
    assert_int_equal(qwen_redis_reader_next(&reader, &input, &reply), QWEN_OK);
    assert_int_equal(reply->len, 3);
    assert_memory_equal(reply->str, "a\0b", 3);

    freeReplyObject(reply);
    qwen_redis_reader_free(&reader);
}


static void
test_wrong(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "x", "\r\n", "HTTP/1.1 400 Bad Request\r\n", "%1\r\n", "_\r\n",
        "+a\rb", "+a\nb", "-a\n", ":\r\n", ":-\r\n", ":--1\r\n", ":1-\r\n",
        ":a\r\n", ":1\n", ":1\rx", ":1.5\r\n", ":9223372036854775808\r\n",
        ":-9223372036854775809\r\n", ":10000000000000000000\r\n",
        ":99999999999999999999\r\n",
        "$\r\n", "$-2\r\n", "$a\r\n", "$1\r\nab", "$1\r\na\rb", "$0\r\na",
        "$99999999999999999999", "$9999999999999999999\r\n",
        "*-2\r\n", "*a\r\n", "*1\r\nx", "*2\r\n:1\r\nx", "*1\r\n$-2\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        "*9223372036854775807\r\n", "*4294967296\r\n", "*2147483648\r\n"
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        check_text(cases[i], "!");
    }

    check_text("+OK\r\nx", "+OK !");
}


/* What is refused as it is announced, and what just fits. */
static void
test_limits(void **state)
{
    char    text[300];
    size_t  n;

    (void) state;

    memset(text, 'a', sizeof(text));
    memcpy(text, "$200\r\n", 6);
    memcpy(text + 206, "\r\n", 3);
    check(text, 6, 199, "!");
    check(text, 6, 200, "");

    memset(text, 'a', sizeof(text));
    text[0] = '+';
    memcpy(text + 101, "\r\n", 3);
    check(text, 103, 99, "!");

    /* each reply has the whole room */

    check("$4\r\naaaa\r\n$4\r\naaaa\r\n$5\r\n", 24, 4, "$aaaa $aaaa !");

    /* of an array the elements count, and what they hold */

    n = 2 * QWEN_REDIS_ELEMENT;
    check("*2\r\n", 4, n - 1, "!");
    check("*2\r\n:1\r\n:2\r\n", 12, n, "(:1 :2 ) ");
    check("*2\r\n:1\r\n$1\r\n", 12, n, "!");
    check("*2\r\n:1\r\n$1\r\na\r\n", 15, n + 1, "(:1 $a ) ");
    check("*2\r\n*1\r\n", 8, n, "!");

    check("", 0, SIZE_MAX, "");
    check("$2147483648\r\n", 13, SIZE_MAX, "!");
}


/* An error is for good. */
static void
test_after_error(void **state)
{
    qwen_buf_t           log;
    qwen_redis_reader_t  reader;

    (void) state;

    qwen_buf_init(&log, ROOM);
    assert_int_equal(qwen_redis_reader_init(&reader, ROOM), QWEN_OK);

    assert_int_equal(feed(&reader, &log, "?", 1), QWEN_ERROR);
    assert_int_equal(feed(&reader, &log, "+OK\r\n", 5), QWEN_ERROR);
    assert_int_equal(feed(&reader, &log, "", 0), QWEN_ERROR);
    assert_int_equal(log.len, 0);

    qwen_redis_reader_free(&reader);
    qwen_buf_free(&log);
}


/* One of some size, with much in it. */
static void
test_large(void **state)
{
    int                   i;
    size_t                at;
    qwen_buf_t            text;
    qwen_str_t            input;
    redisReply           *reply;
    qwen_redis_reader_t   reader;

    (void) state;

    qwen_buf_init(&text, 64 * ROOM);
    qwen_buf_append_literal(&text, "*10000\r\n");

    for (i = 0; i < 10000; i++) {
        qwen_buf_append_literal(&text, "*2\r\n$3\r\nkey\r\n:");
        qwen_buf_append_int(&text, i);
        qwen_buf_append_literal(&text, "\r\n");
    }

    assert_false(text.failed);
    assert_int_equal(qwen_redis_reader_init(&reader, 16 * ROOM), QWEN_OK);

    for (at = 0; at < text.len; at += 1000) {
        input.data = text.data + at;
        input.len = (text.len - at < 1000) ? text.len - at : 1000;

        if (qwen_redis_reader_next(&reader, &input, &reply) == QWEN_OK) {
            break;
        }

        assert_int_equal(input.len, 0);
    }

    assert_true(at < text.len);
    assert_int_equal(reply->elements, 10000);
    assert_int_equal(reply->element[9999]->element[1]->integer, 9999);

    freeReplyObject(reply);
    qwen_redis_reader_free(&reader);
    qwen_buf_free(&text);
}


static void
test_error_code(void **state)
{
    size_t      i;
    redisReply  reply;

    static const struct {
        const char  *text;
        const char  *code;
    } cases[] = {
        { "WRONGPASS invalid username-password pair", "WRONGPASS" },
        { "NOAUTH", "NOAUTH" },
        { "ERR unknown command 'secret'", "ERR" },
        { "secret", "" },
        { "ERR: secret", "" },
        { " ERR", "" },
        { "", "" },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF x",
          "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF" },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG x", "" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        reply.str = (char *) test_copy(cases[i].text, strlen(cases[i].text));
        reply.len = strlen(cases[i].text);
        test_assert_str(qwen_redis_error_code(&reply), cases[i].code);
        free(reply.str);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_after_error),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_error_code)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
