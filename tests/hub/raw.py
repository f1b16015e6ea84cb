"""Bytes on a socket, and what came back: for checks of the wire itself."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit


@dataclass
class RawAnswer:
    """What came, and how it ended: eof, reset, timeout, limit, or complete (as much as
    the header promised)."""

    data: bytes
    end: str
    received: int = 0       # bytes of body, those given to a sink among them

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int | None:
        found = re.match(rb"HTTP/1\.[01] (\d{3})", self.data)
        return int(found[1]) if found else None

    def header(self, name: str) -> str | None:
        return next(iter(self.headers(name)), None)

    def headers(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        found = re.findall(rb"(?im)^" + re.escape(name.encode()) + rb":[ \t]*([^\r\n]*)",
                           self.head + b"\r\n")
        return [value.decode("latin-1") for value in found]


def raw_request(host: str, port: int, data: bytes, *, timeout: float = 20,
                half_close: bool = False, until: str = "complete",
                limit: int = 64 << 20,
                sink: Callable[[bytes], object] | None = None) -> RawAnswer:
    """Send data as it is and read the answer.

    until="complete" stops where the header says; "close" reads on to the end.  timeout
    bounds the whole call; what had come by then is returned.  At most limit bytes are
    kept; with a sink the body goes there, piece by piece, and is not kept."""
    stop = time.monotonic() + timeout
    got, received, end = bytearray(), 0, "complete"
    wanted: int | None = None           # bytes of body, once the header tells
    body_at: int | None = None
    sock = socket.create_connection((host, port), timeout=timeout)
    try:
        sock.sendall(data)
        if half_close:
            with contextlib.suppress(OSError):      # the other side may be gone already
                sock.shutdown(socket.SHUT_WR)
        while True:
            sock.settimeout(max(0.001, stop - time.monotonic()))
            piece = sock.recv(1 << 18)
            if not piece:
                end = "eof"
                break
            if body_at is None:
                got += piece
                if (at := got.find(b"\r\n\r\n")) >= 0:
                    body_at, received = at + 4, len(got) - at - 4
                    wanted = _promised(bytes(got[:body_at]), data)
                    if sink is not None:
                        sink(bytes(got[body_at:]))
                        del got[body_at:]
            else:
                received += len(piece)
                if sink is None:
                    got += piece
                else:
                    sink(piece)
            if until == "complete" and wanted is not None and received >= wanted:
                break
            if len(got) >= limit:
                end = "limit"
                break
            if time.monotonic() >= stop:
                end = "timeout"
                break
    except TimeoutError:
        end = "timeout"
    except (ConnectionResetError, BrokenPipeError):
        end = "reset"
    finally:
        sock.close()
    return RawAnswer(bytes(got), end, received)


def _promised(head: bytes, request: bytes) -> int | None:
    """How long the header says that the body is; None: until the close."""
    if request.startswith(b"HEAD ") or re.match(rb"HTTP/1\.[01] (1\d\d|204|304)", head):
        return 0
    found = re.search(rb"(?i)\r\ncontent-length:[ \t]*(\d+)", head)
    return int(found[1]) if found else None


def get(url: str, *, method: str = "GET", headers: dict[str, str] | None = None,
        timeout: float = 20, until: str = "complete", limit: int = 64 << 20,
        sink: Callable[[bytes], object] | None = None) -> RawAnswer:
    """raw_request for a plain http URL: no redirects, no tokens, nothing added."""
    parts = urlsplit(url)
    target = quote(parts.path or "/", safe="/:%") + (f"?{parts.query}" if parts.query
                                                    else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}",
             *(f"{k}: {v}" for k, v in (headers or {}).items())]
    return raw_request(parts.hostname, parts.port or 80,
                       ("\r\n".join(lines) + "\r\n\r\n").encode(), timeout=timeout,
                       until=until, limit=limit, sink=sink)
