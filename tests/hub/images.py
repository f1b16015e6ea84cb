"""Container images made from nothing: the same bytes, so the same digests, on every run.

Layers are valid gzip tars, so that a real engine can unpack and run what the hub serves.
Large layers live in files, so that the hub can sendfile() them; they are made once per
process, or once per machine when HUB_CACHE names a directory.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import io
import json
import os
import random
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
IN_TOTO = "application/vnd.in-toto+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"

CREATED = "2024-01-02T03:04:05Z"
MIB = 1 << 20


def sha256(data: bytes) -> str:
    """The digest of data as registries write it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Blob:
    """Content by digest: in memory (data) or in a file (path), never both."""

    digest: str
    size: int
    data: bytes | None = None
    path: str | None = None

    def read(self, offset: int = 0, count: int | None = None) -> bytes:
        """Up to count bytes from offset, wherever the content is."""
        count = self.size - offset if count is None else count
        if self.data is not None:
            return self.data[offset:offset + count]
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(count)


@dataclass(frozen=True)
class Layer:
    """A layer as stored (blob) and what its unpacked tar hashes to (diff_id)."""

    blob: Blob
    diff_id: str
    gzip: bool = True


@dataclass(frozen=True)
class File:
    """A file for a layer: content, or a symbolic link, or a directory."""

    data: bytes = b""
    mode: int = 0o644
    link: str | None = None
    directory: bool = False


@dataclass(frozen=True)
class Manifest:
    """A manifest or index, byte for byte."""

    media_type: str
    data: bytes

    @functools.cached_property
    def digest(self) -> str:
        return sha256(self.data)

    @functools.cached_property
    def json(self) -> dict:
        return json.loads(self.data)

    def descriptor(self, **extra: object) -> dict:
        return {"mediaType": self.media_type, "digest": self.digest,
                "size": len(self.data), **extra}


@dataclass(frozen=True)
class Image:
    """What a tag names (root), and everything reachable from it."""

    root: Manifest
    manifests: dict[str, Manifest]
    blobs: dict[str, Blob]
    platforms: dict[str, str] = field(default_factory=dict)
    attestations: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return self.root.digest

    def manifest(self, platform: str = "linux/amd64") -> Manifest:
        """The manifest of one platform."""
        return self.manifests[self.platforms[platform]]

    def config(self, platform: str = "linux/amd64") -> Blob:
        return self.blobs[self.manifest(platform).json["config"]["digest"]]

    def layers(self, platform: str = "linux/amd64") -> list[Blob]:
        return [self.blobs[d["digest"]] for d in self.manifest(platform).json["layers"]]

    def pull_size(self, platform: str = "linux/amd64") -> int:
        """Bytes of config and layers that one pull downloads, each digest once."""
        found = {b.digest: b.size for b in self.layers(platform)}
        return sum(found.values()) + self.config(platform).size


@dataclass(frozen=True)
class Named:
    """An image and where the world finds it."""

    host: str
    repository: str
    tag: str
    image: Image

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}:{self.tag}"


# --- layers ---------------------------------------------------------------------------

def _tarinfo(name: str, file: File) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode = file.mode
    if file.link is not None:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, file.link, 0o777
    elif file.directory:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        info.size = len(file.data)
    return info


def layer(files: Mapping[str, bytes | File], *, gzip: bool = True) -> Layer:
    """A small layer, in memory.  Parent directories are added; root owns all."""
    entries: dict[str, File] = {}
    for name in sorted(files):
        parts = name.strip("/").split("/")
        for depth in range(1, len(parts)):
            entries.setdefault("/".join(parts[:depth]), File(directory=True))
        value = files[name]
        entries[name.strip("/")] = value if isinstance(value, File) else File(value)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, file in entries.items():
            tar.addfile(_tarinfo(name, file), io.BytesIO(file.data))
    tar_bytes = out.getvalue()
    data = tar_bytes
    if gzip:
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        data = packer.compress(tar_bytes) + packer.flush()
    return Layer(Blob(sha256(data), len(data), data=data), sha256(tar_bytes), gzip)


def rootfs_layer(directory: str | os.PathLike) -> Layer:
    """A layer from a real directory tree, for images whose RUN must work."""
    files: dict[str, bytes | File] = {}
    top = Path(directory)
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if path.is_symlink():
            files[name] = File(link=os.readlink(path))
        elif path.is_dir():
            files[name] = File(directory=True)
        elif path.is_file():
            files[name] = File(path.read_bytes(), path.stat().st_mode & 0o7777)
    return layer(files)


def shell_layer(busybox: str = "/bin/busybox") -> Layer:
    """A root file system around one static busybox, enough for RUN in a build."""
    files: dict[str, bytes | File] = {
        "bin/busybox": File(Path(busybox).read_bytes(), 0o755),
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
        "tmp": File(directory=True), "root": File(directory=True),
    }
    for applet in ("sh cat echo ls cp mv rm mkdir touch true false env id uname "
                   "sleep").split():
        files[f"bin/{applet}"] = File(link="busybox")
    return layer(files)


@functools.cache
def _scratch() -> Path:
    kept = os.environ.get("HUB_CACHE")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        return Path(kept)
    made = Path(tempfile.mkdtemp(prefix="hub-layers-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def _noise(size: int, seed: int) -> Iterator[bytes]:
    """Incompressible to gzip, different at every 64 KiB (so that misplaced pieces show),
    and made at memory speed: one random MiB, stamped with its position."""
    block = bytearray(random.Random(seed).randbytes(MIB))
    for start in range(0, size, MIB):
        for at in range(0, MIB, 65536):
            block[at:at + 8] = (start + at).to_bytes(8, "big")
        yield bytes(block[:min(MIB, size - start)])


def _large_tar(name: str, size: int, content: Iterable[bytes]) -> Iterator[bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    yield info.tobuf(tarfile.GNU_FORMAT)
    yield from content
    yield b"\0" * (-size % 512 + 1024)


@functools.lru_cache(maxsize=64)
def large_layer(size: int, seed: int = 0, *, gzip: bool = True,
                zeros: bool = False) -> Layer:
    """A layer around one file of size bytes, kept in a file.

    Noise by default, in gzip "stored" blocks, so that the blob is a little over size.
    zeros with gzip=False gives a sparse file that takes no room on disk."""
    kind = f"{'zeros' if zeros else seed}-{size}-{'gz' if gzip else 'tar'}"
    path = _scratch() / f"layer-1-{kind}"
    note = path.with_suffix(".json")
    if not note.exists():
        _write_large(path, note, size, seed, gzip, zeros)
    known = json.loads(note.read_text())
    return Layer(Blob(known["digest"], known["size"], path=str(path)),
                 known["diff_id"], gzip)


def _write_large(path: Path, note: Path, size: int, seed: int, gzip: bool,
                 zeros: bool) -> None:
    """Written beside and renamed: another process may be making the same layer."""
    whole, tar = hashlib.sha256(), hashlib.sha256()
    packer = zlib.compressobj(0, zlib.DEFLATED, 31) if gzip else None
    nothing = bytes(MIB)
    content = ((nothing[:min(MIB, size - at)] for at in range(0, size, MIB))
               if zeros else _noise(size, seed))
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with open(temporary, "wb") as out:
        for piece in _large_tar(f"srv/data-{seed}.bin", size, content):
            tar.update(piece)
            packed = packer.compress(piece) if packer else piece
            whole.update(packed)
            if packed is nothing:
                out.seek(len(packed), os.SEEK_CUR)
            else:
                out.write(packed)
        tail = packer.flush() if packer else b""
        whole.update(tail)
        out.write(tail)
        out.truncate()
    os.rename(temporary, path)
    text = json.dumps({"digest": "sha256:" + whole.hexdigest(),
                       "diff_id": "sha256:" + tar.hexdigest(),
                       "size": path.stat().st_size})
    temporary.write_text(text)
    os.rename(temporary, note)


# --- manifests ------------------------------------------------------------------------

def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode()


def _platform(text: str) -> dict:
    system, architecture, *variant = text.split("/")
    found = {"architecture": architecture, "os": system}
    if variant:
        found["variant"] = variant[0]
    return found


def _manifest(config: bytes, layers: Sequence[Layer], docker: bool,
              blobs: dict[str, Blob]) -> Manifest:
    blob = Blob(sha256(config), len(config), data=config)
    blobs[blob.digest] = blob
    described = []
    for one in layers:
        blobs[one.blob.digest] = one.blob
        kind = DOCKER_LAYER if docker else OCI_LAYER
        suffix = (".gzip" if docker else "+gzip") if one.gzip else ""
        described.append({"mediaType": kind + suffix, "digest": one.blob.digest,
                          "size": one.blob.size})
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    return Manifest(media_type, _json({
        "schemaVersion": 2, "mediaType": media_type,
        "config": {"mediaType": DOCKER_CONFIG if docker else OCI_CONFIG,
                   "digest": blob.digest, "size": blob.size},
        "layers": described}))


def _attestation(subject: Manifest, blobs: dict[str, Blob]) -> Manifest:
    """As BuildKit attaches provenance and an SBOM to a platform's manifest."""
    layers, diff_ids = [], []
    for predicate in ("https://spdx.dev/Document", "https://slsa.dev/provenance/v0.2"):
        statement = _json({
            "_type": "https://in-toto.io/Statement/v0.1", "predicateType": predicate,
            "subject": [{"name": "_", "digest": {"sha256": subject.digest[7:]}}],
            "predicate": {}})
        blob = Blob(sha256(statement), len(statement), data=statement)
        blobs[blob.digest] = blob
        diff_ids.append(blob.digest)
        layers.append({"mediaType": IN_TOTO, "digest": blob.digest, "size": blob.size,
                       "annotations": {"in-toto.io/predicate-type": predicate}})
    config = _json({"architecture": "unknown", "os": "unknown", "config": {},
                    "rootfs": {"type": "layers", "diff_ids": diff_ids}})
    blobs[sha256(config)] = Blob(sha256(config), len(config), data=config)
    return Manifest(OCI_MANIFEST, _json({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": sha256(config),
                   "size": len(config)},
        "layers": layers}))


def _default_layers(name: str, version: str, platform: str) -> list[Layer]:
    return [layer({"etc/os-release": f"ID=scratch\nVERSION_ID={version}\n".encode(),
                   "etc/platform": platform.encode() + b"\n"}),
            layer({f"usr/share/{name}/version": f"{name} {version}\n".encode()})]


def build(name: str = "test/image", version: str = "1", *,
          platforms: Sequence[str] = ("linux/amd64", "linux/arm64/v8"),
          layers: Sequence[Layer] | Callable[[str], Sequence[Layer]] | None = None,
          layer_size: int = 0, docker: bool = False, attestations: bool = False,
          index: bool = True, cmd: Sequence[str] = ("/bin/sh",),
          settings: Mapping[str, object] | None = None) -> Image:
    """An image.  Equal arguments give equal digests; another version gives others.

    layers: for every platform the same, or made per platform; default two small ones.
    layer_size adds one large layer of that many bytes.  index=False: the tag names the
    first platform's manifest itself.  docker: schema 2 media types in place of OCI.
    settings: members of the configuration's "config" besides or in place of those here."""
    blobs: dict[str, Blob] = {}
    manifests: dict[str, Manifest] = {}
    by_platform: dict[str, str] = {}
    entries, attested = [], {}
    for platform in platforms if index else platforms[:1]:
        made = layers(platform) if callable(layers) else layers
        made = list(_default_layers(name, version, platform) if made is None else made)
        if layer_size:
            made.append(large_layer(layer_size, zlib.crc32(f"{name} {version}".encode())))
        config = _json({
            **_platform(platform), "created": CREATED,
            "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": list(cmd),
                       "Labels": {"org.opencontainers.image.title": name,
                                  "org.opencontainers.image.version": version},
                       **(settings or {})},
            "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in made]},
            "history": [{"created": CREATED, "created_by": f"ADD layer {i}"}
                        for i in range(len(made))]})
        manifest = _manifest(config, made, docker, blobs)
        manifests[manifest.digest] = manifest
        by_platform[platform] = manifest.digest
        entries.append(manifest.descriptor(platform=_platform(platform)))
    if not index:
        root = next(iter(manifests.values()))
        return Image(root, manifests, blobs, by_platform)
    for platform, digest in by_platform.items() if attestations else ():
        made_of = _attestation(manifests[digest], blobs)
        manifests[made_of.digest] = made_of
        attested[platform] = made_of.digest
        entries.append(made_of.descriptor(
            annotations={"vnd.docker.reference.digest": digest,
                         "vnd.docker.reference.type": "attestation-manifest"},
            platform={"architecture": "unknown", "os": "unknown"}))
    media_type = DOCKER_LIST if docker else OCI_INDEX
    root = Manifest(media_type, _json({"schemaVersion": 2, "mediaType": media_type,
                                       "manifests": entries}))
    manifests[root.digest] = root
    return Image(root, manifests, blobs, by_platform, attested)


def referrer(subject: Manifest, artifact_type: str, payload: bytes) -> Image:
    """An artifact (signature, SBOM) that names subject, to be found by referrers."""
    empty = Blob(sha256(b"{}"), 2, data=b"{}")
    blob = Blob(sha256(payload), len(payload), data=payload)
    root = Manifest(OCI_MANIFEST, _json({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": artifact_type,
        "config": {"mediaType": OCI_EMPTY, "digest": empty.digest, "size": 2},
        "layers": [{"mediaType": artifact_type, "digest": blob.digest,
                    "size": blob.size}],
        "subject": subject.descriptor()}))
    return Image(root, {root.digest: root}, {empty.digest: empty, blob.digest: blob})
