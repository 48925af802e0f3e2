
/* What the tests of records share: rings of keys, and texts that are read from
 * memory of their own. */

#ifndef QWEN_RECORD_RIG_H
#define QWEN_RECORD_RIG_H


#include "test.h"
#include "qwen_record.h"


/* Lines of key files, and what sealed values of them begin with. */
#define RIG_OLD_KEY                                                           \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define RIG_OLD_MARK  "enc:v1:630dcd29:"

#define RIG_NEW_KEY                                                           \
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"

#define RIG_MEMORY    (64 * 1024 * 1024)


static inline void
rig_ring(qwen_seal_ring_t *ring, const char *keys)
{
    qwen_seal_error_t  error;

    qwen_seal_ring_init(ring);
    assert_int_equal(qwen_seal_ring_parse(ring, test_str(keys), &error),
                     QWEN_OK);
}


/* A value sealed for a place, for tests that put it into a text. */
static inline char *
rig_seal(const char *keys, const char *context, const char *plain)
{
    qwen_buf_t        out;
    qwen_seal_ring_t  ring;

    rig_ring(&ring, keys);
    qwen_buf_init(&out, 64 * 1024);

    assert_int_equal(qwen_seal(&ring, test_str(context), test_str(plain),
                               &out), QWEN_OK);
    assert_int_equal(qwen_buf_append(&out, "", 1), QWEN_OK);

    qwen_seal_ring_free(&ring);

    return (char *) out.data;
}


/* Whether the error is this one, and shows nothing of a secret. */
static inline void
rig_error(const qwen_record_error_t *error, qwen_record_fault_t fault,
    size_t line, size_t column, const char *reason)
{
    assert_string_equal(error->reason, reason);
    assert_int_equal(error->fault, fault);
    assert_int_equal(error->line, line);
    assert_int_equal(error->column, column);
    assert_null(strstr(error->reason, "secret"));
}


#endif /* QWEN_RECORD_RIG_H */
