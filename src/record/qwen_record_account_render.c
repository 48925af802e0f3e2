
#include "qwen_record_context.h"
#include "qwen_record_write.h"


static void qwen_record_put_own(qwen_record_writer_t *writer,
    const qwen_record_account_t *account);
static void qwen_record_put_days(qwen_record_writer_t *writer,
    const qwen_record_account_t *account);
static void qwen_record_put_day(qwen_record_writer_t *writer,
    const qwen_record_day_t *day);


static const qwen_str_t  qwen_record_kinds[QWEN_RECORD_KINDS] = {
    qwen_string("chat"),
    qwen_string("image"),
    qwen_string("video"),
    qwen_string("cli")
};


static bool
qwen_record_has_email(const qwen_record_account_t *account)
{
    return account->email.len && account->email.len <= QWEN_RECORD_MAX_EMAIL;
}


qwen_rc_t
qwen_record_account_render(const qwen_record_account_t *account,
    const qwen_seal_ring_t *ring, qwen_buf_t *out)
{
    size_t                 start;
    qwen_record_writer_t   writer;
    qwen_record_context_t  context;

    if (!qwen_record_has_email(account)) {
        return QWEN_ERROR;
    }

    start = out->len;
    writer = (qwen_record_writer_t) { out, ring, false };

    (void) qwen_buf_append_literal(out, "{");

    qwen_record_put_string(&writer, qwen_literal("email"), account->email);

    qwen_record_put_name(&writer, qwen_literal("password"));
    qwen_record_put_secret(&writer, qwen_record_context(&context, "password",
                                                        account->email),
                           account->password);

    qwen_record_put_name(&writer, qwen_literal("token"));
    qwen_record_put_secret(&writer, qwen_record_context(&context, "token",
                                                        account->email),
                           account->token);

    qwen_record_put_name(&writer, qwen_literal("expires"));

    if (account->expires > 0) {
        qwen_record_put_number(&writer,
                               qwen_record_seconds(account->expires));

    } else {
        (void) qwen_buf_append_literal(out, "null");
    }

    qwen_record_put_extra(&writer, account->extra);
    qwen_record_put_own(&writer, account);

    (void) qwen_buf_append_literal(out, "}");

    return qwen_record_put_done(out, start);
}


static void
qwen_record_put_own(qwen_record_writer_t *writer,
    const qwen_record_account_t *account)
{
    size_t  i, own, cooldowns;

    own = qwen_record_put_object(writer, qwen_literal("ngx_qwen"));
    cooldowns = qwen_record_put_object(writer, qwen_literal("cooldowns"));

    for (i = 0; i < QWEN_RECORD_KINDS; i++) {
        qwen_record_put_count(writer, qwen_record_kinds[i],
                              qwen_record_seconds(account->cool_until[i]));
    }

    qwen_record_put_end(writer, cooldowns);

    if (account->challenged) {
        qwen_record_put_flag(writer, qwen_literal("challenged"), true);
    }

    if (account->configured) {
        qwen_record_put_flag(writer, qwen_literal("configured"), true);
    }

    qwen_record_put_count(writer, qwen_literal("lastErrorAt"),
                          qwen_record_seconds(account->last_error_at));

    if (account->last_error.len) {
        qwen_record_put_string(writer, qwen_literal("lastError"),
                               account->last_error);
    }

    qwen_record_put_days(writer, account);
    qwen_record_put_extra(writer, account->own_extra);
    qwen_record_put_end(writer, own);
}


static void
qwen_record_put_days(qwen_record_writer_t *writer,
    const qwen_record_account_t *account)
{
    size_t  i, days;

    days = qwen_record_put_object(writer, qwen_literal("days"));

    for (i = 0; i < account->ndays; i++) {
        qwen_record_put_day(writer, &account->days[i]);
    }

    qwen_record_put_end(writer, days);
}


/* Writes the last digits of a number. */
static void
qwen_record_put_digits(uint8_t *out, size_t n, uint32_t number)
{
    while (n) {
        out[--n] = (uint8_t) ('0' + number % 10);
        number /= 10;
    }
}


static void
qwen_record_put_day(qwen_record_writer_t *writer, const qwen_record_day_t *day)
{
    size_t   object, part;
    uint8_t  date[sizeof("2026-11-25") - 1];

    qwen_record_put_digits(date, 4, day->day / 10000);
    qwen_record_put_digits(date + 5, 2, day->day / 100 % 100);
    qwen_record_put_digits(date + 8, 2, day->day % 100);
    date[4] = '-';
    date[7] = '-';

    object = qwen_record_put_object(writer,
                                    (qwen_str_t) { date, sizeof(date) });

    qwen_record_put_count(writer, qwen_literal("requests"), day->requests);
    qwen_record_put_count(writer, qwen_literal("errors"), day->errors);

    part = qwen_record_put_object(writer, qwen_literal("chat"));
    qwen_record_put_count(writer, qwen_literal("input"), day->chat_input);
    qwen_record_put_count(writer, qwen_literal("output"), day->chat_output);
    qwen_record_put_end(writer, part);

    part = qwen_record_put_object(writer, qwen_literal("cli"));
    qwen_record_put_count(writer, qwen_literal("calls"), day->cli_calls);
    qwen_record_put_count(writer, qwen_literal("input"), day->cli_input);
    qwen_record_put_count(writer, qwen_literal("output"), day->cli_output);
    qwen_record_put_end(writer, part);

    qwen_record_put_end(writer, object);
}


/* Writes "ngx_qwen" as a member and keeps its value. */
static qwen_rc_t
qwen_record_own_value(const qwen_record_account_t *account, qwen_buf_t *out)
{
    size_t                start;
    qwen_record_writer_t  writer;

    static const char  name[] = "{\"ngx_qwen\":";

    start = out->len;
    writer = (qwen_record_writer_t) { out, NULL, false };

    (void) qwen_buf_append_literal(out, "{");
    qwen_record_put_own(&writer, account);

    if (qwen_record_put_done(out, start) != QWEN_OK) {
        return QWEN_ERROR;
    }

    if (out->len == start + 1) {
        out->len = start;
        return QWEN_AGAIN;
    }

    out->len -= sizeof(name) - 1;
    memmove(out->data + start, out->data + start + sizeof(name) - 1,
            out->len - start);

    return QWEN_OK;
}


qwen_rc_t
qwen_record_account_value(const qwen_record_account_t *account,
    qwen_str_t name, const qwen_seal_ring_t *ring, qwen_buf_t *out)
{
    qwen_record_writer_t   writer;
    qwen_record_context_t  context;

    if (!qwen_record_has_email(account)) {
        return QWEN_ERROR;
    }

    if (qwen_str_eq(name, qwen_literal("password"))) {
        return qwen_seal(ring, qwen_record_context(&context, "password",
                                                   account->email),
                         account->password, out);
    }

    if (qwen_str_eq(name, qwen_literal("token"))) {
        return qwen_seal(ring, qwen_record_context(&context, "token",
                                                   account->email),
                         account->token, out);
    }

    if (qwen_str_eq(name, qwen_literal("ngx_qwen"))) {
        return qwen_record_own_value(account, out);
    }

    if (!qwen_str_eq(name, qwen_literal("expires"))) {
        return QWEN_ERROR;
    }

    /* without a time it is empty, as Qwen2API has it */

    if (account->expires > 0) {
        writer = (qwen_record_writer_t) { out, ring, false };
        qwen_record_put_number(&writer, qwen_record_seconds(account->expires));
    }

    return qwen_record_put_done(out, out->len);
}
