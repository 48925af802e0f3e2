
/*
 * The text of JSON strings (RFC 8259, section 7), without the quotes.
 * "Escaped" is the text as it stands between the quotes, "plain" is what it
 * means, in UTF-8.
 */

#ifndef QWEN_TEXT_H
#define QWEN_TEXT_H


#include "qwen_buf.h"


/* Appends plain bytes as escaped text: quotes, backslashes and control bytes
 * are escaped, each invalid UTF-8 sequence becomes U+FFFD.
 * QWEN_OK or QWEN_ERROR (buffer). */
qwen_rc_t qwen_text_escape(qwen_buf_t *out, const void *plain, size_t len);

/* Appends the plain form of valid escaped text; \u0000 becomes a zero byte, a
 * lone surrogate U+FFFD.  QWEN_OK or QWEN_ERROR (invalid escape, buffer). */
qwen_rc_t qwen_text_unescape(qwen_buf_t *out, qwen_str_t escaped);

/* The same for a part of such a text.  Unless it is the last one, an escape
 * that begins in its last 11 bytes is left over, as it might go on behind
 * them: *used is the number of bytes that were read. */
qwen_rc_t qwen_text_unescape_part(qwen_buf_t *out, qwen_str_t part, bool last,
    size_t *used);


/*
 * Cleans the escaped text of a stream of deltas from an untrusted sender, so
 * that every piece can be put between quotes again.  A piece that is clean
 * already is passed on as it is, without a copy; invalid UTF-8 becomes
 * U+FFFD, a raw control byte is escaped.  A high surrogate at the end of a
 * piece waits for the low one at the start of the next; one that stays alone
 * becomes U+FFFD.
 */
typedef struct {
    qwen_buf_t  scratch;             /* holds a repaired piece */
    uint16_t    high;                /* waiting high surrogate, or 0 */
    uint64_t    plain_len;           /* plain bytes of all pieces so far */
} qwen_text_cleaner_t;


void qwen_text_cleaner_init(qwen_text_cleaner_t *c, size_t max);
void qwen_text_cleaner_free(qwen_text_cleaner_t *c);

/* Cleans one piece.  On QWEN_OK *out is the clean text (perhaps empty), valid
 * until the next call or as long as "piece".  QWEN_ERROR: an invalid escape
 * or the cap. */
qwen_rc_t qwen_text_clean(qwen_text_cleaner_t *c, qwen_str_t piece,
    qwen_str_t *out);

/* At the end of the stream: *out is what still waited (U+FFFD or nothing). */
void qwen_text_clean_end(qwen_text_cleaner_t *c, qwen_str_t *out);


#endif /* QWEN_TEXT_H */
