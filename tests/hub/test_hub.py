"""The hub answers as the real registries do, when nothing is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import pytest

from hub import Control, Hub, build, client, eleven, images

REPO = "library/thing"


@pytest.fixture
def hub():
    with Hub() as made:
        made.add(build("thing", attestations=True), REPO, "1")
        yield made


@pytest.fixture
def open_hub():
    """Without tokens, so that single requests can be looked at."""
    with Hub(auth="none", quota=100) as made:
        made.add(build("thing"), REPO, "1")
        yield made


# --- images ---

def test_images_are_the_same_every_time_and_differ_by_version():
    assert build("a").digest == build("a").digest
    assert build("a").digest != build("a", "2").digest
    assert [str(n) for n in eleven()] == [str(n) for n in eleven()]
    assert len(eleven()) == 11 and len(eleven(host="gcr.io")) == 1


@pytest.mark.parametrize("docker", (False, True))
def test_every_digest_size_and_diff_id_is_true(docker):
    image = build("a", docker=docker, attestations=True, layer_size=200_000)
    for digest, manifest in image.manifests.items():
        assert images.sha256(manifest.data) == digest
    for digest, blob in image.blobs.items():
        data = blob.read()
        assert images.sha256(data) == digest and len(data) == blob.size
    for platform in image.platforms:
        diff_ids = json.loads(image.config(platform).read())["rootfs"]["diff_ids"]
        for blob, diff_id in zip(image.layers(platform), diff_ids, strict=True):
            tar = zlib.decompress(blob.read(), 31)
            assert images.sha256(tar) == diff_id
            assert tarfile.open(fileobj=io.BytesIO(tar)).getnames()
    index = image.root.json
    unknown = [m for m in index["manifests"] if m["platform"]["os"] == "unknown"]
    assert {m["annotations"]["vnd.docker.reference.digest"] for m in unknown} == \
        set(image.platforms.values())


def test_a_sparse_layer_takes_no_room_but_has_its_size():
    layer = images.large_layer(64 << 20, gzip=False, zeros=True)
    found = os.stat(layer.blob.path)
    assert found.st_size == layer.blob.size > 64 << 20
    assert found.st_blocks * 512 < 1 << 20
    with open(layer.blob.path, "rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == layer.blob.digest[7:]


# --- pulls ---

@pytest.mark.parametrize("style", ("docker", "containerd", "podman"))
def test_every_kind_of_client_pulls(hub, style):
    ns = "docker.io" if style == "containerd" else None
    result = client.pull(hub.url, REPO, "1", style=style, ns=ns)
    assert result.ok, result.errors
    assert result.digest == build("thing", attestations=True).digest
    assert hub.count(kind="manifest_get", status=200) == hub.quota_spent == 2
    assert hub.count(kind="cdn", authorization=None) == hub.count(kind="cdn") == 3
    assert hub.count(kind="ping") == (0 if style == "containerd" else 2)
    if ns:
        assert hub.requests(kind="manifest_get")[0].query["ns"] == ["docker.io"]


def test_all_eleven_pull_and_weigh_what_they_should():
    with Hub() as hub:
        for one in hub.add_all(eleven()):
            sent = hub.bytes_sent
            result = client.pull(hub.url, one.repository, one.tag,
                                 platform="linux/arm64/v8")
            assert result.ok, (str(one), result.errors)
            assert hub.bytes_sent - sent >= one.image.pull_size("linux/arm64/v8")


def test_a_moved_tag_and_deleted_things(hub):
    old = build("thing", attestations=True)
    new = build("thing", "2")
    hub.move_tag(REPO, "1", new)
    assert client.pull(hub.url, REPO, "1").digest == new.digest
    assert client.pull(hub.url, REPO, old.digest).ok
    hub.delete_digest(REPO, old.digest)
    assert client.pull(hub.url, REPO, old.digest).error_status == 404
    hub.delete_tag(REPO, "1")
    assert client.pull(hub.url, REPO, "1").error_status == 404


# --- manifests ---

def test_manifest_headers(open_hub):
    digest = build("thing").digest
    answer = client.get(f"{open_hub.url}/v2/{REPO}/manifests/1")
    assert answer.status == 200 and images.sha256(answer.body) == digest
    assert answer.header("content-type") == images.OCI_INDEX
    assert answer.header("docker-content-digest") == digest
    assert answer.header("docker-distribution-api-version") == "registry/2.0"
    head = client.get(f"{open_hub.url}/v2/{REPO}/manifests/1", method="HEAD")
    assert head.body == b"" and int(head.header("content-length")) == len(answer.body)


def test_a_manifest_not_modified(open_hub):
    url = f"{open_hub.url}/v2/{REPO}/manifests/1"
    etag = client.get(url).header("etag")
    assert client.get(url, headers={"If-None-Match": etag}, method="HEAD").status == 304


@pytest.mark.parametrize("path, status, code", (
    (f"{REPO}/manifests/nope", 404, "MANIFEST_UNKNOWN"),
    ("no/such/manifests/1", 404, "NAME_UNKNOWN"),
    (f"{REPO}/blobs/sha256:{'0' * 64}", 404, "BLOB_UNKNOWN"),
    (f"{REPO}/referrers/sha256:{'0' * 64}", 404, "UNSUPPORTED"),
    ("_catalog", 404, "UNSUPPORTED")))
def test_what_is_not_there(open_hub, path, status, code):
    answer = client.get(f"{open_hub.url}/v2/{path}")
    assert answer.status == status
    assert json.loads(answer.body)["errors"][0]["code"] == code


def test_tags_come_in_pages(open_hub):
    for tag in ("2", "B", "a"):
        open_hub.move_tag(REPO, tag, build("thing"))
    seen, path = [], f"/v2/{REPO}/tags/list?n=3"
    while path:
        answer = client.get(open_hub.url + path)
        seen.append(json.loads(answer.body)["tags"])
        link = answer.header("link")
        path = link[1:link.index(">")] if link else None
    assert seen == [["1", "2", "B"], ["a"]]


def test_referrers_are_found_by_subject():
    with Hub(auth="none", referrers=True) as hub:
        image = hub.add(build("thing"), REPO)
        signature = images.referrer(image.root, "application/vnd.example.sig", b"signed")
        hub.add(signature, REPO, None)
        url = f"{hub.url}/v2/{REPO}/referrers/{image.digest}"
        found = json.loads(client.get(url).body)["manifests"]
        assert [one["digest"] for one in found] == [signature.digest]
        other = client.get(url + "?artifactType=other")
        assert json.loads(other.body)["manifests"] == []
        assert other.header("oci-filters-applied") == "artifactType"


# --- blobs and the CDN ---

def test_a_blob_is_elsewhere_and_takes_no_authorization(open_hub):
    blob = build("thing").layers()[0]
    url = f"{open_hub.url}/v2/{REPO}/blobs/{blob.digest}"
    for method in ("GET", "HEAD"):
        answer = client.get(url, method=method)
        assert answer.status == 307
        assert answer.header("location").startswith(open_hub.cdn_url)
    signed = answer.header("location")
    found = client.get(signed)
    assert found.status == 200 and found.body == blob.read()
    assert found.header("accept-ranges") == "bytes"
    assert blob.digest[7:] not in found.header("etag")
    assert client.get(signed, method="HEAD").header("content-length") == str(blob.size)
    assert client.get(signed, headers={"Authorization": "Bearer x"}).status == 400
    assert client.get(signed[:-1] + "x").status == 403
    open_hub.advance(2999)
    assert client.get(signed).status == 200
    open_hub.advance(2)
    assert client.get(signed).status == 403


@pytest.mark.parametrize("asked, status, first, last", (
    ("bytes=0-", 206, 0, None), ("bytes=5-9", 206, 5, 9), ("bytes=-4", 206, -4, None),
    ("bytes=5-999999", 206, 5, None), ("bytes=999999-", 416, 0, 0),
    ("bytes=9-5", 416, 0, 0), ("bytes=0-1,3-4", 200, 0, None), ("bytes=x", 200, 0, None)))
def test_ranges(open_hub, asked, status, first, last):
    blob = build("thing").layers()[0]
    data = blob.read()
    answer = client.get(open_hub.registry.sign(blob.digest), headers={"Range": asked})
    assert answer.status == status
    if status == 416:
        assert answer.header("content-range") == f"bytes */{blob.size}"
        return
    want = data[first:] if last is None else data[first:last + 1]
    assert answer.body == want
    if status == 206:
        start = len(data) - 4 if first < 0 else first
        assert answer.header("content-range") == \
            f"bytes {start}-{start + len(want) - 1}/{len(data)}"


def test_other_registries_blobs():
    image = build("thing")
    digest = image.layers()[0].digest
    with Hub(auth="none", redirect=0, ranges=False, digest_header=False,
             head_length=False) as hub:
        hub.add(image, REPO, "1")
        url = f"{hub.url}/v2/{REPO}/blobs/{digest}"
        assert client.get(url, headers={"Range": "bytes=5-"}).status == 200
        assert client.get(url, method="HEAD").header("content-length") is None
        head = client.get(f"{hub.url}/v2/{REPO}/manifests/1", method="HEAD")
        assert head.header("content-length") is None
        assert head.header("docker-content-digest") is None
        hub.config.redirect = 302
        assert client.get(url).status == 302
        hub.config.method_bound = True
        signed = client.get(url, method="HEAD").header("location")
        assert client.get(signed, method="HEAD").status == 403
        assert client.get(signed).status == 200
        hub.config.head_blob_401 = True
        assert client.get(url, method="HEAD").status == 401
        hub.config.redirect_manifests = True
        moved = client.get(f"{hub.url}/v2/{REPO}/manifests/1")
        assert moved.status == 307
        assert images.sha256(client.get(moved.header("location")).body) == image.digest


# --- quota ---

def test_quota_counts_gets_and_refuses_but_answers_heads(open_hub):
    hub, url = open_hub, f"{open_hub.url}/v2/{REPO}/manifests/1"
    hub.set_quota(100, used=98)
    for method, left in (("HEAD", 2), ("GET", 1), ("HEAD", 1), ("GET", 0)):
        answer = client.get(url, method=method)
        assert answer.status == 200
        assert answer.header("ratelimit-limit") == "100;w=21600"
        assert answer.header("ratelimit-remaining") == f"{left};w=21600"
        assert answer.header("docker-ratelimit-source") == "127.0.0.1"
    refused = client.get(url)
    assert refused.status == 429 and refused.header("retry-after") is None
    assert json.loads(refused.body)["errors"][0]["code"] == "TOOMANYREQUESTS"
    assert client.get(url, method="HEAD").status == 200
    hub.quota.retry_after = 30
    assert client.get(url).header("retry-after") == "30"
    assert hub.quota_spent == 2
    hub.advance(21600)
    assert client.get(url).status == 200


@pytest.mark.parametrize("rolling,refused_count,back", [
    (False, False, (2, 2)), (True, False, (1, 2)), (True, True, (0, 2)),
    (False, True, (2, 2))])
def test_when_the_quota_is_back(rolling, refused_count, back):
    """Two pulls, an hour apart, and a refusal after the second."""
    with Hub(auth="none", quota=2, quota_rolling=rolling,
             quota_refused_count=refused_count) as hub:
        def left() -> int:
            return max(0, 2 - hub.quota.used())

        assert hub.quota.spend(None, "127.0.0.1")
        hub.advance(3600)
        assert hub.quota.spend(None, "127.0.0.1")
        hub.advance(1)
        assert not hub.quota.spend(None, "127.0.0.1") and left() == 0
        hub.advance(5 * 3600)
        first = left()
        hub.advance(3600)
        assert (first, left()) == back and hub.quota_spent == 2


def test_no_quota_no_headers(hub):
    assert client.pull(hub.url, REPO, "1").ok
    assert not any("ratelimit" in str(step.headers) for step in
                   client.pull(hub.url, REPO, "1").steps)
    assert hub.quota_spent == 4


# --- TLS, control, speed ---

def test_tls_with_its_own_authority():
    with Hub(tls=True) as hub:
        hub.add(build("thing", layer_size=3 << 20), REPO, "1")
        result = client.pull(hub.url, REPO, "1", ca_file=hub.ca_file)
        assert result.ok and hub.url.startswith("https://"), result.errors
        assert "CERTIFICATE_VERIFY_FAILED" in client.pull(hub.url, REPO, "1").errors[0]
    with Hub(tls=True, cdn_tls=False, auth="none") as hub:
        hub.add(build("thing"), REPO, "1")
        steps = client.pull(hub.url, REPO, "1", ca_file=hub.ca_file).steps
        assert any(step.url.startswith("http://") for step in steps)


def ask(url: str, given: dict | None = None) -> object:
    data = None if given is None else json.dumps(given).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
        return json.load(answer)


def test_on_its_own_with_control():
    here = Path(__file__).resolve().parent.parent
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "--quota", "50", "--with-stdin"], cwd=here,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        found = dict(process.stdout.readline().strip().split("=", 1) for _ in range(4))
        control = found["HUB_CONTROL"] + "/_hub"
        rule = ask(f"{control}/fault", {"kind": "cdn", "fault": "status", "code": 503,
                                        "count": 1})
        result = client.pull(found["HUB_URL"], "library/redis", "7.4-alpine")
        assert result.error_status == 503
        assert ask(f"{control}/rule?id={rule['id']}")["hits"] == 1
        assert client.pull(found["HUB_URL"], "library/redis", "7.4-alpine").ok
        assert ask(f"{control}/count?kind=cdn&status=503") == {"count": 1}
        assert ask(f"{control}/")["quota_spent"] == 4
        ask(f"{control}/add", {"repository": "a/b", "tag": "x", "version": "9"})
        assert client.pull(found["HUB_URL"], "a/b", "x").ok
        with pytest.raises(urllib.error.HTTPError, match="400"):
            ask(f"{control}/fault", {"kind": "cdn", "fault": "nonesuch"})
        ask(f"{control}/reset", {})
        assert ask(f"{control}/")["requests"] == {}
        process.stdin.close()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def test_control_beside_a_hub_in_this_process(hub):
    control = Control(hub).start()
    try:
        gate = ask(f"{control.url}/_hub/hold", {"kind": "manifest_head"})
        ask(f"{control.url}/_hub/clear", gate)
        ask(f"{control.url}/_hub/config", {"redirect": 0})
        assert client.pull(hub.url, REPO, "1").ok and hub.count(kind="cdn") == 0
        assert "Bearer" in str(ask(f"{control.url}/_hub/requests?kind=blob"))
        assert "ey" not in str(ask(f"{control.url}/_hub/requests?kind=blob"))
    finally:
        control.stop()


def test_tls_at_a_port_without_is_not_left_waiting():
    """Clients that allow both try TLS first."""
    with Hub(auth="none") as hub:
        address, _, port = hub.url.removeprefix("http://").partition(":")
        with socket.create_connection((address, int(port)), 5) as sock:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01")
            assert sock.recv(1) == b""


def test_speed_is_told_not_judged(record_property):
    """256 MiB by sendfile to one client, and 32 clients at once."""
    image = build("big", platforms=("linux/amd64",), layer_size=256 << 20)
    with Hub(auth="none") as hub:
        hub.add(image, REPO, "big")
        hub.add(build("thing"), REPO, "1")
        blob = image.layers()[-1]
        began = time.monotonic()
        answer = client.get(hub.registry.sign(blob.digest), timeout=30, until="eof",
                            headers={"Connection": "close"}, sink=lambda piece: None)
        rate = blob.size / (time.monotonic() - began) / 1e9
        assert answer.received == blob.size
        began = time.monotonic()
        results = client.pull_many(32, hub.url, REPO, "1")
        pulls = time.monotonic() - began
        assert all(result.ok for result in results)
    record_property("sendfile_GB_per_s", round(rate, 2))
    print(f"\nsendfile {rate:.2f} GB/s; 32 pulls at once {pulls:.2f} s")
