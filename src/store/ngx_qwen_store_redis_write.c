
/*
 * From the zone into Redis: what has changed, one write at a time.  It is kept
 * when Redis has answered all commands of the write that had seen it.
 */

#include "ngx_qwen_store_redis.h"


#define NGX_QWEN_STORE_MAX_FIELD   (256 * 1024)
#define NGX_QWEN_STORE_REMEMBERED  "2592000"     /* a deletion, seconds */
#define NGX_QWEN_STORE_PAUSE       1000          /* after a refusal */


static ngx_int_t ngx_qwen_store_write_removals(ngx_qwen_syncer_t *syncer);
static ngx_int_t ngx_qwen_store_write_removal(ngx_qwen_syncer_t *syncer,
    ngx_str_t *email);
static ngx_int_t ngx_qwen_store_send_removal(ngx_qwen_syncer_t *syncer,
    ngx_str_t *email, ngx_uint_t argc, ngx_str_t *argv);
static void ngx_qwen_store_removal_written(void *data, redisReply *reply);
static ngx_int_t ngx_qwen_store_write_accounts(ngx_qwen_syncer_t *syncer);
static ngx_int_t ngx_qwen_store_write_account(ngx_qwen_syncer_t *syncer,
    ngx_str_t *email);
static ngx_int_t ngx_qwen_store_write_record(ngx_qwen_syncer_t *syncer,
    ngx_qwen_store_call_t *call);
static ngx_int_t ngx_qwen_store_write_fields(ngx_qwen_syncer_t *syncer,
    qwen_buf_t *out, ngx_str_t *argv, ngx_uint_t *argc);
static void ngx_qwen_store_account_written(void *data, redisReply *reply);
static void ngx_qwen_store_settings_written(void *data, redisReply *reply);
static void ngx_qwen_store_written(ngx_qwen_syncer_t *syncer,
    redisReply *reply);
static void ngx_qwen_store_refused(ngx_qwen_syncer_t *syncer,
    redisReply *reply);
static void ngx_qwen_store_write_end(ngx_qwen_syncer_t *syncer);


void
ngx_qwen_store_write(ngx_qwen_syncer_t *syncer)
{
    ngx_qwen_pool_t  *pool;

    pool = syncer->store->pool;

    if (!syncer->up || !syncer->read || syncer->reading || syncer->writing
        || syncer->unreadable
        || (syncer->failed
            && ngx_current_msec - syncer->write_last < NGX_QWEN_STORE_PAUSE))
    {
        return;
    }

    if (!syncer->refused
        && !ngx_qwen_changes_pending(pool)
        && syncer->settings == ngx_qwen_settings_generation(pool))
    {
        return;
    }

    syncer->writing = 1;
    syncer->failed = 0;
    syncer->full = 0;
    syncer->write_last = ngx_current_msec;
    syncer->change = ngx_qwen_changes_last(pool);

    /* one more than there are, so that none ends it before all are sent */

    syncer->writes = 1;

    if (ngx_qwen_store_write_removals(syncer) != NGX_OK
        || ngx_qwen_store_write_settings(syncer,
                                         ngx_qwen_store_settings_written)
           == NGX_ERROR
        || ngx_qwen_store_write_accounts(syncer) != NGX_OK)
    {
        syncer->failed = 1;
    }

    ngx_qwen_store_write_end(syncer);
}


static ngx_int_t
ngx_qwen_store_write_removals(ngx_qwen_syncer_t *syncer)
{
    u_char     buf[NGX_QWEN_EMAIL_MAX];
    ngx_str_t  email;

    while (syncer->writes < NGX_QWEN_STORE_BATCH) {

        if (ngx_qwen_changes_removal(syncer->store->pool, buf, &email)
            != NGX_OK)
        {
            return NGX_OK;
        }

        if (ngx_qwen_store_write_removal(syncer, &email) != NGX_OK) {
            ngx_qwen_changes_removed(syncer->store->pool, &email);
            return NGX_ERROR;
        }
    }

    syncer->full = 1;

    return NGX_OK;
}


/* The deletion is known before the account is gone. */

static ngx_int_t
ngx_qwen_store_write_removal(ngx_qwen_syncer_t *syncer, ngx_str_t *email)
{
    u_char  buf[NGX_QWEN_STORE_MAX_KEY];

    ngx_str_t  set[] = {
        ngx_string("SET"),
        ngx_null_string,
        ngx_string("1"),
        ngx_string("EX"),
        ngx_string(NGX_QWEN_STORE_REMEMBERED)
    };

    ngx_str_t  del[] = { ngx_string("DEL"), ngx_null_string };

    set[1] = ngx_qwen_store_key(buf, NGX_QWEN_STORE_DELETED, email);

    if (ngx_qwen_store_send_removal(syncer, email, 5, set) != NGX_OK) {
        return NGX_ERROR;
    }

    del[1] = ngx_qwen_store_key(buf, NGX_QWEN_STORE_USER, email);

    if (ngx_qwen_store_send_removal(syncer, email, 2, del) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_qwen_store_tell(syncer, NGX_QWEN_STORE_REMOVED, email);
}


static ngx_int_t
ngx_qwen_store_send_removal(ngx_qwen_syncer_t *syncer, ngx_str_t *email,
    ngx_uint_t argc, ngx_str_t *argv)
{
    ngx_qwen_store_call_t  *call;

    call = ngx_qwen_store_call(syncer, email);
    if (call == NULL) {
        return NGX_ERROR;
    }

    if (ngx_qwen_redis_command(syncer->redis, argc, argv,
                               ngx_qwen_store_removal_written, call)
        != NGX_OK)
    {
        ngx_free(call);
        return NGX_ERROR;
    }

    syncer->writes++;

    return NGX_OK;
}


static void
ngx_qwen_store_removal_written(void *data, redisReply *reply)
{
    ngx_qwen_store_call_t *call = data;

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        ngx_qwen_changes_removed(call->syncer->store->pool, &call->email);
    }

    ngx_qwen_store_written(call->syncer, reply);
    ngx_free(call);
}


static ngx_int_t
ngx_qwen_store_write_accounts(ngx_qwen_syncer_t *syncer)
{
    ngx_str_t         email;
    ngx_qwen_pool_t  *pool;

    pool = syncer->store->pool;

    while (syncer->writes < NGX_QWEN_STORE_BATCH) {

        if (ngx_qwen_changes_account(pool, &syncer->copy) != NGX_OK) {
            return NGX_OK;
        }

        email.data = (u_char *) syncer->copy.record.email.data;
        email.len = syncer->copy.record.email.len;

        if (ngx_qwen_store_write_account(syncer, &email) != NGX_OK) {
            ngx_qwen_changes_touch(pool, &email);
            return NGX_ERROR;
        }
    }

    syncer->full = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_store_write_account(ngx_qwen_syncer_t *syncer, ngx_str_t *email)
{
    u_char                  buf[NGX_QWEN_STORE_MAX_KEY];
    ngx_qwen_store_call_t  *call;

    ngx_str_t  del[] = { ngx_string("DEL"), ngx_null_string };

    del[1] = ngx_qwen_store_key(buf, NGX_QWEN_STORE_DELETED, email);

    if (ngx_qwen_redis_command(syncer->redis, 2, del, NULL, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    call = ngx_qwen_store_call(syncer, email);
    if (call == NULL) {
        return NGX_ERROR;
    }

    if (ngx_qwen_store_write_record(syncer, call) != NGX_OK) {
        ngx_free(call);
        return NGX_ERROR;
    }

    syncer->writes++;

    return ngx_qwen_store_tell(syncer,
                               syncer->copy.reset ? NGX_QWEN_STORE_RESET
                                                  : NGX_QWEN_STORE_SET,
                               email);
}


static ngx_int_t
ngx_qwen_store_write_record(ngx_qwen_syncer_t *syncer,
    ngx_qwen_store_call_t *call)
{
    u_char      buf[NGX_QWEN_STORE_MAX_KEY];
    ngx_int_t   rc;
    qwen_buf_t  values;
    ngx_uint_t  argc;

    ngx_str_t  argv[10] = { ngx_string("HSET") };

    argv[1] = ngx_qwen_store_key(buf, NGX_QWEN_STORE_USER, &call->email);
    argc = 2;

    qwen_buf_init(&values, NGX_QWEN_STORE_MAX_FIELD);

    rc = ngx_qwen_store_write_fields(syncer, &values, argv, &argc);

    if (rc == NGX_OK) {
        rc = ngx_qwen_redis_command(syncer->redis, argc, argv,
                                    ngx_qwen_store_account_written, call);
    }

    if (values.data) {
        ngx_explicit_memzero(values.data, values.len);
    }

    qwen_buf_free(&values);

    return rc;
}


/* A password of the configuration is not for Redis, and a token that is gone
 * here may be another one there. */

static ngx_int_t
ngx_qwen_store_write_fields(ngx_qwen_syncer_t *syncer, qwen_buf_t *out,
    ngx_str_t *argv, ngx_uint_t *argc)
{
    size_t                   start;
    qwen_rc_t                rc;
    ngx_uint_t               i;
    qwen_record_account_t   *record;

    static const ngx_str_t  names[] = {
        ngx_string("password"),
        ngx_string("token"),
        ngx_string("expires"),
        ngx_string("ngx_qwen")
    };

    record = &syncer->copy.record;
    record->ndays = 0;

    /* no value moves when the next one is added */

    if (qwen_buf_reserve(out, NGX_QWEN_STORE_MAX_FIELD / 2) != QWEN_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if ((i == 0 && record->configured)
            || ((i == 1 || i == 2) && record->token.len == 0))
        {
            continue;
        }

        start = out->len;

        rc = qwen_record_account_value(record,
                                       (qwen_str_t) { names[i].data,
                                                      names[i].len },
                                       syncer->conf->ring, out);

        if (rc == QWEN_AGAIN) {
            (void) qwen_buf_append_literal(out, "{}");

        } else if (rc != QWEN_OK) {
            return NGX_ERROR;
        }

        argv[*argc] = names[i];
        argv[*argc + 1].data = out->data + start;
        argv[*argc + 1].len = out->len - start;

        *argc += 2;
    }

    return out->len <= NGX_QWEN_STORE_MAX_FIELD / 2 ? NGX_OK : NGX_ERROR;
}


static void
ngx_qwen_store_account_written(void *data, redisReply *reply)
{
    ngx_qwen_store_call_t *call = data;

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        ngx_qwen_changes_touch(call->syncer->store->pool, &call->email);
    }

    ngx_qwen_store_written(call->syncer, reply);
    ngx_free(call);
}


static void
ngx_qwen_store_settings_written(void *data, redisReply *reply)
{
    ngx_qwen_syncer_t *syncer = data;

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {

        /* they are written again */

        syncer->settings = 0;
    }

    ngx_qwen_store_written(syncer, reply);
}


static void
ngx_qwen_store_written(ngx_qwen_syncer_t *syncer, redisReply *reply)
{
    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        syncer->failed = 1;
        ngx_qwen_store_refused(syncer, reply);
    }

    ngx_qwen_store_write_end(syncer);
}


/* A replica that only reads, memory that is used up, and the like. */

static void
ngx_qwen_store_refused(ngx_qwen_syncer_t *syncer, redisReply *reply)
{
    size_t      len;
    qwen_str_t  code;

    if (reply == NULL) {
        return;
    }

    code = qwen_redis_error_code(reply);
    len = ngx_min(code.len, sizeof(syncer->refusal) - 1);

    if (ngx_strncmp(syncer->refusal, code.data, len) == 0
        && syncer->refusal[len] == '\0')
    {
        return;
    }

    ngx_memcpy(syncer->refusal, code.data, len);
    syncer->refusal[len] = '\0';

    ngx_log_error(NGX_LOG_ERR, syncer->log, 0,
                  "%V refuses to write: %s",
                  ngx_qwen_redis_name(syncer->conf->server), syncer->refusal);
}


/* One command of the write has its answer. */

static void
ngx_qwen_store_write_end(ngx_qwen_syncer_t *syncer)
{
    ngx_qwen_pool_t  *pool;

    pool = syncer->store->pool;

    if (--syncer->writes) {
        return;
    }

    syncer->writing = 0;

    if (syncer->failed) {
        syncer->refused = 1;
        ngx_qwen_changes_failed(pool, ngx_qwen_changes_last(pool),
                                NGX_QWEN_SAVE_AWAY);
        return;
    }

    if (syncer->full) {

        /* the rest follows */

        return;
    }

    if (syncer->refusal[0]) {
        ngx_log_error(NGX_LOG_NOTICE, syncer->log, 0, "%V writes again",
                      ngx_qwen_redis_name(syncer->conf->server));
        syncer->refusal[0] = '\0';
    }

    syncer->refused = 0;

    ngx_qwen_changes_saved(pool, syncer->change);
}


ngx_int_t
ngx_qwen_store_tell(ngx_qwen_syncer_t *syncer, const char *what,
    ngx_str_t *email)
{
    u_char     buf[NGX_QWEN_NODE_LEN + NGX_QWEN_STORE_MAX_KEY];
    ngx_str_t  node;

    ngx_str_t  argv[] = {
        ngx_string("PUBLISH"),
        ngx_string(NGX_QWEN_STORE_CHANGES),
        ngx_null_string
    };

    node = ngx_qwen_changes_node(syncer->store->pool);

    argv[2].data = buf;
    argv[2].len = ngx_sprintf(buf, "%V %s %V", &node, what, email) - buf;

    return ngx_qwen_redis_command(syncer->redis, 3, argv, NULL, NULL);
}
