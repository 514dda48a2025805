#!/bin/sh
# Checks the spelling of all text with typos, whose exceptions are in typos.toml.
set -eu
cd "$(dirname "$0")/.."
tools=$(scripts/python-tool.sh typos 1.52.0)
exec "$tools/bin/typos" --format brief
