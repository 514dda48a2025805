#!/bin/sh
# Tests the API against its OpenAPI document with all checks of schemathesis: schemathesis.sh BINARY [OPTION ...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binary=$1
shift
tools=$("$here/../../scripts/python-tool.sh" schemathesis 4.32.5)
work=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
printf 'a long enough password' >password
NEXUS_LISTEN=127.0.0.1:0 NEXUS_RATE_LIMIT=off NEXUS_LOG=error NEXUS_ADMIN_USERNAME=root NEXUS_ADMIN_EMAIL=root@example.org \
    NEXUS_ADMIN_PASSWORD_FILE="$work/password" "$binary" 2>log &
server=$!
tries=0
until grep -q 'listening on' log; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat log >&2; exit 1; }
    sleep 0.1
done
base=$(sed -n 's/.*listening on //p' log)
token() {
    curl -sS -H 'Content-Type: application/json' -d '{"username":"root","password":"a long enough password"}' "$base/api/auth/login" |
        sed -n 's/.*"token":"\([^"]*\)".*/\1/p'
}
run() {
    SCHEMATHESIS_HOOKS=schemathesis_hooks PYTHONPATH="$tools:$here" PYTHONDONTWRITEBYTECODE=1 python3 -c 'from schemathesis.cli import schemathesis; schemathesis(prog_name="schemathesis")' \
        --config-file "$here/schemathesis.toml" run "$base/api/openapi.json" --header "Authorization: Bearer $(token)" \
        --checks all --suppress-health-check all --warnings off "$@"
}
# Tested separately: changes of the quota, after which uploads correctly fail with 507 (which counts as
# a server error here), and log-out, which ends the token that all other calls need.
person='/api/admin/users/{id}'
run --exclude-path /api/auth/logout --exclude-path "$person" "$@"
run --include-path "$person" "$@"
run --include-path /api/auth/logout "$@"
if grep -v 'listening on' log; then
    echo "the server complained" >&2
    exit 1
fi
