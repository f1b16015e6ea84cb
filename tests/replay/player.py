"""A month on a real larder: the hubs obey the trace, the fleet's clients pull, all is counted.

What a client was told is held against what it should have been told: whether a whole copy
was there when a pull was refused, whether an old answer was marked, what was fetched twice.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harness import Larder
from hub import build

from .catalogue import HUB, Line, image, wants
from .client import Broken, DockerClient, Pulled
from .counted import Clocks, counted
from .models import Shelf, Spent, World, everything
from .trace import Evicted, Jobs, Moved, Others, Pull, Restart, Trace, Trouble

AT_ONCE = 12
FRESHNESS = 600             # larder's default, in seconds

# In real time larder would have timeouts of many seconds, of which a month has many.
SETTINGS = {"patience": "250ms", "timeouts": {"connect": "1s", "header": "1s",
                                              "stall": "1s"}}
# How each trouble shows.
FAULTS: dict[str, tuple[str, str, dict]] = {
    "down": ("any", "refused", {}),
    "errors": ("any", "status", {"code": 503}),
    "hang": ("any", "hang", {}),
    "tokens": ("token", "status", {"code": 503}),
    "abuse": ("any", "status", {"code": 429, "body": "Too Many Requests\n",
                                "content_type": "text/plain"}),
    "cdn": ("cdn", "status", {"code": 503}),
}


@dataclass
class Played:
    """What the month came to, and all that must not be."""

    spent: Spent = field(default_factory=Spent)
    marked: int = 0             # pulls whose answer was marked stale
    seconds: float = 0.0        # real
    slowest: float = 0.0        # pull that was answered, real seconds
    challenged: int = 0         # requests that were answered with a challenge
    troubled: int = 0           # requests made to a hub in trouble
    slowest_refusal: float = 0.0
    memory: int = 0             # private, of larder, at the end
    others: int = 0             # pulls by others behind the address,
    spells: int = 0             # in so many spells
    gets: Counter[str] = field(default_factory=Counter)
    allowed: Counter[str] = field(default_factory=Counter)  # GETs of each, with what was lost
    restarts: int = 0           # kills among them
    kills: int = 0
    evictions: int = 0
    wrong: list[str] = field(default_factory=list)          # findings, each of them a bug


class Player:
    def __init__(self, trace: Trace, scratch: Path, limit: int | None) -> None:
        self.trace = trace
        self.played = Played()
        self.spent = self.played.spent
        self.world = World(None, Spent())       # what the trace says is so
        self.hubs = {host: counted(limit if host == HUB else None)
                     for host in dict.fromkeys(line.host for line in trace.lines)}
        self.hub = self.hubs[HUB]
        self.scratch, self.root = scratch, scratch / "store"
        self.shelf = Shelf()                    # what larder must have
        self.known: dict[Line, set[int]] = {}
        self.roots: dict[tuple[Line, str], int] = {}        # which version a digest is
        self.moved: dict[tuple[Line, int], float] = {}      # since when one is no more named
        self.got: set[str] = set()              # manifests that a client has got
        self.since: dict[str, int] = {}         # minute in which a client first got a root
        self.faults: list = []
        self.midways = {e.at for e in trace.events
                        if isinstance(e, Restart) and e.how == "midway"}
        self.deadly = -1                        # the pull at whose begin larder is killed
        self.lock = threading.Lock()
        self.local = threading.local()
        self.clients: list[DockerClient] = []

    # --- life ---

    def run(self) -> Played:
        began = time.monotonic()
        for hub in self.hubs.values():
            hub.start()
        try:
            self.clocks = Clocks(self.scratch / "clock", list(self.hubs.values()))
            self.hub.add(build("the quota"), "ratelimitpreview/test")
            for line in self.trace.lines:
                self.publish(line, 0)
            self.larder = Larder(self.root, {host: hub.url for host, hub in self.hubs.items()},
                                 settings=SETTINGS, env=self.clocks.env, access_log=False)
            with self.larder, ThreadPoolExecutor(AT_ONCE) as self.pool:
                for event in self.trace.events:
                    self.step(event)
                self.end_trouble()
                self.played.memory = self.larder.memory()["RssAnon"]
        finally:
            for client in self.clients:
                client.close()
            for hub in self.hubs.values():
                hub.stop()
        self.played.seconds = time.monotonic() - began
        self.played.wrong += [line for line in self.larder.log
                              if "Sanitizer" in line or "runtime error" in line]
        self.count()
        return self.played

    def count(self) -> None:
        for hub in self.hubs.values():
            tally = hub.log
            tally.settle()
            self.played.gets += tally.gets
            self.spent.heads += tally.heads
            self.spent.blobs += tally.blobs
            self.spent.bytes += tally.bytes
            self.spent.over += tally.over
            self.played.challenged += tally.challenged
            self.played.troubled += tally.troubled
        self.spent.gets = self.played.gets.total()
        for digest, n in self.played.gets.items():
            most = self.played.allowed[digest]
            if n > most:
                self.finding(f"{digest} was fetched {n} times, where {most} would do"
                             if most else f"{digest} was fetched, and nobody needed it")

    def finding(self, text: str) -> None:
        with self.lock:
            self.played.wrong.append(f"at {self.world.now} s: {text}")

    # --- what happens ---

    def step(self, event: object) -> None:
        trouble = self.world.trouble
        if trouble and self.faults and event.at >= trouble.at + trouble.seconds:
            self.clocks.turn(trouble.at + trouble.seconds)
            self.end_trouble()
        self.clocks.turn(event.at)
        self.world.step(event)
        if isinstance(event, Jobs):
            self.jobs(event)
        elif isinstance(event, Moved):
            self.moved[event.line, event.version - 1] = self.clocks.now()
            self.publish(event.line, event.version)
        elif isinstance(event, Trouble):
            self.settle()
            kind, fault, params = FAULTS[event.kind]
            if event.kind == "tokens":
                self.hub.tokens.revoke_all()
            self.faults.append(self.hub.fault(kind, fault, **params))
        elif isinstance(event, Others):
            self.played.spells += 1
            self.played.others += sum(self.hub.quota.spend(None, "127.0.0.1")
                                      for _ in range(event.pulls))
        elif isinstance(event, Evicted):
            self.evict(event)
        elif isinstance(event, Restart) and event.how != "midway":
            self.restart(event.how)

    def settle(self, seconds: float = 30) -> None:
        """Until nothing is under way: minutes are apart, whatever the machine is doing."""
        until = time.monotonic() + seconds
        while self.larder.metric("larder_work_active"):
            if time.monotonic() > until:
                raise AssertionError(f"larder was not done after {seconds} s")
            time.sleep(0.01)

    def end_trouble(self) -> None:
        self.hub.clear_faults()
        self.faults.clear()

    def publish(self, line: Line, version: int) -> None:
        made = image(line, version)
        self.hubs[line.host].move_tag(line.repository, line.tag, made)
        self.roots[line, made.digest] = version

    def restart(self, how: str) -> None:
        self.played.restarts += 1
        if how == "stop":
            status = self.larder.stop()
            if status != 0:
                self.finding(f"larder ended with {status}: {self.larder.tail()}")
        else:
            self.larder.kill()
            self.killed()
        self.larder.start()

    def killed(self) -> None:
        """What was fetched, and had not come to anybody, may be fetched again."""
        self.played.kills += 1
        for hub in self.hubs.values():
            hub.log.settle()
            for digest, n in hub.log.gets.items():
                if digest not in self.got and n == self.played.allowed[digest]:
                    self.played.allowed[digest] += 1

    def evict(self, event: Evicted) -> None:
        """The files go, under a larder that runs."""
        base = self.root / "docker/registry/v2"
        self.played.evictions += 1
        for line in event.lines:
            digests = everything(line, self.world.named(line))
            name = line.repository if line.host == HUB else f"{line.host}/{line.repository}"
            for digest in digests:
                encoded = digest[7:]
                for path in (f"repositories/{name}/_manifests/revisions/sha256/{encoded}/link",
                             f"repositories/{name}/_layers/sha256/{encoded}/link",
                             f"blobs/sha256/{encoded[:2]}/{encoded}/data"):
                    (base / path).unlink(missing_ok=True)
            for digest in self.shelf.lose(line.repository, digests):
                if digest in self.got:
                    self.got.discard(digest)
                    self.played.allowed[digest] += 1

    # --- pulls ---

    def jobs(self, event: Jobs) -> None:
        pulls = [pull for job in event.jobs for pull in job]
        for pull in pulls:
            for digest in wants(pull.line, self.world.named(pull.line),
                                pull.platform).manifests:
                self.played.allowed[digest] = max(1, self.played.allowed[digest])
        midway = event.at in self.midways
        self.deadly = 1 + len(pulls) // 3 if midway else -1
        if len(event.jobs) == 1:
            broken = self.job(event.jobs[0])
        else:
            broken = [pull for some in self.pool.map(self.job, event.jobs) for pull in some]
        if midway:
            self.larder.kill()
            self.played.restarts += 1
            self.killed()
            self.larder.start()
            broken = [pull for pull in broken if self.job((pull,))]
        for pull in broken:
            self.finding(f"the pull of {pull.line} broke")

    def job(self, job: tuple[Pull, ...]) -> list[Pull]:
        """Returns the pulls that broke with the server."""
        client = getattr(self.local, "client", None)
        if client is None:
            client = self.local.client = DockerClient()
            self.clients.append(client)
        broken = []
        for pull in job:
            with self.lock:
                self.deadly -= 1
                if self.deadly == 0:
                    self.larder.process.kill()
                held = self.holds(pull)
            try:
                pulled = client.pull(self.larder.port, pull.line, pull.platform, HUB)
            except Broken as error:
                with self.lock:
                    self.came(pull, error.pulled)
                broken.append(pull)
                continue
            with self.lock:
                self.judge(pull, pulled, held)
        return broken

    def holds(self, pull: Pull) -> bool:
        return any(self.shelf.whole(pull.line, wants(pull.line, n, pull.platform))
                   for n in self.known.get(pull.line, ()))

    def came(self, pull: Pull, pulled: Pulled) -> None:
        """What a client has got, larder has."""
        for digest, manifest in pulled.got.items():
            self.shelf.put(pull.line.repository, digest)
            if manifest:
                self.got.add(digest)
        if pulled.root in pulled.got:
            self.since.setdefault(pulled.root, self.world.now)

    def judge(self, pull: Pull, pulled: Pulled, held: bool) -> None:
        """held: a whole copy was there when the pull began, of this version or an older.

        A refusal is one of a cached image when it was refused before the client had been
        told of a version that is not whole here.  That another client, of another platform,
        has brought a newer version before makes this platform's a new image."""
        line, spent, now = pull.line, self.spent, self.clocks.now()
        spent.pulls += 1
        if pulled.wrong:
            self.played.wrong.append(pulled.wrong)
        version = self.roots.get((line, pulled.root)) if pulled.root else None
        if pulled.root and version is None:
            self.played.wrong.append(f"{line} was said to be {pulled.root}")
            return
        known = self.since.get(pulled.root, self.world.now) < self.world.now
        if pulled.failed is not None and held and (pulled.stage == "blob" or known):
            held = self.shelf.whole(line, wants(line, version, pull.platform))
        self.came(pull, pulled)
        if pulled.failed is not None:
            self.refused(pull, pulled, held)
            return
        self.known.setdefault(line, set()).add(version)
        self.played.marked += pulled.stale
        self.played.slowest = max(self.played.slowest, pulled.seconds)
        if version != self.world.named(line):
            spent.old += 1
            spent.unmarked += not pulled.stale
            since = now - self.moved[line, version]
            if not pulled.stale and since > FRESHNESS + pulled.seconds + 1:
                self.played.wrong.append(f"at {now:.0f} s: {line} was version {version}, not "
                                         f"marked, {since:.0f} s after it had moved")

    def refused(self, pull: Pull, pulled: Pulled, held: bool) -> None:
        self.played.slowest_refusal = max(self.played.slowest_refusal, pulled.seconds)
        wait = self.world.ends("blob" if pulled.stage == "blob" else "head")
        if pull.line.host != HUB:
            wait = 0.0
        self.spent.refuse(held, max(wait, pulled.failed.retry_after))
        if held:
            self.played.wrong.append(
                f"at {self.world.now} s: {pull.line} is here, and was refused at the "
                f"{pulled.stage}: {pulled.failed.status} {pulled.failed.body[:300]!r}")


def play(trace: Trace, scratch: Path, limit: int | None = 100) -> Played:
    """scratch: an empty directory.  limit: pulls in six hours at Docker Hub."""
    return Player(trace, scratch, limit).run()
