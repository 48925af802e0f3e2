
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"


typedef struct {
    const char  *escaped;
    const char  *text;
} bench_token_t;


static const bench_token_t  bench_plain[] = {
    { "the ", "the " }, { "stream ", "stream " }, { "of ", "of " },
    { "words ", "words " }, { "runs ", "runs " }, { "on, ", "on, " },
    { "and ", "and " }, { "never ", "never " }, { "stops. ", "stops. " },
    { "It ", "It " }, { "is ", "is " }, { "fast; ", "fast; " },
    { "a ", "a " }, { "token ", "token " }, { "costs ", "costs " },
    { "little ", "little " }
};

static const bench_token_t  bench_mixed[] = {
    { "流式传输", "流式传输" }, { "the answer ", "the answer " },
    { "你好，世界。", "你好，世界。" }, { "\\n", "\n" },
    { "of a model ", "of a model " }, { "データの流れ", "データの流れ" },
    { "🚀", "🚀" }, { "is sent in parts ", "is sent in parts " },
    { "대답은 ", "대답은 " }, { "\\\"", "\"" },
    { "Größe — ", "Größe — " }, { "\\ud83d\\ude00", "😀" },
    { "while (x < 10) ", "while (x < 10) " }, { "\\\\", "\\" },
    { "模型的回答", "模型的回答" }, { "\\t", "\t" },
    { "Привет, мир ", "Привет, мир " }, { "\\u00e9", "é" },
    { "👩‍💻", "👩‍💻" }, { "and then some more ", "and then some more " }
};


/* What people write: paragraphs in several scripts, some code. */

static const bench_token_t  bench_history[] = {
    { "Explain how a reverse proxy keeps connections open.\\n",
      "Explain how a reverse proxy keeps connections open.\n" },
    { "反向代理把空闲的连接放回连接池，", "反向代理把空闲的连接放回连接池，" },
    { "下一个请求可以直接使用它们。\\n\\n",
      "下一个请求可以直接使用它们。\n\n" },
    { "The pool has a limit; the oldest connection is closed first. ",
      "The pool has a limit; the oldest connection is closed first. " },
    { "接続が閉じられた場合は、もう一度開きます。",
      "接続が閉じられた場合は、もう一度開きます。" },
    { "for (i = 0; i < n; i++) {\\n    sum += values[i];\\n}\\n",
      "for (i = 0; i < n; i++) {\n    sum += values[i];\n}\n" },
    { "Соединение остаётся открытым, пока им пользуются. ",
      "Соединение остаётся открытым, пока им пользуются. " },
    { "It is called \\\"keepalive\\\" and saves a round trip. 🚀 ",
      "It is called \"keepalive\" and saves a round trip. 🚀 " },
    { "模型按顺序读取所有消息，然后回答最后一条。",
      "模型按顺序读取所有消息，然后回答最后一条。" },
    { "so the answer depends on the whole history of the chat",
      "so the answer depends on the whole history of the chat" }
};


static const char  bench_head[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-cache\r\n"
    "Transfer-Encoding: chunked\r\n"
    "\r\n";

static const char  bench_created[] =
    "data: {\"response.created\":{"
    "\"chat_id\":\"7d0c1c4e-2f3e-4c59-9f0a-6a5b8d1e2c3f\","
    "\"parent_id\":\"0b9a1f52-6c1d-4b7e-8f3a-2d4c6e8a0b1c\","
    "\"response_id\":\"c4b7a9d2-1e3f-4a5b-8c6d-7e9f0a1b2c3d\"}}\n\n";

#define BENCH_INPUT_TOKENS  1234


void
bench_append(bench_buf_t *buf, const void *data, size_t len)
{
    size_t   size;
    char    *p;

    if (buf->size - buf->len < len) {
        size = 2 * (buf->len + len);

        p = realloc(buf->data, size);
        if (p == NULL) {
            perror("bench: realloc()");
            exit(1);
        }

        buf->data = p;
        buf->size = size;
    }

    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}


void
bench_printf(bench_buf_t *buf, const char *format, ...)
{
    int       len;
    char      line[4096];
    va_list   args;

    va_start(args, format);
    len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);

    if (len < 0 || (size_t) len >= sizeof(line)) {
        fprintf(stderr, "bench: a line is too long\n");
        exit(1);
    }

    bench_append(buf, line, len);
}


void
bench_text(bench_buf_t *escaped, bench_buf_t *text, unsigned seed,
    unsigned size, bench_kind_t kind)
{
    size_t                len;
    unsigned              i, n, state;
    const bench_token_t  *tokens, *token;

    switch (kind) {

    case BENCH_MIXED:
        tokens = bench_mixed;
        n = sizeof(bench_mixed) / sizeof(bench_mixed[0]);
        break;

    case BENCH_HISTORY:
        tokens = bench_history;
        n = sizeof(bench_history) / sizeof(bench_history[0]);
        break;

    default:
        tokens = bench_plain;
        n = sizeof(bench_plain) / sizeof(bench_plain[0]);
    }

    state = seed * 2654435761u + 12345;

    while (size > 0) {
        state = state * 1664525u + 1013904223u;
        token = &tokens[(state >> 16) % n];
        len = strlen(token->escaped);

        if (len > size) {
            for (i = 0; i < size; i++) {
                bench_append(escaped, ".", 1);
                if (text) {
                    bench_append(text, ".", 1);
                }
            }

            return;
        }

        bench_append(escaped, token->escaped, len);
        if (text) {
            bench_append(text, token->text, strlen(token->text));
        }

        size -= len;
    }
}


static size_t *
bench_offsets(unsigned n)
{
    size_t  *p;

    p = calloc(n, sizeof(size_t));
    if (p == NULL) {
        perror("bench: calloc()");
        exit(1);
    }

    return p;
}


static void
bench_frame(bench_buf_t *buf, const char *content, size_t len,
    const char *status, unsigned tokens)
{
    bench_printf(buf, "data: {\"choices\":[{\"delta\":{\"role\":"
                 "\"assistant\",\"content\":\"");
    bench_append(buf, content, len);
    bench_printf(buf, "\",\"phase\":\"answer\",\"status\":\"%s\"}}],"
                 "\"response_id\":\"c4b7a9d2-1e3f-4a5b-8c6d-7e9f0a1b2c3d\","
                 "\"usage\":{\"input_tokens\":%u,\"output_tokens\":%u,"
                 "\"total_tokens\":%u,"
                 "\"output_tokens_details\":{\"reasoning_tokens\":0}}}\n\n",
                 status, BENCH_INPUT_TOKENS, tokens,
                 BENCH_INPUT_TOKENS + tokens);
}


static void
bench_script_events(bench_script_t *script)
{
    size_t    start;
    unsigned  i;

    bench_append(&script->body, bench_created, sizeof(bench_created) - 1);

    for (i = 0; i < script->params.events; i++) {
        start = script->escaped.len;

        bench_text(&script->escaped, &script->text, i, script->params.size,
                   script->params.mixed ? BENCH_MIXED : BENCH_PLAIN);

        bench_frame(&script->body, script->escaped.data + start,
                    script->escaped.len - start, "typing", i + 1);

        script->body_end[i] = script->body.len;
        script->escaped_end[i] = script->escaped.len;
        script->text_end[i] = script->text.len;
    }

    bench_frame(&script->body, "", 0, "finished", script->params.events);
}


/* One chunk per step; the last step is the finish event and the end. */

static void
bench_script_wire(bench_script_t *script)
{
    size_t    from, to;
    unsigned  i, last;

    from = 0;
    bench_append(&script->wire, bench_head, sizeof(bench_head) - 1);

    for (i = 0; i < script->steps; i++) {
        last = (i + 1) * script->params.group;

        if (i + 1 == script->steps) {
            to = script->body.len;

        } else if (last > script->params.events) {
            to = script->body_end[script->params.events - 1];

        } else {
            to = script->body_end[last - 1];
        }

        bench_printf(&script->wire, "%zx\r\n", to - from);
        bench_append(&script->wire, script->body.data + from, to - from);
        bench_printf(&script->wire, "\r\n");

        if (i + 1 == script->steps) {
            bench_printf(&script->wire, "0\r\n\r\n");
        }

        script->wire_end[i] = script->wire.len;
        from = to;
    }
}


bench_script_t *
bench_script_create(const bench_params_t *params)
{
    bench_script_t  *script;

    script = calloc(1, sizeof(bench_script_t));
    if (script == NULL) {
        perror("bench: calloc()");
        exit(1);
    }

    script->params = *params;
    script->steps = (params->events + params->group - 1) / params->group + 1;

    script->body_end = bench_offsets(params->events);
    script->escaped_end = bench_offsets(params->events);
    script->text_end = bench_offsets(params->events);
    script->wire_end = bench_offsets(script->steps);

    bench_script_events(script);
    bench_script_wire(script);

    return script;
}


void
bench_script_free(bench_script_t *script)
{
    free(script->body.data);
    free(script->body_end);
    free(script->escaped.data);
    free(script->escaped_end);
    free(script->text.data);
    free(script->text_end);
    free(script->wire.data);
    free(script->wire_end);
    free(script);
}
