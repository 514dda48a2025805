#!/usr/bin/env python3
"""Measures backups, compared with cp and sha256sum over the same files: bench-backup.py BINARY [FILES] [BYTES]

Prints seconds of: a first backup, one after it when nothing has changed, reading all of it again (verify), putting it back
(restore: everything is checked, and what was there is kept), and of cp -r with sync. The page cache is emptied before each
where this is root. BENCH_DIR is where the files go: it holds them four times in the end."""
import json, sys
from bench_library import Library, forget

files, size = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000, int(sys.argv[3]) if len(sys.argv) > 3 else 64 << 10
with Library(sys.argv[1], files, size) as library:
    library.nexus("scan", "--settled", "0", "--json")

    def measured(what, *words):
        forget()
        seconds, said = library.nexus(*words, "--json")
        print(f"{what:>9} {seconds:7.1f} s, {files / seconds:8,.0f} files/s", flush=True)
        return json.loads(said)

    forget()
    print(f"{files:,} files of {size >> 10} KiB\nsha256sum {library.hashed():7.1f} s", flush=True)
    forget()
    print(f"cp, sync  {library.timed('sh', '-c', f'cp -r media copy && sync -f copy')[0]:7.1f} s", flush=True)
    made = measured("first", "backup", "create", "backups")
    measured("again", "backup", "create", "backups")
    found = measured("verify", "backup", "verify", "backups")
    measured("restore", "backup", "restore", "backups", "--yes")
    if made["files"] != found["files"] or made["files"] < files or found["broken"]:
        sys.exit(f"{made}{found}")
