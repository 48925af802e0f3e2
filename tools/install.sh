#!/bin/sh
#
# Copies the module and the include file to where the installed nginx looks for
# them, below DESTDIR:
#
#   install.sh MODULE INCLUDE

set -eu


# the value of a flag nginx was configured with

flag() {
    nginx -V 2>&1 | tr ' ' '\n' | sed -n "s/^--$1=//p"
}


prefix=$(flag prefix)
prefix=${prefix:-/usr/local/nginx}

modules=$(flag modules-path)
modules=${modules:-$prefix/modules}

conf=$(flag conf-path)
conf=$(dirname "${conf:-$prefix/conf/nginx.conf}")

install -D -m 644 "$1" "${DESTDIR:-}$modules/$(basename "$1")"
install -D -m 644 "$2" "${DESTDIR:-}$conf/$(basename "$2")"

echo "${DESTDIR:-}$modules/$(basename "$1")"
echo "${DESTDIR:-}$conf/$(basename "$2")"
