"""An upstream that does not answer is asked by one request at a time; one that wants to be
left alone is; and neither costs a cached pull, the other part, or a short blip's pulls."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import build, client, images

from . import probe
from .helpers import (Download, ask, assert_pulled, blob_path, codes, message, outcome,
                      stored_digests, wait_until)

REPO = "library/thing"
PATH = f"/v2/{REPO}/manifests/1"
SOON = 1.0          # from memory, on a busy machine; far from any wait or retry
PATIENCE = 3        # seconds since it opened, in which those who come wait
LONGEST = 38        # seconds until a trial, at most
BUSY = 76           # the same after a 429 without a time


def cold(n: object) -> str:
    return f"/v2/library/cold{n}/manifests/1"


def tag(n: object) -> str:
    return f"/v2/library/cold/manifests/{n}"


def is_open(made, part: str = "registry") -> bool:
    return made.metric("larder_upstream_open", upstream="docker.io", part=part) == 1


def sent(made) -> float:
    """Requests to the upstream, as larder counts them."""
    return made.metric("larder_upstream_requests_total", upstream="docker.io")


def open_it(made, clock, paths: list[str], part: str = "registry") -> list:
    """Ask for all of these at once until its breaker is open, and past the time in which
    people wait; the answers."""
    with ThreadPoolExecutor(len(paths)) as pool:
        asked = [pool.submit(ask, made, path, timeout=30) for path in paths]
        wait_until(lambda: is_open(made, part), f"the {part} breaker opens")
        clock.advance(PATIENCE + 1)
        return [one.result() for one in asked]


def timed(made, path: str):
    began = time.monotonic()
    answer = ask(made, path)
    return answer, time.monotonic() - began


def cached(hub, make, clock, **options):
    """A larder with REPO in its store."""
    image = hub.add(build("thing", layers=[images.layer({"a": b"b"})]), REPO, "1")
    made = make(env=clock.env, **options)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    wait_until(lambda: len(stored_digests(made.root)) == 4, "all is stored")
    return made, image


@pytest.mark.concurrent
@pytest.mark.parametrize("fault,params,word", (
    ("status", {"code": 503}, "answered 503"), ("refused", {}, "connection refused")),
    ids=("503", "refused"))
def test_a_dead_upstream(hub, larder, clock, fault, params, word):
    made, image = cached(hub, larder, clock)
    hub.fault("any", fault, **params)
    for answer in open_it(made, clock, [tag(n) for n in range(8)]):
        assert (answer.status, codes(answer)) == (502, ["UNAVAILABLE"])
    # One request each time, until the pauses are longest.
    for n in range(8):
        clock.advance(LONGEST)
        before = sent(made)
        assert ask(made, tag(f"trial{n}"), timeout=30).status == 502
        assert sent(made) == before + 1
    before, asked = sent(made), hub.count()
    times = []
    for n in range(20):
        answer, took = timed(made, tag(f"refused{n}"))
        assert answer.status == 502
        assert re.search(r"docker\.io: library/cold: (it|this repository) is in trouble since "
                         r"\d\d:\d\d:\d\d UTC \(" + word + r"\); asked again in \d+ s",
                         message(answer)), message(answer)
        times.append(took)
    assert sorted(times)[len(times) // 2] < 0.1 and max(times) < SOON, times
    assert (sent(made), hub.count()) == (before, asked)
    assert made.metric("larder_work_refused_total", want="pull", why="upstream") >= 20
    made.wait_log("upstream.open")
    # What is here is served, fresh or not.
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    clock.advance(30 * 86400)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert outcome(made, "stale") > 0
    # And one back-off after it is well again, all are.
    hub.clear_faults()
    hub.add(image, "library/well", "1")
    clock.advance(LONGEST)
    assert_pulled(client.pull(made.url, "library/well", "1"), image)
    assert not is_open(made)
    made.wait_log("upstream.closed")


@pytest.mark.concurrent
@pytest.mark.parametrize("fault,params", (
    ("status", {"code": 503}), ("refused", {}), ("reset", {})), ids=lambda v: str(v))
def test_a_blip_costs_a_wait_and_no_pull(hub, larder, fault, params):
    image = build("thing", layers=[images.layer({"a": b"b"})])
    for n in range(32):
        hub.add(image, f"library/cold{n}", "1")
    made = larder()
    hub.fault("any", fault, for_seconds=0.4, **params)
    began = time.monotonic()
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda n: ask(made, cold(n), timeout=20), range(32)))
    assert {answer.status for answer in answers} == {200}
    assert time.monotonic() - began < 6
    made.wait_log("upstream.closed")


@pytest.mark.concurrent
@pytest.mark.parametrize("retry_after,least,most", ((120, 119, 120), (None, 45, 75)))
def test_asked_to_leave_it_alone(hub, larder, clock, retry_after, least, most):
    """A 429 in plain words, to a request of any kind."""
    made, image = cached(hub, larder, clock)
    hub.fault("any", "status", code=429, retry_after=retry_after, body="Too Many Requests\n",
              content_type="text/plain")
    asked = hub.count()
    for n in range(12):
        answer, took = timed(made, cold(n))
        assert (answer.status, codes(answer)) == (403, ["TOOMANYREQUESTS"])
        assert least - 2 <= int(answer.header("retry-after")) <= most
        assert "not affected" in message(answer) and "429" in message(answer)
        assert n == 0 or took < SOON
    assert hub.count() == asked + 1
    assert made.metric("larder_upstream_too_many_total", kind="abuse") == 1
    assert made.metric("larder_work_refused_total", want="pull", why="busy") == 11
    clock.advance(30)
    assert ask(made, cold("-still")).status == 403 and hub.count() == asked + 1
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    clock.advance(BUSY if retry_after is None else retry_after)
    # One trial, which is refused again; the rest still waits.
    assert [ask(made, cold(f"-again{n}")).status for n in range(3)] == [403] * 3
    assert hub.count() == asked + 2
    hub.clear_faults()
    hub.add(image, "library/well", "1")
    clock.advance(2 * BUSY if retry_after is None else retry_after)
    assert_pulled(client.pull(made.url, "library/well", "1"), image)
    assert not is_open(made)


def test_a_quota_that_is_used_up_is_no_trouble(hub, larder, clock):
    """Checks and blobs go on; only pulls are refused, each in the words of the quota."""
    made, image = cached(hub, larder, clock)
    hub.set_quota(100, used=100)
    hub.add(image, "library/cold1", "1")
    hub.add(build("other"), "library/cold2", "1")
    assert ask(made, cold(2)).status == 403
    assert made.metric("larder_upstream_too_many_total") == 0
    assert not is_open(made)
    # The same bytes: a check is enough.
    assert ask(made, f"/v2/library/cold1/manifests/{image.digest}").status == 200


@pytest.mark.concurrent
def test_the_cdn_alone(hub, larder, clock):
    made, image = cached(hub, larder, clock)
    other = hub.add(build("other", layers=[images.layer({f"f{n}": b"x"}) for n in range(11)]),
                    "library/other", "1")
    assert ask(made, "/v2/library/other/manifests/1").status == 200
    fault = hub.fault("cdn", "reset")
    blobs = [blob_path("library/other", blob.digest) for blob in other.layers()]
    for answer in open_it(made, clock, blobs[:8], "cdn"):
        assert answer.status == 502
    clock.advance(LONGEST)
    assert ask(made, blobs[8]).status == 502
    met = fault.hits
    answer = ask(made, blobs[9])
    assert answer.status == 502
    assert "the place that its blobs come from is in trouble since" in message(answer)
    assert re.search(r"\(127\.0\.0\.1: connection reset", message(answer)), message(answer)
    assert fault.hits == met
    # Manifests, and what is here, know nothing of it.
    hub.add(image, "library/well", "1")
    assert ask(made, "/v2/library/well/manifests/1").status == 200
    assert not is_open(made)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    hub.clear_faults()
    clock.advance(LONGEST)
    assert ask(made, blobs[10]).status == 200
    assert not is_open(made, "cdn")


@pytest.mark.concurrent
def test_a_link_that_has_expired_is_no_trouble_of_the_cdn(hub, larder):
    image = hub.add(build("thing", layers=[images.layer({f"f{n}": b"x"}) for n in range(8)]),
                    REPO, "1")
    made = larder()
    assert ask(made, PATH).status == 200
    rule = hub.fault("blob", "expired_url", count=16)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda blob: ask(made, blob_path(REPO, blob.digest)),
                                image.layers()))
    assert {answer.status for answer in answers} == {200} and rule.hits == 16
    assert "upstream.open" not in "\n".join(made.log)


@pytest.mark.concurrent
@pytest.mark.parametrize("fault", ("status", "reset"))
def test_a_dead_token_service_is_the_registry_s_trouble(hub, larder, clock, fault):
    """The registry itself answers, but only with the question who asks."""
    made = larder(env=clock.env)
    rule = hub.fault("token", fault)
    for answer in open_it(made, clock, [cold(n) for n in range(8)]):
        assert answer.status == 502
    clock.advance(LONGEST)
    assert ask(made, cold("-trial")).status == 502
    met, asked = rule.hits, hub.count()
    answer, took = timed(made, cold("-refused"))
    assert answer.status == 502 and "in trouble since" in message(answer) and took < SOON
    assert (rule.hits, hub.count()) == (met, asked)
    hub.clear_faults()
    hub.add(build("thing"), "library/well", "1")
    clock.advance(LONGEST)
    assert ask(made, "/v2/library/well/manifests/1").status == 200
    assert not is_open(made)


@pytest.mark.concurrent
def test_a_sick_repository_does_not_stop_the_others(hub, larder, clock):
    image = build("thing")
    for n in range(20):
        hub.add(image, f"library/cold{n}", "1")
        hub.add(image, f"library/cold{n}", "latest")
    made = larder(env=clock.env)
    sick = hub.fault("manifest", "status", code=500, path="library/sick")
    tags = [f"/v2/library/sick/manifests/{n}" for n in range(20)]
    for answer in open_it(made, clock, tags[:8]):
        assert answer.status == 502
    for n in range(20):
        answer, took = timed(made, cold(n))
        assert answer.status == 200 and took < 1, (answer.status, took)
    clock.advance(LONGEST)
    assert ask(made, tags[8]).status == 502
    met = sick.hits
    answer, took = timed(made, tags[9])
    assert answer.status == 502 and took < SOON and sick.hits == met
    assert "this repository is in trouble since" in message(answer)
    # Others that are broken as well are asked once each, and cost the healthy nothing.
    many = hub.fault("manifest", "status", code=502, path="library/ill")
    ill = [f"/v2/library/ill{n}/manifests/1" for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, made, path, timeout=20) for path in ill]
        many.wait(6)
        for n in range(20):
            assert ask(made, cold(n).replace("/1", "/latest")).status == 200
        clock.advance(PATIENCE)
        answers = [one.result() for one in asked]
    assert {answer.status for answer in answers} == {502}
    assert any("like others, is in trouble" in message(answer) for answer in answers)
    assert many.hits <= 6 * 3           # some trials; and not six for each


@pytest.mark.concurrent
def test_the_floor_alone(hub):
    """Many threads of one process: a wait of 3 s at the most, and then a message."""
    hub.add(build("thing"), REPO, "1")
    hub.fault("manifest", "reset")
    done = probe.run("head-manifest", hub.url, REPO, "1", threads=32, repeat=2, metrics=True)
    assert all(r["kind"] == "upstream" for r in done.results)
    refused = [r for r in done.results if "in trouble since" in r["error"]]
    assert refused and all(r["ms"] < 5000 for r in refused)
    assert done.metric("larder_upstream_refused_total", why="open") == len(refused)
    assert done.metric("larder_upstream_open", part="registry") == 1


# --- a body that hardly moves -----------------------------------------------------------

def test_too_slow(hub):
    image = hub.add(build("thing", layer_size=300_000), REPO, "1")
    hub.fault("cdn", "slow", rate=300)
    done = probe.run("get-blob", hub.url, REPO, image.layers()[-1].digest, slow_ms=700,
                     metrics=True)
    (found,) = done.results
    assert found["kind"] == "upstream" and "too slow: less than 1024 bytes" in found["error"]
    assert 700 <= found["ms"] < 4000
    assert done.metric("larder_upstream_requests_total", kind="cdn", status="slow") == 1
    hub.clear_faults()
    hub.fault("cdn", "slow", rate=150_000)
    assert probe.one("get-blob", hub.url, REPO, image.layers()[-1].digest, slow_ms=400)["ok"]


@pytest.mark.slow
@pytest.mark.waits
def test_a_flight_is_not_kept_by_crumbs(hub, larder):
    """Some bytes with each attempt, and then nothing for so long: not for ever."""
    blob = hub.add(build("thing", layer_size=300_000), REPO, "1").layers()[-1]
    made = larder(settings={"timeouts": {"stall": "1100ms"}})
    assert ask(made, PATH).status == 200
    hub.fault("cdn", "hang_body", after_bytes=100)
    one = Download(made, blob_path(REPO, blob.digest))
    one.wait_end(30)
    assert "no byte for" in made.wait_log("flight.failed")
    assert len(one.body) < 1000 and blob.read().startswith(bytes(one.body))
    hub.clear_faults()
    wait_until(lambda: ask(made, blob_path(REPO, blob.digest)).body == blob.read(),
               "it comes now")
