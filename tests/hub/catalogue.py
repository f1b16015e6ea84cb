"""The base images that the project's scenarios and benches are about, in small.

Names, tags, media types and platforms are those of the real ones; contents are a few
files, among them the os-release and package databases that an inventory reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from .images import File, Image, Layer, Named, build, layer
from .images import _noise  # the same noise, in memory


def _filler(name: str, platform: str, size: int) -> Layer:
    """Some incompressible bytes, so that layers weigh what the caller asked for."""
    seed = sum(name.encode()) * 131 + sum(platform.encode())
    return layer({f"usr/lib/{name}.bin": b"".join(_noise(size, seed))})


def alpine_base(version: str, platform: str) -> Layer:
    """The bottom layer of Alpine, shared by every image built on that release."""
    arch = {"linux/amd64": "x86_64"}.get(platform, "aarch64")
    return layer({
        "etc/alpine-release": f"{version}.1\n".encode(),
        "etc/os-release": (f'NAME="Alpine Linux"\nID=alpine\nVERSION_ID={version}.1\n'
                           f'PRETTY_NAME="Alpine Linux v{version}"\n').encode(),
        "lib/apk/db/installed": (
            f"P:musl\nV:1.2.4-r2\nA:{arch}\no:musl\n\n"
            f"P:libcrypto3\nV:3.1.4-r1\nA:{arch}\no:openssl\n\n").encode(),
        "bin/sh": File(link="/bin/busybox")})


def debian_base(platform: str) -> Layer:
    """The bottom layer of Debian 12."""
    arch = "amd64" if platform == "linux/amd64" else "arm64"
    return layer({
        "etc/debian_version": b"12.5\n",
        "etc/os-release": (b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
                           b'VERSION_ID="12"\nVERSION_CODENAME=bookworm\n'),
        "var/lib/dpkg/status": (
            f"Package: libc6\nStatus: install ok installed\nArchitecture: {arch}\n"
            "Source: glibc\nVersion: 2.36-9+deb12u4\n\n"
            f"Package: libssl3\nStatus: install ok installed\nArchitecture: {arch}\n"
            "Source: openssl\nVersion: 3.0.11-1~deb12u2\n\n").encode()})


def _on(base: str, name: str, size: int):
    def layers(platform: str) -> list[Layer]:
        bottom = (debian_base(platform) if base == "debian"
                  else alpine_base(base, platform) if base
                  else layer({"etc/platform": platform.encode()}))
        return [bottom, _filler(name, platform, size)]
    return layers


# host, repository, tag, base, Docker media types, attestations
_TABLE: Sequence[tuple[str, str, str, str, bool, bool]] = (
    ("docker.io", "library/python", "3.11-slim", "debian", False, True),
    ("docker.io", "library/postgres", "17-alpine", "3.19", False, True),
    ("docker.io", "library/redis", "7.4-alpine", "3.19", False, True),
    ("docker.io", "library/busybox", "1.36", "", False, False),
    ("docker.io", "library/busybox", "latest", "", False, False),
    ("docker.io", "curlimages/curl", "latest", "3.19", False, False),
    ("docker.io", "bitnami/kubectl", "1.28", "debian", True, False),
    ("docker.io", "library/alpine", "3.18", "3.18", True, False),
    ("docker.io", "library/alpine", "3.19", "3.19", False, False),
    ("docker.io", "alpine/git", "2.43.0", "3.19", False, False),
    ("gcr.io", "kaniko-project/executor", "v1.23.0", "", True, False),
)


def eleven(layer_bytes: int = 65536, *, host: str | None = None) -> list[Named]:
    """All of them, or those of one host; layer_bytes is the weight of each top layer."""
    made = []
    for registry, repository, tag, base, docker, attested in _TABLE:
        if host not in (None, registry):
            continue
        name = repository.rsplit("/", 1)[1]
        image: Image = build(repository, tag, docker=docker, attestations=attested,
                             layers=_on(base, f"{name}-{tag}", layer_bytes))
        made.append(Named(registry, repository, tag, image))
    return made
