
#include "loop.h"


static char         loop_dir_name[] = "/tmp/qwen-store-test.XXXXXX";
static ngx_event_t  loop_tick;
static ngx_log_t    loop_ngx_log;
static char         loop_log_buf[65536];
static size_t       loop_log_len;
static ngx_cycle_t  loop_first_cycle;
static ngx_conf_t   loop_ngx_conf;


static void
loop_fail(const char *what)
{
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}


static void
loop_write(const char *name, const char *text)
{
    FILE  *file;

    file = fopen(loop_path(name), "w");

    if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0) {
        loop_fail(name);
    }
}


static void
loop_str(ngx_str_t *str, const char *text)
{
    str->data = (u_char *) text;
    str->len = strlen(text);
}


/* As main() of nginx does, up to its first cycle. */
static ngx_cycle_t *
loop_cycle(char **argv)
{
    char         *prefix;
    ngx_log_t    *log;
    ngx_cycle_t  *init;

    ngx_argv = argv;
    ngx_os_argv = argv;

    init = &loop_first_cycle;
    prefix = (char *) loop_path("");

    ngx_pid = ngx_getpid();
    ngx_max_sockets = -1;

    ngx_strerror_init();
    ngx_time_init();

    log = ngx_log_init((u_char *) prefix, (u_char *) "error.log");

    if (log == NULL || ngx_ssl_init(log) != NGX_OK) {
        loop_fail("ngx_ssl_init()");
    }

    init->log = log;
    init->pool = ngx_create_pool(1024, log);

    loop_str(&init->prefix, prefix);
    loop_str(&init->conf_prefix, prefix);
    loop_str(&init->conf_file, loop_path("nginx.conf"));
    loop_str(&init->conf_param, "");
    loop_str(&init->error_log, "error.log");

    ngx_cycle = init;

    if (ngx_os_init(log) != NGX_OK
        || ngx_crc32_table_init() != NGX_OK)
    {
        loop_fail("ngx_os_init()");
    }

    ngx_slab_sizes_init();

    if (ngx_preinit_modules() != NGX_OK) {
        loop_fail("ngx_preinit_modules()");
    }

    return ngx_init_cycle(init);
}


static void
loop_tick_handler(ngx_event_t *ev)
{
    ngx_add_timer(ev, 5);
}


static void
loop_log_writer(ngx_log_t *log, ngx_uint_t level, u_char *buf, size_t len)
{
    len = ngx_min(len, sizeof(loop_log_buf) - 1 - loop_log_len);

    ngx_memcpy(loop_log_buf + loop_log_len, buf, len);
    loop_log_len += len;
}


void
loop_init(char **argv)
{
    ngx_uint_t    i;
    ngx_cycle_t  *cycle;

    if (mkdtemp(loop_dir_name) == NULL) {
        loop_fail("mkdtemp()");
    }

    signal(SIGPIPE, SIG_IGN);

    loop_write("nginx.conf",
               "daemon off; master_process off; pid nginx.pid;\n"
               "error_log error.log notice;\n"
               "events { worker_connections 64; }\n");

    cycle = loop_cycle(argv);

    if (cycle == NULL) {
        loop_fail("ngx_init_cycle()");
    }

    ngx_cycle = cycle;

    for (i = 0; cycle->modules[i]; i++) {
        if (cycle->modules[i]->init_process
            && cycle->modules[i]->init_process(cycle) == NGX_ERROR)
        {
            loop_fail("init_process()");
        }
    }

    loop_ngx_log.log_level = NGX_LOG_NOTICE;
    loop_ngx_log.writer = loop_log_writer;

    loop_ngx_conf.cycle = cycle;
    loop_ngx_conf.pool = cycle->pool;
    loop_ngx_conf.log = &loop_ngx_log;

    /* what is logged is looked at, not shown */

    ngx_use_stderr = 0;

    /* so that the loop never sleeps for long */

    loop_tick.handler = loop_tick_handler;
    loop_tick.log = &loop_ngx_log;
    loop_tick.data = cycle->connections;
    loop_tick.cancelable = 1;
    ngx_add_timer(&loop_tick, 5);
}


void
loop_done(void)
{
    char  command[sizeof(loop_dir_name) + 16];

    ngx_del_timer(&loop_tick);

    snprintf(command, sizeof(command), "rm -rf %s", loop_dir_name);

    if (system(command) != 0) {
        fprintf(stderr, "\"%s\" failed\n", command);
    }
}


const char *
loop_dir(void)
{
    return loop_dir_name;
}


const char *
loop_path(const char *name)
{
    char           *path;
    static char     paths[8192];
    static size_t   used;

    path = paths + used;
    used += snprintf(path, sizeof(paths) - used, "%s/%s", loop_dir_name, name)
            + 1;

    if (used > sizeof(paths)) {
        loop_fail("loop_path()");
    }

    return path;
}


ngx_msec_t
loop_clock(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


void
loop_turn(void)
{
    ngx_process_events_and_timers((ngx_cycle_t *) ngx_cycle);
}


void
loop_run(ngx_msec_t time)
{
    ngx_msec_t  start;

    for (start = loop_clock(); loop_clock() - start < time; /* void */ ) {
        loop_turn();
    }
}


void
loop_until_at(const ngx_uint_t *counter, ngx_uint_t value, const char *what,
    const char *file, int line)
{
    ngx_msec_t  start;

    for (start = loop_clock();
         *counter < value && loop_clock() - start < 20000;
         /* void */ )
    {
        loop_turn();
    }

    if (*counter != value) {
        fprintf(stderr, "%s is %lu\n", what, (unsigned long) *counter);
    }

    _assert_true(*counter == value, what, file, line);
}


ngx_conf_t *
loop_conf(void)
{
    return &loop_ngx_conf;
}


ngx_log_t *
loop_log(void)
{
    return &loop_ngx_log;
}


const char *
loop_logged(void)
{
    loop_log_buf[loop_log_len] = '\0';
    loop_log_len = 0;

    return loop_log_buf;
}


ngx_uint_t
loop_kept_alive(void)
{
    return ngx_event_no_timers_left() != NGX_OK;
}
