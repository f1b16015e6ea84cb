"""Pull quotas: kept across restarts, added up between processes and larders, shown."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Larder
from hub import Hub, build, client

from .asking import run, store_of
from .helpers import ask, codes, message, wait_until
from .test_auth import ANN, guarded, users  # noqa: F401
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
    assert answer.status == 403 and codes(answer) == ["TOOMANYREQUESTS"]
    assert "used up" in message(answer)
    assert 21000 < int(answer.header("retry-after")) <= 21600
    assert hub.count(kind="manifest_get") == asked, "it was known"
    found = the_account(made)
    assert found["usedUp"] is True and found["remaining"] == 0 and found["spent"] == 2
    assert 21000 < found["backInSeconds"] <= 21600
    assert sum("quota.used_up" in line for line in made.log) == 1, "said once again"
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


def test_what_a_command_spends_and_finds_is_in_the_log(hub, larder):
    hub.set_quota(4)
    hub.add(build("look"), *LOOK)
    add_many(hub, 4)
    made = larder()
    run("pull", "-q", *store_of(made), *(f"a{i}:1" for i in range(4)))
    assert the_account(made)["usedUp"] is True
    assert "limit=4 remaining=0" in made.wait_log("quota.used_up")
    hub.set_quota(4)
    done = run("status", "--quick", "--check", "--addr", "127.0.0.1:1", *store_of(made))
    assert done.returncode == 0, done.stderr
    assert the_account(made)["usedUp"] is False
    made.wait_log("quota.back")


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
    assert ask(made, paths[3]).status == 403
    assert hub.count(kind="manifest_get") == asked
    assert the_account(made)["usedUp"] is True


def test_nothing_is_written_where_nothing_was_asked(hub, larder):
    made = larder()
    ask(made, "/v2/")
    of(made)
    made.metrics()
    made.stop()
    assert not (made.root / "larder/usage.db").exists()


# --- the check on demand ---

def heads(hub: Hub) -> int:
    return hub.count(kind="manifest_head", status=200)


def post(made: Larder, **options) -> dict:
    answer = ask(made, "/larder/v1/check", method="POST", **options)
    assert answer.status == 200, answer.data
    return json.loads(answer.body)


def test_a_check_costs_nothing_and_is_made_once(hub, larder):
    hub.set_quota(100, used=40)
    hub.add(build("look"), *LOOK)
    made = larder()
    found = post(made)
    assert found["checks"] == [{"host": "docker.io", "error": None}]
    right(found["upstreams"][0]["accounts"][0], 100, 60, 0, 40)
    asked = heads(hub)
    assert asked >= 1 and hub.count(kind="manifest_get", status=200) == 0
    hub.set_quota(100, used=50)
    for _ in range(3):
        right(post(made)["upstreams"][0]["accounts"][0], 100, 60, 0, 40)
    assert heads(hub) == asked
    assert ask(made, "/larder/v1/check").status == 405
    assert ask(made, "/larder/v1/check", method="HEAD").status == 405
    assert hub.quota_spent == 0


@pytest.mark.concurrent
def test_checks_at_once_are_one(hub, larder):
    hub.set_quota(100)
    hub.add(build("look"), *LOOK)
    made = larder()
    gate = hub.hold("manifest_head", "latest")
    with ThreadPoolExecutor(20) as pool:
        asking = [pool.submit(post, made) for _ in range(20)]
        gate.wait()
        # Nobody else waits for that.
        assert ask(made, "/larder/v1/status").status == 200
        gate.release()
        assert all(one.result()["checks"][0]["error"] is None for one in asking)
    assert heads(hub) == 1


def test_a_check_that_fails(hub, larder):
    hub.add(build("look"), *LOOK)
    made = larder()
    hub.fault("any", "refused")
    [found] = post(made)["checks"]
    assert found["host"] == "docker.io" and "refused" in found["error"]
    done = run("status", "--check", "--server", made.url)
    assert done.returncode == 2 and "refused" in done.stderr and "docker.io" in done.stdout
    made.stop()
    done = run("status", "--check", "--quick", *store_of(made))
    assert done.returncode == 2 and "refused" in done.stderr and "disk" in done.stdout


def test_a_check_where_no_larder_serves(hub, larder, larders, scratch):
    hub.set_quota(100, used=40)
    hub.add(build("look"), *LOOK)
    made = larder()
    made.stop()
    args = ("--quick", *store_of(made))
    assert status(*args)["store"]["upstreams"][0]["accounts"] == []
    assert "pulls left" not in run("status", *args).stdout
    done = run("status", "--check", *args)
    assert done.returncode == 0 and "60 of 100 pulls left" in done.stdout, done.stderr
    assert "60 of 100 pulls left" in run("status", *args).stdout, "it is kept"
    assert hub.quota_spent == 0
    # Others have no request for that.
    other = larders({"quay.io": hub.url}, root=scratch / "other")
    done = run("status", "--check", "--server", other.url)
    assert done.returncode == 0 and "no upstream here" in done.stderr


def test_who_may_have_it_checked(guarded):
    made = guarded("ann team/** pull")
    assert ask(made, "/larder/v1/check", method="POST").status == 401
    assert ask(made, "/larder/v1/check", method="POST", headers=ANN).status == 200


# --- several accounts, and upstreams in trouble ---

USERS = """
larder:
  upstreams:
    docker.io:
      url: {}
      default: true
      credentials:
        - username: ann
          password: secret
          names: ["library/a0"]
"""


def test_each_account_has_its_own(hubs, larders):
    hub = hubs(quota=10, users={"ann": "secret"}, quota_users={"ann": 50})
    paths = add_many(hub, 3)
    made = larders({}, config=USERS.format(hub.url))
    pull_all(made, paths)
    found = {one["account"]: one for one in accounts(made)}
    right(found["ann"], 50, 49, 1, 0)
    right(found[""], 10, 8, 2, 0)
    assert found["ann"]["source"] != found[""]["source"]
    left = "larder_upstream_pull_quota_remaining"
    assert made.metric(left, account="ann") == 49 and made.metric(left, account="") == 8
    text = run("status", "--server", made.url).stdout
    assert "user ann: 49 of 50 pulls left" in text and "this address (127.0.0.1): 8 of 10" in text
    made.stop()
    kept = (made.root / "larder/usage.db").read_bytes()
    assert b"ann" in kept and b"secret" not in kept


def test_an_upstream_in_trouble_is_shown(hub, larder):
    add_many(hub, 1)
    made = larder()
    [site] = of(made)["upstreams"]
    assert site["state"] == "ok" and site["cause"] is None and site["retryInSeconds"] is None
    hub.fault("manifest_head", "status", code=429, retry_after=600, body="slow down")
    assert ask(made, "/v2/library/a0/manifests/1").status == 403
    [site] = of(made)["upstreams"]
    assert site["state"] == "busy" and site["part"] == "registry" and site["trouble"] is True
    assert site["cause"] and 400 <= site["retryInSeconds"] <= 800 and site["since"]
    text = run("status", "--server", made.url).stdout
    assert "in trouble since 20" in text and site["cause"] in text
    assert "tried again in" in text
