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

# a warning, about an allocation that had to fail for example, is none

for report in $(grep -l -e 'ERROR: ' -e 'runtime error: ' -r "$reports"); do
    echo "$report:" >&2
    head -n 60 "$report" >&2
    status=1
done

exit $status
