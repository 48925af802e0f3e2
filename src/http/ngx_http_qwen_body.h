
/* The client's body: read by nginx, scanned in steps that never hold the
 * worker up, wherever nginx has put it. */

#ifndef _NGX_HTTP_QWEN_BODY_H_INCLUDED_
#define _NGX_HTTP_QWEN_BODY_H_INCLUDED_


#include "ngx_http_qwen_ctx.h"
#include "qwen_scan.h"


/* Takes the scanned body; rc is QWEN_OK, or QWEN_ERROR with body->scan.error.
 * It finalizes the request, now or later. */
typedef void (*ngx_http_qwen_body_pt)(ngx_http_request_t *r,
    ngx_http_qwen_body_t *body, qwen_rc_t rc);

struct ngx_http_qwen_body_s {
    qwen_body_t              reader;     /* must be first */
    qwen_scan_t              scan;
    cJSON                   *root;
    ngx_http_request_t      *request;
    ngx_http_qwen_body_pt    handler;
    u_char                  *piece;      /* of a body in a file */
    unsigned                 failed:1;   /* the file could not be read */
};


/* Reads and scans the body of r.  To be returned by a content handler. */
ngx_int_t ngx_http_qwen_body_read(ngx_http_request_t *r, size_t max_json,
    ngx_http_qwen_body_pt handler);

/* Frees the scan and the body itself, which is of no use after it. */
void ngx_http_qwen_body_free(ngx_http_qwen_body_t *body);


#endif /* _NGX_HTTP_QWEN_BODY_H_INCLUDED_ */
