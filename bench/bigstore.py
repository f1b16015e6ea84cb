"""A store of many tags and blobs, made quickly: real digests, links and manifests, and hardly a byte."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sqlite3
import time
from pathlib import Path

LAYERS = 8              # of each image, besides two that its repository's images share
PER_REPO = 100          # tags
GARBAGE = 100           # of so many blobs, one more that nobody names
BLOBS = "docker/registry/v2/blobs/sha256"
REPOSITORIES = "docker/registry/v2/repositories"


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _file(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    os.write(fd, data)
    os.close(fd)


class Maker:
    """One worker: some of the repositories, with paths below the working directory."""

    def blob(self, data: bytes) -> tuple[str, int]:
        digest = _sha(data)
        folder = f"{BLOBS}/{digest[:2]}/{digest}"
        os.mkdir(folder)
        _file(folder + "/data", data)
        return digest, len(data)

    def hole(self, running, size: int) -> tuple[str, int]:
        digest = running.copy().hexdigest()
        folder = f"{BLOBS}/{digest[:2]}/{digest}"
        os.mkdir(folder)
        fd = os.open(folder + "/data", os.O_WRONLY | os.O_CREAT, 0o644)
        os.ftruncate(fd, size)
        os.close(fd)
        return digest, size

    def link(self, folder: str, digest: str) -> None:
        os.mkdir(f"{folder}/{digest}")
        _file(f"{folder}/{digest}/link", b"sha256:" + digest.encode())

    def image(self, base: str, number: int, tag: int, own, shared) -> str:
        config = self.blob(b'{"architecture":"amd64","os":"linux","n":%d}' % number)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       "digest": "sha256:" + config[0], "size": config[1]},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                        "digest": "sha256:" + one, "size": size}
                       for one, size in (*shared, *own)]}).encode()
        root = self.blob(manifest)[0]
        for one, _ in (config, *own):
            self.link(base + "/_layers/sha256", one)
        self.link(base + "/_manifests/revisions/sha256", root)
        at = f"{base}/_manifests/tags/t{tag}"
        os.makedirs(at + "/current")
        os.makedirs(at + "/index/sha256")
        _file(at + "/current/link", b"sha256:" + root.encode())
        self.link(at + "/index/sha256", root)
        return f"{root} {config[0]}"

    def repository(self, number: int, say) -> None:
        base = f"{REPOSITORIES}/library/r{number}"
        for folder in ("_layers/sha256", "_manifests/revisions/sha256", "_manifests/tags"):
            os.makedirs(f"{base}/{folder}")
        shared = [self.blob(b"shared %d %d" % (number, i)) for i in range(2)]
        for one, _ in shared:
            self.link(base + "/_layers/sha256", one)
        running = hashlib.sha256(bytes(number * PER_REPO))
        for tag in range(PER_REPO):
            serial = number * PER_REPO + tag
            running.update(b"\0")
            own = [self.hole(running, serial + 1)]
            own += [self.blob(b"layer %d %d" % (serial, i)) for i in range(LAYERS - 1)]
            found = self.image(base, serial, tag, own, shared)
            if tag == number % PER_REPO:
                say.append(f"r{number} t{tag} {found}")
        for i in range(PER_REPO * (LAYERS + 2) // GARBAGE):
            self.blob(b"nobody's %d %d" % (number, i))


def _work(place: str, first: int, repositories: int, step: int) -> list[str]:
    os.chdir(place)
    say: list[str] = []
    for number in range(first, repositories, step):
        Maker().repository(number, say)
    return say


def make_store(place: Path, tags: int) -> list[list[str]]:
    """One image of each repository: its name, tag, manifest's and config's digest."""
    for i in range(256):
        os.makedirs(place / BLOBS / f"{i:02x}")
    os.makedirs(place / REPOSITORIES / "library")
    repositories, workers = tags // PER_REPO, os.cpu_count() or 1
    with multiprocessing.Pool(workers) as pool:
        parts = pool.starmap(_work, [(str(place), first, repositories, workers)
                                     for first in range(workers)])
    return [line.split() for part in parts for line in part]


def note_uses(place: Path, tags: int) -> bool:
    """When each was last used, in an order of its own. False: larder has not made the file yet."""
    now = int(time.time() * 1000)
    with sqlite3.connect(place / "larder/usage.db", timeout=10) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'used'").fetchall():
            return False
        db.executemany("INSERT OR REPLACE INTO used(name, ref, times, last_ms) VALUES(?, ?, 1, ?)",
                       ((f"library/r{n // PER_REPO}", f"t{n % PER_REPO}",
                         now - 86_400_000 - n * 7919 % tags * 1000) for n in range(tags)))
    db.close()
    return True


def room_enough(place: Path, tags: int) -> str | None:
    fs = os.statvfs(place)
    need, inodes = tags * 220_000, tags * 60
    if fs.f_bavail * fs.f_frsize < need:
        return f"{place} has {fs.f_bavail * fs.f_frsize / 1e9:.0f} GB free, {need / 1e9:.0f} are needed"
    if fs.f_files and fs.f_favail < inodes:
        return f"{place} has {fs.f_favail:,} inodes free, {inodes:,} are needed"
    return None
