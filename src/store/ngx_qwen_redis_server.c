
/*
 * What the configuration says of a server.  Nothing here logs the URL: it may
 * hold a password.
 */

#include "ngx_qwen_redis_core.h"


static ngx_int_t ngx_qwen_redis_tls(ngx_conf_t *cf,
    ngx_qwen_redis_server_t *server, const qwen_redis_url_t *url);
static void ngx_qwen_redis_defaults(ngx_qwen_redis_conf_t *conf);
static ngx_int_t ngx_qwen_redis_login(ngx_conf_t *cf,
    ngx_qwen_redis_server_t *server, const qwen_redis_url_t *url);
static ngx_int_t ngx_qwen_redis_lookup(ngx_conf_t *cf,
    ngx_qwen_redis_server_t *server, const qwen_redis_url_t *url);
static ngx_int_t ngx_qwen_redis_place(ngx_conf_t *cf, ngx_str_t *place,
    const qwen_redis_url_t *url);
static ngx_int_t ngx_qwen_redis_set_name(ngx_conf_t *cf,
    ngx_qwen_redis_server_t *server, ngx_str_t *place,
    const qwen_redis_url_t *url);


ngx_qwen_redis_server_t *
ngx_qwen_redis_server(ngx_conf_t *cf, ngx_str_t *url,
    const ngx_qwen_redis_conf_t *conf)
{
    qwen_str_t                text;
    const char               *wrong;
    qwen_redis_url_t         *parsed;
    ngx_qwen_redis_server_t  *server;

    parsed = ngx_palloc(cf->pool, sizeof(qwen_redis_url_t));
    server = ngx_pcalloc(cf->pool, sizeof(ngx_qwen_redis_server_t));

    if (parsed == NULL || server == NULL) {
        return NULL;
    }

    text.data = url->data;
    text.len = url->len;

    wrong = qwen_redis_url_parse(parsed, text);

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "wrong URL of the Redis server: %s", wrong);
        return NULL;
    }

    server->conf = *conf;

    ngx_qwen_redis_defaults(&server->conf);

    if (ngx_qwen_redis_login(cf, server, parsed) != NGX_OK
        || ngx_qwen_redis_lookup(cf, server, parsed) != NGX_OK
        || ngx_qwen_redis_tls(cf, server, parsed) != NGX_OK)
    {
        return NULL;
    }

    return server;
}


static ngx_int_t
ngx_qwen_redis_tls(ngx_conf_t *cf, ngx_qwen_redis_server_t *server,
    const qwen_redis_url_t *url)
{
    if (!url->tls) {
        return NGX_OK;
    }

#if (NGX_SSL)

    return ngx_qwen_redis_tls_create(cf, server, url);

#else

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"rediss://\" needs an nginx that was built "
                       "with OpenSSL (--with-http_ssl_module)");
    return NGX_ERROR;

#endif
}


ngx_str_t *
ngx_qwen_redis_name(ngx_qwen_redis_server_t *server)
{
    return &server->name;
}


static void
ngx_qwen_redis_defaults(ngx_qwen_redis_conf_t *conf)
{
    if (conf->connect_timeout == 0) {
        conf->connect_timeout = 5000;
    }

    if (conf->timeout == 0) {
        conf->timeout = 5000;
    }

    if (conf->ping == 0) {
        conf->ping = 10000;
    }

    if (conf->max_commands == 0) {
        conf->max_commands = 1024;
    }

    if (conf->max_bytes == 0) {
        conf->max_bytes = 16 * 1024 * 1024;
    }

    if (conf->max_reply == 0) {
        conf->max_reply = 16 * 1024 * 1024;
    }
}


/* The strings stay where they are, in the pool. */

static ngx_int_t
ngx_qwen_redis_login(ngx_conf_t *cf, ngx_qwen_redis_server_t *server,
    const qwen_redis_url_t *url)
{
    u_char  *p;

    server->user.data = (u_char *) url->user.data;
    server->user.len = url->user.len;

    server->password.data = (u_char *) url->password.data;
    server->password.len = url->password.len;

    if (url->db == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(cf->pool, NGX_INT32_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    server->db.data = p;
    server->db.len = ngx_sprintf(p, "%ui", (ngx_uint_t) url->db) - p;

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_redis_lookup(ngx_conf_t *cf, ngx_qwen_redis_server_t *server,
    const qwen_redis_url_t *url)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    if (ngx_qwen_redis_place(cf, &u.url, url) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_qwen_redis_set_name(cf, server, &u.url, url) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {

        if (u.err) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\"",
                               u.err, &server->name);
        }

        return NGX_ERROR;
    }

    server->addrs = u.addrs;
    server->naddrs = u.naddrs;

    return NGX_OK;
}


/* The server as nginx writes an address: "unix:/path", "[::1]:6379". */

static ngx_int_t
ngx_qwen_redis_place(ngx_conf_t *cf, ngx_str_t *place,
    const qwen_redis_url_t *url)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, sizeof("unix:[]:65535") + url->host.len
                              + url->path.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    place->data = p;

    if (url->path.len) {
        p = ngx_sprintf(p, "unix:%*s", url->path.len, url->path.data);

    } else {
        p = ngx_sprintf(p, url->ipv6 ? "[%*s]:%ui" : "%*s:%ui",
                        url->host.len, url->host.data, (ngx_uint_t) url->port);
    }

    place->len = p - place->data;

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_redis_set_name(ngx_conf_t *cf, ngx_qwen_redis_server_t *server,
    ngx_str_t *place, const qwen_redis_url_t *url)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, sizeof("rediss ?db=65535") + place->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    server->name.data = p;

    p = ngx_sprintf(p, "%s %V%s%ui", url->tls ? "rediss" : "redis", place,
                    url->path.len ? "?db=" : "/", (ngx_uint_t) url->db);

    server->name.len = p - server->name.data;

    return NGX_OK;
}
