
#include "qwen_cursor.h"
#include "qwen_web_event.h"


static qwen_rc_t qwen_web_event_member(qwen_cursor_t *cursor, qwen_str_t name,
    qwen_web_event_t *event, qwen_usage_t *usage, bool *sign);
static qwen_rc_t qwen_web_event_sign(qwen_cursor_t *cursor, qwen_str_t name,
    qwen_web_event_t *event, bool *sign);
static qwen_rc_t qwen_web_event_choices(qwen_cursor_t *cursor,
    qwen_web_event_t *event);
static qwen_rc_t qwen_web_event_choice(qwen_cursor_t *cursor,
    qwen_web_event_t *event);
static qwen_rc_t qwen_web_event_delta(qwen_cursor_t *cursor,
    qwen_web_event_t *event);
static qwen_rc_t qwen_web_event_usage(qwen_cursor_t *cursor,
    qwen_web_event_t *event, qwen_usage_t *usage);
static qwen_rc_t qwen_web_event_details(qwen_cursor_t *cursor,
    qwen_usage_t *usage);
static qwen_rc_t qwen_web_event_count(qwen_cursor_t *cursor, uint64_t *count,
    bool *found);


/* Compares with a constant; the length decides nearly always. */
#define qwen_web_event_is(name, constant)                                     \
    (name.len == sizeof(constant) - 1                                         \
     && memcmp(name.data, constant, sizeof(constant) - 1) == 0)


qwen_rc_t
qwen_web_event_read(qwen_str_t data, qwen_web_event_t *event,
    qwen_usage_t *usage)
{
    bool           sign;
    qwen_rc_t      rc;
    qwen_str_t     name;
    qwen_cursor_t  cursor;

    memset(event, 0, sizeof(qwen_web_event_t));

    qwen_cursor_init(&cursor, data);

    if (qwen_cursor_peek(&cursor) != '{') {
        return QWEN_ERROR;
    }

    qwen_cursor_enter(&cursor);
    sign = false;

    for ( ;; ) {
        rc = qwen_cursor_member(&cursor, &name);

        if (rc != QWEN_OK) {
            break;
        }

        if (qwen_web_event_member(&cursor, name, event, usage, &sign)
            != QWEN_OK)
        {
            return QWEN_ERROR;
        }
    }

    if (rc == QWEN_ERROR || qwen_cursor_peek(&cursor) != 0) {
        return QWEN_ERROR;
    }

    /* an answer of the plain kind ("data", "code") in place of an event */

    if (sign && !event->has_choices) {
        event->refused = true;
    }

    return QWEN_OK;
}


static qwen_rc_t
qwen_web_event_member(qwen_cursor_t *cursor, qwen_str_t name,
    qwen_web_event_t *event, qwen_usage_t *usage, bool *sign)
{
    uint8_t  c;

    c = qwen_cursor_peek(cursor);

    if (c == '[' && qwen_web_event_is(name, "choices")) {
        return qwen_web_event_choices(cursor, event);
    }

    if (c == '{' && qwen_web_event_is(name, "usage")) {
        return qwen_web_event_usage(cursor, event, usage);
    }

    return qwen_web_event_sign(cursor, name, event, sign);
}


/* Members that tell a failure, or may do so. */
static qwen_rc_t
qwen_web_event_sign(qwen_cursor_t *cursor, qwen_str_t name,
    qwen_web_event_t *event, bool *sign)
{
    uint8_t  c;

    c = qwen_cursor_peek(cursor);

    if (qwen_web_event_is(name, "error")) {
        event->refused |= (c == '{' || c == '"');

    } else if (qwen_web_event_is(name, "success")) {
        event->refused |= (c == 'f');

    } else if (qwen_web_event_is(name, "ret")) {
        event->refused |= (c == '[');

    } else if (qwen_web_event_is(name, "data_inspection_failed")) {
        event->refused |= (c == 't');

    } else if (qwen_web_event_is(name, "data")) {
        *sign |= (c == '{');

    } else if (qwen_web_event_is(name, "code")) {
        *sign |= (c == '"');
    }

    return qwen_cursor_skip(cursor);
}


/* Only the first choice counts. */
static qwen_rc_t
qwen_web_event_choices(qwen_cursor_t *cursor, qwen_web_event_t *event)
{
    qwen_rc_t  rc;

    qwen_cursor_enter(cursor);

    for ( ;; ) {
        rc = qwen_cursor_element(cursor);

        if (rc != QWEN_OK) {
            return (rc == QWEN_AGAIN) ? QWEN_OK : QWEN_ERROR;
        }

        if (!event->has_choices && qwen_cursor_peek(cursor) == '{') {
            rc = qwen_web_event_choice(cursor, event);

        } else {
            rc = qwen_cursor_skip(cursor);
        }

        if (rc != QWEN_OK) {
            return QWEN_ERROR;
        }

        event->has_choices = true;
    }
}


static qwen_rc_t
qwen_web_event_choice(qwen_cursor_t *cursor, qwen_web_event_t *event)
{
    qwen_rc_t   rc;
    qwen_str_t  name;

    qwen_cursor_enter(cursor);

    for ( ;; ) {
        rc = qwen_cursor_member(cursor, &name);

        if (rc != QWEN_OK) {
            return (rc == QWEN_AGAIN) ? QWEN_OK : QWEN_ERROR;
        }

        if (qwen_web_event_is(name, "delta")
            && qwen_cursor_peek(cursor) == '{')
        {
            rc = qwen_web_event_delta(cursor, event);

        } else {
            rc = qwen_cursor_skip(cursor);
        }

        if (rc != QWEN_OK) {
            return QWEN_ERROR;
        }
    }
}


static qwen_rc_t
qwen_web_event_delta(qwen_cursor_t *cursor, qwen_web_event_t *event)
{
    qwen_rc_t   rc;
    qwen_str_t  name;

    qwen_cursor_enter(cursor);
    event->has_delta = true;

    for ( ;; ) {
        rc = qwen_cursor_member(cursor, &name);

        if (rc != QWEN_OK) {
            return (rc == QWEN_AGAIN) ? QWEN_OK : QWEN_ERROR;
        }

        if (qwen_web_event_is(name, "content")) {
            rc = qwen_cursor_take_string(cursor, &event->content);

        } else if (qwen_web_event_is(name, "phase")) {
            rc = qwen_cursor_take_string(cursor, &event->phase);

        } else if (qwen_web_event_is(name, "status")) {
            rc = qwen_cursor_take_string(cursor, &event->status);

        } else if (qwen_web_event_is(name, "role")) {
            rc = qwen_cursor_take_string(cursor, &event->role);

        } else if (qwen_web_event_is(name, "name")) {
            rc = qwen_cursor_take_string(cursor, &event->name);

        } else if (qwen_web_event_is(name, "extra")) {
            rc = qwen_cursor_value(cursor, &event->extra);

        } else {
            rc = qwen_cursor_skip(cursor);
        }

        if (rc != QWEN_OK) {
            return QWEN_ERROR;
        }
    }
}


/* Both namings; what is no count leaves the last one as it was. */
static qwen_rc_t
qwen_web_event_usage(qwen_cursor_t *cursor, qwen_web_event_t *event,
    qwen_usage_t *usage)
{
    qwen_rc_t   rc;
    qwen_str_t  name;

    qwen_cursor_enter(cursor);

    for ( ;; ) {
        rc = qwen_cursor_member(cursor, &name);

        if (rc != QWEN_OK) {
            return (rc == QWEN_AGAIN) ? QWEN_OK : QWEN_ERROR;
        }

        if (qwen_web_event_is(name, "input_tokens")
            || qwen_web_event_is(name, "prompt_tokens"))
        {
            rc = qwen_web_event_count(cursor, &usage->prompt,
                                      &event->has_usage);

        } else if (qwen_web_event_is(name, "output_tokens")
                   || qwen_web_event_is(name, "completion_tokens"))
        {
            rc = qwen_web_event_count(cursor, &usage->completion,
                                      &event->has_usage);

        } else if ((qwen_web_event_is(name, "output_tokens_details")
                    || qwen_web_event_is(name, "completion_tokens_details"))
                   && qwen_cursor_peek(cursor) == '{')
        {
            rc = qwen_web_event_details(cursor, usage);

        } else {
            rc = qwen_cursor_skip(cursor);
        }

        if (rc != QWEN_OK) {
            return QWEN_ERROR;
        }
    }
}


static qwen_rc_t
qwen_web_event_details(qwen_cursor_t *cursor, qwen_usage_t *usage)
{
    bool        found;
    qwen_rc_t   rc;
    qwen_str_t  name;

    qwen_cursor_enter(cursor);

    for ( ;; ) {
        rc = qwen_cursor_member(cursor, &name);

        if (rc != QWEN_OK) {
            return (rc == QWEN_AGAIN) ? QWEN_OK : QWEN_ERROR;
        }

        if (qwen_web_event_is(name, "reasoning_tokens")) {
            rc = qwen_web_event_count(cursor, &usage->reasoning, &found);

        } else {
            rc = qwen_cursor_skip(cursor);
        }

        if (rc != QWEN_OK) {
            return QWEN_ERROR;
        }
    }
}


static qwen_rc_t
qwen_web_event_count(qwen_cursor_t *cursor, uint64_t *count, bool *found)
{
    qwen_rc_t  rc;

    rc = qwen_cursor_count(cursor, count);

    if (rc == QWEN_OK) {
        *found = true;
    }

    return (rc == QWEN_ERROR) ? QWEN_ERROR : QWEN_OK;
}
