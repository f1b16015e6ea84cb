"""A cache that is too small: bench/size.py --size 1GB --pulls 5GB --clients 32

Images whose uses follow Zipf's law (a few bases, each image a layer of its own) are pulled
through a larder with larder.size. Prints the hit rate beside that of a perfect LRU cache of
whole images over the same trace, the most that the store ever had, and what failed.
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


def main() -> None:
    from harness import Larder
    from hub import Hub
    from scenarios.sizing import Watch, lru_hits, zipf

    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--size", type=size_of, default=size_of("1GB"))
    parse.add_argument("--pulls", type=size_of, default=size_of("5GB"))
    parse.add_argument("--clients", type=int, default=32)
    parse.add_argument("--images", type=int, default=120)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--dir", default="/dev/shm")
    o = parse.parse_args()
    each = 3 * o.size // o.images
    place = Path(tempfile.mkdtemp(prefix="larder-size-", dir=o.dir))
    os.environ["HUB_CACHE"] = str(place / "layers")
    trace = zipf(o.images, o.pulls // each, o.seed)
    try:
        with Hub(quota=1_000_000) as hub:
            made = publish(hub, o.images, each, 4)
            larder = Larder(place / "root", {"docker.io": hub.url}, access_log=False,
                            settings={"size": f"{o.size}", "freshness": "1h",
                                      "tags": ["docker.io/library/i0:*=pinned"]})
            with larder, Watch(larder.root) as watch:
                began = time.monotonic()
                done = subprocess.run(
                    [sys.executable, __file__, "--as-clients", larder.url, str(o.clients)],
                    input=json.dumps([0, *trace]), text=True, stdout=subprocess.PIPE,
                    check=True)
                took = time.monotonic() - began
                found = json.loads(done.stdout)
                metric = larder.metric
                passed = metric("larder_flight_unstored_total")
                evicted = metric("larder_evicted_images_total")
                memory = larder.memory()["VmHWM"] / 1e6
                stored = metric("larder_store_bytes")
                with hub.fault("any", "refused"):
                    from hub import client
                    pinned = client.pull(larder.url, "library/i0", "1").ok
            misses = sum(hub.count(kind="cdn", path=image.layers()[-1].digest[7:],
                                   method="GET") for image in made)
            perfect = lru_hits([0, *trace], [blobs_of(image) for image in made], o.size)
            n = len(trace) + 1
            ttfb, seconds = found["ttfb"], found["seconds"]
            print(f"{n} pulls of {each / 1e6:.0f} MB by {o.clients} clients in {took:.0f} s, "
                  f"through {o.size / 1e9:g} GB; the upstream has {3 * o.size / 1e9:g} GB\n"
                  f"failed          {len(found['failed'])} {found['failed'][:3]}\n"
                  f"most            {watch.most / 1e6:.1f} MB = "
                  f"{100 * watch.most / o.size:.2f}% of the limit, in {watch.looks} looks\n"
                  f"at the end      {stored / 1e6:.1f} MB\n"
                  f"hit rate        {100 * (n - misses) / n:.1f}%, perfect LRU "
                  f"{100 * perfect / n:.1f}%\n"
                  f"evicted         {evicted:.0f} images; passed through unstored {passed:.0f} "
                  f"layers\n"
                  f"pulls           median {seconds[n // 2]:.2f} s, longest {seconds[-1]:.2f} s; "
                  f"first byte of a blob at most {ttfb[-1]:.2f} s\n"
                  f"pinned          {'still there' if pinned else 'LOST'}\n"
                  f"memory          {memory:.0f} MB at most")
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-clients"]:
        run_clients(sys.argv[2], int(sys.argv[3]))
    else:
        main()
