
/* What the administrator's answers tell of an account. */

#ifndef _NGX_HTTP_QWEN_ADMIN_STATUS_H_INCLUDED_
#define _NGX_HTTP_QWEN_ADMIN_STATUS_H_INCLUDED_


#include "ngx_http_qwen_admin.h"
#include "ngx_qwen_accounts.h"


typedef enum {
    NGX_HTTP_QWEN_ACTIVE = 0,
    NGX_HTTP_QWEN_WARN,
    NGX_HTTP_QWEN_COOLDOWN,
    NGX_HTTP_QWEN_TOKEN_EXPIRING,
    NGX_HTTP_QWEN_CHALLENGED,
    NGX_HTTP_QWEN_STATES
} ngx_http_qwen_state_e;


/* "active", "warn", "cooldown", "token_expiring", "challenged". */
extern const qwen_str_t  ngx_http_qwen_states[NGX_HTTP_QWEN_STATES];

ngx_http_qwen_state_e ngx_http_qwen_admin_state(
    const ngx_qwen_account_copy_t *copy);

/* Adds the member "status". */
void ngx_http_qwen_admin_put_status(qwen_buf_t *out,
    const ngx_qwen_account_copy_t *copy);

/* Adds "chat" and "cli", what was counted on that day; NULL: nothing. */
void ngx_http_qwen_admin_put_day(qwen_buf_t *out,
    const qwen_record_day_t *day);

/* The counts of a day, as 20261125; NULL: there are none. */
const qwen_record_day_t *ngx_http_qwen_admin_day(
    const ngx_qwen_account_copy_t *copy, uint32_t date);


#endif /* _NGX_HTTP_QWEN_ADMIN_STATUS_H_INCLUDED_ */
