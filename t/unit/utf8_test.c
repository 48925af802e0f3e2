
#include "test.h"
#include "qwen_utf8.h"


/* The decoder of the tables in the Unicode Standard, 3.9: the length of the
 * valid sequence at p, else 0. */
static size_t
reference_len(const uint8_t *p, size_t len)
{
    size_t    i, n;
    uint32_t  code;

    if (p[0] < 0x80) {
        return 1;
    }

    if (p[0] >= 0xf8) {
        return 0;
    }

    n = (p[0] >= 0xf0) ? 4 : (p[0] >= 0xe0) ? 3 : (p[0] >= 0xc0) ? 2 : 0;

    if (n == 0 || n > len) {
        return 0;
    }

    code = p[0] & (0x7fu >> n);

    for (i = 1; i < n; i++) {

        if (p[i] >> 6 != 2) {
            return 0;
        }

        code = code << 6 | (p[i] & 0x3f);
    }

    if ((n == 2 && code < 0x80) || (n == 3 && code < 0x800)
        || (n == 4 && code < 0x10000) || code > 0x10ffff
        || (code >= 0xd800 && code <= 0xdfff))
    {
        return 0;
    }

    return n;
}


static size_t
reference_run(const uint8_t *p, size_t len)
{
    size_t  i, n;

    for (i = 0; i < len; i += n) {
        n = reference_len(p + i, len - i);

        if (n == 0 || p[i] < 0x20 || p[i] == '"' || p[i] == '\\') {
            break;
        }
    }

    return i;
}


/* Reads a sequence byte by byte, as the scanner does. */
static bool
is_sequence(const uint8_t *p, size_t len)
{
    size_t       i;
    qwen_utf8_t  utf8;

    if (!qwen_utf8_start(&utf8, p[0])) {
        return false;
    }

    for (i = 1; i < len; i++) {
        if (utf8.need == 0 || !qwen_utf8_next(&utf8, p[i])) {
            return false;
        }
    }

    return utf8.need == 0;
}


static void
test_all_sequences(void **state)
{
    size_t    len;
    uint8_t   bytes[4];
    uint32_t  i;

    (void) state;

    /* each pair, and each of the longer ones whose last bytes are bounds */

    static const uint8_t  tails[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };

    for (i = 0; i < 256 * 256 * 36; i++) {
        bytes[0] = (uint8_t) (i & 0xff);
        bytes[1] = (uint8_t) (i >> 8 & 0xff);
        bytes[2] = tails[(i >> 16) % 6];
        bytes[3] = tails[(i >> 16) / 6];

        for (len = 1; len <= 4; len++) {

            if (qwen_utf8_run(bytes, bytes + len)
                != bytes + reference_run(bytes, len))
            {
                fail_msg("%02x %02x %02x %02x, %zu bytes", bytes[0],
                         bytes[1], bytes[2], bytes[3], len);
            }

            if (bytes[0] >= 0x80
                && is_sequence(bytes, len)
                   != (reference_len(bytes, len) == len))
            {
                fail_msg("%02x %02x %02x %02x, %zu bytes, one by one",
                         bytes[0], bytes[1], bytes[2], bytes[3], len);
            }
        }
    }
}


/* Each byte at each place of a run of each length. */
static void
test_run_places(void **state)
{
    size_t    len, place;
    uint8_t  *copy, bytes[40];
    unsigned  byte;

    (void) state;

    for (len = 1; len <= sizeof(bytes); len++) {
        for (place = 0; place < len; place++) {
            for (byte = 0; byte < 256; byte++) {

                memset(bytes, 'a' + (int) place % 26, sizeof(bytes));
                bytes[place] = (uint8_t) byte;
                copy = test_copy(bytes, len);

                assert_int_equal(qwen_utf8_run(copy, copy + len) - copy,
                                 reference_run(bytes, len));
                free(copy);
            }
        }
    }
}


static void
test_run_random(void **state)
{
    size_t    i, j;
    uint8_t   bytes[64];
    uint32_t  seed;

    static const uint8_t  alphabet[] = {
        'a', ' ', 0x7f, '"', '\\', 0x1f, 0x21, 0x23, 0x5b, 0x5d, 0xc3, 0xa4,
        0xe4, 0xbd, 0xa0, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xc0, 0xff
    };

    (void) state;

    seed = 1;

    for (i = 0; i < 300000; i++) {
        for (j = 0; j < sizeof(bytes); j++) {
            seed = seed * 1664525 + 1013904223;

            /* plain bytes, or whole sequences, are mostly drawn */

            if (j >= 3 && seed >> 30 == 0) {
                memcpy(&bytes[j - 2], "\xe4\xbd\xa0", 3);

            } else if (seed >> 30 == 1) {
                bytes[j] = alphabet[(seed >> 8) % sizeof(alphabet)];

            } else {
                bytes[j] = 'x';
            }
        }

        assert_int_equal(qwen_utf8_run(bytes, bytes + sizeof(bytes)) - bytes,
                         reference_run(bytes, sizeof(bytes)));
    }
}


static void
test_encode(void **state)
{
    size_t    len;
    uint8_t   bytes[4];
    uint32_t  code;

    (void) state;

    for (code = 0; code < 0x110000; code++) {
        len = qwen_utf8_encode(bytes, code);

        if (reference_len(bytes, len) != len) {
            fail_msg("U+%04x", code);
        }

        if (code >= 0xd800 && code <= 0xdfff) {
            assert_int_equal(len, 3);
            assert_memory_equal(bytes, QWEN_UTF8_REPLACEMENT, 3);
        }
    }

    assert_int_equal(qwen_utf8_encode(bytes, 0x1f600), 4);
    assert_memory_equal(bytes, "\xf0\x9f\x98\x80", 4);
    assert_int_equal(qwen_utf8_encode(bytes, 0x4f60), 3);
    assert_memory_equal(bytes, "\xe4\xbd\xa0", 3);
    assert_int_equal(qwen_utf8_encode(bytes, 0xe4), 2);
    assert_memory_equal(bytes, "\xc3\xa4", 2);
}


static void
test_invalid_len(void **state)
{
    size_t  i;

    static const struct {
        const char  *bytes;
        size_t       len;
    } cases[] = {
        { "\x80", 1 },
        { "\xff", 1 },
        { "\xc0\xaf", 1 },
        { "\xc3", 1 },
        { "\xc3(", 1 },
        { "\xe0\x80\xaf", 1 },
        { "\xe1\x80", 2 },
        { "\xe1\x80(", 2 },
        { "\xed\xa0\x80", 1 },
        { "\xf0\x80\x80\x80", 1 },
        { "\xf0\x91\x92", 3 },
        { "\xf4\x90\x80\x80", 1 },
        { "\xf5\x80\x80\x80", 1 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        assert_int_equal(qwen_utf8_invalid_len(
                             (const uint8_t *) cases[i].bytes,
                             (const uint8_t *) cases[i].bytes
                             + strlen(cases[i].bytes)),
                         cases[i].len);
    }
}


static void
test_hex(void **state)
{
    unsigned  byte;
    uint32_t  code;

    (void) state;

    for (byte = 0; byte < 256; byte++) {

        if (byte != 0 && strchr("0123456789abcdefABCDEF", (int) byte)) {
            char  text[2] = { (char) byte, '\0' };

            assert_int_equal(qwen_utf8_hex((uint8_t) byte),
                             strtoul(text, NULL, 16));

        } else {
            assert_true(qwen_utf8_hex((uint8_t) byte) > 15);
        }
    }

    assert_true(qwen_utf8_hex4((const uint8_t *) "dEf0", &code));
    assert_int_equal(code, 0xdef0);
    assert_false(qwen_utf8_hex4((const uint8_t *) "g000", &code));
    assert_false(qwen_utf8_hex4((const uint8_t *) "0g00", &code));
    assert_false(qwen_utf8_hex4((const uint8_t *) "00g0", &code));
    assert_false(qwen_utf8_hex4((const uint8_t *) "000g", &code));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_all_sequences),
        cmocka_unit_test(test_run_places),
        cmocka_unit_test(test_run_random),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_invalid_len),
        cmocka_unit_test(test_hex)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
