"""A cache that is too small: bench/size.py --size 1GB --pulls 5GB --clients 32

Images whose uses follow Zipf's law (a few bases, each image a layer of its own) are pulled
through a larder with larder.size. Prints the hit rate beside that of a perfect LRU cache of
whole images over the same trace, the most that the store ever had, and what failed; exit
status 1: not as it must be. LARDER_BUILD names the build (default: build).
Everything is below --dir (default: /dev/shm), where the upstream's layers, about three times
the size, and the store must fit; it goes afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))


def size_of(text: str) -> int:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if text.endswith(unit):
            return int(float(text[:-len(unit)]) * factor)
    return int(text)


def run_clients(url: str, clients: int) -> None:
    """In a process of its own: pulls the trace on stdin; prints what came of it as JSON."""
    from hub import client

    def one(i: int) -> tuple[bool, float, float, list[str]]:
        result = client.pull(url, f"library/i{i}", "1", timeout=120)
        return result.ok, result.total, result.max_ttfb, result.errors[:1]

    with ThreadPoolExecutor(clients) as pool:
        done = list(pool.map(one, json.load(sys.stdin)))
    json.dump({"failed": [d[3] for d in done if not d[0]],
               "seconds": sorted(d[1] for d in done),
               "ttfb": sorted(d[2] for d in done)}, sys.stdout)


def publish(hub, count: int, size: int, bases: int):
    from hub import build, images
    shared = [images.large_layer(size // 5, 900_000 + i, gzip=False) for i in range(bases)]
    made = []
    for i in range(count):
        own = images.large_layer(size - size // 5, 1000 + i, gzip=False)
        made.append(hub.add(build(f"i{i}", layers=[shared[i % bases], own]),
                            f"library/i{i}", "1"))
    return made


def blobs_of(image) -> dict[str, int]:
    found = {blob.digest: blob.size for blob in image.layers()}
    found[image.config().digest] = image.config().size
    for manifest in (image.root, image.manifest()):
        found[manifest.digest] = len(manifest.data)
    return found


def settle(o: argparse.Namespace) -> tuple[int, list[int]]:
    """How large an image is, and which are pulled."""
    from scenarios.sizing import zipf
    each = 3 * o.size // o.images
    return each, [0, *zipf(o.images, o.pulls // each, o.seed)]


def measure(o: argparse.Namespace, place: Path) -> dict:
    from harness import Larder
    from hub import Hub, client
    from scenarios.sizing import Watch, lru_hits

    each, trace = settle(o)
    with Hub(quota=1_000_000) as hub:
        made = publish(hub, o.images, each, 4)
        larder = Larder(place / "root", {"docker.io": hub.url}, access_log=False,
                        settings={"size": f"{o.size}", "freshness": "1h",
                                  "tags": ["docker.io/library/i0:*=pinned"]})
        with larder, Watch(larder.root) as watch:
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, __file__, "--as-clients", larder.url, str(o.clients)],
                input=json.dumps(trace), text=True, stdout=subprocess.PIPE, check=True)
            found = json.loads(done.stdout)
            found["took"] = time.monotonic() - began
            found["passed"] = larder.metric("larder_flight_unstored_total")
            found["evicted"] = larder.metric("larder_evicted_images_total")
            found["stored"] = larder.metric("larder_store_bytes")
            found["memory"] = larder.memory()["VmHWM"]
            with hub.fault("any", "refused"):
                found["pinned"] = client.pull(larder.url, "library/i0", "1").ok
        found["most"], found["looks"] = watch.most, watch.looks
        misses = sum(hub.count(kind="cdn", path=image.layers()[-1].digest[7:], method="GET")
                     for image in made)
        found["hits"] = len(trace) - misses
        found["perfect"] = lru_hits(trace, [blobs_of(image) for image in made], o.size)
    return found


def rows_of(o: argparse.Namespace, found: dict) -> tuple[list[list[str]], bool]:
    """The table, and whether all is as it must be."""
    _, trace = settle(o)
    n, rows, good = len(trace), [], True

    def row(what: str, value: str, limit: str = "", ok: bool = True) -> None:
        nonlocal good
        rows.append([what, value, limit, "" if not limit else "pass" if ok else "FAIL"])
        good = good and ok

    hits, perfect = 100 * found["hits"] / n, 100 * found["perfect"] / n
    row("pulls that failed", f"{len(found['failed'])} {found['failed'][:3] or ''}".strip(), "0",
        not found["failed"])
    row("most that the store had", f"{found['most'] / 1e6:,.1f} MB, {100 * found['most'] / o.size:.2f}%"
        f" of the size, in {found['looks']:,} looks", "100%", found["most"] <= o.size)
    row("at the end", f"{found['stored'] / 1e6:,.1f} MB")
    row("hit rate", f"{hits:.1f}%, perfect LRU {perfect:.1f}%", "5 points less",
        hits >= perfect - 5)
    row("the pinned image", "there" if found["pinned"] else "LOST", "there", found["pinned"])
    row("evicted", f"{found['evicted']:.0f} images")
    row("layers that passed through unstored", f"{found['passed']:.0f}")
    row("a pull", f"median {found['seconds'][n // 2]:.2f} s, longest {found['seconds'][-1]:.2f} s")
    row("first byte of a blob", f"after {found['ttfb'][-1]:.2f} s at most")
    row("memory (VmHWM)", f"{found['memory'] / 1e6:.0f} MB at most")
    return rows, good


def main() -> int:
    import report

    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--size", type=size_of, default=size_of("1GB"))
    parse.add_argument("--pulls", type=size_of, default=size_of("5GB"))
    parse.add_argument("--clients", type=int, default=32)
    parse.add_argument("--images", type=int, default=120)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--dir", default="/dev/shm")
    parse.add_argument("--record", action="store_true", help="append to RESULTS.md")
    o = parse.parse_args()
    place = Path(tempfile.mkdtemp(prefix="larder-size-", dir=o.dir))
    os.environ["HUB_CACHE"] = str(place / "layers")
    before = os.getloadavg()[0]
    try:
        found = measure(o, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    rows, good = rows_of(o, found)
    each, trace = settle(o)
    entry = report.heading(" ".join(sys.argv[1:]), (before, os.getloadavg()[0]),
                           script="bench/size.py") + report.limits(
        f"{len(trace)} pulls of {each / 1e6:.0f} MB by {o.clients} clients through {o.size / 1e9:g} GB; "
        f"the upstream has {3 * o.size / 1e9:g} GB; {found['took']:.0f} s", rows)
    print(entry)
    if o.record:
        report.append(entry)
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-clients"]:
        run_clients(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main())
