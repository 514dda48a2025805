#!/bin/sh
# Builds the Debian package from a release build: deb.sh BINARY; prints its path.
set -eu
cd "$(dirname "$0")/.."
binary=$1
tools=${NEXUS_TOOLS:-$HOME/.cache/nexus-media/tools}
out=packaging/build
cargo_deb=$tools/bin/cargo-deb
[ -x "$cargo_deb" ] || CARGO_TARGET_DIR=$tools/target cargo install --quiet --locked --version 3.8.0 --root "$tools" cargo-deb
rm -rf "$out" && mkdir -p "$out"
"$binary" man | gzip -9n > "$out/nexus-media.1.gz"
"$binary" completions bash > "$out/nexus-media.bash"
"$binary" completions zsh > "$out/_nexus-media"
"$binary" completions fish > "$out/nexus-media.fish"
version=$("$binary" version)
{
    echo "nexus-media ($version-1) unstable; urgency=medium"
    echo
    sed -n '/^## /,$p' CHANGELOG.md | sed -n 's/^- \(.*\)/\1/p' | fold -s -w 72 | sed 's/^/    /; s/ *$//'
    echo
    echo " -- The Nexus Media developers <nexus-media@localhost.invalid>  $(date -R -d "@$(git log -1 --format=%ct)")"
} | gzip -9n > "$out/changelog.Debian.gz"
"$cargo_deb" deb --no-build --no-strip --quiet --output "$out/"
ls "$out"/*.deb
