#!/usr/bin/env python3
"""Measures how long Nexus takes to refuse a log-in, by the kind of hash that the account has: bench-login.py BINARY

200 tries each, in turns: no account, a hash of today, PHP's bcrypt (cost 10) and PHP's argon2id (64 MiB, 4 passes)."""
import json, os, pathlib, re, shutil, sqlite3, statistics, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

PASSWORD, TRIES = "a long enough password", 200
# password_hash('x', PASSWORD_BCRYPT, ['cost' => 10]) and password_hash('x', PASSWORD_ARGON2ID) of PHP.
HASHES = {"bcrypt": "$2y$10$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O",
          "argon2": "$argon2id$v=19$m=65536,t=4,p=1$c2FsdHNhbHRzYWx0c2FsdA$DaSPhBo3mLGGXZsMvBm2tP5PXxhGzmRkNfhLEXZl0Gs"}

binary = sys.argv[1]
work = pathlib.Path(tempfile.mkdtemp(prefix="nexus-login-", dir=os.environ.get("BENCH_DIR", "/var/tmp")))
(work / "password").write_text(PASSWORD)
environment = {"PATH": os.environ["PATH"], "NEXUS_LISTEN": "127.0.0.1:0", "NEXUS_RATE_LIMIT": "off", "NEXUS_LOG": "warn", "NEXUS_ADMIN_USERNAME": "root",
               "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_ADMIN_PASSWORD_FILE": str(work / "password")}


def start():
    server = subprocess.Popen([binary], cwd=work, env=environment, stderr=subprocess.PIPE, text=True)
    base = next(match[1] for line in server.stderr if (match := re.search(r"listening on (\S+)", line)))
    threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
    return server, base


def refused(base, name):
    request = urllib.request.Request(f"{base}/api/auth/login", json.dumps({"username": name, "password": "wrong"}).encode(), {"Content-Type": "application/json"})
    began = time.monotonic()
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        assert error.code == 401, error.code
    return time.monotonic() - began


server, base = start()
try:
    for name in ["today", *HASHES]:
        subprocess.run([binary, "user", "add", name, "--email", f"{name}@example.org", "--firstname", "Ada", "--lastname", "Lovelace", "--password-file", work / "password"],
                       cwd=work, env={"PATH": os.environ["PATH"]}, check=True, capture_output=True)
    with sqlite3.connect(next(work.glob("**/nexus.db"))) as database:
        for name, value in HASHES.items():
            database.execute("UPDATE users SET password = ? WHERE username = ?", (value, name))
    server.terminate()
    server.wait(60)
    server, base = start()
    time.sleep(5)
    kinds = ["nobody", "today", *HASHES]
    times = {kind: [] for kind in kinds}
    for _ in range(TRIES):
        for kind in kinds:
            times[kind].append(refused(base, kind))
    medians = {kind: statistics.median(times[kind]) * 1000 for kind in kinds}
    for kind in kinds:
        print(f"{kind}: median {medians[kind]:.0f} ms, fastest {min(times[kind]) * 1000:.0f} ms, slowest {max(times[kind]) * 1000:.0f} ms")
    print(f"medians differ by {(max(medians.values()) / min(medians.values()) - 1) * 100:.1f} %")
finally:
    server.terminate()
    server.wait(60)
    shutil.rmtree(work, ignore_errors=True)
