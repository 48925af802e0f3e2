
/* How records are read: objects by tables of the members that are known.  The
 * text has passed qwen_strict_check().  Private to this layer. */

#ifndef QWEN_RECORD_READ_H
#define QWEN_RECORD_READ_H


#include "qwen_cursor.h"
#include "qwen_record.h"


typedef struct {
    qwen_str_t               text;           /* what is being read */
    const qwen_seal_ring_t  *ring;
    qwen_memory_t           *memory;
    qwen_record_error_t     *error;
    size_t                   account;        /* its number, 0: none */
    bool                     stale;          /* as an account's */
} qwen_record_reader_t;


typedef struct qwen_record_member_s  qwen_record_member_t;

/* Reads the value at the cursor, which is not null, into an object; QWEN_ERROR
 * when it was refused. */
typedef qwen_rc_t (*qwen_record_read_pt)(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);

/* A table ends with a member without a name, and has at most 32. */
struct qwen_record_member_s {
    const char                  *name;
    qwen_record_read_pt          read;
    size_t                       offset;     /* of a field in the object */
    uint64_t                     max;        /* of a number or a length */
    unsigned                     bit;        /* of a setting */
    const qwen_record_member_t  *members;    /* of a nested object */
};


/* Checks the text and puts the cursor at its first byte. */
qwen_rc_t qwen_record_begin(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor);

/* Fills the error; place is in the text, or NULL.  QWEN_ERROR. */
qwen_rc_t qwen_record_refuse(qwen_record_reader_t *reader,
    qwen_record_fault_t fault, const uint8_t *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The error for what must not happen to a text that was checked. */
qwen_rc_t qwen_record_no_memory(qwen_record_reader_t *reader);

/* Reads an object at the cursor; *extra becomes its other members as JSON,
 * NULL: they are passed over. */
qwen_rc_t qwen_record_members(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *members, void *object,
    qwen_str_t *extra);

/* How many elements the array at the cursor has. */
size_t qwen_record_elements(qwen_cursor_t cursor);

/* Opens a kept secret, which may be NULL for an empty one, and checks it. */
qwen_rc_t qwen_record_open(qwen_record_reader_t *reader, const uint8_t *place,
    const qwen_record_member_t *member, qwen_str_t context, qwen_str_t value,
    qwen_str_t *plain);

/* The plain text of the string at the cursor, in memory; "what" it must be is
 * for the message. */
qwen_rc_t qwen_record_string(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const char *name, qwen_str_t *plain);

/* Reads a whole number of 0 to the member's maximum; Qwen2API may have written
 * it as a string.  QWEN_AGAIN: it is an empty one, which stands for none. */
qwen_rc_t qwen_record_number(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member,
    uint64_t *number);

/* Readers for tables: uint64_t or int64_t, bool, qwen_str_t, objects. */
qwen_rc_t qwen_record_read_count(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
qwen_rc_t qwen_record_read_flag(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
qwen_rc_t qwen_record_read_string(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
qwen_rc_t qwen_record_read_object(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
qwen_rc_t qwen_record_read_nothing(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);

/* Into an account: its "days". */
qwen_rc_t qwen_record_read_days(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);

/* Into settings: their "regularKeys". */
qwen_rc_t qwen_record_read_keys(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);

/* The account and the settings at the cursor. */
qwen_rc_t qwen_record_read_account(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, qwen_record_account_t *account);
qwen_rc_t qwen_record_read_settings(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, qwen_record_settings_t *settings);


#endif /* QWEN_RECORD_READ_H */
