"""What the same month costs without larder: by direct pulls, and by registry:2's rules.

Counted, not run: both ask a hub that is a few numbers, with the same troubles, the same
others behind the address and the same rolling window as the scripted hub has for larder.
Where a rule is not certain, the one that asks the hub less is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from .catalogue import HUB, TWO, Line, Wants, wants
from .trace import DAY, TROUBLES, Evicted, Jobs, Moved, Others, Pull, Trace, Trouble

WINDOW = 6 * 3600
TTL = 7 * DAY           # of registry:2, from the first fetch
DOWN = "down"           # why a request failed, in a word
USED_UP = "used up"


@dataclass
class Spent:
    """What a month came to.  A pull is of one image."""

    pulls: int = 0
    gets: int = 0               # of manifests, that the hub counts
    heads: int = 0              # of manifests
    blobs: int = 0              # GETs
    bytes: int = 0              # of manifests and blobs
    over: int = 0               # GETs refused because the quota was used up
    refused_cached: int = 0     # pulls that failed although a whole copy was there
    refused_uncached: int = 0
    old: int = 0                # pulls answered with what the tag named before
    unmarked: int = 0           # of them, those not marked as stale
    waited: float = 0.0         # seconds until those refused could have been served
    longest: float = 0.0

    def refuse(self, cached: bool, wait: float) -> None:
        if cached:
            self.refused_cached += 1
        else:
            self.refused_uncached += 1
        self.waited += wait
        self.longest = max(self.longest, wait)


class Failed(Exception):
    """A request to the hub: why it failed, and how long until it would not."""

    def __init__(self, why: str, wait: float) -> None:
        super().__init__(why)
        self.why, self.wait = why, wait


class Window:
    """limit pulls in any six hours; None: no limit."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._times: deque[float] = deque()

    def _age(self, now: float) -> None:
        while self._times and self._times[0] <= now - WINDOW:
            self._times.popleft()

    def used(self, now: float) -> int:
        self._age(now)
        return len(self._times)

    def spend(self, now: float) -> bool:
        """One pull; False, and not counted, when there is none left."""
        self._age(now)
        if self.limit is None:
            return True
        if len(self._times) >= self.limit:
            return False
        self._times.append(now)
        return True

    def wait(self, now: float) -> float:
        """Seconds until there is one again."""
        self._age(now)
        if self.limit is None or len(self._times) < self.limit:
            return 0.0
        return self._times[0] + WINDOW - now


class World:
    """Tags, troubles and time, as the trace moves them."""

    def __init__(self, limit: int | None, spent: Spent) -> None:
        self.now = 0
        self.window = Window(limit)
        self.spent = spent
        self.versions: dict[Line, int] = {}
        self.trouble: Trouble | None = None

    def step(self, event: object) -> None:
        self.now = event.at
        if isinstance(event, Moved):
            self.versions[event.line] = event.version
        elif isinstance(event, Trouble):
            self.trouble = event
        elif isinstance(event, Others):
            for _ in range(event.pulls):
                self.window.spend(self.now)

    def named(self, line: Line) -> int:
        """The version that the tag names now."""
        return self.versions.get(line, 0)

    def ends(self, what: str = "head") -> float:
        """Seconds until the hub is out of trouble; 0: it is in none."""
        if self.trouble is None or what not in TROUBLES[self.trouble.kind]:
            return 0.0
        return max(0.0, self.trouble.at + self.trouble.seconds - self.now)

    def _ask(self, line: Line, what: str) -> None:
        if line.host == HUB and (left := self.ends(what)) > 0:
            raise Failed(DOWN, left)

    def head(self, line: Line) -> int:
        self._ask(line, "head")
        self.spent.heads += 1
        return self.named(line)

    def manifest(self, line: Line, size: int) -> None:
        self._ask(line, "get")
        if line.host == HUB and not self.window.spend(self.now):
            self.spent.over += 1
            raise Failed(USED_UP, self.window.wait(self.now))
        self.spent.gets += 1
        self.spent.bytes += size

    def blob(self, line: Line, size: int) -> None:
        self._ask(line, "blob")
        self.spent.blobs += 1
        self.spent.bytes += size


def direct(trace: Trace, limit: int | None) -> Spent:
    """Each pull by a Docker client that has nothing: HEAD of the tag, GET of the index, GET
    of the platform's manifest, and of each blob.  It ends at the first that fails."""
    spent = Spent()
    world = World(limit, spent)
    for event in trace.events:
        world.step(event)
        if not isinstance(event, Jobs):
            continue
        for pull in (pull for job in event.jobs for pull in job):
            spent.pulls += 1
            try:
                want = wants(pull.line, world.head(pull.line), pull.platform)
                for size in want.manifests.values():
                    world.manifest(pull.line, size)
                for size in want.blobs.values():
                    world.blob(pull.line, size)
            except Failed as failed:
                spent.refuse(False, failed.wait)
    return spent


@dataclass
class Shelf:
    """What a cache holds: what each repository links to, and the bytes themselves."""

    links: dict[tuple[str, str], float] = field(default_factory=dict)   # until when
    data: set[str] = field(default_factory=set)

    def has(self, repository: str, digest: str) -> bool:
        return (repository, digest) in self.links and digest in self.data

    def put(self, repository: str, digest: str, until: float = float("inf")) -> None:
        self.links.setdefault((repository, digest), until)
        self.data.add(digest)

    def whole(self, line: Line, want: Wants) -> bool:
        return all(self.has(line.repository, digest)
                   for digest in (*want.manifests, *want.blobs))

    def lose(self, repository: str, digests: set[str]) -> set[str]:
        """Returns those that were there."""
        for digest in digests:
            self.links.pop((repository, digest), None)
        lost = digests & self.data
        self.data -= digests
        return lost


def everything(line: Line, version: int) -> set[str]:
    """Digests of all that versions of a tag up to this one are made of, any platform."""
    parts = [wants(line, n, platform) for n in range(version + 1) for platform in TWO]
    return {digest for part in parts for digest in (*part.manifests, *part.blobs)}


class Registry2:
    """registry:2 as a pull-through cache.

    Each request for a tag asks the hub by HEAD; an answer is noted as what the tag names
    here, before any of it is fetched, and a failure (a hub that hangs is one, too) is
    answered with what was noted before.  What is missing is fetched by each who misses it at
    the same time.  Seven days after its first fetch a blob goes with its bytes, a manifest
    by its link; the tag stays."""

    def __init__(self, limit: int | None) -> None:
        self.spent = Spent()
        self.world = World(limit, self.spent)
        self.shelf = Shelf()
        self.tags: dict[Line, int] = {}
        self.known: dict[Line, set[int]] = {}       # versions that have been pulled
        self.manifests: set[str] = set()            # digests that are no blobs
        self._new: list[tuple[str, str]] = []       # of this minute

    def run(self, trace: Trace) -> Spent:
        for event in trace.events:
            self.world.step(event)
            if isinstance(event, Evicted):
                for line in event.lines:
                    self.shelf.lose(line.repository,
                                    everything(line, self.world.named(line)))
            elif isinstance(event, Jobs):
                self._expire()
                for job in event.jobs:
                    mine: set[tuple[str, str]] = set()
                    for pull in job:
                        self._pull(pull, mine)
                for repository, digest in self._new:
                    self.shelf.put(repository, digest, self.world.now + TTL)
                self._new.clear()
        return self.spent

    def _expire(self) -> None:
        now = self.world.now
        for (repository, digest), until in list(self.shelf.links.items()):
            if until <= now:
                del self.shelf.links[repository, digest]
                if digest not in self.manifests:
                    self.shelf.data.discard(digest)

    def _pull(self, pull: Pull, mine: set[tuple[str, str]]) -> None:
        """mine: what this job has brought here itself, before others see it."""
        line, world, spent = pull.line, self.world, self.spent
        spent.pulls += 1
        held = any(self.shelf.whole(line, wants(line, n, pull.platform))
                   for n in self.known.get(line, ()))
        try:
            self.tags[line] = world.head(line)
        except Failed as failed:
            if line not in self.tags:
                spent.refuse(False, failed.wait)
                return
        version = self.tags[line]
        want = wants(line, version, pull.platform)
        self.manifests.update(want.manifests)
        if self.shelf.has(line.repository, want.root):      # brought by another platform
            held = self.shelf.whole(line, want)
        try:
            for digest, size in want.manifests.items():
                self._fetch(line, digest, mine, lambda: world.manifest(line, size))
            held = self.shelf.whole(line, want)
            for digest, size in want.blobs.items():
                self._fetch(line, digest, mine, lambda: world.blob(line, size))
        except Failed as failed:
            spent.refuse(held, failed.wait)
            return
        self.known.setdefault(line, set()).add(version)
        if version != world.named(line):
            spent.old += 1
            spent.unmarked += 1

    def _fetch(self, line: Line, digest: str, mine: set[tuple[str, str]],
               ask: Callable[[], None]) -> None:
        key = (line.repository, digest)
        if not self.shelf.has(*key) and key not in mine:
            ask()
            mine.add(key)
            self._new.append(key)


def registry2(trace: Trace, limit: int | None) -> Spent:
    return Registry2(limit).run(trace)
