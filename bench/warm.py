"""What is stored: manifests by tag and by digest, and blobs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from context import ACCEPT, REPO, Bench, settle
from servers import Larder, Nginx, Registry, Server


def _static_files(bench: Bench) -> Path:
    """The same bytes as files under the same paths."""
    top = bench.place("static")
    for size in bench.sizes:
        image = bench.image(size)
        base = top / "v2" / REPO
        (base / "manifests").mkdir(parents=True, exist_ok=True)
        (base / "blobs").mkdir(parents=True, exist_ok=True)
        (base / "manifests" / str(size)).write_bytes(image.root.data)
        for digest, manifest in image.manifests.items():
            (base / "manifests" / digest).write_bytes(manifest.data)
        for blob in (image.config(), *image.layers()):
            to = base / "blobs" / blob.digest
            if to.exists():
                continue
            if blob.path is None:
                to.write_bytes(blob.data)
            else:
                os.link(blob.path, to)
    return top


def start(bench: Bench) -> list[Server]:
    """Every server, with every image in it."""
    url = bench.hub.url
    servers: list[Server] = [
        Nginx(bench.place("nginx"), files=_static_files(bench)),
        Larder(bench.place("larder"), url),
        Larder(bench.place("larder-log"), url, log=True),
        Registry(bench.place("registry"), url)]
    for server in servers:
        server.start()
        for size in bench.sizes:
            bench.pull(server, size)
    settle()
    return servers


def _wrk(bench: Bench, url: str) -> float | None:
    seconds = 1 if bench.quick else 3
    text = subprocess.run(
        ["wrk", "-t2", "-c16", f"-d{seconds}s", "-H", f"Accept: {ACCEPT}", url],
        capture_output=True, text=True, timeout=60).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if "Non-2xx" in text or "Socket errors" in text or found is None:
        bench.note(f"wrk {url}: {' '.join(text.split())[-160:]}")
        return None
    return float(found[1])


def manifests(bench: Bench, servers: list[Server]) -> None:
    size = bench.sizes[0]
    refs = {"by tag": str(size), "by digest": bench.image(size).manifest().digest}
    for what, ref in refs.items():
        row = bench.row("warm manifests", what, "requests/s", "nginx")
        for server in servers:
            row.add(server.name, _wrk(bench, f"{server.url}/v2/{REPO}/manifests/{ref}"))


def blobs(bench: Bench, servers: list[Server]) -> None:
    for size in bench.sizes:
        for clients in (1, 8):
            row = bench.row("warm blobs", f"{size >> 20} MiB, {clients} at once",
                            "MB/s", "nginx")
            # about as many bytes in each case
            times = max(1, (1 << (29 if bench.quick else 30)) // (size * clients))
            for server in servers:
                found = bench.load("-c", str(clients),
                                   *[bench.blob_url(server.url, size)] * times)
                row.add(server.name,
                        found and found["bytes"] / found["ms"] / 1000)
