"""A tag that moves while the new layers cannot be had: the image of before still pulls."""

from __future__ import annotations

import pytest

from hub import build, client

from .helpers import ask, assert_pulled, wait_until


def pull(larder, **more):
    return client.pull(larder.url, "library/python", "3", **more)


@pytest.mark.parametrize("kind", ["cdn", "blob"])
def test_new_layers_do_not_come(hub, larder, kind):
    old = hub.add(build("1", layer_size=30_000), "library/python", "3")
    made = larder(settings={"freshness": "0"})
    assert_pulled(pull(made), old)
    new = build("2", layer_size=30_000)
    hub.move_tag("library/python", "3", new)
    with hub.fault(kind, "refused" if kind == "cdn" else "status"):
        first = pull(made)                          # it believes the tag
        assert not first.ok
        for _ in range(3):                          # and then what it has
            assert_pulled(pull(made), old)
        answer = ask(made, "/v2/library/python/manifests/3")
        assert answer.header("docker-content-digest") == old.digest
        assert answer.header("warning").startswith("110")
        assert ask(made, f"/v2/library/python/manifests/{new.digest}").status == 200
    wait_until(lambda: pull(made).ok and ask(made, "/v2/library/python/manifests/3").header(
        "docker-content-digest") == new.digest, "the new image", 20)
    assert_pulled(pull(made), new)


def test_not_given_up_while_the_cdn_is_down(hub, larder):
    """It is known to be down: the tag does not move, and no pull is spent."""
    old = hub.add(build("1", layer_size=30_000), "library/python", "3")
    hub.add(build("x", layer_size=30_000), "library/other", "1")
    made = larder(settings={"freshness": "0"})
    assert_pulled(pull(made), old)
    with hub.fault("cdn", "refused"):
        assert not client.pull(made.url, "library/other", "1").ok       # finds it out
        hub.move_tag("library/python", "3", build("2", layer_size=30_000))
        hub.reset()
        for _ in range(3):
            assert_pulled(pull(made), old)
        assert hub.count(kind="manifest_get_digest") == 0
