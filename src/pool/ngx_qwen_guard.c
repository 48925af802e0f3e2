
#include "ngx_qwen_guard.h"
#include "ngx_qwen_zone.h"


#define NGX_QWEN_GUARD_FREE      5           /* wrong keys without a wait */
#define NGX_QWEN_GUARD_WAIT      1000
#define NGX_QWEN_GUARD_WAIT_MAX  60000

/* After so long without a wrong key an address is forgotten. */
#define NGX_QWEN_GUARD_FORGET    600000


static ngx_qwen_guard_place_t *ngx_qwen_guard_place(ngx_qwen_pool_t *pool,
    struct sockaddr *sockaddr);


ngx_msec_t
ngx_qwen_guard_wait(ngx_qwen_pool_t *pool, struct sockaddr *sockaddr)
{
    ngx_msec_t               wait;
    ngx_qwen_guard_place_t  *place;

    place = ngx_qwen_guard_place(pool, sockaddr);

    ngx_shmtx_lock(&pool->shpool->mutex);

    wait = place->failures > NGX_QWEN_GUARD_FREE
           ? ngx_qwen_deadline_rest(place->until) : 0;

    ngx_shmtx_unlock(&pool->shpool->mutex);

    return wait;
}


void
ngx_qwen_guard_failed(ngx_qwen_pool_t *pool, struct sockaddr *sockaddr)
{
    ngx_msec_t               wait;
    ngx_qwen_guard_place_t  *place;

    place = ngx_qwen_guard_place(pool, sockaddr);

    ngx_shmtx_lock(&pool->shpool->mutex);

    if (ngx_qwen_deadline_rest(place->until + NGX_QWEN_GUARD_FORGET) == 0) {
        place->failures = 0;
    }

    wait = 0;
    place->failures++;

    if (place->failures > NGX_QWEN_GUARD_FREE) {
        wait = ngx_qwen_deadline_double(NGX_QWEN_GUARD_WAIT,
                                        place->failures
                                        - NGX_QWEN_GUARD_FREE - 1,
                                        NGX_QWEN_GUARD_WAIT_MAX);
    }

    place->until = ngx_current_msec + wait;

    ngx_shmtx_unlock(&pool->shpool->mutex);
}


/* Who has one address of an IPv6 network has all of them. */

static ngx_qwen_guard_place_t *
ngx_qwen_guard_place(ngx_qwen_pool_t *pool, struct sockaddr *sockaddr)
{
    size_t                len;
    u_char               *data;
    uint32_t              hash;
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sockaddr;
        data = (u_char *) &sin->sin_addr;
        len = sizeof(sin->sin_addr);
        break;

#if (NGX_HAVE_INET6)

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sockaddr;
        data = (u_char *) &sin6->sin6_addr;
        len = sizeof(sin6->sin6_addr) / 2;
        break;

#endif

    default: /* AF_UNIX */
        data = NULL;
        len = 0;
    }

    hash = len ? ngx_murmur_hash2(data, len) : 0;

    return &pool->sh->guard[hash % NGX_QWEN_GUARD_PLACES];
}
