
#include "qwen_cursor.h"
#include "qwen_web_extra.h"


#define QWEN_WEB_SOURCES  100


/* Where the strings of a source lie in stream->strings. */
typedef struct {
    size_t  start[3];                /* url, title, hostname */
    size_t  len[3];
} qwen_web_source_place_t;


static qwen_rc_t qwen_web_extra_clean(qwen_web_stream_t *stream,
    qwen_str_t raw, qwen_buf_t *out);
static qwen_rc_t qwen_web_extra_source(qwen_web_stream_t *stream,
    qwen_str_t object, qwen_web_source_place_t *place);
static qwen_rc_t qwen_web_extra_put_sources(qwen_web_stream_t *stream,
    const qwen_web_source_place_t *places, size_t n);


bool
qwen_web_extra_find(qwen_str_t object, const char *name, qwen_str_t *value)
{
    size_t         len;
    qwen_str_t     found;
    qwen_cursor_t  cursor;

    if (object.len == 0 || object.data[0] != '{') {
        return false;
    }

    len = strlen(name);

    qwen_cursor_init(&cursor, object);
    qwen_cursor_enter(&cursor);

    while (qwen_cursor_member(&cursor, &found) == QWEN_OK) {

        if (qwen_cursor_value(&cursor, value) != QWEN_OK) {
            return false;
        }

        if (found.len == len && memcmp(found.data, name, len) == 0) {
            return true;
        }
    }

    return false;
}


/* Appends a string's clean text.  It comes whole, so nothing waits. */
static qwen_rc_t
qwen_web_extra_clean(qwen_web_stream_t *stream, qwen_str_t raw,
    qwen_buf_t *out)
{
    qwen_str_t  clean, rest;

    if (qwen_text_clean(&stream->whole, raw, &clean) != QWEN_OK) {
        return QWEN_ERROR;
    }

    (void) qwen_buf_append_str(out, clean);

    qwen_text_clean_end(&stream->whole, &rest);

    return qwen_buf_append_str(out, rest);
}


/* Pictures are told again by later events: a few hashes are remembered. */
qwen_rc_t
qwen_web_extra_image(qwen_web_stream_t *stream, qwen_str_t url)
{
    size_t        i;
    uint64_t      hash;
    qwen_delta_t  delta;

    if (url.len < 5 || memcmp(url.data, "http", 4) != 0) {
        return QWEN_OK;
    }

    hash = 0xcbf29ce484222325ULL;    /* FNV-1a */

    for (i = 0; i < url.len; i++) {
        hash = (hash ^ url.data[i]) * 0x100000001b3ULL;
    }

    for (i = 0; i < stream->nimages && i < QWEN_WEB_IMAGES; i++) {
        if (stream->images[i] == hash) {
            return QWEN_OK;
        }
    }

    stream->images[stream->nimages++ % QWEN_WEB_IMAGES] = hash;

    qwen_buf_reset(&stream->strings);

    if (qwen_web_extra_clean(stream, url, &stream->strings) != QWEN_OK) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = QWEN_DELTA_IMAGE;
    delta.text = qwen_buf_str(&stream->strings);

    stream->delivered = true;

    if (stream->sink->put(stream->sink, &delta) != QWEN_OK) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_web_extra_images(qwen_web_stream_t *stream, qwen_str_t extra)
{
    qwen_str_t     list, element, url;
    qwen_cursor_t  cursor;

    if (!qwen_web_extra_find(extra, "image_list", &list)
        || list.data[0] != '[')
    {
        return QWEN_OK;
    }

    qwen_cursor_init(&cursor, list);
    qwen_cursor_enter(&cursor);

    while (qwen_cursor_element(&cursor) == QWEN_OK
           && qwen_cursor_value(&cursor, &element) == QWEN_OK)
    {
        if (!qwen_web_extra_find(element, "image", &url)
            || url.data[0] != '"')
        {
            continue;
        }

        url = (qwen_str_t) { url.data + 1, url.len - 2 };

        if (qwen_web_extra_image(stream, url) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_web_extra_sources(qwen_web_stream_t *stream, qwen_str_t extra)
{
    size_t                   n;
    qwen_rc_t                rc;
    qwen_str_t               list, element;
    qwen_cursor_t            cursor;
    qwen_web_source_place_t  places[QWEN_WEB_SOURCES];

    if (!qwen_web_extra_find(extra, "web_search_info", &list)
        || list.data[0] != '[')
    {
        return QWEN_OK;
    }

    qwen_buf_reset(&stream->strings);
    qwen_cursor_init(&cursor, list);
    qwen_cursor_enter(&cursor);

    n = 0;

    while (n < QWEN_WEB_SOURCES
           && qwen_cursor_element(&cursor) == QWEN_OK
           && qwen_cursor_value(&cursor, &element) == QWEN_OK)
    {
        rc = qwen_web_extra_source(stream, element, &places[n]);

        if (rc == QWEN_ERROR) {
            return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
        }

        if (rc == QWEN_OK) {
            n++;
        }
    }

    return qwen_web_extra_put_sources(stream, places, n);
}


/* QWEN_AGAIN: a source without a URL is none. */
static qwen_rc_t
qwen_web_extra_source(qwen_web_stream_t *stream, qwen_str_t object,
    qwen_web_source_place_t *place)
{
    size_t      i;
    qwen_str_t  value;

    static const char *const  names[] = { "url", "title", "hostname" };

    for (i = 0; i < 3; i++) {
        place->start[i] = stream->strings.len;
        place->len[i] = 0;

        if (!qwen_web_extra_find(object, names[i], &value)
            || value.data[0] != '"')
        {
            continue;
        }

        value = (qwen_str_t) { value.data + 1, value.len - 2 };

        if (qwen_web_extra_clean(stream, value, &stream->strings)
            != QWEN_OK)
        {
            return QWEN_ERROR;
        }

        place->len[i] = stream->strings.len - place->start[i];
    }

    return place->len[0] ? QWEN_OK : QWEN_AGAIN;
}


static qwen_rc_t
qwen_web_extra_put_sources(qwen_web_stream_t *stream,
    const qwen_web_source_place_t *places, size_t n)
{
    size_t          i;
    const uint8_t  *base;
    qwen_delta_t    delta;
    qwen_source_t   sources[QWEN_WEB_SOURCES];

    if (n == 0) {
        return QWEN_OK;
    }

    base = stream->strings.data;

    for (i = 0; i < n; i++) {
        memset(&sources[i], 0, sizeof(qwen_source_t));

        sources[i].url = (qwen_str_t) { base + places[i].start[0],
                                        places[i].len[0] };
        sources[i].title = (qwen_str_t) { base + places[i].start[1],
                                          places[i].len[1] };
        sources[i].hostname = (qwen_str_t) { base + places[i].start[2],
                                             places[i].len[2] };
    }

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = QWEN_DELTA_SOURCES;
    delta.sources = sources;
    delta.nsources = n;

    if (stream->sink->put(stream->sink, &delta) != QWEN_OK) {
        return qwen_web_stream_fail(stream, QWEN_FAIL_PROTOCOL);
    }

    return QWEN_OK;
}
