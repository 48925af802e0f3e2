
/*
 * Accounts and settings on their own, and an account as the fields of a Redis
 * hash: what was read is rendered, and read the same again.
 */

#include "record.h"


/* Fields in an input are separated by this byte, which no UTF-8 has. */
#define SEPARATOR  0xff


static void
check_account(qwen_str_t text, const qwen_seal_ring_t *ring)
{
    qwen_buf_t             out;
    qwen_memory_t          memory, again;
    qwen_record_error_t    error;
    qwen_record_account_t  account, same;

    qwen_memory_init(&memory, FUZZ_MEMORY);
    qwen_memory_init(&again, FUZZ_MEMORY);
    qwen_buf_init(&out, FUZZ_MEMORY);

    if (qwen_record_account_parse(text, ring, &memory, &account, &error)
        != QWEN_OK)
    {
        fuzz_check_error(&error, text);

    } else {
        fuzz_assert(qwen_record_account_render(&account, ring, &out)
                    == QWEN_OK);
        fuzz_assert(qwen_record_account_parse(qwen_buf_str(&out), ring, &again,
                                              &same, &error) == QWEN_OK);
        fuzz_same_account(&account, &same);
    }

    qwen_buf_free(&out);
    qwen_memory_free(&memory);
    qwen_memory_free(&again);
}


static void
check_settings(qwen_str_t text, const qwen_seal_ring_t *ring, bool lines)
{
    qwen_buf_t              out;
    qwen_memory_t           memory, again;
    qwen_record_error_t     error;
    qwen_record_settings_t  settings, same;

    qwen_memory_init(&memory, FUZZ_MEMORY);
    qwen_memory_init(&again, FUZZ_MEMORY);
    qwen_buf_init(&out, FUZZ_MEMORY);

    if (qwen_record_settings_parse(text, ring, &memory, &settings, &error)
        != QWEN_OK)
    {
        fuzz_check_error(&error, text);

    } else {
        fuzz_assert(qwen_record_settings_render(&settings, ring, lines, &out)
                    == QWEN_OK);
        fuzz_assert(qwen_record_settings_parse(qwen_buf_str(&out), ring,
                                               &again, &same, &error)
                    == QWEN_OK);
        fuzz_same_settings(&settings, &same);
    }

    qwen_buf_free(&out);
    qwen_memory_free(&memory);
    qwen_memory_free(&again);
}


/* Cuts the next part off. */
static qwen_str_t
next_part(qwen_str_t *text)
{
    qwen_str_t      part;
    const uint8_t  *end;

    part = *text;
    end = text->len ? memchr(text->data, SEPARATOR, text->len) : NULL;

    if (end == NULL) {
        *text = (qwen_str_t) { NULL, 0 };
        return part;
    }

    part.len = (size_t) (end - text->data);
    text->data = end + 1;
    text->len -= part.len + 1;

    return part;
}


/* Reads fields into the account; those that are refused change nothing that
 * must stay. */
static void
take_fields(qwen_record_account_t *account, qwen_str_t text,
    const qwen_seal_ring_t *ring, qwen_memory_t *memory)
{
    qwen_record_error_t  error;
    qwen_record_field_t  field;

    while (text.len) {
        field.name = next_part(&text);
        field.value = next_part(&text);

        if (qwen_record_account_field(account, &field, ring, memory, &error)
            != QWEN_OK)
        {
            fuzz_check_error(&error, field.value);
        }
    }
}


static void
take_value(const qwen_record_account_t *account, const char *name,
    qwen_record_account_t *same, const qwen_seal_ring_t *ring,
    qwen_memory_t *memory)
{
    qwen_rc_t             rc;
    qwen_buf_t            out;
    qwen_record_error_t   error;
    qwen_record_field_t   field;

    qwen_buf_init(&out, FUZZ_MEMORY);
    field.name = (qwen_str_t) { (const uint8_t *) name, strlen(name) };

    rc = qwen_record_account_value(account, field.name, ring, &out);
    fuzz_assert(rc != QWEN_ERROR);

    if (rc == QWEN_OK) {
        field.value = qwen_buf_str(&out);
        fuzz_assert(qwen_record_account_field(same, &field, ring, memory,
                                              &error) == QWEN_OK);
    }

    qwen_buf_free(&out);
}


static void
check_fields(qwen_str_t text, const qwen_seal_ring_t *ring)
{
    qwen_memory_t          memory;
    qwen_record_account_t  account, same;

    qwen_memory_init(&memory, FUZZ_MEMORY);
    memset(&account, 0, sizeof(account));
    memset(&same, 0, sizeof(same));

    account.email = qwen_literal("a@b.c");
    same.email = account.email;

    take_fields(&account, text, ring, &memory);

    take_value(&account, "password", &same, ring, &memory);
    take_value(&account, "token", &same, ring, &memory);
    take_value(&account, "expires", &same, ring, &memory);
    take_value(&account, "ngx_qwen", &same, ring, &memory);

    fuzz_same_account(&account, &same);

    qwen_memory_free(&memory);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t                 *copy;
    qwen_str_t               text;
    const qwen_seal_ring_t  *ring;

    if (size == 0) {
        return 0;
    }

    ring = fuzz_ring(*data & 1);
    copy = fuzz_copy(data + 1, size - 1);
    text = (qwen_str_t) { copy, size - 1 };

    check_account(text, ring);
    check_settings(text, ring, *data & 2);
    check_fields(text, ring);

    free(copy);

    return 0;
}
