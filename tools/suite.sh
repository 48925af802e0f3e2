#!/bin/sh
#
# Runs a file of Test::Nginx with a port and a directory of its own, so that
# several can run at once; for "prove --exec".

set -eu

place=$(ls t/*.t | grep -n -x "$1" | cut -d : -f 1)

TEST_NGINX_PORT=$((${TEST_NGINX_PORT:-23000} + place * 20))
TEST_NGINX_SERVROOT=$PWD/build/suites/$(basename "$1" .t)
export TEST_NGINX_PORT TEST_NGINX_SERVROOT

mkdir -p build/suites

exec perl "$1"
