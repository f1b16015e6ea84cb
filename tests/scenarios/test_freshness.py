"""When a tag is checked, what a check costs, and what is answered while it cannot be made."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import build, client, eleven

from .helpers import (LATE, answered, ask, assert_pulled, codes, outcome,
                      stored_digests, wait_until)

REPO = "library/thing"
PATH = f"/v2/{REPO}/manifests/1"
AGE = 600                   # the default freshness, in seconds
STYLES = ("docker", "podman", "containerd")


@pytest.fixture
def image(hub):
    return hub.add(build("thing"), REPO, "1")


@pytest.fixture
def moved(hub):
    """What the tag is going to name; the hub does not know it yet."""
    return build("thing", "2")


def tag_heads(hub, path: str = PATH) -> int:
    """HEADs of the tag that were answered; more than challenges."""
    return sum(entry.path == path and entry.status != 401
               for entry in hub.requests(kind="manifest_head"))


def is_stale(answer) -> bool:
    """Marked in all three ways, or in none."""
    warnings = answer.headers("warning")
    assert len(warnings) in (0, 2), warnings
    if warnings:
        assert warnings[0].startswith("110 - ") and warnings[1].startswith("299 - ")
        assert int(answer.header("age")) >= 0
    return bool(warnings)


def get(larder, path: str = PATH, method: str = "GET", **options):
    answer = ask(larder, path, method, timeout=20, **options)
    assert answer.status == 200, answer.data
    return answer


def digest_of(answer) -> str:
    return answer.header("docker-content-digest")


# --- how old a tag may be --------------------------------------------------------------

def test_a_tag_is_asked_for_once_in_its_age(hub, larder, clock, image):
    made = larder(env=clock.env)
    for round_ in range(1, 4):
        for style in STYLES:
            assert_pulled(client.pull(made.url, REPO, "1", style=style), image)
        clock.advance(AGE - 10)
        answer = get(made)
        assert int(answer.header("age")) >= AGE - 10 and not is_stale(answer)
        assert tag_heads(hub) == round_
        clock.advance(20)
    assert hub.quota_spent == 2
    assert outcome(made, "stale") == 0


def test_always_means_at_every_pull(hub, larder, clock, image):
    made = larder(env=clock.env, settings={"freshness": "0"})
    for n in range(1, 5):
        assert_pulled(client.pull(made.url, REPO, "1", style="podman"), image)
        assert tag_heads(hub) == n
    moved = build("thing", "2")
    hub.move_tag(REPO, "1", moved)
    assert_pulled(client.pull(made.url, REPO, "1"), moved)
    assert hub.quota_spent == 4


@pytest.mark.concurrent
def test_always_is_shared_by_those_who_wait(hub, larder, image):
    made = larder(settings={"freshness": "always"})
    assert client.pull(made.url, REPO, "1").ok
    gate = hub.hold("manifest_head")
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(get, made)
        gate.wait_held()
        rest = [pool.submit(get, made) for _ in range(19)]
        wait_until(lambda: made.metric("larder_http_requests_active") >= 21, "all wait")
        gate.release()
        for future in (first, *rest):
            assert digest_of(future.result()) == image.digest
            assert not is_stale(future.result())
    assert tag_heads(hub) == 2


def test_patterns_decide_by_tag(hub, larders, clock):
    """The first pattern that matches; then the upstream's age; then the general one."""
    places = {"hot": (REPO, "hot"), "pinned": (REPO, "v1.2"), "minute": (REPO, "other"),
              "host": ("team/app", "1")}
    for repository, tag in places.values():
        hub.add(build(repository, tag), repository, tag)
    made = larders({"docker.io": {"url": hub.url, "freshness": "1h"}}, env=clock.env,
                   settings={"freshness": "5s", "tags": {
                       "docker.io/library/thing:hot": "always",
                       "docker.io/library/thing:v*": "pinned",
                       "docker.io/library/**": "1m"}})
    path = {name: f"/v2/{place[0]}/manifests/{place[1]}" for name, place in places.items()}

    def heads_after(seconds: float) -> dict[str, int]:
        clock.advance(seconds)
        for one in path.values():
            assert not is_stale(get(made, one))
        return {name: tag_heads(hub, one) for name, one in path.items()}

    assert heads_after(0) == {"hot": 1, "pinned": 1, "minute": 1, "host": 1}
    assert heads_after(50) == {"hot": 2, "pinned": 1, "minute": 1, "host": 1}
    assert heads_after(11) == {"hot": 3, "pinned": 1, "minute": 2, "host": 1}
    assert heads_after(3600) == {"hot": 4, "pinned": 1, "minute": 3, "host": 2}
    assert heads_after(10 * 365 * 86400)["pinned"] == 1


def test_pinned_stays_when_the_tag_moves_or_goes(hub, larder, clock, image, moved):
    made = larder(env=clock.env, settings={"tags": {f"docker.io/{REPO}": "pinned"}})
    assert client.pull(made.url, REPO, "1").ok
    hub.move_tag(REPO, "1", moved)
    clock.advance(100 * AGE)
    before = hub.count()
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    hub.delete_repository(REPO)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert hub.count() == before and not is_stale(get(made))


def test_a_clock_that_jumps_back_is_checked_once(hub, larder, clock, image):
    made = larder(env=clock.env)
    get(made)
    clock.advance(-365 * 86400)
    for _ in range(3):
        assert not is_stale(get(made))
    assert tag_heads(hub) == 2


# --- what it costs ---------------------------------------------------------------------

@pytest.mark.concurrent
@LATE
def test_200_pulls_of_eleven_images(hub, hubs, larders, clock, late):
    """After their age: not one manifest GET, and one HEAD a tag and age."""
    gcr = hubs(profile="gcr.io", quota=1_000_000)
    named = [(hub if one.host == "docker.io" else gcr, one) for one in eleven()]
    for where, one in named:
        where.add(one)
    made = larders({"docker.io": hub.url, "gcr.io": gcr.url}, env={**clock.env, **late})

    def pull(job) -> None:
        (where, one), style = job
        prefix = "" if where is hub or style == "containerd" else "gcr.io/"
        ns = one.host if style == "containerd" else None
        assert_pulled(client.pull(made.url, prefix + one.repository, one.tag, ns=ns,
                                  style=style), one.image)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(pull, [(job, "docker") for job in named]))
        both = (hub, gcr)
        spent = [one.quota_spent for one in both]
        gets = [answered(one, kind="manifest_get") for one in both]
        for age in (1, 2):
            clock.advance(AGE + 1)
            list(pool.map(pull, [(named[n % 11], STYLES[n // 11 % 3]) for n in range(200)]))
            for where, one in named:
                path = f"/v2/{one.repository}/manifests/{one.tag}"
                assert tag_heads(where, path) == age + 1, path
    assert [one.quota_spent for one in both] == spent
    assert [answered(one, kind="manifest_get") for one in both] == gets
    assert outcome(made, "stale") == outcome(made, "error") == 0
    assert hub.count(kind="token") + gcr.count(kind="token") <= 11


@pytest.mark.concurrent
@pytest.mark.parametrize("style", STYLES)
def test_a_moved_tag_is_fetched_once_for_all(hub, larder, clock, image, moved, style):
    made = larder(env=clock.env)
    assert client.pull(made.url, REPO, "1").ok
    hub.move_tag(REPO, "1", moved)
    assert_pulled(client.pull(made.url, REPO, "1"), image)      # still of age
    clock.advance(AGE + 1)
    for result in client.pull_many(24, made.url, REPO, "1", style=style):
        assert_pulled(result, moved)
    assert tag_heads(hub) == 2
    for digest in (moved.digest, moved.manifest().digest):
        assert answered(hub, kind="manifest_get", path=digest) == 1
    assert answered(hub, kind="manifest_get_tag") == 0 and hub.quota_spent == 4
    made.wait_log("tag.moved")
    # what the tag named before is still here, and costs nothing
    assert get(made, f"/v2/{REPO}/manifests/{image.digest}").body == image.root.data
    assert hub.quota_spent == 4


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_time_of_a_check_survives_a_restart(hub, larder, clock, image, end):
    made = larder(env=clock.env)
    assert client.pull(made.url, REPO, "1").ok
    wait_until(lambda: len(stored_digests(made.root)) == 5, "all is stored")
    asked = hub.count()
    getattr(made, end)()
    clock.advance(AGE - 30)
    made = larder(env=clock.env)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert hub.count() == asked                 # not a HEAD, not a token
    clock.advance(40)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert tag_heads(hub) == 2 and hub.quota_spent == 2


# --- patience --------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_slow_check_is_not_waited_for(hub, larder, clock, image, moved, method):
    """Stale and marked after the patience; the check goes on, and its result counts."""
    made = larder(env=clock.env)
    assert client.pull(made.url, REPO, "1").ok
    spent = hub.quota_spent
    hub.move_tag(REPO, "1", moved)
    clock.advance(AGE + 100)
    gate = hub.hold("manifest")
    began = time.monotonic()
    answer = get(made, method=method)
    took = time.monotonic() - began
    assert 1.5 < took < 3 and is_stale(answer) and digest_of(answer) == image.digest
    assert AGE + 100 <= int(answer.header("age")) < AGE + 110
    assert "docker.io" in answer.headers("warning")[1] and f"{REPO}:1" in \
        answer.headers("warning")[1]
    wait_until(lambda: outcome(made, "stale", kind="manifest") == 1, "it is counted")
    # in trouble: nobody else waits, and nobody else asks
    began = time.monotonic()
    for _ in range(10):
        assert is_stale(get(made, method=method))
    assert time.monotonic() - began < 1
    wait_until(lambda: outcome(made, "stale", kind="manifest") == 11, "they are counted")
    assert gate.hits == 1 and hub.quota_spent == spent
    gate.release()
    wait_until(lambda: not is_stale(get(made)), "the check that went on has ended")
    assert digest_of(get(made)) == moved.digest
    assert tag_heads(hub) == 2 and answered(hub, kind="manifest_get", path=moved.digest) == 1
    assert_pulled(client.pull(made.url, REPO, "1"), moved)


def test_patience_is_a_setting(hub, larder, clock, image):
    made = larder(env=clock.env, settings={"patience": "200ms"})
    assert client.pull(made.url, REPO, "1").ok
    clock.advance(AGE + 1)
    gate = hub.hold("manifest")
    began = time.monotonic()
    assert is_stale(get(made))
    assert 0.15 < time.monotonic() - began < 1
    gate.release()


def test_without_a_copy_there_is_time(hub, larder, image):
    """Nothing to answer with: the patience is not for those."""
    made = larder(settings={"patience": "50ms"})
    gate = hub.hold("manifest_head")
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(get, made)
        gate.wait_held()
        time.sleep(0.3)         # six patiences
        assert not future.done()
        gate.release()
        assert digest_of(future.result()) == image.digest


# --- absent, deleted, contradicted -----------------------------------------------------

def test_absence_is_remembered_for_a_short_time(hub, larder, image):
    made = larder(settings={"negative": "1s"})
    missing = f"/v2/{REPO}/manifests/none"
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda _: ask(made, missing), range(40)):
            assert answer.status == 404 and codes(answer) == ["MANIFEST_UNKNOWN"]
    assert tag_heads(hub, missing) == 1 or time.monotonic() - began > 1
    hub.add(image, REPO, "none")
    wait_until(lambda: ask(made, missing).status == 200, "it is asked for again", 4)
    assert tag_heads(hub, missing) == 2 and not is_stale(get(made, missing))


@pytest.mark.faults
@pytest.mark.parametrize("negative", ["0", "1ms"])
def test_absence_that_is_not_remembered(hub, larder, image, negative):
    """Is for others; who has waited for it is told, however late it comes to look."""
    made = larder(settings={"negative": negative}, env={"LARDER_FAULTS": "task.start:1+=pause"})
    missing = f"/v2/{REPO}/manifests/none"
    for n in (1, 2, 3):
        assert ask(made, missing).status == 404
        assert tag_heads(hub, missing) <= n     # within a millisecond it is remembered


@pytest.mark.slow
@pytest.mark.concurrent
def test_what_is_remembered_of_absence_is_bounded(hub, larder, image):
    """More missing tags than there is room to remember: they are in nobody's way."""
    made = larder(settings={"negative": "60s"}, access_log=False)
    hub.config.auth = "none"
    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(
            lambda n: ask(made, f"/v2/{REPO}/manifests/none-{n}", "HEAD").status,
            range(8500)))
    assert statuses == {404: 8500}
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert not any(made.metric("larder_http_requests_total", code=code) for code in ("403", "429"))


@pytest.mark.parametrize("what", ["tag", "repository"])
def test_a_deleted_tag_still_pulls(hub, larder, clock, image, what):
    made = larder(env=clock.env)
    assert client.pull(made.url, REPO, "1").ok
    spent = hub.quota_spent
    if what == "tag":
        hub.delete_tag(REPO, "1")
    else:
        hub.delete_repository(REPO)
    clock.advance(AGE + 5)
    for style in STYLES:
        result = client.pull(made.url, REPO, "1", style=style)
        assert_pulled(result, image)
        assert result.max_step < 3
    last = get(made)
    assert is_stale(last)
    said = "does not have" if what == "tag" else "could not be asked"
    assert said in last.headers("warning")[1]
    wait_until(lambda: outcome(made, "stale") == 4, "they are counted")
    assert hub.quota_spent == spent
    assert what != "tag" or tag_heads(hub) == 2     # the answer is remembered


def test_a_head_that_lies(hub, larder, clock, image):
    """It names a digest that GET does not deliver: the old copy, marked."""
    made = larder(env=clock.env)
    assert client.pull(made.url, REPO, "1").ok
    clock.advance(AGE + 1)
    with hub.fault("manifest_head", "wrong_digest_header"):
        result = client.pull(made.url, REPO, "1")
        assert_pulled(result, image)
        assert is_stale(get(made))
        wait_until(lambda: outcome(made, "stale") == 2, "they are counted")
    assert hub.quota_spent == 2
    assert 1 <= answered(hub, kind="manifest_get", path="sha256:" + "0" * 64) <= 4


def test_a_get_that_lies(hub, larder, clock, image, moved):
    """The tag has moved, what comes has not the digest: the old copy until it has."""
    made = larder(env=clock.env)
    assert client.pull(made.url, REPO, "1").ok
    hub.move_tag(REPO, "1", moved)
    clock.advance(AGE + 1)
    with hub.fault("manifest_get", "corrupt"):
        assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert moved.digest not in stored_digests(made.root)
    wait_until(lambda: digest_of(get(made)) == moved.digest, "it is tried again", 8)
    assert not is_stale(get(made))


def test_a_head_that_lies_about_a_cold_tag(hub, larder, image):
    """There is no copy; but that the upstream contradicts itself is not absence."""
    made = larder()
    with hub.fault("manifest_head", "wrong_digest_header"):
        answer = ask(made, PATH, timeout=20)
        assert answer.status == 502 and codes(answer) == ["UNAVAILABLE"], answer.data
    wait_until(lambda: ask(made, PATH, timeout=20).status == 200, "it is tried again", 8)
