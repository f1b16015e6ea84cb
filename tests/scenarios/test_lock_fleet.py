"""A fleet that builds by a lock for thirty days, while tags move under it: every build gets
the same bytes, and it costs one pull for each thing that is locked."""

from __future__ import annotations

import random
import signal

from harness import Command
from hub import build, client

from .helpers import answered, assert_pulled, check_store, stored_digests, wait_until
from .locking import read_lock

DAYS = 30
DAY = 24 * 3600
ON_PURPOSE = 20             # the day on which one lock is moved
NAMES = ("python", "redis", "alpine")
RUNNERS = (("docker", None, "library/{}"), ("podman", None, "docker.io/library/{}"),
           ("containerd", "docker.io", "library/{}"))


def test_thirty_days(hub, larders, scratch, clock):
    rng = random.Random(30)
    images = {name: hub.add(build(name), f"library/{name}", "1") for name in NAMES}
    by_hand = Command(scratch / "root", {"docker.io": hub.url}, clock.env)
    lock = scratch / "larder.lock"
    assert by_hand("lock", *(f"{name}:1" for name in NAMES)).status == 0
    assert by_hand("pull", "-f", "larder.lock").status == 0
    assert hub.quota_spent == 2 * len(NAMES)        # an index each, and a platform's manifest
    settings = {"lock": str(lock), "size": "50MB", "keep": ["docker.io/**=used:1d"],
                "collect": "1h"}
    made = larders({"docker.io": hub.url}, root=scratch / "root", settings=settings,
                   env=clock.env)
    moves, rounds, heads_before = 0, 0, hub.count(kind="manifest_head")
    published = set()
    for day in range(DAYS):
        clock.advance(DAY)
        for name in NAMES:                          # what happens upstream
            chance = rng.random()
            if chance < 0.4:
                moved = build(name, f"day {day}")
                hub.move_tag(f"library/{name}", "1", moved)
                published.add(moved.digest)
                moves += 1
            elif chance < 0.5:
                hub.delete_digest(f"library/{name}", images[name].digest)
        down = hub.fault("any", "refused") if day % 7 == 3 else None
        if day % 5 == 4:
            made.stop()
            made.start()
        for name in NAMES:                          # the builds of the day
            for style, ns, spelt in RUNNERS:
                pulled = client.pull(made.url, spelt.format(name), "1", ns=ns, style=style)
                assert_pulled(pulled, images[name])
        rounds += 1
        if down is not None:
            down.clear()
        if day == ON_PURPOSE:
            spent = hub.quota_spent
            done = by_hand("lock", "--update", "python:1", "--json")
            row = done.rows()[0]
            assert done.status == 0 and row["before"] == images["python"].digest, done
            made.signal(signal.SIGHUP)
            made.wait_log("settings.reloaded")
            images["python"] = next(
                one for one in (build("python", f"day {n}") for n in range(DAYS))
                if one.digest == row["digest"])
            published.discard(row["digest"])
            assert read_lock(lock)["docker.io/library/python:1"]["digest"] == row["digest"]
            assert hub.quota_spent == spent + 2     # the index, and its platform, tried
    assert moves > DAYS // 2
    wait_until(lambda: made.metric("larder_lock_drifted") >= 1, "it is seen")
    # Not one byte of the moved tags came, and each locked thing was asked for once.
    assert published & stored_digests(made.root) == set()
    for entry in hub.requests(kind="manifest_get"):
        assert "sha256:" in entry.path, entry.path
    for digest in {*(one.digest for one in images.values()),
                   *(one.manifest().digest for one in images.values())}:
        assert answered(hub, kind="manifest_get", path=digest) == 1
    # A comparison a day and tag; one more a tag where larder was made anew.
    heads = hub.count(kind="manifest_head") - heads_before
    assert heads <= 3 * len(NAMES) * DAYS, heads
    check_store(made.root)
