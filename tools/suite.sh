#!/bin/sh
#
# Runs one file of Test::Nginx with a port and a server root of its own, so that
# several can run at once (prove -j -e tools/suite.sh).

set -eu

name=$(basename "$1" .t)
number=$(ls t/*.t | grep -n -x "t/$name.t" | cut -d : -f 1)

TEST_NGINX_PORT=$((23000 + 10 * number))
TEST_NGINX_SERVROOT=${TEST_NGINX_SERVROOT:-$PWD/build/servroot}-$name
export TEST_NGINX_PORT TEST_NGINX_SERVROOT

exec perl "$1"
