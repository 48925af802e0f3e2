
#include "ngx_qwen_store.h"


static ngx_qwen_store_type_t  *ngx_qwen_store_types[] = {
    &ngx_qwen_store_none,
    &ngx_qwen_store_file,
    &ngx_qwen_store_redis,
    NULL
};


ngx_qwen_store_type_t *
ngx_qwen_store_find(ngx_str_t *name)
{
    ngx_uint_t              i;
    ngx_qwen_store_type_t  *type;

    for (i = 0; ngx_qwen_store_types[i]; i++) {
        type = ngx_qwen_store_types[i];

        if (type->name.len == name->len
            && ngx_memcmp(type->name.data, name->data, name->len) == 0)
        {
            return type;
        }
    }

    return NULL;
}
