"""What the fleet builds on: the base images of base-images.txt, and others as teams have them.

Names, platforms and media types are those of the real images, contents a few hundred bytes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from hub.images import Image, Layer, build, layer

TWO = ("linux/amd64", "linux/arm64/v8")
HUB = "docker.io"


@dataclass(frozen=True)
class Line:
    """A tag: where it is, how it is made, and how it is used."""

    host: str
    repository: str
    tag: str
    weight: float               # of being chosen by a job, among all
    rebuilt: float = 0          # mean days between its moves; 0: never moves
    base: str = "debian"        # its bottom layer, shared with others on the same
    docker: bool = False        # Docker's media types
    attested: bool = False      # has provenance beside the platforms
    index: bool = True
    alias: str = ""             # another tag of the repository that names the same image

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}:{self.tag}"


def _library(name: str, tag: str, weight: float, rebuilt: float = 0, **more) -> Line:
    return Line(HUB, f"library/{name}", tag, weight, rebuilt, **more)


# As in base-images.txt.  Official images are rebuilt with each fix of their base.
BASES = (
    _library("python", "3.11-slim", 10, 12, attested=True),
    _library("postgres", "17-alpine", 5, 20, base="alpine", attested=True),
    _library("redis", "7.4-alpine", 4, 20, base="alpine", attested=True),
    _library("busybox", "1.36", 1, base="none"),
    _library("busybox", "latest", 2, 30, base="none"),
    Line(HUB, "curlimages/curl", "latest", 3, 15, base="alpine"),
    Line(HUB, "bitnami/kubectl", "1.28", 2, 25, docker=True),
    _library("alpine", "3.18", 1, base="alpine", docker=True),
    _library("alpine", "3.19", 6, 30, base="alpine"),
    Line("gcr.io", "kaniko-project/executor", "v1.23.0", 2, base="none", docker=True),
    Line(HUB, "alpine/git", "2.43.0", 3, base="alpine"),
)

# As other teams of the same fleet have them.
OTHERS = (
    _library("python", "3.11-slim-bookworm", 2, alias="3.11-slim"),
    _library("node", "20-slim", 8, 10, attested=True),
    _library("golang", "1.22", 5, 14, attested=True),
    _library("eclipse-temurin", "21-jre", 4, 15),
    _library("nginx", "1.27-alpine", 4, 15, base="alpine", attested=True),
    _library("docker", "26-dind", 3, 12, base="alpine"),
    _library("ubuntu", "22.04", 4, 15, base="ubuntu"),
    Line(HUB, "grafana/k6", "0.50.0", 1, base="alpine"),
    Line(HUB, "legacy/builder", "2019", 1, base="none", docker=True, index=False),
)


def rare(n: int) -> Line:
    """One that is tried out once, and then used now and then."""
    return Line(HUB, f"team{n % 5}/tool{n}", "1", 0, base=("alpine", "debian")[n % 2])


def _base(line: Line, platform: str) -> list[Layer]:
    if line.base == "none":
        return []
    return [layer({"etc/os-release": f"ID={line.base}\n".encode(),
                   "etc/platform": platform.encode() + b"\n"})]


@functools.cache
def image(line: Line, version: int) -> Image:
    """What the tag names after so many moves."""
    if line.alias:
        line = next(one for one in BASES + OTHERS
                    if (one.repository, one.tag) == (line.repository, line.alias))

    def layers(platform: str) -> list[Layer]:
        about = f"{line} {version} {platform}\n".encode()
        return [*_base(line, platform), layer({f"usr/lib/{line.tag}.bin": about * 4}),
                layer({"etc/build": about})]

    return build(line.repository, f"{line.tag}.{version}", platforms=TWO, layers=layers,
                 docker=line.docker, attestations=line.attested, index=line.index)


@dataclass(frozen=True)
class Wants:
    """What a client without a cache fetches for one platform: digests and sizes."""

    root: str
    manifests: dict[str, int]
    blobs: dict[str, int]


@functools.cache
def wants(line: Line, version: int, platform: str) -> Wants:
    found = image(line, version)
    own = found.manifest(platform if line.index else TWO[0])
    manifests = {one.digest: len(one.data) for one in (found.root, own)}
    described = [own.json["config"], *own.json["layers"]]
    return Wants(found.digest, manifests, {d["digest"]: d["size"] for d in described})
