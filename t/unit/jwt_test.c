
#include "test.h"
#include "qwen_buf.h"
#include "qwen_jwt.h"


/* Appends base64url without padding. */
static void
append_base64(qwen_buf_t *out, const char *data, size_t len)
{
    size_t    i;
    unsigned  bits, nbits;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";

    bits = 0;
    nbits = 0;

    for (i = 0; i < len; i++) {
        bits = bits << 8 | (unsigned char) data[i];

        for (nbits += 8; nbits >= 6; nbits -= 6) {
            qwen_buf_append(out, &digits[bits >> (nbits - 6) & 63], 1);
        }
    }

    if (nbits) {
        qwen_buf_append(out, &digits[bits << (6 - nbits) & 63], 1);
    }
}


static qwen_rc_t
expiry(const char *payload, size_t len, int64_t *exp)
{
    uint8_t     *copy;
    qwen_rc_t    rc;
    qwen_buf_t   token;

    qwen_buf_init(&token, 1 << 20);
    append_base64(&token, "{\"alg\":\"HS256\"}", 15);
    qwen_buf_append_literal(&token, ".");
    append_base64(&token, payload, len);
    qwen_buf_append_literal(&token, ".c2lnbmF0dXJl");

    copy = test_copy(token.data, token.len);
    rc = qwen_jwt_expiry((qwen_str_t) { copy, token.len }, exp);

    free(copy);
    qwen_buf_free(&token);

    return rc;
}


static void
test_payloads(void **state)
{
    size_t   i;
    int64_t  exp;

    static const struct {
        const char  *payload;
        int64_t      exp;            /* 0: error */
    } cases[] = {
        { "{\"exp\":1700000000}", 1700000000 },
        { "{\"id\":\"x\",\"exp\":1700000001}", 1700000001 },
        { "{\"id\":\"\xe4\xbd\xa0?>~\",\"exp\":12}", 12 },
        { "{\"exp\":1.7e9}", 1700000000 },
        { "{\"exp\":1700000000.0}", 1700000000 },
        { "{\"exp\":1}", 1 },
        { "{\"exp\":0}", 0 },
        { "{\"exp\":-1}", 0 },
        { "{\"exp\":1.5}", 0 },
        { "{\"exp\":1e300}", 0 },
        { "{\"exp\":\"1700000000\"}", 0 },
        { "{\"exp\":null}", 0 },
        { "{\"Exp\":1}", 0 },
        { "{}", 0 },
        { "[1]", 0 },
        { "1700000000", 0 },
        { "{\"exp\":1", 0 },
        { "", 0 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        exp = 0;

        if (expiry(cases[i].payload, strlen(cases[i].payload), &exp)
            != (cases[i].exp ? QWEN_OK : QWEN_ERROR))
        {
            fail_msg("%s", cases[i].payload);
        }

        if (cases[i].exp) {
            assert_int_equal(exp, cases[i].exp);
        }
    }
}


static void
test_tokens(void **state)
{
    size_t   i;
    int64_t  exp;

    static const struct {
        const char  *token;
        bool         valid;
    } cases[] = {
        { "eyJh.eyJleHAiOjF9.x", true },             /* {"exp":1} */
        { "eyJh.eyJleHAiOjF9.", true },              /* not signed */
        { "eyJh.eyJleHAiOjF9", false },
        { "eyJh.eyJleHAiOjF9.x.y", false },
        { ".eyJleHAiOjF9.x", false },
        { "eyJh..x", false },
        { "eyJleHAiOjF9", false },
        { "..", false },
        { "", false },
        { "eyJh.eyJleHAiOjF9==.x", false },
        { "eyJh.eyJleHAiOjF9A.x", false },
        { "eyJh.eyJleHAiOj+9.x", false },
        { "eyJh.eyJleHA iOjF9.x", false },
        { "eyJh.eyJleHAiOjF9\n.x", false }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        if (qwen_jwt_expiry(test_str(cases[i].token), &exp)
            != (cases[i].valid ? QWEN_OK : QWEN_ERROR))
        {
            fail_msg("%s", cases[i].token);
        }
    }

    assert_int_equal(qwen_jwt_expiry((qwen_str_t) { NULL, 0 }, &exp),
                     QWEN_ERROR);
}


static void
test_cap(void **state)
{
    char     payload[9000];
    size_t   len;
    int64_t  exp;

    (void) state;

    for (len = 8180; len < 8210; len++) {
        memset(payload, ' ', len);
        memcpy(payload, "{\"exp\":1}", 9);

        assert_int_equal(expiry(payload, len, &exp),
                         (len <= 8192) ? QWEN_OK : QWEN_ERROR);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_cap)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
