"""Blobs pushed by every way that the distribution specification has, and come back."""

from __future__ import annotations

import os
import time

import pytest

from hub import build, client, images
from hub.push import WAYS, Pusher, check, digest_of, pieces, uploads

from .helpers import MIB, stored_digests, wait_until
from .pushing import (DELETES, NOWHERE, OTHER, REPO, blob_is, blob_unknown, image_is,
                      nothing_half_done, pulls, pusher, refused, registry, session_ok,
                      sessions, small, stored_ok)

SIZES = [0, 1, 2, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 3 * MIB + 17]


def data_of(size: int, seed: int = 0) -> bytes:
    """Bytes that differ at every place, so that misplaced ones show."""
    return b"".join((seed + at).to_bytes(8, "big") for at in range(0, size, 8))[:size]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", SIZES)
def test_a_blob_comes_back(registry, pusher, way, size):
    data = data_of(size)
    stored_ok(pusher.blob(REPO, data, way), REPO, digest_of(data))
    blob_is(pusher, REPO, digest_of(data), data)
    blob_unknown(pusher, OTHER, digest_of(data))
    nothing_half_done(registry.root)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("announced", [None, "sha512"])
def test_a_sha512_blob(registry, pusher, way, announced):
    """Also where the algorithm was not announced: the digest says it in the end."""
    data = data_of(200_000)
    digest = digest_of(data, "sha512")
    if announced and way != "single":
        answer = pusher.begin(REPO, digest_algorithm=announced)
        answer = pusher.patch(session_ok(check(answer, 202), REPO), data)
        answer = pusher.finish(session_ok(answer, REPO, len(data)), digest)
    elif announced:
        answer = pusher.request("POST", uploads(REPO, digest=digest,
                                                digest_algorithm=announced), data)
    else:
        answer = pusher.blob(REPO, data, way, digest)
    stored_ok(answer, REPO, digest)
    blob_is(pusher, REPO, digest, data)
    nothing_half_done(registry.root)


def test_an_algorithm_that_was_announced_is_no_promise(pusher):
    data = data_of(1000)
    for announced, real in (("sha256", "sha512"), ("sha512", "sha256")):
        location = check(pusher.begin(REPO, digest_algorithm=announced), 202).location
        digest = digest_of(data, real)
        stored_ok(pusher.finish(location, digest, data), REPO, digest)
        blob_is(pusher, REPO, digest, data)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "SHA256", "sha384", "", "sha256:"])
def test_unknown_algorithms(registry, pusher, algorithm):
    answer = pusher.request("POST", f"/v2/{REPO}/blobs/uploads/?digest-algorithm={algorithm}")
    refused(answer, 400, "DIGEST_INVALID")
    assert not sessions(registry.root)


def test_the_life_of_a_session(registry, pusher):
    data = data_of(1000)
    location = session_ok(check(pusher.begin(REPO), 202), REPO)
    assert session_ok(check(pusher.get(location), 204), REPO) == location
    answer = check(pusher.patch(location, data[:400], 0), 202)
    location = session_ok(answer, REPO, 400)
    session_ok(check(pusher.get(location), 204), REPO, 400)
    answer = check(pusher.patch(location, iter([data[400:500], data[500:700]])), 202)
    location = session_ok(answer, REPO, 700)
    session_ok(check(pusher.get(location + "?digest=sha256:x"), 204), REPO, 700)
    answer = pusher.finish(location, digest_of(data), data[700:], 700)
    stored_ok(answer, REPO, digest_of(data))
    refused(pusher.get(location), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(pusher.finish(location, digest_of(data)), 404, "BLOB_UPLOAD_UNKNOWN")
    blob_is(pusher, REPO, digest_of(data), data)
    nothing_half_done(registry.root)


def test_the_last_chunk_may_come_in_any_way(pusher):
    data = data_of(1000)
    for i, (last, at) in enumerate([(data[400:], 400), (data[400:], None),
                                    (iter([data[400:600], data[600:]]), None)]):
        location = check(pusher.patch(pusher.session(f"{REPO}{i}"), data[:400], 0),
                         202).location
        stored_ok(pusher.finish(location, digest_of(data), last, at), f"{REPO}{i}",
                  digest_of(data))
        blob_is(pusher, f"{REPO}{i}", digest_of(data), data)


@pytest.mark.parametrize("at", [0, 1, 399, 401, 500, 1 << 40])
@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_a_chunk_out_of_order(pusher, verb, at):
    """416, and the session is as it was; what comes in order is taken then."""
    data = data_of(1000)
    location = check(pusher.patch(pusher.session(REPO), data[:400], 0), 202).location
    answer = (pusher.patch(location, data[400:], at) if verb == "PATCH" else
              pusher.finish(location, digest_of(data), data[400:], at))
    refused(answer, 416, "BLOB_UPLOAD_INVALID")
    assert answer.location == location and answer.range == "0-399"
    session_ok(check(pusher.get(location), 204), REPO, 400)
    answer = check(pusher.patch(location, data[400:600], 400), 202)
    stored_ok(pusher.finish(answer.location, digest_of(data), data[600:], 600), REPO,
              digest_of(data))
    blob_is(pusher, REPO, digest_of(data), data)


def test_the_first_chunk_begins_at_0(pusher):
    location = pusher.session(REPO)
    answer = refused(pusher.patch(location, b"abc", 1), 416, "BLOB_UPLOAD_INVALID")
    assert answer.location == location and answer.range == "0-0"
    check(pusher.patch(location, b"abc", 0), 202)
    stored_ok(pusher.finish(location, digest_of(b"abc")), REPO, digest_of(b"abc"))


@pytest.mark.parametrize("says", ["400-998", "400-1000", "400-400", "400-1099511627776"])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_a_content_range_of_another_length(pusher, says, chunked, verb):
    data = data_of(1000)
    location = check(pusher.patch(pusher.session(REPO), data[:400], 0), 202).location
    target = location if verb == "PATCH" else f"{location}?digest={digest_of(data)}"
    rest = iter(pieces(data[400:], 100)) if chunked else data[400:]
    refused(pusher.request(verb, target, rest, [("Content-Range", says)]), 400,
            "SIZE_INVALID")
    session_ok(check(pusher.get(location), 204), REPO, 400)
    stored_ok(pusher.finish(location, digest_of(data), data[400:], 400), REPO,
              digest_of(data))
    blob_is(pusher, REPO, digest_of(data), data)


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_digest(registry, pusher, way):
    """400, nothing is stored, and what is sent again with the right one is."""
    data, wrong = data_of(100_000), digest_of(b"another")
    refused(pusher.blob(REPO, data, way, wrong), 400, "DIGEST_INVALID")
    for digest in (wrong, digest_of(data)):
        blob_unknown(pusher, REPO, digest)
    assert not stored_digests(registry.root)
    assert way != "single" or not sessions(registry.root), "nobody was told its id"
    stored_ok(pusher.blob(REPO, data, way), REPO, digest_of(data))
    blob_is(pusher, REPO, digest_of(data), data)


BAD_DIGESTS = ["", "sha256", "sha256:", "sha256:abc", "sha256:" + "A" * 64,
               "sha256:" + "0" * 63, "sha256:" + "0" * 65, "sha256:" + "g" * 64,
               "sha512:" + "0" * 64, "md5:d41d8cd98f00b204e9800998ecf8427e",
               "sha256:" + "0" * 64 + "/../x", "x" * 4000, "sha256+b64:" + "0" * 64]


@pytest.mark.parametrize("digest", BAD_DIGESTS, ids=range(len(BAD_DIGESTS)))
def test_what_is_no_digest(registry, pusher, digest):
    refused(pusher.request("POST", uploads(REPO, digest=digest), b"abc"), 400,
            "DIGEST_INVALID")
    assert not sessions(registry.root)
    refused(pusher.finish(pusher.session(REPO), digest, b"abc"), 400, "DIGEST_INVALID")
    assert not stored_digests(registry.root)


def test_a_put_without_digest(registry, pusher):
    refused(pusher.request("PUT", pusher.session(REPO), b"abc"), 400, "DIGEST_INVALID")
    assert not stored_digests(registry.root)


def test_cancel(registry, pusher):
    location = pusher.session(REPO)
    check(pusher.patch(location, b"abc", 0), 202)
    assert len(sessions(registry.root)) == 1
    assert check(pusher.delete(location), 204).body == b""
    assert not sessions(registry.root)
    refused(pusher.delete(location), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(pusher.patch(location, b"abc", 0), 404, "BLOB_UPLOAD_UNKNOWN")


def each_use(pusher: Pusher, location: str):
    """Everything that can be asked of a session."""
    digest = digest_of(b"abc")
    yield lambda: pusher.get(location)
    yield lambda: pusher.patch(location, b"abc")
    yield lambda: pusher.patch(location, b"abc", 0)
    yield lambda: pusher.patch(location, iter([b"abc"]))
    yield lambda: pusher.finish(location, digest, b"abc")
    yield lambda: pusher.finish(location, digest)
    yield lambda: pusher.delete(location)


def test_a_session_that_is_not_there(registry, pusher):
    for use in each_use(pusher, f"/v2/{REPO}/blobs/uploads/{NOWHERE}"):
        refused(use(), 404, "BLOB_UPLOAD_UNKNOWN")
    assert not sessions(registry.root) and not stored_digests(registry.root)


def test_a_session_of_another_repository(registry, pusher):
    """It is not there for any other, and goes on unharmed in its own."""
    location = session_ok(check(pusher.begin(REPO), 202), REPO)
    check(pusher.patch(location, b"abc", 0), 202)
    for other in (OTHER, "team", REPO + "/sub", "thing"):
        for use in each_use(pusher, location.replace(REPO, other)):
            refused(use(), 404, "BLOB_UPLOAD_UNKNOWN")
    session_ok(check(pusher.get(location), 204), REPO, 3)
    stored_ok(pusher.finish(location, digest_of(b"abc")), REPO, digest_of(b"abc"))
    blob_unknown(pusher, OTHER, digest_of(b"abc"))


def test_interleaved_sessions(registry):
    """Of one repository and of two, over one connection and over several."""
    blobs = {data_of(1000, seed): repo for seed, repo in
             ((1, REPO), (2, REPO), (3, OTHER), (4, OTHER))}
    with Pusher(registry.url) as one, Pusher(registry.url) as two:
        at = {data: one.session(repo) for data, repo in blobs.items()}
        for start in range(0, 1000, 250):
            for i, data in enumerate(blobs):
                who = (one, two)[(i + start // 250) % 2]
                at[data] = session_ok(
                    check(who.patch(at[data], data[start:start + 250], start), 202),
                    blobs[data], start + 250)
        for data, repo in reversed(blobs.items()):
            stored_ok(two.finish(at[data], digest_of(data)), repo, digest_of(data))
        for data, repo in blobs.items():
            blob_is(one, repo, digest_of(data), data)
            blob_unknown(one, OTHER if repo == REPO else REPO, digest_of(data))
    nothing_half_done(registry.root)


# --- mounts ---------------------------------------------------------------------------

def test_mount(registry, pusher):
    data = data_of(1000)
    digest = digest_of(data)
    pusher.monolithic(REPO, data)
    answer = pusher.mount(OTHER, digest, REPO)
    stored_ok(answer, OTHER, digest)
    blob_is(pusher, OTHER, digest, data)
    stored_ok(pusher.mount("third", digest), "third", digest)
    blob_is(pusher, "third", digest, data)
    nothing_half_done(registry.root)


def test_mount_by_sha512(pusher):
    data = data_of(1000)
    digest = digest_of(data, "sha512")
    pusher.monolithic(REPO, data, digest)
    stored_ok(pusher.mount(OTHER, digest, REPO), OTHER, digest)
    blob_is(pusher, OTHER, digest, data)


@pytest.mark.parametrize("source", [REPO, OTHER, "not/there", None])
def test_what_cannot_be_mounted_is_uploaded(pusher, source):
    """202, and that session takes the blob."""
    data = data_of(1000)
    location = session_ok(check(pusher.mount(REPO, digest_of(data), source), 202), REPO)
    blob_unknown(pusher, REPO, digest_of(data))
    stored_ok(pusher.finish(location, digest_of(data), data), REPO, digest_of(data))
    blob_is(pusher, REPO, digest_of(data), data)


def test_mount_from_a_repository_that_has_it_not(pusher):
    """That another has it does not count: the client has named one."""
    data = data_of(1000)
    pusher.monolithic("third", data)
    answer = pusher.mount(REPO, digest_of(data), OTHER)
    session_ok(check(answer, 202), REPO)
    blob_unknown(pusher, REPO, digest_of(data))


@pytest.mark.parametrize("digest", BAD_DIGESTS, ids=range(len(BAD_DIGESTS)))
def test_mount_of_what_is_no_digest(registry, pusher, digest):
    """The fallback, or a refusal; never a blob."""
    small(pusher, REPO)
    answer = pusher.mount(OTHER, digest, REPO)
    if answer.status != 202:
        refused(answer, 400, "DIGEST_INVALID")
    assert not (registry.root / f"docker/registry/v2/repositories/{OTHER}/_layers").exists()


# --- restarts and expiry --------------------------------------------------------------

@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_session_survives_a_restart(larders, how):
    """And goes on from what GET says is there."""
    data = data_of(MIB)
    made = larders(config=DELETES)
    with Pusher(made.url) as pusher:
        location = pusher.session(REPO)
        check(pusher.patch(location, data[:300_000], 0), 202)
        check(pusher.patch(location, iter(pieces(data[300_000:400_001]))), 202)
    getattr(made, how)()
    made.start()
    with Pusher(made.url) as pusher:
        answer = check(pusher.get(location), 204)
        had = int(answer.range.removeprefix("0-")) + 1
        assert had <= 400_001
        if how == "stop":
            assert had == 400_001
        refused(pusher.patch(location, data[had + 1:], had + 1), 416, "BLOB_UPLOAD_INVALID")
        answer = check(pusher.patch(location, data[had:700_000], had), 202)
        stored_ok(pusher.finish(answer.location, digest_of(data), data[700_000:], 700_000),
                  REPO, digest_of(data))
        blob_is(pusher, REPO, digest_of(data), data)
    nothing_half_done(made.root)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_session_that_is_finished_after_a_restart(larders, algorithm):
    """Nothing more comes: its bytes are hashed from disk."""
    data = data_of(200_000)
    made = larders(config=DELETES)
    with Pusher(made.url) as pusher:
        location = check(pusher.patch(pusher.session(REPO), data), 202).location
    made.stop()
    made.start()
    with Pusher(made.url) as pusher:
        refused(pusher.finish(location, digest_of(b"other", algorithm)), 400,
                "DIGEST_INVALID")
        if pusher.get(location).status == 204:      # it need not be kept
            stored_ok(pusher.finish(location, digest_of(data, algorithm)), REPO,
                      digest_of(data, algorithm))
            blob_is(pusher, REPO, digest_of(data, algorithm), data)


def test_sessions_expire(larders):
    """The default is a week without a byte.  One that is younger stays and can go on."""
    made = larders(config="storage:\n  maintenance:\n    uploadpurging:\n      interval: 1s\n")
    with Pusher(made.url) as pusher:
        old, young = pusher.session(REPO), pusher.session(REPO)
        check(pusher.patch(young, b"abc", 0), 202)
    made.stop()
    for path in sessions(made.root):
        hours = 169 if old.rpartition("/")[2] in path.name else 167
        os.utime(path, (time.time() - hours * 3600,) * 2)
    made.start()
    wait_until(lambda: len(sessions(made.root)) == 1, "the old one goes")
    with Pusher(made.url) as pusher:
        refused(pusher.get(old), 404, "BLOB_UPLOAD_UNKNOWN")
        stored_ok(pusher.finish(young, digest_of(b"abc")), REPO, digest_of(b"abc"))
    nothing_half_done(made.root)


def test_the_age_of_expiry_is_a_setting(larders):
    """Sessions go while the server runs, those that have been used among them."""
    made = larders(config="storage:\n  maintenance:\n    uploadpurging:\n"
                          "      age: 1s\n      interval: 1s\n")
    with Pusher(made.url) as pusher:
        location = pusher.session(REPO)
        check(pusher.patch(location, b"abc", 0), 202)
        pusher.session(OTHER)
        assert sessions(made.root)
        wait_until(lambda: not sessions(made.root), "both go")
        refused(pusher.patch(location, b"def", 3), 404, "BLOB_UPLOAD_UNKNOWN")


# --- whole images ---------------------------------------------------------------------

@pytest.mark.parametrize("way", WAYS)
def test_an_image_pulls_back(registry, pusher, way):
    image = build("team/thing", attestations=True, docker=way == "patched",
                  layer_size=MIB if way != "single" else 0)
    pusher.image(REPO, "1", image, way)
    image_is(pusher, REPO, "1", image)
    pulls(registry, REPO, "1", image)
    nothing_half_done(registry.root)


def test_names_of_every_depth(registry, pusher):
    image = build("thing", index=False)
    for name in ("a", "library/thing", "a/b/c/d/e/f/g", "a.b/c__d/e---f", "0", "a" * 200):
        pusher.image(name, "1", image)
        pulls(registry, name, "1", image)
    assert len(stored_digests(registry.root)) == len(image.blobs) + 1
    assert client.get(registry.url + "/v2/_catalog").status == 200


def test_pushed_beside_mirrored(hub, larders):
    """What lives here takes pushes and is never looked up outside; what is mirrored is not
    pushed over, and the refusal names the setting."""
    mirrored, own = build("mirrored"), build("own")
    hub.add(mirrored, "library/thing", "1")
    made = larders({"docker.io": hub.url}, settings={"local": ["team/*"]}, config=DELETES)
    with Pusher(made.url) as pusher:
        pulls(made, "library/thing", "1", mirrored)
        before = len(hub.requests())
        pusher.image(REPO, "1", own)
        image_is(pusher, REPO, "1", own)
        blob_unknown(pusher, REPO, digest_of(b"not there"))
        digest = mirrored.manifest().digest
        for answer in (
                pusher.begin("library/thing"), pusher.begin("thing"),
                pusher.single("library/thing", b"abc"),
                pusher.mount("library/thing", digest_of(b"abc"), REPO),
                pusher.patch(f"/v2/library/thing/blobs/uploads/{NOWHERE}", b"abc"),
                pusher.finish(f"/v2/library/thing/blobs/uploads/{NOWHERE}",
                              digest_of(b"abc"), b"abc"),
                pusher.manifest("library/thing", "1", own.root.data, own.root.media_type),
                pusher.manifest("library/new", own.digest, own.root.data,
                                images.OCI_INDEX),
                pusher.delete("/v2/library/thing/manifests/1"),
                pusher.delete(f"/v2/library/thing/manifests/{digest}"),
                pusher.delete(f"/v2/library/thing/blobs/{mirrored.layers()[0].digest}")):
            assert "larder.local" in refused(answer, 405, "UNSUPPORTED").message
        assert len(hub.requests()) == before, "nothing of it concerns the upstream"
        pulls(made, "library/thing", "1", mirrored)
    nothing_half_done(made.root)


def test_nothing_is_mounted_from_a_mirror_unseen(hub, larders):
    """A blob of a mirrored repository may be mounted by name, where it is here already; what
    is not here is uploaded.  Without `from`, too."""
    image = hub.add(build("mirrored"), "library/thing", "1")
    made = larders({"docker.io": hub.url}, settings={"local": ["team/*"]})
    layer = image.layers()[0]
    with Pusher(made.url) as pusher:
        for source in ("library/thing", None):
            session_ok(check(pusher.mount(REPO, layer.digest, source), 202), REPO)
        blob_unknown(pusher, REPO, layer.digest)
        pulls(made, "library/thing", "1", image)
        answer = check(pusher.mount(REPO, layer.digest, "library/thing"), 201, 202)
        if answer.status == 201:
            blob_is(pusher, REPO, layer.digest, layer.read())


def test_read_only(larders):
    """Pulls go on; every change is refused, also where deletes are enabled."""
    made = larders(config=DELETES)
    with Pusher(made.url) as pusher:
        data = small(pusher, REPO)
        open_session = pusher.session(REPO)
    made.stop()
    made.config = DELETES + "  maintenance:\n    readonly:\n      enabled: true\n"
    made.start()
    with Pusher(made.url) as pusher:
        assert pusher.get(f"/v2/{REPO}/manifests/1").body == data
        layer = digest_of(b"layer a" * 10)
        for answer in (pusher.begin(REPO), pusher.begin("new"), pusher.single(REPO, b"x"),
                       pusher.mount(OTHER, layer, REPO), pusher.patch(open_session, b"x"),
                       pusher.finish(open_session, digest_of(b"")),
                       pusher.delete(open_session),
                       pusher.manifest(REPO, "2", data),
                       pusher.delete(f"/v2/{REPO}/manifests/1"),
                       pusher.delete(f"/v2/{REPO}/manifests/{digest_of(data)}"),
                       pusher.delete(f"/v2/{REPO}/blobs/{layer}")):
            refused(answer, 405, "UNSUPPORTED")
        blob_unknown(pusher, OTHER, layer)
        assert pusher.get(f"/v2/{REPO}/manifests/1").body == data
