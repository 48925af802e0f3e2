
/*
 * An incremental JSON scanner (RFC 8259) for request bodies of any size.  It
 * validates the whole text, bytes split anywhere, and copies it, without
 * white space, into a capped "skeleton" that cJSON can parse; a string that is
 * long or holds an escape is replaced there by a short placeholder, and its
 * extent in the body is kept instead.  So no text is lost to a zero byte, and
 * a picture of 100 MB costs a few bytes.
 */

#ifndef QWEN_SCAN_H
#define QWEN_SCAN_H


#include "qwen_buf.h"
#include "qwen_utf8.h"


typedef struct cJSON cJSON;


/*
 * Escaped text: a place in the body, or bytes of a skeleton.  A text is simple
 * when none of its lines begins with "<" or with a backslash and no \u stands
 * for ASCII in it.
 */
typedef struct {
    const uint8_t  *data;            /* NULL: at offset in the body */
    uint64_t        offset;
    uint64_t        len;
    uint64_t        simple_len;      /* plain bytes; 0: may not be simple */
} qwen_span_t;


/* Reads a body: sets *data to as many bytes at offset as lie together, at
 * most len, and returns their number; 0 on error.  The bytes are valid until
 * the next call. */
typedef struct qwen_body_s  qwen_body_t;

struct qwen_body_s {
    size_t  (*read)(qwen_body_t *body, uint64_t offset, size_t len,
                    const uint8_t **data);
};


/* The deepest nesting that cJSON reads; limits above it do not count. */
#define QWEN_SCAN_MAX_DEPTH  1000

typedef struct {
    size_t    max_skeleton;          /* bytes */
    size_t    max_values;            /* values, members among them */
    unsigned  max_depth;
} qwen_scan_limits_t;

typedef enum {
    QWEN_SCAN_SYNTAX = 1,            /* not JSON */
    QWEN_SCAN_UTF8,                  /* invalid UTF-8 in a string */
    QWEN_SCAN_DEPTH,
    QWEN_SCAN_SIZE,                  /* skeleton, number of values, or a
                                        number of more than 63 bytes */
    QWEN_SCAN_MEMORY
} qwen_scan_error_t;


/* The place in the body of a string that the skeleton does not hold. */
typedef struct {
    uint64_t            offset;
    uint64_t            len;
    uint64_t            simple_len;  /* as in qwen_span_t */
} qwen_scan_extent_t;


typedef struct {
    qwen_buf_t          skeleton;
    uint64_t            offset;      /* bytes read; at an error, its place */
    qwen_scan_error_t   error;

    qwen_scan_limits_t  limits;
    qwen_buf_t          levels;      /* '[' or '{' of each open one */
    qwen_scan_extent_t *extents;
    size_t              nextents;
    size_t              extents_size;
    size_t              nvalues;

    unsigned            state;
    unsigned            number;      /* state within a number */
    unsigned            number_len;
    const char         *literal;     /* rest of "true", "false" or "null" */

    unsigned            string;      /* state within a string */
    bool                key;         /* it names a member */
    bool                replaced;    /* it is not copied */
    size_t              copy;        /* its place in the skeleton */
    uint64_t            text;        /* its text's place in the body */
    unsigned            code;        /* of an escape */
    unsigned            ndigits;     /* read of an escape */
    unsigned            unfit;       /* escapes of a key not to be copied */
    uint64_t            high;        /* end of a high one's escape */
    uint64_t            saved;       /* bytes that its plain text has less */
    bool                line;        /* the next character begins a line */
    bool                simple;      /* as in qwen_span_t */
    const uint8_t      *valid;       /* UTF-8 of what is fed, up to it */
    qwen_utf8_t         utf8;
} qwen_scan_t;


void qwen_scan_init(qwen_scan_t *scan, const qwen_scan_limits_t *limits);
void qwen_scan_free(qwen_scan_t *scan);

/* Reads the next bytes.  QWEN_AGAIN or QWEN_ERROR (scan->error says why). */
qwen_rc_t qwen_scan_feed(qwen_scan_t *scan, const uint8_t *data, size_t len);

/* Ends the body.  QWEN_OK: it was one JSON value; *root is the skeleton as a
 * tree, to be freed by the caller with cJSON_Delete().  Else QWEN_ERROR. */
qwen_rc_t qwen_scan_end(qwen_scan_t *scan, cJSON **root);

/* The escaped text of a string of that tree; valid as long as the tree, the
 * scanner and the body.  false: not a string. */
bool qwen_scan_string(const qwen_scan_t *scan, const cJSON *item,
    qwen_span_t *span);

/* Appends the plain text of a span.  QWEN_ERROR: the buffer's cap, or the
 * body cannot be read. */
qwen_rc_t qwen_span_plain(qwen_span_t span, qwen_body_t *body,
    qwen_buf_t *out);


#endif /* QWEN_SCAN_H */
