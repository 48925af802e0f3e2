
#include "qwen_record_context.h"
#include "qwen_record_read.h"


static qwen_rc_t qwen_record_read_key(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);


#define qwen_record_offset(field)  offsetof(qwen_record_key_t, field)

static const qwen_record_member_t  qwen_record_key[] = {
    { "key", qwen_record_read_key, qwen_record_offset(key),
      QWEN_RECORD_MAX_KEY, 0, NULL },
    { "name", qwen_record_read_string, qwen_record_offset(name),
      QWEN_RECORD_MAX_NAME, 0, NULL },
    { "createdAt", qwen_record_read_count, qwen_record_offset(created),
      QWEN_RECORD_MAX_COUNT, 0, NULL },
    { NULL, NULL, 0, 0, 0, NULL }
};

/* A key that stands for itself. */
static const qwen_record_member_t  qwen_record_plain_key = {
    "regularKeys", qwen_record_read_key, qwen_record_offset(key),
    QWEN_RECORD_MAX_KEY, 0, NULL
};


static qwen_rc_t
qwen_record_read_key(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    qwen_str_t          value;
    const uint8_t      *place;
    qwen_record_key_t  *key;

    key = object;
    place = cursor->pos;

    if (qwen_record_string(reader, cursor, member->name, &value) != QWEN_OK) {
        return QWEN_ERROR;
    }

    return qwen_record_open(reader, place, member,
                            qwen_literal(QWEN_RECORD_KEY_CONTEXT), value,
                            &key->key);
}


static qwen_rc_t
qwen_record_read_element(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    qwen_record_key_t *key)
{
    uint8_t         c;
    qwen_rc_t       rc;
    const uint8_t  *place;

    c = qwen_cursor_peek(cursor);
    place = cursor->pos;

    if (c == '"') {
        rc = qwen_record_read_key(reader, cursor, &qwen_record_plain_key, key);

    } else if (c == '{') {
        rc = qwen_record_members(reader, cursor, qwen_record_key, key,
                                 &key->extra);

    } else {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                  "a key of \"regularKeys\" must be a string "
                                  "or an object");
    }

    if (rc == QWEN_OK && key->key.len == 0) {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                  "a key of \"regularKeys\" is empty");
    }

    return rc;
}


qwen_rc_t
qwen_record_read_keys(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    size_t                   n;
    qwen_record_settings_t  *settings;

    settings = object;

    if (qwen_cursor_peek(cursor) != '[') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "\"%s\" must be an array", member->name);
    }

    n = qwen_record_elements(*cursor);

    if (n > QWEN_RECORD_MAX_KEYS) {
        return qwen_record_refuse(reader, QWEN_RECORD_SIZE, cursor->pos,
                                  "\"%s\" has more than %d keys",
                                  member->name, QWEN_RECORD_MAX_KEYS);
    }

    settings->keys = qwen_memory_array(reader->memory, n,
                                       sizeof(qwen_record_key_t));
    if (settings->keys == NULL) {
        return qwen_record_no_memory(reader);
    }

    qwen_cursor_enter(cursor);

    while (qwen_cursor_element(cursor) == QWEN_OK) {
        if (qwen_record_read_element(reader, cursor,
                                     &settings->keys[settings->nkeys])
            != QWEN_OK)
        {
            return QWEN_ERROR;
        }

        settings->nkeys++;
    }

    return QWEN_OK;
}
