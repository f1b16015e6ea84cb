"""A push with everything in it, cut at each operation on the disk, in turn.

First the process is killed at the n-th, for every n at which it comes to one; then each of
those fails with EIO, and from each on all fail with ENOSPC, also where nobody is told: the
number of operations is known from the kills.  After each the store opens, what was
acknowledged is there whole, what was not is there whole or not at all, and the same push
goes through.  LARDER_SWEEP=all does so for every n; without it some of each are done.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from harness import Larder
from hub import images
from hub.push import Pusher, PushError, check, digest_of

from .helpers import DELETES, check_store, leftovers, stored_digests, wait_until
from .pushing import blob_is, manifest_is, manifest_json, sessions

pytestmark = pytest.mark.faults
TOP = Path(__file__).resolve().parents[2]
POINTS = ("fs.create", "fs.fsync", "fs.mkdir", "fs.rename", "fs.unlink", "fs.write",
          "store.upload")
ALL = os.environ.get("LARDER_SWEEP") == "all"
SOME = 4                # of the places of each point, without LARDER_SWEEP
REPO, OTHER = "team/thing", "team/other"
BROKEN = (PushError, OSError, http.client.HTTPException)

CONFIG, LAYER, SHARED = b'{"a":1}', bytes(range(256)) * 900, b"shared" * 50
ONE = manifest_json(CONFIG, LAYER, SHARED)
TWO = manifest_json(CONFIG, LAYER, annotations={"two": "2"})
SIGNED = manifest_json(CONFIG, SHARED, artifactType="application/x", subject={
    "mediaType": images.OCI_MANIFEST, "digest": digest_of(ONE), "size": len(ONE)})
STRONG = digest_of(LAYER, "sha512")


class Changes:
    """What a request makes so: of things by (kind, repository, digest), and of tags; gone:
    the manifest whose tags go with it."""

    def __init__(self, there: dict | None = None, tags: dict | None = None,
                 gone: bytes | None = None) -> None:
        self.there, self.tags, self.gone = there or {}, tags or {}, gone


class State:
    """What must be (True), must not be (False), or may be either way (None), as a client was
    told; and what each tag may name."""

    def __init__(self) -> None:
        self.there: dict[tuple[str, str, str], bool | None] = {}
        self.tags: dict[str, set[bytes | None]] = {}

    def _after(self, changes: Changes) -> dict[str, set[bytes | None]]:
        after = {tag: {data} for tag, data in changes.tags.items()}
        if changes.gone is not None:
            after.update({tag: {None if one == changes.gone else one for one in may}
                          for tag, may in self.tags.items()})
        return after

    def know(self, changes: Changes) -> None:
        self.there.update(changes.there)
        self.tags.update(self._after(changes))

    def doubt(self, changes: Changes) -> None:
        """It has been asked for, and may have been done, or a part of it."""
        for key, value in changes.there.items():
            if self.there.get(key, False) != value:
                self.there[key] = None
        for tag, may in self._after(changes).items():
            self.tags[tag] = self.tags.get(tag, {None}) | may


def blob(repo: str, digest: str, there: bool = True) -> Changes:
    return Changes({("blobs", repo, digest): there})


def manifest(data: bytes, *tags: str) -> Changes:
    return Changes({("manifests", REPO, digest_of(data)): True}, dict.fromkeys(tags, data))


CONTENT = {digest_of(data): data for data in (CONFIG, LAYER, SHARED, ONE, TWO, SIGNED)}
CONTENT[STRONG] = LAYER


def steps(p: Pusher):
    """Each request, and what is so when it has been acknowledged."""
    def put(ref: str, data: bytes, *tags: str):
        return check(p.manifest(REPO, ref, data, tags=tags), 201)

    def gone(target: str):
        return check(p.delete(f"/v2/{REPO}/{target}"), 202)

    yield blob(REPO, digest_of(CONFIG)), lambda: check(p.single(REPO, CONFIG), 201)
    yield blob(REPO, digest_of(LAYER)), lambda: check(
        p.chunked(REPO, LAYER, size=80_000), 201)
    yield blob(REPO, STRONG), lambda: check(p.streamed(REPO, LAYER, STRONG), 201)
    yield blob(OTHER, digest_of(SHARED)), lambda: check(p.monolithic(OTHER, SHARED), 201)
    yield blob(REPO, digest_of(SHARED)), lambda: check(
        p.mount(REPO, digest_of(SHARED), OTHER), 201)
    yield manifest(ONE, "v1"), lambda: put("v1", ONE)
    yield manifest(SIGNED), lambda: put(digest_of(SIGNED), SIGNED)
    yield manifest(TWO, "v2", "v3"), lambda: put(digest_of(TWO), TWO, "v2", "v3")
    yield manifest(TWO, "v1"), lambda: put("v1", TWO)
    yield Changes(tags={"v3": None}), lambda: gone("manifests/v3")
    yield Changes({("manifests", REPO, digest_of(TWO)): False}, gone=TWO), lambda: gone(
        f"manifests/{digest_of(TWO)}")
    yield blob(REPO, STRONG, False), lambda: gone(f"blobs/{STRONG}")


def run(larder: Larder, state: State, stop: bool) -> int:
    """Do it all; how many steps were not acknowledged.  stop: the first ends it.

    What follows on what was not done may be a 404, and a mount of it a 202: no promise."""
    failed = 0
    with Pusher(larder.url) as p:
        for changes, act in steps(p):
            try:
                act()
                state.know(changes)
            except BROKEN as error:
                answer = getattr(error, "answer", None)
                if answer is not None:
                    assert answer.status == 202 or answer.codes
                    assert answer.status in (202, 404, 500, 503, 507), error
                state.doubt(changes)
                failed += 1
                if stop:
                    break
    return failed


def verify(larder: Larder, state: State) -> None:
    """The state is one that the client can have been told of; each thing is whole."""
    with Pusher(larder.url) as p:
        for (kind, repo, digest), must in state.there.items():
            there = p.head(f"/v2/{repo}/{kind}/{digest}").status
            assert there in (200, 404) and must in (None, there == 200), (kind, digest, must)
            if there == 200 and kind == "blobs":
                blob_is(p, repo, digest, CONTENT[digest])
            elif there == 200:
                manifest_is(p, repo, digest, CONTENT[digest], images.OCI_MANIFEST)
        for tag, may in state.tags.items():
            answer = p.get(f"/v2/{REPO}/manifests/{tag}")
            assert answer.status in (200, 404), answer.body
            found = answer.body if answer.status == 200 else None
            assert found in may, (tag, found and digest_of(found))
        # What a manifest names is there with it, and what refers to it is found.
        if state.there.get(("manifests", REPO, digest_of(SIGNED))):
            listed = p.get(f"/v2/{REPO}/referrers/{digest_of(ONE)}").body
            assert digest_of(SIGNED).encode() in listed
        for data, names in ((ONE, (CONFIG, LAYER, SHARED)), (TWO, (CONFIG, LAYER))):
            if p.head(f"/v2/{REPO}/manifests/{digest_of(data)}").status == 200:
                for one in names:
                    blob_is(p, REPO, digest_of(one), one)


def attempt(root: Path, plan: str) -> bool:
    """One run under the plan, and all that must hold then.  Whether it was cut."""
    made = Larder(root, config=DELETES, access_log=False, env={"LARDER_FAULTS": plan})
    kill, state, cut = plan.endswith("kill"), State(), True
    try:
        made.start()
    except AssertionError:
        status = made.process.wait(10)      # it happened before the server was there
        assert status == (-9 if kill else 1), (status, made.tail())
    else:
        try:
            cut = run(made, state, kill) > 0
            if kill and cut:
                assert made.process.wait(10) == -9, made.tail()
        finally:
            made.kill() if kill else made.stop()
    with Larder(root, config=DELETES, access_log=False) as again:
        assert not leftovers(root), "opening has swept them"
        check_store(root)
        known = set(CONTENT)
        assert stored_digests(root) <= known, stored_digests(root) - known
        verify(again, state)
        whole = State()
        assert run(again, whole, True) == 0, "afterwards the same push goes through"
        verify(again, whole)
        check_store(root)
    return cut


@pytest.fixture
def place():
    """In memory, if there is such a place: thousands of fsyncs."""
    shm = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(prefix="larder-faults-", dir=shm if shm.is_dir() else None))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def fresh(place: Path, plan: str) -> bool:
    root = place / "root"
    try:
        return attempt(root, plan)
    except AssertionError as error:
        raise AssertionError(f"with LARDER_FAULTS={plan}: {error}") from error
    finally:
        shutil.rmtree(root, ignore_errors=True)


def last_place(place: Path, point: str) -> int:
    """How many operations of the kind there are: by bisection, since a kill at one that is
    not there cuts nothing."""
    low, high = 0, 1
    while fresh(place, f"{point}:{high}=kill"):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if fresh(place, f"{point}:{middle}=kill"):
            low = middle
        else:
            high = middle
    return low


@pytest.mark.parametrize("point", POINTS)
def test_cut_at_each(place, point):
    last = last_place(place, point)
    assert last > 0, "the push comes to it"
    every = range(1, last + 1)
    chosen = every if ALL else sorted({1 + i * last // SOME for i in range(SOME)} | {last})
    for n in chosen:
        assert fresh(place, f"{point}:{n}=kill") or n > last - 3, \
            "what ran beside has taken another turn"
        fresh(place, f"{point}:{n}=EIO")
        fresh(place, f"{point}:{n}+=ENOSPC")
    print(f"{point}: {len(chosen)} of {last} places, three ways each")


def test_no_point_is_forgotten():
    """Those of the store and below it, as the source has them."""
    found = {name for folder in ("base", "store") for path in (TOP / "src" / folder).glob("*.c")
             for name in re.findall(r'fault\("([a-z.]+)"\)', path.read_text())}
    of_pulls = {"store.partial", "fs.link", "space.write", "space.reserve"}
    of_collections, of_threads = {"store.sweep", "fs.readdir"}, {"pool.thread"}
    assert found - of_pulls - of_collections - of_threads == set(POINTS)


def test_leftovers_expire(place):
    """Sessions of pushes that were killed go when they are old enough."""
    root = place / "root"
    made = Larder(root, config=DELETES, env={"LARDER_FAULTS": "store.upload:2=kill"}).start()
    try:
        assert run(made, State(), True) == 1
    finally:
        made.kill()
    with Larder(root, config=DELETES) as made, Pusher(made.url) as p:
        check(p.patch(p.session(OTHER), b"never ended"), 202)
        made.kill()
    assert sessions(root)
    for path in sessions(root):
        os.utime(path, (time.time() - 169 * 3600,) * 2)
    config = "storage:\n  maintenance:\n    uploadpurging:\n      interval: 1s\n"
    with Larder(root, config=config):
        wait_until(lambda: not sessions(root), "they go")
        assert not leftovers(root)
        check_store(root)
