
/*
 * Redis: whatever the cuts, the same replies come of the same bytes, none of
 * them above its limit; and of a URL, parts that lie in it.
 */

#include "fuzz.h"
#include "qwen_buf.h"
#include "qwen_redis_reader.h"
#include "qwen_redis_url.h"


#define MAX_LOG  (1 << 24)


/* Logs a reply; the memory that it takes at least. */
static size_t
log_reply(qwen_buf_t *log, const redisReply *reply, unsigned depth)
{
    size_t  i, used;

    fuzz_assert(depth <= QWEN_REDIS_MAX_DEPTH);

    qwen_buf_append_literal(log, "<");
    qwen_buf_append_int(log, reply->type);
    qwen_buf_append_literal(log, ":");
    used = 0;

    switch (reply->type) {

    case REDIS_REPLY_ARRAY:
        used += reply->elements * QWEN_REDIS_ELEMENT;

        for (i = 0; i < reply->elements; i++) {
            used += log_reply(log, reply->element[i], depth + 1);
        }

        break;

    case REDIS_REPLY_INTEGER:
        qwen_buf_append_int(log, reply->integer);
        break;

    case REDIS_REPLY_NIL:
        break;

    default:
        used += reply->len;
        qwen_buf_append(log, reply->str, reply->len);

        if (reply->type == REDIS_REPLY_ERROR) {
            fuzz_assert(qwen_redis_error_code(reply).len <= reply->len);
        }
    }

    qwen_buf_append_literal(log, ">");

    return used;
}


static void
read_cut(qwen_buf_t *log, const uint8_t *data, size_t len, size_t max,
    fuzz_cut_t cut)
{
    size_t                n;
    uint8_t              *copy;
    qwen_rc_t             rc;
    qwen_str_t            input;
    redisReply           *reply;
    qwen_redis_reader_t   reader;

    rc = QWEN_AGAIN;
    fuzz_assert(qwen_redis_reader_init(&reader, max) == QWEN_OK);

    for ( /* void */ ; len && rc != QWEN_ERROR; data += n, len -= n) {
        n = fuzz_cut_next(&cut, len);
        copy = fuzz_copy(data, n);
        input = (qwen_str_t) { copy, n };

        while ((rc = qwen_redis_reader_next(&reader, &input, &reply))
               == QWEN_OK)
        {
            fuzz_assert(log_reply(log, reply, 0) <= max);
            freeReplyObject(reply);
        }

        fuzz_assert((rc == QWEN_ERROR) == (reader.wrong != NULL));
        fuzz_assert(rc == QWEN_ERROR || input.len == 0);
        free(copy);
    }

    if (rc == QWEN_ERROR) {
        qwen_buf_append_literal(log, "!");
        qwen_buf_append(log, reader.wrong, strlen(reader.wrong));
    }

    qwen_redis_reader_free(&reader);
}


static void
check_reader(const uint8_t *data, size_t size, size_t max, uint32_t seed)
{
    qwen_buf_t  whole, bytes, cut;

    qwen_buf_init(&whole, MAX_LOG);
    qwen_buf_init(&bytes, MAX_LOG);
    qwen_buf_init(&cut, MAX_LOG);

    read_cut(&whole, data, size, max, (fuzz_cut_t) { 0 });
    read_cut(&bytes, data, size, max, (fuzz_cut_t) { 1 });
    read_cut(&cut, data, size, max, (fuzz_cut_t) { seed });

    fuzz_assert(qwen_str_eq(qwen_buf_str(&whole), qwen_buf_str(&bytes)));
    fuzz_assert(qwen_str_eq(qwen_buf_str(&whole), qwen_buf_str(&cut)));

    qwen_buf_free(&whole);
    qwen_buf_free(&bytes);
    qwen_buf_free(&cut);
}


static void
check_part(const qwen_redis_url_t *url, qwen_str_t part)
{
    fuzz_assert(part.len == 0
                || (part.data >= url->text
                    && part.data + part.len <= url->text + sizeof(url->text)));
}


static void
check_url(const uint8_t *data, size_t size)
{
    uint8_t           *copy;
    const char        *wrong;
    qwen_redis_url_t  *url;

    copy = fuzz_copy(data, size);
    url = malloc(sizeof(qwen_redis_url_t));
    fuzz_assert(url != NULL);

    wrong = qwen_redis_url_parse(url, (qwen_str_t) { copy, size });
    free(copy);

    if (wrong == NULL) {
        check_part(url, url->user);
        check_part(url, url->password);
        check_part(url, url->host);
        check_part(url, url->path);
        fuzz_assert((url->host.len == 0) != (url->path.len == 0));
        fuzz_assert((url->host.len == 0) == (url->port == 0));
        fuzz_assert(url->db <= QWEN_REDIS_MAX_DB);
    }

    free(url);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t    max;
    uint32_t  seed;

    if (size < 2) {
        return 0;
    }

    seed = data[0];
    max = (data[1] & 1) ? 1 << 20 : data[1] * 4;
    data += 2;
    size -= 2;

    check_reader(data, size, max, seed);
    check_url(data, size);

    return 0;
}
