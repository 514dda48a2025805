#!/usr/bin/env python3
"""Measures Nexus under the load of many clients who hold what they can: bench-strangers.py BINARY

For a minute and at once: one address keeps opening up to 1,000 connections and pipelines 124 KB of requests on each
without reading, four addresses hold 500 idle connections, 300 uploads are held midway, and 40 clients try to log in.
Prints the memory of the server before, at most, and a minute after they have left, and how long another address waits
for the log-in page. Needs 4,096 open files."""
import json, os, pathlib, re, resource, shutil, socket, statistics, subprocess, sys, tempfile, threading, time, urllib.request

PASSWORD, SECONDS = "a long enough password", int(os.environ.get("SECONDS", 60))
LOADS = os.environ.get("LOADS", "pipeline hold log_in idle").split()
PIPELINED = b"GET /login HTTP/1.1\r\nHost:x\r\n\r\n" * 4000
HELD_BYTES = int(os.environ.get("HELD_BYTES", 400_000))

resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
binary = sys.argv[1]
work = pathlib.Path(tempfile.mkdtemp(prefix="nexus-strangers-", dir=os.environ.get("BENCH_DIR", "/var/tmp")))
(work / "password").write_text(PASSWORD)
# The tokens of the uploads come from one address, whose log-ins would be limited.
settings = {"PATH": os.environ["PATH"], "NEXUS_LISTEN": "127.0.0.1:0", "NEXUS_RATE_LIMIT": "off", "NEXUS_LOG": "warn", "NEXUS_ADMIN_USERNAME": "root",
            "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_ADMIN_PASSWORD_FILE": str(work / "password"), **{key: value for key, value in os.environ.items() if key.startswith(("MALLOC", "X_", "GLIBC"))}}
server = subprocess.Popen([binary], cwd=work, env=settings, stderr=subprocess.PIPE, text=True)
port = int(next(match[1] for line in server.stderr if (match := re.search(r"listening on \S+:(\d+)", line))))
threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
over = threading.Event()


def resident():
    return int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{server.pid}/status").read_text(), re.M)[1]) / 1024


def connect(address):
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(address, 0))


def pipeline():
    """Opens a connection and sends as many requests as are taken; opens another when it is closed."""
    while not over.is_set():
        try:
            with connect("127.0.0.1") as one:
                one.settimeout(1)
                sent = 0
                while not over.is_set():
                    try:
                        sent += one.send(PIPELINED[sent % len(PIPELINED):])
                    except TimeoutError:
                        pass
        except OSError:
            time.sleep(0.5)


def hold(number):
    """Holds an upload midway, and begins another when it is ended."""
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n\r\n' + bytes(HELD_BYTES)
    head = (f"POST /api/media/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tokens[number % len(tokens)]}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {10 * HELD_BYTES + 1000}\r\n\r\n").encode()
    while not over.is_set():
        try:
            with connect(f"127.0.2.{number % 4 + 1}") as one:
                one.sendall(head + body)
                one.settimeout(1)
                while not over.is_set():
                    try:
                        if not one.recv(4096):
                            break
                    except TimeoutError:
                        pass
        except OSError:
            pass
        over.wait(0.5)


def log_in(number):
    body = json.dumps({"username": f"person{number % 20}", "password": "not this one at all"}).encode()
    while not over.is_set():
        try:
            with connect(f"127.0.3.{number + 1}") as one:
                one.settimeout(30)
                one.sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                while one.recv(4096):
                    pass
        except OSError:
            time.sleep(0.2)


def idle(address):
    held = []
    while not over.is_set():
        while len(held) < 125 and not over.is_set():
            try:
                held.append(connect(address))
            except OSError:
                break
        over.wait(20)


def probe():
    while not over.is_set():
        began = time.monotonic()
        try:
            with connect("127.0.9.9") as one:
                one.sendall(b"GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                page = b""
                while part := one.recv(65536):
                    page += part
            waits.append(time.monotonic() - began if page.startswith(b"HTTP/1.1 200") else 99)
        except OSError:
            waits.append(99)
        over.wait(0.25)


try:
    tokens, waits = [], []
    for number in range(20):
        subprocess.run([binary, "user", "add", f"person{number}", "--email", f"person{number}@example.org", "--firstname", "Ada", "--lastname", "Lovelace", "--password-file", work / "password"],
                       cwd=work, env={"PATH": os.environ["PATH"]}, check=True, capture_output=True)
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/auth/login", json.dumps({"username": f"person{number}", "password": PASSWORD}).encode(), {"Content-Type": "application/json"})
        tokens.append(json.load(urllib.request.urlopen(request))["token"])
    before, most = resident(), 0
    loads = [("pipeline", pipeline, [()] * 1000), ("hold", hold, [(number,) for number in range(300)]), ("log_in", log_in, [(number,) for number in range(40)]),
             ("idle", idle, [(f"127.0.1.{number}",) for number in range(1, 5)]), ("probe", probe, [()])]
    clients = [threading.Thread(target=target, args=arguments, daemon=True) for name, target, all_arguments in loads if name in [*LOADS, "probe"] for arguments in all_arguments]
    threading.stack_size(256 * 1024)
    for client in clients:
        client.start()
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        most = max(most, resident())
        time.sleep(0.1)
    descriptors = len(os.listdir(f"/proc/{server.pid}/fd"))
    over.set()
    after = []
    for _ in range(min(6, SECONDS // 10)):
        time.sleep(10)
        after.append(round(resident()))
    print(f"memory: {before:.0f} MB before, {most:.0f} MB at most, {after[-1]} MB a minute later (each 10 s: {after}); {descriptors} descriptors")
    print(f"/login for another address: {len(waits)} requests, median {statistics.median(waits) * 1000:.0f} ms, slowest {max(waits) * 1000:.0f} ms")
finally:
    server.terminate()
    server.wait(60)
    shutil.rmtree(work, ignore_errors=True)
