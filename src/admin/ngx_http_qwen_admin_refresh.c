
/* Accounts are signed in again. */

#include "ngx_http_qwen_admin.h"
#include "ngx_http_qwen_task.h"
#include "ngx_qwen_accounts.h"


#define NGX_HTTP_QWEN_HOURS      24
#define NGX_HTTP_QWEN_HOURS_MAX  (365 * 24)

/* How long a sign-in may take, and how often that is looked at. */
#define NGX_HTTP_QWEN_REFRESH_PATIENCE  20000
#define NGX_HTTP_QWEN_REFRESH_PAUSE     50


typedef struct {
    ngx_str_t                email;
    ngx_uint_t               generation; /* of the token, when it began */
    ngx_qwen_account_copy_t  copy;
} ngx_http_qwen_refreshed_t;


static void ngx_http_qwen_refresh_wait(ngx_http_request_t *r);
static ngx_int_t ngx_http_qwen_refresh_look(ngx_http_qwen_admin_t *admin);
static void ngx_http_qwen_refresh_begin(ngx_http_qwen_admin_t *admin,
    ngx_uint_t hours);


void
ngx_http_qwen_admin_refresh_account(ngx_http_qwen_admin_t *admin)
{
    ngx_str_t                   email;
    ngx_http_qwen_refreshed_t  *refreshed;

    if (ngx_http_qwen_admin_string(admin, "email", NGX_QWEN_EMAIL_MAX, &email)
        != NGX_OK)
    {
        return;
    }

    refreshed = ngx_palloc(admin->request->pool,
                           sizeof(ngx_http_qwen_refreshed_t));
    if (refreshed == NULL) {
        ngx_http_finalize_request(admin->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (ngx_qwen_accounts_get(&admin->qmcf->pool, &email, &refreshed->copy)
        != NGX_OK
        || ngx_qwen_accounts_reset(&admin->qmcf->pool, &email) != NGX_OK)
    {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_NOT_FOUND,
                                  "There is no such account");
        return;
    }

    refreshed->email = email;
    refreshed->generation = refreshed->copy.generation;

    admin->data = refreshed;
    admin->deadline = ngx_current_msec + NGX_HTTP_QWEN_REFRESH_PATIENCE;

    ngx_http_qwen_task_nudge();

    ngx_http_qwen_refresh_wait(admin->request);
}


static void
ngx_http_qwen_refresh_wait(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_qwen_ctx_t        *ctx;
    ngx_http_qwen_admin_t      *admin;
    ngx_http_qwen_refreshed_t  *refreshed;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    admin = ctx->admin;
    refreshed = admin->data;

    rc = ngx_http_qwen_refresh_look(admin);

    if (rc == NGX_OK) {
        ngx_http_qwen_admin_message(admin, "The account was signed in again");
        qwen_json_put_string(&admin->answer, "email",
                             (qwen_str_t) { refreshed->email.data,
                                            refreshed->email.len });
        qwen_json_end_object(&admin->answer);

        ngx_http_qwen_admin_kept(admin, NGX_HTTP_OK);
        return;
    }

    if (rc == NGX_ERROR
        || (ngx_msec_int_t) (admin->deadline - ngx_current_msec) <= 0)
    {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                  "The account could not be signed in again, "
                                  "see its status");
        return;
    }

    ngx_http_qwen_timer_set(&ctx->timer, NGX_HTTP_QWEN_REFRESH_PAUSE,
                            ngx_http_qwen_refresh_wait);
}


/* NGX_OK: there is a new token; NGX_AGAIN: not yet; NGX_ERROR. */

static ngx_int_t
ngx_http_qwen_refresh_look(ngx_http_qwen_admin_t *admin)
{
    ngx_http_qwen_refreshed_t  *refreshed;

    refreshed = admin->data;

    if (ngx_qwen_accounts_get(&admin->qmcf->pool, &refreshed->email,
                              &refreshed->copy)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (refreshed->copy.signed_in
        && refreshed->copy.generation != refreshed->generation)
    {
        return NGX_OK;
    }

    return refreshed->copy.pending ? NGX_AGAIN : NGX_ERROR;
}


void
ngx_http_qwen_admin_refresh_all(ngx_http_qwen_admin_t *admin)
{
    int64_t       hours;
    const cJSON  *value;

    hours = NGX_HTTP_QWEN_HOURS;
    value = qwen_json_get(admin->body, "thresholdHours");

    if (value
        && !qwen_json_get_int(admin->body, "thresholdHours", 0,
                              NGX_HTTP_QWEN_HOURS_MAX, &hours))
    {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "\"thresholdHours\" must be a number from 0 "
                                  "to 8760");
        return;
    }

    ngx_http_qwen_refresh_begin(admin, (ngx_uint_t) hours);

    qwen_json_put_int(&admin->answer, "thresholdHours", hours);
    qwen_json_end_object(&admin->answer);

    ngx_http_qwen_admin_reply(admin, NGX_HTTP_OK);
}


void
ngx_http_qwen_admin_force_refresh_all(ngx_http_qwen_admin_t *admin)
{
    ngx_qwen_pool_status_t  status;

    ngx_qwen_pool_status(&admin->qmcf->pool, &status);

    ngx_http_qwen_refresh_begin(admin, NGX_HTTP_QWEN_HOURS_MAX);

    qwen_json_put_int(&admin->answer, "totalAccounts",
                      (int64_t) status.accounts);
    qwen_json_end_object(&admin->answer);

    ngx_http_qwen_admin_reply(admin, NGX_HTTP_OK);
}


/* The sign-ins go on in the background. */

static void
ngx_http_qwen_refresh_begin(ngx_http_qwen_admin_t *admin, ngx_uint_t hours)
{
    ngx_uint_t  n;

    n = ngx_qwen_signin_refresh(&admin->qmcf->pool, (time_t) hours * 3600);

    ngx_http_qwen_task_nudge();

    ngx_http_qwen_admin_message(admin, "The accounts are signed in again");
    qwen_json_put_int(&admin->answer, "refreshedCount", (int64_t) n);
}
