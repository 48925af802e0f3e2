
#include <stdio.h>
#include <stdlib.h>

#include "test.h"
#include "qwen_redis_url.h"


static const char *
parse(qwen_redis_url_t *url, const char *text)
{
    size_t       len;
    uint8_t     *copy;
    const char  *wrong;

    len = strlen(text);
    copy = test_copy(text, len);
    wrong = qwen_redis_url_parse(url, (qwen_str_t) { copy, len });

    /* the parts are its own */

    free(copy);

    return wrong;
}


/* The parts as "tls user password host ipv6 path port db". */
static void
check(const char *text, const char *expected)
{
    char              got[512];
    const char       *wrong;
    qwen_redis_url_t  url;

    wrong = parse(&url, text);

    if (wrong) {
        fail_msg("%s: %s", text, wrong);
    }

    snprintf(got, sizeof(got), "%s|%.*s|%.*s|%.*s%s|%.*s|%u|%u",
             url.tls ? "tls" : "", (int) url.user.len, (char *) url.user.data,
             (int) url.password.len, (char *) url.password.data,
             (int) url.host.len, (char *) url.host.data,
             url.ipv6 ? " v6" : "",
             (int) url.path.len, (char *) url.path.data, url.port, url.db);

    assert_string_equal(got, expected);
}


static void
test_parts(void **state)
{
    size_t  i;

    static const struct {
        const char  *text;
        const char  *parts;
    } cases[] = {
        { "redis://host", "|||host||6379|0" },
        { "redis://host/", "|||host||6379|0" },
        { "redis://127.0.0.1:1", "|||127.0.0.1||1|0" },
        { "redis://my_host-1.example:65535/15",
          "|||my_host-1.example||65535|15" },
        { "rediss://host:6380/2", "tls|||host||6380|2" },
        { "redis://:secret@host", "||secret|host||6379|0" },
        { "redis://user:secret@host", "|user|secret|host||6379|0" },
        { "redis://user:@host", "|user||host||6379|0" },
        { "redis://:@host", "|||host||6379|0" },
        { "redis://@host", "|||host||6379|0" },
        { "redis://u:a:b@c@host", "|u|a:b@c|host||6379|0" },
        { "redis://u%3A:p%40%2f%3F%23%25@host", "|u:|p@/?#%|host||6379|0" },
        { "redis://[::1]", "|||::1 v6||6379|0" },
        { "redis://[2001:db8::1]:7000/3", "|||2001:db8::1 v6||7000|3" },
        { "rediss://u:p@[::ffff:127.0.0.1]:1", "tls|u|p|::ffff:127.0.0.1 v6||"
          "1|0" },
        { "redis://host?db=7", "|||host||6379|7" },
        { "redis://host/?db=7", "|||host||6379|7" },
        { "redis://host/?", "|||host||6379|0" },
        { "redis://host/65535", "|||host||6379|65535" },
        { "unix:///run/redis.sock", "||||/run/redis.sock|0|0" },
        { "unix:///run/redis%20a@1.sock?db=4", "||||/run/redis a@1.sock|0|4" },
        { "unix://:secret@/run/r", "||secret||/run/r|0|0" },
        { "redis+unix://u:p@/run/r?db=1", "|u|p||/run/r|0|1" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        check(cases[i].text, cases[i].parts);
    }
}


static void
test_zero_in_password(void **state)
{
    qwen_redis_url_t  url;

    (void) state;

    assert_null(parse(&url, "redis://:a%00b@host"));
    test_assert_bytes(url.password, "a\0b", 3);
}


static void
test_wrong(void **state)
{
    size_t            i;
    const char       *wrong;
    qwen_redis_url_t  url;

    static const char  *cases[] = {
        "", "redis", "redis:", "redis:/", "http://host", "REDIS://host",
        "redis://", "redis:///0", "redis://:6379", "redis://user:PASS@",
        "redis://user@host", "redis://PASS@host:6379",
        "redis://:PA/SS@host", "redis://:PA?SS@host", "redis://:PA#SS@host",
        "redis://:PASS%@host", "redis://:PASS%2@host", "redis://:PASS%zz@host",
        "redis://PASS%g0:x@host",
        "redis://host:0", "redis://host:65536", "redis://host:", "redis://a:b",
        "redis://host:1x", "redis://host:-1", "redis://host:000001",
        "redis://ho st", "redis://ho%41st", "redis://h\xc3\xb6st",
        "redis://[::1", "redis://[]", "redis://[::1]x", "redis://[::g]",
        "redis://::1",
        "redis://host/x", "redis://host/-1", "redis://host/65536",
        "redis://host/1/2", "redis://host/123456",
        "redis://host?db=", "redis://host?db=x", "redis://host?x=1",
        "redis://host/1?db=1", "redis://host?db=1&x=1",
        "redis://host#x", "redis://host/0#", "redis://host?db=1#",
        "unix://", "unix:///", "unix://host/path", "unix://:PASS@",
        "unix:///a%0", "unix:///a%00b", "unix:///path?db=a",
        "unix:///path?PASS"
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        wrong = parse(&url, cases[i]);

        if (wrong == NULL) {
            fail_msg("\"%s\" is taken", cases[i]);
        }

        assert_null(strstr(wrong, "PA"));
    }
}


static void
test_long(void **state)
{
    char              text[QWEN_REDIS_MAX_URL + 2];
    qwen_redis_url_t  url;

    (void) state;

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "redis://:", 9);
    memcpy(text + sizeof(text) - 7, "@host/", 6);
    assert_non_null(parse(&url, text));

    /* one byte less */

    memcpy(text + sizeof(text) - 8, "@host/", 7);
    assert_null(parse(&url, text));
    assert_int_equal(url.password.len, QWEN_REDIS_MAX_URL - 15);

    memcpy(text, "unix:///", 8);
    text[8 + 107] = '\0';
    assert_non_null(parse(&url, text));
    text[8 + 106] = '\0';
    assert_null(parse(&url, text));

    memset(text + 8, 'a', 254);
    memcpy(text, "redis://", 8);
    text[8 + 254] = '\0';
    assert_non_null(parse(&url, text));
    text[8 + 253] = '\0';
    assert_null(parse(&url, text));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_zero_in_password),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_long)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
