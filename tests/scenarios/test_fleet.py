"""Several larders behind one address at one hub, and somebody else spending there too."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Larder
from hub import Hub, build, client

from .helpers import ask, assert_pulled, codes
from .test_status import of

PARTS = 16              # images of each
THREADS = 20
WINDOW = 6 * 3600
SLOT = WINDOW // 360    # a ledger knows when its pulls were made to within so much


class Fleet:
    """Larders "a" and "b", each with a store and images of its own, and a client "c"
    without any: by their repositories the hub tells whose requests are whose."""

    def __init__(self, hub: Hub, larders: dict[str, Larder]) -> None:
        self.hub, self.larders = hub, larders
        hub.add(build("the quota"), "ratelimitpreview/test")
        self.images = {f"{who}/thing{n}": build(f"{who}/thing{n}")
                       for who in (*larders, "c") for n in range(PARTS)}
        for name, image in self.images.items():
            hub.add(image, name, "1")
        for who in larders:
            hub.add(build(f"{who}/known"), f"{who}/known", "1")
            assert client.pull(larders[who].url, f"{who}/known", "1").ok

    def pull(self, name: str) -> client.PullResult:
        who = name.partition("/")[0]
        url = self.larders[who].url if who in self.larders else self.hub.url
        return client.pull(url, name, "1", parallel=1)

    def pull_all(self, names: list[str]) -> dict[str, client.PullResult]:
        """THREADS at once."""
        with ThreadPoolExecutor(THREADS) as pool:
            return dict(zip(names, pool.map(self.pull, names)))

    def gets(self, who: str, status: int | None = None) -> int:
        """Manifest GETs that came to the hub with a good token."""
        return sum(one.status != 401 for one in self.hub.requests(
            kind="manifest_get", path=f"/v2/{who}/", status=status))

    def account(self, who: str) -> dict:
        """What the ledger of a larder says of its one account at the hub."""
        [site] = of(self.larders[who])["upstreams"]
        [found] = site["accounts"]
        return found

    def known(self, who: str) -> client.RawAnswer:
        """One request of that larder to the hub, which costs nothing."""
        return ask(self.larders[who], f"/v2/{who}/known/manifests/1", "HEAD")

    def is_right(self) -> None:
        """Nobody is at it: with its next request, each ledger has the hub's numbers."""
        used, limit = self.hub.quota.used(), self.hub.quota.limit
        for who in self.larders:
            assert self.known(who).status == 200
            found, own = self.account(who), self.gets(who, 200)
            assert (found["limit"], found["windowSeconds"]) == (limit, WINDOW)
            assert abs(found["remaining"] - (limit - used)) <= 1, (who, found, used)
            assert abs(found["spent"] - own) <= 1, (who, found, own)
            assert abs(found["others"] - (used - own)) <= 1, (who, found, used, own)
            assert found["usedUp"] is False


@pytest.fixture
def fleet(hub, larders, scratch, clock):
    """Tags are compared with the hub at each request."""
    return Fleet(hub, {who: larders({"docker.io": hub.url}, root=scratch / who,
                                    env=clock.env, settings={"freshness": "always"})
                       for who in ("a", "b")})


@pytest.mark.concurrent
def test_each_ledger_is_right(hub, fleet):
    """Two larders and a third client, 20 pulls at once; compared whenever it is quiet."""
    hub.set_quota(200, used=hub.quota.used())
    names = list(fleet.images)
    random.Random(1).shuffle(names)
    third = len(names) // 3
    for part in (names[:third], names[third:2 * third], names[2 * third:]):
        for name, result in fleet.pull_all(part + part[::3]).items():
            assert_pulled(result, fleet.images[name])
        fleet.is_right()
    assert fleet.gets("a") == fleet.gets("b") == 2 * (PARTS + 1)    # each manifest once
    assert hub.quota_spent == 4 * (PARTS + 1) + fleet.gets("c")


@pytest.mark.concurrent
def test_the_last_pulls_of_a_window(hub, fleet, clock):
    """Both larders and the third come to the end of it together."""
    limit = 60
    hub.set_quota(limit, used=hub.quota.used())
    names = list(fleet.images)
    random.Random(3).shuffle(names)
    results = fleet.pull_all(names)
    assert hub.quota.used() == limit
    assert all(result.error_status == (429 if name[0] == "c" else 403)
               for name, result in results.items() if not result.ok)
    cached = [name for name, result in results.items() if result.ok and name[0] != "c"]
    cold = [name for name, result in results.items() if not result.ok and name[0] != "c"]
    assert cached and cold
    for who in fleet.larders:
        # who spends beside it is seen in answers: what was under way then may be refused
        assert fleet.gets(who, 429) <= THREADS / 2, fleet.gets(who, 429)

    asked = fleet.gets("a"), fleet.gets("b")
    began = time.monotonic()
    again = fleet.pull_all([*cached, *cold] * 3)
    took = time.monotonic() - began
    for name in cached:
        assert_pulled(again[name], fleet.images[name])
    for name in cold:
        assert again[name].error_status == 403, again[name].errors
    assert (fleet.gets("a"), fleet.gets("b")) == asked
    print(f"{3 * len(names)} pulls with nothing left: {took:.2f} s")
    for who in fleet.larders:
        found = fleet.account(who)
        assert found["usedUp"] is True and found["remaining"] <= 0, found
        assert 0 < found["backInSeconds"] <= WINDOW + SLOT
        hub.add(build("late"), f"{who}/late", "1")
        answer = ask(fleet.larders[who], f"/v2/{who}/late/manifests/1")
        assert answer.status == 403 and codes(answer) == ["TOOMANYREQUESTS"]
        assert 0 < int(answer.header("retry-after")) <= WINDOW + SLOT

    clock.advance(WINDOW + SLOT)
    hub.advance(WINDOW + SLOT)
    for name in cold[:THREADS]:
        assert_pulled(fleet.pull(name), fleet.images[name])
    for who in fleet.larders:
        fleet.known(who)
        assert fleet.account(who)["usedUp"] is False
        assert abs(fleet.account(who)["remaining"] - (limit - hub.quota.used())) <= 1
