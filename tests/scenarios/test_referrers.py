"""Referrers of mirrored images: the upstream's list or its clients', kept like a tag."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import build, images

from .helpers import answered, ask, codes, outcome, wait_until

REPO = "library/thing"
SBOM, SIG = "application/vnd.test.sbom", "application/vnd.test.signature"
AGE = 600


@pytest.fixture
def image(hub):
    return hub.add(build("thing"), REPO, "1")


@pytest.fixture
def about(hub, image):
    """Two artifacts about the image, which the hub has and lists."""
    hub.config.referrers = True
    made = [images.referrer(image.root, kind, kind.encode()) for kind in (SBOM, SIG)]
    for one in made:
        hub.add(one, REPO, None)
    return made


def path(image, query: str = "") -> str:
    return f"/v2/{REPO}/referrers/{image.digest}{query}"


def found(answer) -> set[str]:
    assert answer.status == 200 and answer.header("content-type") == images.OCI_INDEX
    return {one["digest"] for one in json.loads(answer.body)["manifests"]}


def test_the_upstreams_list(hub, larder, image, about):
    made = larder()
    wanted = {one.digest for one in about}
    assert found(ask(made, path(image))) == wanted
    asked = hub.count()
    for _ in range(3):
        assert found(ask(made, path(image))) == wanted
    got = ask(made, path(image, f"?artifactType={SBOM}"))
    assert found(got) == {about[0].digest} and got.header("oci-filters-applied") == "artifactType"
    one, = json.loads(got.body)["manifests"]
    assert one["artifactType"] == SBOM and one["size"] == len(about[0].root.data)
    assert found(ask(made, path(image, "?artifactType=none"))) == set()
    assert hub.count() == asked, "one answer serves all filters"
    assert ask(made, path(image), "HEAD").status == 200
    manifest = ask(made, f"/v2/{REPO}/manifests/{about[1].digest}")
    assert manifest.body == about[1].root.data, "and they pull"
    got = ask(made, path(image, "?ns=docker.io"))
    assert got.header("oci-namespace") == "docker.io" and found(got) == wanted


def test_none_is_an_answer_too(hub, larder, image):
    """Docker asks at every pull: an empty list is kept as any other."""
    hub.config.referrers = True
    made = larder()
    for _ in range(5):
        assert found(ask(made, path(image))) == set()
    assert answered(hub, kind="referrers") == 1


def test_a_list_under_a_tag(hub, larder, image, clock):
    """An upstream without the API: what clients have put under sha256-<hex>."""
    about = images.referrer(image.root, SBOM, b"sbom")
    hub.add(about, REPO, None)
    made = larder(env=clock.env)
    assert found(ask(made, path(image))) == set()
    asked = hub.count()
    assert found(ask(made, path(image))) == set() and hub.count() == asked
    listed = {"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": [
        about.root.descriptor(artifactType=SBOM, annotations={"k": "v"})]}
    root = images.Manifest(images.OCI_INDEX, json.dumps(listed).encode())
    hub.add(images.Image(root, {root.digest: root}, {}), REPO, image.digest.replace(":", "-"))
    clock.advance(AGE + 1)
    got = ask(made, path(image))
    assert found(got) == {about.digest}
    assert json.loads(got.body)["manifests"][0]["annotations"] == {"k": "v"}
    assert ask(made, f"/v2/{REPO}/manifests/{image.digest.replace(':', '-')}").body == root.data


@pytest.mark.concurrent
def test_32_ask_at_once(hub, larder, image, about):
    made = larder()
    with ThreadPoolExecutor(32) as pool:
        for one in pool.map(lambda _: found(ask(made, path(image))), range(32)):
            assert one == {one.digest for one in about}
    assert answered(hub, kind="referrers") == 1


def test_a_new_one_is_seen_when_the_list_is_old(hub, larder, image, about, clock):
    made = larder(env=clock.env)
    assert len(found(ask(made, path(image)))) == 2
    third = images.referrer(image.root, SBOM, b"another")
    hub.add(third, REPO, None)
    assert len(found(ask(made, path(image)))) == 2
    clock.advance(AGE + 1)
    assert third.digest in found(ask(made, path(image)))


@pytest.mark.parametrize("fault, options", [
    ("refused", {}), ("hang", {}), ("status", {"code": 503}), ("status", {"code": 429})])
def test_what_is_known_is_answered_in_an_outage(hub, larder, image, about, clock, fault, options):
    made = larder(env=clock.env)
    wanted = found(ask(made, path(image)))
    made.stop()
    made = larder(env=clock.env)
    clock.advance(AGE + 1)
    hub.fault("any", fault, **options)
    got = ask(made, path(image))
    assert found(got) == wanted and "299" in " ".join(got.headers("warning"))
    wait_until(lambda: outcome(made, "stale") >= 1, "it is counted")


def test_always_fresh(hub, larder, image, about):
    made = larder(settings={"freshness": "always"})
    for _ in range(3):
        assert len(found(ask(made, path(image)))) == 2
    assert answered(hub, kind="referrers") == 3


@pytest.mark.parametrize("fault, options", [
    ("refused", {}), ("status", {"code": 503}), ("html", {}), ("bad_json", {})])
def test_cold_and_in_trouble(hub, larder, image, about, fault, options):
    """An error that says so; never an empty list."""
    made = larder()
    hub.fault("referrers", fault, **options)
    got = ask(made, path(image))
    assert got.status == 502 and codes(got) == ["UNAVAILABLE"]


NO_LISTS = (
    b"[]", b'{"manifests": 5}', b'{"manifests": [5]}', b'{"manifests": [{"digest": "x"}]}',
    b'{"manifests": [{"mediaType": "a", "size": -1, "digest": "sha256:' + b"0" * 64 + b'"}]}')


def test_lists_that_are_none(hub, larder, image, about, monkeypatch):
    bodies = {images.sha256(body): body for body in NO_LISTS}
    monkeypatch.setattr(hub.registry, "_referrers",
                        lambda request, repo, digest: respond(bodies[digest]))
    made = larder()
    with ThreadPoolExecutor(len(bodies)) as pool:
        for got in pool.map(lambda digest: ask(made, f"/v2/{REPO}/referrers/{digest}"), bodies):
            assert got.status == 502 and codes(got) == ["UNAVAILABLE"]


def respond(body: bytes):
    from hub.message import Body, Response
    return Response(200, [("Content-Type", images.OCI_INDEX)], Body(body))


def test_null_is_an_empty_list(hub, larder, image, about, monkeypatch):
    monkeypatch.setattr(hub.registry, "_referrers", lambda *_: respond(b'{"manifests": null}'))
    assert found(ask(larder(), path(image))) == set()
