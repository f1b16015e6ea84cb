"""Upstream trouble of every kind: what is cached pulls, what is cold waits or says why."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import build, client, images

from .helpers import (MIB, TAIL, Download, ask, assert_pulled, blob_path, check_store,
                      codes, message, outcome, stored_digests, wait_until)

REPO = "library/thing"
PATH = f"/v2/{REPO}/manifests/1"
BRISK = {"timeouts": {"header": "2s", "stall": "500ms"}}
QUICK = {"timeouts": {"header": "2s", "stall": "2s"}}
STYLES = ("docker", "podman", "containerd")


def small_image(name: str = "thing"):
    return build(name, layers=[images.large_layer(300_000, 5), images.layer({"a": b"b"})])


# --- cached ----------------------------------------------------------------------------

TROUBLE = {
    "refused": [("any", "refused", {})],
    "hang": [("any", "hang", {})],
    "hang at manifests": [("manifest", "hang", {})],
    "hang at tokens": [("token", "hang", {})],
    "half a header": [("any", "hang_headers", {})],
    "reset": [("any", "reset", {})],
    "429": [("any", "status", {"code": 429})],
    "429 with a time": [("any", "status", {"code": 429, "retry_after": 2})],
    "500": [("any", "status", {"code": 500})],
    "503": [("any", "status", {"code": 503})],
    "401": [("any", "status", {"code": 401})],
    "401 of every token": [("manifest", "reject_token", {})],
    "web page": [("any", "html", {})],
    "404 web page": [("any", "html", {"code": 404})],
    "rubbish JSON": [("any", "bad_json", {})],
    "rubbish": [("any", "status", {"code": 200, "body": "{\"sch"})],
}


@pytest.mark.parametrize("again", ["running", "restarted"])
@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_cached_image_pulls(hub, larder, clock, trouble, again):
    """By tag, its age over, in less than 3 s each, and no quota is spent."""
    image = hub.add(small_image(), REPO, "1")
    hub.add(image, REPO, "2")
    made = larder(env=clock.env)
    for tag in ("1", "2"):
        assert_pulled(client.pull(made.url, REPO, tag), image)
    wait_until(lambda: len(stored_digests(made.root)) == 5, "all is stored")
    if again == "restarted":            # no token, no connection
        made.stop()
        made = larder(env=clock.env)
    spent, blobs = hub.quota_spent, hub.count(kind="cdn")
    clock.advance(601)
    for kind, fault, params in TROUBLE[trouble]:
        hub.fault(kind, fault, **params)
    with ThreadPoolExecutor(6) as pool:
        first = [pool.submit(client.pull, made.url, REPO, tag, style=style)
                 for style in STYLES for tag in ("1", "2")]
    results = [future.result() for future in first]
    results += [client.pull(made.url, REPO, tag, style=style)
                for style in STYLES for tag in ("1", "2")]
    for result in results:
        assert_pulled(result, image)
        assert result.total < 3, (result.total, result.steps)
    assert hub.quota_spent == spent and hub.count(kind="cdn") == blobs
    assert outcome(made, "error") == 0
    # rubbish harms bodies; a HEAD has none, and a token that is still good is not asked for
    harmless = {"rubbish JSON", "hang at tokens"}
    if trouble not in harmless or again == "restarted":
        answer = ask(made, PATH)
        assert len(answer.headers("warning")) == 2 and int(answer.header("age")) >= 601
        wait_until(lambda: outcome(made, "stale") > len(results), "they are counted")
    print(f"{trouble}, {again}: slowest {max(r.total for r in results):.2f} s")


def test_after_the_trouble_answers_are_fresh(hub, larder, clock):
    image = hub.add(small_image(), REPO, "1")
    made = larder(env=clock.env)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    clock.advance(601)
    with hub.fault("any", "refused"):
        assert_pulled(client.pull(made.url, REPO, "1"), image)
        assert ask(made, PATH).headers("warning")
    moved = build("thing", "2")
    hub.move_tag(REPO, "1", moved)
    wait_until(lambda: not ask(made, PATH).headers("warning"), "it is fresh again", 20)
    assert_pulled(client.pull(made.url, REPO, "1"), moved)
    stale = outcome(made, "stale")
    clock.advance(601)
    assert_pulled(client.pull(made.url, REPO, "1"), moved)
    assert outcome(made, "stale") == stale


def test_starting_with_the_upstream_unreachable(hub, larder):
    image = hub.add(small_image(), REPO, "1")
    made = larder(settings={"freshness": "0"})
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    wait_until(lambda: len(stored_digests(made.root)) == 5, "all is stored")
    made.stop()
    hub.fault("any", "refused")
    made = larder(settings={"freshness": "0"})
    began = time.monotonic()
    assert ask(made, "/v2/").status == 200
    took = made.ready_seconds + time.monotonic() - began
    print(f"from the start to the first answer: {took * 1000:.1f} ms")
    assert took < 1
    assert ask(made, "/healthz").status == ask(made, "/readyz").status == 200
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    hub.clear_faults()
    hub.add(small_image("other"), "library/other", "1")
    assert client.pull(made.url, "library/other", "1").ok


# --- cold, for half a second -----------------------------------------------------------

# where, what, parameters; "corrupt" with a large layer is test_flights' business: bytes
# that went out before the wrong one came cannot be taken back
BRIEF = {
    "reset": [("any", "reset", {})],
    "refused": [("any", "refused", {})],
    "reset_body": [("any", "reset_body", {})],
    "truncate": [("any", "truncate", {})],
    "corrupt": [("any", "corrupt", {})],
    "503": [("any", "status", {"code": 503})],
    "hang": [("any", "hang", {})],
    "hang_body": [("any", "hang_body", {})],
    "web page": [("any", "html", {})],
    "expired_url": [("blob", "expired_url", {})],
    "reject_token": [("manifest", "reject_token", {}), ("blob", "reject_token", {})],
}


@pytest.mark.parametrize("stage", ["manifests", "blobs"])
@pytest.mark.parametrize("trouble", BRIEF)
def test_half_a_second_is_never_seen(hub, larder, trouble, stage):
    """Every request for half a second, from the first one or from the first blob on."""
    sizes = [300_000, 3 * MIB] + ([] if trouble == "corrupt" else [9 * MIB])
    image = hub.add(build("thing", layers=[
        *(images.large_layer(size, n) for n, size in enumerate(sizes)),
        images.layer({"a": b"b"})]), REPO, "1")
    made = larder(settings=QUICK)
    if stage == "blobs":
        for reference in ("1", image.manifest().digest):
            assert ask(made, f"/v2/{REPO}/manifests/{reference}").status == 200
    rules = [hub.fault(kind, fault, for_seconds=0.5, **params)
             for kind, fault, params in BRIEF[trouble]]
    result = client.pull(made.url, REPO, "1", parallel=8)
    assert_pulled(result, image)
    assert set(result.statuses) == {200}, result.statuses
    met = sum(rule.hits for rule in rules)
    assert met > 0 or trouble == "refused" or (trouble, stage) == ("expired_url", "manifests")
    assert outcome(made, "error") == 0
    print(f"{trouble} at {stage}: {met} requests met, {result.total:.2f} s")
    made.stop()
    check_store(made.root)


# --- cold, for ever --------------------------------------------------------------------

# name: (rules, status of the manifest's answer or None, status of the blob's, a word)
LASTING = {
    "refused": ([("any", "refused", {})], 502, None, "refused"),
    "reset": ([("any", "reset", {})], 502, None, "reset"),
    "hang": ([("any", "hang", {})], 502, None, "no answer within"),
    "500": ([("any", "status", {"code": 500})], 502, None, "500"),
    "503": ([("any", "status", {"code": 503})], 502, None, "503"),
    "429": ([("any", "status", {"code": 429, "retry_after": 9})], 429, None, "429"),
    "429 for long": ([("any", "status", {"code": 429, "retry_after": 60})], 403, None, "429"),
    "401": ([("manifest", "status", {"code": 401})], 403, None, "401"),
    "403": ([("manifest", "status", {"code": 403})], 403, None, "403"),
    "rejected": ([("manifest", "reject_token", {})], 403, None, "401"),
    "page": ([("any", "html", {})], 502, None, ""),
    "page 404": ([("any", "html", {"code": 404})], 502, None, ""),
    "page at manifests": ([("manifest", "html", {})], 502, None, "web page"),
    "rubbish": ([("manifest_get", "bad_json", {})], 502, None, ""),
    "wrong bytes": ([("manifest_get", "corrupt", {})], 502, None, "the bytes are"),
    "cut manifest": ([("manifest_get", "truncate", {})], 502, None, "cut short"),
    "token 500": ([("token", "status", {"code": 500})], 502, None, "token from"),
    "token 429": ([("token", "status", {"code": 429, "retry_after": 9})], 429, None,
                  "token from"),
    "token rubbish": ([("token", "bad_json", {})], 502, None, "token"),
    "blob 503": ([("blob", "status", {"code": 503})], None, 502, "503"),
    "blob 403": ([("blob", "status", {"code": 403})], None, 403, "fault 403"),
    "blob 404 page": ([("blob", "html", {"code": 404})], None, 502, "web page"),
    "cdn 404": ([("cdn", "status", {"code": 404, "body": "gone",
                                    "content_type": "text/plain"})], None, 502, "404"),
    "cdn 403": ([("blob", "expired_url", {})], None, 502, "403"),
    "cdn 429": ([("cdn", "status", {"code": 429, "retry_after": 9})], None, 429, "429"),
    "cdn reset": ([("cdn", "reset", {})], None, 502, "reset"),
    "cdn hang": ([("cdn", "hang", {})], None, 502, "no answer within"),
    "cdn page": ([("cdn", "html", {})], None, 502, ""),
    "cdn wrong bytes": ([("cdn", "corrupt", {})], None, 502, "another digest"),
    "cdn cut": ([("cdn", "truncate", {})], None, 502, ""),
}
SMALL = 40_000          # not a byte of it goes out before all is proved


def manifests_do_not_come(hubs, larders, root) -> None:
    """A registry for each kind of trouble, all asked at once: each answer an OCI error in
    time that says what is wrong, never 404, never a byte of content."""
    image = build("thing")
    rows = {name: row for name, row in LASTING.items() if row[1] is not None}
    upstreams = {}
    for n in range(len(rows)):
        upstreams[f"r{n}.example"] = hubs()
        upstreams[f"r{n}.example"].add(image, REPO, "1")
    made = larders({host: one.url for host, one in upstreams.items()},
                   settings=BRISK, default="", root=root)

    def run(job):
        host, (name, (rules, status, _, word)) = job
        for kind, fault, params in rules:
            upstreams[host].fault(kind, fault, **params)
        began = time.monotonic()
        answer = ask(made, f"/v2/{host}/{REPO}/manifests/1", timeout=40)
        problem = judge(answer, time.monotonic() - began, status, word)
        return f"{name}: {problem}" if problem else ""

    with ThreadPoolExecutor(32) as pool:
        wrong = [found for found in pool.map(run, zip(upstreams, rows.items())) if found]
    assert not wrong, "\n".join(wrong)
    assert not stored_digests(made.root)


def judge(answer, took: float, status: int, word: str) -> str:
    """What is wrong with an error answer; "" if nothing is."""
    if answer.status != status:
        return f"{answer.status} and not {status}: {answer.data[:600]!r}"
    if took >= 30 or not codes(answer) or word not in message(answer):
        return f"{took:.1f} s, {message(answer)}"
    if codes(answer) == ["TOOMANYREQUESTS"] and not answer.header("retry-after"):
        return "no Retry-After"
    return ""


def blobs_do_not_come(hubs, larders, root) -> None:
    """As above, where manifests come and the blob does not."""
    rows = {name: row for name, row in LASTING.items() if row[1] is None}
    made_of, upstreams = {}, {}
    for n, name in enumerate(rows):
        host = f"r{n}.example"
        upstreams[host] = hubs()
        made_of[host] = upstreams[host].add(build(name, layer_size=SMALL + n), REPO, "1")
    made = larders({host: one.url for host, one in upstreams.items()},
                   settings=BRISK, default="", root=root)

    def run(job):
        host, (name, (rules, _, status, word)) = job
        blob = made_of[host].layers()[-1]
        assert ask(made, f"/v2/{host}/{REPO}/manifests/1", timeout=20).status == 200
        for kind, fault, params in rules:
            upstreams[host].fault(kind, fault, **params)
        began = time.monotonic()
        answer = ask(made, blob_path(f"{host}/{REPO}", blob.digest), timeout=40)
        problem = judge(answer, time.monotonic() - began, status, word)
        return f"{name}: {problem}" if problem else ""

    with ThreadPoolExecutor(32) as pool:
        wrong = [found for found in pool.map(run, zip(upstreams, rows.items())) if found]
    assert not wrong, "\n".join(wrong)
    assert not stored_digests(made.root) & {
        image.layers()[-1].digest for image in made_of.values()}


def blobs_break_off(hubs, larders, root) -> None:
    """The header is out: the connection is cut, what came is right (where it could be
    known), and nothing is stored."""
    size = 6 * MIB
    rows = {"reset_body": {"after_bytes": 2 * MIB}, "truncate": {"after_bytes": 2 * MIB},
            "hang_body": {"after_bytes": 2 * MIB}, "corrupt": {"offset": 3 * MIB}}
    upstreams, blobs = {}, {}
    for n, (fault, params) in enumerate(rows.items()):
        host = f"r{n}.example"
        upstreams[host] = hubs(ranges=False)        # no attempt gets further
        image = upstreams[host].add(build(fault, layer_size=size + n), REPO, "1")
        upstreams[host].fault("cdn", fault, **params)
        blobs[host] = image.layers()[-1]
    made = larders({host: one.url for host, one in upstreams.items()},
                   settings=BRISK, default="", root=root)
    downloads = {host: Download(made, blob_path(f"{host}/{REPO}", blob.digest))
                 for host, blob in blobs.items()}
    for (host, one), fault in zip(downloads.items(), rows):
        one.wait_end(40)
        blob, right = blobs[host], blobs[host].read()
        assert one.end in ("eof", "reset") and one.seconds < 30, (fault, one.end, one.seconds)
        assert one.answer.status == 200 and len(one.body) <= blob.size - TAIL
        upto = 3 * MIB if fault == "corrupt" else len(one.body)
        assert bytes(one.body[:upto]) == right[:upto], fault
    assert not stored_digests(made.root) & {blob.digest for blob in blobs.values()}
    for one in upstreams.values():
        one.clear_faults()
    for host, blob in blobs.items():
        path = blob_path(f"{host}/{REPO}", blob.digest)
        wait_until(lambda: ask(made, path, timeout=20).body == blob.read(), "it comes now", 15)


@pytest.mark.slow
@pytest.mark.concurrent
def test_lasting_trouble_is_said(hubs, larders, scratch):
    """Nearly all of it is waiting, so the parts wait together."""
    parts = (manifests_do_not_come, blobs_do_not_come, blobs_break_off)
    with ThreadPoolExecutor(len(parts)) as pool:
        for future in [pool.submit(part, hubs, larders, scratch / part.__name__)
                       for part in parts]:
            future.result()
