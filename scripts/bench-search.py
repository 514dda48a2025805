#!/usr/bin/env python3
"""Measures searches and shelves with 1,000,000 items of one user: bench-search.py [ITEMS] [mysql://… [kept]]

BESIDE=FILE compares the shelves with what an earlier run, of 1,000 items say, wrote there; without the file it is written.

Needs a release build. Without an address it is SQLite; the rows are written into the database behind the server's back,
as its own statements would write them. `kept`: the rows of a run before are there. Prints the median and the slowest of thirty requests over one connection."""
import base64, http.client, http.cookiejar, json, os, pathlib, random, re, sqlite3, statistics, struct, subprocess, sys, tempfile, time, urllib.parse, urllib.request

ITEMS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
URL = sys.argv[2] if len(sys.argv) > 2 else None
KEPT = sys.argv[3:] == ["kept"]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", pathlib.Path.home() / ".cache/nexus-media/target"))
# However many: over the same fifteen years, in milliseconds.
STEP = 480_000 * 1_000_000 // ITEMS
random.seed(1)
CAMERAS = [("canon", "eos", "r5"), ("sony", "ilce", "7sm3"), ("apple", "iphone", "15"), ("nikon", "z", "8")]
PLACES = ["lisbon", "vienna", "oslo", "kyoto", "quito"] + [f"village{n}" for n in range(5000)]
MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]


def rows(user, directory):
    """Items and their words, the oldest first."""
    for n in range(ITEMS):
        at = 1_262_304_000_000 + n * STEP
        moment = time.gmtime(at / 1000)
        key = struct.pack(">Q", (at << 16) | 0x7000 | (n & 0xFFF)) + struct.pack(">Q", (0x8 << 60) | n)
        name = f"img_{n:07}.jpg"
        day = [str(moment.tm_year), MONTHS[moment.tm_mon - 1], f"{moment.tm_mon:02}", f"{moment.tm_mday:02}"]
        place = PLACES[n % 5] if n % 50 else PLACES[5 + n // 50 % 5000]
        words = {"img", f"{n:07}", "jpg", "photo", place, *day, *CAMERAS[n % 4]}
        yield key, name, at, words


def start(folder):
    (folder / "password").write_text("a long enough password")
    settings = {"NEXUS_LISTEN": "127.0.0.1:0", "NEXUS_RATE_LIMIT": "off", "NEXUS_LOG": "warn", "NEXUS_ADMIN_USERNAME": "root", "NEXUS_PREVIEWS_AT_ONCE": "0",
                "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_ADMIN_PASSWORD_FILE": str(folder / "password")}
    if URL:
        settings["DATABASE_URL"] = URL
    began = time.monotonic()
    server = subprocess.Popen([TARGET / "release/nexus-media"], cwd=folder, env={"PATH": os.environ["PATH"], **settings}, stderr=subprocess.PIPE, text=True)
    base = next(match[1] for line in server.stderr if (match := re.search(r"listening on http://(\S+)", line)))
    return server, base, time.monotonic() - began


COLUMNS = "id,user_id,directory_id,name,name_key,disk_name,kind,shelf,mime,size,sha256,favorite,is_missing,placement,recent_at,scan,created_at,updated_at,scanned_with,is_damaged,shown_at,preview".split(",")


def item(user, directory, key, name, at):
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at / 1000))
    return (key, user, directory, name, name, name, "photo", "photos", "image/jpeg", 5_000_000, key.hex() * 2, 0, 0, 0, moment, "skipped", moment, moment, "", 0, at, "ready")


def fill_sqlite(path):
    db = sqlite3.connect(path)
    db.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; PRAGMA foreign_keys=OFF;")
    user = db.execute("SELECT id FROM users").fetchone()[0]
    directory = db.execute("SELECT directory_id FROM user_directories WHERE directory_path='Photos'").fetchone()[0]
    marks = ",".join("?" * len(COLUMNS))
    words = []
    db.executemany(f"INSERT INTO media_items ({','.join(COLUMNS)}) VALUES ({marks})", (item(user, directory, k, n, a) for k, n, a, _ in rows(user, directory)))
    for key, _, at, said in rows(user, directory):
        words.extend((user, word, at, key) for word in said)
    words.sort()
    db.executemany("INSERT INTO search_words VALUES (?,?,?,?)", words)
    counts(db.execute, user)
    db.commit()
    db.execute("ANALYZE")
    db.close()


def counts(execute, user):
    months = {}
    for n in range(ITEMS):
        moment = time.gmtime((1_262_304_000_000 + n * STEP) / 1000)
        months[moment.tm_year * 100 + moment.tm_mon] = months.get(moment.tm_year * 100 + moment.tm_mon, 0) + 1
    for shelf in ("all", "photos"):
        execute(f"UPDATE shelf_counts SET items={ITEMS}, bytes={ITEMS * 5_000_000} WHERE user_id={user} AND shelf='{shelf}'")
        for month, items in months.items():
            execute(f"INSERT INTO shelf_months VALUES ({user},'{shelf}',{month},{items})")


def fill_mysql(folder):
    match = re.match(r"mysql://([^:]+):([^@]+)@([^:]+):(\d+)/(\w+)", URL)
    client = ["mariadb", "--no-defaults", "--local-infile=1", f"-u{match[1]}", f"-p{match[2]}", f"-h{match[3]}", f"-P{match[4]}", match[5], "-N", "-e"]
    ask = lambda sql: subprocess.run([*client, sql], check=True, capture_output=True, text=True).stdout.strip()
    user = int(ask("SELECT id FROM users"))
    directory = bytes.fromhex(ask("SELECT HEX(directory_id) FROM user_directories WHERE directory_path='Photos'"))
    with open(folder / "items.tsv", "w") as items, open(folder / "words.tsv", "w") as words:
        for key, name, at, said in rows(user, directory):
            items.write("\t".join(v.hex() if isinstance(v, bytes) else str(v) for v in item(user, directory, key, name, at)) + "\n")
            for word in said:
                words.write(f"{user}\t{word}\t{at}\t{key.hex()}\n")
    names = ",".join({"id": "@id", "directory_id": "@directory"}.get(c, c) for c in COLUMNS)
    quiet = "SET foreign_key_checks=0; SET unique_checks=0;"
    ask(f"{quiet} LOAD DATA LOCAL INFILE '{folder}/items.tsv' INTO TABLE media_items ({names}) SET id=UNHEX(@id), directory_id=UNHEX(@directory)")
    ask(f"{quiet} LOAD DATA LOCAL INFILE '{folder}/words.tsv' INTO TABLE search_words (user_id,word,shown_at,@id) SET item_id=UNHEX(@id)")
    counts(ask, user)
    ask("ANALYZE TABLE media_items, search_words, shelf_months")


def cursor(n, sort):
    """The place behind item `n` in that order."""
    at = 1_262_304_000_000 + n * STEP
    key = f"{at << 16 | 0x7000 | (n & 0xFFF):016x}{0x8 << 60 | n:016x}"
    identity = f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
    place = {"name": f"nimg_{n:07}.jpg", "largest": "s5000000", "recent": f"t{at // 1000 * 1_000_000}"}.get(sort, f"c{at}")
    return base64.urlsafe_b64encode(f"{place}.{identity}".encode()).decode().rstrip("=")


def timed(get, paths):
    """The median of these, in milliseconds."""
    took = []
    for path in paths:
        began = time.monotonic()
        body = get(path)
        took.append((time.monotonic() - began) * 1000)
        if not re.search(rb'"id":|img_', body):
            sys.exit(f"nothing on {path}")
    return statistics.median(took)


def measure_shelves(get_list, get_page):
    """First page and one from the middle of every list that has something, as JSON and as HTML. Each is asked for in
    another size or from another item on, so that none has been made before."""
    found = {}
    for shelf in ("all", "photos", "recents"):
        for sort in ("newest", "oldest", "name", "largest") if shelf != "recents" else ("recent",):
            asked = f"shelf={shelf}" + (f"&sort={sort}" if sort != "recent" else "")
            deep = f"{asked}&cursor={cursor(ITEMS // 2, sort)}"
            for where, query in (("the top", asked), ("the middle", deep)):
                found[f"{shelf} by {sort}, {where}"] = timed(get_list, [f"/api/media/list?limit={40 + turn}&{query}" for turn in range(60)])
            if shelf == "all":
                continue
            first = ITEMS - 1 if sort in ("newest", "recent", "largest") else 0
            for where, start in (("the top", first), ("the middle", ITEMS // 2)):
                step = -1 if start else 1
                paths = [f"/{shelf}?{'' if sort == 'recent' else f'sort={sort}&'}cursor={cursor(start + step * turn, sort)}" for turn in range(60)]
                found[f"page of {shelf} by {sort}, {where}"] = timed(get_page, paths)
    return found


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    server, _, _ = start(folder)
    server.terminate()
    server.wait()
    began = time.monotonic()
    if not KEPT:
        fill_mysql(folder) if URL else fill_sqlite(folder / "data/nexus.db")
    print(f"{ITEMS:,} items written in {time.monotonic() - began:.0f} s", flush=True)
    server, base, ready = start(folder)
    print(f"start to listening: {ready * 1000:.0f} ms")
    connection = http.client.HTTPConnection(base, timeout=60)
    connection.request("POST", "/api/auth/login", json.dumps({"username": "root", "password": "a long enough password"}), {"Content-Type": "application/json"})
    token = json.load(connection.getresponse())["token"]

    def ask(path):
        began = time.monotonic()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        body = json.load(connection.getresponse())
        return time.monotonic() - began, body

    deep = ask(f"/api/media/list?limit=50&shelf=photos&q=2012&sort=newest")[1]["next_cursor"]
    asked = {
        "a word that all have: img": "q=img", "a beginning of a thousand words: 00": "q=00", "a camera, a quarter: canon": "q=canon", "two words: canon lisbon": "q=canon+lisbon",
        "a rare place: village777": "q=village777", "a rare and a common one: village77 photo": "q=village77+photo", "a month of a year: may 2012": "q=may+2012",
        "two that never meet: canon sony": "q=canon+sony", "a word nobody has: zebra": "q=zebra", "one name: 0777777": "q=0777777", "what begins with a letter: v": "q=v",
        "deep: 2012, page 2": f"q=2012&cursor={deep}", "no search: photos": "shelf=photos", "no search: by name": "shelf=photos&sort=name",
    }
    for what, query in asked.items():
        took, found = [], 0
        for turn in range(30):
            # Each time another page: the same one would not be made again.
            seconds, body = ask(f"/api/media/list?limit={50 + turn}&{query}")
            took.append(seconds * 1000)
            found = len(body["items"])
        print(f"{what:45} {found:3} found{'…' if body['next_cursor'] else ' '}  median {statistics.median(took):7.1f} ms, slowest {max(took):7.1f} ms", flush=True)
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    form = browser.open(f"http://{base}/login").read().decode()
    fields = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', form)[1], "username": "root", "password": "a long enough password"}
    browser.open(f"http://{base}/login", urllib.parse.urlencode(fields).encode())
    cookie = "; ".join(f"{one.name}={one.value}" for one in jar)

    def get(path, **headers):
        connection.request("GET", path, headers=headers)
        return connection.getresponse().read()

    shelves = measure_shelves(lambda path: get(path, Authorization=f"Bearer {token}"), lambda path: get(path, Cookie=cookie))
    beside = pathlib.Path(os.environ["BESIDE"]) if "BESIDE" in os.environ else None
    known = json.loads(beside.read_text()) if beside and beside.exists() else {}
    if beside and not known:
        beside.write_text(json.dumps(shelves))
    for what, took in shelves.items():
        print(f"{what:45} median {took:7.2f} ms" + (f" = {took / known[what]:.2f} x" if what in known else ""), flush=True)
    server.terminate()
    server.wait()
