
/* E-mail addresses as logs may show them. */

#include "ngx_qwen_pool.h"


ngx_str_t
ngx_qwen_mask_email(ngx_str_t *email, u_char *buf, size_t size)
{
    u_char     *p, *last, *at, *end;
    size_t      shown;
    ngx_str_t   masked;

    masked.data = buf;

    p = buf;
    last = buf + size;
    end = email->data + email->len;

    at = ngx_strlchr(email->data, end, '@');
    if (at == NULL) {
        at = end;
    }

    /* two characters of a short name would be most of it */

    shown = (at - email->data < 5) ? 1 : 2;

    if (at == email->data) {
        shown = 0;
    }

    p = ngx_slprintf(p, last, "%*s***%*s", shown, email->data,
                     (size_t) (end - at), at);

    masked.len = p - buf;

    for (p = buf; p < buf + masked.len; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }

    return masked;
}
