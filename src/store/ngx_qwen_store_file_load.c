
/* What the master does for the store "file". */

#include "ngx_qwen_store_file.h"


#define NGX_QWEN_STORE_MAX_FILE  ((size_t) 512 * 1024 * 1024)

/* How long the file may be locked by a worker that saves (milliseconds). */
#define NGX_QWEN_STORE_PATIENCE  5000
#define NGX_QWEN_STORE_PAUSE     10


static ngx_int_t ngx_qwen_store_file_parse(ngx_qwen_store_t *store,
    qwen_str_t text, ngx_log_t *log);
static ngx_int_t ngx_qwen_store_file_restore(ngx_qwen_store_t *store,
    const qwen_data_file_t *data, ngx_log_t *log);
static ngx_int_t ngx_qwen_store_file_prepare(ngx_qwen_store_t *store,
    ngx_core_conf_t *ccf, ngx_log_t *log);
static ngx_int_t ngx_qwen_store_file_own(ngx_qwen_store_t *store,
    ngx_core_conf_t *ccf, ngx_log_t *log);
static ngx_int_t ngx_qwen_store_file_is_alone(ngx_qwen_store_file_t *ctx);
static ngx_int_t ngx_qwen_store_file_take(ngx_qwen_save_t *save,
    ngx_core_conf_t *ccf, ngx_log_t *log);
static ngx_int_t ngx_qwen_store_file_lock(ngx_qwen_save_t *save);


ngx_int_t
ngx_qwen_store_file_load(ngx_qwen_store_t *store, ngx_log_t *log)
{
    char                   *path;
    ngx_int_t               rc;
    qwen_buf_t              text;
    qwen_file_id_t          id, after;
    ngx_qwen_store_mark_t  *mark;
    ngx_qwen_store_file_t  *ctx;

    ctx = store->ctx;
    path = (char *) ctx->path.data;
    mark = ngx_qwen_changes_mark(store->pool);

    qwen_buf_init(&text, NGX_QWEN_STORE_MAX_FILE);

    /* another process may put a new one in its place meanwhile */

    do {
        qwen_buf_reset(&text);

        if (qwen_file_identify(path, &id) != QWEN_OK
            || (id.ino && qwen_file_read(path, &text) != QWEN_OK)
            || qwen_file_identify(path, &after) != QWEN_OK)
        {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                          "qwen_store could not read \"%V\"", &ctx->path);
            qwen_buf_free(&text);
            return NGX_ERROR;
        }

    } while (!qwen_file_id_eq(&id, &after));

    rc = id.ino ? ngx_qwen_store_file_parse(store, qwen_buf_str(&text), log)
                : NGX_OK;

    if (text.data) {
        ngx_explicit_memzero(text.data, text.size);
    }

    qwen_buf_free(&text);

    if (rc == NGX_OK) {
        mark->current = id;
        mark->next = id;
        ngx_qwen_pool_set_loaded(store->pool);
    }

    return rc;
}


static ngx_int_t
ngx_qwen_store_file_parse(ngx_qwen_store_t *store, qwen_str_t text,
    ngx_log_t *log)
{
    ngx_int_t               rc;
    qwen_memory_t           memory;
    qwen_data_file_t        data;
    qwen_record_error_t     error;
    ngx_qwen_store_file_t  *ctx;

    ctx = store->ctx;

    qwen_memory_init(&memory, 2 * NGX_QWEN_STORE_MAX_FILE);

    if (qwen_data_file_parse(text, ctx->ring, &memory, &data, &error)
        == QWEN_OK)
    {
        rc = ngx_qwen_store_file_restore(store, &data, log);

    } else {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "qwen_store cannot use \"%V\": %s in line %uz, "
                      "column %uz; the file was left as it is",
                      &ctx->path, error.reason, error.line, error.column);
        rc = NGX_ERROR;
    }

    qwen_memory_free(&memory);

    return rc;
}


static ngx_int_t
ngx_qwen_store_file_restore(ngx_qwen_store_t *store,
    const qwen_data_file_t *data, ngx_log_t *log)
{
    size_t                  i;
    uint32_t                sync;
    ngx_qwen_store_file_t  *ctx;

    ctx = store->ctx;

    sync = ngx_qwen_accounts_sync_begin(store->pool);

    for (i = 0; i < data->naccounts; i++) {
        if (ngx_qwen_accounts_restore(store->pool, &data->accounts[i], sync)
            != NGX_OK)
        {
            goto too_small;
        }
    }

    if (ngx_qwen_settings_restore(store->pool, &data->settings, data->extra)
        != NGX_OK)
    {
        goto too_small;
    }

    ngx_qwen_accounts_sync_end(store->pool, sync);

    return NGX_OK;

too_small:

    ngx_log_error(NGX_LOG_EMERG, log, 0,
                  "qwen_zone \"%V\" is too small for the %uz accounts in "
                  "\"%V\", increase its size",
                  &store->pool->shm_zone->shm.name, data->naccounts,
                  &ctx->path);

    return NGX_ERROR;
}


/*
 * The master takes the file over for its workers: whoever kept it before, as
 * the workers of a binary that is being replaced, finds another file in its
 * place and leaves it alone.  It may have saved since the file was loaded.  On a
 * reload too the file is written, as owner and keys may be others now.
 */

void
ngx_qwen_store_file_commit(ngx_qwen_store_t *store, ngx_cycle_t *cycle)
{
    ngx_int_t         rc;
    ngx_core_conf_t  *ccf;
    ngx_qwen_save_t  *save;

    if (ngx_test_config) {
        return;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (ngx_qwen_store_file_prepare(store, ccf, cycle->log) != NGX_OK) {
        return;
    }

    save = ngx_alloc(sizeof(ngx_qwen_save_t), cycle->log);
    if (save == NULL) {
        return;
    }

    ngx_qwen_save_init(save, store);

    rc = ngx_qwen_store_file_take(save, ccf, cycle->log);

    if (rc == NGX_OK) {
        ngx_qwen_changes_saved(store->pool, save->change);

    } else {
        ngx_qwen_save_failed(save, rc);
        ngx_qwen_save_log(save, rc, cycle->log);
    }

    ngx_qwen_save_close(save);
    ngx_free(save);
}


static ngx_int_t
ngx_qwen_store_file_take(ngx_qwen_save_t *save, ngx_core_conf_t *ccf,
    ngx_log_t *log)
{
    uid_t              owner;
    gid_t              group;
    ngx_int_t          rc;
    ngx_qwen_store_t  *store;

    store = save->store;

    rc = ngx_qwen_store_file_lock(save);

    if (rc == NGX_DECLINED) {
        if (ngx_qwen_store_file_load(store, log) != NGX_OK) {
            return NGX_DECLINED;
        }

    } else if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    owner = (geteuid() == 0) ? ccf->user : (uid_t) -1;
    group = (geteuid() == 0) ? ccf->group : (gid_t) -1;

    return ngx_qwen_save_all(save, owner, group);
}


static ngx_int_t
ngx_qwen_store_file_lock(ngx_qwen_save_t *save)
{
    ngx_int_t   rc;
    ngx_msec_t  waited;

    waited = 0;

    for ( ;; ) {
        rc = ngx_qwen_save_lock(save);

        if (rc != NGX_AGAIN) {
            return rc;
        }

        if (waited >= NGX_QWEN_STORE_PATIENCE) {
            save->error = NGX_EAGAIN;
            return NGX_ERROR;
        }

        ngx_msleep(NGX_QWEN_STORE_PAUSE);
        waited += NGX_QWEN_STORE_PAUSE;
    }
}


/* Makes the directory, and gives it and the file to the workers. */

static ngx_int_t
ngx_qwen_store_file_prepare(ngx_qwen_store_t *store, ngx_core_conf_t *ccf,
    ngx_log_t *log)
{
    ngx_qwen_store_file_t  *ctx;

    ctx = store->ctx;

    if (ngx_create_dir(ctx->dir, 0700) == NGX_FILE_ERROR
        && ngx_errno != NGX_EEXIST)
    {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "qwen_store could not make the directory \"%s\"",
                      ctx->dir);
        return NGX_ERROR;
    }

    if (geteuid() != 0) {
        return NGX_OK;
    }

    return ngx_qwen_store_file_own(store, ccf, log);
}


static ngx_int_t
ngx_qwen_store_file_own(ngx_qwen_store_t *store, ngx_core_conf_t *ccf,
    ngx_log_t *log)
{
    int                     fd;
    ngx_int_t               rc;
    ngx_file_info_t         fi;
    ngx_qwen_store_file_t  *ctx;

    ctx = store->ctx;
    rc = NGX_ERROR;

    fd = open(ctx->dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1 || ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "qwen_store could not open the directory \"%s\"",
                      ctx->dir);

    } else if (fi.st_uid == ccf->user) {
        rc = NGX_OK;

    } else if (ngx_qwen_store_file_is_alone(ctx) != NGX_OK) {

        /* a directory of something else, perhaps /etc, is not ours to give */

        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "the directory \"%s\" of qwen_store does not belong to "
                      "the workers' user \"%s\"; it holds other files, so its "
                      "owner was not changed", ctx->dir, ccf->username);
        rc = NGX_OK;

    } else if (fchown(fd, ccf->user, ccf->group) == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "qwen_store could not give the directory \"%s\" to "
                      "user \"%s\"", ctx->dir, ccf->username);

    } else {
        rc = NGX_OK;
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return rc;
}


/* Whether the directory holds nothing but the file. */

static ngx_int_t
ngx_qwen_store_file_is_alone(ngx_qwen_store_file_t *ctx)
{
    char           *name;
    DIR            *dir;
    ngx_int_t       rc;
    struct dirent  *entry;

    dir = opendir(ctx->dir);
    if (dir == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    while ((entry = readdir(dir))) {
        name = entry->d_name;

        if (ngx_strcmp(name, ".") != 0
            && ngx_strcmp(name, "..") != 0
            && ngx_strcmp(name, "lost+found") != 0
            && ngx_strcmp(name, ctx->name) != 0
            && ngx_strcmp(name, ctx->tmp) != 0)
        {
            rc = NGX_DECLINED;
            break;
        }
    }

    (void) closedir(dir);

    return rc;
}
