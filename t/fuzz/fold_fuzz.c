
/*
 * A conversation of any roles and texts is folded, with texts escaped in any
 * way and read in any pieces, and read back exactly.
 */

#include <cjson/cJSON.h>

#include "fuzz.h"
#include "qwen_fold.h"
#include "qwen_text.h"
#include "../unit/unfold.h"


#define MAX_MESSAGES  64
#define MAX_TEXTS     128
#define MAX_OUT       (64 * 1024 * 1024)


typedef struct {
    qwen_body_t   body;
    qwen_buf_t    escaped;
    fuzz_cut_t    cut;
    uint8_t      *piece;
} body_t;


typedef struct {
    qwen_request_t   request;
    qwen_message_t   messages[MAX_MESSAGES];
    qwen_span_t      texts[MAX_TEXTS];
    qwen_buf_t       plain;          /* all texts, one behind the other */
    size_t           start[MAX_MESSAGES + 1];
} chat_t;


static size_t
body_read(qwen_body_t *body, uint64_t offset, size_t len,
    const uint8_t **data)
{
    body_t  *b;

    b = (body_t *) body;

    fuzz_assert(len && offset + len <= b->escaped.len);

    len = fuzz_cut_next(&b->cut, len);

    free(b->piece);
    b->piece = fuzz_copy(b->escaped.data + offset, len);
    *data = b->piece;

    return len;
}


/* What matters, written in the ways that JSON allows. */
static void
add_character(chat_t *chat, body_t *body, uint8_t byte)
{
    size_t       i;
    const char  *text;

    static const struct {
        uint8_t      byte;
        const char  *plain;
        const char  *escaped;
    } characters[] = {
        { 0, "\n", "\\n" },          { 1, "\n", "\\u000a" },
        { 2, "\n", "\\u000A" },      { 3, "<", "<" },
        { 4, "<", "\\u003c" },       { 5, "<", "\\u003C" },
        { 6, "|", "|" },             { 7, "|", "\\u007c" },
        { 8, "\\", "\\\\" },         { 9, "\\", "\\u005c" },
        { 10, "user|>\n", "user|\\u003e\\n" },
        { 11, "\n\n<|", "\\n\\n<|" },
        { 12, "\xf0\x9f\x98\x80", "\\ud83d\\ude00" },
        { 13, "\xe4\xb8\xad", "\xe4\xb8\xad" },
        { 14, "\r", "\\r" },         { 15, "/", "\\/" },
        { 16, "\xc3\xa9", "\\u00e9" }, { 17, "\"", "\\\"" },
        { 18, "\xe4\xb8\xad", "\\u4e2d" }
    };

    for (i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
        if (characters[i].byte == byte) {
            text = characters[i].plain;
            (void) qwen_buf_append(&chat->plain, text, strlen(text));
            text = characters[i].escaped;
            (void) qwen_buf_append(&body->escaped, text, strlen(text));
            return;
        }
    }

    byte = 'a' + byte % 26;
    (void) qwen_buf_append(&chat->plain, &byte, 1);
    (void) qwen_buf_append(&body->escaped, &byte, 1);
}


/* Bytes of 0xf0 and above begin a message, 0xe0 and above another text. */
static void
make_chat(chat_t *chat, body_t *body, const uint8_t *data, size_t len)
{
    size_t           i;
    qwen_request_t  *request;

    request = &chat->request;
    request->messages = chat->messages;
    request->texts = chat->texts;

    for (i = 0; i < len; i++) {

        if (data[i] >= 0xf0 || request->nmessages == 0) {

            if (request->nmessages == MAX_MESSAGES) {
                break;
            }

            chat->start[request->nmessages] = chat->plain.len;
            chat->messages[request->nmessages].role = data[i] % 6;
            chat->messages[request->nmessages].text = request->ntexts;
            chat->messages[request->nmessages++].ntexts = 0;
            continue;
        }

        if (data[i] >= 0xe0
            || chat->messages[request->nmessages - 1].ntexts == 0)
        {
            if (request->ntexts == MAX_TEXTS) {
                break;
            }

            chat->texts[request->ntexts].offset = body->escaped.len;
            chat->texts[request->ntexts++].len = 0;
            chat->messages[request->nmessages - 1].ntexts++;
            continue;
        }

        add_character(chat, body, data[i]);

        chat->texts[request->ntexts - 1].len = body->escaped.len
                            - chat->texts[request->ntexts - 1].offset;
    }

    chat->start[request->nmessages] = chat->plain.len;
}


static bool
is_system(qwen_role_t role)
{
    return role == QWEN_ROLE_SYSTEM || role == QWEN_ROLE_DEVELOPER;
}


static void
check_turn(const chat_t *chat, size_t i, const unfold_turn_t *turn)
{
    qwen_str_t  role;

    role = qwen_role_name(chat->messages[i].role);

    fuzz_assert(turn->role_len == role.len);
    fuzz_assert(memcmp(turn->role, role.data, role.len) == 0);
    fuzz_assert(turn->len == chat->start[i + 1] - chat->start[i]);
    fuzz_assert(turn->len == 0
                || memcmp(turn->text, chat->plain.data + chat->start[i],
                          turn->len) == 0);
}


/* What the scanner notes of a text, read in the same pieces. */
static uint64_t
simple_len(const body_t *body, const qwen_span_t *text)
{
    size_t       len, offset;
    cJSON       *root;
    qwen_buf_t   json;
    fuzz_cut_t   cut;
    qwen_scan_t  scan;
    qwen_span_t  span;

    static const qwen_scan_limits_t  limits = { 1 << 20, 1, 1 };

    cut = body->cut;

    qwen_scan_init(&scan, &limits);
    qwen_buf_init(&json, MAX_OUT);

    (void) qwen_buf_append_literal(&json, "\"");

    if (text->len) {
        (void) qwen_buf_append(&json, body->escaped.data + text->offset,
                               (size_t) text->len);
    }

    (void) qwen_buf_append_literal(&json, "\"");

    for (offset = 0; offset < json.len; offset += len) {
        len = fuzz_cut_next(&cut, json.len - offset);
        fuzz_assert(qwen_scan_feed(&scan, json.data + offset, len)
                    == QWEN_AGAIN);
    }

    fuzz_assert(qwen_scan_end(&scan, &root) == QWEN_OK);
    fuzz_assert(qwen_scan_string(&scan, root, &span));

    cJSON_Delete(root);
    qwen_scan_free(&scan);
    qwen_buf_free(&json);

    return span.simple_len;
}


static void
note_simple_texts(chat_t *chat, const body_t *body)
{
    size_t  i;

    for (i = 0; i < chat->request.ntexts; i++) {
        chat->texts[i].simple_len = simple_len(body, &chat->texts[i]);
    }
}


static void
check_chat(const chat_t *chat, body_t *body)
{
    size_t          i, k, n;
    uint64_t        plain_len;
    qwen_buf_t      out, plain;
    unfold_turn_t   turns[MAX_MESSAGES];

    qwen_buf_init(&out, MAX_OUT);
    qwen_buf_init(&plain, MAX_OUT);

    fuzz_assert(qwen_fold(&chat->request, &body->body, &out, &plain_len)
                == QWEN_OK);
    fuzz_assert(qwen_text_unescape(&plain, qwen_buf_str(&out)) == QWEN_OK);
    fuzz_assert(plain.len == plain_len);

    n = unfold((char *) plain.data, plain.len, turns, MAX_MESSAGES);

    fuzz_assert(n == chat->request.nmessages);

    k = 0;

    for (i = 0; i < n; i++) {
        if (is_system(chat->messages[i].role)) {
            check_turn(chat, i, &turns[k++]);
        }
    }

    for (i = 0; i < n; i++) {
        if (!is_system(chat->messages[i].role)) {
            check_turn(chat, i, &turns[k++]);
        }
    }

    qwen_buf_free(&out);
    qwen_buf_free(&plain);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    body_t  body;
    chat_t  chat;

    if (size < 2) {
        return 0;
    }

    memset(&chat, 0, sizeof(chat_t));
    memset(&body, 0, sizeof(body_t));

    body.body.read = body_read;
    body.cut.seed = data[0];

    qwen_buf_init(&body.escaped, MAX_OUT);
    qwen_buf_init(&chat.plain, MAX_OUT);

    make_chat(&chat, &body, data + 1, size - 1);

    if (chat.request.nmessages) {
        check_chat(&chat, &body);

        note_simple_texts(&chat, &body);
        check_chat(&chat, &body);
    }

    free(body.piece);
    qwen_buf_free(&body.escaped);
    qwen_buf_free(&chat.plain);

    return 0;
}
