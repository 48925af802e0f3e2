
/*
 * JSON put together in a buffer, member by member.  Commas are set where they
 * are needed: behind anything but the bracket that opened the object or array,
 * another comma, or the begin of the buffer.  What fails, the buffer remembers.
 *
 * A name of NULL makes an element of an array, or the text itself.  Names are
 * written as they are; strings are plain UTF-8 and are escaped.
 */

#ifndef QWEN_JSON_WRITE_H
#define QWEN_JSON_WRITE_H


#include "qwen_buf.h"


/* The comma and the name of the next member; its value is to follow. */
void qwen_json_put_name(qwen_buf_t *out, const char *name);

void qwen_json_put_string(qwen_buf_t *out, const char *name, qwen_str_t plain);
void qwen_json_put_int(qwen_buf_t *out, const char *name, int64_t value);
void qwen_json_put_bool(qwen_buf_t *out, const char *name, bool value);
void qwen_json_put_null(qwen_buf_t *out, const char *name);

/* The value is JSON already. */
void qwen_json_put_json(qwen_buf_t *out, const char *name, qwen_str_t json);

/* An object or array, open until its end is put. */
void qwen_json_begin_object(qwen_buf_t *out, const char *name);
void qwen_json_end_object(qwen_buf_t *out);
void qwen_json_begin_array(qwen_buf_t *out, const char *name);
void qwen_json_end_array(qwen_buf_t *out);


#endif /* QWEN_JSON_WRITE_H */
