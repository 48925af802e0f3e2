
#define _GNU_SOURCE

#include "chat_rig.h"


#define HEAD   "data: {\"id\":\"chatcmpl-1\",\"object\":"                     \
               "\"chat.completion.chunk\",\"created\":1700000000,\"model\":"  \
               "\"a\\\"b\",\"choices\":["
#define CHUNK(delta)                                                          \
    HEAD "{\"index\":0,\"delta\":" delta ",\"logprobs\":null,"                \
    "\"finish_reason\":null}]}\n\n"
#define ROLE   CHUNK("{\"role\":\"assistant\",\"content\":\"\"}")
#define STOP   HEAD "{\"index\":0,\"delta\":{},\"logprobs\":null,"            \
               "\"finish_reason\":\"stop\"}]}\n\n"
#define DONE   "data: [DONE]\n\n"


typedef struct {
    qwen_buf_t           out;
    qwen_openai_chat_t   chat;
} answer_t;


static qwen_sink_t *
answer_init(answer_t *answer, bool stream, bool usage_chunk)
{
    qwen_openai_chat_options_t  options;

    options.id = test_str("chatcmpl-1");
    options.model = test_str("a\"b");
    options.created = 1700000000;
    options.stream = stream;
    options.usage_chunk = usage_chunk;
    options.max_answer = 1000;

    qwen_buf_init(&answer->out, 1 << 20);

    assert_int_equal(qwen_openai_chat_init(&answer->chat, &options,
                                           &answer->out), QWEN_OK);
    return &answer->chat.sink;
}


static void
answer_check(answer_t *answer, const char *expected)
{
    test_assert_str(qwen_buf_str(&answer->out), expected);

    qwen_openai_chat_free(&answer->chat);
    qwen_buf_free(&answer->out);
}


static void
put_usage(qwen_sink_t *sink, uint64_t prompt, uint64_t completion,
    uint64_t reasoning)
{
    qwen_delta_t  delta;

    memset(&delta, 0, sizeof(qwen_delta_t));

    delta.type = QWEN_DELTA_USAGE;
    delta.usage.prompt = prompt;
    delta.usage.completion = completion;
    delta.usage.reasoning = reasoning;

    assert_int_equal(sink->put(sink, &delta), QWEN_OK);
}


static void
put_citations(qwen_sink_t *sink)
{
    qwen_source_t  sources[2];

    sources[0] = rig_source("http://a", "A\\\"", "a");
    sources[1] = rig_source("http://b", "B", "b");
    sources[0].start = 5;
    sources[0].end = 9;

    assert_int_equal(rig_put_sources(sink, QWEN_DELTA_CITATIONS, sources, 2),
                     QWEN_OK);
}


#define ANNOTATIONS                                                           \
    "\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{"          \
    "\"url\":\"http://a\",\"title\":\"A\\\"\",\"start_index\":5,"             \
    "\"end_index\":9}},{\"type\":\"url_citation\",\"url_citation\":{"         \
    "\"url\":\"http://b\",\"title\":\"B\",\"start_index\":0,"                 \
    "\"end_index\":0}}]"


static void
test_stream(void **state)
{
    answer_t      answer;
    qwen_sink_t  *sink;

    (void) state;

    sink = answer_init(&answer, true, false);

    /* nothing comes before the first text */

    put_usage(sink, 1, 2, 0);
    rig_put_sources(sink, QWEN_DELTA_SOURCES, NULL, 0);
    rig_put_text(sink, QWEN_DELTA_TEXT, "");
    assert_int_equal(answer.out.len, 0);
    assert_false(answer.chat.started);

    rig_put_text(sink, QWEN_DELTA_REASONING, "hm");
    assert_true(answer.chat.started);
    rig_put_text(sink, QWEN_DELTA_TEXT, "a\\n\\u4e2d");
    rig_put_text(sink, QWEN_DELTA_IMAGE, "http://e");
    put_citations(sink);
    assert_false(answer.chat.finished);
    rig_put_finish(sink, QWEN_FINISH_STOP);
    assert_true(answer.chat.finished);

    assert_true(answer.chat.has_usage);

    assert_int_equal(qwen_openai_chat_end(&answer.chat), QWEN_OK);

    answer_check(&answer,
                 ROLE CHUNK("{\"reasoning_content\":\"hm\"}")
                 CHUNK("{\"content\":\"a\\n\\u4e2d\"}")
                 CHUNK("{\"content\":\"![image](http://e)\\n\\n\"}")
                 CHUNK("{" ANNOTATIONS "}") STOP DONE);
}


static void
test_usage_chunk(void **state)
{
    answer_t      answer;
    qwen_sink_t  *sink;

    (void) state;

    sink = answer_init(&answer, true, true);
    rig_put_text(sink, QWEN_DELTA_TEXT, "a");
    put_usage(sink, 10, 5, 2);
    rig_put_finish(sink, QWEN_FINISH_CONTENT_FILTER);
    put_usage(sink, 10, 6, 3);
    assert_int_equal(qwen_openai_chat_end(&answer.chat), QWEN_OK);

    answer_check(&answer,
                 HEAD "{\"index\":0,\"delta\":{\"role\":\"assistant\","
                 "\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}"
                 "],\"usage\":null}\n\n"
                 HEAD "{\"index\":0,\"delta\":{\"content\":\"a\"},"
                 "\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}"
                 "\n\n"
                 HEAD "{\"index\":0,\"delta\":{},\"logprobs\":null,"
                 "\"finish_reason\":\"content_filter\"}],\"usage\":null}\n\n"
                 HEAD "],\"usage\":{\"prompt_tokens\":10,"
                 "\"completion_tokens\":6,\"total_tokens\":16,"
                 "\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n"
                 DONE);
}


static void
test_stream_without_text(void **state)
{
    answer_t  answer;

    (void) state;

    rig_put_finish(answer_init(&answer, true, false), QWEN_FINISH_STOP);
    assert_int_equal(qwen_openai_chat_end(&answer.chat), QWEN_OK);
    answer_check(&answer, ROLE STOP DONE);
}


static void
test_whole(void **state)
{
    answer_t      answer;
    qwen_sink_t  *sink;

    (void) state;

    sink = answer_init(&answer, false, false);
    rig_put_text(sink, QWEN_DELTA_REASONING, "h\\n");
    rig_put_text(sink, QWEN_DELTA_TEXT, "a");
    rig_put_text(sink, QWEN_DELTA_REASONING, "m");
    rig_put_text(sink, QWEN_DELTA_IMAGE, "http://e");
    rig_put_text(sink, QWEN_DELTA_TEXT, "\\\"b");
    put_citations(sink);
    put_usage(sink, 3, 4, 1);
    rig_put_finish(sink, QWEN_FINISH_STOP);
    assert_int_equal(answer.out.len, 0);
    assert_int_equal(qwen_openai_chat_end(&answer.chat), QWEN_OK);

    answer_check(&answer,
                 "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\","
                 "\"created\":1700000000,\"model\":\"a\\\"b\",\"choices\":[{"
                 "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
                 "\"a![image](http://e)\\n\\n\\\"b\",\"refusal\":null,"
                 "\"reasoning_content\":\"h\\nm\"," ANNOTATIONS "},"
                 "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{"
                 "\"prompt_tokens\":3,\"completion_tokens\":4,"
                 "\"total_tokens\":7,\"completion_tokens_details\":{"
                 "\"reasoning_tokens\":1}}}");

    sink = answer_init(&answer, false, true);
    rig_put_text(sink, QWEN_DELTA_TEXT, "a");
    rig_put_finish(sink, QWEN_FINISH_CONTENT_FILTER);
    answer.chat.usage = qwen_usage_estimate(8, 1, 0);
    assert_int_equal(qwen_openai_chat_end(&answer.chat), QWEN_OK);

    answer_check(&answer,
                 "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\","
                 "\"created\":1700000000,\"model\":\"a\\\"b\",\"choices\":[{"
                 "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
                 "\"a\",\"refusal\":null},\"logprobs\":null,"
                 "\"finish_reason\":\"content_filter\"}],\"usage\":{"
                 "\"prompt_tokens\":2,\"completion_tokens\":1,"
                 "\"total_tokens\":3,\"completion_tokens_details\":{"
                 "\"reasoning_tokens\":0}}}");
}


static void
test_restart(void **state)
{
    answer_t      answer;
    qwen_sink_t  *sink;

    (void) state;

    sink = answer_init(&answer, true, false);
    rig_put_text(sink, QWEN_DELTA_TEXT, "no");
    rig_put_text(sink, QWEN_DELTA_REASONING, "no");
    put_citations(sink);
    put_usage(sink, 1, 2, 3);
    rig_put_finish(sink, QWEN_FINISH_CONTENT_FILTER);

    qwen_openai_chat_restart(&answer.chat);

    assert_false(answer.chat.started);
    assert_false(answer.chat.finished);
    assert_false(answer.chat.has_usage);
    assert_int_equal(answer.out.len, 0);

    rig_put_text(sink, QWEN_DELTA_TEXT, "a");
    rig_put_finish(sink, QWEN_FINISH_STOP);
    assert_int_equal(qwen_openai_chat_end(&answer.chat), QWEN_OK);
    answer_check(&answer, ROLE CHUNK("{\"content\":\"a\"}") STOP DONE);

    sink = answer_init(&answer, false, false);
    rig_put_text(sink, QWEN_DELTA_TEXT, "no");
    rig_put_text(sink, QWEN_DELTA_REASONING, "no");
    qwen_openai_chat_restart(&answer.chat);
    rig_put_text(sink, QWEN_DELTA_TEXT, "a");
    assert_int_equal(qwen_openai_chat_end(&answer.chat), QWEN_OK);
    assert_null(memmem(answer.out.data, answer.out.len, "no", 2));
    qwen_openai_chat_free(&answer.chat);
    qwen_buf_free(&answer.out);
}


static void
test_abort(void **state)
{
    answer_t              answer;
    qwen_failure_t        failure = { QWEN_FAIL_INCOMPLETE, 0 };
    qwen_openai_error_t   error;

    (void) state;

    rig_put_text(answer_init(&answer, true, false), QWEN_DELTA_TEXT, "a");
    qwen_openai_error_failure(&error, &failure);
    assert_int_equal(qwen_openai_chat_abort(&answer.chat, &error), QWEN_OK);

    answer_check(&answer,
                 ROLE CHUNK("{\"content\":\"a\"}")
                 "data: {\"error\":{\"message\":\"The upstream broke off, the "
                 "answer is incomplete.\",\"type\":\"upstream_error\","
                 "\"param\":null,\"code\":\"upstream_incomplete\"}}\n\n");
}


static void
test_caps(void **state)
{
    size_t        cap, i;
    answer_t      answer;
    qwen_sink_t  *sink;

    (void) state;

    /* text and reasoning have one cap */

    sink = answer_init(&answer, false, false);

    for (i = 0; i < 500; i++) {
        assert_int_equal(rig_put_text(sink, QWEN_DELTA_TEXT, "x"), QWEN_OK);
        assert_int_equal(rig_put_text(sink, QWEN_DELTA_REASONING, "x"),
                         QWEN_OK);
    }

    assert_int_equal(rig_put_text(sink, QWEN_DELTA_TEXT, "x"), QWEN_ERROR);
    assert_int_equal(rig_put_text(sink, QWEN_DELTA_REASONING, "x"),
                     QWEN_ERROR);
    qwen_openai_chat_free(&answer.chat);
    qwen_buf_free(&answer.out);

    /* the output's cap */

    for (cap = 0; cap < 600; cap++) {
        sink = answer_init(&answer, true, true);
        answer.out.max = cap;

        if (rig_put_text(sink, QWEN_DELTA_TEXT, "x") == QWEN_OK
            && qwen_openai_chat_end(&answer.chat) == QWEN_OK)
        {
            fail_msg("more than %zu bytes", cap);
        }

        assert_true(answer.out.len <= cap);
        qwen_openai_chat_free(&answer.chat);
        qwen_buf_free(&answer.out);
    }
}


/* The whole way: events of the upstream to an answer with sources. */
static void
test_whole_way(void **state)
{
    cJSON                *root;
    answer_t              answer;
    qwen_sink_t          *sink;
    qwen_think_tags_t     think;
    qwen_web_stream_t     stream;
    qwen_search_info_t    search;

    static const char  input[] =
        "data: {\"response.created\":{}}\n\n"
        "data: {\"choices\":[{\"delta\":{\"name\":\"web_search\",\"extra\":{"
        "\"web_search_info\":[{\"url\":\"http://a\",\"title\":\"A\","
        "\"hostname\":\"a\"}]}}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"phase\":\"think\",\"content\":"
        "\"hm\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"phase\":\"answer\",\"content\":"
        "\"yes\",\"status\":\"finished\"}}]}\n\n";

    (void) state;

    sink = answer_init(&answer, false, false);
    qwen_think_tags_init(&think, true, sink);
    qwen_search_info_init(&search, true, true, &think.sink);
    qwen_web_stream_init(&stream, 1000, &search.sink);

    assert_int_equal(qwen_web_stream_feed(&stream, (const uint8_t *) input,
                                          sizeof(input) - 1), QWEN_OK);
    assert_int_equal(qwen_web_stream_end(&stream), QWEN_OK);
    assert_int_equal(qwen_openai_chat_end(&answer.chat), QWEN_OK);

    root = qwen_json_parse(qwen_buf_str(&answer.out));
    test_assert_str(qwen_json_get_string(
                        qwen_json_get(qwen_json_get(root, "choices")->child,
                                      "message"), "content"),
                    "<think>\n\n| **序号** | **网站URL** | **来源** |\n"
                    "|:---|:---|:---|\n| 1 | [A](http://a) | a |\n\n\n"
                    "hm\n\n</think>\nyes");
    cJSON_Delete(root);

    qwen_web_stream_free(&stream);
    qwen_search_info_free(&search);
    qwen_openai_chat_free(&answer.chat);
    qwen_buf_free(&answer.out);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_usage_chunk),
        cmocka_unit_test(test_stream_without_text),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_whole_way)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
