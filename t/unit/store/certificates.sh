#!/bin/sh
#
# Makes a certificate for localhost by an authority of its own, and another
# authority that has nothing to do with it:
#
#   certificates.sh DIR

set -eu

cd "$1"

new_key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

for name in ca other-ca; do
    openssl req -x509 $new_key -keyout $name.key -out $name.crt -days 2 \
        -subj "/CN=$name" 2>/dev/null
done

openssl req $new_key -keyout server.key -out server.csr -subj "/CN=redis" \
    2>/dev/null

echo "subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1" > server.ext

openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
    -days 2 -extfile server.ext -out server.crt 2>/dev/null
