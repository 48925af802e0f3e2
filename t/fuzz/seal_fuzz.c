
/*
 * Sealed values: what is sealed opens in its place and nowhere else, what was
 * changed does not; anything may be given to be opened, or as a key file.
 */

#include "record.h"


#define MAX_VALUE  (1 << 20)


static qwen_seal_rc_t
open_value(const qwen_seal_ring_t *ring, qwen_str_t context, qwen_str_t value,
    qwen_buf_t *plain)
{
    uint8_t         *copy, *room;
    qwen_str_t       opened;
    qwen_seal_rc_t   rc;

    copy = fuzz_copy(value.data, value.len);
    room = fuzz_copy(value.data, value.len);

    rc = qwen_seal_open(ring, context, (qwen_str_t) { copy, value.len }, room,
                        &opened);
    fuzz_assert(rc == QWEN_SEAL_OK || opened.len == 0);
    fuzz_assert(rc != QWEN_SEAL_FAILED);

    qwen_buf_init(plain, MAX_VALUE);
    fuzz_assert(qwen_buf_append_str(plain, opened) == QWEN_OK);

    free(copy);
    free(room);

    return rc;
}


/* Opened and sealed again, a value of the first key has the same text. */
static void
check_open(qwen_str_t value, bool sealed)
{
    qwen_buf_t               plain, again;
    const qwen_seal_ring_t  *ring;

    ring = fuzz_ring(sealed);

    if (open_value(ring, qwen_literal("key"), value, &plain) == QWEN_SEAL_OK
        && qwen_seal_is_current(ring, value))
    {
        qwen_buf_init(&again, MAX_VALUE);
        fuzz_assert(qwen_seal(ring, qwen_literal("key"), qwen_buf_str(&plain),
                              &again) == QWEN_OK);

        /* "enc:raw:" may stand where it need not */

        fuzz_assert(qwen_str_eq(value, qwen_buf_str(&again))
                    || (!sealed && !qwen_seal_is_marked(qwen_buf_str(&again))));
        qwen_buf_free(&again);
    }

    qwen_buf_free(&plain);
}


static void
check_seal(qwen_str_t value, qwen_str_t context, bool sealed)
{
    qwen_buf_t               kept, plain;
    const qwen_seal_ring_t  *ring;

    ring = fuzz_ring(sealed);
    qwen_buf_init(&kept, MAX_VALUE);

    fuzz_assert(qwen_seal(ring, context, value, &kept) == QWEN_OK);
    fuzz_assert(qwen_seal_is_current(ring, qwen_buf_str(&kept)));
    fuzz_assert(kept.len <= qwen_seal_len(value.len));

    fuzz_assert(open_value(ring, context, qwen_buf_str(&kept), &plain)
                == QWEN_SEAL_OK);
    fuzz_assert(qwen_str_eq(qwen_buf_str(&plain), value));
    qwen_buf_free(&plain);

    if (sealed && value.len) {
        fuzz_assert(open_value(ring, qwen_literal("another place"),
                               qwen_buf_str(&kept), &plain)
                    == QWEN_SEAL_DAMAGED);
        qwen_buf_free(&plain);
    }

    qwen_buf_free(&kept);
}


/* One byte is changed, behind the mark. */
static void
check_change(qwen_str_t value, qwen_str_t context, uint8_t place, uint8_t bits)
{
    qwen_buf_t      kept, plain;
    qwen_seal_rc_t  rc;

    if (value.len == 0 || bits == 0) {
        return;
    }

    qwen_buf_init(&kept, MAX_VALUE);
    fuzz_assert(qwen_seal(fuzz_ring(true), context, value, &kept) == QWEN_OK);

    kept.data[4 + place % (kept.len - 4)] ^= bits;

    rc = open_value(fuzz_ring(true), context, qwen_buf_str(&kept), &plain);
    fuzz_assert(rc == QWEN_SEAL_DAMAGED || rc == QWEN_SEAL_NO_KEY);

    qwen_buf_free(&kept);
    qwen_buf_free(&plain);
}


static void
check_keys(qwen_str_t text)
{
    size_t             i, lines;
    qwen_rc_t          rc;
    qwen_seal_ring_t   ring;
    qwen_seal_error_t  error;

    for (i = 0, lines = 1; i < text.len; i++) {
        lines += (text.data[i] == '\n');
    }

    qwen_seal_ring_init(&ring);
    rc = qwen_seal_ring_parse(&ring, text, &error);

    fuzz_assert(rc == QWEN_OK
                ? ring.nkeys && ring.nkeys <= QWEN_SEAL_MAX_KEYS
                : ring.keys == NULL && error.reason[0]);
    fuzz_assert(rc == QWEN_OK || error.line <= lines);

    qwen_seal_ring_free(&ring);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       len;
    uint8_t     *copy;
    qwen_str_t   text, context, value;

    if (size < 3) {
        return 0;
    }

    copy = fuzz_copy(data + 3, size - 3);
    text = (qwen_str_t) { copy, size - 3 };

    len = data[0] % 16;
    len = (len < text.len) ? len : text.len;
    context = (qwen_str_t) { copy, len };
    value = (qwen_str_t) { copy + len, text.len - len };

    check_open(text, true);
    check_open(text, false);
    check_seal(value, context, true);
    check_seal(value, context, false);
    check_change(value, context, data[1], data[2]);
    check_keys(text);

    free(copy);

    return 0;
}
