"""The image of scripts/local-registry: built once a run, as README says, and run in the ways
of registry:2.

The first run on a machine makes a Debian to build on, which takes a minute; the build itself
installs a compiler and takes another.  Fixtures are in conftest.py by way of here.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from harness.larder import TOP
from hub import client

from .debian import slim_tar
from .engines import Dockerd
from .outside import Outside
from .procs import need, need_cgroups, scratch_directory

NAME = "bakery-registry"
QUICK = ("--health-interval", "500ms")
BASE = "debian:12-slim"
PORT = 5000


def ip(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *words], capture_output=True, text=True, timeout=10)


@pytest.fixture(scope="session")
def bridge() -> Iterator[tuple[str, str]]:
    """Name and address of a network of our own: another engine's is not touched."""
    need("ip")
    for attempt in range(5):            # one may be left of a run that was killed
        number = (os.getpid() + attempt) % 200 + 20
        name, address = f"larder{number}", f"10.213.{number}.1"
        made = ip("link", "add", "name", name, "type", "bridge")
        if made.returncode == 0:
            break
    for words in ("addr", "add", f"{address}/24", "dev", name), ("link", "set", name, "up"):
        if made.returncode == 0 and (done := ip(*words)).returncode != 0:
            ip("link", "del", name)
            made = done
    if made.returncode != 0:
        pytest.skip(f"no network for containers can be made here: {made.stderr.strip()}")
    yield name, address
    ip("link", "del", name)


@pytest.fixture(scope="session")
def image_outside() -> Iterator[Outside]:
    """What the image's engine meets where it goes outside."""
    with Outside() as made:
        yield made


@pytest.fixture(scope="session")
def image_engine(bridge, image_outside) -> Iterator[Dockerd]:
    """dockerd, without any mirror, that has built the image."""
    need("dockerd", "docker")
    need_cgroups()
    base = slim_tar()
    with scratch_directory() as scratch, \
            Dockerd(scratch / "docker", "", image_outside.url, bridge=bridge[0]) as docker:
        docker("import", "--change", 'CMD ["bash"]', str(base), BASE, timeout=120)
        docker("build", "--network", "host", "-t", NAME, "scripts/local-registry", cwd=TOP,
               timeout=600)
        yield docker


def free_port(wanted: int = 0) -> int:
    """That one where nobody has it, else any."""
    try:
        with socket.create_server(("127.0.0.1", wanted)) as found:
            return found.getsockname()[1]
    except OSError:
        return free_port()


class Container:
    """.url of what listens in it, once it is ready.  Its name on this machine is one that
    Docker takes without TLS."""

    def __init__(self, docker: Dockerd, port: int, words: tuple[str, ...], options,
                 published: int) -> None:
        self.port = free_port(published)
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        self._docker = docker
        self.id = docker("run", "-d", "-p", f"{self.host}:{port}", *options, NAME,
                         *words).out.strip()
        until = time.monotonic() + 20
        while True:
            try:
                if client.get(self.url + "/readyz").status == 200:
                    break
            except OSError:
                pass
            assert time.monotonic() < until, self.logs()
            time.sleep(0.05)

    def logs(self) -> str:
        return self._docker("logs", self.id).text

    def inspect(self, what: str) -> object:
        return json.loads(self._docker("inspect", "--format", "{{json %s}}" % what, self.id).out)

    def wait_healthy(self) -> None:
        """Where the check is made often, as with QUICK."""
        until = time.monotonic() + 30
        while (health := self.inspect(".State.Health.Status")) == "starting":
            assert time.monotonic() < until, self.inspect(".State.Health")
            time.sleep(0.1)
        assert health == "healthy", self.inspect(".State.Health")

    def stop(self) -> None:
        """As a user does: no request is lost, the status is 0, and nobody waits."""
        began = time.monotonic()
        self._docker("stop", self.id)
        assert time.monotonic() - began < 5
        assert self.inspect(".State.ExitCode") == 0 and "serve.stopped" in self.logs()


@pytest.fixture
def run_image(image_engine) -> Iterator[Callable[..., Container]]:
    """run_image(*words, port=..., options=[...], published=...): docker run of the image, and
    until it is ready.  published: the port on this machine, where it is free."""
    made: list[Container] = []

    def start(*words: str, port: int = PORT, options=(), published: int = 0) -> Container:
        made.append(Container(image_engine, port, words, options, published))
        return made[-1]

    yield start
    for one in made:
        image_engine("rm", "-f", "-v", one.id, check=False)


@pytest.fixture
def volume(image_engine) -> Iterator[str]:
    name = image_engine("volume", "create").out.strip()
    yield name
    image_engine("volume", "rm", "-f", name)
