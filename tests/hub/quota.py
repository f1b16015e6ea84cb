"""Docker Hub's pull quota: manifest GETs are counted, HEADs are free and always answered.

The counter is per source: the account when signed in, the address when not.  A plan
without a limit carries no headers at all, as on Hub.  The window begins with the first
pull, and all are there again at its end; with rolling, as on Hub, each is there again when
it is as old as the window.  With refused_count, refused pulls count as well.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from .message import Body, Header, Response

INCREASE = "https://www.docker.com/increase-rate-limit"


@dataclass
class Quota:
    """limit None: unlimited, no headers.  users overrides it by account."""

    clock: Callable[[], float]
    limit: int | None = None
    window: int = 21600
    retry_after: int | None = None
    users: dict[str, int | None] = field(default_factory=dict)
    rolling: bool = False
    refused_count: bool = False
    spent_total: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, list[float]] = {}      # when, oldest first

    def _limit_of(self, user: str | None) -> int | None:
        return self.users.get(user, self.limit) if user else self.limit

    @staticmethod
    def source(user: str | None, address: str) -> str:
        """An account's UUID, or the address."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, user)) if user else address

    def used(self, user: str | None = None, address: str = "127.0.0.1") -> int:
        """Counted in the window that is open now."""
        with self._lock:
            return self._now(self.source(user, address))

    def _now(self, source: str) -> int:
        used, over = self._used.get(source, []), self.clock() - self.window
        if self.rolling:
            self._used[source] = used = [at for at in used if at > over]
        elif used and used[0] <= over:
            used.clear()
        return len(used)

    def set_used(self, count: int, user: str | None = None,
                 address: str = "127.0.0.1") -> None:
        """As if count pulls had been made already."""
        with self._lock:
            self._used[self.source(user, address)] = [self.clock()] * count

    def reset(self) -> None:
        with self._lock:
            self._used.clear()
            self.spent_total = 0

    def spend(self, user: str | None, address: str) -> bool:
        """Count one manifest GET; False when there is none left (and none is counted)."""
        source, limit = self.source(user, address), self._limit_of(user)
        with self._lock:
            full = limit is not None and self._now(source) >= limit
            if full and not self.refused_count:
                return False
            self._used.setdefault(source, []).append(self.clock())
            self.spent_total += not full
            return not full

    def headers(self, user: str | None, address: str) -> list[Header]:
        limit = self._limit_of(user)
        if limit is None:
            return []
        left = max(0, limit - self.used(user, address))
        return [("ratelimit-limit", f"{limit};w={self.window}"),
                ("ratelimit-remaining", f"{left};w={self.window}"),
                ("docker-ratelimit-source", self.source(user, address))]

    def refusal(self, user: str | None, address: str) -> Response:
        """Hub's 429."""
        kind = "authenticated" if user else "unauthenticated"
        body = json.dumps({"errors": [{
            "code": "TOOMANYREQUESTS",
            "message": f"You have reached your {kind} pull rate limit. {INCREASE}"}]})
        headers = [("Content-Type", "application/json"), *self.headers(user, address)]
        if self.retry_after is not None:
            headers.append(("Retry-After", str(self.retry_after)))
        return Response(429, headers, Body(body.encode()))
