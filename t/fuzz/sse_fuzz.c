
/*
 * Server-sent events: whatever the cuts, the events are those of a plain
 * reader that follows the standard's words.
 */

#include "fuzz.h"
#include "qwen_sse.h"


#define MAX_LOG  (1 << 24)


/* Events in the log: 'E' or, for the one at the end, 'L', length, data; and
 * '!' for an error. */
static void
log_event(qwen_buf_t *log, const char *kind, qwen_str_t event)
{
    qwen_buf_append(log, kind, 1);
    qwen_buf_append_int(log, (int64_t) event.len);
    qwen_buf_append_literal(log, ":");
    qwen_buf_append_str(log, event);
}


static void
read_cut(qwen_buf_t *log, const uint8_t *data, size_t len, size_t max,
    fuzz_cut_t cut)
{
    size_t       n;
    uint8_t     *copy;
    qwen_rc_t    rc;
    qwen_sse_t   sse;
    qwen_str_t   input, event;

    rc = QWEN_AGAIN;
    qwen_sse_init(&sse, max);

    for ( /* void */ ; len && rc != QWEN_ERROR; data += n, len -= n) {
        n = fuzz_cut_next(&cut, len);
        copy = fuzz_copy(data, n);
        input = (qwen_str_t) { copy, n };

        while ((rc = qwen_sse_next(&sse, &input, &event)) == QWEN_OK) {
            fuzz_assert(event.len <= max);
            log_event(log, "E", event);
        }

        fuzz_assert(rc == QWEN_ERROR || input.len == 0);
        fuzz_assert(sse.pending.len <= max);
        free(copy);
    }

    rc = qwen_sse_end(&sse, &event);

    if (rc == QWEN_OK) {
        log_event(log, "L", event);

    } else if (rc == QWEN_ERROR) {
        qwen_buf_append_literal(log, "!");
    }

    qwen_sse_free(&sse);
}


/* Adds a line's value to the data of an event; false: above the cap. */
static bool
reference_line(qwen_buf_t *event, bool *has_data, const uint8_t *line,
    size_t len)
{
    size_t  name;

    if (len < 4 || memcmp(line, "data", 4) != 0
        || (len > 4 && line[4] != ':'))
    {
        return true;
    }

    if (*has_data) {
        qwen_buf_append_literal(event, "\n");
    }

    *has_data = true;
    name = (len == 4) ? 4 : (len > 5 && line[5] == ' ') ? 6 : 5;
    qwen_buf_append(event, line + name, len - name);

    return !event->failed;
}


static void
reference(qwen_buf_t *log, const uint8_t *data, size_t len, size_t max)
{
    bool        has_data;
    size_t      i, start;
    qwen_buf_t  event;

    has_data = false;
    qwen_buf_init(&event, max);

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }

    for (start = 0; start < len; start = i + 1) {
        i = start;

        while (i < len && data[i] != '\n' && data[i] != '\r') {
            i++;
        }

        if (i == start) {

            if (has_data) {
                log_event(log, "E", qwen_buf_str(&event));
            }

            has_data = false;
            qwen_buf_reset(&event);

        } else if (!reference_line(&event, &has_data, data + start,
                                   i - start))
        {
            qwen_buf_append_literal(log, "!");
            qwen_buf_free(&event);
            return;
        }

        if (i + 1 < len && data[i] == '\r' && data[i + 1] == '\n') {
            i++;
        }
    }

    if (has_data) {
        log_event(log, "L", qwen_buf_str(&event));
    }

    qwen_buf_free(&event);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      i, max;
    uint32_t    seed;
    qwen_buf_t  expected, log;

    if (size < 2) {
        return 0;
    }

    seed = data[0];
    max = (data[1] & 1) ? 1 << 20 : data[1];
    data += 2;
    size -= 2;

    qwen_buf_init(&expected, MAX_LOG);
    reference(&expected, data, size, max);

    for (i = 0; i < 3; i++) {
        qwen_buf_init(&log, MAX_LOG);
        read_cut(&log, data, size, max,
                 (fuzz_cut_t) { (i < 2) ? (uint32_t) i : seed });

        fuzz_assert(qwen_str_eq(qwen_buf_str(&log),
                                qwen_buf_str(&expected)));
        qwen_buf_free(&log);
    }

    qwen_buf_free(&expected);

    return 0;
}
