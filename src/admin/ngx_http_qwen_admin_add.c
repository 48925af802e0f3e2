
/*
 * An account is added when it has signed in: one whose password is wrong never
 * comes into the zone.  The sign-in goes on when the client leaves.
 */

#include "ngx_http_qwen_admin_add.h"
#include "ngx_http_qwen_signin.h"
#include "ngx_qwen_accounts.h"


typedef struct {
    ngx_http_qwen_main_conf_t  *qmcf;
    ngx_str_t                   email;
    ngx_str_t                   password;
    ngx_log_t                  *log;
    ngx_http_qwen_added_pt      handler;
    void                       *data;
} ngx_http_qwen_addition_t;

/* Whether the client still waits; lives as long as the sign-in. */
typedef struct {
    ngx_http_qwen_admin_t      *admin;       /* NULL: it has left */
    ngx_str_t                   email;
} ngx_http_qwen_waiter_t;


static ngx_int_t ngx_http_qwen_add_copy(ngx_pool_t *pool, ngx_str_t *from,
    ngx_str_t *to);
static void ngx_http_qwen_add_done(void *data,
    const ngx_http_qwen_signin_result_t *result);
static ngx_int_t ngx_http_qwen_add_keep(ngx_http_qwen_addition_t *addition,
    const ngx_http_qwen_signin_result_t *result);
static void ngx_http_qwen_set_account_done(void *data, ngx_int_t rc,
    qwen_fail_class_t class);
static void ngx_http_qwen_set_account_failed(ngx_http_qwen_admin_t *admin,
    qwen_fail_class_t class);
static void ngx_http_qwen_set_account_left(void *data);


ngx_int_t
ngx_http_qwen_add(ngx_http_qwen_main_conf_t *qmcf, ngx_str_t *email,
    ngx_str_t *password, ngx_http_qwen_added_pt handler, void *data)
{
    ngx_pool_t                *pool;
    ngx_http_qwen_job_t       *job;
    ngx_http_qwen_addition_t  *addition;

    job = ngx_http_qwen_job_create(qmcf);
    if (job == NULL) {
        return NGX_ERROR;
    }

    pool = job->request->pool;

    addition = ngx_pcalloc(pool, sizeof(ngx_http_qwen_addition_t));

    if (addition == NULL
        || ngx_http_qwen_add_copy(pool, email, &addition->email) != NGX_OK
        || ngx_http_qwen_add_copy(pool, password, &addition->password)
           != NGX_OK)
    {
        ngx_http_qwen_job_destroy(job);
        return NGX_ERROR;
    }

    addition->qmcf = qmcf;
    addition->log = job->request->connection->log;
    addition->handler = handler;
    addition->data = data;

    return ngx_http_qwen_signin(job, &addition->email, &addition->password,
                                ngx_http_qwen_add_done, addition);
}


static ngx_int_t
ngx_http_qwen_add_copy(ngx_pool_t *pool, ngx_str_t *from, ngx_str_t *to)
{
    to->len = from->len;
    to->data = ngx_pstrdup(pool, from);

    return to->data ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_qwen_add_done(void *data, const ngx_http_qwen_signin_result_t *result)
{
    ngx_http_qwen_addition_t *addition = data;

    ngx_int_t  rc;

    if (result->failure.class != QWEN_FAIL_NONE) {
        ngx_http_qwen_signin_log(&addition->email, result, addition->log);

        addition->handler(addition->data, NGX_ABORT, result->failure.class);
        return;
    }

    rc = ngx_http_qwen_add_keep(addition, result);

    addition->handler(addition->data, rc, QWEN_FAIL_NONE);
}


static ngx_int_t
ngx_http_qwen_add_keep(ngx_http_qwen_addition_t *addition,
    const ngx_http_qwen_signin_result_t *result)
{
    qwen_record_account_t  record;

    ngx_memzero(&record, sizeof(qwen_record_account_t));

    record.email.data = addition->email.data;
    record.email.len = addition->email.len;
    record.password.data = addition->password.data;
    record.password.len = addition->password.len;
    record.token.data = result->token.data;
    record.token.len = result->token.len;
    record.expires = result->expires;

    return ngx_qwen_accounts_add(&addition->qmcf->pool, &record);
}


void
ngx_http_qwen_admin_set_account(ngx_http_qwen_admin_t *admin)
{
    ngx_str_t                email, password;
    ngx_pool_cleanup_t      *cln;
    ngx_http_qwen_waiter_t  *waiter;

    if (ngx_http_qwen_admin_string(admin, "email", NGX_QWEN_EMAIL_MAX, &email)
        != NGX_OK
        || ngx_http_qwen_admin_string(admin, "password", NGX_QWEN_PASSWORD_MAX,
                                      &password)
           != NGX_OK
        || !ngx_http_qwen_admin_may_change(admin))
    {
        return;
    }

    if (ngx_qwen_accounts_exist(&admin->qmcf->pool, &email)) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_CONFLICT,
                                  "There is such an account already");
        return;
    }

    waiter = ngx_alloc(sizeof(ngx_http_qwen_waiter_t),
                       admin->request->connection->log);
    cln = ngx_pool_cleanup_add(admin->request->pool, 0);

    if (waiter == NULL || cln == NULL) {
        ngx_free(waiter);
        ngx_http_finalize_request(admin->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    waiter->admin = admin;
    waiter->email = email;

    admin->data = waiter;
    cln->handler = ngx_http_qwen_set_account_left;
    cln->data = admin;

    if (ngx_http_qwen_add(admin->qmcf, &email, &password,
                          ngx_http_qwen_set_account_done, waiter)
        != NGX_OK)
    {
        ngx_free(waiter);
        admin->data = NULL;

        ngx_http_qwen_admin_error(admin, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                  "The sign-in could not begin");
    }
}


static void
ngx_http_qwen_set_account_left(void *data)
{
    ngx_http_qwen_admin_t *admin = data;

    ngx_http_qwen_waiter_t  *waiter;

    waiter = admin->data;

    if (waiter) {
        waiter->admin = NULL;
    }
}


static void
ngx_http_qwen_set_account_done(void *data, ngx_int_t rc,
    qwen_fail_class_t class)
{
    ngx_http_qwen_waiter_t *waiter = data;

    ngx_str_t               email;
    ngx_connection_t       *c;
    ngx_http_qwen_admin_t  *admin;

    admin = waiter->admin;
    email = waiter->email;

    ngx_free(waiter);

    if (admin == NULL) {
        return;
    }

    admin->data = NULL;
    c = admin->request->connection;

    switch (rc) {

    case NGX_OK:
        ngx_http_qwen_admin_message(admin, "The account was added");
        qwen_json_put_string(&admin->answer, "email",
                             (qwen_str_t) { email.data, email.len });
        qwen_json_end_object(&admin->answer);

        ngx_http_qwen_admin_kept(admin, NGX_HTTP_OK);
        break;

    case NGX_DECLINED:
        ngx_http_qwen_admin_error(admin, NGX_HTTP_CONFLICT,
                                  "There is such an account already");
        break;

    case NGX_ABORT:
        ngx_http_qwen_set_account_failed(admin, class);
        break;

    default: /* NGX_ERROR */
        ngx_http_qwen_admin_error(admin, NGX_HTTP_INSUFFICIENT_STORAGE,
                                  "The zone is full, increase the size of "
                                  "\"qwen_zone\"");
        break;
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_qwen_set_account_failed(ngx_http_qwen_admin_t *admin,
    qwen_fail_class_t class)
{
    u_char      text[128];
    qwen_str_t  name;

    if (class == QWEN_FAIL_TOKEN) {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_UNAUTHORIZED,
                                  "The upstream refuses the e-mail address or "
                                  "password");
        return;
    }

    name = qwen_fail_class_name(class);

    *ngx_snprintf(text, sizeof(text) - 1, "The sign-in failed: %*s",
                  name.len, name.data) = '\0';

    ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_GATEWAY, (char *) text);
}
