
/* Keys of clients and accounts of the upstream, inline and from files. */

#include "ngx_http_qwen_conf.h"


#define NGX_HTTP_QWEN_MAX_FILE  (4 * 1024 * 1024)


typedef char *(*ngx_http_qwen_line_pt)(ngx_conf_t *cf, ngx_str_t *line);


static char *ngx_http_qwen_add_account(ngx_conf_t *cf, ngx_str_t *line);
static char *ngx_http_qwen_add_key(ngx_conf_t *cf, ngx_str_t *line);
static char *ngx_http_qwen_read_lines(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_qwen_line_pt handler);
static ngx_int_t ngx_http_qwen_read_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);
static void ngx_http_qwen_trim(ngx_str_t *line);


char *
ngx_http_qwen_set_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qwen_main_conf_t *qmcf = conf;

    ngx_str_t  *value, name;

    value = cf->args->elts;
    ngx_str_null(&name);

    if (cf->args->nelts == 3) {
        name = value[2];

        if (name.len <= 5 || ngx_strncmp(name.data, "name=", 5) != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\" "
                               "directive, it must be \"name=...\"",
                               &value[2], &cmd->name);
            return NGX_CONF_ERROR;
        }

        name.data += 5;
        name.len -= 5;
    }

    return ngx_qwen_keys_add(cf, &qmcf->keys, &value[1], &name);
}


char *
ngx_http_qwen_set_key_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_qwen_read_lines(cf, cmd, ngx_http_qwen_add_key);
}


static char *
ngx_http_qwen_add_key(ngx_conf_t *cf, ngx_str_t *line)
{
    u_char                     *p, *last;
    ngx_str_t                   key, name;
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_qwen_module);

    p = line->data;
    last = p + line->len;

    while (p < last && *p != ' ' && *p != '\t') {
        p++;
    }

    key.data = line->data;
    key.len = p - line->data;

    name.data = p;
    name.len = last - p;
    ngx_http_qwen_trim(&name);

    return ngx_qwen_keys_add(cf, &qmcf->keys, &key, &name);
}


char *
ngx_http_qwen_set_account(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    return ngx_http_qwen_add_account(cf, &value[1]);
}


char *
ngx_http_qwen_set_account_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_qwen_read_lines(cf, cmd, ngx_http_qwen_add_account);
}


static char *
ngx_http_qwen_add_account(ngx_conf_t *cf, ngx_str_t *line)
{
    u_char                     *colon;
    ngx_uint_t                  i;
    ngx_qwen_credentials_t     *account, *accounts;
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_qwen_module);

    colon = ngx_strlchr(line->data, line->data + line->len, ':');

    if (colon == NULL || colon == line->data
        || colon == line->data + line->len - 1)
    {
        return "takes accounts as \"email:password\"";
    }

    if ((size_t) (colon - line->data) > NGX_QWEN_EMAIL_MAX
        || (size_t) (line->data + line->len - colon - 1)
           > NGX_QWEN_PASSWORD_MAX)
    {
        return "has an account whose email or password is too long";
    }

    accounts = qmcf->pool.accounts.elts;

    for (i = 0; i < qmcf->pool.accounts.nelts; i++) {
        if (accounts[i].email.len == (size_t) (colon - line->data)
            && ngx_strncmp(accounts[i].email.data, line->data,
                           accounts[i].email.len)
               == 0)
        {
            return "has an account that was given before";
        }
    }

    account = ngx_array_push(&qmcf->pool.accounts);
    if (account == NULL) {
        return NGX_CONF_ERROR;
    }

    account->email.data = line->data;
    account->email.len = colon - line->data;
    account->password.data = colon + 1;
    account->password.len = line->data + line->len - colon - 1;

    return NGX_CONF_OK;
}


/* Calls handler for each line that is not empty and no comment; a line is
 * never shown in a message, as it holds a secret. */

static char *
ngx_http_qwen_read_lines(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_qwen_line_pt handler)
{
    char        *rc;
    u_char      *p, *last, *end;
    ngx_str_t   *value, name, text, line;
    ngx_uint_t   n;

    value = cf->args->elts;
    name = value[1];

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK
        || ngx_http_qwen_read_file(cf, &name, &text) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    last = text.data + text.len;

    for (p = text.data, n = 1; p < last; p = end + 1, n++) {
        end = ngx_strlchr(p, last, '\n');
        if (end == NULL) {
            end = last;
        }

        line.data = p;
        line.len = end - p;
        ngx_http_qwen_trim(&line);

        if (line.len == 0 || line.data[0] == '#') {
            continue;
        }

        rc = handler(cf, &line);

        if (rc != NGX_CONF_OK) {
            if (rc != NGX_CONF_ERROR) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"%V\" %s, in line %ui of \"%V\"",
                                   &cmd->name, rc, n, &name);
            }

            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_qwen_read_file(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
{
    off_t            size;
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_int_t        rc;
    ngx_file_info_t  fi;

    rc = NGX_ERROR;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    size = ngx_file_size(&fi);

    if (size > NGX_HTTP_QWEN_MAX_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" is larger than %uz "
                           "bytes", name, (size_t) NGX_HTTP_QWEN_MAX_FILE);
        goto done;
    }

    text->data = ngx_pnalloc(cf->pool, size + 1);
    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_fd(fd, text->data, size);

    if (n != size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", name);
        goto done;
    }

    text->len = n;
    rc = NGX_OK;

done:

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


static void
ngx_http_qwen_trim(ngx_str_t *line)
{
    while (line->len
           && (line->data[0] == ' ' || line->data[0] == '\t'))
    {
        line->data++;
        line->len--;
    }

    while (line->len
           && (line->data[line->len - 1] == ' '
               || line->data[line->len - 1] == '\t'
               || line->data[line->len - 1] == '\r'))
    {
        line->len--;
    }
}
