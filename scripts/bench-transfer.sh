#!/bin/sh
# Compares downloads and uploads of 1 GiB with nginx on one machine: bench-transfer.sh [ROUNDS]
# Needs a release binary, nginx, curl and 6 GB of disk. Prints MB/s and CPU-seconds of each server.
set -eu
rounds=${1:-3}
binary=${NEXUS_BINARY:-$HOME/.cache/nexus-media/target/release/nexus-media}
work=$(mktemp -d "${BENCH_DIR:-/var/tmp}/nexus-bench-XXXXXX")
chmod 755 "$work"
cleanup() {
    kill "$nexus" 2>/dev/null || true
    kill "$(cat "$work/nginx.pid" 2>/dev/null)" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
printf "a long enough password" >"$work/password"
cd "$work"
NEXUS_LISTEN=127.0.0.1:0 NEXUS_RATE_LIMIT=off NEXUS_LOG=warn NEXUS_ADMIN_USERNAME=root NEXUS_ADMIN_EMAIL=root@example.org \
    NEXUS_ADMIN_PASSWORD_FILE="$work/password" "$binary" 2>nexus.log &
nexus=$!
until grep -q listening nexus.log; do sleep 0.1; done
base=$(sed -n 's/.*listening on //p' nexus.log)
mkdir -p www/put body
chmod 777 www/put body
cat >nginx.conf <<CONF
worker_processes 2; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; client_body_temp_path $work/www/body; client_max_body_size 0;
  proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server { listen 127.0.0.1:8499; root $work/www; location /put { dav_methods PUT; } } }
CONF
nginx -c "$work/nginx.conf"
token() { curl -s -b jar -c jar "$base$1" | sed -n 's/.*name="csrf_token" value="\([^"]*\)".*/\1/p' | head -n 1; }
curl -s -o /dev/null -b jar -c jar -d "csrf_token=$(token /login)" -d username=root --data-urlencode "password@password" "$base/login"
cpu() { # user + system seconds of a process and its children that live
    total=0
    for pid in $1 $(pgrep -P "$1"); do total=$((total + $(awk '{print $14 + $15}' "/proc/$pid/stat"))); done
    echo $total
}
say() { # what, server pid, bytes/s, cpu before
    printf '%-16s %8.0f MB/s %6.2f cpu-s\n' "$1" "$(echo "$3 / 1000000" | bc -l)" "$(echo "($(cpu "$2") - $4) / 100" | bc -l)"
}
nginx=$(cat nginx.pid)
idle=$(awk '/^VmRSS/ {print $2}' "/proc/$nexus/status")
peak=0
for round in $(seq "$rounds"); do
    head -c 1073741824 /dev/urandom >big.bin
    before=$(cpu "$nginx"); speed=$(curl -s -T big.bin -o /dev/null -w '%{speed_upload}' http://127.0.0.1:8499/put/big.bin); say "nginx PUT" "$nginx" "$speed" "$before"
    t=$(token /upload)
    before=$(cpu "$nexus"); speed=$(curl -s -b jar -F "csrf_token=$t" -F "file=@big.bin" -o /dev/null -D head -w '%{speed_upload}' "$base/upload"); say "nexus upload" "$nexus" "$speed" "$before"
    made=$(curl -s -b jar -X POST -H "X-CSRF-Token: $t" -H 'Tus-Resumable: 1.0.0' -H 'Upload-Length: 1073741824' -H "Upload-Metadata: keep_duplicates dHJ1ZQ==" -o /dev/null -D - "$base/api/uploads" | sed -n 's/^location: //p' | tr -d '\r')
    before=$(cpu "$nexus"); speed=$(curl -s -b jar -X PATCH -H "X-CSRF-Token: $t" -H 'Tus-Resumable: 1.0.0' -H 'Upload-Offset: 0' -H 'Content-Type: application/offset+octet-stream' -T big.bin -o /dev/null -w '%{speed_upload}' "$base$made"); say "nexus resumable" "$nexus" "$speed" "$before"
    now=$(awk '/^VmHWM/ {print $2}' "/proc/$nexus/status"); [ "$now" -le "$peak" ] || peak=$now
    result=$(sed -n 's/^location: //p' head | tr -d '\r')
    id=$(curl -s -b jar "$base$result" | sed -n 's/.*href="\/items\/\([^"]*\)".*/\1/p' | head -n 1)
    curl -s -o /dev/null http://127.0.0.1:8499/put/big.bin; curl -s -b jar -o /dev/null "$base/media/$id"
    before=$(cpu "$nginx"); speed=$(curl -s -o /dev/null -w '%{speed_download}' http://127.0.0.1:8499/put/big.bin); say "nginx GET" "$nginx" "$speed" "$before"
    before=$(cpu "$nexus"); speed=$(curl -s -b jar -o /dev/null -w '%{speed_download}' "$base/media/$id"); say "nexus download" "$nexus" "$speed" "$before"
    t=$(token /upload)
    curl -s -o /dev/null -b jar -d "csrf_token=$t" "$base/items/$id/trash"; curl -s -o /dev/null -b jar -d "csrf_token=$t" "$base/trash/empty"
done
echo "nexus memory: idle $idle kB, peak $peak kB; binary $(stat -c %s "$binary") bytes"
