"""Memory at rest, under a crowd that stands still, and while a layer fills; and the time
from the start to the first answer."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from context import MIB, REPO, Bench
from servers import Larder, Nginx, Registry, Server


def _add(bench: Bench, what: str, name: str, found: dict[str, int] | None,
         keys: tuple[str, ...] = ("RssAnon", "VmRSS")) -> None:
    for key in keys:
        bench.row("memory", f"{what}: {key}", "MB", None).add(
            name, found and found[key] / 1e6)


def _stalled(bench: Bench, what: str, server: Server, size: int, upto: int) -> None:
    clients = 100 if bench.quick else 1000
    process = subprocess.Popen(
        [bench.client, "stall", "-c", str(clients), "-n", str(upto),
         bench.blob_url(server.url, size)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        stalled = process.stdout.readline().strip() == "stalled"
        if not stalled:
            bench.note(f"{what}, {server.name}: the clients did not get so far")
        _add(bench, f"{clients} clients stalled in {size >> 20} MiB, {what}", server.name,
             server.memory() if stalled else None)
    finally:
        watchdog.cancel()
        process.stdin.close()
        process.wait(30)


def at_rest(bench: Bench) -> None:
    size, url = bench.sizes[0], bench.hub.url
    for server in (Larder(bench.place("memory"), url),
                   Registry(bench.place("memory"), url)):
        try:
            server.start()
            time.sleep(0.5)
            _add(bench, "idle", server.name, server.memory())
            bench.pull(server, size)
            _stalled(bench, "stored", server, size, MIB)
        finally:
            server.clean()


def in_flight(bench: Bench) -> None:
    """The hub holds the layer back half-way, so that the download is still under way."""
    size = bench.sizes[0]
    for server in (Larder(bench.place("memory"), bench.hub.url),
                   Registry(bench.place("memory"), bench.hub.url)):
        try:
            server.start()
            for ref in (str(size), bench.image(size).manifest().digest):
                bench.fetch(f"{server.url}/v2/{REPO}/manifests/{ref}")
            bench.hub.ask("hold", {"kind": "cdn", "after_bytes": size // 2})
            _stalled(bench, "in flight", server, size, MIB)
        finally:
            bench.hub.ask("reset", {})
            server.clean()


def filling(bench: Bench) -> None:
    """The most while a large layer arrives, for one client."""
    size = bench.fill_size
    for server in (Larder(bench.place("memory"), bench.hub.url),
                   Registry(bench.place("memory"), bench.hub.url)):
        peak = {"RssAnon": 0}
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.01):
                peak["RssAnon"] = max(peak["RssAnon"], server.memory()["RssAnon"])

        try:
            server.start()
            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                bench.pull(server, size)
            finally:
                over.set()
                watcher.join()
            _add(bench, f"peak while {size >> 20} MiB fill", server.name,
                 {**server.memory(), **peak}, ("RssAnon", "VmHWM"))
        finally:
            server.clean()


# --- starting ---

def sparse_store(bench: Bench) -> Path:
    """Tags and blobs of registry:2's layout: many names, hardly a byte."""
    tags, blobs = (1000, 500) if bench.quick else (100_000, 50_000)
    top = bench.place("sparse")
    base = top / "docker/registry/v2"
    for number in range(blobs):
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        place = base / "blobs/sha256" / digest[:2] / digest
        os.makedirs(place)
        fd = os.open(place / "data", os.O_WRONLY | os.O_CREAT, 0o644)
        os.ftruncate(fd, MIB)
        os.close(fd)
    link = "sha256:" + hashlib.sha256(b"0").hexdigest()
    for number in range(tags):
        place = (base / f"repositories/library/r{number // 100}/_manifests/tags/"
                 f"t{number % 100}/current")
        os.makedirs(place)
        fd = os.open(place / "link", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(fd, link.encode())
        os.close(fd)
    bench.note(f"the sparse store has {tags} tags and {blobs} blobs")
    return top


def _first_answer(bench: Bench, server: Server) -> float | None:
    server.root.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [bench.client, "start", str(server.port), "/v2/", *server.command()],
        env=server.environment(), capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout)
    try:
        os.kill(found["pid"], signal.SIGTERM)
        until = time.monotonic() + 10
        while Path(f"/proc/{found['pid']}").exists() and time.monotonic() < until:
            time.sleep(0.01)
    except ProcessLookupError:
        pass
    return None if found["failed"] else found["ms"]


def first_answer(bench: Bench, sparse: Path) -> None:
    for what, store in (("empty", None), ("sparse", sparse)):
        row = bench.row("start to first answer", f"{what} store", "ms", None)
        for kind in (Larder, Registry):
            server = kind(bench.place("start"), None, store=store)
            row.add(server.name, _first_answer(bench, server))
            server.clean()
    row = bench.row("start to first answer", "empty store", "ms", None)
    server = Nginx(bench.place("start"), files=bench.scratch)
    row.add(server.name, _first_answer(bench, server))
    server.clean()
