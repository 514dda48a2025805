#!/usr/bin/env python3
"""Compares Nexus with nginx, which serves the same bytes without authentication, on one machine: bench.py BINARY [ROUNDS]

PEERS=FILE adds other servers, each with base, login, dashboard, list, small (48 KiB), big (1 GiB), upload or put,
cookie, bearer and pid; the first whose name has PHP in it is what pages and lists are measured against.
DUFS and COPYPARTY, or what is called so on the PATH, are started too. Needs nginx, wrk, curl and 12 GB of disk.
Prints tables for docs/PERFORMANCE.md, and writes them between its marks where WRITE=1."""
import base64, datetime, json, os, pathlib, re, shutil, signal, statistics, subprocess, sys, tempfile, time, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BIG, SMALL = 1 << 30, 48 << 10
binary, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
work = pathlib.Path(tempfile.mkdtemp(prefix="nexus-bench-", dir=os.environ.get("BENCH_DIR", "/var/tmp")))
work.chmod(0o755)
started = []


def start(*command, **options):
    started.append(subprocess.Popen(command, **options))
    return started[-1]


def wait_for(url):
    for _ in range(150):
        try:
            return urllib.request.urlopen(url, timeout=2)
        except urllib.error.HTTPError as answer:
            return answer
        except OSError:
            time.sleep(0.1)
    sys.exit(f"no answer from {url}")


def family(pid):
    pids = [pid]
    for parent in pids:
        pids += [int(child) for thread in pathlib.Path(f"/proc/{parent}/task").glob("*/children") for child in thread.read_text().split()]
    return pids


def cpu(pid):
    """User and system seconds of a server and its living children."""
    ticks = 0
    for one in family(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(pid):
    """Megabytes, what is shared divided by those who share it."""
    return sum(int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{one}/smaps_rollup").read_text(), re.M)[1]) for one in family(pid)) / 1000


def heads(peer):
    lines = []
    if "cookie" in peer:
        lines += ["-H", f"Cookie: {peer['cookie']}"]
    if "bearer" in peer:
        lines += ["-H", f"Authorization: Bearer {peer['bearer']}"]
    if "basic" in peer:
        lines += ["-H", "Authorization: Basic " + base64.b64encode(peer["basic"].encode()).decode()]
    return lines


def wrk(peer, path, seconds=4):
    """Requests a second, and the slowest of a hundred in milliseconds."""
    said = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", *heads(peer), peer["base"] + path], capture_output=True, text=True).stdout
    if re.search(r"Non-2xx|Socket errors", said):
        sys.exit(f"{peer['base']}{path}: {said}")
    slow, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), float(slow) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def curl(peer, *arguments, what):
    """Megabytes a second, CPU seconds of the server."""
    before, began = cpu(peer["pid"]), time.monotonic()
    subprocess.run(["curl", "-sf", *heads(peer), "-o", "/dev/null", *arguments], check=True)
    return what / (time.monotonic() - began) / 1e6, cpu(peer["pid"]) - before


def send(peer, source):
    name = f"sent-{time.time_ns()}.bin"
    if "put" in peer:
        return curl(peer, "-T", source, peer["base"] + peer["put"] + name, what=BIG)
    return curl(peer, *peer.get("form", []), "-F", f"file=@{source};filename={name}", peer["base"] + peer["upload"], what=BIG)


def fresh_bytes(path):
    with open(path, "wb") as file:
        for _ in range(BIG >> 20):
            file.write(os.urandom(1 << 20))


def nginx():
    root = work / "www"
    (root / "put").mkdir(parents=True)
    root.chmod(0o777), (root / "put").chmod(0o777)
    fresh_bytes(root / "big.mp4")
    (root / "small.jpg").write_bytes(os.urandom(SMALL))
    (work / "nginx.conf").write_text(f"""worker_processes 2; pid {work}/nginx.pid; error_log {work}/nginx.log; daemon off;
events {{ worker_connections 4096; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; client_max_body_size 0; client_body_temp_path {root}/body;
 proxy_temp_path {work}/p; fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
 server {{ listen 127.0.0.1:8499; root {root}; location /put {{ dav_methods PUT; }} }} }}""")
    server = start("nginx", "-c", str(work / "nginx.conf"), stderr=subprocess.DEVNULL)
    wait_for("http://127.0.0.1:8499/small.jpg")
    return {"base": "http://127.0.0.1:8499", "small": "/small.jpg", "big": "/big.mp4", "put": "/put/", "pid": server.pid}


def others():
    peers = {}
    dufs, copyparty = (os.environ.get(name.upper()) or shutil.which(name) for name in ("dufs", "copyparty"))
    root = work / "www"
    if dufs:
        server = start(dufs, "-b", "127.0.0.1", "-p", "8498", "-A", "-a", "bench:bench-password@/:rw", str(root), stdout=subprocess.DEVNULL)
        wait_for("http://127.0.0.1:8498/")
        peers["dufs"] = {"base": "http://127.0.0.1:8498", "small": "/small.jpg", "big": "/big.mp4", "put": "/put/", "basic": "bench:bench-password", "pid": server.pid}
    if copyparty:
        options = ["-i", "127.0.0.1", "-p", "8497", "-a", "bench:bench-password", "-v", f"{root}::rwmd,bench", "--no-thumb", "-q", "-j", "2"]
        server = start(copyparty, *options, cwd=work, env={**os.environ, "HOME": str(work)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("http://127.0.0.1:8497/")
        peers["copyparty"] = {"base": "http://127.0.0.1:8497", "small": "/small.jpg?pw=bench-password", "big": "/big.mp4?pw=bench-password", "pid": server.pid}
    return peers


ROWS = [("log-in page", "login", "/s", 0), ("dashboard (Nexus: 24 things, 22 kB)", "home", "/s", 0), ("dashboard (Nexus: a shelf of 60, 68 kB)", "dashboard", "/s", 0), ("API list, 50 items", "list", "/s", 0), ("48 KiB file", "small", "/s", 0),
        ("1 GiB down", "big", " MB/s", 0), ("1 GiB down, CPU-s", "big", "", 1), ("1 GiB up", "up", " MB/s", 0), ("1 GiB up, CPU-s", "up", "", 1)]


def measure(peers):
    found = {name: {} for name in peers}
    for peer in peers.values():
        if "dashboard" in peer:
            peer.setdefault("home", peer["dashboard"])
    source = work / "source.bin"
    for number in range(rounds):
        fresh_bytes(source)
        for key in ("login", "home", "dashboard", "list", "small", "big", "up"):
            for name, peer in peers.items():
                if key in ("login", "home", "dashboard", "list", "small") and key in peer:
                    got = wrk(peer, peer[key])
                elif key == "big" and key in peer:
                    # Once before, so that both send out of the page cache.
                    curl(peer, peer["base"] + peer["big"], what=BIG)
                    got = curl(peer, peer["base"] + peer["big"], what=BIG)
                elif key == "up" and ("put" in peer or "upload" in peer):
                    got = send(peer, source)
                else:
                    continue
                found[name].setdefault(key, []).append(got)
                print(f"round {number + 1}: {name}: {key} {got[0]:,.0f} {got[1]:.2f}", file=sys.stderr, flush=True)
    return found


def table(found):
    names = list(found)
    php = next((name for name in names if "PHP" in name), None)
    ours = [name for name in names if "Nexus" in name]
    lines = ["| | " + " | ".join(names) + " | beside nginx |" + (" beside PHP |" if php else ""), "|---" * (len(names) + 2 + bool(php)) + "|"]
    for label, key, unit, index in ROWS:
        cells, middles = [], {}
        for name in names:
            values = [got[index] for got in found[name].get(key, [])]
            if not values:
                cells.append("")
                continue
            middles[name] = statistics.median(values)
            form = (lambda value: f"{value:.2f}") if not unit else (lambda value: f"{value:,.0f}")
            slow = f", p99 {statistics.median(got[1] for got in found[name][key]):.1f} ms" if unit == "/s" else ""
            cells.append(f"{form(middles[name])}{unit} ({form(min(values))}-{form(max(values))}){slow}")
        mine = next((middles[name] for name in ours if name in middles), None)
        beside = lambda other: f"{mine / middles[other]:.2f} x" if mine and middles.get(other) else ""
        lines.append(f"| {label} | " + " | ".join(cells) + f" | {beside('nginx')} |" + (f" {beside(php)} |" if php else ""))
    return "\n".join(lines)


def main():
    peers = {"nginx": nginx()}
    entry = start(sys.executable, str(HERE / "bench-entry.py"), binary, str(work / "nexus"), stdout=subprocess.PIPE, text=True)
    nexus = json.loads(pathlib.Path(entry.stdout.readline().strip()).read_text())
    pid = next(iter(nexus.values()))["pid"]
    idle = resident(pid)
    if "PEERS" in os.environ:
        peers |= {name: peer for name, peer in json.loads(pathlib.Path(os.environ["PEERS"]).read_text()).items() if "nginx (" not in name}
    peers |= others() | nexus
    found = measure(peers)
    # Pages go by the cookie and lists by the token: one column.
    merged = {}
    for name, rows in found.items():
        merged.setdefault("Nexus" if name.startswith("Nexus") else name, {}).update(rows)
    text = f"{datetime.date.today()}, {os.cpu_count()} cores, {rounds} rounds in turn, medians (least-most).\n\n{table(merged)}\n\n"
    text += f"Resident: {idle:.1f} MB after 10,000 uploads and a log-in, {resident(pid):.1f} MB after the rounds."
    print(text)
    if os.environ.get("WRITE") == "1":
        page = HERE.parent / "docs/PERFORMANCE.md"
        page.write_text(re.sub(r"(<!-- bench -->\n).*?(<!-- /bench -->)", lambda marks: marks[1] + text + "\n" + marks[2], page.read_text(), flags=re.S))


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    main()
finally:
    for server in reversed(started):
        server.terminate()
    for server in reversed(started):
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
    shutil.rmtree(work, ignore_errors=True)
