
/* The lines of a task: "email:password", split at the first colon. */

#include "ngx_http_qwen_batch.h"


static ngx_int_t ngx_http_qwen_batch_line(ngx_http_qwen_batch_t *batch,
    ngx_rbtree_t *seen, ngx_str_t *line);
static ngx_int_t ngx_http_qwen_batch_see(ngx_http_qwen_batch_t *batch,
    ngx_rbtree_t *seen, ngx_str_t *email);
static void ngx_http_qwen_batch_trim(ngx_str_t *line);


ngx_int_t
ngx_http_qwen_batch_parse(ngx_http_qwen_batch_t *batch, qwen_str_t text)
{
    u_char             *p, *last, *copy;
    ngx_str_t           line;
    ngx_rbtree_t        seen;
    ngx_rbtree_node_t   sentinel;

    ngx_rbtree_init(&seen, &sentinel, ngx_str_rbtree_insert_value);

    copy = ngx_pnalloc(batch->pool, text.len + 1);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, text.data, text.len);

    last = copy + text.len;
    *last = '\n';

    for (line.data = copy; line.data <= last; line.data = p + 1) {

        for (p = line.data; *p != '\n' && *p != '\r'; p++) { /* void */ }

        line.len = p - line.data;

        ngx_http_qwen_batch_trim(&line);

        if (line.len
            && ngx_http_qwen_batch_line(batch, &seen, &line) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_qwen_batch_trim(ngx_str_t *line)
{
    while (line->len && (line->data[0] == ' ' || line->data[0] == '\t')) {
        line->data++;
        line->len--;
    }

    while (line->len && (line->data[line->len - 1] == ' '
                         || line->data[line->len - 1] == '\t'))
    {
        line->len--;
    }
}


static ngx_int_t
ngx_http_qwen_batch_line(ngx_http_qwen_batch_t *batch, ngx_rbtree_t *seen,
    ngx_str_t *line)
{
    u_char                      *colon;
    ngx_int_t                    rc;
    ngx_str_t                    email, password;
    ngx_http_qwen_batch_item_t  *item;

    batch->total++;

    colon = ngx_strlchr(line->data, line->data + line->len, ':');

    if (colon == NULL) {
        batch->invalid++;
        return NGX_OK;
    }

    email.data = line->data;
    email.len = colon - line->data;
    password.data = colon + 1;
    password.len = line->len - email.len - 1;

    if (email.len == 0 || email.len > NGX_QWEN_EMAIL_MAX
        || password.len == 0 || password.len > NGX_QWEN_PASSWORD_MAX)
    {
        batch->invalid++;
        return NGX_OK;
    }

    batch->valid++;

    rc = ngx_http_qwen_batch_see(batch, seen, &email);

    if (rc == NGX_DECLINED) {
        batch->skipped++;
        return NGX_OK;
    }

    item = (rc == NGX_OK) ? ngx_array_push(&batch->items) : NULL;
    if (item == NULL) {
        return NGX_ERROR;
    }

    item->email = email;
    item->password = password;

    return NGX_OK;
}


/* NGX_DECLINED: there is such an account, or such a line before. */

static ngx_int_t
ngx_http_qwen_batch_see(ngx_http_qwen_batch_t *batch, ngx_rbtree_t *seen,
    ngx_str_t *email)
{
    uint32_t         hash;
    ngx_str_node_t  *node;

    hash = ngx_murmur_hash2(email->data, email->len);

    if (ngx_str_rbtree_lookup(seen, email, hash)
        || ngx_qwen_accounts_exist(&batch->qmcf->pool, email))
    {
        return NGX_DECLINED;
    }

    node = ngx_palloc(batch->pool, sizeof(ngx_str_node_t));
    if (node == NULL) {
        return NGX_ERROR;
    }

    node->node.key = hash;
    node->str = *email;

    ngx_rbtree_insert(seen, &node->node);

    return NGX_OK;
}
