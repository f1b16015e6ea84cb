"""Manifests pushed: what is taken comes back byte for byte, and what is refused is not there."""

from __future__ import annotations

import json

import pytest

from hub import build, images
from hub.push import Pusher, check, digest_of, pieces

from .helpers import stored_digests
from .pushing import (LIMIT, OTHER, REPO, blob_unknown, image_is, manifest_is,
                      manifest_json, manifest_unknown, nothing_half_done, pusher, refused,
                      registry, small, tags)

CONFIG, LAYER = b'{"is":"a"}', b"layer a" * 10
PLAIN = manifest_json(CONFIG, LAYER)
MISSING = digest_of(b"never pushed")


@pytest.fixture
def blobs(pusher):
    """CONFIG and LAYER are in the repository."""
    for data in (CONFIG, LAYER):
        check(pusher.monolithic(REPO, data), 201)


def accepted(answer, repo: str, ref: str, digest: str) -> None:
    assert answer.status == 201, (answer.status, answer.body[:500])
    assert answer.digest == digest
    assert answer.header("location").startswith(f"/v2/{repo}/manifests/")
    assert answer.location.rpartition("/")[2].replace("%3A", ":") in (ref, digest)


def padded(size: int, **more) -> bytes:
    """A manifest over CONFIG and LAYER of so many bytes."""
    bare = len(manifest_json(CONFIG, LAYER, annotations={"pad": ""}, **more))
    data = manifest_json(CONFIG, LAYER, annotations={"pad": "x" * (size - bare)}, **more)
    assert len(data) == size
    return data


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("chunked", [False, True])
def test_by_digest(registry, pusher, blobs, algorithm, chunked):
    """The digest of the answer is of the algorithm that was asked for."""
    digest = digest_of(PLAIN, algorithm)
    answer = pusher.manifest(REPO, digest, iter(pieces(PLAIN, 100)) if chunked else PLAIN)
    accepted(answer, REPO, digest, digest)
    manifest_is(pusher, REPO, digest, PLAIN, images.OCI_MANIFEST)
    assert pusher.get(answer.location).body == PLAIN
    manifest_unknown(pusher, OTHER, digest)
    nothing_half_done(registry.root)


@pytest.mark.parametrize("chunked", [False, True])
def test_by_tag(registry, pusher, blobs, chunked):
    answer = pusher.manifest(REPO, "v1", iter(pieces(PLAIN, 100)) if chunked else PLAIN)
    accepted(answer, REPO, "v1", digest_of(PLAIN))
    manifest_is(pusher, REPO, "v1", PLAIN, images.OCI_MANIFEST)
    manifest_is(pusher, REPO, digest_of(PLAIN), PLAIN, images.OCI_MANIFEST)
    assert pusher.get(answer.location).body == PLAIN
    assert tags(registry, REPO) == ["v1"]
    nothing_half_done(registry.root)


def test_a_tag_moves(registry, pusher, blobs):
    """And what it named stays, by digest."""
    second = manifest_json(CONFIG, LAYER, annotations={"second": "1"})
    check(pusher.manifest(REPO, "v1", PLAIN), 201)
    check(pusher.manifest(REPO, "v1", second), 201)
    manifest_is(pusher, REPO, "v1", second, images.OCI_MANIFEST)
    manifest_is(pusher, REPO, digest_of(PLAIN), PLAIN, images.OCI_MANIFEST)
    check(pusher.manifest(REPO, "v1", PLAIN), 201)
    manifest_is(pusher, REPO, "v1", PLAIN, images.OCI_MANIFEST)
    assert tags(registry, REPO) == ["v1"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_tags_in_the_query(registry, pusher, blobs, algorithm):
    """Ten must do (specification, "Pushing Manifests")."""
    wanted = [f"v{i}" for i in range(10)]
    digest = digest_of(PLAIN, algorithm)
    answer = pusher.manifest(REPO, digest, PLAIN, tags=wanted)
    accepted(answer, REPO, digest, digest)
    told = [tag.strip() for value in answer.headers("oci-tag") for tag in value.split(",")]
    assert sorted(told) == wanted
    assert tags(registry, REPO) == wanted
    for tag in wanted:
        answer = pusher.get(f"/v2/{REPO}/manifests/{tag}")
        assert answer.body == PLAIN and answer.digest in (digest, digest_of(PLAIN))


def test_without_tags_in_the_query_nothing_is_said_of_them(pusher, blobs):
    assert not check(pusher.manifest(REPO, "v1", PLAIN), 201).headers("oci-tag")


def test_the_longest_tag(registry, pusher, blobs):
    tag = "_" + "a.B-9_" * 21 + "z"
    assert len(tag) == 128
    accepted(pusher.manifest(REPO, tag, PLAIN), REPO, tag, digest_of(PLAIN))
    manifest_is(pusher, REPO, tag, PLAIN, images.OCI_MANIFEST)
    assert tags(registry, REPO) == [tag]


BAD_TAGS = ["a" * 129, ".a", "-a", "a%20b", "%00", "a%00b", "%C3%BC", "a+b", "a%0Ab", "a@b"]


@pytest.mark.parametrize("tag", BAD_TAGS)
def test_bad_tags(pusher, blobs, tag):
    """A NUL makes a path that names nothing at all."""
    path = f"/v2/{REPO}/manifests/{tag}"
    header = [("Content-Type", images.OCI_MANIFEST)]
    answer = pusher.request("PUT", path, PLAIN, header)
    refused(answer, 400, "NAME_INVALID" if "%00" in tag else "TAG_INVALID")
    manifest_unknown(pusher, REPO, digest_of(PLAIN))


@pytest.mark.parametrize("tag", [*BAD_TAGS, "a/b", ""])
def test_bad_tags_in_the_query(pusher, blobs, tag):
    """One bad one, and nothing is stored."""
    digest = digest_of(PLAIN)
    answer = pusher.request("PUT", f"/v2/{REPO}/manifests/{digest}?tag=good&tag={tag}", PLAIN,
                            [("Content-Type", images.OCI_MANIFEST)])
    refused(answer, 400, "NAME_INVALID" if "%00" in tag else "TAG_INVALID")
    manifest_unknown(pusher, REPO, digest)
    manifest_unknown(pusher, REPO, "good")


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_largest_manifest(registry, pusher, blobs, size, chunked):
    data = padded(size)
    accepted(pusher.manifest(REPO, "v1", iter(pieces(data)) if chunked else data), REPO, "v1",
             digest_of(data))
    manifest_is(pusher, REPO, "v1", data, images.OCI_MANIFEST)
    manifest_is(pusher, REPO, digest_of(data), data, images.OCI_MANIFEST)
    nothing_half_done(registry.root)


@pytest.mark.parametrize("size", [LIMIT + 1, 3 * LIMIT])
@pytest.mark.parametrize("chunked", [False, True])
def test_larger_than_that(registry, pusher, blobs, size, chunked):
    data, before = padded(size), stored_digests(registry.root)
    for ref in ("v1", digest_of(data)):
        answer = pusher.manifest(REPO, ref, iter(pieces(data)) if chunked else data)
        refused(answer, 413, "SIZE_INVALID")
        manifest_unknown(pusher, REPO, ref)
    assert stored_digests(registry.root) == before
    nothing_half_done(registry.root)


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
BAD_JSON = [b"", b" ", b"{", b"null", b"[]", b'"x"', b"1", b"{}", PLAIN[:-1], PLAIN + b"}",
            PLAIN.replace(b'"layers": [', b'"layers": [1, '),
            PLAIN.replace(b'"layers": [', b'"layers": {"a": [') + b"}", b"\xff\xfe{}",
            PLAIN.replace(b'"schemaVersion": 2', b'"schemaVersion": 1'),
            PLAIN.replace(b'"config"', b'"confix"'),
            PLAIN.replace(b"sha256:", b"sha256;"),
            PLAIN.replace(b"sha256:", b"../../:"),
            PLAIN.replace(f'"size": {len(LAYER)}'.encode(), b'"size": -1'),
            PLAIN.replace(f'"size": {len(LAYER)}'.encode(), b'"size": "70"'),
            PLAIN.replace(b'"layers"', b'"layers": [], "layers"'), DEEP]


@pytest.mark.parametrize("data", BAD_JSON, ids=range(len(BAD_JSON)))
def test_what_is_no_manifest(registry, pusher, blobs, data):
    assert data != PLAIN
    before = stored_digests(registry.root)
    for ref in ("v1", digest_of(data)):
        refused(pusher.manifest(REPO, ref, data), 400, "MANIFEST_INVALID")
        manifest_unknown(pusher, REPO, ref)
    assert stored_digests(registry.root) == before


INDEX = json.dumps({"schemaVersion": 2, "mediaType": images.OCI_INDEX,
                    "manifests": []}).encode()


@pytest.mark.parametrize("data, said", [
    (PLAIN, images.OCI_INDEX), (PLAIN, images.DOCKER_MANIFEST), (PLAIN, "text/plain"),
    (PLAIN, images.DOCKER_LIST), (INDEX, images.OCI_MANIFEST), (INDEX, images.DOCKER_LIST)])
def test_a_content_type_of_something_else(pusher, blobs, data, said):
    refused(pusher.manifest(REPO, "v1", data, said), 400, "MANIFEST_INVALID")
    manifest_unknown(pusher, REPO, "v1")


def test_content_type_with_parameters(pusher, blobs):
    """They are no part of the type, and do not come back."""
    check(pusher.manifest(REPO, "v1", PLAIN, images.OCI_MANIFEST + "; charset=utf-8"), 201)
    manifest_is(pusher, REPO, "v1", PLAIN, images.OCI_MANIFEST)


def test_a_manifest_that_does_not_say_its_type(pusher, blobs):
    """OCI's mediaType is optional: Content-Type decides, and comes back."""
    content = json.loads(PLAIN)
    del content["mediaType"]
    data = json.dumps(content).encode()
    accepted(pusher.manifest(REPO, "v1", data), REPO, "v1", digest_of(data))
    manifest_is(pusher, REPO, "v1", data, images.OCI_MANIFEST)


@pytest.mark.parametrize("digest", [digest_of(b"other"), digest_of(b"other", "sha512")])
def test_a_digest_of_something_else(pusher, blobs, digest):
    refused(pusher.manifest(REPO, digest, PLAIN), 400, "DIGEST_INVALID")
    for ref in (digest, digest_of(PLAIN)):
        manifest_unknown(pusher, REPO, ref)


@pytest.mark.parametrize("ref", ["sha256:baddigeststring", "sha256:", "md5:" + "0" * 32,
                                 "sha256:" + "A" * 64, "sha256:" + "0" * 63, ":", "a:b"])
def test_what_is_no_digest_is_no_tag_either(registry, pusher, blobs, ref):
    answer = pusher.manifest(REPO, ref, PLAIN)
    assert answer.status == 400, answer.body
    assert answer.codes[0] in ("DIGEST_INVALID", "TAG_INVALID")
    assert pusher.get(f"/v2/{REPO}/manifests/{ref}").status in (400, 404)
    manifest_unknown(pusher, REPO, digest_of(PLAIN))


# --- what a manifest names ------------------------------------------------------------

def test_missing_blobs(registry, pusher, blobs):
    """Of each kind; the blob of another repository is missing, too."""
    elsewhere = b"only in the other"
    check(pusher.monolithic(OTHER, elsewhere), 201)
    for data in (manifest_json(b"no config", LAYER), manifest_json(CONFIG, b"no layer"),
                 manifest_json(CONFIG, LAYER, b"no layer"),
                 manifest_json(elsewhere, LAYER), manifest_json(CONFIG, LAYER, elsewhere)):
        for ref in ("v1", digest_of(data)):
            refused(pusher.manifest(REPO, ref, data), 404, "MANIFEST_BLOB_UNKNOWN")
            manifest_unknown(pusher, REPO, ref)
    blob_unknown(pusher, REPO, digest_of(elsewhere))
    check(pusher.mount(REPO, digest_of(elsewhere), OTHER), 201)
    check(pusher.manifest(REPO, "v1", manifest_json(CONFIG, LAYER, elsewhere)), 201)


def index_of(*descriptors: dict, **more) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": images.OCI_INDEX,
                       "manifests": list(descriptors), **more}).encode()


def named(data: bytes, media_type: str = images.OCI_MANIFEST, **more) -> dict:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}


def test_missing_manifests_of_an_index(pusher, blobs):
    other = manifest_json(CONFIG, LAYER, annotations={"other": "1"})
    check(pusher.manifest(REPO, digest_of(PLAIN), PLAIN), 201)
    data = index_of(named(PLAIN), named(other))
    for ref in ("v1", digest_of(data)):
        refused(pusher.manifest(REPO, ref, data, images.OCI_INDEX), 404,
                "MANIFEST_BLOB_UNKNOWN")
        manifest_unknown(pusher, REPO, ref)
    check(pusher.manifest(REPO, digest_of(other), other), 201)
    check(pusher.manifest(REPO, "v1", data, images.OCI_INDEX), 201)
    manifest_is(pusher, REPO, "v1", data, images.OCI_INDEX)


def test_an_index_of_another_repositorys_manifests(pusher, blobs):
    check(pusher.manifest(REPO, "v1", PLAIN), 201)
    data = index_of(named(PLAIN))
    refused(pusher.manifest(OTHER, "v1", data, images.OCI_INDEX), 404,
            "MANIFEST_BLOB_UNKNOWN")
    manifest_unknown(pusher, OTHER, digest_of(PLAIN))
    blob_unknown(pusher, OTHER, digest_of(LAYER))


@pytest.mark.parametrize("layer", [
    {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
     "urls": ["https://example.com/layer"]},
    {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"},
    {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"},
    {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"},
    {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"},
    {"mediaType": images.OCI_LAYER, "urls": ["https://example.com/layer"]}])
def test_layers_that_are_elsewhere(pusher, blobs, layer):
    content = json.loads(PLAIN)
    content["layers"].append({"digest": MISSING, "size": 12, **layer})
    data = json.dumps(content).encode()
    check(pusher.manifest(REPO, "v1", data), 201)
    manifest_is(pusher, REPO, "v1", data, images.OCI_MANIFEST)
    blob_unknown(pusher, REPO, MISSING)


def test_a_manifest_by_sha512_of_sha512(registry, pusher):
    """All the way down."""
    digests = {}
    for data in (CONFIG, LAYER):
        digests[digest_of(data)] = digest_of(data, "sha512")
        check(pusher.monolithic(REPO, data, digest_of(data, "sha512")), 201)
    data = PLAIN
    for plain, strong in digests.items():
        data = data.replace(plain.encode(), strong.encode())
    digest = digest_of(data, "sha512")
    accepted(pusher.manifest(REPO, digest, data, tags=["v1"]), REPO, digest, digest)
    manifest_is(pusher, REPO, digest, data, images.OCI_MANIFEST)
    index = index_of({**named(data), "digest": digest})
    strong = digest_of(index, "sha512")
    accepted(pusher.manifest(REPO, strong, index, images.OCI_INDEX), REPO, strong, strong)
    manifest_is(pusher, REPO, strong, index, images.OCI_INDEX)
    nothing_half_done(registry.root)


STRANGE = {
    "unknown fields": {"x-unknown": {"a": [1, 2.5e3, None, "\u00fc\u0001"]}, "zz": False},
    "data": {"artifactType": "application/x", "annotations": {"a": "b", "": ""}},
    "no layers": {"layers": []},
}


@pytest.mark.parametrize("what", STRANGE)
def test_byte_exact(registry, pusher, blobs, what):
    """Whatever else a manifest says, and however it is written."""
    content = {**json.loads(PLAIN), **STRANGE[what]}
    if what == "data":
        content["config"]["data"] = "eyJpcyI6ImEifQ=="
    for data in (json.dumps(content).encode(),
                 json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode(),
                 b"\n\t " + json.dumps(content, indent=7).encode() + b" \r\n"):
        check(pusher.manifest(REPO, "v1", data), 201)
        manifest_is(pusher, REPO, "v1", data, images.OCI_MANIFEST)
        manifest_is(pusher, REPO, digest_of(data), data, images.OCI_MANIFEST)
    nothing_half_done(registry.root)


def test_an_empty_index(pusher):
    check(pusher.manifest(REPO, "v1", INDEX, images.OCI_INDEX), 201)
    manifest_is(pusher, REPO, "v1", INDEX, images.OCI_INDEX)


def test_nested_indexes(pusher, blobs):
    check(pusher.manifest(REPO, digest_of(PLAIN), PLAIN), 201)
    data, kind = PLAIN, images.OCI_MANIFEST
    for _ in range(5):
        data, kind = index_of(named(data, kind)), images.OCI_INDEX
        check(pusher.manifest(REPO, digest_of(data), data, kind), 201)
        manifest_is(pusher, REPO, digest_of(data), data, kind)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_subject(registry, pusher, blobs, there, by):
    """Need not be there; the answer says it, and referrers finds it, also once the subject
    has come."""
    if there:
        check(pusher.manifest(REPO, "v1", PLAIN), 201)
    data = manifest_json(CONFIG, LAYER, subject=named(PLAIN), artifactType="application/x")
    ref = "sig" if by == "tag" else digest_of(data)
    answer = pusher.manifest(REPO, ref, data)
    accepted(answer, REPO, ref, digest_of(data))
    assert answer.header("oci-subject") == digest_of(PLAIN)
    if not there:
        manifest_unknown(pusher, REPO, digest_of(PLAIN))
        check(pusher.manifest(REPO, "v1", PLAIN), 201)
    found = pusher.get(f"/v2/{REPO}/referrers/{digest_of(PLAIN)}")
    assert found.status == 200 and found.header("content-type") == images.OCI_INDEX
    assert [one["digest"] for one in json.loads(found.body)["manifests"]] == [
        digest_of(data)]
    assert not check(pusher.manifest(REPO, "v2", PLAIN), 201).headers("oci-subject")


def test_an_index_with_a_subject(pusher, blobs):
    data = index_of(subject=named(PLAIN))
    answer = check(pusher.manifest(REPO, "v1", data, images.OCI_INDEX), 201)
    assert answer.header("oci-subject") == digest_of(PLAIN)
    manifest_is(pusher, REPO, "v1", data, images.OCI_INDEX)


def test_a_subject_that_is_no_descriptor(pusher, blobs):
    for subject in ("x", {"mediaType": images.OCI_MANIFEST, "digest": "x", "size": 1}):
        data = manifest_json(CONFIG, LAYER, subject=subject)
        refused(pusher.manifest(REPO, "v1", data), 400, "MANIFEST_INVALID")
        manifest_unknown(pusher, REPO, "v1")


def test_docker_images(registry, pusher):
    image = build("thing", docker=True)
    pusher.image(REPO, "1", image)
    image_is(pusher, REPO, "1", image)


def test_a_restart_forgets_nothing(larders):
    """With kill -9 right after the last 201."""
    made = larders()
    image = build("thing", attestations=True)
    with Pusher(made.url) as one:
        one.image(REPO, "1", image)
        data = small(one, OTHER)
    made.kill()
    made.start()
    with Pusher(made.url) as one:
        image_is(one, REPO, "1", image)
        manifest_is(one, OTHER, "1", data, images.OCI_MANIFEST)
        assert tags(made, REPO) == tags(made, OTHER) == ["1"]
    nothing_half_done(made.root)
