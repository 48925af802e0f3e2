#!/bin/sh
#
# Installs what is missing, and says nothing when nothing is:
#
#   install-packages.sh run         what building and running the module needs
#   install-packages.sh simulator   what t/sim needs
#   install-packages.sh test        everything "make test" needs
#   install-packages.sh source SUITE DIR
#                                   nginx's source of a Debian suite, in DIR
#
# Packages come from the machine's own apt sources.  Test::Nginx is packaged
# in Debian's development suite only, and nginx's sources are wanted from two
# suites: for these a second apt configuration is made in build/apt from a copy
# of the machine's own Debian entries with the suite changed.  The machine's
# configuration and package lists are never touched by that.

set -eu

build=$(cd "$(dirname "$0")/.." && pwd)/build

run_packages="gcc make nginx nginx-dev libcjson-dev libhiredis-dev libssl-dev
    libpcre2-dev zlib1g-dev ca-certificates curl"
test_packages="$run_packages clang libclang-rt-dev llvm libcmocka-dev valgrind
    perl psmisc redis-server openssl"


main() {
    case ${1:-} in

    run)
        add_packages $run_packages
        ;;

    simulator)
        command -v node >/dev/null || add_packages nodejs
        ;;

    test)
        add_packages $test_packages
        command -v node >/dev/null || add_packages nodejs
        command -v npm >/dev/null || add_packages npm
        install_test_nginx
        ;;

    source)
        fetch_source "$2" "$3"
        ;;

    *)
        fail "usage: $0 run | simulator | test | source SUITE DIR"
        ;;
    esac
}


add_packages() {
    missing=

    for package; do
        is_installed "$package" || missing="$missing $package"
    done

    [ -n "$missing" ] || return 0

    if [ "$(id -u)" != 0 ]; then
        fail "these packages are missing, install them as root:$missing"
    fi

    echo "installing$missing"

    update_and_install $missing
}


update_and_install() {
    quietly apt-get update

    DEBIAN_FRONTEND=noninteractive quietly \
        apt-get install -y --no-install-recommends "$@"
}


is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" \
      = installed ]
}


install_test_nginx() {
    is_installed libtest-nginx-perl && return

    echo "installing libtest-nginx-perl"

    other_apt sid deb

    # only this file comes from there, its dependencies from the machine's
    # own release

    (cd "$apt" && quietly apt_get download libtest-nginx-perl)

    update_and_install "$apt"/libtest-nginx-perl_*.deb
}


fetch_source() {
    [ ! -f "$2/configure" ] || return 0

    echo "fetching the source of nginx of Debian $1"

    other_apt "$1" deb-src

    # nginx's own tarball only: Debian's part changes with each of its updates,
    # and a mirror may have dropped it while its index still names it

    rm -rf "$apt/source" "$2"
    mkdir -p "$apt/source" "$2"

    (cd "$apt/source" && quietly apt_get source --tar-only nginx)

    tar xf "$apt"/source/nginx_*.orig.tar.* -C "$2" --strip-components=1
}


#
# Makes an apt configuration of its own for a suite in $apt and updates its
# package lists.
#

other_apt() {
    suite=$1
    type=$2
    apt=$build/apt/$suite
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")

    [ -n "$codename" ] || fail "/etc/os-release names no Debian release"

    rm -rf "$apt"
    mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial"

    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] || continue
        one_line_entries "$file" >> "$apt/parts/machine.list"
    done

    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        deb822_entries "$file" >> "$apt/parts/machine.sources"
    done

    [ -n "$(cat "$apt"/parts/*)" ] \
        || fail "found no entry for Debian $codename in /etc/apt"

    quietly apt_get update
}


apt_get() {
    apt-get -o Dir::Etc::SourceList=/dev/null \
            -o Dir::Etc::SourceParts="$apt/parts" \
            -o Dir::Etc::Preferences=/dev/null \
            -o Dir::Etc::PreferencesParts=/dev/null \
            -o Dir::State::Lists="$apt/lists" \
            -o Dir::Cache="$apt/cache" \
            -o APT::Default-Release= \
            -o APT::Sandbox::User=root \
            -o Acquire::Languages=none \
            -o Acquire::Check-Valid-Until=false \
            "$@"
}


#
# The entries of the machine's Debian release, component main, with another
# suite and type.
#

one_line_entries() {
    sed -n -E "s/^deb([[:space:]]+\[[^]]*\])?([[:space:]]+[^[:space:]]+)\
[[:space:]]+${codename}[[:space:]]+main\>.*/$type\1\2 $suite main/p" "$1"
}


deb822_entries() {
    awk -v RS= -v codename="$codename" -v suite="$suite" -v type="$type" '
        {
            count = split($0, lines, "\n")
            wanted = 0
            main = 0
            entry = "Types: " type "\nSuites: " suite "\nComponents: main\n"

            for (i = 1; i <= count; i++) {
                line = lines[i]

                if (line ~ /^#/) {
                    continue
                }

                if (line ~ /^Enabled:[ \t]*no/) {
                    wanted = -1
                }

                if (line ~ /^Suites:/) {
                    if (wanted == 0 && (line " ") ~ "[ \t]" codename "[ \t]") {
                        wanted = 1
                    }

                    continue
                }

                if (line ~ /^Components:/) {
                    main = (line " ") ~ /[ \t]main[ \t]/
                    continue
                }

                if (line !~ /^Types:/) {
                    entry = entry line "\n"
                }
            }

            if (wanted == 1 && main) {
                print entry
            }
        }' "$1"
}


#
# Runs a command and shows what it printed only if it failed.
#

quietly() {
    log=$(mktemp)

    if ! "$@" > "$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        fail "failed: $*"
    fi

    rm -f "$log"
}


fail() {
    echo "$0: $*" >&2
    exit 1
}


main "$@"
