#!/usr/bin/env python3
"""Starts Nexus with 10,000 items for a comparison with other servers: bench-entry.py BINARY DIR

No previews are made: what is broken has none, and that is measured elsewhere. Prints DIR/nexus.json, an entry as peers.json has them, and stays up until SIGTERM. 9,998 of the items are
pictures of a few bytes, one has 48 KiB, one 1 GiB, as the others have."""
import http.cookiejar, json, os, pathlib, re, shutil, signal, subprocess, sys, urllib.parse, urllib.request

PASSWORD, PORT = "a long enough password", 9105
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"

binary, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
(folder / "password").write_text(PASSWORD)
# All clients share one address, which is exempt from the limit on connections as that of a proxy.
settings = {"NEXUS_LISTEN": f"127.0.0.1:{PORT}", "NEXUS_TRUSTED_PROXIES": "127.0.0.0/8", "NEXUS_RATE_LIMIT": "off", "NEXUS_LOG": "warn", "NEXUS_PREVIEWS_AT_ONCE": "0", "NEXUS_ADMIN_USERNAME": "root",
            "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_ADMIN_PASSWORD_FILE": str(folder / "password")}
server = subprocess.Popen([binary], cwd=folder, env={"PATH": os.environ["PATH"], **settings}, stderr=subprocess.PIPE, text=True)
base = next(match[1] for line in server.stderr if (match := re.search(r"listening on (\S+)", line)))

jar = http.cookiejar.CookieJar()
browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
page = browser.open(f"{base}/login").read().decode()
token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
browser.open(f"{base}/login", urllib.parse.urlencode({"csrf_token": token, "username": "root", "password": PASSWORD}).encode())
csrf = re.search(r'name="csrf_token" value="([^"]+)"', browser.open(f"{base}/upload").read().decode())[1]
cookie = "; ".join(f"{one.name}={one.value}" for one in jar)
login = urllib.request.Request(f"{base}/api/auth/login", json.dumps({"username": "root", "password": PASSWORD}).encode(), {"Content-Type": "application/json"})
bearer = json.load(urllib.request.urlopen(login))["token"]


def upload(files):
    body = b"".join(b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), data) for name, data in files)
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "multipart/form-data; boundary=b"}
    answer = urllib.request.urlopen(urllib.request.Request(f"{base}/api/media/upload", body + b"--b--\r\n", headers), timeout=600)
    return json.load(answer)["items"]


big = folder / "big.mp4"
with open(big, "wb") as file:
    file.write(b"\0\0\0\x18ftypmp42")
    for _ in range(1024):
        file.write(os.urandom(1 << 20))
sent = subprocess.run(["curl", "-sf", "-H", f"Authorization: Bearer {bearer}", "-F", f"file=@{big}", f"{base}/api/media/upload"], capture_output=True, check=True)
big_id = json.loads(sent.stdout)["items"][0]["id"]
big.unlink()
for start in range(0, 9998, 1666):
    upload([(f"photo-{number:05}.png", PNG + number.to_bytes(4, "big")) for number in range(start, min(start + 1666, 9998))])
small_id = upload([("thumb.jpg", b"\xff\xd8\xff\xe0" + os.urandom((48 << 10) - 4))])[0]["id"]

entry = {"base": base, "login": "/login", "dashboard": "/photos", "home": "/dashboard", "list": "/api/media/list?limit=50", "small": f"/media/{small_id}", "big": f"/media/{big_id}",
         "upload": "/upload", "form": ["-F", f"csrf_token={csrf}"], "cookie": cookie, "pid": server.pid}
# A Bearer token goes before the cookie, and pages know only the cookie.
rest = {**entry, "bearer": bearer, "login": None, "dashboard": None, "home": None, "small": None, "big": None, "upload": None}
rest = {key: value for key, value in rest.items() if value is not None and key != "form"}
del entry["list"]
(folder / "nexus.json").write_text(json.dumps({"Nexus pages (SQLite)": entry, "Nexus API (SQLite)": rest}, indent=1))
print(folder / "nexus.json", flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
try:
    signal.pause()
finally:
    server.terminate()
    server.wait(40)
