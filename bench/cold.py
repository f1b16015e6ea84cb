"""What is not stored yet: one client, and many at once."""

from __future__ import annotations

import shutil
import subprocess
import time

from context import LINK, REPO, Bench, settle
from servers import Larder, Nginx, Registry, Server

CROWD = 32
SLOW_ROUNDS = 2     # of docker-registry before a crowd: it takes 20 to 30 times as long


def _fresh(bench: Bench, name: str) -> Server:
    url = bench.hub.url
    if name == "larder":
        return Larder(bench.place("cold-larder"), url)
    if name == "nginx cache":
        return Nginx(bench.place("cold-nginx"), upstream=url)
    return Registry(bench.place("cold-registry"), url)


def one(bench: Bench) -> None:
    """The layer alone, as the client that has just read the manifest gets it: the direct
    client and larder both have their token by then, and a connection to the registry."""
    size = bench.cold_size
    token = bench.hub.token(REPO)
    for rate, words in ((None, "link unlimited"), (LINK, "link of 100 MB/s")):
        total = bench.row("cold layer", f"{size >> 20} MiB, {words}: all of it", "ms",
                          "direct")
        first = bench.row("cold layer", f"{size >> 20} MiB, {words}: first byte", "ms",
                          "direct", apart=True)
        for name in ("direct", "larder", "nginx cache", "registry"):
            server = None if name == "direct" else _fresh(bench, name).start()
            base = server.url if server else bench.hub.url
            headers = [token] if name in ("direct", "nginx cache") else []
            bench.hub.bandwidth(rate)
            bench.fetch(f"{base}/v2/{REPO}/manifests/{size}", *headers)
            settle()
            found = bench.load(
                *(part for line in headers for part in ("-H", line)),
                "-w", bench.manifest_url(base, size),
                "-m", f"check={bench.layer(size).path}", bench.blob_url(base, size))
            total.add(name, found and found["ms"])
            first.add(name, found and found["first_max_ms"])
            bench.hub.bandwidth(None)
            if server:
                server.clean()


def client(bench: Bench) -> None:
    """The layer as a real client pulls it: one that hashes what comes, and writes it."""
    if shutil.which("skopeo") is None:
        bench.note("no client section: skopeo is not installed")
        return
    size = bench.cold_size
    total = bench.row("cold pull by skopeo", f"{size >> 20} MiB, link unlimited", "ms",
                      "direct")
    for name in ("direct", "larder", "registry"):
        server = None if name == "direct" else _fresh(bench, name).start()
        base = (server.url if server else bench.hub.url).removeprefix("http://")
        into = bench.place("pulled")
        settle()
        began = time.monotonic()
        done = subprocess.run(
            ["skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false",
             f"docker://{base}/{REPO}:{size}", f"dir:{into}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120, check=False)
        took = (time.monotonic() - began) * 1000
        total.add(name, took if done.returncode == 0 else None)
        shutil.rmtree(into, ignore_errors=True)
        if server:
            server.clean()


def crowd(bench: Bench, turn: int) -> None:
    """A whole image: manifests, config, layers, by 32 clients let go together. The first
    compares the bytes of the large layer, the others leave theirs in the kernel."""
    size = bench.crowd_size
    token = bench.hub.token(REPO)
    what = f"{size >> 20} MiB image, link of 100 MB/s"
    total = bench.row("32 cold clients", f"{what}: until all are done", "ms", "direct (1)")
    rows = {kind: bench.row("32 cold clients", f"{what}: {words}", unit, None)
            for kind, words, unit in (
                ("manifest", "manifest GETs at the hub", ""),
                ("blob", "blob GETs at the registry", ""),
                ("cdn", "blob GETs at the CDN", ""),
                ("bytes", "sent by the hub", "MB"))}
    names = ["direct (1)", "larder", "nginx cache"]
    if turn < (0 if bench.quick else SLOW_ROUNDS):
        names.append("registry")
    for name in names:
        server = None if name == "direct (1)" else _fresh(bench, name).start()
        base = server.url if server else bench.hub.url
        headers = [token] if name in ("direct (1)", "nginx cache") else []
        settle()
        bench.hub.ask("reset", {})
        bench.hub.bandwidth(LINK)
        found = bench.load(
            *(part for line in headers for part in ("-H", line)),
            "-c", "1" if server is None else str(CROWD),
            "-m", f"check={bench.layer(size).path}", *bench.pull_urls(base, size))
        total.add(name, found and found["ms"])
        state = bench.hub.ask()
        asked = state["requests"]
        rows["manifest"].add(name, sum(n for kind, n in asked.items()
                                       if kind.startswith("manifest_get")))
        rows["blob"].add(name, asked.get("blob", 0))
        rows["cdn"].add(name, asked.get("cdn", 0))
        rows["bytes"].add(name, state["bytes_sent"] / 1e6)
        bench.hub.bandwidth(None)
        if server:
            server.clean()
