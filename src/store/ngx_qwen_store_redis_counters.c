
/*
 * Counters: each node writes what it has counted, as totals of a day in fields
 * of its own, so that a write that is repeated does no harm, and adds up those
 * of the others.
 */

#include "ngx_qwen_store_redis.h"


#define NGX_QWEN_COUNTERS_WRITE  1000
#define NGX_QWEN_COUNTERS_READ   2000
#define NGX_QWEN_COUNTERS_KEPT   "7948800"   /* 92 days, seconds */

#define NGX_QWEN_DATE_LEN        (sizeof("2026-11-25") - 1)
#define NGX_QWEN_COUNTS          7


/* What nodes have counted for an account on a day. */
typedef struct {
    ngx_str_node_t       node;
    qwen_record_day_t    own;        /* by this node */
    qwen_record_day_t    others;
} ngx_qwen_counter_t;


static void ngx_qwen_counters_write(ngx_qwen_syncer_t *syncer);
static ngx_int_t ngx_qwen_counters_write_day(ngx_qwen_syncer_t *syncer,
    ngx_str_t *email, const qwen_record_day_t *day);
static void ngx_qwen_counters_written(void *data, redisReply *reply);
static void ngx_qwen_counters_read(ngx_qwen_syncer_t *syncer);
static void ngx_qwen_counters_came(void *data, redisReply *reply);
static void ngx_qwen_counters_take(ngx_qwen_syncer_t *syncer,
    redisReply *reply);
static void ngx_qwen_counters_add(ngx_qwen_syncer_t *syncer,
    ngx_pool_t *pool, ngx_rbtree_t *tree, redisReply *field,
    redisReply *value);
static ngx_qwen_counter_t *ngx_qwen_counters_find(ngx_pool_t *pool,
    ngx_rbtree_t *tree, ngx_str_t *email);
static void ngx_qwen_counters_parse(redisReply *value,
    qwen_record_day_t *sum);
static ngx_str_t ngx_qwen_counters_key(u_char *buf, uint32_t date);


void
ngx_qwen_store_count(ngx_qwen_syncer_t *syncer)
{
    if (!syncer->up || !syncer->read) {
        return;
    }

    if (syncer->history
        && (ngx_exiting || ngx_current_msec - syncer->counted_last
                           >= NGX_QWEN_COUNTERS_WRITE))
    {
        syncer->counted_last = ngx_current_msec;
        ngx_qwen_counters_write(syncer);
    }

    if (syncer->counts == 0
        && (!syncer->history
            || (syncer->others
                && ngx_current_msec - syncer->others_last
                   >= NGX_QWEN_COUNTERS_READ)))
    {
        ngx_qwen_counters_read(syncer);
    }
}


static void
ngx_qwen_counters_write(ngx_qwen_syncer_t *syncer)
{
    u_char             buf[NGX_QWEN_EMAIL_MAX];
    uint64_t           number;
    ngx_str_t          email, none;
    ngx_uint_t         i, n;
    ngx_qwen_pool_t   *pool;
    qwen_record_day_t  days[2];

    pool = syncer->store->pool;

    if (!ngx_qwen_changes_counted(pool)) {
        return;
    }

    ngx_str_null(&none);
    number = 0;

    for (n = 0; n < NGX_QWEN_STORE_BATCH; n++) {

        if (ngx_qwen_stats_own(pool, &number, buf, &email, days) != NGX_OK) {
            break;
        }

        for (i = 0; i < 2; i++) {
            if (days[i].day
                && ngx_qwen_counters_write_day(syncer, &email, &days[i])
                   != NGX_OK)
            {
                ngx_qwen_stats_again(pool, &email);
                return;
            }
        }
    }

    if (n == NGX_QWEN_STORE_BATCH) {

        /* the rest follows */

        ngx_qwen_changes_count(pool);
    }

    if (n) {
        (void) ngx_qwen_store_tell(syncer, NGX_QWEN_STORE_COUNTED, &none);
    }
}


static ngx_int_t
ngx_qwen_counters_write_day(ngx_qwen_syncer_t *syncer, ngx_str_t *email,
    const qwen_record_day_t *day)
{
    u_char                  key[NGX_QWEN_STORE_MAX_KEY];
    u_char                  field[NGX_QWEN_NODE_LEN + 1 + NGX_QWEN_EMAIL_MAX];
    u_char                  value[NGX_QWEN_COUNTS * (NGX_INT64_LEN + 1)];
    ngx_str_t               node;
    ngx_qwen_store_call_t  *call;

    ngx_str_t  expire[] = {
        ngx_string("EXPIRE"),
        ngx_null_string,
        ngx_string(NGX_QWEN_COUNTERS_KEPT)
    };

    ngx_str_t  argv[] = {
        ngx_string("HSET"),
        ngx_null_string,
        { 0, field },
        { 0, value }
    };

    node = ngx_qwen_changes_node(syncer->store->pool);

    argv[1] = ngx_qwen_counters_key(key, day->day);
    argv[2].len = ngx_sprintf(field, "%V %V", &node, email) - field;
    argv[3].len = ngx_sprintf(value, "%uL %uL %uL %uL %uL %uL %uL",
                              day->requests, day->errors, day->chat_input,
                              day->chat_output, day->cli_calls,
                              day->cli_input, day->cli_output)
                  - value;
    expire[1] = argv[1];

    call = ngx_qwen_store_call(syncer, email);
    if (call == NULL) {
        return NGX_ERROR;
    }

    if (ngx_qwen_redis_command(syncer->redis, 4, argv,
                               ngx_qwen_counters_written, call)
        != NGX_OK)
    {
        ngx_free(call);
        return NGX_ERROR;
    }

    return ngx_qwen_redis_command(syncer->redis, 3, expire, NULL, NULL);
}


static void
ngx_qwen_counters_written(void *data, redisReply *reply)
{
    ngx_qwen_store_call_t *call = data;

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        ngx_qwen_stats_again(call->syncer->store->pool, &call->email);
    }

    ngx_free(call);
}


/* All days once, then today and yesterday. */

static void
ngx_qwen_counters_read(ngx_qwen_syncer_t *syncer)
{
    u_char      key[NGX_QWEN_STORE_MAX_KEY];
    time_t      sec;

    ngx_str_t  argv[] = { ngx_string("HGETALL"), ngx_null_string };

    if (syncer->ago == 0) {
        syncer->others = 0;
        syncer->others_last = ngx_current_msec;
    }

    sec = ngx_time() - (time_t) syncer->ago * 24 * 3600;

    syncer->date = ngx_qwen_stats_date(sec);
    argv[1] = ngx_qwen_counters_key(key, syncer->date);

    if (ngx_qwen_redis_command(syncer->redis, 2, argv, ngx_qwen_counters_came,
                               syncer)
        == NGX_OK)
    {
        syncer->counts = 1;
    }
}


static void
ngx_qwen_counters_came(void *data, redisReply *reply)
{
    ngx_qwen_syncer_t *syncer = data;

    syncer->counts = 0;

    if (reply == NULL) {
        syncer->ago = 0;
        return;
    }

    ngx_qwen_counters_take(syncer, reply);

    syncer->ago++;

    if (syncer->ago < (syncer->history ? 2 : NGX_QWEN_DAYS)) {
        ngx_qwen_counters_read(syncer);
        return;
    }

    syncer->ago = 0;
    syncer->history = 1;
}


static void
ngx_qwen_counters_take(ngx_qwen_syncer_t *syncer, redisReply *reply)
{
    size_t               i;
    ngx_pool_t          *pool;
    ngx_rbtree_t         tree;
    ngx_rbtree_node_t   *node, sentinel;
    ngx_qwen_counter_t  *counter;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
        return;
    }

    pool = ngx_create_pool(16384, syncer->log);
    if (pool == NULL) {
        return;
    }

    ngx_rbtree_init(&tree, &sentinel, ngx_str_rbtree_insert_value);

    for (i = 0; i + 1 < reply->elements; i += 2) {
        ngx_qwen_counters_add(syncer, pool, &tree, reply->element[i],
                              reply->element[i + 1]);
    }

    if (tree.root != tree.sentinel) {

        for (node = ngx_rbtree_min(tree.root, tree.sentinel);
             node;
             node = ngx_rbtree_next(&tree, node))
        {
            counter = (ngx_qwen_counter_t *) node;

            ngx_qwen_stats_others(syncer->store->pool, &counter->node.str,
                                  &counter->others, &counter->own);
        }
    }

    ngx_destroy_pool(pool);
}


static void
ngx_qwen_counters_add(ngx_qwen_syncer_t *syncer, ngx_pool_t *pool,
    ngx_rbtree_t *tree, redisReply *field, redisReply *value)
{
    ngx_str_t            node, email;
    ngx_qwen_counter_t  *counter;

    if (field->type != REDIS_REPLY_STRING
        || value->type != REDIS_REPLY_STRING
        || field->len <= NGX_QWEN_NODE_LEN + 1
        || field->len > NGX_QWEN_NODE_LEN + 1 + NGX_QWEN_EMAIL_MAX)
    {
        return;
    }

    email.data = (u_char *) field->str + NGX_QWEN_NODE_LEN + 1;
    email.len = field->len - NGX_QWEN_NODE_LEN - 1;

    counter = ngx_qwen_counters_find(pool, tree, &email);
    if (counter == NULL) {
        return;
    }

    node = ngx_qwen_changes_node(syncer->store->pool);

    counter->own.day = syncer->date;
    counter->others.day = syncer->date;

    ngx_qwen_counters_parse(value,
                            ngx_memcmp(field->str, node.data, node.len) == 0
                            ? &counter->own : &counter->others);
}


static ngx_qwen_counter_t *
ngx_qwen_counters_find(ngx_pool_t *pool, ngx_rbtree_t *tree, ngx_str_t *email)
{
    uint32_t             hash;
    ngx_qwen_counter_t  *counter;

    hash = ngx_murmur_hash2(email->data, email->len);

    counter = (ngx_qwen_counter_t *) ngx_str_rbtree_lookup(tree, email, hash);
    if (counter) {
        return counter;
    }

    counter = ngx_pcalloc(pool, sizeof(ngx_qwen_counter_t));
    if (counter == NULL) {
        return NULL;
    }

    counter->node.node.key = hash;
    counter->node.str = *email;

    ngx_rbtree_insert(tree, &counter->node.node);

    return counter;
}


/* Numbers with a space between them; what is none ends them. */

static void
ngx_qwen_counters_parse(redisReply *value, qwen_record_day_t *sum)
{
    u_char      *p, *last, *space;
    off_t        n;
    uint64_t    *counts[NGX_QWEN_COUNTS];
    ngx_uint_t   i;

    counts[0] = &sum->requests;
    counts[1] = &sum->errors;
    counts[2] = &sum->chat_input;
    counts[3] = &sum->chat_output;
    counts[4] = &sum->cli_calls;
    counts[5] = &sum->cli_input;
    counts[6] = &sum->cli_output;

    p = (u_char *) value->str;
    last = p + value->len;

    for (i = 0; i < NGX_QWEN_COUNTS && p < last; i++) {

        space = ngx_strlchr(p, last, ' ');
        space = space ? space : last;

        n = ngx_atoof(p, space - p);

        if (n == NGX_ERROR || (uint64_t) n > QWEN_RECORD_MAX_COUNT) {
            return;
        }

        *counts[i] += n;
        p = space + 1;
    }
}


static ngx_str_t
ngx_qwen_counters_key(u_char *buf, uint32_t date)
{
    ngx_str_t  key;

    key.data = buf;
    key.len = ngx_sprintf(buf, "%s%04uD-%02uD-%02uD", NGX_QWEN_STORE_DAY,
                          date / 10000, date / 100 % 100, date % 100)
              - buf;

    return key;
}
