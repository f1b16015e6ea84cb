"""Clients that pull, push and delete, tags that move, collections, scrubs, exports and imports
beside, an upstream that fails at random, and kill -9 in between: nothing wrong is ever served,
nothing that was acknowledged is lost, and in the end no memory, descriptor or file is left over.

What each thread does follows from the seed; how they meet does not.
"""

from __future__ import annotations

import contextlib
import os
import itertools
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from harness import Command, Larder
from hub import Hub, build, client, images
from hub.push import Pusher, check, digest_of
from scenarios.helpers import SANITIZED, check_store, leftovers, wait_until
from sweeps.base import BROKEN, has_setting
from sweeps.state import Changes, State

IMAGES, MOVES = 16, 3           # repositories of the hub, and images that a tag goes through
GRACE = 4.0                     # seconds after a kill or an upstream's fault in which pulls may fail
FAULTS: tuple[tuple[str, str, dict], ...] = (
    ("cdn", "truncate", {}), ("cdn", "reset_body", {}), ("cdn", "corrupt", {}),
    ("cdn", "range_wrong", {}), ("cdn", "wrong_length", {}), ("blob", "expired_url", {}),
    ("any", "status", {"code": 503}), ("any", "status", {"code": 429, "retry_after": 1}), ("any", "reset", {}),
    ("any", "late", {"seconds": 0.3}), ("manifest_get", "bad_json", {}),
    ("manifest_head", "wrong_digest_header", {}), ("token", "status", {"code": 500}),
    ("any", "html", {}))


def zipf(chance: random.Random, n: int) -> int:
    return chance.choices(range(n), [1 / (i + 1) for i in range(n)])[0]


class Soak:
    def __init__(self, place: Path, hub: Hub, seed: int, kill_every: float = 5.0,
                 say: Callable[[str], None] = print) -> None:
        self.place, self.hub, self.seed, self.say = place, hub, seed, say
        self.kill_every = kill_every
        self.root = place / "root"
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._over = threading.Event()
        self._lock = threading.Lock()           # counts, wrong, states
        self._trouble = 0.0                     # when something last excused a failure
        self._faulty = 0                        # faults under way
        self._down = threading.Event()          # it is being killed and started
        self.states: dict[int, State] = {}
        self.content: dict[str, bytes] = {}
        self.series = self._images()
        self.larder = Larder(self.root, {"docker.io": hub.url}, access_log=False,
                             config="storage:\n  delete:\n    enabled: true\n",
                             settings=self._settings())

    def _settings(self) -> dict[str, object]:
        found: dict[str, object] = {
            "freshness": "0", "local": ["own/**"], "collect": "1s", "grace": "1h"}
        if has_setting("larder.scrub"):
            found |= {"scrub": "1s", "scrub-rate": "50MB"}
        if has_setting("larder.size"):
            found["size"] = "3MB"
        return found

    def _images(self) -> list[list[images.Image]]:
        chance = random.Random(self.seed)
        common = [images.layer({f"c{i}": chance.randbytes(3000 * (i + 1))}, gzip=False)
                  for i in range(4)]

        def one(name: str, turn: int) -> images.Image:
            own = images.layer({f"{name}-{turn}": chance.randbytes(
                chance.choice((200, 20_000, 90_000, 250_000)))}, gzip=False)
            return build(name, str(turn), layers=[*chance.sample(common, 2), own],
                         platforms=("linux/amd64",))
        return [[one(f"i{i}", turn) for turn in range(MOVES)] for i in range(IMAGES)]

    # --- what all share -----------------------------------------------------------------

    def count(self, what: str, n: int = 1) -> None:
        with self._lock:
            self.counts[what] += n

    def is_wrong(self, what: str) -> None:
        with self._lock:
            self.wrong.append(what)
        self._over.set()

    def excused(self, began: float) -> bool:
        """May what began then have failed, through no fault of larder's?"""
        return self._down.is_set() or self._faulty > 0 or self._trouble >= began - GRACE

    def rest(self, seconds: float) -> bool:
        return not self._over.wait(seconds)

    def thread(self, work: Callable[[random.Random], None], number: int) -> threading.Thread:
        chance = random.Random(f"{self.seed} {work.__name__} {number}")

        def run() -> None:
            try:
                while not self._over.is_set():
                    self._down.wait(0) and time.sleep(0.02)
                    work(chance)
            except Exception as error:      # noqa: BLE001 - told by the main thread
                self.is_wrong(f"{work.__name__}: {type(error).__name__}: {error}")
        return threading.Thread(target=run, daemon=True, name=f"{work.__name__} {number}")

    # --- what goes on -------------------------------------------------------------------

    def pull(self, chance: random.Random) -> None:
        at, began = zipf(chance, IMAGES), time.monotonic()
        style = chance.choice(("docker", "podman"))
        result = client.pull(self.larder.url, f"library/i{at}", "1", style=style)
        if any("its bytes" in one for one in result.errors):
            self.is_wrong(f"wrong bytes of i{at}: {result.errors}")
        elif not result.ok and not self.excused(began) \
                and not any("left alone" in one for one in result.errors):
            self.is_wrong(f"a pull of i{at} failed: {result.errors}")
        elif result.ok and result.digest not in {one.digest for one in self.series[at]}:
            self.is_wrong(f"i{at} is {result.digest}, which it never was")
        self.count("pulls" if result.ok else "pulls that failed in time of trouble")
        if not result.ok:
            self.rest(0.05)

    def leave(self, chance: random.Random) -> None:
        """A client that goes away in the middle."""
        at = zipf(chance, IMAGES)
        path = f"/v2/library/i{at}/blobs/{chance.choice(self.series[at]).layers()[-1].digest}"
        with contextlib.suppress(OSError), socket.create_connection(
                ("127.0.0.1", self.larder.port), 5) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            sock.settimeout(1)
            sock.recv(chance.randrange(1, 30_000))
            self.count("clients that left")
        self.rest(chance.random() / 10)

    def push(self, number: int) -> Callable[[random.Random], None]:
        """A repository of its own, so that what must be there is known."""
        repo, state = f"own/p{number}", State()
        self.states[number] = state
        serial = itertools.count()

        def push(chance: random.Random) -> None:
            with Pusher(self.larder.url) as p:
                changes, act = self._choose(chance, p, repo, state, next(serial))
                before, began = state.copy(), time.monotonic()
                state.doubt(changes)
                try:
                    act()
                except BROKEN as error:
                    status = getattr(getattr(error, "answer", None), "status", None)
                    if status == 507:       # the store has its size
                        self.count("pushes without room")
                        return
                    if status is not None and status not in (404, 503) \
                            or not self._down.is_set() and self._trouble < began - GRACE:
                        self.is_wrong(f"push to {repo}: {error}")
                    self.count("pushes that were cut")
                    return
                before.know(changes)
                state.there, state.tags = before.there, before.tags
                self.count("pushed or deleted")
        push.__name__ = "push"
        return push

    def _choose(self, chance: random.Random, p: Pusher, repo: str, state: State,
                serial: int) -> tuple[Changes, Callable[[], object]]:
        at = {tag: data for (_, tag), may in state.tags.items() if len(may) == 1
              for data in may if data is not None}
        tags = sorted(at)
        tag = f"t{chance.randrange(6)}"
        what = chance.random()
        if what < 0.12 and tags:
            tag = chance.choice(tags)
            return Changes(tags={(repo, tag): None}), lambda: check(
                p.delete(f"/v2/{repo}/manifests/{tag}"), 202)
        if what < 0.24 and tags:
            data = at[chance.choice(tags)]
            return (Changes({("manifests", repo, digest_of(data)): False}, gone=(repo, data)),
                    lambda: check(p.delete(f"/v2/{repo}/manifests/{digest_of(data)}"), 202))
        image = build(f"{repo}{serial}", layers=[images.layer(
            {"f": chance.randbytes(chance.choice((100, 5000, 70_000)))}, gzip=False)],
            index=False)
        with self._lock:
            self.content.update({one.digest: one.data for one in image.manifests.values()})
            self.content.update({one.digest: one.read() for one in image.blobs.values()})
        made = Changes({("manifests", repo, image.digest): True,
                        **{("blobs", repo, one): True for one in image.blobs}},
                       {(repo, tag): image.root.data})
        way = chance.choice(("monolithic", "single", "chunked", "streamed", "patched"))
        return made, lambda: p.image(repo, tag, image, way)

    def move(self, chance: random.Random) -> None:
        at = zipf(chance, IMAGES)
        self.hub.move_tag(f"library/i{at}", "1", chance.choice(self.series[at]))
        self.count("moved tags")
        self.rest(chance.random() / 2)

    def harm(self, chance: random.Random) -> None:
        """The upstream fails, for a while, and then is well for longer."""
        kind, fault, params = chance.choice(FAULTS)
        self._faulty += 1
        rule = self.hub.fault(kind, fault, probability=chance.choice((0.3, 0.8)),
                              seed=chance.randrange(1 << 30), **params)
        self.rest(chance.random() * 1.5)
        rule.clear()
        self._trouble = time.monotonic()
        self._faulty -= 1
        self.count("faults of the upstream")
        self.rest(chance.random() * GRACE * 2)

    def beside(self, chance: random.Random) -> None:
        """Commands on the same store."""
        name = f"i{zipf(chance, IMAGES)}:1"
        words = chance.choice((
            ("prune", "--filter", "until=0", "--json"), ("list", "--json"), ("status", "--json"),
            ("pull", name), ("update", name),
            ("export", "-o", str(self.place / "out"), name),
            ("import", str(self.place / "out")),
            *([("scrub", "--json"), ("scrub", "--json", "--dry-run")]
              if has_setting("larder.scrub") else [])))
        run = Command(self.root, {"docker.io": self.hub.url}, {"LARDER_LOCAL": "own/**"})
        done = run(*words)
        if done.status not in (0, 1, 2) or "Sanitizer" in done.err:
            self.is_wrong(f"larder {' '.join(words)}: {done}")
        if words[0] == "scrub" and any(
                row.get("kind") in ("corrupt", "empty", "manifest") for row in done.rows()):
            self.is_wrong(f"a scrub found what nobody had harmed: {done}")
        self.count("commands")
        self.rest(chance.random() / 2)

    def kill(self) -> None:
        self._down.set()
        self.larder.kill()
        self._trouble = time.monotonic()
        self._start()
        self._trouble = time.monotonic()
        self._down.clear()
        self.count("kills")

    def _start(self) -> None:
        """Where it was before, so that clients find it."""
        self.larder.start(timeout=60)
        self.larder.addr = self.larder.host

    # --- from beginning to end ------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Raises AssertionError with all that was wrong."""
        for at, turns in enumerate(self.series):
            for turn, image in enumerate(turns):
                self.hub.add(image, f"library/i{at}", f"v{turn}")
            self.hub.add(turns[0], f"library/i{at}", "1")
        self._start()
        began = time.monotonic()
        threads = [self.thread(self.pull, i) for i in range(4)]
        threads += [self.thread(self.push(i), i) for i in range(2)]
        threads += [self.thread(work, 0) for work in (self.leave, self.move, self.harm, self.beside)]
        for thread in threads:
            thread.start()
        chance = random.Random(f"{self.seed} kill")
        while not self._over.is_set():
            left = began + seconds - time.monotonic()
            if left <= 0:
                break
            self.rest(min(left, self.kill_every * (0.5 + chance.random())))
            if time.monotonic() < began + seconds and not self._over.is_set():
                self.kill()
        self._over.set()
        for thread in threads:
            thread.join(90)
            assert not thread.is_alive(), f"{thread.name} does not end"
        self.say(f"seed {self.seed}, {time.monotonic() - began:.0f} s: "
                 + ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items())))
        try:
            assert not self.wrong, "\n".join(self.wrong)
            self._look()
        except AssertionError as error:
            raise AssertionError(f"seed {self.seed}: {error}\n{self.larder.tail(40)}") from error
        finally:
            status = self.larder.stop(60)
        self._after(status)

    def _look(self) -> None:
        """All that was acknowledged is there, and what was used for it is given back."""
        self.hub.clear_faults()
        for state in self.states.values():
            state.verify(self.larder.url, self.content)
        for at, turns in enumerate(self.series):
            last: list[str] = []

            def pulls(name: str = f"library/i{at}", last: list[str] = last) -> bool:
                done = client.pull(self.larder.url, name, "1")
                last[:] = map(repr, done.errors)
                return done.ok

            try:
                wait_until(pulls, f"i{at} pulls again", timeout=40)
            except AssertionError as error:
                raise AssertionError(f"{error}: {last}") from error
        files = Path(f"/proc/{self.larder.pid}/fd")
        open_files = self._open_files           # 256 uploads at rest keep theirs
        try:
            wait_until(lambda: len(open_files(files)) < 60 + 256, "descriptors are closed", timeout=60)
        except AssertionError as error:
            raise AssertionError(f"{error}: {open_files(files)}") from error
        wait_until(lambda: self.larder.metric("larder_flights") == 0, "no download goes on",
                   timeout=60)
        if not SANITIZED:
            used = self.larder.memory()["RssAnon"]
            assert used < 64 << 20, f"{used} bytes of memory"

    @staticmethod
    def _open_files(files: Path) -> list[str]:
        found = []
        for one in files.iterdir():
            with contextlib.suppress(FileNotFoundError):
                found.append(os.readlink(one))
        return sorted(found)

    def _after(self, status: int) -> None:
        spoken = [line for line in self.larder.log if "Sanitizer" in line or "runtime error" in line]
        assert not spoken, "\n".join(self.larder.log[-400:])
        assert status == 0, f"exit status {status}\n{self.larder.tail(80)}"
        if has_setting("larder.scrub"):
            done = Command(self.root, env={"LARDER_LOCAL": "own/**"})("scrub", "--no-fetch", "--json")
            bad = [row for row in done.rows()[:-1] if row["kind"] in (
                "corrupt", "empty", "unreadable", "manifest", "tag")]
            assert not bad, bad
        check_store(self.root)
        temporary = [path for path in leftovers(self.root) if path.parent.name == "tmp"]
        assert not temporary, temporary
        out = self.place / "out/index.json"
        if out.exists():
            for one in json.loads(out.read_text())["manifests"]:
                path = out.parent / "blobs" / one["digest"].replace(":", "/")
                assert digest_of(path.read_bytes()) == one["digest"], one


def main() -> None:
    """python -m soak.soak SECONDS [SEED]: a new seed each round, until the time is over."""
    import os
    import sys
    import tempfile

    until = time.monotonic() + float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(3), "big")
    shm = "/dev/shm" if Path("/dev/shm").is_dir() else None
    while (left := until - time.monotonic()) > 5:
        with tempfile.TemporaryDirectory(prefix="larder-soak-", dir=shm) as place, \
                Hub(quota=1_000_000_000) as hub:
            Soak(Path(place), hub, seed, say=lambda text: print(text, flush=True)).run(
                min(left, 60))
        seed += 1


if __name__ == "__main__":
    main()
