"""What the scenarios of larder.size share: watching a store's size, and a perfect cache."""

from __future__ import annotations

import os
import random
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


def content_files(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """All that larder.size is about: content, downloads under way, uploads."""
    for top in ("docker/registry/v2/blobs", "larder/partial", "larder/uploads", "larder/tmp"):
        for folder, _, names in os.walk(root / top):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    yield path, os.stat(path)
                except FileNotFoundError:
                    continue


def content_bytes(root: Path) -> int:
    """How much there was at one moment, at least: only what is still there after the look
    counts, and no file twice; a smaller one of that number is another."""
    seen = {st.st_ino: st.st_size for _, st in content_files(root)}
    still = {st.st_ino: st.st_size for _, st in content_files(root)}
    return sum(size for ino, size in seen.items() if still.get(ino, -1) >= size)


class Watch(threading.Thread):
    """with Watch(root) as watch: ...; then watch.most is the most that was ever seen."""

    def __init__(self, root: Path) -> None:
        super().__init__(daemon=True)
        self.root, self.most, self.looks = root, 0, 0
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(0.005):
            self.most = max(self.most, content_bytes(self.root))
            self.looks += 1

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()
        self.most = max(self.most, content_bytes(self.root))


def zipf(n: int, pulls: int, seed: int, s: float = 1.0) -> list[int]:
    """A trace: which of n images is pulled, time after time."""
    rng = random.Random(seed)
    order = list(range(n))
    rng.shuffle(order)
    return rng.choices(order, [1 / (i + 1) ** s for i in range(n)], k=pulls)


def lru_hits(trace: Iterable[int], blobs: Sequence[dict[str, int]], limit: int) -> int:
    """Pulls of the trace whose image is there, whole, in a perfect cache of whole images
    that share their blobs."""
    cached: OrderedDict[int, None] = OrderedDict()
    users: dict[str, int] = {}
    used = hits = 0
    for i in trace:
        if i in cached:
            hits += 1
            cached.move_to_end(i)
            continue
        cached[i] = None
        for digest, size in blobs[i].items():
            users[digest] = users.get(digest, 0) + 1
            used += size if users[digest] == 1 else 0
        while used > limit and len(cached) > 1:
            gone, _ = cached.popitem(last=False)
            for digest, size in blobs[gone].items():
                users[digest] -= 1
                used -= size if users[digest] == 0 else 0
    return hits
