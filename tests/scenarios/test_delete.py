"""Deletes: what has been deleted is gone at once, and nothing else is."""

from __future__ import annotations

import json

import pytest

from hub import build, images
from hub.push import Pusher, check, digest_of

from .helpers import ask
from .pushing import (OTHER, REPO, blob_is, blob_unknown, image_is, manifest_is,
                      manifest_unknown, nothing_half_done, pulls, pusher, refused, registry,
                      small, tags)

LAYER = b"layer a" * 10         # of what small() pushes
NONE = digest_of(b"never pushed")


def manifests(repo: str, ref: str) -> str:
    return f"/v2/{repo}/manifests/{ref}"


def deleted(answer) -> None:
    assert answer.status == 202, (answer.status, answer.body[:300])
    assert answer.body == b""


@pytest.mark.parametrize("config", ["", "storage:\n  delete:\n    enabled: false\n"])
def test_disabled_as_in_registry_2(larders, config):
    """By default, too.  The message says what to set."""
    made = larders(config=config)
    with Pusher(made.url) as pusher:
        data = small(pusher, REPO)
        for target in (manifests(REPO, "1"), manifests(REPO, digest_of(data)),
                       manifests(REPO, "none"), manifests("none", NONE),
                       f"/v2/{REPO}/blobs/{digest_of(LAYER)}", f"/v2/none/blobs/{NONE}"):
            answer = refused(pusher.delete(target), 405, "UNSUPPORTED")
            assert "storage.delete.enabled" in answer.message
        manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)
        blob_is(pusher, REPO, digest_of(LAYER), LAYER)
        # A session is no content: it may be cancelled all the same.
        assert pusher.delete(pusher.session(REPO)).status == 204


def test_a_tag(registry, pusher):
    """The manifest stays, by digest and by its other tags."""
    data = small(pusher, REPO)
    check(pusher.manifest(REPO, "2", data), 201)
    deleted(pusher.delete(manifests(REPO, "1")))
    manifest_unknown(pusher, REPO, "1")
    for ref in ("2", digest_of(data)):
        manifest_is(pusher, REPO, ref, data, images.OCI_MANIFEST)
    assert tags(registry, REPO) == ["2"]
    refused(pusher.delete(manifests(REPO, "1")), 404, "MANIFEST_UNKNOWN")
    check(pusher.manifest(REPO, "1", data), 201)
    manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)
    nothing_half_done(registry.root)


def test_a_manifest_takes_its_tags_along(registry, pusher):
    data, other = small(pusher, REPO), small(pusher, REPO, "other", "b")
    for tag in ("2", "3"):
        check(pusher.manifest(REPO, tag, data), 201)
    check(pusher.manifest(REPO, "moved", data), 201)
    check(pusher.manifest(REPO, "moved", other), 201)
    deleted(pusher.delete(manifests(REPO, digest_of(data))))
    for ref in ("1", "2", "3", digest_of(data)):
        manifest_unknown(pusher, REPO, ref)
    for ref in ("other", "moved", digest_of(other)):
        manifest_is(pusher, REPO, ref, other, images.OCI_MANIFEST)
    assert tags(registry, REPO) == ["moved", "other"]
    refused(pusher.delete(manifests(REPO, digest_of(data))), 404, "MANIFEST_UNKNOWN")
    # Its blobs are the repository's own, and stay.
    blob_is(pusher, REPO, digest_of(LAYER), LAYER)
    check(pusher.manifest(REPO, "1", data), 201)
    manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)


def test_a_manifest_of_another_repository_stays(pusher):
    data = small(pusher, REPO)
    small(pusher, OTHER)
    deleted(pusher.delete(manifests(REPO, digest_of(data))))
    manifest_unknown(pusher, REPO, "1")
    manifest_is(pusher, OTHER, "1", data, images.OCI_MANIFEST)
    refused(pusher.delete(manifests("third", digest_of(data))), 404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("ref", ["none", NONE, digest_of(b"x", "sha512")])
@pytest.mark.parametrize("repo", [REPO, "not/there"])
def test_unknown_manifests(pusher, repo, ref):
    data = small(pusher, REPO)
    refused(pusher.delete(manifests(repo, ref)), 404, "MANIFEST_UNKNOWN")
    manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)


def test_a_manifest_by_sha512(pusher):
    data = small(pusher, REPO)
    digest = digest_of(data, "sha512")
    check(pusher.manifest(REPO, digest, data, tags=["strong"]), 201)
    deleted(pusher.delete(manifests(REPO, digest)))
    manifest_unknown(pusher, REPO, digest)
    manifest_unknown(pusher, REPO, "strong")
    manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_blob(registry, pusher, algorithm):
    """Gone at once from this repository, and from no other."""
    digest = digest_of(LAYER, algorithm)
    for repo in (REPO, OTHER):
        check(pusher.monolithic(repo, LAYER, digest), 201)
    deleted(pusher.delete(f"/v2/{REPO}/blobs/{digest}"))
    blob_unknown(pusher, REPO, digest)
    blob_is(pusher, OTHER, digest, LAYER)
    refused(pusher.delete(f"/v2/{REPO}/blobs/{digest}"), 404, "BLOB_UNKNOWN")
    check(pusher.monolithic(REPO, LAYER, digest), 201)
    blob_is(pusher, REPO, digest, LAYER)
    nothing_half_done(registry.root)


def test_a_blob_that_a_manifest_names(registry, pusher):
    """It is what was asked for; the manifest stays, and can be made whole again."""
    data, digest = small(pusher, REPO), digest_of(LAYER)
    manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)
    blob_is(pusher, REPO, digest, LAYER)
    deleted(pusher.delete(f"/v2/{REPO}/blobs/{digest}"))
    blob_unknown(pusher, REPO, digest)
    manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)
    blob_unknown(pusher, REPO, digest)
    refused(pusher.manifest(REPO, "2", data), 404, "MANIFEST_BLOB_UNKNOWN")
    check(pusher.monolithic(REPO, LAYER), 201)
    check(pusher.manifest(REPO, "2", data), 201)
    nothing_half_done(registry.root)


@pytest.mark.parametrize("repo", [REPO, "not/there"])
def test_unknown_blobs(pusher, repo):
    small(pusher, REPO)
    refused(pusher.delete(f"/v2/{repo}/blobs/{NONE}"), 404, "BLOB_UNKNOWN")
    blob_is(pusher, REPO, digest_of(LAYER), LAYER)


@pytest.mark.parametrize("digest", ["sha256:x", "x", "sha256:" + "A" * 64])
def test_what_is_no_digest(pusher, digest):
    answer = pusher.delete(f"/v2/{REPO}/blobs/{digest}")
    assert answer.status in (400, 404) and answer.codes, answer.status


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
@pytest.mark.parametrize("tag", ["a" * 129, ".a", "-a"])
def test_bad_tags(pusher, method, tag):
    answer = pusher.request(method, manifests(REPO, tag), b"{}" if method == "PUT" else None)
    if method == "DELETE" and answer.status == 404:
        return      # nothing can have that name
    refused(answer, 400, "TAG_INVALID")


def test_a_part_of_an_index(registry, pusher):
    """The rest of it still pulls."""
    image = build("thing")
    pusher.image(REPO, "1", image)
    gone, stays = (image.manifest(one) for one in ("linux/arm64/v8", "linux/amd64"))
    deleted(pusher.delete(manifests(REPO, gone.digest)))
    manifest_unknown(pusher, REPO, gone.digest)
    manifest_is(pusher, REPO, "1", image.root.data, image.root.media_type)
    manifest_is(pusher, REPO, stays.digest, stays.data, stays.media_type)
    pusher.image(REPO, "1", image)
    pulls(registry, REPO, "1", image)


def test_deletes_survive_a_restart(larders):
    """Acknowledged means on disk for them as well: with kill -9 right after the last 202."""
    made = larders(config="storage:\n  delete:\n    enabled: true\n")
    image = build("thing")
    with Pusher(made.url) as pusher:
        data = small(pusher, REPO)
        check(pusher.manifest(REPO, "2", data), 201)
        pusher.image(OTHER, "1", image)
        deleted(pusher.delete(manifests(REPO, "2")))
        deleted(pusher.delete(f"/v2/{REPO}/blobs/{digest_of(LAYER)}"))
        deleted(pusher.delete(manifests(OTHER, image.digest)))
    made.kill()
    made.start()
    with Pusher(made.url) as pusher:
        manifest_unknown(pusher, REPO, "2")
        manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)
        blob_unknown(pusher, REPO, digest_of(LAYER))
        manifest_unknown(pusher, OTHER, "1")
        manifest_unknown(pusher, OTHER, image.digest)
        pusher.image(OTHER, "1", image)
        image_is(pusher, OTHER, "1", image)
    nothing_half_done(made.root)


def test_the_last_tag(registry, pusher):
    """A repository without tags has an empty list, not none."""
    data = small(pusher, REPO)
    deleted(pusher.delete(manifests(REPO, "1")))
    answer = ask(registry, f"/v2/{REPO}/tags/list")
    assert answer.status == 200 and b'"tags":[]' in answer.body.replace(b" ", b"")
    manifest_is(pusher, REPO, digest_of(data), data, images.OCI_MANIFEST)


def test_a_referrer(pusher):
    """It is out of the list with its manifest, and stays in it when its subject goes."""
    data = small(pusher, REPO)
    subject = {"mediaType": images.OCI_MANIFEST, "digest": digest_of(data),
               "size": len(data)}
    one, two = (small(pusher, REPO, text, text, subject=subject) for text in ("s1", "s2"))
    path = f"/v2/{REPO}/referrers/{digest_of(data)}"
    assert {digest_of(one), digest_of(two)} == listed(pusher.get(path))
    deleted(pusher.delete(manifests(REPO, digest_of(one))))
    assert {digest_of(two)} == listed(pusher.get(path))
    deleted(pusher.delete(manifests(REPO, digest_of(data))))
    assert {digest_of(two)} == listed(pusher.get(path))
    deleted(pusher.delete(manifests(REPO, digest_of(two))))
    assert not listed(pusher.get(path))


def listed(answer) -> set[str]:
    assert answer.status == 200
    return {entry["digest"] for entry in json.loads(answer.body)["manifests"]}
