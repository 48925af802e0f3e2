
#include "server.h"

#include <poll.h>


#define SERVER_MAX_ARGS  64


static void
server_fail(const char *what)
{
    perror(what);
    exit(1);
}


static struct sockaddr_in
loopback(int port)
{
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons((uint16_t) port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    return addr;
}


/* A socket bound to the port, which is set if it is zero. */
static int
bound_socket(int *port)
{
    int                 fd, on;
    socklen_t           len;
    struct sockaddr_in  addr;

    on = 1;
    addr = loopback(*port);
    len = sizeof(addr);
    fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (fd == -1
        || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1
        || bind(fd, (struct sockaddr *) &addr, sizeof(addr)) == -1
        || getsockname(fd, (struct sockaddr *) &addr, &len) == -1)
    {
        server_fail("bind()");
    }

    *port = ntohs(addr.sin_port);

    return fd;
}


int
free_port(void)
{
    int  fd, port;

    port = 0;
    fd = bound_socket(&port);
    close(fd);

    return port;
}


static int
is_listening(int port)
{
    int                 fd, rc;
    struct sockaddr_in  addr;

    addr = loopback(port);
    fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
    rc = connect(fd, (struct sockaddr *) &addr, sizeof(addr));
    close(fd);

    return rc == 0;
}


static void
redis_server_exec(const redis_server_t *server, const char *args)
{
    int    fd, n;
    char  *text, *argv[SERVER_MAX_ARGS];

    static const char  form[] =
        "redis-server --port %d --tls-port %d --unixsocket %s"
        " --bind 127.0.0.1 -::1 --appendonly no --save  --tls-auth-clients no"
        " --tls-cert-file server.crt --tls-key-file server.key"
        " --tls-ca-cert-file ca.crt %s";

    if (chdir(loop_dir()) == -1
        || asprintf(&text, form, server->port, server->tls_port,
                    server->socket, args) == -1)
    {
        _exit(127);
    }

    for (n = 0; n < SERVER_MAX_ARGS - 1; n++) {
        argv[n] = strsep(&text, " ");

        if (argv[n] == NULL) {
            break;
        }
    }

    argv[n] = NULL;

    fd = open("redis.log", O_WRONLY|O_CREAT|O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);

    execvp(argv[0], argv);
    _exit(127);
}


void
redis_server_start(redis_server_t *server, const char *args)
{
    int  i;

    if (server->port == 0) {
        server->port = free_port();
        server->tls_port = free_port();
        server->socket = loop_path("redis.sock");
    }

    server->pid = fork();

    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        redis_server_exec(server, args);
    }

    for (i = 0; i < 1000 && !is_listening(server->port); i++) {

        if (waitpid(server->pid, NULL, WNOHANG) != 0) {
            fprintf(stderr, "redis-server ended, see %s/redis.log\n",
                    loop_dir());
            exit(1);
        }

        poll(NULL, 0, 10);
    }
}


void
redis_server_signal(redis_server_t *server, int signo)
{
    if (server->pid <= 0) {
        return;
    }

    kill(server->pid, signo);

    if (signo == SIGSTOP || signo == SIGCONT) {
        return;
    }

    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}


static int
script_read(int fd, const char *text)
{
    char           *got;
    size_t          len, n;
    ssize_t         rc;
    struct pollfd   pfd;

    len = strlen(text);
    got = malloc(len + 1);

    for (n = 0; n < len; n += (size_t) rc) {
        pfd.fd = fd;
        pfd.events = POLLIN;

        if (poll(&pfd, 1, 10000) != 1) {
            break;
        }

        rc = read(fd, got + n, len - n);

        if (rc <= 0) {
            break;
        }
    }

    if (n != len || memcmp(got, text, len) != 0) {
        fprintf(stderr, "script: read \"%.*s\"\nscript: not  \"%s\"\n",
                (int) n, got, text);
        return 0;
    }

    free(got);

    return 1;
}


static int
script_find(int fd, const char *text)
{
    char           got[4096];
    size_t         len;
    ssize_t        n;
    struct pollfd  pfd;

    pfd.fd = fd;
    pfd.events = POLLIN;

    for (len = 0; len < sizeof(got); len += (size_t) n) {

        if (poll(&pfd, 1, 2000) != 1) {
            break;
        }

        n = read(fd, got + len, sizeof(got) - len);

        if (n <= 0) {
            break;
        }

        if (memmem(got, len + (size_t) n, text, strlen(text))) {
            return 1;
        }
    }

    return 0;
}


static int
script_bytes(int fd, const char *text)
{
    for ( /* void */ ; *text; text++) {

        if (write(fd, text, 1) != 1) {
            return 0;
        }

        poll(NULL, 0, 1);
    }

    return 1;
}


static int
script_step(const script_t *step, int listener, int *fd)
{
    ssize_t        len;
    struct pollfd  pfd;

    switch (step->op) {

    case SCRIPT_ACCEPT:
        pfd.fd = listener;
        pfd.events = POLLIN;

        if (poll(&pfd, 1, 10000) != 1) {
            return 0;
        }

        *fd = accept(listener, NULL, NULL);
        return *fd != -1;

    case SCRIPT_READ:
        return script_read(*fd, step->text);

    case SCRIPT_FIND:
        return script_find(*fd, step->text);

    case SCRIPT_SEND:
        len = step->number ? step->number : (ssize_t) strlen(step->text);
        return write(*fd, step->text, len) == len;

    case SCRIPT_BYTES:
        return script_bytes(*fd, step->text);

    case SCRIPT_SLEEP:
        poll(NULL, 0, step->number);
        return 1;

    case SCRIPT_CLOSE:
        return close(*fd) == 0;

    default:
        return 0;
    }
}


static int
script_run(const script_t *script, int listener)
{
    int  fd, i;

    fd = -1;

    for (i = 0; script[i].op != SCRIPT_END; i++) {
        if (!script_step(&script[i], listener, &fd)) {
            fprintf(stderr, "script: step %d failed\n", i);
            return 1;
        }
    }

    return 0;
}


void
script_start(script_server_t *server, const script_t *script)
{
    int  fd;

    fd = bound_socket(&server->port);

    if (listen(fd, 16) == -1) {
        server_fail("listen()");
    }

    server->pid = fork();

    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        _exit(script_run(script, fd));
    }

    close(fd);
}


void
script_done(script_server_t *server)
{
    int  status;

    waitpid(server->pid, &status, 0);
    server->pid = 0;

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}


void
script_kill(script_server_t *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}
