"""Where tags have been: every move is kept, and a name with a date is what it was then."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from harness import Command
from hub import build, client
from hub.push import Pusher, check

from .helpers import (DELETES, age, ask, assert_pulled, check_store, codes, message,
                      stored_digests, wait_until)
from .locking import read_lock
from .test_auth import ANN, CI, guarded, users  # noqa: F401 - fixtures

REPO = "library/thing"
DAY = 24 * 3600


def day(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d")


def minute(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dt%H%Mz")


def to_noon(clock) -> None:
    clock.advance((12 * 3600 - clock.now()) % DAY)


def manifest(larder, name: str, ref: str = "1", **options):
    return ask(larder, f"/v2/{name}/manifests/{ref}", **options)


def digest(larder, name: str, ref: str = "1") -> str:
    answer = manifest(larder, name, ref)
    assert answer.status == 200, answer.data
    return answer.header("docker-content-digest")


def history(larder, *words: str, env=None, status: int = 0) -> list[dict]:
    done = Command(larder.root, larder.upstreams, env)("history", "--json", *words)
    assert done.status == status, done
    return done.rows()


@pytest.fixture
def days(hub, larder, clock):
    """A tag that moves at noon of three days, pulled each time; and now it is days later."""
    made = larder(env=clock.env)
    to_noon(clock)
    dates, images = [], [build("thing", str(i)) for i in range(3)]
    for image in images:
        hub.add(image, REPO, "1")
        assert_pulled(client.pull(made.url, REPO, "1"), image)
        dates.append(day(clock.now()))
        clock.advance(DAY)
    wait_until(lambda: len(stored_digests(made.root)) == 3 * 5, "all is stored")
    clock.advance(2 * DAY)
    return made, dict(zip(dates, images))


# --- pulls as of a day ------------------------------------------------------------------

@pytest.mark.parametrize("upstream", ["up", "down"])
def test_each_day_has_its_digest(hub, days, upstream):
    """In every client's manner, whatever the tag is now, and without a request."""
    made, images = days
    if upstream == "down":
        hub.fault("any", "refused")
    asked = hub.count()
    for date, image in images.items():
        name = f"asof-{date}/{REPO}"
        for style in ("docker", "podman"):
            assert_pulled(client.pull(made.url, name, "1", style=style), image)
        assert_pulled(client.pull(made.url, f"asof-{date}/thing", "1", style="containerd",
                                  ns="docker.io"), image)
        assert_pulled(client.pull(made.url, f"asof-{date}/docker.io/{REPO}", "1"), image)
        assert manifest(made, name, "1", method="HEAD").status == 200
        assert digest(made, name, image.root.digest) == image.root.digest
    assert hub.count() == asked, "nobody had to be asked"
    listed = json.loads(ask(made, f"/v2/asof-{min(images)}/{REPO}/tags/list").body)
    assert listed == {"name": f"asof-{min(images)}/{REPO}", "tags": ["1"]}


def test_the_minute_counts(days, clock):
    """A time of day is that minute's beginning."""
    made, images = days
    (date, first), (_, second), *_ = images.items()
    second_day = list(images)[1]
    for when, image in ((f"{second_day}t1159z", first), (f"{second_day}t1201z", second),
                        (f"{second_day}t0000z", first), (date, first), (second_day, second)):
        assert digest(made, f"asof-{when}/{REPO}") == image.root.digest, when


def test_what_is_gone_comes_by_digest(hub, days, clock):
    """Pruned from the store, the history stays, and the upstream still has the digests."""
    made, images = days
    (date, first), *_, (last, third) = images.items()
    made.stop()
    age(made.root, 3600)
    command = Command(made.root, made.upstreams, clock.env)
    done = command("prune", "--all", "--force", "--filter", "until=0")
    assert done.status == 0, done
    assert not list(made.root.glob("docker/registry/v2/repositories/library/thing/**/link"))
    rows = history(made, "thing:1", env=clock.env)
    assert [row["digest"] for row in rows] == [one.root.digest for one in images.values()]
    assert {row["here"] for row in rows} == {"no"}
    made.start()
    before = len(hub.requests())
    assert_pulled(client.pull(made.url, f"asof-{date}/{REPO}", "1"), first)
    asked = {entry.path for entry in hub.requests()[before:]}
    assert f"/v2/{REPO}/manifests/1" not in asked, "not by tag"
    assert not any("asof" in path for path in asked)
    hub.fault("any", "refused")
    assert_pulled(client.pull(made.url, f"asof-{date}/{REPO}", "1"), first)
    got = manifest(made, f"asof-{last}/{REPO}")
    assert got.status == 502 and third.root.digest[:19] in message(got)
    rows = history(made, "thing:1", env=clock.env)
    assert [row["here"] for row in rows] == ["yes", "no", "no"]


def test_what_is_not_known_is_said(days, clock):
    made, images = days
    first, today, before = min(images), day(clock.now()), "2020-02-29"
    got = manifest(made, f"asof-{before}/{REPO}")
    assert (got.status, codes(got)) == (404, ["MANIFEST_UNKNOWN"])
    assert f"begins at {first}T12:00:0" in message(got) and before in message(got)
    got = ask(made, f"/v2/asof-{before}/{REPO}/tags/list")
    assert (got.status, codes(got)) == (404, ["NAME_UNKNOWN"])
    assert f"begins at {first}T12:00:0" in message(got)
    for name, ref in ((REPO, "other"), ("library/never", "1")):
        got = manifest(made, f"asof-{first}/{name}", ref)
        assert (got.status, codes(got)) == (404, ["MANIFEST_UNKNOWN"])
        assert f"{name}:{ref}" in message(got) and "first time" in message(got)
    assert ask(made, f"/v2/asof-{first}/library/never/tags/list").status == 404
    for date, words in {
        day(clock.now() + 3 * DAY): "is in the future",
        minute(clock.now() + 120): "is in the future",
        today: f"the day {today} is not over",
        "2026-02-29": "no date", "2026-13-01": "no date", "2026-00-10": "no date",
        "2026-1-1": "no date", "2026-11-01t2400z": "no date", "2026-11-01t1260z": "no date",
        "2026-11-01t12z": "no date", "20261101": "no date", "2026-11-01.": None,
        "2026-11-01/asof-2026-11-01": "two dates",
    }.items():
        got = manifest(made, f"asof-{date}/{REPO}")
        assert (got.status, codes(got)) == (400, ["NAME_INVALID"]), date
        assert words is None or words in message(got), (date, message(got))
    got = manifest(made, "asof-2026-11-01")
    assert got.status == 400 and "after the date" in message(got)


def test_nothing_can_be_changed(hub, larder, clock):
    made = larder(env=clock.env, settings={"local": ["own/**"]}, config=DELETES)
    image = build("own")
    with Pusher(made.url) as p:
        p.image("own/thing", "1", image)
        clock.advance(2 * DAY)
        # 1970 has a minute whose number is nought
        for date in (day(clock.now() - DAY), "1970-01-01t0000z"):
            name = f"asof-{date}/own/thing"
            for method, path in (("POST", "blobs/uploads/"), ("PUT", "manifests/1"),
                                 ("DELETE", "manifests/1"),
                                 ("DELETE", f"manifests/{image.root.digest}"),
                                 ("DELETE", f"blobs/{image.layers()[0].digest}")):
                got = p.request(method, f"/v2/{name}/{path}",
                                image.root.data if method == "PUT" else None)
                assert (got.status, got.code) == (405, "UNSUPPORTED"), (method, path)
                assert "own/thing" in got.message and "cannot be changed" in got.message
        got = p.request("PUT", f"/v2/asof-{day(clock.now() + 9 * DAY)}/own/x/manifests/1", b"{}")
        assert (got.status, got.code) == (400, "NAME_INVALID")
        layer = image.layers()[0].digest
        check(p.mount("own/other", layer, f"asof-{day(clock.now() - DAY)}/own/thing"), 202)
        assert p.get("/v2/_catalog").body == b'{"repositories":["own/thing"]}\n'
    done = Command(made.root, made.upstreams, clock.env)("pull", "asof-2026-11-01/thing:1")
    assert done.status != 0 and "larder that serves" in done.err, done
    assert not list(made.root.rglob("asof-*"))
    assert hub.count() == 0


# --- what lives here --------------------------------------------------------------------

def test_pushes_and_deletes(larders, clock):
    made = larders(env=clock.env, config=DELETES)
    to_noon(clock)
    one, two = build("own", "1", index=False), build("own", "2", index=False)
    dates = []

    def next_day() -> None:
        dates.append(day(clock.now()))
        clock.advance(DAY)

    with Pusher(made.url) as p:
        p.image("own/thing", "1", one)
        p.image("own/thing", "1", one)          # again: no move
        next_day()
        p.image("own/thing", "1", two)
        p.image("own/thing", "2", two)
        next_day()
        check(p.delete("/v2/own/thing/manifests/1"), 202)
        next_day()
        p.image("own/thing", "1", one)
        next_day()
        check(p.delete(f"/v2/own/thing/manifests/{one.root.digest}"), 202)
        next_day()
    expected = [("1", one), ("1", two), ("1", None), ("1", one), ("1", None), ("2", two)]
    rows = history(made, "own/thing", env=clock.env)
    assert [(row["tag"], row["digest"]) for row in rows] == [
        (tag, image and image.root.digest) for tag, image in expected]
    assert [row["from"] for row in rows] == [
        "push", "push", "delete", "push", "delete", "push"]
    assert [row["since"][:10] for row in rows[:5]] == dates
    assert digest(made, f"asof-{dates[1]}/own/thing") == two.root.digest
    got = manifest(made, f"asof-{dates[2]}/own/thing")
    assert got.status == 404 and f"deleted at {dates[2]}T12:00:0" in message(got)
    got = manifest(made, f"asof-{dates[0]}/own/thing")    # it is nowhere any more
    assert (got.status, codes(got)) == (404, ["MANIFEST_UNKNOWN"])
    assert one.root.digest[:19] in message(got)
    for date, tags in zip(dates, (["1"], ["1", "2"], ["2"], ["1", "2"], ["2"])):
        listed = json.loads(ask(made, f"/v2/asof-{date}/own/thing/tags/list").body)
        assert listed["tags"] == tags, date
    page = ask(made, f"/v2/asof-{dates[1]}/own/thing/tags/list?n=1")
    assert json.loads(page.body)["tags"] == ["1"]
    assert page.header("link") == (
        f"</v2/asof-{dates[1]}/own/thing/tags/list?last=1&n=1>; rel=\"next\"")
    check_store(made.root)


def test_the_same_rules(guarded, clock):  # noqa: F811
    """Who may not pull a name may not pull it as of a date."""
    made = guarded("ann own/** pull,push", "ci other/** pull", env=clock.env)
    image = build("own", index=False)
    with Pusher(made.url, headers=ANN) as p:
        p.image("own/thing", "1", image)
    clock.advance(2 * DAY)
    path = f"/v2/asof-{day(clock.now() - DAY)}/own/thing/manifests/1"
    for headers, status in ((ANN, 200), (CI, 403), ({}, 401)):
        with Pusher(made.url, headers=headers) as p:
            assert p.get(path).status == status, headers
            assert p.get("/larder/v1/history?name=own/thing").status == status, headers


# --- the history ------------------------------------------------------------------------

def test_a_store_without_one(hub, days, clock):
    """From before, or registry:2's: the tag's links and their times are what is known."""
    made, images = days
    made.stop()
    shutil.rmtree(made.root / "larder/history")
    rows = history(made, "thing:1", env=clock.env)
    assert [row["digest"] for row in rows] == [one.root.digest for one in images.values()]
    assert {row["from"] for row in rows} == {"links"}
    made.start()
    assert digest(made, f"asof-{day(clock.now() - DAY)}/{REPO}") == list(
        images.values())[-1].root.digest
    assert not (made.root / "larder/history").exists(), "looking writes nothing"
    hub.move_tag(REPO, "1", build("thing", "9"))
    assert client.pull(made.url, REPO, "1").ok
    assert [row["from"] for row in history(made, "thing:1", env=clock.env)] == [
        "links", "links", "links", "docker.io"]


def test_a_torn_one(days, clock):
    """It is named, counts as not there, and is written anew; scrub finds it."""
    made, images = days
    made.stop()
    path = made.root / "larder/history/library/thing/_tags/1"
    whole = path.read_bytes()
    assert whole.count(b"\n") == 3 + 2
    path.write_bytes(whole.replace(b"docker.io", b"docker.iq", 1))
    made.start()
    date = day(clock.now() - DAY)
    assert digest(made, f"asof-{date}/{REPO}") == list(images.values())[-1].root.digest
    assert "larder/history/library/thing/_tags/1" in made.wait_log("store.torn")
    made.stop()
    command = Command(made.root, made.upstreams, clock.env)
    done = command("scrub", "--no-fetch", "--json")
    assert done.status == 0, done
    told = [row for row in done.rows()[:-1] if "history" in row["path"]]
    assert [(row["kind"], row["done"]) for row in told] == [("note", "mended")], done
    assert not path.exists()
    assert not command("scrub", "--no-fetch", "--json").rows()[:-1]


def test_checks_that_find_no_move_write_nothing(hub, larder, clock):
    made = larder(env=clock.env)
    hub.add(build("thing"), REPO, "1")
    assert client.pull(made.url, REPO, "1").ok
    path = made.root / "larder/history/library/thing/_tags/1"
    before = path.stat()
    for _ in range(3):
        clock.advance(DAY)
        assert client.pull(made.url, REPO, "1").ok
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_two_processes(hub, larders, clock, scratch):
    """Two larders on one store note each move once."""
    made = [larders({"docker.io": hub.url}, env=clock.env, root=scratch / "root")
            for _ in range(2)]
    images = [build("thing", str(i)) for i in range(4)]
    for image in images:
        hub.add(image, REPO, "1")
        for one in made:
            assert_pulled(client.pull(one.url, REPO, "1"), image)
        clock.advance(DAY)
    assert [row["digest"] for row in history(made[0], "thing:1", env=clock.env)] == [
        image.root.digest for image in images]


def test_the_command(days, clock):
    made, images = days
    command = Command(made.root, made.upstreams, clock.env)
    table = command("history", "thing:1", "docker.io/library/thing")
    lines = table.out.splitlines()
    assert table.status == 0 and lines[0].split() == [
        "SINCE", "DIGEST", "HERE", "FROM", "IMAGE"]
    for line, (date, image) in zip(lines[1:], list(images.items()) * 2, strict=True):
        when, short, here, source, name = line.split()
        assert when.startswith(f"{date}T12:00:0") and image.root.digest[7:19] == short
        assert (here, source, name) == ("yes", "docker.io", "thing:1")
    date, image = list(images.items())[1]
    for form in (date, f"{date}t2359z", f"{date}T23:59:59Z"):
        rows = history(made, "--as-of", form, "thing:1", env=clock.env)
        assert [row["digest"] for row in rows] == [image.root.digest]
    assert image.root.digest in command("history", "--digests", "--as-of", date, "thing").out
    done = command("history", "thing:1", "never:1")
    assert done.status == 2 and "nothing is known" in done.err
    done = command("history", "--as-of", "2020-01-01", "thing:1")
    assert done.status == 1 and "begins at" in done.err
    for words in ([], ["--as-of", "yesterday", "thing"], ["--as-of", "2099-01-01", "thing"],
                  ["thing@" + image.root.digest], ["UPPER"]):
        assert command("history", *words).status == 100, words


def test_asking_a_server(days, clock):
    """The same rows, by HTTP and by the command."""
    made, images = days
    command = Command(made.root, made.upstreams, clock.env)
    (date, first), *_ = images.items()
    for words in (["thing:1"], ["thing"], ["docker.io/library/thing:1"],
                  ["--as-of", date, "thing:1"], ["--as-of", date, "--json", "thing"],
                  ["--as-of", f"{date}T14:30:00+02:00", "thing"], ["--digests", "thing"]):
        here, there = command("history", *words), command(
            "history", "--server", made.url, *words)
        assert here.status == there.status == 0 and here.out == there.out != "", (here, there)
    done = command("history", "--server", made.url, "--as-of", "2020-01-01", "thing:1", "thing")
    assert done.status == 1 and done.err.count("begins at") == 2, done
    done = command("history", "--server", made.url, "quay.io/x/y", "never")
    assert done.status == 1 and "quay.io" in done.err and "never" in done.err, done
    got = ask(made, "/larder/v1/history?name=library/thing&tag=1")
    assert got.header("content-type") == "application/x-ndjson"
    assert [json.loads(line) for line in got.body.splitlines()] == history(
        made, "thing:1", env=clock.env)
    assert ask(made, "/larder/v1/history?name=thing", "HEAD").status == 200
    for query, status in {"": 400, "?name=UPPER": 400, "?name=thing&tag=+": 400,
                          f"?name=thing&tag={first.root.digest}": 400,
                          "?name=thing&last=+": 400, "?name=thing&asof=soon": 400,
                          "?name=asof-2026-11-01/thing": 400, "?name=never": 404,
                          "?name=thing&tag=never": 404, "?name=quay.io/x/y": 404}.items():
        got = ask(made, "/larder/v1/history" + query)
        assert got.status == status and codes(got) and message(got), query
    assert ask(made, "/larder/v1/history?name=thing", "DELETE").status == 405


@pytest.mark.parametrize("upstream", ["up", "down"])
def test_a_lock_of_then(hub, days, clock, scratch, larder, upstream):
    """`lock --as-of` writes what each tag was, and a larder that serves by it serves that."""
    made, images = days
    if upstream == "down":
        hub.fault("any", "refused")
    command = Command(made.root, made.upstreams, clock.env)
    path = scratch / "larder.lock"
    for date, image in images.items():
        path.unlink(missing_ok=True)
        done = command("lock", "--as-of", date, "thing:1")
        assert done.status == 0, done
        (entry,) = read_lock(path).values()
        assert entry["digest"] == image.digest and entry["as-of"] == f"{date}T23:59:59Z"
        assert entry["platforms"] == "linux/amd64, linux/arm64/v8"
    (first, oldest), *_ = images.items()
    done = command("lock", "--as-of", first, "--json", "thing:1")
    assert [row["result"] for row in done.rows()[:-1]] == ["kept"], done
    done = command("lock", "--as-of", first, "--update", "thing:1", "--json")
    assert [row["result"] for row in done.rows()[:-1]] == ["moved"], done
    before = path.read_text()
    for words, status, why in (
            (["--as-of", "2020-01-01", "--update"], 1, "begins at"),
            (["--as-of", "2099-01-01", "--update"], 100, "in the future"),
            (["--as-of", "monday", "thing:1"], 100, "is no date"),
            (["--as-of", first, "--check"], 100, "--as-of is for making a lock"),
            (["--as-of", first, "--remove", "thing:1"], 100, "--as-of is for making a lock")):
        done = command("lock", *words)
        assert done.status == status and why in done.err + done.out, done
    assert path.read_text() == before
    made.stop()
    made = larder(env=clock.env, settings={"lock": str(path)})
    assert_pulled(client.pull(made.url, REPO, "1"), oldest)
    assert digest(made, f"asof-{list(images)[1]}/{REPO}") == list(images.values())[1].digest, \
        "a lock is not for names with a date"
    wait_until(lambda: history(made, "thing:1", env=clock.env)[-1]["from"] == "lock",
               "the tag has followed its lock")


def test_pages(larders, clock):
    """Tag by tag; a long one has a page of its own."""
    made = larders(env=clock.env)
    tags = [f"{'t' * 120}{i:03}" for i in range(3)]
    image = build("own", index=False)
    with Pusher(made.url) as p:
        for tag in tags:
            p.image("own/thing", tag, image)
    made.stop()
    host = "h" * 250
    for tag in tags[:2]:
        text = "".join(f"{i} sha256:{i:064x} {host}\n" for i in range(1, 1000)) + \
            f"1000 {image.root.digest} push\n"
        check = hashlib.sha256(text.encode()).hexdigest()[:16]
        path = made.root / "larder/history/own/thing/_tags" / tag
        path.write_text(f"{text}\n{check}\n")
    made.start()
    first = ask(made, "/larder/v1/history?name=own/thing")
    rows = [json.loads(line) for line in first.body.splitlines()]
    assert {row["tag"] for row in rows} == set(tags[:2]) and len(rows) == 2000
    assert first.header("link") == (
        f"</larder/v1/history?name=own/thing&last={tags[1]}>; rel=\"next\"")
    command = Command(made.root, env=clock.env)
    here = command("history", "--json", "own/thing")
    there = command("history", "--json", "--server", made.url, "own/thing")
    assert here.out == there.out and len(here.rows()) == 2001


def test_what_is_pruned_for_good(larders, clock):
    """Of a tag that lived here and whose manifests are gone, a collection takes the history,
    too; a mirrored tag's stays."""
    made = larders(env=clock.env, config=DELETES)
    image = build("own", index=False)
    with Pusher(made.url) as p:
        p.image("own/thing", "1", image)
        p.image("own/thing", "2", image)
        check(p.delete("/v2/own/thing/manifests/1"), 202)
    made.stop()
    command = Command(made.root, env=clock.env)
    folder = Path(made.root, "larder/history/own/thing/_tags")
    assert command("prune").status == 0
    assert {one.name for one in folder.iterdir()} == {"1", "2"}
    made.start()
    with Pusher(made.url) as p:
        check(p.delete(f"/v2/own/thing/manifests/{image.root.digest}"), 202)
    made.stop()
    assert command("prune").status == 0
    assert not folder.exists()
