"""A push that is cut anywhere: the process dies, or the disk refuses, at each operation.

What was acknowledged is there afterwards, whole; what was not is not, or only as a session
that expires. The whole sweep takes minutes (scripts/sweep.sh, LARDER_SWEEP=all); without it each
kind of operation is met at its first, and some later, calls."""

from __future__ import annotations

import http.client
import os

import pytest

from harness.push import OCI_MANIFEST, Pusher, digest_of, simple
from hub import images

from .helpers import DELETES, ask, blob_path, stored_digests

POINTS = ("fs.create", "fs.fsync", "fs.link", "fs.mkdir", "fs.rename", "fs.unlink", "fs.write",
          "store.upload")
REPO = "bakery/app"
ALL = os.environ.get("LARDER_SWEEP") == "all"
LAYER, CONFIG, SBOM = os.urandom(300_000), b"{}", b"sbom"


def manifest(**extra: object) -> bytes:
    return simple(digest_of(LAYER), len(LAYER), digest_of(CONFIG), 2, **extra)


def steps(p: Pusher):
    """A push and a delete, step by step: what each promises, once it is acknowledged."""
    yield ("blob", digest_of(CONFIG)), lambda: p.blob(REPO, CONFIG, "post")
    yield ("blob", digest_of(LAYER)), lambda: p.blob(REPO, LAYER, "chunks+put")
    yield ("blob", digest_of(SBOM)), lambda: p.blob(REPO, SBOM, "stream")
    yield ("tag", "v1", manifest()), lambda: accepted(p.manifest(REPO, "v1", manifest()))
    about = {"mediaType": OCI_MANIFEST, "digest": digest_of(manifest()), "size": len(manifest())}
    doc = manifest(subject=about, artifactType="t/sbom")
    yield ("referrer", digest_of(doc), doc), lambda: accepted(p.manifest(REPO, digest_of(doc), doc))
    moved = manifest(annotations={"v": "2"})
    yield ("tag", "v1", moved), lambda: accepted(p.manifest(REPO, "v1", moved))
    yield ("untag", "v1"), lambda: accepted(p.ask("DELETE", f"/v2/{REPO}/manifests/v1"), 202)


def accepted(got, status: int = 201) -> None:
    assert got.status == status, got


def run(made) -> tuple[list[tuple], bool]:
    """The promises that were acknowledged, and whether all steps were."""
    kept: list[tuple] = []
    p = Pusher(made.port)
    for promise, act in steps(p):
        try:
            act()
        except (AssertionError, OSError, http.client.HTTPException):
            return kept, False
        kept.append(promise)
    return kept, True


def check(made, kept: list[tuple]) -> None:
    tags: dict[str, bytes | None] = {}
    for kind, name, *body in kept:
        if kind == "blob":
            got = ask(made, blob_path(REPO, name))
            assert got.status == 200 and digest_of(bytes(got.body)) == name
        elif kind == "referrer":
            assert ask(made, f"/v2/{REPO}/manifests/{name}").body == body[0]
            found = ask(made, f"/v2/{REPO}/referrers/{digest_of(manifest())}").body
            assert name.encode() in found
        else:
            tags[name] = body[0] if kind == "tag" else None
    for name, data in tags.items():
        got = ask(made, f"/v2/{REPO}/manifests/{name}")
        # The step after the last acknowledged one may have been done, or not.
        if data is not None and got.status == 200:
            assert got.body in (data, manifest(annotations={"v": "2"}))
        elif data is not None:
            assert len(kept) == 6, "only the delete that was cut can have taken it away"
        elif data is None:
            assert got.status == 404


def nothing_wrong(made) -> None:
    """Every file under a final name is whole, and nothing lies about outside larder/."""
    blobs = made.root / "docker/registry/v2/blobs"
    for digest in stored_digests(made.root):
        algorithm, text = digest.split(":")
        data = (blobs / algorithm / text[:2] / text / "data").read_bytes()
        assert digest_of(data, algorithm) == digest
    assert not [p for p in (made.root / "docker").rglob("*")
                if p.is_file() and p.name not in ("data", "link")]


@pytest.mark.faults
@pytest.mark.parametrize("how", ["kill", "EIO", "ENOSPC"])
@pytest.mark.parametrize("point", POINTS)
def test_cut_anywhere(larders, scratch, point, how):
    config = DELETES
    n, fired = 0, True
    while fired and (ALL or n < 3):
        n += 1
        at = n if ALL else (1, 4, 9)[n - 1]
        root = scratch / f"root{n}"
        made = larders(root=root, start=False, config=config,
                       env={"LARDER_FAULTS": f"{point}:{at}={how}"})
        try:
            made.start()
        except AssertionError:
            kept, fired = [], True          # it happened before the server was there
        else:
            kept, whole = run(made)
            fired = not whole
        made.kill() if how == "kill" else made.stop()
        again = larders(root=root, config=config)
        check(again, kept)
        kept, whole = run(again)
        assert whole, "afterwards the same push goes through"
        check(again, kept)
        nothing_wrong(again)
        again.stop()
    if ALL:
        assert n > 1 or point == "fs.link", "it was met at least once"
        print(f"{point}={how}: {n - 1} places")
