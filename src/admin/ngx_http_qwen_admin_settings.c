
/* Settings: shown and set. */

#include "ngx_http_qwen_admin.h"
#include "ngx_http_qwen_effective.h"
#include "ngx_qwen_settings.h"


static void ngx_http_qwen_settings_put(ngx_http_qwen_admin_t *admin,
    const qwen_record_settings_t *settings);
static void ngx_http_qwen_settings_put_keys(ngx_http_qwen_admin_t *admin,
    const qwen_record_settings_t *settings, ngx_uint_t reveal);
static void ngx_http_qwen_settings_put_key(qwen_buf_t *out, const char *name,
    qwen_str_t key, ngx_uint_t reveal);
static ngx_int_t ngx_http_qwen_settings_bool(ngx_http_qwen_admin_t *admin,
    const char *name, bool *value);
static ngx_int_t ngx_http_qwen_settings_int(ngx_http_qwen_admin_t *admin,
    const char *name, int64_t min, int64_t max, uint64_t *value);
static void ngx_http_qwen_settings_change(ngx_http_qwen_admin_t *admin,
    const qwen_record_settings_t *values);


void
ngx_http_qwen_admin_get_settings(ngx_http_qwen_admin_t *admin)
{
    ngx_uint_t               reveal;
    qwen_str_t               extra;
    qwen_memory_t            memory;
    qwen_record_settings_t   settings;

    reveal = ngx_http_qwen_admin_reveals(admin);

    qwen_memory_init(&memory, NGX_QWEN_SETTINGS_MAX);

    if (ngx_qwen_settings_copy(&admin->qmcf->pool, &memory, &settings, &extra)
        != NGX_OK)
    {
        qwen_memory_free(&memory);
        ngx_http_finalize_request(admin->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    qwen_json_begin_object(&admin->answer, NULL);
    ngx_http_qwen_settings_put_keys(admin, &settings, reveal);
    ngx_http_qwen_settings_put(admin, &settings);
    qwen_json_end_object(&admin->answer);

    qwen_memory_free(&memory);

    ngx_http_qwen_admin_reply(admin, NGX_HTTP_OK);
}


/* Of the configuration's keys only digests are known; the administrator's is
 * the one that was presented. */

static void
ngx_http_qwen_settings_put_keys(ngx_http_qwen_admin_t *admin,
    const qwen_record_settings_t *settings, ngx_uint_t reveal)
{
    size_t                i;
    qwen_buf_t           *out;
    ngx_http_qwen_ctx_t  *ctx;

    out = &admin->answer;
    ctx = ngx_http_get_module_ctx(admin->request, ngx_http_qwen_module);

    ngx_http_qwen_settings_put_key(out, "adminKey",
                                   (qwen_str_t) { ctx->presented.data,
                                                  ctx->presented.len },
                                   reveal);

    qwen_json_begin_array(out, "regularKeys");

    for (i = 0; i < settings->nkeys; i++) {
        ngx_http_qwen_settings_put_key(out, NULL, settings->keys[i].key,
                                       reveal);
    }

    qwen_json_end_array(out);
}


static void
ngx_http_qwen_settings_put_key(qwen_buf_t *out, const char *name,
    qwen_str_t key, ngx_uint_t reveal)
{
    if (reveal) {
        qwen_json_put_string(out, name, key);

    } else {
        ngx_http_qwen_admin_put_masked(out, name, key);
    }
}


static void
ngx_http_qwen_settings_put(ngx_http_qwen_admin_t *admin,
    const qwen_record_settings_t *settings)
{
    qwen_buf_t                *out;
    ngx_http_qwen_effective_t  effective;

    out = &admin->answer;
    ngx_http_qwen_effective_settings(settings, &effective);

    qwen_json_put_bool(out, "autoRefresh", effective.auto_refresh);
    qwen_json_put_int(out, "autoRefreshInterval",
                      (int64_t) effective.refresh_interval);
    qwen_json_put_int(out, "batchLoginConcurrency",
                      (int64_t) effective.signins);
    qwen_json_put_bool(out, "outThink",
                       effective.reasoning != NGX_HTTP_QWEN_REASONING_OFF);
    qwen_json_put_bool(out, "legacyReasoningInContent",
                       settings->legacy_reasoning);
    qwen_json_put_string(out, "searchInfoMode",
                         effective.search_info == NGX_HTTP_QWEN_SEARCH_TABLE
                         ? qwen_literal("table") : qwen_literal("text"));
    qwen_json_put_bool(out, "simpleModelMap", !effective.models_variants);
    qwen_json_put_int(out, "chatRetryCount", (int64_t) effective.attempts - 1);
    qwen_json_put_int(out, "chatRetryBackoffMs",
                      (int64_t) effective.retry_delay);
}


void
ngx_http_qwen_admin_set_auto_refresh(ngx_http_qwen_admin_t *admin)
{
    qwen_record_settings_t  values;

    ngx_memzero(&values, sizeof(qwen_record_settings_t));

    if (ngx_http_qwen_settings_bool(admin, "autoRefresh",
                                    &values.auto_refresh)
        != NGX_OK)
    {
        return;
    }

    values.set = QWEN_RECORD_AUTO_REFRESH;

    if (qwen_json_get(admin->body, "autoRefreshInterval")) {

        if (ngx_http_qwen_settings_int(admin, "autoRefreshInterval", 60,
                                       365 * 24 * 3600,
                                       &values.auto_refresh_interval)
            != NGX_OK)
        {
            return;
        }

        values.set |= QWEN_RECORD_AUTO_REFRESH_INTERVAL;
    }

    ngx_http_qwen_settings_change(admin, &values);
}


void
ngx_http_qwen_admin_set_concurrency(ngx_http_qwen_admin_t *admin)
{
    qwen_record_settings_t  values;

    ngx_memzero(&values, sizeof(qwen_record_settings_t));

    if (ngx_http_qwen_settings_int(admin, "batchLoginConcurrency", 1, 20,
                                   &values.batch_login_concurrency)
        == NGX_OK)
    {
        values.set = QWEN_RECORD_BATCH_LOGIN_CONCURRENCY;
        ngx_http_qwen_settings_change(admin, &values);
    }
}


void
ngx_http_qwen_admin_set_out_think(ngx_http_qwen_admin_t *admin)
{
    qwen_record_settings_t  values;

    ngx_memzero(&values, sizeof(qwen_record_settings_t));

    if (ngx_http_qwen_settings_bool(admin, "outThink", &values.out_think)
        == NGX_OK)
    {
        values.set = QWEN_RECORD_OUT_THINK;
        ngx_http_qwen_settings_change(admin, &values);
    }
}


void
ngx_http_qwen_admin_set_legacy_reasoning(ngx_http_qwen_admin_t *admin)
{
    qwen_record_settings_t  values;

    ngx_memzero(&values, sizeof(qwen_record_settings_t));

    if (ngx_http_qwen_settings_bool(admin, "legacyReasoningInContent",
                                    &values.legacy_reasoning)
        == NGX_OK)
    {
        values.set = QWEN_RECORD_LEGACY_REASONING;
        ngx_http_qwen_settings_change(admin, &values);
    }
}


void
ngx_http_qwen_admin_set_search_info(ngx_http_qwen_admin_t *admin)
{
    qwen_str_t              mode;
    qwen_record_settings_t  values;

    ngx_memzero(&values, sizeof(qwen_record_settings_t));

    mode = qwen_json_get_string(admin->body, "searchInfoMode");

    values.search_info_table = qwen_str_eq(mode, qwen_literal("table"));

    if (!values.search_info_table
        && !qwen_str_eq(mode, qwen_literal("text")))
    {
        ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST,
                                  "\"searchInfoMode\" must be table or text");
        return;
    }

    values.set = QWEN_RECORD_SEARCH_INFO_MODE;
    ngx_http_qwen_settings_change(admin, &values);
}


void
ngx_http_qwen_admin_set_simple_models(ngx_http_qwen_admin_t *admin)
{
    qwen_record_settings_t  values;

    ngx_memzero(&values, sizeof(qwen_record_settings_t));

    if (ngx_http_qwen_settings_bool(admin, "simpleModelMap",
                                    &values.simple_model_map)
        == NGX_OK)
    {
        values.set = QWEN_RECORD_SIMPLE_MODEL_MAP;
        ngx_http_qwen_settings_change(admin, &values);
    }
}


void
ngx_http_qwen_admin_set_retry(ngx_http_qwen_admin_t *admin)
{
    qwen_record_settings_t  values;

    ngx_memzero(&values, sizeof(qwen_record_settings_t));

    if (ngx_http_qwen_settings_int(admin, "chatRetryCount", 0, 10,
                                   &values.chat_retry_count)
        == NGX_OK
        && ngx_http_qwen_settings_int(admin, "chatRetryBackoffMs", 0, 60000,
                                      &values.chat_retry_backoff)
           == NGX_OK)
    {
        values.set = QWEN_RECORD_CHAT_RETRY_COUNT
                     | QWEN_RECORD_CHAT_RETRY_BACKOFF;
        ngx_http_qwen_settings_change(admin, &values);
    }
}


static ngx_int_t
ngx_http_qwen_settings_bool(ngx_http_qwen_admin_t *admin, const char *name,
    bool *value)
{
    u_char        text[128];
    const cJSON  *item;

    item = qwen_json_get(admin->body, name);

    if (cJSON_IsBool(item)) {
        *value = cJSON_IsTrue(item);
        return NGX_OK;
    }

    *ngx_snprintf(text, sizeof(text) - 1, "\"%s\" must be true or false",
                  name) = '\0';

    ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST, (char *) text);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_qwen_settings_int(ngx_http_qwen_admin_t *admin, const char *name,
    int64_t min, int64_t max, uint64_t *value)
{
    u_char   text[128];
    int64_t  n;

    if (qwen_json_get_int(admin->body, name, min, max, &n)) {
        *value = (uint64_t) n;
        return NGX_OK;
    }

    *ngx_snprintf(text, sizeof(text) - 1,
                  "\"%s\" must be a number from %L to %L", name, min, max)
        = '\0';

    ngx_http_qwen_admin_error(admin, NGX_HTTP_BAD_REQUEST, (char *) text);

    return NGX_ERROR;
}


static void
ngx_http_qwen_settings_change(ngx_http_qwen_admin_t *admin,
    const qwen_record_settings_t *values)
{
    if (!ngx_http_qwen_admin_may_change(admin)) {
        return;
    }

    ngx_qwen_settings_change(&admin->qmcf->pool, values);

    ngx_http_qwen_admin_message(admin, "The setting was changed");
    qwen_json_put_bool(&admin->answer, "status", true);
    qwen_json_put_bool(&admin->answer, "persisted",
                       admin->qmcf->store.type->keeps);
    qwen_json_end_object(&admin->answer);

    ngx_http_qwen_admin_kept(admin, NGX_HTTP_OK);
}
