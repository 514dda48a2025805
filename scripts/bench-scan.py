#!/usr/bin/env python3
"""Measures how fast a scan adds files of a folder, compared with sha256sum over them: bench-scan.py BINARY [FILES] [BYTES]

Both read from the same disk, with the page cache emptied before each where this is root. Prints seconds and the ratio, and
how long a second scan takes that finds nothing new. BENCH_DIR is the folder for the files."""
import json, sys
from bench_library import Library, forget

files, size = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000, int(sys.argv[3]) if len(sys.argv) > 3 else 64 << 10
with Library(sys.argv[1], files, size) as library:
    forget()
    hashing = library.hashed()
    forget()
    scanning, said = library.nexus("scan", "--settled", "0", "--json")
    again, nothing = library.nexus("scan", "--settled", "0", "--json")
    if json.loads(said)["taken_in"] != files or json.loads(nothing)["taken_in"] != 0:
        sys.exit(f"{said}{nothing}")
    print(f"{files:,} files of {size >> 10} KiB: sha256sum {hashing:.1f} s, scan {scanning:.1f} s = {hashing / scanning:.2f} x, "
          f"{files / scanning:,.0f} files/s; a second look {again:.2f} s")
