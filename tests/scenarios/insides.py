"""What the tests of images' contents share: stores with images of any layers, written as
registry:2 writes them, and what contents_probe says is inside."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .carrying import tar_of

TOP = Path(__file__).resolve().parents[2]
PROBE = (TOP / os.environ.get("LARDER_BUILD", "build") / "tests/unit/contents_probe").resolve()
VERSIONS = PROBE.with_name("version_probe")
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

DEBIAN = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n'


def deb(*packages: str, status: str = "install ok installed") -> bytes:
    """dpkg's status of "name version [source [source version]]"."""
    out = ""
    for line in packages:
        name, version, *source = line.split()
        out += f"Package: {name}\nStatus: {status}\nArchitecture: amd64\n"
        if source:
            out += "Source: " + source[0] + (f" ({source[1]})" if source[1:] else "") + "\n"
        out += f"Version: {version}\nDescription: words\n more: of them\n\n"
    return out.encode()


def wheel(name: str, version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: no\n".encode()


class Store:
    """A store at root; put() adds an image of one platform and returns its digest."""

    name = "library/made"

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.base = self.root / "docker/registry/v2"

    def path(self, data: bytes) -> Path:
        hexa = hashlib.sha256(data).hexdigest()
        return self.base / "blobs/sha256" / hexa[:2] / hexa / "data"

    def blob(self, data: bytes) -> dict:
        path = self.path(data)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"digest": "sha256:" + path.parent.name, "size": len(data)}

    def put(self, layers: Sequence[bytes | dict], config: Mapping | None = None,
            document: Mapping | None = None) -> str:
        """layers: archives, packed or not, or descriptors as they are; config: members of
        the configuration's config; document: a descriptor in place of all of it."""
        own = {"architecture": "amd64", "os": "linux", "config": config or {},
                    "rootfs": {"type": "layers", "diff_ids": []}}
        manifest = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": document or {"mediaType": CONFIG,
                                   **self.blob(json.dumps(own).encode())},
            "layers": [one if isinstance(one, dict) else {"mediaType": LAYER, **self.blob(one)}
                       for one in layers]}
        return self.link(self.blob(json.dumps(manifest).encode())["digest"])

    def link(self, digest: str) -> str:
        """The manifest of this digest is in the repository."""
        link = (self.base / "repositories" / self.name / "_manifests/revisions" /
                digest.replace(":", "/") / "link")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.write_text(digest)
        return digest

    def probe(self, *digests: str, timeout: float = 60) -> list[str]:
        """A line an image: JSON, or what is wrong."""
        done = subprocess.run([PROBE, self.root, self.name, *digests], capture_output=True,
                              timeout=timeout, check=False)
        assert done.returncode in (0, 1) and not done.stderr, done.stderr.decode()
        return done.stdout.decode().splitlines()

    def inside(self, layers: Sequence[bytes | dict], **more: object) -> dict:
        line, = self.probe(self.put(layers, **more))
        assert line.startswith("{"), line
        return json.loads(line)

    def refused(self, layers: Sequence[bytes | dict], **more: object) -> str:
        line, = self.probe(self.put(layers, **more))
        assert not line.startswith("{"), line
        return line


def layer(*files: tuple, packed: bool = True) -> bytes:
    """An archive of (name, bytes or TarInfo), as carrying.tar_of takes them."""
    plain = tar_of(files)
    return gzip.compress(plain, 1) if packed else plain


def names(inside: dict, kind: str | None = None) -> list[str]:
    """ "name version" of each package."""
    return [f"{one['name']} {one['version']}" for one in inside["packages"]
            if kind in (None, one["kind"])]


def gaps(inside: dict) -> list[tuple[str, str]]:
    return [(one["path"], one["why"]) for one in inside["gaps"]]
