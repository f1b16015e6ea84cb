"""Pushes that want what is not theirs: names, ids, ranges and digests that point elsewhere.

Whatever is refused must leave the store as it was, and nothing that one repository has may
come out of another.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub import images
from hub.push import Pusher, at_once, check, digest_of, uploads

from .pushing import (DELETES, NOWHERE, OTHER, REPO, blob_is, blob_unknown, manifest_is,
                      manifest_json, manifest_unknown, nothing_half_done, pusher, refused,
                      registry, session_ok, sessions, small)
from .test_uploads import BAD_DIGESTS, data_of, each_use
from .test_manifests import CONFIG, LAYER, PLAIN, index_of, named

SECRET = b"what only team/thing may show" * 10


def tree(root: Path) -> dict[str, bytes]:
    """Every file, and what is in it."""
    return {str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*") if path.is_file()}


# --- names and ids --------------------------------------------------------------------

BAD_NAMES = ["Team/thing", "team/Thing", "a..b", "a/-b", "a-", "_a", "a/_layers", "a___b",
             "a._b", "a b".replace(" ", "%20"), "a%C3%BCb", "a:b", "a@b", "a%25b", "a%5Cb",
             "a/%2e%2e/b", "%2e%2e/%2e%2e/etc", "..%2f..%2fetc", "a%0Ab", "a%00b", "../../etc",
             "a/../b", "./a", "a//b", "//a", "a/" * 200 + "a" * 900, "a" * 5000,
             "_uploads", "a/_manifests/tags"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_names_that_are_none(registry, pusher, name):
    """Each verb that stores or removes something."""
    small(pusher, REPO)
    before, digest = tree(registry.root), digest_of(b"abc")
    for method, target, body in (
            ("POST", f"/v2/{name}/blobs/uploads/", b""),
            ("POST", f"/v2/{name}/blobs/uploads/?digest={digest}", b"abc"),
            ("POST", f"/v2/{name}/blobs/uploads/?mount={digest_of(b'layer a' * 10)}"
                     f"&from={REPO}", b""),
            ("PATCH", f"/v2/{name}/blobs/uploads/{NOWHERE}", b"abc"),
            ("PUT", f"/v2/{name}/blobs/uploads/{NOWHERE}?digest={digest}", b"abc"),
            ("PUT", f"/v2/{name}/manifests/1", PLAIN),
            ("DELETE", f"/v2/{name}/manifests/1", None),
            ("DELETE", f"/v2/{name}/blobs/{digest}", None)):
        answer = pusher.request(method, target, body,
                                [("Content-Type", images.OCI_MANIFEST)])
        assert answer.status in (400, 404, 414), (method, answer.status, answer.body)
        if answer.status == 400:
            assert answer.codes == ["NAME_INVALID"]
        elif answer.status == 404:
            assert answer.codes[0] in ("UNSUPPORTED", "BLOB_UPLOAD_UNKNOWN", "NAME_UNKNOWN")
    assert tree(registry.root) == before


@pytest.mark.parametrize("name", ["Team/thing", "a..b", "a/-b", "a-", "a___b", "a:b"])
def test_a_bad_name_is_said_to_be_one(pusher, name):
    refused(pusher.begin(name), 400, "NAME_INVALID")
    refused(pusher.manifest(name, "1", PLAIN), 400, "NAME_INVALID")


def test_the_longest_name(pusher):
    """255 bytes; in one part and in many."""
    for name in ("a" * 255, "a/" * 127 + "a"):
        data = small(pusher, name)
        manifest_is(pusher, name, "1", data, images.OCI_MANIFEST)
        refused(pusher.begin(name + "a"), 400, "NAME_INVALID")
        refused(pusher.manifest(name + "a", "1", data), 400, "NAME_INVALID")


@pytest.mark.parametrize("source", ["../../larder", "Team", "a//b", "", "%00", "a" * 5000])
def test_mounts_from_names_that_are_none(registry, pusher, source):
    small(pusher, REPO)
    target = uploads(OTHER, mount=digest_of(LAYER)) + f"&from={source}"
    answer = pusher.request("POST", target)
    if answer.status == 201:        # an empty one is as none
        assert source == ""
    elif answer.status != 202:
        refused(answer, answer.status, "NAME_INVALID")
        assert answer.status in (400, 414)
    if source:
        blob_unknown(pusher, OTHER, digest_of(LAYER))


BAD_IDS = ["..", "%2e%2e", "../../../victim", "..%2f..%2f..%2fvictim", "..%2f..%2fvictim",
           "..%2fvictim", "%00", f"{NOWHERE}%00", f"{NOWHERE}/..", f"{NOWHERE}/x", "x" * 5000,
           "%2Fetc%2Fpasswd", NOWHERE.upper(), NOWHERE[:-1], NOWHERE + "0", "*", "?",
           "%C3%BC", ".", "-" * 36, "\u2025".encode().hex(), "lock", "%s%n"]


@pytest.mark.parametrize("upload", BAD_IDS, ids=range(len(BAD_IDS)))
def test_ids_that_are_none(registry, pusher, upload):
    """None reads, grows, becomes a blob, or goes."""
    for place in ("victim", "larder/victim", "larder/uploads/victim"):
        path = registry.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"abc")
    check(pusher.patch(pusher.session(OTHER), b"abc"), 202)
    before = tree(registry.root)
    for use in each_use(pusher, f"/v2/{REPO}/blobs/uploads/{upload}"):
        answer = use()
        if answer.status == 405 or (upload == "?" and answer.status == 404):
            continue        # it has become another path
        assert answer.status in (400, 404, 414), (answer.status, answer.body)
        assert answer.codes[0] in ("BLOB_UPLOAD_UNKNOWN", "NAME_INVALID", "UNSUPPORTED",
                                   "NAME_UNKNOWN", "BLOB_UNKNOWN"), answer.codes
    assert tree(registry.root) == before
    blob_unknown(pusher, REPO, digest_of(b"abc"))


def test_the_file_of_a_session_is_no_id(registry, pusher):
    """Its name on disk, seen from either repository."""
    check(pusher.patch(pusher.session(OTHER), b"abc"), 202)
    (path,) = sessions(registry.root)
    for repo in (REPO, OTHER):
        for use in each_use(pusher, f"/v2/{repo}/blobs/uploads/{path.name}"):
            refused(use(), 404, "BLOB_UPLOAD_UNKNOWN")
    assert path.read_bytes() == b"abc"


# --- ranges ---------------------------------------------------------------------------

BAD_RANGES = ["bytes 0-2/3", "bytes=0-2", "bytes */3", "0-2/3", "0-", "-2", "-", "-1-2",
              "0--1", "2-0", "a-b", "0x0-0x2", "0-2,3-5", "+0-+2", "0 - 2", "0-2;x", "0-2-4",
              "0:2", "0-2 x", "0-18446744073709551615", "0-18446744073709551618",
              "18446744073709551616-18446744073709551618", "18446744073709551615-1",
              "9223372036854775807-9223372036854775809", "0-9223372036854775807",
              "4294967296-4294967298", "0-" + "9" * 500, "9" * 5000 + "-" + "9" * 5000]


@pytest.mark.parametrize("says", BAD_RANGES, ids=range(len(BAD_RANGES)))
@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_content_ranges(registry, pusher, verb, says):
    location = session_ok(check(pusher.begin(REPO), 202), REPO)
    target = location if verb == "PATCH" else f"{location}?digest={digest_of(b'abc')}"
    answer = pusher.request(verb, target, b"abc", [("Content-Range", says)])
    assert answer.status in (400, 416, 431), (answer.status, answer.body)
    if answer.status != 431:
        assert answer.codes[0] in ("BLOB_UPLOAD_INVALID", "SIZE_INVALID")
    session_ok(check(pusher.get(location), 204), REPO)
    check(pusher.patch(location, b"abc", 0), 202)
    check(pusher.finish(location, digest_of(b"abc")), 201)
    nothing_half_done(registry.root)


def test_leading_zeros_are_digits_too(pusher):
    """`^[0-9]+-[0-9]+$` says the specification."""
    location = pusher.session(REPO)
    answer = pusher.request("PATCH", location, b"abc", [("Content-Range", "000-0002")])
    session_ok(check(answer, 202), REPO, 3)


# --- nothing leaks between repositories -----------------------------------------------

@pytest.fixture
def secret(pusher) -> str:
    """A blob of REPO that OTHER must not give; OTHER has what CONFIG and LAYER are."""
    check(pusher.monolithic(REPO, SECRET), 201)
    for data in (CONFIG, LAYER):
        check(pusher.monolithic(OTHER, data), 201)
    return digest_of(SECRET)


def test_by_asking(pusher, secret):
    for _ in range(2):
        for repo in (OTHER, "team", REPO + "/sub", "third"):
            blob_unknown(pusher, repo, secret)
        blob_is(pusher, REPO, secret, SECRET)


def test_by_a_manifest_that_names_it(pusher, secret):
    for data in (manifest_json(CONFIG, SECRET), manifest_json(SECRET, LAYER)):
        for ref in ("1", digest_of(data)):
            refused(pusher.manifest(OTHER, ref, data), 404, "MANIFEST_BLOB_UNKNOWN")
        blob_unknown(pusher, OTHER, secret)
        manifest_unknown(pusher, OTHER, "1")


@pytest.mark.parametrize("how", [
    {"urls": ["https://example.com/x"]},
    {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"},
    {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
     "urls": ["https://example.com/x"]}])
def test_by_a_layer_that_need_not_be_there(larders, pusher, registry, secret, how):
    """A manifest may name such a layer unseen; that does not make it the repository's."""
    content = json.loads(manifest_json(CONFIG, LAYER))
    content["layers"].append({"mediaType": images.OCI_LAYER, "digest": secret,
                              "size": len(SECRET), **how})
    data = json.dumps(content).encode()
    check(pusher.manifest(OTHER, "1", data), 201)
    blob_unknown(pusher, OTHER, secret)
    manifest_is(pusher, OTHER, "1", data, images.OCI_MANIFEST)
    blob_unknown(pusher, OTHER, secret)
    check(pusher.mount("third", secret, OTHER), 202)
    blob_unknown(pusher, "third", secret)
    registry.stop()
    registry.start()
    with Pusher(registry.url) as later:
        blob_unknown(later, OTHER, secret)


def test_by_a_subject(pusher, secret):
    """A subject need not be there, either: naming one of another repository shows nothing."""
    check(pusher.monolithic(REPO, LAYER), 201)
    hidden = manifest_json(SECRET, LAYER)
    check(pusher.manifest(REPO, "1", hidden), 201)
    data = manifest_json(CONFIG, LAYER, subject=named(hidden))
    check(pusher.manifest(OTHER, "1", data), 201)
    manifest_unknown(pusher, OTHER, digest_of(hidden))
    blob_unknown(pusher, OTHER, digest_of(hidden))
    blob_unknown(pusher, OTHER, secret)
    found = pusher.get(f"/v2/{REPO}/referrers/{digest_of(hidden)}")
    assert json.loads(found.body)["manifests"] == []


def test_by_an_index_that_may_be_sparse(larders):
    made = larders(settings={"sparse-indexes": True})
    with Pusher(made.url) as pusher:
        hidden = small(pusher, REPO)
        data = index_of(named(hidden))
        check(pusher.manifest(OTHER, "1", data, images.OCI_INDEX), 201)
        for _ in range(2):
            manifest_unknown(pusher, OTHER, digest_of(hidden))
            blob_unknown(pusher, OTHER, digest_of(LAYER))
            manifest_is(pusher, OTHER, "1", data, images.OCI_INDEX)


def test_by_a_blob_that_is_a_manifest(pusher, secret):
    """The bytes of a manifest as a blob are no manifest; nor is a manifest's digest a blob
    of another repository."""
    data = manifest_json(SECRET, SECRET)
    check(pusher.manifest(REPO, "1", data), 201)
    manifest_unknown(pusher, OTHER, digest_of(data))
    check(pusher.monolithic(OTHER, data), 201)
    manifest_unknown(pusher, OTHER, digest_of(data))
    blob_unknown(pusher, OTHER, secret)


def test_by_its_digest_with_other_bytes(pusher, secret):
    """To say a digest is not to have what it is of."""
    for data in (b"", b"x", SECRET[:-1], SECRET + b"x"):
        refused(pusher.monolithic(OTHER, data, secret), 400, "DIGEST_INVALID")
        refused(pusher.single(OTHER, data, secret), 400, "DIGEST_INVALID")
    refused(pusher.finish(pusher.session(OTHER), secret), 400, "DIGEST_INVALID")
    blob_unknown(pusher, OTHER, secret)
    blob_is(pusher, REPO, secret, SECRET)


def test_by_mount_from_where_it_is_not(pusher, secret):
    for source in (OTHER, "third", OTHER + "/" + REPO):
        check(pusher.mount("third", secret, source), 202)
        blob_unknown(pusher, "third", secret)


def test_through_the_mirror(hub, larders):
    """What is pushed here does not come out under a mirrored name."""
    made = larders({"docker.io": hub.url}, settings={"local": ["team/*"]}, config=DELETES)
    with Pusher(made.url) as pusher:
        data = small(pusher, REPO)
        for name in ("library/thing", "thing"):
            for target in (f"blobs/{digest_of(LAYER)}", f"manifests/{digest_of(data)}"):
                answer = pusher.get(f"/v2/{name}/{target}")
                assert answer.status in (403, 404) and answer.codes, answer.body
        blob_is(pusher, REPO, digest_of(LAYER), LAYER)


# --- too much -------------------------------------------------------------------------

def test_more_sessions_than_are_kept_open(registry, pusher):
    """300 at rest: each can go on, and none costs a descriptor for ever."""
    data = data_of(300)
    at = {i: check(pusher.patch(pusher.session(f"{REPO}/{i % 7}"), data[:i + 1], 0),
                   202).location for i in range(299)}
    assert len(sessions(registry.root)) == 299
    open_files = len(list(Path(f"/proc/{registry.pid}/fd").iterdir()))
    assert open_files < 340, open_files
    for i, location in at.items():
        answer = check(pusher.patch(location, data[i + 1:], i + 1), 202)
        check(pusher.finish(answer.location, digest_of(data)), 201)
    nothing_half_done(registry.root)


def test_the_same_parameter_twice(registry, pusher):
    """Whichever of them counts: what is stored is what it says."""
    right, wrong = digest_of(b"abc"), digest_of(b"other")
    for first, second in ((right, wrong), (wrong, right)):
        answer = pusher.request(
            "POST", f"/v2/{REPO}/blobs/uploads/?digest={first}&digest={second}", b"abc")
        assert answer.status in (201, 400)
        if answer.status == 201:
            assert answer.digest == right
        blob_unknown(pusher, REPO, wrong)


@pytest.mark.parametrize("digest", BAD_DIGESTS, ids=range(len(BAD_DIGESTS)))
def test_bad_digests_of_manifests_in_manifests(registry, pusher, digest):
    before = tree(registry.root)
    entry = {"mediaType": images.OCI_MANIFEST, "digest": digest, "size": 3}
    refused(pusher.manifest(REPO, "1", index_of(entry), images.OCI_INDEX), 400,
            "MANIFEST_INVALID")
    assert tree(registry.root) == before


def test_refused_at_once_by_many(registry):
    """Errors from 32 clients cost nothing that stays."""
    jobs = [lambda p, i=i: [refused(p.monolithic(f"{REPO}{i}", b"x" * 9999, digest_of(b"y")),
                                    400, "DIGEST_INVALID") for _ in range(10)]
            for i in range(32)]
    for found in at_once(registry.url, jobs):
        assert isinstance(found, list), found
    assert not [path for path in tree(registry.root) if path.endswith(("data", "link"))]
