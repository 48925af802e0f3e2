
#include "real.h"


redis_server_t  real_server;


void
real_init(char **argv)
{
    char  command[256];

    loop_init(argv);

    snprintf(command, sizeof(command), "t/unit/store/certificates.sh %s",
             loop_dir());

    if (system(command) != 0) {
        exit(1);
    }

    redis_server_start(&real_server, REAL_ARGS);
}


int
real_done(int failed)
{
    redis_server_signal(&real_server, SIGKILL);
    loop_done();

    return failed;
}


const char *
real_url(const char *userinfo, const char *rest)
{
    return client_url("redis", userinfo, real_server.port, rest);
}


client_t *
real_client(const ngx_qwen_redis_conf_t *conf)
{
    client_t  *client;

    client = client_start(real_url(":topsecret@", ""), conf);
    loop_until(client->up, 1);
    (void) loop_logged();

    return client;
}


void
real_large_values(client_t *client)
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


void
real_check_down(const char *url, const ngx_qwen_redis_conf_t *conf,
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


void
real_trust(ngx_qwen_redis_conf_t *conf, const char *file, const char *name)
{
    memset(conf, 0, sizeof(ngx_qwen_redis_conf_t));

    conf->trusted_certificate.data = (u_char *) loop_path(file);
    conf->trusted_certificate.len =
                                strlen((char *) conf->trusted_certificate.data);
    conf->tls_name.data = (u_char *) name;
    conf->tls_name.len = strlen(name);
}
