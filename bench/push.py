"""A layer that is pushed: by one client, and by sixteen at once; and what it costs in memory."""

from __future__ import annotations

import hashlib
import http.client
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from context import MIB, Bench, settle
from servers import Larder, Registry, Server

CROWD = 16
CHUNK = 1 << 20


def _file(bench: Bench, size: int, n: int) -> tuple[Path, str]:
    """Bytes that nobody has yet, in the page cache; and their digest."""
    path = bench.scratch / f"push-{n}"
    hashed = hashlib.sha256()
    with path.open("wb") as out:
        for _ in range(size // CHUNK):
            piece = os.urandom(CHUNK)
            hashed.update(piece)
            out.write(piece)
    return path, "sha256:" + hashed.hexdigest()


def _write_and_hash(path: Path, into: Path) -> float:
    """The least that a registry has to do: the same bytes written, hashed and synced."""
    began = time.monotonic()
    hashed = hashlib.sha256()
    with path.open("rb") as file, into.open("wb", buffering=0) as out:
        while piece := file.read(CHUNK):
            hashed.update(piece)
            out.write(piece)
        os.fsync(out.fileno())
    took = (time.monotonic() - began) * 1000
    into.unlink()
    return took


def _push(server: Server, path: Path, digest: str, repository: str) -> bool:
    """As containerd pushes: one POST, one PUT of the whole, by curl."""
    host = server.url.removeprefix("http://")
    conn = http.client.HTTPConnection(host, timeout=60)
    conn.request("POST", f"/v2/{repository}/blobs/uploads/", b"")
    answer = conn.getresponse()
    answer.read()
    location = answer.getheader("Location") or ""
    conn.close()
    if answer.status != 202:
        return False
    if location.startswith("/"):
        location = server.url + location
    location += ("&" if "?" in location else "?") + f"digest={digest}"
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:", "-H",
         "Content-Type: application/octet-stream", "-T", str(path), location],
        capture_output=True, text=True, timeout=300, check=False)
    return done.stdout == "201"


def _fresh(bench: Bench, name: str) -> Server:
    return (Larder if name == "larder" else Registry)(bench.place(f"push-{name}"), None)


def one(bench: Bench) -> None:
    size = bench.fill_size
    total = bench.row("push", f"{size >> 20} MiB layer", "ms", "written and hashed")
    most = bench.row("push", f"{size >> 20} MiB layer: most memory (RssAnon)", "MB", None)
    path, digest = _file(bench, size, 0)
    for name in ("written and hashed", "larder", "registry"):
        settle()
        if name == "written and hashed":
            total.add(name, _write_and_hash(path, bench.scratch / "copy"))
            continue
        server = _fresh(bench, name).start()
        peak = [0]
        with ThreadPoolExecutor(1) as pool:
            began = time.monotonic()
            push = pool.submit(_push, server, path, digest, "team/app")
            while not push.done():
                peak.append(server.memory()["RssAnon"])
                time.sleep(0.02)
            took = (time.monotonic() - began) * 1000
        total.add(name, took if push.result() else None)
        most.add(name, max(peak) / 1e6)
        server.clean()
    path.unlink()


def crowd(bench: Bench) -> None:
    size = 8 * MIB if bench.quick else 64 * MIB
    total = bench.row("push", f"{CROWD} × {size >> 20} MiB at once", "ms", "registry")
    files = [_file(bench, size, n) for n in range(CROWD)]
    for name in ("larder", "registry"):
        server = _fresh(bench, name).start()
        settle()
        began = time.monotonic()
        with ThreadPoolExecutor(CROWD) as pool:
            done = list(pool.map(lambda job: _push(server, *job[1], f"team/app{job[0]}"),
                                 enumerate(files)))
        total.add(name, (time.monotonic() - began) * 1000 if all(done) else None)
        server.clean()
    for path, _ in files:
        path.unlink()
