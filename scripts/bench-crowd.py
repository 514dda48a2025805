#!/usr/bin/env python3
"""Measures Nexus with many simultaneous clients: bench-crowd.py BINARY

Slow readers (2,000 at 100 kB/s): memory each, threads. A storm of log-ins and 16 uploads: how long the slowest of a
hundred dashboards takes, compared with an idle server. 16 uploads of 1 GiB and 200 streams: memory. Needs wrk, curl and 20 GB of disk."""
import json, os, pathlib, re, resource, shutil, socket, statistics, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
binary = sys.argv[1]
work = pathlib.Path(tempfile.mkdtemp(prefix="nexus-crowd-", dir=os.environ.get("BENCH_DIR", "/var/tmp")))
resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
entry = subprocess.Popen([sys.executable, str(HERE / "bench-entry.py"), binary, str(work / "nexus")], stdout=subprocess.PIPE, text=True)
pages, api = json.loads(pathlib.Path(entry.stdout.readline().strip()).read_text()).values()
pid, port = pages["pid"], int(pages["base"].rsplit(":", 1)[1])


def status(name):
    return int(re.search(rf"^{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def readers(count, rate, seconds):
    """Reads the large file `count` times at `rate` bytes a second; yields each second."""
    request = f"GET {pages['big']} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {pages['cookie']}\r\n\r\n".encode()
    sockets = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(request)
        one.setblocking(False)
        sockets.append(one)
    began, read, step = time.monotonic(), 0, 0.5
    for tick in range(int(seconds / step)):
        for one in sockets:
            left = int(rate * step)
            try:
                while left > 0 and (got := len(one.recv(left))):
                    left -= got
                    read += got
            except BlockingIOError:
                pass
        yield time.monotonic() - began, read
        time.sleep(max(0, began + (tick + 1) * step - time.monotonic()))
    for one in sockets:
        one.close()


def slow_readers():
    before, most = status("VmRSS"), 0
    spent = cpu()
    for _, read in readers(2000, 100_000, 20):
        most = max(most, status("VmRSS"))
        last, threads = status("VmRSS"), status("Threads")
    print(f"2,000 readers at 100 kB/s for 20 s: {read / 1e9:.2f} GB read, {(most - before) / 2000:.1f} kB each at most, {(last - before) / 2000:.1f} kB at the end, "
          f"{threads} threads, {cpu() - spent:.1f} CPU-s; resident before {before / 1000:.0f} MB")


def cpu():
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def dashboards(seconds=6):
    said = subprocess.run(["wrk", "-t1", "-c4", f"-d{seconds}s", "--latency", "-H", f"Cookie: {pages['cookie']}", pages["base"] + "/dashboard"], capture_output=True, text=True).stdout
    slow, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return float(slow) * {"us": 0.001, "ms": 1, "s": 1000}[unit], float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def uploads(count, rate):
    source = work / "source.bin"
    if not source.exists():
        with open(source, "wb") as file:
            file.truncate(1 << 30)
    limit = ["--limit-rate", rate] if rate else []
    return [subprocess.Popen(["curl", "-s", *limit, "-H", f"Authorization: Bearer {api['bearer']}", "-F", f"file=@{source};filename=up-{number}.bin", "-o", "/dev/null", api["base"] + "/api/media/upload"])
            for number in range(count)]


def end(processes):
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


def storm():
    script = work / "log-in.lua"
    script.write_text('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = \'{"username":"root","password":"not this one at all"}\'\n')
    run = lambda: subprocess.Popen(["wrk", "-t1", "-c16", "-d40s", "--timeout", "30s", "-s", str(script), pages["base"] + "/api/auth/login"], stdout=subprocess.DEVNULL)
    quiet, stormy, both = [], [], []
    for _ in range(3):
        quiet.append(dashboards())
        storming = run()
        time.sleep(1)
        stormy.append(dashboards())
        sending = uploads(16, "2M")
        time.sleep(2)
        both.append(dashboards())
        end(sending + [storming])
        time.sleep(3)
    middle = lambda found: (statistics.median(one[0] for one in found), statistics.median(one[1] for one in found))
    (p99, rate), (p99s, rates), (p99b, rateb) = middle(quiet), middle(stormy), middle(both)
    print(f"dashboard, 4 connections: quiet p99 {p99:.2f} ms ({rate:,.0f}/s); 16 logging in without end {p99s:.2f} ms = {p99s / p99:.1f} x ({rates:,.0f}/s); "
          f"with 16 uploads at 2 MB/s as well {p99b:.2f} ms = {p99b / p99:.1f} x ({rateb:,.0f}/s)")


def heavy():
    before = status("VmRSS")
    sending, most = uploads(16, "8M"), 0
    for _, read in readers(200, 1_000_000, 20):
        most = max(most, status("VmRSS"))
    end(sending)
    print(f"16 uploads of 1 GiB and 200 streams at 1 MB/s for 20 s: {most / 1000:.0f} MB resident at most, {before / 1000:.0f} before; {read / 1e9:.2f} GB streamed")


try:
    heavy()
    slow_readers()
    storm()
finally:
    entry.terminate()
    entry.wait(60)
    shutil.rmtree(work, ignore_errors=True)
