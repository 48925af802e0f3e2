
/*
 * Secrets at rest.  A sealed value is text:
 *
 *     enc:v1:<id>:<base64>
 *
 * The id is that of the key, the first four bytes of its SHA-256 as hex digits;
 * behind it stand a nonce of 12 bytes, the ciphertext of AES-256-GCM and the
 * tag of 16 bytes.  The additional data is the caller's context, which names
 * the value's place ("password:a@example.com"), so that a value does not open
 * in another one's.
 *
 * The nonce is made of context and value (HMAC-SHA-256 under a key derived for
 * it).  So a value that did not change seals to the same text, a file that is
 * saved again shows only what is new, and however often everything is saved, a
 * nonce meets another value no sooner than two of all the values ever sealed
 * agree in 96 bits by chance.  What it tells is whether the value of one place
 * changed between two copies of a file.
 *
 * Without keys values stay clear.  A clear value that begins with "enc:" is
 * written as "enc:raw:" and the value; so "enc:" is all that is reserved.  An
 * empty value stays empty.
 */

#ifndef QWEN_SEAL_H
#define QWEN_SEAL_H


#include "qwen_buf.h"


#define QWEN_SEAL_MAX_KEYS  16
#define QWEN_SEAL_KEY_LEN   32
#define QWEN_SEAL_ID_LEN    8

/* What stands in front of a clear value that begins as a sealed one does. */
#define QWEN_SEAL_RAW       "enc:raw:"

/* The most that a sealed value of len bytes takes. */
#define qwen_seal_len(len)                                                    \
    (sizeof("enc:v1:12345678:") - 1 + ((len) + 28 + 2) / 3 * 4)


typedef struct {
    uint8_t            secret[QWEN_SEAL_KEY_LEN];
    uint8_t            nonce[QWEN_SEAL_KEY_LEN];  /* key that makes nonces */
    uint8_t            id[QWEN_SEAL_ID_LEN];
} qwen_seal_key_t;

/* The first key seals, all of them open. */
typedef struct {
    qwen_seal_key_t   *keys;
    size_t             nkeys;
} qwen_seal_ring_t;

typedef struct {
    size_t             line;         /* of the text; 0: none */
    char               reason[128];  /* names the line, never the key */
} qwen_seal_error_t;

typedef enum {
    QWEN_SEAL_OK = 0,
    QWEN_SEAL_NO_KEY,                /* sealed with a key that is not there */
    QWEN_SEAL_DAMAGED,               /* of no known form, changed, or another
                                        place's */
    QWEN_SEAL_FAILED                 /* OpenSSL or memory */
} qwen_seal_rc_t;


/* Makes a ring without keys, which owns nothing. */
void qwen_seal_ring_init(qwen_seal_ring_t *ring);

/* Reads a key file into an empty ring: a key on each line, as 64 hex digits or
 * as base64 of 32 bytes; blank lines and those that begin with "#" are
 * skipped, white space around a key as well.  QWEN_OK, or QWEN_ERROR with the
 * error filled and the ring empty: also a file without keys and a key that is
 * there twice. */
qwen_rc_t qwen_seal_ring_parse(qwen_seal_ring_t *ring, qwen_str_t text,
    qwen_seal_error_t *error);

/* Wipes and frees the keys; the ring is then empty. */
void qwen_seal_ring_free(qwen_seal_ring_t *ring);

/* Appends the value as it is to be kept; without a ring (NULL) in clear.
 * QWEN_OK, or QWEN_ERROR: the buffer's cap, memory, OpenSSL. */
qwen_rc_t qwen_seal(const qwen_seal_ring_t *ring, qwen_str_t context,
    qwen_str_t plain, qwen_buf_t *out);

/* Reads a kept value.  A clear one is passed on, *plain is then a part of it;
 * a sealed one is opened into room, which takes value.len bytes, and *plain is
 * there.  The ring may be NULL.  Whatever fails, *plain is empty. */
qwen_seal_rc_t qwen_seal_open(const qwen_seal_ring_t *ring,
    qwen_str_t context, qwen_str_t value, uint8_t *room, qwen_str_t *plain);

/* Whether a value is kept as qwen_seal() keeps it today; not so: it is clear
 * though there are keys, or sealed with an older one. */
bool qwen_seal_is_current(const qwen_seal_ring_t *ring, qwen_str_t value);


/* Whether a value begins as sealed ones do. */
static inline bool
qwen_seal_is_marked(qwen_str_t value)
{
    return value.len >= 4 && memcmp(value.data, "enc:", 4) == 0;
}


#endif /* QWEN_SEAL_H */
