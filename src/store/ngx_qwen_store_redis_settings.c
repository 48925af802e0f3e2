
/* Settings and keys of clients, in one value. */

#include "ngx_qwen_store_redis.h"


static ngx_int_t ngx_qwen_store_render_settings(ngx_qwen_syncer_t *syncer,
    qwen_buf_t *out);


/* NGX_DECLINED: Redis has them. */

ngx_int_t
ngx_qwen_store_write_settings(ngx_qwen_syncer_t *syncer,
    ngx_qwen_redis_reply_pt handler)
{
    ngx_int_t   rc;
    qwen_buf_t  json;
    ngx_uint_t  generation;

    ngx_str_t  none = ngx_null_string;
    ngx_str_t  argv[] = {
        ngx_string("HSET"),
        ngx_string(NGX_QWEN_STORE_SETTINGS),
        ngx_string("json"),
        ngx_null_string
    };

    generation = ngx_qwen_settings_generation(syncer->store->pool);

    if (syncer->settings == generation) {
        return NGX_DECLINED;
    }

    qwen_buf_init(&json, NGX_QWEN_STORE_VALUE);

    rc = ngx_qwen_store_render_settings(syncer, &json);

    if (rc == NGX_OK) {
        argv[3].data = json.data;
        argv[3].len = json.len;

        rc = ngx_qwen_redis_command(syncer->redis, 4, argv, handler, syncer);
    }

    if (json.data) {
        ngx_explicit_memzero(json.data, json.len);
    }

    qwen_buf_free(&json);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    syncer->settings = generation;
    syncer->writes++;

    return ngx_qwen_store_tell(syncer, NGX_QWEN_STORE_CONFIG, &none);
}


static ngx_int_t
ngx_qwen_store_render_settings(ngx_qwen_syncer_t *syncer, qwen_buf_t *out)
{
    ngx_int_t                rc;
    qwen_str_t               extra;
    qwen_memory_t            memory;
    qwen_record_settings_t   settings;

    qwen_memory_init(&memory, NGX_QWEN_SETTINGS_MAX);

    rc = ngx_qwen_settings_copy(syncer->store->pool, &memory, &settings,
                                &extra);

    if (rc == NGX_OK
        && qwen_record_settings_render(&settings, syncer->conf->ring, false,
                                       out)
           != QWEN_OK)
    {
        rc = NGX_ERROR;
    }

    qwen_memory_free(&memory);

    return rc;
}


ngx_int_t
ngx_qwen_store_read_settings(ngx_qwen_syncer_t *syncer,
    ngx_qwen_redis_reply_pt handler)
{
    ngx_str_t  argv[] = {
        ngx_string("HGET"),
        ngx_string(NGX_QWEN_STORE_SETTINGS),
        ngx_string("json")
    };

    return ngx_qwen_redis_command(syncer->redis, 3, argv, handler, syncer);
}


/* Those of Redis count, unless a change here is still to be written. */

void
ngx_qwen_store_take_settings(ngx_qwen_syncer_t *syncer, redisReply *reply)
{
    qwen_str_t               none;
    ngx_uint_t               generation;
    ngx_qwen_pool_t         *pool;
    qwen_memory_t            memory;
    qwen_record_error_t      error;
    qwen_record_settings_t   settings;

    pool = syncer->store->pool;
    generation = ngx_qwen_settings_generation(pool);
    none = (qwen_str_t) { NULL, 0 };

    if (reply->type == REDIS_REPLY_NIL) {

        /* they are written, if there are any */

        syncer->settings = 0;
        return;
    }

    if (reply->type != REDIS_REPLY_STRING
        || (syncer->settings && syncer->settings != generation))
    {
        return;
    }

    qwen_memory_init(&memory, NGX_QWEN_SETTINGS_MAX);

    if (qwen_record_settings_parse((qwen_str_t) { (u_char *) reply->str,
                                                  reply->len },
                                   syncer->conf->ring, &memory, &settings,
                                   &error)
        != QWEN_OK)
    {
        syncer->unreadable = 1;

        if (!syncer->told) {
            syncer->told = 1;
            ngx_log_error(NGX_LOG_ERR, syncer->log, 0,
                          "qwen_store cannot use the settings in Redis: %s; "
                          "nothing is written to Redis", error.reason);
        }

    } else if (ngx_qwen_settings_restore(pool, &settings, none) == NGX_OK) {
        syncer->settings = ngx_qwen_settings_generation(pool);
    }

    qwen_memory_free(&memory);
}
