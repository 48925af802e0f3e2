
/* The strings of a scanned text: the part of the scanner that decides what is
 * copied into the skeleton.  Private to the scanner. */

#ifndef QWEN_SCAN_STRING_H
#define QWEN_SCAN_STRING_H


#include "qwen_scan.h"


/* Where a string's reader stands (scan->string). */
typedef enum {
    scan_string_over = 0,
    scan_string_text,
    scan_string_escape,
    scan_string_digits,              /* of \u */
    scan_string_utf8
} qwen_scan_string_e;


/* Notes an error; the answer is for functions that return a place. */
static inline const uint8_t *
qwen_scan_fail(qwen_scan_t *scan, qwen_scan_error_t error)
{
    scan->error = error;

    return NULL;
}


/* Copies bytes into the skeleton; false: no memory. */
static inline bool
qwen_scan_copy(qwen_scan_t *scan, const void *data, size_t len)
{
    if (qwen_buf_append(&scan->skeleton, data, len) != QWEN_OK) {
        (void) qwen_scan_fail(scan, QWEN_SCAN_MEMORY);
        return false;
    }

    return true;
}


static inline bool
qwen_scan_check_size(qwen_scan_t *scan)
{
    if (scan->skeleton.len > scan->limits.max_skeleton) {
        (void) qwen_scan_fail(scan, QWEN_SCAN_SIZE);
        return false;
    }

    return true;
}


/* Begins a string at its quote.  Returns the next place, NULL: error. */
const uint8_t *qwen_scan_string_begin(qwen_scan_t *scan, const uint8_t *p,
    bool key);

/* Reads one byte or more; until scan->string is scan_string_over, the string
 * goes on.  Returns the next place, NULL: error. */
const uint8_t *qwen_scan_string_read(qwen_scan_t *scan, const uint8_t *p,
    const uint8_t *end);

/* Finds the extent that a string of the tree stands for; false: it stands for
 * itself. */
bool qwen_scan_string_extent(const qwen_scan_t *scan, const char *text,
    const qwen_scan_extent_t **extent);


#endif /* QWEN_SCAN_STRING_H */
