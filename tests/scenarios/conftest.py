"""Fixtures: a scripted hub, larder processes that are always stopped, a clock to turn.

Run with `/usr/bin/python3 -m pytest tests/scenarios`.  LARDER_BUILD names the build
directory (default: build), LARDER_SANITIZED=1 says that it has sanitizers: memory is then
not judged.  The build needs -Dfaults=true for the tests that break things from inside.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from harness import Larder
from hub import Hub

from .helpers import SANITIZED, has_faults

SANITIZER_WORDS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer",
                   "MemorySanitizer", "UndefinedBehaviorSanitizer", "runtime error")


def pytest_configure(config):
    for line in ("concurrent: many threads at once; run these under ThreadSanitizer too",
                 "slow: takes more than ten seconds",
                 "waits: is mostly asleep; left out under AddressSanitizer",
                 "plain: long, and of little use under a sanitizer; left out under one",
                 "memory: judges memory; skipped under sanitizers",
                 "faults: needs a build with -Dfaults=true"):
        config.addinivalue_line("markers", line)
    # A shell starts what runs in the background deaf to it, and all that that starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    for item in items:
        if SANITIZED and "memory" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="memory under a sanitizer says nothing"))
        if "faults" in item.keywords and not has_faults():
            item.add_marker(pytest.mark.skip(reason="built without -Dfaults=true"))


@pytest.fixture
def hub():
    """Docker Hub, with a quota that no test should spend by accident."""
    with Hub(quota=1_000_000) as made:
        yield made


@pytest.fixture
def hubs():
    """hubs(**settings) makes another registry."""
    made: list[Hub] = []

    def make(**settings) -> Hub:
        made.append(Hub(**settings).start())
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def scratch():
    """An empty directory, gone afterwards: stores can be large."""
    made = Path(tempfile.mkdtemp(prefix="larder-scenario-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def larders(scratch):
    """larders(upstreams, **options) starts a larder.

    root defaults to one store that all larders of the test share, one after the other.
    At the end each must stop in order, and no sanitizer may have spoken."""
    made: list[Larder] = []

    def make(upstreams=None, *, root: Path | None = None, start: bool = True,
             **options) -> Larder:
        one = Larder(root or scratch / "root", upstreams, **options)
        made.append(one)
        return one.start() if start else one

    yield make
    statuses = []
    for one in made:
        try:
            statuses.append(one.stop())
        finally:
            print(f"--- larder, {one.root.name}\n{one.tail(80)}")
    spoken = [line for one in made for line in one.log
              if any(word in line for word in SANITIZER_WORDS)]
    assert not spoken, "\n".join(line for one in made for line in one.log)
    assert set(statuses) <= {0}, f"exit statuses {statuses}"


@pytest.fixture
def larder(hub, larders):
    """larder(**options): a cache of the hub as docker.io, which is the default upstream."""
    return lambda **options: larders({"docker.io": hub.url}, **options)


class Clock:
    """larder's wall clock, moved by so much: larder(env=clock.env)."""

    def __init__(self, path: Path) -> None:
        self._path, self._ms = path, 0
        self.env = {"LARDER_TEST_CLOCK_FILE": str(path)}
        self.advance(0)

    def now(self) -> float:
        return time.time() + self._ms / 1000

    def advance(self, seconds: float) -> None:
        self._ms += int(seconds * 1000)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(str(self._ms))
        fresh.rename(self._path)


@pytest.fixture
def clock(scratch):
    return Clock(scratch / "clock")
