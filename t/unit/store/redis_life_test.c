
/* The client of Redis and a real server: how each of them may end. */

#include "real.h"


static void
test_restart(void **state)
{
    int          i;
    client_t    *client;
    const char  *logged;

    client = real_client(NULL);

    for (i = 1; i <= 2; i++) {
        assert_int_equal(client_command(client, "BLPOP none 0"), NGX_OK);
        assert_int_equal(client_command(client, "PING"), NGX_OK);
        loop_run(50);

        redis_server_signal(&real_server, (i == 1) ? SIGKILL : SIGTERM);
        client_until_down(client, "connect() failed (111: Connection "
                          "refused)");

        assert_int_equal(client->nulls, 2 * i);
        assert_int_equal(client_command(client, "PING"), NGX_DECLINED);
        loop_run(300);

        redis_server_start(&real_server, REAL_ARGS);
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

    client = real_client(&conf);
    redis_server_signal(&real_server, SIGSTOP);

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

    redis_server_signal(&real_server, SIGCONT);
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

    client = real_client(NULL);
    redis_server_signal(&real_server, SIGSTOP);

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

    redis_server_signal(&real_server, SIGKILL);
    loop_until(client->down, 1);
    assert_int_equal(client->nulls, client->taken);

    redis_server_start(&real_server, REAL_ARGS);
    loop_until(client->up, 2);
    client_expect(client, "EXISTS a", ":0");

    client_free(client);
    free(data);
}


static void
test_drain(void **state)
{
    client_t  *client;

    client = real_client(NULL);
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

    client = real_client(NULL);
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

    client = real_client(&conf);
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

    client = real_client(NULL);
    client->on_state = on_exiting;

    listener = client_create(real_url(":topsecret@", ""), NULL, "one", NULL);
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

    client = real_client(NULL);
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

    client = client_start(real_url(":topsecret@", ""), NULL);
    client->on_state = hook;
    loop_until(client->up, 1);
    loop_run(50);
    client_free(client);

    client = client_start(real_url("", ""), NULL);
    client->on_state = hook;
    loop_until(client->down, 1);
    loop_run(50);
    client_free(client);

    /* one that gets NULL */

    client = real_client(NULL);
    client->on_reply = hook;
    assert_int_equal(client_command(client, "BLPOP none 0"), NGX_OK);
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    loop_run(20);
    redis_server_signal(&real_server, SIGKILL);
    loop_until(client->nulls, 2);
    loop_run(50);
    assert_int_equal(client->down, 0);
    client_free(client);
    redis_server_start(&real_server, REAL_ARGS);
}


static void
check_end_in_reply(client_hook_pt hook, ngx_uint_t replies)
{
    client_t  *client;

    client = real_client(NULL);
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

    client = real_client(NULL);
    client->on_reply = command_once_more;
    client->on_state = command_once_more;
    assert_int_equal(client_command(client, "PING"), NGX_OK);
    loop_until(client->replies, 20);

    assert_int_equal(client_command(client, "BLPOP none 0"), NGX_OK);
    loop_run(20);
    redis_server_signal(&real_server, SIGKILL);
    loop_until(client->nulls, 1);
    redis_server_start(&real_server, REAL_ARGS);
    loop_until(client->up, 2);
    client_free(client);
}


static void
test_message_closes(void **state)
{
    client_t  *client, *listener;

    client = real_client(NULL);

    listener = client_create(real_url(":topsecret@", ""), NULL, "one", NULL);
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

    client = client_create(real_url("", ""), NULL, NULL, NULL);
    client_free(client);

    for (turns = 0; turns < 12; turns++) {
        client = client_start(real_url(":topsecret@", ""), NULL);

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
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_unsent),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_in_vain),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_exit_at_once),
        cmocka_unit_test(test_end_in_handlers),
        cmocka_unit_test(test_commands_in_handlers),
        cmocka_unit_test(test_message_closes),
        cmocka_unit_test(test_close)
    };

    real_init(argv);

    return real_done(cmocka_run_group_tests(tests, NULL, NULL));
}
