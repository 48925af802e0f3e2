
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"


#define CHECK_CHAT   "{\"success\":true,\"data\":{\"id\":\""                  \
                     "7d0c1c4e-2f3e-4c59-9f0a-"
#define CHECK_DIGITS 12
#define CHECK_TAIL   "\"}}"

#define has(data, len, text)                                                  \
    (memmem(data, len, text, sizeof(text) - 1) != NULL)


static int
check_fail(check_t *check, const char *error)
{
    check->error = error;
    return 0;
}


void
check_init(check_t *check, const bench_script_t *script,
    check_format_t format)
{
    memset(check, 0, sizeof(check_t));
    check->script = script;
    check->format = format;
}


void
check_start(check_t *check)
{
    check->events = 0;
    check->offset = 0;
    check->chat = 0;
    check->line.len = 0;
    check->blank = 0;
    check->role = 0;
    check->learned = 0;
    check->finish = 0;
    check->usage = 0;
    check->done = 0;
}


static int
check_chat(check_t *check, const char **data, size_t *len)
{
    char          c;
    size_t        at;
    const size_t  head = sizeof(CHECK_CHAT) - 1;
    const size_t  tail = sizeof(CHECK_TAIL) - 1;

    while (*len && check->chat < head + CHECK_DIGITS + tail) {
        c = *(*data)++;
        (*len)--;
        at = check->chat++;

        if (at < head) {
            if (c != CHECK_CHAT[at]) {
                return check_fail(check, "the new chat's answer differs");
            }

        } else if (at < head + CHECK_DIGITS) {
            if (strchr("0123456789abcdef", c) == NULL) {
                return check_fail(check, "the new chat's id differs");
            }

        } else if (c != CHECK_TAIL[at - head - CHECK_DIGITS]) {
            return check_fail(check, "the new chat's answer differs");
        }
    }

    return 1;
}


static int
check_stream(check_t *check, const char *data, size_t len)
{
    const bench_script_t  *script;

    script = check->script;

    if (len > script->body.len - check->offset
        || memcmp(script->body.data + check->offset, data, len) != 0)
    {
        return check_fail(check, "the stream differs");
    }

    check->offset += len;

    while (check->events < script->params.events
           && script->body_end[check->events] <= check->offset)
    {
        check->events++;
        check->chunks++;
    }

    return 1;
}


static void
check_utf8(bench_buf_t *buf, uint32_t u)
{
    char    c[4];
    size_t  n;

    if (u < 0x80) {
        c[0] = u;
        n = 1;

    } else if (u < 0x800) {
        c[0] = 0xc0 | u >> 6;
        c[1] = 0x80 | (u & 0x3f);
        n = 2;

    } else if (u < 0x10000) {
        c[0] = 0xe0 | u >> 12;
        c[1] = 0x80 | (u >> 6 & 0x3f);
        c[2] = 0x80 | (u & 0x3f);
        n = 3;

    } else {
        c[0] = 0xf0 | u >> 18;
        c[1] = 0x80 | (u >> 12 & 0x3f);
        c[2] = 0x80 | (u >> 6 & 0x3f);
        c[3] = 0x80 | (u & 0x3f);
        n = 4;
    }

    bench_append(buf, c, n);
}


static uint32_t
check_hex(const char *p)
{
    char  digits[5];

    memcpy(digits, p, 4);
    digits[4] = '\0';

    return strtoul(digits, NULL, 16);
}


static int
check_decode(check_t *check, const char *p, const char *last)
{
    uint32_t      u;
    const char   *at;
    bench_buf_t  *buf;

    static const char  escapes[] = "\"\\/bfnrt";
    static const char  plain[] = "\"\\/\b\f\n\r\t";

    buf = &check->decoded;
    buf->len = 0;

    while (p < last) {
        if (*p != '\\') {
            bench_append(buf, p++, 1);
            continue;
        }

        if (last - p >= 6 && p[1] == 'u') {
            u = check_hex(p + 2);
            p += 6;

            if (u >= 0xd800 && u < 0xdc00 && last - p >= 6) {
                u = 0x10000 + ((u - 0xd800) << 10)
                    + (check_hex(p + 2) - 0xdc00);
                p += 6;
            }

            check_utf8(buf, u);
            continue;
        }

        at = last - p >= 2 ? strchr(escapes, p[1]) : NULL;
        if (at == NULL || *at == '\0') {
            return check_fail(check, "a text has an invalid escape");
        }

        bench_append(buf, &plain[at - escapes], 1);
        p += 2;
    }

    return 1;
}


/* A chunk usually has one event's text as it was escaped; else decode it. */

static int
check_text(check_t *check, const char *data, size_t len)
{
    size_t                 from, to;
    const bench_script_t  *script;

    script = check->script;
    check->chunks++;

    if (check->events < script->params.events) {
        from = check->events ? script->escaped_end[check->events - 1] : 0;
        to = script->escaped_end[check->events];

        if (check->offset == (check->events
                              ? script->text_end[check->events - 1] : 0)
            && len == to - from
            && memcmp(script->escaped.data + from, data, len) == 0)
        {
            check->offset = script->text_end[check->events++];
            return 1;
        }
    }

    if (!check_decode(check, data, data + len)) {
        return 0;
    }

    if (check->decoded.len > script->text.len - check->offset
        || memcmp(script->text.data + check->offset, check->decoded.data,
                  check->decoded.len)
           != 0)
    {
        return check_fail(check, "the text differs");
    }

    check->offset += check->decoded.len;

    while (check->events < script->params.events
           && script->text_end[check->events] <= check->offset)
    {
        check->events++;
    }

    return 1;
}


static int
check_around(check_t *check, const char *data, size_t len,
    const char *content, const char *end)
{
    size_t  before, after;

    before = content - data;
    after = data + len - end;

    if (!check->learned) {
        check->learned = 1;
        check->prefix.len = 0;
        check->suffix.len = 0;
        bench_append(&check->prefix, data, before);
        bench_append(&check->suffix, end, after);

        if (!has(data, before, "\"object\":\"chat.completion.chunk\"")
            || !has(data, before, "\"id\":\"chatcmpl-")
            || !has(data, before, "\"model\":\"qwen3-max\""))
        {
            return check_fail(check, "a chunk lacks a member");
        }

        return 1;
    }

    if (before != check->prefix.len || after != check->suffix.len
        || memcmp(data, check->prefix.data, before) != 0
        || memcmp(end, check->suffix.data, after) != 0)
    {
        return check_fail(check, "a chunk differs around the text");
    }

    return 1;
}


/* The text of a chunk, or NULL: a chunk like the one before is found by its
 * beginning. */

static const char *
check_content(check_t *check, const char *data, size_t len)
{
    const char  *p;

    if (check->learned && len > check->prefix.len
        && memcmp(data, check->prefix.data, check->prefix.len) == 0)
    {
        p = data + check->prefix.len;

    } else {
        p = memmem(data, len, "\"content\":\"", 11);
        p = p ? p + 11 : NULL;
    }

    return p && p < data + len && *p != '"' ? p : NULL;
}


static int
check_text_chunk(check_t *check, const char *data, size_t len,
    const char *content)
{
    const char  *end, *last;

    last = data + len;

    for (end = content; end < last && *end != '"'; end++) {
        if (*end == '\\') {
            end++;
        }
    }

    if (end >= last || check->finish) {
        return check_fail(check, "a text is cut or late");
    }

    if (!check->learned && has(data, len, "\"role\":\"assistant\"")) {
        check->role = 1;

    } else if (!check_around(check, data, len, content, end)) {
        return 0;
    }

    return check_text(check, content, end - content);
}


static int
check_chunk(check_t *check, const char *data, size_t len)
{
    const char  *content;

    content = check_content(check, data, len);

    if (content) {
        return check_text_chunk(check, data, len, content);
    }

    if (has(data, len, "\"finish_reason\":\"stop\"")) {
        if (check->finish) {
            return check_fail(check, "a second finish");
        }

        check->finish = 1;
        return 1;
    }

    if (has(data, len, "\"choices\":[]") && has(data, len, "\"usage\":{")) {
        if (!check->finish || check->usage) {
            return check_fail(check, "usage in the wrong place");
        }

        check->usage = 1;
        return 1;
    }

    if (has(data, len, "\"role\":\"assistant\"")) {
        if (check->role || check->events) {
            return check_fail(check, "a second role");
        }

        check->role = 1;
        return 1;
    }

    return check_fail(check, "an unknown chunk");
}


static int
check_line(check_t *check, const char *data, size_t len)
{
    if (check->done) {
        if (check->blank && len == 0) {
            check->blank = 0;
            return 1;
        }

        return check_fail(check, "bytes behind [DONE]");
    }

    if (check->blank) {
        check->blank = 0;
        return len == 0 || check_fail(check, "an event without its end");
    }

    if (len && data[0] == ':') {
        check->comments++;
        check->blank = 1;
        return 1;
    }

    if (len < 6 || memcmp(data, "data: ", 6) != 0) {
        return check_fail(check, "a line that is no event");
    }

    check->blank = 1;

    if (len == 12 && memcmp(data, "data: [DONE]", 12) == 0) {
        check->done = 1;
        return 1;
    }

    return check_chunk(check, data + 6, len - 6);
}


static int
check_openai(check_t *check, const char *data, size_t len)
{
    const char  *end, *last;

    last = data + len;

    while (data < last) {
        end = memchr(data, '\n', last - data);

        if (end == NULL) {
            bench_append(&check->line, data, last - data);
            return 1;
        }

        if (check->line.len) {
            bench_append(&check->line, data, end - data);

            if (!check_line(check, check->line.data, check->line.len)) {
                return 0;
            }

            check->line.len = 0;

        } else if (!check_line(check, data, end - data)) {
            return 0;
        }

        data = end + 1;
    }

    return 1;
}


int
check_feed(check_t *check, const char *data, size_t len)
{
    switch (check->format) {

    case CHECK_OPENAI:
        return check_openai(check, data, len);

    case CHECK_CHAT_STREAM:
        if (!check_chat(check, &data, &len)) {
            return 0;
        }

        /* fall through */

    default:
        return check_stream(check, data, len);
    }
}


int
check_end(check_t *check)
{
    if (check->format == CHECK_OPENAI) {
        if (check->offset != check->script->text.len || check->line.len
            || check->blank || !check->role || !check->finish || !check->done)
        {
            return check_fail(check, "the answer ends early");
        }

        return 1;
    }

    if (check->offset != check->script->body.len) {
        return check_fail(check, "the stream ends early");
    }

    return 1;
}
