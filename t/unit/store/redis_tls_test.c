
/* The client of Redis and a real server: TLS, and a queue that moves. */

#include "real.h"


static void
test_tls(void **state)
{
    int                     i;
    char                    url[256];
    client_t               *client;
    ngx_qwen_redis_conf_t   conf;

    static const char  *hosts[] = { "127.0.0.1", "localhost", "[::1]" };

    real_trust(&conf, "ca.crt", "");

    for (i = 0; i < 3; i++) {
        snprintf(url, sizeof(url), "rediss://:topsecret@%s:%d/1", hosts[i],
                 real_server.tls_port);

        client = client_start(url, &conf);
        loop_until(client->up, 1);
        client_expect(client, "SET a 1", "OK");
        real_large_values(client);
        assert_int_equal(client->down, 0);
        client_free(client);
    }

    snprintf(url, sizeof(url), "rediss [::1]:%d/1 is up", real_server.tls_port);
    assert_non_null(strstr(loop_logged(), url));
}


static void
test_tls_refused(void **state)
{
    char                    url[256];
    ngx_qwen_redis_conf_t   conf;

    snprintf(url, sizeof(url), "rediss://:topsecret@localhost:%d",
             real_server.tls_port);

    real_trust(&conf, "other-ca.crt", "");
    real_check_down(url, &conf, "the server's certificate is not trusted "
                    "(19: self-signed certificate in certificate chain)");

    /* the system knows nothing of the authority either */

    real_check_down(url, NULL, "the server's certificate is not trusted "
                    "(19: self-signed certificate in certificate chain)");

    real_trust(&conf, "ca.crt", "redis.example.com");
    real_check_down(url, &conf, "the server's certificate is not for "
                    "\"redis.example.com\"");

    real_trust(&conf, "ca.crt", "127.0.0.2");
    real_check_down(url, &conf, "the server's certificate is not for "
                    "\"127.0.0.2\"");

    /* no TLS there */

    real_trust(&conf, "ca.crt", "");
    conf.connect_timeout = 200;
    real_check_down(client_url("rediss", "", real_server.port, ""), &conf,
                    "no TLS handshake within 200 ms");

    real_trust(&conf, "none.crt", "");
    assert_null(client_create(url, &conf, NULL, NULL));
    assert_non_null(strstr(loop_logged(), "none.crt"));
}


/* The certificate may be for another name than that of the host. */
static void
test_tls_name(void **state)
{
    client_t               *client;
    ngx_qwen_redis_conf_t   conf;

    real_trust(&conf, "ca.crt", "localhost");

    client = client_start(client_url("rediss", ":topsecret@",
                                     real_server.tls_port, ""), &conf);
    loop_until(client->up, 1);
    client_free(client);
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
        redis_server_signal(&real_server, SIGSTOP);

        for (i = 0; i < 10; i++) {
            memset(data, 'a' + i, 1000000);
            argv[2].len = 1000000;
            assert_int_equal(client_commandv(client, 3, argv), NGX_OK);
            loop_run(2);
        }

        redis_server_signal(&real_server, SIGCONT);

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

    real_trust(&conf, "ca.crt", "");
    conf.timeout = 20000;

    client = real_client(&conf);
    check_stalled(client);
    client_free(client);

    client = client_start(client_url("rediss", ":topsecret@",
                                     real_server.tls_port, ""), &conf);
    loop_until(client->up, 1);
    check_stalled(client);
    client_free(client);
}


int
main(int argc, char **argv)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_refused),
        cmocka_unit_test(test_tls_name),
        cmocka_unit_test(test_stalled)
    };

    real_init(argv);

    return real_done(cmocka_run_group_tests(tests, NULL, NULL));
}
