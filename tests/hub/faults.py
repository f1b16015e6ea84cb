"""Faults on demand: which requests a rule meets, and what happens to them on the wire.

A fault is a function of its context and its parameters that returns the response to
send, or ends the connection.  ctx.answer() is the answer without the fault, computed
(and counted against the quota) only by faults that need one.
"""

from __future__ import annotations

import inspect
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .message import Body, Gone, Request, Response, Stop
from .pace import Latch
from .record import kind_matches
from .wire import Conn

KINDS = ("ping", "token", "manifest_head", "manifest_get_tag", "manifest_get_digest",
         "blob", "cdn", "tags", "referrers", "catalog", "other")
ENDLESS = 1 << 62


class Rule:
    """One fault, or one gate: whom it meets, how often it has, and how to end it."""

    def __init__(self, kind: str, fault: str, params: dict[str, object], *,
                 count: int | None = None, for_seconds: float | None = None,
                 after: int = 0, path: str | None = None, method: str | None = None,
                 probability: float = 1.0, seed: int = 0) -> None:
        if kind != "any" and not any(kind_matches(kind, known) for known in KINDS):
            raise ValueError(f"no request kind {kind!r}; there are {', '.join(KINDS)}")
        self.kind, self.fault, self.params = kind, fault, params
        self.count, self.after, self.path, self.method = count, after, path, method
        self.until = None if for_seconds is None else time.monotonic() + for_seconds
        self.probability = probability
        self.hits = 0
        self.seen = 0
        self.held = 0                   # requests kept waiting by it right now
        self.latch = Latch()
        self._random = random.Random(seed)
        self._moved = threading.Condition()
        self.on_clear: Callable[[], None] | None = None

    def meets(self, kind: str, request: Request) -> bool:
        """Whether this request is one for the rule; counts it."""
        if not kind_matches(self.kind, kind):
            return False
        if self.path is not None and self.path not in request.path:
            return False
        if self.method is not None and self.method != request.method:
            return False
        with self._moved:
            if self.over:
                return False
            if self.fault in BODY_FAULTS and request.method == "HEAD":
                return False            # nothing there to harm
            self.seen += 1
            if self.seen <= self.after or self._random.random() >= self.probability:
                return False
            self.hits += 1
            self._moved.notify_all()
            return True

    @property
    def over(self) -> bool:
        """Cleared, used up, or past its time."""
        return (self.latch.is_open or (self.count is not None and self.hits >= self.count)
                or (self.until is not None and time.monotonic() >= self.until))

    def park(self, conn: Conn, seconds: float | None = None) -> None:
        """Keep a request here until clear() (or for so many seconds)."""
        with self._moved:
            self.held += 1
            self._moved.notify_all()
        try:
            conn.wait(seconds, self.latch)
        finally:
            with self._moved:
                self.held -= 1
                self._moved.notify_all()

    def clear(self) -> None:
        """End the rule; what it held goes on as if it had not been."""
        self.latch.open()
        if self.on_clear is not None:
            self.on_clear()

    release = clear

    def _wait(self, test: Callable[[], bool], what: str, timeout: float) -> None:
        with self._moved:
            if not self._moved.wait_for(test, timeout):
                raise TimeoutError(f"{self.fault} on {self.kind}: not {what} in "
                                   f"{timeout} s (hits {self.hits}, held {self.held})")

    def wait(self, n: int = 1, timeout: float = 30) -> None:
        """Until it has met n requests."""
        self._wait(lambda: self.hits >= n, f"{n} hits", timeout)

    def wait_held(self, n: int = 1, timeout: float = 30) -> None:
        """Until it keeps n requests waiting."""
        self._wait(lambda: self.held >= n, f"{n} held", timeout)

    def wait_free(self, timeout: float = 30) -> None:
        """Until it keeps none: the clients left, or it was cleared."""
        self._wait(lambda: self.held == 0, "free", timeout)

    def __enter__(self) -> "Rule":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()


@dataclass
class Context:
    conn: Conn
    request: Request
    kind: str
    rule: Rule
    answer: Callable[[], Response]
    revoke: Callable[[Request], None]
    own_url: str                        # of this very request


def _error(ctx: Context, status: int) -> bytes:
    code = {401: "UNAUTHORIZED", 403: "DENIED", 404: "MANIFEST_UNKNOWN",
            429: "TOOMANYREQUESTS"}.get(status, "UNKNOWN")
    if ctx.kind == "token":
        return json.dumps({"details": f"fault {status}"}).encode()
    return json.dumps({"errors": [{"code": code, "message": f"fault {status}"}]}).encode()


def _at(response: Response, after_bytes: int | None) -> int:
    return response.body.size // 2 if after_bytes is None else after_bytes


# --- the connection -------------------------------------------------------------------

def refused(ctx: Context) -> Response:
    """Connections are refused; the listener is closed meanwhile (see Hub.fault)."""
    ctx.conn.reset()


def hang(ctx: Context, seconds: float | None = None) -> Response:
    """Not a byte until the rule is cleared (or seconds), then the answer."""
    ctx.rule.park(ctx.conn, seconds)
    return ctx.answer()


def hang_headers(ctx: Context, seconds: float | None = None) -> Response:
    """Half the header block, then as hang."""
    response = ctx.answer()
    response.head_stop = lambda: ctx.rule.park(ctx.conn, seconds)
    return response


def hang_body(ctx: Context, after_bytes: int | None = None,
              seconds: float | None = None) -> Response:
    """Exactly after_bytes of body (None: half of it), then as hang."""
    response = ctx.answer()
    response.stops.append(Stop(_at(response, after_bytes),
                               lambda: ctx.rule.park(ctx.conn, seconds)))
    return response


def reset(ctx: Context) -> Response:
    """An RST in place of an answer."""
    ctx.conn.reset()


def reset_headers(ctx: Context) -> Response:
    """Half the header block, then an RST."""
    response = ctx.answer()
    response.head_stop = ctx.conn.reset
    return response


def reset_body(ctx: Context, after_bytes: int | None = None) -> Response:
    """Exactly after_bytes of body, then an RST."""
    response = ctx.answer()
    response.stops.append(Stop(_at(response, after_bytes), ctx.conn.reset))
    return response


def close(ctx: Context) -> Response:
    """A FIN in place of an answer."""
    ctx.conn.finish()


def truncate(ctx: Context, after_bytes: int | None = None) -> Response:
    """Exactly after_bytes of body under the full Content-Length, then a FIN."""
    response = ctx.answer()
    response.stops.append(Stop(_at(response, after_bytes), ctx.conn.finish))
    return response


def slow(ctx: Context, rate: float = 1024) -> Response:
    """The body at rate bytes a second, until the rule is cleared."""
    response = ctx.answer()
    response.rate, response.rate_ends = rate, ctx.rule.latch
    return response


def late(ctx: Context, seconds: float = 1.0) -> Response:
    """The whole answer, seconds late."""
    ctx.conn.wait(seconds)
    return ctx.answer()


# --- the answer -----------------------------------------------------------------------

def status(ctx: Context, code: int = 503, retry_after: str | int | None = None,
           body: str | None = None, content_type: str = "application/json",
           headers: dict[str, str] | None = None) -> Response:
    """Another status, with an OCI error body unless one is given."""
    data = _error(ctx, code) if body is None else body.encode()
    found = [("Content-Type", content_type), *(headers or {}).items()]
    if retry_after is not None:
        found.append(("Retry-After", str(retry_after)))
    return Response(code, found, Body(data))


def html(ctx: Context, code: int = 200) -> Response:
    """A captive portal or a front end's error page, as a success."""
    return Response(code, [("Content-Type", "text/html; charset=utf-8")],
                    Body(b"<!DOCTYPE html><html><body>Please log in.</body></html>\n"))


def bad_json(ctx: Context) -> Response:
    """The answer's headers, its body cut in the middle, the length that of the cut.

    The digest header, if there is one, is left as it was."""
    response = ctx.answer()
    data = response.body.read(0, response.body.size // 2) or b'{"schemaVersion": 2,'
    response.status, response.body = 200, Body(data)
    return response


def wrong_length(ctx: Context, delta: int = 1) -> Response:
    """A Content-Length delta bytes off; the true body follows, then a FIN."""
    response = ctx.answer()
    response.declared = max(0, response.body.size + delta)
    return response


def no_length(ctx: Context, mode: str = "chunked") -> Response:
    """No Content-Length: chunked, or ended by the close."""
    response = ctx.answer()
    response.framing = {"chunked": "chunked", "close": "close"}[mode]
    return response


def wrong_digest_header(ctx: Context, value: str = "sha256:" + "0" * 64) -> Response:
    response = ctx.answer()
    response.replace("Docker-Content-Digest", value)
    return response


def headers(ctx: Context, **values: str | None) -> Response:
    """Set headers (Content_Type="text/plain"), or drop them (None)."""
    response = ctx.answer()
    for name, value in values.items():
        response.replace(name.replace("_", "-"), value)
    return response


class _Flipped(Body):
    """Another body with one bit of one byte the other way round."""

    def __init__(self, inner: Body, offset: int) -> None:
        self.inner, self.size, self.base = inner, inner.size, inner.base
        self.bad = offset - inner.base

    def read(self, offset: int, count: int) -> bytes:
        data = bytearray(self.inner.read(offset, count))
        if offset <= self.bad < offset + len(data):
            data[self.bad - offset] ^= 1
        return bytes(data)

    def send(self, sock, offset: int, count: int) -> int:
        if offset <= self.bad < offset + count:
            if offset == self.bad:
                sock.sendall(self.read(offset, 1))
                return 1
            count = self.bad - offset
        return self.inner.send(sock, offset, count)


def corrupt(ctx: Context, offset: int | None = None) -> Response:
    """One flipped bit at offset of the object (None: its middle, as answered); a range
    that leaves the offset out is clean."""
    response = ctx.answer()
    body = response.body
    at = body.base + body.size // 2 if offset is None else offset
    response.body = _Flipped(body, at)
    return response


def range_ignored(ctx: Context) -> Response:
    """A Range is answered 200, whole."""
    ctx.request.overrides["no_range"] = True
    return ctx.answer()


def range_wrong(ctx: Context, shift: int = 1) -> Response:
    """206, with a Content-Range (and bytes) shift bytes away from what was asked."""
    ctx.request.overrides["range_shift"] = shift
    return ctx.answer()


def redirect(ctx: Context, url: str = "http://127.0.0.1:1/", code: int = 307) -> Response:
    """To anywhere: a private address, another scheme, a file."""
    return Response(code, [("Location", url)])


def redirect_loop(ctx: Context, code: int = 307) -> Response:
    """To itself."""
    return Response(code, [("Location", ctx.own_url)])


def expired_url(ctx: Context) -> Response:
    """A redirect, where there is one, to a signed URL whose time is over."""
    ctx.request.overrides["url_ttl"] = -1
    return ctx.answer()


def reject_token(ctx: Context) -> Response:
    """The token that came is revoked; the registry's own 401 says so, now and later."""
    ctx.revoke(ctx.request)
    return ctx.answer()


def huge_headers(ctx: Context, size: int = 1 << 20, line: int = 4096) -> Response:
    """The answer with size bytes of extra headers, line bytes each."""
    response = ctx.answer()
    response.headers += [(f"X-Filler-{i}", "a" * (line - 4 - len(f"X-Filler-{i}")))
                         for i in range(-(-size // line))]
    return response


def endless_headers(ctx: Context) -> Response:
    """Header lines until the client leaves."""
    ctx.conn.send_raw(b"HTTP/1.1 200 OK\r\n")
    block = b"".join(b"X-Filler-%d: %b\r\n" % (i, b"a" * 1000) for i in range(64))
    while not ctx.rule.latch.is_open:
        ctx.conn.send_raw(block)
    ctx.conn.finish()


class _Endless(Body):
    size = ENDLESS

    def __init__(self, rule: Rule) -> None:
        self.data, self.rule = b" " * 65536, rule

    def read(self, offset: int, count: int) -> bytes:
        if self.rule.latch.is_open:
            raise Gone("the fault has been cleared")
        return self.data[:count]

    def send(self, sock, offset: int, count: int) -> int:
        self.read(offset, 0)
        sock.sendall(self.data[:count])
        return min(count, len(self.data))


def endless_body(ctx: Context, mode: str = "chunked",
                 rate: float | None = None) -> Response:
    """A body without end: chunked, close (until EOF), or length (declared 4 EiB).  It is
    broken off when the rule is cleared."""
    response = ctx.answer()
    response.status, response.body = 200, _Endless(ctx.rule)
    response.framing, response.rate = mode, rate
    return response


FAULTS: dict[str, Callable[..., Response]] = {f.__name__: f for f in (
    refused, hang, hang_headers, hang_body, reset, reset_headers, reset_body, close,
    truncate, slow, late, status, html, bad_json, wrong_length, no_length,
    wrong_digest_header, headers, corrupt, range_ignored, range_wrong, redirect,
    redirect_loop, expired_url, reject_token, huge_headers, endless_headers,
    endless_body)}
BODY_FAULTS = frozenset({"hang_body", "reset_body", "truncate", "slow", "corrupt",
                         "endless_body", "bad_json"})


def check(fault: str, params: dict[str, object]) -> None:
    """Refuse a name or a parameter that does not exist, where it is written."""
    if fault not in FAULTS:
        raise ValueError(f"no fault {fault!r}; there are {', '.join(FAULTS)}")
    inspect.signature(FAULTS[fault]).bind(None, **params)
