
/* What a save of the store "file" does. */

#include "ngx_qwen_store_file.h"


/* How much is rendered in a step, that no worker is held up for long. */
#define NGX_QWEN_SAVE_ACCOUNTS  50
#define NGX_QWEN_SAVE_BYTES     (128 * 1024)

#define NGX_QWEN_SAVE_MAX       (64 * 1024 * 1024)


static ngx_int_t ngx_qwen_save_begin(ngx_qwen_save_t *save);
static ngx_int_t ngx_qwen_save_end(ngx_qwen_save_t *save);
static ngx_int_t ngx_qwen_save_settings(ngx_qwen_save_t *save, ngx_uint_t end);
static ngx_int_t ngx_qwen_save_error(ngx_qwen_save_t *save, ngx_err_t error);


void
ngx_qwen_save_init(ngx_qwen_save_t *save, ngx_qwen_store_t *store)
{
    ngx_qwen_store_file_t  *ctx;

    ctx = store->ctx;

    save->store = store;
    save->account = 0;
    save->naccounts = 0;
    save->error = 0;
    save->begun = 0;

    save->change = ngx_qwen_changes_last(store->pool);

    qwen_file_init(&save->file, (char *) ctx->path.data, ctx->dir, ctx->name,
                   ctx->tmp);
    qwen_buf_init(&save->out, NGX_QWEN_SAVE_MAX);
}


ngx_int_t
ngx_qwen_save_lock(ngx_qwen_save_t *save)
{
    qwen_rc_t               rc;
    qwen_file_id_t          id;
    ngx_qwen_store_mark_t  *mark;

    rc = qwen_file_lock(&save->file);

    if (rc == QWEN_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc != QWEN_OK || qwen_file_identify(save->file.path, &id) != QWEN_OK) {
        return ngx_qwen_save_error(save, ngx_errno);
    }

    mark = ngx_qwen_changes_mark(save->store->pool);

    if (qwen_file_id_eq(&id, &mark->next)) {
        mark->current = mark->next;
    }

    return qwen_file_id_eq(&id, &mark->current) ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_qwen_save_render(ngx_qwen_save_t *save)
{
    ngx_uint_t              i;
    ngx_qwen_store_file_t  *ctx;

    ctx = save->store->ctx;

    qwen_buf_reset(&save->out);

    if (!save->begun && ngx_qwen_save_begin(save) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_QWEN_SAVE_ACCOUNTS; i++) {

        if (save->out.len > NGX_QWEN_SAVE_BYTES) {
            break;
        }

        if (ngx_qwen_accounts_next(save->store->pool, save->account,
                                   &save->copy)
            != NGX_OK)
        {
            return ngx_qwen_save_end(save);
        }

        save->account = save->copy.number;

        if (qwen_data_file_render_account(&save->copy.record,
                                          save->naccounts++, ctx->ring,
                                          &save->out)
            != QWEN_OK)
        {
            return ngx_qwen_save_error(save, ENOMEM);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_qwen_save_begin(ngx_qwen_save_t *save)
{
    /* what changes from now on is for the next save */

    save->change = ngx_qwen_changes_begin(save->store->pool);
    save->begun = 1;

    return ngx_qwen_save_settings(save, 0);
}


static ngx_int_t
ngx_qwen_save_end(ngx_qwen_save_t *save)
{
    if (ngx_qwen_save_settings(save, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_DONE;
}


/* They stand at both ends of the file. */

static ngx_int_t
ngx_qwen_save_settings(ngx_qwen_save_t *save, ngx_uint_t end)
{
    qwen_rc_t                rc;
    qwen_str_t               extra;
    qwen_memory_t            memory;
    ngx_qwen_store_file_t   *ctx;
    qwen_record_settings_t   settings;

    ctx = save->store->ctx;

    qwen_memory_init(&memory, NGX_QWEN_SAVE_MAX);

    if (ngx_qwen_settings_copy(save->store->pool, &memory, &settings, &extra)
        != NGX_OK)
    {
        rc = QWEN_ERROR;

    } else if (end) {
        rc = qwen_data_file_render_end(&settings, save->naccounts, ctx->ring,
                                       &save->out);

    } else {
        if (extra.len == 0) {
            extra = qwen_literal(QWEN_DATA_FILE_NEW);
        }

        rc = qwen_data_file_render_begin(extra, &save->out);
    }

    qwen_memory_free(&memory);

    return rc == QWEN_OK ? NGX_OK : ngx_qwen_save_error(save, ENOMEM);
}


ngx_int_t
ngx_qwen_save_write(ngx_qwen_save_t *save, uid_t owner, gid_t group)
{
    if ((save->file.fd == -1
         && qwen_file_begin(&save->file, owner, group) != QWEN_OK)
        || qwen_file_write(&save->file, qwen_buf_str(&save->out)) != QWEN_OK)
    {
        return ngx_qwen_save_error(save, ngx_errno);
    }

    return NGX_OK;
}


ngx_int_t
ngx_qwen_save_finish(ngx_qwen_save_t *save)
{
    ngx_qwen_store_mark_t  *mark;

    mark = ngx_qwen_changes_mark(save->store->pool);

    if (qwen_file_sync(&save->file, &mark->next) != QWEN_OK
        || qwen_file_replace(&save->file) != QWEN_OK)
    {
        return ngx_qwen_save_error(save, ngx_errno);
    }

    mark->current = mark->next;

    return NGX_OK;
}


void
ngx_qwen_save_close(ngx_qwen_save_t *save)
{
    qwen_file_unlock(&save->file);

    if (save->out.data) {
        ngx_explicit_memzero(save->out.data, save->out.size);
    }

    qwen_buf_free(&save->out);
    ngx_explicit_memzero(&save->copy, sizeof(ngx_qwen_account_copy_t));
}


ngx_int_t
ngx_qwen_save_all(ngx_qwen_save_t *save, uid_t owner, gid_t group)
{
    ngx_int_t  rc;

    do {
        rc = ngx_qwen_save_render(save);

        if (rc == NGX_ERROR
            || ngx_qwen_save_write(save, owner, group) != NGX_OK)
        {
            return NGX_ERROR;
        }

    } while (rc != NGX_DONE);

    return ngx_qwen_save_finish(save);
}


void
ngx_qwen_save_failed(ngx_qwen_save_t *save, ngx_int_t rc)
{
    ngx_qwen_save_error_e  error;

    if (rc == NGX_DECLINED) {
        error = NGX_QWEN_SAVE_AWAY;

    } else if (save->error == NGX_ENOSPC
#ifdef EDQUOT
               || save->error == EDQUOT
#endif
              )
    {
        error = NGX_QWEN_SAVE_FULL;

    } else {
        error = NGX_QWEN_SAVE_FAILED;
    }

    ngx_qwen_changes_failed(save->store->pool, save->change, error);
}


void
ngx_qwen_save_log(ngx_qwen_save_t *save, ngx_int_t rc, ngx_log_t *log)
{
    ngx_qwen_store_file_t  *ctx;

    ctx = save->store->ctx;

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "\"%V\" was changed by another process, so qwen_store "
                      "does not overwrite it; reload nginx to take it in",
                      &ctx->path);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, log, save->error,
                  "qwen_store could not save \"%V\"", &ctx->path);
}


static ngx_int_t
ngx_qwen_save_error(ngx_qwen_save_t *save, ngx_err_t error)
{
    save->error = error;

    return NGX_ERROR;
}
