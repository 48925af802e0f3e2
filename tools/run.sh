#!/bin/sh
#
# From nothing to a gateway in the foreground: installs missing packages, builds
# the module, makes the configuration from the environment (environment.sh) and
# starts nginx.  Without an account, and a file that may have some, the simulator
# of t/sim is the upstream.
#
# Nothing outlives this script, however it ends: it holds a pipe open (3), and
# those who read from it end when that does.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
runtime=$root/build/run
module=$root/build/ngx_http_qwen_module.so

# shellcheck source=tools/environment.sh
. "$root/tools/environment.sh"

nginx_pid=
simulator_pid=


main() {
    environment_read

    mkdir -p "$runtime"
    be_alone

    "$root/tools/install-packages.sh" run
    echo "building the module ..."
    "${MAKE:-make}" --no-print-directory -C "$root" module

    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM HUP

    rm -f "$runtime/alive"
    mkfifo "$runtime/alive"
    exec 3<> "$runtime/alive"

    if ! has_accounts; then
        start_simulator
    fi

    environment_write "$runtime"
    start_nginx
    tell

    wait "$nginx_pid"
}


# the lock (9) goes on to nginx: it lasts until that has ended, too

be_alone() {
    exec 9>> "$runtime/lock"

    flock -n 9 || fail "a gateway of $root runs already," \
                       "process $(cat "$runtime/lock")"

    echo $$ > "$runtime/lock"
}


start_simulator() {
    "$root/tools/install-packages.sh" simulator

    rm -f "$runtime/simulator.port"

    node "$root/t/sim/sim.mjs" --port 0 --any-account --quiet \
        --account demo@example.com:demo --exit-with-stdin \
        --port-file "$runtime/simulator.port" \
        < "$runtime/alive" > "$runtime/simulator.log" 2>&1 3>&- 9>&- &
    simulator_pid=$!

    wait_for "$simulator_pid" "$runtime/simulator.port" \
        || fail "the simulator did not start: $(cat "$runtime/simulator.log")"

    accounts=demo@example.com:demo
    QWEN_CHAT_PROXY_URL=http://127.0.0.1:$(cat "$runtime/simulator.port")
    read_url QWEN_CHAT_PROXY_URL "$QWEN_CHAT_PROXY_URL"

    echo "no ACCOUNTS: the upstream is a simulator on $QWEN_CHAT_PROXY_URL," \
         "its answers are made up"

    case $listen in
    127.* | '[::1]')
        ;;
    *)
        echo "WARNING: on LISTEN_ADDRESS $listen other machines get them, too" >&2
        ;;
    esac
}


start_nginx() {
    rm -f "$runtime/nginx.pid" "$runtime/start.log"

    replace '^error_log .*' "&\nerror_log  \"$runtime/start.log\"  emerg;"

    nginx -p "$runtime" -c "$runtime/nginx.conf" -e stderr \
        -g 'daemon off;' 3>&- &
    nginx_pid=$!

    end_with_script &

    wait_for "$nginx_pid" "$runtime/nginx.pid" || tell_why_not
}


# reads until the script has ended

end_with_script() {
    exec < "$runtime/alive" 3>&- 9>&-
    read -r _ || kill "$nginx_pid" 2>/dev/null
}


tell_why_not() {
    case $(cat "$runtime/start.log" 2>/dev/null) in
    *'bind() to '*'(98: '*)
        fail "SERVICE_PORT: $port is in use on $listen by another program" ;;
    *'bind() to '*'(13: '*)
        fail "SERVICE_PORT: only root may listen on $port" ;;
    *'host not found in upstream'*)
        fail "QWEN_CHAT_PROXY_URL: its host is not known" ;;
    *'bind() to '*)
        fail "LISTEN_ADDRESS: $listen is no address of this machine" ;;
    esac

    fail "nginx did not start"
}


# wait_for (process, file): until the file has something in it

wait_for() {
    while [ ! -s "$2" ]; do
        kill -0 "$1" 2>/dev/null || return 1
        sleep 0.1
    done
}


tell() {
    case $listen in
    0.0.0.0)  host=127.0.0.1 ;;
    '[::]')   host='[::1]' ;;
    *)        host=$listen ;;
    esac

    # a key of the operator's does not belong into a log

    if [ -n "${API_KEY:-}" ] && [ ! -t 1 ]; then
        key="'\"\${API_KEY%%,*}\"'"
    else
        key=$(printf '%s\n' "$keys" | sed "s/'/'\\\\''/g; q")
    fi

    cat << END
listening on $listen:$port, log of requests in $runtime/access.log; try

curl -N http://$host:$port/v1/chat/completions \
-H 'Authorization: Bearer $key' -H 'Content-Type: application/json' \
-d '{"model":"qwen3-max","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

END
}


stop() {
    for pid in $nginx_pid $simulator_pid; do
        kill "$pid" 2>/dev/null || continue
        wait "$pid" 2>/dev/null || true
    done

    rm -f "$runtime/qwen_keys" "$runtime/qwen_accounts" "$runtime/alive"
}


main "$@"
