
#include "ngx_qwen_redis_core.h"

#if (NGX_SSL)

#include <openssl/x509v3.h>


/* Certificates between the server's and a trusted one. */
#define NGX_QWEN_REDIS_TLS_DEPTH  9


static ngx_int_t ngx_qwen_redis_tls_name(ngx_conf_t *cf,
    ngx_qwen_redis_server_t *server, const qwen_redis_url_t *url);
static ngx_int_t ngx_qwen_redis_tls_trust(ngx_conf_t *cf,
    ngx_qwen_redis_server_t *server);
static ngx_int_t ngx_qwen_redis_tls_connection(ngx_qwen_redis_t *redis);
static void ngx_qwen_redis_tls_message(int write, int version, int type,
    const void *buf, size_t len, SSL *ssl, void *arg);
static void ngx_qwen_redis_tls_done(ngx_connection_t *c);
static ngx_int_t ngx_qwen_redis_tls_check_name(ngx_connection_t *c,
    ngx_qwen_redis_server_t *server);


ngx_int_t
ngx_qwen_redis_tls_create(ngx_conf_t *cf, ngx_qwen_redis_server_t *server,
    const qwen_redis_url_t *url)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    if (ngx_qwen_redis_tls_name(cf, server, url) != NGX_OK) {
        return NGX_ERROR;
    }

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return NGX_ERROR;
    }

    ssl->log = cf->log;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    server->ssl = ssl;

    return ngx_qwen_redis_tls_trust(cf, server);
}


static ngx_int_t
ngx_qwen_redis_tls_name(ngx_conf_t *cf, ngx_qwen_redis_server_t *server,
    const qwen_redis_url_t *url)
{
    u_char     *p;
    ngx_str_t   name;

    name = server->conf.tls_name;

    if (name.len == 0) {
        name.data = (u_char *) url->host.data;
        name.len = url->host.len;
    }

    p = ngx_pnalloc(cf->pool, name.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(p, name.data, name.len + 1);

    server->ssl_name.data = p;
    server->ssl_name.len = name.len;

    server->ssl_ip = ngx_inet_addr(p, name.len) != INADDR_NONE;

#if (NGX_HAVE_INET6)

    if (!server->ssl_ip) {
        struct in6_addr  addr;

        server->ssl_ip = ngx_inet6_addr(p, name.len, addr.s6_addr) == NGX_OK;
    }

#endif

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_redis_tls_trust(ngx_conf_t *cf, ngx_qwen_redis_server_t *server)
{
    if (ngx_ssl_trusted_certificate(cf, server->ssl,
                                    &server->conf.trusted_certificate,
                                    NGX_QWEN_REDIS_TLS_DEPTH)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (server->conf.trusted_certificate.len) {
        return NGX_OK;
    }

    if (SSL_CTX_set_default_verify_paths(server->ssl->ctx) == 0) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_qwen_redis_tls_start(ngx_qwen_redis_t *redis)
{
    ngx_connection_t  *c;

    if (ngx_qwen_redis_tls_connection(redis) != NGX_OK) {
        ngx_qwen_redis_fail(redis, "no TLS connection could be made");
        return;
    }

    redis->phase = NGX_QWEN_REDIS_SHAKING;
    c = redis->peer.connection;

    if (ngx_ssl_handshake(c) == NGX_AGAIN) {
        c->ssl->handler = ngx_qwen_redis_tls_done;
        return;
    }

    ngx_qwen_redis_tls_done(c);
}


static ngx_int_t
ngx_qwen_redis_tls_connection(ngx_qwen_redis_t *redis)
{
    SSL                      *ssl;
    ngx_connection_t         *c;
    ngx_qwen_redis_server_t  *server;

    c = redis->peer.connection;
    server = redis->server;

    c->pool = ngx_create_pool(512, &redis->log);
    if (c->pool == NULL) {
        return NGX_ERROR;
    }

    if (ngx_ssl_create_connection(server->ssl, c, NGX_SSL_CLIENT) != NGX_OK) {
        return NGX_ERROR;
    }

    ssl = c->ssl->connection;

    /* the queue moves its memory and grows while a write is unfinished */

    (void) SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE
                             |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    SSL_set_msg_callback(ssl, ngx_qwen_redis_tls_message);
    SSL_set_msg_callback_arg(ssl, redis);

    /* RFC 6066: no addresses */

    if (!server->ssl_ip
        && SSL_set_tlsext_host_name(ssl, (char *) server->ssl_name.data) == 0)
    {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0,
                      "SSL_set_tlsext_host_name() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Notes the alert that a server ends a connection with, to tell why. */

static void
ngx_qwen_redis_tls_message(int write, int version, int type, const void *buf,
    size_t len, SSL *ssl, void *arg)
{
    const u_char      *alert = buf;
    ngx_qwen_redis_t  *redis = arg;

    if (!write && type == SSL3_RT_ALERT && len == 2) {
        redis->alert = alert[1];
    }
}


static void
ngx_qwen_redis_tls_done(ngx_connection_t *c)
{
    long                      rc;
    ngx_qwen_redis_t         *redis;
    ngx_qwen_redis_server_t  *server;

    redis = c->data;
    server = redis->server;

    if (ngx_exiting) {
        ngx_qwen_redis_exit(redis);
        return;
    }

    if (!c->ssl->handshaked) {
        ngx_qwen_redis_broken(redis, "the TLS handshake failed", 0);
        return;
    }

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        ngx_qwen_redis_fail(redis, "the server's certificate is not trusted "
                            "(%l: %s)", rc, X509_verify_cert_error_string(rc));
        return;
    }

    if (ngx_qwen_redis_tls_check_name(c, server) != NGX_OK) {
        ngx_qwen_redis_fail(redis, "the server's certificate is not for "
                            "\"%V\"", &server->ssl_name);
        return;
    }

    ngx_qwen_redis_greet(redis);
}


/* nginx's own check knows no addresses. */

static ngx_int_t
ngx_qwen_redis_tls_check_name(ngx_connection_t *c,
    ngx_qwen_redis_server_t *server)
{
    int    match;
    X509  *cert;

    if (!server->ssl_ip) {
        return ngx_ssl_check_host(c, &server->ssl_name);
    }

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return NGX_ERROR;
    }

    match = X509_check_ip_asc(cert, (char *) server->ssl_name.data, 0);

    X509_free(cert);

    return (match == 1) ? NGX_OK : NGX_ERROR;
}


void
ngx_qwen_redis_tls_end(ngx_connection_t *c)
{
    c->ssl->no_wait_shutdown = 1;
    c->ssl->no_send_shutdown = 1;

    (void) ngx_ssl_shutdown(c);
}

#endif
