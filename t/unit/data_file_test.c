
#include <stdio.h>

#include "record_rig.h"
#include "qwen_data_file.h"


typedef struct {
    qwen_memory_t         memory;
    qwen_data_file_t      file;
    qwen_record_error_t   error;
} rig_t;


static qwen_rc_t
parse_str(rig_t *rig, qwen_str_t text, const qwen_seal_ring_t *ring)
{
    uint8_t    *copy;
    qwen_rc_t   rc;

    copy = test_copy(text.data, text.len);
    qwen_memory_init(&rig->memory, RIG_MEMORY);

    rc = qwen_data_file_parse((qwen_str_t) { copy, text.len }, ring,
                              &rig->memory, &rig->file, &rig->error);
    free(copy);

    return rc;
}


static qwen_rc_t
parse(rig_t *rig, const char *text, const qwen_seal_ring_t *ring)
{
    return parse_str(rig, test_str(text), ring);
}


/* Renders all pieces, each into a buffer that was emptied. */
static void
render(const qwen_data_file_t *file, const qwen_seal_ring_t *ring,
    qwen_buf_t *out)
{
    size_t      i;
    qwen_buf_t  piece;

    qwen_buf_init(&piece, RIG_MEMORY);

    assert_int_equal(qwen_data_file_render_begin(file->extra, out), QWEN_OK);

    for (i = 0; i < file->naccounts; i++) {
        qwen_buf_reset(&piece);
        assert_int_equal(qwen_data_file_render_account(&file->accounts[i], i,
                                                       ring, &piece),
                         QWEN_OK);
        assert_int_equal(qwen_buf_append(out, piece.data, piece.len), QWEN_OK);
    }

    qwen_buf_reset(&piece);
    assert_int_equal(qwen_data_file_render_end(&file->settings, i, ring,
                                               &piece), QWEN_OK);
    assert_int_equal(qwen_buf_append(out, piece.data, piece.len), QWEN_OK);

    qwen_buf_free(&piece);
}


static void
becomes(const char *text, const char *expected)
{
    rig_t       rig;
    size_t      i;
    qwen_buf_t  out;

    for (i = 0; i < 2; i++) {
        assert_int_equal(parse(&rig, i ? expected : text, NULL), QWEN_OK);

        qwen_buf_init(&out, RIG_MEMORY);
        render(&rig.file, NULL, &out);
        test_assert_str(qwen_buf_str(&out), expected);

        qwen_buf_free(&out);
        qwen_memory_free(&rig.memory);
    }
}


static void
refused(const char *text, qwen_record_fault_t fault, size_t line,
    size_t column, size_t account, const char *reason)
{
    rig_t  rig;

    assert_int_equal(parse(&rig, text, NULL), QWEN_ERROR);
    rig_error(&rig.error, fault, line, column, reason);
    assert_int_equal(rig.error.account, account);
    qwen_memory_free(&rig.memory);
}


/* As Qwen2API writes it, with members that are not known at all levels. */
static const char  sample[] =
    "{\n"
    "  \"defaultHeaders\": null,\n"
    "  \"defaultCookie\": \"a=b; c=\\\"d\\\"\",\n"
    "  \"accounts\": [\n"
    "    {\n"
    "      \"email\": \"one@example.com\",\n"
    "      \"password\": \"pa:ss,\\\"w\xc3\xb6rd\\\"\",\n"
    "      \"token\": \"eyJh.eyJl.c2ln\",\n"
    "      \"expires\": 1750000000,\n"
    "      \"proxy\": null,\n"
    "      \"stats\": {\n"
    "        \"chat\": {\n"
    "          \"input\": 1.50,\n"
    "          \"output\": 2e3\n"
    "        },\n"
    "        \"list\": [\n"
    "          \"a  b\",\n"
    "          -0\n"
    "        ]\n"
    "      }\n"
    "    },\n"
    "    {\n"
    "      \"email\": \"two@example.com\",\n"
    "      \"password\": \"enc:raw:enc:x\",\n"
    "      \"token\": null,\n"
    "      \"expires\": null\n"
    "    },\n"
    "    {\n"
    "      \"email\": \"One@example.com\",\n"
    "      \"password\": \"\",\n"
    "      \"token\": \"\",\n"
    "      \"expires\": \"\"\n"
    "    }\n"
    "  ],\n"
    "  \"settings\": {\n"
    "    \"apiKeys\": [\n"
    "      \"sk-0\"\n"
    "    ],\n"
    "    \"chatRetryCount\": 3,\n"
    "    \"regularKeys\": [\n"
    "      \"sk-1\",\n"
    "      {\n"
    "        \"key\": \"sk-2\",\n"
    "        \"name\": \"two\"\n"
    "      }\n"
    "    ]\n"
    "  },\n"
    "  \"version\": {\n"
    "    \"a\": []\n"
    "  }\n"
    "}";

static const char  kept[] =
    "{\n"
    "\"defaultHeaders\":null,\n"
    "\"defaultCookie\":\"a=b; c=\\\"d\\\"\",\n"
    "\"version\":{\"a\":[]},\n"
    "\"accounts\":[\n"
    "{\"email\":\"one@example.com\",\"password\":\"pa:ss,\\\"w\xc3\xb6rd\\\"\""
    ",\"token\":\"eyJh.eyJl.c2ln\",\"expires\":1750000000,\"proxy\":null,"
    "\"stats\":{\"chat\":{\"input\":1.50,\"output\":2e3},"
    "\"list\":[\"a  b\",-0]}},\n"
    "{\"email\":\"two@example.com\",\"password\":\"enc:raw:enc:x\","
    "\"token\":\"\",\"expires\":null},\n"
    "{\"email\":\"One@example.com\",\"password\":\"\",\"token\":\"\","
    "\"expires\":null}\n"
    "],\n"
    "\"settings\":{\n"
    "\"chatRetryCount\":3,\n"
    "\"regularKeys\":[\"sk-1\",{\"key\":\"sk-2\",\"name\":\"two\"}],\n"
    "\"apiKeys\":[\"sk-0\"]\n"
    "}\n"
    "}\n";


static void
test_sample(void **state)
{
    rig_t  rig;

    (void) state;

    assert_int_equal(parse(&rig, sample, NULL), QWEN_OK);
    test_assert_str(rig.file.extra, "\"defaultHeaders\":null,"
                                    "\"defaultCookie\":\"a=b; c=\\\"d\\\"\","
                                    "\"version\":{\"a\":[]}");
    assert_int_equal(rig.file.naccounts, 3);
    test_assert_str(rig.file.accounts[0].email, "one@example.com");
    test_assert_str(rig.file.accounts[0].password, "pa:ss,\"w\xc3\xb6rd\"");
    test_assert_str(rig.file.accounts[0].token, "eyJh.eyJl.c2ln");
    assert_int_equal(rig.file.accounts[0].expires, 1750000000);
    test_assert_str(rig.file.accounts[1].email, "two@example.com");
    test_assert_str(rig.file.accounts[1].password, "enc:x");
    assert_int_equal(rig.file.accounts[1].expires, 0);
    test_assert_str(rig.file.accounts[2].email, "One@example.com");
    assert_int_equal(rig.file.settings.set, QWEN_RECORD_CHAT_RETRY_COUNT
                                            | QWEN_RECORD_REGULAR_KEYS);
    assert_int_equal(rig.file.settings.chat_retry_count, 3);
    assert_int_equal(rig.file.settings.nkeys, 2);
    test_assert_str(rig.file.settings.extra, "\"apiKeys\":[\"sk-0\"]");
    qwen_memory_free(&rig.memory);

    becomes(sample, kept);
}


static void
test_forms(void **state)
{
    (void) state;

    becomes("{}", "{\n\"accounts\":[]\n}\n");
    becomes(" {\t\"accounts\" : [ ] ,\r\n\"settings\" : { } } ",
            "{\n\"accounts\":[]\n}\n");
    becomes("{\"accounts\":null,\"settings\":null}",
            "{\n\"accounts\":[]\n}\n");
    becomes("{\"settings\":{\"regularKeys\":[]}}",
            "{\n\"accounts\":[],\n\"settings\":{\n\"regularKeys\":[]\n}\n}\n");
    becomes("{" QWEN_DATA_FILE_NEW "}",
            "{\n\"defaultHeaders\":null,\n\"defaultCookie\":null,\n"
            "\"accounts\":[]\n}\n");

    /* known members behind others, names with escapes */

    becomes("{\"settings\":{\"x\":1},\"\":{},\"\\u0061ccounts\":"
            "[{\"email\":\"a\"}],\"b\\\"\":\"}\"}",
            "{\n\"\":{},\n\"b\\\"\":\"}\",\n\"accounts\":[\n"
            "{\"email\":\"a\",\"password\":\"\",\"token\":\"\","
            "\"expires\":null}\n],\n\"settings\":{\n\"x\":1\n}\n}\n");
}


static void
test_syntax(void **state)
{
    (void) state;

    refused("", QWEN_RECORD_SYNTAX, 1, 1, 0, "the text is empty");
    refused(" \n\t \n ", QWEN_RECORD_SYNTAX, 3, 2, 0,
            "the text ends too early");
    refused("{\n  \"accounts\": [\n    {\"email\": secret}\n  ]\n}",
            QWEN_RECORD_SYNTAX, 3, 15, 0, "expected a value");
    refused("{\n  \"accounts\": [],\n}", QWEN_RECORD_SYNTAX, 3, 1, 0,
            "expected a member's name");
    refused("{\"accounts\":[]}\n\nsecret", QWEN_RECORD_SYNTAX, 3, 1, 0,
            "something follows the end");
    refused("{\"accounts\":[{\"email\":\"a\",\"password\":\"secret",
            QWEN_RECORD_SYNTAX, 1, 45, 0, "the text ends too early");
    refused("{\"a\":\"secret\\x\"}", QWEN_RECORD_SYNTAX, 1, 13, 0,
            "an invalid escape in a string");
    refused("{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", QWEN_RECORD_SYNTAX, 1,
            37, 0, "nested too deeply");
}


static void
test_wrong(void **state)
{
    (void) state;

    refused("[]", QWEN_RECORD_WRONG, 1, 1, 0, "the file must hold an object");
    refused(" null", QWEN_RECORD_WRONG, 1, 2, 0,
            "the file must hold an object");
    refused("{\n\"accounts\":\n{}}", QWEN_RECORD_WRONG, 3, 1, 0,
            "\"accounts\" must be an array");
    refused("{\"settings\":[]}", QWEN_RECORD_WRONG, 1, 13, 0,
            "settings must be an object");
    refused("{\"settings\":{\n\"chatRetryCount\":-1}}", QWEN_RECORD_WRONG, 2,
            18, 0, "\"chatRetryCount\" must be a whole number of 0 to 10");
    refused("{\"accounts\":[\n{\"email\":\"a\"},\n  null]}",
            QWEN_RECORD_WRONG, 3, 3, 2,
            "account 2: an account must be an object");
    refused("{\"accounts\":[\n{\"email\":\"a\"},\n{\"email\":\"b\",\n"
            "\"token\":{\"secret\":1}}]}",
            QWEN_RECORD_WRONG, 4, 9, 2,
            "account 2: \"token\" must be a string");
    refused("{\"accounts\":[ {\"password\":\"secret\"}]}", QWEN_RECORD_WRONG,
            1, 15, 1,
            "account 1: \"email\" must be a string that is not empty");
    refused("{\"accounts\":[{\"email\":\"a\",\"password\":\"enc:secret\"}]}",
            QWEN_RECORD_DAMAGED, 1, 38, 1,
            "account 1: \"password\" is sealed and does not open: it was "
            "changed, or moved from another place");

    /* settings behind accounts are of no account */

    refused("{\"accounts\":[{\"email\":\"a\"}],\"settings\":1}",
            QWEN_RECORD_WRONG, 1, 40, 0, "settings must be an object");
}


static void
test_twice(void **state)
{
    (void) state;

    refused("{\"accounts\":[],\n\"accounts\":[]}", QWEN_RECORD_TWICE, 2, 1, 0,
            "\"accounts\" is there twice");
    refused("{\"settings\":null,\"settings\":{}}", QWEN_RECORD_TWICE, 1, 18,
            0, "\"settings\" is there twice");

    /* the first one that was there before, however many there are */

    refused("{\"accounts\":[\n{\"email\":\"secret\"},\n{\"email\":\"b\"},\n"
            "{\"email\":\"a\"},\n{\"email\":\"b\"},\n{\"email\":\"secret\"},\n"
            "{\"email\":\"b\"}]}", QWEN_RECORD_TWICE, 5, 1, 4,
            "account 4: its email is there already");
    refused("{\"accounts\":[\n{\"email\":\"a\"},\n {\"\\u0065mail\":"
            "\"\\u0061\"}]}", QWEN_RECORD_TWICE, 3, 2, 2,
            "account 2: its email is there already");
}


static void
render_sealed(const char *text, const qwen_seal_ring_t *ring, qwen_buf_t *out)
{
    rig_t  rig;

    qwen_buf_init(out, RIG_MEMORY);

    assert_int_equal(parse(&rig, text, ring), QWEN_OK);
    assert_true(rig.file.accounts[0].stale);
    assert_false(rig.file.accounts[2].stale);
    assert_true(rig.file.settings.stale);

    render(&rig.file, ring, out);
    qwen_memory_free(&rig.memory);
}


/* Nothing of it is clear, and saved again it is the same. */
static void
test_sealed(void **state)
{
    rig_t             rig;
    size_t            i;
    qwen_buf_t        out, again;
    qwen_seal_ring_t  ring;

    static const char *const  secrets[] = { "pa:ss", "eyJh", "sk-1", "sk-2" };

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);
    render_sealed(sample, &ring, &out);

    assert_int_equal(qwen_buf_append(&out, "", 1), QWEN_OK);

    for (i = 0; i < test_count(secrets); i++) {
        assert_null(strstr((char *) out.data, secrets[i]));
    }

    out.len--;

    assert_int_equal(parse_str(&rig, qwen_buf_str(&out), &ring), QWEN_OK);
    assert_false(rig.file.accounts[0].stale);
    assert_false(rig.file.settings.stale);

    qwen_buf_init(&again, RIG_MEMORY);
    render(&rig.file, &ring, &again);
    assert_true(qwen_str_eq(qwen_buf_str(&out), qwen_buf_str(&again)));

    qwen_memory_free(&rig.memory);
    qwen_buf_free(&out);
    qwen_buf_free(&again);
    qwen_seal_ring_free(&ring);
}


/* Other keys than those it was sealed with, more of them, and none any more. */
static void
test_other_keys(void **state)
{
    rig_t              rig;
    qwen_buf_t         out, clear;
    qwen_seal_ring_t   old, both, new;

    (void) state;

    rig_ring(&old, RIG_OLD_KEY);
    rig_ring(&both, RIG_NEW_KEY RIG_OLD_KEY);
    rig_ring(&new, RIG_NEW_KEY);
    render_sealed(sample, &old, &out);

    assert_int_equal(parse_str(&rig, qwen_buf_str(&out), &new), QWEN_ERROR);
    rig_error(&rig.error, QWEN_RECORD_NO_KEY, 6, 39, "account 1: \"password\" "
              "is sealed with a key that is not there");
    assert_int_equal(rig.error.account, 1);
    qwen_memory_free(&rig.memory);

    assert_int_equal(parse_str(&rig, qwen_buf_str(&out), &both), QWEN_OK);
    assert_true(rig.file.accounts[0].stale);
    assert_true(rig.file.settings.stale);

    qwen_buf_init(&clear, RIG_MEMORY);
    render(&rig.file, NULL, &clear);
    test_assert_str(qwen_buf_str(&clear), kept);

    qwen_memory_free(&rig.memory);
    qwen_buf_free(&out);
    qwen_buf_free(&clear);
    qwen_seal_ring_free(&old);
    qwen_seal_ring_free(&both);
    qwen_seal_ring_free(&new);
}


static void
test_many(void **state)
{
    rig_t                  rig;
    char                   email[20];
    size_t                 i;
    qwen_buf_t             out;
    qwen_record_account_t  account;

    (void) state;

    memset(&account, 0, sizeof(account));
    qwen_buf_init(&out, RIG_MEMORY);

    assert_int_equal(qwen_data_file_render_begin((qwen_str_t) { NULL, 0 },
                                                 &out), QWEN_OK);

    for (i = 0; i < 10000; i++) {
        snprintf(email, sizeof(email), "%zu@b.c", i * 7919 % 10000);
        account.email = test_str(email);
        assert_int_equal(qwen_data_file_render_account(&account, i, NULL,
                                                       &out), QWEN_OK);
    }

    qwen_buf_append_literal(&out, "]}");
    assert_int_equal(parse_str(&rig, qwen_buf_str(&out), NULL), QWEN_OK);
    assert_int_equal(rig.file.naccounts, 10000);
    test_assert_str(rig.file.accounts[1].email, "7919@b.c");
    qwen_memory_free(&rig.memory);

    out.len -= 2;
    assert_int_equal(qwen_data_file_render_account(&account, i, NULL, &out),
                     QWEN_OK);
    qwen_buf_append_literal(&out, "]}");
    assert_int_equal(parse_str(&rig, qwen_buf_str(&out), NULL), QWEN_ERROR);
    rig_error(&rig.error, QWEN_RECORD_TWICE, 10003, 1,
              "account 10001: its email is there already");
    qwen_memory_free(&rig.memory);

    qwen_buf_free(&out);
}


/* With whatever memory: it is read, or refused for that. */
static void
test_memory(void **state)
{
    size_t                max;
    qwen_rc_t             rc;
    qwen_memory_t         memory;
    qwen_data_file_t      file;
    qwen_record_error_t   error;

    (void) state;

    for (max = 0, rc = QWEN_ERROR; rc == QWEN_ERROR; max++) {
        assert_true(max < 10000);

        qwen_memory_init(&memory, max);
        rc = qwen_data_file_parse(test_str(sample), NULL, &memory, &file,
                                  &error);

        assert_true(rc == QWEN_OK || error.fault == QWEN_RECORD_MEMORY);
        assert_true(memory.size <= max);

        qwen_memory_free(&memory);
    }
}


static qwen_rc_t
render_piece(const qwen_data_file_t *file, size_t piece, qwen_buf_t *out)
{
    switch (piece) {

    case 0:
        return qwen_data_file_render_begin(file->extra, out);

    case 1:
        return qwen_data_file_render_account(&file->accounts[0], 1, NULL, out);

    default:
        return qwen_data_file_render_end(&file->settings, 1, NULL, out);
    }
}


/* With whatever room: a whole piece, or nothing. */
static void
test_room(void **state)
{
    rig_t       rig;
    size_t      max, piece;
    qwen_rc_t   rc;
    qwen_buf_t  out;

    (void) state;

    assert_int_equal(parse(&rig, kept, NULL), QWEN_OK);

    for (max = 1; max < 300; max++) {
        for (piece = 0; piece < 3; piece++) {
            qwen_buf_init(&out, max);
            qwen_buf_append(&out, "x", 1);

            rc = render_piece(&rig.file, piece, &out);

            assert_true(rc == QWEN_OK || max < 250);
            assert_int_equal(rc == QWEN_OK, out.len > 1);

            qwen_buf_free(&out);
        }
    }

    /* an account that cannot be rendered leaves no comma behind */

    rig.file.accounts[0].email.len = 0;
    qwen_buf_init(&out, 1000);
    assert_int_equal(qwen_data_file_render_account(&rig.file.accounts[0], 1,
                                                   NULL, &out), QWEN_ERROR);
    assert_int_equal(out.len, 0);
    qwen_buf_free(&out);

    qwen_memory_free(&rig.memory);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_room)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
