
/* A client of Redis that counts what it is told. */

#ifndef CLIENT_H
#define CLIENT_H


#include "loop.h"
#include "ngx_qwen_redis.h"


typedef struct client_s  client_t;

/* What a test does when a handler is called. */
typedef void (*client_hook_pt)(client_t *client);

struct client_s {
    ngx_pool_t                 *pool;
    ngx_qwen_redis_server_t    *server;
    ngx_qwen_redis_t           *redis;

    ngx_uint_t                  up;          /* times that it was told */
    ngx_uint_t                  down;
    ngx_uint_t                  exiting;
    char                        reason[512];  /* of the last time */

    ngx_uint_t                  taken;       /* commands */
    ngx_uint_t                  replies;
    ngx_uint_t                  nulls;
    ngx_uint_t                  errors;      /* replies that are errors */
    char                        last[256];   /* reply, as text */
    size_t                      last_len;

    ngx_uint_t                  messages;
    char                        message[256];  /* "channel message" */

    client_hook_pt              on_state;
    client_hook_pt              on_reply;
    client_hook_pt              on_message;
};


/* Fields that are zero get values that suit tests.  Not started yet. */
client_t *client_create(const char *url, const ngx_qwen_redis_conf_t *conf,
    const char *channel, const char *other_channel);

/* The same and started. */
client_t *client_start(const char *url, const ngx_qwen_redis_conf_t *conf);

/* Closes it and checks that each command had one answer. */
void client_free(client_t *client);

/* Gives a command, its arguments separated by spaces. */
ngx_int_t client_command(client_t *client, const char *command);

/* Gives it, waits, and compares the reply's text. */
void client_expect(client_t *client, const char *command, const char *reply);

/* The same of arguments that hold anything. */
ngx_int_t client_commandv(client_t *client, ngx_uint_t argc,
    const ngx_str_t *argv);

/* Waits until it is down for that reason, whatever it was before. */
void client_until_down(client_t *client, const char *reason);

/* "scheme://userinfo@127.0.0.1:port/rest" */
const char *client_url(const char *scheme, const char *userinfo, int port,
    const char *rest);

/* Lines of the text that hold the other text. */
ngx_uint_t client_count(const char *text, const char *word);


#endif /* CLIENT_H */
