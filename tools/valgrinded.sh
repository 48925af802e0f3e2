#!/bin/sh
#
# Runs a command of Test::Nginx whose nginx runs under valgrind; a report is a
# failure.
#
#   valgrinded.sh DIR NGINX COMMAND...

set -eu

tools=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$1"
reports=$(cd "$1" && pwd)
nginx=$2
shift 2

rm -f "$reports"/*
chmod 1777 "$reports"

cat > "$reports/nginx" << END
#!/bin/sh

# questions about the version need no valgrind

case "\$*" in
-v | -V) exec "$nginx" "\$@" ;;
esac

# the module is unloaded before leaks are told, its names are wanted then

exec valgrind -q --keep-debuginfo=yes --leak-check=full \\
    --show-leak-kinds=definite --errors-for-leak-kinds=definite \\
    --num-callers=30 \\
    --suppressions="$tools/valgrind-suppressions.txt" \\
    --log-file="$reports/%p.log" "$nginx" "\$@"
END
chmod +x "$reports/nginx"

TEST_NGINX_BINARY=$reports/nginx
TEST_NGINX_TIMEOUT=${TEST_NGINX_TIMEOUT:-30}
export TEST_NGINX_BINARY TEST_NGINX_TIMEOUT

status=0
"$@" || status=$?

for report in "$reports"/*.log; do
    [ -s "$report" ] || continue

    echo "$report:" >&2
    head -n 60 "$report" >&2
    status=1
done

exit $status
