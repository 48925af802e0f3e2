
/* The setter of plain values: a number, a time, a size, a name. */

#include "ngx_http_qwen_conf.h"


static char *ngx_http_qwen_set_name(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_conf_enum_t  ngx_http_qwen_reasoning_names[] = {
    { ngx_string("reasoning_content"), NGX_HTTP_QWEN_REASONING_CONTENT },
    { ngx_string("think"), NGX_HTTP_QWEN_REASONING_THINK },
    { ngx_string("off"), NGX_HTTP_QWEN_REASONING_OFF },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_qwen_search_names[] = {
    { ngx_string("table"), NGX_HTTP_QWEN_SEARCH_TABLE },
    { ngx_string("text"), NGX_HTTP_QWEN_SEARCH_TEXT },
    { ngx_null_string, 0 }
};


ngx_http_qwen_value_t  ngx_http_qwen_time = {
    ngx_conf_set_msec_slot, NULL, 0, 0, "a time, such as 15s"
};

ngx_http_qwen_value_t  ngx_http_qwen_positive_time = {
    ngx_conf_set_msec_slot, NULL, 1, 0, "a time, such as 15s, but not 0"
};

ngx_http_qwen_value_t  ngx_http_qwen_size = {
    ngx_conf_set_size_slot, NULL, 1024, 0, "a size of at least 1k, such as 512k or 4m"
};

ngx_http_qwen_value_t  ngx_http_qwen_attempts = {
    ngx_conf_set_num_slot, NULL, 1, 100, "a number from 1 to 100"
};

ngx_http_qwen_value_t  ngx_http_qwen_reasoning = {
    ngx_http_qwen_set_name, ngx_http_qwen_reasoning_names, 0, 0,
    "reasoning_content, think or off"
};

ngx_http_qwen_value_t  ngx_http_qwen_search_info = {
    ngx_http_qwen_set_name, ngx_http_qwen_search_names, 0, 0, "table or text"
};


char *
ngx_http_qwen_set_value(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                   *rv;
    ngx_str_t              *value;
    ngx_uint_t              set;
    ngx_command_t           slot;
    ngx_http_qwen_value_t  *allowed;

    allowed = cmd->post;

    slot = *cmd;
    slot.post = allowed->names;

    rv = allowed->set(cf, &slot, conf);

    if (rv == NGX_CONF_OK) {

        /* numbers, times, sizes and names all are of one word */

        set = *(ngx_uint_t *) ((u_char *) conf + cmd->offset);

        if (set >= allowed->min && (allowed->max == 0 || set <= allowed->max)) {
            return NGX_CONF_OK;
        }

    } else if (rv != NGX_CONF_ERROR && ngx_strcmp(rv, "is duplicate") == 0) {
        return rv;
    }

    value = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"%V\" directive, it must be "
                       "%s", &value[1], &cmd->name, allowed->allowed);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_qwen_set_name(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t        *value;
    ngx_uint_t       *slot;
    ngx_conf_enum_t  *name;

    slot = (ngx_uint_t *) ((u_char *) conf + cmd->offset);

    if (*slot != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (name = cmd->post; name->name.len; name++) {
        if (name->name.len == value[1].len
            && ngx_strcmp(name->name.data, value[1].data) == 0)
        {
            *slot = name->value;
            return NGX_CONF_OK;
        }
    }

    return "invalid value";
}
