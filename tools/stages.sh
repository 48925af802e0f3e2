#!/bin/sh
#
# Runs make's targets given one after another, tells how long each took, and
# stops at the first that fails.

set -eu

for stage; do
    began=$(date +%s)

    echo "== $stage"

    if ! "${MAKE:-make}" --no-print-directory -j"$(nproc)" "$stage"; then
        echo "== $stage failed" >&2
        exit 1
    fi

    echo "== $stage: $(($(date +%s) - began)) s"
done
