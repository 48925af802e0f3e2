
/*
 * From Redis into the zone: all accounts after each connection and each minute,
 * single ones when another node tells of them.  All is read page by page; each
 * page's commands are sent together.
 */

#include "ngx_qwen_store_redis.h"


#define NGX_QWEN_STORE_MEMORY  (1024 * 1024)     /* of an account's record */


static void ngx_qwen_store_scan(ngx_qwen_syncer_t *syncer);
static void ngx_qwen_store_scanned(void *data, redisReply *reply);
static ngx_int_t ngx_qwen_store_fetch(ngx_qwen_syncer_t *syncer,
    ngx_str_t *email, ngx_qwen_redis_reply_pt handler);
static void ngx_qwen_store_fetched(void *data, redisReply *reply);
static ngx_uint_t ngx_qwen_store_is_present(ngx_qwen_store_call_t *call);
static void ngx_qwen_store_next(ngx_qwen_syncer_t *syncer);
static void ngx_qwen_store_unseen(ngx_qwen_syncer_t *syncer);
static ngx_int_t ngx_qwen_store_ask(ngx_qwen_syncer_t *syncer,
    ngx_str_t *email, ngx_qwen_redis_reply_pt handler);
static void ngx_qwen_store_asked(void *data, redisReply *reply);
static void ngx_qwen_store_ends(void *data, redisReply *reply);
static void ngx_qwen_store_fail(ngx_qwen_syncer_t *syncer);
static void ngx_qwen_store_merge(ngx_qwen_store_call_t *call,
    redisReply *reply);
static ngx_int_t ngx_qwen_store_parse(ngx_qwen_store_call_t *call,
    redisReply *reply, qwen_memory_t *memory, qwen_record_account_t *record);
static void ngx_qwen_store_unreadable(ngx_qwen_store_call_t *call,
    const qwen_record_error_t *error);
static void ngx_qwen_store_told(ngx_qwen_syncer_t *syncer, ngx_str_t *what,
    ngx_str_t *email);
static void ngx_qwen_store_told_set(void *data, redisReply *reply);
static void ngx_qwen_store_told_removed(void *data, redisReply *reply);
static void ngx_qwen_store_told_settings(void *data, redisReply *reply);


void
ngx_qwen_store_read(ngx_qwen_syncer_t *syncer)
{
    if (!syncer->up || !syncer->again || syncer->reading || syncer->writing) {
        return;
    }

    syncer->again = 0;
    syncer->reading = 1;
    syncer->unreadable = 0;
    syncer->reads = 0;
    syncer->unseen = 0;
    syncer->sync = ngx_qwen_accounts_sync_begin(syncer->store->pool);

    syncer->cursor[0] = '0';
    syncer->cursor_len = 1;

    ngx_qwen_store_scan(syncer);
}


static void
ngx_qwen_store_scan(ngx_qwen_syncer_t *syncer)
{
    ngx_str_t  argv[] = {
        ngx_string("SCAN"),
        ngx_null_string,
        ngx_string("MATCH"),
        ngx_string(NGX_QWEN_STORE_USER "*"),
        ngx_string("COUNT"),
        ngx_string("200")
    };

    argv[1].data = syncer->cursor;
    argv[1].len = syncer->cursor_len;

    if (ngx_qwen_redis_command(syncer->redis, 6, argv, ngx_qwen_store_scanned,
                               syncer)
        != NGX_OK)
    {
        ngx_qwen_store_fail(syncer);
    }
}


static void
ngx_qwen_store_scanned(void *data, redisReply *reply)
{
    ngx_qwen_syncer_t *syncer = data;

    size_t       i, prefix;
    ngx_str_t    email;
    redisReply  *key, *keys;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[0]->len > sizeof(syncer->cursor)
        || reply->element[1]->type != REDIS_REPLY_ARRAY)
    {
        ngx_qwen_store_fail(syncer);
        return;
    }

    syncer->cursor_len = reply->element[0]->len;
    ngx_memcpy(syncer->cursor, reply->element[0]->str, syncer->cursor_len);

    prefix = sizeof(NGX_QWEN_STORE_USER) - 1;
    keys = reply->element[1];

    for (i = 0; i < keys->elements; i++) {
        key = keys->element[i];

        if (key->type != REDIS_REPLY_STRING || key->len <= prefix
            || key->len - prefix > NGX_QWEN_EMAIL_MAX)
        {
            continue;
        }

        email.data = (u_char *) key->str + prefix;
        email.len = key->len - prefix;

        if (ngx_qwen_store_fetch(syncer, &email, ngx_qwen_store_fetched)
            != NGX_OK)
        {
            ngx_qwen_store_fail(syncer);
            return;
        }

        syncer->reads++;
    }

    ngx_qwen_store_next(syncer);
}


static ngx_int_t
ngx_qwen_store_fetch(ngx_qwen_syncer_t *syncer, ngx_str_t *email,
    ngx_qwen_redis_reply_pt handler)
{
    u_char                  buf[NGX_QWEN_STORE_MAX_KEY];
    ngx_int_t               rc;
    ngx_qwen_store_call_t  *call;

    ngx_str_t  argv[] = { ngx_string("HGETALL"), ngx_null_string };

    call = ngx_qwen_store_call(syncer, email);
    if (call == NULL) {
        return NGX_ERROR;
    }

    argv[1] = ngx_qwen_store_key(buf, NGX_QWEN_STORE_USER, email);

    rc = ngx_qwen_redis_command(syncer->redis, 2, argv, handler, call);

    if (rc != NGX_OK) {
        ngx_free(call);
    }

    return rc;
}


static void
ngx_qwen_store_fetched(void *data, redisReply *reply)
{
    ngx_qwen_store_call_t *call = data;

    ngx_uint_t          present;
    ngx_qwen_syncer_t  *syncer;

    syncer = call->syncer;
    present = ngx_qwen_store_is_present(call);

    ngx_qwen_store_merge(call, reply);
    ngx_free(call);

    if (!present) {
        return;
    }

    if (reply == NULL) {
        ngx_qwen_store_fail(syncer);
        return;
    }

    syncer->reads--;

    ngx_qwen_store_next(syncer);
}


/* A reading that failed has left calls without a reply. */

static ngx_uint_t
ngx_qwen_store_is_present(ngx_qwen_store_call_t *call)
{
    return call->syncer->reading && call->sync == call->syncer->sync;
}


/* The next page, when all of the last one has come. */

static void
ngx_qwen_store_next(ngx_qwen_syncer_t *syncer)
{
    if (!syncer->reading || syncer->reads) {
        return;
    }

    if (syncer->cursor_len == 1 && syncer->cursor[0] == '0') {
        ngx_qwen_store_unseen(syncer);
        return;
    }

    ngx_qwen_store_scan(syncer);
}


/* Accounts that Redis does not have: deleted ones go, all others are written
 * back. */

static void
ngx_qwen_store_unseen(ngx_qwen_syncer_t *syncer)
{
    u_char     buf[NGX_QWEN_EMAIL_MAX];
    ngx_str_t  email;

    email.data = buf;

    while (syncer->reads < NGX_QWEN_STORE_BATCH
           && ngx_qwen_accounts_unseen(syncer->store->pool, syncer->sync,
                                       &syncer->unseen, &email)
              == NGX_OK)
    {
        if (ngx_qwen_store_ask(syncer, &email, ngx_qwen_store_asked)
            != NGX_OK)
        {
            ngx_qwen_store_fail(syncer);
            return;
        }

        syncer->reads++;
    }

    if (syncer->reads == 0
        && ngx_qwen_store_read_settings(syncer, ngx_qwen_store_ends) != NGX_OK)
    {
        ngx_qwen_store_fail(syncer);
    }
}


static ngx_int_t
ngx_qwen_store_ask(ngx_qwen_syncer_t *syncer, ngx_str_t *email,
    ngx_qwen_redis_reply_pt handler)
{
    u_char                  buf[NGX_QWEN_STORE_MAX_KEY];
    ngx_int_t               rc;
    ngx_qwen_store_call_t  *call;

    ngx_str_t  argv[] = { ngx_string("EXISTS"), ngx_null_string };

    call = ngx_qwen_store_call(syncer, email);
    if (call == NULL) {
        return NGX_ERROR;
    }

    argv[1] = ngx_qwen_store_key(buf, NGX_QWEN_STORE_DELETED, email);

    rc = ngx_qwen_redis_command(syncer->redis, 2, argv, handler, call);

    if (rc != NGX_OK) {
        ngx_free(call);
    }

    return rc;
}


static void
ngx_qwen_store_asked(void *data, redisReply *reply)
{
    ngx_qwen_store_call_t *call = data;

    ngx_uint_t          present;
    ngx_qwen_syncer_t  *syncer;

    syncer = call->syncer;
    present = ngx_qwen_store_is_present(call);

    if (reply && reply->type == REDIS_REPLY_INTEGER) {

        if (reply->integer) {
            ngx_qwen_accounts_forget(syncer->store->pool, &call->email);

        } else {
            ngx_qwen_changes_touch(syncer->store->pool, &call->email);
        }

    } else if (present) {
        ngx_qwen_store_fail(syncer);
        present = 0;
    }

    ngx_free(call);

    if (present && --syncer->reads == 0) {
        ngx_qwen_store_unseen(syncer);
    }
}


static void
ngx_qwen_store_ends(void *data, redisReply *reply)
{
    ngx_qwen_syncer_t *syncer = data;

    if (reply == NULL || !syncer->reading) {
        ngx_qwen_store_fail(syncer);
        return;
    }

    ngx_qwen_store_take_settings(syncer, reply);

    syncer->reading = 0;
    syncer->read = 1;
    syncer->read_last = ngx_current_msec;

    if (!syncer->unreadable) {
        syncer->told = 0;
    }

    ngx_qwen_pool_set_loaded(syncer->store->pool);
}


/* It begins again with the next connection, or in a while. */

static void
ngx_qwen_store_fail(ngx_qwen_syncer_t *syncer)
{
    syncer->reading = 0;
    syncer->reads = 0;
    syncer->again = 1;
}


/* An account that Redis does not have is left to the next reading. */

static void
ngx_qwen_store_merge(ngx_qwen_store_call_t *call, redisReply *reply)
{
    qwen_memory_t           memory;
    ngx_qwen_syncer_t      *syncer;
    qwen_record_account_t   record;

    syncer = call->syncer;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements == 0)
    {
        return;
    }

    qwen_memory_init(&memory, NGX_QWEN_STORE_MEMORY);

    if (ngx_qwen_store_parse(call, reply, &memory, &record) == NGX_OK
        && ngx_qwen_accounts_merge(syncer->store->pool, &record, syncer->sync)
           != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, syncer->log, 0,
                      "qwen_zone \"%V\" is too small for the accounts in "
                      "Redis, increase its size",
                      &syncer->store->pool->shm_zone->shm.name);
    }

    qwen_memory_free(&memory);
}


static ngx_int_t
ngx_qwen_store_parse(ngx_qwen_store_call_t *call, redisReply *reply,
    qwen_memory_t *memory, qwen_record_account_t *record)
{
    size_t                i;
    redisReply           *name, *value;
    qwen_record_error_t   error;
    qwen_record_field_t   field;

    ngx_memzero(record, sizeof(qwen_record_account_t));

    record->email.data = call->email.data;
    record->email.len = call->email.len;

    for (i = 0; i + 1 < reply->elements; i += 2) {
        name = reply->element[i];
        value = reply->element[i + 1];

        if (name->type != REDIS_REPLY_STRING
            || value->type != REDIS_REPLY_STRING)
        {
            return NGX_ERROR;
        }

        field.name = (qwen_str_t) { (u_char *) name->str, name->len };
        field.value = (qwen_str_t) { (u_char *) value->str, value->len };

        if (qwen_record_account_field(record, &field,
                                      call->syncer->conf->ring, memory, &error)
            != QWEN_OK)
        {
            ngx_qwen_store_unreadable(call, &error);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* What is sealed with a key that is not here must not be overwritten. */

static void
ngx_qwen_store_unreadable(ngx_qwen_store_call_t *call,
    const qwen_record_error_t *error)
{
    u_char              buf[NGX_QWEN_EMAIL_MAX + 1];
    ngx_str_t           email;
    ngx_qwen_syncer_t  *syncer;

    syncer = call->syncer;

    if (error->fault == QWEN_RECORD_NO_KEY
        || error->fault == QWEN_RECORD_DAMAGED)
    {
        syncer->unreadable = 1;
    }

    if (syncer->told) {
        return;
    }

    syncer->told = 1;
    email = ngx_qwen_mask_email(&call->email, buf, sizeof(buf));

    ngx_log_error(NGX_LOG_ERR, syncer->log, 0,
                  "qwen_store cannot use account \"%V\" in Redis: %s%s",
                  &email, error->reason,
                  syncer->unreadable ? "; nothing is written to Redis" : "");
}


void
ngx_qwen_store_message(void *data, ngx_str_t *channel, ngx_str_t *message)
{
    ngx_qwen_syncer_t *syncer = data;

    u_char     *p, *last;
    ngx_str_t   node, what, email;

    node = ngx_qwen_changes_node(syncer->store->pool);
    last = message->data + message->len;

    if (!syncer->up
        || message->len <= node.len + 1
        || ngx_memcmp(message->data, node.data, node.len) == 0)
    {
        return;
    }

    what.data = message->data + node.len + 1;

    p = ngx_strlchr(what.data, last, ' ');

    what.len = (p ? p : last) - what.data;
    email.data = p ? p + 1 : last;
    email.len = last - email.data;

    if (email.len <= NGX_QWEN_EMAIL_MAX) {
        ngx_qwen_store_told(syncer, &what, &email);
    }
}


/* What is missed here comes with the next reading. */

static void
ngx_qwen_store_told(ngx_qwen_syncer_t *syncer, ngx_str_t *what,
    ngx_str_t *email)
{
    if (ngx_qwen_store_is(what, NGX_QWEN_STORE_COUNTED)) {
        syncer->others = 1;
        return;
    }

    if (ngx_qwen_store_is(what, NGX_QWEN_STORE_CONFIG)) {
        (void) ngx_qwen_store_read_settings(syncer,
                                            ngx_qwen_store_told_settings);
        return;
    }

    if (email->len == 0) {
        return;
    }

    if (ngx_qwen_store_is(what, NGX_QWEN_STORE_REMOVED)) {
        (void) ngx_qwen_store_ask(syncer, email, ngx_qwen_store_told_removed);
        return;
    }

    if (ngx_qwen_store_is(what, NGX_QWEN_STORE_RESET)) {
        ngx_qwen_accounts_clear(syncer->store->pool, email);
    }

    (void) ngx_qwen_store_fetch(syncer, email, ngx_qwen_store_told_set);
}


static void
ngx_qwen_store_told_set(void *data, redisReply *reply)
{
    ngx_qwen_store_merge(data, reply);
    ngx_free(data);
}


static void
ngx_qwen_store_told_removed(void *data, redisReply *reply)
{
    ngx_qwen_store_call_t *call = data;

    if (reply && reply->type == REDIS_REPLY_INTEGER && reply->integer) {
        ngx_qwen_accounts_forget(call->syncer->store->pool, &call->email);
    }

    ngx_free(call);
}


static void
ngx_qwen_store_told_settings(void *data, redisReply *reply)
{
    if (reply) {
        ngx_qwen_store_take_settings(data, reply);
    }
}
