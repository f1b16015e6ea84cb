"""Pull quotas: kept across restarts, added up between processes and larders, shown."""

from __future__ import annotations

import json
import signal

import pytest

from harness import Larder
from hub import Hub, build, client

from .asking import run, store_of
from .helpers import ask, codes, message, wait_until
from .test_status import of, status

LOOK = ("ratelimitpreview/test", "latest")


def accounts(made: Larder, host: str = "docker.io") -> list[dict]:
    [site] = [one for one in of(made)["upstreams"] if one["host"] == host]
    return site["accounts"]


def the_account(made: Larder) -> dict:
    [found] = accounts(made)
    return found


def add_many(hub: Hub, n: int) -> list[str]:
    """Images of one manifest each."""
    for i in range(n):
        hub.add(build(f"a{i}", platforms=["linux/amd64"], index=False), f"library/a{i}", "1")
    return [f"/v2/library/a{i}/manifests/1" for i in range(n)]


def pull_all(made: Larder, paths: list[str]) -> None:
    for path in paths:
        assert ask(made, path).status == 200, path


def right(found: dict, limit: int, remaining: int, spent: int, others: int) -> None:
    """Within one request."""
    assert found["limit"] == limit and found["usedUp"] is False
    assert abs(found["remaining"] - remaining) <= 1, found
    assert abs(found["spent"] - spent) <= 1 and abs(found["others"] - others) <= 1, found


def quota_lines(made: Larder) -> list[str]:
    return [line for line in made.log if "usage." in line]


def test_a_restart_keeps_the_ledger(hub, larder):
    hub.set_quota(100)
    paths = add_many(hub, 4)
    made = larder()
    assert accounts(made) == []
    pull_all(made, paths[:3])
    before = the_account(made)
    assert (before["account"], before["source"]) == ("", "127.0.0.1")
    right(before, 100, 97, 3, 0)
    assert before["windowSeconds"] == 21600 and before["backInSeconds"] is None
    made.stop()

    made = larder()
    after = the_account(made)
    assert {**after, "seenSecondsAgo": 0} == {**before, "seenSecondsAgo": 0}
    pull_all(made, paths[3:])
    right(the_account(made), 100, 96, 4, 0)
    assert not quota_lines(made)


def test_used_up_is_known_after_a_restart(hub, larder, clock):
    hub.set_quota(2)
    hub.add(build("look"), *LOOK)
    paths = add_many(hub, 4)
    made = larder(env=clock.env)
    pull_all(made, paths[:2])
    made.stop()
    asked = hub.count(kind="manifest_get")

    clock.advance(60)
    made = larder(env=clock.env)
    answer = ask(made, paths[2])
    assert answer.status == 429 and codes(answer) == ["TOOMANYREQUESTS"]
    assert "used up" in message(answer)
    assert 21000 < int(answer.header("retry-after")) <= 21600
    assert hub.count(kind="manifest_get") == asked, "it was known"
    found = the_account(made)
    assert found["usedUp"] is True and found["remaining"] == 0 and found["spent"] == 2
    assert 21000 < found["backInSeconds"] <= 21600
    assert ask(made, paths[0]).status == 200
    text = run("status", "--server", made.url).stdout
    assert "used up" in text and "is there again in" in text
    assert made.metric("larder_upstream_pull_quota_used_up", account="") == 1
    back = made.metric("larder_upstream_pull_quota_back_timestamp_seconds")
    assert abs(back - clock.now() - found["backInSeconds"]) < 5
    hub.quota.reset()
    clock.advance(6 * 3600)
    assert ask(made, paths[3]).status == 200
    assert the_account(made)["usedUp"] is False
    assert made.metric("larder_upstream_pull_quota_used_up") == 0
    assert "back_timestamp" not in str(made.metrics())


def test_two_larders_and_somebody_else(hub, larders, scratch):
    hub.set_quota(1000)
    hub.add(build("look"), *LOOK)
    paths = add_many(hub, 12)
    a, b = (larders({"docker.io": hub.url}, root=scratch / name) for name in "ab")
    pull_all(a, paths[:5])
    pull_all(b, paths[5:8])
    for i in range(6):
        assert client.get(hub.url + paths[i]).status in (200, 401)
    spent = hub.quota.used()
    for made, mine in ((a, 5), (b, 3)):
        assert run("status", "--check", "--server", made.url).returncode == 0
        right(the_account(made), 1000, 1000 - spent, mine, spent - mine)
    pull_all(a, paths[8:])
    right(the_account(a), 1000, 1000 - spent - 4, 9, spent - 5)


def test_a_command_on_the_same_store_adds_up(hub, larder):
    hub.set_quota(100)
    paths = add_many(hub, 6)
    made = larder()
    pull_all(made, paths[:2])
    done = run("pull", "-q", *store_of(made), "a2:1", "a3:1")
    assert done.returncode == 0, done.stderr
    right(the_account(made), 100, 96, 4, 0)
    pull_all(made, paths[4:5])
    right(the_account(made), 100, 95, 5, 0)
    wait_until(lambda: made.metric("larder_upstream_pull_quota_spent") == 5, "the metric")
    # A command has what a larder has spent, once that has written it.
    made.stop()
    found = status("--quick", *store_of(made))["store"]["upstreams"]
    right(found[0]["accounts"][0], 100, 95, 5, 0)
    text = run("status", "--quick", *store_of(made)).stdout
    assert "95 of 100 pulls left" in text and "5 spent" in text


@pytest.mark.parametrize("how", ["damaged", "unwritable"])
def test_a_file_that_cannot_be_used(hub, larder, how):
    hub.set_quota(100)
    paths = add_many(hub, 3)
    made = larder(start=False)
    kept = made.root / "larder/usage.db"
    kept.parent.mkdir(parents=True)
    if how == "damaged":
        kept.write_bytes(b"no database" * 100)
    else:
        kept.mkdir()
    made.start()
    pull_all(made, paths[:2])
    right(the_account(made), 100, 98, 2, 0)
    assert run("status", *store_of(made), "--addr", made.host).returncode == 0
    made.signal(signal.SIGHUP)
    made.wait_log("settings.reloaded")
    right(the_account(made), 100, 98, 2, 0)
    made.stop()
    assert len(quota_lines(made)) == 1, quota_lines(made)
    made = larder()
    assert bool(accounts(made)) is (how == "damaged")


def test_new_settings_keep_the_ledger(hub, larder):
    hub.set_quota(3)
    paths = add_many(hub, 4)
    made = larder()
    pull_all(made, paths[:2])
    made.signal(signal.SIGHUP)
    made.wait_log("settings.reloaded")
    right(the_account(made), 3, 1, 2, 0)
    pull_all(made, paths[2:3])
    made.signal(signal.SIGHUP)
    made.wait_log("settings.reloaded", n=2)
    asked = hub.count(kind="manifest_get")
    assert ask(made, paths[3]).status == 429
    assert hub.count(kind="manifest_get") == asked
    assert the_account(made)["usedUp"] is True


def test_nothing_is_written_where_nothing_was_asked(hub, larder):
    made = larder()
    ask(made, "/v2/")
    of(made)
    made.metrics()
    made.stop()
    assert not (made.root / "larder/usage.db").exists()
