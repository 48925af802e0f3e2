
/*
 * Answers with a row for each account.  They are made and sent some rows at a
 * time, as fast as the client takes them, so a list of any length holds no
 * worker up and takes no more memory than one piece.
 */

#ifndef _NGX_HTTP_QWEN_ADMIN_LIST_H_INCLUDED_
#define _NGX_HTTP_QWEN_ADMIN_LIST_H_INCLUDED_


#include "ngx_http_qwen_admin_status.h"


/* Adds the row of an account, an object, to the answer. */
typedef void (*ngx_http_qwen_admin_row_pt)(ngx_http_qwen_admin_t *admin,
    const ngx_qwen_account_copy_t *copy);


/* Sends what the answer holds, which ends with the opened array, the row of
 * each account, and the end. */
void ngx_http_qwen_admin_list(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_admin_row_pt row, qwen_str_t end);

/* The same for accounts with these numbers, which must live as long as the
 * request; those that are gone meanwhile are left out. */
void ngx_http_qwen_admin_list_of(ngx_http_qwen_admin_t *admin,
    const uint64_t *numbers, ngx_uint_t n, ngx_http_qwen_admin_row_pt row,
    qwen_str_t end);


#endif /* _NGX_HTTP_QWEN_ADMIN_LIST_H_INCLUDED_ */
