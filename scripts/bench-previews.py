#!/usr/bin/env python3
"""Compares previews with other tools in one run: photos per CPU-second and peak memory, sandbox and process start included.

    scripts/bench-previews.py [PHOTOS] [ROUNDS]

Needs a release build, vipsthumbnail (libvips-tools), ImageMagick, GNU time and npm (sharp is installed into a cache of its own).
Every tool makes WebP, quality 78, one thread. "640" is one preview of 640 pixels; "all" is what Nexus keeps of a photo:
1280, 640 and 320 pixels, of which vipsthumbnail and sharp are given the same three.
"""
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PHOTOS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", Path.home() / ".cache/nexus-media/target"))
NEXUS = TARGET / "release/nexus-media"
CACHE = Path.home() / ".cache/nexus-media"
SHARP = CACHE / "sharp-0.35.5"
SIZES = [(4000, 3000), (5184, 3456), (6000, 4000)]


def draw(folder):
    """Photos of 12, 18 and 24 megapixels with the detail of a photograph: plasma, blurred noise, quality 90."""
    kept = CACHE / "bench-photos-1"
    kept.mkdir(parents=True, exist_ok=True)
    files = []
    for number in range(PHOTOS):
        width, height = SIZES[number % 3]
        source = kept / f"{width}x{height}-{number % 6}.jpg"
        if not source.exists():
            subprocess.run(
                ["convert", "-seed", str(number % 6), "-size", f"{width}x{height}", "plasma:fractal", "-attenuate", "0.35", "+noise",
                 "Gaussian", "-sampling-factor", "4:2:0", "-quality", "90", str(source)], check=True)
        file = folder / f"photo{number:02}.jpg"
        file.write_bytes(source.read_bytes())
        files.append(file)
    return files


def run(command, stdin=None):
    """CPU seconds (user and system) of one process, and its peak bytes by time(1): a child of ours would count our memory."""
    with tempfile.NamedTemporaryFile("r") as said:
        process = subprocess.Popen(["/usr/bin/time", "-o", said.name, "-f", "%M", *command], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
        if status != 0:
            sys.exit(f"{command[0]} failed: {status}")
        return used.ru_utime + used.ru_stime, int(said.read().split()[-1]) * 1024


def added(runs):
    runs = list(runs)
    return sum(cpu for cpu, _ in runs), max(memory for _, memory in runs)


def nexus(files, sides):
    def one(file):
        with open(file, "rb") as stdin:
            return run([str(NEXUS), "sandbox-worker", "decode", "image/jpeg", sides], stdin)
    return added(one(file) for file in files)


def vips(files, side, folder):
    return run(["vipsthumbnail", "--vips-concurrency=1", "-s", f"{side}x{side}", "-o", f"{folder}/%s-{side}.webp[Q=78,strip]", *map(str, files)])


def vips_each(files, side, folder):
    return added(vips([file], side, folder) for file in files)


def sharp(files, sides):
    if not (SHARP / "node_modules/sharp").exists():
        SHARP.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--prefix", str(SHARP), "sharp@0.35.5"], check=True)
    script = SHARP / "run.cjs"
    script.write_text("""
const sharp = require('sharp');
sharp.concurrency(1); sharp.cache(false);
const [sides, ...files] = process.argv.slice(2);
(async () => {
  for (const file of files) for (const side of sides.split(',').map(Number))
    await sharp(file).rotate().resize(side, side, { fit: 'inside' }).webp({ quality: 78 }).toBuffer();
})();
""")
    return run(["node", str(script), sides, *map(str, files)])


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    photos = draw(folder)
    megapixels = sum(SIZES[n % 3][0] * SIZES[n % 3][1] for n in range(PHOTOS)) / PHOTOS / 1e6
    ways = {
        "640: Nexus, a sandboxed process each": lambda: nexus(photos, "640"),
        "640: vipsthumbnail, one process for all": lambda: vips(photos, 640, folder),
        "640: vipsthumbnail, a process each": lambda: vips_each(photos, 640, folder),
        "640: sharp, one process for all": lambda: sharp(photos, "640"),
        "all: Nexus, a sandboxed process each": lambda: nexus(photos, "1280,640,320"),
        "all: vipsthumbnail, one process a size": lambda: added(vips(photos, side, folder) for side in (1280, 640, 320)),
        "all: sharp, one process for all": lambda: sharp(photos, "1280,640,320"),
    }
    results = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, measure in ways.items():
            results[way].append(measure())
    print(f"{PHOTOS} photos, {megapixels:.1f} Mpx and {sum(p.stat().st_size for p in photos) / PHOTOS / 1e6:.1f} MB on average, {ROUNDS} rounds, medians")
    for way, runs in results.items():
        cpu = statistics.median(cpu for cpu, _ in runs)
        memory = statistics.median(memory for _, memory in runs)
        kind = way.split(":")[0]
        base = statistics.median(cpu for cpu, _ in results[next(w for w in ways if w.startswith(f"{kind}: vips"))])
        print(f"{way:42} {PHOTOS / cpu:6.1f} photos/CPU-s  {1000 * cpu / PHOTOS:6.1f} ms  {memory / 1e6:6.1f} MB  {base / cpu:.2f} x vipsthumbnail")
