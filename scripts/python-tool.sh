#!/bin/sh
# Installs a Python package into the cache unless it is there, and prints its folder: python-tool.sh NAME VERSION
set -eu
folder=${XDG_CACHE_HOME:-$HOME/.cache}/nexus-media/$1-$2
if [ ! -f "$folder/.whole" ]; then
    rm -rf "$folder"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$folder" "$1==$2" >&2
    touch "$folder/.whole"
fi
echo "$folder"
