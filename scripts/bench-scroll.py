#!/usr/bin/env python3
"""Measures scrolling through a library of many photos in Chromium: bench-scroll.py BINARY [PHOTOS] [SECONDS]

Forty photos are uploaded and their rows and previews copied, spread over ten years. The browser part, tests/ui/scroll.mjs,
then turns the wheel for that long and prints the longest frames, the memory of the page, and how far it came."""
import http.cookiejar, json, os, pathlib, re, shutil, sqlite3, struct, subprocess, sys, tempfile, time, urllib.parse, urllib.request

binary, photos = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
seconds = sys.argv[3] if len(sys.argv) > 3 else "120"
work = pathlib.Path(tempfile.mkdtemp(prefix="nexus-scroll-", dir=os.environ.get("BENCH_DIR", "/var/tmp")))
(work / "password").write_text("a long enough password")
SETTINGS = {"PATH": os.environ["PATH"], "NEXUS_LISTEN": "127.0.0.1:0", "NEXUS_RATE_LIMIT": "off", "NEXUS_LOG": "warn", "NEXUS_ADMIN_USERNAME": "root",
            "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_ADMIN_PASSWORD_FILE": str(work / "password")}
TEN_YEARS = 3652 * 86_400_000
FIRST = 1_420_070_400_000


def start():
    server = subprocess.Popen([binary], cwd=work, env=SETTINGS, stderr=subprocess.PIPE, text=True)
    return server, next(match[1] for line in server.stderr if (match := re.search(r"listening on (http://\S+)", line)))


def upload(base):
    """Forty photos of three shapes; waits until they have previews."""
    ask = lambda path, body=None, kind="application/json", token=None: json.load(urllib.request.urlopen(urllib.request.Request(
        base + path, body, {"Content-Type": kind, **({"Authorization": f"Bearer {token}"} if token else {})})))
    token = ask("/api/auth/login", json.dumps({"username": "root", "password": "a long enough password"}).encode())["token"]
    for number in range(40):
        size = ["1600x1200", "1200x1600", "1920x1080"][number % 3]
        photo = work / "photo.jpg"
        picture = f"gradients=s={size}:n=5:seed={number}:d=1,noise=c0s=12"
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-frames:v", "1", photo], check=True)
        body = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p%d.jpg\"\r\n\r\n" % number + photo.read_bytes() + b"\r\n--b--\r\n"
        ask("/api/media/upload", body, "multipart/form-data; boundary=b", token)
    while not all(item["preview"] == "ready" for item in ask("/api/media/list?shelf=photos&limit=200", token=token)["items"]):
        time.sleep(0.2)


def copy_rows():
    db = sqlite3.connect(work / "data/nexus.db")
    db.executescript("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF;")
    db.row_factory = sqlite3.Row
    models = [dict(row) for row in db.execute("SELECT * FROM media_items")]
    columns = list(models[0])
    previews = work / "data/previews"
    months = {}

    def rows():
        for number in range(photos):
            at = FIRST + number * TEN_YEARS // photos
            model = models[number % len(models)]
            key = struct.pack(">QQ", (at << 16) | 0x7000 | (number & 0xFFF), (0x8 << 60) | number)
            folder = previews / key.hex()[-2:]
            folder.mkdir(exist_ok=True)
            source = previews / model["id"].hex()[-2:] / model["id"].hex()
            os.link(source, folder / key.hex())
            name = f"img_{number:07}.jpg"
            moment = time.gmtime(at / 1000)
            month = moment.tm_year * 100 + moment.tm_mon
            months[month] = months.get(month, 0) + 1
            row = {**model, "id": key, "name": name, "name_key": name, "disk_name": name, "shown_at": at}
            yield [row[column] for column in columns]

    user = models[0]["user_id"]
    bytes_each = sum(model["size"] for model in models) // len(models)
    db.executemany(f"INSERT INTO media_items ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})", rows())
    for model in models:
        db.execute("DELETE FROM media_items WHERE id = ?", (model["id"],))
    for shelf in ("all", "photos"):
        db.execute("UPDATE shelf_counts SET items=?, bytes=? WHERE user_id=? AND shelf=?", (photos, photos * bytes_each, user, shelf))
        db.execute("DELETE FROM shelf_months WHERE user_id=? AND shelf=?", (user, shelf))
        db.executemany("INSERT INTO shelf_months VALUES (?,?,?,?)", [(user, shelf, month, items) for month, items in months.items()])
    db.commit()
    db.execute("ANALYZE")
    db.close()


server, base = start()
try:
    upload(base)
    server.terminate()
    server.wait()
    copy_rows()
    server, base = start()
    browser = pathlib.Path(__file__).parent.parent / "tests/ui/scroll.mjs"
    subprocess.run(["node", browser, base, seconds], check=True)
finally:
    server.terminate()
    server.wait()
    shutil.rmtree(work)
