"""The upstream floor against an upstream that is down, slow, cut off or lying."""

from __future__ import annotations

import os
import socket

import pytest

from . import probe
from hub import Hub, build

REPO = "library/thing"
IMAGE = build("thing", layer_size=300_000)
BLOB = IMAGE.layers()[-1]
DIGEST = IMAGE.manifest().digest
QUICK = {"connect_ms": 400, "header_ms": 400, "stall_ms": 400}
LATE_MS = 3000      # a busy machine's; far from the 10 s that are the default limits


@pytest.fixture
def hub():
    with Hub(hide_missing=False) as made:
        made.add(IMAGE, REPO, "1")
        yield made


def fails(hub, operation, ref, kind, **options):
    found = probe.failure(operation, hub.url, REPO, ref, **options)
    assert found["kind"] == kind, found
    assert found["error"].startswith("probe.example: "), found
    return found


# --- what a web server in between says ---

@pytest.mark.parametrize("operation", ("head-manifest", "get-manifest", "head-blob",
                                       "get-blob"))
def test_web_page_with_404_is_trouble_and_not_absence(hub, operation):
    ref = BLOB.digest if "blob" in operation else "1"
    hub.fault("manifest", "html", code=404)
    hub.fault("blob", "html", code=404)
    fails(hub, operation, ref, "upstream")


def test_captive_portal(hub):
    hub.fault("manifest", "html")
    for operation in ("head-manifest", "get-manifest"):
        assert "web page" in fails(hub, operation, "1", "upstream")["error"]
    assert "web page" in fails(hub, "get-manifest", DIGEST, "upstream")["error"]
    hub.fault("blob", "html")
    found = probe.one("get-blob", hub.url, REPO, BLOB.digest)
    assert found["size"] == -1 and found["sha256"] != BLOB.digest


def test_absence_behind_the_cdn_is_trouble(hub):
    hub.fault("cdn", "status", code=404, body="gone", content_type="text/plain")
    fails(hub, "get-blob", BLOB.digest, "upstream")
    fails(hub, "head-blob", BLOB.digest, "upstream")


def test_refusal_of_the_cdn_is_no_denial(hub):
    """A signed URL that has expired: asking the registry again helps."""
    hub.fault("blob", "expired_url", after=1, count=1)   # spares the 401
    fails(hub, "get-blob", BLOB.digest, "upstream")
    assert probe.one("get-blob", hub.url, REPO, BLOB.digest)["ok"]


@pytest.mark.parametrize("code", (400, 418, 500, 502, 503, 504))
def test_other_statuses(hub, code):
    hub.fault("manifest", "status", code=code, retry_after=3)
    found = fails(hub, "head-manifest", "1", "upstream")
    assert str(code) in found["error"] and found["retry_after_s"] == 0


@pytest.mark.parametrize("given,least,most", (
    (None, 45, 75), ("17", 17, 17), ("nonsense", 45, 75), ("-5", 45, 75),
    ("99999999999", 3600, 3600)))
def test_429(hub, given, least, most):
    """It is left alone: for as long as it says, within reason, or for about a minute."""
    hub.fault("any", "status", code=429, retry_after=given)
    for operation, ref in (("get-manifest", "1"), ("head-manifest", "1"),
                           ("get-blob", BLOB.digest), ("head-blob", BLOB.digest)):
        found = fails(hub, operation, ref, "busy")
        assert least <= found["retry_after_s"] <= most
        assert "no pull quota" in found["error"]


def test_a_registry_s_own_403_is_a_denial(hub):
    hub.fault("manifest", "status", code=403)
    assert "fault 403" in fails(hub, "get-manifest", "1", "denied")["error"]


def test_a_403_that_says_when_to_return_is_no_denial(hub):
    """So larder itself refuses where the wait is long."""
    hub.fault("manifest", "status", code=403, retry_after=3600)
    for operation in ("get-manifest", "head-manifest"):
        assert fails(hub, operation, "1", "busy")["retry_after_s"] == 3600


# --- manifests that are not ---

def test_wrong_bytes_of_a_manifest(hub):
    hub.fault("manifest_get", "corrupt")
    fails(hub, "get-manifest", DIGEST, "corrupt")
    fails(hub, "get-manifest", "1", "corrupt")      # by the header's digest


def test_rubbish_without_a_digest(hub):
    hub.config.digest_header = False
    hub.fault("manifest_get", "bad_json")
    fails(hub, "get-manifest", "1", "upstream")
    hub.clear_faults()
    found = probe.one("get-manifest", hub.url, REPO, "1")
    assert found["ok"] and found["digest"] == ""


def test_wrong_digest_header(hub):
    hub.fault("manifest", "wrong_digest_header")
    assert probe.one("get-manifest", hub.url, REPO, DIGEST)["digest"] == DIGEST
    assert probe.one("head-manifest", hub.url, REPO, DIGEST)["digest"] == DIGEST
    fails(hub, "get-manifest", "1", "corrupt")
    assert probe.one("head-manifest", hub.url, REPO, "1")["digest"] == "sha256:" + "0" * 64


@pytest.mark.parametrize("value", ("", "sha256:xyz", "md5:" + "0" * 32, "junk" * 1000))
def test_malformed_digest_header_is_none(hub, value):
    hub.fault("manifest", "wrong_digest_header", value=value)
    assert probe.one("head-manifest", hub.url, REPO, "1")["digest"] == ""
    assert probe.one("get-manifest", hub.url, REPO, "1")["ok"]


def test_media_type_without_parameters(hub):
    hub.fault("manifest", "headers", Content_Type="application/x.y+json ; charset=utf-8")
    assert probe.one("head-manifest", hub.url, REPO, "1")["media_type"] == \
        "application/x.y+json"
    hub.clear_faults()
    hub.fault("manifest", "headers", Content_Type="a/" + "b" * 500)
    assert probe.one("head-manifest", hub.url, REPO, "1")["media_type"] == ""


# --- too much ---

@pytest.mark.parametrize("mode", ("chunked", "close", "length"))
def test_manifest_without_end(hub, mode):
    hub.fault("manifest_get", "endless_body", mode=mode)
    fails(hub, "get-manifest", "1", "limit")


def test_manifest_at_the_limit(hub):
    size = len(IMAGE.root.data)
    assert probe.one("get-manifest", hub.url, REPO, "1", limit=size)["ok"]
    fails(hub, "get-manifest", "1", "limit", limit=size - 1)


@pytest.mark.parametrize("fault", ("huge_headers", "endless_headers"))
@pytest.mark.parametrize("kind", ("manifest", "token"))
def test_too_many_headers(hub, fault, kind):
    hub.fault(kind, fault)
    assert "65536" in fails(hub, "head-manifest", "1", "limit")["error"]


def test_many_headers_within_the_limit(hub):
    hub.fault("manifest", "huge_headers", size=60_000)
    assert probe.one("head-manifest", hub.url, REPO, "1")["ok"]


def test_refusal_without_end(hub):
    hub.fault("manifest", "status", code=500, body="x" * 1_000_000)
    fails(hub, "get-manifest", "1", "upstream")


# --- broken off ---

@pytest.mark.parametrize("fault,word", (
    ("refused", "refused"), ("reset", "reset"), ("close", "closed"),
    ("reset_headers", "reset")))
@pytest.mark.parametrize("kind", ("manifest", "token"))
def test_no_answer(hub, fault, word, kind):
    hub.fault(kind, fault)
    found = fails(hub, "get-manifest", "1", "upstream")
    assert word in found["error"], found
    assert ("token from" in found["error"]) == (kind == "token")


@pytest.mark.parametrize("fault", ("truncate", "reset_body"))
def test_cut_blob(hub, fault):
    hub.fault("cdn", fault, after_bytes=100_000)
    found = fails(hub, "get-blob", BLOB.digest, "upstream")
    assert found["size"] == BLOB.size
    assert found["bytes"] == 100_000 or fault == "reset_body"


def test_cut_chunked_blob(hub):
    hub.fault("cdn", "no_length")
    found = probe.one("get-blob", hub.url, REPO, BLOB.digest)
    assert found["ok"] and found["size"] == -1 and found["sha256"] == BLOB.digest


def test_cut_manifest(hub):
    hub.fault("manifest_get", "truncate", after_bytes=100)
    assert "cut short" in fails(hub, "get-manifest", "1", "upstream")["error"]


def test_wrong_length(hub):
    hub.fault("cdn", "wrong_length", delta=1)
    fails(hub, "get-blob", BLOB.digest, "upstream")
    hub.clear_faults()
    hub.fault("cdn", "wrong_length", delta=-1)
    assert probe.one("get-blob", hub.url, REPO, BLOB.digest)["sha256"] != BLOB.digest


# --- resuming ---

@pytest.mark.parametrize("offset", (1, 65536, BLOB.size - 1))
def test_resume(hub, offset):
    found = probe.one("get-blob", hub.url, REPO, BLOB.digest, offset)
    assert (found["first"], found["size"]) == (offset, BLOB.size)
    assert found["bytes"] == BLOB.size - offset
    assert [e.range for e in hub.requests(role="cdn")] == [f"bytes={offset}-"]


def test_resume_past_the_end(hub):
    found = probe.failure("get-blob", hub.url, REPO, BLOB.digest, BLOB.size)
    assert found["kind"] == "corrupt" and found["begun"] == 0


def test_resume_that_is_ignored(hub):
    hub.fault("cdn", "range_ignored")
    found = probe.one("get-blob", hub.url, REPO, BLOB.digest, 1000)
    assert (found["first"], found["sha256"]) == (0, BLOB.digest)


def test_resume_elsewhere(hub):
    hub.fault("cdn", "range_wrong")
    found = probe.failure("get-blob", hub.url, REPO, BLOB.digest, 1000)
    assert (found["kind"], found["begun"]) == ("upstream", 0)


@pytest.mark.parametrize("value", (None, "junk", "bytes 1000-5/3", "bytes */300000"))
def test_resume_without_a_word_of_where(hub, value):
    hub.fault("cdn", "headers", Content_Range=value)
    found = probe.failure("get-blob", hub.url, REPO, BLOB.digest, 1000)
    assert (found["kind"], found["begun"]) == ("upstream", 0)


def test_part_that_was_not_asked_for(hub):
    hub.fault("cdn", "status", code=206, headers={"Content-Range": "bytes 0-3/4"})
    assert probe.failure("get-blob", hub.url, REPO, BLOB.digest)["kind"] == "upstream"


# --- slow ---

@pytest.mark.parametrize("kind", ("manifest", "token"))
@pytest.mark.parametrize("fault", ("hang", "hang_headers"))
def test_no_header_in_time(hub, fault, kind):
    hub.fault(kind, fault)
    found = fails(hub, "head-manifest", "1", "upstream", **QUICK)
    assert "no answer within 400 ms" in found["error"]
    assert 400 <= found["ms"] < 400 + LATE_MS


@pytest.mark.parametrize("limit_ms", (300, 2000))
def test_stalled_body(hub, limit_ms):
    hub.fault("cdn", "hang_body", after_bytes=100_000)
    found = fails(hub, "get-blob", BLOB.digest, "upstream", stall_ms=limit_ms)
    assert f"no byte for {limit_ms} ms" in found["error"] and found["bytes"] == 100_000
    assert limit_ms <= found["ms"] < limit_ms + LATE_MS


def test_slow_is_not_stalled(hub):
    small = IMAGE.config()
    hub.fault("cdn", "slow", rate=small.size / 1.2)
    found = probe.one("get-blob", hub.url, REPO, small.digest, stall_ms=300)
    assert found["ok"] and found["ms"] > 600


def test_deadline(hub):
    hub.fault("manifest", "hang")
    found = fails(hub, "head-manifest", "1", "upstream", deadline_ms=500)
    assert 500 <= found["ms"] < 500 + LATE_MS


@pytest.mark.concurrent
def test_deadline_while_waiting_for_a_token(hub):
    hub.fault("token", "hang")
    done = probe.run("head-manifest", hub.url, REPO, "1", threads=5, deadline_ms=500)
    assert all(r["kind"] == "upstream" and r["ms"] < 500 + LATE_MS for r in done.results)


def test_no_connection_in_time():
    """A listener whose queue is full drops what comes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        filling = []
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", port))
            filling.append(s)
        found = probe.failure("head-manifest", f"http://127.0.0.1:{port}", REPO, "1", **QUICK)
        assert "connection not made within 400 ms" in found["error"], found
        assert 350 <= found["ms"] < 400 + LATE_MS
        for s in filling:
            s.close()


def test_unknown_name():
    found = probe.failure("head-manifest", "http://no-such-host.invalid", REPO, "1",
                          connect_ms=3000)
    assert found["kind"] == "upstream" and found["ms"] < 3000 + LATE_MS
    assert "no-such-host.invalid" in found["error"] or "name not resolved" in found["error"]


@pytest.mark.concurrent
@pytest.mark.parametrize("kind,fault", (("manifest", "hang"), ("token", "hang")))
def test_cancel_reaches_everyone(hub, kind, fault):
    hub.fault(kind, fault)
    done = probe.run("head-manifest", hub.url, REPO, "1", threads=8, cancel_after_ms=300)
    assert [r["kind"] for r in done.results] == ["cancelled"] * 8
    assert all(r["ms"] < 300 + LATE_MS for r in done.results), done.results


def test_cancel_in_the_middle_of_a_body(hub):
    hub.fault("cdn", "hang_body", after_bytes=1000)
    found = fails(hub, "get-blob", BLOB.digest, "cancelled", cancel_after_ms=300)
    assert found["bytes"] == 1000 and found["ms"] < 300 + LATE_MS


def test_retry_gets_there(hub):
    hub.fault("manifest_head", "status", code=503, count=2)
    found = probe.one("head-manifest", hub.url, REPO, "1", retry=True)
    assert found["ok"] and found["attempts"] == 3


@pytest.mark.concurrent
def test_trouble_at_random_never_gives_wrong_bytes(hub):
    seed = int(os.environ.get("LARDER_SEED", "7"))
    for i, fault in enumerate(("reset", "status", "truncate", "close", "html")):
        hub.fault("any", fault, probability=0.1, seed=seed + i)
    done = probe.run("get-blob", hub.url, REPO, BLOB.digest, repeat=20, threads=8)
    good = [r for r in done.results if r["ok"] and r["size"] >= 0]
    assert good and all(r["sha256"] == BLOB.digest for r in good)
    assert all(r["kind"] == "upstream" for r in done.results if not r["ok"])
