"""The pull quota as a budget, and upstreams that are in trouble: what is cached goes out
at once, what is not is refused from memory, and nobody waits for another's upstream."""

from __future__ import annotations

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Command
from hub import build, client, images

from .helpers import (Download, answered, ask, assert_pulled, blob_path, codes, message,
                      outcome, wait_until)

REPO = "library/thing"
PATH = f"/v2/{REPO}/manifests/1"
WINDOW = 21600
STALE = 601             # older than larder.freshness


def cold(n: int) -> str:
    return f"/v2/library/cold{n}/manifests/1"


def refused(answer) -> int:
    """Seconds until one may come again; the answer must be a refusal for that long."""
    assert codes(answer) == ["TOOMANYREQUESTS"], answer.data
    after_s = int(answer.header("retry-after"))
    assert answer.status == (429 if after_s <= 10 else 403), answer.data
    return after_s


def is_stale(answer) -> bool:
    assert answer.status == 200, answer.data
    return bool(answer.headers("warning"))


# --- one upstream's trouble is not another's ----------------------------------------------

@pytest.mark.concurrent
def test_one_that_hangs_takes_no_threads_from_another(hubs, larders):
    """500 images and 200 blobs of one are asked for, and nothing comes; the other serves
    as if nothing were."""
    bad, good = hubs(), hubs()
    image = good.add(build(REPO, layers=[images.large_layer(300_000, n) for n in range(4)]),
                     REPO, "1")
    made = larders({"bad.example": bad.url, "good.example": good.url}, default="")
    with bad.fault("any", "hang") as rule:
        waiting = [Download(made, f"/v2/bad.example/library/i{n}/manifests/1")
                   for n in range(500)]
        waiting += [Download(made, blob_path("bad.example/library/i", f"sha256:{n:064x}"))
                    for n in range(200)]
        rule.wait_held(100)
        began = time.monotonic()
        result = client.pull(made.url, f"good.example/{REPO}", "1", parallel=8)
        took = time.monotonic() - began
        assert_pulled(result, image)
        assert took < 3, took
        assert not any(one.end for one in waiting), "they are all still there"
    for one in waiting:
        one.wait_end(25)
        assert one.answer.status in (403, 404, 502), one.answer.data
    print(f"{took * 1000:.0f} ms")


@pytest.mark.parametrize("kind", ["manifest", "cdn"])
def test_the_same_bytes_of_another_upstream(hubs, larders, kind):
    """One hangs with them: the other is asked, and does not wait for it."""
    bad, good = hubs(), hubs()
    image = build(REPO)
    for one in (bad, good):
        one.add(image, REPO, "1")
    made = larders({"bad.example": bad.url, "good.example": good.url}, default="")
    paths = {"manifest": f"/v2/%s/{REPO}/manifests/{image.digest}",
             "cdn": blob_path(f"%s/{REPO}", image.layers()[0].digest)}
    with bad.fault(kind, "hang") as rule:
        waiting = Download(made, paths[kind] % "bad.example")
        rule.wait_held()
        began = time.monotonic()
        answer = ask(made, paths[kind] % "good.example")
        assert answer.status == 200 and time.monotonic() - began < 3
        assert not waiting.end
        waiting.leave()


@pytest.mark.waits
@pytest.mark.concurrent
def test_clients_are_told_before_they_give_up(hub, larder):
    """A download that hangs, and one that waits for its turn behind it."""
    layers = [images.large_layer(300_000, n) for n in range(2)]
    image = hub.add(build(REPO, layers=layers), REPO, "1")
    made = larder(settings={"flights": 1, "timeouts": {"header": "60s"}})
    assert ask(made, f"/v2/{REPO}/manifests/{image.manifest().digest}").status == 200
    with hub.fault("cdn", "hang") as rule:
        first = Download(made, blob_path(REPO, image.layers()[0].digest))
        rule.wait_held()
        second = Download(made, blob_path(REPO, image.layers()[1].digest))
        for one in (first, second):
            one.wait_end(29)
    assert first.answer.status == 502 and "still being fetched" in message(first.answer)
    refused(second.answer)
    assert "larder.flights" in message(second.answer)
    for layer in image.layers():
        wait_until(lambda: ask(made, blob_path(REPO, layer.digest)).body == layer.read(),
                   "it comes", 10)


# --- when the quota is gone ---------------------------------------------------------------

@pytest.mark.concurrent
def test_nothing_left_and_a_thousand_clients(hub, larder, clock):
    made_of = {f"thing{n}": hub.add(build(f"thing{n}"), f"library/thing{n}", "1")
               for n in range(3)}
    made = larder(env=clock.env)
    for name, image in made_of.items():
        assert_pulled(client.pull(made.url, f"library/{name}", "1"), image)
    clock.advance(STALE)
    hub.set_quota(100, used=100)
    is_stale(ask(made, "/v2/library/thing0/manifests/1"))   # a HEAD says it, for free
    spent, before = hub.quota_spent, len(hub.requests())

    def one(n: int):
        if n % 2:
            return refused(ask(made, cold(n)))
        name = f"thing{n // 2 % 3}"
        if n % 20:
            assert ask(made, f"/v2/library/{name}/manifests/1").status == 200
        else:
            assert_pulled(client.pull(made.url, f"library/{name}", "1"), made_of[name])
        return None

    began = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        waits = [wait for wait in pool.map(one, range(1000)) if wait is not None]
    print(f"{time.monotonic() - began:.1f} s")
    assert len(hub.requests()) == before and hub.quota_spent == spent
    assert 0 < min(waits) and max(waits) <= WINDOW
    assert is_stale(ask(made, "/v2/library/thing2/manifests/1"))
    said = message(ask(made, cold(1)))
    assert "docker.io" in said and "quota is used up" in said and "not affected" in said
    assert made.metric("larder_work_refused_total", want="pull", why="busy") >= 500
    assert outcome(made, "error") >= 500 and outcome(made, "stale") >= 300

    # The window turns: the first to come finds out.
    hub.advance(WINDOW + 1)
    clock.advance(WINDOW + 1)
    fresh = hub.add(build("fresh"), "library/fresh", "1")
    assert_pulled(client.pull(made.url, "library/fresh", "1"), fresh)
    for name, image in made_of.items():
        assert_pulled(client.pull(made.url, f"library/{name}", "1"), image)
        assert not is_stale(ask(made, f"/v2/library/{name}/manifests/1"))


def test_what_another_repository_has_needs_no_pull(hub, larder, clock):
    """With the quota used up: a manifest by digest, and blobs, that are here already."""
    image = hub.add(build("thing"), REPO, "1")
    hub.add(image, "library/other", "1")
    made = larder(env=clock.env)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    hub.set_quota(100, used=100)
    clock.advance(STALE)
    is_stale(ask(made, PATH))
    refused(ask(made, cold(1)))
    spent = hub.quota_spent
    assert_pulled(client.pull(made.url, "library/other", image.digest), image)
    assert hub.quota_spent == spent


def test_lists_are_free(hub, larder):
    hub.add(build("thing"), REPO, "1")
    hub.set_quota(100, used=100)
    made = larder()
    refused(ask(made, PATH))
    answer = ask(made, f"/v2/{REPO}/tags/list")
    assert json.loads(answer.body)["tags"] == ["1"]


# --- the reserve --------------------------------------------------------------------------

def test_a_moved_tag_keeps_off_the_reserve(hub, larder, clock):
    """The copy goes out until there is more; what is not here is pulled all the same."""
    image = hub.add(build("thing"), REPO, "1")
    other = hub.add(build("other"), "library/other", "1")
    hub.add(image, REPO, "2")
    made = larder(env=clock.env, settings={"reserve": 20})
    moved = build("thing", "2")
    for tag in ("1", "2"):
        assert_pulled(client.pull(made.url, REPO, tag), image)
        hub.move_tag(REPO, tag, moved)
    hub.set_quota(100, used=80)
    clock.advance(STALE)
    spent = hub.quota_spent
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert is_stale(ask(made, PATH)) and hub.quota_spent == spent
    assert_pulled(client.pull(made.url, "library/other", "1"), other)
    assert hub.quota_spent == spent + 2
    hub.set_quota(200)
    assert_pulled(client.pull(made.url, REPO, "2"), moved)


def test_the_last_pull_is_not_spent_on_half_an_image(hub, larder, clock):
    """Of an index that has moved a manifest would be wanted too: the copy stays."""
    image = hub.add(build("thing"), REPO, "1")
    made = larder(env=clock.env, settings={"reserve": 0})
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    hub.move_tag(REPO, "1", build("thing", "2"))
    hub.set_quota(100, used=99)
    clock.advance(STALE)
    spent = hub.quota_spent
    for _ in range(2):
        assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert hub.quota_spent == spent
    assert made.metric("larder_work_refused_total", want="refresh", why="busy") >= 1


def test_update_keeps_off_the_reserve_and_pull_does_not(hub, scratch):
    image = hub.add(build("thing"), REPO, "1")
    hub.set_quota(100, used=80)
    command = Command(scratch / "root", {"docker.io": hub.url}, env={"LARDER_RESERVE": "20"})
    done = command("update", "thing:1")
    assert done.status == 1 and "larder.reserve" in done.out + done.err, done
    assert hub.quota_spent == 0
    assert command("pull", "thing:1").status == 0
    assert image.digest and hub.quota_spent == 2


@pytest.fixture
def daily(larder, clock, scratch):
    """daily(...): a larder that looks at its list in half a second, and again tomorrow."""
    def make(*listed: str, **settings):
        path = scratch / "base-images.txt"
        path.write_text("".join(f"{one}\n" for one in listed))
        clock.advance(59.5 - clock.now() % 60)
        at = time.gmtime(clock.now() + 1)
        return larder(env={**clock.env, "TZ": "UTC"}, settings={
            "schedule": f"{at.tm_min} {at.tm_hour} * * *", "images": str(path), **settings})
    return make


def run_again(made, clock, seconds: float, until: str) -> None:
    """It sleeps until a minute of its own clock has gone by; a signal wakes it.  What
    failed is remembered for a second of the real clock."""
    runs = 1
    while until not in made.wait_log("schedule.done", n=runs):
        assert runs < 9, made.tail()
        time.sleep(0.3)
        clock.advance(seconds)
        made.process.send_signal(signal.SIGHUP)
        seconds, runs = 4000, runs + 1


@pytest.mark.parametrize("reserve, used", [(19, 81), (0, 100)])
def test_a_schedule_goes_on_when_the_window_turns(hub, daily, clock, reserve, used):
    for name in ("flour", "salt"):
        hub.add(build(name), f"library/{name}", "1")
    hub.set_quota(100, used=used)
    made = daily("flour:1", "salt:1", reserve=reserve)
    assert "failed=2" in made.wait_log("schedule.done")
    assert "images=2" in made.wait_log("schedule.left") and hub.quota_spent == 0
    hub.advance(WINDOW + 1)
    run_again(made, clock, WINDOW + 120, "images=2 new=2")
    assert hub.quota_spent == 4


def test_a_schedule_goes_on_after_trouble(hub, hubs, daily, clock):
    """Only what was left is looked at again."""
    hub.add(build("flour"), "library/flour", "1")
    hub.add(build("salt"), "library/salt", "1")
    made = daily("flour:1", "salt:1")
    with hub.fault("manifest", "status", code=500, path="salt"):
        assert "new=1 moved=0 current=0 stale=0 failed=1" in made.wait_log("schedule.done")
        made.wait_log("schedule.left")
    run_again(made, clock, 130, "images=1 new=1")


# --- too many requests --------------------------------------------------------------------

def test_an_upstream_that_says_too_many_requests(hub, larder, clock):
    """Cached tags go out, cold ones are refused, and nothing is asked until it is time."""
    image = hub.add(build("thing"), REPO, "1")
    for n in range(20):
        hub.add(image, REPO, f"t{n}")
    made = larder(env=clock.env)
    for n in range(20):
        assert ask(made, f"/v2/{REPO}/manifests/t{n}").status == 200
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    clock.advance(STALE)
    with hub.fault("any", "status", code=429, retry_after=300, body="slow down\n",
                   content_type="text/plain") as rule:
        assert is_stale(ask(made, PATH))
        rule.wait(1)
        wait_until(lambda: any("upstream.open" in line for line in made.log), "it is noted")
        before = rule.hits
        for n in range(20):
            assert is_stale(ask(made, f"/v2/{REPO}/manifests/t{n}"))
            assert 0 < refused(ask(made, cold(n))) <= 301
        assert_pulled(client.pull(made.url, REPO, "1"), image)
        assert rule.hits == before
    clock.advance(302)
    wait_until(lambda: not is_stale(ask(made, f"/v2/{REPO}/manifests/t0")), "it is asked")
    for n in range(20):
        assert not is_stale(ask(made, f"/v2/{REPO}/manifests/t{n}"))


def test_whole_but_not_stored(hub, larder, clock):
    """A crash just before the end of a download: nobody need be asked for what is here,
    though nobody could be."""
    image = hub.add(build("thing", layer_size=300_000), REPO, "1")
    made = larder(env=clock.env)
    assert ask(made, f"/v2/{REPO}/manifests/{image.manifest().digest}").status == 200
    whole, half = image.layers()[0], image.config()
    for blob, data in ((whole, whole.read()), (half, half.read()[:-1])):
        (made.root / "larder/partial" / blob.digest.replace(":", "-")).write_bytes(data)
    hub.fault("any", "status", code=429, body="slow down\n", content_type="text/plain")
    refused(ask(made, cold(1)))
    before = len(hub.requests())
    refused(ask(made, blob_path(REPO, half.digest)))
    assert ask(made, blob_path(REPO, whole.digest)).body == whole.read()
    assert len(hub.requests()) == before


def test_checks_have_a_rate(hub, larder, clock):
    """A hundred at once, ten a second; over that the copy goes out, and misses go on."""
    tags = [f"t{n}" for n in range(250)]
    image = build("thing")
    for tag in tags:
        hub.add(image, REPO, tag)
    other = hub.add(build("other"), "library/other", "1")
    made = larder(env=clock.env)
    with ThreadPoolExecutor(8) as pool:
        path = f"/v2/{REPO}/manifests/%s"
        assert all(a.status == 200 for a in pool.map(lambda t: ask(made, path % t), tags))
        clock.advance(STALE)
        heads, began = answered(hub, kind="manifest_head"), time.monotonic()
        stale = [tag for tag, old in zip(tags, pool.map(
            lambda t: is_stale(ask(made, path % t)), tags)) if old]
        most = 101 + 10 * (time.monotonic() - began)
        asked = answered(hub, kind="manifest_head") - heads
        assert 100 <= asked <= most and len(stale) == 250 - asked
        assert_pulled(client.pull(made.url, "library/other", "1"), other)
        wait_until(lambda: not is_stale(ask(made, path % stale[0])), "its turn comes")
    print(f"{asked} checks, {len(stale)} stale")
