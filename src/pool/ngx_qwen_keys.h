
/*
 * API keys.  Only their digests are kept; a key that a client presents is
 * found by its digest, so neither memory nor timing tells anything about the
 * keys.
 */

#ifndef _NGX_QWEN_KEYS_H_INCLUDED_
#define _NGX_QWEN_KEYS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "qwen_digest.h"


#define NGX_QWEN_KEY_MAX       512
#define NGX_QWEN_KEY_NAME_MAX  64

/* The length of the name of a key without one: "key-" and hex digits. */
#define NGX_QWEN_KEY_ID_LEN    12


typedef struct {
    u_char        digest[QWEN_SHA256_LEN];
    ngx_str_t     name;
    unsigned      admin:1;           /* the first key that was added */
} ngx_qwen_key_t;


/* All zeros: no keys. */
typedef struct {
    ngx_array_t  *entries;           /* of ngx_qwen_key_t, by digest */
} ngx_qwen_keys_t;


/*
 * Adds a key of the configuration; with name empty its name is "key-" and the
 * first eight hex digits of its digest.  NGX_CONF_OK, NGX_CONF_ERROR, or what
 * is wrong, to be read after the directive's name.
 */
char *ngx_qwen_keys_add(ngx_conf_t *cf, ngx_qwen_keys_t *keys, ngx_str_t *key,
    ngx_str_t *name);

/* What is wrong with a key or with a name, which may be empty; NULL: nothing.
 * To be read after "has ". */
char *ngx_qwen_keys_check(ngx_str_t *key, ngx_str_t *name);

/* Writes the NGX_QWEN_KEY_ID_LEN characters of the name of a key without
 * one. */
void ngx_qwen_keys_id(u_char *buf, const u_char *digest);

/* Brings entries that were put there one by one into the order in which they
 * are searched. */
void ngx_qwen_keys_sort(ngx_qwen_keys_t *keys);

/* The key's entry, or NULL.  Valid once all keys are added. */
ngx_qwen_key_t *ngx_qwen_keys_find(const ngx_qwen_keys_t *keys,
    ngx_str_t *presented);


#endif /* _NGX_QWEN_KEYS_H_INCLUDED_ */
