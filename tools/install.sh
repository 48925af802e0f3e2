#!/bin/sh
#
# Copies the module and the include file to where nginx looks for them, below
# DESTDIR.  An include file that is another than the shipped one stays.
#
#   install.sh MODULE VERSION INCLUDE
#
# VERSION is a file with the version of nginx the module was built for.  NGINX
# is the path of nginx.

set -eu

nginx=${NGINX:-nginx}


main() {
    command -v "$nginx" >/dev/null \
        || fail "there is no nginx (\"$nginx\"): install it, or say" \
                "NGINX=<path of nginx>"

    check_version "$2"

    prefix=$(flag prefix)
    prefix=${prefix:-/usr/local/nginx}

    modules=$(flag modules-path)
    conf=$(flag conf-path)
    conf=$(dirname "$(absolute "${conf:-conf/nginx.conf}")")

    module=${DESTDIR:-}$(absolute "${modules:-modules}")/$(basename "$1")
    include=${DESTDIR:-}$conf/$(basename "$3")

    put "$1" "$module"

    if [ -f "$include" ] && ! cmp -s "$3" "$include"; then
        put "$3" "$include.new"
        echo "$include differs from the shipped one and stays as it is"
    else
        put "$3" "$include"
    fi
}


# nginx takes modules of its own version only

check_version() {
    installed=$("$nginx" -v 2>&1 \
                | sed -n 's|.*/\([0-9]*\.[0-9]*\.[0-9]*\).*|\1|p')
    built=$(cat "$1")

    [ "$installed" = "$built" ] \
        || fail "the module was built for nginx $built, $nginx is" \
                "${installed:-unknown}: say NGINX_SRC=<its source tree>"
}


# the value of a flag nginx was configured with

flag() {
    "$nginx" -V 2>&1 | tr ' ' '\n' | sed -n "s/^--$1=//p"
}


absolute() {
    case $1 in
    /*)  echo "$1" ;;
    *)   echo "$prefix/$1" ;;
    esac
}


# put (file, target): a running nginx has the old file or the whole new one

put() {
    install -D -m 644 "$1" "$2.tmp"
    mv -f "$2.tmp" "$2"
    echo "$2"
}


fail() {
    echo "$0: $*" >&2
    exit 1
}


main "$@"
