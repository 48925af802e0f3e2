#!/bin/sh
#
# Compares the lists of files in "config" with what is in the tree.

set -eu

cd "$(dirname "$0")/.."

listed=$(sed -n 's|.*\$ngx_addon_dir/\([^ "]*\.[ch]\).*|\1|p' config | sort)
present=$(ls ngx_qwen_module.c src/*/*.[ch] | sort)

if [ "$listed" != "$present" ]; then
    echo "config does not list the files that are in the tree:" >&2

    for file in $listed; do
        [ -f "$file" ] || echo "    listed, but missing: $file" >&2
    done

    for file in $present; do
        echo "$listed" | grep -qx "$file" \
            || echo "    not listed: $file" >&2
    done

    echo "$listed" | uniq -d | sed 's/^/    listed twice: /' >&2

    exit 1
fi
