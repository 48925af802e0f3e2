
#include "client.h"


static void
client_state(void *data, ngx_qwen_redis_state_e state, ngx_str_t *reason)
{
    client_t  *client = data;

    assert_true((state == NGX_QWEN_REDIS_DOWN) == (reason->len != 0));

    switch (state) {

    case NGX_QWEN_REDIS_DOWN:
        client->down++;
        break;

    case NGX_QWEN_REDIS_UP:
        client->up++;
        break;

    default:
        client->exiting++;
    }

    snprintf(client->reason, sizeof(client->reason), "%.*s",
             (int) reason->len, (char *) reason->data);

    if (client->on_state) {
        client->on_state(client);
    }
}


static void
client_message(void *data, ngx_str_t *channel, ngx_str_t *message)
{
    client_t  *client = data;

    client->messages++;

    snprintf(client->message, sizeof(client->message), "%.*s %.*s",
             (int) channel->len, (char *) channel->data,
             (int) message->len, (char *) message->data);

    if (client->on_message) {
        client->on_message(client);
    }
}


static void
client_reply(void *data, redisReply *reply)
{
    client_t  *client = data;

    if (reply == NULL) {
        client->nulls++;

    } else {
        client->replies++;
        client->errors += (reply->type == REDIS_REPLY_ERROR);
        client->last_len = 0;

        switch (reply->type) {

        case REDIS_REPLY_NIL:
            strcpy(client->last, "nil");
            break;

        case REDIS_REPLY_INTEGER:
            snprintf(client->last, sizeof(client->last), ":%lld",
                     reply->integer);
            break;

        case REDIS_REPLY_ARRAY:
            snprintf(client->last, sizeof(client->last), "*%lu",
                     (unsigned long) reply->elements);
            break;

        default:
            client->last_len = reply->len;
            snprintf(client->last, sizeof(client->last), "%.*s",
                     (int) ngx_min(reply->len, 200), reply->str);
        }
    }

    if (client->on_reply) {
        client->on_reply(client);
    }
}


client_t *
client_create(const char *url, const ngx_qwen_redis_conf_t *conf,
    const char *channel, const char *other_channel)
{
    client_t                   *client;
    ngx_str_t                   text, *channels;
    ngx_qwen_redis_conf_t       full;
    ngx_qwen_redis_handlers_t   handlers;

    client = calloc(1, sizeof(client_t));
    client->pool = ngx_create_pool(4096, loop_log());

    channels = ngx_pcalloc(client->pool, 2 * sizeof(ngx_str_t));
    channels[0].data = (u_char *) channel;
    channels[0].len = channel ? strlen(channel) : 0;
    channels[1].data = (u_char *) other_channel;
    channels[1].len = other_channel ? strlen(other_channel) : 0;

    memset(&full, 0, sizeof(full));

    if (conf) {
        full = *conf;
    }

    full.timeout = full.timeout ? full.timeout : 3000;
    full.connect_timeout = full.connect_timeout ? full.connect_timeout : 3000;

    text.data = (u_char *) url;
    text.len = strlen(url);

    client->server = ngx_qwen_redis_server(loop_conf(), &text, &full);

    if (client->server == NULL) {
        ngx_destroy_pool(client->pool);
        free(client);
        return NULL;
    }

    memset(&handlers, 0, sizeof(handlers));
    handlers.state = client_state;
    handlers.message = client_message;
    handlers.channels = channels;
    handlers.nchannels = (channel != NULL) + (other_channel != NULL);
    handlers.data = client;

    client->redis = ngx_qwen_redis_create(client->pool, loop_log(),
                                          client->server, &handlers);
    assert_non_null(client->redis);

    return client;
}


client_t *
client_start(const char *url, const ngx_qwen_redis_conf_t *conf)
{
    client_t  *client;

    client = client_create(url, conf, NULL, NULL);
    assert_non_null(client);

    ngx_qwen_redis_start(client->redis);

    return client;
}


void
client_free(client_t *client)
{
    ngx_qwen_redis_close(client->redis);
    ngx_qwen_redis_close(client->redis);

    assert_int_equal(client->replies + client->nulls, client->taken);
    assert_false(loop_kept_alive());

    ngx_destroy_pool(client->pool);
    free(client);
}


ngx_int_t
client_commandv(client_t *client, ngx_uint_t argc, const ngx_str_t *argv)
{
    ngx_int_t   rc;
    ngx_uint_t  answers;

    answers = client->replies + client->nulls;

    rc = ngx_qwen_redis_command(client->redis, argc, argv, client_reply,
                                client);

    assert_int_equal(client->replies + client->nulls, answers);

    client->taken += (rc == NGX_OK);

    return rc;
}


ngx_int_t
client_command(client_t *client, const char *command)
{
    char        *copy, *rest, *arg;
    ngx_int_t    rc;
    ngx_str_t    argv[32];
    ngx_uint_t   argc;

    argc = 0;
    copy = strdup(command);
    rest = copy;

    while ((arg = strsep(&rest, " ")) != NULL) {
        argv[argc].data = (u_char *) arg;
        argv[argc++].len = strlen(arg);
    }

    rc = client_commandv(client, argc, argv);

    free(copy);

    return rc;
}


void
client_expect(client_t *client, const char *command, const char *reply)
{
    assert_int_equal(client_command(client, command), NGX_OK);
    loop_until(client->replies, client->taken - client->nulls);
    assert_string_equal(client->last, reply);
}


void
client_until_down(client_t *client, const char *reason)
{
    ngx_msec_t  start;

    for (start = loop_clock();
         strcmp(client->reason, reason) != 0 && loop_clock() - start < 20000;
         /* void */ )
    {
        loop_turn();
    }

    assert_string_equal(client->reason, reason);
}


const char *
client_url(const char *scheme, const char *userinfo, int port,
    const char *rest)
{
    static char  url[256];

    snprintf(url, sizeof(url), "%s://%s127.0.0.1:%d%s", scheme, userinfo, port,
             rest);

    return url;
}


ngx_uint_t
client_count(const char *text, const char *word)
{
    ngx_uint_t  n;

    for (n = 0; (text = strstr(text, word)) != NULL; n++) {
        text += strlen(word);
    }

    return n;
}
