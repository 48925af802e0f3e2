
/* The client of Redis and a real server: commands, channels, URLs, limits. */

#include "real.h"


static void
test_commands(void **state)
{
    int        i;
    char       command[64], reply[64];
    client_t  *client;

    client = client_create(real_url(":topsecret@", ""), NULL, NULL, NULL);

    assert_int_equal(client_command(client, "PING"), NGX_DECLINED);
    ngx_qwen_redis_start(client->redis);
    assert_int_equal(client_command(client, "PING"), NGX_DECLINED);
    loop_until(client->up, 1);
    assert_int_equal(client->down, 0);

    client_expect(client, "FLUSHALL", "OK");
    client_expect(client, "GET a", "nil");
    client_expect(client, "SET a 1", "OK");
    client_expect(client, "INCR a", ":2");
    client_expect(client, "GET a", "2");
    client_expect(client, "MGET a b c", "*3");
    client_expect(client, "NO-SUCH-COMMAND",
                  "ERR unknown command 'NO-SUCH-COMMAND', "
                  "with args beginning with: ");
    assert_int_equal(client->errors, 1);

    /* many at once, answered in their order */

    for (i = 0; i < 1000; i++) {
        snprintf(command, sizeof(command), "ECHO %d", i);
        assert_int_equal(client_command(client, command), NGX_OK);
    }

    for (i = 0; i < 1000; i++) {
        loop_until_at(&client->replies, client->taken, "replies", __FILE__,
                      __LINE__);
    }

    snprintf(reply, sizeof(reply), "%d", 999);
    assert_string_equal(client->last, reply);

    client_free(client);
}


/* As a reply comes, the next one must be that of the next command. */
static void
on_reply_in_order(client_t *client)
{
    char         expected[32];
    static int   n;

    snprintf(expected, sizeof(expected), "%d", n++);
    assert_string_equal(client->last, expected);

    if (n == 500) {
        n = 0;
    }
}


static void
test_order(void **state)
{
    int        i;
    char       command[64];
    client_t  *client;

    client = real_client(NULL);
    client->on_reply = on_reply_in_order;

    for (i = 0; i < 500; i++) {
        snprintf(command, sizeof(command), "ECHO %d", i);
        assert_int_equal(client_command(client, command), NGX_OK);

        if (i % 50 == 0) {
            loop_turn();
        }
    }

    loop_until(client->replies, 500);
    client_free(client);
}


static void
test_large_values(void **state)
{
    client_t  *client;

    client = real_client(NULL);
    real_large_values(client);
    client_free(client);
}


/* Bytes of all kinds, and an argument without memory. */
static void
test_binary(void **state)
{
    client_t   *client;
    ngx_str_t   argv[2];

    client = real_client(NULL);

    ngx_str_set(&argv[0], "ECHO");
    ngx_str_set(&argv[1], "a\0\r\nb");
    assert_int_equal(client_commandv(client, 2, argv), NGX_OK);
    loop_until(client->replies, 1);
    assert_int_equal(client->last_len, 5);

    argv[1].data = NULL;
    argv[1].len = 0;
    assert_int_equal(client_commandv(client, 2, argv), NGX_OK);
    loop_until(client->replies, 2);
    assert_int_equal(client->last_len, 0);

    client_free(client);
}


static void
check_up(const char *url)
{
    client_t  *client;

    client = client_start(url, NULL);
    loop_until(client->up, 1);
    client_expect(client, "SET key value", "OK");
    client_free(client);

    assert_null(strstr(loop_logged(), "is down"));
}


static void
test_urls(void **state)
{
    char       url[256];
    client_t  *client;

    check_up(real_url("alice:wonder~land@", ""));
    check_up(real_url("alice:wonder%7eland@", "/1"));
    check_up(real_url("default:topsecret@", "?db=3"));

    /* no right to PING */

    check_up(real_url("plain:plain@", ""));

    snprintf(url, sizeof(url), "redis://:topsecret@[::1]:%d", real_server.port);
    check_up(url);

    snprintf(url, sizeof(url), "redis://:topsecret@localhost:%d",
             real_server.port);
    check_up(url);

    snprintf(url, sizeof(url), "unix://:topsecret@%s?db=2", real_server.socket);
    client = client_start(url, NULL);
    loop_until(client->up, 1);
    assert_int_equal(client_command(client, "CLIENT INFO"), NGX_OK);
    loop_until(client->replies, 1);
    assert_non_null(strstr(client->last, " db=2 "));
    client_free(client);

    snprintf(url, sizeof(url), "redis unix:%s?db=2 is up", real_server.socket);
    assert_non_null(strstr(loop_logged(), url));
}


static void
test_wrong_configurations(void **state)
{
    size_t        i;
    const char   *logged;

    static const struct {
        const char  *url;
        const char  *logged;
    } cases[] = {
        { "http://host", "wrong URL of the Redis server: the URL must begin" },
        { "redis://:SECRET@", "wrong URL of the Redis server: there is no" },
        { "redis://:SEC/RET@host", "wrong URL of the Redis server: in a" },
        { "redis://:SECRET@host.invalid", "host not found in \"redis "
          "host.invalid:6379/0\"" },
        { "redis://:SECRET@[1:2]", "in \"redis [1:2]:6379/0\"" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) loop_logged();
        assert_null(client_create(cases[i].url, NULL, NULL, NULL));

        logged = loop_logged();

        if (strstr(logged, cases[i].logged) == NULL) {
            fail_msg("%s", logged);
        }

        assert_null(strstr(logged, "SEC"));
        assert_null(strstr(logged, "RET@"));
    }
}


static void
test_refused(void **state)
{
    char  url[256];

    real_check_down(real_url(":not-the-secret@", ""), NULL,
                    "AUTH was refused: WRONGPASS");
    real_check_down(real_url("bob:secret@", ""), NULL,
                    "AUTH was refused: WRONGPASS");
    real_check_down(real_url("", ""), NULL,
                    "PING was refused: NOAUTH");
    real_check_down(real_url(":topsecret@", "/99"), NULL,
                    "SELECT was refused: ERR");
    real_check_down(client_url("redis", "", free_port(), ""), NULL,
                    "connect() failed (111: Connection refused)");

    snprintf(url, sizeof(url), "unix://%s/none.sock", loop_dir());
    real_check_down(url, NULL,
                    "connect() failed (2: No such file or directory)");
}


static void
test_limits(void **state)
{
    u_char                 *data;
    client_t               *client;
    ngx_str_t               argv[2];
    ngx_uint_t              i;
    ngx_qwen_redis_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.max_commands = 5;
    conf.max_bytes = 100000;
    conf.max_reply = 1000;

    client = real_client(&conf);

    for (i = 0; i < 5; i++) {
        assert_int_equal(client_command(client, "PING"), NGX_OK);
    }

    assert_int_equal(client_command(client, "PING"), NGX_AGAIN);
    loop_until(client->replies, 5);

    data = malloc(100000);
    memset(data, 'a', 100000);

    ngx_str_set(&argv[0], "STRLEN");
    argv[1].data = data;
    argv[1].len = 60000;
    assert_int_equal(client_commandv(client, 2, argv), NGX_OK);
    assert_int_equal(client_commandv(client, 2, argv), NGX_AGAIN);
    argv[1].len = 100000;
    assert_int_equal(client_commandv(client, 2, argv), NGX_ERROR);
    argv[1].len = 60000;
    loop_until(client->replies, 6);
    assert_int_equal(client_commandv(client, 2, argv), NGX_OK);
    loop_until(client->replies, 7);

    /* what it refuses by itself does no harm; a reply too large does */

    assert_int_equal(client->up, 1);
    assert_int_equal(client->down, 0);

    ngx_str_set(&argv[0], "ECHO");
    argv[1].data = data;
    argv[1].len = 1001;
    assert_int_equal(client_commandv(client, 2, argv), NGX_OK);
    loop_until(client->down, 1);
    assert_string_equal(client->reason, "a reply is too large");
    assert_int_equal(client->nulls, 1);
    loop_until(client->up, 2);

    client_free(client);
    free(data);
}


static void
test_arguments(void **state)
{
    client_t    *client;
    ngx_str_t    argv[NGX_QWEN_REDIS_MAX_ARGS + 1];
    ngx_uint_t   i;

    client = real_client(NULL);

    for (i = 0; i < NGX_QWEN_REDIS_MAX_ARGS + 1; i++) {
        ngx_str_set(&argv[i], "DEL");
    }

    assert_int_equal(client_commandv(client, 0, argv), NGX_ERROR);
    assert_int_equal(client_commandv(client, NGX_QWEN_REDIS_MAX_ARGS + 1,
                                     argv), NGX_ERROR);
    assert_int_equal(client_commandv(client, NGX_QWEN_REDIS_MAX_ARGS, argv),
                     NGX_OK);
    loop_until(client->replies, 1);
    assert_string_equal(client->last, ":0");

    client_free(client);
}


static void
test_channels(void **state)
{
    client_t               *client, *listener;
    ngx_qwen_redis_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.ping = 50;

    client = real_client(NULL);

    listener = client_create(real_url(":topsecret@", "/5"), &conf, "one",
                             "two");
    ngx_qwen_redis_start(listener->redis);
    loop_until(listener->up, 1);
    assert_int_equal(client_command(listener, "PING"), NGX_DECLINED);

    client_expect(client, "PUBLISH one hello", ":1");
    loop_until(listener->messages, 1);
    assert_string_equal(listener->message, "one hello");

    client_expect(client, "PUBLISH two world", ":1");
    loop_until(listener->messages, 2);
    assert_string_equal(listener->message, "two world");

    client_expect(client, "PUBLISH three x", ":0");

    /* it looks for the server, and the server answers */

    loop_run(500);
    assert_int_equal(listener->down, 0);
    assert_int_equal(client_command(client, "INFO commandstats"), NGX_OK);
    loop_until(client->replies, client->taken);

    client_expect(client, "CLIENT KILL TYPE pubsub", ":1");
    loop_until(listener->down, 1);
    loop_until(listener->up, 2);
    client_expect(client, "PUBLISH one again", ":1");
    loop_until(listener->messages, 3);
    assert_string_equal(listener->message, "one again");

    assert_int_equal(client_count(loop_logged(), "/5 (channels) is down: "),
                     1);

    client_free(listener);
    client_free(client);
}


/* A channel that the user has no right to. */
static void
test_channel_refused(void **state)
{
    client_t  *client, *listener;

    client = real_client(NULL);
    client_expect(client, "ACL SETUSER eve on >secret ~* resetchannels &ok "
                  "+@all", "OK");

    listener = client_create(real_url("eve:secret@", ""), NULL, "ok", "not-ok");
    ngx_qwen_redis_start(listener->redis);
    loop_until(listener->down, 1);
    assert_string_equal(listener->reason, "SUBSCRIBE was refused: NOPERM");

    client_free(listener);
    client_free(client);
}


static void
test_ping(void **state)
{
    client_t               *client, *idle;
    ngx_qwen_redis_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.ping = 50;

    client = real_client(NULL);
    client_expect(client, "CONFIG RESETSTAT", "OK");

    idle = real_client(&conf);
    loop_run(600);
    assert_int_equal(idle->down, 0);

    client_expect(client, "EVAL return(redis.call('info','commandstats')"
                  ":match('ping:calls=%d%d?,')~=nil) 0", ":1");
    client_expect(client, "EVAL return(tonumber(redis.call('info',"
                  "'commandstats'):match('ping:calls=(%d+)'))>4) 0", ":1");

    client_free(idle);
    client_free(client);
}


/* Errors that a server in some state answers are the caller's. */
static void
test_replica(void **state)
{
    client_t               *client, *other;
    redis_server_t          replica;
    ngx_qwen_redis_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.ping = 50;

    memset(&replica, 0, sizeof(replica));
    replica.port = free_port();
    replica.tls_port = free_port();
    replica.socket = loop_path("replica.sock");

    redis_server_start(&replica, "--replicaof 127.0.0.1 1");

    client = client_start(client_url("redis", "", replica.port, ""), &conf);
    loop_until(client->up, 1);
    client_expect(client, "GET a", "nil");
    client_expect(client, "SET a 1",
                  "READONLY You can't write against a read only replica.");

    client_expect(client, "CONFIG SET replica-serve-stale-data no", "OK");
    assert_int_equal(client_command(client, "GET a"), NGX_OK);
    loop_until(client->replies, client->taken);
    assert_ptr_equal(strstr(client->last, "MASTERDOWN "), client->last);

    /* it is up as long as the server speaks */

    loop_run(300);
    assert_int_equal(client->down, 0);

    /* a new one does not come up */

    other = client_start(client_url("redis", "", replica.port, ""), &conf);
    loop_until(other->down, 1);
    assert_string_equal(other->reason, "PING was refused: MASTERDOWN");
    client_expect(client, "REPLICAOF NO ONE", "OK");
    loop_until(other->up, 1);

    client_free(client);
    client_free(other);
    redis_server_signal(&replica, SIGKILL);
}


int
main(int argc, char **argv)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_large_values),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_wrong_configurations),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_channel_refused),
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_replica)
    };

    real_init(argv);

    return real_done(cmocka_run_group_tests(tests, NULL, NULL));
}
