"""What the hub was asked: a log of every request, and waiting for one to come."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field

KEPT = 200_000


@dataclass
class Entry:
    """One request.  status is 0 until an answer starts; done when its thread let go."""

    time: float
    role: str
    method: str
    path: str
    query: dict[str, list[str]]
    kind: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False, default=b"")
    connection: int = 0
    address: str = ""
    status: int = 0
    answered: list[tuple[str, str]] = field(repr=False, default_factory=list)
    authorization: str | None = None    # the scheme alone: "Basic", "Bearer"
    user: str | None = None             # None: anonymous
    range: str | None = None
    bytes_sent: int = 0                 # of the body
    fault: str | None = None
    aborted: bool = False               # the connection ended before the answer did
    done: bool = False
    ended: float = 0.0

    def header(self, name: str) -> str | None:
        """The first value of a request header."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def answer(self, name: str) -> str | None:
        """The first value of a header of the answer."""
        return next((v for k, v in self.answered if k.lower() == name.lower()), None)

    def matches(self, **want: object) -> bool:
        """path=: a substring; kind=: may be a prefix ("manifest"); others: equal."""
        for name, value in want.items():
            if value is None:
                continue
            if name == "path":
                if str(value) not in self.path:
                    return False
            elif name == "kind":
                if not kind_matches(str(value), self.kind):
                    return False
            elif getattr(self, name) != value:
                return False
        return True

    def public(self) -> dict:
        """For JSON: all but the header values, which may hold secrets."""
        found = asdict(self)
        del found["headers"], found["body"], found["answered"]
        return found


def kind_matches(wanted: str, kind: str) -> bool:
    """any; a kind; or the first words of some: manifest, manifest_get."""
    return wanted in ("any", kind) or kind.startswith(wanted + "_")


class Log:
    """Requests in order of arrival; the last KEPT of them, and totals of all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._forgotten_bytes = 0
        self.totals: Counter[str] = Counter()

    def open(self, entry: Entry) -> Entry:
        with self._moved:
            if len(self._entries) == KEPT:
                self._forgotten_bytes += self._entries[0].bytes_sent
            self._entries.append(entry)
            self.totals[entry.kind] += 1
            self._moved.notify_all()
        return entry

    def close(self, entry: Entry) -> None:
        with self._moved:
            entry.done, entry.ended = True, time.monotonic()
            self._moved.notify_all()

    def reset(self) -> None:
        with self._lock:
            self._entries.clear()
            self._forgotten_bytes = 0
            self.totals.clear()

    def find(self, **want: object) -> list[Entry]:
        with self._lock:
            return [entry for entry in self._entries if entry.matches(**want)]

    @property
    def bytes_sent(self) -> int:
        with self._lock:
            return self._forgotten_bytes + sum(e.bytes_sent for e in self._entries)

    def wait(self, n: int, timeout: float, **want: object) -> list[Entry]:
        """Until n matching requests have arrived (with done=True: have ended)."""
        until = time.monotonic() + timeout
        with self._moved:
            while True:
                found = [e for e in self._entries if e.matches(**want)]
                if len(found) >= n:
                    return found
                left = until - time.monotonic()
                if left <= 0 or not self._moved.wait(left):
                    raise TimeoutError(
                        f"waited {timeout} s for {n} requests like {want}, "
                        f"saw {len(found)}; all: {dict(self.totals)}")
