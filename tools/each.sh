#!/bin/sh
#
# Runs each program given, all of them even if one fails.

set -eu

status=0

for program; do
    echo "$program"
    "$program" || status=1
done

exit $status
