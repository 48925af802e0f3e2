
/*
 * A request body: scanned, parsed and folded.  Nothing is read behind its end,
 * a refusal is always a rendered error, and the cuts change nothing.
 */

#include <cjson/cJSON.h>

#include "fuzz.h"
#include "qwen_fold.h"
#include "qwen_json.h"
#include "qwen_openai_chat.h"
#include "qwen_text.h"


#define MAX_OUT  (64 * 1024 * 1024)


typedef struct {
    qwen_body_t      body;
    const uint8_t   *data;
    size_t           len;
    fuzz_cut_t       cut;
    uint8_t         *piece;
} body_t;


static size_t
body_read(qwen_body_t *body, uint64_t offset, size_t len,
    const uint8_t **data)
{
    body_t  *b;

    b = (body_t *) body;

    fuzz_assert(len && offset + len <= b->len);

    len = fuzz_cut_next(&b->cut, len);

    free(b->piece);
    b->piece = fuzz_copy(b->data + offset, len);
    *data = b->piece;

    return len;
}


static void
check_error(const qwen_openai_error_t *error)
{
    cJSON        *root;
    qwen_buf_t    out;
    const cJSON  *object;

    fuzz_assert(error->status == 400 || error->status == 413);
    fuzz_assert(error->message[0]);

    qwen_buf_init(&out, MAX_OUT);
    fuzz_assert(qwen_openai_error_render(error, &out) == QWEN_OK);

    root = qwen_json_parse(qwen_buf_str(&out));
    object = qwen_json_get(root, "error");

    fuzz_assert(qwen_json_get_string(object, "message").len);
    fuzz_assert(qwen_json_get_string(object, "type").len);
    fuzz_assert(qwen_json_get(object, "param"));
    fuzz_assert(qwen_json_get(object, "code"));

    cJSON_Delete(root);
    qwen_buf_free(&out);
}


/* The texts of a request lie in order, none of them twice. */
static void
check_request(const qwen_request_t *request, const body_t *body)
{
    size_t       i, next;
    qwen_span_t  span;

    fuzz_assert(request->nmessages > 0);
    fuzz_assert(request->model.len > 0 && request->model.len <= 256);
    fuzz_assert(request->base_len > 0);
    fuzz_assert(request->base_len <= request->model.len);
    fuzz_assert(request->thinking_budget <= 81920);

    next = 0;

    for (i = 0; i < request->nmessages; i++) {
        fuzz_assert(request->messages[i].text == next);
        next += request->messages[i].ntexts;
    }

    fuzz_assert(next == request->ntexts);

    for (i = 0; i < request->ntexts; i++) {
        span = request->texts[i];
        fuzz_assert(span.data || span.offset + span.len <= body->len);
    }
}


static void
check_fold(const qwen_request_t *request, body_t *body, qwen_buf_t *out)
{
    uint64_t    plain_len;
    qwen_buf_t  plain;

    qwen_buf_init(out, MAX_OUT);
    fuzz_assert(qwen_fold(request, &body->body, out, &plain_len) == QWEN_OK);

    qwen_buf_init(&plain, MAX_OUT);
    fuzz_assert(qwen_text_unescape(&plain, qwen_buf_str(out)) == QWEN_OK);
    fuzz_assert(plain.len == plain_len);
    qwen_buf_free(&plain);
}


static bool
parse(const uint8_t *data, size_t len, uint32_t seed, qwen_buf_t *out)
{
    bool                  parsed;
    cJSON                *root;
    body_t                body;
    qwen_scan_t           scan;
    qwen_request_t        request;
    qwen_openai_error_t   error;

    static const qwen_scan_limits_t  limits = { 1 << 20, 1 << 16, 32 };

    body = (body_t) { { body_read }, data, len, { seed }, NULL };
    memset(&error, 0, sizeof(qwen_openai_error_t));

    qwen_scan_init(&scan, &limits);

    if (qwen_scan_feed(&scan, data, len) != QWEN_AGAIN
        || qwen_scan_end(&scan, &root) != QWEN_OK)
    {
        qwen_openai_scan_error(&scan, &error);
        check_error(&error);
        qwen_scan_free(&scan);
        return false;
    }

    parsed = qwen_openai_chat_parse(&scan, root, &body.body, &request, &error)
             == QWEN_OK;

    if (parsed) {
        check_request(&request, &body);
        check_fold(&request, &body, out);

    } else {
        check_error(&error);
    }

    qwen_request_free(&request);
    cJSON_Delete(root);
    qwen_scan_free(&scan);
    free(body.piece);

    return parsed;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t     seed, *copy;
    qwen_buf_t  whole, cut;

    if (size == 0) {
        return 0;
    }

    seed = data[0];
    copy = fuzz_copy(data + 1, size - 1);

    if (parse(copy, size - 1, 0, &whole)) {
        fuzz_assert(parse(copy, size - 1, seed, &cut));
        fuzz_assert(qwen_str_eq(qwen_buf_str(&whole), qwen_buf_str(&cut)));
        qwen_buf_free(&whole);
        qwen_buf_free(&cut);
    }

    free(copy);

    return 0;
}
