
/*
 * The file that keeps everything, as Qwen2API has it:
 *
 *     {"defaultHeaders":null,"defaultCookie":null,
 *      "accounts":[{"email":..},..],"settings":{..}}
 *
 * It is rendered in pieces, so that accounts can be copied and rendered some
 * at a time, with each member and each account on a line of its own.  Members
 * that are not known are kept and stand first; settings are left out when there
 * are none.
 */

#ifndef QWEN_DATA_FILE_H
#define QWEN_DATA_FILE_H


#include "qwen_record.h"


/* The other members of a new file. */
#define QWEN_DATA_FILE_NEW  "\"defaultHeaders\":null,\"defaultCookie\":null"


typedef struct {
    qwen_str_t               extra;          /* other members, as JSON */
    qwen_record_account_t   *accounts;       /* no email is there twice */
    size_t                   naccounts;
    qwen_record_settings_t   settings;
} qwen_data_file_t;


/* Reads a whole file.  QWEN_OK, or QWEN_ERROR with the error filled.  In both
 * cases what was read is in memory; a ring of NULL opens nothing. */
qwen_rc_t qwen_data_file_parse(qwen_str_t text, const qwen_seal_ring_t *ring,
    qwen_memory_t *memory, qwen_data_file_t *file,
    qwen_record_error_t *error);

/*
 * The pieces in their order: the begin, each account, the end.  They are
 * appended; a buffer may be emptied between them.  "n" is how many accounts
 * went before.  QWEN_OK or QWEN_ERROR, as qwen_record_account_render().
 */
qwen_rc_t qwen_data_file_render_begin(qwen_str_t extra, qwen_buf_t *out);
qwen_rc_t qwen_data_file_render_account(const qwen_record_account_t *account,
    size_t n, const qwen_seal_ring_t *ring, qwen_buf_t *out);
qwen_rc_t qwen_data_file_render_end(const qwen_record_settings_t *settings,
    size_t n, const qwen_seal_ring_t *ring, qwen_buf_t *out);


#endif /* QWEN_DATA_FILE_H */
