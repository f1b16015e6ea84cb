"""Policies while serving: images are looked at on threads of their own, and policies are
read again meanwhile."""

from __future__ import annotations

import os
import signal
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from hub import build, client
from hub.images import OCI_MANIFEST, Image, Manifest
from hub.push import Pusher

from .helpers import ask, assert_pulled, message, wait_until
from .signing import Key, as_json, sign_at
from .test_policy import REPO, get, key, policy  # noqa: F401

pytestmark = [pytest.mark.faults, pytest.mark.concurrent]

LANE = 256      # GATE_CASES_MAX: of one owner, looked at or waiting for it


class Hold:
    """Nothing is looked at until it is released."""

    def __init__(self, folder: Path) -> None:
        self._fifo, self._calls, self._end = folder / "hold", folder / "calls", -1
        os.mkfifo(self._fifo)
        self._calls.touch()
        self.env = {"LARDER_FAULTS": "gate.look:1+=hold",
                    "LARDER_TEST_FAULT_HOLD": str(self._fifo),
                    "LARDER_TEST_FAULT_CALLS": str(self._calls)}

    def looks(self) -> int:
        return self._calls.read_text().split().count("gate.look")

    def wait_held(self) -> None:
        wait_until(lambda: self.looks() > 0, "an image is about to be looked at")

    def release(self) -> None:
        if self._end < 0:
            self._end = os.open(self._fifo, os.O_RDWR)

    def done(self) -> None:
        self.release()
        os.close(self._end)


@pytest.fixture
def hold(scratch):
    made = Hold(scratch)
    yield made
    made.done()


def many(image: Image, n: int) -> list[Image]:
    """Images that differ in nothing that costs anything to make."""
    said = image.manifest().json
    roots = [Manifest(image.manifest().media_type, as_json({**said, "annotations": {"n": str(i)}}))
             for i in range(n)]
    return [Image(root, {root.digest: root}, image.blobs) for root in roots]


def add_many(hub, repo: str, n: int) -> None:
    for i, one in enumerate(many(build(repo), n)):
        hub.add(one, repo, f"t{i}")


def later(pool: ThreadPoolExecutor, made, path: str) -> Future:
    return pool.submit(ask, made, path, timeout=60)


def test_others_do_not_wait(hub, larder, policy, hold):  # noqa: F811
    """A hundred images are being looked at, on a server of one thread."""
    cheap = hub.add(build("cheap"), "other/thing", "1")
    add_many(hub, REPO, 100)
    made = larder(settings={"threads": "1", **policy(("docker.io/library/**", "require"))},
                  env=hold.env)
    with ThreadPoolExecutor(100) as pool:
        costly = [later(pool, made, f"/v2/{REPO}/manifests/t{i}") for i in range(100)]
        hold.wait_held()
        assert_pulled(client.pull(made.url, "other/thing", "1"), cheap)
        assert not any(one.done() for one in costly)
        hold.release()
        assert {one.result(60).status for one in costly} == {403}


def test_a_crowd_is_one_look(larders, policy, hold):  # noqa: F811
    made = larders(settings=policy(("team/**", "require")), env=hold.env)
    image = build("x")
    with Pusher(made.url) as pusher:
        pusher.image("team/app", "1", image)
    with ThreadPoolExecutor(32) as pool:
        crowd = [later(pool, made, "/v2/team/app/manifests/1") for _ in range(32)]
        hold.wait_held()
        assert not wait(crowd, 0.2, FIRST_COMPLETED).done
        hold.release()
        assert {one.result(20).status for one in crowd} == {403}
    assert hold.looks() == 1


def test_too_many_of_one_owner(hub, larder, policy, hold):  # noqa: F811
    """Are refused for the moment, which is not remembered; another's are not."""
    add_many(hub, REPO, LANE + 4)
    hub.add(build("other"), "other/thing", "1")
    made = larder(settings=policy(("**", "require")), env=hold.env)
    with ThreadPoolExecutor(LANE + 5) as pool:
        asked = {later(pool, made, f"/v2/{REPO}/manifests/t{i}"): i
                 for i in range(LANE + 4)}
        refused: set = set()
        while len(refused) < 4:
            refused |= wait(set(asked) - refused, 60, FIRST_COMPLETED).done
        other = later(pool, made, "/v2/other/thing/manifests/1")
        wait_until(lambda: hold.looks() > 1, "the other's has a thread")
        for one in refused:
            assert one.result().status == 429, one.result().data
            assert "not served now: too many images wait" in message(one.result())
            assert one.result().header("retry-after")
        hold.release()
        assert other.result(20).status == 403
        assert {one.result(60).status for one in set(asked) - refused} == {403}
    again = ask(made, f"/v2/{REPO}/manifests/t{asked[refused.pop()]}")
    assert again.status == 403 and "no signature by key" in message(again)
    assert made.metric("larder_policy_decisions_total", decision="busy") == 4
    assert 1 <= sum("policy.busy" in line for line in made.log) <= 4


def test_what_is_held_meanwhile(hub, larder, policy, hold):  # noqa: F811
    """Nobody fills the memory with what waits: 12 manifests of 3 MiB, of which 10 may."""
    said = build("x").manifest().json
    for i in range(12):
        large = {**said, "annotations": {"n": f"{i:03}" * (1 << 20)}}
        root = Manifest(OCI_MANIFEST, as_json(large))
        hub.add(Image(root, {root.digest: root}, {}), REPO, f"t{i}")
    made = larder(settings=policy(("**", "require")), env=hold.env)
    with ThreadPoolExecutor(12) as pool:
        asked = {later(pool, made, f"/v2/{REPO}/manifests/t{i}") for i in range(12)}
        refused: set = set()
        while len(refused) < 2:
            refused |= wait(asked - refused, 60, FIRST_COMPLETED).done
        hold.release()
        assert sorted(one.result(60).status for one in asked) == [403] * 10 + [429] * 2


def test_who_waited_too_long_for_a_thread(hub, larder, policy, hold, clock):  # noqa: F811
    image = hub.add(build("x"), REPO, "1")
    made = larder(settings=policy(("**", "require")), env={**hold.env, **clock.env})
    with ThreadPoolExecutor(1) as pool:
        first = later(pool, made, f"/v2/{REPO}/manifests/1")
        hold.wait_held()
        clock.advance(21)
        hold.release()
        assert first.result(20).status == 429
    again = get(made, image)
    assert again.error_status == 403        # it was not remembered


@pytest.mark.parametrize("drain", ["1ms", "20s"])
def test_stopping_meanwhile(hub, larder, policy, hold, drain):  # noqa: F811
    add_many(hub, REPO, 30)
    made = larder(config=f"http:\n  draintimeout: {drain}\n",
                  settings=policy(("**", "require")), env=hold.env)
    with ThreadPoolExecutor(30) as pool:
        asked = [later(pool, made, f"/v2/{REPO}/manifests/t{i}") for i in range(30)]
        hold.wait_held()
        made.signal(signal.SIGTERM)
        made.wait_log("serve.stopping")
        hold.release()
        made.process.wait(30)       # with another signal it would end at once
        for one in asked:
            # no status: who had not been let in yet, or was cut
            assert one.exception(20) is not None or \
                one.result().status in (None, 403, 502, 503)


def reload(made, times: int) -> None:
    made.signal(signal.SIGHUP)
    wait_until(lambda: sum("settings.reloaded" in line for line in made.log) == times, "reloaded")


@pytest.mark.parametrize("mode, status", [("off", 200), ("require", 403)])
def test_reloading_meanwhile(hub, larder, policy, hold, mode, status):  # noqa: F811
    """The policies that are read count for who still waits, too."""
    hub.add(build("x"), REPO, "1")
    made = larder(settings=policy(("**", "warn" if mode == "require" else "require")),
                  env=hold.env)
    with ThreadPoolExecutor(1) as pool:
        first = later(pool, made, f"/v2/{REPO}/manifests/1")
        hold.wait_held()
        policy(("**", mode))
        reload(made, 1)
        hold.release()
        assert first.result(20).status == status, first.result().data


def test_what_an_index_names_after_a_reload(hub, larder, policy, key, scratch):  # noqa: F811
    """What was let through by the old policies is asked for with the new ones."""
    images = {tag: hub.add(build(tag), REPO, tag) for tag in ("signed", "not")}
    sign_at(hub, REPO, images["signed"], key)
    made = larder(settings=policy(("**", "off")))

    def statuses(tag: str) -> list[int]:
        image = images[tag]
        return [ask(made, f"/v2/{REPO}/manifests/{what}").status
                for what in (image.manifest().digest, image.digest, tag)]

    for tag, image in images.items():
        assert_pulled(get(made, image, tag), image)
    policy(("**", "require"))
    reload(made, 1)
    assert statuses("not") == [403] * 3
    assert_pulled(get(made, images["signed"], "signed"), images["signed"])
    assert statuses("signed") == [200] * 3
    Key(scratch, "other").public.replace(scratch / "acme.pub")
    reload(made, 2)
    assert statuses("signed") == [403] * 3
