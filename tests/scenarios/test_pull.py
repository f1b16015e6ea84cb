"""The pull side of the OCI distribution specification, header by header."""

from __future__ import annotations

import http.client
import json

import pytest

from hub import Image, build, client, images
from hub.images import Manifest

from .helpers import (MIB, TAIL, Download, ask, blob_path, codes, message, outcome,
                      stored_digests, wait_until)

REPO = "library/thing"
SIZE = 6 * MIB          # above what is held back whole


@pytest.fixture
def image(hub):
    return hub.add(build("thing", layer_size=SIZE), REPO, "1")


@pytest.fixture
def big(image):
    return image.layers()[-1]


@pytest.fixture
def warm(larder, image):
    """A larder that has the image."""
    made = larder()
    assert client.pull(made.url, REPO, "1").ok
    return made


@pytest.fixture
def arriving(larder, hub, image, big):
    """A larder in which the big layer is on its way: 2 MiB have come, the rest waits."""
    made = larder()
    gate = hub.hold("cdn", big.digest[7:], after_bytes=2 * MIB)
    first = Download(made, blob_path(REPO, big.digest))
    first.wait_bytes(2 * MIB - 4096)
    yield made
    gate.release()
    assert first.wait_end().digest == big.digest
    assert hub.count(kind="cdn", path=big.digest[7:]) == 1


# --- the base -------------------------------------------------------------------------

def test_ping(larder):
    made = larder()
    for path in ("/v2/", "/v2"):
        answer = ask(made, path)
        assert (answer.status, answer.body) == (200, b"{}")
        assert answer.header("docker-distribution-api-version") == "registry/2.0"
        assert answer.header("content-type") == "application/json"
    assert ask(made, "/v2/", "HEAD").body == b""


def test_health_and_readiness_without_upstream(hub, larder):
    made = larder()
    assert ask(made, "/healthz").status == ask(made, "/readyz").status == 200
    assert ask(made, "/metrics").header("content-type").startswith("text/plain")
    assert not hub.requests()


def test_connections_are_kept(warm, image, big):
    """One connection carries all kinds of answers, but not what announces a body."""
    paths = ["/v2/", f"/v2/{REPO}/manifests/1", blob_path(REPO, big.digest), "/nothing",
             f"/v2/{REPO}/tags/list", f"/v2/{REPO}/manifests/none"]
    connection = http.client.HTTPConnection("127.0.0.1", warm.port, timeout=10)
    connection.connect()
    ours = connection.sock.getsockname()
    for path in paths:
        for method in ("GET", "HEAD"):
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            assert not answer.will_close, (method, path)
            assert connection.sock.getsockname() == ours
    connection.request("PUT", f"/v2/{REPO}/manifests/2", body=b"{}")
    answer = connection.getresponse()
    assert answer.status == 405 and answer.read()
    connection.close()


# --- manifests ------------------------------------------------------------------------

@pytest.mark.parametrize("docker, index", [(False, True), (True, True), (False, False),
                                           (True, False)])
def test_manifest_headers(hub, larder, docker, index):
    image = hub.add(build("types", docker=docker, index=index), REPO, "t")
    made = larder()
    for reference in ("t", image.digest):
        for _ in range(2):
            answer = ask(made, f"/v2/{REPO}/manifests/{reference}")
            assert answer.status == 200 and answer.body == image.root.data
            assert answer.header("content-type") == image.root.media_type
            assert answer.header("docker-content-digest") == image.digest
            assert answer.header("etag") == f'"{image.digest}"'
            assert answer.header("content-length") == str(len(image.root.data))
            assert answer.header("docker-distribution-api-version") == "registry/2.0"
            assert answer.header("warning") is None
    assert hub.quota_spent == 1


@pytest.mark.parametrize("kind", [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.example.thing.v7+json"])
def test_content_type_that_the_bytes_do_not_tell(hub, larder, kind):
    """Without mediaType inside, only the upstream's header says what it is."""
    made_of = build("untold", index=False)
    body = {k: v for k, v in made_of.root.json.items() if k != "mediaType"}
    root = Manifest(kind, json.dumps(body).encode())
    image = hub.add(Image(root, {root.digest: root}, made_of.blobs), REPO, "u")
    made = larder()
    for _ in range(2):
        for reference in ("u", image.digest):
            answer = ask(made, f"/v2/{REPO}/manifests/{reference}")
            assert answer.header("content-type") == kind
            assert answer.body == root.data
        made.stop()
        made = larder()                     # and the store remembers
    assert hub.quota_spent == 1


def test_head_manifest_is_get_without_the_body(warm, image):
    for reference in ("1", image.digest):
        got = ask(warm, f"/v2/{REPO}/manifests/{reference}")
        head = ask(warm, f"/v2/{REPO}/manifests/{reference}", "HEAD", until="close",
                   timeout=0.3)
        assert head.status == 200 and head.body == b"" and head.end == "timeout"
        for name in ("content-type", "content-length", "docker-content-digest", "etag"):
            assert head.header(name) == got.header(name), name


def test_if_none_match(warm, image, big):
    tag, other = f'"{image.digest}"', f'"{big.digest}"'
    for path, mine, foreign in ((f"/v2/{REPO}/manifests/1", tag, other),
                                (f"/v2/{REPO}/manifests/{image.digest}", tag, other),
                                (blob_path(REPO, big.digest), other, tag)):
        for value in (mine, f"W/{mine}", f'"x", {mine}', "*", mine.strip('"')):
            answer = ask(warm, path, headers={"If-None-Match": value})
            assert answer.status == 304 and answer.body == b"", (path, value)
            assert answer.header("etag") == mine
        assert ask(warm, path, headers={"If-None-Match": foreign}).status == 200


def test_oci_namespace_only_with_ns(warm, image, big):
    for path in (f"/v2/{REPO}/manifests/1", blob_path(REPO, big.digest),
                 f"/v2/{REPO}/tags/list"):
        assert ask(warm, path).header("oci-namespace") is None
        for method in ("GET", "HEAD"):
            answer = ask(warm, path + "?ns=docker.io", method)
            assert answer.status == 200 and answer.header("oci-namespace") == "docker.io"


# --- blobs ----------------------------------------------------------------------------

def test_blob_headers(warm, big):
    got = ask(warm, blob_path(REPO, big.digest))
    assert got.status == 200 and got.body == big.read()
    head = ask(warm, blob_path(REPO, big.digest), "HEAD", until="close", timeout=0.3)
    assert head.status == 200 and head.body == b""
    for answer in (got, head):
        assert answer.header("content-length") == str(big.size)
        assert answer.header("docker-content-digest") == big.digest
        assert answer.header("etag") == f'"{big.digest}"'
        assert answer.header("accept-ranges") == "bytes"
        assert answer.header("content-type") == "application/octet-stream"


def check_ranges(larder, blob, last_known: int) -> None:
    """last_known: how much there is for sure, so that no range waits for more."""
    path, size, data = blob_path(REPO, blob.digest), blob.size, blob.read()

    def part(text: str, **headers: str) -> client.RawAnswer:
        return ask(larder, path, headers={"Range": text, **headers}, timeout=20)

    for text, first, last in (
            ("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=1000-1999", 1000, 1999),
            (f"bytes={last_known - 10}-{last_known - 1}", last_known - 10, last_known - 1),
            ("Bytes=5-6", 5, 6), ("bytes= 5-6 ", 5, 6)):
        answer = part(text)
        assert answer.status == 206, text
        assert answer.header("content-range") == f"bytes {first}-{last}/{size}"
        assert answer.header("content-length") == str(last - first + 1)
        assert answer.body == data[first:last + 1]
    for text in (f"bytes={size}-", f"bytes={size}-{size + 5}", "bytes=-0", "bytes=9-3",
                 f"bytes={10 ** 30}-"):
        answer = part(text)
        assert answer.status == 416 and codes(answer), text
        assert answer.header("content-range") == f"bytes */{size}"
    answer = part("bytes=3-4", **{"If-Range": f'"{blob.digest}"'})
    assert answer.status == 206 and answer.body == data[3:5]


def check_whole(larder, blob) -> None:
    """What is no range, or not one that is served, is answered whole (RFC 9110 14.2)."""
    path, data = blob_path(REPO, blob.digest), blob.read()
    for headers in ({"Range": "bytes=0-1,5-6"},
                    {"Range": "bytes=x-y"}, {"Range": "lines=0-3"}, {"Range": "bytes"},
                    {"Range": "bytes=3-4", "If-Range": '"other"'},
                    {"Range": "bytes=3-4", "If-Range": f'W/"{blob.digest}"'},
                    {"Range": "bytes=3-4", "If-Range": "Tue, 02 Jan 2024 03:04:05 GMT"}):
        answer = ask(larder, path, headers=headers, timeout=20)
        assert answer.status == 200 and answer.body == data, headers
        assert answer.header("content-range") is None


def check_ends(larder, blob) -> None:
    """Ranges that reach the end."""
    path, size, data = blob_path(REPO, blob.digest), blob.size, blob.read()
    for text, first in ((f"bytes={size - 5}-", size - 5), ("bytes=-5", size - 5),
                        (f"bytes={size - 5}-{size + 1000}", size - 5), ("bytes=0-", 0),
                        (f"bytes=-{size + 1}", 0), (f"bytes={size - 1}-", size - 1),
                        (f"bytes=7-{10 ** 30}", 7)):
        answer = ask(larder, path, headers={"Range": text}, timeout=20)
        assert answer.status == 206, text
        assert answer.header("content-range") == f"bytes {first}-{size - 1}/{size}"
        assert answer.body == data[first:]


def test_ranges_of_a_stored_blob(warm, hub, big):
    before = hub.count()
    check_ranges(warm, big, big.size)
    check_ends(warm, big)
    check_whole(warm, big)
    head = ask(warm, blob_path(REPO, big.digest), "HEAD", headers={"Range": "bytes=0-1"})
    assert head.status == 200 and head.header("content-length") == str(big.size)
    assert hub.count() == before


def test_ranges_of_a_blob_that_is_arriving(arriving, hub, big):
    check_ranges(arriving, big, 2 * MIB - 4096)
    assert big.digest not in stored_digests(arriving.root)
    assert hub.count(kind="cdn", done=True) == 0        # still behind its gate
    assert outcome(arriving, "joined", kind="blob") > 0


def test_ranges_to_the_end_wait_for_it(arriving, hub, big):
    """They get their header at once, and their bytes when the digest is proved."""
    size = big.size
    waiting = [Download(arriving, blob_path(REPO, big.digest), headers={"Range": text})
               for text in ("bytes=-10", f"bytes={size - TAIL}-{size + 7}", "bytes=1-2,5-9")]
    for one in waiting[:2]:
        wait_until(lambda one=one: one.head, "the header")
        assert one.answer.status == 206 and not one.body
    hub.release_all()
    data = big.read()
    bodies = [bytes(one.wait_end().body) for one in waiting]
    assert [len(body) for body in bodies] == [10, TAIL, size]
    assert bodies == [data[-10:], data[-TAIL:], data]
    assert waiting[0].answer.header("content-range") == \
        f"bytes {size - 10}-{size - 1}/{size}"
    assert [one.answer.status for one in waiting] == [206, 206, 200]
    check_ends(arriving, big)


def test_head_of_a_blob_that_is_arriving(arriving, big):
    head = ask(arriving, blob_path(REPO, big.digest), "HEAD")
    assert head.status == 200 and head.header("content-length") == str(big.size)


def test_a_blob_of_no_bytes(hub, larder):
    """Nobody makes one, but a manifest may name it."""
    empty = images.Blob(images.sha256(b""), 0, data=b"")
    base = build("hollow", index=False)
    hub.add(Image(base.root, base.manifests, {**base.blobs, empty.digest: empty}), REPO, "h")
    made = larder()
    for _ in range(2):
        answer = ask(made, blob_path(REPO, empty.digest))
        assert answer.status == 200 and answer.body == b""
        assert answer.header("content-length") == "0"
    assert ask(made, blob_path(REPO, empty.digest), headers={"Range": "bytes=0-"}) \
        .status == 416


# --- lists ----------------------------------------------------------------------------

def walk(larder, path: str, key: str) -> list[list[str]]:
    """Every page, as Link leads on."""
    pages = []
    while path:
        answer = ask(larder, path)
        assert answer.status == 200, answer.data
        pages.append(json.loads(answer.body)[key])
        link = answer.header("link")
        if link is None:
            return pages
        assert link.endswith('>; rel="next"')
        path = link[link.index("<") + 1:link.index(">")]
        assert len(pages) < 50
    return pages


def test_tags_with_paging(hub, larder):
    image = build("tags")
    names = [f"{i:02}" for i in range(7)] + ["Z", "a", "latest"]
    for name in names:
        hub.add(image, REPO, name)
    made = larder()
    answer = ask(made, f"/v2/{REPO}/tags/list")
    assert json.loads(answer.body) == {"name": REPO, "tags": sorted(names)}
    assert answer.header("content-type") == "application/json"
    assert answer.header("link") is None
    assert walk(made, f"/v2/{REPO}/tags/list?n=4", "tags") == [
        sorted(names)[:4], sorted(names)[4:8], sorted(names)[8:]]
    assert walk(made, f"/v2/{REPO}/tags/list?n=10", "tags") == [sorted(names)]
    assert walk(made, f"/v2/{REPO}/tags/list?last=05", "tags") == [sorted(names)[6:]]
    assert walk(made, f"/v2/{REPO}/tags/list?n=2&last=Z", "tags") == [["a", "latest"]]
    assert walk(made, f"/v2/{REPO}/tags/list?last=zzz", "tags") == [[]]
    assert walk(made, f"/v2/{REPO}/tags/list?n=0", "tags") == [[]]
    ns = ask(made, f"/v2/{REPO}/tags/list?n=1&ns=docker.io").header("link")
    assert "ns=docker.io" in ns
    assert hub.count(kind="tags", status=200) == 1      # one list serves all its pages
    for bad in ("-1", "x", "", "1x"):
        answer = ask(made, f"/v2/{REPO}/tags/list?n={bad}")
        assert answer.status == 400 and codes(answer), bad
    assert hub.quota_spent == 0


def test_catalog_with_paging(hub, larder):
    names = [f"team{i}/app" for i in range(5)] + ["library/z"]
    made = larder()
    assert walk(made, "/v2/_catalog", "repositories") == [[]]
    for name in names:
        image = hub.add(build(name), name, "1")
        assert ask(made, f"/v2/{name}/manifests/{image.digest}").status == 200
    assert walk(made, "/v2/_catalog", "repositories") == [sorted(names)]
    assert walk(made, "/v2/_catalog?n=4", "repositories") == [sorted(names)[:4],
                                                              sorted(names)[4:]]
    assert walk(made, "/v2/_catalog?last=team2/app", "repositories") == [
        ["team3/app", "team4/app"]]
    assert ask(made, "/v2/_catalog?n=x").status == 400
    assert not hub.count(kind="catalog")


# --- failures -------------------------------------------------------------------------

ABSENT = "sha256:" + "1" * 64


@pytest.mark.parametrize("path, status, code", [
    (f"/v2/{REPO}/manifests/none", 404, "MANIFEST_UNKNOWN"),
    (f"/v2/{REPO}/manifests/{ABSENT}", 404, "MANIFEST_UNKNOWN"),
    (f"/v2/{REPO}/blobs/{ABSENT}", 404, "BLOB_UNKNOWN"),
    (f"/v2/{REPO}/manifests/sha256:12", 400, "DIGEST_INVALID"),
    (f"/v2/{REPO}/manifests/-x", 400, "TAG_INVALID"),
    (f"/v2/{REPO}/blobs/latest", 400, "DIGEST_INVALID"),
    ("/v2/Bad/Name/manifests/1", 400, "NAME_INVALID"),
    ("/v2/manifests/1", 404, None),
    ("/v2/x", 404, None),
    ("/nothing", 404, None),
    ("/", 404, None),
])
def test_every_failure_has_an_oci_body(larder, image, path, status, code):
    made = larder()
    answer = ask(made, path)
    assert answer.status == status, answer.data
    assert codes(answer) == [code] if code else codes(answer)
    head = ask(made, path, "HEAD")
    assert head.status == status and head.body == b""
    assert answer.header("docker-distribution-api-version") == "registry/2.0"


def test_refused_by_the_upstream_is_not_404(hub, larder):
    """Hub says 401 for what does not exist and for what is private: nobody can know."""
    made = larder()
    hub.config.private["team/secret"] = {"alice"}
    hub.add(build("secret"), "team/secret", "1")
    for path in ("/v2/team/secret/manifests/1", "/v2/team/none/manifests/1"):
        answer = ask(made, path)
        assert answer.status in (401, 403), answer.data
        assert codes(answer) in (["DENIED"], ["UNAUTHORIZED"])
        assert "docker.io" in message(answer) and "team/" in message(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_pushes_are_refused(warm, hub, image, big, method):
    before = hub.count()
    for path in (f"/v2/{REPO}/blobs/uploads/", f"/v2/{REPO}/blobs/uploads/some-id",
                 f"/v2/{REPO}/manifests/2", blob_path(REPO, big.digest), "/v2/",
                 "/v2/_catalog", f"/v2/{REPO}/tags/list"):
        answer = ask(warm, path, method, headers={"Content-Length": "0"})
        assert answer.status == 405, (path, answer.data)
        assert codes(answer) == ["UNSUPPORTED"]
    assert ask(warm, f"/v2/{REPO}/manifests/1").body == image.root.data
    assert hub.count() == before


def test_metrics_say_what_was_saved(warm, hub, image):
    pulled = image.pull_size()
    for _ in range(3):
        assert client.pull(warm.url, REPO, "1").ok
    assert warm.metric("larder_saved_bytes_total", kind="blob") == 3 * pulled
    assert warm.metric("larder_saved_requests_total", kind="manifest") >= 6
    assert warm.metric("larder_upstream_received_bytes_total", kind="cdn") == pulled
    assert warm.metric("larder_http_sent_bytes_total", kind="blob") == 4 * pulled
    assert warm.metric("larder_upstream_requests_total", kind="manifest_get",
                       status="200") == hub.quota_spent == 2
    wait_until(lambda: warm.metric("larder_flights") == 0, "what came is stored")
