
/*
 * What the tests and the benchmark of src/pool share: a zone in shared memory,
 * a clock that stands still, a log that is kept.
 *
 * t/unit/pool/[a-z]*_test.c and bench/pool_bench.c are linked with the objects
 * of nginx:
 *
 *     NGINX_BUILD   a configured and built source tree of nginx
 *     NGINX_CFLAGS  -W -Wall -Wpointer-arith -Wno-unused-parameter
 *                   -I$(NGINX_BUILD)/src/core -I$(NGINX_BUILD)/src/event
 *                   -I$(NGINX_BUILD)/src/event/modules
 *                   -I$(NGINX_BUILD)/src/os/unix -I$(NGINX_BUILD)/objs
 *     NGINX_OBJS    all objects below $(NGINX_BUILD)/objs but
 *                   src/core/nginx.o, and nginx.c compiled again with
 *                   -Dmain=nginx_main
 *     NGINX_LIBS    the libraries of the link line in objs/Makefile; with
 *                   ./configure --with-threads --without-http_gzip_module
 *                   --without-http_rewrite_module: -lcrypt -lpthread
 *
 *     cc $(NGINX_CFLAGS) -Isrc/proto -Isrc/pool -Isrc/store -It/unit/pool
 *        t/unit/pool/lease_test.c t/unit/pool/fixture.c src/pool/[a-z]*.c
 *        src/store/[a-z]*.c src/proto/qwen_digest.c $(NGINX_OBJS)
 *        -lcmocka -lcrypto $(NGINX_LIBS)
 */

#ifndef FIXTURE_H
#define FIXTURE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_qwen_pool.h"


#define NOW       1700000000         /* the time of day when a test starts */
#define MINUTE    60000
#define HOUR      (60 * MINUTE)
#define LASTING   (NOW + 7 * 86400)  /* the end of a token that lasts */


typedef struct {
    ngx_shm_zone_t    *shm_zone;
    ngx_qwen_pool_t   *pool;         /* of the present configuration */
    ngx_pool_t        *mempool;      /* as of a request */
    ngx_pool_t        *conf_pool;
    ngx_cycle_t        cycle;
    ngx_conf_t         cf;
} fixture_t;


/* Once per program. */
void fixture_nginx(void);

/* A zone of that size for accounts user0@example.com, user1@... */
fixture_t *fixture_create(size_t size, ngx_uint_t accounts);

/* The memory of a zone as nginx makes it, its init not called yet. */
fixture_t *fixture_create_bare(size_t size);
void fixture_free(fixture_t *f);

/* A configuration of no accounts for the zone; and what a reload does with it:
 * the result of the zone's init. */
ngx_qwen_pool_t *fixture_configuration(fixture_t *f);
void fixture_account(ngx_qwen_pool_t *pool, const char *email,
    const char *password);
ngx_int_t fixture_reload(fixture_t *f, ngx_qwen_pool_t *pool);

/* Signs all accounts that are due in with tokens of that end. */
ngx_uint_t fixture_sign_in(fixture_t *f, time_t expires);

/* Moves both clocks. */
void fixture_clock_set(ngx_msec_t now, time_t sec);
void fixture_clock_advance(ngx_msec_t by);

/* What was logged since the last call, at WARN or worse. */
const char *fixture_log(void);

/* NULL, or what is wrong with the structures in the zone. */
const char *fixture_inconsistency(ngx_qwen_pool_t *pool);


#endif /* FIXTURE_H */
