#!/bin/sh
# Checks licences, sources and advisories of all crates against deny.toml: dependencies.sh ADVISORY_DB
set -eu
if ! cargo deny --version >/dev/null 2>&1; then
    echo "installing cargo-deny"
    cargo install cargo-deny --locked --quiet --no-default-features --profile dev
fi
cargo fetch --locked --quiet
cargo deny --offline check bans licenses sources

if [ ! -d "$1/crates" ]; then
    echo "ADVISORIES NOT CHECKED: $1 contains no advisory data (set ADVISORY_DB to a clone of the RustSec advisory-db)" >&2
    exit 0
fi
# cargo-deny reads a git repository, in a folder that it names after the address of the original.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
database=$copy/advisory-db-3157b0e258782691
cp -r "$1" "$database"
rm -rf "$database/.git"
git -C "$database" init -q
git -C "$database" add -A
git -C "$database" -c user.name=check -c user.email=check@localhost commit -qm "advisories"
sed "s|^\\[advisories\\]|[advisories]\ndb-path = \"$copy\"|" deny.toml >"$copy/deny.toml"
cargo deny --offline --config "$copy/deny.toml" check advisories
