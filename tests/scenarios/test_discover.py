"""`larder discover` and `larder lock --pin`: a tree of every kind of file, nothing missed and
nothing invented; what it prints is pulled; pinned and unpinned, files are what they were."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from pathlib import Path

import pytest

from harness import Command
from hub import build

DATA = Path(__file__).parent / "discover"
TREE = DATA / "tree"
KINDS = {"dockerfile", "compose", "kubernetes", "kustomize", "helm", "tekton", "github-actions",
         "gitlab-ci", "devcontainer", "skaffold", "image-list"}


@pytest.fixture
def command(scratch, hub):
    return Command(scratch / "root", {"docker.io": hub.url})


@pytest.fixture
def tree(scratch):
    """A copy of the tree, to be changed."""
    return Path(shutil.copytree(TREE, scratch / "tree"))


def line(row: dict) -> str:
    what = row["image"] + (f" for {row['platform']}" if row["platform"] else "")
    return f"{row['file']}:{row['line']} {row['kind']} {what or '- ' + row['why']}"


def contents(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes()
            for path in sorted(top.rglob("*")) if path.is_file()}


def expected() -> list[str]:
    return [one for one in (DATA / "expected.txt").read_text().splitlines()
            if not one.startswith("#")]


# --- what is found ---------------------------------------------------------------------

def test_nothing_is_missed_and_nothing_invented(command):
    done = command("discover", "--json", cwd=TREE)
    assert done.status == 2, done
    assert [line(row) for row in done.rows()] == expected()
    assert {row["kind"] for row in done.rows()} == KINDS
    assert "never" not in done.out
    # Each place is there: its text stands in its line, unless it was put together.
    for row in done.rows():
        text = (TREE / row["file"]).read_text().splitlines()[row["line"] - 1]
        if row["pinnable"]:
            assert row["text"] == row["image"] and row["text"] in text
        assert row["image"] or row["why"]


def test_each_image_once_as_a_list(command):
    done = command("discover", str(TREE))
    images = {re.sub(r"\s+#.*", "", one) for one in done.out.splitlines()}
    assert len(images) == len(done.out.splitlines())
    want = {one.split(" ")[2] for one in expected() if one.split(" ")[2] != "-"}
    assert {one.split(" ")[-1] for one in images} == want
    assert "--platform=linux/amd64,linux/arm64 nginx:1.27" in images
    assert f"# {TREE}/api/Dockerfile:37, {TREE}/deploy/base/app.yaml:9" in done.out
    # Why some have no image stands beside, not in the list.
    assert "compose.yaml:35: services.proxy.image" in done.err
    assert "PROXY_IMAGE has no value" in done.err
    assert len(done.err.splitlines()) == 1 + sum(" - " in one for one in expected())


def test_a_table_for_people(command):
    rows = command("discover", "-t", cwd=TREE).out.splitlines()
    assert rows[0].split() == ["IMAGE", "PLACE", "KIND", "WHERE"]
    assert len(rows) == 1 + len(expected())
    assert any(row.split() == ["python:3.11-slim", "api/Dockerfile:17", "dockerfile", "FROM"]
               for row in rows)


def test_values_from_outside(command):
    debug = "api/docker/Dockerfile.debug"
    done = command("discover", "--json", "--build-arg", "TOOL=gdb", "--build-arg", "BASE", debug,
                   cwd=TREE, env={"BASE": "alpine:3"})
    # TOOL is no ARG there, so it stays without a value, as for docker build.
    assert [row["image"] for row in done.rows()] == ["alpine:3", ""]
    done = command("discover", "--json", "compose.yaml", cwd=TREE,
                   env={"PROXY_IMAGE": "traefik:3", "POSTGRES_VERSION": "16"})
    assert {"traefik:3", "postgres:16-alpine"} <= {row["image"] for row in done.rows()}
    done = command("discover", "--json", "--platform", "linux/arm64,linux/s390x", "x.Dockerfile",
                   cwd=write(command.root.parent, "x.Dockerfile",
                             "FROM --platform=$TARGETPLATFORM a:$TARGETARCH\n"))
    assert [(row["image"], row["platform"]) for row in done.rows()] == [
        ("a:arm64", "linux/arm64"), ("a:s390x", "linux/s390x")]


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("words, status, says", [
    (["nowhere"], 1, "cannot look into nowhere: No such file or directory"),
    (["--platform", "x"], 100, "--platform: 'x' is no platform"),
    (["--build-args", "x"], 100, "--build-arg"),
    (["empty"], 0, "no images are named here (0 files that may name some were read)"),
    (["/dev/null"], 1, "/dev/null is no file and no folder"),
])
def test_what_cannot_be_looked_into(command, scratch, words, status, says):
    (scratch / "empty").mkdir()
    done = command("discover", *words, cwd=scratch)
    assert done.status == status and says in done.err and done.out == "", done


def test_a_hostile_name_is_one_line(command, scratch):
    folder = scratch / "odd"
    folder.mkdir()
    write(folder, "Dockerfile.a\nb\033[31m", "FROM a:1\nFROM $\tx\n")
    for words in ((), ("--table",)):
        done = command("discover", *words, cwd=folder)
        assert "\033" not in done.out + done.err and "Dockerfile.a?b?[31m" in done.out
    assert command("discover", "--json", cwd=folder).rows()[0]["file"] == "Dockerfile.a\nb\033[31m"


# --- into pull -------------------------------------------------------------------------

def test_what_is_printed_is_pulled(command, hub, scratch):
    hub.add(build("library/alpine", "3"), "library/alpine", "3.19")
    hub.add(build("library/redis", "7"), "library/redis", "7")
    folder = scratch / "src"
    folder.mkdir()
    write(folder, "Dockerfile", "FROM alpine:3.19\n")
    write(folder, "compose.yaml", "services: {a: {image: 'redis:7'}, b: {build: .}}\n")
    found = command("discover", cwd=folder)
    assert found.status == 0, found
    done = command("pull", "--file", "-", "--json", input=found.out)
    assert done.status == 0, done
    assert {row["image"] for row in done.rows() if "image" in row} == {"alpine:3.19", "redis:7"}


def test_found_locked_pinned_and_pulled(command, hub, scratch):
    """The whole way; what is pinned already stays locked so until the lock moves."""
    old = hub.add(build("library/alpine", "3"), "library/alpine", "3.19")
    folder = scratch / "src"
    folder.mkdir()
    write(folder, "Dockerfile", "FROM alpine:3.19 AS base\n")
    found = command("discover", cwd=folder).out
    assert command("lock", "--file", "-", cwd=folder, input=found).status == 0
    assert command("lock", "--pin", cwd=folder).status == 0
    assert (folder / "Dockerfile").read_text() == (
        f"# larder lock: alpine:3.19\nFROM alpine:3.19@{old.digest} AS base\n")
    new = hub.add(build("library/alpine", "4"), "library/alpine", "3.19")
    again = command("discover", cwd=folder).out
    assert f"alpine:3.19@{old.digest}" in again
    done = command("lock", "--file", "-", cwd=folder, input=again)
    assert done.status == 0 and old.digest in (folder / "larder.lock").read_text(), done
    done = command("lock", "--update", cwd=folder)
    assert done.status == 0 and new.digest in (folder / "larder.lock").read_text(), done
    assert command("lock", "--pin", cwd=folder).status == 0
    assert f"FROM alpine:3.19@{new.digest} AS base" in (folder / "Dockerfile").read_text()
    done = command("pull", "--file", "-", "--json", cwd=folder,
                   input=command("discover", cwd=folder).out)
    assert done.rows()[0]["digest"] == new.digest, done
    assert command("lock", "--unpin", cwd=folder).status == 0
    assert (folder / "Dockerfile").read_text() == "FROM alpine:3.19 AS base\n"


# --- pinned ----------------------------------------------------------------------------

def digest_of(number: int) -> str:
    return f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}"


def lock_all(folder: Path, images: list[str], first: int = 1) -> dict[str, str]:
    """A lock file that has them all."""
    entries, digests = [], {}
    for number, image in enumerate(sorted(set(images)), first):
        name, _, tag = image.partition("@")[0].rpartition(":")
        if not name or "/" in tag:
            name, tag = image, "latest"
        host, _, rest = name.partition("/")
        if "." not in host:
            host, rest = "docker.io", name if "/" in name else f"library/{name}"
        entries.append(f"\n{host}/{rest}:{tag}\n  digest     {digest_of(number)}\n")
        digests[image] = digest_of(number)
    (folder / "larder.lock").write_text("larder-lock 1\n" + "".join(entries))
    return digests


def test_pinned_and_unpinned(command, tree):
    before = contents(tree)
    modes = {name: (tree / name).stat().st_mode for name in before}
    found = command("discover", "--json", cwd=tree).rows()
    digests = lock_all(tree, [row["image"] for row in found if row["image"]])
    os.chmod(tree / "api/Dockerfile", 0o600)
    done = command("lock", "--pin", cwd=tree)
    assert done.status == 2, done  # some have variables, and that is said
    assert "api/Dockerfile:17: python:${PYTHON_VERSION}-${VARIANT}: not pinned: it has variables" \
        in done.err
    after = command("discover", "--json", cwd=tree).rows()
    # The same images, in the same order; those that can be are pinned, with their tags.
    assert [row["image"].partition("@")[0] for row in after] == [
        row["image"].partition("@")[0] for row in found]
    pinned = [row for row in after if "@" in row["image"]]
    assert len(pinned) > 20
    for old, new in zip(found, after):
        if old["pinnable"] and old["where"] != "# syntax" and "@" not in old["image"] and \
                not old["file"].endswith("job.json") and "@" in new["image"]:
            assert new["image"] == f"{old['image']}@{digests[old['image']]}"
            lines = (tree / new["file"]).read_text().splitlines()
            above = "\n".join(lines[max(0, new["line"] - 4):new["line"] - 1])
            assert f" larder lock: {old['image']}" in above
    assert stat.S_IMODE((tree / "api/Dockerfile").stat().st_mode) == 0o600
    assert (tree / "api/Dockerfile").read_text().count("larder lock: ") == 4
    # Nothing more to do; then others, in place of these; then all as it was.
    again = contents(tree)
    assert command("lock", "--pin", cwd=tree).status == 2
    assert contents(tree) == again
    moved = lock_all(tree, list(digests), first=1000)
    assert "references in" in command("lock", "--pin", cwd=tree).out
    text = (tree / "api/Dockerfile").read_text()
    assert f"busybox:1.36@{moved['busybox:1.36']}" in text
    assert digests["busybox:1.36"] not in text
    done = command("lock", "--unpin", cwd=tree)
    assert done.status == 0, done
    (tree / "larder.lock").unlink()
    assert contents(tree) == before
    os.chmod(tree / "api/Dockerfile", 0o644)
    assert {name: (tree / name).stat().st_mode for name in before} == modes


def test_pin_says_what_it_would_do(command, tree):
    lock_all(tree, ["busybox:1.36"])
    before = contents(tree)
    done = command("lock", "--pin", "--dry-run", "api", cwd=tree)
    assert "api/Dockerfile: 1 reference pinned" in done.out and "would be: 1 reference" in done.out
    assert "api/Dockerfile:1: docker/dockerfile:1.7: not pinned: the lock does not have it" \
        in done.err
    assert contents(tree) == before


@pytest.mark.parametrize("words, status, says", [
    (["--pin"], 1, "larder.lock"),
    (["--pin", "--unpin"], 100, "--pin and --unpin: one of them"),
    (["--pin", "--file", "x"], 100, "--pin and --unpin take files and folders, no lists"),
    (["--unpin", "nowhere"], 1, "cannot look into nowhere"),
])
def test_pin_refuses(command, scratch, words, status, says):
    done = command("lock", *words, cwd=scratch)
    assert done.status == status and says in done.err, done


def test_pin_leaves_links_and_what_it_may_not_write(command, scratch):
    folder = scratch / "src"
    folder.mkdir()
    (folder / "plain").write_text("FROM alpine:3.19\n")
    (folder / "Dockerfile").symlink_to("plain")
    lock_all(folder, ["alpine:3.19"])
    assert command("lock", "--pin", cwd=folder).status == 0
    assert (folder / "Dockerfile").is_symlink()
    assert (folder / "plain").read_text() == (
        f"# larder lock: alpine:3.19\nFROM alpine:3.19@{digest_of(1)}\n")
    assert json.loads(command("discover", "--json", cwd=folder).out)["image"].startswith(
        "alpine:3.19@sha256:")


def test_links_do_not_lead_out_of_the_tree(command, scratch):
    """Whoever wrote the tree must not have other files read into what is printed."""
    tree, out = scratch / "tree", scratch / "out"
    tree.mkdir()
    out.mkdir()
    (out / "env").write_text("TOKEN=hunter2\n")
    (out / "compose.yml").write_text("services:\n  a:\n    image: never:1\n")
    (out / "Dockerfile").write_text("FROM never:2\n")
    (tree / ".env").symlink_to("../out/env")
    (tree / "link").symlink_to("../out")
    (tree / "compose.yml").write_text(
        "include: [link/compose.yml]\nservices:\n  a:\n    image: evil.example/x:$TOKEN\n"
        "  b:\n    build: link\n  c:\n    image: alpine:3\n")
    for words in ("--json", "."), (".",), ("compose.yml",):
        done = command("discover", *words, cwd=tree)
        assert "alpine:3" in done.out
        for never in ("hunter2", "never:"):
            assert never not in done.out + done.err, done


def test_names_of_files_do_not_steer_a_terminal(command, scratch):
    tree = scratch / "tree"
    tree.mkdir()
    (tree / "Dockerfile.\x1b[31m\x9b2J").write_text("FROM alpine:5\nFROM $X\n")
    (tree / "larder.lock").write_text("larder-lock 1\n")
    for words in ("discover", "."), ("discover", "--table", "."), ("lock", "--pin"):
        done = command(*words, cwd=tree)
        assert "Dockerfile.?[31m" in done.out + done.err, done
        assert not {"\x1b", "\x9b"} & set(done.out + done.err), done
