"""Pushing blobs: every way in, byte for byte out again, and what is refused."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.push import Pusher, digest_of
from hub import build, client

from .helpers import DELETES, MIB, answered, ask, assert_pulled, blob_path, stored_digests, wait_until

REPO = "bakery/app"


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


# --- what is not for pushing --------------------------------------------------------------

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
