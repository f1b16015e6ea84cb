"""Policies while serving, against an upstream that wants an image to get past them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from hub import build, client
from hub.images import OCI_MANIFEST, Image, Manifest, referrer

from hub.push import Pusher

from .helpers import answered, ask, assert_pulled, message
from .signing import as_json, sign_at, signature_tag
from .test_policy import REPO, get, key, policy  # noqa: F401

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = "application/vnd.oci.empty.v1+json"
HEX = "0123456789abcdef" * 4


def test_a_tag_that_moves_while_its_signature_is_looked_for(hub, larder, policy, key):
    """What is proved of the one manifest is not proved of the other."""
    good, evil = (hub.add(build(v), REPO, v) for v in ("good", "evil"))
    hub.add(good, REPO, "1")
    sign_at(hub, REPO, good, key)
    made = larder(settings={"freshness": "0", **policy(("**", "require"))})
    held, other = (hub.hold("manifest_head", path=signature_tag(image.digest))
                   for image in (good, evil))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, made, f"/v2/{REPO}/manifests/1")
        held.wait_held()
        hub.move_tag(REPO, "1", evil)
        second = pool.submit(ask, made, f"/v2/{REPO}/manifests/1")
        other.wait_held()       # the tag has moved here, too
        held.release()
        wait([first], 1)        # were it answered now, it would be for the wrong one
        other.release()
        answer = first.result(20)
        assert answer.status == 403 or answer.header("docker-content-digest") == good.digest
        assert second.result(20).status == 403
    assert ask(made, f"/v2/{REPO}/manifests/1").status == 403
    assert ask(made, f"/v2/{REPO}/manifests/{evil.digest}").status == 403
    for child in evil.manifests:
        assert ask(made, f"/v2/{REPO}/manifests/{child}").status == 403


def disguised(image: Image, how: str) -> Image:
    """An image that says that it is none, and that an engine runs."""
    real = image.manifest().json
    text = [{**one, "mediaType": "text/plain"} for one in real["layers"]]
    said = {"schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": {**real["config"], "mediaType": EMPTY}, "layers": text}
    if how == "signature":      # Docker and Podman do not look at the types of layers
        said["config"] = real["config"]
    elif how == "case":
        said.update(Config=real["config"], Layers=real["layers"])
    elif how == "docker":
        said["config"]["mediaType"] = "application/octet-stream"
    else:
        for one in said["layers"]:
            one["mediaType"] = "application/vnd.oci.image.layer.v1.tar+json"
    root = Manifest(OCI_MANIFEST, as_json(said))
    return Image(root, {root.digest: root}, image.blobs)


@pytest.mark.parametrize("how", ["case", "docker", "containerd", "signature"])
def test_an_image_that_says_that_it_is_none(hub, larder, policy, how):
    evil = hub.add(disguised(build("evil"), how), REPO, "1")
    hub.add(evil, REPO, f"sha256-{HEX}.sig")
    made = larder(settings=policy(("**", "require")))
    for reference in ("1", evil.digest, f"sha256-{HEX}.sig"):
        assert ask(made, f"/v2/{REPO}/manifests/{reference}").status == 403, reference


def test_signatures_that_do_not_end(hub, larder, policy, clock):
    """No client waits for one after the other; and no quota is spent on thousands."""
    hub.config.referrers = True
    image = hub.add(build("x"), REPO, "1")
    for i in range(80):
        hub.add(referrer(image.root, BUNDLE, b"%d" % i), REPO, None)
    made = larder(settings=policy(("**", "require")), env=clock.env)
    held = hub.hold("manifest_head", path=signature_tag(image.digest))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, made, f"/v2/{REPO}/manifests/1")
        held.wait_held()
        clock.advance(21)
        held.release()
        answer = first.result(10)
    assert answer.status == 403 and "within 20 s" in message(answer), message(answer)
    clock.advance(11)
    assert get(made, image).error_status == 403
    assert answered(hub, kind="manifest_get_digest") <= 64 + 2


@pytest.mark.parametrize("name", ["docker.io/docker.io/library/thing", "docker.io/thing",
                                  "docker.io/asof-2024-01-01/library/thing",
                                  "docker.io/index.docker.io/library/thing"])
def test_behind_a_larder_a_name_has_no_other_spelling(hub, larder, larders, policy, name):
    """What the upstream takes for the same image, the policy must, too."""
    hub.add(build("x"), REPO, "1")
    parent = larder()
    child = larders({"docker.io": parent.url}, settings=policy(("docker.io/library/**",
                                                                "require")))
    for query in ("", "?ns=docker.io"):
        status = ask(child, f"/v2/{name}/manifests/1{query}").status
        assert status in (400, 403, 404), (query, status)


@pytest.fixture
def family(hub, hubs, larder, larders, policy):  # noqa: F811
    """A larder behind another, which mirrors two registries; docker.io's images must be
    signed, and none is."""
    quay = hubs(profile="quay.io")
    image = hub.add(build("x"), REPO, "1")
    parent = larders({"docker.io": hub.url, "quay.io": quay.url})
    child = larders({"docker.io": parent.url, "quay.io": parent.url}, root=parent.root.parent / "c",
                    settings=policy(("docker.io/library/**", "require")))
    return child, quay, image


WAYS = [("quay.io/docker.io/library/thing", ""), ("docker.io/library/thing", "?ns=quay.io"),
        ("quay.io/docker.io/thing", ""), ("quay.io/docker.io/library/thing", "?ns=quay.io"),
        ("quay.io/library/thing", ""), ("library/thing", "?ns=quay.io"),
        ("quay.io/index.docker.io/library/thing", ""),
        ("quay.io/quay.io/docker.io/library/thing", ""),
        ("quay.io/asof-2024-01-01/docker.io/library/thing", ""),
        ("quay.io/asof-2024-01-01/library/thing", ""),
        ("asof-2024-01-01/quay.io/docker.io/library/thing", ""),
        ("asof-2024-01-01/docker.io/library/thing", "?ns=quay.io"),
        ("docker.io/quay.io/docker.io/library/thing", "")]


@pytest.mark.parametrize("name, query", WAYS)
def test_behind_a_larder_one_registry_is_not_another(hub, family, name, query):
    """Whatever is asked of quay.io there, docker.io's image is not the answer."""
    child, quay, image = family
    layer = image.layers()[0].digest
    for what in ("manifests/1", f"manifests/{image.digest}", f"blobs/{layer}", "tags/list",
                 f"referrers/{image.digest}"):
        answer = ask(child, f"/v2/{name}/{what}{query}")
        assert answer.status in (400, 403, 404) or (
            what.startswith("referrers") and b'"manifests":[]' in answer.data), (what, answer.data)
    for method, what in (("POST", "blobs/uploads/"), ("PUT", "manifests/1"),
                         ("DELETE", "manifests/1")):
        status = ask(child, f"/v2/{name}/{what}{query}", method).status
        assert 400 <= status < 500, (method, status)
    assert not hub.requests(path="library/thing")


def test_behind_a_larder_each_registry_is_itself(hub, family):
    """Its repositories may have dots, and all of it is there."""
    child, quay, _ = family
    hub.add(build("hub's"), "team/thing", "1")
    hub.config.referrers = quay.config.referrers = True
    for name in ("team/thing", "example.com/team/thing"):
        image = quay.add(build("quay's " + name), name, "1")
        about = quay.add(referrer(image.root, "application/spdx+json", b"{}"), name, None)
        for full, ns in ((f"quay.io/{name}", None), (name, "quay.io")):
            assert_pulled(client.pull(child.url, full, "1", ns=ns), image)
            query = f"?ns={ns}" if ns else ""
            answer = ask(child, f"/v2/{full}/referrers/{image.digest}{query}")
            assert about.digest in answer.data.decode(), answer.data
    tags = json.loads(ask(child, "/v2/quay.io/team/thing/tags/list").body)["tags"]
    assert "1" in tags
    assert not hub.requests(path="team/thing")


def test_a_mirror_that_does_not_listen(hub, larders, policy):  # noqa: F811
    """It takes what begins with a registry's name for that one's, whatever it is told."""
    for name in (REPO, "quay.io/team/thing", "example.com/thing"):
        hub.add(build(name), f"docker.io/{name}" if name == REPO else name, "1")
    child = larders({"docker.io": hub.url, "quay.io": hub.url},
                    settings=policy(("docker.io/library/**", "require")))
    for name in (f"docker.io/{REPO}", "quay.io/team/thing"):
        answer = ask(child, f"/v2/quay.io/{name}/manifests/1")
        assert answer.status == 404 and "in front" in message(answer), answer.data
    assert ask(child, "/v2/quay.io/example.com/thing/manifests/1").status == 200
    assert all(one.query.get("ns") == ["quay.io"] for one in hub.requests(kind="manifest"))


def test_a_registry_by_another_address(hub, larders):
    """Is asked as ever, if the settings say so: nothing of it is another's."""
    image = hub.add(build("x"), "docker.io/thing", "1")
    made = larders({"quay.io": {"url": hub.url, "itself": True}}, default="")
    assert_pulled(client.pull(made.url, "quay.io/docker.io/thing", "1"), image)
    assert not [one for one in hub.requests() if "ns" in one.query]


def test_a_registry_of_ones_own_behind_a_mirror(larders):
    """By a name that only its mirror knows it by."""
    made = larders({})
    image = build("thing")
    with Pusher(made.url) as pusher:
        pusher.image("team/thing", "1", image)
    behind = larders({"reg.example:5000": made.url}, root=made.root.parent / "behind", default="")
    assert_pulled(client.pull(behind.url, "team/thing", "1", ns="reg.example:5000"), image)


def test_a_store_without_upstreams_is_a_mirror(larders):
    """Of what it has, by the names that copies have: a closed place's own."""
    made = larders({})
    images = {name: build(name) for name in ("library/thing", "quay.io/team/thing")}
    with Pusher(made.url) as pusher:
        for name, image in images.items():
            pusher.image(name, "1", image)
    behind = larders({"docker.io": made.url, "quay.io": made.url},
                     root=made.root.parent / "behind")
    for one in (made, behind):
        for name, image in images.items():
            assert_pulled(client.pull(one.url, name, "1"), image)
        assert_pulled(client.pull(one.url, "team/thing", "1", ns="quay.io"),
                      images["quay.io/team/thing"])
        assert ask(one, "/v2/library/thing/manifests/1?ns=quay.io").status == 404
