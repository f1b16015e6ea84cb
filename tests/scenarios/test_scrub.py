"""`larder scrub`, and what a larder that serves does of it by itself: a bit that has turned
in any file is found; what is wrong is served no more; it is repaired, or it is named."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from harness import Command, Larder
from hub import Hub, build, client, images
from hub.push import Pusher

from .helpers import ask, blobs_dir, check_store, stored_digests, wait_until

ALL = os.environ.get("LARDER_SWEEP") == "all"
LOCAL = {"LARDER_LOCAL": "team/**"}
MIRRORED, OWN = "library/thing", "team/app"
SHARED = images.layer({"shared": b"s" * 3000}, gzip=False)
THING = build("thing", layers=[SHARED, images.layer({"thing": b"t" * 70_000}, gzip=False)])
APP = build("app", index=False,
            layers=[SHARED, images.layer({"app": b"a" * 5000}, gzip=False)])
PLAIN = build("plain", index=False)
ODD = images.Manifest(images.DOCKER_MANIFEST, json.dumps(
    {**PLAIN.root.json, "mediaType": None}).encode())       # another type than it says
ABOUT = images.referrer(APP.root, "application/vnd.test.sbom", b"sbom")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A hub, and a store with a file of every kind: (hub, root). Tests work on copies."""
    root = tmp_path_factory.mktemp("scrub") / "root"
    with Hub(quota=1_000_000) as hub:
        hub.config.referrers = True
        hub.add(THING, MIRRORED, "1")
        hub.add(images.Image(ODD, {ODD.digest: ODD}, PLAIN.blobs), MIRRORED, "odd")
        with Larder(root, {"docker.io": hub.url}, settings={"local": ["team/**"]}) as made:
            assert client.pull(made.url, MIRRORED, "1").ok
            assert client.pull(made.url, MIRRORED, "1", platform="linux/arm64/v8").ok
            assert ask(made, f"/v2/{MIRRORED}/manifests/odd").status == 200
            assert ask(made, f"/v2/{MIRRORED}/referrers/{THING.digest}").status == 200
            with Pusher(made.url) as pusher:
                pusher.image(OWN, "1", APP)
                for blob in ABOUT.blobs.values():
                    pusher.blob(OWN, blob.read())
                pusher.manifest(OWN, ABOUT.digest, ABOUT.root.data)
        yield hub, root


@pytest.fixture
def store(place, scratch):
    """A copy of it: (root, scrub), where scrub(*words) runs the command."""
    hub, template = place
    root = scratch / "root"
    shutil.copytree(template, root, symlinks=True)
    return root, Scrub(hub, root)


class Scrub:
    def __init__(self, hub: Hub, root: Path) -> None:
        self.hub = hub
        self.command = Command(root, {"docker.io": hub.url}, LOCAL)

    def __call__(self, *words: str, status: int = 0) -> tuple[list[dict], dict]:
        done = self.command("scrub", "--json", *words)
        assert done.status == status, done
        *rows, end = done.rows()
        return rows, end


def blob_file(root: Path, digest: str) -> Path:
    return blobs_dir(root) / "sha256" / digest[7:9] / digest[7:] / "data"


def flip(path: Path, seed: int = 0) -> bytes:
    """One bit; what was there before."""
    was = path.read_bytes()
    bit = random.Random(seed).randrange(len(was) * 8)
    changed = bytearray(was)
    changed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(changed)
    return was


def files(root: Path) -> list[Path]:
    """All that have something in them, but for statistics and locks."""
    return sorted(path.relative_to(root) for path in root.rglob("*")
                  if path.is_file() and path.stat().st_size > 0
                  and not path.name.startswith("usage.db")
                  and path != root / "larder/room")     # figures, put right by counting


def some_of_each(paths: list[Path]) -> list[Path]:
    """Three of each kind of file; all with LARDER_SWEEP=all."""
    if ALL:
        return paths
    kinds: dict[tuple, list[Path]] = {}
    for path in paths:
        kind = tuple(part for part in path.parts if len(part) < 64 and len(part) != 2)
        if path.name == "data":
            kind += (is_mirrored(f"{path.parts[-4]}:{path.parts[-2]}"),)
        kinds.setdefault(kind, []).append(path)
    return [path for found in kinds.values() for path in found[:3]]


def is_mirrored(digest: str) -> bool:
    return digest in {*THING.blobs, *THING.manifests, ODD.digest}


def test_all_is_well(store):
    root, scrub = store
    before = {path: (root / path).read_bytes() for path in files(root)}
    rows, end = scrub()
    assert rows == [] and end["complete"] and end["harmed"] == 0, rows
    assert end["blobs"] == len(stored_digests(root)) and end["repositories"] == 2
    assert end["bytes"] == sum(path.stat().st_size for path in blobs_dir(root).rglob("data"))
    rows, end = scrub("--dry-run")
    assert rows == []
    after = {path: (root / path).read_bytes() for path in files(root)}
    assert {path.name for path in after.keys() - before.keys()} == {"scrub.state"}
    assert all(after[path] == text for path, text in before.items())
    assert "all is well" in scrub.command("scrub").out
    assert "no image matches" in scrub.command("scrub", "nosuch:*").out


def test_a_bit_of_any_file(place, scratch):
    """Each of them found, at its place; then repaired, mended, or named with its images."""
    hub, template = place
    kinds = set()
    for n, path in enumerate(some_of_each(files(template))):
        root = scratch / str(n)
        shutil.copytree(template, root)
        was = flip(root / path, n)
        scrub = Scrub(hub, root)
        is_blob = path.name == "data"
        digest = f"{path.parts[-4]}:{path.parts[-2]}" if is_blob else ""
        own = is_blob and not is_mirrored(digest)
        changed = (root / path).read_bytes()
        if n % 4 == 0:
            rows, _ = scrub("--dry-run", status=0 if path.parts[0] == "larder" else 2)
            assert [row["path"] for row in rows] == [str(path)], (path, rows)
            assert (root / path).read_bytes() == changed and rows[0]["done"] == "told"
        (row,), end = scrub(status=2 if own else 0)
        assert row["path"] == str(path), row
        kinds.add(row["kind"])
        if own:
            assert row["kind"] == "corrupt" and row["digest"] == digest
            assert row["done"] == "left" and row["harms"] and end["harmed"] == 1
            assert row["images"] and all(one.startswith(OWN) for one in row["images"]), row
            assert not (root / path).exists()
            bad = root / "larder/quarantine" / digest.replace(":", "-")
            assert bad.read_bytes() == changed
            again, _ = scrub("--no-fetch", status=2)
            assert again[0]["known"] and again[0]["images"] == row["images"]
        elif path.parts[0] == "larder":
            assert row["kind"] == "note" and row["done"] == "mended"
            assert not (root / path).exists()
        else:
            assert row["done"] == ("repaired" if is_blob else "mended"), row
            assert (root / path).read_bytes() == was
            assert list((root / "larder/quarantine").glob("*")) == []
        if not own:
            check_store(root)
        shutil.rmtree(root)
    assert kinds == {"corrupt", "link", "tag", "note"}


@pytest.mark.parametrize("harm", ["cut", "emptied", "longer", "deleted"])
def test_a_file_that_is_not_whole(store, harm):
    root, scrub = store
    layer, own = THING.layers()[1], APP.layers("linux/amd64")[1]
    for blob in (layer, own):
        path = blob_file(root, blob.digest)
        if harm == "deleted":
            path.unlink()
        elif harm == "longer":
            with path.open("ab") as file:
                file.write(b"x")
        else:
            os.truncate(path, 0 if harm == "emptied" else 700)
    rows, end = scrub(status=2)
    kind = {"deleted": "missing", "emptied": "empty"}.get(harm, "corrupt")
    assert {(row["digest"], row["kind"], row["done"]) for row in rows} == {
        (layer.digest, kind, "repaired"), (own.digest, kind, "left")}
    named = next(row["images"] for row in rows if row["digest"] == own.digest)
    assert named == [f"{OWN}:1"]
    assert blob_file(root, layer.digest).read_bytes() == layer.read()
    check_store(root)
    text = scrub.command("scrub").out
    assert "NOT REPAIRED" in text and f"{OWN}:1" in text
    listed = {row["name"] + ":" + row["tag"]: row for row in
              scrub.command("list", "--json").rows() if row.get("tag")}
    assert listed[f"{OWN}:1"]["state"] == "damaged"
    assert listed["thing:1"]["state"] != "damaged"
    assert "1 wrong: larder scrub names it" in scrub.command("status").out
    assert scrub.command("status", "--json").rows()[0]["store"]["scrub"]["harmed"] == 1
    told = scrub.command("doctor", "--engine", "none", "--json").rows()
    assert next(one for one in told if one["check"] == "store")["state"] == "warn"
    blob_file(root, own.digest).parent.mkdir(parents=True, exist_ok=True)
    blob_file(root, own.digest).write_bytes(own.read())     # from a backup
    assert scrub()[0] == []
    assert list((root / "larder/quarantine").glob("*")) == []


def test_links_and_tags(store):
    """Swapped, torn, lost: mended from what else says the same."""
    root, scrub = store
    repositories = root / "docker/registry/v2/repositories"
    one, two = sorted((repositories / OWN / "_layers/sha256").glob("*/link"))[:2]
    texts = one.read_text(), two.read_text()
    one.write_text(texts[1])
    two.write_text(texts[0])
    torn = next((repositories / MIRRORED / "_manifests/revisions/sha256").glob("*/link"))
    text = torn.read_text()
    torn.write_text("")
    own_tag = repositories / OWN / "_manifests/tags/1/current/link"
    tag = repositories / MIRRORED / "_manifests/tags/1/current/link"
    own_tag.write_text("sha256:" + "0" * 64)
    tag.write_text("sha2")
    rows, end = scrub()
    assert sorted(row["kind"] for row in rows) == ["link", "link", "link", "tag", "tag"]
    assert end["mended"] == 5 and end["harmed"] == 0
    assert (one.read_text(), two.read_text(), torn.read_text()) == (*texts, text)
    assert own_tag.read_text() == APP.digest and tag.read_text() == THING.digest
    check_store(root)
    # Nothing says any more where it was.
    shutil.rmtree(own_tag.parents[1] / "index")
    own_tag.write_text("")
    (row,), _ = scrub(status=2)
    assert (row["kind"], row["done"], row["images"]) == ("tag", "left", [f"{OWN}:1"])
    shutil.rmtree(tag.parents[1] / "index")
    shutil.rmtree(root / "larder/tags")
    tag.write_text("")
    rows, _ = scrub(status=2)
    assert {(row["images"][0], row["done"]) for row in rows} == {
        (f"{OWN}:1", "left"), ("thing:1", "repaired")}
    assert tag.read_text() == THING.digest


def test_what_belongs_to_nothing(store):
    root, scrub = store
    repositories = root / "docker/registry/v2/repositories"
    dangling = repositories / OWN / "_layers/sha256" / ("1" * 64) / "link"
    dangling.parent.mkdir()
    dangling.write_text("sha256:" + "1" * 64)
    strange = ["docker/registry/v2/blobs/notes.txt", "larder/mine", "larder/types/sha256/x",
               f"docker/registry/v2/repositories/{OWN}/README",
               f"docker/registry/v2/repositories/{OWN}/_layers/sha256/short",
               f"docker/registry/v2/repositories/{OWN}/_manifests/tags/1/more",
               str(blob_file(root, APP.digest).with_name("data.bak").relative_to(root))]
    for one in strange:
        (root / one).write_text("?")
    about = next((root / "larder/referrers" / OWN / "_subjects").rglob("sha256-*"))
    about.rename(about.with_name(f"sha256-{APP.digest[7:]}"))
    for link in (repositories / OWN).rglob("link"):
        os.utime(link, (time.time() - 100, time.time() - 100))   # not just pushed
    rows, _ = scrub()
    assert {row["path"] for row in rows if row["kind"] == "stray"} == {
        one for one in strange if "types" not in one}
    assert all((root / one).exists() for one in strange)
    others = {(row["kind"], row["done"]) for row in rows if row["kind"] != "stray"}
    assert others == {("dangling", "mended"), ("referrer", "mended")}
    assert about.exists() and not dangling.exists()
    assert {row["kind"] for row in scrub()[0]} == {"stray"}


def test_hub_down_then_up(store):
    """What cannot be had now is named, served to nobody, and had the next time."""
    root, scrub = store
    layer, manifest = THING.layers()[1], THING.manifest("linux/amd64")
    flip(blob_file(root, layer.digest))
    flip(blob_file(root, manifest.digest))
    with scrub.hub.fault("any", "refused"):
        rows, end = scrub(status=2)
        assert {row["done"] for row in rows} == {"left"} and end["curable"] == 2
        assert all(row["images"] == ["thing:1"] for row in rows)
        assert all("fetching it again failed" in row["why"] for row in rows)
        rows, _ = scrub("--no-fetch", status=2)
        assert len(rows) == 2 and all(row["known"] for row in rows)
        rows = scrub.command("list", "--json").rows()
        assert next(row for row in rows if row.get("name") == "thing")["state"] == "damaged"
        rows, _ = scrub("--no-fetch", "thing:1", status=2)
        assert len(rows) == 2
        assert scrub("team/*")[0] == []
    rows, end = scrub()
    assert {row["done"] for row in rows} == {"repaired"} and end["harmed"] == 0
    assert blob_file(root, layer.digest).read_bytes() == layer.read()
    assert blob_file(root, manifest.digest).read_bytes() == manifest.data
    check_store(root)


def test_a_manifest_and_what_it_names(store):
    """Wrong at the same time: one run brings the one, reads in it what else it needs, and brings
    that. Also an index above them, and the configuration beside."""
    root, scrub = store
    manifest = THING.manifest("linux/amd64")
    wrong = {THING.digest, manifest.digest, THING.config("linux/amd64").digest,
             *(layer.digest for layer in THING.layers("linux/amd64"))}
    for digest in wrong:
        flip(blob_file(root, digest))
    rows, end = scrub()
    assert {row["digest"] for row in rows} == wrong
    assert {row["done"] for row in rows} == {"repaired"}, rows
    assert end["repaired"] == len(wrong) and end["harmed"] == 0, end
    assert scrub()[1]["findings"] == 0
    check_store(root)
    flip(blob_file(root, manifest.digest))
    blob_file(root, THING.layers("linux/amd64")[-1].digest).unlink()
    rows, end = scrub()
    assert end["repaired"] == 2 and end["harmed"] == 0, rows


def test_only_what_is_named(store):
    root, scrub = store
    layer, own = THING.layers()[1], APP.layers("linux/amd64")[1]
    flip(blob_file(root, layer.digest))
    flip(blob_file(root, own.digest))
    (row,), end = scrub("thing:*")
    assert row["digest"] == layer.digest and end["blobs"] < len(stored_digests(root))
    (row,), _ = scrub("team/**", status=2)
    assert row["digest"] == own.digest
    assert scrub.command("scrub", "team/**", "--continue").status == 100
    assert scrub.command("scrub", "UPPER*/").status in (0, 100)
    assert scrub.command("scrub", "--rate", "fast").status == 100


def test_stopped_and_gone_on_with(store):
    """Killed, or asked to end: the next run goes on, and finds what the first had not."""
    root, scrub = store
    digests = sorted(stored_digests(root))
    flip(blob_file(root, digests[-1]))
    slow = ("scrub", "--json", "--rate", "1")
    running = scrub.command.start(*slow)
    wait_until(lambda: running.poll() is None and locked(root / "larder/scrub"), "it runs")
    running.send_signal(signal.SIGTERM)
    done = Command.end(running)
    assert done.status == 1 and "stopped" in done.err, done
    assert (root / "larder/scrub.state").exists()
    running = scrub.command.start(*slow)
    wait_until(lambda: locked(root / "larder/scrub"), "it runs")
    running.kill()
    Command.end(running)
    rows, end = scrub("--continue", status=0 if is_mirrored(digests[-1]) else 2)
    assert end["complete"] and [row["digest"] for row in rows] == [digests[-1]]


def planted(root: Path) -> set[str]:
    """Something wrong with each kind of file: the paths that are to be named."""
    repositories = root / "docker/registry/v2/repositories"
    layer, lost = (one.digest for one in THING.layers()[:2])
    own = APP.layers("linux/amd64")[1].digest
    flip(blob_file(root, layer))
    flip(blob_file(root, own))
    blob_file(root, lost).unlink()                      # its folder says that it was here
    torn = next((repositories / OWN / "_layers/sha256").glob("*/link"))
    tag = repositories / OWN / "_manifests/tags/1/current/link"
    shutil.rmtree(tag.parents[1] / "index")
    for path in (torn, tag):
        path.write_text("")
    note = next(path for path in (root / "larder/history").rglob("*") if path.is_file())
    flip(note)
    stray = root / "docker/registry/v2/blobs/notes.txt"
    stray.write_text("?")
    return {str(path.relative_to(root)) for path in (
        *(blob_file(root, one) for one in (layer, own, lost)), torn, tag, note, stray)}


@pytest.mark.faults
def test_killed_and_gone_on_with(store):
    """At each place where it writes down how far it is, and at some operations between: the parts
    together name what is wrong, all of it, and whom it harms, as one in one piece does."""
    root, scrub = store
    template = root.with_name("as-it-was")
    wrong = planted(root)
    shutil.copytree(root, template)
    rows, whole = scrub("--no-fetch", status=2)
    assert {row["path"] for row in rows} == wrong
    harms = {row["path"]: row["images"] for row in rows}
    state = (root / "larder/scrub.state").read_text().split()[5:9]
    calls = root.with_name("calls")
    shutil.rmtree(root)
    shutil.copytree(template, root)
    scrub.command("scrub", "--no-fetch", env={
        "LARDER_TEST_FAULT_CALLS": str(calls), "LARDER_FAULTS": "scrub.save:1+=EIO"})
    often = {point: calls.read_text().split().count(point) for point in ("scrub.save", "fs.rename")}
    last = often["scrub.save"]
    places = {1, last // 2, *range(last - (last if ALL else 4), last + 1)} - {0}
    plans = [f"scrub.save:{n}=kill" for n in places]
    plans += [f"fs.rename:{n}=kill" for n in range(last, often["fs.rename"] + 1, 1 if ALL else 4)]
    went_on = 0
    for plan in plans:
        shutil.rmtree(root)
        shutil.copytree(template, root)
        cut = scrub.command("scrub", "--no-fetch", "--json", env={
            "LARDER_FAULTS": f"{plan},scrub.save:1+=EIO"})      # which is: save now
        assert cut.status == -9, (plan, cut)
        rows, end = scrub("--no-fetch", "--continue", status=2)
        assert end["complete"], plan
        went_on += end["blobs"] < whole["blobs"]
        told = cut.rows() + rows
        assert {row["path"] for row in told} == wrong, plan
        assert {row["path"]: row["images"] for row in told} == harms, plan
        assert (root / "larder/scrub.state").read_text().split()[5:9] == state, plan
    assert went_on > len(plans) // 2


def locked(path: Path) -> bool:
    import fcntl
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def test_damage_does_not_spread_to_collection(store):
    """What a manifest in quarantine named stays; the bad bytes go with a prune."""
    root, scrub = store
    flip(blob_file(root, APP.digest))
    scrub(status=2)
    bad = root / "larder/quarantine" / APP.digest.replace(":", "-")
    assert bad.stat().st_size > 0
    then = time.time() - 3 * 24 * 3600
    for path in (root / "docker").rglob("*"):
        os.utime(path, (then, then))
    assert scrub.command("prune", "--dry-run").status == 0 and bad.stat().st_size > 0
    assert scrub.command("prune").status == 0
    assert bad.stat().st_size == 0
    assert {one.digest for one in APP.layers("linux/amd64")} <= stored_digests(root)
    blob_file(root, APP.digest).parent.mkdir(exist_ok=True)
    blob_file(root, APP.digest).write_bytes(APP.root.data)      # from a backup
    assert scrub()[0] == [] and not bad.exists()


@pytest.mark.faults
def test_a_disk_that_cannot_read(store):
    """EIO: as wrong as wrong bytes. One that has room for no more files is not to blame."""
    root, scrub = store
    scrub.command.env["LARDER_FAULTS"] = "scrub.read:1+=EMFILE"
    rows, end = scrub("--no-fetch", status=2)
    assert {(row["kind"], row["done"]) for row in rows} == {("unreadable", "left")}
    assert not (root / "larder/quarantine").exists() and end["harmed"] == end["blobs"]
    scrub.command.env["LARDER_FAULTS"] = "scrub.read:1=EIO"
    assert scrub()[0] == []                             # and the second time it could
    scrub.command.env["LARDER_FAULTS"] = "scrub.read:1+=EIO"
    rows, end = scrub("thing:*")
    assert {(row["kind"], row["done"]) for row in rows} == {("unreadable", "repaired")}
    assert len(rows) == end["blobs"] > 5
    del scrub.command.env["LARDER_FAULTS"]
    assert scrub()[0] == []
    check_store(root)


@pytest.mark.faults
def test_every_operation_fails(store):
    """The n-th of each kind fails, or the process dies there: nothing is lost by that."""
    root, scrub = store
    template = root.with_name("as-it-was")
    layer, own = THING.layers()[1], APP.layers("linux/amd64")[1]
    tag = root / "docker/registry/v2/repositories" / OWN / "_manifests/tags/1/current/link"
    link = next((root / "docker/registry/v2/repositories" / OWN / "_layers").rglob("link"))
    for path in (blob_file(root, layer.digest), blob_file(root, own.digest), tag, link):
        flip(path)
    shutil.copytree(root, template)
    for point in ("fs.write", "fs.fsync", "fs.rename", "fs.unlink", "fs.readdir"):
        for how in ("EIO", "kill"):
            for n in (1, 3) if ALL else (2,):
                shutil.rmtree(root)
                shutil.copytree(template, root)
                fault = {"LARDER_FAULTS": f"{point}:{n}={how}"}
                cut = scrub.command("scrub", "--no-fetch", env=fault)
                assert cut.status in ((1, 2) if how == "EIO" else (2, -9)), cut
                rows, _ = scrub(status=2)
                assert {row["digest"] for row in rows if row["done"] == "left"} == {own.digest}
                assert blob_file(root, layer.digest).read_bytes() == layer.read()
                assert tag.read_text() == APP.digest
                check_store(root)
