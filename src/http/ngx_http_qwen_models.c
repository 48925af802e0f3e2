
/* The list of models: a worker's copy of it, and the routes that tell it. */

#include "ngx_http_qwen_models.h"
#include "ngx_http_qwen_effective.h"
#include "ngx_http_qwen_respond.h"
#include "ngx_http_qwen_task.h"
#include "qwen_openai_models.h"


#define NGX_HTTP_QWEN_MODELS_POLL  25
#define NGX_HTTP_QWEN_MAX_LIST     (8 * 1024 * 1024)


/* A list as clients get it; requests that send it hold it too. */
typedef struct {
    ngx_uint_t               holders;
    qwen_buf_t               body;
} ngx_http_qwen_models_list_t;


/* A worker's copy of the list. */
typedef struct {
    struct ngx_qwen_zone_s  *zone;       /* that it is from */
    ngx_uint_t               generation;
    qwen_models_t            models;

    ngx_http_qwen_models_list_t  *lists[2];  /* without and with variants */
} ngx_http_qwen_models_copy_t;


/* A client's request for the list. */
typedef struct {
    ngx_msec_t               deadline;
    ngx_str_t                id;
} ngx_http_qwen_models_request_t;


static void ngx_http_qwen_models_wait(ngx_http_request_t *r);
static qwen_fail_class_t ngx_http_qwen_models_hopeless(ngx_http_request_t *r,
    ngx_msec_t *wait);
static void ngx_http_qwen_models_release(void *data);
static ngx_http_qwen_models_list_t *ngx_http_qwen_models_list(
    ngx_uint_t variants);
static ngx_int_t ngx_http_qwen_models_respond_one(ngx_http_request_t *r,
    ngx_str_t *id, const qwen_models_t *models);
static ngx_int_t ngx_http_qwen_models_respond(ngx_http_request_t *r,
    ngx_str_t *id, const qwen_models_t *models);


static ngx_http_qwen_models_copy_t  ngx_http_qwen_models_copy;


const qwen_models_t *
ngx_http_qwen_models(ngx_http_qwen_main_conf_t *qmcf)
{
    ngx_str_t                     body;
    ngx_pool_t                   *pool;
    ngx_uint_t                    generation;
    qwen_models_t                 models;
    qwen_failure_t                failure;
    qwen_web_answer_t             answer;
    ngx_http_qwen_models_copy_t  *copy;

    copy = &ngx_http_qwen_models_copy;

    if (copy->zone != qmcf->pool.sh) {
        ngx_http_qwen_models_exit();
        copy->zone = qmcf->pool.sh;
    }

    if (ngx_qwen_models_generation(&qmcf->pool) == copy->generation) {
        return copy->generation ? &copy->models : NULL;
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return copy->generation ? &copy->models : NULL;
    }

    ngx_memzero(&answer, sizeof(qwen_web_answer_t));
    ngx_memzero(&models, sizeof(qwen_models_t));

    if (ngx_qwen_models_copy(&qmcf->pool, pool, &body, &generation)
        == NGX_OK)
    {
        answer.status = NGX_HTTP_OK;
        answer.body = (qwen_str_t) { body.data, body.len };

        if (qwen_web_models_answer(&answer, &models, &failure) == QWEN_OK) {
            ngx_http_qwen_models_exit();
            copy->models = models;
            copy->generation = generation;
        }
    }

    ngx_destroy_pool(pool);

    return copy->generation ? &copy->models : NULL;
}


void
ngx_http_qwen_models_exit(void)
{
    ngx_uint_t                    i;
    ngx_http_qwen_models_copy_t  *copy;

    copy = &ngx_http_qwen_models_copy;

    for (i = 0; i < 2; i++) {
        ngx_http_qwen_models_release(copy->lists[i]);
        copy->lists[i] = NULL;
    }

    qwen_models_free(&copy->models);
    copy->generation = 0;
}


static void
ngx_http_qwen_models_release(void *data)
{
    ngx_http_qwen_models_list_t  *list = data;

    if (list && --list->holders == 0) {
        qwen_buf_free(&list->body);
        ngx_free(list);
    }
}


/* The list as JSON, rendered once; NULL: no memory. */

static ngx_http_qwen_models_list_t *
ngx_http_qwen_models_list(ngx_uint_t variants)
{
    ngx_http_qwen_models_copy_t   *copy;
    ngx_http_qwen_models_list_t  **list;

    copy = &ngx_http_qwen_models_copy;
    list = &copy->lists[variants ? 1 : 0];

    if (*list) {
        return *list;
    }

    *list = ngx_calloc(sizeof(ngx_http_qwen_models_list_t), ngx_cycle->log);
    if (*list == NULL) {
        return NULL;
    }

    (*list)->holders = 1;
    qwen_buf_init(&(*list)->body, NGX_HTTP_QWEN_MAX_LIST);

    if (qwen_openai_models_render(&copy->models, variants, ngx_time(),
                                  &(*list)->body)
        != QWEN_OK)
    {
        ngx_http_qwen_models_release(*list);
        *list = NULL;
    }

    return *list;
}


ngx_int_t
ngx_http_qwen_models_handler(ngx_http_request_t *r, ngx_str_t *id)
{
    ngx_int_t                        rc;
    const qwen_models_t             *models;
    ngx_http_qwen_ctx_t             *ctx;
    ngx_http_qwen_loc_conf_t        *qlcf;
    ngx_http_qwen_main_conf_t       *qmcf;
    ngx_http_qwen_models_request_t  *request;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    qmcf = ngx_http_get_module_main_conf(r, ngx_http_qwen_module);

    models = ngx_http_qwen_models(qmcf);

    if (models) {
        return ngx_http_qwen_models_respond(r, id, models);
    }

    ctx = ngx_http_qwen_get_ctx(r);
    request = ngx_pcalloc(r->pool, sizeof(ngx_http_qwen_models_request_t));

    if (ctx == NULL || request == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    qlcf = ngx_http_get_module_loc_conf(r, ngx_http_qwen_module);

    request->deadline = ngx_current_msec + qlcf->timeout;
    request->id = *id;
    ctx->models = request;

    r->main->count++;

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_qwen_models_wait(r);

    return NGX_DONE;
}


/* Until background work has brought a list. */

static void
ngx_http_qwen_models_wait(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_msec_t                       wait;
    qwen_failure_t                   failure;
    qwen_openai_error_t              error;
    const qwen_models_t             *models;
    ngx_http_qwen_ctx_t             *ctx;
    ngx_http_qwen_main_conf_t       *qmcf;
    ngx_http_qwen_models_request_t  *request;

    ctx = ngx_http_get_module_ctx(r, ngx_http_qwen_module);
    qmcf = ngx_http_get_module_main_conf(r, ngx_http_qwen_module);
    request = ctx->models;
    failure.hours = 0;

    models = ngx_http_qwen_models(qmcf);

    if (models) {
        rc = ngx_http_qwen_models_respond(r, &request->id, models);
        ngx_http_finalize_request(r, rc);
        return;
    }

    failure.class = ngx_http_qwen_models_hopeless(r, &wait);

    if (failure.class == QWEN_FAIL_NONE
        && (ngx_msec_int_t) (request->deadline - ngx_current_msec) <= 0)
    {
        failure.class = QWEN_FAIL_TIMEOUT;
    }

    if (failure.class != QWEN_FAIL_NONE) {
        qwen_openai_error_failure(&error, &failure);
        rc = ngx_http_qwen_respond_error(r, &error, wait);
        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_http_qwen_task_nudge();

    ngx_http_qwen_timer_set(&ctx->timer, NGX_HTTP_QWEN_MODELS_POLL,
                            ngx_http_qwen_models_wait);
}


/* Why no list can come soon; QWEN_FAIL_NONE: one may. */

static qwen_fail_class_t
ngx_http_qwen_models_hopeless(ngx_http_request_t *r, ngx_msec_t *wait)
{
    ngx_qwen_lease_t           *lease;
    qwen_fail_class_t           class;
    ngx_qwen_pool_status_t      status;
    ngx_http_qwen_main_conf_t  *qmcf;

    qmcf = ngx_http_get_module_main_conf(r, ngx_http_qwen_module);

    class = ngx_qwen_models_failure(&qmcf->pool, wait);
    if (class != QWEN_FAIL_NONE) {
        return class;
    }

    ngx_qwen_pool_status(&qmcf->pool, &status);

    if (status.ready || !ngx_qwen_pool_loaded(&qmcf->pool)) {
        return QWEN_FAIL_NONE;
    }

    switch (ngx_qwen_lease_take(&qmcf->pool, r->pool, NGX_QWEN_KIND_CHAT,
                                NULL, 0, &lease, wait))
    {
    case NGX_OK:
        ngx_qwen_lease_release(lease);
        return QWEN_FAIL_NONE;

    case NGX_AGAIN:
        return QWEN_FAIL_NONE;

    case NGX_BUSY:
        return QWEN_FAIL_RATE_LIMITED;

    default:
        return QWEN_FAIL_TOKEN;
    }
}


static ngx_int_t
ngx_http_qwen_models_respond(ngx_http_request_t *r, ngx_str_t *id,
    const qwen_models_t *models)
{
    ngx_pool_cleanup_t           *cln;
    qwen_openai_error_t           error;
    ngx_http_qwen_effective_t     effective;
    ngx_http_qwen_models_list_t  *list;

    if (id->len) {
        return ngx_http_qwen_models_respond_one(r, id, models);
    }

    ngx_http_qwen_effective_of(r, &effective);

    list = ngx_http_qwen_models_list(effective.models_variants);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (list == NULL || cln == NULL) {
        qwen_openai_error_status(&error, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return ngx_http_qwen_respond_error(r, &error, 0);
    }

    list->holders++;
    cln->handler = ngx_http_qwen_models_release;
    cln->data = list;

    return ngx_http_qwen_respond_memory(r, NGX_HTTP_OK,
                                        qwen_buf_str(&list->body));
}


static ngx_int_t
ngx_http_qwen_models_respond_one(ngx_http_request_t *r, ngx_str_t *id,
    const qwen_models_t *models)
{
    ngx_int_t                  rc;
    qwen_rc_t                  found;
    qwen_str_t                 name;
    qwen_buf_t                 body;
    qwen_openai_error_t        error;
    ngx_http_qwen_effective_t  effective;

    ngx_http_qwen_effective_of(r, &effective);

    qwen_buf_init(&body, NGX_HTTP_QWEN_MAX_LIST);

    name = (qwen_str_t) { id->data, id->len };
    found = qwen_openai_model_render(models, name, effective.models_variants,
                                     ngx_time(), &body);

    if (found == QWEN_OK) {
        rc = ngx_http_qwen_respond_json(r, NGX_HTTP_OK, qwen_buf_str(&body));
        qwen_buf_free(&body);
        return rc;
    }

    qwen_buf_free(&body);

    if (found == QWEN_AGAIN) {
        qwen_openai_error_set(&error, NGX_HTTP_NOT_FOUND, "model_not_found",
                              "model", "The model '%.*s' does not exist",
                              (int) ngx_min(id->len, 100), id->data);
    } else {
        qwen_openai_error_status(&error, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }

    return ngx_http_qwen_respond_error(r, &error, 0);
}
