
#include "qwen_record_context.h"
#include "qwen_record_read.h"


static qwen_rc_t qwen_record_read_secret(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_record_read_own(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_record_field_read(qwen_record_reader_t *reader,
    const qwen_record_member_t *member, qwen_record_account_t *account);
static qwen_rc_t qwen_record_field_keep(qwen_record_reader_t *reader,
    const qwen_record_field_t *field, qwen_record_account_t *account);


#define qwen_record_offset(field)  offsetof(qwen_record_account_t, field)

#define qwen_record_time(name, field)                                         \
    { name, qwen_record_read_count, qwen_record_offset(field),                \
      QWEN_RECORD_MAX_COUNT, 0, NULL }

static const qwen_record_member_t  qwen_record_cooldowns[] = {
    qwen_record_time("chat", cool_until[QWEN_RECORD_CHAT]),
    qwen_record_time("image", cool_until[QWEN_RECORD_IMAGE]),
    qwen_record_time("video", cool_until[QWEN_RECORD_VIDEO]),
    qwen_record_time("cli", cool_until[QWEN_RECORD_CLI]),
    { NULL, NULL, 0, 0, 0, NULL }
};

static const qwen_record_member_t  qwen_record_own[] = {
    { "cooldowns", qwen_record_read_object, 0, 0, 0, qwen_record_cooldowns },
    { "challenged", qwen_record_read_flag, qwen_record_offset(challenged), 0,
      0, NULL },
    { "configured", qwen_record_read_flag, qwen_record_offset(configured), 0,
      0, NULL },
    qwen_record_time("lastErrorAt", last_error_at),
    { "lastError", qwen_record_read_string, qwen_record_offset(last_error),
      QWEN_RECORD_MAX_REASON, 0, NULL },
    { "days", qwen_record_read_days, 0, 0, 0, NULL },
    { NULL, NULL, 0, 0, 0, NULL }
};

/* Secrets open under the email, wherever it stands: so it is read before. */
static const qwen_record_member_t  qwen_record_email[] = {
    { "email", qwen_record_read_string, qwen_record_offset(email),
      QWEN_RECORD_MAX_EMAIL, 0, NULL },
    { NULL, NULL, 0, 0, 0, NULL }
};

static const qwen_record_member_t  qwen_record_account[] = {
    { "email", qwen_record_read_nothing, 0, 0, 0, NULL },
    { "password", qwen_record_read_secret, qwen_record_offset(password),
      QWEN_RECORD_MAX_PASSWORD, 0, NULL },
    { "token", qwen_record_read_secret, qwen_record_offset(token),
      QWEN_RECORD_MAX_TOKEN, 0, NULL },
    qwen_record_time("expires", expires),
    { "ngx_qwen", qwen_record_read_own, 0, 0, 0, NULL },
    { NULL, NULL, 0, 0, 0, NULL }
};


qwen_rc_t
qwen_record_account_parse(qwen_str_t json, const qwen_seal_ring_t *ring,
    qwen_memory_t *memory, qwen_record_account_t *account,
    qwen_record_error_t *error)
{
    qwen_cursor_t         cursor;
    qwen_record_reader_t  reader;

    memset(account, 0, sizeof(qwen_record_account_t));

    reader = (qwen_record_reader_t) { json, ring, memory, error, 0, false };

    if (qwen_record_begin(&reader, &cursor) != QWEN_OK) {
        return QWEN_ERROR;
    }

    return qwen_record_read_account(&reader, &cursor, account);
}


qwen_rc_t
qwen_record_read_account(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    qwen_record_account_t *account)
{
    const uint8_t  *place;
    qwen_cursor_t   start;

    if (qwen_cursor_peek(cursor) != '{') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "an account must be an object");
    }

    start = *cursor;
    place = cursor->pos;

    if (qwen_record_members(reader, &start, qwen_record_email, account, NULL)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    if (account->email.len == 0) {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                  "\"email\" must be a string that is not "
                                  "empty");
    }

    reader->stale = false;

    if (qwen_record_members(reader, cursor, qwen_record_account, account,
                            &account->extra)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    if (account->extra.len + account->own_extra.len > QWEN_RECORD_MAX_EXTRA) {
        return qwen_record_refuse(reader, QWEN_RECORD_SIZE, place,
                                  "an account must have at most %d bytes of "
                                  "members that are not known",
                                  QWEN_RECORD_MAX_EXTRA);
    }

    account->stale = reader->stale;

    return QWEN_OK;
}


static qwen_rc_t
qwen_record_read_secret(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    qwen_str_t               value, *plain;
    const uint8_t           *place;
    qwen_record_account_t   *account;
    qwen_record_context_t    context;

    account = object;
    place = cursor->pos;
    plain = (qwen_str_t *) (void *) ((char *) object + member->offset);

    if (qwen_record_string(reader, cursor, member->name, &value) != QWEN_OK) {
        return QWEN_ERROR;
    }

    return qwen_record_open(reader, place, member,
                            qwen_record_context(&context, member->name,
                                                account->email),
                            value, plain);
}


static qwen_rc_t
qwen_record_read_own(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    qwen_record_account_t  *account;

    account = object;

    if (qwen_cursor_peek(cursor) != '{') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "\"%s\" must be an object", member->name);
    }

    return qwen_record_members(reader, cursor, qwen_record_own, account,
                               &account->own_extra);
}


qwen_rc_t
qwen_record_account_field(qwen_record_account_t *account,
    const qwen_record_field_t *field, const qwen_seal_ring_t *ring,
    qwen_memory_t *memory, qwen_record_error_t *error)
{
    qwen_record_reader_t         reader;
    const qwen_record_member_t  *member;

    reader = (qwen_record_reader_t) { field->value, ring, memory, error, 0,
                                      account->stale };

    if (account->email.len == 0
        || account->email.len > QWEN_RECORD_MAX_EMAIL)
    {
        return qwen_record_refuse(&reader, QWEN_RECORD_SIZE, NULL,
                                  "an email must have 1 to %d bytes",
                                  QWEN_RECORD_MAX_EMAIL);
    }

    for (member = &qwen_record_account[1]; member->name; member++) {
        if (field->name.len == strlen(member->name)
            && memcmp(field->name.data, member->name, field->name.len) == 0)
        {
            return qwen_record_field_read(&reader, member, account);
        }
    }

    return qwen_record_field_keep(&reader, field, account);
}


/* Strings have no quotes here; an empty value is none. */
static qwen_rc_t
qwen_record_field_read(qwen_record_reader_t *reader,
    const qwen_record_member_t *member, qwen_record_account_t *account)
{
    qwen_rc_t              rc;
    qwen_str_t             value, *plain;
    qwen_cursor_t          cursor;
    qwen_record_context_t  context;

    if (reader->text.len == 0) {
        return QWEN_OK;
    }

    if (member->read != qwen_record_read_secret) {

        if (qwen_record_begin(reader, &cursor) != QWEN_OK) {
            return QWEN_ERROR;
        }

        if (qwen_cursor_peek(&cursor) == 'n') {
            return QWEN_OK;
        }

        return member->read(reader, &cursor, member, account);
    }

    if (!qwen_memory_copy(reader->memory, reader->text, &value)) {
        return qwen_record_no_memory(reader);
    }

    plain = (qwen_str_t *) (void *) ((char *) account + member->offset);

    rc = qwen_record_open(reader, reader->text.data, member,
                          qwen_record_context(&context, member->name,
                                              account->email),
                          value, plain);

    account->stale = reader->stale;

    return rc;
}


/* There is room for 4 fields, then for 8, and so on. */
static qwen_rc_t
qwen_record_field_keep(qwen_record_reader_t *reader,
    const qwen_record_field_t *field, qwen_record_account_t *account)
{
    size_t                n;
    qwen_record_field_t  *fields, *kept;

    n = account->nfields;

    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        fields = qwen_memory_array(reader->memory, n ? 2 * n : 4,
                                   sizeof(qwen_record_field_t));
        if (fields == NULL) {
            return qwen_record_no_memory(reader);
        }

        if (n) {
            memcpy(fields, account->fields, n * sizeof(qwen_record_field_t));
        }

        account->fields = fields;
    }

    kept = &account->fields[n];

    if (!qwen_memory_copy(reader->memory, field->name, &kept->name)
        || !qwen_memory_copy(reader->memory, field->value, &kept->value))
    {
        return qwen_record_no_memory(reader);
    }

    account->nfields++;

    return QWEN_OK;
}
