
/*
 * A file that is replaced as a whole: who reads it finds the old contents or
 * the new ones, also after a crash.  The new ones are written beside it, with
 * ".tmp" behind its name, made durable, and moved over it.  The directory is
 * locked meanwhile (flock), so that of all processes that do so one writes at a
 * time, and a process that dies takes no lock with it.
 *
 * Functions may block; errors are in errno.
 */

#ifndef QWEN_FILE_H
#define QWEN_FILE_H


#include <sys/types.h>

#include "qwen_buf.h"


/* What tells one state of a file from another; all zeros: there is no file. */
typedef struct {
    uint64_t     dev;
    uint64_t     ino;
    uint64_t     size;
    int64_t      sec;                /* of the last change of its contents */
    int64_t      nsec;
} qwen_file_id_t;

typedef struct {
    const char  *path;
    const char  *dir;
    const char  *name;               /* in dir, without a slash */
    const char  *tmp;                /* name and ".tmp" */
    int          dir_fd;             /* -1: not locked */
    int          fd;                 /* of the new contents; -1: none */
} qwen_file_t;


/* Makes it unlocked; the strings must live as long as it. */
void qwen_file_init(qwen_file_t *file, const char *path, const char *dir,
    const char *name, const char *tmp);

/* Locks the directory.  QWEN_OK; QWEN_AGAIN: another process has it;
 * QWEN_ERROR. */
qwen_rc_t qwen_file_lock(qwen_file_t *file);

/* Removes new contents that were not put in place, and unlocks.  Harmless when
 * it was not locked. */
void qwen_file_unlock(qwen_file_t *file);

/* Finds what is at a path.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_file_identify(const char *path, qwen_file_id_t *id);

/* Appends the contents of a file to out.  QWEN_OK; QWEN_ERROR: also when it is
 * no regular file (EINVAL) or above the cap of out (EFBIG). */
qwen_rc_t qwen_file_read(const char *path, qwen_buf_t *out);

/* Begins new contents, for the owner alone; an owner of -1: who calls.  QWEN_OK
 * or QWEN_ERROR. */
qwen_rc_t qwen_file_begin(qwen_file_t *file, uid_t owner, gid_t group);

/* Writes more of them.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_file_write(qwen_file_t *file, qwen_str_t data);

/* Makes them durable and tells what the file will be when they are put in
 * place.  QWEN_OK or QWEN_ERROR. */
qwen_rc_t qwen_file_sync(qwen_file_t *file, qwen_file_id_t *id);

/* Puts them in place, durably.  QWEN_OK or QWEN_ERROR: after the second the
 * file may be either. */
qwen_rc_t qwen_file_replace(qwen_file_t *file);


static inline bool
qwen_file_id_eq(const qwen_file_id_t *a, const qwen_file_id_t *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size
           && a->sec == b->sec && a->nsec == b->nsec;
}


#endif /* QWEN_FILE_H */
