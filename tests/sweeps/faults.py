"""Scenarios cut at each operation of the store: killed there, or told of an error.

An attempt is one run under a plan (LARDER_FAULTS), and all that must hold then: the store
opens, what was acknowledged is there whole, what was not is there whole or not at all, and the
same goes through afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path

from hub import Hub

from .base import BROKEN, Scenario, Site
from .state import State

TOP = Path(__file__).resolve().parents[2]
WAYS = ("=kill", "=EIO", "+=ENOSPC")
READS = {"fs.readdir", "blob.read", "scrub.read"}      # killed there is killed at the next write
NOT_SWEPT = {"pool.thread", "task.start"}      # neither is an operation on the disk


def points() -> set[str]:
    """The fault points that the source has."""
    return {name for path in (TOP / "src").rglob("*.c")
            for name in re.findall(r'fault\("([a-z.]+)"\)', path.read_text())} - NOT_SWEPT


class Sweep:
    """Attempts at one scenario, below one folder."""

    def __init__(self, scenario: Scenario, place: Path, hub: Hub) -> None:
        self.scenario, self.hub = scenario, hub
        self.settled, self.place = place / "settled", place / "attempt"
        self.settled.mkdir(parents=True)
        scenario.settle(Site(self.settled / "root", hub))

    def site(self, **env: str) -> Site:
        """A fresh copy of what is there before."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.settled, self.place)
        return Site(self.place / "root", self.hub, dict(env))

    def before(self) -> State:
        state = State()
        state.know(self.scenario.before())
        return state

    def run(self, site: Site, state: State, stop: bool = False, mark=None) -> int:
        """Every step; how many were not acknowledged.  stop: the first ends it, killed.

        What follows on what was not done may be refused: no promise."""
        plan = site.env.get("LARDER_FAULTS", "")
        made = None
        if self.scenario.serves:
            made = self.scenario.larder(site)
            try:
                made.start()
            except AssertionError:      # it happened before the server was there
                status = made.process.wait(10)
                assert status == (-9 if stop else 1), (status, made.tail())
                return 1
        failed = 0
        try:
            for changes, act in self.scenario.steps(site, made.url if made else ""):
                before = state.copy()
                state.doubt(changes)
                try:
                    if mark:
                        mark(state)
                    act()
                except BROKEN as error:
                    self._is_answer(error, plan)
                    failed += 1
                    if stop:
                        break
                    continue
                before.know(changes)
                state.there, state.tags = before.there, before.tags
                if mark:
                    mark(state)
        finally:
            if made is None:
                pass
            elif stop:
                if failed:
                    assert made.process.wait(10) == -9, made.tail()
                made.kill()
            else:
                status = made.stop()
                assert status == 0 or "EIO" in plan or "ENOSPC" in plan, made.tail()
                spoken = [line for line in made.log if "Sanitizer" in line]
                assert not spoken, made.tail(200)
        return failed

    @staticmethod
    def _is_answer(error: Exception, plan: str) -> None:
        """Where nobody was killed, there was an answer, and it was one of ours."""
        answer = getattr(error, "answer", None)
        if answer is not None:
            assert plan, error
            assert answer.status == 202 or answer.codes
            assert answer.status in (202, 404, 500, 503, 507), error

    def attempt(self, plan: str) -> bool:
        """Under the plan; whether anything was cut."""
        site, state = self.site(LARDER_FAULTS=plan), self.before()
        try:
            cut = self.run(site, state, stop=plan.endswith("kill")) > 0
            site.env.clear()
            self.settled_again(site, state)
        except AssertionError as error:
            raise AssertionError(f"{self.scenario.name} with LARDER_FAULTS={plan}: "
                                 f"{error}") from error
        return cut

    def settled_again(self, site: Site, state: State) -> None:
        """It holds what it must, and the same goes through."""
        scenario = self.scenario
        scenario.verify(site, state)
        scenario.check_files(site, state)
        whole = state.copy()
        assert self.run(site, whole) == 0, "afterwards the same goes through"
        scenario.verify(site, whole)
        scenario.check_files(site, whole)

    def places(self) -> dict[str, int]:
        """How often a run comes to each point."""
        calls = self.place.with_suffix(".calls")
        calls.unlink(missing_ok=True)
        site, state = self.site(LARDER_TEST_FAULT_CALLS=str(calls)), self.before()
        assert self.run(site, state) == 0
        site.env.clear()
        self.scenario.verify(site, state)
        counted = Counter(calls.read_text().split())
        return {name: n for name, n in sorted(counted.items()) if name not in NOT_SWEPT}

    def plans(self, some: int | None = None) -> list[str]:
        """All there are, or so many, spread over points, places and ways."""
        every = [f"{point}:{n}{way}" for point, last in self.places().items()
                 for n in range(1, last + 1)
                 for way in (("=EIO",) if point in READS else WAYS)]
        if some is None or some >= len(every):
            return every
        # A step without a common divisor with the three ways meets each of them.
        step = max(1, len(every) // some) | 1
        while step % len(WAYS) == 0:
            step += 2
        return every[::step]


def how_many(few: int) -> int | None:
    """None, for all, where LARDER_SWEEP is "all"; or as many as it says; or a few."""
    asked = os.environ.get("LARDER_SWEEP", str(few))
    return None if asked == "all" else int(asked)
