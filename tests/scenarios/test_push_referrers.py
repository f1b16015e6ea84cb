"""Referrers of images that live here: noted when they are pushed, or listed by clients."""

from __future__ import annotations

import json

from hub import build, images
from hub.push import digest_of

from .helpers import ask
from .pushing import pusher, registry    # noqa: F401

REPO = "bakery/app"


def referrers(made, subject: str, query: str = "", repository: str = REPO):
    got = ask(made, f"/v2/{repository}/referrers/{subject}{query}")
    assert got.status == 200 and got.header("content-type") == images.OCI_INDEX
    doc = json.loads(got.body)
    assert doc["schemaVersion"] == 2 and doc["mediaType"] == images.OCI_INDEX
    return got, doc["manifests"]


def test_referrers(registry, pusher):
    made, p = registry, pusher
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
    assert all(d["size"] and d["mediaType"] == images.OCI_MANIFEST for d in found)
    got, found = referrers(made, missing, "?artifactType=application/vnd.test.sbom")
    assert [d["digest"] for d in found] == [one.digest]
    assert got.header("oci-filters-applied") == "artifactType"
    assert referrers(made, missing, "?artifactType=none")[1] == []
    assert referrers(made, missing, repository="never/made")[1] == []
    assert p.delete(f"/v2/{REPO}/manifests/{one.digest}").status == 202
    assert [d["digest"] for d in referrers(made, missing)[1]] == [two.digest]
    for bad in ("sha256:12", "latest", "md5:" + "0" * 32):
        got = p.get(f"/v2/{REPO}/referrers/{bad}")
        assert (got.status, got.code) == (400, "DIGEST_INVALID")
    assert p.request("PUT", f"/v2/{REPO}/referrers/{missing}", b"").status == 405


def test_referrers_that_clients_have_listed(registry, pusher):
    """A list under the fallback tag, from a time without this API, is taken up."""
    made, p = registry, pusher
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
        {"mediaType": images.OCI_MANIFEST, "digest": digest_of(data), "size": len(data)}]}
    tag = subject.digest.replace(":", "-")
    assert p.manifest(REPO, tag, json.dumps(index).encode(), images.OCI_INDEX).status == 201
    found, = referrers(made, subject.digest)[1]
    assert found["digest"] == digest_of(data) and found["annotations"] == {"k": "v \"q\""}


def test_referrers_page_by_page(registry, pusher):
    made, p = registry, pusher
    subject = build("signed").root
    p.blob(REPO, b"{}")
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2}
    pushed = set()
    for n in range(10):
        data = json.dumps({"schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "config": empty,
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
