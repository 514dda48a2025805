#!/bin/sh
# Runs cargo audit with local advisory data: audit.sh FOLDER
set -eu
if [ ! -d "$1/crates" ]; then
    echo "ADVISORIES NOT CHECKED: $1 contains no advisory data (set ADVISORY_DB to a clone of the RustSec advisory-db)" >&2
    exit 0
fi
if ! cargo audit --version >/dev/null 2>&1; then
    echo "installing cargo-audit"
    cargo install cargo-audit --locked --quiet --no-default-features --profile dev
fi
# cargo audit requires a git repository.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$1/." "$copy"
if [ ! -d "$copy/.git" ]; then
    git -C "$copy" init -q
    git -C "$copy" add -A
    git -C "$copy" -c user.name=audit -c user.email=audit@localhost commit -qm "advisories"
fi
cargo audit --db "$copy" --no-fetch --stale --deny warnings
