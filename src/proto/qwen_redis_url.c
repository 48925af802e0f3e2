
#include "qwen_redis_url.h"


#define QWEN_REDIS_MAX_HOST  253
#define QWEN_REDIS_MAX_PATH  107     /* of sun_path, with a zero byte */


typedef struct {
    qwen_str_t  name;
    bool        tls;
    bool        unix_socket;
} qwen_redis_scheme_t;

/* what was cut into its parts, nothing decoded yet */

typedef struct {
    qwen_str_t  userinfo;            /* data is NULL: there is none */
    qwen_str_t  host;                /* with brackets and port */
    qwen_str_t  path;                /* with the slash */
    qwen_str_t  query;               /* data is NULL: there is none */
} qwen_redis_parts_t;


static const qwen_redis_scheme_t  qwen_redis_schemes[] = {
    { qwen_string("redis://"), false, false },
    { qwen_string("rediss://"), true, false },
    { qwen_string("unix://"), false, true },
    { qwen_string("redis+unix://"), false, true }
};


static const qwen_redis_scheme_t *
qwen_redis_url_scheme(qwen_str_t text)
{
    size_t                      i, n;
    const qwen_redis_scheme_t  *scheme;

    n = sizeof(qwen_redis_schemes) / sizeof(qwen_redis_schemes[0]);

    for (i = 0; i < n; i++) {
        scheme = &qwen_redis_schemes[i];

        if (text.len >= scheme->name.len
            && memcmp(text.data, scheme->name.data, scheme->name.len) == 0)
        {
            return scheme;
        }
    }

    return NULL;
}


/* Cuts what stands before the first of the bytes off; whole if none does. */
static qwen_str_t
qwen_redis_url_cut(qwen_str_t *rest, const char *bytes)
{
    size_t      n;
    qwen_str_t  head;

    for (n = 0; n < rest->len; n++) {
        if (rest->data[n] && strchr(bytes, rest->data[n])) {
            break;
        }
    }

    head = (qwen_str_t) { rest->data, n };
    rest->data += n;
    rest->len -= n;

    return head;
}


static const char *
qwen_redis_url_split(qwen_redis_parts_t *parts, qwen_str_t rest)
{
    size_t      n;
    qwen_str_t  authority;

    *parts = (qwen_redis_parts_t) { .userinfo = { NULL, 0 } };

    authority = qwen_redis_url_cut(&rest, "/?#");

    for (n = authority.len; n && authority.data[n - 1] != '@'; n--) {
        /* void */
    }

    if (n) {
        parts->userinfo = (qwen_str_t) { authority.data, n - 1 };

    } else if (authority.len && rest.len && memchr(rest.data, '@', rest.len)) {
        return "in a password \"/\", \"?\", \"#\" and \"%\" are written as "
               "%2F, %3F, %23 and %25";
    }

    parts->host = (qwen_str_t) { authority.data + n, authority.len - n };
    parts->path = qwen_redis_url_cut(&rest, "?#");

    if (rest.len && rest.data[0] == '?') {
        rest.data++;
        rest.len--;
        parts->query = qwen_redis_url_cut(&rest, "#");
    }

    return rest.len ? "a fragment (\"#\") is not allowed" : NULL;
}


/* The value of a hexadecimal digit, 16 for others. */
static unsigned
qwen_redis_url_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10u : 16;
}


/* Decodes into url->text at *used, which has room: it only gets shorter. */
static bool
qwen_redis_url_decode(qwen_redis_url_t *url, size_t *used, qwen_str_t text,
    qwen_str_t *decoded)
{
    size_t    i;
    uint8_t  *p;
    unsigned  high, low;

    p = url->text + *used;
    decoded->data = p;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] != '%') {
            *p++ = text.data[i];
            continue;
        }

        if (text.len - i < 3) {
            return false;
        }

        high = qwen_redis_url_digit(text.data[i + 1]);
        low = qwen_redis_url_digit(text.data[i + 2]);

        if (high == 16 || low == 16) {
            return false;
        }

        *p++ = (uint8_t) (high << 4 | low);
        i += 2;
    }

    decoded->len = (size_t) (p - decoded->data);
    *used += decoded->len;

    return true;
}


static const char *
qwen_redis_url_userinfo(qwen_redis_url_t *url, size_t *used,
    qwen_str_t userinfo)
{
    qwen_str_t  user;

    if (userinfo.len == 0) {
        return NULL;
    }

    user = qwen_redis_url_cut(&userinfo, ":");

    if (userinfo.len == 0) {
        return "a user needs a password, and a password alone is written "
               "behind a colon: \":password@\"";
    }

    userinfo.data++;
    userinfo.len--;

    if (!qwen_redis_url_decode(url, used, user, &url->user)
        || !qwen_redis_url_decode(url, used, userinfo, &url->password))
    {
        return "a \"%\" in user or password is not followed by two "
               "hexadecimal digits";
    }

    return NULL;
}


/* A decimal number without sign, at most max; false: it is none. */
static bool
qwen_redis_url_number(qwen_str_t text, unsigned max, unsigned *number)
{
    size_t    i;
    unsigned  n;

    if (text.len == 0 || text.len > 5) {
        return false;
    }

    n = 0;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    *number = n;

    return n <= max;
}


static bool
qwen_redis_url_host_byte(uint8_t c, bool ipv6)
{
    if (ipv6) {
        return qwen_redis_url_digit(c) < 16 || c == ':' || c == '.';
    }

    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
           || c == '-' || c == '.' || c == '_';
}


/* What stands behind the host. */
static const char *
qwen_redis_url_port(qwen_redis_url_t *url, qwen_str_t rest)
{
    unsigned    port;
    qwen_str_t  number;

    port = QWEN_REDIS_PORT;

    if (rest.len) {
        number = (qwen_str_t) { rest.data + 1, rest.len - 1 };

        if (rest.data[0] != ':' || !qwen_redis_url_number(number, 65535, &port)
            || port == 0)
        {
            return "the port must be a number from 1 to 65535";
        }
    }

    url->port = (uint16_t) port;

    return NULL;
}


static const char *
qwen_redis_url_host(qwen_redis_url_t *url, size_t *used, qwen_str_t rest)
{
    size_t      i;
    qwen_str_t  host;

    url->ipv6 = rest.len && rest.data[0] == '[';

    if (url->ipv6) {
        rest.data++;
        rest.len--;
    }

    host = qwen_redis_url_cut(&rest, url->ipv6 ? "]" : ":");

    if (url->ipv6) {

        if (rest.len == 0) {
            return "\"[\" without \"]\"";
        }

        rest.data++;
        rest.len--;
    }

    if (host.len == 0) {
        return "there is no host";
    }

    if (host.len > QWEN_REDIS_MAX_HOST) {
        return "the host is too long";
    }

    for (i = 0; i < host.len; i++) {
        if (!qwen_redis_url_host_byte(host.data[i], url->ipv6)) {
            return "the host has a character that no host has";
        }
    }

    (void) qwen_redis_url_decode(url, used, host, &url->host);

    return qwen_redis_url_port(url, rest);
}


static const char *
qwen_redis_url_path(qwen_redis_url_t *url, size_t *used,
    const qwen_redis_parts_t *parts)
{
    if (parts->host.len) {
        return "a Unix socket has a path and no host: \"unix:///path\"";
    }

    if (parts->path.len < 2) {
        return "there is no path of a Unix socket";
    }

    if (!qwen_redis_url_decode(url, used, parts->path, &url->path)) {
        return "a \"%\" in the path is not followed by two hexadecimal digits";
    }

    if (memchr(url->path.data, '\0', url->path.len)) {
        return "a zero byte in the path";
    }

    return (url->path.len > QWEN_REDIS_MAX_PATH) ? "the path is too long"
                                                 : NULL;
}


static const char *
qwen_redis_url_db(qwen_redis_url_t *url, const qwen_redis_parts_t *parts)
{
    bool        given;
    qwen_str_t  db;

    /* of a Unix socket the path is another thing */

    given = parts->path.len > 1 && url->path.len == 0;

    if (given) {
        db = (qwen_str_t) { parts->path.data + 1, parts->path.len - 1 };

        if (!qwen_redis_url_number(db, QWEN_REDIS_MAX_DB, &url->db)) {
            return "the database must be a number from 0 to 65535";
        }
    }

    db = parts->query;

    if (db.len == 0) {
        return NULL;
    }

    if (db.len < 3 || memcmp(db.data, "db=", 3) != 0) {
        return "the only parameter is \"db\"";
    }

    if (given) {
        return "the database is given twice";
    }

    db.data += 3;
    db.len -= 3;

    return qwen_redis_url_number(db, QWEN_REDIS_MAX_DB, &url->db)
           ? NULL : "the database must be a number from 0 to 65535";
}


const char *
qwen_redis_url_parse(qwen_redis_url_t *url, qwen_str_t text)
{
    size_t                      used;
    const char                 *wrong;
    qwen_redis_parts_t          parts;
    const qwen_redis_scheme_t  *scheme;

    memset(url, 0, sizeof(qwen_redis_url_t));
    used = 0;

    if (text.len > QWEN_REDIS_MAX_URL) {
        return "the URL is too long";
    }

    scheme = qwen_redis_url_scheme(text);

    if (scheme == NULL) {
        return "the URL must begin with \"redis://\", \"rediss://\", "
               "\"unix://\" or \"redis+unix://\"";
    }

    url->tls = scheme->tls;

    text.data += scheme->name.len;
    text.len -= scheme->name.len;

    wrong = qwen_redis_url_split(&parts, text);

    if (wrong == NULL) {
        wrong = qwen_redis_url_userinfo(url, &used, parts.userinfo);
    }

    if (wrong == NULL) {
        wrong = scheme->unix_socket
                ? qwen_redis_url_path(url, &used, &parts)
                : qwen_redis_url_host(url, &used, parts.host);
    }

    return wrong ? wrong : qwen_redis_url_db(url, &parts);
}
