
/*
 * The data file: what was read is rendered, and read the same again; rendered
 * a second time it is the same text.
 */

#include "record.h"
#include "qwen_cursor.h"
#include "qwen_data_file.h"
#include "qwen_strict.h"


static qwen_rc_t
parse(qwen_str_t text, const qwen_seal_ring_t *ring, size_t max,
    qwen_memory_t *memory, qwen_data_file_t *file)
{
    uint8_t              *copy;
    qwen_rc_t             rc;
    qwen_record_error_t   error;

    /* the text is gone before anything is looked at */

    copy = fuzz_copy(text.data, text.len);
    qwen_memory_init(memory, max);

    rc = qwen_data_file_parse((qwen_str_t) { copy, text.len }, ring, memory,
                              file, &error);
    free(copy);

    fuzz_assert(memory->size <= max);

    if (rc != QWEN_OK) {
        fuzz_check_error(&error, text);
    }

    return rc;
}


static void
render(const qwen_data_file_t *file, const qwen_seal_ring_t *ring,
    qwen_buf_t *out)
{
    size_t  i;

    qwen_buf_init(out, 4 * FUZZ_MEMORY);

    fuzz_assert(qwen_data_file_render_begin(file->extra, out) == QWEN_OK);

    for (i = 0; i < file->naccounts; i++) {
        fuzz_assert(qwen_data_file_render_account(&file->accounts[i], i, ring,
                                                  out) == QWEN_OK);
    }

    fuzz_assert(qwen_data_file_render_end(&file->settings, i, ring, out)
                == QWEN_OK);
}


static void
check_again(const qwen_data_file_t *file, const qwen_seal_ring_t *ring)
{
    size_t            i;
    qwen_buf_t        text, again;
    qwen_memory_t     memory;
    qwen_data_file_t  same;

    render(file, ring, &text);
    fuzz_assert(parse(qwen_buf_str(&text), ring, FUZZ_MEMORY, &memory, &same)
                == QWEN_OK);

    fuzz_assert(qwen_str_eq(file->extra, same.extra));
    fuzz_assert(file->naccounts == same.naccounts);

    for (i = 0; i < file->naccounts; i++) {
        fuzz_same_account(&file->accounts[i], &same.accounts[i]);
    }

    fuzz_same_settings(&file->settings, &same.settings);

    render(&same, ring, &again);
    fuzz_assert(qwen_str_eq(qwen_buf_str(&text), qwen_buf_str(&again)));

    qwen_buf_free(&text);
    qwen_buf_free(&again);
    qwen_memory_free(&memory);
}


/* A cursor agrees with what passed the strict look. */
static void
check_strict(qwen_str_t text)
{
    size_t         offset;
    qwen_cursor_t  cursor;

    if (qwen_strict_check(text, &offset)) {
        fuzz_assert(offset <= text.len);
        return;
    }

    qwen_cursor_init(&cursor, text);
    fuzz_assert(qwen_cursor_skip(&cursor) == QWEN_OK);
    fuzz_assert(qwen_cursor_peek(&cursor) == 0 && cursor.pos == cursor.end);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qwen_rc_t                rc;
    qwen_str_t               text;
    qwen_memory_t            memory;
    qwen_data_file_t         file;
    const qwen_seal_ring_t  *ring;

    if (size == 0) {
        return 0;
    }

    ring = fuzz_ring(*data & 1);
    text = (qwen_str_t) { data + 1, size - 1 };

    check_strict(text);

    /* with little memory it is refused, at most */

    (void) parse(text, ring, (size_t) (*data >> 1) * 32, &memory, &file);
    qwen_memory_free(&memory);

    rc = parse(text, ring, FUZZ_MEMORY, &memory, &file);

    if (rc == QWEN_OK) {
        check_again(&file, ring);
        check_again(&file, fuzz_ring(true));
    }

    qwen_memory_free(&memory);

    return 0;
}
