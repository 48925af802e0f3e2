
/* The rarer members of an event: what a delta's "extra" holds. */

#ifndef QWEN_WEB_EXTRA_H
#define QWEN_WEB_EXTRA_H


#include "qwen_web_stream.h"


/* Passes a piece of text or reasoning on, clean.  QWEN_OK, or QWEN_ERROR with
 * stream->failure, as all functions here. */
qwen_rc_t qwen_web_stream_pass(qwen_web_stream_t *stream,
    qwen_delta_type_t type, qwen_str_t piece);

/* Notes why the stream cannot go on; always QWEN_ERROR. */
qwen_rc_t qwen_web_stream_fail(qwen_web_stream_t *stream,
    qwen_fail_class_t class);

/* A member of an object that is known to be whole JSON text, as such. */
bool qwen_web_extra_find(qwen_str_t object, const char *name,
    qwen_str_t *value);

/* Passes on a picture's URL, unless it was before. */
qwen_rc_t qwen_web_extra_image(qwen_web_stream_t *stream, qwen_str_t url);

/* extra.image_list[].image */
qwen_rc_t qwen_web_extra_images(qwen_web_stream_t *stream, qwen_str_t extra);

/* extra.web_search_info[] */
qwen_rc_t qwen_web_extra_sources(qwen_web_stream_t *stream,
    qwen_str_t extra);

/* extra.summary_title.content[] and extra.summary_thought.content[], both
 * cumulative: what is new of them, as reasoning. */
qwen_rc_t qwen_web_summary(qwen_web_stream_t *stream, qwen_str_t extra);

/* Ends the title of a summary that no thought followed. */
qwen_rc_t qwen_web_summary_end(qwen_web_stream_t *stream);


#endif /* QWEN_WEB_EXTRA_H */
