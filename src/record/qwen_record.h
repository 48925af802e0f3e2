
/*
 * What the gateway keeps, as JSON in the form of Qwen2API's files and Redis
 * values:
 *
 *     account   {"email":"a@b.c","password":"..","token":"..","expires":1750..}
 *     settings  {"autoRefresh":true,..,"regularKeys":["sk-.."]}
 *
 * Times are seconds since the epoch.  What Qwen2API does not know stands in one
 * member of the account, which is left out when it would be empty:
 *
 *     "ngx_qwen":{
 *         "cooldowns":{"chat":1750..,"image":..,"video":..,"cli":..},
 *         "challenged":true,"configured":true,
 *         "lastErrorAt":1750..,"lastError":"throttled",
 *         "days":{"2026-11-25":{"requests":9,"errors":1,
 *                               "chat":{"input":90,"output":80},
 *                               "cli":{"calls":1,"input":9,"output":8}}}}
 *
 * Members that are not known are kept with the text of their values, only
 * white space between values is lost.  Known ones that are null count as not
 * there; one that is there twice is an error.  Passwords, tokens and API keys
 * are sealed (qwen_seal.h) in the contexts "password:<email>", "token:<email>"
 * and "key".
 *
 * Strings are plain UTF-8.  Those of what was read live in the memory that was
 * given for it; what is rendered may have them anywhere.
 */

#ifndef QWEN_RECORD_H
#define QWEN_RECORD_H


#include "qwen_memory.h"
#include "qwen_seal.h"


#define QWEN_RECORD_MAX_EMAIL     254
#define QWEN_RECORD_MAX_PASSWORD  1024
#define QWEN_RECORD_MAX_TOKEN     4096
#define QWEN_RECORD_MAX_KEY       512
#define QWEN_RECORD_MAX_NAME      128        /* of a key */
#define QWEN_RECORD_MAX_REASON    128        /* a last error */
#define QWEN_RECORD_MAX_DAYS      366        /* of an account */
#define QWEN_RECORD_MAX_EXTRA     32768      /* other members of an account */
#define QWEN_RECORD_MAX_KEYS      10000

/* Times and counts end here, as numbers in JavaScript do; what is larger is
 * rendered as this. */
#define QWEN_RECORD_MAX_COUNT     ((uint64_t) 1 << 53)


enum {
    QWEN_RECORD_CHAT = 0,
    QWEN_RECORD_IMAGE,
    QWEN_RECORD_VIDEO,
    QWEN_RECORD_CLI,
    QWEN_RECORD_KINDS
};


/* A day on which nothing happened is not kept. */
typedef struct {
    uint32_t                 day;            /* 20261125 */
    uint64_t                 requests;
    uint64_t                 errors;
    uint64_t                 chat_input;     /* tokens, like the next */
    uint64_t                 chat_output;
    uint64_t                 cli_calls;
    uint64_t                 cli_input;
    uint64_t                 cli_output;
} qwen_record_day_t;

/* A field of a Redis hash; the value is any bytes. */
typedef struct {
    qwen_str_t               name;
    qwen_str_t               value;
} qwen_record_field_t;

typedef struct {
    qwen_str_t               email;
    qwen_str_t               password;
    qwen_str_t               token;
    int64_t                  expires;        /* 0: unknown */
    int64_t                  cool_until[QWEN_RECORD_KINDS];  /* 0: none */
    bool                     challenged;
    bool                     configured;     /* by a directive, which has its
                                                password */
    bool                     stale;          /* a secret was not kept as it
                                                would be rendered now */
    int64_t                  last_error_at;  /* 0: none */
    qwen_str_t               last_error;     /* a class, empty: none */
    qwen_record_day_t       *days;
    size_t                   ndays;
    qwen_str_t               extra;          /* other members, as JSON:
                                                "a":1,"b":{} */
    qwen_str_t               own_extra;      /* those of "ngx_qwen" */
    qwen_record_field_t     *fields;         /* other fields, not rendered */
    size_t                   nfields;
} qwen_record_account_t;

typedef struct {
    qwen_str_t               key;
    qwen_str_t               name;           /* empty: none */
    int64_t                  created;        /* 0: unknown */
    qwen_str_t               extra;          /* other members, as JSON */
} qwen_record_key_t;


/* Bits of qwen_record_settings_t's set. */
enum {
    QWEN_RECORD_AUTO_REFRESH = 1 << 0,
    QWEN_RECORD_AUTO_REFRESH_INTERVAL = 1 << 1,
    QWEN_RECORD_BATCH_LOGIN_CONCURRENCY = 1 << 2,
    QWEN_RECORD_OUT_THINK = 1 << 3,
    QWEN_RECORD_LEGACY_REASONING = 1 << 4,
    QWEN_RECORD_SEARCH_INFO_MODE = 1 << 5,
    QWEN_RECORD_SIMPLE_MODEL_MAP = 1 << 6,
    QWEN_RECORD_CHAT_RETRY_COUNT = 1 << 7,
    QWEN_RECORD_CHAT_RETRY_BACKOFF = 1 << 8,
    QWEN_RECORD_REGULAR_KEYS = 1 << 9
};

/* A setting counts when its bit is set; only such ones are rendered. */
typedef struct {
    unsigned                 set;
    bool                     auto_refresh;
    bool                     out_think;
    bool                     legacy_reasoning;
    bool                     search_info_table;  /* not "text" */
    bool                     simple_model_map;
    bool                     stale;          /* as an account's */
    uint64_t                 auto_refresh_interval;  /* s, 0..2^31 - 1 */
    uint64_t                 batch_login_concurrency;  /* 1..20 */
    uint64_t                 chat_retry_count;       /* 0..10 */
    uint64_t                 chat_retry_backoff;     /* ms, 0..60000 */
    qwen_record_key_t       *keys;
    size_t                   nkeys;
    qwen_str_t               extra;          /* other members, as JSON; an
                                                "adminKey" is one of them */
} qwen_record_settings_t;


typedef enum {
    QWEN_RECORD_SYNTAX = 1,          /* not JSON, or too deep */
    QWEN_RECORD_WRONG,               /* a known member's type or value */
    QWEN_RECORD_TWICE,               /* an email or a known member */
    QWEN_RECORD_SIZE,                /* above a limit of those above */
    QWEN_RECORD_NO_KEY,              /* sealed with a key that is not there */
    QWEN_RECORD_DAMAGED,             /* a sealed value does not open */
    QWEN_RECORD_MEMORY               /* memory, its cap, or OpenSSL */
} qwen_record_fault_t;

/* Nothing in it is from the text but the names of known members. */
typedef struct {
    qwen_record_fault_t      fault;
    size_t                   line;           /* of the text, from 1 */
    size_t                   column;         /* in bytes, from 1 */
    size_t                   account;        /* its number from 1, 0: none */
    char                     reason[160];
} qwen_record_error_t;


/* Reads an account's JSON.  QWEN_OK, or QWEN_ERROR with the error filled.  In
 * both cases what was read is in memory; a ring of NULL opens nothing. */
qwen_rc_t qwen_record_account_parse(qwen_str_t json,
    const qwen_seal_ring_t *ring, qwen_memory_t *memory,
    qwen_record_account_t *account, qwen_record_error_t *error);

/* Takes one field of a Redis hash into an account whose email is set and whose
 * other members are zero before the first one: "password", "token", "expires"
 * and "ngx_qwen"; others go to its fields.  All is copied into memory.  Returns
 * as above. */
qwen_rc_t qwen_record_account_field(qwen_record_account_t *account,
    const qwen_record_field_t *field, const qwen_seal_ring_t *ring,
    qwen_memory_t *memory, qwen_record_error_t *error);

/* Appends an account as JSON.  QWEN_OK, or QWEN_ERROR: the buffer's cap,
 * memory, OpenSSL, or an email that is empty or longer than one may be. */
qwen_rc_t qwen_record_account_render(const qwen_record_account_t *account,
    const qwen_seal_ring_t *ring, qwen_buf_t *out);

/* Appends the value of one of the four fields that qwen_record_account_field()
 * knows.  QWEN_AGAIN: the account has none ("ngx_qwen" only).  Returns as
 * above. */
qwen_rc_t qwen_record_account_value(const qwen_record_account_t *account,
    qwen_str_t name, const qwen_seal_ring_t *ring, qwen_buf_t *out);

/* Reads settings; returns as qwen_record_account_parse(). */
qwen_rc_t qwen_record_settings_parse(qwen_str_t json,
    const qwen_seal_ring_t *ring, qwen_memory_t *memory,
    qwen_record_settings_t *settings, qwen_record_error_t *error);

/* Appends settings as JSON, on one line or with one for each member.  QWEN_OK
 * or QWEN_ERROR. */
qwen_rc_t qwen_record_settings_render(const qwen_record_settings_t *settings,
    const qwen_seal_ring_t *ring, bool lines, qwen_buf_t *out);


#endif /* QWEN_RECORD_H */
