"""`larder update`: what moved, and what changed inside."""

from __future__ import annotations

import json

import pytest

from harness import Command
from hub import build
from hub.images import layer

from .helpers import check_store, leftovers
from .two_versions import PACKAGES, SECTIONS, SETTINGS, TABLES, dpkg, first, hostile, second, told


@pytest.fixture
def command(scratch, hub):
    return Command(scratch / "root", {"docker.io": hub.url})


@pytest.fixture
def moved(hub, command):
    """thing:1 is here; at the hub it is another now.  Both images."""
    before = hub.add(first(), "library/thing", "1")
    assert command("pull", "--quiet", "thing:1").status == 0
    after = second()
    hub.move_tag("library/thing", "1", after)
    return before, after


def row(done) -> dict:
    return next(one for one in done.rows() if one.get("image"))


def tag_of(command, repository: str = "library/thing", tag: str = "1") -> str:
    return (command.root / f"docker/registry/v2/repositories/{repository}/_manifests/tags"
            / tag / "current/link").read_text()


# --- with the move ----------------------------------------------------------------------

def test_what_changed_is_said_with_the_move(hub, command, moved):
    done = command("update", "thing:1")
    assert done.status == 0 and SECTIONS in done.out, done
    lines = done.out.splitlines()
    assert lines[1].split()[:3] == ["thing:1", "moved", moved[1].digest[:19]]
    assert lines[2].startswith("1 image: 1 moved; ")
    assert lines[4].startswith("thing:1 (linux/amd64): 3 packages upgraded, ")
    assert tag_of(command) == moved[1].digest
    assert SECTIONS not in command("update", "thing:1").out     # nothing moved since


def test_json(command, moved):
    found = row(command("update", "--json", "thing:1"))
    assert found["result"] == "moved" and "changesUnknown" not in found
    assert told(found["changes"]) == (list(PACKAGES), list(SETTINGS))
    assert found["changes"]["before"]["digest"] == found["before"] == moved[0].digest
    assert found["changes"]["after"]["digest"] == found["digest"] == moved[1].digest
    assert "changes" not in row(command("update", "--json", "thing:1"))


def test_markdown(hub, command, moved):
    hub.add(build("other", "1"), "library/other", "1")
    done = command("update", "--markdown", "thing:1", "other:1", "nothing:1")
    assert done.status == 2 and TABLES in done.out, done
    assert done.out.startswith(
        "### Base images\n\n"
        "3 images: 1 moved, 1 new, 0 as before, 1 not compared.\n\n"
        "| image | before | after | inside |\n|---|---|---|---|\n"
        f"| `thing:1` | `{moved[0].digest[:19]}` | `{moved[1].digest[:19]}` | 3 packages ")
    assert "\n#### `thing:1`, `linux/amd64`\n" in done.out
    assert "\n- `nothing:1`: `docker.io: " in done.out


def test_brief(command, moved):
    done = command("update", "--brief", "thing:1")
    assert done.status == 0 and len(done.out.splitlines()) == 3
    assert tag_of(command) == moved[1].digest


def test_brief_json_and_markdown(command, moved):
    assert "changes" not in row(command("update", "--brief", "--check", "--json", "thing:1"))
    page = command("update", "--brief", "--markdown", "thing:1")
    assert page.status == 0 and "not looked into" in page.out and "libc6" not in page.out


# --- before the move ----------------------------------------------------------------------

def test_check_costs_nothing_and_says_what_it_lacks(hub, command, moved):
    spent = hub.quota_spent
    done = command("update", "--check", "thing:1")
    assert done.status == 0 and hub.quota_spent == spent
    assert "--diff fetches" in done.out and "a pull each" in done.out, done
    found = row(command("update", "--check", "--json", "thing:1"))
    assert found["result"] == "moved" and found["changes"] is None
    assert "not here" in found["changesUnknown"]
    page = command("update", "--check", "--markdown", "thing:1")
    assert page.status == 0 and "Nothing has been changed yet." in page.out
    assert hub.quota_spent == spent and tag_of(command) == moved[0].digest


def test_check_with_diff_fetches_beside_the_tag(hub, command, moved):
    spent = hub.quota_spent
    done = command("update", "--check", "--diff", "thing:1")
    assert done.status == 0 and SECTIONS in done.out, done
    assert tag_of(command) == moved[0].digest           # it stays where it is
    one_pull = 2                                        # an index and a manifest
    assert hub.quota_spent == spent + one_pull
    check_store(command.root)
    assert not leftovers(command.root)
    # From here on it is known without a fetch, and the move itself costs nothing more.
    assert SECTIONS in command("update", "--check", "thing:1").out
    sent = len(hub.requests(kind="cdn"))
    assert SECTIONS in command("update", "thing:1").out
    assert tag_of(command) == moved[1].digest
    assert hub.quota_spent == spent + one_pull and len(hub.requests(kind="cdn")) == sent


def test_check_with_diff_that_cannot_be_had(hub, command, moved):
    hub.fault("manifest_get", "status", code=403)
    done = command("update", "--check", "--diff", "thing:1")
    assert done.status == 2 and "thing:1: what changed inside is not known: " in done.out, done
    found = row(command("update", "--check", "--diff", "--json", "thing:1"))
    assert found["result"] == "moved" and found["changes"] is None
    assert tag_of(command) == moved[0].digest


def test_what_it_was_is_gone(hub, command, moved):
    """An old layer was collected: said without a fetch; fetched when asked for."""
    lost = moved[0].layers()[1].digest
    (command.root / f"docker/registry/v2/blobs/sha256/{lost[7:9]}/{lost[7:]}/data").unlink()
    copy = command("update", "--json", "thing:1")
    found = row(copy)
    assert copy.status == 0 and found["result"] == "moved"
    assert "not all here any more" in found["changesUnknown"]
    hub.move_tag("library/thing", "1", first())
    command("update", "--brief", "thing:1")
    lost = moved[1].layers()[1].digest
    (command.root / f"docker/registry/v2/blobs/sha256/{lost[7:9]}/{lost[7:]}/data").unlink()
    hub.move_tag("library/thing", "1", build("thing", "3"))
    lost = moved[0].layers()[1].digest
    (command.root / f"docker/registry/v2/blobs/sha256/{lost[7:9]}/{lost[7:]}/data").unlink()
    found = row(command("update", "--diff", "--json", "thing:1"))
    assert found["changes"]["before"]["digest"] == moved[0].digest


# --- which platform, many images -------------------------------------------------------------

def test_this_machines_platform_among_several(command, moved):
    found = row(command("update", "--json", "--platform", "linux/arm64,linux/amd64",
                        "thing:1"))
    assert found["changes"]["after"]["platform"] == "linux/amd64"


def test_another_platform(hub, command):
    hub.add(first(), "library/thing", "1")
    command("pull", "--platform", "linux/arm64", "thing:1")
    hub.move_tag("library/thing", "1", second())
    found = row(command("update", "--json", "--platform", "linux/arm64", "thing:1"))
    assert found["changes"]["after"]["platform"] == "linux/arm64/v8"
    assert told(found["changes"])[0] == list(PACKAGES)


def test_many_images_fill_a_page_and_no_more(hub, command):
    """What GitHub takes is 65,536 characters: rows stay, details go."""
    def wide(version: int):
        return build("wide", str(version), layers=[layer({"var/lib/dpkg/status": dpkg(
            {f"package-{i}": f"1.{version}-1" for i in range(60)})})])
    names = [f"wide{i}:1" for i in range(20)]
    for version in (1, 2):
        for name in names:
            hub.move_tag(f"library/{name[:-2]}", "1", wide(version))
        done = command("update", "--markdown", "--quiet", *names)
        assert done.status == 0, done
    assert len(done.out) < 65000
    assert all(f"| `{name}` |" in done.out for name in names)
    assert 10 < done.out.count("\n#### ") < 20
    assert done.out.count("<details>") == done.out.count("</details>") > 10
    assert "`larder diff` shows them." in done.out


def test_hostile_names(hub, command):
    hub.add(hostile("1"), "library/evil", "1")
    command("pull", "evil:1")
    hub.move_tag("library/evil", "1", hostile("2"))
    done = command("update", "evil:1")
    assert done.status == 0 and "\x1b" not in done.out and "\x07" not in done.out
    assert "\u202e" not in done.out and "\n# title" not in done.out


def test_wrong_use(command):
    for words, say in ((("--json", "--markdown"), "--json and --markdown"),
                       (("--diff", "--brief"), "--diff and --brief")):
        done = command("update", *words, "a")
        assert done.status == 100 and say in done.err, done
    assert command("pull", "--markdown", "a").status == 100


def test_json_is_json_to_the_last_line(command, moved):
    for words in (("--check",), ("--check", "--diff"), ()):
        done = command("update", "--json", *words, "thing:1")
        assert [json.loads(line) for line in done.out.splitlines()]
