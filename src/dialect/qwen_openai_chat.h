
/*
 * OpenAI's chat completions: a body becomes a request, deltas become chunks
 * of a stream or one answer.
 * https://platform.openai.com/docs/api-reference/chat
 */

#ifndef QWEN_OPENAI_CHAT_H
#define QWEN_OPENAI_CHAT_H


#include "qwen_delta.h"
#include "qwen_openai_error.h"
#include "qwen_request.h"


/*
 * Reads a request out of a scanned body.  The spans of its texts point into
 * scan, root and body, which must outlive it.  QWEN_OK, or QWEN_ERROR with
 * *error filled (400 with param, or 500 without memory).  The request is to
 * be freed by the caller in both cases.
 */
qwen_rc_t qwen_openai_chat_parse(const qwen_scan_t *scan, const cJSON *root,
    qwen_body_t *body, qwen_request_t *request, qwen_openai_error_t *error);

/* The error for a body that the scanner refused. */
void qwen_openai_scan_error(const qwen_scan_t *scan,
    qwen_openai_error_t *error);


/*
 * Renders the deltas of one answer.  With "stream", put() appends chunks
 * ("data: {...}\n\n") to the buffer "out" of its time, which the caller
 * drains between calls; nothing comes before the first text, so that a call
 * that fails early can be repeated.  Without it, texts are collected under a
 * cap and qwen_openai_chat_end() writes the whole object.
 */
typedef struct {
    qwen_sink_t    sink;             /* must be first */
    qwen_buf_t    *out;
    bool           stream;
    bool           usage_chunk;      /* end the stream with one */
    bool           started;          /* a text or picture has come */
    bool           finished;         /* QWEN_DELTA_FINISH has come */
    qwen_finish_t  finish;
    qwen_usage_t   usage;
    bool           has_usage;

    size_t         max_answer;
    qwen_buf_t     parts;            /* the fixed parts of chunks, one behind
                                        the other: */
    qwen_str_t     head;             /* up to the choices' array */
    qwen_str_t     tail;             /* behind it */
    qwen_str_t     text;             /* up to a text */
    qwen_str_t     reasoning;        /* up to a reasoning */
    qwen_str_t     end;              /* behind either */

    qwen_buf_t     texts;            /* collected, without "stream" */
    qwen_buf_t     reasonings;
    qwen_buf_t     annotations;      /* the array, empty without any */
} qwen_openai_chat_t;


typedef struct {
    qwen_str_t   id;                 /* "chatcmpl-..." */
    qwen_str_t   model;              /* as asked, plain */
    int64_t      created;            /* seconds */
    bool         stream;
    bool         usage_chunk;
    size_t       max_answer;         /* bytes of collected text */
} qwen_openai_chat_options_t;


/* Prepares a renderer; copies what it needs of options.  QWEN_OK or
 * QWEN_ERROR (memory). */
qwen_rc_t qwen_openai_chat_init(qwen_openai_chat_t *chat,
    const qwen_openai_chat_options_t *options, qwen_buf_t *out);
void qwen_openai_chat_free(qwen_openai_chat_t *chat);

/* Forgets all deltas of a failed call; nothing may have been sent. */
void qwen_openai_chat_restart(qwen_openai_chat_t *chat);

/* The answer is complete: appends citations, the finish chunk, the usage chunk
 * and "data: [DONE]", or the whole object, to chat->out.  chat->usage must be
 * set (the upstream's or an estimate).  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_openai_chat_end(qwen_openai_chat_t *chat);

/* The stream cannot be finished: appends an event with the error. */
qwen_rc_t qwen_openai_chat_abort(qwen_openai_chat_t *chat,
    const qwen_openai_error_t *error);


#endif /* QWEN_OPENAI_CHAT_H */
