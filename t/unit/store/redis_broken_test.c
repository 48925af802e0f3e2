
/* The client of Redis against servers that misbehave. */

#include "client.h"
#include "server.h"

#include "ngx_qwen_redis_core.h"


#define PING  "*1\r\n$4\r\nPING\r\n"
#define PONG  "+PONG\r\n"

#define GREETING                                                              \
    { SCRIPT_ACCEPT, NULL, 0 }, { SCRIPT_READ, PING, 0 },                     \
    { SCRIPT_SEND, PONG, 0 }

#define END  { SCRIPT_END, NULL, 0 }


static client_t *
client_of(script_server_t *server, const char *userinfo,
    const ngx_qwen_redis_conf_t *conf)
{
    (void) loop_logged();

    return client_start(client_url("redis", userinfo, server->port, ""), conf);
}


/* What is sent, byte for byte; and what comes in single bytes. */
static void
test_bytes(void **state)
{
    client_t         *client;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        { SCRIPT_ACCEPT, NULL, 0 },
        { SCRIPT_READ, "*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$6\r\nse@ret\r\n"
                       "*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n" PING, 0 },
        { SCRIPT_BYTES, "+OK\r\n+OK\r\n" PONG, 0 },
        { SCRIPT_READ, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
                       "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n", 0 },
        { SCRIPT_BYTES, "$5\r\nhello\r\n$-1\r\n", 0 },
        { SCRIPT_READ, "*1\r\n$4\r\nPING\r\n", 0 },
        { SCRIPT_BYTES, "-LOADING Redis is loading\r\n", 0 },
        END
    };

    script_start(&server, script);

    client = client_start(client_url("redis", "user:se@ret@", server.port,
                                     "/7"), NULL);
    loop_until(client->up, 1);

    assert_int_equal(client_command(client, "GET a"), NGX_OK);
    assert_int_equal(client_command(client, "GET b"), NGX_OK);
    loop_until(client->replies, 2);
    assert_string_equal(client->last, "nil");

    client_expect(client, "PING", "LOADING Redis is loading");
    client_free(client);
    script_done(&server);
}


/* A password alone, and channels. */
static void
test_channel_bytes(void **state)
{
    client_t         *client;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        { SCRIPT_ACCEPT, NULL, 0 },
        { SCRIPT_READ, "*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n"
                       "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n"
                       "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nb\r\n", 0 },
        { SCRIPT_BYTES, "+OK\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"

                        /* before it is up */

                        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n0\r\n"
                        "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"
                        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n", 0 },
        { SCRIPT_READ, PING, 0 },
        { SCRIPT_BYTES, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n2\r\n"
                        "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
                        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$-1\r\n", 0 },
        { SCRIPT_SLEEP, NULL, 100 },
        END
    };

    ngx_qwen_redis_conf_t  conf = { .ping = 50 };

    script_start(&server, script);

    client = client_create(client_url("redis", ":p@", server.port, "/7"),
                           &conf, "a", "b");
    ngx_qwen_redis_start(client->redis);
    loop_until(client->up, 1);
    loop_until(client->messages, 1);
    assert_string_equal(client->message, "a 1");
    loop_until(client->messages, 2);
    assert_string_equal(client->message, "a 2");

    /* a message of nothing is none */

    loop_until(client->down, 1);
    assert_string_equal(client->reason, "a reply that nobody waits for");

    client_free(client);
    script_done(&server);
}


/* What goes wrong once, at each stage. */

typedef struct {
    script_t      steps[4];
    ngx_uint_t    ups;               /* before it goes wrong */
    const char   *reason;            /* NULL: it depends */
} stage_t;


#define STAGE_SEND(text)                                                      \
    { SCRIPT_READ, PING, 0 }, { SCRIPT_SEND, text, 0 }

#define STAGE_CLOSE  { SCRIPT_CLOSE, NULL, 0 }


static const stage_t  stages[] = {

    /* a socket that is closed unread may be reset */

    { { STAGE_CLOSE }, 0, NULL },

    { { { SCRIPT_READ, PING, 0 }, STAGE_CLOSE }, 0,
      "the server closed the connection" },

    { { STAGE_SEND("+PO"), STAGE_CLOSE }, 0,
      "the server closed the connection" },

    { { STAGE_SEND("-LOADING in memory\r\n") }, 0,
      "PING was refused: LOADING" },

    { { STAGE_SEND("-secret 1 2\r\n") }, 0,
      "PING was refused: an error without a code" },

    { { STAGE_SEND("HTTP/1.1 400 secret\r\n\r\n") }, 0,
      "a reply is no RESP2" },

    { { STAGE_SEND("$2000000\r\n") }, 0, "a reply is too large" },

    { { STAGE_SEND(PONG), STAGE_CLOSE }, 1,
      "the server closed the connection" },

    { { STAGE_SEND(PONG PONG) }, 1, "a reply that nobody waits for" },

    { { STAGE_SEND(PONG "\377") }, 1, "a reply is no RESP2" }
};


/* The next attempt goes well. */
static void
check_stage(const stage_t *stage)
{
    int               n;
    client_t         *client;
    script_t          script[12];
    script_server_t   server = { 0, 0 };

    ngx_qwen_redis_conf_t  conf = { .max_reply = 1000000 };

    memset(script, 0, sizeof(script));

    n = 0;
    script[n++].op = SCRIPT_ACCEPT;

    for ( /* void */ ; stage->steps[n - 1].op != SCRIPT_END; n++) {
        script[n] = stage->steps[n - 1];
    }

    script[n++].op = SCRIPT_ACCEPT;
    script[n++] = (script_t) { SCRIPT_READ, PING, 0 };
    script[n++] = (script_t) { SCRIPT_SEND, PONG, 0 };
    script[n++] = (script_t) { SCRIPT_SLEEP, NULL, 50 };

    script_start(&server, script);

    client = client_of(&server, "", &conf);
    loop_until(client->down, 1);
    assert_int_equal(client->up, stage->ups);

    if (stage->reason) {
        assert_string_equal(client->reason, stage->reason);
    }

    loop_until(client->up, stage->ups + 1);
    assert_int_equal(client->down, 1);
    assert_null(strstr(loop_logged(), "secret"));

    client_free(client);
    script_done(&server);
}


static void
test_stages(void **state)
{
    size_t  i;

    for (i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        check_stage(&stages[i]);
    }
}


/* Replies that were waited for when it broke off. */
static void
test_breaks_off(void **state)
{
    client_t         *client;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        GREETING,
        { SCRIPT_READ, PING PING PING, 0 },
        { SCRIPT_SEND, PONG "+PON", 0 },
        { SCRIPT_CLOSE, NULL, 0 },
        GREETING,

        /* what was read of the broken reply is forgotten */

        { SCRIPT_READ, PING, 0 },
        { SCRIPT_SEND, "+G\r\n", 0 },
        { SCRIPT_SLEEP, NULL, 50 },
        END
    };

    script_start(&server, script);

    client = client_of(&server, "", NULL);
    loop_until(client->up, 1);
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    loop_until(client->down, 1);
    assert_int_equal(client->replies, 1);
    assert_int_equal(client->nulls, 2);

    loop_until(client->up, 2);
    client_expect(client, "PING", "G");

    client_free(client);
    script_done(&server);
}


/* No answer to the greeting. */
static void
test_late_greeting(void **state)
{
    client_t         *client;
    ngx_msec_t        start;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        { SCRIPT_ACCEPT, NULL, 0 },
        { SCRIPT_SLEEP, NULL, 10000 },
        END
    };

    ngx_qwen_redis_conf_t  conf = { .connect_timeout = 200 };

    script_start(&server, script);

    client = client_of(&server, "", &conf);
    start = loop_clock();
    loop_until(client->down, 1);
    assert_string_equal(client->reason, "no answer within 200 ms of "
                        "connecting");
    assert_in_range(loop_clock() - start, 190, 5000);

    client_free(client);
    script_kill(&server);
}


/* A reply that comes too late, after one that does not. */
static void
test_late_reply(void **state)
{
    client_t         *client;
    ngx_msec_t        start;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        GREETING,
        { SCRIPT_READ, PING PING PING, 0 },
        { SCRIPT_SEND, PONG, 0 },
        { SCRIPT_SLEEP, NULL, 10000 },
        END
    };

    ngx_qwen_redis_conf_t  conf = { .timeout = 500 };

    script_start(&server, script);

    client = client_of(&server, "", &conf);
    loop_until(client->up, 1);
    start = loop_clock();
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    loop_until(client->down, 1);
    assert_in_range(loop_clock() - start, 490, 5000);
    assert_int_equal(client->replies, 1);
    assert_int_equal(client->nulls, 2);
    assert_string_equal(client->reason, "no reply within 500 ms");

    client_free(client);
    script_kill(&server);
}


/* A server that dies without a word is found by the look for it. */
static void
test_silent(void **state)
{
    client_t         *client;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        GREETING,
        { SCRIPT_READ, PING, 0 },
        { SCRIPT_SEND, "-NOPERM no\r\n", 0 },
        { SCRIPT_READ, PING, 0 },
        { SCRIPT_SLEEP, NULL, 10000 },
        END
    };

    ngx_qwen_redis_conf_t  conf = { .timeout = 500, .ping = 50 };

    script_start(&server, script);

    client = client_of(&server, "", &conf);
    loop_until(client->up, 1);
    loop_until(client->down, 1);
    assert_string_equal(client->reason, "no reply within 500 ms");

    client_free(client);
    script_kill(&server);
}


/* What never ends its handshake. */
static void
test_silent_tls(void **state)
{
    client_t         *client;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        { SCRIPT_ACCEPT, NULL, 0 },
        { SCRIPT_SLEEP, NULL, 10000 },
        END
    };

    ngx_qwen_redis_conf_t  conf = { .connect_timeout = 200 };

    script_start(&server, script);

    client = client_start(client_url("rediss", "", server.port, ""), &conf);
    loop_run(50);

    /* nor does the end of the worker end it */

    ngx_close_idle_connections((ngx_cycle_t *) ngx_cycle);
    assert_false(loop_kept_alive());

    loop_until(client->down, 1);
    assert_string_equal(client->reason, "no TLS handshake within 200 ms");

    client_free(client);
    script_kill(&server);
}


/* The name is sent, and alerts say why a server ends a handshake. */
static void
test_tls_hello(void **state)
{
    client_t         *client;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        { SCRIPT_ACCEPT, NULL, 0 },
        { SCRIPT_FIND, "redis.server.one", 0 },
        { SCRIPT_SEND, "\25\3\3\0\2\2\50", 7 },
        { SCRIPT_SLEEP, NULL, 50 },
        END
    };

    ngx_qwen_redis_conf_t  conf = {
        .tls_name = ngx_string("redis.server.one")
    };

    script_start(&server, script);
    client = client_start(client_url("rediss", "", server.port, ""), &conf);
    loop_until(client->down, 1);
    assert_string_equal(client->reason, "the TLS handshake failed (alert of "
                        "the server: handshake failure)");
    client_free(client);
    script_done(&server);
}


/* Attempts grow rarer, and each has its jitter. */
static void
test_back_off(void **state)
{
    client_t         *client;
    ngx_msec_t        start;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        GREETING, { SCRIPT_CLOSE, NULL, 0 },
        GREETING, { SCRIPT_CLOSE, NULL, 0 },
        GREETING, { SCRIPT_CLOSE, NULL, 0 },
        GREETING, { SCRIPT_CLOSE, NULL, 0 },
        GREETING, { SCRIPT_SLEEP, NULL, 50 },
        END
    };

    script_start(&server, script);

    client = client_of(&server, "", NULL);
    loop_until(client->up, 1);
    start = loop_clock();
    loop_until(client->up, 5);

    /* that it was up for a moment is no reason to begin anew: half or all of
     * 100, 200, 400 and 800 ms */

    assert_in_range(loop_clock() - start, 740, 5000);
    assert_int_equal(client->down, 4);

    client_free(client);
    script_done(&server);
}


static void
two_addresses(client_t *client, int first, int second)
{
    int         i;
    char        text[32];
    ngx_addr_t  *addrs;

    addrs = ngx_pcalloc(client->pool, 2 * sizeof(ngx_addr_t));

    for (i = 0; i < 2; i++) {
        snprintf(text, sizeof(text), "127.0.0.1:%d", i ? second : first);
        assert_int_equal(ngx_parse_addr_port(client->pool, &addrs[i],
                                             (u_char *) text, strlen(text)),
                         NGX_OK);
        ngx_str_set(&addrs[i].name, "address");
    }

    client->server->addrs = addrs;
    client->server->naddrs = 2;
}


static void
test_addresses(void **state)
{
    client_t         *client;
    script_server_t   server = { 0, 0 };

    static const script_t  script[] = {
        GREETING,
        { SCRIPT_SLEEP, NULL, 100 },
        { SCRIPT_CLOSE, NULL, 0 },
        GREETING,
        { SCRIPT_SLEEP, NULL, 50 },
        END
    };

    /* the first is refused: that is no state */

    script_start(&server, script);
    client = client_create(client_url("redis", "", server.port, ""), NULL,
                           NULL, NULL);
    two_addresses(client, free_port(), server.port);

    ngx_qwen_redis_start(client->redis);
    loop_until(client->up, 1);
    assert_int_equal(client->down, 0);

    /* and no rest */

    assert_int_equal(client->redis->delay, 100);

    /* the one that was good comes first */

    loop_until(client->up, 2);
    assert_int_equal(client->down, 1);
    client_free(client);
    script_done(&server);

    /* both are, each for a reason of its own: told once */

    (void) loop_logged();
    client = client_create("redis://127.0.0.1:1", NULL, NULL, NULL);
    two_addresses(client, free_port(), free_port());
    client->server->addrs[0].sockaddr = (struct sockaddr *)
        &(struct sockaddr_un) { .sun_family = AF_UNIX, .sun_path = "/none" };
    client->server->addrs[0].socklen = sizeof(struct sockaddr_un);

    ngx_qwen_redis_start(client->redis);
    loop_run(700);
    assert_int_equal(client->down, 1);
    assert_int_equal(client_count(loop_logged(), "\n"), 1);
    client_free(client);
}


int
main(int argc, char **argv)
{
    int  failed;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_channel_bytes),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_breaks_off),
        cmocka_unit_test(test_late_greeting),
        cmocka_unit_test(test_late_reply),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_silent_tls),
        cmocka_unit_test(test_tls_hello),
        cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_addresses)
    };

    loop_init(argv);

    failed = cmocka_run_group_tests(tests, NULL, NULL);

    loop_done();

    return failed;
}
