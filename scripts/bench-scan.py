#!/usr/bin/env python3
"""How fast files that were put into a folder are taken in, beside sha256sum over them: bench-scan.py BINARY [FILES] [BYTES]

Both read from the same disk, with the page cache emptied before each where this is root. Prints seconds and the ratio, and
how long a second look takes that finds nothing new. BENCH_DIR is where the files go."""
import json, os, pathlib, re, shutil, subprocess, sys, tempfile, time

binary = pathlib.Path(sys.argv[1]).resolve()
files, size = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000, int(sys.argv[3]) if len(sys.argv) > 3 else 64 << 10
work = pathlib.Path(tempfile.mkdtemp(prefix="nexus-scan-", dir=os.environ.get("BENCH_DIR", "/var/tmp")))
(work / "password").write_text("a long enough password")
settings = {"PATH": os.environ["PATH"], "NEXUS_LISTEN": "127.0.0.1:0", "NEXUS_PREVIEWS_AT_ONCE": "0", "NEXUS_ADMIN_USERNAME": "root",
            "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_ADMIN_PASSWORD_FILE": str(work / "password")}


def forget():
    """Empties the page cache, so that both read from the disk."""
    subprocess.run(["sync"], check=True)
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        print("the page cache stays: not root")


def timed(*command):
    began = time.monotonic()
    said = subprocess.run(command, cwd=work, env=settings, capture_output=True, text=True)
    if said.returncode not in (0, 1):
        sys.exit(said.stderr)
    return time.monotonic() - began, said.stdout


try:
    server = subprocess.Popen([binary], cwd=work, env=settings, stderr=subprocess.PIPE, text=True)
    next(line for line in server.stderr if "listening on" in line)
    server.terminate()
    server.wait()
    photos = next((work / "media").glob("00001_*")) / "Photos"
    for number in range(files):
        folder = photos / f"{number // 1000:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"img_{number:06}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(size - 4))
    forget()
    hashing, _ = timed("sh", "-c", f"find '{photos}' -type f -print0 | xargs -0 sha256sum > /dev/null")
    forget()
    scanning, said = timed(binary, "scan", "--settled", "0", "--json")
    again, nothing = timed(binary, "scan", "--settled", "0", "--json")
    if json.loads(said)["taken_in"] != files or json.loads(nothing)["taken_in"] != 0:
        sys.exit(f"{said}{nothing}")
    print(f"{files:,} files of {size >> 10} KiB: sha256sum {hashing:.1f} s, scan {scanning:.1f} s = {hashing / scanning:.2f} x, "
          f"{files / scanning:,.0f} files/s; a second look {again:.2f} s")
finally:
    shutil.rmtree(work)
