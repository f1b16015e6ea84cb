"""larder.schedule: listed images are kept current while larder serves."""

from __future__ import annotations

import os
import signal

import pytest

from harness import Command
from hub import build, client

from .helpers import assert_pulled, stored_digests


@pytest.fixture
def images(hub):
    return {name: hub.add(build(f"library/{name}", "1"), f"library/{name}", "1")
            for name in ("flour", "salt")}


@pytest.fixture
def listed(scratch, images):
    path = scratch / "base-images.txt"
    path.write_text("flour:1\nnot an image\nsalt:1\n")
    return path


def just_before_the_minute(clock) -> None:
    """The next minute begins in half a second, by larder's clock."""
    clock.advance(59.5 - clock.now() % 60)


@pytest.fixture
def scheduled(larder, clock, listed):
    """scheduled(...) starts a larder half a second before it looks at the list."""
    def make(words="* * * * *", **settings):
        just_before_the_minute(clock)
        return larder(env={**clock.env, "TZ": "UTC"}, settings={
            "schedule": words, "images": str(listed), **settings})
    return make


@pytest.mark.concurrent
def test_at_its_time(hub, scheduled, images, clock):
    made = scheduled()
    line = made.wait_log("schedule.done")
    assert "images=3 new=2 moved=0 current=0 stale=0 failed=1" in line
    assert any("base-images.txt:2" in line and "one image a line" in line for line in made.log)
    assert images["salt"].digest in stored_digests(made.root)

    moved = build("library/salt", "2")
    hub.move_tag("library/salt", "1", moved)
    spent = hub.quota_spent
    just_before_the_minute(clock)
    # it sleeps until a minute of its own clock has gone by; new settings make it look
    made.process.send_signal(signal.SIGHUP)
    assert "moved=1 current=1" in made.wait_log("schedule.done", n=2)
    assert hub.quota_spent == spent + 2
    assert made.metric("larder_schedule_images_total", result="moved") == 1
    # what is fresh is served without a question
    heads = hub.count(kind="manifest_head")
    assert_pulled(client.pull(made.url, "library/salt", "1"), moved)
    assert hub.count(kind="manifest_head") == heads and hub.quota_spent == spent + 2


def test_while_the_upstream_is_down(hub, scheduled, images, scratch):
    """What is here stays good: stale is no failure."""
    assert Command(scratch / "root", {"docker.io": hub.url})("pull", "flour:1").status == 0
    hub.fault("any", "refused")
    made = scheduled()
    assert "stale=1 failed=2" in made.wait_log("schedule.done", timeout=40)


def test_the_reserve_is_left(hub, scheduled, images):
    hub.set_quota(100, used=81)
    made = scheduled(reserve=19)
    made.wait_log("schedule.done")
    assert any("larder.reserve keeps 19 for clients" in line for line in made.log)
    assert hub.quota_spent == 0
    assert_pulled(client.pull(made.url, "library/salt", "1"), images["salt"])


@pytest.mark.concurrent
def test_stopping_does_not_wait_for_it(hub, scheduled):
    gate = hub.hold("blob")
    made = scheduled()
    gate.wait_held()
    assert made.stop(timeout=10) == 0
    gate.release()


@pytest.mark.parametrize("env, said", [
    ({"LARDER_SCHEDULE": "daily", "LARDER_IMAGES": "x"}, "larder.schedule: \"daily\" is no"),
    ({"LARDER_SCHEDULE": "@daily"}, "larder.schedule needs larder.images"),
])
def test_wrong_settings(scratch, env, said):
    done = Command(scratch / "root", env=env)("serve")
    assert done.status == 100 and said in done.err, done
    assert os.listdir(scratch) == ["home"]
