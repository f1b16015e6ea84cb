"""A tag that moves while the new layers cannot be had: the image of before still pulls."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from hub import build, client

from .helpers import ask, assert_pulled, stored_digests, wait_until


def pull(larder, **more):
    return client.pull(larder.url, "library/python", "3", **more)


BOTH = ["linux/amd64", "linux/arm64"]


def keep(made, image, platforms=("linux/amd64",)) -> None:
    """Pull it, and wait until all of that is in the store: a client may be done before."""
    for platform in platforms:
        assert_pulled(pull(made, platform=platform), image, platform)
    want = {b.digest for p in platforms for b in (image.config(p), *image.layers(p))}
    wait_until(lambda: want <= stored_digests(made.root), "it is whole")


def moved(hub, larder, **options):
    """A larder, what it has of two platforms, and what their tag leads to now."""
    old = hub.add(build("1", layer_size=30_000, platforms=BOTH), "library/python", "3")
    made = larder(**options)
    keep(made, old, BOTH)
    new = build("2", layer_size=30_000, platforms=BOTH)
    hub.move_tag("library/python", "3", new)
    return made, old, new


def came(made, image) -> bool:
    result = pull(made)
    return result.ok and result.digest == image.digest


def digest_of_tag(made) -> str:
    return ask(made, "/v2/library/python/manifests/3").header("docker-content-digest")


def agent(platform: str) -> dict[str, str]:
    system, machine = platform.split("/")
    return {"User-Agent": f"docker/27.3.1 go/go1.22.7 os/{system} arch/{machine} UpstreamClient(x)"}


def given(made, platform: str | None = None) -> tuple[str, bool]:
    """The digest that a client is told, and whether it is marked."""
    answer = ask(made, "/v2/library/python/manifests/3", headers=agent(platform) if platform else {})
    assert answer.status == 200, answer
    return answer.header("docker-content-digest"), (answer.header("warning") or "").startswith("110")


@pytest.mark.parametrize("kind", ["cdn", "blob", "manifest_get_digest"])
def test_what_does_not_come_is_not_believed(hub, larder, kind):
    """Not one pull of a cached image fails: of the new one the smallest was tried first."""
    old = hub.add(build("1", layer_size=30_000), "library/python", "3")
    made = larder(settings={"freshness": "0"})
    keep(made, old)
    new = build("2", layer_size=30_000)
    hub.move_tag("library/python", "3", new)
    platform = new.manifest("linux/amd64").digest
    with hub.fault(kind, "refused" if kind == "cdn" else "status",
                   path=platform if kind.startswith("manifest") else None):
        for _ in range(4):
            assert_pulled(pull(made), old)
        answer = ask(made, "/v2/library/python/manifests/3")
        assert answer.header("docker-content-digest") == old.digest
        assert answer.header("warning").startswith("110")
        wait_until(lambda: any("tag.held" in line and "has moved to cannot be had" in line
                               for line in made.log), "it says so")
    wait_until(lambda: came(made, new), "the new image")


def test_the_trial_costs_nothing(hub, larder):
    """It fetches what the client asks for next, once."""
    old = hub.add(build("1"), "library/python", "3")
    made = larder(settings={"freshness": "0"})
    keep(made, old)
    new = build("2")
    hub.move_tag("library/python", "3", new)
    hub.reset()
    assert_pulled(pull(made), new)
    asked = Counter(entry.kind for entry in hub.requests() if entry.status != 401)
    assert asked["manifest_get_digest"] == 2        # index and platform
    fresh = {b.digest for b in new.layers()} - {b.digest for b in old.layers()}
    assert asked["blob"] == 1 + len(fresh)
    assert asked["manifest_head"] == 1, asked


@pytest.mark.parametrize("kind", ["cdn", "blob"])
def test_new_layers_do_not_come(hub, larder, kind):
    """Where it cannot be told which platform is wanted, the first pull finds it out."""
    made, old, new = moved(hub, larder, settings={"freshness": "0"})
    with hub.fault(kind, "refused" if kind == "cdn" else "status"):
        pull(made)                                  # it believes the tag, and finds out
        for _ in range(3):                          # and then what it has
            assert_pulled(pull(made), old)
        answer = ask(made, "/v2/library/python/manifests/3")
        assert answer.header("docker-content-digest") == old.digest
        assert answer.header("warning").startswith("110")
        assert ask(made, f"/v2/library/python/manifests/{new.digest}").status == 200
    wait_until(lambda: came(made, new), "the new image")


@pytest.mark.parametrize("kind", ["cdn", "blob", "manifest_get_digest"])
def test_docker_says_which_platform(hub, larder, kind):
    """Several are here: of what moved, that of the client that asks is tried."""
    made, old, new = moved(hub, larder, settings={"freshness": "0"})
    path = new.manifest(BOTH[1]).digest if kind == "manifest_get_digest" else None
    hub.reset()
    with hub.fault(kind, "refused" if kind == "cdn" else "status", path=path):
        for _ in range(3):
            assert given(made, BOTH[1]) == (old.digest, True)
    asked = {entry.path.rpartition("/")[2] for entry in hub.requests(kind="manifest_get_digest")}
    assert asked == {new.digest, new.manifest(BOTH[1]).digest}
    wait_until(lambda: came(made, new), "the new image")


@pytest.mark.parametrize("kind", ["cdn", "blob", "manifest_get_digest", "any"])
def test_one_platform_has_come_and_another_cannot(hub, larder, kind):
    """Each client is given what is whole for its platform."""
    made, old, new = moved(hub, larder, settings={"freshness": "0"})
    keep(made, new)
    path = new.manifest(BOTH[1]).digest if kind == "manifest_get_digest" else None
    with hub.fault(kind, "refused" if kind == "cdn" else "status", path=path):
        for _ in range(3):
            assert given(made, BOTH[1]) == (old.digest, True)
            assert given(made, BOTH[0])[0] == given(made)[0] == new.digest
    wait_until(lambda: given(made, BOTH[1]) == (new.digest, False), "the new image")
    keep(made, new, BOTH)
    made.stop()
    made.start()                                    # and it is found out anew
    with hub.fault("any", "refused"):
        for platform in BOTH:
            assert given(made, platform) == (new.digest, True)


def test_what_was_whole_and_is_no_more(hub, larder):
    """A layer is lost, and nobody can give it again: the image of before."""
    made, old, new = moved(hub, larder, settings={"freshness": "0"})
    keep(made, new)
    assert given(made) == given(made, BOTH[0]) == (new.digest, False)
    lost = new.config(BOTH[0]).digest[7:]
    (made.root / f"docker/registry/v2/blobs/sha256/{lost[:2]}/{lost}/data").unlink()
    with hub.fault("any", "refused"):
        assert given(made, BOTH[0]) == given(made) == (old.digest, True)


def test_a_former_that_lacks_what_is_here_now(hub, larder):
    """Docker on arm64 may well have been told to pull for amd64."""
    old = hub.add(build("1", layer_size=30_000, platforms=BOTH), "library/python", "3")
    made = larder(settings={"freshness": "0"})
    keep(made, old, BOTH[1:])
    new = build("2", layer_size=30_000, platforms=BOTH)
    hub.move_tag("library/python", "3", new)
    keep(made, new)
    with hub.fault("any", "refused"):
        assert given(made, BOTH[1]) == given(made, BOTH[0]) == (new.digest, True)


def test_an_upstream_that_does_not_confirm_it(hub, larder):
    """Of the new one only the index is here when the registry falls silent."""
    made, old, new = moved(hub, larder, settings={"freshness": "0"})
    assert digest_of_tag(made) == new.digest
    with hub.fault("any", "hang"):
        assert_pulled(pull(made), old)
        assert_pulled(pull(made, platform=BOTH[1]), old, BOTH[1])


def test_a_copy_is_not_given_up_for_what_was_said_before(hub, larder, clock):
    """The tag is fresh, but of what it moved to only the index came, and the hub has gone."""
    made, old, new = moved(hub, larder, env=clock.env)      # it believes a tag for ten minutes
    clock.advance(700)
    asked = time.monotonic()
    assert digest_of_tag(made) == new.digest
    hub.reset()
    assert digest_of_tag(made) == new.digest
    again = hub.count(kind="manifest_head")         # it has just been asked
    assert again == 0 or time.monotonic() - asked > 4
    clock.advance(60)
    with hub.fault("any", "status", code=503):
        for platform in BOTH:
            assert_pulled(pull(made, platform=platform), old, platform)
    clock.advance(60)
    wait_until(lambda: came(made, new), "the new image")
    keep(made, new)
    clock.advance(60)
    hub.reset()
    assert digest_of_tag(made) == new.digest
    assert hub.count() == 0                         # it is whole: as fresh as any


def test_not_given_up_while_the_cdn_is_down(hub, larder):
    """It is known to be down: the tag does not move, and no pull is spent."""
    old = hub.add(build("1", layer_size=30_000), "library/python", "3")
    hub.add(build("x", layer_size=30_000), "library/other", "1")
    made = larder(settings={"freshness": "0"})
    keep(made, old)
    with hub.fault("cdn", "refused"):
        assert not client.pull(made.url, "library/other", "1").ok       # finds it out
        hub.move_tag("library/python", "3", build("2", layer_size=30_000))
        hub.reset()
        for _ in range(3):
            assert_pulled(pull(made), old)
        assert hub.count(kind="manifest_get_digest") == 0
