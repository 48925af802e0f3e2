
/* The lines of a table or a list of sources, as escaped text. */

#ifndef QWEN_SEARCH_LINE_H
#define QWEN_SEARCH_LINE_H


#include "qwen_buf.h"
#include "qwen_delta.h"


/* Appends the two lines that begin a table.  A failure shows in out. */
void qwen_search_line_head(qwen_buf_t *out);

/* Appends the line of a source, n counts from 1. */
void qwen_search_line(qwen_buf_t *out, const qwen_source_t *source, size_t n,
    bool table);


#endif /* QWEN_SEARCH_LINE_H */
