
/* Keys of clients: listed, added, removed. */

#include "ngx_http_qwen_admin.h"
#include "ngx_http_qwen_auth.h"
#include "ngx_qwen_settings.h"

#include <openssl/rand.h>


#define NGX_HTTP_QWEN_KEY_BYTES  24          /* of one that is made here */


static void ngx_http_qwen_keys_put_configured(ngx_http_qwen_admin_t *admin);
static void ngx_http_qwen_keys_put_added(ngx_http_qwen_admin_t *admin,
    const qwen_record_settings_t *settings);
static ngx_int_t ngx_http_qwen_keys_copy(ngx_http_qwen_admin_t *admin,
    qwen_memory_t *memory, qwen_record_settings_t *settings);
static ngx_int_t ngx_http_qwen_keys_read(ngx_http_qwen_admin_t *admin,
    ngx_str_t *key, ngx_str_t *name, ngx_uint_t *made);
static ngx_int_t ngx_http_qwen_keys_make(ngx_http_qwen_admin_t *admin,
    ngx_str_t *key);
static ngx_uint_t ngx_http_qwen_keys_named(ngx_http_qwen_admin_t *admin,
    ngx_str_t *name);
static ngx_int_t ngx_http_qwen_keys_unmask(ngx_http_qwen_admin_t *admin,
    ngx_str_t *key);


void
ngx_http_qwen_admin_get_keys(ngx_http_qwen_admin_t *admin)
{
    qwen_memory_t           memory;
    qwen_record_settings_t  settings;

    if (ngx_http_qwen_keys_copy(admin, &memory, &settings) != NGX_OK) {
        return;
    }

    qwen_json_begin_array(&admin->answer, NULL);
    ngx_http_qwen_keys_put_configured(admin);
    ngx_http_qwen_keys_put_added(admin, &settings);
    qwen_json_end_array(&admin->answer);

    qwen_memory_free(&memory);

    ngx_http_qwen_admin_reply(admin, NGX_HTTP_OK);
}


/* Of these only the digests are known. */

static void
ngx_http_qwen_keys_put_configured(ngx_http_qwen_admin_t *admin)
{
    ngx_uint_t       i;
    qwen_buf_t      *out;
    ngx_array_t     *entries;
    ngx_qwen_key_t  *key;

    out = &admin->answer;
    entries = admin->qmcf->keys.entries;
    key = entries->elts;

    for (i = 0; i < entries->nelts; i++) {
        qwen_json_begin_object(out, NULL);
        qwen_json_put_string(out, "name", (qwen_str_t) { key[i].name.data,
                                                         key[i].name.len });
        qwen_json_put_string(out, "masked",
                             qwen_literal(NGX_HTTP_QWEN_ADMIN_HIDDEN));
        qwen_json_put_string(out, "source", qwen_literal("configuration"));
        qwen_json_put_bool(out, "admin", key[i].admin);
        qwen_json_put_null(out, "createdAt");
        qwen_json_end_object(out);
    }
}


static void
ngx_http_qwen_keys_put_added(ngx_http_qwen_admin_t *admin,
    const qwen_record_settings_t *settings)
{
    u_char                    id[NGX_QWEN_KEY_ID_LEN];
    u_char                    digest[QWEN_SHA256_LEN];
    size_t                    i;
    qwen_str_t                name;
    qwen_buf_t               *out;
    const qwen_record_key_t  *key;

    out = &admin->answer;

    for (i = 0; i < settings->nkeys; i++) {
        key = &settings->keys[i];
        name = key->name;

        if (name.len == 0
            && qwen_sha256(key->key.data, key->key.len, digest) == QWEN_OK)
        {
            ngx_qwen_keys_id(id, digest);
            name = (qwen_str_t) { id, NGX_QWEN_KEY_ID_LEN };
        }

        qwen_json_begin_object(out, NULL);
        qwen_json_put_string(out, "name", name);
        ngx_http_qwen_admin_put_masked(out, "masked", key->key);
        qwen_json_put_string(out, "source", qwen_literal("store"));
        qwen_json_put_bool(out, "admin", false);

        if (key->created) {
            qwen_json_put_int(out, "createdAt", key->created * 1000);

        } else {
            qwen_json_put_null(out, "createdAt");
        }

        qwen_json_end_object(out);
    }
}


/* NGX_ERROR: the request was ended. */

static ngx_int_t
ngx_http_qwen_keys_copy(ngx_http_qwen_admin_t *admin, qwen_memory_t *memory,
    qwen_record_settings_t *settings)
{
    qwen_str_t  extra;

    qwen_memory_init(memory, NGX_QWEN_SETTINGS_MAX);

    if (ngx_qwen_settings_copy(&admin->qmcf->pool, memory, settings, &extra)
        == NGX_OK)
    {
        return NGX_OK;
    }

    qwen_memory_free(memory);
    ngx_http_finalize_request(admin->request, NGX_HTTP_INTERNAL_SERVER_ERROR);

    return NGX_ERROR;
}


void
ngx_http_qwen_admin_add_key(ngx_http_qwen_admin_t *admin)
{
    ngx_str_t   key, name;
    ngx_uint_t  made;

    if (ngx_http_qwen_keys_read(admin, &key, &name, &made) != NGX_OK
        || !ngx_http_qwen_admin_may_change(admin))
    {
        return;
    }

    if (ngx_http_qwen_auth_key(admin->request, &key)) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_CONFLICT,
                                  "There is such a key already");
        return;
    }

    switch (ngx_http_qwen_keys_named(admin, &name)
            ? NGX_BUSY
            : ngx_qwen_settings_add_key(&admin->qmcf->pool, &key, &name))
    {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_http_qwen_admin_error(admin, NGX_HTTP_CONFLICT,
                                  "There is such a key already");
        return;

    case NGX_BUSY:
        ngx_http_qwen_admin_error(admin, NGX_HTTP_CONFLICT,
                                  "There is a key of that name already");
        return;

    default: /* NGX_ERROR */
        ngx_http_qwen_admin_error(admin, NGX_HTTP_INSUFFICIENT_STORAGE,
                                  "The zone is full, or there are too many "
                                  "keys");
        return;
    }

    ngx_http_qwen_admin_message(admin, "The key was added");

    if (made) {
        qwen_json_put_string(&admin->answer, "apiKey",
                             (qwen_str_t) { key.data, key.len });
    }

    qwen_json_put_bool(&admin->answer, "persisted",
                       admin->qmcf->store.type->keeps);
    qwen_json_end_object(&admin->answer);

    ngx_http_qwen_admin_kept(admin, NGX_HTTP_OK);
}


/* NGX_ERROR: the request was ended. */

static ngx_int_t
ngx_http_qwen_keys_read(ngx_http_qwen_admin_t *admin, ngx_str_t *key,
    ngx_str_t *name, ngx_uint_t *made)
{
    char        *wrong;
    qwen_str_t   s;

    ngx_str_null(name);

    *made = (qwen_json_get(admin->body, "apiKey") == NULL);

    if (*made) {
        if (ngx_http_qwen_keys_make(admin, key) != NGX_OK) {
            ngx_http_finalize_request(admin->request,
                                      NGX_HTTP_INTERNAL_SERVER_ERROR);
            return NGX_ERROR;
        }

    } else if (ngx_http_qwen_admin_string(admin, "apiKey", NGX_QWEN_KEY_MAX,
                                          key)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (qwen_json_get(admin->body, "name")) {
        s = qwen_json_get_string(admin->body, "name");

        name->data = (u_char *) s.data;
        name->len = s.len;

        if (s.len == 0) {
            ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                      "\"name\" must be a string that is not "
                                      "empty");
            return NGX_ERROR;
        }
    }

    wrong = ngx_qwen_keys_check(key, name);

    if (wrong) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST, wrong);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qwen_keys_make(ngx_http_qwen_admin_t *admin, ngx_str_t *key)
{
    u_char  *p, random[NGX_HTTP_QWEN_KEY_BYTES];

    key->len = sizeof("sk-") - 1 + 2 * NGX_HTTP_QWEN_KEY_BYTES;
    key->data = ngx_pnalloc(admin->request->pool, key->len);

    if (key->data == NULL || RAND_bytes(random, sizeof(random)) != 1) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(key->data, "sk-", sizeof("sk-") - 1);
    (void) ngx_hex_dump(p, random, sizeof(random));

    return NGX_OK;
}


/* Whether a key of the configuration has that name. */

static ngx_uint_t
ngx_http_qwen_keys_named(ngx_http_qwen_admin_t *admin, ngx_str_t *name)
{
    ngx_uint_t       i;
    ngx_array_t     *entries;
    ngx_qwen_key_t  *key;

    entries = admin->qmcf->keys.entries;
    key = entries->elts;

    for (i = 0; i < entries->nelts; i++) {
        if (name->len && key[i].name.len == name->len
            && ngx_memcmp(key[i].name.data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_qwen_admin_delete_key(ngx_http_qwen_admin_t *admin)
{
    ngx_int_t              rc;
    ngx_str_t              key;
    const ngx_qwen_key_t  *found;

    if (ngx_http_qwen_admin_string(admin, "apiKey", NGX_QWEN_KEY_MAX, &key)
        != NGX_OK
        || !ngx_http_qwen_admin_may_change(admin))
    {
        return;
    }

    found = ngx_qwen_keys_find(&admin->qmcf->keys, &key);

    if (found && found->admin) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_FORBIDDEN,
                                  "The administrator's key cannot be deleted");
        return;
    }

    if (found) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_CONFLICT,
                                  "The key is set by \"qwen_key\" or "
                                  "\"qwen_key_file\" and can only be removed "
                                  "there");
        return;
    }

    rc = ngx_qwen_settings_remove_key(&admin->qmcf->pool, &key);

    if (rc != NGX_OK && ngx_http_qwen_keys_unmask(admin, &key) == NGX_OK) {
        rc = ngx_qwen_settings_remove_key(&admin->qmcf->pool, &key);
    }

    if (rc != NGX_OK) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_NOT_FOUND,
                                  "There is no such key");
        return;
    }

    ngx_http_qwen_admin_message(admin, "The key was deleted");
    qwen_json_put_bool(&admin->answer, "persisted",
                       admin->qmcf->store.type->keeps);
    qwen_json_end_object(&admin->answer);

    ngx_http_qwen_admin_kept(admin, NGX_HTTP_OK);
}


/* The one key that is shown so.  NGX_DECLINED: there is none, or several. */

static ngx_int_t
ngx_http_qwen_keys_unmask(ngx_http_qwen_admin_t *admin, ngx_str_t *key)
{
    size_t                   i, n;
    ngx_str_t                found;
    qwen_buf_t               shown;
    qwen_memory_t            memory;
    qwen_str_t               mask, extra;
    qwen_record_settings_t   settings;

    qwen_memory_init(&memory, NGX_QWEN_SETTINGS_MAX);

    if (ngx_qwen_settings_copy(&admin->qmcf->pool, &memory, &settings, &extra)
        != NGX_OK)
    {
        qwen_memory_free(&memory);
        return NGX_DECLINED;
    }

    qwen_buf_init(&shown, 2 * NGX_QWEN_KEY_MAX);

    mask = (qwen_str_t) { key->data, key->len };
    n = 0;

    for (i = 0; i < settings.nkeys; i++) {
        qwen_buf_reset(&shown);
        ngx_http_qwen_admin_mask(&shown, settings.keys[i].key);

        if (qwen_str_eq(qwen_buf_str(&shown), mask)) {
            found.data = (u_char *) settings.keys[i].key.data;
            found.len = settings.keys[i].key.len;
            n++;
        }
    }

    if (n == 1) {
        key->data = ngx_pstrdup(admin->request->pool, &found);
        key->len = found.len;
    }

    qwen_buf_free(&shown);
    qwen_memory_free(&memory);

    return (n == 1 && key->data) ? NGX_OK : NGX_DECLINED;
}
