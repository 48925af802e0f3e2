
/* The client of Redis against a real server. */

#include "client.h"
#include "server.h"


#define ARGS  "--requirepass topsecret " \
              "--user alice on >wonder~land ~* &* +@all " \
              "--user plain on >plain ~* &* +get +set"


static redis_server_t  server;


static int
setup_all(void **state)
{
    redis_server_start(&server, ARGS);

    return 0;
}


static int
teardown_all(void **state)
{
    redis_server_signal(&server, SIGTERM);

    return 0;
}


static client_t *
started(const ngx_qwen_redis_conf_t *conf)
{
    client_t  *client;

    client = client_start(client_url("redis", ":topsecret@", server.port, ""),
                          conf);
    loop_until(client->up, 1);
    (void) loop_logged();

    return client;
}


static void
test_commands(void **state)
{
    int        i;
    char       command[64], reply[64];
    client_t  *client;

    client = client_create(client_url("redis", ":topsecret@", server.port, ""),
                           NULL, NULL, NULL);

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

    client = started(NULL);
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
large_values(client_t *client)
{
    int        i;
    u_char    *data;
    size_t     size;
    ngx_str_t  argv[3];

    size = 5 * 1024 * 1024;
    data = malloc(size);

    ngx_str_set(&argv[0], "SET");
    ngx_str_set(&argv[1], "large");
    argv[2].data = data;
    argv[2].len = size;

    /* the queue moves while the server has taken a part */

    for (i = 0; i < 4; i++) {
        memset(data, 'a' + i, size);
        argv[2].len = size - 1000 * i;

        while (client_commandv(client, 3, argv) == NGX_AGAIN) {
            loop_turn();
        }

        loop_run(5);
    }

    loop_until(client->replies, client->taken);
    assert_int_equal(client->errors, 0);

    assert_int_equal(client_command(client, "GET large"), NGX_OK);
    loop_until(client->replies, client->taken);
    assert_int_equal(client->last_len, size - 3000);
    assert_memory_equal(client->last, "ddddddddddd", 11);

    client_expect(client, "DEL large", ":1");
    free(data);
}


static void
test_large_values(void **state)
{
    client_t  *client;

    client = started(NULL);
    large_values(client);
    client_free(client);
}


/* Bytes of all kinds, and an argument without memory. */
static void
test_binary(void **state)
{
    client_t   *client;
    ngx_str_t   argv[2];

    client = started(NULL);

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

    check_up(client_url("redis", "alice:wonder~land@", server.port, ""));
    check_up(client_url("redis", "alice:wonder%7eland@", server.port, "/1"));
    check_up(client_url("redis", "default:topsecret@", server.port, "?db=3"));

    /* no right to PING */

    check_up(client_url("redis", "plain:plain@", server.port, ""));

    snprintf(url, sizeof(url), "redis://:topsecret@[::1]:%d", server.port);
    check_up(url);

    snprintf(url, sizeof(url), "redis://:topsecret@localhost:%d", server.port);
    check_up(url);

    snprintf(url, sizeof(url), "unix://:topsecret@%s?db=2", server.socket);
    client = client_start(url, NULL);
    loop_until(client->up, 1);
    assert_int_equal(client_command(client, "CLIENT INFO"), NGX_OK);
    loop_until(client->replies, 1);
    assert_non_null(strstr(client->last, " db=2 "));
    client_free(client);

    snprintf(url, sizeof(url), "redis unix:%s?db=2 is up", server.socket);
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
check_down(const char *url, const ngx_qwen_redis_conf_t *conf,
    const char *reason)
{
    client_t    *client;
    const char  *logged;

    (void) loop_logged();

    client = client_start(url, conf);
    loop_until(client->down, 1);
    assert_string_equal(client->reason, reason);
    assert_int_equal(client_command(client, "PING"), NGX_DECLINED);

    /* more attempts, and not a word more */

    loop_run(500);
    assert_int_equal(client->down, 1);
    assert_int_equal(client->up, 0);

    logged = loop_logged();
    assert_int_equal(client_count(logged, "\n"), 1);
    assert_int_equal(client_count(logged, " is down: "), 1);
    assert_non_null(strstr(logged, reason));
    assert_null(strstr(logged, "secret"));

    client_free(client);
}


static void
test_refused(void **state)
{
    char  url[256];

    check_down(client_url("redis", ":not-the-secret@", server.port, ""), NULL,
               "AUTH was refused: WRONGPASS");
    check_down(client_url("redis", "bob:secret@", server.port, ""), NULL,
               "AUTH was refused: WRONGPASS");
    check_down(client_url("redis", "", server.port, ""), NULL,
               "PING was refused: NOAUTH");
    check_down(client_url("redis", ":topsecret@", server.port, "/99"), NULL,
               "SELECT was refused: ERR");
    check_down(client_url("redis", "", free_port(), ""), NULL,
               "connect() failed (111: Connection refused)");

    snprintf(url, sizeof(url), "unix://%s/none.sock", loop_dir());
    check_down(url, NULL, "connect() failed (2: No such file or directory)");
}


static void
trust(ngx_qwen_redis_conf_t *conf, const char *file, const char *name)
{
    memset(conf, 0, sizeof(ngx_qwen_redis_conf_t));

    conf->trusted_certificate.data = (u_char *) loop_path(file);
    conf->trusted_certificate.len =
                                strlen((char *) conf->trusted_certificate.data);
    conf->tls_name.data = (u_char *) name;
    conf->tls_name.len = strlen(name);
}


static void
test_tls(void **state)
{
    int                     i;
    char                    url[256];
    client_t               *client;
    ngx_qwen_redis_conf_t   conf;

    static const char  *hosts[] = { "127.0.0.1", "localhost", "[::1]" };

    trust(&conf, "ca.crt", "");

    for (i = 0; i < 3; i++) {
        snprintf(url, sizeof(url), "rediss://:topsecret@%s:%d/1", hosts[i],
                 server.tls_port);

        client = client_start(url, &conf);
        loop_until(client->up, 1);
        client_expect(client, "SET a 1", "OK");
        large_values(client);
        assert_int_equal(client->down, 0);
        client_free(client);
    }

    snprintf(url, sizeof(url), "rediss [::1]:%d/1 is up", server.tls_port);
    assert_non_null(strstr(loop_logged(), url));
}


static void
test_tls_refused(void **state)
{
    char                    url[256];
    ngx_qwen_redis_conf_t   conf;

    snprintf(url, sizeof(url), "rediss://:topsecret@localhost:%d",
             server.tls_port);

    trust(&conf, "other-ca.crt", "");
    check_down(url, &conf, "the server's certificate is not trusted "
               "(19: self-signed certificate in certificate chain)");

    /* the system knows nothing of the authority either */

    check_down(url, NULL, "the server's certificate is not trusted "
               "(19: self-signed certificate in certificate chain)");

    trust(&conf, "ca.crt", "redis.example.com");
    check_down(url, &conf, "the server's certificate is not for "
               "\"redis.example.com\"");

    trust(&conf, "ca.crt", "127.0.0.2");
    check_down(url, &conf, "the server's certificate is not for "
               "\"127.0.0.2\"");

    /* no TLS there */

    trust(&conf, "ca.crt", "");
    conf.connect_timeout = 200;
    check_down(client_url("rediss", "", server.port, ""), &conf,
               "no TLS handshake within 200 ms");

    trust(&conf, "none.crt", "");
    assert_null(client_create(url, &conf, NULL, NULL));
    assert_non_null(strstr(loop_logged(), "none.crt"));
}


/* The certificate may be for another name than that of the host. */
static void
test_tls_name(void **state)
{
    client_t               *client;
    ngx_qwen_redis_conf_t   conf;

    trust(&conf, "ca.crt", "localhost");

    client = client_start(client_url("rediss", ":topsecret@", server.tls_port,
                                     ""), &conf);
    loop_until(client->up, 1);
    client_free(client);
}


static void
test_restart(void **state)
{
    int          i;
    client_t    *client;
    const char  *logged;

    client = started(NULL);

    for (i = 1; i <= 2; i++) {
        assert_int_equal(client_command(client, "BLPOP none 0"), NGX_OK);
        assert_int_equal(client_command(client, "PING"), NGX_OK);
        loop_run(50);

        redis_server_signal(&server, (i == 1) ? SIGKILL : SIGTERM);
        client_until_down(client, "connect() failed (111: Connection "
                          "refused)");

        assert_int_equal(client->nulls, 2 * i);
        assert_int_equal(client_command(client, "PING"), NGX_DECLINED);
        loop_run(300);

        redis_server_start(&server, ARGS);
        loop_until(client->up, (ngx_uint_t) i + 1);
        client_expect(client, "ECHO again", "again");

        /* it was lost, then the connection was refused, then it was up */

        logged = loop_logged();
        assert_int_equal(client_count(logged, "\n"), 3);
        assert_int_equal(client_count(logged, " is down: "), 2);
        assert_int_equal(client_count(logged, "Connection refused"), 1);
        assert_int_equal(client_count(logged, " is up"), 1);
    }

    client_free(client);
}


static void
test_slow(void **state)
{
    int                     i;
    client_t               *client;
    ngx_qwen_redis_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.timeout = 300;
    conf.connect_timeout = 300;

    client = started(&conf);
    redis_server_signal(&server, SIGSTOP);

    for (i = 0; i < 10; i++) {
        assert_int_equal(client_command(client, "PING"), NGX_OK);
    }

    loop_until(client->down, 1);
    assert_string_equal(client->reason, "no reply within 300 ms");
    assert_int_equal(client->nulls, 10);

    /* the kernel connects, the server says nothing */

    client_until_down(client, "no answer within 300 ms of connecting");
    loop_run(500);
    assert_int_equal(client->down, 2);

    redis_server_signal(&server, SIGCONT);
    loop_until(client->up, 2);
    client_expect(client, "PING", "PONG");

    client_free(client);
}


/* Killed while some of the commands are on their way. */
static void
test_unsent(void **state)
{
    u_char      *data;
    client_t    *client;
    ngx_int_t    rc;
    ngx_str_t    argv[3];

    client = started(NULL);
    redis_server_signal(&server, SIGSTOP);

    data = calloc(1, 1024 * 1024);
    ngx_str_set(&argv[0], "SET");
    ngx_str_set(&argv[1], "a");
    argv[2].data = data;
    argv[2].len = 1024 * 1024;

    do {
        rc = client_commandv(client, 3, argv);
        loop_run(1);
    } while (rc == NGX_OK);

    assert_int_equal(rc, NGX_AGAIN);
    assert_true(client->taken > 10);
    assert_int_equal(client->nulls, 0);

    redis_server_signal(&server, SIGKILL);
    loop_until(client->down, 1);
    assert_int_equal(client->nulls, client->taken);

    redis_server_start(&server, ARGS);
    loop_until(client->up, 2);
    client_expect(client, "EXISTS a", ":0");

    client_free(client);
    free(data);
}


/* A server that takes nothing for a while: the queue grows, and then moves
 * while a write is unfinished. */
static void
check_stalled(client_t *client)
{
    int         i, round;
    u_char     *data;
    ngx_str_t   argv[3];

    data = malloc(1000000);
    ngx_str_set(&argv[0], "APPEND");
    ngx_str_set(&argv[1], "stalled");
    argv[2].data = data;

    for (round = 0; round < 3; round++) {
        redis_server_signal(&server, SIGSTOP);

        for (i = 0; i < 10; i++) {
            memset(data, 'a' + i, 1000000);
            argv[2].len = 1000000;
            assert_int_equal(client_commandv(client, 3, argv), NGX_OK);
            loop_run(2);
        }

        redis_server_signal(&server, SIGCONT);

        for (i = 0; i < 1000; i++) {
            data[0] = '0' + i % 10;
            argv[2].len = 1;
            assert_int_equal(client_commandv(client, 3, argv), NGX_OK);
            loop_turn();
        }

        loop_until(client->replies, client->taken);
    }

    assert_string_equal(client->last, ":30003000");

    client_expect(client, "GETRANGE stalled 30001998 30002011",
                  "jj012345678901");
    client_expect(client, "DEL stalled", ":1");
    assert_int_equal(client->up, 1);
    free(data);
}


static void
test_stalled(void **state)
{
    client_t               *client;
    ngx_qwen_redis_conf_t   conf;

    trust(&conf, "ca.crt", "");
    conf.timeout = 20000;

    client = started(&conf);
    check_stalled(client);
    client_free(client);

    client = client_start(client_url("rediss", ":topsecret@", server.tls_port,
                                     ""), &conf);
    loop_until(client->up, 1);
    check_stalled(client);
    client_free(client);
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

    client = started(&conf);

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

    client = started(NULL);

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

    client = started(NULL);

    listener = client_create(client_url("redis", ":topsecret@", server.port,
                                        "/5"), &conf, "one", "two");
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

    client = started(NULL);
    client_expect(client, "ACL SETUSER eve on >secret ~* resetchannels &ok "
                  "+@all", "OK");

    listener = client_create(client_url("redis", "eve:secret@", server.port,
                                        ""), NULL, "ok", "not-ok");
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

    client = started(NULL);
    client_expect(client, "CONFIG RESETSTAT", "OK");

    idle = started(&conf);
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


static void
test_drain(void **state)
{
    client_t  *client;

    client = started(NULL);
    assert_false(loop_kept_alive());

    assert_int_equal(client_command(client, "SET a drained"), NGX_OK);
    assert_int_equal(client_command(client, "GET a"), NGX_OK);
    assert_false(loop_kept_alive());

    ngx_qwen_redis_drain(client->redis);
    ngx_qwen_redis_drain(client->redis);
    assert_true(loop_kept_alive());
    assert_int_equal(client_command(client, "GET a"), NGX_DECLINED);

    loop_until(client->replies, 2);
    assert_string_equal(client->last, "drained");
    assert_false(loop_kept_alive());
    assert_int_equal(client->down + client->exiting, 0);

    client_free(client);

    /* nothing to wait for */

    client = started(NULL);
    ngx_qwen_redis_drain(client->redis);
    assert_int_equal(client_command(client, "GET a"), NGX_DECLINED);
    client_free(client);
}


/* No answer comes: the time-out ends it, and tells no state. */
static void
test_drain_in_vain(void **state)
{
    client_t               *client;
    ngx_qwen_redis_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.timeout = 300;

    client = started(&conf);
    assert_int_equal(client_command(client, "BLPOP none 0"), NGX_OK);
    ngx_qwen_redis_drain(client->redis);
    assert_true(loop_kept_alive());
    loop_until(client->nulls, 1);
    assert_int_equal(client->down, 0);
    client_free(client);
}


static void
on_exiting(client_t *client)
{
    if (client->exiting) {
        assert_int_equal(client_command(client, "SET exit 1"), NGX_OK);
        assert_int_equal(client_command(client, "GET exit"), NGX_OK);
    }
}


static void
worker_exits(void)
{
    ngx_exiting = 1;
    ngx_close_idle_connections((ngx_cycle_t *) ngx_cycle);
}


static void
test_exit(void **state)
{
    client_t  *client, *listener, *waiting;

    client = started(NULL);
    client->on_state = on_exiting;

    listener = client_create(client_url("redis", ":topsecret@", server.port,
                                        ""), NULL, "one", NULL);
    ngx_qwen_redis_start(listener->redis);
    loop_until(listener->up, 1);

    waiting = client_start(client_url("redis", "", free_port(), ""), NULL);
    loop_until(waiting->down, 1);

    worker_exits();

    assert_int_equal(client->exiting, 1);
    assert_int_equal(listener->exiting, 1);
    assert_int_equal(client_command(client, "GET exit"), NGX_DECLINED);

    assert_true(loop_kept_alive());
    loop_until(client->replies, 2);
    assert_string_equal(client->last, "1");
    assert_false(loop_kept_alive());

    /* one without a connection ends with its rest */

    loop_until(waiting->exiting, 1);
    assert_int_equal(waiting->down, 1);

    loop_run(300);
    assert_int_equal(client->exiting + listener->exiting + waiting->exiting, 3);
    assert_int_equal(client->down + listener->down, 0);

    ngx_exiting = 0;
    client_free(client);
    client_free(listener);
    client_free(waiting);
}


/* worker_shutdown_timeout: nothing is waited for any more. */
static void
test_exit_at_once(void **state)
{
    ngx_uint_t         i;
    client_t          *client;
    ngx_connection_t  *c;

    client = started(NULL);
    assert_int_equal(client_command(client, "BLPOP none 0"), NGX_OK);
    loop_run(20);

    worker_exits();
    assert_true(loop_kept_alive());

    /* as ngx_shutdown_timer_handler() does */

    c = ngx_cycle->connections;

    for (i = 0; i < ngx_cycle->connection_n; i++) {

        if (c[i].fd == (ngx_socket_t) -1
            || c[i].read == NULL
            || c[i].read->accept
            || c[i].read->channel
            || c[i].read->handler == NULL
            || c[i].log != c[i].read->log
            || c[i].data == NULL)
        {
            continue;
        }

        c[i].close = 1;
        c[i].error = 1;
        c[i].read->handler(c[i].read);
    }

    assert_int_equal(client->nulls, 1);
    assert_false(loop_kept_alive());

    ngx_exiting = 0;
    client_free(client);
}


static void
close_it(client_t *client)
{
    ngx_qwen_redis_close(client->redis);
    assert_int_equal(client_command(client, "PING"), NGX_DECLINED);
}


static void
drain_it(client_t *client)
{
    ngx_qwen_redis_drain(client->redis);
    assert_int_equal(client_command(client, "PING"), NGX_DECLINED);
}


static void
command_once_more(client_t *client)
{
    if (client->taken < 20) {
        (void) client_command(client, "PING");
    }
}


/* Handlers that end the client under its feet. */
static void
check_end_in_handlers(client_hook_pt hook)
{
    client_t  *client;

    client = client_start(client_url("redis", ":topsecret@", server.port, ""),
                          NULL);
    client->on_state = hook;
    loop_until(client->up, 1);
    loop_run(50);
    client_free(client);

    client = client_start(client_url("redis", "", server.port, ""), NULL);
    client->on_state = hook;
    loop_until(client->down, 1);
    loop_run(50);
    client_free(client);

    /* one that gets NULL */

    client = started(NULL);
    client->on_reply = hook;
    assert_int_equal(client_command(client, "BLPOP none 0"), NGX_OK);
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    loop_run(20);
    redis_server_signal(&server, SIGKILL);
    loop_until(client->nulls, 2);
    loop_run(50);
    assert_int_equal(client->down, 0);
    client_free(client);
    redis_server_start(&server, ARGS);
}


static void
check_end_in_reply(client_hook_pt hook, ngx_uint_t replies)
{
    client_t  *client;

    client = started(NULL);
    client->on_reply = hook;
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    assert_int_equal(client_command(client, "BLPOP none 1"), NGX_OK);
    loop_until(client->replies, replies);
    assert_int_equal(client->nulls, 3 - replies);
    client_free(client);
}


static void
test_end_in_handlers(void **state)
{
    check_end_in_handlers(close_it);
    check_end_in_handlers(drain_it);

    check_end_in_reply(close_it, 1);
    check_end_in_reply(drain_it, 3);
}


static void
test_commands_in_handlers(void **state)
{
    client_t  *client;

    client = started(NULL);
    client->on_reply = command_once_more;
    client->on_state = command_once_more;
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    loop_until(client->replies, 20);

    assert_int_equal(client_command(client, "BLPOP none 0"), NGX_OK);
    loop_run(20);
    redis_server_signal(&server, SIGKILL);
    loop_until(client->nulls, 1);
    redis_server_start(&server, ARGS);
    loop_until(client->up, 2);
    client_free(client);
}


static void
test_message_closes(void **state)
{
    client_t  *client, *listener;

    client = started(NULL);

    listener = client_create(client_url("redis", ":topsecret@", server.port,
                                        ""), NULL, "one", NULL);
    listener->on_message = close_it;
    ngx_qwen_redis_start(listener->redis);
    loop_until(listener->up, 1);

    assert_int_equal(client_command(client, "PUBLISH one a"), NGX_OK);
    assert_int_equal(client_command(client, "PUBLISH one b"), NGX_OK);
    loop_until(client->replies, 2);
    loop_until(listener->messages, 1);
    loop_run(50);
    assert_int_equal(listener->messages, 1);

    client_free(listener);
    client_free(client);
}


/* Closed in each phase, by nobody's handler. */
static void
test_close(void **state)
{
    int        i, turns;
    client_t  *client;

    client = client_create(client_url("redis", "", server.port, ""), NULL,
                           NULL, NULL);
    client_free(client);

    for (turns = 0; turns < 12; turns++) {
        client = client_start(client_url("redis", ":topsecret@", server.port,
                                         ""), NULL);

        for (i = 0; i < turns; i++) {
            loop_turn();
        }

        (void) client_command(client, "PING");
        ngx_qwen_redis_close(client->redis);
        assert_int_equal(client->nulls, client->taken);
        client_free(client);
    }
}


int
main(int argc, char **argv)
{
    int   failed;
    char  command[256];

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_large_values),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_wrong_configurations),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_refused),
        cmocka_unit_test(test_tls_name),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_unsent),
        cmocka_unit_test(test_stalled),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_channel_refused),
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_replica),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_in_vain),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_exit_at_once),
        cmocka_unit_test(test_end_in_handlers),
        cmocka_unit_test(test_commands_in_handlers),
        cmocka_unit_test(test_message_closes),
        cmocka_unit_test(test_close)
    };

    loop_init(argv);

    snprintf(command, sizeof(command), "t/unit/store/certificates.sh %s",
             loop_dir());

    if (system(command) != 0) {
        return 1;
    }

    failed = cmocka_run_group_tests(tests, setup_all, teardown_all);

    loop_done();

    return failed;
}
