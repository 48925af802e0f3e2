
#include "chat_rig.h"


#define HEAD  "| **序号** | **网站URL** | **来源** |\\n|:---|:---|:---|\\n"


typedef struct {
    rig_log_t            rig;
    qwen_think_tags_t    think;
    qwen_search_info_t   search;
} chain_t;


/* think: -1 none, 0 hidden, 1 shown. */
static qwen_sink_t *
chain_init(chain_t *chain, bool table, bool reasoning, int think)
{
    qwen_sink_t  *sink;

    rig_log_init(&chain->rig);
    sink = &chain->rig.sink;

    if (think >= 0) {
        qwen_think_tags_init(&chain->think, think, sink);
        sink = &chain->think.sink;
    }

    qwen_search_info_init(&chain->search, table, reasoning, sink);

    return &chain->search.sink;
}


static void
chain_check(chain_t *chain, const char *expected)
{
    test_assert_str(qwen_buf_str(&chain->rig.log), expected);

    qwen_search_info_free(&chain->search);
    rig_log_free(&chain->rig);
}


static void
put_two_sources(qwen_sink_t *sink)
{
    qwen_source_t  sources[2];

    sources[0] = rig_source("http://a/(1)", "T|1", "a.org");
    sources[1] = rig_source("http://b", "", "b.org");

    assert_int_equal(rig_put_sources(sink, QWEN_DELTA_SOURCES, sources, 2),
                     QWEN_OK);
}


static void
test_think_tags(void **state)
{
    rig_log_t          rig;
    qwen_think_tags_t  think;

    (void) state;

    rig_log_init(&rig);
    qwen_think_tags_init(&think, true, &rig.sink);

    rig_put_text(&think.sink, QWEN_DELTA_REASONING, "");
    rig_put_text(&think.sink, QWEN_DELTA_REASONING, "a");
    rig_put_text(&think.sink, QWEN_DELTA_REASONING, "b");
    rig_put_text(&think.sink, QWEN_DELTA_TEXT, "c");
    rig_put_text(&think.sink, QWEN_DELTA_TEXT, "d");
    rig_put_finish(&think.sink, QWEN_FINISH_STOP);

    test_assert_str(qwen_buf_str(&rig.log),
                    "text <think>\\n\\n\ntext a\ntext b\n"
                    "text \\n\\n</think>\\n\ntext c\ntext d\nfinish stop\n");

    /* closed even if no answer follows */

    qwen_buf_reset(&rig.log);
    qwen_think_tags_init(&think, true, &rig.sink);

    rig_put_text(&think.sink, QWEN_DELTA_REASONING, "a");
    rig_put_finish(&think.sink, QWEN_FINISH_CONTENT_FILTER);

    test_assert_str(qwen_buf_str(&rig.log),
                    "text <think>\\n\\n\ntext a\ntext \\n\\n</think>\\n\n"
                    "finish content_filter\n");

    /* a picture is a part of the answer */

    qwen_buf_reset(&rig.log);
    qwen_think_tags_init(&think, true, &rig.sink);

    rig_put_text(&think.sink, QWEN_DELTA_REASONING, "a");
    rig_put_text(&think.sink, QWEN_DELTA_IMAGE, "http://e");

    test_assert_str(qwen_buf_str(&rig.log),
                    "text <think>\\n\\n\ntext a\ntext \\n\\n</think>\\n\n"
                    "image http://e\n");

    /* not shown */

    qwen_buf_reset(&rig.log);
    qwen_think_tags_init(&think, false, &rig.sink);

    rig_put_text(&think.sink, QWEN_DELTA_REASONING, "a");
    rig_put_text(&think.sink, QWEN_DELTA_TEXT, "c");
    rig_put_finish(&think.sink, QWEN_FINISH_STOP);

    test_assert_str(qwen_buf_str(&rig.log), "text c\nfinish stop\n");

    rig_log_free(&rig);
}


static void
test_before_reasoning(void **state)
{
    chain_t       chain;
    qwen_sink_t  *sink;

    (void) state;

    sink = chain_init(&chain, true, true, -1);
    put_two_sources(sink);
    rig_put_text(sink, QWEN_DELTA_REASONING, "hm");
    rig_put_text(sink, QWEN_DELTA_REASONING, "m");
    rig_put_text(sink, QWEN_DELTA_TEXT, "a");
    rig_put_finish(sink, QWEN_FINISH_STOP);

    chain_check(&chain,
                "reasoning " HEAD
                "| 1 | [T\\\\|1](http://a/%281%29) | a.org |\\n"
                "| 2 | [http://b](http://b) | b.org |\\n\\n\\n\n"
                "reasoning hm\nreasoning m\ntext a\n"
                "citations http://a/(1),T|1,a.org,0,0 "
                "http://b,http://b,b.org,0,0\nfinish stop\n");

    sink = chain_init(&chain, false, true, 1);
    put_two_sources(sink);
    rig_put_text(sink, QWEN_DELTA_REASONING, "hm");
    rig_put_text(sink, QWEN_DELTA_TEXT, "a");
    rig_put_finish(sink, QWEN_FINISH_STOP);

    chain_check(&chain,
                "text <think>\\n\\n\n"
                "text [1] [T\\\\|1](http://a/%281%29) | 来源: a.org\\n"
                "[2] [http://b](http://b) | 来源: b.org\\n\\n\\n\n"
                "text hm\ntext \\n\\n</think>\\n\ntext a\n"
                "citations http://a/(1),T|1,a.org,0,0 "
                "http://b,http://b,b.org,0,0\nfinish stop\n");
}


static void
test_behind_answer(void **state)
{
    chain_t       chain;
    qwen_sink_t  *sink;

    static const char  expected[] =
        "text a\\u4e2d\\ud83d\\ude00\\n\xe4\xb8\xad\n"
        "text \\n\\n---\\n"
        "[1] [T\\\\|1](http://a/%281%29) | 来源: a.org\\n"
        "[2] [http://b](http://b) | 来源: b.org\\n\n"
        "citations http://a/(1),T|1,a.org,11,51 "
        "http://b,http://b,b.org,52,88\nfinish stop\n";

    (void) state;

    /* the reasoning is not shown, or there is none */

    sink = chain_init(&chain, true, false, 0);
    rig_put_text(sink, QWEN_DELTA_REASONING, "hm");
    put_two_sources(sink);
    rig_put_text(sink, QWEN_DELTA_TEXT,
                 "a\\u4e2d\\ud83d\\ude00\\n\xe4\xb8\xad");
    rig_put_finish(sink, QWEN_FINISH_STOP);
    chain_check(&chain, expected);

    sink = chain_init(&chain, true, true, -1);
    rig_put_text(sink, QWEN_DELTA_TEXT,
                 "a\\u4e2d\\ud83d\\ude00\\n\xe4\xb8\xad");
    put_two_sources(sink);
    rig_put_finish(sink, QWEN_FINISH_STOP);
    chain_check(&chain, expected);
}


static void
test_late_sources_behind_tags(void **state)
{
    chain_t       chain;
    qwen_sink_t  *sink;

    (void) state;

    /* "<think>\n\n" + "h\ud83d\ude00" + "\n\n</think>\n" is 9 + 2 + 11 */

    sink = chain_init(&chain, true, true, 1);
    rig_put_text(sink, QWEN_DELTA_REASONING, "h\\ud83d\\ude00");
    put_two_sources(sink);
    rig_put_text(sink, QWEN_DELTA_REASONING, "");
    rig_put_text(sink, QWEN_DELTA_IMAGE, "http://e");
    rig_put_text(sink, QWEN_DELTA_TEXT, "a");
    rig_put_finish(sink, QWEN_FINISH_STOP);

    chain_check(&chain,
                "text <think>\\n\\n\ntext h\\ud83d\\ude00\n"
                "text \\n\\n</think>\\n\nimage http://e\ntext a\n"
                "text \\n\\n---\\n"
                "[1] [T\\\\|1](http://a/%281%29) | 来源: a.org\\n"
                "[2] [http://b](http://b) | 来源: b.org\\n\n"
                "citations http://a/(1),T|1,a.org,49,89 "
                "http://b,http://b,b.org,90,126\nfinish stop\n");
}


static void
test_no_answer(void **state)
{
    chain_t        chain;
    qwen_sink_t   *sink;
    qwen_source_t  source;

    (void) state;

    /* sources without any text, and a newer list without its strings */

    sink = chain_init(&chain, true, false, 0);
    put_two_sources(sink);
    source = rig_source("http://c", "C", "");
    rig_put_sources(sink, QWEN_DELTA_SOURCES, &source, 1);
    rig_put_finish(sink, QWEN_FINISH_STOP);
    chain_check(&chain, "citations http://c,C,,0,0\nfinish stop\n");

    /* nothing found */

    sink = chain_init(&chain, true, true, 1);
    rig_put_sources(sink, QWEN_DELTA_SOURCES, NULL, 0);
    rig_put_text(sink, QWEN_DELTA_REASONING, "r");
    rig_put_text(sink, QWEN_DELTA_TEXT, "t");
    rig_put_finish(sink, QWEN_FINISH_STOP);
    chain_check(&chain, "text <think>\\n\\n\ntext r\ntext \\n\\n</think>\\n\n"
                        "text t\nfinish stop\n");
}


static void
check_line(const char *url, const char *title, const char *hostname,
    const char *line)
{
    size_t          len;
    chain_t         chain;
    qwen_str_t      log;
    qwen_sink_t    *sink;
    qwen_source_t   source;

    sink = chain_init(&chain, true, true, -1);
    source = rig_source(url, title, hostname);
    rig_put_sources(sink, QWEN_DELTA_SOURCES, &source, 1);
    rig_put_text(sink, QWEN_DELTA_REASONING, "r");

    log = qwen_buf_str(&chain.rig.log);
    len = sizeof("reasoning " HEAD) - 1;

    assert_true(log.len > len);
    log = (qwen_str_t) { log.data + len, strlen(line) };
    test_assert_str(log, line);

    qwen_search_info_free(&chain.search);
    rig_log_free(&chain.rig);
}


static void
test_hostile_sources(void **state)
{
    (void) state;

    check_line("http://e", "a|b[c]d", "h",
               "| 1 | [a\\\\|b\\\\[c\\\\]d](http://e) | h |\\n\\n\\n");
    check_line("http://e", "\\u007c\\u005B\\u005d", "h",
               "| 1 | [\\\\|\\\\[\\\\]](http://e) | h |\\n\\n\\n");
    check_line("http://e", "a\\nb\\rc\\u000ad\\u000D", "h\\n|",
               "| 1 | [a b c d ](http://e) | h \\\\| |\\n\\n\\n");
    check_line("http://e", "back\\\\\\u005c", "h",
               "| 1 | [back\\\\\\\\\\\\\\\\](http://e) | h |\\n\\n\\n");
    check_line("http://e", "\\\"q\\\" \\u4e2d \\ud83d\\ude00 \xe4\xb8\xad", "h",
               "| 1 | [\\\"q\\\" \\u4e2d \\ud83d\\ude00 \xe4\xb8\xad](http://e)"
               " | h |\\n\\n\\n");
    check_line("http:\\/\\/e/a(b) c|d", "t", "h",
               "| 1 | [t](http:\\/\\/e/a%28b%29%20c%7Cd) | h |\\n\\n\\n");
    check_line("e\\n\\u0029\\u0020<>\\\\\\\"`\\u4e2d\xe4\xb8\xad?a=1&b#c", "t",
               "h",
               "| 1 | [t](e%0A%29%20%3C%3E%5C%22%60\\u4e2d\xe4\xb8\xad?a=1&b#c)"
               " | h |\\n\\n\\n");
}


static void
test_many_sources(void **state)
{
    size_t          i;
    char           *title;
    chain_t         chain;
    qwen_sink_t    *sink;
    qwen_source_t   sources[150];

    (void) state;

    for (i = 0; i < 150; i++) {
        sources[i] = rig_source("http://e", "t", "h");
    }

    sink = chain_init(&chain, true, true, -1);
    assert_int_equal(rig_put_sources(sink, QWEN_DELTA_SOURCES, sources, 150),
                     QWEN_OK);
    assert_int_equal(chain.search.nsources, 100);
    rig_put_text(sink, QWEN_DELTA_REASONING, "r");
    rig_put_finish(sink, QWEN_FINISH_STOP);
    qwen_search_info_free(&chain.search);
    rig_log_free(&chain.rig);

    /* more than the cap of their strings: as many as fit */

    title = malloc(100001);
    assert_non_null(title);
    memset(title, '|', 100000);
    title[100000] = '\0';

    for (i = 0; i < 150; i++) {
        sources[i].title = test_str(title);
    }

    sink = chain_init(&chain, true, true, -1);
    assert_int_equal(rig_put_sources(sink, QWEN_DELTA_SOURCES, sources, 150),
                     QWEN_OK);
    assert_int_equal(chain.search.nsources, 2);
    free(title);
    assert_int_equal(rig_put_text(sink, QWEN_DELTA_REASONING, "r"), QWEN_OK);
    qwen_search_info_free(&chain.search);
    rig_log_free(&chain.rig);
}


static void
test_code_points(void **state)
{
    size_t  i;

    static const struct {
        const char  *text;
        uint64_t     n;
    } cases[] = {
        { "", 0 }, { "a", 1 }, { "0123456789abcdef", 16 },
        { "\\n\\\"\\\\\\/", 4 }, { "\\u0041b", 2 },
        { "\\ud83d\\ude00", 1 }, { "\\uD83D\\uDE00x", 2 },
        { "\\ud7ff\\ue000", 2 },
        { "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\xc3\xa9", 4 },
        { "0123456\xe4\xb8\xad" "89\xf0\x9f\x98\x80xy\\n", 14 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        assert_int_equal(qwen_stage_code_points(test_str(cases[i].text)),
                         cases[i].n);
    }
}


static void
test_next_refuses(void **state)
{
    size_t          i;
    bool            failed;
    chain_t         chain;
    qwen_sink_t    *sink;
    qwen_source_t   source;

    (void) state;

    for (i = 1; /* void */ ; i++) {
        sink = chain_init(&chain, true, true, 1);
        chain.rig.fail_at = i;
        source = rig_source("http://e", "t", "h");

        failed = rig_put_text(sink, QWEN_DELTA_REASONING, "r") != QWEN_OK
                 || rig_put_sources(sink, QWEN_DELTA_SOURCES, &source, 1)
                    != QWEN_OK
                 || rig_put_text(sink, QWEN_DELTA_TEXT, "t") != QWEN_OK
                 || rig_put_finish(sink, QWEN_FINISH_STOP) != QWEN_OK;

        assert_int_equal(failed, i <= chain.rig.nputs);
        qwen_search_info_free(&chain.search);
        rig_log_free(&chain.rig);

        if (!failed) {
            break;
        }
    }

    assert_int_equal(i, 8);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_think_tags),
        cmocka_unit_test(test_before_reasoning),
        cmocka_unit_test(test_behind_answer),
        cmocka_unit_test(test_late_sources_behind_tags),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_hostile_sources),
        cmocka_unit_test(test_many_sources),
        cmocka_unit_test(test_code_points),
        cmocka_unit_test(test_next_refuses)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
