#!/bin/sh
#
# Runs a command whose programs were built with sanitizers.  They report into
# files, as the processes of nginx have no other place; a report is a failure
# whatever the command says.
#
#   sanitized.sh DIR COMMAND...

set -eu

tools=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$1"
reports=$(cd "$1" && pwd)
shift

rm -f "$reports"/*

# workers write here too, whoever they run as
chmod 1777 "$reports"

# Test::Nginx wants commas here: it adds the test's name to log_path

ASAN_OPTIONS=detect_leaks=1,abort_on_error=0,log_path=$reports/report
UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/report
LSAN_OPTIONS=suppressions=$tools/leak-suppressions.txt:print_suppressions=0
export ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS

status=0
"$@" || status=$?

# nginx leaves its first pool behind when it refuses a configuration; as that is
# made in main(), which is in every stack, no suppression can name it

is_first_pool() {
    grep -q 'SUMMARY: AddressSanitizer: 1024 byte(s) leaked in 1 alloc' "$1" \
        && grep -A 1 'in ngx_create_pool ' "$1" | grep -q 'in main '
}


# a warning, about an allocation that had to fail for example, is no failure

for report in $(grep -l -e 'ERROR: ' -e 'runtime error: ' -r "$reports"); do
    is_first_pool "$report" && continue

    echo "$report:" >&2
    head -n 60 "$report" >&2
    status=1
done

exit $status
