"""A lock while serving: the tag is what the lock says, for every client, whatever its
upstream does; and that the upstream has moved it is seen, counted, said, never served."""

from __future__ import annotations

import json
import signal

import pytest

from harness import Command
from hub import build, client, images

from .helpers import (age, answered, ask, assert_pulled, check_store, codes, message,
                      outcome, stored_digests, wait_until)
from .locking import write_lock

REPO = "library/thing"
IMAGE = f"docker.io/{REPO}:1"
PATH = f"/v2/{REPO}/manifests/1"
AGE = 600                   # the default freshness, in seconds

# How clients spell it: base path of the repository, and ?ns=.
SPELLINGS = [("library/thing", None, "docker"), ("docker.io/library/thing", None, "docker"),
             ("thing", None, "podman"), ("library/thing", "docker.io", "containerd"),
             ("docker.io/thing", None, "podman")]


@pytest.fixture
def image(hub):
    return hub.add(build("thing", layer_size=300_000), REPO, "1")


@pytest.fixture
def evil():
    return build("thing", "evil")


@pytest.fixture
def locked(larder, scratch, image, clock):
    """locked(**options): a cache with a lock on the image."""
    path = scratch / "larder.lock"

    def make(*more, settings=None, digest=None, **options):
        write_lock(path, (IMAGE, digest or image.digest), *more)
        made = larder(env=clock.env, settings={"lock": str(path), **(settings or {})},
                      **options)
        made.lock = path
        return made

    return make


def tag_requests(hub, method: str) -> int:
    return sum(entry.path == PATH and entry.status != 401 and entry.method == method
               for entry in hub.requests())


def lock_status(larder) -> dict:
    return json.loads(ask(larder, "/larder/v1/status").body)["lock"]


def pull_all_ways(larder, image) -> None:
    for repo, ns, style in SPELLINGS:
        assert_pulled(client.pull(larder.url, repo, "1", ns=ns, style=style), image)


# --- a tag moved by an attacker -----------------------------------------------------------

def test_a_moved_tag_reaches_nobody(hub, locked, clock, image, evil):
    """Nobody gets the new bytes; the first pull is by digest; log, metrics, status say it."""
    made = locked()
    hub.move_tag(REPO, "1", evil)                   # before larder has ever seen it
    pull_all_ways(made, image)
    made.wait_log("lock.drift")
    assert tag_requests(hub, "GET") == 0
    assert answered(hub, kind="manifest_get", path=image.digest) == 1
    for blob in image.layers():
        assert answered(hub, kind="blob", path=blob.digest, method="GET") == 1
    assert tag_requests(hub, "HEAD") == 1           # fresh for ten minutes
    clock.advance(AGE + 1)
    pull_all_ways(made, image)
    wait_until(lambda: tag_requests(hub, "HEAD") == 2, "it is asked about again")
    assert outcome(made, "stale") == 0 and ask(made, PATH).headers("warning") == []
    assert made.metric("larder_lock_drifted", upstream="docker.io") == 1
    assert made.metric("larder_lock_drift_total", upstream="docker.io") == 1
    assert made.metric("larder_lock_held_total", upstream="docker.io") >= len(SPELLINGS)
    assert made.metric("larder_lock_entries") == 1
    status = lock_status(made)
    assert status["entries"] == 1 and status["drifted"] == 1
    assert status["drift"][0]["image"] == IMAGE
    assert status["drift"][0]["locked"] == image.digest
    assert status["drift"][0]["upstream"] == evil.digest
    text = Command(made.root, {"docker.io": hub.url})("status", "--server", made.url)
    assert text.status == 0 and f"{IMAGE}: locked to {image.digest[:19]}" in text.out, text
    # Once for each new place, not for each look.
    assert sum("lock.drift " in line for line in made.log) == 1
    again = build("thing", "evil, again")
    hub.move_tag(REPO, "1", again)
    clock.advance(AGE + 1)
    pull_all_ways(made, image)
    assert again.digest in made.wait_log("lock.drift ", n=2)
    assert made.metric("larder_lock_drift_total", upstream="docker.io") == 2
    hub.move_tag(REPO, "1", image)
    clock.advance(AGE + 1)
    pull_all_ways(made, image)
    made.wait_log("lock.drift_over")
    wait_until(lambda: made.metric("larder_lock_drifted") == 0, "it is over")
    assert lock_status(made)["drift"] == []
    assert not {evil.digest, again.digest} & stored_digests(made.root)
    assert tag_requests(hub, "GET") == 0 and outcome(made, "error") == 0
    check_store(made.root)


def test_by_digest_nothing_is_locked(hub, locked, image, evil):
    """The lock is about tags: who names bytes gets them, and other tags move as ever."""
    hub.add(build("other"), REPO, "2")
    made = locked()
    hub.move_tag(REPO, "1", evil)
    assert_pulled(client.pull(made.url, REPO, evil.digest), evil)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert client.pull(made.url, REPO, "2").ok
    tags = json.loads(ask(made, f"/v2/{REPO}/tags/list").body)
    assert tags["tags"] == ["1", "2"]


def test_a_head_is_the_same(hub, larder, scratch, image, evil):
    path = write_lock(scratch / "by-flag.lock", (IMAGE, image.digest))
    made = larder(args=["--lock", str(path)])
    hub.move_tag(REPO, "1", evil)
    answer = ask(made, PATH, "HEAD")
    assert answer.status == 200
    assert answer.header("docker-content-digest") == image.digest


def test_a_tag_that_had_moved_before_the_lock(hub, larder, scratch, clock, image, evil):
    """The store's own tag is at the new bytes: they are not served either, and the tag is
    put right."""
    made = larder(env=clock.env)
    hub.move_tag(REPO, "1", evil)
    assert_pulled(client.pull(made.url, REPO, "1"), evil)
    made.stop()
    path = write_lock(scratch / "larder.lock", (IMAGE, image.digest))
    made = larder(env=clock.env, settings={"lock": str(path)})
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    rows = Command(made.root, {"docker.io": hub.url}, {"LARDER_LOCK": str(path)})
    wait_until(lambda: [row["digest"] for row in rows("list", "--json").rows()
                        if row.get("tag") == "1"] == [image.digest], "the tag is set")
    assert [row["state"] for row in rows("list", "--json").rows()
            if row.get("tag") == "1"] == ["locked"]


# --- without the network ------------------------------------------------------------------

def test_locked_images_serve_without_the_network(hub, locked, image):
    made = locked()
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    with hub.fault("any", "refused"):
        pull_all_ways(made, image)
        made.stop()
        made.start()
        pull_all_ways(made, image)
        answer = ask(made, PATH)
        assert answer.status == 200 and answer.headers("warning") == []
    assert outcome(made, "stale") == 0


def test_the_digest_is_here_and_the_tag_is_not(hub, locked, image):
    """Pulled by digest; then the upstream is down, and the tag is asked for."""
    made = locked()
    assert_pulled(client.pull(made.url, REPO, image.digest), image)
    with hub.fault("any", "refused"):
        pull_all_ways(made, image)


def test_nobody_waits_for_the_comparison(hub, locked, clock, image):
    made = locked(settings={"freshness": "0"})
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    gate = hub.hold("manifest_head")
    for _ in range(5):
        answer = ask(made, PATH, timeout=1)
        assert answer.status == 200 and answer.header("docker-content-digest") == image.digest
    gate.wait_held()
    gate.release()


def test_what_is_gone_everywhere_is_refused(hub, locked, image, evil):
    """The locked digest is not here and its upstream has it no more: a refusal that says
    so, and never the other bytes."""
    made = locked()
    hub.move_tag(REPO, "1", evil)
    hub.delete_digest(REPO, image.digest)
    for repo, ns, style in SPELLINGS:
        pulled = client.pull(made.url, repo, "1", ns=ns, style=style)
        assert not pulled.ok and pulled.error_status == 403, pulled
    answer = ask(made, PATH)
    assert codes(answer) == ["DENIED"]
    for word in (f"thing:1 is locked to {image.digest}", "docker.io does not have any more",
                 "larder lock --update thing:1"):
        assert word in message(answer), message(answer)
    assert tag_requests(hub, "GET") == 0 and evil.digest not in stored_digests(made.root)


def test_an_upstream_that_is_down_and_nothing_here(hub, locked, image):
    made = locked()
    with hub.fault("any", "refused"):
        answer = ask(made, PATH, timeout=30)
        assert answer.status == 502 and f"locked to {image.digest}" in message(answer)
    wait_until(lambda: client.pull(made.url, REPO, "1").ok, "it comes when it is back", 20)


def test_a_tag_that_is_gone_upstream(hub, locked, image):
    made = locked()
    hub.delete_tag(REPO, "1")
    pull_all_ways(made, image)
    assert 'upstream="no such tag"' in made.wait_log("lock.drift ")
    assert lock_status(made)["drift"][0]["upstream"] is None


@pytest.mark.concurrent
def test_many_at_once(hub, locked, image, evil):
    """A crowd on a cold cache: one GET for each thing, by digest, one HEAD for the tag."""
    made = locked()
    hub.move_tag(REPO, "1", evil)
    for pulled in client.pull_many(12, made.url, REPO, "1", style="podman"):
        assert_pulled(pulled, image)
    for manifest in (image.digest, image.manifest().digest):
        assert answered(hub, kind="manifest_get", path=manifest) == 1
    made.wait_log("lock.drift ")
    assert tag_requests(hub, "HEAD") == 1 and tag_requests(hub, "GET") == 0


def test_a_schedule_obeys_it(hub, larder, scratch, clock, image, evil):
    """It brings what is locked and sees what has moved, with no client about."""
    path = write_lock(scratch / "larder.lock", (IMAGE, image.digest))
    hub.move_tag(REPO, "1", evil)
    clock.advance(59.5 - clock.now() % 60)
    made = larder(env={**clock.env, "TZ": "UTC"}, settings={
        "schedule": "* * * * *", "images": str(path), "lock": str(path)})
    assert "images=1 new=1" in made.wait_log("schedule.done")
    assert evil.digest in made.wait_log("lock.drift ")
    assert image.layers()[-1].digest in stored_digests(made.root)
    assert evil.digest not in stored_digests(made.root)


# --- settings -----------------------------------------------------------------------------

def test_reload(hub, locked, clock, image, evil):
    """A new lock counts from the next request; a bad one is refused, and the old stays."""
    made = locked()
    hub.move_tag(REPO, "1", evil)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    made.wait_log("lock.drift ")
    made.lock.write_text("larder-lock 1\n<<<<<<< HEAD\n")
    made.signal(signal.SIGHUP)
    line = made.wait_log("settings.not_reloaded")
    assert "larder.lock" in line and "line 2" in line and "merge conflict" in line, line
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    write_lock(made.lock, (IMAGE, evil.digest))     # moved on purpose
    made.signal(signal.SIGHUP)
    made.wait_log("settings.reloaded")
    assert_pulled(client.pull(made.url, REPO, "1"), evil)
    wait_until(lambda: made.metric("larder_lock_drifted") == 0, "it is as locked now")
    assert lock_status(made)["drifted"] == 0
    write_lock(made.lock)                           # not locked any more
    made.signal(signal.SIGHUP)
    made.wait_log("settings.reloaded", n=2)
    newest = build("thing", "3")
    hub.move_tag(REPO, "1", newest)
    clock.advance(AGE + 1)
    assert_pulled(client.pull(made.url, REPO, "1"), newest)


def test_a_bad_lock_is_no_start(larder, scratch):
    path = scratch / "larder.lock"
    made = larder(settings={"lock": str(path)}, start=False)
    for text, words in ((None, "there is no lock file"),
                        ("larder-lock 7\n", "version \"7\""),
                        ("larder-lock 1\na\n", "line 2: docker.io/library/a:latest has no")):
        if text is not None:
            path.write_text(text)
        with pytest.raises(AssertionError):
            made.start(timeout=5)
        assert words in made.tail().replace('\\"', '"'), made.tail()
        assert made.process.wait(10) == 1
        made.process = None


def test_entries_that_lock_nothing_are_said(hub, larder, scratch, image):
    path = write_lock(scratch / "larder.lock", (IMAGE, image.digest),
                      ("quay.io/x/y:1", image.digest), ("docker.io/own/z:1", image.digest))
    made = larder(settings={"lock": str(path), "local": ["own/**"]})
    said = [line for line in made.log if "lock.no_use" in line]
    assert len(said) == 2, made.tail()
    assert any("quay.io/x/y:1" in line and "not configured" in line for line in said)
    assert any("docker.io/own/z:1" in line and "lives here" in line for line in said)
    assert_pulled(client.pull(made.url, REPO, "1"), image)


def test_an_upstream_that_keeps_its_digests_to_itself(hubs, larders, scratch, image, evil):
    """No GET by tag just to compare: that would cost a pull and bring what is not wanted."""
    hub = hubs(head_digest=False)
    hub.add(image, REPO, "1")
    path = write_lock(scratch / "larder.lock", (IMAGE, image.digest))
    made = larders({"docker.io": hub.url}, settings={"lock": str(path)})
    hub.move_tag(REPO, "1", evil)
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    made.wait_log("lock.not_compared")
    assert tag_requests(hub, "GET") == 0
    assert made.metric("larder_lock_drifted") == 0


# --- staying here ---------------------------------------------------------------------------

def test_what_is_locked_stays(hub, locked, image):
    """Neither pruned, however old and whatever is asked for, nor evicted, nor retired."""
    other = hub.add(build("other", layer_size=300_000), "library/other", "1")
    made = locked(settings={"size": "1000000"})
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert_pulled(client.pull(made.url, "library/other", "1"), other)
    age(made.root, 90 * 24 * 3600)
    for n in range(6):                              # far more than there is room for
        hub.add(build(f"filler{n}", layer_size=300_000), f"library/filler{n}", "1")
        assert client.pull(made.url, f"library/filler{n}", "1").ok
    names = made.root / "docker/registry/v2/repositories/library"
    wait_until(lambda: not (names / "other/_manifests/tags/1").exists(), "the other goes")
    with hub.fault("any", "refused"):
        assert_pulled(client.pull(made.url, REPO, "1"), image)
    made.stop()                                     # it may be collecting just then
    prune = Command(made.root, {"docker.io": hub.url}, {"LARDER_LOCK": str(made.lock)})
    age(made.root, 90 * 24 * 3600)
    done = prune("prune", "--all", "--json", "--filter", "until=0")
    assert done.status == 0 and done.rows()[-1]["held"]["locked"] == 1, done
    made.start()
    with hub.fault("any", "refused"):
        assert_pulled(client.pull(made.url, REPO, "1"), image)


def test_rules_for_tags_leave_it(hub, locked, image, clock):
    """larder.keep keeps what was used lately; the locked tag stays besides."""
    for n in range(2, 4):
        hub.add(build("thing", str(n)), REPO, str(n))
    made = locked(settings={"freshness": "365d", "collect": "200ms",
                            "keep": ["docker.io/library/*=used:10d"]})
    for n in range(1, 4):
        assert client.pull(made.url, REPO, str(n)).ok

    def tags() -> set[str]:
        folder = made.root / "docker/registry/v2/repositories" / REPO / "_manifests/tags"
        return {one.name for one in folder.iterdir()}

    clock.advance(11 * 86400)
    wait_until(lambda: tags() == {"1"}, "the others go", 20)
