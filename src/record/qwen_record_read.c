
#include <stdarg.h>
#include <stdio.h>

#include "qwen_record_read.h"
#include "qwen_strict.h"
#include "qwen_text.h"
#include "qwen_utf8.h"


#define QWEN_RECORD_MEMBER_MAX  32           /* a known member's name */


static const qwen_record_member_t *qwen_record_find(
    const qwen_record_member_t *members, qwen_str_t name);
static qwen_rc_t qwen_record_known(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_record_extra(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *members, size_t len,
    qwen_str_t *extra);
static uint8_t *qwen_record_compact(uint8_t *out, qwen_str_t json);
static qwen_rc_t qwen_record_check_plain(qwen_record_reader_t *reader,
    const uint8_t *place, const char *name, qwen_str_t plain);


qwen_rc_t
qwen_record_begin(qwen_record_reader_t *reader, qwen_cursor_t *cursor)
{
    size_t       offset;
    const char  *wrong;

    wrong = qwen_strict_check(reader->text, &offset);

    if (wrong) {
        return qwen_record_refuse(reader, QWEN_RECORD_SYNTAX,
                                  reader->text.len
                                  ? reader->text.data + offset
                                  : reader->text.data,
                                  "%s", wrong);
    }

    qwen_cursor_init(cursor, reader->text);

    return QWEN_OK;
}


static void
qwen_record_place(qwen_record_reader_t *reader, const uint8_t *place)
{
    const uint8_t        *p;
    qwen_record_error_t  *error;

    error = reader->error;
    error->line = 1;
    error->column = 1;

    if (place == NULL) {
        return;
    }

    for (p = reader->text.data; p < place; p++) {

        if (*p == '\n') {
            error->line++;
            error->column = 1;

        } else {
            error->column++;
        }
    }
}


qwen_rc_t
qwen_record_refuse(qwen_record_reader_t *reader, qwen_record_fault_t fault,
    const uint8_t *place, const char *format, ...)
{
    int                   n;
    va_list               args;
    qwen_record_error_t  *error;

    error = reader->error;
    error->fault = fault;
    error->account = reader->account;

    qwen_record_place(reader, place);

    n = 0;

    if (reader->account) {
        n = snprintf(error->reason, sizeof(error->reason), "account %zu: ",
                     reader->account);
    }

    va_start(args, format);
    (void) vsnprintf(error->reason + n, sizeof(error->reason) - (size_t) n,
                     format, args);
    va_end(args);

    return QWEN_ERROR;
}


qwen_rc_t
qwen_record_no_memory(qwen_record_reader_t *reader)
{
    return qwen_record_refuse(reader, QWEN_RECORD_MEMORY, NULL,
                              "no memory to read it");
}


qwen_rc_t
qwen_record_members(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *members, void *object, qwen_str_t *extra)
{
    size_t                       len;
    uint32_t                     seen, bit;
    qwen_str_t                   name, json;
    qwen_cursor_t                start;
    const qwen_record_member_t  *member;

    start = *cursor;
    len = 0;
    seen = 0;

    qwen_cursor_enter(cursor);

    while (qwen_cursor_member(cursor, &name) == QWEN_OK) {
        member = qwen_record_find(members, name);

        if (member == NULL) {
            (void) qwen_cursor_value(cursor, &json);
            len += name.len + json.len + sizeof("\"\":,") - 1;
            continue;
        }

        bit = (uint32_t) 1 << (member - members);

        if (seen & bit) {
            return qwen_record_refuse(reader, QWEN_RECORD_TWICE, name.data - 1,
                                      "\"%s\" is there twice", member->name);
        }

        seen |= bit;

        if (qwen_record_known(reader, cursor, member, object) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }

    if (extra == NULL || len == 0) {
        return QWEN_OK;
    }

    return qwen_record_extra(reader, &start, members, len, extra);
}


/* A name may be written with escapes. */
static const qwen_record_member_t *
qwen_record_find(const qwen_record_member_t *members, qwen_str_t name)
{
    uint8_t                      room[QWEN_RECORD_MEMBER_MAX];
    qwen_buf_t                   plain;
    const qwen_record_member_t  *member;

    if (name.len && memchr(name.data, '\\', name.len)) {
        plain = (qwen_buf_t) { room, 0, sizeof(room), sizeof(room), false };

        if (qwen_text_unescape(&plain, name) != QWEN_OK) {
            return NULL;
        }

        name = qwen_buf_str(&plain);
    }

    for (member = members; member->name; member++) {
        if (name.len == strlen(member->name)
            && memcmp(name.data, member->name, name.len) == 0)
        {
            return member;
        }
    }

    return NULL;
}


static qwen_rc_t
qwen_record_known(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    if (qwen_cursor_peek(cursor) == 'n') {
        return qwen_cursor_skip(cursor);
    }

    return member->read(reader, cursor, member, object);
}


/* Copies the members that are not known; len is enough for them. */
static qwen_rc_t
qwen_record_extra(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *members, size_t len, qwen_str_t *extra)
{
    uint8_t     *data, *p;
    qwen_str_t   name, json;

    data = qwen_memory_alloc(reader->memory, len);

    if (data == NULL) {
        return qwen_record_no_memory(reader);
    }

    p = data;
    qwen_cursor_enter(cursor);

    while (qwen_cursor_member(cursor, &name) == QWEN_OK) {
        (void) qwen_cursor_value(cursor, &json);

        if (qwen_record_find(members, name)) {
            continue;
        }

        if (p > data) {
            *p++ = ',';
        }

        *p++ = '"';
        memcpy(p, name.data, name.len);
        p += name.len;
        *p++ = '"';
        *p++ = ':';
        p = qwen_record_compact(p, json);
    }

    *extra = (qwen_str_t) { data, (size_t) (p - data) };

    return QWEN_OK;
}


/* Copies a value without the white space outside of its strings. */
static uint8_t *
qwen_record_compact(uint8_t *out, qwen_str_t json)
{
    bool            quoted;
    const uint8_t  *p, *end;

    quoted = false;
    end = json.data + json.len;

    for (p = json.data; p < end; p++) {

        if (!quoted && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        {
            continue;
        }

        if (*p == '"') {
            quoted = !quoted;

        } else if (*p == '\\') {
            *out++ = *p++;
        }

        *out++ = *p;
    }

    return out;
}


size_t
qwen_record_elements(qwen_cursor_t cursor)
{
    size_t  n;

    n = 0;
    qwen_cursor_enter(&cursor);

    while (qwen_cursor_element(&cursor) == QWEN_OK) {
        (void) qwen_cursor_skip(&cursor);
        n++;
    }

    return n;
}


qwen_rc_t
qwen_record_string(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const char *name, qwen_str_t *plain)
{
    uint8_t        *room;
    qwen_buf_t      buf;
    qwen_str_t      escaped;
    const uint8_t  *place;

    *plain = (qwen_str_t) { NULL, 0 };

    if (qwen_cursor_peek(cursor) != '"') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "\"%s\" must be a string", name);
    }

    place = cursor->pos;

    if (qwen_cursor_string(cursor, &escaped) != QWEN_OK) {
        return qwen_record_no_memory(reader);
    }

    if (escaped.len == 0) {
        return QWEN_OK;
    }

    if (!qwen_strict_is_paired(escaped)) {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                  "\"%s\" holds half of a surrogate pair",
                                  name);
    }

    /* no text is longer plain than escaped */

    room = qwen_memory_alloc(reader->memory, escaped.len);

    if (room == NULL) {
        return qwen_record_no_memory(reader);
    }

    buf = (qwen_buf_t) { room, 0, escaped.len, escaped.len, false };

    (void) qwen_text_unescape(&buf, escaped);

    *plain = qwen_buf_str(&buf);

    return QWEN_OK;
}


static qwen_rc_t
qwen_record_check_plain(qwen_record_reader_t *reader, const uint8_t *place,
    const char *name, qwen_str_t plain)
{
    const uint8_t  *p, *end;

    p = plain.data;
    end = plain.len ? p + plain.len : p;

    for ( /* void */ ; p < end; p++) {
        p = qwen_utf8_run(p, end);

        if (p == end) {
            break;
        }

        if (*p == 0) {
            return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                      "\"%s\" holds a zero byte", name);
        }

        if (*p >= 0x80) {
            return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                      "\"%s\" is not valid UTF-8", name);
        }
    }

    return QWEN_OK;
}


/* What is refused is not left in its field. */
static qwen_rc_t
qwen_record_check(qwen_record_reader_t *reader, const uint8_t *place,
    const qwen_record_member_t *member, qwen_str_t *plain)
{
    qwen_rc_t  rc;

    if (plain->len > member->max) {
        rc = qwen_record_refuse(reader, QWEN_RECORD_SIZE, place,
                                "\"%s\" is longer than %u bytes",
                                member->name, (unsigned) member->max);

    } else {
        rc = qwen_record_check_plain(reader, place, member->name, *plain);
    }

    if (rc != QWEN_OK) {
        *plain = (qwen_str_t) { NULL, 0 };
    }

    return rc;
}


static qwen_rc_t
qwen_record_unopened(qwen_record_reader_t *reader, const uint8_t *place,
    const char *name, qwen_seal_rc_t rc)
{
    switch (rc) {

    case QWEN_SEAL_NO_KEY:
        return qwen_record_refuse(reader, QWEN_RECORD_NO_KEY, place,
                                  "\"%s\" is sealed with a key that is not "
                                  "there", name);

    case QWEN_SEAL_DAMAGED:
        return qwen_record_refuse(reader, QWEN_RECORD_DAMAGED, place,
                                  "\"%s\" is sealed and does not open: it was "
                                  "changed, or moved from another place",
                                  name);

    default:
        return qwen_record_refuse(reader, QWEN_RECORD_MEMORY, place,
                                  "\"%s\" is sealed and could not be opened",
                                  name);
    }
}


qwen_rc_t
qwen_record_open(qwen_record_reader_t *reader, const uint8_t *place,
    const qwen_record_member_t *member, qwen_str_t context, qwen_str_t value,
    qwen_str_t *plain)
{
    uint8_t         *room;
    qwen_seal_rc_t   rc;

    room = NULL;

    if (qwen_seal_is_marked(value)) {
        room = qwen_memory_alloc(reader->memory, value.len);

        if (room == NULL) {
            return qwen_record_no_memory(reader);
        }
    }

    rc = qwen_seal_open(reader->ring, context, value, room, plain);

    if (rc != QWEN_SEAL_OK) {
        return qwen_record_unopened(reader, place, member->name, rc);
    }

    if (!qwen_seal_is_current(reader->ring, value)) {
        reader->stale = true;
    }

    return qwen_record_check(reader, place, member, plain);
}


qwen_rc_t
qwen_record_read_flag(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    uint8_t  c;

    c = qwen_cursor_peek(cursor);

    if (c != 't' && c != 'f') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "\"%s\" must be true or false",
                                  member->name);
    }

    *(bool *) (void *) ((char *) object + member->offset) = (c == 't');

    return qwen_cursor_skip(cursor);
}


qwen_rc_t
qwen_record_read_string(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    qwen_str_t     *plain;
    const uint8_t  *place;

    place = cursor->pos;
    plain = (qwen_str_t *) (void *) ((char *) object + member->offset);

    if (qwen_record_string(reader, cursor, member->name, plain) != QWEN_OK) {
        return QWEN_ERROR;
    }

    return qwen_record_check(reader, place, member, plain);
}


/* The fields of a nested object are in the same one. */
qwen_rc_t
qwen_record_read_object(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    if (qwen_cursor_peek(cursor) != '{') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "\"%s\" must be an object", member->name);
    }

    return qwen_record_members(reader, cursor, member->members, object, NULL);
}


qwen_rc_t
qwen_record_read_nothing(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    (void) reader;
    (void) member;
    (void) object;

    return qwen_cursor_skip(cursor);
}
