
#include "ngx_qwen_keys.h"


static char *ngx_qwen_keys_check_name(ngx_str_t *name);
static char *ngx_qwen_keys_name(ngx_conf_t *cf, ngx_qwen_key_t *entry,
    ngx_str_t *name);
static char *ngx_qwen_keys_insert(ngx_conf_t *cf, ngx_qwen_keys_t *keys,
    ngx_qwen_key_t *entry);
static int ngx_libc_cdecl ngx_qwen_keys_compare(const void *one,
    const void *two);
static ngx_uint_t ngx_qwen_keys_search(const ngx_qwen_keys_t *keys,
    u_char *digest, ngx_uint_t *found);


char *
ngx_qwen_keys_add(ngx_conf_t *cf, ngx_qwen_keys_t *keys, ngx_str_t *key,
    ngx_str_t *name)
{
    char            *rv;
    ngx_qwen_key_t   entry;

    rv = ngx_qwen_keys_check(key, name);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (keys->entries == NULL) {
        keys->entries = ngx_array_create(cf->pool, 4, sizeof(ngx_qwen_key_t));
        if (keys->entries == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    ngx_memzero(&entry, sizeof(ngx_qwen_key_t));

    entry.admin = (keys->entries->nelts == 0);

    if (qwen_sha256(key->data, key->len, entry.digest) != QWEN_OK) {
        return "failed to make a SHA-256 digest";
    }

    rv = ngx_qwen_keys_name(cf, &entry, name);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_qwen_keys_insert(cf, keys, &entry);
}


char *
ngx_qwen_keys_check(ngx_str_t *key, ngx_str_t *name)
{
    size_t  i;

    if (key->len == 0) {
        return "has an empty key";
    }

    if (key->len > NGX_QWEN_KEY_MAX) {
        return "has a key of more than 512 characters";
    }

    for (i = 0; i < key->len; i++) {
        if (key->data[i] <= 0x20 || key->data[i] >= 0x7f
            || key->data[i] == ',')
        {
            return "has a key with a character that is not printable ASCII, "
                   "or with a space or comma";
        }
    }

    return ngx_qwen_keys_check_name(name);
}


static char *
ngx_qwen_keys_check_name(ngx_str_t *name)
{
    u_char  c;
    size_t  i;

    if (name->len > NGX_QWEN_KEY_NAME_MAX) {
        return "has a name of more than 64 characters";
    }

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
            || (c >= '0' && c <= '9')
            || c == '.' || c == '_' || c == '@' || c == '-')
        {
            continue;
        }

        return "has a name with a character other than "
               "A-Z, a-z, 0-9, \".\", \"_\", \"@\" and \"-\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_qwen_keys_name(ngx_conf_t *cf, ngx_qwen_key_t *entry, ngx_str_t *name)
{
    u_char  *p;

    if (name->len) {
        entry->name.len = name->len;
        entry->name.data = ngx_pstrdup(cf->pool, name);

        return entry->name.data ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    p = ngx_pnalloc(cf->pool, NGX_QWEN_KEY_ID_LEN);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_qwen_keys_id(p, entry->digest);

    entry->name.data = p;
    entry->name.len = NGX_QWEN_KEY_ID_LEN;

    return NGX_CONF_OK;
}


void
ngx_qwen_keys_id(u_char *buf, const u_char *digest)
{
    size_t  len;

    len = sizeof("key-") - 1;

    ngx_memcpy(buf, "key-", len);
    (void) ngx_hex_dump(buf + len, (u_char *) digest,
                        (NGX_QWEN_KEY_ID_LEN - len) / 2);
}


static char *
ngx_qwen_keys_insert(ngx_conf_t *cf, ngx_qwen_keys_t *keys,
    ngx_qwen_key_t *entry)
{
    ngx_uint_t       i, place, found;
    ngx_qwen_key_t  *entries;

    place = ngx_qwen_keys_search(keys, entry->digest, &found);

    if (found) {
        return "has a duplicate key";
    }

    entries = keys->entries->elts;

    for (i = 0; i < keys->entries->nelts; i++) {
        if (entries[i].name.len == entry->name.len
            && ngx_memcmp(entries[i].name.data, entry->name.data,
                          entry->name.len)
               == 0)
        {
            return "has a duplicate name of a key";
        }
    }

    if (ngx_array_push(keys->entries) == NULL) {
        return NGX_CONF_ERROR;
    }

    entries = keys->entries->elts;

    ngx_memmove(&entries[place + 1], &entries[place],
                (keys->entries->nelts - 1 - place) * sizeof(ngx_qwen_key_t));

    entries[place] = *entry;

    return NGX_CONF_OK;
}


void
ngx_qwen_keys_sort(ngx_qwen_keys_t *keys)
{
    ngx_qsort(keys->entries->elts, keys->entries->nelts,
              sizeof(ngx_qwen_key_t), ngx_qwen_keys_compare);
}


static int ngx_libc_cdecl
ngx_qwen_keys_compare(const void *one, const void *two)
{
    const ngx_qwen_key_t  *first = one;
    const ngx_qwen_key_t  *second = two;

    return ngx_memcmp(first->digest, second->digest, QWEN_SHA256_LEN);
}


ngx_qwen_key_t *
ngx_qwen_keys_find(const ngx_qwen_keys_t *keys, ngx_str_t *presented)
{
    u_char           digest[QWEN_SHA256_LEN];
    ngx_uint_t       place, found;
    ngx_qwen_key_t  *entries;

    if (keys->entries == NULL
        || presented->len == 0
        || presented->len > NGX_QWEN_KEY_MAX)
    {
        return NULL;
    }

    if (qwen_sha256(presented->data, presented->len, digest) != QWEN_OK) {
        return NULL;
    }

    place = ngx_qwen_keys_search(keys, digest, &found);

    if (!found) {
        return NULL;
    }

    entries = keys->entries->elts;

    return &entries[place];
}


/* The place of a digest, or, when it was not found, where it belongs. */

static ngx_uint_t
ngx_qwen_keys_search(const ngx_qwen_keys_t *keys, u_char *digest,
    ngx_uint_t *found)
{
    ngx_int_t        rc;
    ngx_uint_t       low, high, middle;
    ngx_qwen_key_t  *entries;

    entries = keys->entries->elts;

    low = 0;
    high = keys->entries->nelts;
    *found = 0;

    while (low < high) {
        middle = low + (high - low) / 2;

        rc = ngx_memcmp(digest, entries[middle].digest, QWEN_SHA256_LEN);

        if (rc == 0) {
            *found = 1;
            return middle;
        }

        if (rc < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    return low;
}
