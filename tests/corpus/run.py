#!/usr/bin/env python3
"""Uploads the files of formats.py to a server of its own and compares what it makes of them: run.py BINARY [GROUP ...]
[--copies N]. Copies differ in their bytes only. Ends with the number of faults."""
import argparse, calendar, colorsys, io, json, os, pathlib, random, re, shutil, subprocess, sys, tempfile, time, urllib.error, urllib.parse, urllib.request, uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import formats  # noqa: E402
from PIL import Image, ImageStat  # noqa: E402

PATCHES = [(220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)]
MONTHS = "January February March April May June July August September October November December".split()


class Server:
    def __init__(self, binary):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="nexus-corpus-"))
        (self.work / "password").write_text("a long enough password")
        env = {"PATH": os.environ["PATH"], "NEXUS_LISTEN": "127.0.0.1:0", "NEXUS_ADMIN_USERNAME": "root", "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_RATE_LIMIT": "off",
               "NEXUS_ADMIN_PASSWORD_FILE": str(self.work / "password"), "NEXUS_TIME_ZONE": "Europe/Vienna"}
        self.log = open(self.work / "log", "w")
        self.process = subprocess.Popen([pathlib.Path(binary).resolve()], cwd=self.work, env=env, stderr=subprocess.PIPE, text=True)
        line = next(line for line in self.process.stderr if "listening on" in line)
        self.base = re.search(r"http://[\d.:]+", line).group()
        import threading

        threading.Thread(target=lambda: [self.log.write(line) for line in self.process.stderr], daemon=True).start()
        self.errors = 0
        answer = self.call("POST", "/api/auth/login", json.dumps({"username": "root", "password": "a long enough password"}).encode(), {"Content-Type": "application/json"})
        self.token = json.loads(answer)["token"]
        self.cookie = None

    def call(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if getattr(self, "token", None):
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.base + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            self.errors += error.code >= 500
            return None if error.code == 404 else sys.exit(f"{method} {path}: {error.code} {error.read()[:300]}")

    def upload(self, name, data, sent=None):
        edge = uuid.uuid4().hex
        fields = "".join(f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in (("keep_duplicates", "true"), *((("lastModified", sent),) if sent else ())))
        body = fields.encode() + f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + data + f"\r\n--{edge}--\r\n".encode()
        return json.loads(self.call("POST", "/api/media/upload", body, {"Content-Type": f"multipart/form-data; boundary={edge}"}))["items"][0]["id"]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.work, ignore_errors=True)


def lab(rgb):
    linear = [value / 255 for value in rgb]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in linear]
    x, y, z = (sum(a * b for a, b in zip(row, linear)) for row in ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)))
    f = lambda t: t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116
    fx, fy, fz = f(x / 0.95047), f(y), f(z / 1.08883)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distances(picture):
    """How far the middle of each quarter is from its colour (CIE76)."""
    w, h = picture.size
    for (x, y), patch in zip(((1, 1), (3, 1), (1, 3), (3, 3)), PATCHES):
        part = picture.crop((w * x // 4 - w // 16, h * y // 4 - h // 16, w * x // 4 + w // 16, h * y // 4 + h // 16))
        yield sum((a - b) ** 2 for a, b in zip(lab(ImageStat.Stat(part).mean), lab(patch))) ** 0.5


def faults(server, identity, name, said):
    item = json.loads(server.call("GET", f"/api/media/{identity}"))
    facts = item["metadata"] or {}
    for key in ("kind", "width", "height"):
        if key in said and item[key] != said[key]:
            yield f"{key} {item[key]}, not {said[key]}"
    if "duration_ms" in said and not (item["duration_ms"] and said["duration_ms"][0] <= item["duration_ms"] <= said["duration_ms"][1]):
        yield f"duration {item['duration_ms']}, not {said['duration_ms']}"
    for key, field in (("title", "title"), ("artist", "artist"), ("caption", "description"), ("camera", "camera")):
        if key in said and said[key] not in (facts.get(field) or ""):
            yield f"{key} {facts.get(field)!r}, not {said[key]!r}"
    if "taken" in said:
        taken = (item["taken_local"] or "").replace("T", " ")
        if not taken.startswith(said["taken"][: {"month": 7, "year": 4}.get(item["taken_precision"], 19)]) or (len(said["taken"]) < 8) != (item["taken_precision"] in ("month", "year")):
            yield f"taken {taken} ({item['taken_source']}, {item['taken_precision']}), not {said['taken']}"
    if "offset" in said and item["taken_offset"] != said["offset"]:
        yield f"offset {item['taken_offset']}, not {said['offset']}"
    if "position" in said:
        place = facts.get("latitude"), facts.get("longitude")
        want = said["position"] or (None, None)
        if any((a is None) != (b is None) or (a is not None and abs(a - b) > 0.0001) for a, b in zip(place, want)):
            yield f"position {place}, not {want}"
    if said.get("damaged") and not facts.get("is_damaged"):
        yield "not said to be damaged"
    for word in said.get("found_by", ()):
        found = json.loads(server.call("GET", "/api/media/list?limit=200&q=" + urllib.parse.quote(word)))["items"]
        if identity not in [one["id"] for one in found]:
            yield f"not found by {word}"
    if said.get("preview") or said.get("colours") or said.get("preview_only"):
        shown = server.call("GET", f"/api/media/{identity}/thumbnail?size=1280")
        if shown is None:
            yield f"no preview: {facts.get('preview_error')}"
            return
        picture = Image.open(io.BytesIO(shown)).convert("RGB")
        if item["width"] and not 0.97 < picture.width / picture.height / (item["width"] / item["height"]) < 1.03:
            yield f"preview {picture.size} of {item['width']} × {item['height']}"
        if said.get("colours"):
            worst = max(distances(picture))
            if worst > said.get("tolerance", 6):
                yield f"colours off by {worst:.1f}"


def main():
    words = argparse.ArgumentParser()
    words.add_argument("binary")
    words.add_argument("groups", nargs="*", default=list(formats.ALL))
    words.add_argument("--copies", type=int, default=1)
    options = words.parse_args()
    server = Server(options.binary)
    try:
        sent = []
        for group in options.groups or formats.ALL:
            for name, data, said in formats.ALL[group]():
                for copy in range(options.copies):
                    stamp = said.get("sent")
                    stamp = stamp and calendar.timegm(time.strptime(stamp, "%Y-%m-%d %H:%M:%S")) * 1000
                    sent.append((group, name, said, server.upload(name, data, stamp)))
        deadline = time.monotonic() + 1800
        while any(json.loads(server.call("GET", f"/api/media/{one[3]}"))["preview"] == "waiting" for one in sent):
            if time.monotonic() > deadline:
                sys.exit("previews take too long")
            time.sleep(0.2)
        count = 0
        for group, name, said, identity in sent:
            for fault in faults(server, identity, name, said):
                count += 1
                print(f"{group}/{name}: {fault}")
        print(f"{len(sent)} files, {count} faults, {server.errors} server errors")
        sys.exit(bool(count or server.errors))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
