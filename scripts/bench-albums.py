#!/usr/bin/env python3
"""Compares pages of a large album of many owners with those of a small one.

usage: bench-albums.py BINARY [ITEMS [OWNERS]]

Each owner uploads one picture; its row is then copied in the database until there are enough items. The pages are
requested in turn, by the owner of the albums and by a user whom they are shared with. Then the owner's page of the large
album in a browser is compared with that of its share link.
"""
import http.cookiejar, json, os, re, socket, sqlite3, statistics, struct, subprocess, sys, tempfile, time, urllib.parse, urllib.request, uuid, zlib

binary = os.path.abspath(sys.argv[1])
items = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
owners = int(sys.argv[3]) if len(sys.argv) > 3 else 30
rounds = 60
PASSWORD = "correct horse battery"


def png(seed):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((seed * 7 % 256, seed * 13 % 256, seed % 256)) * 160 for _ in range(120))
    head = struct.pack(">IIBBBBB", 160, 120, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


with tempfile.TemporaryDirectory() as folder:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    password = f"{folder}/password"
    open(password, "w").write(PASSWORD)
    os.chmod(password, 0o600)
    env = {**os.environ, "NEXUS_LISTEN": f"127.0.0.1:{port}", "NEXUS_RATE_LIMIT": "off", "NEXUS_LOG": "error"}
    env |= {"NEXUS_ADMIN_USERNAME": "root", "NEXUS_ADMIN_EMAIL": "root@example.org"}
    env["NEXUS_ADMIN_PASSWORD_FILE"] = password

    def start():
        server = subprocess.Popen([binary], cwd=folder, env=env)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{base}/healthz")
                return server
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server did not start")

    def call(path, body=None, token=None, kind="application/json"):
        headers = {"Content-Type": kind}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        answer = urllib.request.urlopen(urllib.request.Request(base + path, data, headers)).read()
        return json.loads(answer) if answer else None

    def log_in(name):
        return call("/api/auth/login", {"username": name, "password": PASSWORD})["token"]

    names = [f"user{number}" for number in range(owners)]
    for name in names:
        add = [binary, "user", "add", name, "--email", f"{name}@example.org", "--firstname", name.title()]
        add += ["--lastname", "Bench", "--password-file", password]
        subprocess.run(add, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = start()
    tokens = {name: log_in(name) for name in names[:2]}
    for number, name in enumerate(names):
        token = tokens.get(name) or log_in(name)
        part = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{number}.png"\r\n\r\n'.encode()
        body = part + png(number + 1) + b"\r\n--b--\r\n"
        call("/api/media/upload", body, token, "multipart/form-data; boundary=b")
    owner = tokens[names[0]]
    albums = {size: call("/api/albums", {"name": f"{size} items"}, owner)["id"] for size in (200, items)}
    grants = {}
    for size, album in albums.items():
        shared = call("/api/grants", {"album": album, "people": [names[1]], "level": "contribute"}, owner)
        grants[size] = shared["grants"][0]["id"]
    time.sleep(3)
    server.terminate()
    server.wait()

    database = sqlite3.connect(f"{folder}/data/nexus.db")
    columns = [row[1] for row in database.execute("PRAGMA table_info(media_items)")]
    models = [dict(zip(columns, row)) for row in database.execute("SELECT * FROM media_items WHERE placement = 0")]
    rows = []
    for number in range(items):
        row = dict(models[number % len(models)])
        row["id"] = uuid.UUID(int=(0x019A << 112) | (7 << 76) | (2 << 62) | number).bytes
        row["disk_name"] = row["name"] = f"{number:06}.png"
        row["name_key"] = row["name"]
        row["shown_at"] += number * 60_000
        rows.append(row)
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT INTO media_items ({', '.join(columns)}) VALUES ({marks})"
    database.executemany(insert, ([row[column] for column in columns] for row in rows))
    at = "2026-01-01 00:00:00"
    for size, album in albums.items():
        key = uuid.UUID(album).bytes
        database.executemany(
            "INSERT INTO album_items VALUES (?, ?, 0, ?, 1, ?, ?, ?, ?, ?)",
            (
                (key, row["id"], row["user_id"], row["shown_at"], row["name_key"], index << 16, row["user_id"], at)
                for index, row in enumerate(rows[:size])
            ),
        )
        database.execute("UPDATE albums SET items = ? WHERE id = ?", (size, key))
    database.execute("UPDATE libraries SET version = version + 1")
    database.commit()
    database.execute("ANALYZE")
    database.close()

    server = start()
    tokens = {name: log_in(name) for name in names[:2]}
    try:
        pages = {
            "the owner's list": lambda size: (f"/api/albums/{albums[size]}/items?limit=60", tokens[names[0]]),
            "the other's list": lambda size: (f"/api/shared/{grants[size]}/items?limit=60", tokens[names[1]]),
        }
        item = {size: call(*[pages["the other's list"](size)[0]], None, tokens[names[1]])["items"][-1]["id"] for size in albums}
        pages["one item"] = lambda size: (f"/api/shared/{grants[size]}/items/{item[size]}", tokens[names[1]])
        print(f"{items} items by {owners} users against 200; median of {rounds} requests in turn")
        for name, page in pages.items():
            times = {size: [] for size in albums}
            for _ in range(rounds):
                for size in albums:
                    path, token = page(size)
                    began = time.perf_counter()
                    call(path, None, token)
                    times[size].append(time.perf_counter() - began)
            small, large = (statistics.median(times[size]) * 1000 for size in (200, items))
            print(f"{name}: {small:.2f} ms, {large:.2f} ms, ratio {large / small:.2f}")

        browser = lambda: urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        own, visitor = browser(), browser()
        form = own.open(f"{base}/login").read().decode()
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', form).group(1)
        own.open(f"{base}/login", urllib.parse.urlencode({"csrf_token": csrf, "username": names[0], "password": PASSWORD}).encode())
        link = call("/api/links", {"album": albums[items]}, tokens[names[0]])["url"]
        visitor.open(link).read()
        times = {"own": [], "link": []}
        for _ in range(rounds):
            for name, client, address in (("own", own, f"{base}/albums/{albums[items]}"), ("link", visitor, link)):
                began = time.perf_counter()
                client.open(address).read()
                times[name].append(time.perf_counter() - began)
        mine, theirs = (statistics.median(times[name]) * 1000 for name in ("own", "link"))
        print(f"pages in a browser: own {mine:.2f} ms, link {theirs:.2f} ms, ratio of speed {mine / theirs:.2f}")
    finally:
        server.terminate()
        server.wait()
