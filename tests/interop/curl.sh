#!/bin/sh
# curl and nothing else: curl.sh ENDPOINT TOKEN FILE NAME
set -eu
endpoint=$1 token=$2 path=$3 name=$4
size=$(stat -c %s "$path")
tus() { curl -sS -H "Authorization: Bearer $token" -H 'Tus-Resumable: 1.0.0' "$@"; }
said() { tr -d '\r' | sed -n "s/^$1: //Ip"; }
location=$(tus -D - -o /dev/null -X POST -H "Upload-Length: $size" -H "Upload-Metadata: filename $(printf %s "$name" | base64)" "$endpoint" | said location)
upload=${endpoint%/api/uploads}$location
tries=0
while :; do
    offset=$(tus -I "$upload" | said upload-offset)
    [ "$offset" != "$size" ] || exit 0
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || exit 1
    tail -c "+$((offset + 1))" "$path" | tus -o /dev/null -X PATCH -H "Upload-Offset: $offset" \
        -H 'Content-Type: application/offset+octet-stream' -T - "$upload" 2>/dev/null || sleep 0.05
done
