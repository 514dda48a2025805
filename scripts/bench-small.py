#!/usr/bin/env python3
"""Measures how many files of 64 KiB are stored per second: bench-small.py BINARY DIR [PEERS.json]

Nexus on DIR's disk and, to see what durability costs, in /dev/shm, where an fsync costs nothing; beside it
the servers of PEERS.json (the shared peers.py prints its path) by their PUT or upload form. wrk sends, each
file different; what is counted is what was acknowledged and lies on disk afterwards."""
import json, os, pathlib, re, shutil, signal, subprocess, sys, tempfile, time, urllib.request

PASSWORD, SIZE, SECONDS = "a long enough password", 64 << 10, 8
LUA = r"""
local filler = string.rep("x", %(size)d - 64)
local run = "%(run)s"
local count = 0
local function unique() count = count + 1; return string.format("%%-64s", run .. "-" .. count) end
request = function()
  if "%(kind)s" == "put" then
    local head = unique()
    return wrk.format("PUT", "%(path)s" .. run .. "-" .. count .. ".bin", {["Content-Type"] = "application/octet-stream"%(headers)s}, head .. filler)
  elseif "%(kind)s" == "tus" then
    return wrk.format("POST", "%(path)s", {["Tus-Resumable"] = "1.0.0", ["Upload-Length"] = "%(size)d", ["Content-Type"] = "application/offset+octet-stream"%(headers)s}, unique() .. filler)
  end
  local parts = {}
  for number = 1, %(files)d do
    local head = unique()
    parts[#parts + 1] = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" .. run .. "-" .. count .. ".bin\"\r\nContent-Type: application/octet-stream\r\n\r\n" .. head .. filler .. "\r\n"
  end
  parts[#parts + 1] = "--b--\r\n"
  return wrk.format("POST", "%(path)s", {["Content-Type"] = "multipart/form-data; boundary=b"%(headers)s}, table.concat(parts))
end
"""


def send(base, path, kind="form", headers="", connections=16, files=1):
    run = f"{kind}{time.time_ns()}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % dict(size=SIZE, run=run, kind=kind, path=path, headers=headers, files=files))
        script.flush()
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "60s", "--latency", "-s", script.name, base], capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]) * files
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    p99 = re.search(r"99%\s+(\S+)", out)[1]
    return f"{rate:,.0f}/s, p99 {p99}" + (f", BAD {bad[1]}" if bad else "")


def nexus(binary, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "password").write_text(PASSWORD)
    settings = {"NEXUS_LISTEN": "127.0.0.1:0", "NEXUS_RATE_LIMIT": "off", "NEXUS_LOG": "warn", "NEXUS_ADMIN_USERNAME": "root",
                "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_ADMIN_PASSWORD_FILE": str(folder / "password")}
    server = subprocess.Popen([binary], cwd=folder, env={"PATH": os.environ["PATH"], **settings}, stderr=subprocess.PIPE, text=True)
    base = next(match[1] for line in server.stderr if (match := re.search(r"listening on (\S+)", line)))
    login = urllib.request.Request(f"{base}/api/auth/login", json.dumps({"username": "root", "password": PASSWORD}).encode(), {"Content-Type": "application/json"})
    return server, base, f', ["Authorization"] = "Bearer {json.load(urllib.request.urlopen(login))["token"]}"'


def main(binary, folder, peers=None):
    rows = []
    for place, where in (("on disk", pathlib.Path(folder).resolve()), ("in memory, no fsync", pathlib.Path("/dev/shm/nexus-bench"))):
        server, base, bearer = nexus(binary, where)
        try:
            for words, arguments in {
                "one file a request, 1 connection": dict(path="/api/media/upload", connections=1),
                "one file a request, 16 connections": dict(path="/api/media/upload"),
                "64 files a request, 1 connection": dict(path="/api/media/upload", connections=1, files=64),
                "64 files a request, 4 connections": dict(path="/api/media/upload", connections=4, files=64),
                "resumable, 16 connections": dict(path="/api/uploads", kind="tus"),
            }.items():
                rows.append((f"Nexus {place}", words, send(base, headers=bearer, **arguments)))
                print(*rows[-1], flush=True)
            stored = sum(1 for entry in where.glob("media/0*/Uploads/*") if entry.stat().st_size == SIZE)
            print(f"{stored:,} files of {SIZE} bytes lie there")
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(40)
            shutil.rmtree(where)
    for name, peer in (json.loads(pathlib.Path(peers).read_text()) if peers else {}).items():
        cookie = f', ["Cookie"] = "{peer["cookie"]}"' if peer.get("cookie") else ""
        for connections in (1, 16):
            if peer.get("put"):
                said = send(peer["base"], peer["put"], kind="put", connections=connections)
            else:
                said = send(peer["base"], peer["upload"], headers=cookie, connections=connections)
            rows.append((name, f"one file a request, {connections} connection{'s' if connections > 1 else ''}", said))
            print(*rows[-1], flush=True)
    print("| | | files of 64 KiB |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


main(*sys.argv[1:])
