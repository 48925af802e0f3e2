
/*
 * The address of a Redis server:
 *
 *     redis://[[user]:password@]host[:port][/db][?db=N]
 *     rediss://...                          the same over TLS
 *     unix://[[user]:password@]/path[?db=N]
 *     redis+unix://...                      the same
 *
 * An IPv6 address stands in brackets.  User, password and path are
 * percent-decoded; an "@" or ":" in a password may be written as it is.
 */

#ifndef QWEN_REDIS_URL_H
#define QWEN_REDIS_URL_H


#include "qwen_core.h"


#define QWEN_REDIS_PORT     6379
#define QWEN_REDIS_MAX_URL  2048
#define QWEN_REDIS_MAX_DB   65535


/* The strings point into "text": such a structure is not copied. */
typedef struct {
    qwen_str_t  user;                /* empty: the default one */
    qwen_str_t  password;            /* both empty: no AUTH */
    qwen_str_t  host;                /* without brackets; empty: a path */
    qwen_str_t  path;                /* of a Unix socket */
    uint16_t    port;
    unsigned    db;
    bool        ipv6;                /* the host is an address with colons */
    bool        tls;

    uint8_t     text[QWEN_REDIS_MAX_URL];
} qwen_redis_url_t;


/* NULL, or what is wrong, in words that hold nothing of the URL. */
const char *qwen_redis_url_parse(qwen_redis_url_t *url, qwen_str_t text);


#endif /* QWEN_REDIS_URL_H */
