
#include "qwen_json_write.h"
#include "qwen_text.h"


void
qwen_json_put_name(qwen_buf_t *out, const char *name)
{
    uint8_t  last;

    last = out->len ? out->data[out->len - 1] : '[';

    if (last != '{' && last != '[' && last != ',') {
        (void) qwen_buf_append_literal(out, ",");
    }

    if (name) {
        (void) qwen_buf_append_literal(out, "\"");
        (void) qwen_buf_append(out, name, strlen(name));
        (void) qwen_buf_append_literal(out, "\":");
    }
}


void
qwen_json_put_string(qwen_buf_t *out, const char *name, qwen_str_t plain)
{
    qwen_json_put_name(out, name);

    (void) qwen_buf_append_literal(out, "\"");
    (void) qwen_text_escape(out, plain.data, plain.len);
    (void) qwen_buf_append_literal(out, "\"");
}


void
qwen_json_put_int(qwen_buf_t *out, const char *name, int64_t value)
{
    qwen_json_put_name(out, name);
    (void) qwen_buf_append_int(out, value);
}


void
qwen_json_put_bool(qwen_buf_t *out, const char *name, bool value)
{
    qwen_json_put_json(out, name, value ? qwen_literal("true")
                                        : qwen_literal("false"));
}


void
qwen_json_put_null(qwen_buf_t *out, const char *name)
{
    qwen_json_put_json(out, name, qwen_literal("null"));
}


void
qwen_json_put_json(qwen_buf_t *out, const char *name, qwen_str_t json)
{
    qwen_json_put_name(out, name);
    (void) qwen_buf_append_str(out, json);
}


void
qwen_json_begin_object(qwen_buf_t *out, const char *name)
{
    qwen_json_put_json(out, name, qwen_literal("{"));
}


void
qwen_json_end_object(qwen_buf_t *out)
{
    (void) qwen_buf_append_literal(out, "}");
}


void
qwen_json_begin_array(qwen_buf_t *out, const char *name)
{
    qwen_json_put_json(out, name, qwen_literal("["));
}


void
qwen_json_end_array(qwen_buf_t *out)
{
    (void) qwen_buf_append_literal(out, "]");
}
