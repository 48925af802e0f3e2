
/* A file that is replaced as a whole, in a directory of its own. */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "qwen_file.h"


#define OLD  "old contents"
#define NEW  "new contents, and longer ones"


typedef struct {
    char         dir[64];
    char         path[128];
    char         tmp[128];
    qwen_file_t  file;
} rig_t;


static void
put(const char *path, const char *text)
{
    FILE  *out;

    out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fputs(text, out) >= 0, 1);
    assert_int_equal(fclose(out), 0);
}


static void
holds(const char *path, const char *text)
{
    qwen_buf_t  out;

    qwen_buf_init(&out, 4096);
    assert_int_equal(qwen_file_read(path, &out), QWEN_OK);
    test_assert_str(qwen_buf_str(&out), text);
    qwen_buf_free(&out);
}


static int
setup(void **state)
{
    rig_t  *rig;

    rig = calloc(1, sizeof(rig_t));
    assert_non_null(rig);

    strcpy(rig->dir, "/tmp/qwen-file-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));

    snprintf(rig->path, sizeof(rig->path), "%s/data.json", rig->dir);
    snprintf(rig->tmp, sizeof(rig->tmp), "%s/data.json.tmp", rig->dir);

    put(rig->path, OLD);
    qwen_file_init(&rig->file, rig->path, rig->dir, "data.json",
                   "data.json.tmp");
    *state = rig;

    return 0;
}


static int
teardown(void **state)
{
    rig_t  *rig = *state;

    qwen_file_unlock(&rig->file);
    (void) rmdir(rig->tmp);
    (void) unlink(rig->tmp);
    (void) rmdir(rig->path);
    (void) unlink(rig->path);
    assert_int_equal(rmdir(rig->dir), 0);
    free(rig);

    return 0;
}


static qwen_rc_t
write_str(rig_t *rig, const char *text)
{
    return qwen_file_write(&rig->file, test_str(text));
}


static void
begin(rig_t *rig)
{
    assert_int_equal(qwen_file_lock(&rig->file), QWEN_OK);
    assert_int_equal(qwen_file_begin(&rig->file, (uid_t) -1, (gid_t) -1),
                     QWEN_OK);
}


static void
test_lock_is_one_process_s(void **state)
{
    rig_t        *rig = *state;
    qwen_file_t   other;

    other = rig->file;

    assert_int_equal(qwen_file_lock(&rig->file), QWEN_OK);
    assert_int_equal(qwen_file_lock(&other), QWEN_AGAIN);
    assert_int_equal(other.dir_fd, -1);

    qwen_file_unlock(&other);
    assert_int_equal(qwen_file_lock(&other), QWEN_AGAIN);

    qwen_file_unlock(&rig->file);
    qwen_file_unlock(&rig->file);
    assert_int_equal(qwen_file_lock(&other), QWEN_OK);
    assert_int_equal(qwen_file_lock(&rig->file), QWEN_AGAIN);
    qwen_file_unlock(&other);
}


static void
test_lock_wants_a_directory(void **state)
{
    rig_t        *rig = *state;
    qwen_file_t   file;

    qwen_file_init(&file, rig->path, "/tmp/qwen-file-missing/none", "x",
                   "x.tmp");
    assert_int_equal(qwen_file_lock(&file), QWEN_ERROR);
    assert_int_equal(errno, ENOENT);

    qwen_file_init(&file, rig->path, rig->path, "x", "x.tmp");
    assert_int_equal(qwen_file_lock(&file), QWEN_ERROR);
    assert_int_equal(errno, ENOTDIR);

    qwen_file_unlock(&file);
}


/* Runs a function in a child, which ends with what it returns. */

static pid_t
in_child(int (*run)(rig_t *rig), rig_t *rig)
{
    pid_t  pid;

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        _exit(run(rig));
    }

    return pid;
}


static int
end_of(pid_t pid)
{
    int  status;

    assert_int_equal(waitpid(pid, &status, 0), pid);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}


static int
lock_and_wait(rig_t *rig)
{
    if (qwen_file_lock(&rig->file) != QWEN_OK
        || qwen_file_begin(&rig->file, (uid_t) -1, (gid_t) -1) != QWEN_OK)
    {
        return 1;
    }

    (void) write_str(rig, NEW);

    /* what was written tells that the lock is there */

    for ( ;; ) {
        pause();
    }
}


static void
test_process_that_is_killed_leaves_no_lock(void **state)
{
    pid_t        pid;
    rig_t       *rig = *state;
    struct stat  st;

    pid = in_child(lock_and_wait, rig);

    while (stat(rig->tmp, &st) == -1 || st.st_size == 0) {
        usleep(1000);
    }

    assert_int_equal(qwen_file_lock(&rig->file), QWEN_AGAIN);

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(end_of(pid), -1);

    /* nor is what it has left in the way */

    assert_int_equal(stat(rig->tmp, &st), 0);
    begin(rig);
    assert_int_equal(write_str(rig, "short"), QWEN_OK);
    assert_int_equal(qwen_file_replace(&rig->file), QWEN_OK);
    holds(rig->path, "short");
}


static void
test_states_of_a_file_differ(void **state)
{
    rig_t           *rig = *state;
    qwen_file_id_t   none, id, again;

    static const qwen_file_id_t  zero;

    assert_int_equal(qwen_file_identify(rig->tmp, &none), QWEN_OK);
    assert_true(qwen_file_id_eq(&none, &zero));
    assert_int_equal(qwen_file_identify("/tmp/qwen-file-missing/x", &none),
                     QWEN_OK);
    assert_true(qwen_file_id_eq(&none, &zero));

    assert_int_equal(qwen_file_identify(rig->path, &id), QWEN_OK);
    assert_int_equal(qwen_file_identify(rig->path, &again), QWEN_OK);
    assert_true(qwen_file_id_eq(&id, &again));
    assert_false(qwen_file_id_eq(&id, &zero));
    assert_int_equal(id.size, strlen(OLD));

    /* one of the same length in its place */

    put(rig->tmp, "OLD contents");
    assert_int_equal(rename(rig->tmp, rig->path), 0);
    assert_int_equal(qwen_file_identify(rig->path, &again), QWEN_OK);
    assert_int_equal(again.size, id.size);
    assert_false(qwen_file_id_eq(&id, &again));

    assert_int_equal(qwen_file_identify("/etc/passwd/x", &id), QWEN_ERROR);
    assert_int_equal(errno, ENOTDIR);
}


static void
unreadable(const char *path, size_t max, int error)
{
    qwen_buf_t  out;

    qwen_buf_init(&out, max);
    errno = 0;
    assert_int_equal(qwen_file_read(path, &out), QWEN_ERROR);
    assert_int_equal(errno, error);
    qwen_buf_free(&out);
}


static void
test_only_regular_files_are_read(void **state)
{
    rig_t  *rig = *state;

    unreadable(rig->tmp, 100, ENOENT);
    unreadable(rig->dir, 100, EINVAL);
    unreadable("/dev/zero", 100, EINVAL);

    assert_int_equal(mkfifo(rig->tmp, 0600), 0);
    unreadable(rig->tmp, 100, EINVAL);
}


static void
test_reading_ends_at_the_cap(void **state)
{
    int          fd;
    rig_t       *rig = *state;
    size_t       len;
    qwen_buf_t   out;

    len = strlen(OLD);

    qwen_buf_init(&out, len);
    assert_int_equal(qwen_file_read(rig->path, &out), QWEN_OK);
    test_assert_str(qwen_buf_str(&out), OLD);
    qwen_buf_free(&out);

    unreadable(rig->path, len - 1, EFBIG);

    /* it is appended, so what was there counts */

    qwen_buf_init(&out, len + 3);
    assert_int_equal(qwen_buf_append_literal(&out, "abc"), QWEN_OK);
    assert_int_equal(qwen_file_read(rig->path, &out), QWEN_OK);
    test_assert_str(qwen_buf_str(&out), "abc" OLD);
    assert_int_equal(qwen_file_read(rig->path, &out), QWEN_ERROR);
    assert_int_equal(errno, EFBIG);
    qwen_buf_free(&out);

    /* an empty one fits anywhere; several pieces */

    put(rig->path, "");
    qwen_buf_init(&out, 0);
    assert_int_equal(qwen_file_read(rig->path, &out), QWEN_OK);
    assert_int_equal(out.len, 0);
    qwen_buf_free(&out);

    fd = open(rig->path, O_WRONLY);
    assert_int_equal(ftruncate(fd, 200000), 0);
    close(fd);

    qwen_buf_init(&out, 200000);
    assert_int_equal(qwen_file_read(rig->path, &out), QWEN_OK);
    assert_int_equal(out.len, 200000);
    qwen_buf_free(&out);

    unreadable(rig->path, 199999, EFBIG);
}


/* Files that tell no size and have one. */

static void
test_size_that_is_not_told_ends_at_the_cap(void **state)
{
    size_t       len;
    qwen_buf_t   out;

    static const char  path[] = "/proc/version";

    (void) state;

    qwen_buf_init(&out, 4096);

    if (qwen_file_read(path, &out) != QWEN_OK) {
        qwen_buf_free(&out);
        skip();
    }

    len = out.len;
    qwen_buf_free(&out);

    qwen_buf_init(&out, len);
    assert_int_equal(qwen_file_read(path, &out), QWEN_OK);
    assert_int_equal(out.len, len);
    qwen_buf_free(&out);

    unreadable(path, len - 1, EFBIG);
}


static void
test_new_contents_take_the_place_of_the_old(void **state)
{
    rig_t           *rig = *state;
    mode_t           mask;
    struct stat      st;
    qwen_file_id_t   before, foretold, after;

    assert_int_equal(qwen_file_identify(rig->path, &before), QWEN_OK);
    assert_int_equal(chmod(rig->path, 0644), 0);

    mask = umask(0);
    begin(rig);
    umask(mask);

    assert_int_equal(write_str(rig, "new contents, "), QWEN_OK);
    assert_int_equal(write_str(rig, ""), QWEN_OK);
    assert_int_equal(write_str(rig, "and longer ones"), QWEN_OK);
    holds(rig->path, OLD);
    holds(rig->tmp, NEW);

    assert_int_equal(qwen_file_sync(&rig->file, &foretold), QWEN_OK);
    assert_int_equal(foretold.size, strlen(NEW));
    assert_false(qwen_file_id_eq(&before, &foretold));
    holds(rig->path, OLD);

    assert_int_equal(qwen_file_replace(&rig->file), QWEN_OK);
    holds(rig->path, NEW);

    assert_int_equal(qwen_file_identify(rig->path, &after), QWEN_OK);
    assert_true(qwen_file_id_eq(&foretold, &after));

    assert_int_equal(stat(rig->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(access(rig->tmp, F_OK), -1);

    qwen_file_unlock(&rig->file);
    holds(rig->path, NEW);
}


static void
test_file_that_was_not_there_is_made(void **state)
{
    rig_t           *rig = *state;
    qwen_file_id_t   foretold, after;

    assert_int_equal(unlink(rig->path), 0);
    begin(rig);
    assert_int_equal(write_str(rig, NEW), QWEN_OK);
    assert_int_equal(qwen_file_sync(&rig->file, &foretold), QWEN_OK);
    assert_int_equal(qwen_file_replace(&rig->file), QWEN_OK);
    assert_int_equal(qwen_file_identify(rig->path, &after), QWEN_OK);
    assert_true(qwen_file_id_eq(&foretold, &after));
    holds(rig->path, NEW);
}


static void
test_owner_is_the_one_that_was_said(void **state)
{
    rig_t        *rig = *state;
    struct stat   st;

    if (geteuid() != 0) {
        skip();
    }

    assert_int_equal(qwen_file_lock(&rig->file), QWEN_OK);
    assert_int_equal(qwen_file_begin(&rig->file, 12345, 23456), QWEN_OK);
    assert_int_equal(qwen_file_replace(&rig->file), QWEN_OK);
    assert_int_equal(stat(rig->path, &st), 0);
    assert_int_equal(st.st_uid, 12345);
    assert_int_equal(st.st_gid, 23456);
    assert_int_equal(st.st_mode & 07777, 0600);
}


static void
test_unlock_removes_what_was_not_put_in_place(void **state)
{
    rig_t  *rig = *state;

    begin(rig);
    assert_int_equal(write_str(rig, NEW), QWEN_OK);
    assert_int_equal(access(rig->tmp, F_OK), 0);

    qwen_file_unlock(&rig->file);
    assert_int_equal(access(rig->tmp, F_OK), -1);
    holds(rig->path, OLD);

    /* what is another's stays, when nothing was begun */

    put(rig->tmp, "x");
    assert_int_equal(qwen_file_lock(&rig->file), QWEN_OK);
    qwen_file_unlock(&rig->file);
    holds(rig->tmp, "x");
}


static void
test_what_is_in_the_way_is_not_written_to(void **state)
{
    char         victim[128];
    rig_t       *rig = *state;
    struct stat  st;

    snprintf(victim, sizeof(victim), "%s/victim", rig->dir);
    put(victim, "victim");

    assert_int_equal(symlink("victim", rig->tmp), 0);
    begin(rig);
    assert_int_equal(write_str(rig, NEW), QWEN_OK);
    assert_int_equal(qwen_file_replace(&rig->file), QWEN_OK);
    qwen_file_unlock(&rig->file);

    holds(victim, "victim");
    assert_int_equal(lstat(rig->path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    holds(rig->path, NEW);

    /* a second name of another file */

    assert_int_equal(link(victim, rig->tmp), 0);
    begin(rig);
    assert_int_equal(write_str(rig, OLD), QWEN_OK);
    assert_int_equal(qwen_file_replace(&rig->file), QWEN_OK);
    qwen_file_unlock(&rig->file);

    holds(victim, "victim");
    holds(rig->path, OLD);
    assert_int_equal(unlink(victim), 0);

    /* a directory stays */

    assert_int_equal(mkdir(rig->tmp, 0700), 0);
    assert_int_equal(qwen_file_lock(&rig->file), QWEN_OK);
    assert_int_equal(qwen_file_begin(&rig->file, (uid_t) -1, (gid_t) -1),
                     QWEN_ERROR);
    qwen_file_unlock(&rig->file);
    assert_int_equal(stat(rig->tmp, &st), 0);
    holds(rig->path, OLD);
}


static void
test_directory_in_the_place_of_the_file_stays(void **state)
{
    rig_t        *rig = *state;
    struct stat   st;

    assert_int_equal(unlink(rig->path), 0);
    assert_int_equal(mkdir(rig->path, 0700), 0);

    begin(rig);
    assert_int_equal(qwen_file_replace(&rig->file), QWEN_ERROR);
    assert_int_equal(errno, EISDIR);

    qwen_file_unlock(&rig->file);
    assert_int_equal(access(rig->tmp, F_OK), -1);
    assert_int_equal(stat(rig->path, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
}


/* As on a disk without room: a part is written, then no more. */

static int
write_too_much(rig_t *rig)
{
    char           text[10000];
    struct rlimit  limit;

    signal(SIGXFSZ, SIG_IGN);

    limit.rlim_cur = 4096;
    limit.rlim_max = 4096;
    memset(text, 'x', sizeof(text));

    if (setrlimit(RLIMIT_FSIZE, &limit) == -1
        || qwen_file_lock(&rig->file) != QWEN_OK
        || qwen_file_begin(&rig->file, (uid_t) -1, (gid_t) -1) != QWEN_OK)
    {
        return 1;
    }

    errno = 0;

    if (qwen_file_write(&rig->file, (qwen_str_t) { (uint8_t *) text,
                                                   sizeof(text) })
        != QWEN_ERROR
        || errno != EFBIG)
    {
        return 2;
    }

    qwen_file_unlock(&rig->file);

    return errno == EFBIG ? 0 : 3;
}


static void
test_failure_to_write_leaves_the_old_contents(void **state)
{
    rig_t  *rig = *state;

    assert_int_equal(end_of(in_child(write_too_much, rig)), 0);
    holds(rig->path, OLD);
    assert_int_equal(access(rig->tmp, F_OK), -1);
}


static int
begin_as_nobody(rig_t *rig)
{
    struct passwd  *nobody;

    nobody = getpwnam("nobody");

    if (nobody == NULL || setgid(nobody->pw_gid) == -1
        || setuid(nobody->pw_uid) == -1)
    {
        return 77;
    }

    if (qwen_file_lock(&rig->file) != QWEN_OK) {
        return 1;
    }

    errno = 0;

    if (qwen_file_begin(&rig->file, (uid_t) -1, (gid_t) -1) != QWEN_ERROR
        || errno != EACCES)
    {
        return 2;
    }

    qwen_file_unlock(&rig->file);

    return 0;
}


static void
test_directory_that_may_only_be_read(void **state)
{
    int     rc;
    rig_t  *rig = *state;

    if (geteuid() != 0) {
        skip();
    }

    put(rig->tmp, "x");
    assert_int_equal(chmod(rig->dir, 0555), 0);

    rc = end_of(in_child(begin_as_nobody, rig));

    if (rc == 77) {
        skip();
    }

    assert_int_equal(rc, 0);
    holds(rig->path, OLD);
    holds(rig->tmp, "x");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define test(name)                                                            \
        cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

        test(lock_is_one_process_s),
        test(lock_wants_a_directory),
        test(process_that_is_killed_leaves_no_lock),
        test(states_of_a_file_differ),
        test(only_regular_files_are_read),
        test(reading_ends_at_the_cap),
        test(size_that_is_not_told_ends_at_the_cap),
        test(new_contents_take_the_place_of_the_old),
        test(file_that_was_not_there_is_made),
        test(owner_is_the_one_that_was_said),
        test(unlock_removes_what_was_not_put_in_place),
        test(what_is_in_the_way_is_not_written_to),
        test(directory_in_the_place_of_the_file_stays),
        test(failure_to_write_leaves_the_old_contents),
        test(directory_that_may_only_be_read)

#undef test
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
