
/* The keys that seal secrets in a store. */

#include "ngx_qwen_store.h"
#include "qwen_file.h"


#define NGX_QWEN_STORE_MAX_KEYS  65536
#define NGX_QWEN_STORE_KEY_FILE  "key_file="


static ngx_int_t ngx_qwen_store_read_keys(ngx_conf_t *cf,
    qwen_seal_ring_t *ring, ngx_str_t *name);
static ngx_int_t ngx_qwen_store_parse_keys(ngx_conf_t *cf,
    qwen_seal_ring_t *ring, ngx_str_t *name, qwen_str_t text);
static void ngx_qwen_store_free_keys(void *data);


ngx_int_t
ngx_qwen_store_keys(ngx_conf_t *cf, ngx_str_t *args, ngx_uint_t nargs,
    qwen_seal_ring_t **ring)
{
    size_t     len;
    ngx_str_t  name;

    *ring = NULL;

    if (nargs == 0) {
        return NGX_OK;
    }

    len = sizeof(NGX_QWEN_STORE_KEY_FILE) - 1;

    if (nargs > 1 || args[0].len <= len
        || ngx_strncmp(args[0].data, NGX_QWEN_STORE_KEY_FILE, len) != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"qwen_store\" "
                           "directive, it must be \"key_file=...\"",
                           &args[nargs - 1]);
        return NGX_ERROR;
    }

    name.data = args[0].data + len;
    name.len = args[0].len - len;

    *ring = ngx_pcalloc(cf->pool, sizeof(qwen_seal_ring_t));

    if (*ring == NULL || ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_qwen_store_read_keys(cf, *ring, &name);
}


static ngx_int_t
ngx_qwen_store_read_keys(ngx_conf_t *cf, qwen_seal_ring_t *ring,
    ngx_str_t *name)
{
    ngx_int_t            rc;
    qwen_buf_t           text;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_qwen_store_free_keys;
    cln->data = ring;

    qwen_seal_ring_init(ring);
    qwen_buf_init(&text, NGX_QWEN_STORE_MAX_KEYS);

    if (qwen_file_read((char *) name->data, &text) != QWEN_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"qwen_store\" could not read its key file \"%V\"",
                           name);
        rc = NGX_ERROR;

    } else {
        rc = ngx_qwen_store_parse_keys(cf, ring, name, qwen_buf_str(&text));
    }

    if (text.data) {
        ngx_explicit_memzero(text.data, text.size);
    }

    qwen_buf_free(&text);

    return rc;
}


static ngx_int_t
ngx_qwen_store_parse_keys(ngx_conf_t *cf, qwen_seal_ring_t *ring,
    ngx_str_t *name, qwen_str_t text)
{
    qwen_seal_error_t  error;

    if (qwen_seal_ring_parse(ring, text, &error) == QWEN_OK) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"qwen_store\" cannot use its key file \"%V\": %s",
                       name, error.reason);

    return NGX_ERROR;
}


static void
ngx_qwen_store_free_keys(void *data)
{
    qwen_seal_ring_free(data);
}
