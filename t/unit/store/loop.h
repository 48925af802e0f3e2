
/*
 * What the tests of src/store share: a worker of nginx in one process, as it is
 * with a configuration that has no http block; its event loop runs while a test
 * waits for something.
 */

#ifndef LOOP_H
#define LOOP_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>


/* Makes a directory, whose name loop_dir() tells, and starts nginx in it.  The
 * arguments are those of main(). */
void loop_init(char **argv);
const char *loop_dir(void);

/* Removes the directory. */
void loop_done(void);

/* A path in the directory; the result is kept for the program's life. */
const char *loop_path(const char *name);

/* Runs the event loop until the counter has that value; fails after 20 s. */
#define loop_until(counter, value)                                            \
    loop_until_at(&(counter), value, #counter, __FILE__, __LINE__)

void loop_until_at(const ngx_uint_t *counter, ngx_uint_t value,
    const char *what, const char *file, int line);

/* Runs the event loop for so long. */
void loop_run(ngx_msec_t time);

/* One turn of it, without waiting. */
void loop_turn(void);

/* Milliseconds, not those that nginx has cached. */
ngx_msec_t loop_clock(void);

/* At configuration. */
ngx_conf_t *loop_conf(void);

/* A log at NOTICE, and the lines in it since the last call. */
ngx_log_t *loop_log(void);
const char *loop_logged(void);

/* Whether a worker that is about to exit would go on for some timer. */
ngx_uint_t loop_kept_alive(void);


#endif /* LOOP_H */
