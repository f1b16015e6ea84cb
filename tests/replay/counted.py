"""The scripted hub of a replay, whose log is counted instead of kept, and its clock."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

from hub import Hub
from hub.record import Entry, Log

from .models import WINDOW


class Tally(Log):
    """What was asked and answered.  Entries are forgotten when they end."""

    def __init__(self) -> None:
        super().__init__()
        self._count = threading.Condition()
        self._open = 0
        self.gets: Counter[str] = Counter()     # manifests given, by digest: what counts
        self.heads = 0                          # answered with more than a challenge
        self.blobs = 0
        self.over = 0                           # GETs refused for the quota
        self.troubled = 0                       # requests that met a fault
        self.challenged = 0
        self.bytes = 0

    def open(self, entry: Entry) -> Entry:
        with self._count:
            self._open += 1
        return entry

    def close(self, entry: Entry) -> None:
        with self._count:
            self._open -= 1
            if entry.fault is not None:
                self.troubled += 1
            elif entry.status == 401:
                self.challenged += 1
            elif entry.kind == "manifest_head":
                self.heads += 1
            elif entry.kind == "cdn":
                self.blobs += 1
                self.bytes += entry.bytes_sent
            elif entry.kind.startswith("manifest_get"):
                self.over += entry.status == 429
                if entry.status == 200:
                    self.gets[entry.answer("docker-content-digest")] += 1
                    self.bytes += entry.bytes_sent
            self._count.notify_all()

    def settle(self, timeout: float = 20) -> None:
        """Until no request is under way."""
        with self._count:
            if not self._count.wait_for(lambda: self._open == 0, timeout):
                raise TimeoutError(f"{self._open} requests have not ended in {timeout} s")


def counted(limit: int | None) -> Hub:
    """A hub that has not been started; limit: pulls in any six hours."""
    made = Hub(quota=limit, quota_window=WINDOW, quota_rolling=True)
    made.log = Tally()
    return made


class Clocks:
    """larder's wall clock and the hubs', together at one moment of the month, which begins
    now and never goes back."""

    def __init__(self, path: Path, hubs: list[Hub]) -> None:
        self._path, self._hubs = path, hubs
        self._began = time.time()
        self._ms = 0
        self.env = {"LARDER_TEST_CLOCK_FILE": str(path)}
        self._write()

    def now(self) -> float:
        """Seconds of the month; a little later than was last turned to."""
        return time.time() + self._ms / 1000 - self._began

    def turn(self, at: float) -> None:
        ahead = int((at - self.now()) * 1000)
        if ahead <= 0:
            return
        self._ms += ahead
        for hub in self._hubs:
            hub.advance(ahead / 1000)
        self._write()

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(str(self._ms))
        fresh.rename(self._path)
