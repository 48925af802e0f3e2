#!/bin/sh
#
# From nothing to a gateway in the foreground: installs missing packages, builds
# the module, makes the configuration from the environment (environment.sh) and
# starts nginx.  Without an account the simulator of t/sim is the upstream.

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

    "$root/tools/install-packages.sh" run
    "${MAKE:-make}" --no-print-directory -C "$root" module

    mkdir -p "$runtime"
    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    if [ -z "$accounts" ]; then
        start_simulator
    fi

    environment_write "$runtime"
    start_nginx
    tell

    wait "$nginx_pid"
}


start_simulator() {
    "$root/tools/install-packages.sh" simulator

    rm -f "$runtime/simulator.port"

    node "$root/t/sim/sim.mjs" --port 0 --any-account --quiet \
        --account demo@example.com:demo \
        --port-file "$runtime/simulator.port" > "$runtime/simulator.log" 2>&1 &
    simulator_pid=$!

    wait_for "$simulator_pid" "$runtime/simulator.port" \
        || fail "the simulator did not start: $(cat "$runtime/simulator.log")"

    accounts=demo@example.com:demo
    QWEN_CHAT_PROXY_URL=http://127.0.0.1:$(cat "$runtime/simulator.port")
    read_url QWEN_CHAT_PROXY_URL "$QWEN_CHAT_PROXY_URL"

    echo "no ACCOUNTS: the upstream is a simulator on $QWEN_CHAT_PROXY_URL," \
         "its answers are made up"
}


start_nginx() {
    rm -f "$runtime/nginx.pid"

    nginx -p "$runtime" -c "$runtime/nginx.conf" -e stderr \
        -g 'daemon off;' &
    nginx_pid=$!

    wait_for "$nginx_pid" "$runtime/nginx.pid" || fail "nginx did not start"
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

    key=$(printf '%s\n' "$keys" | sed "s/'/'\\\\''/g; q")

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
}


main "$@"
