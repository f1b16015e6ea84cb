"""`larder diff`: what changed from one image to another."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from harness import Command, larder_binary
from hub import build
from hub.images import Blob, Layer, layer, sha256
from hub.push import Pusher

from .helpers import check_store, leftovers, stored_digests
from .two_versions import (PACKAGES, SECTIONS, SETTINGS, TABLES, apk, dpkg, first, hostile,
                      second, told)


# A process begins with the memory of the one that starts it: a small one here.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


@pytest.fixture
def command(scratch, hub):
    return Command(scratch / "root", {"docker.io": hub.url})


@pytest.fixture
def two(hub):
    """thing:1 and thing:2."""
    return hub.add(first(), "library/thing", "1"), hub.add(second(), "library/thing", "2")


def as_json(command, *words: str) -> dict:
    done = command("diff", "--json", *words)
    assert done.status == 0, done
    return json.loads(done.out)


# --- what is said -----------------------------------------------------------------------

def test_text(command, two):
    done = command("diff", "thing:1", "thing:2")
    assert done.status == 0, done
    lines = done.out.splitlines()
    assert lines[0] == f"--- thing:1@{two[0].digest}"
    assert lines[1] == "    linux/amd64, 7 packages, made 2024-01-02T03:04:05Z"
    assert lines[2] == f"+++ thing:2@{two[1].digest}"
    assert re.fullmatch(r"3 packages upgraded, 1 downgraded, 1 added, 2 removed; 6 settings "
                        r"changed; [\d.]+kB -> [\d.]+kB; 2 of 3 layers new \([\d.]+k?B\)",
                        lines[4]), lines[4]
    assert SECTIONS in done.out
    assert re.search(r"\nLayers\n  1 shared \([\d.]+k?B\), 2 new \([\d.]+k?B\), 1 gone ",
                     done.out)


def test_json(command, two):
    found = as_json(command, "thing:1", "thing:2")
    assert told(found) == (list(PACKAGES), list(SETTINGS))
    assert found["packageCounts"] == {"added": 1, "removed": 2, "upgraded": 3,
                                      "downgraded": 1, "changed": 0}
    assert found["before"]["image"] == "thing:1"
    assert found["before"]["digest"] == two[0].digest
    assert found["after"]["manifest"] == two[1].manifest().digest
    assert found["after"]["os"]["id"] == "debian" and not found["osChanged"]
    assert found["before"]["bytes"] == two[0].pull_size()
    assert not found["same"] and found["gaps"] == {"before": [], "after": []}
    layers = found["layers"]
    assert [layers[k]["count"] for k in ("shared", "new", "gone", "repacked")] == [1, 2, 1, 0]
    assert layers["shared"]["bytes"] == two[0].layers()[0].size
    assert layers["new"]["bytes"] == sum(b.size for b in two[1].layers()[1:])


def test_markdown(command, two):
    done = command("diff", "--markdown", "thing:1", "thing:2")
    assert done.status == 0 and TABLES in done.out
    assert done.out.startswith("### What changed\n\n| image | before | after | inside |\n")
    assert f"| `thing:1 -> thing:2` | `{two[0].digest[:19]}` | `{two[1].digest[:19]}` | " \
        in done.out
    assert "<details>" not in done.out


def test_the_other_way_round_is_the_opposite(command, two):
    there, back = (as_json(command, *way) for way in (("thing:1", "thing:2"),
                                                      ("thing:2", "thing:1")))
    opposite = {"added": "removed", "removed": "added", "upgraded": "downgraded",
                "downgraded": "upgraded"}
    assert {(p["name"], opposite[p["change"]], p["after"], p["before"])
            for p in there["packages"]} \
        == {(p["name"], p["change"], p["before"], p["after"]) for p in back["packages"]}
    assert command("diff", "thing:1", "thing:2").out \
        == command("diff", "thing:1", "thing:2").out


def test_the_same_image(command, two):
    done = command("diff", "thing:1", f"thing@{two[0].digest}", "--exit-code")
    assert done.status == 0 and done.out.splitlines()[-1] == "no difference"
    assert command("diff", "thing:1", "thing:1", "--exit-code").status == 0
    assert as_json(command, "thing:1", "thing:1")["same"]
    assert command("diff", "thing:1", "thing:2").status == 0
    assert command("diff", "thing:1", "thing:2", "--exit-code").status == 2


def test_rebuilt_without_a_change_inside(hub, command):
    """The same packages in other layers: other bytes, and that is said."""
    hub.add(build("a", "1", layers=[layer({"lib/apk/db/installed": apk({"musl": "1-r0"})}),
                                    layer({"x": b"1"})]), "library/a", "1")
    hub.add(build("a", "1", layers=[layer({"lib/apk/db/installed": apk({"musl": "1-r0"})}),
                                    layer({"x": b"2"})]), "library/a", "2")
    done = command("diff", "a:1", "a:2", "--exit-code")
    assert done.status == 2
    assert "the same packages; " in done.out and "; 1 of 2 layers new (" in done.out
    assert "Packages" not in done.out and "Configuration" not in done.out


def test_another_release_of_the_system(hub, command):
    def image(version: str, codename: str):
        release = (f'ID=debian\nVERSION_ID="{version}"\nPRETTY_NAME="Debian GNU/Linux '
                   f'{version} ({codename})"\n')
        return build("d", version, layers=[layer({
            "etc/os-release": release.encode(),
            "var/lib/dpkg/status": dpkg({"libc6": f"2.{version}-1"})})])
    hub.add(image("12", "bookworm"), "library/d", "12")
    hub.add(image("13", "trixie"), "library/d", "13")
    done = command("diff", "d:12", "d:13")
    assert "1 package upgraded; another release of the system; " in done.out
    assert ("System\n  Debian GNU/Linux 12 (bookworm) -> Debian GNU/Linux 13 (trixie)\n"
            in done.out)


# --- which images -----------------------------------------------------------------------

def test_an_image_and_its_older_self(hub, command, two):
    hub.add(two[0], "library/moving", "latest")
    assert command("pull", "moving").status == 0
    hub.move_tag("library/moving", "latest", two[1])
    assert command("update", "--brief", "moving").status == 0
    hub.fault("any", "refused")                     # both are here: nobody is asked
    found = as_json(command, f"moving@{two[0].digest}", "moving")
    assert told(found) == (list(PACKAGES), list(SETTINGS))


def test_a_tag_as_of_a_date(hub, command, clock, two):
    command.env.update(clock.env)
    hub.add(two[0], "library/moving", "1")
    assert command("pull", "moving:1").status == 0
    clock.advance(2 * 86400)
    hub.move_tag("library/moving", "1", two[1])
    assert command("update", "--brief", "moving:1").status == 0
    clock.advance(2 * 86400)
    day = time.strftime("%Y-%m-%d", time.gmtime(clock.now() - 3 * 86400))
    found = as_json(command, f"asof-{day}/library/moving:1", "moving:1")
    assert told(found) == (list(PACKAGES), list(SETTINGS))
    assert found["before"]["digest"] == two[0].digest
    assert found["before"]["image"] == f"asof-{day}/library/moving:1"
    early = command("diff", "asof-2001-01-01/library/moving:1", "moving:1")
    assert early.status == 1 and "asof-2001-01-01/library/moving:1: " in early.err, early
    ahead = command("diff", "asof-2999-01-01/library/moving:1", "moving:1")
    assert ahead.status == 100, ahead


def test_two_platforms_of_one_image(hub, command):
    def layers(platform: str):
        arch = platform.split("/")[1]
        return [layer({"var/lib/dpkg/status": dpkg(
            {"libc6": "2.36-9", "only-" + arch: "1", "doc:all": "1"}, arch)})]
    hub.add(build("multi", "1", layers=layers), "library/multi", "1")
    found = as_json(command, "multi:1", "multi:1", "--platform", "linux/amd64,linux/arm64")
    assert [(p["name"], p["change"]) for p in found["packages"]] \
        == [("only-amd64", "removed"), ("only-arm64", "added")]
    assert [(s["setting"], s["before"], s["after"]) for s in found["config"]] \
        == [("platform", "linux/amd64", "linux/arm64/v8")]
    same = as_json(command, "multi:1", "multi:1", "--platform", "linux/arm64")
    assert same["same"] and same["before"]["platform"].startswith("linux/arm64")
    none = command("diff", "multi:1", "multi:1", "--platform", "linux/s390x")
    assert none.status == 1 and "linux/s390x" in none.err


def test_what_is_missing_is_fetched_and_the_rest_left_alone(hub, command, two):
    assert command("pull", "thing:1").status == 0
    spent = hub.quota_spent
    hub.move_tag("library/thing", "1", build("thing", "3"))     # seen by nobody here
    asked = hub.count(kind="manifest", path="/1")
    assert told(as_json(command, "thing:1", "thing:2"))[0] == list(PACKAGES)
    one_pull = 2                                    # an index and a manifest
    assert hub.quota_spent == spent + one_pull and hub.count(kind="manifest", path="/1") == asked
    check_store(command.root)
    assert not leftovers(command.root)


def test_offline(hub, command, two):
    none = command("diff", "--offline", "thing:1", "thing:2")
    assert none.status == 1 and not hub.requests() and "no store" in none.err, none
    command("pull", "thing:1")
    asked = len(hub.requests())
    half = command("diff", "--offline", "thing:1", "thing:2")
    assert half.status == 1 and "thing:2: it is not in the store" in half.err, half
    command("pull", "thing:2")
    asked = len(hub.requests())
    assert command("diff", "--offline", "thing:1", "thing:2").status == 0
    assert len(hub.requests()) == asked
    lost = two[1].layers()[1].digest
    (command.root / f"docker/registry/v2/blobs/sha256/{lost[7:9]}/{lost[7:]}/data").unlink()
    gone = command("diff", "--offline", "thing:1", "thing:2")
    assert gone.status == 1 and "thing:2: " in gone.err and lost[:19] in gone.err, gone
    assert command("diff", "thing:1", "thing:2").status == 0


def test_images_that_live_here(larders, scratch, two):
    larder = larders(root=scratch / "own")
    with Pusher(larder.url) as pusher:
        for tag, image in zip("12", two):
            pusher.image("team/app", tag, image)
    command = Command(scratch / "own")
    found = as_json(command, "team/app:1", "team/app:2")
    assert told(found)[0] == list(PACKAGES)


def test_what_cannot_be_had(hub, command, two):
    done = command("diff", "thing:1", "nothing:1")
    assert done.status == 1 and done.err.rstrip().splitlines()[-1].startswith(
        "larder diff: nothing:1: ") and not done.out


def test_wrong_use(command):
    for words, say in ((("a",), "two images"), (("a", "b", "c"), "two images"),
                       (("a", "B"), "B"), (("a", "b", "--json", "--markdown"), "one of"),
                       (("a", "b", "--platform", "x"), "--platform"),
                       (("a", "b", "--platform", "all"), "--platform"),
                       (("a", "b", "--platform", "linux/a,linux/b,linux/c"), "--platform")):
        done = command("diff", *words)
        assert done.status == 100 and say in done.err, done


# --- images that mean harm ---------------------------------------------------------------

def test_hostile_names_stay_names(hub, command):
    hub.add(hostile("1"), "library/evil", "1")
    hub.add(hostile("2"), "library/evil", "2")
    text = command("diff", "evil:1", "evil:2")
    page = command("diff", "--markdown", "evil:1", "evil:2")
    assert text.status == page.status == 0, text
    for done in (text, page):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.out), done.out
        assert not any(line.startswith("# ") for line in done.out.splitlines())
    found = as_json(command, "evil:1", "evil:2")
    values = [s["before"] for s in found["config"] if s["setting"] == "env"]
    assert any("\x1b[2J" in (value or "") for value in values)  # JSON says it as it is
    rows = [line for line in page.out.splitlines() if line.startswith("|")]
    widths = {line.count("|") for line in rows}
    assert widths <= {5, 6} and len(rows) > 8, page.out
    # outside of code there is nothing of it
    bare = re.sub(r"`[^`\n]*`|<code>[^<]*</code>", "", page.out)
    assert "script" not in bare and "</details>" not in bare and "`" not in bare, bare


def test_nothing_is_unpacked(hub, command, two):
    command("diff", "thing:1", "thing:2")
    wanted = {d for image in two for d in
              (image.digest, image.manifest().digest, image.config().digest,
               *(b.digest for b in image.layers()))}
    assert stored_digests(command.root) == wanted
    assert not leftovers(command.root)


def test_a_layer_that_is_no_archive(hub, command, two):
    junk = b"\x1f\x8b\x08\x00" + b"junk" * 100
    bad = Layer(Blob(sha256(junk), len(junk), data=junk), sha256(b"?"))
    hub.add(build("bad", "1", layers=[bad]), "library/bad", "1")
    done = command("diff", "thing:1", "bad:1")
    assert done.status in (0, 1) and "bad:1" in done.out + done.err
    assert done.status == 0 or not done.out


@pytest.mark.memory
def test_a_large_layer_takes_no_memory(hub, command):
    """96 MiB of it; what is held is the packages and one buffer of the archive."""
    size = 96 << 20
    for tag in "12":
        hub.add(build("large", tag, layer_size=size), "library/large", tag)
        assert command("pull", f"large:{tag}").status == 0
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, larder_binary(), "diff", "--offline",
         "large:1", "large:2"], env=command.env, capture_output=True, text=True, check=True)
    assert int(done.stderr) < 32 << 10, done.stderr


def test_interrupted_while_it_fetches(hub, command, two):
    gate = hub.hold("cdn", path=two[1].layers()[1].digest[7:], after_bytes=10)
    process = command.start("diff", "thing:1", "thing:2")
    gate.wait_held()
    process.send_signal(signal.SIGINT)
    done = command.end(process, timeout=10)
    gate.release()
    assert done.status == 1 and "interrupted" in done.err and not done.out, done
    assert command("diff", "thing:1", "thing:2").status == 0
