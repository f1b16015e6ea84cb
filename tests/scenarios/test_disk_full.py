"""A full disk: pulls go through, nothing half-done stays, and storing goes on afterwards."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from pathlib import Path

import pytest

from hub import build, client, images

from .helpers import (MIB, Download, ask, assert_pulled, blob_path, check_store, leftovers,
                      stored_digests, wait_until)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")

REPO = "library/thing"
DISK = 12 * MIB


@pytest.fixture
def small_disk(scratch):
    """A file system of 12 MiB; .fill leaves no room in it, .free gives it back."""
    place = scratch / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", place],
                             capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place: Path) -> Path:
    """Take every byte there is."""
    ballast = place / "ballast"
    with open(ballast, "wb", buffering=0) as out:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while out.write(b"x" * size):
                    pass
            except OSError:
                continue
    return ballast


def warnings(larder) -> list[str]:
    return [line for line in larder.log if "flight.disk_full" in line]


@pytest.fixture
def image(hub):
    """More than the disk can hold: 20 MiB in one layer, 3 MiB in another."""
    return hub.add(build("thing", layers=[images.large_layer(20 * MIB, 1),
                                          images.large_layer(3 * MIB, 2)]), REPO, "1")


def test_what_does_not_fit_passes_through(hub, larders, small_disk, image):
    made = larders({"docker.io": hub.url}, root=small_disk / "root")
    large, small = sorted(image.layers(), key=lambda blob: -blob.size)[:2]
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert len(warnings(made)) == 1 and large.digest in warnings(made)[0]
    assert made.metric("larder_flight_unstored_total") == 1
    assert small.digest in stored_digests(made.root)
    assert large.digest not in stored_digests(made.root)
    check_store(made.root)
    assert not leftovers(made.root)
    # What is stored still comes from there, the rest from the upstream again.
    before = hub.count(kind="cdn", method="GET")
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert hub.count(kind="cdn", method="GET") == before + 1
    assert hub.quota_spent == 2


def test_many_clients_share_what_passes_through(hub, larders, small_disk, image):
    """All who are there when it begins get one download's bytes; nobody gets wrong ones."""
    made = larders({"docker.io": hub.url}, root=small_disk / "root")
    results = client.pull_many(8, made.url, REPO, "1")
    for result in results:
        assert_pulled(result, image)
    check_store(made.root)
    assert made.memory()["VmRSS"] < 200 * MIB


def test_nothing_at_all_fits(hub, larders, small_disk, image):
    """Not a manifest, not a tag, not a directory: everything from memory."""
    made = larders({"docker.io": hub.url}, root=small_disk / "root")
    ballast = fill(small_disk)
    for _ in range(2):
        assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert hub.quota_spent == 2, "manifests are kept in memory"
    check_store(made.root)
    assert ask(made, "/readyz").status == 200
    ballast.unlink()
    small = min(image.layers(), key=lambda blob: blob.size)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    wait_until(lambda: small.digest in stored_digests(made.root), "it stores again")
    check_store(made.root)
    assert not leftovers(made.root)


def test_the_disk_fills_in_the_middle(hub, larders, small_disk):
    """The size was not announced, so nothing could be reserved: the first bytes are on disk,
    the others pass through."""
    image = hub.add(build("thing", layers=[images.large_layer(20 * MIB, 3)]), REPO, "1")
    blob = max(image.layers(), key=lambda blob: blob.size)
    hub.fault("cdn", "no_length", path=blob.digest[7:])
    made = larders({"docker.io": hub.url}, root=small_disk / "root")
    with urllib.request.urlopen(made.url + blob_path(REPO, blob.digest), timeout=30) as answer:
        assert answer.read() == blob.read()
    assert len(warnings(made)) == 1
    check_store(made.root)
    assert not leftovers(made.root)


def test_a_reader_that_comes_late_is_not_cheated(hub, larders, small_disk, image):
    """It cannot have the bytes that are gone; it waits and gets a download of its own."""
    made = larders({"docker.io": hub.url}, root=small_disk / "root")
    large = max(image.layers(), key=lambda blob: blob.size)
    path = blob_path(REPO, large.digest)
    gate = hub.hold("cdn", large.digest[7:], after_bytes=14 * MIB, count=1)
    first = Download(made, path)
    first.wait_bytes(10 * MIB)
    gate.wait_held(1, 10)
    second = Download(made, path)
    gate.release()
    first.join(20)
    second.join(20)
    assert (first.end, second.end) == ("complete", "complete")
    assert bytes(first.body) == bytes(second.body) == large.read()


def test_a_reader_that_stands_still_does_not_grow_memory(hub, larders, small_disk, image):
    made = larders({"docker.io": hub.url}, root=small_disk / "root")
    large = max(image.layers(), key=lambda blob: blob.size)
    slow = Download(made, blob_path(REPO, large.digest), pause_at=64 << 10)
    slow.wait_bytes(64 << 10)
    wait_until(lambda: made.metric("larder_flight_unstored_total") == 1, "it passes through")
    assert hub.bytes_sent < 20 * MIB, "the upstream is read no faster than the client reads"
    slow.go_on()
    slow.join(20)
    assert slow.end == "complete" and bytes(slow.body) == large.read()
