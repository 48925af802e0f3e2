
/* What the tests with a real redis-server share. */

#ifndef REAL_H
#define REAL_H


#include "client.h"
#include "server.h"


#define REAL_ARGS  "--requirepass topsecret " \
                   "--user alice on >wonder~land ~* &* +@all " \
                   "--user plain on >plain ~* &* +get +set"


/* It has certificates for "localhost" by "ca.crt". */
extern redis_server_t  real_server;


/* Starts nginx and the server; the arguments are those of main(). */
void real_init(char **argv);

/* Ends both; the result is "failed". */
int real_done(int failed);

/* Its URL without TLS; what stands before and behind host and port. */
const char *real_url(const char *userinfo, const char *rest);

/* A client that is up. */
client_t *real_client(const ngx_qwen_redis_conf_t *conf);

/* Sets a value of 5 MB some times, and reads it. */
void real_large_values(client_t *client);

/* A client that cannot come up: that is told and logged once, without any
 * secret. */
void real_check_down(const char *url, const ngx_qwen_redis_conf_t *conf,
    const char *reason);

/* Trusts the certificate of that name, and wants that name, if any. */
void real_trust(ngx_qwen_redis_conf_t *conf, const char *file,
    const char *name);


#endif /* REAL_H */
