
/*
 * The upstream takes one message, so a conversation is folded into one text.
 *
 * A single user message goes as it is, unless it begins with "<|", or with
 * backslashes and then "<|".  Otherwise each message is a turn:
 *
 *     <|system|>
 *     the text
 *
 *     <|user|>
 *     the text
 *
 * A turn is the line "<|role|>" and its text; a blank line stands between two
 * turns and nothing after the last.  System and developer turns come first, in
 * their order, then the others in theirs.  A line of a text that begins with
 * any number of backslashes and then "<|" gets one backslash more, so that the
 * exact roles and texts can be read back whatever the texts hold.
 */

#ifndef QWEN_FOLD_H
#define QWEN_FOLD_H


#include "qwen_request.h"


/* Appends the folded text, escaped, without quotes.  *plain_len is its length
 * in plain bytes.  QWEN_OK, or QWEN_ERROR: the buffer's cap (out->failed), or
 * the body cannot be read. */
qwen_rc_t qwen_fold(const qwen_request_t *request, qwen_body_t *body,
    qwen_buf_t *out, uint64_t *plain_len);


#endif /* QWEN_FOLD_H */
