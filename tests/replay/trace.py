"""The fleet's month: events in order, the same for the same seed.

Time is in seconds since a Monday, 00:00.  Jobs come in pipelines, mostly in working hours;
every night all is built again, once a week for every platform; weekends are quiet.  In
between tags move, the hub is in trouble, others behind the same address spend its quota, the
cache is restarted or killed, and loses things.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from .catalogue import BASES, OTHERS, TWO, Line, rare

MINUTE, HOUR, DAY = 60, 3600, 86400

# What can be wrong with Docker Hub: which requests fail meanwhile.  In "hang" they are not
# answered at all, in "abuse" with a 429 that is not about pulls.
TROUBLES = {
    "down": {"head", "get", "blob"},
    "errors": {"head", "get", "blob"},
    "hang": {"head", "get", "blob"},
    "tokens": {"head", "get", "blob"},
    "abuse": {"head", "get", "blob"},
    "cdn": {"blob"},
}
LENGTHS = {"down": (HOUR, 5 * HOUR), "errors": (20 * MINUTE, 2 * HOUR),
           "hang": (10 * MINUTE, 30 * MINUTE), "tokens": (HOUR, 2 * HOUR),
           "abuse": (20 * MINUTE, HOUR), "cdn": (30 * MINUTE, 2 * HOUR)}

# Pipelines that begin in each hour, of a day's, in thousandths.
RHYTHM = (4, 4, 4, 4, 6, 10, 20, 50, 90, 110, 100, 90,
          60, 80, 100, 90, 70, 50, 20, 12, 10, 8, 4, 4)


@dataclass(frozen=True)
class Pull:
    line: Line
    platform: str


@dataclass(frozen=True)
class Jobs:
    """All that begin in one minute; each pulls its images one after the other."""

    at: int
    jobs: tuple[tuple[Pull, ...], ...]


@dataclass(frozen=True)
class Moved:
    """A tag names its next image."""

    at: int
    line: Line
    version: int


@dataclass(frozen=True)
class Trouble:
    at: int
    seconds: int
    kind: str


@dataclass(frozen=True)
class Others:
    """Somebody else behind the same address pulls so much."""

    at: int
    pulls: int


@dataclass(frozen=True)
class Restart:
    """how: "stop", "kill", or "midway": killed while the minute's jobs are pulling."""

    at: int
    how: str


@dataclass(frozen=True)
class Evicted:
    """The cache loses what it has of these tags, whatever else uses it."""

    at: int
    lines: tuple[Line, ...]


Event = Jobs | Moved | Trouble | Others | Restart | Evicted
# What happens in one minute, happens in this order.
ORDER = (Moved, Trouble, Others, Evicted, Restart, Jobs)


@dataclass
class Trace:
    seed: int
    days: int
    lines: list[Line] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def jobs(self) -> Iterator[tuple[Pull, ...]]:
        for event in self.events:
            if isinstance(event, Jobs):
                yield from event.jobs

    @property
    def pulls(self) -> int:
        return sum(len(job) for job in self.jobs())


class _Month:
    def __init__(self, seed: int, days: int, pipelines: int) -> None:
        self.random = random.Random(seed)
        self.days, self.pipelines = days, pipelines
        self.rare = [rare(n) for n in range(max(4, days * 2 // 3))]
        self.begins = [self.random.randrange(days * DAY) for _ in self.rare]
        self.trace = Trace(seed, days, [*BASES, *OTHERS, *self.rare])
        self.starts: dict[int, list[tuple[Pull, ...]]] = {}

    def working_minute(self, day: int) -> int:
        """At some time when many work."""
        return day * DAY + self.random.randrange(8 * 60, 17 * 60) * MINUTE

    def weekday(self) -> int:
        found = [day for day in range(self.days) if day % 7 < 5]
        return self.random.choice(found)

    # --- jobs ---

    def job(self, at: int) -> tuple[Pull, ...]:
        known = [*BASES, *OTHERS]
        chosen = self.random.choices(known, [one.weight for one in known],
                                     k=self.random.choice((1, 2, 2, 3)))
        ripe = [one for one, begins in zip(self.rare, self.begins) if begins <= at]
        if ripe and self.random.random() < 0.04:
            chosen.append(self.random.choice(ripe))
        platform = TWO[self.random.random() < 0.15]
        return tuple(Pull(one, platform) for one in dict.fromkeys(chosen))

    def add(self, at: int, job: tuple[Pull, ...]) -> None:
        self.starts.setdefault(at, []).append(job)

    def days_jobs(self, day: int) -> None:
        count = self.pipelines if day % 7 < 5 else self.pipelines // 8
        for _ in range(count):
            hour = self.random.choices(range(24), RHYTHM)[0]
            at = day * DAY + hour * HOUR + self.random.randrange(60) * MINUTE
            for _ in range(self.random.choice((1, 2, 3, 4, 6, 8))):
                self.add(at, self.job(at))
        at = day * DAY + 2 * HOUR           # every night, all at once
        for line in [*BASES, *OTHERS] * 2:
            self.add(at, (Pull(line, TWO[0]),))
        if day % 7 == 6:
            for platform in TWO:
                for line in self.trace.lines:
                    self.add(at + HOUR, (Pull(line, platform),))

    # --- all else ---

    def moves(self) -> Iterator[Moved]:
        for line in (*BASES, *OTHERS):
            times, at = [], 0.0
            while line.rebuilt and at < self.days * DAY:
                at += self.random.expovariate(1 / line.rebuilt) * DAY
                times.append(at)
            if line is BASES[0]:            # so that the shortest month has one
                times.append((self.days - 0.5) * DAY)
            names = [line, *(one for one in OTHERS if (one.repository, one.alias)
                             == (line.repository, line.tag))]
            inside = sorted(int(at) // MINUTE * MINUTE for at in times
                            if at < self.days * DAY)
            for version, minute in enumerate(inside, 1):
                for one in names:
                    yield Moved(minute, one, version)

    def troubles(self) -> Iterator[Trouble]:
        """Each kind in turn, in working hours, never two at once; and one weekend."""
        kinds, taken = list(TROUBLES), []
        self.random.shuffle(kinds)
        for n in range(max(len(kinds), self.days // 3)):
            kind = kinds[n % len(kinds)]
            for _ in range(200):
                at = self.working_minute(self.weekday())
                ends = at + self.random.randrange(*LENGTHS[kind], MINUTE)
                if all(ends + HOUR < a or b + HOUR < at for a, b in taken) \
                        and ends < self.days * DAY:
                    taken.append((at, ends))
                    yield Trouble(at, ends - at, kind)
                    break
        if self.days >= 7:
            yield Trouble(5 * DAY + HOUR, 20 * HOUR, "down")

    def rest(self) -> Iterator[Event]:
        for n in range(max(1, self.days // 4)):
            yield Others(self.working_minute(self.weekday()), self.random.choice((60, 100)))
        for n in range(max(3, self.days // 3)):
            how = ("stop", "kill", "midway")[n % 3]
            at = self.working_minute(self.weekday())
            if how == "midway":             # where there is most to break
                at = min((a for a in self.starts if a >= at),
                         key=lambda a: (-len(self.starts[a]) if a < at + 2 * HOUR else 0, a))
            yield Restart(at, how)
        for n in range(max(2, self.days // 2)):
            some = self.random.sample(self.trace.lines, self.random.randrange(1, 4))
            yield Evicted(self.working_minute(self.weekday()), tuple(some))

    def make(self) -> Trace:
        for day in range(self.days):
            self.days_jobs(day)
        events = self.trace.events
        events += self.moves()
        events += self.troubles()
        events += self.rest()
        events += [Jobs(at, tuple(jobs)) for at, jobs in self.starts.items()]
        events.sort(key=lambda e: (e.at, ORDER.index(type(e))))
        return self.trace


def generate(seed: int = 1, days: int = 30, pipelines: int = 200) -> Trace:
    """pipelines: a weekday's, about three and a half jobs each."""
    return _Month(seed, days, pipelines).make()
