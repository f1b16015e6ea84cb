"""Waiting: a rate to keep to, and a latch that poll() can wait for."""

from __future__ import annotations

import os
import select
import threading
import time


class Bucket:
    """A rate shared by any number of connections, each served in turn."""

    def __init__(self, rate: float) -> None:
        self.rate = float(rate)
        self._next = time.monotonic()
        self._lock = threading.Lock()

    def take(self, count: int) -> float:
        """Claim count bytes; the seconds to wait before they may be sent."""
        with self._lock:
            now = time.monotonic()
            start = max(now - 0.25, self._next)     # makes up for late wake-ups
            self._next = start + count / self.rate
            return max(0.0, self._next - now)

    @property
    def piece(self) -> int:
        """Small enough that the flow looks even, large enough to be cheap."""
        return int(min(max(self.rate / 100, 1), 256 * 1024))


class Latch:
    """Something to wait for in poll(): once open, it wakes every waiter for good."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def open(self) -> None:
        os.eventfd_write(self.fd, 1)

    @property
    def is_open(self) -> bool:
        poll = select.poll()            # not select(): descriptors may be above 1,023
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(0))

    def __del__(self) -> None:
        os.close(self.fd)
