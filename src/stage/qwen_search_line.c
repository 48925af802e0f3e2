
#include "qwen_search_line.h"
#include "qwen_utf8.h"


static void qwen_search_line_link(qwen_buf_t *out,
    const qwen_source_t *source);
static void qwen_search_line_title(qwen_buf_t *out, qwen_str_t text);
static void qwen_search_line_url(qwen_buf_t *out, qwen_str_t url);
static const uint8_t *qwen_search_line_next(const uint8_t *p,
    const uint8_t *end, uint32_t *code);


void
qwen_search_line_head(qwen_buf_t *out)
{
    (void) qwen_buf_append_literal(out,
                                   "| **序号** | **网站URL** | **来源** |\\n"
                                   "|:---|:---|:---|\\n");
}


void
qwen_search_line(qwen_buf_t *out, const qwen_source_t *source, size_t n,
    bool table)
{
    (void) qwen_buf_append_str(out, table ? qwen_literal("| ")
                                          : qwen_literal("["));
    (void) qwen_buf_append_int(out, (int64_t) n);
    (void) qwen_buf_append_str(out, table ? qwen_literal(" | ")
                                          : qwen_literal("] "));

    qwen_search_line_link(out, source);

    (void) qwen_buf_append_str(out, table ? qwen_literal(" | ")
                                          : qwen_literal(" | 来源: "));

    qwen_search_line_title(out, source->hostname);

    (void) qwen_buf_append_str(out, table ? qwen_literal(" |\\n")
                                          : qwen_literal("\\n"));
}


static void
qwen_search_line_link(qwen_buf_t *out, const qwen_source_t *source)
{
    (void) qwen_buf_append_literal(out, "[");
    qwen_search_line_title(out, source->title);
    (void) qwen_buf_append_literal(out, "](");
    qwen_search_line_url(out, source->url);
    (void) qwen_buf_append_literal(out, ")");
}


/* What would end the link or the cell gets a backslash; so does a backslash,
 * which could otherwise undo the one that follows. */
static void
qwen_search_line_title(qwen_buf_t *out, qwen_str_t text)
{
    uint8_t         byte;
    uint32_t        code;
    const uint8_t  *p, *next, *end;

    p = text.data;
    end = text.len ? p + text.len : p;

    for ( /* void */ ; p < end; p = next) {
        next = qwen_search_line_next(p, end, &code);

        switch (code) {

        case '\n':
        case '\r':
            (void) qwen_buf_append_literal(out, " ");
            break;

        case '\\':
            (void) qwen_buf_append_literal(out, "\\\\\\\\");
            break;

        case '|':
        case '[':
        case ']':
            byte = (uint8_t) code;
            (void) qwen_buf_append_literal(out, "\\\\");
            (void) qwen_buf_append(out, &byte, 1);
            break;

        default:
            (void) qwen_buf_append(out, p, (size_t) (next - p));
        }
    }
}


/* What could end the link, or is no part of a URL, is percent-encoded. */
static void
qwen_search_line_url(qwen_buf_t *out, qwen_str_t url)
{
    uint8_t         escape[3];
    uint32_t        code;
    const uint8_t  *p, *next, *end;

    static const char  digits[] = "0123456789ABCDEF";

    p = url.data;
    end = url.len ? p + url.len : p;

    for ( /* void */ ; p < end; p = next) {
        next = qwen_search_line_next(p, end, &code);

        if (code > ' ' && code != 0x7f
            && (code > 0x7f || !memchr("()|<>\\\"`", (int) code, 8)))
        {
            (void) qwen_buf_append(out, p, (size_t) (next - p));
            continue;
        }

        escape[0] = '%';
        escape[1] = (uint8_t) digits[code >> 4];
        escape[2] = (uint8_t) digits[code & 0xf];

        (void) qwen_buf_append(out, escape, 3);
    }
}


/* One byte, or one escape, of clean text; a byte of a longer sequence and half
 * of a surrogate pair stand for themselves. */
static const uint8_t *
qwen_search_line_next(const uint8_t *p, const uint8_t *end, uint32_t *code)
{
    size_t  i;

    *code = *p;

    if (*p != '\\' || end - p < 2) {
        return p + 1;
    }

    switch (p[1]) {

    case 'b':
        *code = '\b';
        break;

    case 'f':
        *code = '\f';
        break;

    case 'n':
        *code = '\n';
        break;

    case 'r':
        *code = '\r';
        break;

    case 't':
        *code = '\t';
        break;

    case 'u':

        if (end - p < 6) {
            break;
        }

        *code = 0;

        for (i = 2; i < 6; i++) {
            *code = *code << 4 | (qwen_utf8_hex(p[i]) & 0xf);
        }

        return p + 6;

    default:
        *code = p[1];
    }

    return p + 2;
}
