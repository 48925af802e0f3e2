
#include <stdlib.h>

#include "qwen_data_file.h"
#include "qwen_record_read.h"


/* An account and where it stands in the text. */
typedef struct {
    const qwen_record_account_t  *account;
    const uint8_t                *place;
} qwen_data_file_mark_t;


static qwen_rc_t qwen_data_file_accounts(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_data_file_settings(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_data_file_unique(qwen_record_reader_t *reader,
    const qwen_data_file_t *file, qwen_data_file_mark_t *marks);


static const qwen_record_member_t  qwen_data_file_members[] = {
    { "accounts", qwen_data_file_accounts, 0, 0, 0, NULL },
    { "settings", qwen_data_file_settings, 0, 0, 0, NULL },
    { NULL, NULL, 0, 0, 0, NULL }
};


qwen_rc_t
qwen_data_file_parse(qwen_str_t text, const qwen_seal_ring_t *ring,
    qwen_memory_t *memory, qwen_data_file_t *file, qwen_record_error_t *error)
{
    qwen_cursor_t         cursor;
    qwen_record_reader_t  reader;

    memset(file, 0, sizeof(qwen_data_file_t));

    reader = (qwen_record_reader_t) { text, ring, memory, error, 0, false };

    if (qwen_record_begin(&reader, &cursor) != QWEN_OK) {
        return QWEN_ERROR;
    }

    if (qwen_cursor_peek(&cursor) != '{') {
        return qwen_record_refuse(&reader, QWEN_RECORD_WRONG, cursor.pos,
                                  "the file must hold an object");
    }

    return qwen_record_members(&reader, &cursor, qwen_data_file_members, file,
                               &file->extra);
}


static qwen_rc_t
qwen_data_file_accounts(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    size_t                  n;
    qwen_data_file_t       *file;
    qwen_data_file_mark_t  *marks;
    qwen_record_account_t  *account;

    file = object;

    if (qwen_cursor_peek(cursor) != '[') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "\"%s\" must be an array", member->name);
    }

    n = qwen_record_elements(*cursor);

    file->accounts = qwen_memory_array(reader->memory, n,
                                       sizeof(qwen_record_account_t));
    marks = qwen_memory_array(reader->memory, n,
                              sizeof(qwen_data_file_mark_t));

    if (file->accounts == NULL || marks == NULL) {
        return qwen_record_no_memory(reader);
    }

    qwen_cursor_enter(cursor);

    while (qwen_cursor_element(cursor) == QWEN_OK) {
        (void) qwen_cursor_peek(cursor);

        account = &file->accounts[file->naccounts];
        marks[file->naccounts] = (qwen_data_file_mark_t) { account,
                                                           cursor->pos };
        reader->account = file->naccounts + 1;

        if (qwen_record_read_account(reader, cursor, account) != QWEN_OK) {
            return QWEN_ERROR;
        }

        file->naccounts++;
    }

    reader->account = 0;

    return qwen_data_file_unique(reader, file, marks);
}


/* Orders by the email; the same ones as they stand in the text. */
static int
qwen_data_file_compare(const void *one, const void *two)
{
    int                           rc;
    size_t                        len;
    const qwen_str_t             *a, *b;
    const qwen_data_file_mark_t  *first, *second;

    first = one;
    second = two;
    a = &first->account->email;
    b = &second->account->email;
    len = (a->len < b->len) ? a->len : b->len;

    rc = memcmp(a->data, b->data, len);

    if (rc) {
        return rc;
    }

    if (a->len != b->len) {
        return (a->len < b->len) ? -1 : 1;
    }

    return (first->place > second->place) - (first->place < second->place);
}


/* Refuses the first account whose email was there before. */
static qwen_rc_t
qwen_data_file_unique(qwen_record_reader_t *reader,
    const qwen_data_file_t *file, qwen_data_file_mark_t *marks)
{
    size_t                        i;
    const qwen_data_file_mark_t  *found;

    if (file->naccounts < 2) {
        return QWEN_OK;
    }

    qsort(marks, file->naccounts, sizeof(qwen_data_file_mark_t),
          qwen_data_file_compare);

    found = NULL;

    for (i = 1; i < file->naccounts; i++) {

        if (qwen_str_eq(marks[i].account->email, marks[i - 1].account->email)
            && (found == NULL || marks[i].place < found->place))
        {
            found = &marks[i];
        }
    }

    if (found == NULL) {
        return QWEN_OK;
    }

    reader->account = (size_t) (found->account - file->accounts) + 1;

    return qwen_record_refuse(reader, QWEN_RECORD_TWICE, found->place,
                              "its email is there already");
}


static qwen_rc_t
qwen_data_file_settings(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    qwen_data_file_t  *file;

    (void) member;

    file = object;

    return qwen_record_read_settings(reader, cursor, &file->settings);
}
