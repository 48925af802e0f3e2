#!/bin/sh
#
# Runs each fuzzer given for FUZZ_TIME seconds.  New units and findings go to
# DIR:
#
#   fuzz.sh DIR FUZZER...

set -eu

dir=$1
shift

for fuzzer; do
    name=$(basename "$fuzzer" _fuzz)
    corpus=t/fuzz/corpus/$name

    mkdir -p "$dir/corpus/$name" "$corpus"
    echo "$name: $FUZZ_TIME s"

    if ! "$fuzzer" -max_total_time="$FUZZ_TIME" -timeout=10 -rss_limit_mb=2048 \
            -print_final_stats=1 -artifact_prefix="$dir/$name-" \
            "$dir/corpus/$name" "$corpus" > "$dir/$name.log" 2>&1
    then
        cat "$dir/$name.log" >&2
        exit 1
    fi

    sed -n 's/^stat::number_of_executed_units:/    runs:/p' "$dir/$name.log"
done
