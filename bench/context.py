"""What every section needs: places, images, the hub, the load client, and the results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from servers import TOP, Hub, Server

sys.path.insert(0, str(TOP / "tests"))
from hub import images  # noqa: E402

MIB = 1 << 20
LINK = 100_000_000      # bytes a second, of the link in "100 MB/s"
REPO = "library/big"
ACCEPT = ", ".join((images.OCI_INDEX, images.OCI_MANIFEST,
                    images.DOCKER_LIST, images.DOCKER_MANIFEST))


@dataclass
class Row:
    """One thing measured on several targets: a value a round, None where it failed."""

    section: str
    what: str
    unit: str
    reference: str | None       # the target compared with; None: nothing is compared
    values: dict[str, list[float | None]] = field(default_factory=dict)
    apart: bool = False         # compared by difference, not by ratio

    def add(self, target: str, value: float | None) -> None:
        self.values.setdefault(target, []).append(value)


class Bench:
    def __init__(self, scratch: Path, rounds: int, quick: bool) -> None:
        self.scratch = scratch
        self.rounds = rounds
        self.quick = quick
        self.rows: list[Row] = []
        self.notes: list[str] = []
        self.sizes = [32 * MIB, (64 if quick else 256) * MIB]     # of warm blobs
        self.cold_size = self.sizes[1]
        self.crowd_size = (32 if quick else 128) * MIB
        self.fill_size = (128 if quick else 1024) * MIB
        os.environ["HUB_CACHE"] = str(scratch / "layers")
        every = {*self.sizes, self.cold_size, self.crowd_size, self.fill_size}
        self.hub = Hub(sorted(every), scratch / "layers")
        self._images: dict[int, images.Image] = {}
        self._serial = 0
        self.client = scratch / "load"
        subprocess.run(["cc", "-O2", "-o", self.client, TOP / "bench/load.c",
                        "-lpthread"], check=True)

    def row(self, section: str, what: str, unit: str, reference: str | None, *,
            apart: bool = False) -> Row:
        for row in self.rows:
            if (row.section, row.what) == (section, what):
                return row
        self.rows.append(Row(section, what, unit, reference, apart=apart))
        return self.rows[-1]

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def place(self, name: str) -> Path:
        """A directory that nobody has used yet."""
        self._serial += 1
        return self.scratch / f"{name}-{self._serial}"

    # --- images ---

    def image(self, size: int) -> images.Image:
        """As the hub makes it for --big."""
        if size not in self._images:
            self._images[size] = images.build(
                REPO, str(size), platforms=("linux/amd64",), layer_size=size)
        return self._images[size]

    def layer(self, size: int) -> images.Blob:
        return self.image(size).layers()[-1]

    def blob_url(self, base: str, size: int) -> str:
        return f"{base}/v2/{REPO}/blobs/{self.layer(size).digest}"

    def manifest_url(self, base: str, size: int) -> str:
        return f"{base}/v2/{REPO}/manifests/{self.image(size).manifest().digest}"

    def pull_urls(self, base: str, size: int) -> list[str]:
        """All that a pull asks for, in turn; the large layer last."""
        image = self.image(size)
        manifests = [str(size), image.manifest().digest]
        blobs = [image.config(), *image.layers()]
        return ([f"{base}/v2/{REPO}/manifests/{ref}" for ref in manifests]
                + [f"{base}/v2/{REPO}/blobs/{blob.digest}" for blob in blobs])

    # --- clients ---

    def load(self, *arguments: str, timeout: float = 180) -> dict | None:
        """`load get`; None, with a note, when it failed."""
        try:
            done = subprocess.run([self.client, "get", "-H", f"Accept: {ACCEPT}", *arguments],
                                  timeout=timeout, capture_output=True, text=True)
            found = json.loads(done.stdout or "{}")
        except subprocess.TimeoutExpired:
            found = {"failed": 1, "why": f"not done within {timeout} s"}
        if not found or found["failed"]:
            self.note(f"failed: {found.get('why')} ({arguments[-1]})")
            return None
        return found

    def fetch(self, url: str, *headers: str) -> bytes:
        """One small GET."""
        request = urllib.request.Request(url, headers={"Accept": ACCEPT})
        for line in headers:
            name, _, value = line.partition(": ")
            request.add_unredirected_header(name, value)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def pull(self, server: Server, size: int) -> None:
        """Make the image warm in the server; wrong bytes are an error."""
        for ref in (str(size), self.image(size).manifest().digest):
            self.fetch(f"{server.url}/v2/{REPO}/manifests/{ref}")
        urls = self.pull_urls(server.url, size)[2:]
        if self.load("-m", f"check={self.layer(size).path}", *urls) is None:
            raise RuntimeError(f"{server.name} does not serve {urls[-1]}")


def settle() -> None:
    """Let the disk finish what the last measurement wrote."""
    os.sync()
