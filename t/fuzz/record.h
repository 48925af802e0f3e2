
/* What the fuzz targets of records share. */

#ifndef QWEN_FUZZ_RECORD_H
#define QWEN_FUZZ_RECORD_H


#include "fuzz.h"
#include "qwen_record.h"


#define FUZZ_MEMORY  (16 * 1024 * 1024)

/* The keys are always the same, so that a corpus can hold sealed values. */
#define FUZZ_KEYS                                                             \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"       \
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"


/* The ring that an input asks for, or none. */
static inline const qwen_seal_ring_t *
fuzz_ring(bool sealed)
{
    qwen_seal_error_t        error;
    static qwen_seal_ring_t  ring;

    if (ring.keys == NULL) {
        fuzz_assert(qwen_seal_ring_parse(&ring, qwen_literal(FUZZ_KEYS),
                                         &error) == QWEN_OK);
    }

    return sealed ? &ring : NULL;
}


/* An error is filled, and its place is in the text, or right behind it. */
static inline void
fuzz_check_error(const qwen_record_error_t *error, qwen_str_t text)
{
    size_t  i, lines;

    lines = 1;

    for (i = 0; i < text.len; i++) {
        lines += (text.data[i] == '\n');
    }

    fuzz_assert(error->fault >= QWEN_RECORD_SYNTAX
                && error->fault <= QWEN_RECORD_MEMORY);
    fuzz_assert(error->line >= 1 && error->line <= lines);
    fuzz_assert(error->column >= 1 && error->column <= text.len + 1);
    fuzz_assert(error->reason[0]
                && memchr(error->reason, 0, sizeof(error->reason)));
}


static inline void
fuzz_same_account(const qwen_record_account_t *a,
    const qwen_record_account_t *b)
{
    fuzz_assert(qwen_str_eq(a->email, b->email));
    fuzz_assert(qwen_str_eq(a->password, b->password));
    fuzz_assert(qwen_str_eq(a->token, b->token));
    fuzz_assert(a->expires == b->expires);
    fuzz_assert(memcmp(a->cool_until, b->cool_until, sizeof(a->cool_until))
                == 0);
    fuzz_assert(a->challenged == b->challenged);
    fuzz_assert(a->last_error_at == b->last_error_at);
    fuzz_assert(qwen_str_eq(a->last_error, b->last_error));
    fuzz_assert(a->ndays == b->ndays);
    fuzz_assert(a->ndays == 0
                || memcmp(a->days, b->days,
                          a->ndays * sizeof(qwen_record_day_t)) == 0);
    fuzz_assert(qwen_str_eq(a->extra, b->extra));
    fuzz_assert(qwen_str_eq(a->own_extra, b->own_extra));

    /* what was just rendered is as it would be rendered now */

    fuzz_assert(!b->stale);
}


static inline void
fuzz_same_settings(const qwen_record_settings_t *a,
    const qwen_record_settings_t *b)
{
    size_t  i;

    fuzz_assert(a->set == b->set);
    fuzz_assert(a->auto_refresh == b->auto_refresh);
    fuzz_assert(a->out_think == b->out_think);
    fuzz_assert(a->legacy_reasoning == b->legacy_reasoning);
    fuzz_assert(a->search_info_table == b->search_info_table);
    fuzz_assert(a->simple_model_map == b->simple_model_map);
    fuzz_assert(a->auto_refresh_interval == b->auto_refresh_interval);
    fuzz_assert(a->batch_login_concurrency == b->batch_login_concurrency);
    fuzz_assert(a->chat_retry_count == b->chat_retry_count);
    fuzz_assert(a->chat_retry_backoff == b->chat_retry_backoff);
    fuzz_assert(a->nkeys == b->nkeys);
    fuzz_assert(qwen_str_eq(a->extra, b->extra));
    fuzz_assert(!b->stale);

    for (i = 0; i < a->nkeys; i++) {
        fuzz_assert(qwen_str_eq(a->keys[i].key, b->keys[i].key));
        fuzz_assert(qwen_str_eq(a->keys[i].name, b->keys[i].name));
        fuzz_assert(a->keys[i].created == b->keys[i].created);
        fuzz_assert(qwen_str_eq(a->keys[i].extra, b->keys[i].extra));
    }
}


#endif /* QWEN_FUZZ_RECORD_H */
