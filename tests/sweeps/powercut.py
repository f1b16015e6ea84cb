"""Scenarios whose power is cut: what was done to the disk is recorded once, then played up to
some point, and the disks that a cut may leave there are opened and compared with what had been
acknowledged by then."""

from __future__ import annotations

import copy
import hashlib
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from harness import build_dir
from powercut import disk

from .faults import Sweep
from .base import age
from .state import State

RECORDER = build_dir() / "tests/powercut/librecord.so"
NOT_SEEN = {"larder/room"}      # is mapped: the recorder does not see what is written
SEEDS = {"kept": 1, "synced": 1, "ext4": 2, "posix": 4}


@dataclass(frozen=True)
class Cut:
    """After so many events, with what was not synced lost in that way."""

    after: int
    way: str
    seed: int


def flat(tree: disk.Tree, above: str = "") -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for name, what in tree.items():
        path = above + name
        if isinstance(what, dict):
            found[path] = None
            found.update(flat(what, path + "/"))
        elif path not in NOT_SEEN:
            found[path] = what
    return found


class PowerCuts:
    """Of one scenario: record() it, then try_cuts()."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep, self.scenario = sweep, sweep.scenario
        self.log = sweep.place.with_suffix(".record")

    def record(self) -> None:
        """Run it all, without a cut; keep what was told at each mark."""
        self.log.unlink(missing_ok=True)
        self.log.touch()
        site = self.sweep.site()
        watched = self.scenario.watched(site)
        self.start = disk.Disk(watched)
        self.told: list[State] = [self.sweep.before()]
        site.env.update(LD_PRELOAD=str(RECORDER), LARDER_TEST_RECORD=str(self.log),
                        LARDER_TEST_RECORD_ROOT=str(watched.resolve()))

        def mark(state: State) -> None:
            disk.mark(self.log, str(len(self.told)))
            self.told.append(state.copy())

        assert self.sweep.run(site, self.sweep.before(), mark=mark) == 0
        self.events = list(disk.read_log(self.log))
        assert any(event.kind == disk.SYNC for event in self.events), "nothing was recorded"
        real, played = flat(disk.read_tree(watched)), flat(self._play()[0].tree())
        assert played.keys() == real.keys(), sorted(played.keys() ^ real.keys())
        differ = [path for path in real if real[path] != played[path]]
        assert not differ, f"the recorder has not seen all: {differ}"

    def _play(self, until: int | None = None) -> tuple[disk.Disk, int]:
        """The disk then, and the number of the last mark."""
        made, told = copy.deepcopy(self.start), 0
        for event in self.events[:until]:
            if event.kind == disk.MARK:
                told = int(event.path)
            else:
                made.do(event)
        return made, told

    def cuts(self, some: int | None = None) -> list[Cut]:
        """At every event in every way, or so many of them."""
        every = [Cut(after, way, seed) for after in range(len(self.events) + 1)
                 for way in disk.WAYS for seed in range(SEEDS[way])]
        if some is None or some >= len(every):
            return every
        chance = random.Random(self.scenario.name)
        return sorted(chance.sample(every, some), key=lambda one: one.after)

    def _states(self, cuts: list[Cut]) -> Iterator[tuple[Cut, disk.Tree, State]]:
        """Each different one once."""
        seen = set()
        made, told, done = copy.deepcopy(self.start), 0, 0
        for cut in cuts:
            for event in self.events[done:cut.after]:
                if event.kind == disk.MARK:
                    told = int(event.path)
                else:
                    made.do(event)
            done = cut.after
            tree = made.tree(cut.way, f"{cut}")
            key = hashlib.sha256(repr((told, sorted(flat(tree).items()))).encode()).digest()
            if key not in seen:
                seen.add(key)
                yield cut, tree, self.told[told]

    def try_cuts(self, cuts: list[Cut], again: int = 10) -> tuple[int, list[str]]:
        """How many states were opened, and what was wrong.  After every so-manieth the same
        is done again, and must go through."""
        wrong, n = [], 0
        for n, (cut, tree, state) in enumerate(self._states(cuts), 1):
            try:
                self._try(tree, state.copy(), n % again == 0)
            except AssertionError as error:
                wrong.append(f"{self.scenario.name} {cut}: {error}")
        return n, wrong

    def _try(self, tree: disk.Tree, state: State, again: bool) -> None:
        site = self.sweep.site()
        watched = self.scenario.watched(site)
        shutil.rmtree(watched, ignore_errors=True)
        disk.lay_out(tree, watched)
        if self.scenario.aged:
            age(site.root)
        if self.scenario.comes_back:
            state.there = {key: None if key[0] == "blobs" and must is False else must
                           for key, must in state.there.items()}
        self.scenario.verify(site, state)
        if again:
            assert self.sweep.run(site, state) == 0, "afterwards the same goes through"
            self.scenario.verify(site, state)
