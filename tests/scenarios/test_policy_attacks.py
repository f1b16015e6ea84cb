"""Policies while serving, against an upstream that wants an image to get past them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from hub import build
from hub.images import OCI_MANIFEST, Image, Manifest, referrer

from .helpers import answered, ask, message
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
