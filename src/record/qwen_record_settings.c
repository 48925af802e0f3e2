
#include "qwen_record_read.h"


static qwen_rc_t qwen_record_set_flag(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_record_set_count(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_record_set_concurrency(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_record_set_search_info(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);
static qwen_rc_t qwen_record_set_keys(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object);


#define qwen_record_offset(field)  offsetof(qwen_record_settings_t, field)

#define qwen_record_flag(name, field, bit)                                    \
    { name, qwen_record_set_flag, qwen_record_offset(field), 0, bit, NULL }

#define qwen_record_count(name, field, max, bit)                              \
    { name, qwen_record_set_count, qwen_record_offset(field), max, bit, NULL }

static const qwen_record_member_t  qwen_record_settings[] = {
    qwen_record_flag("autoRefresh", auto_refresh, QWEN_RECORD_AUTO_REFRESH),
    qwen_record_count("autoRefreshInterval", auto_refresh_interval, INT32_MAX,
                      QWEN_RECORD_AUTO_REFRESH_INTERVAL),
    { "batchLoginConcurrency", qwen_record_set_concurrency,
      qwen_record_offset(batch_login_concurrency), 20,
      QWEN_RECORD_BATCH_LOGIN_CONCURRENCY, NULL },
    qwen_record_flag("outThink", out_think, QWEN_RECORD_OUT_THINK),
    qwen_record_flag("legacyReasoningInContent", legacy_reasoning,
                     QWEN_RECORD_LEGACY_REASONING),
    { "searchInfoMode", qwen_record_set_search_info, 0, 0,
      QWEN_RECORD_SEARCH_INFO_MODE, NULL },
    qwen_record_flag("simpleModelMap", simple_model_map,
                     QWEN_RECORD_SIMPLE_MODEL_MAP),
    qwen_record_count("chatRetryCount", chat_retry_count, 10,
                      QWEN_RECORD_CHAT_RETRY_COUNT),
    qwen_record_count("chatRetryBackoffMs", chat_retry_backoff, 60000,
                      QWEN_RECORD_CHAT_RETRY_BACKOFF),
    { "regularKeys", qwen_record_set_keys, 0, 0, QWEN_RECORD_REGULAR_KEYS,
      NULL },
    { NULL, NULL, 0, 0, 0, NULL }
};


qwen_rc_t
qwen_record_settings_parse(qwen_str_t json, const qwen_seal_ring_t *ring,
    qwen_memory_t *memory, qwen_record_settings_t *settings,
    qwen_record_error_t *error)
{
    qwen_cursor_t         cursor;
    qwen_record_reader_t  reader;

    memset(settings, 0, sizeof(qwen_record_settings_t));

    reader = (qwen_record_reader_t) { json, ring, memory, error, 0, false };

    if (qwen_record_begin(&reader, &cursor) != QWEN_OK) {
        return QWEN_ERROR;
    }

    return qwen_record_read_settings(&reader, &cursor, settings);
}


qwen_rc_t
qwen_record_read_settings(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    qwen_record_settings_t *settings)
{
    if (qwen_cursor_peek(cursor) != '{') {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, cursor->pos,
                                  "settings must be an object");
    }

    reader->stale = false;

    if (qwen_record_members(reader, cursor, qwen_record_settings, settings,
                            &settings->extra)
        != QWEN_OK)
    {
        return QWEN_ERROR;
    }

    settings->stale = reader->stale;

    return QWEN_OK;
}


static void
qwen_record_set(const qwen_record_member_t *member, void *object)
{
    qwen_record_settings_t  *settings;

    settings = object;
    settings->set |= member->bit;
}


static qwen_rc_t
qwen_record_set_flag(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    qwen_record_set(member, object);

    return qwen_record_read_flag(reader, cursor, member, object);
}


static qwen_rc_t
qwen_record_set_count(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    uint64_t   number;
    qwen_rc_t  rc;

    rc = qwen_record_number(reader, cursor, member, &number);

    if (rc == QWEN_OK) {
        *(uint64_t *) (void *) ((char *) object + member->offset) = number;
        qwen_record_set(member, object);
    }

    return (rc == QWEN_ERROR) ? QWEN_ERROR : QWEN_OK;
}


static qwen_rc_t
qwen_record_set_concurrency(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object)
{
    const uint8_t           *place;
    qwen_record_settings_t  *settings;

    settings = object;
    place = cursor->pos;

    if (qwen_record_set_count(reader, cursor, member, object) != QWEN_OK) {
        return QWEN_ERROR;
    }

    if ((settings->set & member->bit)
        && settings->batch_login_concurrency == 0)
    {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                  "\"%s\" must not be 0", member->name);
    }

    return QWEN_OK;
}


static qwen_rc_t
qwen_record_set_search_info(qwen_record_reader_t *reader,
    qwen_cursor_t *cursor, const qwen_record_member_t *member, void *object)
{
    qwen_str_t               mode;
    const uint8_t           *place;
    qwen_record_settings_t  *settings;

    settings = object;
    place = cursor->pos;

    if (qwen_record_string(reader, cursor, member->name, &mode) != QWEN_OK) {
        return QWEN_ERROR;
    }

    settings->search_info_table = qwen_str_eq(mode, qwen_literal("table"));

    if (!settings->search_info_table
        && !qwen_str_eq(mode, qwen_literal("text")))
    {
        return qwen_record_refuse(reader, QWEN_RECORD_WRONG, place,
                                  "\"%s\" must be \"table\" or \"text\"",
                                  member->name);
    }

    qwen_record_set(member, object);

    return QWEN_OK;
}


static qwen_rc_t
qwen_record_set_keys(qwen_record_reader_t *reader, qwen_cursor_t *cursor,
    const qwen_record_member_t *member, void *object)
{
    qwen_record_set(member, object);

    return qwen_record_read_keys(reader, cursor, member, object);
}
