#!/bin/sh
# A private MariaDB for tests: a temporary folder, a free port, user mysql.
# Prints its URL when it is ready, runs until its standard input ends, and cleans up. On a line `stop`, `start`,
# `pause` or `resume` there it stops or starts the server, or all of its threads, and prints `done`.
set -eu
command -v mariadbd >/dev/null || { echo "mariadbd is missing: apt-get install mariadb-server" >&2; exit 1; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/nexus-mariadb-XXXXXX")
chmod 755 "$folder"
mkdir "$folder/data"
chown mysql "$folder" "$folder/data"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mariadb-install-db --no-defaults --user=mysql --datadir="$folder/data" --auth-root-authentication-method=normal --skip-test-db >"$folder/install.log" 2>&1 ||
    { cat "$folder/install.log" >&2; exit 1; }
start() {
    mariadbd --no-defaults --user=mysql --datadir="$folder/data" --socket="$folder/s" --port="$port" --bind-address=127.0.0.1 \
        --pid-file="$folder/pid" --skip-log-bin --max-connections=1000 --innodb-buffer-pool-size=128M \
        --innodb-flush-log-at-trx-commit=2 --character-set-server=utf8mb4 --collation-server=utf8mb4_bin \
        >>"$folder/log" 2>&1 </dev/null &
    server=$!
    tries=0
    until mariadb-admin --no-defaults -uroot -S "$folder/s" ping >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 150 ] || { cat "$folder/log" >&2; exit 1; }
        sleep 0.2
    done
}
pause() {
    kill -STOP "$server"
}
resume() {
    kill -CONT "$server" 2>/dev/null || true
}
stop() {
    resume
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
}
trap 'stop; rm -rf "$folder"' EXIT
start
mariadb --no-defaults -uroot -S "$folder/s" -e "CREATE USER 'nexus'@'127.0.0.1' IDENTIFIED BY 'nexus'; GRANT ALL ON *.* TO 'nexus'@'127.0.0.1';"
echo "mysql://nexus:nexus@127.0.0.1:$port"
while read -r word; do
    "$word"
    echo done
done
