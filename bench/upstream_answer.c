
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common.h"
#include "script.h"
#include "upstream.h"


#define UPSTREAM_LOCKSTEP  (-1)


typedef struct {
    unsigned long      connections;  /* with a request that counts */
    unsigned long      signins;
    unsigned long      models;
    unsigned long      chats;
    unsigned long      completions;
    unsigned long      refused;
    unsigned long      cut;          /* streams that the peer closed */
    unsigned long      last_body;    /* bytes of the last completion's body */
    unsigned long      streams;      /* now */
} upstream_stats_t;


static upstream_conn_t   *slots[BENCH_SLOTS];
static upstream_conn_t    queue;     /* streams by their next step's time */
static bench_script_t    *script;
static long               interval;  /* ms */
static upstream_stats_t   stats;
static char               token[512];


static void
base64url(bench_buf_t *buf, const char *text)
{
    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";

    size_t    i, len;
    uint32_t  v;

    len = strlen(text);

    for (i = 0; i < len; i += 3) {
        v = (uint32_t) (unsigned char) text[i] << 16;
        v |= i + 1 < len ? (uint32_t) (unsigned char) text[i + 1] << 8 : 0;
        v |= i + 2 < len ? (uint32_t) (unsigned char) text[i + 2] : 0;

        bench_append(buf, &digits[v >> 18], 1);
        bench_append(buf, &digits[v >> 12 & 63], 1);

        if (i + 1 < len) {
            bench_append(buf, &digits[v >> 6 & 63], 1);
        }

        if (i + 2 < len) {
            bench_append(buf, &digits[v & 63], 1);
        }
    }
}


/* It looks like a JWT that is good for a year; nobody checks a signature. */

void
upstream_init(void)
{
    char         payload[128];
    bench_buf_t  buf = { NULL, 0, 0 };

    snprintf(payload, sizeof(payload), "{\"id\":\"bench\",\"exp\":%lld}",
             (long long) time(NULL) + 365 * 86400);

    base64url(&buf, "{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    bench_append(&buf, ".", 1);
    base64url(&buf, payload);
    bench_append(&buf, ".", 1);
    base64url(&buf, "a signature that nobody will ever verify");

    snprintf(token, sizeof(token), "%.*s", (int) buf.len, buf.data);
    free(buf.data);

    queue.next = &queue;
    queue.prev = &queue;
}


static void
queue_remove(upstream_conn_t *c)
{
    if (c->queued) {
        c->prev->next = c->next;
        c->next->prev = c->prev;
        c->queued = 0;
    }
}


/* All streams have the same interval, so the place is near the end. */

static void
queue_insert(upstream_conn_t *c)
{
    upstream_conn_t  *at;

    at = queue.prev;

    while (at != &queue && at->due > c->due) {
        at = at->prev;
    }

    c->prev = at;
    c->next = at->next;
    at->next->prev = c;
    at->next = c;
    c->queued = 1;
}


static void
stream_end(upstream_conn_t *c)
{
    queue_remove(c);
    slots[c->slot] = NULL;
    c->streams = 0;
    stats.streams--;
}


static void
answer_json(upstream_conn_t *c, const char *status, const char *body)
{
    c->out_len = snprintf(c->answer, sizeof(c->answer),
                          "HTTP/1.1 %s\r\n"
                          "Content-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          status, strlen(body), body);
    c->out = c->answer;
    upstream_send(c);
}


static void
stream_step(upstream_conn_t *c)
{
    size_t  from;

    from = c->step ? script->wire_end[c->step - 1] : 0;

    c->out = script->wire.data + from;
    c->out_len = script->wire_end[c->step] - from;

    upstream_send(c);
}


static void
stream_start(upstream_conn_t *c)
{
    unsigned     slot, number;
    const char  *p;

    p = memmem(c->tail, c->tail_len, BENCH_MARK, sizeof(BENCH_MARK) - 1);

    if (p == NULL
        || c->tail + c->tail_len - p < (ptrdiff_t) sizeof(BENCH_MARK) + 13
        || sscanf(p, BENCH_MARK "%5u-%8u", &slot, &number) != 2
        || slot >= BENCH_SLOTS || slots[slot] != NULL || script == NULL)
    {
        stats.refused++;
        answer_json(c, "400 Bad Request", "{\"detail\":\"no such stream\"}");
        return;
    }

    slots[slot] = c;
    c->slot = slot;
    c->number = number;
    c->streams = 1;
    c->step = 0;
    c->due = bench_clock(CLOCK_MONOTONIC);

    stats.streams++;
    stats.last_body = c->body_len;

    stream_step(c);
}


static long
argument(const char *args, const char *name, long value)
{
    char         key[32];
    const char  *p;

    snprintf(key, sizeof(key), "%s=", name);
    p = strstr(args, key);

    return p ? strtol(p + strlen(key), NULL, 10) : value;
}


static void
control_set(upstream_conn_t *c)
{
    bench_params_t  params;

    if (stats.streams) {
        answer_json(c, "409 Conflict", "{\"detail\":\"streams are open\"}");
        return;
    }

    params.events = argument(c->head, "events", 100);
    params.size = argument(c->head, "size", 12);
    params.mixed = argument(c->head, "mixed", 0);
    params.group = argument(c->head, "group", 1);
    interval = argument(c->head, "interval", UPSTREAM_LOCKSTEP);

    if (script) {
        bench_script_free(script);
    }

    script = bench_script_create(&params);

    answer_json(c, "200 OK", "{\"success\":true}");
}


static void
control_stats(upstream_conn_t *c)
{
    char  body[1024];

    snprintf(body, sizeof(body),
             "{\"connections\":%lu,\"signins\":%lu,\"models\":%lu,"
             "\"chats\":%lu,\"completions\":%lu,\"refused\":%lu,"
             "\"cut\":%lu,\"last_body\":%lu,\"streams\":%lu,\"cpu\":%lld}",
             stats.connections, stats.signins, stats.models, stats.chats,
             stats.completions, stats.refused, stats.cut, stats.last_body,
             stats.streams, (long long) bench_clock(CLOCK_PROCESS_CPUTIME_ID));

    answer_json(c, "200 OK", body);
}


static void
answer_call(upstream_conn_t *c)
{
    char         body[1024];
    const char  *p;

    p = c->head;

    if (strncmp(p, "POST /api/v2/chat/completions", 29) == 0) {
        stats.completions++;
        stream_start(c);

    } else if (strncmp(p, "POST /api/v2/chats/new ", 23) == 0) {
        stats.chats++;
        snprintf(body, sizeof(body), "{\"success\":true,\"data\":{\"id\":"
                 "\"7d0c1c4e-2f3e-4c59-9f0a-%012lx\"}}", stats.chats);
        answer_json(c, "200 OK", body);

    } else if (strncmp(p, "POST /api/v1/auths/signin ", 26) == 0) {
        stats.signins++;
        snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
        answer_json(c, "200 OK", body);

    } else if (strncmp(p, "GET /api/models", 15) == 0) {
        stats.models++;
        answer_json(c, "200 OK",
                    "{\"data\":[{\"id\":\"qwen3-max\","
                    "\"name\":\"Qwen3-Max\",\"object\":\"model\","
                    "\"owned_by\":\"qwen\",\"info\":{\"meta\":{"
                    "\"abilities\":{\"thinking\":true},"
                    "\"chat_type\":[\"t2t\",\"search\"]}}}]}");

    } else {
        stats.refused++;
        answer_json(c, "404 Not Found", "{\"detail\":\"no such call\"}");
    }
}


void
upstream_answer(upstream_conn_t *c)
{
    if (strncmp(c->head, "GET /_bench/set?", 16) == 0) {
        control_set(c);
        return;
    }

    if (strncmp(c->head, "GET /_bench/stats ", 18) == 0) {
        control_stats(c);
        return;
    }

    if (c->requests++ == 0) {
        stats.connections++;
    }

    answer_call(c);
}


int
upstream_sent(upstream_conn_t *c)
{
    if (!c->streams) {
        return 1;
    }

    if (++c->step == script->steps) {
        stream_end(c);
        return 1;
    }

    if (interval != UPSTREAM_LOCKSTEP) {
        c->due += (int64_t) interval * 1000000;
        queue_insert(c);
    }

    return 0;
}


void
upstream_closed(upstream_conn_t *c)
{
    if (c->streams) {
        stats.cut++;
        stream_end(c);
    }
}


static void
stream_ack(const bench_ack_t *ack)
{
    unsigned          want;
    upstream_conn_t  *c;

    c = ack->slot < BENCH_SLOTS ? slots[ack->slot] : NULL;

    if (c == NULL || c->number != ack->number || c->out_len
        || interval != UPSTREAM_LOCKSTEP)
    {
        return;
    }

    want = c->step * script->params.group;

    if (want > script->params.events) {
        want = script->params.events;
    }

    if (ack->events == want) {
        stream_step(c);
    }
}


void
upstream_acks(int fd)
{
    ssize_t      n;
    size_t       i;
    bench_ack_t  acks[BENCH_ACKS];

    while ((n = recv(fd, acks, sizeof(acks), 0)) > 0) {
        for (i = 0; i < n / sizeof(bench_ack_t); i++) {
            stream_ack(&acks[i]);
        }
    }
}


int
upstream_steps(void)
{
    int64_t           now;
    upstream_conn_t  *c;

    if (queue.next == &queue) {
        return -1;
    }

    now = bench_clock(CLOCK_MONOTONIC);

    while (queue.next != &queue) {
        c = queue.next;

        if (c->due > now) {
            return (c->due - now) / 1000000 + 1;
        }

        queue_remove(c);
        stream_step(c);
    }

    return -1;
}
