"""What every test here has: the outside world shut, a hub (and a second registry), a
larder in front of them, a directory to work in."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import Larder
from hub import Hub, Image, eleven

from .containers import Containers
from .engines import Containerd, Dockerd
from .outside import Outside
from .procs import scratch_directory
from .registry_image import (bridge, image_engine, image_outside,  # noqa: F401 (fixtures)
                             run_image, volume)

# What befalls the hub for the rest of a test, and how larder calls its answers about tags
# then; "" for any.  Without quota the hub still answers the HEAD that a check is.
TROUBLES: dict[str, tuple[Callable[[Hub], object], str]] = {
    "refuses connections": (lambda hub: hub.fault("any", "refused"), "stale"),
    "hangs": (lambda hub: hub.fault("any", "hang"), "stale"),
    "has no quota left": (lambda hub: hub.set_quota(100, used=100), ""),
    "answers 503": (lambda hub: hub.fault("any", "status", code=503), "stale"),
}


def pytest_configure() -> None:
    """A run that is told to end still stops what it has started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For `-n 2 --dist loadgroup`: a file's tests share a process; those of the image, which is
    built once, share one, too, and begin, because they take longest."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        if item.path.parent == Path(__file__).parent:
            with_image = "image_engine" in item.fixturenames
            item.add_marker(pytest.mark.xdist_group("image" if with_image else item.path.stem))
    items.sort(key=lambda item: "image_engine" not in item.fixturenames)


class Trouble:
    """start() puts the hub into it; check() that larder answered from what it had."""

    def __init__(self, name: str, hub: Hub, larder: Larder) -> None:
        self._begin, self._outcome = TROUBLES[name]
        self._hub, self._larder = hub, larder
        self._spent = self._answers = 0.0

    def _count(self) -> float:
        outcome = {"outcome": self._outcome} if self._outcome else {}
        return self._larder.metric("larder_http_requests_total", kind="manifest", code="200",
                                   **outcome)

    def start(self) -> None:
        self._spent, self._answers = self._hub.quota_spent, self._count()
        self._begin(self._hub)

    def check(self) -> None:
        assert self._count() > self._answers, f"no manifest was answered {self._outcome}"
        assert self._hub.quota_spent == self._spent


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_directory() as made:
        yield made


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as made:
        yield made


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Docker Hub, with the ten base images that are there."""
    with Hub(profile="docker.io") as made:
        made.add_all(eleven(host="docker.io"))
        yield made


@pytest.fixture
def gcr() -> Iterator[Hub]:
    """gcr.io, with the eleventh."""
    with Hub(profile="gcr.io") as made:
        made.add_all(eleven(host="gcr.io"))
        yield made


@pytest.fixture
def larder(scratch: Path, hub: Hub, gcr: Hub) -> Iterator[Larder]:
    """In front of both.  A tag is asked about on every pull, the hardest setting for a
    cache whose upstream is in trouble."""
    made = Larder(scratch / "store", {"docker.io": hub.url, "gcr.io": gcr.url},
                  settings={"freshness": "0"})
    try:
        with made:
            made.addr = made.host       # the same when it is started again
            yield made
    finally:
        print("--- larder", made.tail(), *made.access[-60:], sep="\n")


@pytest.fixture
def docker(scratch: Path, larder: Larder, outside: Outside) -> Iterator[Dockerd]:
    with Dockerd(scratch / "docker", larder.url, outside.url) as made:
        yield made


@pytest.fixture
def ctr(scratch: Path, larder: Larder, outside: Outside) -> Iterator[Containerd]:
    """containerd with larder as the mirror of both registries, and no other way out."""
    with Containerd(scratch / "containerd", outside.url) as made:
        for namespace in ("docker.io", "gcr.io"):
            made.mirror(namespace, larder.url)
        yield made


@pytest.fixture
def containers(scratch: Path, larder: Larder, outside: Outside) -> Containers:
    """podman, buildah and skopeo, with larder as the mirror of both registries."""
    return Containers(scratch / "containers", larder.host, ["docker.io", "gcr.io"],
                      outside.url)


@pytest.fixture(scope="session")
def images() -> dict[str, Image]:
    """The eleven by repository:tag."""
    return {f"{one.repository}:{one.tag}": one.image for one in eleven()}


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest, hub: Hub, larder: Larder) -> Trouble:
    """Each kind in turn."""
    return Trouble(request.param, hub, larder)


@pytest.fixture(scope="session")
def busybox() -> str:
    """A program that runs in an empty root file system."""
    found = shutil.which("busybox")
    if found is None or b"/ld-" in Path(found).read_bytes()[:4096]:
        pytest.skip("busybox-static is not installed")
    return found


def expect_one_pull(hub: Hub, image: Image, platform: str = "linux/amd64") -> None:
    """What one platform of one image costs the upstream at most, and no more."""
    wanted = {image.digest, image.platforms[platform]}
    assert hub.count(kind="manifest_get", status=200) == len(wanted)
    assert hub.quota_spent == len(wanted)
    expect_blobs_once(hub, image, platform)


def expect_blobs_once(hub: Hub, image: Image, platform: str = "linux/amd64") -> None:
    for blob in {image.config(platform), *image.layers(platform)}:
        asked = hub.count(kind="blob", method="GET", path=blob.digest)
        assert asked == 1, f"{asked} GETs of {blob.digest}"
