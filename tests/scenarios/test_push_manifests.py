"""Pushing manifests, listing what refers to them, and deleting."""

from __future__ import annotations

import json
import os

from harness.push import OCI_MANIFEST, Pusher, digest_of, simple
from hub import build, images

from .helpers import ask, blob_path

REPO = "bakery/app"


# --- manifests ----------------------------------------------------------------------------

def parts(p: Pusher, repository: str = REPO) -> tuple[bytes, bytes]:
    layer, config = os.urandom(1000), b"{}"
    p.blob(repository, layer)
    p.blob(repository, config)
    return layer, config


def manifest(layer: bytes, config: bytes, **extra: object) -> bytes:
    return simple(digest_of(layer), len(layer), digest_of(config), len(config), **extra)


def test_manifests_are_kept_byte_for_byte(local):
    made = local()
    p = made.pusher
    layer, config = parts(p)
    data = (b"\n " + manifest(layer, config, annotations={"a": "\u00e4"}, more=[1.50, None])
            + b" \n\n")
    got = p.manifest(REPO, "v1", data)
    digest = digest_of(data)
    assert got.status == 201 and got.header("location") == f"/v2/{REPO}/manifests/v1"
    assert got.header("docker-content-digest") == digest
    for reference in ("v1", digest):
        got = ask(made, f"/v2/{REPO}/manifests/{reference}")
        assert got.body == data and got.header("content-type") == OCI_MANIFEST
    big = digest_of(data, "sha512")
    assert p.manifest(REPO, big, data).header("docker-content-digest") == big
    got = ask(made, f"/v2/{REPO}/manifests/{big}")
    assert got.body == data and got.header("docker-content-digest") == big
    assert ask(made, f"/v2/bakery/other/manifests/{digest}").status == 404


def test_many_tags_at_once(local):
    made = local()
    p = made.pusher
    data = manifest(*parts(p))
    tags = [f"t{n}" for n in range(30)]
    query = "&".join(f"tag={tag}" for tag in tags)
    got = p.manifest(REPO, f"{digest_of(data)}?{query}", data)
    assert got.status == 201 and got.all("oci-tag") == tags
    assert json.loads(ask(made, f"/v2/{REPO}/tags/list").body)["tags"] == sorted(tags)
    got = p.manifest(REPO, f"{digest_of(data)}?tag=ok&tag=-bad", data)
    assert (got.status, got.code) == (400, "TAG_INVALID")
    assert ask(made, f"/v2/{REPO}/manifests/ok").status == 404
    got = p.manifest(REPO, f"{digest_of(data)}?" + "&".join(f"tag=x{n}" for n in range(129)), data)
    assert (got.status, got.code) == (400, "TAG_INVALID")


def test_the_largest_manifest(local):
    made = local()
    p = made.pusher
    layer, config = parts(p)
    limit = 4 << 20
    data = manifest(layer, config, annotations={"x": ""})
    data = data.replace(b'"x": ""', b'"x": "' + b"y" * (limit - len(data)) + b'"')
    assert len(data) == limit and p.manifest(REPO, "big", data).status == 201
    assert ask(made, f"/v2/{REPO}/manifests/big").body == data
    for body in (data + b" ", iter([data, b" "])):
        got = p.manifest(REPO, "bigger", body)
        assert (got.status, got.code) == (413, "SIZE_INVALID")
    assert ask(made, f"/v2/{REPO}/manifests/bigger").status == 404


def test_manifests_that_are_refused(local):
    made = local()
    p = made.pusher
    layer, config = parts(p)
    good = manifest(layer, config)
    index = json.dumps({"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": [
        {"mediaType": OCI_MANIFEST, "digest": digest_of(good), "size": len(good)}]}).encode()
    for data, media_type, status, code in (
            (b"", OCI_MANIFEST, 400, "MANIFEST_INVALID"),
            (b"{nope", OCI_MANIFEST, 400, "MANIFEST_INVALID"),
            (b"[]", OCI_MANIFEST, 400, "MANIFEST_INVALID"),
            (b"\x00" * 100, OCI_MANIFEST, 400, "MANIFEST_INVALID"),
            (good, images.OCI_INDEX, 400, "MANIFEST_INVALID"),
            (good, "text/plain", 400, "MANIFEST_INVALID"),
            (b'{"schemaVersion":1,"name":"x","tag":"y"}', None, 400, "MANIFEST_INVALID"),
            (manifest(b"missing", config), OCI_MANIFEST, 404, "MANIFEST_BLOB_UNKNOWN"),
            (manifest(layer, b"missing"), OCI_MANIFEST, 404, "MANIFEST_BLOB_UNKNOWN"),
            (index, images.OCI_INDEX, 404, "MANIFEST_BLOB_UNKNOWN")):
        got = p.manifest(REPO, "v1", data, media_type)
        assert (got.status, got.code) == (status, code), data[:60]
    got = p.manifest(REPO, digest_of(b"other"), good)
    assert (got.status, got.code) == (400, "DIGEST_INVALID")
    for reference, code in (("sha256:baddigest", "DIGEST_INVALID"), ("-bad", "TAG_INVALID"),
                            ("a" * 129, "TAG_INVALID")):
        got = p.manifest(REPO, reference, good)
        assert (got.status, got.code) == (400, code), reference
    assert ask(made, f"/v2/{REPO}/tags/list").status == 404, "nothing was stored"
    assert p.manifest(REPO, "v1", good, OCI_MANIFEST + "; charset=utf-8").status == 201
    assert p.manifest(REPO, "v2", good, None).status == 201
    assert p.manifest(REPO, "list", index, images.OCI_INDEX).status == 201


def test_foreign_layers_and_sparse_indexes(local):
    made = local(settings={"sparse-indexes": True})
    p = made.pusher
    layer, config = parts(p)
    doc = json.loads(manifest(layer, config))
    doc["layers"].append({"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar",
                          "digest": digest_of(b"elsewhere"), "size": 9})
    doc["layers"].append({"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": 5,
                          "digest": digest_of(b"there"), "urls": ["https://example.com/x"]})
    assert p.manifest(REPO, "v1", json.dumps(doc).encode()).status == 201
    index = {"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": [
        {"mediaType": OCI_MANIFEST, "digest": digest_of(b"not here"), "size": 8}]}
    assert p.manifest(REPO, "all", json.dumps(index).encode(), images.OCI_INDEX).status == 201


def test_a_manifest_shows_nothing_of_others(local):
    """Naming a blob of another repository, as foreign or not, does not make it visible."""
    made = local()
    p = made.pusher
    secret = os.urandom(500)
    p.blob("private/x", secret)
    layer, config = parts(p)
    got = p.manifest(REPO, "v1", manifest(secret, config))
    assert (got.status, got.code) == (404, "MANIFEST_BLOB_UNKNOWN")
    doc = json.loads(manifest(layer, config))
    doc["layers"].append({"mediaType": "application/vnd.oci.image.layer.v1.tar", "urls": ["http://x"],
                          "digest": digest_of(secret), "size": len(secret)})
    assert p.manifest(REPO, "v1", json.dumps(doc).encode()).status == 201
    assert ask(made, blob_path(REPO, digest_of(secret))).status == 404


# --- referrers ------------------------------------------------------------------------------

def referrers(made, subject: str, query: str = "", repository: str = REPO):
    got = ask(made, f"/v2/{repository}/referrers/{subject}{query}")
    assert got.status == 200 and got.header("content-type") == images.OCI_INDEX
    doc = json.loads(got.body)
    assert doc["schemaVersion"] == 2 and doc["mediaType"] == images.OCI_INDEX
    return got, doc["manifests"]


def test_referrers(local):
    made = local()
    p = made.pusher
    subject = build("signed")
    missing = subject.root.digest
    assert referrers(made, missing)[1] == [], "of what is not there: none"
    one = images.referrer(subject.root, "application/vnd.test.sbom", b"sbom")
    two = images.referrer(subject.root, "application/vnd.test.signature", b"signature")
    for image in (one, two):
        for blob in image.blobs.values():
            p.blob(REPO, blob.read())
        got = p.manifest(REPO, image.digest, image.root.data)
        assert got.status == 201 and got.header("oci-subject") == missing
    got, found = referrers(made, missing)
    assert {d["digest"] for d in found} == {one.digest, two.digest}
    assert {d["artifactType"] for d in found} == {"application/vnd.test.sbom",
                                                  "application/vnd.test.signature"}
    assert all(d["size"] and d["mediaType"] == OCI_MANIFEST for d in found)
    got, found = referrers(made, missing, "?artifactType=application/vnd.test.sbom")
    assert [d["digest"] for d in found] == [one.digest]
    assert got.header("oci-filters-applied") == "artifactType"
    assert referrers(made, missing, "?artifactType=none")[1] == []
    assert referrers(made, missing, repository="never/made")[1] == []
    assert p.ask("DELETE", f"/v2/{REPO}/manifests/{one.digest}").status == 202
    assert [d["digest"] for d in referrers(made, missing)[1]] == [two.digest]
    for bad in ("sha256:12", "latest", "md5:" + "0" * 32):
        got = p.ask("GET", f"/v2/{REPO}/referrers/{bad}")
        assert (got.status, got.code) == (400, "DIGEST_INVALID")
    assert p.ask("PUT", f"/v2/{REPO}/referrers/{missing}", b"").status == 405


def test_referrers_that_clients_have_listed(local):
    """A list under the fallback tag, from a time without this API, is taken up."""
    made = local()
    p = made.pusher
    subject = build("signed").root
    artifact = images.referrer(subject, "application/vnd.test.sbom", b"sbom")
    doc = json.loads(artifact.root.data)
    doc["annotations"] = {"k": "v \"q\""}
    del doc["subject"]
    data = json.dumps(doc).encode()
    for blob in artifact.blobs.values():
        p.blob(REPO, blob.read())
    assert p.manifest(REPO, "old", data).header("oci-subject") is None
    index = {"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": [
        {"mediaType": OCI_MANIFEST, "digest": digest_of(data), "size": len(data)}]}
    tag = subject.digest.replace(":", "-")
    assert p.manifest(REPO, tag, json.dumps(index).encode(), images.OCI_INDEX).status == 201
    found, = referrers(made, subject.digest)[1]
    assert found["digest"] == digest_of(data) and found["annotations"] == {"k": "v \"q\""}


def test_referrers_page_by_page(local):
    made = local()
    p = made.pusher
    subject = build("signed").root
    p.blob(REPO, b"{}")
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2}
    pushed = set()
    for n in range(10):
        data = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": empty,
                           "layers": [], "artifactType": f"t/{n % 2} &", "subject":
                           subject.descriptor(), "annotations": {"n": str(n), "x": "y" * 900_000}}).encode()
        assert p.manifest(REPO, digest_of(data), data).status == 201
        pushed.add(digest_of(data))
    seen, query, pages = [], "", 0
    path = f"/v2/{REPO}/referrers/{subject.digest}"
    link = path
    while link:
        got = ask(made, link)
        assert got.status == 200 and len(got.body) < 5 << 20
        seen += [d["digest"] for d in json.loads(got.body)["manifests"]]
        link = (got.header("link") or "")[1:].split(">")[0]
        pages += 1
    assert pages >= 3 and len(seen) == 10 and set(seen) == pushed
    got, found = referrers(made, subject.digest, "?artifactType=t/1%20%26")
    assert len(found) in (4, 5) and {d["artifactType"] for d in found} == {"t/1 &"}


# --- deleting ---------------------------------------------------------------------------------

def test_deleting(local):
    made = local()
    p = made.pusher
    layer, config = parts(p)
    data = manifest(layer, config)
    for tag in ("a", "b", "c"):
        assert p.manifest(REPO, tag, data).status == 201
    other = manifest(layer, config, annotations={"other": "one"})
    assert p.manifest(REPO, "z", other).status == 201
    assert p.ask("DELETE", f"/v2/{REPO}/manifests/a").status == 202
    got = p.ask("DELETE", f"/v2/{REPO}/manifests/a")
    assert (got.status, got.code) == (404, "MANIFEST_UNKNOWN")
    assert ask(made, f"/v2/{REPO}/manifests/b").status == 200, "a tag is only a name"
    assert p.ask("DELETE", f"/v2/{REPO}/manifests/{digest_of(data)}").status == 202
    for reference in ("a", "b", "c", digest_of(data)):
        assert ask(made, f"/v2/{REPO}/manifests/{reference}").status == 404
    assert json.loads(ask(made, f"/v2/{REPO}/tags/list").body)["tags"] == ["z"]
    assert p.ask("DELETE", blob_path(REPO, digest_of(layer))).status == 202
    assert ask(made, blob_path(REPO, digest_of(layer)), "HEAD").status == 404
    got = p.ask("DELETE", blob_path(REPO, digest_of(layer)))
    assert (got.status, got.code) == (404, "BLOB_UNKNOWN")
    assert p.blob(REPO, layer) == digest_of(layer), "and may come back"
    assert p.manifest(REPO, "a", data).status == 201
    assert ask(made, f"/v2/{REPO}/manifests/b").status == 404
