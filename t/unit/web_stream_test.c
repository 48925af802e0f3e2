
#include "chat_rig.h"


#define DELTA(members)  "data: {\"choices\":[{\"delta\":{" members "}}]}\n\n"
#define TEXT(text)      DELTA("\"role\":\"assistant\",\"content\":\"" text    \
                              "\",\"phase\":\"answer\",\"status\":\"typing\"")
#define THINK(text)     DELTA("\"content\":\"" text "\",\"phase\":\"think\"," \
                              "\"status\":\"typing\"")
#define SUMMARY(titles, thoughts)                                             \
    DELTA("\"content\":\"\",\"phase\":\"thinking_summary\",\"extra\":{"       \
          "\"summary_title\":{\"content\":[" titles "]},"                     \
          "\"summary_thought\":{\"content\":[" thoughts "]}}")
#define FINISH          DELTA("\"content\":\"\",\"status\":\"finished\","     \
                              "\"phase\":\"answer\"")
#define CREATED         "data: {\"response.created\":{\"chat_id\":\"c\","     \
                        "\"parent_id\":\"p\",\"response_id\":\"r\"}}\n\n"


typedef struct {
    const char          *name;
    const char          *input;
    const char          *log;
    qwen_fail_class_t    class;
    unsigned             hours;
} case_t;


static const case_t  answers[] = {
    { "an answer in pieces",
      CREATED TEXT("Hel") TEXT("lo") FINISH,
      "text Hel\ntext lo\nfinish stop\n", 0, 0 },

    { "no phase at all is the older form",
      DELTA("\"role\":\"assistant\",\"content\":\"a\"")
      DELTA("\"content\":\"\",\"status\":\"finished\""),
      "text a\nfinish stop\n", 0, 0 },

    { "phase before and behind the content, null and other members",
      DELTA("\"phase\":\"think\",\"content\":\"a\"")
      DELTA("\"x\":{\"content\":\"no\"},\"content\":\"b\",\"y\":[1,[{}],null],"
            "\"phase\":\"answer\",\"function_call\":{\"name\":\"f\"}")
      DELTA("\"phase\":null,\"content\":\"c\"")
      FINISH,
      "reasoning a\ntext b\ntext c\nfinish stop\n", 0, 0 },

    { "white space and the order of members",
      "data: { \"usage\" : { \"output_tokens\" : 2 , \"input_tokens\":1 } ,\t"
      "\"choices\" : [ { \"index\" : 0, \"delta\" : { \"status\" : "
      "\"finished\" , \"content\" : \"a\" } } , {\"delta\":"
      "{\"content\":\"second\"}} ] }\n\n",
      "text a\nusage 1 2 0\nfinish stop\n", 0, 0 },

    { "thinking, whose end is not the end",
      THINK("hm") THINK("m")
      DELTA("\"content\":\"\",\"phase\":\"think\",\"status\":\"finished\"")
      TEXT("a") FINISH,
      "reasoning hm\nreasoning m\ntext a\nfinish stop\n", 0, 0 },

    { "text in the event that finishes",
      DELTA("\"content\":\"a\",\"phase\":\"answer\",\"status\":\"finished\""),
      "text a\nfinish stop\n", 0, 0 },

    { "unknown phases, roles alone, functions, empty choices",
      DELTA("\"role\":\"assistant\"")
      DELTA("\"content\":\"no\",\"phase\":\"new_phase\","
            "\"status\":\"finished\"")
      DELTA("\"role\":\"function\",\"content\":\"no\"")
      "data: {\"choices\":[]}\n\ndata: {\"choices\":null}\n\n"
      "data: {\"choices\":[null]}\n\ndata: {\"choices\":[{}]}\n\n"
      "data: {\"choices\":[{\"delta\":null}]}\n\ndata: {}\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\":null}}]}\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\":[1]}}]}\n\n"
      ": comment\n\ndata: [DONE]\n\nevent: x\ndata: {\"a\":1}\n\n"
      TEXT("a") FINISH "data: [DONE]\n\n",
      "text a\nfinish stop\n", 0, 0 },

    { "CRLF",
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n"
      "data: {\"choices\":[{\"delta\":{\"status\":\"finished\"}}]}\r\n\r\n",
      "text a\nfinish stop\n", 0, 0 },

    { "a last event without its blank line",
      TEXT("a")
      "data: {\"choices\":[{\"delta\":{\"status\":\"finished\"}}]}",
      "text a\nfinish stop\n", 0, 0 },

    { "escapes stay, what cannot stand is repaired",
      TEXT("a\\n\\\"b\\\\") TEXT("\xff\t") FINISH,
      "text a\\n\\\"b\\\\\ntext \xef\xbf\xbd\\t\nfinish stop\n", 0, 0 },

    { "a surrogate pair in two events, with a thought between",
      TEXT("\\ud83d") THINK("x") TEXT("\\ude00") FINISH,
      "reasoning x\ntext \\ud83d\\ude00\nfinish stop\n", 0, 0 },

    { "a high surrogate that stays alone",
      THINK("\\ud83d") TEXT("a\\ud83d") FINISH,
      "reasoning \xef\xbf\xbd\ntext a\ntext \xef\xbf\xbd\nfinish stop\n",
      0, 0 },

    { "usage in every event, told once and before the finish",
      "data: {\"usage\":{\"input_tokens\":7,\"output_tokens\":1},"
      "\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
      "data: {\"usage\":null,\"choices\":[{\"delta\":{\"content\":\"b\"}}]}"
      "\n\n"
      "data: {\"choices\":[{\"delta\":{\"status\":\"finished\"}}],\"usage\":{"
      "\"input_tokens\":7,\"output_tokens\":9,\"total_tokens\":16,"
      "\"output_tokens_details\":{\"reasoning_tokens\":4,\"x\":{}}}}\n\n",
      "text a\ntext b\nusage 7 9 4\nfinish stop\n", 0, 0 },

    { "the other naming, and usage behind the finish",
      TEXT("a") FINISH
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
      "\"completion_tokens\":6,\"completion_tokens_details\":{"
      "\"reasoning_tokens\":2}}}\n\n"
      "data: broken\n\n" TEXT("late"),
      "text a\nfinish stop\nusage 5 6 2\n", 0, 0 },

    { "counts that are none",
      "data: {\"usage\":{\"input_tokens\":-1,\"output_tokens\":1.5,"
      "\"prompt_tokens\":\"3\",\"completion_tokens\":99999999999999999999999},"
      "\"choices\":[{\"delta\":{\"content\":\"a\",\"status\":\"finished\"}}]}"
      "\n\n",
      "text a\nfinish stop\n", 0, 0 },

    { "sources by name and by phase; those without a URL are none",
      DELTA("\"name\":\"web_search\",\"role\":\"function\",\"content\":\"no\","
            "\"extra\":{\"web_search_info\":[{\"title\":\"T\\u00e9\",\"url\":"
            "\"http://a\",\"hostname\":\"a\"},{\"title\":\"x\"},7,"
            "{\"url\":\"http://b\",\"title\":null}]}")
      DELTA("\"phase\":\"web_search\",\"extra\":{\"web_search_info\":["
            "{\"url\":\"http://c\"}]}")
      DELTA("\"phase\":\"web_search\",\"status\":\"finished\"")
      TEXT("a") FINISH,
      "sources http://a,T\\u00e9,a http://b,,\nsources http://c,,\ntext a\n"
      "finish stop\n", 0, 0 },

    { "pictures, each of them once",
      DELTA("\"phase\":\"image_gen\",\"content\":\"\"")
      DELTA("\"phase\":\"image_gen\",\"content\":\"https:\\/\\/e\\/p?k=1&l\"")
      DELTA("\"phase\":\"image_gen\",\"content\":\"https:\\/\\/e\\/p?k=1&l\","
            "\"status\":\"finished\"")
      DELTA("\"phase\":\"image_gen_tool\",\"extra\":{\"image_list\":["
            "{\"image\":\"http://e/1\"},{\"image\":\"http://e/2\"},{},3]}")
      DELTA("\"phase\":\"image_gen_tool\",\"extra\":{\"image_list\":["
            "{\"image\":\"http://e/2\"}]}")
      FINISH,
      "image https:\\/\\/e\\/p?k=1&l\nimage http://e/1\nimage http://e/2\n"
      "finish stop\n", 0, 0 },

    { "summaries that grow",
      SUMMARY("\"A\"", "") SUMMARY("\"Ab\"", "\"\"") SUMMARY("\"Ab\"", "\"x\"")
      SUMMARY("\"Ab\"", "\"x y\"") SUMMARY("\"Ab\",\"C\"", "\"x y z\",\"w\"")
      SUMMARY("\"Ab\",\"C\"", "\"x y z\",\"w\"") TEXT("t") FINISH,
      "reasoning **\nreasoning A\nreasoning b\nreasoning **\n"
      "reasoning \\n\\n\nreasoning x\nreasoning  y\nreasoning  z\n"
      "reasoning \\n\\n\nreasoning **\nreasoning C\nreasoning **\n"
      "reasoning \\n\\n\nreasoning w\ntext t\nfinish stop\n", 0, 0 },

    { "summaries: titles alone, thoughts alone, an escape at the edge",
      SUMMARY("\"A\"", "") SUMMARY("\"A\",\"B\\n\"", "")
      SUMMARY("\"A\",\"B\\n\\ud83d\"", "")
      SUMMARY("\"A\",\"B\\n\\ud83d\\ude00\"", "")
      SUMMARY("\"A\",\"B\\n\\ud83d\\ude00\"", "\"\",\"\",\"c\"")
      TEXT("t") FINISH,
      "reasoning **\nreasoning A\nreasoning **\nreasoning \\n\\n\n"
      "reasoning **\nreasoning B\\n\nreasoning \\ud83d\\ude00\n"
      "reasoning **\nreasoning \\n\\n\nreasoning c\ntext t\nfinish stop\n",
      0, 0 },

    { "a title that is open when the text begins",
      SUMMARY("\"A\"", "") TEXT("t") FINISH,
      "reasoning **\nreasoning A\nreasoning **\ntext t\nfinish stop\n",
      0, 0 },

    { "a content filter behind a text",
      TEXT("a") "data: {\"error\":{\"code\":\"data_inspection_failed\"},"
      "\"usage\":{\"input_tokens\":1}}\n\n",
      "text a\nusage 1 0 0\nfinish content_filter\n", 0, 0 },

    { "the other form of a content filter, behind a thought",
      THINK("a") "data: {\"data_inspection_failed\":true}\n\n" TEXT("b"),
      "reasoning a\nfinish content_filter\n", 0, 0 },

    { "members that tell no failure",
      "data: {\"success\":true,\"error\":null,\"ret\":null,\"data\":{},"
      "\"data_inspection_failed\":false,\"choices\":[{\"delta\":{\"content\":"
      "\"a\",\"status\":\"finished\"}}]}\n\n",
      "text a\nfinish stop\n", 0, 0 },

    /* failures */

    { "nothing", "", "", QWEN_FAIL_EMPTY, 0 },
    { "no delta", CREATED DELTA("\"role\":\"assistant\""), "",
      QWEN_FAIL_EMPTY, 0 },
    { "a finish without text", CREATED FINISH, "", QWEN_FAIL_EMPTY, 0 },
    { "sources alone",
      DELTA("\"name\":\"web_search\",\"extra\":{\"web_search_info\":["
            "{\"url\":\"http://a\"}]}") FINISH,
      "sources http://a,,\n", QWEN_FAIL_EMPTY, 0 },
    { "no finish", TEXT("a"), "text a\n", QWEN_FAIL_INCOMPLETE, 0 },
    { "no finish behind a thought", THINK("a"), "reasoning a\n",
      QWEN_FAIL_INCOMPLETE, 0 },
    { "cut in an event", TEXT("a") "data: {\"choices\":[{\"delta\":{\"con",
      "text a\n", QWEN_FAIL_INCOMPLETE, 0 },
    { "a content filter before any text",
      CREATED "data: {\"error\":{\"code\":\"data_inspection_failed\"}}\n\n",
      "", QWEN_FAIL_CONTENT_FILTER, 0 },
    { "rate limit",
      "data: {\"success\":false,\"data\":{\"code\":\"RateLimited\","
      "\"num\":4}}\n\n", "", QWEN_FAIL_RATE_LIMITED, 4 },
    { "a rate limit without its success member",
      "data: {\"data\":{\"code\":\"RateLimited\",\"num\":4}}\n\n", "",
      QWEN_FAIL_RATE_LIMITED, 4 },
    { "quota",
      "data: {\"error\":{\"code\":\"internal_error\",\"message\":\"Allocated "
      "quota exceeded, please try again later.\"}}\n\n", "",
      QWEN_FAIL_QUOTA, 0 },
    { "quota behind a text",
      TEXT("a") "data: {\"error\":{\"code\":\"internal_error\",\"details\":"
      "\"Allocated quota exceeded\"}}\n\n", "text a\n", QWEN_FAIL_QUOTA, 0 },
    { "an internal error",
      "data: {\"error\":{\"code\":\"internal_error\"}}\n\n", "",
      QWEN_FAIL_OUTAGE, 0 },
    { "token", "data: {\"success\":false,\"data\":{\"code\":\"Unauthorized\"}}"
      "\n\n", "", QWEN_FAIL_TOKEN, 0 },
    { "blocked", "data: {\"success\":false,\"data\":{\"code\":\"Bad_Request\","
      "\"details\":\"internal error\"}}\n\n", "", QWEN_FAIL_ACCOUNT, 0 },
    { "bot check", "data: {\"ret\":[\"FAIL_SYS_USER_VALIDATE\",\"x\"],"
      "\"data\":{\"url\":\"https://e/punish\"}}\n\n", "",
      QWEN_FAIL_CHALLENGED, 0 },
    { "model", "data: {\"error\":{\"code\":\"model_not_found\"}}\n\n", "",
      QWEN_FAIL_MODEL, 0 },
    { "an error that is not known", "data: {\"error\":\"what\"}\n\n", "",
      QWEN_FAIL_PROTOCOL, 0 },
    { "an error in words", "data: {\"success\":false}\n\n", "",
      QWEN_FAIL_PROTOCOL, 0 },
    { "no JSON", "data: hello\n\n" TEXT("a"), "", QWEN_FAIL_PROTOCOL, 0 },
    { "an array", "data: []\n\n", "", QWEN_FAIL_PROTOCOL, 0 },
    { "broken JSON", "data: {\"choices\":[}\n\n", "", QWEN_FAIL_PROTOCOL, 0 },
    { "a trailing comma", "data: {\"a\":1,}\n\n", "", QWEN_FAIL_PROTOCOL, 0 },
    { "more behind it", "data: {} {}\n\n", "", QWEN_FAIL_PROTOCOL, 0 },
    { "brackets that do not match", "data: {\"a\":[}]\n\n", "",
      QWEN_FAIL_PROTOCOL, 0 },
    { "an invalid escape", TEXT("a\\x") FINISH, "", QWEN_FAIL_PROTOCOL, 0 },
    { "an invalid escape in a title",
      DELTA("\"name\":\"web_search\",\"extra\":{\"web_search_info\":["
            "{\"url\":\"http://a\",\"title\":\"\\q\"}]}"),
      "", QWEN_FAIL_PROTOCOL, 0 }
};


/* Feeds the input in pieces of n bytes, each in memory of its own. */
static void
check(const case_t *c, size_t first, size_t n)
{
    size_t              i, len, piece;
    uint8_t            *copy;
    qwen_rc_t           rc;
    rig_log_t           rig;
    qwen_web_stream_t   stream;

    rig_log_init(&rig);
    qwen_web_stream_init(&stream, 1 << 20, &rig.sink);

    len = strlen(c->input);
    rc = QWEN_OK;

    for (i = 0; i < len && rc == QWEN_OK; i += piece) {
        piece = (i == 0 && first) ? first : n;
        piece = (piece < len - i) ? piece : len - i;
        copy = test_copy(c->input + i, piece);
        rc = qwen_web_stream_feed(&stream, copy, piece);
        free(copy);
    }

    if (rc == QWEN_OK) {
        rc = qwen_web_stream_end(&stream);
    }

    if (stream.failure.class != c->class
        || rig.log.len != strlen(c->log)
        || (rig.log.len && memcmp(rig.log.data, c->log, rig.log.len) != 0))
    {
        fail_msg("%s: class %u, got\n%.*s", c->name, stream.failure.class,
                 (int) rig.log.len, (const char *) rig.log.data);
    }

    assert_int_equal(rc, c->class ? QWEN_ERROR : QWEN_OK);
    assert_int_equal(stream.failure.hours, c->hours);
    assert_int_equal(stream.finished, c->class == 0);

    if (c->class) {
        assert_int_equal(qwen_web_stream_feed(&stream, (uint8_t *) "\n", 1),
                         QWEN_ERROR);
        assert_int_equal(stream.failure.class, c->class);
    }

    qwen_web_stream_free(&stream);
    rig_log_free(&rig);
}


static void
test_whole(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < test_count(answers); i++) {
        check(&answers[i], 0, 1 << 20);
    }
}


static void
test_cut_everywhere(void **state)
{
    size_t  i, k;

    (void) state;

    for (i = 0; i < test_count(answers); i++) {
        check(&answers[i], 0, 1);

        for (k = 1; k < strlen(answers[i].input); k++) {
            check(&answers[i], k, 1 << 20);
        }
    }
}


static void
test_every_byte_wrong(void **state)
{
    size_t              i, k, len;
    uint8_t            *copy;
    rig_log_t           rig;
    qwen_web_stream_t   stream;

    static const uint8_t  bytes[] = { 0, '"', '\\', '{', ']', 0xff };

    (void) state;

    len = strlen(answers[12].input);

    for (i = 0; i < len; i++) {
        for (k = 0; k < test_count(bytes); k++) {
            rig_log_init(&rig);
            qwen_web_stream_init(&stream, 1 << 20, &rig.sink);

            copy = test_copy(answers[12].input, len);
            copy[i] = bytes[k];

            if (qwen_web_stream_feed(&stream, copy, len) == QWEN_OK) {
                (void) qwen_web_stream_end(&stream);
            }

            free(copy);
            qwen_web_stream_free(&stream);
            rig_log_free(&rig);
        }
    }
}


static void
test_large_event(void **state)
{
    size_t              len;
    char               *event;
    rig_log_t           rig;
    qwen_web_stream_t   stream;

    (void) state;

    len = 1 << 20;
    event = malloc(len + 100);
    assert_non_null(event);

    strcpy(event, "data: {\"choices\":[{\"delta\":{\"content\":\"");
    memset(event + strlen(event), 'x', len);
    strcpy(event + 39 + len, "\",\"status\":\"finished\"}}]}\n\n");

    rig_log_init(&rig);
    qwen_web_stream_init(&stream, 2 << 20, &rig.sink);

    assert_int_equal(qwen_web_stream_feed(&stream, (uint8_t *) event,
                                          strlen(event)), QWEN_OK);
    assert_int_equal(qwen_web_stream_end(&stream), QWEN_OK);
    assert_int_equal(rig.log.len, len + sizeof("text \nfinish stop\n") - 1);

    qwen_web_stream_free(&stream);

    /* the cap of an event */

    qwen_buf_reset(&rig.log);
    qwen_web_stream_init(&stream, 1 << 20, &rig.sink);

    assert_int_equal(qwen_web_stream_feed(&stream, (uint8_t *) event,
                                          strlen(event)), QWEN_ERROR);
    assert_int_equal(stream.failure.class, QWEN_FAIL_PROTOCOL);
    assert_int_equal(rig.log.len, 0);

    qwen_web_stream_free(&stream);
    rig_log_free(&rig);
    free(event);
}


static void
test_many_events(void **state)
{
    size_t              i;
    rig_log_t           rig;
    qwen_web_stream_t   stream;

    static const char  event[] = TEXT("word ");

    (void) state;

    rig_log_init(&rig);
    qwen_web_stream_init(&stream, 1 << 20, &rig.sink);

    for (i = 0; i < 200000; i++) {
        qwen_buf_reset(&rig.log);
        assert_int_equal(qwen_web_stream_feed(&stream, (uint8_t *) event,
                                              sizeof(event) - 1), QWEN_OK);
    }

    assert_int_equal(rig.nputs, 200000);
    assert_int_equal(qwen_web_stream_end(&stream), QWEN_ERROR);
    assert_int_equal(stream.failure.class, QWEN_FAIL_INCOMPLETE);

    qwen_web_stream_free(&stream);
    rig_log_free(&rig);
}


static void
test_depth(void **state)
{
    size_t              i;
    qwen_buf_t          event;
    rig_log_t           rig;
    qwen_web_stream_t   stream;

    (void) state;

    qwen_buf_init(&event, SIZE_MAX);
    (void) qwen_buf_append_literal(&event, "data: {\"a\":");

    for (i = 0; i < 1000000; i++) {
        (void) qwen_buf_append_literal(&event, "[");
    }

    (void) qwen_buf_append_literal(&event, "\n\n");

    rig_log_init(&rig);
    qwen_web_stream_init(&stream, 2 << 20, &rig.sink);

    assert_int_equal(qwen_web_stream_feed(&stream, event.data, event.len),
                     QWEN_ERROR);
    assert_int_equal(stream.failure.class, QWEN_FAIL_PROTOCOL);

    qwen_web_stream_free(&stream);
    rig_log_free(&rig);
    qwen_buf_free(&event);
}


static void
test_sink_refuses(void **state)
{
    size_t              i;
    rig_log_t           rig;
    qwen_web_stream_t   stream;

    static const char  input[] =
        DELTA("\"name\":\"web_search\",\"extra\":{\"web_search_info\":["
              "{\"url\":\"http://a\"}]}")
        DELTA("\"phase\":\"image_gen\",\"content\":\"http://e\"")
        SUMMARY("\"A\",\"B\"", "\"x\",\"y\"") THINK("t\\ud83d") TEXT("a")
        TEXT("\\ud83d")
        "data: {\"usage\":{\"input_tokens\":1},\"choices\":[{\"delta\":{"
        "\"status\":\"finished\"}}]}\n\n"
        "data: {\"usage\":{\"input_tokens\":2}}\n\n";

    (void) state;

    for (i = 1; /* void */ ; i++) {
        rig_log_init(&rig);
        qwen_web_stream_init(&stream, 1 << 20, &rig.sink);
        rig.fail_at = i;

        if (qwen_web_stream_feed(&stream, (uint8_t *) input,
                                 sizeof(input) - 1)
            == QWEN_OK)
        {
            break;
        }

        assert_int_equal(rig.nputs, i);
        assert_int_equal(stream.failure.class, QWEN_FAIL_PROTOCOL);

        qwen_web_stream_free(&stream);
        rig_log_free(&rig);
    }

    assert_int_equal(i, 21);

    qwen_web_stream_free(&stream);
    rig_log_free(&rig);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_cut_everywhere),
        cmocka_unit_test(test_every_byte_wrong),
        cmocka_unit_test(test_large_event),
        cmocka_unit_test(test_many_events),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_sink_refuses)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
