
#include <stdio.h>

#include "record_rig.h"
#include "qwen_seal.h"


#define OLD_BASE64  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


static qwen_seal_rc_t
open_value(const qwen_seal_ring_t *ring, const char *context, qwen_str_t value,
    char *plain, size_t size)
{
    uint8_t         *copy, *room;
    qwen_str_t       out;
    qwen_seal_rc_t   rc;

    copy = test_copy(value.data, value.len);
    room = test_copy(copy, value.len);

    rc = qwen_seal_open(ring, test_str(context),
                        (qwen_str_t) { copy, value.len }, room, &out);

    assert_true(out.len < size);
    assert_true(rc == QWEN_SEAL_OK || out.len == 0);

    if (out.len) {
        memcpy(plain, out.data, out.len);
    }

    plain[out.len] = '\0';

    free(copy);
    free(room);

    return rc;
}


static void
test_ring(void **state)
{
    size_t            i;
    qwen_seal_ring_t  ring;

    static const char *const  same[] = {
        RIG_OLD_KEY,
        OLD_BASE64,
        OLD_BASE64 "\n",
        "# a comment\n\n \t\n\t " OLD_BASE64 " \r\n#",
        "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
    };

    (void) state;

    for (i = 0; i < test_count(same); i++) {
        rig_ring(&ring, same[i]);
        assert_int_equal(ring.nkeys, 1);
        assert_memory_equal(ring.keys[0].id, "630dcd29", QWEN_SEAL_ID_LEN);
        assert_int_equal(ring.keys[0].secret[31], 0x1f);
        qwen_seal_ring_free(&ring);
        assert_null(ring.keys);
        assert_int_equal(ring.nkeys, 0);
    }

    rig_ring(&ring, RIG_NEW_KEY RIG_OLD_KEY);
    assert_int_equal(ring.nkeys, 2);
    assert_memory_equal(ring.keys[1].id, "630dcd29", QWEN_SEAL_ID_LEN);
    qwen_seal_ring_free(&ring);

    /* one that was never filled */

    qwen_seal_ring_init(&ring);
    qwen_seal_ring_free(&ring);
}


static void
test_ring_errors(void **state)
{
    size_t             i;
    qwen_seal_ring_t   ring;
    qwen_seal_error_t  error;

    static const struct {
        const char  *text;
        size_t       line;
        const char  *reason;
    } wrong[] = {
        { "", 0, "there is no key" },
        { "\n# only this\n", 0, "there is no key" },
        { "secret", 1,
          "line 1: neither 64 hex digits nor 44 characters of base64" },
        { "#\n\n0001\n", 3,
          "line 3: neither 64 hex digits nor 44 characters of base64" },
        { "g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
          1, "line 1: neither 64 hex digits nor 44 characters of base64" },
        { "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", 1,
          "line 1: neither 64 hex digits nor 44 characters of base64" },
        { "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A", 1,
          "line 1: neither 64 hex digits nor 44 characters of base64" },
        { "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", 1,
          "line 1: neither 64 hex digits nor 44 characters of base64" },
        { "AAECAwQFBgcICQoLDA0OD AREhMUFRYXGBkaGxwdHh8=", 1,
          "line 1: neither 64 hex digits nor 44 characters of base64" },
        { RIG_NEW_KEY RIG_OLD_KEY OLD_BASE64, 3,
          "line 3: the key is there already" }
    };

    (void) state;

    for (i = 0; i < test_count(wrong); i++) {
        qwen_seal_ring_init(&ring);
        assert_int_equal(qwen_seal_ring_parse(&ring, test_str(wrong[i].text),
                                              &error), QWEN_ERROR);
        assert_int_equal(error.line, wrong[i].line);
        assert_string_equal(error.reason, wrong[i].reason);
        assert_null(ring.keys);
        assert_int_equal(ring.nkeys, 0);
    }
}


static void
test_ring_limit(void **state)
{
    size_t             i;
    char               text[(QWEN_SEAL_MAX_KEYS + 1) * 65 + 1];
    qwen_seal_ring_t   ring;
    qwen_seal_error_t  error;

    (void) state;

    for (i = 0; i <= QWEN_SEAL_MAX_KEYS; i++) {
        snprintf(text + i * 65, 66, "%064zx\n", i);
    }

    qwen_seal_ring_init(&ring);
    assert_int_equal(qwen_seal_ring_parse(&ring, test_str(text), &error),
                     QWEN_ERROR);
    assert_string_equal(error.reason, "line 17: more than 16 keys");

    text[QWEN_SEAL_MAX_KEYS * 65] = '\0';
    rig_ring(&ring, text);
    assert_int_equal(ring.nkeys, QWEN_SEAL_MAX_KEYS);
    qwen_seal_ring_free(&ring);
}


/* The form of a sealed value must not change: this one was made by another
 * program. */
static void
test_form(void **state)
{
    char               plain[100];
    qwen_buf_t         out;
    qwen_seal_ring_t   ring;

    static const char  sealed[] = RIG_OLD_MARK
        "zxiN+KmpZC1h35RyX4x+zHry2yjHey2GW+Z9BpFZS4Q8VuhFvYqwZA==";

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);
    qwen_buf_init(&out, 1000);

    assert_int_equal(qwen_seal(&ring, test_str("password:a@example.com"),
                               test_str("p\xc3\xa4ss:\"word\""), &out),
                     QWEN_OK);
    test_assert_str(qwen_buf_str(&out), sealed);
    assert_int_equal(out.len, qwen_seal_len(strlen("p\xc3\xa4ss:\"word\"")));

    assert_int_equal(open_value(&ring, "password:a@example.com",
                                qwen_buf_str(&out), plain, sizeof(plain)),
                     QWEN_SEAL_OK);
    assert_string_equal(plain, "p\xc3\xa4ss:\"word\"");

    qwen_buf_free(&out);
    qwen_seal_ring_free(&ring);
}


static void
test_lengths(void **state)
{
    size_t            len;
    char              value[200], plain[400];
    qwen_buf_t        out, again;
    qwen_seal_ring_t  ring;

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);
    qwen_buf_init(&out, 1000);
    qwen_buf_init(&again, 1000);

    for (len = 0; len < sizeof(value); len++) {
        value[len] = (char) ('!' + len % 90);
        qwen_buf_reset(&out);
        qwen_buf_reset(&again);

        assert_int_equal(qwen_seal(&ring, test_str("token:a"),
                                   (qwen_str_t) { (uint8_t *) value, len },
                                   &out), QWEN_OK);
        assert_int_equal(out.len, len ? qwen_seal_len(len) : 0);

        assert_int_equal(open_value(&ring, "token:a", qwen_buf_str(&out),
                                    plain, sizeof(plain)), QWEN_SEAL_OK);
        assert_int_equal(strlen(plain), len);
        assert_memory_equal(plain, value, len);

        /* the same value has the same text */

        assert_int_equal(qwen_seal(&ring, test_str("token:a"),
                                   (qwen_str_t) { (uint8_t *) value, len },
                                   &again), QWEN_OK);
        assert_true(qwen_str_eq(qwen_buf_str(&out), qwen_buf_str(&again)));
    }

    qwen_buf_free(&out);
    qwen_buf_free(&again);
    qwen_seal_ring_free(&ring);
}


static void
test_contexts(void **state)
{
    char             *password, *token, *other, plain[100];
    qwen_seal_ring_t  ring;

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);
    password = rig_seal(RIG_OLD_KEY, "password:a@b.c", "same");
    token = rig_seal(RIG_OLD_KEY, "token:a@b.c", "same");
    other = rig_seal(RIG_OLD_KEY, "password:A@b.c", "same");

    assert_string_not_equal(password, token);
    assert_string_not_equal(password, other);

    assert_int_equal(open_value(&ring, "password:a@b.c", test_str(password),
                                plain, sizeof(plain)), QWEN_SEAL_OK);
    assert_string_equal(plain, "same");

    assert_int_equal(open_value(&ring, "token:a@b.c", test_str(password),
                                plain, sizeof(plain)), QWEN_SEAL_DAMAGED);
    assert_int_equal(open_value(&ring, "password:a@b.c", test_str(token),
                                plain, sizeof(plain)), QWEN_SEAL_DAMAGED);
    assert_int_equal(open_value(&ring, "password:a@b.c", test_str(other),
                                plain, sizeof(plain)), QWEN_SEAL_DAMAGED);
    assert_int_equal(open_value(&ring, "", test_str(password), plain,
                                sizeof(plain)), QWEN_SEAL_DAMAGED);

    free(password);
    free(token);
    free(other);
    qwen_seal_ring_free(&ring);
}


/* No byte may change and none may be missing. */
static void
test_damage(void **state)
{
    char              *sealed, plain[100], was;
    size_t             i, len;
    qwen_seal_rc_t     rc;
    qwen_seal_ring_t   ring;

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);
    sealed = rig_seal(RIG_OLD_KEY, "key", "secret");
    len = strlen(sealed);

    for (i = 4; i < len; i++) {
        was = sealed[i];
        sealed[i] = (was == 'A') ? 'B' : 'A';

        rc = open_value(&ring, "key", test_str(sealed), plain, sizeof(plain));

        assert_int_equal(rc, (i >= sizeof("enc:v1:") - 1
                              && i < sizeof("enc:v1:12345678") - 1)
                             ? QWEN_SEAL_NO_KEY : QWEN_SEAL_DAMAGED);

        sealed[i] = (was == '=') ? '-' : '=';
        rc = open_value(&ring, "key", test_str(sealed), plain, sizeof(plain));
        assert_true(rc == QWEN_SEAL_NO_KEY || rc == QWEN_SEAL_DAMAGED);

        sealed[i] = was;

        assert_int_equal(open_value(&ring, "key",
                                    (qwen_str_t) { (uint8_t *) sealed, i },
                                    plain, sizeof(plain)),
                         QWEN_SEAL_DAMAGED);
    }

    free(sealed);
    qwen_seal_ring_free(&ring);
}


static void
test_rotation(void **state)
{
    char              *old, *new, plain[100];
    qwen_seal_ring_t   both, only;

    (void) state;

    old = rig_seal(RIG_OLD_KEY, "key", "value");
    new = rig_seal(RIG_NEW_KEY RIG_OLD_KEY, "key", "value");
    rig_ring(&both, RIG_NEW_KEY RIG_OLD_KEY);
    rig_ring(&only, RIG_NEW_KEY);

    assert_int_equal(open_value(&both, "key", test_str(old), plain,
                                sizeof(plain)), QWEN_SEAL_OK);
    assert_string_equal(plain, "value");
    assert_int_equal(open_value(&both, "key", test_str(new), plain,
                                sizeof(plain)), QWEN_SEAL_OK);
    assert_string_equal(plain, "value");

    assert_false(qwen_seal_is_current(&both, test_str(old)));
    assert_true(qwen_seal_is_current(&both, test_str(new)));

    /* the old key was taken away too early, or there is none at all */

    assert_int_equal(open_value(&only, "key", test_str(old), plain,
                                sizeof(plain)), QWEN_SEAL_NO_KEY);
    assert_int_equal(open_value(&only, "key", test_str(new), plain,
                                sizeof(plain)), QWEN_SEAL_OK);
    assert_int_equal(open_value(NULL, "key", test_str(new), plain,
                                sizeof(plain)), QWEN_SEAL_NO_KEY);

    free(old);
    free(new);
    qwen_seal_ring_free(&both);
    qwen_seal_ring_free(&only);
}


/* Keys whose ids agree by chance are told apart by what they open. */
static void
test_same_id(void **state)
{
    char              *sealed, plain[100];
    qwen_seal_ring_t   ring;

    (void) state;

    sealed = rig_seal(RIG_OLD_KEY, "key", "value");
    rig_ring(&ring, RIG_NEW_KEY RIG_OLD_KEY);
    memcpy(ring.keys[0].id, ring.keys[1].id, QWEN_SEAL_ID_LEN);

    assert_int_equal(open_value(&ring, "key", test_str(sealed), plain,
                                sizeof(plain)), QWEN_SEAL_OK);
    assert_string_equal(plain, "value");

    assert_int_equal(open_value(&ring, "other", test_str(sealed), plain,
                                sizeof(plain)), QWEN_SEAL_DAMAGED);

    free(sealed);
    qwen_seal_ring_free(&ring);
}


static void
test_clear(void **state)
{
    char               plain[100];
    size_t             i;
    qwen_buf_t         out;
    qwen_seal_ring_t   ring;

    static const struct {
        const char  *plain;
        const char  *kept;
    } clear[] = {
        { "", "" },
        { "value", "value" },
        { "enc", "enc" },
        { "ENC:x", "ENC:x" },
        { "enc:", "enc:raw:enc:" },
        { "enc:v1:630dcd29:AAAA", "enc:raw:enc:v1:630dcd29:AAAA" },
        { "enc:raw:enc:", "enc:raw:enc:raw:enc:" }
    };

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);

    for (i = 0; i < test_count(clear); i++) {
        qwen_buf_init(&out, 1000);

        assert_int_equal(qwen_seal(NULL, test_str("key"),
                                   test_str(clear[i].plain), &out), QWEN_OK);
        test_assert_str(qwen_buf_str(&out), clear[i].kept);
        assert_true(qwen_seal_is_current(NULL, qwen_buf_str(&out)));

        assert_int_equal(open_value(NULL, "key", test_str(clear[i].kept),
                                    plain, sizeof(plain)), QWEN_SEAL_OK);
        assert_string_equal(plain, clear[i].plain);

        /* keys make no difference but that it is to be sealed */

        assert_int_equal(open_value(&ring, "key", test_str(clear[i].kept),
                                    plain, sizeof(plain)), QWEN_SEAL_OK);
        assert_string_equal(plain, clear[i].plain);
        assert_int_equal(qwen_seal_is_current(&ring, qwen_buf_str(&out)),
                         *clear[i].plain == '\0');

        qwen_buf_free(&out);
    }

    qwen_seal_ring_free(&ring);
}


static void
test_unknown(void **state)
{
    char               plain[100];
    size_t             i;
    qwen_seal_ring_t   ring;

    static const char *const  unknown[] = {
        "enc:", "enc:raw", "enc:raw:", "enc:x", "enc:v1:", "enc:v2:630dcd29:A",
        "enc:v1:630dcd29:", RIG_OLD_MARK "AAAA", RIG_OLD_MARK "A",
        RIG_OLD_MARK "====", RIG_OLD_MARK "AAAA*AAA",
        "enc:v1:630DCD29:zxiN+KmpZC1h35RyX4x+zHry2yjHey2GW+Z9BpFZS4Q8VuhF",
        RIG_OLD_MARK "zxiN+KmpZC1h35RyX4x+zHry2yjHey2GW+Z9BpFZS4Q8VuhFvYqwZB=="
    };

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);

    for (i = 0; i < test_count(unknown); i++) {
        assert_int_equal(open_value(&ring, "key", test_str(unknown[i]), plain,
                                    sizeof(plain)),
                         strstr(unknown[i], "DCD") ? QWEN_SEAL_NO_KEY
                                                   : QWEN_SEAL_DAMAGED);
        assert_false(qwen_seal_is_current(NULL, test_str(unknown[i])));
    }

    qwen_seal_ring_free(&ring);
}


/* With whatever cap: the whole value is appended, or nothing. */
static void
test_room(void **state)
{
    size_t            max;
    qwen_rc_t         rc;
    qwen_buf_t        out;
    qwen_seal_ring_t  ring;

    (void) state;

    rig_ring(&ring, RIG_OLD_KEY);

    for (max = 1, rc = QWEN_ERROR; rc == QWEN_ERROR; max++) {
        assert_true(max < 200);

        qwen_buf_init(&out, max);
        assert_int_equal(qwen_buf_append(&out, "x", 1), QWEN_OK);

        rc = qwen_seal(&ring, test_str("key"), test_str("value"), &out);
        assert_int_equal(out.len, (rc == QWEN_OK) ? 1 + qwen_seal_len(5) : 1);

        qwen_buf_free(&out);
    }

    for (max = 1, rc = QWEN_ERROR; rc == QWEN_ERROR; max++) {
        qwen_buf_init(&out, max);
        assert_int_equal(qwen_buf_append(&out, "x", 1), QWEN_OK);

        rc = qwen_seal(NULL, test_str("key"), test_str("enc:v"), &out);
        assert_int_equal(out.len, (rc == QWEN_OK) ? 14 : 1);

        qwen_buf_free(&out);
    }

    assert_int_equal(max - 1, 14);

    /* an empty ring seals nothing, and does not write in clear */

    qwen_seal_ring_free(&ring);
    qwen_buf_init(&out, 1000);
    assert_int_equal(qwen_seal(&ring, test_str("key"), test_str("v"), &out),
                     QWEN_ERROR);
    assert_int_equal(out.len, 0);
    qwen_buf_free(&out);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_ring_errors),
        cmocka_unit_test(test_ring_limit),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_same_id),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_room)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
