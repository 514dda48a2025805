#!/bin/sh
# Checks the spelling of all text with typos, whose exceptions are in typos.toml.
set -eu
version=1.52.0
cd "$(dirname "$0")/.."
tools=${XDG_CACHE_HOME:-$HOME/.cache}/nexus-media/typos-$version
if [ ! -f "$tools/.whole" ]; then
    rm -rf "$tools"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$tools" "typos==$version"
    touch "$tools/.whole"
fi
exec "$tools/bin/typos" --format brief
