
#include "qwen_record_read.h"


#define qwen_record_count(name, field)                                        \
    { name, qwen_record_read_count, offsetof(qwen_record_day_t, field),       \
      QWEN_RECORD_MAX_COUNT, 0, NULL }

static const qwen_record_member_t  qwen_record_day_chat[] = {
    qwen_record_count("input", chat_input),
    qwen_record_count("output", chat_output),
    { NULL, NULL, 0, 0, 0, NULL }
};

static const qwen_record_member_t  qwen_record_day_cli[] = {
    qwen_record_count("calls", cli_calls),
    qwen_record_count("input", cli_input),
    qwen_record_count("output", cli_output),
    { NULL, NULL, 0, 0, 0, NULL }
};

static const qwen_record_member_t  qwen_record_day[] = {
    qwen_record_count("requests", requests),
    qwen_record_count("errors", errors),
    { "chat", qwen_record_read_object, 0, 0, 0, qwen_record_day_chat },
    { "cli", qwen_record_read_object, 0, 0, 0, qwen_record_day_cli },
    { NULL, NULL, 0, 0, 0, NULL }
};


static size_t
qwen_record_days_count(qwen_cursor_t cursor)
{
    size_t      n;
    qwen_str_t  name;

    n = 0;
    qwen_cursor_enter(&cursor);

    while (qwen_cursor_member(&cursor, &name) == QWEN_OK) {
        (void) qwen_cursor_skip(&cursor);
        n++;
    }

    return n;
}


/* Reads "2026-11-25" as 20261125; false: it is no date. */
static bool
qwen_record_date(qwen_str_t name, uint32_t *day)
{
    size_t    i;
    uint32_t  date;

    if (name.len != sizeof("2026-11-25") - 1) {
        return false;
    }

    date = 0;

    for (i = 0; i < name.len; i++) {

        if (i == 4 || i == 7) {

            if (name.data[i] != '-') {
                return false;
            }

            continue;
        }

        if (name.data[i] < '0' || name.data[i] > '9') {
            return false;
        }

        date = date * 10 + (name.data[i] - '0');
    }

    *day = date;

    return date >= 10000000 && date / 100 % 100 >= 1 && date / 100 % 100 <= 12
           && date % 100 >= 1 && date % 100 <= 31;
}


/* Days stand in order nearly always, then one look tells. */
static bool
qwen_record_day_is_known(const qwen_record_account_t *account, uint32_t day)
{
    size_t  i;

    i = account->ndays;

    if (i && day > account->days[i - 1].day) {
        for ( /* void */ ; i > 1; i--) {
            if (account->days[i - 2].day >= account->days[i - 1].day) {
                break;
            }
        }

        if (i <= 1) {
            return false;
        }
    }

    for (i = 0; i < account->ndays; i++) {
        if (account->days[i].day == day) {
            return true;
        }
    }

    return false;
}


static bool
qwen_record_day_is_empty(const qwen_record_day_t *day)
{
    return (day->requests | day->errors | day->chat_input | day->chat_output
            | day->cli_calls | day->cli_input | day->cli_output)
           == 0;
}


static qwen_rc_t
qwen_record_read_day(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    qwen_str_t name, qwen_record_account_t *account)
{
    qwen_record_day_t  *day;

    day = &account->days[account->ndays];
    memset(day, 0, sizeof(qwen_record_day_t));

    if (!qwen_record_date(name, &day->day)) {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, name.data - 1,
                                  "a member of \"days\" is no date");
    }

    if (qwen_record_day_is_known(account, day->day)) {
        return qwen_record_refuse(reader, QWEN_RECORD_TWICE, name.data - 1,
                                  "a date is there twice in \"days\"");
    }

    if (qwen_cursor_peek(cursor) != '{') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "a day of \"days\" must be an object");
    }

    if (qwen_record_members(reader, cursor, qwen_record_day, day, NULL)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    if (!qwen_record_day_is_empty(day)) {
        account->ndays++;
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_record_read_days(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    size_t                  n;
    qwen_str_t              name;
    qwen_record_account_t  *account;

    account = object;

    if (qwen_cursor_peek(cursor) != '{') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "\"%s\" must be an object", member->name);
    }

    n = qwen_record_days_count(*cursor);

    if (n > QWEN_RECORD_MAX_DAYS) {
        return qwen_record_refuse(reader, QWEN_RECORD_SIZE, cursor->pos,
                                  "\"%s\" has more than %d days",
                                  member->name, QWEN_RECORD_MAX_DAYS);
    }

    account->ndays = 0;
    account->days = qwen_memory_array(reader->memory, n,
                                      sizeof(qwen_record_day_t));
    if (account->days == NULL) {
        return qwen_record_no_memory(reader);
    }

    qwen_cursor_enter(cursor);

    while (qwen_cursor_member(cursor, &name) == QWEN_OK) {
        if (qwen_record_read_day(reader, cursor, name, account) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }

    return QWEN_OK;
}
