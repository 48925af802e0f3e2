
/* Accounts are removed, one or many. */

#include "ngx_http_qwen_admin.h"
#include "ngx_qwen_accounts.h"


/* What became of those that were to be removed. */
typedef struct {
    ngx_uint_t  deleted;
    ngx_uint_t  not_found;
    ngx_uint_t  configured;
} ngx_http_qwen_deletion_t;


static void ngx_http_qwen_delete_some(ngx_http_qwen_admin_t *admin,
    const cJSON *emails, ngx_http_qwen_deletion_t *deletion);
static void ngx_http_qwen_delete_all(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_deletion_t *deletion);
static void ngx_http_qwen_delete_one(ngx_http_qwen_admin_t *admin,
    ngx_str_t *email, ngx_http_qwen_deletion_t *deletion);


void
ngx_http_qwen_admin_delete_account(ngx_http_qwen_admin_t *admin)
{
    ngx_str_t  email;

    if (ngx_http_qwen_admin_string(admin, "email", NGX_QWEN_EMAIL_MAX, &email)
        != NGX_OK
        || !ngx_http_qwen_admin_may_change(admin))
    {
        return;
    }

    switch (ngx_qwen_accounts_remove(&admin->qmcf->pool, &email)) {

    case NGX_OK:
        ngx_http_qwen_admin_message(admin, "The account was deleted");
        qwen_json_end_object(&admin->answer);
        ngx_http_qwen_admin_kept(admin, NGX_HTTP_OK);
        return;

    case NGX_BUSY:
        ngx_http_qwen_admin_error(admin, NGX_HTTP_CONFLICT,
                                  "The account is set by \"qwen_account\" or "
                                  "\"qwen_account_file\" and can only be "
                                  "removed there");
        return;

    default: /* NGX_DECLINED */
        ngx_http_qwen_admin_error(admin, NGX_HTTP_NOT_FOUND,
                                  "There is no such account");
        return;
    }
}


/* Those of the configuration stay, and are told. */

void
ngx_http_qwen_admin_delete_accounts(ngx_http_qwen_admin_t *admin)
{
    const cJSON                 *emails;
    ngx_http_qwen_deletion_t     deletion;

    emails = qwen_json_get(admin->body, "emails");

    if (!qwen_json_get_true(admin->body, "all")
        && (!cJSON_IsArray(emails) || cJSON_GetArraySize(emails) == 0))
    {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "\"emails\" must be an array of strings, or "
                                  "\"all\" true");
        return;
    }

    if (!ngx_http_qwen_admin_may_change(admin)) {
        return;
    }

    ngx_memzero(&deletion, sizeof(ngx_http_qwen_deletion_t));

    if (qwen_json_get_true(admin->body, "all")) {
        ngx_http_qwen_delete_all(admin, &deletion);

    } else {
        ngx_http_qwen_delete_some(admin, emails, &deletion);
    }

    ngx_http_qwen_admin_message(admin, "The accounts were deleted");
    qwen_json_put_int(&admin->answer, "deleted", (int64_t) deletion.deleted);
    qwen_json_put_int(&admin->answer, "notFound",
                      (int64_t) deletion.not_found);
    qwen_json_put_int(&admin->answer, "configured",
                      (int64_t) deletion.configured);
    qwen_json_end_object(&admin->answer);

    ngx_http_qwen_admin_kept(admin, NGX_HTTP_OK);
}


static void
ngx_http_qwen_delete_some(ngx_http_qwen_admin_t *admin, const cJSON *emails,
    ngx_http_qwen_deletion_t *deletion)
{
    ngx_str_t     email;
    const cJSON  *item;

    cJSON_ArrayForEach(item, emails) {

        if (!cJSON_IsString(item)) {
            deletion->not_found++;
            continue;
        }

        email.data = (u_char *) item->valuestring;
        email.len = ngx_strlen(item->valuestring);

        ngx_http_qwen_delete_one(admin, &email, deletion);
    }
}


static void
ngx_http_qwen_delete_all(ngx_http_qwen_admin_t *admin,
    ngx_http_qwen_deletion_t *deletion)
{
    uint64_t                  number;
    ngx_str_t                 email;
    ngx_qwen_account_copy_t  *copy;

    copy = ngx_palloc(admin->request->pool, sizeof(ngx_qwen_account_copy_t));
    if (copy == NULL) {
        return;
    }

    for (number = 0;
         ngx_qwen_accounts_next(&admin->qmcf->pool, number, copy) == NGX_OK;
         number = copy->number)
    {
        email.data = (u_char *) copy->record.email.data;
        email.len = copy->record.email.len;

        ngx_http_qwen_delete_one(admin, &email, deletion);
    }
}


static void
ngx_http_qwen_delete_one(ngx_http_qwen_admin_t *admin, ngx_str_t *email,
    ngx_http_qwen_deletion_t *deletion)
{
    switch (ngx_qwen_accounts_remove(&admin->qmcf->pool, email)) {

    case NGX_OK:
        deletion->deleted++;
        break;

    case NGX_BUSY:
        deletion->configured++;
        break;

    default: /* NGX_DECLINED */
        deletion->not_found++;
        break;
    }
}
