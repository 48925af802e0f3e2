
#include "qwen_cursor.h"
#include "qwen_record_write.h"
#include "qwen_text.h"


static bool
qwen_record_is_open(const qwen_buf_t *out)
{
    return out->len && out->data[out->len - 1] == '{';
}


void
qwen_record_put_name(qwen_record_writer_t *writer, qwen_str_t name)
{
    if (!qwen_record_is_open(writer->out)) {
        (void) qwen_buf_append_literal(writer->out, ",");
    }

    if (writer->lines) {
        (void) qwen_buf_append_literal(writer->out, "\n");
    }

    (void) qwen_buf_append_literal(writer->out, "\"");
    (void) qwen_buf_append_str(writer->out, name);
    (void) qwen_buf_append_literal(writer->out, "\":");
}


void
qwen_record_put_string(qwen_record_writer_t *writer, qwen_str_t name,
    qwen_str_t plain)
{
    qwen_record_put_name(writer, name);

    (void) qwen_buf_append_literal(writer->out, "\"");
    (void) qwen_text_escape(writer->out, plain.data, plain.len);
    (void) qwen_buf_append_literal(writer->out, "\"");
}


void
qwen_record_put_number(qwen_record_writer_t *writer, uint64_t number)
{
    if (number > QWEN_RECORD_MAX_COUNT) {
        number = QWEN_RECORD_MAX_COUNT;
    }

    (void) qwen_buf_append_int(writer->out, (int64_t) number);
}


void
qwen_record_put_count(qwen_record_writer_t *writer, qwen_str_t name,
    uint64_t count)
{
    if (count) {
        qwen_record_put_name(writer, name);
        qwen_record_put_number(writer, count);
    }
}


void
qwen_record_put_flag(qwen_record_writer_t *writer, qwen_str_t name, bool flag)
{
    qwen_record_put_name(writer, name);

    if (flag) {
        (void) qwen_buf_append_literal(writer->out, "true");

    } else {
        (void) qwen_buf_append_literal(writer->out, "false");
    }
}


/* What is sealed has nothing to escape. */
void
qwen_record_put_secret(qwen_record_writer_t *writer, qwen_str_t context,
    qwen_str_t plain)
{
    qwen_buf_t  *out;

    out = writer->out;

    (void) qwen_buf_append_literal(out, "\"");

    if (writer->ring) {

        if (qwen_seal(writer->ring, context, plain, out) != QWEN_OK) {
            out->failed = true;
        }

    } else {

        if (qwen_seal_is_marked(plain)) {
            (void) qwen_buf_append_literal(out, QWEN_SEAL_RAW);
        }

        (void) qwen_text_escape(out, plain.data, plain.len);
    }

    (void) qwen_buf_append_literal(out, "\"");
}


void
qwen_record_put_extra(qwen_record_writer_t *writer, qwen_str_t extra)
{
    qwen_str_t     name, json;
    qwen_cursor_t  cursor;

    if (extra.len == 0) {
        return;
    }

    qwen_cursor_init(&cursor, extra);
    cursor.first = true;

    while (qwen_cursor_member(&cursor, &name) == QWEN_OK
           && qwen_cursor_value(&cursor, &json) == QWEN_OK)
    {
        qwen_record_put_name(writer, name);
        (void) qwen_buf_append_str(writer->out, json);
    }
}


size_t
qwen_record_put_object(qwen_record_writer_t *writer, qwen_str_t name)
{
    size_t  start;

    start = writer->out->len;

    qwen_record_put_name(writer, name);
    (void) qwen_buf_append_literal(writer->out, "{");

    return start;
}


void
qwen_record_put_end(qwen_record_writer_t *writer, size_t object)
{
    if (qwen_record_is_open(writer->out)) {
        writer->out->len = object;
        return;
    }

    (void) qwen_buf_append_literal(writer->out, "}");
}


qwen_rc_t
qwen_record_put_done(qwen_buf_t *out, size_t start)
{
    if (out->failed) {
        out->len = start;
        return QWEN_ERROR;
    }

    return QWEN_OK;
}
