
#include "test.h"
#include "unfold.h"
#include "qwen_fold.h"
#include "qwen_text.h"


#define MAX_MESSAGES  12
#define ROUNDS        10000


typedef struct {
    qwen_body_t   body;
    qwen_buf_t    bytes;
    size_t        max;               /* bytes given at once */
    uint64_t      broken;            /* nothing from here on; 0: all */
} body_t;


static size_t
body_read(qwen_body_t *body, uint64_t offset, size_t len,
    const uint8_t **data)
{
    body_t  *b;

    b = (body_t *) body;

    assert_true(len > 0 && offset + len <= b->bytes.len);

    if (b->broken && offset >= b->broken) {
        return 0;
    }

    *data = b->bytes.data + offset;

    return (len < b->max) ? len : b->max;
}


static void
body_init(body_t *body, const char *bytes, size_t max)
{
    memset(body, 0, sizeof(body_t));

    body->body.read = body_read;
    body->max = max;

    qwen_buf_init(&body->bytes, SIZE_MAX);
    (void) qwen_buf_append(&body->bytes, bytes, strlen(bytes));
}


/* A message of one text each; the texts are escaped. */
static void
check(const qwen_role_t *roles, const char *const *texts, size_t n,
    const char *expected)
{
    size_t           i, k, len;
    body_t           body;
    uint64_t         plain_len;
    qwen_buf_t       out, plain;
    qwen_span_t      spans[4];
    qwen_request_t   request = { .nmessages = n, .ntexts = n };
    qwen_message_t   messages[4];

    body_init(&body, "", 1);

    for (i = 0; i < n; i++) {
        messages[i] = (qwen_message_t) { roles[i], i, 1 };
        spans[i] = (qwen_span_t) { NULL, body.bytes.len, strlen(texts[i]), 0 };
        (void) qwen_buf_append(&body.bytes, texts[i], strlen(texts[i]));
    }

    request.messages = messages;
    request.texts = spans;
    len = strlen(expected);

    /* in pieces of any size, and as bytes of a skeleton */

    for (k = 1; k < body.bytes.len + 3; k++) {
        body.max = k;

        if (k > body.bytes.len) {
            for (i = 0; i < n; i++) {
                spans[i].data = (const uint8_t *) texts[i];
                spans[i].offset = 0;
            }
        }

        qwen_buf_init(&out, len + 100);
        assert_int_equal(qwen_fold(&request, &body.body, &out, &plain_len),
                         QWEN_OK);
        test_assert_str(qwen_buf_str(&out), expected);

        qwen_buf_init(&plain, len + 100);
        assert_int_equal(qwen_text_unescape(&plain, qwen_buf_str(&out)),
                         QWEN_OK);
        assert_int_equal(plain_len, plain.len);

        qwen_buf_free(&plain);
        qwen_buf_free(&out);
    }

    qwen_buf_free(&body.bytes);
}


static void
check_one(qwen_role_t role, const char *text, const char *expected)
{
    check(&role, &text, 1, expected);
}


static void
test_single(void **state)
{
    (void) state;

    check_one(QWEN_ROLE_USER, "", "");
    check_one(QWEN_ROLE_USER, "hello", "hello");
    check_one(QWEN_ROLE_USER, "a\\n<|user|>\\nb", "a\\n<|user|>\\nb");
    check_one(QWEN_ROLE_USER, "<", "<");
    check_one(QWEN_ROLE_USER, "<<|", "<<|");
    check_one(QWEN_ROLE_USER, "\\\\", "\\\\");
    check_one(QWEN_ROLE_USER, "\\n<|", "\\n<|");
    check_one(QWEN_ROLE_USER, " <|", " <|");
    check_one(QWEN_ROLE_USER, "\\ud83d\\ude00\\ud83d", "\\ud83d\\ude00\\ud83d");

    /* what would be read as a mark */

    check_one(QWEN_ROLE_USER, "<|", "<|user|>\\n\\\\<|");
    check_one(QWEN_ROLE_USER, "<|user|>\\nx",
              "<|user|>\\n\\\\<|user|>\\nx");
    check_one(QWEN_ROLE_USER, "\\\\\\\\<|x\\n<|",
              "<|user|>\\n\\\\\\\\\\\\<|x\\n\\\\<|");
    check_one(QWEN_ROLE_USER, "\\u005c\\u003c\\u007c",
              "<|user|>\\n\\u005c\\\\\\u003c\\u007c");

    check_one(QWEN_ROLE_SYSTEM, "x", "<|system|>\\nx");
    check_one(QWEN_ROLE_ASSISTANT, "", "<|assistant|>\\n");
}


static void
test_turns(void **state)
{
    static const qwen_role_t  roles[] = {
        QWEN_ROLE_USER, QWEN_ROLE_SYSTEM, QWEN_ROLE_TOOL, QWEN_ROLE_DEVELOPER
    };
    static const char *const  texts[] = {
        "a\\n\\n<|user|>\\u000a\\\\<|\\n< |", "s\\n", "", "\\u003C|d"
    };

    (void) state;

    check(roles, texts, 4,
          "<|system|>\\ns\\n\\n\\n"
          "<|developer|>\\n\\\\\\u003C|d\\n\\n"
          "<|user|>\\na\\n\\n\\\\<|user|>\\u000a\\\\\\\\<|\\n< |\\n\\n"
          "<|tool|>\\n");
}


static void
test_parts(void **state)
{
    body_t           body;
    uint64_t         plain_len;
    qwen_buf_t       out;
    qwen_span_t      spans[] = {
        { NULL, 0, 3, 0 }, { NULL, 3, 1, 0 }, { NULL, 4, 1, 0 },
        { NULL, 5, 6, 0 }, { NULL, 11, 6, 0 }
    };
    qwen_message_t   messages[] = {
        { QWEN_ROLE_USER, 0, 5 }, { QWEN_ROLE_ASSISTANT, 5, 0 }
    };
    qwen_request_t   request = {
        .messages = messages, .nmessages = 2, .texts = spans, .ntexts = 5
    };

    (void) state;

    body_init(&body, "x\\n<|\\ud83d\\ude00", 100);
    qwen_buf_init(&out, 1000);

    assert_int_equal(qwen_fold(&request, &body.body, &out, &plain_len),
                     QWEN_OK);
    test_assert_str(qwen_buf_str(&out),
                    "<|user|>\\nx\\n\\\\<|\\ud83d\\ude00\\n\\n"
                    "<|assistant|>\\n");
    assert_int_equal(plain_len, 9 + 2 + 3 + 4 + 2 + 14);

    qwen_buf_free(&out);
    qwen_buf_free(&body.bytes);
}


static void
test_failures(void **state)
{
    size_t           cap;
    body_t           body;
    uint64_t         plain_len;
    qwen_buf_t       out;
    qwen_span_t      span = { NULL, 0, 10, 0 };
    qwen_message_t   message = { QWEN_ROLE_USER, 0, 1 };
    qwen_request_t   request = {
        .messages = &message, .nmessages = 1, .texts = &span, .ntexts = 1
    };

    (void) state;

    body_init(&body, "0123456789", 4);

    body.broken = 8;
    qwen_buf_init(&out, 100);
    assert_int_equal(qwen_fold(&request, &body.body, &out, &plain_len),
                     QWEN_ERROR);
    assert_false(out.failed);
    qwen_buf_free(&out);

    body.broken = 0;
    qwen_buf_init(&out, 9);
    assert_int_equal(qwen_fold(&request, &body.body, &out, &plain_len),
                     QWEN_ERROR);
    assert_true(out.failed);
    assert_null(out.data);
    qwen_buf_free(&out);

    qwen_buf_init(&out, 10);
    assert_int_equal(qwen_fold(&request, &body.body, &out, &plain_len),
                     QWEN_OK);
    qwen_buf_free(&out);

    /* the cap met by marks and by backslashes */

    message.role = QWEN_ROLE_SYSTEM;
    memcpy(body.bytes.data, "<|\\n<|\\n<|", 10);

    for (cap = 0; cap < 28; cap++) {
        qwen_buf_init(&out, cap);
        assert_int_equal(qwen_fold(&request, &body.body, &out, &plain_len),
                         QWEN_ERROR);
        assert_true(out.failed);
        qwen_buf_free(&out);
    }

    qwen_buf_init(&out, 28);
    assert_int_equal(qwen_fold(&request, &body.body, &out, &plain_len),
                     QWEN_OK);
    test_assert_str(qwen_buf_str(&out),
                    "<|system|>\\n\\\\<|\\n\\\\<|\\n\\\\<|");
    qwen_buf_free(&out);
    qwen_buf_free(&body.bytes);
}


static uint32_t
next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;

    return *seed >> 16;
}


static void
make_text(uint32_t *seed, qwen_buf_t *plain)
{
    size_t       i, n;
    const char  *piece;

    static const char *const  pieces[] = {
        "<", "|", "<|", "|>", "\\", "\n", "\n\n", "<|user|>", "<|system|>\n",
        "\n\n<|assistant|>\n", "\\<|", "\n\\\\<|", "\r", "\t", "\"", "x",
        "text ", "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\n<", "|user|>\n"
    };

    n = next_random(seed) % 8;

    for (i = 0; i < n; i++) {
        piece = pieces[next_random(seed) % test_count(pieces)];
        (void) qwen_buf_append(plain, piece, strlen(piece));
    }
}


static bool
is_system(qwen_role_t role)
{
    return role == QWEN_ROLE_SYSTEM || role == QWEN_ROLE_DEVELOPER;
}


static void
check_turns(const qwen_request_t *request, const qwen_str_t *texts,
    const unfold_turn_t *turns)
{
    size_t      i, k, pass;
    qwen_str_t  role;

    k = 0;

    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < request->nmessages; i++) {

            if (is_system(request->messages[i].role) != (pass == 0)) {
                continue;
            }

            role = qwen_role_name(request->messages[i].role);

            assert_int_equal(turns[k].role_len, role.len);
            assert_memory_equal(turns[k].role, role.data, role.len);
            assert_int_equal(turns[k].len, texts[i].len);

            if (texts[i].len) {
                assert_memory_equal(turns[k].text, texts[i].data,
                                    texts[i].len);
            }

            k++;
        }
    }
}


static void
test_recovered(void **state)
{
    size_t           i, n, start;
    body_t           body;
    uint32_t         seed, round;
    uint64_t         plain_len;
    qwen_buf_t       out, plain, texts;
    qwen_str_t       text[MAX_MESSAGES];
    qwen_span_t      spans[MAX_MESSAGES];
    unfold_turn_t    turns[MAX_MESSAGES];
    qwen_message_t   messages[MAX_MESSAGES];
    qwen_request_t   request = { .messages = messages, .texts = spans };

    (void) state;

    seed = 20261122;

    for (round = 0; round < ROUNDS; round++) {
        body_init(&body, "", 1 + next_random(&seed) % 9);
        qwen_buf_init(&texts, SIZE_MAX);
        qwen_buf_init(&plain, SIZE_MAX);
        qwen_buf_init(&out, SIZE_MAX);
        (void) qwen_buf_reserve(&texts, 10000);

        n = 1 + next_random(&seed) % 4;
        request.nmessages = n;
        request.ntexts = n;

        for (i = 0; i < n; i++) {
            messages[i].role = (qwen_role_t) (next_random(&seed) % 6);
            messages[i].text = i;
            messages[i].ntexts = 1;

            start = texts.len;
            make_text(&seed, &texts);
            text[i] = (qwen_str_t) { texts.data + start, texts.len - start };

            spans[i] = (qwen_span_t) { NULL, body.bytes.len, 0, 0 };
            (void) qwen_text_escape(&body.bytes, text[i].data, text[i].len);
            spans[i].len = body.bytes.len - spans[i].offset;
        }

        assert_int_equal(qwen_fold(&request, &body.body, &out, &plain_len),
                         QWEN_OK);
        assert_int_equal(qwen_text_unescape(&plain, qwen_buf_str(&out)),
                         QWEN_OK);
        assert_int_equal(plain.len, plain_len);

        assert_int_equal(unfold((char *) plain.data, plain.len, turns,
                                MAX_MESSAGES), n);
        check_turns(&request, text, turns);

        qwen_buf_free(&out);
        qwen_buf_free(&plain);
        qwen_buf_free(&texts);
        qwen_buf_free(&body.bytes);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_recovered)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
