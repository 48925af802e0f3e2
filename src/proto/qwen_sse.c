
#include "qwen_sse.h"


#define QWEN_SSE_LF           '\n'
#define QWEN_SSE_CR           '\r'

#define QWEN_SSE_DATA         "data"
#define QWEN_SSE_DATA_LEN     4
#define QWEN_SSE_BOM          "\xef\xbb\xbf"
#define QWEN_SSE_BOM_LEN      3

#define QWEN_SSE_EOL_WINDOW   1024


typedef enum {
    sse_bom = 0,                     /* start of the stream */
    sse_lf,                          /* behind a CR */
    sse_name,                        /* in the name of a field */
    sse_space,                       /* behind "data:" */
    sse_value,                       /* in the value of "data" */
    sse_skip                         /* in a line without meaning */
} qwen_sse_state_e;


void
qwen_sse_init(qwen_sse_t *sse, size_t max)
{
    qwen_buf_init(&sse->pending, max);

    sse->state = sse_bom;
    sse->matched = 0;
    sse->has_data = false;
    sse->given = false;
}


void
qwen_sse_free(qwen_sse_t *sse)
{
    qwen_buf_free(&sse->pending);
}


static inline bool
qwen_sse_is_eol(uint8_t c)
{
    return c == QWEN_SSE_LF || c == QWEN_SSE_CR;
}


/*
 * The first LF or CR, or end.  Windows that double keep the cost of looking
 * for both in line with what is found, whatever line ends a sender uses.
 */
static const uint8_t *
qwen_sse_eol(const uint8_t *p, const uint8_t *end)
{
    size_t          len, window;
    const uint8_t  *lf, *cr;

    for (window = QWEN_SSE_EOL_WINDOW; p < end; window *= 2) {

        len = (size_t) (end - p);

        if (len > window) {
            len = window;
        }

        lf = memchr(p, QWEN_SSE_LF, len);

        if (lf) {
            len = (size_t) (lf - p);
        }

        cr = memchr(p, QWEN_SSE_CR, len);

        if (cr) {
            return cr;
        }

        if (lf) {
            return lf;
        }

        p += len;
    }

    return end;
}


/* Copies data that lies in the input to where more can be added. */
static void
qwen_sse_keep(qwen_sse_t *sse, qwen_str_t *slice)
{
    if (slice->data) {
        (void) qwen_buf_append_str(&sse->pending, *slice);
        *slice = (qwen_str_t) { NULL, 0 };
    }
}


/* A line of data begins; LF joins it to the ones before. */
static void
qwen_sse_begin_data(qwen_sse_t *sse, qwen_str_t *slice)
{
    if (sse->has_data) {
        qwen_sse_keep(sse, slice);
        (void) qwen_buf_append_literal(&sse->pending, "\n");
    }

    sse->has_data = true;
}


/* Reads data up to the end of its line. */
static const uint8_t *
qwen_sse_read_value(qwen_sse_t *sse, qwen_str_t *slice, const uint8_t *p,
    const uint8_t *end)
{
    size_t          len;
    const uint8_t  *eol;

    eol = qwen_sse_eol(p, end);
    len = (size_t) (eol - p);

    if (sse->pending.len) {
        (void) qwen_buf_append(&sse->pending, p, len);

    } else if (len > sse->pending.max) {
        sse->pending.failed = true;

    } else {
        *slice = (qwen_str_t) { p, len };
    }

    return eol;
}


/* Begins the next line behind the end of one. */
static const uint8_t *
qwen_sse_end_line(qwen_sse_t *sse, const uint8_t *eol)
{
    sse->state = (*eol == QWEN_SSE_CR) ? sse_lf : sse_name;
    sse->matched = 0;

    return eol + 1;
}


/* Compares a byte of a line's name with "data". */
static const uint8_t *
qwen_sse_read_name(qwen_sse_t *sse, qwen_str_t *slice, const uint8_t *p,
    const uint8_t *end)
{
    if (sse->matched == 0 && end - p > QWEN_SSE_DATA_LEN
        && memcmp(p, QWEN_SSE_DATA ":", QWEN_SSE_DATA_LEN + 1) == 0)
    {
        qwen_sse_begin_data(sse, slice);
        sse->state = sse_space;
        return p + QWEN_SSE_DATA_LEN + 1;
    }

    if (sse->matched < QWEN_SSE_DATA_LEN) {

        if (*p == QWEN_SSE_DATA[sse->matched]) {
            sse->matched++;
            return p + 1;
        }

        sse->state = sse_skip;
        return p;
    }

    /* the whole name; without a colon its value is empty */

    if (*p == ':') {
        qwen_sse_begin_data(sse, slice);
        sse->state = sse_space;
        return p + 1;
    }

    if (qwen_sse_is_eol(*p)) {
        qwen_sse_begin_data(sse, slice);
    }

    sse->state = sse_skip;
    return p;
}


static const uint8_t *
qwen_sse_read_bom(qwen_sse_t *sse, const uint8_t *p)
{
    if (*p == (uint8_t) QWEN_SSE_BOM[sse->matched]) {

        if (++sse->matched == QWEN_SSE_BOM_LEN) {
            sse->state = sse_name;
            sse->matched = 0;
        }

        return p + 1;
    }

    /* a part of one belongs to a name that is not "data" */

    sse->state = sse->matched ? sse_skip : sse_name;
    sse->matched = 0;

    return p;
}


/* The data of the event so far; it is over with that. */
static qwen_rc_t
qwen_sse_give(qwen_sse_t *sse, qwen_str_t slice, qwen_str_t *event)
{
    sse->has_data = false;

    if (slice.data) {
        *event = slice;

    } else {
        *event = qwen_buf_str(&sse->pending);
        sse->given = true;
    }

    return QWEN_OK;
}


/* Frees the last event, if it was a pending one. */
static void
qwen_sse_forget(qwen_sse_t *sse)
{
    if (sse->given) {
        qwen_buf_free(&sse->pending);
        sse->given = false;
    }
}


/* Reads in a line that is not blank, or between two. */
static const uint8_t *
qwen_sse_read(qwen_sse_t *sse, qwen_str_t *slice, const uint8_t *p,
    const uint8_t *end)
{
    switch ((qwen_sse_state_e) sse->state) {

    case sse_bom:
        return qwen_sse_read_bom(sse, p);

    case sse_lf:
        sse->state = sse_name;
        return (*p == QWEN_SSE_LF) ? p + 1 : p;

    case sse_name:
        return qwen_sse_read_name(sse, slice, p, end);

    case sse_space:
        sse->state = sse_value;
        return (*p == ' ') ? p + 1 : p;

    case sse_value:
        p = qwen_sse_read_value(sse, slice, p, end);
        break;

    case sse_skip:
        p = qwen_sse_eol(p, end);
        break;
    }

    return (p < end) ? qwen_sse_end_line(sse, p) : p;
}


qwen_rc_t
qwen_sse_next(qwen_sse_t *sse, qwen_str_t *input, qwen_str_t *event)
{
    qwen_str_t      slice;
    const uint8_t  *p, *end;

    if (sse->pending.failed) {
        return QWEN_ERROR;
    }

    qwen_sse_forget(sse);

    if (input->len == 0) {
        return QWEN_AGAIN;
    }

    slice = (qwen_str_t) { NULL, 0 };
    p = input->data;
    end = p + input->len;

    while (p < end && !sse->pending.failed) {

        if (sse->state != sse_name || sse->matched || !qwen_sse_is_eol(*p)) {
            p = qwen_sse_read(sse, &slice, p, end);
            continue;
        }

        p = qwen_sse_end_line(sse, p);

        if (sse->has_data) {
            *input = (qwen_str_t) { p, (size_t) (end - p) };
            return qwen_sse_give(sse, slice, event);
        }
    }

    qwen_sse_keep(sse, &slice);
    *input = (qwen_str_t) { end, 0 };

    return sse->pending.failed ? QWEN_ERROR : QWEN_AGAIN;
}


qwen_rc_t
qwen_sse_end(qwen_sse_t *sse, qwen_str_t *event)
{
    qwen_str_t  none;

    if (sse->pending.failed) {
        return QWEN_ERROR;
    }

    qwen_sse_forget(sse);

    none = (qwen_str_t) { NULL, 0 };

    if (sse->state == sse_name && sse->matched == QWEN_SSE_DATA_LEN) {
        qwen_sse_begin_data(sse, &none);
    }

    sse->state = sse_skip;

    if (sse->pending.failed) {
        return QWEN_ERROR;
    }

    if (!sse->has_data) {
        return QWEN_AGAIN;
    }

    return qwen_sse_give(sse, none, event);
}
