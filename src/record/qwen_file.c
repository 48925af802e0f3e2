
/* flock() and st_mtim beside -std=c11 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qwen_file.h"


#define QWEN_FILE_PIECE  65536


static qwen_rc_t qwen_file_read_fd(int fd, qwen_buf_t *out);
static void qwen_file_id(qwen_file_id_t *id, const struct stat *st);
static void qwen_file_close(int *fd);


void
qwen_file_init(qwen_file_t *file, const char *path, const char *dir,
    const char *name, const char *tmp)
{
    file->path = path;
    file->dir = dir;
    file->name = name;
    file->tmp = tmp;
    file->dir_fd = -1;
    file->fd = -1;
}


qwen_rc_t
qwen_file_lock(qwen_file_t *file)
{
    file->dir_fd = open(file->dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (file->dir_fd == -1) {
        return QWEN_ERROR;
    }

    if (flock(file->dir_fd, LOCK_EX|LOCK_NB) == 0) {
        return QWEN_OK;
    }

    qwen_file_close(&file->dir_fd);

    return errno == EWOULDBLOCK ? QWEN_AGAIN : QWEN_ERROR;
}


void
qwen_file_unlock(qwen_file_t *file)
{
    if (file->fd != -1) {
        qwen_file_close(&file->fd);
        (void) unlinkat(file->dir_fd, file->tmp, 0);
    }

    qwen_file_close(&file->dir_fd);
}


qwen_rc_t
qwen_file_identify(const char *path, qwen_file_id_t *id)
{
    struct stat  st;

    memset(id, 0, sizeof(*id));

    if (stat(path, &st) == -1) {
        return errno == ENOENT ? QWEN_OK : QWEN_ERROR;
    }

    qwen_file_id(id, &st);

    return QWEN_OK;
}


qwen_rc_t
qwen_file_read(const char *path, qwen_buf_t *out)
{
    int        fd, saved;
    qwen_rc_t  rc;

    /* a pipe in its place must not hold the caller up */

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK);

    if (fd == -1) {
        return QWEN_ERROR;
    }

    rc = qwen_file_read_fd(fd, out);

    saved = errno;
    (void) close(fd);
    errno = saved;

    return rc;
}


static qwen_rc_t
qwen_file_read_fd(int fd, qwen_buf_t *out)
{
    size_t       room;
    uint8_t      more;
    ssize_t      n;
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        return QWEN_ERROR;
    }

    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return QWEN_ERROR;
    }

    if ((uint64_t) st.st_size > out->max - out->len) {
        errno = EFBIG;
        return QWEN_ERROR;
    }

    for ( ;; ) {
        room = out->max - out->len;
        room = room < QWEN_FILE_PIECE ? room : QWEN_FILE_PIECE;

        if (qwen_buf_reserve(out, room) != QWEN_OK) {
            errno = ENOMEM;
            return QWEN_ERROR;
        }

        /* where there is no room for a byte, there must be none */

        n = room ? read(fd, out->data + out->len, room) : read(fd, &more, 1);

        if (n == 0) {
            return QWEN_OK;
        }

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }

            return QWEN_ERROR;
        }

        if (room == 0) {
            errno = EFBIG;
            return QWEN_ERROR;
        }

        out->len += (size_t) n;
    }
}


qwen_rc_t
qwen_file_begin(qwen_file_t *file, uid_t owner, gid_t group)
{
    /* one of a process that has died is of no use */

    if (unlinkat(file->dir_fd, file->tmp, 0) == -1 && errno != ENOENT) {
        return QWEN_ERROR;
    }

    file->fd = openat(file->dir_fd, file->tmp,
                      O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (file->fd == -1) {
        return QWEN_ERROR;
    }

    if (owner != (uid_t) -1 && fchown(file->fd, owner, group) == -1) {
        return QWEN_ERROR;
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_file_write(qwen_file_t *file, qwen_str_t data)
{
    ssize_t  n;

    while (data.len) {
        n = write(file->fd, data.data, data.len);

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }

            return QWEN_ERROR;
        }

        data.data += n;
        data.len -= (size_t) n;
    }

    return QWEN_OK;
}


qwen_rc_t
qwen_file_sync(qwen_file_t *file, qwen_file_id_t *id)
{
    struct stat  st;

    if (fsync(file->fd) == -1 || fstat(file->fd, &st) == -1) {
        return QWEN_ERROR;
    }

    qwen_file_id(id, &st);

    return QWEN_OK;
}


qwen_rc_t
qwen_file_replace(qwen_file_t *file)
{
    if (renameat(file->dir_fd, file->tmp, file->dir_fd, file->name) == -1) {
        return QWEN_ERROR;
    }

    qwen_file_close(&file->fd);

    return fsync(file->dir_fd) == -1 ? QWEN_ERROR : QWEN_OK;
}


static void
qwen_file_id(qwen_file_id_t *id, const struct stat *st)
{
    memset(id, 0, sizeof(*id));

    id->dev = st->st_dev;
    id->ino = st->st_ino;
    id->size = (uint64_t) st->st_size;
    id->sec = st->st_mtim.tv_sec;
    id->nsec = st->st_mtim.tv_nsec;
}


/* Keeps errno for the caller's error. */

static void
qwen_file_close(int *fd)
{
    int  saved;

    if (*fd == -1) {
        return;
    }

    saved = errno;
    (void) close(*fd);
    errno = saved;

    *fd = -1;
}
