
#include "test.h"
#include "qwen_digest.h"


static void
check(const void *data, size_t len, const char *expected)
{
    char     hex[QWEN_SHA256_HEX_LEN];
    uint8_t  digest[QWEN_SHA256_LEN];

    assert_int_equal(qwen_sha256(data, len, digest), QWEN_OK);
    qwen_hex(hex, digest, sizeof(digest));
    assert_memory_equal(hex, expected, sizeof(hex));
}


/* FIPS 180-2, appendix B, and the empty message. */
static void
test_sha256(void **state)
{
    char  *million;

    (void) state;

    check(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb924"
                   "27ae41e4649b934ca495991b7852b855");
    check("abc", 3, "ba7816bf8f01cfea414140de5dae2223"
                    "b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
          "248d6a61d20638b8e5c026930c3e6039"
          "a33ce45964ff2167f6ecedd419db06c1");

    million = malloc(1000000);
    assert_non_null(million);
    memset(million, 'a', 1000000);
    check(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67"
                            "f1809a48a497200e046d39ccc7112cd0");
    free(million);
}


static void
test_hex(void **state)
{
    char           out[9];
    const uint8_t  bytes[] = { 0x00, 0x0f, 0xa5, 0xff };

    (void) state;

    memset(out, '#', sizeof(out));
    qwen_hex(out, bytes, sizeof(bytes));
    assert_memory_equal(out, "000fa5ff#", 9);
    qwen_hex(out, bytes, 0);
    assert_memory_equal(out, "000fa5ff#", 9);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hex)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
