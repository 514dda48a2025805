#!/bin/sh
# Tests the whole life of the Debian package: package.sh FILE.deb
# lintian, systemd's score, then in a fresh Debian with a systemd of its own (a container): install, start, use with
# previews under the unit's sandbox, upgrade, remove, purge. Needs root, mmdebstrap, systemd-nspawn, lintian, ffmpeg.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
deb=$(realpath "$1")
work=$(mktemp -d /var/tmp/nexus-package-XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT

echo "== lintian"
lintian --fail-on error,warning --allow-root "$deb"

echo "== systemd's score (bar: 1.5)"
dpkg-deb -R "$deb" "$work/deb"
unit=$(find "$work/deb" -name nexus-media.service)
systemd-analyze security --offline=true --threshold=15 "$unit" | tail -1

echo "== a fresh Debian"
cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null |
    mmdebstrap --quiet --variant=apt --include=systemd,systemd-sysv,dbus,adduser,curl,libmariadb3,ffmpeg bookworm "$work/root" -
cp "$deb" "$work/root/nexus.deb"
sed -i 's/^Version: .*/&+upgrade1/' "$work/deb/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/deb" "$work/root/newer.deb" >/dev/null
ffmpeg -loglevel error -f lavfi -i testsrc2=size=1600x1200:rate=1 -frames:v 1 "$work/root/photo.jpg"
ffmpeg -loglevel error -f lavfi -i testsrc2=size=640x480:rate=5:duration=2 -pix_fmt yuv420p "$work/root/film.mp4"
cp "$here/package-life.sh" "$work/root/life.sh"
cat > "$work/root/etc/systemd/system/life.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'if sh -eu /life.sh > /life.log 2>&1; then echo whole > /life.result; else journalctl --no-pager -u nexus-media >> /life.log; fi; systemctl poweroff'
[Install]
WantedBy=multi-user.target
UNIT
ln -s ../life.service "$work/root/etc/systemd/system/multi-user.target.wants/life.service"
# The system call filter of the container does not allow Landlock.
landlock="landlock_create_ruleset landlock_add_rule landlock_restrict_self"
timeout 300 systemd-nspawn --quiet --register=no --keep-unit --private-network --console=pipe --system-call-filter="$landlock" -D "$work/root" -b >"$work/boot.log" 2>&1 </dev/null || true
sed -n 's/.*\(== [a-z]\)/\1/p' "$work/root/life.log"
if [ "$(cat "$work/root/life.result" 2>/dev/null)" != whole ]; then
    tail -n 60 "$work/root/life.log"
    tail -n 40 "$work/boot.log"
    exit 1
fi
echo "== whole"
