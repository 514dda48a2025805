"""A library for benchmarks: the folders of a server with many files of one user that were not scanned yet."""
import os, pathlib, shutil, subprocess, sys, tempfile, time


class Library:
    def __init__(self, binary, files, size):
        self.binary = pathlib.Path(binary).resolve()
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="nexus-library-", dir=os.environ.get("BENCH_DIR", "/var/tmp")))
        (self.work / "password").write_text("a long enough password")
        self.settings = {"PATH": os.environ["PATH"], "NEXUS_LISTEN": "127.0.0.1:0", "NEXUS_PREVIEWS_AT_ONCE": "0", "NEXUS_ADMIN_USERNAME": "root",
                         "NEXUS_ADMIN_EMAIL": "root@example.org", "NEXUS_ADMIN_PASSWORD_FILE": str(self.work / "password")}
        server = subprocess.Popen([self.binary], cwd=self.work, env=self.settings, stderr=subprocess.PIPE, text=True)
        next(line for line in server.stderr if "listening on" in line)
        server.terminate()
        server.wait()
        self.photos = next((self.work / "media").glob("00001_*")) / "Photos"
        for number in range(files):
            folder = self.photos / f"{number // 1000:03}"
            folder.mkdir(exist_ok=True)
            (folder / f"img_{number:06}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(size - 4))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.work)

    def timed(self, *command):
        """Seconds until it ended, and its output."""
        began = time.monotonic()
        said = subprocess.run(command, cwd=self.work, env=self.settings, capture_output=True, text=True)
        if said.returncode not in (0, 1):
            sys.exit(said.stderr)
        return time.monotonic() - began, said.stdout

    def nexus(self, *words):
        return self.timed(self.binary, *words)

    def hashed(self):
        """Seconds that sha256sum takes over the files."""
        return self.timed("sh", "-c", f"find '{self.photos}' -type f -print0 | xargs -0 sha256sum > /dev/null")[0]


def forget():
    """Empties the page cache, so that all read from the disk."""
    subprocess.run(["sync"], check=True)
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        print("the page cache stays: not root")
