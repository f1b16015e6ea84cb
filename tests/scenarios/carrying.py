"""What the scenarios of export and import share: archives, made and read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

from harness import Command
from hub import images


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(files: Iterable[tuple[str, bytes | tarfile.TarInfo]]) -> bytes:
    """A tar of these, in their order; a TarInfo goes as it is, without content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files:
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tuple[str, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return name, info


def read_tar(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}


def blob_name(of: str) -> str:
    return "blobs/" + of.replace(":", "/")


def layout_files(*named: tuple[str | None, images.Image], ref: str | None = None,
                 leave_out: Iterable[str] = ()) -> dict[str, bytes]:
    """An OCI layout of these images; a name is io.containerd.image.name."""
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    entries = []
    for name, image in named:
        notes = {} if name is None else {"io.containerd.image.name": name}
        if ref is not None:
            notes["org.opencontainers.image.ref.name"] = ref
        entries.append(image.root.descriptor(annotations=notes))
        for manifest in image.manifests.values():
            files[blob_name(manifest.digest)] = manifest.data
        for blob in image.blobs.values():
            files[blob_name(blob.digest)] = blob.read()
    for one in leave_out:
        files.pop(blob_name(one))
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    return files


def docker_files(image: images.Image, tags: list[str] | None, *, packed: bool = False,
                 symlink: bool = False) -> list[tuple[str, bytes | tarfile.TarInfo]]:
    """What `docker save` made before version 25: layers as tars, no manifest."""
    config = image.config().read()
    files: list[tuple[str, bytes | tarfile.TarInfo]] = []
    names = []
    for i, layer in enumerate(image.layers()):
        data = layer.read()
        name = f"{i:064x}/layer.tar"
        files.append((name, data if packed else gzip.decompress(data)))
        names.append(name)
    if symlink:     # the lowest layer once more, on top: as Docker writes it
        files.append(link(f"{9:064x}/layer.tar", f"../{0:064x}/layer.tar"))
        names.append(f"{9:064x}/layer.tar")
        doc = json.loads(config)
        doc["rootfs"]["diff_ids"].append(doc["rootfs"]["diff_ids"][0])
        config = json.dumps(doc).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    files.append((config_name, config))
    files.append(("manifest.json", json.dumps(
        [{"Config": config_name, "RepoTags": tags, "Layers": names}]).encode()))
    files.append(("repositories", b"{}"))
    return files


def rows(done) -> dict[str, dict]:
    return {row["image"]: row for row in done.rows() if "image" in row}


def results(done) -> dict[str, str]:
    return {name: row["result"] for name, row in rows(done).items()}


def total(done) -> dict:
    return done.rows()[-1]


def site(scratch: Path, name: str = "there", **env: str) -> Command:
    """A store at a place that no network reaches."""
    return Command(scratch / name / "root",
                   {"docker.io": "http://127.0.0.1:9", "quay.io": "http://127.0.0.1:9"}, env)
