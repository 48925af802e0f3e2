#!/bin/sh
#
# Builds against an nginx source tree, which is copied first and never written
# to:
#
#   nginx-build.sh module DIR [SOURCE]   DIR/ngx_http_qwen_module.so, for the
#                                        installed nginx or for that of SOURCE
#   nginx-build.sh debug DIR SOURCE      DIR/nginx and the module beside it, for
#                                        tests under valgrind
#   nginx-build.sh sanitize DIR SOURCE   DIR/nginx with the module linked in,
#                                        AddressSanitizer and UBSan
#
# DIR/version tells the version of nginx.  CC is the compiler, NGINX the
# installed nginx.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
nginx_dev=/usr/share/nginx/src
nginx=${NGINX:-nginx}

hardening="-g -O2 -fstack-protector-strong -Wformat -Werror=format-security"
hardening="$hardening -fPIC -D_FORTIFY_SOURCE=2"
plain_flags="--with-compat --with-threads --with-http_ssl_module
    --with-http_v2_module"
test_flags="$plain_flags --with-pcre --with-http_realip_module
    --with-http_auth_request_module --with-http_stub_status_module
    --with-http_addition_module --with-http_sub_module
    --with-http_gunzip_module"


main() {
    [ $# -ge 2 ] || fail "usage: $0 module | debug | sanitize DIR [SOURCE]"

    variant=$1
    mkdir -p "$2"
    dir=$(cd "$2" && pwd)
    source=${3:-}
    compiler=${CC:-cc}

    case $variant in

    module)
        [ -n "$source" ] || [ -d "$nginx_dev" ] \
            || fail "$nginx_dev is missing: install nginx-dev, or say" \
                    "NGINX_SRC=<source tree of nginx>"

        set_module_flags

        build --with-cc-opt="$hardening" \
              --with-ld-opt="-Wl,-z,relro -Wl,-z,now" \
              --add-dynamic-module="$root"
        ;;

    debug)
        flags="$test_flags --with-debug"

        build --with-cc-opt="-O1 -DNGX_DEBUG_PALLOC=1" \
              --with-ld-opt="-Wl,-E" \
              --add-dynamic-module="$root"
        ;;

    sanitize)
        flags="$test_flags --with-debug"
        sanitizers="-fsanitize=address,undefined"
        sanitizers="$sanitizers -fno-sanitize-recover=undefined"
        ignored="-fsanitize-ignorelist=$root/tools/sanitize-ignore.txt"
        options="-O1 -fno-omit-frame-pointer -DNGX_DEBUG_PALLOC=1"

        build --with-cc-opt="$options $sanitizers $ignored" \
              --with-ld-opt="$sanitizers" \
              --add-module="$root"
        ;;

    *)
        fail "unknown variant \"$variant\""
        ;;
    esac
}


#
# The flags of the installed nginx when the module is for its version, else
# those that any nginx with binary compatibility takes.
#

set_module_flags() {
    if [ -z "$source" ]; then
        source=$nginx_dev
        flags=$(bash -c '. "$1"; echo "${NGX_CONF_FLAGS[@]}"' - \
                     "$nginx_dev/conf_flags")
        return
    fi

    installed=$("$nginx" -v 2>&1 | sed -n 's|.*nginx/\([0-9.]*\).*|\1|p')

    if [ -n "$installed" ] && [ "$installed" = "$(version)" ]; then
        flags=$(installed_flags)
    else
        flags=$plain_flags
    fi
}


version() {
    sed -n 's/^#define NGINX_VERSION *"\(.*\)".*/\1/p' \
        "$source/src/core/nginx.h"
}


#
# Without what names a compiler flag, or a module that has a library or sources
# of its own: this module needs none of them.
#

installed_flags() {
    eval "set -- $("$nginx" -V 2>&1 | sed -n 's/^configure arguments://p')"

    for flag; do
        case $flag in
        *=dynamic | --add-* | --with-cc-opt=* | --with-ld-opt=*) ;;
        *' '*) ;;
        *) printf '%s ' "$flag" ;;
        esac
    done
}


build() {
    configure "$@"

    # a "make" above must not hand its variables down to nginx's makefile

    unset MAKEFLAGS MFLAGS MAKEOVERRIDES

    case $variant in
    module)  target=modules ;;
    *)       target=build ;;
    esac

    log=$dir/make.log

    if ! make -C "$dir/source" -f objs/Makefile -j"$(nproc)" $target \
            > "$log" 2>&1
    then
        cat "$log" >&2
        fail "the build in $dir failed"
    fi

    for file in nginx ngx_http_qwen_module.so; do
        built=$dir/source/objs/$file

        if [ -f "$built" ] && ! cmp -s "$built" "$dir/$file"; then
            cp "$built" "$dir/$file"
        fi
    done

    version > "$dir/version"
}


#
# Runs configure in a fresh copy of the source when a flag, the source tree or
# the module's list of files is another than before.
#

configure() {
    stamp="$variant $source $(version) $compiler $flags $*
$(cat "$root/config" "$root/tools/sanitize-ignore.txt")"

    if [ -f "$dir/stamp" ] && [ "$stamp" = "$(cat "$dir/stamp")" ]; then
        return
    fi

    [ -f "$source/auto/configure" ] || [ -f "$source/configure" ] \
        || fail "$source is no nginx source tree"

    rm -rf "$dir/source" "$dir/stamp"
    mkdir "$dir/source"
    tar cf - -C "$source" --exclude=./objs --exclude=./.git . \
        | tar xf - -C "$dir/source"

    # in a tree from the repository it is one level down

    if [ ! -f "$dir/source/configure" ]; then
        cp "$dir/source/auto/configure" "$dir/source/configure"
    fi

    log=$dir/configure.log

    if ! (cd "$dir/source" \
          && ./configure --with-cc="$compiler" $flags "$@") > "$log" 2>&1
    then
        cat "$log" >&2
        fail "configuring in $dir failed"
    fi

    printf '%s\n' "$stamp" > "$dir/stamp"
}


fail() {
    echo "$0: $*" >&2
    exit 1
}


main "$@"
