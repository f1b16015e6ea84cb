"""`larder prune`: what goes, what stays and why, beside a larder that serves the store."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from harness import Command
from hub import build, client, images
from hub.push import Pusher

from .helpers import DELETES, age, ask, check_store, leftovers, stored_digests, wait_until

OLD = 3 * 3600 * 24


def bytes_of(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("data"))


def pulled(larder, *wanted: str) -> None:
    for text in wanted:
        repository, tag = text.rsplit(":", 1)
        assert client.pull(larder.url, repository, tag).ok
    wait_until(lambda: larder.metric("larder_flights") == 0, "what came is stored")


def command(larder, hub, **env: str) -> Command:
    return Command(larder.root, {"docker.io": hub.url}, env or None)


def test_what_no_tag_leads_to(hub, larders):
    """A tag moved: the old image goes with what only it had, and a dry run says just that."""
    common = images.layer({"common": b"c" * 5000}, gzip=False)
    first = hub.add(build("1", layers=[common]), "library/python", "3")
    made = larders({"docker.io": hub.url}, settings={"freshness": "0"})
    pulled(made, "library/python:3")
    second = build("2", layers=[common, images.layer({"new": b"n" * 9000})])
    hub.move_tag("library/python", "3", second)
    pulled(made, "library/python:3")
    prune = command(made, hub)
    young = prune("prune", "--json")
    assert young.status == 0, young
    assert young.rows()[-1]["images"] == 0          # it came less than a day ago
    age(made.root, OLD)
    before, files = bytes_of(made.root), stored_digests(made.root)
    told = prune("prune", "--dry-run", "--json", "--filter", "until=0")
    assert told.status == 0 and stored_digests(made.root) == files, told
    done = prune("prune", "--json", "--filter", "until=0")
    assert done.status == 0, done
    row, end = done.rows()
    assert row["image"] == "python" and row["digest"] == first.digest
    assert row["why"] == "no tag" and row["removed"] is True
    assert told.rows()[0] == {**row, "removed": False}
    assert told.rows()[1] == {**end, "dryRun": True}
    assert end["bytes"] == before - bytes_of(made.root) > 0
    assert first.digest not in stored_digests(made.root)
    hub.reset()
    with hub.fault("any", "refused"):
        pulled(made, "library/python:3")            # and nothing that is needed
        assert ask(made, f"/v2/library/python/blobs/{common.blob.digest}").status == 200
    check_store(made.root)


def test_what_has_just_come_is_said_to_go_later(hub, larders):
    hub.add(build("1"), "library/python", "3")
    made = larders({"docker.io": hub.url})
    pulled(made, "library/python:3")
    prune = command(made, hub)
    text = prune("prune", "--all", "--force", "--filter", "until=0").out
    assert "1 image and 0 blobs" in text and "a later prune or collection frees it" in text
    end = prune("prune", "--json").rows()[-1]
    assert end["youngBytes"] == bytes_of(made.root) > 0
    age(made.root, OLD)
    end = prune("prune", "--json").rows()[-1]
    assert end["bytes"] > 0 and end["youngBytes"] == 0


@pytest.mark.faults
def test_what_cannot_be_removed(hub, larders):
    """It is said, and does not count as gone; the next one removes it."""
    image = hub.add(build("1"), "library/python", "3")
    made = larders({"docker.io": hub.url})
    pulled(made, "library/python:3")
    made.stop()
    age(made.root, OLD)
    failing = command(made, hub, LARDER_FAULTS="fs.unlink:1+=EIO")
    said = failing("prune", "--json", "--all", "--force", "--filter", "until=0")
    assert said.status == 2, said
    end = said.rows()[-1]
    assert end["images"] == 1 and end["bytes"] == end["blobs"] == 0 and end["stuck"] > 0, said
    assert "could not be removed: cannot remove docker/" in said.err, said
    assert "Input/output error" in said.err, said
    done = command(made, hub)("prune", "--json", "--all", "--force", "--filter", "until=0")
    assert done.status == 0 and done.rows()[-1]["stuck"] == 0, done
    assert image.digest not in stored_digests(made.root)
    assert not stored_digests(made.root) and not leftovers(made.root)
    check_store(made.root)


def test_images_that_are_not_used(hub, larders, scratch):
    """--all: neither the pinned, nor the listed, nor what lives here; after their time."""
    for name in ("a", "b", "c", "d"):
        hub.add(build(name, layer_size=20_000), f"library/{name}", "1")
    wanted = scratch / "images.txt"
    wanted.write_text("b:1\n")
    settings = {"tags": ["docker.io/library/c:*=pinned"],
                "local": ["own/**"], "images": str(wanted)}
    made = larders({"docker.io": hub.url}, settings=settings)
    pulled(made, "library/a:1", "library/b:1", "library/c:1", "library/d:1")
    with Pusher(made.url) as pusher:
        image = build("own")
        pusher.image("own/thing", "1", image)
    config = scratch / "config.yml"
    config.write_text(made.config_text())
    made.stop()
    age(made.root, OLD)
    own = Command(made.root)

    def with_settings(word, *words):
        return own(word, "--config", str(config), *words)
    hub_only = with_settings("prune", "--all", "--dry-run", "--filter", "until=0", "--json",
                             "docker.io/library/a:*")
    assert [row["image"] for row in hub_only.rows()[:-1]] == ["a:1"]
    done = with_settings("prune", "--all", "--force", "--filter", "until=0", "--json")
    assert done.status == 0, done
    assert {row["image"] for row in done.rows()[:-1]} == {"a:1", "d:1"}
    assert done.rows()[-1]["held"] == {"local": 1, "pinned": 1, "locked": 0, "listed": 1}
    text = with_settings("list").out
    assert [line.split()[0] for line in text.splitlines()[1:-1]] == ["b:1", "c:1", "own/thing:1"]
    every = ("--all", "--local", "--force", "--filter", "until=0", "--dry-run", "--json")
    assert with_settings("prune", *every, "docker.io/**").rows()[:-1] == [], "what lives here"
    local = with_settings("prune", "--all", "--local", "--force", "--filter", "until=0", "own/*")
    assert local.status == 0 and "own/thing:1" in local.out, local
    check_store(made.root)


def test_what_the_rules_do_not_keep(hub, larders, scratch):
    """--keep: what larder.keep would take out, first only said, and by pattern."""
    common = images.layer({"common": b"c" * 5000}, gzip=False)
    for tag in "abcd":
        for name in "xyz":
            hub.add(build(name + tag, layers=[common, images.layer({name + tag: b"l" * 900})]),
                    f"library/{name}", tag)
    settings = {"tags": ["docker.io/library/y:a=pinned"], "local": ["own/**"], "grace": "0",
                "collect": "0", "keep": ["docker.io/library/x=last:2", "local:own/*=last:1",
                                         "docker.io/library/y=last:1"]}
    made = larders({"docker.io": hub.url}, settings=settings)
    pulled(made, *(f"library/{name}:{tag}" for tag in "abcd" for name in "xyz"))
    with Pusher(made.url) as pusher:
        for tag in ("1", "2"):
            pusher.image("own/thing", tag, build(tag))
    config = scratch / "config.yml"
    config.write_text(made.config_text())
    own = Command(made.root)

    def prune(*words):
        return own("prune", "--config", str(config), "--keep", "--json", *words)
    for data in made.root.rglob("data"):            # not what had come to somebody just now
        os.utime(data, (time.time() - OLD,) * 2)
    gone = {"x:a", "x:b", "y:b", "y:c", "own/thing:1"}
    files, names = stored_digests(made.root), len(list(made.root.rglob("link")))
    told = prune("--dry-run")
    assert told.status == 0, told
    assert {row["image"] for row in told.rows()[:-1]} == gone
    assert {row["why"] for row in told.rows()[:-1]} == {"not kept"}
    assert stored_digests(made.root) == files, "a dry run"
    assert len(list(made.root.rglob("link"))) == names
    some = prune("--dry-run", "docker.io/library/y:*")
    assert {row["image"] for row in some.rows()[:-1]} == {"y:b", "y:c"}
    before = bytes_of(made.root)
    done = prune("--force")
    assert done.status == 0, done
    assert done.rows() == [{**row, "removed": True} for row in told.rows()[:-1]] + \
        [{**told.rows()[-1], "dryRun": False}]
    assert done.rows()[-1]["bytes"] == before - bytes_of(made.root) > 0
    assert prune("--dry-run").rows()[:-1] == []
    hub.reset()
    with hub.fault("any", "refused"):
        pulled(made, "library/x:c", "library/x:d", "library/y:a", "library/y:d", "library/z:a")
    wrong = own("prune", "--config", str(config), "--keep", "--all")
    assert wrong.status == 100 and "give one of both" in wrong.err, wrong
    without = own("prune", "--keep")
    assert without.status == 100 and "there are no rules in larder.keep" in without.err, without
    check_store(made.root)


def test_how_long_ago(hub, larders):
    """until= as `docker image prune` takes it; what is too young for it is counted."""
    hub.add(build("a"), "library/a", "1")
    made = larders({"docker.io": hub.url})
    pulled(made, "library/a:1")
    made.stop()
    (made.root / "larder/usage.db").unlink(missing_ok=True)
    prune = command(made, hub)
    young = prune("prune", "--all", "--dry-run")
    assert young.status == 0 and "in the last 24 h: 1 (--filter until=" in young.out, young
    age(made.root, OLD)

    def goes(until: str) -> bool:
        end = prune("prune", "--all", "--dry-run", "--json", "--filter",
                    f"until={until}").rows()[-1]
        assert end["images"] + end["recent"] == 1, end
        return end["images"] == 1

    now = time.time()
    for days, expected in ((1, True), (5, False)):
        then = time.gmtime(now - days * 86400)
        for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ",
                     "%Y-%m-%dT%H:%M:%S+00:00"):
            assert goes(time.strftime(form, then)) is expected, (form, days)
        assert goes(str(int(now - days * 86400))) is expected
        assert goes(f"{days * 24}h") is expected
    assert goes("0")


def test_pushed_and_deleted(larders):
    """What a deleted manifest named goes after the grace, what another names stays."""
    made = larders(config=DELETES, settings={"grace": "1h"})
    common = images.layer({"common": b"c" * 5000}, gzip=False)
    with Pusher(made.url) as pusher:
        one, two = build("1", layers=[common]), build("2", layers=[common])
        pusher.image("team/a", "1", one)
        pusher.image("team/b", "1", two)
        assert pusher.delete(f"/v2/team/a/manifests/{one.digest}").status == 202
    prune = Command(made.root, env={"LARDER_GRACE": "1h"})
    assert prune("prune", "--json").rows()[-1]["bytes"] == 0     # too young
    age(made.root, OLD)
    end = prune("prune", "--json").rows()[-1]
    assert end["blobs"] > 0 and end["images"] == 0
    assert common.blob.digest in stored_digests(made.root)
    assert client.pull(made.url, "team/b", "1").ok
    check_store(made.root)


def test_pushes_beside_it(larders):
    """Pushes of what is there already, while collections run one after the other."""
    made = larders(config=DELETES, settings={"grace": "0"})
    prune = Command(made.root, env={"LARDER_GRACE": "0"})
    image = build("x", layers=[images.layer({"f": b"f" * 3000})])
    stop = threading.Event()
    runs = []

    def collect():
        while not stop.is_set():
            age(made.root, OLD)
            runs.append(prune("prune", "--json"))

    with Pusher(made.url) as pusher:
        pusher.image("team/a", "1", image)
        worker = threading.Thread(target=collect)
        worker.start()
        try:
            for i in range(40):
                gone = pusher.delete(f"/v2/team/a/manifests/{image.digest}")
                assert gone.status == 202, (i, gone.body, [run.out for run in runs])
                pusher.image("team/a", str(i), image)
                assert client.pull(made.url, "team/a", str(i)).ok
        finally:
            stop.set()
            worker.join()
    assert runs and all(run.status == 0 for run in runs), runs
    check_store(made.root)


def test_while_it_serves(larders):
    """The server removes by itself what nobody names, and says so."""
    made = larders(config=DELETES, settings={"grace": "0", "collect": "300ms"})
    image = build("x", layers=[images.layer({"f": b"f" * 3000})])
    with Pusher(made.url) as pusher:
        pusher.image("team/a", "1", image)
        pusher.image("team/b", "1", build("y"))
        assert pusher.delete(f"/v2/team/a/manifests/{image.digest}").status == 202
        others = [m.digest for m in image.manifests.values() if m is not image.root]
        for digest in others:
            assert pusher.delete(f"/v2/team/a/manifests/{digest}").status == 202
    age(made.root, OLD)
    wait_until(lambda: image.digest not in stored_digests(made.root), "a collection")
    wait_until(lambda: made.metric("larder_collected_blobs_total") >= len(image.blobs),
               "what it counts")
    assert made.metric("larder_collected_bytes_total") > 1000
    assert client.pull(made.url, "team/b", "1").ok
    made.wait_log("collect.done")
    check_store(made.root)


def test_wrong_words(hub, larders):
    made = larders({"docker.io": hub.url})
    prune = command(made, hub)
    for words, said in ((["--filter", "label=x"], "there is only until="),
                        (["--filter", "until=soon"], "neither a duration"),
                        (["--filter", "until=2026-13-01"], "neither a duration"),
                        (["--filter", "until=2999-01-01"], "is in the future"),
                        (["--local"], "name it with a pattern"), (["a b"], "pattern")):
        done = prune("prune", *words)
        assert done.status == 100 and said in done.err, done
    assert "larder prune" in prune("garbage-collect").err
