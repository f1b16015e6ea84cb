"""`larder lock --update`: what changed inside images whose locks move."""

from __future__ import annotations

import pytest

from harness import Command

from .locking import read_lock
from .two_versions import PACKAGES, SECTIONS, SETTINGS, TABLES, first, second, told

FULL = "docker.io/library/thing:1"


@pytest.fixture
def command(scratch, hub):
    return Command(scratch / "root", {"docker.io": hub.url})


@pytest.fixture
def moved(hub, command, scratch):
    """Locked, and elsewhere since.  Both images."""
    before, after = first(), second()
    hub.add(before, "library/thing", "1")
    assert command("lock", "thing:1").status == 0
    hub.move_tag("library/thing", "1", after)
    return before, after


def test_the_page_of_the_pull_request(command, scratch, moved):
    file = scratch / "larder.lock"
    was = file.read_bytes()
    told_first = command("lock", "--update", "--diff", "--markdown", "--dry-run")
    assert told_first.status == 0 and file.read_bytes() == was, told_first
    done = command("lock", "--update", "--diff", "--markdown")
    assert done.status == 0 and TABLES in done.out, done
    assert done.out.startswith(
        "### Locked base images\n\n1 image: 1 moved, 0 new, 0 as before, 0 in doubt.\n\n")
    assert f"| `{FULL}` | `{moved[0].digest[:19]}` | `{moved[1].digest[:19]}` |" in done.out
    assert told_first.out == done.out.replace("in doubt.", "in doubt. Nothing has been "
                                              "written yet.")
    assert read_lock(file)[FULL]["digest"] == moved[1].digest


def test_text_and_json(hub, command, moved):
    shown = command("lock", "--update", "--diff", "--dry-run")
    assert shown.status == 0 and SECTIONS in shown.out, shown
    row = command("lock", "--update", "--diff", "--json").rows()[0]
    assert told(row["changes"]) == (list(PACKAGES), list(SETTINGS))
    assert row["changes"]["before"]["digest"] == row["before"] == moved[0].digest


def test_without_diff_nothing_more_is_fetched(hub, command, moved):
    blobs = hub.count(kind="blob")
    done = command("lock", "--update", "--markdown", "--dry-run")
    assert done.status == 0 and "--diff fetches it" in done.out, done
    assert "libc6" not in done.out and hub.count(kind="blob") == blobs
    assert "changes" not in command("lock", "--update", "--json").rows()[0]


def test_what_cannot_be_had_moves_the_lock_and_says_so(hub, command, scratch, moved):
    hub.fault("cdn", "status", code=404)
    done = command("lock", "--update", "--diff", timeout=60)
    assert done.status == 2 and "what changed inside is not known" in done.out, done
    assert read_lock(scratch / "larder.lock")[FULL]["digest"] == moved[1].digest


def test_wrong_use(command, moved):
    for words in (("--check", "--diff"), ("--check", "--markdown"), ("--json", "--markdown"),
                  ("--remove", "thing:1", "--diff")):
        assert command("lock", *words).status == 100
