# shellcheck shell=sh

# Makes the configuration of a gateway from the environment.  To be sourced:
#
#   environment_read        checks all variables and stops at the first wrong
#   environment_write DIR   writes nginx.conf, qwen_upstream.conf, qwen_keys and
#                           qwen_accounts to DIR; without a key it makes one
#
# Both configuration files are the shipped ones with the values of the
# environment put in.  "root" is where these stand, "module" is the path of the
# module for "load_module".
#
# A variable that is empty counts as not set.

LC_ALL=C
export LC_ALL


environment_read() {
    tell_without_effect
    read_keys
    read_accounts
    read_listen
    read_workers
    read_storage
    read_upstream
    read_options
}


# what this gateway does not have, and what it does not have yet

tell_without_effect() {
    [ -z "${PROXY_URL:-}" ] \
        || fail "PROXY_URL is not supported; use QWEN_CHAT_PROXY_URL"

    ignored=

    for variable in REDIS_URL QWEN_CLI_PROXY_URL QWEN_UPLOAD_PROXY_URL \
                    CACHE_MODE BATCH_LOGIN_CONCURRENCY PM2_MAX_MEMORY \
                    ENABLE_FILE_LOG LOG_DIR \
                    MAX_LOG_FILE_SIZE MAX_LOG_FILES
    do
        eval "value=\${$variable:-}"
        [ -z "$value" ] || ignored="$ignored${ignored:+, }$variable"
    done

    [ -z "$ignored" ] || echo "no effect yet: $ignored"
}


# keys, one per line, each once

read_keys() {
    keys=$(split API_KEY "${API_KEY:-}")
    keys=$(printf '%s\n' "$keys" | awk '!seen[$0]++')

    if printf '%s' "$keys" | grep -q -e '^#' -e '[^!-~]'; then
        wrong_secret API_KEY "keys of printable ASCII without spaces, not" \
                     "beginning with #, separated by commas"
    fi
}


# accounts, one email:password per line

read_accounts() {
    accounts=$(split ACCOUNTS "${ACCOUNTS:-}")

    if printf '%s\n' "$accounts" | grep -q -v -e '^[^:#][^:]*:.' -e '^$'; then
        wrong_secret ACCOUNTS "email:password, several separated by commas"
    fi
}


read_listen() {
    address=${LISTEN_ADDRESS:-127.0.0.1}
    address=${address#\[}
    address=${address%\]}

    case $address in
    *[!A-Za-z0-9.:_-]* | -*)  listen= ;;
    localhost)                listen=127.0.0.1 ;;
    *:*)                      listen=$(resolve ahostsv6) ;;
    *)                        listen=$(resolve ahostsv4)
                              listen=${listen:-$(resolve ahostsv6)} ;;
    esac

    [ -n "$listen" ] || wrong LISTEN_ADDRESS "an IP address or a name that has one"

    case $listen in
    *:*)  listen="[$listen]" ;;
    esac

    number SERVICE_PORT 1 65535
    port=${SERVICE_PORT:-3000}
}


# resolve (database of getent): the first address, nothing if there is none

resolve() {
    getent "$1" "$address" | sed 's/ .*//; q'
}


read_workers() {
    cores=$(nproc)
    workers=${PM2_INSTANCES:-1}

    if [ "$workers" = max ]; then
        workers=$cores
    else
        number PM2_INSTANCES 1 1024 "or max"
    fi

    if [ "$workers" -gt "$cores" ]; then
        echo "PM2_INSTANCES: $workers is capped at $cores, the number of cores"
        workers=$cores
    fi
}


read_storage() {
    storage=${DATA_SAVE_MODE:-none}

    case $storage in
    none | file)  ;;
    *)            wrong DATA_SAVE_MODE "none or file (redis is not available yet)" ;;
    esac

    [ -z "${REDIS_URL:-}" ] || is_redis_url "$REDIS_URL" \
        || wrong_secret REDIS_URL "redis:// or rediss:// with a host, then" \
                        "port and database if wanted"
}


# a name and a password may stand before the host

is_redis_url() {
    case $1 in
    *[!!-~]*)  return 1 ;;
    esac

    printf '%s' "$1" | grep -q -E -e \
        '^rediss?://([^@/]*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[0-9]*)?$'
}


# whether there are accounts, or a place where they are kept and added to

has_accounts() {
    [ -n "$accounts" ] || [ "$storage" = file ]
}


# the base URL of the chat upstream in its parts

read_upstream() {
    read_url QWEN_CLI_PROXY_URL "${QWEN_CLI_PROXY_URL:-}"
    read_url QWEN_UPLOAD_PROXY_URL "${QWEN_UPLOAD_PROXY_URL:-}"

    if [ -n "${QWEN_CHAT_PROXY_URL:-}" ] && ! has_accounts; then
        fail "QWEN_CHAT_PROXY_URL needs ACCOUNTS: there is none to sign in with"
    fi

    read_url QWEN_CHAT_PROXY_URL \
             "${QWEN_CHAT_PROXY_URL:-https://chat.qwen.ai}"

    if [ "$scheme" = https ] && is_address "$host"; then
        fail "QWEN_CHAT_PROXY_URL: https needs the name of a host, nginx cannot" \
             "verify the certificate of an IP address"
    fi

    case ${SSL_CERT_FILE:-} in
    *[!A-Za-z0-9._/+-]* | [!/]*)
        wrong SSL_CERT_FILE "the absolute path of a file of certificates"
        ;;
    esac

    if [ -n "${SSL_CERT_FILE:-}" ] && [ ! -r "$SSL_CERT_FILE" ]; then
        fail "SSL_CERT_FILE: $SSL_CERT_FILE cannot be read"
    fi
}


# read_url (variable, value): scheme, authority, host, host_port and path

read_url() {
    [ -n "$2" ] || return 0

    case $2 in
    http://*)   scheme=http   default_port=80 ;;
    https://*)  scheme=https  default_port=443 ;;
    *)          wrong_url "$1" ;;
    esac

    rest=${2#*://}
    authority=${rest%%/*}
    path=${rest#"$authority"}

    while [ "$path" != "${path%/}" ]; do
        path=${path%/}
    done

    case $path in
    *[!A-Za-z0-9._~/%+-]*)  wrong_url "$1" ;;
    esac

    case $authority in
    \[*\]:*)  host=${authority%:*}  url_port=${authority##*:} ;;
    \[*\])    host=$authority       url_port=$default_port ;;
    *:*)      host=${authority%:*}  url_port=${authority##*:} ;;
    *)        host=$authority       url_port=$default_port ;;
    esac

    case $host in
    \[*[!0-9A-Fa-f:.]*\])   wrong_url "$1" ;;
    \[?*\])                 ;;
    *[!A-Za-z0-9._-]* | '') wrong_url "$1" ;;
    esac

    is_number "$url_port" 1 65535 || wrong_url "$1"

    host_port=$host:$url_port
}


is_address() {
    case $1 in
    \[*)        ;;
    *[!0-9.]*)  return 1 ;;
    esac
}


wrong_url() {
    eval "value=\${$1}"

    case $value in
    *@*)  fail "$1: a name or a password in the URL is not supported" ;;
    esac

    wrong "$1" "a base URL, http:// or https:// with host, port and path," \
          "https://gateway.example.com:8443/qwen for example"
}


read_options() {
    case ${SEARCH_INFO_MODE:-table} in
    table | text)  ;;
    *)             wrong SEARCH_INFO_MODE "table or text" ;;
    esac

    boolean OUTPUT_THINK
    boolean LEGACY_REASONING_IN_CONTENT
    boolean SIMPLE_MODEL_MAP
    number MODELS_CACHE_TTL 1 31536000 "(seconds)"
    number CHAT_RETRY_COUNT 0 10
    number CHAT_RETRY_BACKOFF_MS 0 60000 "(milliseconds)"

    case ${LOG_LEVEL:-warn} in
    DEBUG | debug)  log_level=debug
                    echo "LOG_LEVEL=DEBUG: keys and tokens are in the log" ;;
    INFO | info)    log_level=info ;;
    WARN | warn)    log_level=warn ;;
    ERROR | error)  log_level=error ;;
    *)              wrong LOG_LEVEL "DEBUG, INFO, WARN or ERROR" ;;
    esac
}


environment_write() {
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)

    if [ -z "$keys" ]; then
        keys=sk-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
        echo "no API_KEY: the key is $keys"
    fi

    write_secret qwen_keys "$keys"
    write_secret qwen_accounts "$accounts"

    copy conf/qwen_upstream.conf qwen_upstream.conf

    replace 'https://qwen_web/' "$scheme://qwen_web$path/"
    replace '\(Host *\)chat\.qwen\.ai;' "\1$authority;"
    replace '\(Origin *\)https://chat\.qwen\.ai;' "\1$scheme://$authority;"
    replace '\(Referer *\)https://chat\.qwen\.ai/;' \
            "\1$scheme://$authority$path/;"

    name=${host#\[}
    replace '\(proxy_ssl_name *\)chat\.qwen\.ai;' "\1${name%\]};"

    if [ -n "${SSL_CERT_FILE:-}" ]; then
        replace '\(proxy_ssl_trusted_certificate *\)[^;]*;' \
                "\1\"$SSL_CERT_FILE\";"
    fi

    copy nginx.conf.example nginx.conf

    replace '^load_module .*;' "load_module  \"$module\";"
    replace '^\(worker_processes *\)1;' "\1$workers;"
    replace '^\(pid *\)/run/nginx\.pid;' "\1\"$dir/nginx.pid\";"
    replace '^\(error_log *\)[^;]*;' "\1stderr  $log_level;"
    replace '\(access_log *\)/[^ ]*' "\1\"$dir/access.log\""
    replace 'listen *127\.0\.0\.1:3000;' "listen  $listen:$port;"
    replace '\(server *\)chat\.qwen\.ai:443;' "\1$host_port;"

    write_limits
    write_storage
    write_options
}


# the workers need the way to it; the master makes and gives them the directory

write_storage() {
    [ "$storage" = file ] || return 0

    if [ "$(id -u)" = 0 ] && ! is_open "$dir"; then
        fail "DATA_SAVE_MODE: nginx's workers do not run as root and cannot" \
             "reach $dir, as a directory above it is closed to them; use" \
             "another place or chmod o+x"
    fi

    option qwen_store "file  \"$dir/data/data.json\""
}


is_open() {
    way=$1

    while [ "$way" != / ]; do
        [ -n "$(find "$way" -prune -perm -o=x)" ] || return 1
        way=$(dirname "$way")
    done
}


# what the machine allows, and another user than root

write_limits() {
    files=$(ulimit -H -n)

    if [ "$files" != unlimited ] && [ "$files" -lt 16384 ]; then
        replace '^\(worker_rlimit_nofile *\)16384;' "\1$files;"
    fi

    [ "$(id -u)" != 0 ] || return 0

    replace '^user .*' ''

    for name in client_body proxy fastcgi uwsgi scgi; do
        replace '^http {' "&\n    ${name}_temp_path  \"$dir/$name\";"
    done
}


write_options() {
    if [ -n "${SEARCH_INFO_MODE:-}" ]; then
        option qwen_search_info "$SEARCH_INFO_MODE"
    fi

    if [ "${OUTPUT_THINK:-}" = false ]; then
        option qwen_reasoning off
    elif [ "${LEGACY_REASONING_IN_CONTENT:-}" = true ]; then
        option qwen_reasoning think
    fi

    if [ "${SIMPLE_MODEL_MAP:-}" = true ]; then
        option qwen_models_variants off
    fi

    if [ -n "${MODELS_CACHE_TTL:-}" ]; then
        option qwen_models_ttl "${MODELS_CACHE_TTL}s"
    fi

    # the first attempt is not a retry

    if [ -n "${CHAT_RETRY_COUNT:-}" ]; then
        option qwen_attempts $((CHAT_RETRY_COUNT + 1))
    fi

    if [ -n "${CHAT_RETRY_BACKOFF_MS:-}" ]; then
        option qwen_retry_delay "${CHAT_RETRY_BACKOFF_MS}ms"
    fi
}


# option (directive, value): the example shows each one in a comment

option() {
    replace "# $1 .*" "$1  $2;"
}


copy() {
    file=$dir/$2
    cp "$root/$1" "$file"
}


# replace (pattern, replacement): in the file copied last, which must have it

replace() {
    grep -q -e "$1" "$file" || fail "$file has no line with $1"

    sed "s|$1|$2|" "$file" > "$file.new"
    mv "$file.new" "$file"
}


write_secret() {
    rm -f "$dir/$1"

    (umask 077; printf '%s\n' "$2" > "$dir/$1")
}


# split (variable, value): entries between commas, one per line, trimmed

split() {
    if [ "$(printf '%s' "$2" | tr -d '\000-\037\177')" != "$2" ]; then
        fail "$1: line breaks and control characters are not allowed"
    fi

    printf '%s' "$2" | tr ',' '\n' | sed 's/^ *//; s/ *$//; /^$/d'
}


# number (variable, least, most, [what to say about it])

number() {
    eval "value=\${$1:-}"

    [ -z "$value" ] || is_number "$value" "$2" "$3" \
        || wrong "$1" "a number from $2 to $3${4:+ $4}"
}


is_number() {
    case $1 in
    '' | *[!0-9]* | 0?* | ??????????*)  return 1 ;;
    esac

    [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}


boolean() {
    eval "value=\${$1:-}"

    case $value in
    '' | true | false)  ;;
    *)                  wrong "$1" "true or false" ;;
    esac
}


# wrong (variable, what is allowed)

wrong() {
    variable=$1
    shift
    eval "value=\${$variable}"

    fail "$variable: \"$value\" is wrong, allowed is $*"
}


# as above, of a value that nobody must see

wrong_secret() {
    variable=$1
    shift

    fail "$variable is wrong (its value is not shown), allowed is $*"
}


fail() {
    echo "$*" >&2
    exit 1
}
