
#include "qwen_scan.h"
#include "qwen_text.h"


#define QWEN_SPAN_MAX_READ  (1 << 20)

/* As long as no escape at its start can be left over. */
#define QWEN_SPAN_CARRY     12


/* Reads at most len bytes; 0: the body cannot be read. */
static size_t
qwen_span_read(qwen_body_t *body, uint64_t offset, uint64_t len,
    qwen_str_t *piece)
{
    size_t  max;

    max = (len < QWEN_SPAN_MAX_READ) ? (size_t) len : QWEN_SPAN_MAX_READ;

    piece->len = body->read(body, offset, max, &piece->data);

    if (piece->len > max) {
        piece->len = max;
    }

    return piece->len;
}


/* Gathers the next bytes of the body, which may lie in many pieces. */
static bool
qwen_span_gather(qwen_body_t *body, uint64_t offset, uint8_t *carry,
    size_t len)
{
    size_t      n;
    qwen_str_t  piece;

    for (n = 0; n < len; n += piece.len) {

        if (qwen_span_read(body, offset + n, len - n, &piece) == 0) {
            return false;
        }

        memcpy(carry + n, piece.data, piece.len);
    }

    return true;
}


/* Reads the next part of a span; false: error. */
static bool
qwen_span_part(qwen_span_t *span, qwen_body_t *body, qwen_buf_t *out)
{
    bool        last;
    size_t      used;
    uint8_t     carry[QWEN_SPAN_CARRY];
    qwen_str_t  piece;

    if (qwen_span_read(body, span->offset, span->len, &piece) == 0) {
        return false;
    }

    last = (piece.len == span->len);

    if (qwen_text_unescape_part(out, piece, last, &used) != QWEN_OK) {
        return false;
    }

    if (used == 0) {

        /* an escape begins here and the piece may end within it */

        piece.len = (span->len < sizeof(carry)) ? (size_t) span->len
                                                : sizeof(carry);
        if (!qwen_span_gather(body, span->offset, carry, piece.len)) {
            return false;
        }

        piece.data = carry;
        last = (piece.len == span->len);

        if (qwen_text_unescape_part(out, piece, last, &used) != QWEN_OK) {
            return false;
        }
    }

    span->offset += used;
    span->len -= used;

    return true;
}


qwen_rc_t
qwen_span_plain(qwen_span_t span, qwen_body_t *body, qwen_buf_t *out)
{
    size_t  start;

    if (span.data) {
        return qwen_text_unescape(out, (qwen_str_t) { span.data,
                                                      (size_t) span.len });
    }

    start = out->len;

    while (span.len) {

        if (!qwen_span_part(&span, body, out)) {
            out->len = start;
            return QWEN_ERROR;
        }
    }

    return QWEN_OK;
}
