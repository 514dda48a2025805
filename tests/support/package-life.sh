# The steps inside of the new Debian; package.sh runs it there as root under sh -eu.
nexus="runuser -u nexus-media -- nexus-media --config /etc/nexus-media/nexus.toml"
base=http://127.0.0.1:8420

reached() {
    for _ in $(seq 100); do
        curl -sf "$base/readyz" && return
        sleep 0.1
    done
    return 1
}

echo "== install"
dpkg -i /nexus.deb
reached
test "$(systemctl is-active nexus-media)" = active
test "$(systemctl show -p Type --value nexus-media)" = notify
test "$(systemctl show -p WatchdogUSec --value nexus-media)" = 1min
test "$(stat -c '%U %a' /var/lib/nexus-media)" = "nexus-media 750"
test "$(stat -c %a /var/lib/nexus-media/data)" = 700
man -w nexus-media 2>/dev/null || test -f /usr/share/man/man1/nexus-media.1.gz
journalctl -u nexus-media | grep -F "$base/setup?code="

echo "== use"
echo "correct horse battery" | $nexus user add ada --email ada@example.org --firstname Ada --lastname Lovelace --access-level admin --password-stdin
token=$(curl -sf "$base/api/auth/login" -H "Content-Type: application/json" -d '{"username":"ada","password":"correct horse battery"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
for file in photo.jpg film.mp4; do
    item=$(curl -sf "$base/api/media/upload" -H "Authorization: Bearer $token" -F "file=@/$file" | sed 's/.*"id":"\([^"]*\)".*/\1/')
    drawn=
    for _ in $(seq 100); do
        kind=$(curl -s -o /dev/null -w "%{http_code} %{content_type}" "$base/api/media/$item/thumbnail" -H "Authorization: Bearer $token")
        if [ "$kind" = "200 image/webp" ]; then
            drawn=yes
            break
        fi
        sleep 0.2
    done
    test "$drawn" = yes
done
journalctl -u nexus-media | grep -F "no previews" && exit 1

echo "== killed, it comes back"
systemctl kill -s KILL nexus-media
sleep 3
reached

echo "== upgrade"
echo 'log = "debug"' >> /etc/nexus-media/nexus.toml
before=$(systemctl show -p MainPID --value nexus-media)
dpkg -i /newer.deb
reached
test "$(systemctl show -p MainPID --value nexus-media)" != "$before"
grep -F 'log = "debug"' /etc/nexus-media/nexus.toml
curl -sf "$base/api/media/$item" -H "Authorization: Bearer $token" | grep -F film.mp4
$nexus check

echo "== remove"
dpkg -r nexus-media
test "$(systemctl is-active nexus-media)" != active
test -f /etc/nexus-media/nexus.toml
find /var/lib/nexus-media/media -name film.mp4 | grep .

echo "== purge"
dpkg -P nexus-media
test ! -e /etc/nexus-media
test ! -e /usr/bin/nexus-media
find /var/lib/nexus-media/media -name film.mp4 | grep .
test ! -e /etc/systemd/system/multi-user.target.wants/nexus-media.service
