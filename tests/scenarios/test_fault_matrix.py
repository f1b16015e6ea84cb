"""Every kind of request under every fault, as fault_table.py says (docs/faults.md).

An upstream a cell (fresh and due share one), a larder a kind of request: what one cell
meets harms no other. All that hangs hangs at once.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness import Larder

from .conftest import Clock
from .fault_cells import HUB_KIND, LAYER, PATIENCE_S, QUOTA, REPO, Names, Site, fetch, pull
from .fault_table import FAULTS, KINDS, ROWS, STATES, Row
from .helpers import (SANITIZED, Download, blob_path, check_store, leftovers,
                      stored_digests, wait_until)

LONG = {"hangs before headers", "hangs in headers", "hangs in body", "slow", "too slow"}
REMEMBERED = {"429", QUOTA}     # for minutes
AT_ONCE = 16            # of pulls that mostly work
WAITING = 64            # of those that mostly wait
WAIT_S = 30             # containerd gives up on a request without a header
BODY_S = 40             # nobody is known to give up on a body that has begun
REQUESTS = 40           # to an upstream for one pull that fails
SOON_S = 15             # after the fault has gone
ROOM = 1 << 30          # of /dev/shm
GROWTH = 48 << 20       # of memory, with a hundred upstreams in trouble at once
LEAK = 8 << 20          # with the same ones in the same trouble again


def test_the_table_is_complete():
    """Each fault of each kind once; the counts are those of docs/faults.md."""
    assert [(row.kind, row.fault) for row in ROWS] == [
        (kind, fault) for kind in KINDS for fault in FAULTS]
    assert all(bool(row.never) != bool(row.words) for row in ROWS)
    assert all(row.words[state] in ("not asked", "served", "stale")     # a promise
               for row in ROWS if not row.never for state in ("fresh", "due"))
    never = sum(bool(row.never) for row in ROWS)
    assert (len(ROWS), never) == (7 * 29, 23)
    assert len(ROWS) * len(STATES) == 1015


@dataclass
class Kind:
    """All cells of one kind of request, and the larder that has their upstreams."""

    name: str
    larder: Larder
    clock: Clock
    sites: list[Site]
    before: dict[str, int] = field(default_factory=dict)
    late: list[tuple[Site, str]] = field(default_factory=list)


def prime(larder: Larder, sites: list[Site]) -> None:
    """What is to be here already."""
    def one(site: Site) -> None:
        if site.state == "due":
            done = pull(larder.port, site)
            assert done.word == "served" and not done.wrong, (site.host, site.row, done)
        elif site.state == "partly":
            half(larder, site)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, sites))


def half(larder: Larder, site: Site) -> None:
    """The manifest, and half of the layer."""
    name = f"{site.host}/{REPO}"
    assert fetch(larder.port, f"/v2/{name}/manifests/1").answer.status == 200
    assert fetch(larder.port, blob_path(name, site.image.config().digest)).whole
    rule = site.hub.fault("cdn" if site.hub.config.redirect else "blob", "hang_body",
                          after_bytes=site.size // 2, path=site.layer.digest[7:])
    one = Download(larder, blob_path(name, site.layer.digest))
    rule.wait_held()
    one.leave()


def partial_sizes(larder: Larder) -> list[int]:
    return sorted(path.stat().st_size for path in leftovers(larder.root))
class Matrix:
    """The run: what was not as it should be, and how long things took."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.words: Counter[str] = Counter()
        self.first = self.silence = self.back = 0.0
        self.most = 0
        self._lock = threading.Lock()

    def complain(self, site: Site, state: str, what: str) -> None:
        with self._lock:
            self.wrong.append(f"{site.row.kind} | {site.row.fault} | {state}: {what}")

    def judge(self, kind: Kind, site: Site, state: str) -> None:
        """One pull, while the fault is there."""
        log, asked = site.hub.log, HUB_KIND[site.row.kind]
        before = log.totals.copy()
        done, expected = pull(kind.larder.port, site), site.row.words[state]
        made = log.totals - before
        word = done.word
        if word == "served" and not (made[asked] if state != "fresh" else made.total()):
            word = "not asked"
        elif word == "served" and not site.met:
            self.complain(site, state, f"the fault was not met: {dict(made)}")
        if made.total() > REQUESTS:
            self.complain(site, state, f"{made.total()} requests: {dict(made)}")
        if word != expected:
            self.complain(site, state, f"{word!r} and not {expected!r} after "
                          f"{done.seconds:.1f} s: {done.said}")
        if word == "stale" and done.digest != site.old.digest:
            self.complain(site, state, "stale, but not what was here")
        if done.first >= WAIT_S or done.silence >= BODY_S:
            self.complain(site, state, f"waits of {done.first:.1f} s for a header, "
                                       f"{done.silence:.1f} s in a body")
        for what in done.wrong:
            self.complain(site, state, what)
        with self._lock:
            self.words[word] += 1
            self.most = max(self.most, made.total())
            self.first = max(self.first, done.first)
            self.silence = max(self.silence, done.silence)

    def recover(self, kind: Kind, site: Site, state: str) -> None:
        """The same pull, when the fault has gone, is whole and current, and soon."""
        began = time.monotonic()
        while True:
            done = pull(kind.larder.port, site)
            took = time.monotonic() - began
            if done.word == "served" and done.digest == site.image.digest or done.wrong:
                break
            if took > SOON_S:
                done.wrong.append(f"{took:.0f} s after the fault still {done.word!r}: "
                                  f"{done.said}")
                break
            time.sleep(0.2)
        for what in done.wrong:
            self.complain(site, state, what)
        with self._lock:
            self.back = max(self.back, took)

    def cell(self, kind: Kind, site: Site) -> None:
        try:
            if site.state != "due":
                site.break_it()
            self.judge(kind, site, site.state)
        finally:
            site.mend()
        if site.row.fault in REMEMBERED or is_password(site.row):
            kind.late.append(site)
        else:
            self.recover(kind, site, site.state)

    def fresh(self, kind: Kind, site: Site) -> None:
        site.break_it()
        self.judge(kind, site, "fresh")


def open_kinds(names: Names, larders, folder: Path, stack) -> list[Kind]:
    """A larder a kind, its store filled as the states want it, just started."""
    kinds = []
    for kind in KINDS:
        rows = [row for row in CELLS if row.kind == kind]
        sites = [Site(row, f"{kind.replace(' ', '-').lower()}-{n}-{state}.test", state)
                 for n, row in enumerate(rows) for state in STATES if state != "fresh"]
        for site in sites:
            site.start(names)
            stack.append(site.hub)
        own = folder / kind.replace(" ", "-")
        own.mkdir()
        clock = Clock(own / "clock")
        made = larders({site.host: site.settings for site in sites}, default="",
                       root=own / "root", access_log=False, start=False,
                       settings={"flights": 128, "patience": f"{PATIENCE_S}s"},
                       env={**names.env, **clock.env})
        kinds.append(Kind(kind, made, clock, sites))
    return kinds


def fill(kind: Kind) -> None:
    kind.larder.start()
    prime(kind.larder, kind.sites)
    sizes = partial_sizes
    halves = [site for site in kind.sites if site.state == "partly"]
    wait_until(lambda: [n for n in sizes(kind.larder) if n >= LAYER // 2][len(halves) - 1:],
               "half of each layer has come")
    kind.larder.stop()
    for site in kind.sites:
        site.mend()
        if site.state == "due" and kind.name == "manifest GET by digest":
            site.move()
    kind.larder.start()     # knows no token, no password and no connection


def order(row: Row) -> int:
    """First what takes long, then what is remembered for long."""
    return 0 if row.fault in LONG else 1 if row.fault in REMEMBERED else 2


def is_password(row: Row) -> bool:
    """Refused: not sent again until it is another one."""
    return (row.kind, row.fault) == ("ping", "401 for ever")


def each(jobs, threads: int) -> None:
    """Run them all, so many at once; the first that raises is raised."""
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(*job) for job in jobs]:
            future.result()


@pytest.fixture
def store(scratch):
    """In memory where there is room: a thousand images are slow to sync, and to remove."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shutil.disk_usage(shm).free < ROOM:
        yield scratch
        return
    made = Path(tempfile.mkdtemp(prefix="larder-scenario-", dir=shm))
    yield made
    shutil.rmtree(made, ignore_errors=True)


# Under a sanitizer without what mostly waits.
CELLS = [row for row in ROWS if not row.never and not (SANITIZED and row.fault in LONG)]


@pytest.mark.plain
def test_every_cell_is_as_its_table_says(store, larders):
    began, stack, matrix = time.monotonic(), [], Matrix()
    try:
        with Names() as names:
            kinds = open_kinds(names, larders, store, stack)
            each([(fill, kind) for kind in kinds], len(kinds))
            print(f"filled after {time.monotonic() - began:.1f} s")
            each([(matrix.fresh, kind, site) for kind in kinds for site in kind.sites
                  if site.state == "due"], AT_ONCE)
            print(f"fresh after {time.monotonic() - began:.1f} s")
            for kind in kinds:
                kind.before = kind.larder.memory()
                kind.clock.advance(601)
            cells = sorted(((kind, site) for kind in kinds for site in kind.sites),
                           key=lambda cell: order(cell[1].row))
            long = sum(order(site.row) == 0 for _, site in cells)
            each([(matrix.cell, *cell) for cell in cells], max(long + AT_ONCE, WAITING))
            print(f"all cells after {time.monotonic() - began:.1f} s")
            finish(kinds, matrix)
            assert names.trapped == 0
    finally:
        for hub in stack:
            hub.stop()
    print(f"{dict(matrix.words)}; longest wait for a header {matrix.first:.1f} s, "
          f"in a body {matrix.silence:.1f} s, longest way back {matrix.back:.1f} s, "
          f"most requests for a pull {matrix.most}, all {time.monotonic() - began:.1f} s")
    assert not matrix.wrong, f"{len(matrix.wrong)} wrong:\n" + "\n".join(sorted(matrix.wrong))


def finish(kinds: list[Kind], matrix: Matrix) -> None:
    """What is remembered for longer; memory; the stores."""
    for kind in kinds:
        kind.clock.advance(16 * 60)         # no back-off is longer
    late = [(kind, site) for kind in kinds for site in kind.late]
    each([(matrix.recover, kind, site, site.state) for kind, site in late
          if not is_password(site.row)], AT_ONCE)
    for kind in kinds:
        judge_memory(kind)
    for kind in kinds:
        assert kind.larder.stop() == 0
    ping = [(kind, site) for kind, site in late if is_password(site.row)]
    for kind in {kind.name: kind for kind, _ in ping}.values():
        kind.larder.start()                 # as with a new password
    each([(matrix.recover, kind, site, site.state) for kind, site in ping], AT_ONCE)
    for kind in kinds:
        check_store(kind.larder.root)


def judge_memory(kind: Kind) -> None:
    """What is cached is due again, and in trouble again: it takes no more memory."""
    def again(site: Site) -> None:
        site.break_it()
        assert pull(kind.larder.port, site).word in ("served", "stale"), site.row
        site.mend()

    after = kind.larder.memory()
    kind.clock.advance(601)
    each([(again, site) for site in kind.sites
          if site.state == "due" and site.row.fault not in LONG], AT_ONCE)
    later = kind.larder.memory()
    first, second = (b["RssAnon"] - a["RssAnon"]
                     for a, b in ((kind.before, after), (after, later)))
    print(f"{kind.name}: {kind.before['RssAnon'] >> 10} KiB, grown by {first >> 10}, then "
          f"by {second >> 10}; most {later['VmHWM'] >> 10}")
    assert SANITIZED or (first < GROWTH and second < LEAK), (kind.before, after, later)
