
/*
 * A stream of the upstream through the stages and the renderer: whatever the
 * cuts, the same bytes come out, and each of them is a whole chunk of JSON.
 */

#define _GNU_SOURCE

#include <cjson/cJSON.h>

#include "fuzz.h"
#include "qwen_json.h"
#include "qwen_openai_chat.h"
#include "qwen_stage.h"
#include "qwen_utf8.h"
#include "qwen_web_stream.h"


#define MAX_OUT  (64 * 1024 * 1024)


/* Bits of the second byte of an input. */
enum {
    OPTION_STREAM = 1,
    OPTION_USAGE = 2,
    OPTION_SEARCH = 4,
    OPTION_TABLE = 8,
    OPTION_THINK = 16,
    OPTION_SHOW = 32,
    OPTION_SMALL = 64
};


typedef struct {
    qwen_buf_t           out;
    qwen_openai_chat_t   chat;
    qwen_think_tags_t    think;
    qwen_search_info_t   search;
    qwen_web_stream_t    stream;
    qwen_rc_t            rc;
} run_t;


static void
run_init(run_t *run, unsigned options)
{
    qwen_sink_t                 *sink;
    qwen_openai_chat_options_t   chat;

    chat.id = qwen_literal("chatcmpl-1");
    chat.model = qwen_literal("a \"model\"\n");
    chat.created = 1700000000;
    chat.stream = options & OPTION_STREAM;
    chat.usage_chunk = options & OPTION_USAGE;
    chat.max_answer = (options & OPTION_SMALL) ? 100 : MAX_OUT;

    qwen_buf_init(&run->out, MAX_OUT);
    fuzz_assert(qwen_openai_chat_init(&run->chat, &chat, &run->out)
                == QWEN_OK);

    sink = &run->chat.sink;
    qwen_think_tags_init(&run->think, options & OPTION_SHOW, sink);

    if (options & OPTION_THINK) {
        sink = &run->think.sink;
    }

    qwen_search_info_init(&run->search, options & OPTION_TABLE,
                          !(options & OPTION_THINK)
                          || (options & OPTION_SHOW), sink);

    if (options & OPTION_SEARCH) {
        sink = &run->search.sink;
    }

    qwen_web_stream_init(&run->stream,
                         (options & OPTION_SMALL) ? 200 : MAX_OUT, sink);
}


static void
run_free(run_t *run)
{
    qwen_web_stream_free(&run->stream);
    qwen_search_info_free(&run->search);
    qwen_openai_chat_free(&run->chat);
    qwen_buf_free(&run->out);
}


static void
run_all(run_t *run, const uint8_t *data, size_t len, fuzz_cut_t cut)
{
    size_t   n;
    uint8_t  *copy;

    run->rc = QWEN_OK;

    for ( /* void */ ; len && run->rc == QWEN_OK; data += n, len -= n) {
        n = fuzz_cut_next(&cut, len);
        copy = fuzz_copy(data, n);
        run->rc = qwen_web_stream_feed(&run->stream, copy, n);
        free(copy);
    }

    if (run->rc == QWEN_OK) {
        run->rc = qwen_web_stream_end(&run->stream);
    }

    if (run->rc == QWEN_OK) {
        fuzz_assert(run->stream.finished && run->stream.delivered);
        fuzz_assert(run->chat.finished);
        fuzz_assert(qwen_openai_chat_end(&run->chat) == QWEN_OK);

    } else {
        fuzz_assert(run->stream.failure.class != QWEN_FAIL_NONE);
    }
}


/* Only these may come out of it, and as UTF-8. */
static void
check_json(qwen_str_t json)
{
    cJSON          *root;
    const cJSON    *choices;
    const uint8_t  *p, *end;

    end = json.data + json.len;

    for (p = qwen_utf8_run(json.data, end); p < end;
         p = qwen_utf8_run(p + 1, end))
    {
        fuzz_assert(*p < 0x80);
    }

    root = qwen_json_parse(json);

    fuzz_assert(cJSON_IsObject(root));
    fuzz_assert(qwen_json_get_string(root, "id").len);
    fuzz_assert(qwen_json_get_string(root, "model").len == 10);

    choices = qwen_json_get(root, "choices");

    fuzz_assert(cJSON_IsArray(choices) && cJSON_GetArraySize(choices) <= 1);

    cJSON_Delete(root);
}


static void
check_chunks(qwen_str_t out)
{
    const uint8_t  *end;
    qwen_str_t      chunk;

    while (out.len) {
        end = memmem(out.data, out.len, "\n\n", 2);

        fuzz_assert(end != NULL);
        fuzz_assert(out.len > 6 && memcmp(out.data, "data: ", 6) == 0);

        chunk = (qwen_str_t) { out.data + 6, (size_t) (end - out.data) - 6 };
        out.data = end + 2;
        out.len -= chunk.len + 8;

        if (qwen_str_eq(chunk, qwen_literal("[DONE]"))) {
            fuzz_assert(out.len == 0);
            return;
        }

        check_json(chunk);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t     i;
    run_t      whole, cut;
    uint32_t   seed;
    unsigned   options;

    if (size < 2) {
        return 0;
    }

    seed = data[0];
    options = data[1];
    data += 2;
    size -= 2;

    run_init(&whole, options);
    run_all(&whole, data, size, (fuzz_cut_t) { 0 });

    if (options & OPTION_STREAM) {
        check_chunks(qwen_buf_str(&whole.out));

    } else if (whole.out.len) {
        check_json(qwen_buf_str(&whole.out));
    }

    for (i = 0; i < 2; i++) {
        run_init(&cut, options);
        run_all(&cut, data, size, (fuzz_cut_t) { i ? seed : 1 });

        fuzz_assert(cut.rc == whole.rc);
        fuzz_assert(cut.stream.failure.class == whole.stream.failure.class);
        fuzz_assert(cut.stream.failure.hours == whole.stream.failure.hours);
        fuzz_assert(cut.stream.delivered == whole.stream.delivered);
        fuzz_assert(cut.stream.text.plain_len == whole.stream.text.plain_len);
        fuzz_assert(qwen_str_eq(qwen_buf_str(&cut.out),
                                qwen_buf_str(&whole.out)));
        run_free(&cut);
    }

    run_free(&whole);

    return 0;
}
