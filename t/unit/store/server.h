
/*
 * Servers for the tests: a real redis-server, and one that does what a script
 * says.  Both are children, listen on the loopback only, and are ended by their
 * numbers.
 */

#ifndef SERVER_H
#define SERVER_H


#include "loop.h"


typedef struct {
    pid_t        pid;
    int          port;
    int          tls_port;
    const char  *socket;             /* path */
} redis_server_t;


/* Starts it on the ports that are set, or chooses some, and waits until it
 * listens.  Arguments are those of redis-server, separated by spaces. */
void redis_server_start(redis_server_t *server, const char *args);

/* Sends a signal, to stop it or to end it; waits for its end unless the signal
 * is SIGSTOP or SIGCONT. */
void redis_server_signal(redis_server_t *server, int signo);


typedef enum {
    SCRIPT_END = 0,
    SCRIPT_ACCEPT,
    SCRIPT_READ,                     /* until exactly the text has come */
    SCRIPT_FIND,                     /* until the text is in what came */
    SCRIPT_SEND,                     /* the text, or so many bytes of it */
    SCRIPT_BYTES,                    /* sends the text byte by byte */
    SCRIPT_SLEEP,                    /* so many milliseconds */
    SCRIPT_CLOSE
} script_op_e;


typedef struct {
    script_op_e  op;
    const char  *text;
    int          number;
} script_t;


/* Runs the script in a child; port 0: chooses one. */
typedef struct {
    pid_t        pid;
    int          port;
} script_server_t;

void script_start(script_server_t *server, const script_t *script);

/* Waits for the script's end: all its steps must have succeeded. */
void script_done(script_server_t *server);

/* Ends it, wherever it is. */
void script_kill(script_server_t *server);

/* A port on the loopback where nobody listens. */
int free_port(void);


#endif /* SERVER_H */
