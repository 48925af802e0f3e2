
/* The store "redis": its configuration and its life in worker 0. */

#include "ngx_qwen_store_redis.h"


#define NGX_QWEN_SYNCER_INTERVAL  100
#define NGX_QWEN_SYNCER_READ      60000      /* between readings of all */


static char *ngx_qwen_store_redis_init(ngx_conf_t *cf, ngx_qwen_store_t *store,
    ngx_str_t *args, ngx_uint_t nargs);
static ngx_int_t ngx_qwen_store_redis_args(ngx_conf_t *cf,
    ngx_qwen_store_redis_t *ctx, ngx_qwen_redis_conf_t *conf, ngx_str_t *args,
    ngx_uint_t nargs);
static ngx_int_t ngx_qwen_store_redis_load(ngx_qwen_store_t *store,
    ngx_log_t *log);
static void ngx_qwen_store_redis_commit(ngx_qwen_store_t *store,
    ngx_cycle_t *cycle);
static void ngx_qwen_store_redis_start(ngx_qwen_store_t *store,
    ngx_cycle_t *cycle);
static ngx_int_t ngx_qwen_syncer_connect(ngx_qwen_syncer_t *syncer,
    ngx_cycle_t *cycle);
static void ngx_qwen_store_redis_exit(ngx_qwen_store_t *store,
    ngx_cycle_t *cycle);
static void ngx_qwen_syncer_state(void *data, ngx_qwen_redis_state_e state,
    ngx_str_t *reason);
static void ngx_qwen_syncer_subscribed(void *data,
    ngx_qwen_redis_state_e state, ngx_str_t *reason);
static void ngx_qwen_syncer_down(ngx_qwen_syncer_t *syncer);
static void ngx_qwen_syncer_handler(ngx_event_t *ev);


ngx_qwen_store_type_t  ngx_qwen_store_redis = {
    ngx_string("redis"),
    1,
    ngx_qwen_store_redis_init,
    ngx_qwen_store_redis_load,
    ngx_qwen_store_redis_commit,
    ngx_qwen_store_redis_start,
    ngx_qwen_store_redis_exit,
    ngx_qwen_store_redis_lock
};


ngx_qwen_syncer_t  *ngx_qwen_syncer;

static ngx_str_t  ngx_qwen_store_channel = ngx_string(NGX_QWEN_STORE_CHANGES);


static char *
ngx_qwen_store_redis_init(ngx_conf_t *cf, ngx_qwen_store_t *store,
    ngx_str_t *args, ngx_uint_t nargs)
{
    ngx_qwen_redis_conf_t    conf;
    ngx_qwen_store_redis_t  *ctx;

    if (nargs == 0) {
        return "\"redis\" takes a URL";
    }

    ctx = ngx_pcalloc(cf->pool, sizeof(ngx_qwen_store_redis_t));
    if (ctx == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&conf, sizeof(ngx_qwen_redis_conf_t));

    if (ngx_qwen_store_redis_args(cf, ctx, &conf, args + 1, nargs - 1)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    conf.max_reply = NGX_QWEN_STORE_VALUE;
    conf.max_bytes = NGX_QWEN_STORE_VALUE;

    ctx->server = ngx_qwen_redis_server(cf, &args[0], &conf);
    if (ctx->server == NULL) {
        return NGX_CONF_ERROR;
    }

    store->ctx = ctx;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_qwen_store_redis_args(ngx_conf_t *cf, ngx_qwen_store_redis_t *ctx,
    ngx_qwen_redis_conf_t *conf, ngx_str_t *args, ngx_uint_t nargs)
{
    size_t      len;
    ngx_uint_t  i;

    len = sizeof("trusted_certificate=") - 1;

    for (i = 0; i < nargs; i++) {

        if (args[i].len > len
            && ngx_strncmp(args[i].data, "trusted_certificate=", len) == 0)
        {
            conf->trusted_certificate.data = args[i].data + len;
            conf->trusted_certificate.len = args[i].len - len;

            if (ngx_conf_full_name(cf->cycle, &conf->trusted_certificate, 1)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            continue;
        }

        if (ngx_qwen_store_keys(cf, &args[i], 1, &ctx->ring) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Redis may be away: the gateway starts all the same. */

static ngx_int_t
ngx_qwen_store_redis_load(ngx_qwen_store_t *store, ngx_log_t *log)
{
    if (store->pool->accounts.nelts) {
        ngx_qwen_pool_set_loaded(store->pool);
    }

    return NGX_OK;
}


static void
ngx_qwen_store_redis_commit(ngx_qwen_store_t *store, ngx_cycle_t *cycle)
{
    ngx_qwen_changes_single(store->pool);
}


static void
ngx_qwen_store_redis_start(ngx_qwen_store_t *store, ngx_cycle_t *cycle)
{
    ngx_qwen_syncer_t  *syncer;

    syncer = ngx_calloc(sizeof(ngx_qwen_syncer_t), cycle->log);
    if (syncer == NULL) {
        return;
    }

    syncer->store = store;
    syncer->conf = store->ctx;
    syncer->log = cycle->log;
    syncer->connection.fd = (ngx_socket_t) -1;
    syncer->timer.handler = ngx_qwen_syncer_handler;
    syncer->timer.data = &syncer->connection;
    syncer->timer.log = cycle->log;
    syncer->timer.cancelable = 1;

    if (ngx_qwen_syncer_connect(syncer, cycle) != NGX_OK) {
        ngx_free(syncer);
        return;
    }

    ngx_qwen_syncer = syncer;

    /* until Redis has told that it is there */

    ngx_qwen_syncer_down(syncer);

    ngx_qwen_redis_start(syncer->redis);
    ngx_qwen_redis_start(syncer->subscriber);

    ngx_add_timer(&syncer->timer, NGX_QWEN_SYNCER_INTERVAL);
}


static ngx_int_t
ngx_qwen_syncer_connect(ngx_qwen_syncer_t *syncer, ngx_cycle_t *cycle)
{
    ngx_qwen_redis_handlers_t  handlers;

    ngx_memzero(&handlers, sizeof(ngx_qwen_redis_handlers_t));

    handlers.data = syncer;
    handlers.state = ngx_qwen_syncer_state;

    syncer->redis = ngx_qwen_redis_create(cycle->pool, cycle->log,
                                          syncer->conf->server, &handlers);

    handlers.state = ngx_qwen_syncer_subscribed;
    handlers.message = ngx_qwen_store_message;
    handlers.channels = &ngx_qwen_store_channel;
    handlers.nchannels = 1;

    syncer->subscriber = ngx_qwen_redis_create(cycle->pool, cycle->log,
                                               syncer->conf->server,
                                               &handlers);

    return (syncer->redis && syncer->subscriber) ? NGX_OK : NGX_ERROR;
}


static void
ngx_qwen_store_redis_exit(ngx_qwen_store_t *store, ngx_cycle_t *cycle)
{
    ngx_qwen_syncer_t *syncer = ngx_qwen_syncer;

    if (syncer == NULL) {
        return;
    }

    ngx_qwen_redis_close(syncer->redis);
    ngx_qwen_redis_close(syncer->subscriber);

    if (syncer->timer.timer_set) {
        ngx_del_timer(&syncer->timer);
    }

    ngx_free(syncer);
    ngx_qwen_syncer = NULL;
}


static void
ngx_qwen_syncer_state(void *data, ngx_qwen_redis_state_e state,
    ngx_str_t *reason)
{
    ngx_qwen_syncer_t *syncer = data;

    switch (state) {

    case NGX_QWEN_REDIS_UP:
        syncer->up = 1;
        syncer->again = 1;
        syncer->others = 1;

        /* it may be another Redis, or an empty one */

        ngx_qwen_stats_recount(syncer->store->pool);

        ngx_qwen_store_read(syncer);
        break;

    case NGX_QWEN_REDIS_EXITING:

        /* what has changed is written; what is not goes with the next worker,
         * or with the zone */

        if (syncer->up) {
            ngx_qwen_store_count(syncer);
            ngx_qwen_store_write(syncer);
        }

        break;

    default: /* NGX_QWEN_REDIS_DOWN */
        ngx_qwen_syncer_down(syncer);
        break;
    }
}


/* Changes are not taken until all was read from Redis. */

static void
ngx_qwen_syncer_down(ngx_qwen_syncer_t *syncer)
{
    ngx_qwen_pool_t  *pool;

    pool = syncer->store->pool;

    syncer->up = 0;
    syncer->read = 0;
    syncer->refused = 1;

    ngx_qwen_changes_failed(pool, ngx_qwen_changes_last(pool),
                            NGX_QWEN_SAVE_AWAY);
}


/* Messages may have been missed. */

static void
ngx_qwen_syncer_subscribed(void *data, ngx_qwen_redis_state_e state,
    ngx_str_t *reason)
{
    ngx_qwen_syncer_t *syncer = data;

    if (state == NGX_QWEN_REDIS_UP) {
        syncer->again = 1;
        syncer->others = 1;
        ngx_qwen_store_read(syncer);
    }
}


static void
ngx_qwen_syncer_handler(ngx_event_t *ev)
{
    ngx_qwen_syncer_t *syncer = ngx_qwen_syncer;

    if (ngx_exiting) {
        return;
    }

    if (syncer->up) {

        if (ngx_current_msec - syncer->read_last > NGX_QWEN_SYNCER_READ) {
            syncer->again = 1;
            syncer->others = 1;
        }

        ngx_qwen_store_read(syncer);

        ngx_qwen_store_count(syncer);
        ngx_qwen_store_write(syncer);
    }

    ngx_add_timer(ev, NGX_QWEN_SYNCER_INTERVAL);
}


ngx_qwen_store_call_t *
ngx_qwen_store_call(ngx_qwen_syncer_t *syncer, ngx_str_t *email)
{
    ngx_qwen_store_call_t  *call;

    call = ngx_alloc(sizeof(ngx_qwen_store_call_t), syncer->log);
    if (call == NULL) {
        return NULL;
    }

    call->syncer = syncer;
    call->sync = syncer->sync;
    call->email.data = call->buf;
    call->email.len = email->len;
    ngx_memcpy(call->buf, email->data, email->len);

    return call;
}


ngx_str_t
ngx_qwen_store_key(u_char *buf, const char *prefix, ngx_str_t *email)
{
    ngx_str_t  key;

    key.data = buf;
    key.len = ngx_sprintf(buf, "%s%V", prefix, email) - buf;

    return key;
}
