"""The pull quota: spent to the last pull and not one more, and used again when it is back."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import build

from .helpers import ask, codes, message

SIX_HOURS = 21600


def path_of(name: str, ref: str = "1") -> str:
    return f"/v2/library/{name}/manifests/{ref}"


def fill(hub, n: int, prefix: str = "i") -> list:
    """n images of one manifest each: one pull."""
    return [hub.add(build(f"library/{prefix}{i}", "1", index=False, layer_size=100),
                    f"library/{prefix}{i}", "1") for i in range(n)]


def all_at_once(larder, paths: list[str]) -> list:
    with ThreadPoolExecutor(len(paths)) as pool:
        return list(pool.map(lambda path: ask(larder, path, timeout=20), paths))


def refusals(hub) -> int:
    return hub.count(kind="manifest_get", status=429)


def assert_refused(answer, *said: str, back: range = range(1, SIX_HOURS + 400)) -> None:
    """Clearly, with the time when it is worth coming back."""
    soon = int(answer.header("retry-after")) <= 10
    assert answer.status == (429 if soon else 403), answer
    assert codes(answer) == ["TOOMANYREQUESTS"], answer
    for text in ("the pull quota is used up", "what is cached is not affected", *said):
        assert text in message(answer), message(answer)
    assert int(answer.header("retry-after")) in back, answer.header("retry-after")


@pytest.fixture
def free(hub):
    """Docker Hub with the image by which the quota is asked for."""
    hub.add(build("ratelimitpreview/test", "1"), "ratelimitpreview/test", "latest")

    def looks() -> int:
        return hub.count(kind="manifest_head", path="ratelimitpreview", status=200)
    return looks


@pytest.mark.concurrent
@pytest.mark.parametrize("by", ["tag", "digest"])
def test_to_the_last_pull(hub, larder, free, by):
    """Thirty come for thirty images when ten pulls are left."""
    images = fill(hub, 30)
    hub.set_quota(100, used=90)
    hub.quota.rolling = True
    made = larder()
    refs = [one.digest if by == "digest" else "1" for one in images]
    answers = all_at_once(made, [path_of(f"i{i}", ref) for i, ref in enumerate(refs)])
    assert [a.status for a in answers].count(200) == 10
    for answer in answers:
        if answer.status != 200:
            assert_refused(answer, "this address (127.0.0.1), 100 pulls in 6 h",
                           "log in for a larger one")
    assert hub.quota_spent == 10 and refusals(hub) == 0
    # From memory: nothing more is asked, not even whether the tags have moved.
    asked = hub.count()
    for answer in all_at_once(made, [path_of(f"i{i}", one.digest)
                                     for i, one in enumerate(images)]):
        assert answer.status in (200, 403)
    assert hub.count() == asked
    log = [line for line in made.log if "quota." in line]
    assert ["quota.low" in line for line in log].count(True) == 1, log
    (gone,) = [line for line in log if "quota.used_up" in line]
    assert re.search(r" back=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", gone), gone


def test_somebody_else_spends_too(hub, larder, free, clock):
    """The numbers of each answer count, whoever made them what they are."""
    fill(hub, 8)
    hub.set_quota(100)
    made = larder(env=clock.env)
    for i in range(3):
        assert ask(made, path_of(f"i{i}")).status == 200
    for _ in range(40):
        hub.quota.spend(None, "127.0.0.1")
    assert ask(made, path_of("i3")).status == 200
    assert left(made) == 100 - 44 == 100 - hub.quota.used()
    hub.quota.set_used(99)
    assert ask(made, path_of("i4")).status == 200
    assert left(made) == 0
    assert_refused(ask(made, path_of("i5")))
    # All of it is gone. When it is time to look, a check, which is free, shows more.
    hub.quota.set_used(0)
    assert_refused(ask(made, path_of("i6")))
    clock.advance(301)
    assert ask(made, path_of("i6")).status == 200
    hub.quota.set_used(100)
    assert_refused(ask(made, path_of("i7")))
    assert refusals(hub) == 0


def left(larder) -> int:
    return json.loads(ask(larder, "/larder/v1/status").body)["upstreams"][0]["quota"]["remaining"]


@pytest.mark.concurrent
def test_two_of_a_fleet_and_somebody_else(hub, larders, scratch, free):
    """Behind one address, none knowing of the others, all at once."""
    images = fill(hub, 60)
    hub.set_quota(100)
    hub.quota.rolling = True
    fleet = [larders({"docker.io": hub.url}, root=scratch / name) for name in ("a", "b")]

    def pull(i: int):
        if i % 3 == 2:
            return hub.quota.spend(None, "127.0.0.1")
        return ask(fleet[i % 3], path_of(f"i{i}", images[i].digest)).status == 200

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(pull, range(54)))
    assert hub.quota.used() == 54 and refusals(hub) == 0
    for i, made in enumerate(fleet):
        assert ask(made, path_of(f"i{54 + i}", images[54 + i].digest)).status == 200
        assert left(made) == 100 - 55 - i
    assert left(fleet[0]) - left(fleet[1]) == 1, "right within one request"
    # What the one does not know yet is one refusal, by which it knows.
    hub.quota.set_used(99)
    statuses = [ask(fleet[which], path_of(f"i{i}", images[i].digest)).status
                for which, i in ((0, 56), (1, 57), (1, 58), (0, 59))]
    assert statuses == [200, 403, 403, 403] and refusals(hub) == 1


class Puller:
    """Asks for another image each time: the last answer about one lasts for a minute."""

    def __init__(self, hub, larder, images: list) -> None:
        self.hub, self.larder, self.images, self.at = hub, larder, images, 0

    def path(self, by: str = "digest") -> str:
        i, self.at = self.at, self.at + 1
        return path_of(f"i{i}", self.images[i].digest if by == "digest" else "1")

    def __call__(self, by: str = "digest"):
        return ask(self.larder, self.path(by))

    def many(self, n: int) -> list:
        return all_at_once(self.larder, [self.path() for _ in range(n)])


@pytest.fixture
def puller(hub, larder, clock):
    images = fill(hub, 30)
    return Puller(hub, larder(env=clock.env), images)


@pytest.fixture
def later(hub, clock):
    def go(seconds: float) -> None:
        clock.advance(seconds)
        hub.advance(seconds)
    return go


@pytest.mark.concurrent
def test_a_rolling_window(hub, free, puller, later):
    """Pulls come back one by one, and that is found out by a free request."""
    hub.set_quota(2)
    hub.quota.rolling = True
    assert puller().status == 200
    later(3600)
    assert puller().status == 200
    assert_refused(puller(), back=range(5 * 3600 - 5, 5 * 3600 + 70))
    assert free() == 0
    # Looked at now and then, at most every five minutes, by one of all who come.
    later(301)
    for answer in puller.many(8):
        assert_refused(answer)
    assert free() == 1
    later(5 * 3600 - 301 + 61)
    assert puller().status == 200
    assert free() == 2
    assert_refused(puller(), back=range(3500, 3700))
    later(3700)
    assert puller().status == 200
    assert refusals(hub) == 0 and hub.quota_spent == 4
    assert any("quota.back" in line for line in puller.larder.log)


def test_by_tag_the_check_is_the_look(hub, free, puller, later):
    hub.set_quota(1)
    assert puller("tag").status == 200
    assert_refused(puller("tag"))
    later(SIX_HOURS + 70)
    assert puller("tag").status == 200
    assert free() == 0 and refusals(hub) == 0


@pytest.mark.concurrent
def test_a_refusal_in_spite_of_all(hub, free, puller, clock):
    """Numbers that promise pulls, and a registry that does not keep them: asked no more."""
    hub.set_quota(100, used=50)
    refused = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "no more"}]})
    assert puller("tag").status == 200
    with hub.fault("manifest_get", "status", code=429, body=refused):
        assert_refused(puller("tag"))
        for by in ("tag", "digest", "digest"):
            assert_refused(puller(by))
        assert ask(puller.larder, path_of("i0")).status == 200, "it is cached"
        assert refusals(hub) == 1
        clock.advance(301)
        assert {answer.status for answer in puller.many(4)} == {403}
        # The free request has found pulls left, so they were tried again.
        assert free() == 1 and 2 <= refusals(hub) <= 5
    clock.advance(301)
    assert puller().status == 200


def test_refusals_may_count(hub, free, puller, later):
    """As they have been seen to: whoever asks on never gets out."""
    hub.set_quota(2)
    hub.quota.rolling = hub.quota.refused_count = True
    for _ in range(2):
        assert puller().status == 200
    for _ in range(20):
        assert_refused(puller())
        later(400)
    assert hub.quota.used() == 2 and refusals(hub) == 0 and free() == 19
    later(SIX_HOURS)
    assert puller().status == 200


@pytest.mark.concurrent
def test_a_registry_that_speaks_of_none_is_never_limited(hubs, larders):
    hub = hubs(profile="ghcr.io")
    images = fill(hub, 30)
    made = larders({"ghcr.io": hub.url})
    answers = all_at_once(made, [path_of(f"i{i}", one.digest)
                                 for i, one in enumerate(images)])
    assert {answer.status for answer in answers} == {200}


@pytest.mark.concurrent
def test_another_registry_with_numbers(hubs, larders, clock):
    """There is no free way to ask: one pull shows whether it is back."""
    hub = hubs(profile="quay.io", quota=1, quota_window=3600)
    puller = Puller(hub, larders({"quay.io": hub.url}, env=clock.env), fill(hub, 10))
    assert puller().status == 200
    assert_refused(puller(), "1 pulls in 1 h")
    assert refusals(hub) == 0
    clock.advance(60)
    assert {answer.status for answer in puller.many(5)} == {403}
    assert refusals(hub) == 1
    clock.advance(60)
    hub.advance(3700)
    assert puller().status == 200


LOGINS = {"ann": "a", "bob": "b"}


def logins_env() -> dict[str, str]:
    return {"LARDER_UPSTREAMS_DOCKER_IO_CREDENTIALS": json.dumps([
        {"username": "ann", "password": "a", "names": ["team/**"]},
        {"username": "bob", "password": "b", "names": ["team/late", "library/b*"]}])}


def users_of(hub, repository: str) -> set:
    return {one.user for one in hub.requests(kind="manifest", path=repository, status=200)}


def test_each_repository_with_its_login(hubs, larders):
    hub = hubs(users=LOGINS, quota=100)
    for name in ("team/a", "team/late", "library/b1", "library/c"):
        hub.add(build(name, "1", index=False), name, "1")
    made = larders({"docker.io": hub.url}, env=logins_env())
    for name in ("team/a", "team/late", "library/b1", "library/c"):
        assert ask(made, f"/v2/{name}/manifests/1").status == 200
    assert users_of(hub, "team/") == {"ann"}, "the first that is for it"
    assert users_of(hub, "library/b1") == {"bob"}
    assert users_of(hub, "library/c") == {None}
    assert hub.quota.used("ann") == 2 and hub.quota.used("bob") == 1 and hub.quota.used() == 1


def test_no_login_stands_in_for_another(hubs, larders):
    """Neither for one without pulls, nor for one that is refused."""
    hub = hubs(users=LOGINS, quota=100, quota_users={"ann": 1, "bob": 100})
    names = ["team/a", "team/b", "library/b1", "library/c"]
    images = {name: hub.add(build(name, "1", index=False), name, "1") for name in names}
    made = larders({"docker.io": hub.url}, env=logins_env())
    assert ask(made, "/v2/team/a/manifests/1").status == 200
    for ref in ("1", images["team/b"].digest):
        answer = ask(made, f"/v2/team/b/manifests/{ref}")
        assert_refused(answer, "that of user ann, 1 pulls in 6 h",
                       "use an account that may pull more")
    for name in names[2:]:
        assert ask(made, f"/v2/{name}/manifests/1").status == 200
    assert ask(made, "/v2/team/a/manifests/1").status == 200, "it is cached"
    assert hub.quota.used("ann") == 1 and hub.quota.used("bob") == 1
    assert refusals(hub) == 0


def test_a_login_that_is_refused_harms_no_other(hubs, larders):
    hub = hubs(users={"ann": "another", "bob": "b"}, lockout_after=2)
    for name in ("team/a", "library/b1"):
        hub.add(build(name, "1"), name, "1")
    made = larders({"docker.io": hub.url}, env=logins_env())
    for _ in range(3):
        answer = ask(made, "/v2/team/a/manifests/1")
        assert answer.status == 403 and "refused the login of user ann" in message(answer)
        assert ask(made, "/v2/library/b1/manifests/1").status == 200
    assert len([one for one in hub.requests(kind="token", authorization="Basic")
                if one.status == 401]) == 1
