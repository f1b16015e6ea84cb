"""Pushing to a mirror: what lives here, what is mirrored, and what one has of the other."""

from __future__ import annotations

from hub import build, client
from hub.push import Pusher

from .helpers import ask, blob_path, stored_digests, wait_until


def test_what_may_not_be_changed(hub, larder):
    image = hub.add(build("thing"), "library/thing", "1")
    made = larder(settings={"local": ["bakery/**"]})
    p = Pusher(made.url)
    assert client.pull(made.url, "library/thing", "1").ok
    asked = hub.count()
    for method, path in (("POST", "/v2/library/thing/blobs/uploads/"),
                         ("POST", "/v2/thing/blobs/uploads/"),
                         ("PUT", "/v2/library/thing/manifests/1"),
                         ("DELETE", "/v2/library/thing/manifests/1"),
                         ("DELETE", blob_path("library/thing", image.layers()[0].digest))):
        got = p.request(method, path, b"x" * 100_000 if method == "PUT" else None)
        assert (got.status, got.code) == (405, "UNSUPPORTED"), path
        assert "larder.local" in got.message and "docker.io" in got.message
    got = p.delete("/v2/bakery/x/manifests/1")
    assert (got.status, got.code) == (405, "UNSUPPORTED")
    assert "storage.delete.enabled" in got.message
    assert p.begin("bakery/x").status == 202
    assert hub.count() == asked


def test_a_push_under_a_name_that_nobody_has(hub, larder):
    """The upstream refuses to speak of it. podman, buildah, skopeo and crane ask for the blob
    first, and show no more than a status if that is not 404; then comes the message."""
    made = larder()
    digest = "sha256:" + "5" * 64
    assert ask(made, blob_path("library/own", digest)).status == 403
    assert ask(made, blob_path("library/own", digest), "HEAD").status == 404
    got = Pusher(made.url).request("POST", "/v2/library/own/blobs/uploads/", None)
    assert got.status == 405 and "LARDER_LOCAL=library/own" in got.message


def test_mounting_what_is_mirrored(hub, larder):
    """An image built on a mirrored base has its layers without sending them."""
    image = hub.add(build("thing"), "library/thing", "1")
    made = larder(settings={"local": ["bakery/**"]})
    assert client.pull(made.url, "library/thing", "1").ok
    layer = image.layers()[0]
    wait_until(lambda: layer.digest in stored_digests(made.root), "it is stored")
    for source in ("library/thing", "thing"):
        got = Pusher(made.url).mount(f"bakery/on-{source[-5:]}", layer.digest, source)
        assert got.status == 201
    assert ask(made, blob_path("bakery/on-thing", layer.digest)).body == layer.read()
