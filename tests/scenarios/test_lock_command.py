"""`larder lock`: making a lock file, moving it on purpose, checking it, pulling by it."""

from __future__ import annotations

import json

import pytest

from harness import Command
from hub import build, client
from hub.push import Pusher

from .helpers import answered, assert_pulled, stored_digests, wait_until
from .locking import read_lock, write_lock

REPO = "library/thing"
FULL = f"docker.io/{REPO}:1"


@pytest.fixture
def image(hub):
    return hub.add(build("thing", attestations=True), REPO, "1")


@pytest.fixture
def command(hub, scratch, clock):
    return Command(scratch / "root", {"docker.io": hub.url}, clock.env)


@pytest.fixture
def path(scratch):
    return scratch / "larder.lock"


def results(done) -> dict[str, str]:
    return {row["image"]: row["result"] for row in done.rows()[:-1]}


def tag_requests(hub, method: str, tag: str = "1", repo: str = REPO) -> int:
    return sum(entry.path == f"/v2/{repo}/manifests/{tag}" and entry.method == method
               and entry.status != 401 for entry in hub.requests())


# --- making it --------------------------------------------------------------------------

def test_first_lock(hub, command, path, image):
    """An index with its platforms, and an image of one; one pull each and no blob."""
    single = hub.add(build("single", index=False, docker=True), "team/single", "v1.2")
    done = command("lock", "thing:1", "docker.io/team/single:v1.2", "--json")
    assert done.status == 0, done
    assert set(results(done).values()) == {"new"} and done.rows()[-1]["written"] is True
    entries = read_lock(path)
    assert list(entries) == [FULL, "docker.io/team/single:v1.2"]
    assert entries[FULL]["digest"] == image.digest
    assert entries[FULL]["type"] == image.root.media_type
    assert entries[FULL]["platforms"] == "linux/amd64, linux/arm64/v8"
    assert entries[FULL]["from"] == hub.url
    assert entries["docker.io/team/single:v1.2"]["digest"] == single.digest
    assert "platforms" not in entries["docker.io/team/single:v1.2"]
    assert hub.quota_spent == 2 and answered(hub, kind="blob") == 0
    assert tag_requests(hub, "GET") == 0


def test_what_is_locked_stays_as_it_is(hub, command, path, image):
    """Asked again nothing is asked of anybody, and not one byte of the file changes; a
    comment of somebody's stays with its image."""
    assert command("lock", "thing:1").status == 0
    path.write_text(path.read_text().replace(FULL, "# Needed by the old build.\n" + FULL))
    before = path.read_bytes()
    hub.move_tag(REPO, "1", build("thing", "2"))
    hub.reset()
    done = command("lock", "thing:1", "library/thing:1", "--json")
    assert done.status == 0 and set(results(done).values()) == {"kept"}, done
    assert path.read_bytes() == before and hub.requests() == []
    other = hub.add(build("other"), "library/other", "1")
    assert command("lock", "other:1").status == 0
    assert read_lock(path)["docker.io/library/other:1"]["digest"] == other.digest
    assert f"# Needed by the old build.\n{FULL}\n" in path.read_text()


def test_moved_on_purpose(hub, command, path, image, clock):
    hub.add(build("other"), "library/other", "1")
    assert command("lock", "thing:1", "other:1").status == 0
    moved = build("thing", "2")
    hub.move_tag(REPO, "1", moved)
    clock.advance(60)
    before = path.read_bytes()
    told = command("lock", "--update", "--dry-run", "--json")
    assert told.status == 0 and path.read_bytes() == before, told
    done = command("lock", "--update", "--json")
    assert done.status == 0, done
    assert results(done) == results(told) == {FULL: "moved",
                                              "docker.io/library/other:1": "same"}
    row = next(row for row in done.rows() if row.get("image") == FULL)
    assert (row["before"], row["digest"]) == (image.digest, moved.digest)
    lines = (before.decode().split("\n"), path.read_text().split("\n"))
    assert sum(a != b for a, b in zip(*lines, strict=True)) == 2    # the digest and when
    shown = command("lock", "--update", "thing:1")
    assert shown.status == 0 and "same" in shown.out


def test_platforms(hub, command, path, image):
    done = command("lock", "thing:1", "--platform", "linux/s390x", "--json")
    assert done.status == 1 and not path.exists(), done
    assert "there is linux/amd64, linux/arm64/v8" in done.rows()[0]["error"]
    done = command("lock", "-f", "-", input="--platform=linux/arm64 thing:1\n")
    assert done.status == 0 and read_lock(path)[FULL]["for"] == "linux/arm64", done
    hub.move_tag(REPO, "1", build("thing", "2"))
    assert command("lock", "--update").status == 0
    assert read_lock(path)[FULL]["for"] == "linux/arm64"     # as it was wished
    assert command("lock", "--update", "--platform", "linux/amd64", "thing:1").status == 0
    assert read_lock(path)[FULL]["for"] == "linux/amd64"
    assert command("lock", "--update", "--platform", "linux/arm64", "thing:1").status == 0
    assert command("pull", "-f", "larder.lock").status == 0
    assert build("thing", "2").config("linux/arm64/v8").digest in stored_digests(command.root)
    assert build("thing", "2").config("linux/amd64").digest not in stored_digests(command.root)


def test_some_cannot_be_locked(hub, larders, scratch, command, path, image):
    """Each with its reason, and the others are locked all the same."""
    done = command("lock", "thing:1", "none:1", "Bad:1", f"thing@{image.digest}",
                   "quay.io/x/y:1", "own/x:1", "--json", env={"LARDER_LOCAL": "own/**"})
    assert done.status == 2, done
    found = results(done)
    assert found.pop("thing:1") == "new" and found.pop(f"thing@{image.digest}") == "digest"
    assert set(found.values()) == {"failed"}
    errors = {row["image"]: row.get("error", "") for row in done.rows()[:-1]}
    assert "lives here" in errors["own/x:1"] and "is no image" in errors["Bad:1"]
    assert list(read_lock(path)) == [FULL]


def test_a_digest_that_is_written_is_taken(hub, command, path, image):
    """Somebody says what the tag is to be: it is, if the upstream has it."""
    hub.move_tag(REPO, "1", build("thing", "2"))
    assert command("lock", f"thing:1@{image.digest}").status == 0
    assert read_lock(path)[FULL]["digest"] == image.digest
    done = command("lock", "--update", f"thing:1@sha256:{'0' * 64}", "--json")
    assert done.status == 1 and results(done).popitem()[1] == "failed", done
    assert read_lock(path)[FULL]["digest"] == image.digest


def test_without_the_upstream(hub, command, path, image):
    """A first lock is of the copy that is here, and says so; a lock is not moved."""
    assert command("pull", "thing:1").status == 0
    with hub.fault("any", "refused"):
        done = command("lock", "thing:1", "--json")
        assert done.status == 2 and results(done) == {"thing:1": "stale"}, done
        assert read_lock(path)[FULL]["from"] == "store"
        assert read_lock(path)[FULL]["digest"] == image.digest
        before = path.read_bytes()
        done = command("lock", "--update", "--json")
        assert done.status == 1 and results(done) == {FULL: "unknown"}, done
        assert path.read_bytes() == before
    hub.delete_tag(REPO, "1")
    done = command("lock", "--update", "--json")
    assert done.status == 2 and results(done) == {FULL: "gone"}, done
    assert path.read_bytes() == before


def test_a_link_to_it_stays_a_link(command, path, image, scratch):
    path.symlink_to("shared.lock")
    shared = scratch / "shared.lock"
    shared.write_text("larder-lock 1\n")
    assert command("lock", "thing:1").status == 0
    assert path.is_symlink() and list(read_lock(shared)) == [FULL]


def test_two_at_once_lose_nothing(hub, command, path, image):
    hub.add(build("other"), "library/other", "1")
    gate = hub.hold("manifest_head", "library/other")
    slow = command.start("lock", "other:1")
    gate.wait_held()
    assert command("lock", "thing:1").status == 0
    gate.clear()
    done = Command.end(slow)
    assert done.status == 1 and "has been changed since it was read" in done.err, done
    assert list(read_lock(path)) == [FULL]
    assert command("lock", "other:1").status == 0
    assert list(read_lock(path)) == ["docker.io/library/other:1", FULL]


def test_removing(command, path, image):
    assert command("lock", "thing:1").status == 0
    done = command("lock", "--remove", "thing:1", "thing:2", "--json")
    assert done.status == 2 and results(done) == {"thing:1": "removed", "thing:2": "failed"}
    assert read_lock(path) == {}
    assert command("lock", "--remove").status == 100


def test_a_file_that_is_not_one(command, path, image):
    """Nothing is written over what cannot be read."""
    for text, words in (("FROM alpine\n", "this is no lock file"),
                        ("larder-lock 2\n", "version \"2\""),
                        ("larder-lock 1\n\nalpine\n", "line 3: docker.io/library/alpine")):
        path.write_text(text)
        for more in (["thing:1"], ["--check"], ["--update"]):
            done = command("lock", *more)
            assert done.status == 100 and words in done.err, done
        assert path.read_text() == text
    path.unlink()
    assert "there is no lock file" in command("lock", "--check").err
    path.mkdir()
    assert command("lock", "thing:1").status == 1


@pytest.mark.faults
@pytest.mark.parametrize("point", ["fs.create", "fs.write", "fs.fsync", "fs.rename"])
@pytest.mark.parametrize("end", ["EIO", "kill"])
def test_writing_it_fails(hub, command, path, image, point, end):
    """The old file or the new one, whatever disk operation fails or is the last."""
    assert command("lock", "thing:1").status == 0
    old, moved = path.read_bytes(), build("thing", "2")
    hub.move_tag(REPO, "1", moved)
    assert command("lock", "--update", "--dry-run").status == 0     # all is fetched
    calls = path.parent / "calls"
    assert command("lock", "--update", env={"LARDER_TEST_FAULT_CALLS": str(calls)}).status == 0
    met = calls.read_text().split().count(point)
    statuses = []
    for nth in range(1, met + 1):
        path.write_bytes(old)
        done = command("lock", "--update", env={"LARDER_FAULTS": f"{point}:{nth}={end}"})
        assert path.read_bytes() == old or read_lock(path)[FULL]["digest"] == moved.digest
        assert done.status != 0 or path.read_bytes() != old, done
        statuses.append(done.status)
    assert met > 0 and any(statuses), statuses
    assert command("lock", "--update").status == 0
    assert read_lock(path)[FULL]["digest"] == moved.digest


# --- checking it --------------------------------------------------------------------------

def test_check(hub, command, path, image):
    """0: all as locked; 2: something is not; 1: that could not be found out."""
    hub.add(build("other"), "library/other", "1")
    assert command("lock", "thing:1", "other:1").status == 0
    hub.reset()
    done = command("lock", "--check", "--json")
    assert done.status == 2 and set(results(done).values()) == {"missing"}, done
    assert command("lock", "--check", "--only", "upstream").status == 0
    assert command("pull", "--file", "larder.lock").status == 0
    assert command("lock", "--check").status == 0
    before, spent = path.read_bytes(), hub.quota_spent
    evil = build("thing", "evil")
    hub.move_tag(REPO, "1", evil)
    done = command("lock", "--check", "--json")
    assert done.status == 2, done
    row = next(row for row in done.rows() if row["image"] == FULL)
    assert row["result"] == "drift" and row["upstream"] == evil.digest
    assert row["digest"] == image.digest and results(done)["docker.io/library/other:1"] == "ok"
    assert command("lock", "--check", "other:1").status == 0
    assert command("lock", "--check", "--only", "store").status == 0
    hub.delete_tag("library/other", "1")
    assert results(command("lock", "--check", "--json"))["docker.io/library/other:1"] == "gone"
    done = command("lock", "--check", "-f", "-", "--json", input="thing:1\nnew:1\n")
    assert done.status == 2 and results(done) == {"thing:1": "drift", "new:1": "unlocked"}
    with hub.fault("any", "refused"):
        done = command("lock", "--check", "--json")
        assert done.status == 1 and set(results(done).values()) == {"unknown"}, done
        assert command("lock", "--check", "--only", "store").status == 0
    assert path.read_bytes() == before
    assert hub.quota_spent == spent and evil.digest not in stored_digests(command.root)


# --- pulling by it ------------------------------------------------------------------------

def test_pull_by_a_lock(hub, command, path, image):
    """By digest, whatever the tags are upstream, without a question about them; and the
    store's tags are what the lock says."""
    assert command("lock", "thing:1").status == 0
    assert command("pull", "thing:1").status == 0
    evil = build("thing", "evil")
    hub.move_tag(REPO, "1", evil)
    assert command("pull", "thing:1").status == 0       # nobody said it was locked
    assert evil.digest in stored_digests(command.root)
    hub.reset()
    done = command("pull", "-f", "larder.lock", "--json")
    assert done.status == 0, done
    assert done.rows()[0]["result"] == "moved" and done.rows()[0]["digest"] == image.digest
    assert tag_requests(hub, "HEAD") + tag_requests(hub, "GET") == 0
    listed = {row["digest"] for row in command("list", "--json").rows() if row.get("tag")}
    assert listed == {image.digest}
    fresh = Command(command.root.parent / "fresh", {"docker.io": hub.url})
    hub.reset()
    assert fresh("pull", "-f", str(path)).status == 0
    assert image.config().digest in stored_digests(fresh.root)
    assert evil.digest not in stored_digests(fresh.root)
    for manifest in (image.digest, image.manifest().digest):
        assert answered(hub, kind="manifest_get", path=manifest) == 1
    assert answered(hub, kind="manifest_head") == 0
    with hub.fault("any", "refused"):
        assert fresh("pull", "-f", str(path)).status == 0      # it is all here


def test_update_says_what_it_does_not_do(hub, command, path, image):
    assert command("lock", "thing:1").status == 0
    lock = {"LARDER_LOCK": str(path)}
    assert command("pull", "thing:1", env=lock).status == 0
    evil = build("thing", "evil")
    hub.move_tag(REPO, "1", evil)
    for words in (["update", "thing:1"], ["pull", "thing:1"], ["update", "--check", "thing:1"]):
        done = command(*words, env=lock)
        assert done.status == 0, done
        assert f"locked; upstream has moved to {evil.digest[:19]}" in done.out, done
        row = command(*words, "--json", env=lock).rows()[0]
        assert row["result"] == "current" and row["upstream"] == evil.digest
        assert row["digest"] == image.digest
    assert evil.digest not in stored_digests(command.root)


def test_export_by_a_lock(hub, scratch, command, path, image):
    """What is locked is carried, also where the store's tag has moved since."""
    assert command("lock", "thing:1").status == 0
    assert command("pull", "thing:1").status == 0
    hub.move_tag(REPO, "1", build("thing", "2"))
    assert command("update", "thing:1").status == 0
    assert command("export", "-f", "larder.lock", "-o", "out").status == 0
    index = json.loads((scratch / "out/index.json").read_text())["manifests"]
    assert [one["digest"] for one in index] == [image.digest]
    assert index[0]["annotations"]["io.containerd.image.name"] == FULL
    assert command("export", "thing:1", "-o", "other", env={"LARDER_LOCK": str(path)}).status == 0
    index = json.loads((scratch / "other/index.json").read_text())["manifests"]
    assert [one["digest"] for one in index] == [image.digest]


def test_two_locks_that_disagree(scratch, command, image):
    one = write_lock(scratch / "one.lock", (FULL, image.digest))
    two = write_lock(scratch / "two.lock", (FULL, f"sha256:{'0' * 64}"))
    done = command("pull", "-f", str(one), "-f", str(two))
    assert done.status == 100 and "locks it to another digest" in done.err, done


def test_other_clients_by_a_lock(hub, larders, command, path, image):
    """--via and --to obey it as well."""
    assert command("lock", "thing:1").status == 0
    evil = build("thing", "evil")
    hub.move_tag(REPO, "1", evil)
    other = larders({"docker.io": hub.url}, root=path.parent / "other")
    assert command("pull", "-f", "larder.lock", "--via", other.url).status == 0
    wait_until(lambda: image.config().digest in stored_digests(other.root), "it has them")
    assert evil.digest not in stored_digests(other.root)
    target = larders(root=path.parent / "target")
    done = command("pull", "-f", "larder.lock", "--to", target.url)
    assert done.status == 0, done
    assert_pulled(client.pull(target.url, "thing", "1"), image)
