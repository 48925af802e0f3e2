
#include <stdio.h>

#include "record_rig.h"


typedef struct {
    qwen_memory_t            memory;
    qwen_record_account_t    account;
    qwen_record_error_t      error;
} rig_t;


static qwen_rc_t
parse(rig_t *rig, const char *json, const qwen_seal_ring_t *ring)
{
    size_t      len;
    uint8_t    *copy;
    qwen_rc_t   rc;

    len = strlen(json);
    copy = test_copy(json, len);
    qwen_memory_init(&rig->memory, RIG_MEMORY);

    rc = qwen_record_account_parse((qwen_str_t) { copy, len }, ring,
                                   &rig->memory, &rig->account, &rig->error);

    /* what was read must not point into the text */

    free(copy);

    return rc;
}


static void
rendered(const qwen_record_account_t *account, const qwen_seal_ring_t *ring,
    const char *json)
{
    qwen_buf_t  out;

    qwen_buf_init(&out, 1 << 20);
    assert_int_equal(qwen_record_account_render(account, ring, &out),
                     QWEN_OK);
    test_assert_str(qwen_buf_str(&out), json);
    qwen_buf_free(&out);
}


/* Reads a text and renders another one, which is read the same. */
static void
becomes(const char *json, const char *expected)
{
    rig_t  rig;

    assert_int_equal(parse(&rig, json, NULL), QWEN_OK);
    rendered(&rig.account, NULL, expected);
    qwen_memory_free(&rig.memory);

    assert_int_equal(parse(&rig, expected, NULL), QWEN_OK);
    rendered(&rig.account, NULL, expected);
    qwen_memory_free(&rig.memory);
}


static void
refused(const char *json, const qwen_seal_ring_t *ring,
    qwen_record_fault_t fault, size_t column, const char *reason)
{
    rig_t  rig;

    assert_int_equal(parse(&rig, json, ring), QWEN_ERROR);
    rig_error(&rig.error, fault, 1, column, reason);
    assert_int_equal(rig.error.account, 0);
    qwen_memory_free(&rig.memory);
}


static const char  whole[] =
    "{\"email\":\"a@b.c\",\"password\":\"p:\\\"w\\\\\",\"token\":\"t\","
    "\"expires\":1750000000,\"proxy\":null,\"stats\":{\"chat\":[1,\"a b\"]},"
    "\"ngx_qwen\":{"
    "\"cooldowns\":{\"chat\":1750000001,\"image\":2,\"video\":3,\"cli\":4},"
    "\"challenged\":true,\"lastErrorAt\":1750000002,"
    "\"lastError\":\"throttled\","
    "\"days\":{\"2026-11-25\":{\"requests\":9,\"errors\":1,"
    "\"chat\":{\"input\":90,\"output\":80},"
    "\"cli\":{\"calls\":2,\"input\":3,\"output\":4}},"
    "\"2026-11-26\":{\"requests\":1}},"
    "\"later\":[{}]}}";


static void
test_members(void **state)
{
    rig_t                   rig;
    qwen_record_account_t  *account;

    (void) state;

    assert_int_equal(parse(&rig, whole, NULL), QWEN_OK);

    account = &rig.account;
    test_assert_str(account->email, "a@b.c");
    test_assert_str(account->password, "p:\"w\\");
    test_assert_str(account->token, "t");
    assert_int_equal(account->expires, 1750000000);
    assert_int_equal(account->cool_until[QWEN_RECORD_CHAT], 1750000001);
    assert_int_equal(account->cool_until[QWEN_RECORD_IMAGE], 2);
    assert_int_equal(account->cool_until[QWEN_RECORD_VIDEO], 3);
    assert_int_equal(account->cool_until[QWEN_RECORD_CLI], 4);
    assert_true(account->challenged);
    assert_false(account->stale);
    assert_int_equal(account->last_error_at, 1750000002);
    test_assert_str(account->last_error, "throttled");
    assert_int_equal(account->ndays, 2);
    assert_int_equal(account->days[0].day, 20261125);
    assert_int_equal(account->days[0].requests, 9);
    assert_int_equal(account->days[0].errors, 1);
    assert_int_equal(account->days[0].chat_input, 90);
    assert_int_equal(account->days[0].chat_output, 80);
    assert_int_equal(account->days[0].cli_calls, 2);
    assert_int_equal(account->days[0].cli_input, 3);
    assert_int_equal(account->days[0].cli_output, 4);
    assert_int_equal(account->days[1].day, 20261126);
    assert_int_equal(account->days[1].requests, 1);
    assert_int_equal(account->days[1].errors, 0);
    test_assert_str(account->extra,
                    "\"proxy\":null,\"stats\":{\"chat\":[1,\"a b\"]}");
    test_assert_str(account->own_extra, "\"later\":[{}]");
    assert_int_equal(account->nfields, 0);

    rendered(account, NULL, whole);
    qwen_memory_free(&rig.memory);
}


static void
test_forms(void **state)
{
    (void) state;

    becomes("{\"email\":\"a\"}",
            "{\"email\":\"a\",\"password\":\"\",\"token\":\"\","
            "\"expires\":null}");

    /* what is null is not there, but what is not known is kept */

    becomes(" { \"token\" : null , \"x\" : null , \"expires\" : null ,\n"
            "\t\"password\" : null , \"ngx_qwen\" : null , \"email\" : \"a\" }",
            "{\"email\":\"a\",\"password\":\"\",\"token\":\"\","
            "\"expires\":null,\"x\":null}");

    /* unicode, escapes, white space in strings */

    becomes("{\"\\u0065mail\":\"\\u00e4@\\ud83d\\ude00\","
            "\"password\":\"\\u0022: \\u0001\xc3\xa9\","
            "\"a\\n \":\" \\\" {\\\\\" , \"b\" : [ 1 , 2 ]}",
            "{\"email\":\"\xc3\xa4@\xf0\x9f\x98\x80\","
            "\"password\":\"\\\": \\u0001\xc3\xa9\",\"token\":\"\","
            "\"expires\":null,\"a\\n \":\" \\\" {\\\\\",\"b\":[1,2]}");

    /* members of its own that are empty or 0 are left out */

    becomes("{\"email\":\"a\",\"ngx_qwen\":{\"cooldowns\":{\"chat\":0},"
            "\"challenged\":false,\"lastErrorAt\":0,\"lastError\":\"\","
            "\"days\":{\"2026-01-01\":{\"requests\":0,\"chat\":{}}}}}",
            "{\"email\":\"a\",\"password\":\"\",\"token\":\"\","
            "\"expires\":null}");

    becomes("{\"email\":\"a\",\"ngx_qwen\":{\"days\":{\"2026-02-01\":"
            "{\"cli\":{\"output\":1},\"other\":5},\"2026-01-01\":"
            "{\"errors\":1}},\"more\":{}}}",
            "{\"email\":\"a\",\"password\":\"\",\"token\":\"\","
            "\"expires\":null,\"ngx_qwen\":{\"days\":{\"2026-02-01\":"
            "{\"cli\":{\"output\":1}},\"2026-01-01\":{\"errors\":1}},"
            "\"more\":{}}}");

    /* a clear value that looks sealed */

    becomes("{\"email\":\"a\",\"password\":\"enc:raw:enc:v1:x\"}",
            "{\"email\":\"a\",\"password\":\"enc:raw:enc:v1:x\","
            "\"token\":\"\",\"expires\":null}");
}


static void
test_numbers(void **state)
{
    rig_t   rig;
    char    json[200];
    size_t  i;

    static const struct {
        const char  *text;
        int64_t      number;
    } good[] = {
        { "1750000000", 1750000000 }, { "1.75e9", 1750000000 },
        { "1.75E+9", 1750000000 }, { "1750000000.000", 1750000000 },
        { "17500000000000e-4", 1750000000 }, { "\"1750000000\"", 1750000000 },
        { "\"1.75e9\"", 1750000000 }, { "\"\"", 0 }, { "null", 0 },
        { "0", 0 }, { "0.0", 0 }, { "0e999999999999", 0 }, { "0.05e2", 5 },
        { "100e-2", 1 }, { "9007199254740992", (int64_t) 1 << 53 },
        { "9.007199254740992e15", (int64_t) 1 << 53 }
    };
    static const char *const  bad[] = {
        "-1", "-0", "1.5", "1e-1", "0.1", "9007199254740993", "1e16",
        "1e999999999999999999", "1e-999999999999999999",
        "10000000000000000000000000000000000000000", "true", "{}", "[]",
        "\" 1\"", "\"1 \"", "\"a\"", "\"1e\"", "\"1.\"", "\".5\"", "\"1..0\"",
        "\"1.0.0\"", "\"+1\"", "\"-1\"", "\"1e+\"", "\"NaN\"", "\".\"",
        "\"e5\"", "\"1e5x\"", "\"0x10\"", "\"1\\u0030\""
    };

    (void) state;

    for (i = 0; i < test_count(good); i++) {
        snprintf(json, sizeof(json), "{\"email\":\"a\",\"expires\":%s}",
                 good[i].text);

        if (parse(&rig, json, NULL) != QWEN_OK) {
            fail_msg("%s: %s", json, rig.error.reason);
        }

        assert_int_equal(rig.account.expires, good[i].number);
        qwen_memory_free(&rig.memory);
    }

    for (i = 0; i < test_count(bad); i++) {
        snprintf(json, sizeof(json), "{\"email\":\"a\",\"expires\":%s}",
                 bad[i]);

        refused(json, NULL, QWEN_RECORD_WRONG, 24,
                "\"expires\" must be a whole number of 0 to 9007199254740992");
    }
}


/* Times and counts that a caller has too large, or before 1970. */
static void
test_bounds(void **state)
{
    qwen_record_day_t      days[2];
    qwen_record_account_t  account;

    (void) state;

    memset(&account, 0, sizeof(account));
    memset(days, 0, sizeof(days));

    account.email = test_str("a");
    account.expires = INT64_MAX;
    account.cool_until[QWEN_RECORD_CHAT] = -5;
    account.cool_until[QWEN_RECORD_CLI] = INT64_MAX;
    account.last_error_at = INT64_MIN;
    account.days = days;
    account.ndays = 2;
    days[0].day = 20260101;
    days[1].day = 20260102;
    days[1].requests = UINT64_MAX;

    rendered(&account, NULL,
             "{\"email\":\"a\",\"password\":\"\",\"token\":\"\","
             "\"expires\":9007199254740992,\"ngx_qwen\":{"
             "\"cooldowns\":{\"cli\":9007199254740992},"
             "\"days\":{\"2026-01-02\":{\"requests\":9007199254740992}}}}");
}


static void
test_wrong(void **state)
{
    (void) state;

    refused("", NULL, QWEN_RECORD_SYNTAX, 1, "the text is empty");
    refused("{\"email\":\"a\",}", NULL, QWEN_RECORD_SYNTAX, 14,
            "expected a member's name");
    refused("[]", NULL, QWEN_RECORD_WRONG, 1, "an account must be an object");
    refused(" {}", NULL, QWEN_RECORD_WRONG, 2,
            "\"email\" must be a string that is not empty");
    refused("{\"email\":\"\"}", NULL, QWEN_RECORD_WRONG, 1,
            "\"email\" must be a string that is not empty");
    refused("{\"email\":null}", NULL, QWEN_RECORD_WRONG, 1,
            "\"email\" must be a string that is not empty");
    refused("{\"email\": 5}", NULL, QWEN_RECORD_WRONG, 11,
            "\"email\" must be a string");
    refused("{\"email\":\"a\\u0000\"}", NULL, QWEN_RECORD_WRONG, 10,
            "\"email\" holds a zero byte");
    refused("{\"email\":\"\\udc00\"}", NULL, QWEN_RECORD_WRONG, 10,
            "\"email\" holds half of a surrogate pair");
    refused("{\"email\":\"a\",\"password\":[\"secret\"]}", NULL,
            QWEN_RECORD_WRONG, 25, "\"password\" must be a string");
    refused("{\"email\":\"a\",\"password\":\"secret\\u0000\"}", NULL,
            QWEN_RECORD_WRONG, 25, "\"password\" holds a zero byte");
    refused("{\"email\":\"a\",\"token\":false}", NULL, QWEN_RECORD_WRONG, 22,
            "\"token\" must be a string");
    refused("{\"email\":\"a\",\"ngx_qwen\":[]}", NULL, QWEN_RECORD_WRONG, 25,
            "\"ngx_qwen\" must be an object");
    refused("{\"email\":\"a\",\"ngx_qwen\":{\"cooldowns\":1}}", NULL,
            QWEN_RECORD_WRONG, 38, "\"cooldowns\" must be an object");
    refused("{\"email\":\"a\",\"ngx_qwen\":{\"challenged\":1}}", NULL,
            QWEN_RECORD_WRONG, 39, "\"challenged\" must be true or false");

    /* what is there twice */

    refused("{\"email\":\"a\",\"email\":\"a\"}", NULL, QWEN_RECORD_TWICE, 14,
            "\"email\" is there twice");
    refused("{\"email\":\"a\",\"token\":null,\"\\u0074oken\":\"\"}", NULL,
            QWEN_RECORD_TWICE, 27, "\"token\" is there twice");
}


static void
test_wrong_days(void **state)
{
    size_t  i;
    char    json[200];

    static const char *const  dates[] = {
        "", "2026", "2026-1-01", "2026/01/01", "2026-13-01", "2026-00-01",
        "2026-01-32", "2026-01-00", "0999-01-01", "2026-01-0x",
        "2026-01-011", "20260101--"
    };

    (void) state;

    for (i = 0; i < test_count(dates); i++) {
        snprintf(json, sizeof(json),
                 "{\"email\":\"a\",\"ngx_qwen\":{\"days\":{\"%s\":{}}}}",
                 dates[i]);

        refused(json, NULL, QWEN_RECORD_WRONG, 34,
                "a member of \"days\" is no date");
    }

    refused("{\"email\":\"a\",\"ngx_qwen\":{\"days\":[]}}", NULL,
            QWEN_RECORD_WRONG, 33, "\"days\" must be an object");
    refused("{\"email\":\"a\",\"ngx_qwen\":{\"days\":{\"2026-01-01\":1}}}",
            NULL, QWEN_RECORD_WRONG, 47,
            "a day of \"days\" must be an object");
    refused("{\"email\":\"a\",\"ngx_qwen\":{\"days\":{\"2026-01-01\":"
            "{\"chat\":{\"input\":-1}}}}}", NULL, QWEN_RECORD_WRONG, 64,
            "\"input\" must be a whole number of 0 to 9007199254740992");
    refused("{\"email\":\"a\",\"ngx_qwen\":{\"days\":{"
            "\"2026-01-02\":{\"errors\":1},\"2026-01-01\":{\"errors\":1},"
            "\"2026-01-03\":{\"errors\":1},\"2026-01-02\":{\"errors\":1}}}}",
            NULL, QWEN_RECORD_TWICE, 112,
            "a date is there twice in \"days\"");
}


static void
test_limits(void **state)
{
    rig_t        rig;
    char         json[5000], text[4200];
    size_t       i;
    qwen_buf_t   days;

    static const struct {
        const char  *name;
        size_t       max;
        size_t       column;
    } limits[] = {
        { "email", QWEN_RECORD_MAX_EMAIL, 10 },
        { "password", QWEN_RECORD_MAX_PASSWORD, 25 },
        { "token", QWEN_RECORD_MAX_TOKEN, 22 }
    };

    (void) state;

    for (i = 0; i < test_count(limits); i++) {
        memset(text, 'x', sizeof(text));
        text[limits[i].max] = '\0';

        snprintf(json, sizeof(json), "{%s\"%s\":\"%s\"}",
                 i ? "\"email\":\"a\"," : "", limits[i].name, text);
        assert_int_equal(parse(&rig, json, NULL), QWEN_OK);
        qwen_memory_free(&rig.memory);

        text[limits[i].max] = 'x';
        text[limits[i].max + 1] = '\0';

        snprintf(json, sizeof(json), "{%s\"%s\":\"%s\"}",
                 i ? "\"email\":\"a\"," : "", limits[i].name, text);
        snprintf(text, sizeof(text), "\"%s\" is longer than %zu bytes",
                 limits[i].name, limits[i].max);
        refused(json, NULL, QWEN_RECORD_SIZE, limits[i].column, text);
    }

    qwen_buf_init(&days, 1 << 20);

    for (i = 0; i <= QWEN_RECORD_MAX_DAYS; i++) {
        snprintf(text, sizeof(text), "%s\"%04zu-01-01\":{}",
                 i ? "," : "{\"email\":\"a\",\"ngx_qwen\":{\"days\":{",
                 2000 + i);
        qwen_buf_append(&days, text, strlen(text));
    }

    qwen_buf_append(&days, "}}}", 4);
    refused((char *) days.data, NULL, QWEN_RECORD_SIZE, 33,
            "\"days\" has more than 366 days");
    qwen_buf_free(&days);
}


/* An account with two sealed values. */
static void
sealed_account(char *json, size_t size)
{
    char  *password, *token;

    password = rig_seal(RIG_OLD_KEY, "password:a@b.c", "secret");
    token = rig_seal(RIG_OLD_KEY, "token:a@b.c", "t");

    snprintf(json, size, "{\"email\":\"a@b.c\",\"password\":\"%s\","
             "\"token\":\"%s\",\"expires\":5}", password, token);

    free(password);
    free(token);
}


static void
test_sealed(void **state)
{
    rig_t             rig;
    char              json[500];
    qwen_seal_ring_t  ring;

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);
    sealed_account(json, sizeof(json));

    assert_int_equal(parse(&rig, json, &ring), QWEN_OK);
    test_assert_str(rig.account.password, "secret");
    test_assert_str(rig.account.token, "t");
    assert_false(rig.account.stale);

    rendered(&rig.account, &ring, json);
    rendered(&rig.account, NULL, "{\"email\":\"a@b.c\",\"password\":\"secret\""
             ",\"token\":\"t\",\"expires\":5}");

    qwen_memory_free(&rig.memory);
    qwen_seal_ring_free(&ring);
}


/* What an older key sealed is read, and is to be written again. */
static void
test_rotation(void **state)
{
    rig_t             rig;
    char              json[500];
    qwen_buf_t        out;
    qwen_seal_ring_t  both;

    (void) state;

    rig_ring(&both, RIG_NEW_KEY RIG_OLD_KEY);
    sealed_account(json, sizeof(json));

    assert_int_equal(parse(&rig, json, &both), QWEN_OK);
    test_assert_str(rig.account.password, "secret");
    assert_true(rig.account.stale);

    qwen_buf_init(&out, 10000);
    assert_int_equal(qwen_record_account_render(&rig.account, &both, &out),
                     QWEN_OK);
    qwen_memory_free(&rig.memory);
    assert_int_equal(qwen_buf_append(&out, "", 1), QWEN_OK);
    assert_null(strstr((char *) out.data, RIG_OLD_MARK));
    assert_null(strstr((char *) out.data, "secret"));

    assert_int_equal(parse(&rig, (char *) out.data, &both), QWEN_OK);
    test_assert_str(rig.account.password, "secret");
    assert_false(rig.account.stale);
    qwen_memory_free(&rig.memory);
    qwen_buf_free(&out);

    /* a clear one as well */

    assert_int_equal(parse(&rig, "{\"email\":\"a\",\"token\":\"t\"}", &both),
                     QWEN_OK);
    assert_true(rig.account.stale);
    qwen_memory_free(&rig.memory);

    qwen_seal_ring_free(&both);
}


static void
test_unopened(void **state)
{
    char              json[500], *sealed;
    qwen_seal_ring_t  ring, other;

    static const char  no_key[] =
        "\"password\" is sealed with a key that is not there";
    static const char  damaged[] =
        "\"password\" is sealed and does not open: it was changed, or moved "
        "from another place";

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);
    rig_ring(&other, RIG_NEW_KEY);
    sealed = rig_seal(RIG_OLD_KEY, "password:a", "secret");

    snprintf(json, sizeof(json), "{\"email\":\"a\",\"password\":\"%s\"}",
             sealed);
    refused(json, &other, QWEN_RECORD_NO_KEY, 25, no_key);
    refused(json, NULL, QWEN_RECORD_NO_KEY, 25, no_key);

    /* another account's */

    snprintf(json, sizeof(json), "{\"email\":\"b\",\"password\":\"%s\"}",
             sealed);
    refused(json, &ring, QWEN_RECORD_DAMAGED, 25, damaged);

    /* a password in the token's place */

    snprintf(json, sizeof(json), "{\"email\":\"a\",\"token\":\"%s\"}", sealed);
    refused(json, &ring, QWEN_RECORD_DAMAGED, 22,
            "\"token\" is sealed and does not open: it was changed, or moved "
            "from another place");

    sealed[strlen(sealed) - 5] ^= 1;
    snprintf(json, sizeof(json), "{\"email\":\"a\",\"password\":\"%s\"}",
             sealed);
    refused(json, &ring, QWEN_RECORD_DAMAGED, 25, damaged);
    refused("{\"email\":\"a\",\"password\":\"enc:secret\"}", NULL,
            QWEN_RECORD_DAMAGED, 25, damaged);

    free(sealed);
    qwen_seal_ring_free(&ring);
    qwen_seal_ring_free(&other);
}


/* A secret is checked when it was opened, too. */
static void
test_sealed_text(void **state)
{
    char              json[4000], text[QWEN_RECORD_MAX_PASSWORD + 2], *sealed;
    qwen_seal_ring_t  ring;

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);

    sealed = rig_seal(RIG_OLD_KEY, "password:a", "x\xff");
    snprintf(json, sizeof(json), "{\"email\":\"a\",\"password\":\"%s\"}",
             sealed);
    refused(json, &ring, QWEN_RECORD_WRONG, 25,
            "\"password\" is not valid UTF-8");
    free(sealed);

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    sealed = rig_seal(RIG_OLD_KEY, "password:a", text);
    snprintf(json, sizeof(json), "{\"email\":\"a\",\"password\":\"%s\"}",
             sealed);
    refused(json, &ring, QWEN_RECORD_SIZE, 25,
            "\"password\" is longer than 1024 bytes");
    free(sealed);

    qwen_seal_ring_free(&ring);
}


static qwen_rc_t
take(rig_t *rig, const char *name, const char *value,
    const qwen_seal_ring_t *ring)
{
    uint8_t              *copied_name, *copied_value;
    qwen_rc_t             rc;
    qwen_record_field_t   field;

    copied_name = test_copy(name, strlen(name));
    copied_value = test_copy(value, strlen(value));

    field.name = (qwen_str_t) { copied_name, strlen(name) };
    field.value = (qwen_str_t) { copied_value, strlen(value) };

    rc = qwen_record_account_field(&rig->account, &field, ring, &rig->memory,
                                   &rig->error);
    free(copied_name);
    free(copied_value);

    return rc;
}


static void
begin(rig_t *rig, const char *email)
{
    qwen_memory_init(&rig->memory, RIG_MEMORY);
    memset(&rig->account, 0, sizeof(rig->account));
    rig->account.email = test_str(email);
}


static void
has_value(const qwen_record_account_t *account, const char *name,
    const qwen_seal_ring_t *ring, const char *value)
{
    qwen_rc_t   rc;
    qwen_buf_t  out;

    qwen_buf_init(&out, 10000);
    assert_int_equal(qwen_buf_append(&out, "{", 1), QWEN_OK);

    rc = qwen_record_account_value(account, test_str(name), ring, &out);

    assert_int_equal(rc, value ? QWEN_OK : QWEN_AGAIN);
    assert_int_equal(out.len, 1 + (value ? strlen(value) : 0));
    assert_memory_equal(out.data + 1, value ? value : "", out.len - 1);

    qwen_buf_free(&out);
}


static void
test_fields(void **state)
{
    rig_t   rig;
    char    name[20];
    size_t  i;

    (void) state;

    begin(&rig, "a@b.c");

    assert_int_equal(take(&rig, "password", "\"p:\\u0041 \xc3\xa9", NULL),
                     QWEN_OK);
    assert_int_equal(take(&rig, "token", "", NULL), QWEN_OK);
    assert_int_equal(take(&rig, "expires", "1750000000", NULL), QWEN_OK);
    assert_int_equal(take(&rig, "ngx_qwen", " {\"challenged\":true,\"x\":[]}",
                          NULL), QWEN_OK);

    for (i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "field%zu", i);
        assert_int_equal(take(&rig, name, i ? "{not json" : "", NULL),
                         QWEN_OK);
    }

    /* strings are as they are, without quotes and escapes */

    test_assert_str(rig.account.password, "\"p:\\u0041 \xc3\xa9");
    assert_int_equal(rig.account.token.len, 0);
    assert_int_equal(rig.account.expires, 1750000000);
    assert_true(rig.account.challenged);
    assert_int_equal(rig.account.nfields, 20);

    for (i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "field%zu", i);
        test_assert_str(rig.account.fields[i].name, name);
        test_assert_str(rig.account.fields[i].value, i ? "{not json" : "");
    }

    has_value(&rig.account, "password", NULL, "\"p:\\u0041 \xc3\xa9");
    has_value(&rig.account, "token", NULL, "");
    has_value(&rig.account, "expires", NULL, "1750000000");
    has_value(&rig.account, "ngx_qwen", NULL,
              "{\"challenged\":true,\"x\":[]}");

    qwen_memory_free(&rig.memory);
}


static void
test_no_fields(void **state)
{
    size_t  i;
    rig_t   rig;

    static const char *const  none[] = { "", "null", "\"\"", "0", " null " };

    (void) state;

    for (i = 0; i < test_count(none); i++) {
        begin(&rig, "a");
        assert_int_equal(take(&rig, "expires", none[i], NULL), QWEN_OK);
        assert_int_equal(rig.account.expires, 0);
        qwen_memory_free(&rig.memory);
    }

    begin(&rig, "a");
    assert_int_equal(take(&rig, "ngx_qwen", "", NULL), QWEN_OK);
    assert_int_equal(take(&rig, "ngx_qwen", "null", NULL), QWEN_OK);

    has_value(&rig.account, "password", NULL, "");
    has_value(&rig.account, "expires", NULL, "");
    has_value(&rig.account, "ngx_qwen", NULL, NULL);

    qwen_memory_free(&rig.memory);
}


static void
test_sealed_fields(void **state)
{
    rig_t              rig;
    char              *password, *token;
    qwen_seal_ring_t   old, both;

    (void) state;

    rig_ring(&old, RIG_OLD_KEY);
    rig_ring(&both, RIG_NEW_KEY RIG_OLD_KEY);
    password = rig_seal(RIG_OLD_KEY, "password:a", "secret");
    token = rig_seal(RIG_NEW_KEY, "token:a", "t");

    begin(&rig, "a");
    assert_int_equal(take(&rig, "token", token, &both), QWEN_OK);
    assert_false(rig.account.stale);
    assert_int_equal(take(&rig, "password", password, &both), QWEN_OK);
    assert_true(rig.account.stale);
    assert_int_equal(take(&rig, "expires", "5", &both), QWEN_OK);
    assert_true(rig.account.stale);
    test_assert_str(rig.account.password, "secret");

    has_value(&rig.account, "password", &old, password);
    has_value(&rig.account, "token", &both, token);

    assert_int_equal(take(&rig, "token", password, &both), QWEN_ERROR);
    assert_int_equal(rig.error.fault, QWEN_RECORD_DAMAGED);
    assert_int_equal(take(&rig, "token", token, &old), QWEN_ERROR);
    assert_int_equal(rig.error.fault, QWEN_RECORD_NO_KEY);

    qwen_memory_free(&rig.memory);
    free(password);
    free(token);
    qwen_seal_ring_free(&old);
    qwen_seal_ring_free(&both);
}


static void
test_wrong_fields(void **state)
{
    char   email[QWEN_RECORD_MAX_EMAIL + 2];
    rig_t  rig;

    (void) state;

    begin(&rig, "a");
    assert_int_equal(take(&rig, "expires", "soon", NULL), QWEN_ERROR);
    rig_error(&rig.error, QWEN_RECORD_SYNTAX, 1, 1, "expected a value");
    assert_int_equal(take(&rig, "expires", "-5", NULL), QWEN_ERROR);
    rig_error(&rig.error, QWEN_RECORD_WRONG, 1, 1,
              "\"expires\" must be a whole number of 0 to 9007199254740992");
    assert_int_equal(take(&rig, "ngx_qwen", "[]", NULL), QWEN_ERROR);
    rig_error(&rig.error, QWEN_RECORD_WRONG, 1, 1,
              "\"ngx_qwen\" must be an object");
    assert_int_equal(take(&rig, "ngx_qwen", "{\n \"challenged\":0}", NULL),
                     QWEN_ERROR);
    rig_error(&rig.error, QWEN_RECORD_WRONG, 2, 15,
              "\"challenged\" must be true or false");
    assert_int_equal(take(&rig, "password", "secret\xff", NULL), QWEN_ERROR);
    rig_error(&rig.error, QWEN_RECORD_WRONG, 1, 1,
              "\"password\" is not valid UTF-8");
    assert_int_equal(rig.account.password.len, 0);
    qwen_memory_free(&rig.memory);

    begin(&rig, "");
    assert_int_equal(take(&rig, "token", "t", NULL), QWEN_ERROR);
    rig_error(&rig.error, QWEN_RECORD_SIZE, 1, 1,
              "an email must have 1 to 254 bytes");
    qwen_memory_free(&rig.memory);

    memset(email, 'x', sizeof(email) - 1);
    email[sizeof(email) - 1] = '\0';
    begin(&rig, email);
    assert_int_equal(take(&rig, "x", "", NULL), QWEN_ERROR);
    assert_int_equal(rig.error.fault, QWEN_RECORD_SIZE);
    qwen_memory_free(&rig.memory);
}


static void
test_unrendered(void **state)
{
    char              email[QWEN_RECORD_MAX_EMAIL + 2];
    rig_t             rig;
    size_t            i;
    qwen_buf_t        out;
    qwen_seal_ring_t  ring;

    (void) state;

    /* an email that could not be read again */

    memset(email, 'x', sizeof(email) - 1);
    email[sizeof(email) - 1] = '\0';
    qwen_buf_init(&out, 10000);

    for (i = 0; i < 2; i++) {
        begin(&rig, i ? email : "");
        assert_int_equal(qwen_record_account_render(&rig.account, NULL, &out),
                         QWEN_ERROR);
        assert_int_equal(qwen_record_account_value(&rig.account,
                                                   test_str("token"), NULL,
                                                   &out), QWEN_ERROR);
    }

    begin(&rig, "a");
    assert_int_equal(qwen_record_account_value(&rig.account, test_str("email"),
                                               NULL, &out), QWEN_ERROR);
    assert_int_equal(out.len, 0);

    /* keys that are not there any more must not make it clear */

    qwen_seal_ring_init(&ring);
    rig.account.token = test_str("t");
    assert_int_equal(qwen_record_account_render(&rig.account, &ring, &out),
                     QWEN_ERROR);
    assert_int_equal(out.len, 0);
    qwen_buf_free(&out);
}


/* With whatever cap: all or nothing. */
static void
test_room(void **state)
{
    rig_t       rig;
    size_t      max;
    qwen_rc_t   rc;
    qwen_buf_t  out;

    (void) state;

    assert_int_equal(parse(&rig, whole, NULL), QWEN_OK);

    for (max = 1; max <= sizeof(whole); max++) {
        qwen_buf_init(&out, max);
        qwen_buf_append(&out, "x", 1);

        rc = qwen_record_account_render(&rig.account, NULL, &out);
        assert_int_equal(rc, (max < sizeof(whole)) ? QWEN_ERROR : QWEN_OK);
        assert_int_equal(out.len, (rc == QWEN_OK) ? sizeof(whole) : 1);
        qwen_buf_free(&out);

        qwen_buf_init(&out, max);
        qwen_buf_append(&out, "x", 1);

        rc = qwen_record_account_value(&rig.account, test_str("ngx_qwen"),
                                       NULL, &out);
        assert_int_equal(rc == QWEN_OK, out.len > 1);
        qwen_buf_free(&out);
    }

    assert_int_equal(rc, QWEN_OK);
    qwen_memory_free(&rig.memory);
}


/* With whatever memory: it is read, or refused for that. */
static void
test_memory(void **state)
{
    size_t                  max;
    char                    json[500], *token;
    qwen_rc_t               rc;
    qwen_memory_t           memory;
    qwen_seal_ring_t        ring;
    qwen_record_error_t     error;
    qwen_record_account_t   account;

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);
    token = rig_seal(RIG_OLD_KEY, "token:a@b.c", "t");
    snprintf(json, sizeof(json), "{\"email\":\"a@b.c\",\"password\":\"p\","
             "\"token\":\"%s\",\"stats\":{},\"ngx_qwen\":{"
             "\"lastError\":\"throttled\",\"later\":[],\"days\":{"
             "\"2026-01-01\":{\"errors\":1},\"2026-01-02\":{}}}}", token);
    free(token);

    for (max = 0, rc = QWEN_ERROR; rc == QWEN_ERROR; max++) {
        assert_true(max < 10000);

        qwen_memory_init(&memory, max);
        rc = qwen_record_account_parse(test_str(json), &ring, &memory,
                                       &account, &error);

        if (rc == QWEN_ERROR) {
            rig_error(&error, QWEN_RECORD_MEMORY, 1, 1, "no memory to read it");
        }

        qwen_memory_free(&memory);
    }

    qwen_seal_ring_free(&ring);
}


static void
test_field_memory(void **state)
{
    rig_t                rig;
    size_t               i, max;
    qwen_rc_t            rc;
    qwen_record_field_t  field;

    static const char *const  names[] = {
        "password", "token", "expires", "ngx_qwen", "a", "b", "c", "d", "e"
    };

    (void) state;

    for (max = 0, rc = QWEN_ERROR; rc == QWEN_ERROR; max++) {
        assert_true(max < 10000);

        begin(&rig, "a");
        qwen_memory_init(&rig.memory, max);

        for (i = 0, rc = QWEN_OK; rc == QWEN_OK && i < test_count(names); i++)
        {
            field.name = test_str(names[i]);
            field.value = test_str((i == 3) ? "{\"lastError\":\"x\"}" : "5");
            rc = qwen_record_account_field(&rig.account, &field, NULL,
                                           &rig.memory, &rig.error);
        }

        assert_true(rc == QWEN_OK || rig.error.fault == QWEN_RECORD_MEMORY);
        qwen_memory_free(&rig.memory);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_wrong_days),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_unopened),
        cmocka_unit_test(test_sealed_text),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_no_fields),
        cmocka_unit_test(test_sealed_fields),
        cmocka_unit_test(test_wrong_fields),
        cmocka_unit_test(test_unrendered),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_field_memory)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
