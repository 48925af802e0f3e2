
/* Accounts: listed, searched, sorted. */

#include "ngx_http_qwen_admin_list.h"


#define NGX_HTTP_QWEN_ADMIN_PAGE  1000
#define NGX_HTTP_QWEN_ADMIN_SCAN  200        /* accounts looked at in a step */


typedef enum {
    NGX_HTTP_QWEN_SORT_ADDED = 0,
    NGX_HTTP_QWEN_SORT_EMAIL,
    NGX_HTTP_QWEN_SORT_EXPIRES,
    NGX_HTTP_QWEN_SORT_STATE,
    NGX_HTTP_QWEN_SORT_TOKENS
} ngx_http_qwen_sort_e;

/* An account that was found. */
typedef struct {
    uint64_t                 number;
    int64_t                  key;        /* it is sorted by */
    ngx_str_t                email;      /* if it is by this */
} ngx_http_qwen_found_t;

typedef struct {
    ngx_uint_t               page;
    ngx_uint_t               page_size;
    ngx_uint_t               reveal;
    ngx_str_t                search;     /* in lower case */
    ngx_uint_t               state;      /* NGX_HTTP_QWEN_STATES: any */
    ngx_http_qwen_sort_e     sort;
    ngx_uint_t               descending;
    uint32_t                 today;
    uint64_t                 number;     /* of the last one looked at */
    ngx_array_t              found;
    ngx_qwen_account_copy_t  copy;
} ngx_http_qwen_query_t;


static ngx_int_t ngx_http_qwen_query_read(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_query_t *query);
static ngx_int_t ngx_http_qwen_query_number(ngx_http_qwen_admin_t *admin,
    const char *name, ngx_uint_t *number);
static ngx_int_t ngx_http_qwen_query_sort(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_query_t *query);
static void ngx_http_qwen_query_step(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_query_look(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_query_t *query);
static ngx_uint_t ngx_http_qwen_query_match(ngx_http_qwen_query_t *query);
static int64_t ngx_http_qwen_query_key(ngx_http_qwen_query_t *query);
static int ngx_libc_cdecl ngx_http_qwen_query_compare(const void *one,
    const void *two);
static void ngx_http_qwen_query_end(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_query_t *query);
static void ngx_http_qwen_query_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy);
static void ngx_http_qwen_query_clear_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy);
static void ngx_http_qwen_query_put_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy, ngx_uint_t reveal);
static void ngx_http_qwen_query_put_secret(qwen_buf_t *out, const char *name,
    qwen_str_t secret, ngx_uint_t reveal);


static const ngx_str_t  ngx_http_qwen_sorts[] = {
    ngx_string("added"),
    ngx_string("email"),
    ngx_string("expires"),
    ngx_string("state"),
    ngx_string("tokens"),
    ngx_null_string
};


void
ngx_http_qwen_admin_get_accounts(ngx_http_qwen_admin_t *admin)
{
    ngx_http_request_t     *r;
    ngx_http_qwen_query_t  *query;

    r = admin->request;

    query = ngx_pcalloc(r->pool, sizeof(ngx_http_qwen_query_t));

    if (query == NULL
        || ngx_array_init(&query->found, r->pool, 64,
                          sizeof(ngx_http_qwen_found_t))
           != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (ngx_http_qwen_query_read(admin, query) != NGX_OK) {
        return;
    }

    admin->data = query;

    ngx_http_qwen_query_step(r);
}


static ngx_int_t
ngx_http_qwen_query_read(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_query_t *query)
{
    ngx_str_t   state;
    ngx_uint_t  i;

    query->page = 1;
    query->page_size = NGX_HTTP_QWEN_ADMIN_PAGE;
    query->today = ngx_qwen_stats_date(ngx_time());
    query->reveal = ngx_http_qwen_admin_reveals(admin);
    query->search = ngx_http_qwen_admin_arg(admin, "search");

    ngx_strlow(query->search.data, query->search.data, query->search.len);

    state = ngx_http_qwen_admin_arg(admin, "state");

    for (i = 0; i < NGX_HTTP_QWEN_STATES; i++) {
        if (state.len == ngx_http_qwen_states[i].len
            && ngx_strncmp(state.data, ngx_http_qwen_states[i].data, state.len)
               == 0)
        {
            break;
        }
    }

    query->state = i;

    if (i == NGX_HTTP_QWEN_STATES && state.len) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "\"state\" must be active, warn, cooldown, "
                                  "token_expiring or challenged");
        return NGX_ERROR;
    }

    if (ngx_http_qwen_query_number(admin, "page", &query->page) != NGX_OK
        || ngx_http_qwen_query_number(admin, "pageSize", &query->page_size)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_qwen_query_sort(admin, query);
}


static ngx_int_t
ngx_http_qwen_query_number(ngx_http_qwen_admin_t *admin, const char *name,
    ngx_uint_t *number)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    arg = ngx_http_qwen_admin_arg(admin, name);

    if (arg.len == 0) {
        return NGX_OK;
    }

    n = ngx_atoi(arg.data, arg.len);

    if (n <= 0 || n > 1000000) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "\"page\" and \"pageSize\" must be numbers "
                                  "from 1 to 1000000");
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_query_sort(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_query_t *query)
{
    ngx_str_t   sort, order;
    ngx_uint_t  i;

    order = ngx_http_qwen_admin_arg(admin, "order");

    if (order.len == 4 && ngx_strncmp(order.data, "desc", 4) == 0) {
        query->descending = 1;

    } else if (order.len
               && (order.len != 3 || ngx_strncmp(order.data, "asc", 3) != 0))
    {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "\"order\" must be asc or desc");
        return NGX_ERROR;
    }

    sort = ngx_http_qwen_admin_arg(admin, "sort");

    if (sort.len == 0) {
        return NGX_OK;
    }

    for (i = 0; ngx_http_qwen_sorts[i].len; i++) {
        if (sort.len == ngx_http_qwen_sorts[i].len
            && ngx_strncmp(sort.data, ngx_http_qwen_sorts[i].data, sort.len)
               == 0)
        {
            query->sort = i;
            return NGX_OK;
        }
    }

    ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                              "\"sort\" must be added, email, expires, state "
                              "or tokens");
    return NGX_ERROR;
}


/* Looks at some accounts at a time, so that many hold no worker up. */

static void
ngx_http_qwen_query_step(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_uint_t              n;
    ngx_http_qwen_ctx_t    *ctx;
    ngx_http_qwen_admin_t  *admin;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    admin = ctx->admin;

    for (n = 0; n < NGX_HTTP_QWEN_ADMIN_SCAN; n++) {
        rc = ngx_http_qwen_query_look(admin, admin->data);

        if (rc == NGX_DONE) {
            ngx_http_qwen_query_end(admin, admin->data);
            return;
        }

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }
    }

    ngx_http_qwen_timer_yield(&ctx->timer, ngx_http_qwen_query_step);
}


static ngx_int_t
ngx_http_qwen_query_look(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_query_t *query)
{
    ngx_str_t               email;
    ngx_http_qwen_found_t  *found;

    if (ngx_qwen_accounts_next(&admin->qmcf->pool, query->number, &query->copy)
        != NGX_OK)
    {
        return NGX_DONE;
    }

    query->number = query->copy.number;

    if (!ngx_http_qwen_query_match(query)) {
        return NGX_OK;
    }

    found = ngx_array_push(&query->found);
    if (found == NULL) {
        return NGX_ERROR;
    }

    found->number = query->copy.number;
    found->key = ngx_http_qwen_query_key(query);
    ngx_str_null(&found->email);

    if (query->sort == NGX_HTTP_QWEN_SORT_EMAIL) {
        email.data = (u_char *) query->copy.record.email.data;
        email.len = query->copy.record.email.len;

        found->email.len = email.len;
        found->email.data = ngx_pstrdup(admin->request->pool, &email);

        if (found->email.data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_qwen_query_match(ngx_http_qwen_query_t *query)
{
    size_t      i;
    u_char      email[NGX_QWEN_EMAIL_MAX];
    qwen_str_t *s;

    if (query->state != NGX_HTTP_QWEN_STATES
        && ngx_http_qwen_admin_state(&query->copy) != query->state)
    {
        return 0;
    }

    if (query->search.len == 0) {
        return 1;
    }

    s = &query->copy.record.email;

    ngx_strlow(email, (u_char *) s->data, s->len);

    for (i = 0; i + query->search.len <= s->len; i++) {
        if (ngx_memcmp(email + i, query->search.data, query->search.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static int64_t
ngx_http_qwen_query_key(ngx_http_qwen_query_t *query)
{
    const qwen_record_day_t  *day;

    switch (query->sort) {

    case NGX_HTTP_QWEN_SORT_EXPIRES:
        return query->copy.record.expires;

    case NGX_HTTP_QWEN_SORT_STATE:
        return ngx_http_qwen_admin_state(&query->copy);

    case NGX_HTTP_QWEN_SORT_TOKENS:
        day = ngx_http_qwen_admin_day(&query->copy, query->today);
        return day ? (int64_t) (day->chat_input + day->chat_output
                                + day->cli_input + day->cli_output)
                   : 0;

    default: /* NGX_HTTP_QWEN_SORT_ADDED, NGX_HTTP_QWEN_SORT_EMAIL */
        return 0;
    }
}


static int ngx_libc_cdecl
ngx_http_qwen_query_compare(const void *one, const void *two)
{
    ngx_int_t                     rc;
    const ngx_http_qwen_found_t  *first = one;
    const ngx_http_qwen_found_t  *second = two;

    if (first->key != second->key) {
        return first->key < second->key ? -1 : 1;
    }

    rc = ngx_memn2cmp(first->email.data, second->email.data, first->email.len,
                      second->email.len);
    if (rc != 0) {
        return rc;
    }

    return first->number < second->number ? -1 : 1;
}


static void
ngx_http_qwen_query_end(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_query_t *query)
{
    uint64_t               *numbers;
    ngx_uint_t              i, n, first, place;
    qwen_buf_t             *out;
    ngx_http_qwen_found_t  *found;

    found = query->found.elts;
    n = query->found.nelts;

    qsort(found, n, sizeof(ngx_http_qwen_found_t), ngx_http_qwen_query_compare);

    first = ngx_min((query->page - 1) * query->page_size, n);

    numbers = ngx_palloc(admin->request->pool, (n + 1) * sizeof(uint64_t));
    if (numbers == NULL) {
        ngx_http_finalize_request(admin->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    for (i = 0; i < query->page_size && first + i < n; i++) {
        place = first + i;
        numbers[i] = found[query->descending ? n - 1 - place : place].number;
    }

    out = &admin->answer;

    qwen_json_begin_object(out, NULL);
    qwen_json_put_int(out, "total", (int64_t) n);
    qwen_json_put_int(out, "page", (int64_t) query->page);
    qwen_json_put_int(out, "pageSize", (int64_t) query->page_size);
    qwen_json_begin_array(out, "data");

    ngx_http_qwen_admin_list_of(admin, numbers, i,
                                query->reveal ? ngx_http_qwen_query_clear_row
                                              : ngx_http_qwen_query_row,
                                qwen_literal("]}"));
}


static void
ngx_http_qwen_query_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy)
{
    ngx_http_qwen_query_put_row(admin, copy, 0);
}


static void
ngx_http_qwen_query_clear_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy)
{
    ngx_http_qwen_query_put_row(admin, copy, 1);
}


static void
ngx_http_qwen_query_put_row(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy, ngx_uint_t reveal)
{
    uint32_t                      today;
    qwen_buf_t                   *out;
    const qwen_record_account_t  *record;

    out = &admin->answer;
    record = &copy->record;
    today = ngx_qwen_stats_date(ngx_time());

    qwen_json_begin_object(out, NULL);
    qwen_json_put_string(out, "email", record->email);
    ngx_http_qwen_query_put_secret(out, "password", record->password, reveal);
    ngx_http_qwen_query_put_secret(out, "token", record->token, reveal);

    if (record->expires) {
        qwen_json_put_int(out, "expires", record->expires);

    } else {
        qwen_json_put_null(out, "expires");
    }

    qwen_json_put_string(out, "source", record->configured
                                        ? qwen_literal("configuration")
                                        : qwen_literal("store"));

    ngx_http_qwen_admin_put_status(out, copy);

    qwen_json_begin_object(out, "stats");
    ngx_http_qwen_admin_put_day(out, ngx_http_qwen_admin_day(copy, today));
    qwen_json_end_object(out);

    qwen_json_end_object(out);
}


static void
ngx_http_qwen_query_put_secret(qwen_buf_t *out, const char *name,
    qwen_str_t secret, ngx_uint_t reveal)
{
    if (secret.len && !reveal) {
        secret = qwen_literal(NGX_HTTP_QWEN_ADMIN_HIDDEN
                              NGX_HTTP_QWEN_ADMIN_HIDDEN);
    }

    qwen_json_put_string(out, name, secret);
}
