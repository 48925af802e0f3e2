
#include <stdio.h>
#include <stdlib.h>

#include "qwen_json.h"
#include "qwen_openai_chat_parse.h"


/* The longest known role, type and chat type are shorter. */
#define QWEN_OPENAI_WORD_MAX  32


/* The part that is read, for the error's "param". */
typedef struct {
    size_t        message;
    size_t        part;
    qwen_role_t   role;
} qwen_openai_place_t;


/* Parts that are not text, and where their data is. */
typedef struct {
    qwen_str_t   type;
    const char  *object;             /* also a bare string */
    const char  *data;
    const char  *other;              /* or NULL */
} qwen_openai_media_t;


static qwen_rc_t qwen_openai_messages_allocate(qwen_openai_parser_t *parser,
    const cJSON *messages);
static qwen_rc_t qwen_openai_message(qwen_openai_parser_t *parser,
    const cJSON *item, size_t n);
static qwen_rc_t qwen_openai_message_content(qwen_openai_parser_t *parser,
    const cJSON *content, qwen_openai_place_t *place);
static qwen_rc_t qwen_openai_part(qwen_openai_parser_t *parser,
    const cJSON *part, const qwen_openai_place_t *place);
static qwen_rc_t qwen_openai_part_text(qwen_openai_parser_t *parser,
    const cJSON *part, const char *name, const qwen_openai_place_t *place);
static qwen_rc_t qwen_openai_part_media(qwen_openai_parser_t *parser,
    const cJSON *part, const qwen_openai_media_t *media,
    const qwen_openai_place_t *place);
static bool qwen_openai_part_data(qwen_openai_parser_t *parser,
    const cJSON *item);
static qwen_rc_t qwen_openai_message_refuse(qwen_openai_parser_t *parser,
    size_t n, const char *member, const char *expected);
static qwen_rc_t qwen_openai_part_refuse(qwen_openai_parser_t *parser,
    const qwen_openai_place_t *place, const char *member,
    const char *expected);


static const qwen_openai_media_t  qwen_openai_media[] = {
    { qwen_string("image_url"), "image_url", "url", NULL },
    { qwen_string("video_url"), "video_url", "url", NULL },
    { qwen_string("file"), "file", "file_data", "file_id" },
    { qwen_string("input_audio"), "input_audio", "data", NULL }
};

#define QWEN_OPENAI_MEDIA                                                     \
    (sizeof(qwen_openai_media) / sizeof(qwen_openai_media[0]))


qwen_rc_t
qwen_openai_parse_messages(qwen_openai_parser_t *parser,
    const cJSON *messages)
{
    size_t        n;
    const cJSON  *item;

    if (!cJSON_IsArray(messages) || messages->child == NULL) {
        return qwen_openai_parse_refuse(parser, "messages",
                                        "an array of one message at least");
    }

    if (qwen_openai_messages_allocate(parser, messages) != QWEN_OK) {
        return qwen_openai_parse_failed(parser);
    }

    n = 0;

    cJSON_ArrayForEach(item, messages) {
        if (qwen_openai_message(parser, item, n++) != QWEN_OK) {
            return QWEN_ERROR;
        }
    }

    return QWEN_OK;
}


/* Room for all messages and all of their parts. */
static qwen_rc_t
qwen_openai_messages_allocate(qwen_openai_parser_t *parser,
    const cJSON *messages)
{
    size_t           nmessages, ntexts;
    const cJSON     *item, *content, *part;
    qwen_request_t  *request;

    nmessages = 0;
    ntexts = 0;

    cJSON_ArrayForEach(item, messages) {
        content = qwen_json_get(item, "content");

        nmessages++;
        ntexts++;

        if (!cJSON_IsArray(content)) {
            continue;
        }

        cJSON_ArrayForEach(part, content) {
            ntexts++;
        }
    }

    request = parser->request;

    request->messages = calloc(nmessages, sizeof(qwen_message_t));
    request->texts = calloc(ntexts, sizeof(qwen_span_t));

    return (request->messages && request->texts) ? QWEN_OK : QWEN_ERROR;
}


static qwen_rc_t
qwen_openai_message(qwen_openai_parser_t *parser, const cJSON *item, size_t n)
{
    qwen_rc_t            rc;
    qwen_message_t      *message;
    qwen_openai_place_t  place = { n, 0, QWEN_ROLE_USER };

    if (!cJSON_IsObject(item)) {
        return qwen_openai_message_refuse(parser, n, "", "an object");
    }

    rc = qwen_openai_parse_word(parser, qwen_json_get(item, "role"),
                                QWEN_OPENAI_WORD_MAX);

    if (rc == QWEN_ERROR) {
        return QWEN_ERROR;
    }

    if (rc == QWEN_AGAIN
        || !qwen_role_parse(qwen_buf_str(&parser->word), &place.role))
    {
        return qwen_openai_message_refuse(parser, n, ".role",
                                          "system, developer, user, "
                                          "assistant, tool or function");
    }

    message = &parser->request->messages[n];

    message->role = place.role;
    message->text = parser->request->ntexts;

    rc = qwen_openai_message_content(parser, qwen_json_get(item, "content"),
                                     &place);

    message->ntexts = parser->request->ntexts - message->text;
    parser->request->nmessages = n + 1;

    return rc;
}


static qwen_rc_t
qwen_openai_message_content(qwen_openai_parser_t *parser,
    const cJSON *content, qwen_openai_place_t *place)
{
    const cJSON     *part;
    qwen_request_t  *request;

    request = parser->request;

    if (qwen_scan_string(parser->scan, content,
                         &request->texts[request->ntexts]))
    {
        request->ntexts++;
        return QWEN_OK;
    }

    if (cJSON_IsArray(content) && content->child) {

        cJSON_ArrayForEach(part, content) {
            if (qwen_openai_part(parser, part, place) != QWEN_OK) {
                return QWEN_ERROR;
            }

            place->part++;
        }

        return QWEN_OK;
    }

    /* a call of tools alone; a function may have given back nothing */

    if ((place->role == QWEN_ROLE_ASSISTANT
         && (content == NULL || cJSON_IsNull(content)))
        || (place->role == QWEN_ROLE_FUNCTION && cJSON_IsNull(content)))
    {
        return QWEN_OK;
    }

    return qwen_openai_message_refuse(parser, place->message, ".content",
                                      "a string or an array of parts");
}


static qwen_rc_t
qwen_openai_part(qwen_openai_parser_t *parser, const cJSON *part,
    const qwen_openai_place_t *place)
{
    size_t      i;
    qwen_rc_t   rc;
    qwen_str_t  type;

    if (!cJSON_IsObject(part)) {
        return qwen_openai_part_refuse(parser, place, "", "an object");
    }

    rc = qwen_openai_parse_word(parser, qwen_json_get(part, "type"),
                                QWEN_OPENAI_WORD_MAX);

    if (rc == QWEN_ERROR) {
        return QWEN_ERROR;
    }

    type = (rc == QWEN_OK) ? qwen_buf_str(&parser->word)
                           : (qwen_str_t) { NULL, 0 };

    if (qwen_str_eq(type, qwen_literal("text"))) {
        return qwen_openai_part_text(parser, part, "text", place);
    }

    if (qwen_str_eq(type, qwen_literal("refusal"))
        && place->role == QWEN_ROLE_ASSISTANT)
    {
        return qwen_openai_part_text(parser, part, "refusal", place);
    }

    for (i = 0; i < QWEN_OPENAI_MEDIA; i++) {
        if (qwen_str_eq(type, qwen_openai_media[i].type)) {
            return qwen_openai_part_media(parser, part, &qwen_openai_media[i],
                                          place);
        }
    }

    return qwen_openai_part_refuse(parser, place, ".type",
                                   "text, image_url, video_url, file or "
                                   "input_audio");
}


static qwen_rc_t
qwen_openai_part_text(qwen_openai_parser_t *parser, const cJSON *part,
    const char *name, const qwen_openai_place_t *place)
{
    char             member[16];
    qwen_request_t  *request;

    request = parser->request;

    if (qwen_scan_string(parser->scan, qwen_json_get(part, name),
                         &request->texts[request->ntexts]))
    {
        request->ntexts++;
        return QWEN_OK;
    }

    (void) snprintf(member, sizeof(member), ".%s", name);

    return qwen_openai_part_refuse(parser, place, member, "a string");
}


static qwen_rc_t
qwen_openai_part_media(qwen_openai_parser_t *parser, const cJSON *part,
    const qwen_openai_media_t *media, const qwen_openai_place_t *place)
{
    char          member[32];
    const cJSON  *item;

    item = qwen_json_get(part, media->object);

    if (qwen_openai_part_data(parser, item)
        || qwen_openai_part_data(parser, qwen_json_get(item, media->data))
        || (media->other
            && qwen_openai_part_data(parser,
                                     qwen_json_get(item, media->other))))
    {
        parser->request->media = true;
        return QWEN_OK;
    }

    if (cJSON_IsObject(item)) {
        (void) snprintf(member, sizeof(member), ".%s.%s", media->object,
                        media->data);
        return qwen_openai_part_refuse(parser, place, member,
                                       "a string with the data");
    }

    (void) snprintf(member, sizeof(member), ".%s", media->object);

    return qwen_openai_part_refuse(parser, place, member, "an object");
}


static bool
qwen_openai_part_data(qwen_openai_parser_t *parser, const cJSON *item)
{
    qwen_span_t  span;

    return qwen_scan_string(parser->scan, item, &span) && span.len;
}


static qwen_rc_t
qwen_openai_message_refuse(qwen_openai_parser_t *parser, size_t n,
    const char *member, const char *expected)
{
    char  param[sizeof(parser->error->param)];

    (void) snprintf(param, sizeof(param), "messages[%zu]%s", n, member);

    return qwen_openai_parse_refuse(parser, param, expected);
}


static qwen_rc_t
qwen_openai_part_refuse(qwen_openai_parser_t *parser,
    const qwen_openai_place_t *place, const char *member,
    const char *expected)
{
    char  param[sizeof(parser->error->param)];

    (void) snprintf(param, sizeof(param), "messages[%zu].content[%zu]%s",
                    place->message, place->part, member);

    return qwen_openai_parse_refuse(parser, param, expected);
}
