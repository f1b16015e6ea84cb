"""Pushing: every way in, byte for byte out again, and what is refused."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.push import OCI_MANIFEST, Pusher, digest_of, simple
from hub import build, client, images

from .helpers import MIB, answered, ask, assert_pulled, blob_path, stored_digests, wait_until

REPO = "bakery/app"
DELETES = "storage:\n  delete:\n    enabled: true\n"


@pytest.fixture
def local(larders):
    """local(**options): a registry without upstreams, deletes on, and a client of it."""
    def make(**options):
        options.setdefault("config", DELETES)
        made = larders(**options)
        made.pusher = Pusher(made.port)
        return made
    return make


def uploads(made) -> list[str]:
    folder = made.root / "larder/uploads"
    return sorted(os.listdir(folder)) if folder.is_dir() else []


# --- blobs ------------------------------------------------------------------------------

@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("way", ["put", "post", "patch", "stream", "chunks", "chunks+put"])
def test_every_way_in(local, way, algorithm):
    made = local()
    data = os.urandom(300_007)
    digest = made.pusher.blob(REPO, data, way, algorithm)
    got = ask(made, blob_path(REPO, digest))
    assert got.body == data and got.header("docker-content-digest") == digest
    assert ask(made, blob_path("bakery/other", digest)).status == 404
    assert not uploads(made)


@pytest.mark.parametrize("way", ["put", "post", "patch"])
def test_nothing_is_a_blob(local, way):
    made = local()
    digest = made.pusher.blob(REPO, b"", way)
    head = ask(made, blob_path(REPO, digest), "HEAD")
    assert head.status == 200 and head.header("content-length") == "0"
    assert ask(made, blob_path(REPO, digest)).body == b""


def test_a_session_step_by_step(local):
    """Status, chunks out of order, wrong lengths, cancelling."""
    made = local()
    p, data = made.pusher, os.urandom(3000)
    loc = p.begin(REPO)
    got = p.ask("GET", loc)
    assert got.status == 204 and got.header("range") == "0-0" and got.header("location") == loc
    assert p.ask("PATCH", loc, data[:1000], Content_Range="0-999").status == 202
    for first, last in ((0, 999), (2000, 2999), (999, 1998)):
        got = p.ask("PATCH", loc, data[first:last + 1], Content_Range=f"{first}-{last}")
        assert (got.status, got.code) == (416, "BLOB_UPLOAD_INVALID")
        assert got.header("range") == "0-999" and got.header("location") == loc
    got = p.end(loc, digest_of(data), data[2000:], Content_Range="2000-2999")
    assert got.status == 416
    got = p.ask("PATCH", loc, data[1000:1500], Content_Range="1000-1999")
    assert (got.status, got.code) == (400, "SIZE_INVALID")
    got = p.ask("PATCH", loc, iter([data[1000:1500]]), Content_Range="1000-1999")
    assert (got.status, got.code) == (400, "SIZE_INVALID")
    for text in ("bytes 1000-1999", "1000", "-1", "1999-1000", "0x3e8-0x7cf", "1000-1999/3000",
                 "1000-99999999999999999999"):
        got = p.ask("PATCH", loc, data[1000:2000], Content_Range=text)
        assert (got.status, got.code) == (400, "BLOB_UPLOAD_INVALID"), text
    assert p.ask("GET", loc).header("range") == "0-999", "nothing of all that was kept"
    assert p.ask("PATCH", loc, data[1000:], Content_Range="1000-2999").status == 202
    assert p.end(loc, digest_of(data)).status == 201
    assert ask(made, blob_path(REPO, digest_of(data))).body == data
    assert p.ask("GET", loc).code == "BLOB_UPLOAD_UNKNOWN"
    loc = p.begin(REPO)
    assert p.ask("DELETE", loc).status == 204
    for method in ("GET", "PATCH", "DELETE"):
        got = p.ask(method, loc, b"x" if method == "PATCH" else None)
        assert (got.status, got.code) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert not uploads(made)


def test_a_wrong_digest(local):
    made = local()
    p, data = made.pusher, os.urandom(5000)
    loc = p.begin(REPO)
    got = p.end(loc, digest_of(b"other"), data)
    assert (got.status, got.code) == (400, "DIGEST_INVALID") and digest_of(data) in got.message
    got = p.end(loc, digest_of(data))           # what had come is still there
    assert got.status == 201
    for query in ("", "?digest=", "?digest=sha256:12", "?digest=md5:" + "a" * 32):
        got = p.ask("PUT", p.begin(REPO) + query, data)
        assert (got.status, got.code) == (400, "DIGEST_INVALID"), query
    got = p.ask("POST", f"/v2/{REPO}/blobs/uploads/?digest={digest_of(b'x')}", data)
    assert (got.status, got.code) == (400, "DIGEST_INVALID")
    got = p.ask("POST", f"/v2/{REPO}/blobs/uploads/?digest-algorithm=md5", b"")
    assert (got.status, got.code) == (400, "DIGEST_INVALID")
    assert p.ask("POST", f"/v2/{REPO}/blobs/uploads/?digest-algorithm=sha512", b"").status == 202
    assert stored_digests(made.root) == {digest_of(data)}


def test_mounting(local):
    made = local()
    p, data = made.pusher, os.urandom(5000)
    digest = p.blob("a/from", data)
    mount = f"/v2/b/to/blobs/uploads/?mount={digest}"
    got = p.ask("POST", mount + "&from=no/such", b"")
    assert got.status == 202 and ask(made, blob_path("b/to", digest)).status == 404
    assert p.end(got.header("location"), digest, data).status == 201
    assert p.ask("DELETE", blob_path("b/to", digest)).status == 202
    got = p.ask("POST", mount + "&from=a/from", b"")
    assert got.status == 201 and got.header("location") == blob_path("b/to", digest)
    assert ask(made, blob_path("b/to", digest)).body == data
    got = p.ask("POST", mount.replace("b/to", "c/to"), b"")
    assert got.status == 201, "without from: from wherever it is"
    missing = digest_of(b"nowhere")
    assert p.ask("POST", f"/v2/c/to/blobs/uploads/?mount={missing}", b"").status == 202
    got = p.ask("POST", "/v2/c/to/blobs/uploads/?mount=sha256:12&from=a/from", b"")
    assert (got.status, got.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_session_survives_a_restart(local, end):
    made = local()
    data = os.urandom(2 * MIB)
    loc = made.pusher.begin(REPO)
    assert made.pusher.ask("PATCH", loc, data[:MIB]).status == 202
    made.pusher.close()
    getattr(made, end)()
    made = local()
    p = made.pusher
    assert p.ask("GET", loc).header("range") == f"0-{MIB - 1}"
    assert p.ask("PATCH", loc, data[MIB:], Content_Range=f"{MIB}-{2 * MIB - 1}").status == 202
    assert p.end(loc, digest_of(data)).status == 201
    assert ask(made, blob_path(REPO, digest_of(data))).body == data


def test_sessions_expire(local, clock):
    made = local(env=clock.env, config="storage:\n  maintenance:\n    uploadpurging:\n"
                                       "      age: 1h\n      interval: 1s\n")
    p = made.pusher
    old = p.begin(REPO)
    assert p.ask("PATCH", old, b"x" * 1000).status == 202
    clock.advance(3700)
    wait_until(lambda: not uploads(made), "it is removed")
    made.wait_log("uploads.expired sessions=1")
    assert p.ask("GET", old).status == 404
    assert p.ask("PATCH", old, b"y").code == "BLOB_UPLOAD_UNKNOWN"


def test_a_session_in_use(local):
    """Another request for it is told so, and harms nothing."""
    made = local()
    loc, data = made.pusher.begin(REPO), os.urandom(200_000)
    reached, go = threading.Event(), threading.Event()

    def slowly():
        yield data[:100_000]
        reached.set()
        assert go.wait(20)
        yield data[100_000:]

    slow = Pusher(made.port)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow.ask, "PATCH", loc, slowly())
        assert reached.wait(20)
        wait_until(lambda: made.pusher.ask("GET", loc).header("range") == "0-99999", "half")
        got = made.pusher.ask("PATCH", loc, b"zzz")
        assert (got.status, got.code) == (409, "BLOB_UPLOAD_INVALID")
        assert made.pusher.ask("DELETE", loc).status == 409
        go.set()
        assert first.result().status == 202
    assert made.pusher.end(loc, digest_of(data)).status == 201


@pytest.mark.concurrent
def test_the_same_blob_sixteen_times(local):
    made = local()
    data = os.urandom(MIB)

    def push(n: int) -> str:
        return Pusher(made.port).blob(f"team/{n % 4}", data, ("put", "patch", "stream")[n % 3])

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(push, range(16))) == {digest_of(data)}
    assert stored_digests(made.root) == {digest_of(data)} and not uploads(made)
    for n in range(4):
        assert ask(made, blob_path(f"team/{n}", digest_of(data))).body == data


@pytest.mark.concurrent
def test_sixteen_images_at_once_beside_pulls(hub, larder):
    """Nothing is lost, and what is mirrored pulls meanwhile."""
    mirrored = hub.add(build("thing", layer_size=2 * MIB), "library/thing", "1")
    made = larder(settings={"local": ["bakery/**"]})
    pushed = [build(f"img{n}", version=str(n)) for n in range(16)]

    def push(n: int) -> None:
        Pusher(made.port).image(f"bakery/app{n % 3}", f"v{n}", pushed[n],
                                ("put", "patch", "stream", "chunks")[n % 4])

    with ThreadPoolExecutor(20) as pool:
        pulls = [pool.submit(client.pull, made.url, "library/thing", "1") for _ in range(8)]
        list(pool.map(push, range(16)))
        for one in pulls:
            assert_pulled(one.result(), mirrored)
    for n, image in enumerate(pushed):
        assert_pulled(client.pull(made.url, f"bakery/app{n % 3}", f"v{n}"), image)
    assert answered(hub, path="bakery") == 0, "what lives here is never asked outside"


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


def test_what_may_not_be_changed(hub, larder):
    image = hub.add(build("thing"), "library/thing", "1")
    made = larder(settings={"local": ["bakery/**"]})
    p = Pusher(made.port)
    assert client.pull(made.url, "library/thing", "1").ok
    asked = hub.count()
    for method, path in (("POST", "/v2/library/thing/blobs/uploads/"),
                         ("POST", "/v2/thing/blobs/uploads/"),
                         ("PUT", "/v2/library/thing/manifests/1"),
                         ("DELETE", "/v2/library/thing/manifests/1"),
                         ("DELETE", blob_path("library/thing", image.layers()[0].digest))):
        got = p.ask(method, path, b"x" * 100_000 if method == "PUT" else None)
        assert (got.status, got.code) == (405, "UNSUPPORTED"), path
        assert "larder.local" in got.message and "docker.io" in got.message
    got = p.ask("DELETE", "/v2/bakery/x/manifests/1")
    assert (got.status, got.code) == (405, "UNSUPPORTED")
    assert "storage.delete.enabled" in got.message
    assert p.ask("POST", "/v2/bakery/x/blobs/uploads/", b"").status == 202
    assert hub.count() == asked


def test_mounting_what_is_mirrored(hub, larder):
    """An image built on a mirrored base has its layers without sending them."""
    image = hub.add(build("thing"), "library/thing", "1")
    made = larder(settings={"local": ["bakery/**"]})
    assert client.pull(made.url, "library/thing", "1").ok
    layer = image.layers()[0]
    wait_until(lambda: layer.digest in stored_digests(made.root), "it is stored")
    for source in ("library/thing", "thing"):
        got = Pusher(made.port).ask(
            "POST", f"/v2/bakery/on-{source[-5:]}/blobs/uploads/?mount={layer.digest}&from={source}", b"")
        assert got.status == 201
    assert ask(made, blob_path("bakery/on-thing", layer.digest)).body == layer.read()


def test_read_only(local):
    made = local(config=DELETES + "  maintenance:\n    readonly:\n      enabled: true\n")
    for method, path in (("POST", f"/v2/{REPO}/blobs/uploads/"), ("PUT", f"/v2/{REPO}/manifests/1"),
                         ("DELETE", f"/v2/{REPO}/manifests/1")):
        got = made.pusher.ask(method, path, b"{}" if method == "PUT" else None)
        assert (got.status, got.code) == (405, "UNSUPPORTED") and "readonly" in got.message
