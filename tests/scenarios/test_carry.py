"""`larder export` and `larder import`: images carried to where no network leads."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness import Command, larder_binary
from hub import build, client, images

from . import targets
from .carrying import (blob_name, docker_files, layout_files, read_tar, results, rows, site,
                       tar_of, total)
from .helpers import MIB, ask, assert_pulled, check_store, leftovers, stored_digests, wait_until

AMD = ("--platform", "linux/amd64")


@pytest.fixture
def command(scratch, hub):
    return Command(scratch / "root", {"docker.io": hub.url, "quay.io": hub.url})


@pytest.fixture
def image(hub):
    return hub.add(build("library/thing", "1", attestations=True), "library/thing", "1")


@pytest.fixture
def filled(command, image):
    """A store that has thing:1, all platforms."""
    assert command("pull", "--platform", "all", "thing:1").status == 0
    return command


def names(base) -> list[str]:
    return sorted(path.name for path in base.iterdir())


# --- there and back -------------------------------------------------------------------

@pytest.mark.parametrize("output", ["images.tar", "folder"])
def test_clients_pull_there_what_was_here(filled, hub, scratch, larders, image, output):
    other = hub.add(build("team/app", "2", index=False, docker=True), "team/app", "2")
    assert filled("pull", "quay.io/team/app:2").status == 0
    listed = scratch / "base-images.txt"
    listed.write_text("thing:1\nquay.io/team/app:2\n")
    target = scratch / output
    done = filled("export", "--json", "--file", str(listed), "-o", str(target))
    assert done.status == 0, done
    assert results(done) == {"thing:1": "exported", "quay.io/team/app:2": "exported"}
    assert rows(done)["thing:1"]["digest"] == image.digest
    there = site(scratch)
    seen = there("import", "--json", "--dry-run", str(target))
    assert set(results(seen).values()) == {"new"} and not stored_digests(there.root)
    done = there("import", "--json", str(target))
    assert done.status == 0, done
    assert results(done) == {"thing:1": "new", "quay.io/team/app:2": "new"}
    assert total(done)["bytes"] == total(seen)["bytes"] > 0
    check_store(there.root)
    assert not leftovers(there.root)

    made = larders({"docker.io": "http://127.0.0.1:9", "quay.io": "http://127.0.0.1:9"},
                   root=there.root)
    for platform in image.platforms:
        assert_pulled(client.pull(made.url, "library/thing", "1", platform=platform), image,
                      platform)
    assert_pulled(client.pull(made.url, "library/thing", "1"), image)
    assert_pulled(client.pull(made.url, "team/app", "2", ns="quay.io", style="containerd"),
                  other)
    assert_pulled(client.pull(made.url, "library/thing", image.digest), image)
    answer = ask(made, "/v2/library/thing/manifests/1")
    assert answer.status == 200 and answer.header("warning"), answer    # not known to be current
    again = there("import", "--json", str(target))
    assert set(results(again).values()) == {"current"} and total(again)["bytes"] == 0


def test_the_same_again_is_the_same_archive(filled, scratch):
    for name in ("a.tar", "b.tar"):
        assert filled("export", "thing:1", "-o", str(scratch / name)).status == 0
    assert (scratch / "a.tar").read_bytes() == (scratch / "b.tar").read_bytes()


def test_names_and_lists_of_an_archive(filled, scratch, image):
    filled("export", *AMD, "thing:1", f"thing@{image.digest}", "-o", str(scratch / "x.tar"))
    files = read_tar(scratch / "x.tar")
    entries = json.loads(files["index.json"])["manifests"]
    assert [one["digest"] for one in entries] == [image.digest] * 2
    assert entries[0]["annotations"] == {
        "io.containerd.image.name": "docker.io/library/thing:1",
        "org.opencontainers.image.ref.name": "1"}
    assert entries[1]["annotations"] == {
        "io.containerd.image.name": f"docker.io/library/thing@{image.digest}"}
    docker = json.loads(files["manifest.json"])
    assert docker[0]["RepoTags"] == ["docker.io/library/thing:1"]
    assert docker[0]["Config"] == blob_name(image.config().digest)
    assert docker[0]["Layers"] == [blob_name(one.digest) for one in image.layers()]
    assert not docker[1]["RepoTags"]
    assert set(docker[0]["Layers"]) <= set(files)
    assert blob_name(image.manifest("linux/arm64/v8").digest) not in files

    there = site(scratch)
    done = there("import", "--json", str(scratch / "x.tar"))
    assert done.status == 0, done
    assert rows(done)["thing:1"]["platforms"] == 1 and rows(done)["thing:1"]["listed"] == 2
    assert results(done)[f"thing@{image.digest}"] in ("new", "current")


def test_docker_form_has_one_platform(filled, scratch, image):
    done = filled("export", "--json", "--format", "docker", "--platform", "linux/arm64",
                  "thing:1", "-o", str(scratch / "x.tar"))
    arm = image.manifest("linux/arm64/v8").digest
    assert rows(done)["thing:1"]["digest"] == arm
    entry, = json.loads(read_tar(scratch / "x.tar")["index.json"])["manifests"]
    assert entry["digest"] == arm


def test_what_is_not_here_is_said(command, image, scratch):
    assert command("pull", *AMD, "thing:1").status == 0
    target = scratch / "x.tar"
    done = command("export", "--json", "thing:1", "gone:1", "-o", str(target))
    assert done.status == 2 and results(done) == {"thing:1": "exported", "gone:1": "failed"}
    assert rows(done)["thing:1"]["platforms"] == 1
    assert "larder pull" in rows(done)["gone:1"]["error"]
    done = command("export", "--json", "--platform", "linux/arm64", "thing:1",
                   "-o", str(scratch / "y.tar"))
    assert done.status == 1 and "pull it for this platform" in rows(done)["thing:1"]["error"]
    everything = command("export", "--json", "--platform", "all", "thing:1", "-o",
                         str(scratch / "y.tar"))
    assert everything.status == 1 and "(linux/arm64" in rows(everything)["thing:1"]["error"]
    assert "linux/s390x" in command("export", "--platform", "linux/s390x", "thing:1", "-o",
                                    str(scratch / "y.tar")).out
    assert not (scratch / "y.tar").exists()


@pytest.mark.parametrize("words", [
    (), ("thing:1",), ("-o", "x.tar"), ("thing:1", "--all", "-o", "x.tar"),
    ("thing:1", "-o", "x.tar.gz"), ("thing:1", "-o", "folder", "--format", "docker"),
    ("thing:1", "-o", "x.tar", "--format", "zip"), ("thing:1", "-o", "taken"),
    ("thing:1", "-o", "x.tar", "--since", "x.tar"), ("thing:1", "-o", "x.tar", "--prune"),
    ("thing:1", "-o", "folder", "--prune", "--dry-run"),
    ("thing:1", "thing:2", "-o", "x.tar", "--name", "a")])
def test_wrong_use_of_export(filled, scratch, words):
    (scratch / "taken").write_text("mine")
    done = filled("export", *words, cwd=scratch)
    assert done.status == 100 and done.err.startswith("larder export: "), done
    assert (scratch / "taken").read_text() == "mine"


def test_a_folder_with_other_things_is_left_alone(filled, scratch):
    folder = scratch / "letters"
    folder.mkdir()
    (folder / "letter").write_text("dear")
    done = filled("export", "thing:1", "-o", str(folder))
    assert done.status == 1 and "letter" in done.err and names(folder) == ["letter"]


def test_standard_output_and_input(filled, scratch):
    """The report is then on standard error."""
    writer = subprocess.run([str(larder_binary()), "export", "--json", "thing:1", "-o", "-"],
                            env=filled.env, capture_output=True)
    assert writer.returncode == 0 and b'"exported"' in writer.stderr
    there = site(scratch)
    reader = subprocess.run([str(larder_binary()), "import", "--json", "-"], env=there.env,
                            input=writer.stdout, capture_output=True)
    assert reader.returncode == 0 and b'"new"' in reader.stdout, reader
    check_store(there.root)
    assert not leftovers(there.root)


def test_another_name(filled, scratch):
    target = scratch / "x.tar"
    filled("export", "thing:1", "--name", "quay.io/other/name:9", "-o", str(target))
    there = site(scratch)
    assert results(there("import", "--json", str(target))) == {"quay.io/other/name:9": "new"}
    assert results(there("import", "--json", str(target), "--name", "third")) \
        == {"third:9": "new"}
    assert results(there("import", "--json", str(target), "--name", "third:5")) \
        == {"third:5": "new"}
    done = there("import", str(target), "--name", "UPPER")
    assert done.status == 100 and "--name" in done.err


def test_a_registry_without_upstreams(scratch, larders, image):
    """What lives here keeps its name; other registries' names stand under their host. An
    empty store is taken for a mirror's, unless something else is said."""
    made = larders(root=scratch / "a/root")
    targets.fill(made, ("app", "1", image), ("team/app", "1", image),
                 ("quay.io/x/y", "1", image))
    made.stop()
    here, there = Command(scratch / "a/root"), Command(scratch / "b/root")
    names = {"app:1", "team/app:1", "quay.io/x/y:1"}
    done = here("export", "--json", "--all", "-o", str(scratch / "x.tar"))
    assert set(results(done)) == names, done
    mirror = Command(scratch / "c/root")("import", "--json", str(scratch / "x.tar"))
    assert mirror.status == 0
    assert (scratch / "c/root/docker/registry/v2/repositories/library/app").exists()
    done = there("import", "--json", str(scratch / "x.tar"), env={"LARDER_LOCAL": "**"})
    assert set(results(done)) == names, done
    done = there("import", "--json", str(scratch / "x.tar"))    # it has some by now
    assert results(done) == dict.fromkeys(names, "current"), done
    second = larders(root=scratch / "b/root")
    for name in ("app", "team/app", "quay.io/x/y"):
        assert_pulled(client.pull(second.url, name, "1"), image)


def test_a_registry_that_is_not_configured_there(scratch):
    files = layout_files(("registry.example:5000/a/b:1", build("b")))
    (scratch / "x.tar").write_bytes(tar_of(files.items()))
    there = site(scratch)
    done = there("import", "--json", str(scratch / "x.tar"))
    row, = rows(done).values()
    assert done.status == 1 and "larder.upstreams" in row["error"] and "--name" in row["error"]
    assert not stored_digests(there.root)
    assert there("import", str(scratch / "x.tar"), "--name", "quay.io/a/b").status == 0


# --- what is new ----------------------------------------------------------------------

def layered(*names: str) -> images.Image:
    return build("library/grown", "1", platforms=("linux/amd64",), layers=[
        images.large_layer(MIB, sum(map(ord, name)), gzip=False) for name in names])


def grow(hub, command, *names: str) -> images.Image:
    made = layered(*names)
    hub.move_tag("library/grown", "1", made)
    assert command("pull", "--platform", "all", "grown:1").status == 0
    return made


@pytest.fixture
def grown(hub, command):
    """A store with an image of four layers."""
    hub.add(layered("a", "b", "c", "d"), "library/grown", "1")
    assert command("pull", "--platform", "all", "grown:1").status == 0
    return command


def test_a_folder_gets_what_is_new(grown, hub, scratch, larders):
    folder, there = scratch / "usb/layout", site(scratch)
    first = grown("export", "--json", "grown:1", "-o", str(folder))
    assert total(first)["bytes"] > 4 * MIB
    assert there("import", str(folder)).status == 0
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("blobs/*/*")}
    moved = grow(hub, grown, "a", "b", "c", "e")
    second = grown("export", "--json", "grown:1", "-o", str(folder))
    assert MIB < total(second)["bytes"] < 1.1 * MIB, second
    assert total(second)["sparedBlobs"] == 3
    again = total(grown("export", "--json", "grown:1", "-o", str(folder)))
    assert (again["bytes"], again["blobs"]) == (0, 0)
    assert again["sparedBlobs"] == total(second)["blobs"] + 3, again
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    done = there("import", "--json", str(folder))
    assert results(done) == {"grown:1": "moved"} and MIB < total(done)["bytes"] < 1.1 * MIB
    assert rows(done)["grown:1"]["digest"] == moved.digest
    # the name is there once, and what was not exported now stays
    hub.add(build("library/other", "1"), "library/other", "1")
    grown("pull", "other:1")
    grown("export", "other:1", "-o", str(folder))
    listed = [one["annotations"]["io.containerd.image.name"]
             for one in json.loads((folder / "index.json").read_text())["manifests"]]
    assert listed == ["docker.io/library/grown:1", "docker.io/library/other:1"]
    assert names(folder) == ["blobs", "index.json", "oci-layout"]


def test_a_folder_is_pruned(grown, hub, scratch, larders):
    """What no image of the list leads to goes, and nothing else does; where that cannot be known,
    nothing."""
    folder, there = scratch / "layout", site(scratch)
    hub.add(build("library/other", "1"), "library/other", "1")
    grown("pull", "--platform", "all", "other:1")
    old = layered("a", "b", "c", "d")
    grown("export", "grown:1", "other:1", "-o", str(folder))
    (folder / "blobs/sha256/notes.txt").write_text("mine")
    before = {path.name for path in folder.rglob("blobs/*/*")}
    moved = grow(hub, grown, "a", "b", "c", "e")
    assert before <= {path.name for path in folder.rglob("blobs/*/*")}
    done = grown("export", "--prune", "--json", "grown:1", "-o", str(folder))
    gone = before - {path.name for path in folder.rglob("blobs/*/*")}
    assert gone == {one[7:] for one in (*old.blobs, *old.manifests)
                    if one not in moved.blobs and one not in moved.manifests}
    assert total(done)["prunedBlobs"] == len(gone) and total(done)["prunedBytes"] > MIB
    assert there("import", str(folder)).status == 0
    hub.fault("any", "refused")
    made = larders({"docker.io": hub.url}, root=scratch / "there/root")
    assert_pulled(client.pull(made.url, "library/grown", "1"), moved)
    assert client.pull(made.url, "library/other", "1").ok
    here = {path.name for path in folder.rglob("blobs/*/*")}
    (folder / "blobs/sha256" / moved.digest[7:]).write_bytes(b"x" * len(moved.root.data))
    (folder / "blobs/sha256" / ("0" * 64)).write_bytes(b"left")
    failed = grown("export", "--prune", "grown:1", "-o", str(folder))
    assert failed.status == 1 and "damaged" in failed.err, failed
    assert here | {"0" * 64} == {path.name for path in folder.rglob("blobs/*/*")}


def test_an_archive_since_another(grown, hub, scratch):
    """Each is about a layer; only the last one is needed to make the next."""
    archives = [scratch / f"{i}.tar" for i in range(3)]
    there = site(scratch)
    grown("export", "grown:1", "-o", str(archives[0]))
    for i, layers in ((1, "abce"), (2, "abef")):
        moved = grow(hub, grown, *layers)
        done = grown("export", "--json", "grown:1", "-o", str(archives[i]),
                     "--since", str(archives[i - 1]))
        assert done.status == 0 and MIB < archives[i].stat().st_size < 1.1 * MIB, done
        assert "manifest.json" not in read_tar(archives[i])
    early = there("import", "--json", str(archives[2]))
    assert early.status == 1 and "--since" in rows(early)["grown:1"]["error"]
    for archive in archives:
        assert there("import", str(archive)).status == 0
    assert rows(there("import", "--json", str(archives[2])))["grown:1"]["digest"] \
        == moved.digest
    check_store(there.root)


# --- referrers ------------------------------------------------------------------------

def test_referrers_go_along(scratch, larders, image):
    signature = images.referrer(image.root, "application/vnd.example.signature", b"signed")
    deeper = images.referrer(signature.root, "application/vnd.example.note", b"on it")
    made = larders(root=scratch / "a/root")
    targets.fill(made, ("app", "1", image), ("app", None, signature), ("app", None, deeper),
                 ("app", f"sha256-{image.digest[7:]}.sig", build("cosign", index=False)))
    here = Command(scratch / "a/root")
    there = Command(scratch / "b/root", env={"LARDER_LOCAL": "**"})
    plain = here("export", "--json", "app:1", "-o", str(scratch / "plain.tar"))
    assert total(plain)["referrers"] == 0
    done = here("export", "--json", "app:1", "--with-referrers", "-o", str(scratch / "x.tar"))
    assert total(done)["referrers"] == 3, done
    done = there("import", "--json", str(scratch / "x.tar"))
    assert done.status == 0 and len(rows(done)) == 4, done
    second = larders(root=scratch / "b/root")
    for about, found in ((image, signature), (signature, deeper)):
        listed = json.loads(ask(second, f"/v2/app/referrers/{about.digest}").body)
        assert [one["digest"] for one in listed["manifests"]] == [found.digest]
    assert ask(second, f"/v2/app/manifests/sha256-{image.digest[7:]}.sig").status == 200


# --- archives of others ---------------------------------------------------------------

@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("options", [{}, {"packed": True}, {"symlink": True}],
                         ids=["", "packed", "symlink"])
def test_docker_save_of_the_older_form(scratch, image, larders, form, options):
    archive = scratch / "saved.tar"
    archive.write_bytes(tar_of(docker_files(image, ["thing:1", "quay.io/a/thing:2"],
                                            **options)))
    if form == "gzip":
        archive.write_bytes(gzip.compress(archive.read_bytes()))
    elif form == "zstd":
        if not shutil.which("zstd"):
            pytest.skip("no zstd here")
        subprocess.run(["zstd", "-q", "--rm", str(archive)], check=True)
        archive = archive.with_suffix(".tar.zst")
    there = site(scratch)
    done = there("import", "--json", str(archive))
    assert done.status == 0, done
    assert results(done) == {"thing:1": "new", "quay.io/a/thing:2": "new"}
    assert all(row["made"] for row in rows(done).values())
    made = larders({"docker.io": "http://127.0.0.1:9"}, root=there.root)
    pulled = client.pull(made.url, "library/thing", "1")
    assert pulled.ok and pulled.digest == rows(done)["thing:1"]["digest"], pulled.errors
    body = json.loads(ask(made, "/v2/library/thing/manifests/1").body)
    kinds = {one["mediaType"].rpartition(".")[2] for one in body["layers"]}
    assert kinds == {"tar+gzip" if options.get("packed") else "tar"}
    assert len(pulled.layers) == 2 + bool(options.get("symlink"))


def test_an_image_without_a_name(scratch, image):
    there = site(scratch)
    saved, layout = scratch / "saved.tar", scratch / "layout.tar"
    saved.write_bytes(tar_of(docker_files(image, None)))
    layout.write_bytes(tar_of(layout_files((None, image), ref="7").items()))
    for archive, own in ((saved, "latest"), (layout, "7")):
        row, = rows(there("import", "--json", str(archive))).values()
        assert row["result"] == "failed" and "--name" in row["error"]
        name, = rows(there("import", "--json", str(archive), "--name", "quay.io/x/y"))
        assert name == f"quay.io/x/y:{own}"


def test_another_store(filled, scratch, image, larders, hub):
    """Another larder's, or a volume of registry:2: the same layout."""
    hub.add(build("library/other", "1"), "library/other", "1")
    filled("pull", "--platform", "all", "other:1")
    there = site(scratch)
    done = there("import", "--json", "--from-root", str(filled.root), "library/th*")
    assert results(done) == {"library/thing:1": "new"}, done
    assert set(results(there("import", "--json", "--from-root", str(filled.root)))) \
        == {"library/thing:1", "library/other:1"}
    check_store(there.root)
    made = larders({"docker.io": "http://127.0.0.1:9"}, root=there.root)
    assert_pulled(client.pull(made.url, "library/thing", "1"), image)
    nowhere = there("import", "--from-root", str(scratch / "nowhere"))
    assert nowhere.status == 1 and "no store" in nowhere.err


def test_beside_a_running_larder(filled, scratch, image, larders, hub):
    """A name that was asked for in vain a moment ago is there."""
    filled("export", "thing:1", "-o", str(scratch / "x.tar"))
    hub.fault("any", "refused")
    made = larders({"docker.io": hub.url}, root=scratch / "there/root")
    assert not client.pull(made.url, "library/thing", "1").ok
    assert site(scratch)("import", str(scratch / "x.tar")).status == 0
    assert_pulled(client.pull(made.url, "library/thing", "1"), image)
    assert "library/thing" in ask(made, "/v2/_catalog").body.decode()


def test_signals(grown, scratch):
    """Also while it waits for a pipe."""
    target, there = scratch / "out/x.tar", site(scratch)
    writer = grown.start("export", "grown:1", "-o", "-")    # nobody reads
    reader = there.start("import", "-")                     # nothing comes
    for process in (writer, reader):
        wait_until(lambda: Path(f"/proc/{process.pid}/wchan").read_text().startswith("pipe")
                   or "pipe" in Path(f"/proc/{process.pid}/stack").read_text(), "it waits")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 1
        assert "interrupted" in process.stderr.read()
    assert not target.exists() and not leftovers(there.root)


def test_two_exports_at_once(filled, scratch):
    folder = scratch / "layout"
    folder.mkdir()
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    done = filled("export", "thing:1", "-o", str(folder))
    assert done.status == 1 and "another export" in done.err and not names(folder)
    os.close(held)
    assert filled("export", "thing:1", "-o", str(folder)).status == 0


@pytest.mark.faults
def test_interrupted(grown, scratch):
    """Nothing has its name, nothing lies about; the next goes on."""
    target, there = scratch / "out/x.tar", site(scratch)
    target.parent.mkdir()
    fault = {"LARDER_FAULTS": "export.write:2=ENOSPC"}
    done = grown("export", "grown:1", "-o", str(target), env=fault)
    assert done.status == 1 and "No space left" in done.err and not names(target.parent)
    folder = scratch / "folder"
    done = grown("export", "grown:1", "-o", str(folder),
                 env={"LARDER_FAULTS": "fs.write:9=EIO"})
    assert done.status == 1 and not (folder / "index.json").exists()
    kept = len(list(folder.rglob("blobs/*/*")))
    assert kept > 0
    done = grown("export", "--json", "grown:1", "-o", str(folder))
    assert done.status == 0 and total(done)["sparedBlobs"] > 0
    assert names(folder) == ["blobs", "index.json", "oci-layout"]
    done = there("import", "--json", str(folder), env={"LARDER_FAULTS": "fs.write:9=ENOSPC"})
    assert done.status == 1 and "No space left" in rows(done)["grown:1"]["error"]
    assert not list(there.root.rglob("_manifests")) and not leftovers(there.root)
    assert stored_digests(there.root)
    done = there("import", "--json", str(folder))
    assert done.status == 0 and 0 < total(done)["bytes"] < 4 * MIB
    check_store(there.root)


@pytest.mark.faults
@pytest.mark.parametrize("point, step", [("fs.fsync", 16), ("fs.rename", 3), ("fs.write", 3),
                                         ("space.reserve", 1)])
def test_import_cut_anywhere(scratch, point, step):
    """Killed at an operation: what has a name is whole; and the next brings all."""
    small = build("library/small", "1", platforms=("linux/amd64",))
    (scratch / "x.tar").write_bytes(
        tar_of(layout_files(("docker.io/library/small:1", small)).items()))
    for n in range(1, 200, step):
        there = site(scratch, f"{point}-{n}")
        done = there("import", str(scratch / "x.tar"),
                     env={"LARDER_FAULTS": f"{point}:{n}=kill"})
        if there.root.exists():
            check_store(there.root)
        tag = there.root / ("docker/registry/v2/repositories/library/small/_manifests/tags/1/"
                            "current/link")
        if tag.exists():
            assert stored_digests(there.root) == {*small.manifests, *small.blobs}
        if done.status == 0:
            break
        assert done.status == -signal.SIGKILL
        assert there("import", str(scratch / "x.tar")).status == 0
        assert tag.read_text() == small.digest
    assert 1 < n < 190
