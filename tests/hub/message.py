"""Requests and responses, and bodies that know how to send themselves."""

from __future__ import annotations

import email.utils
import os
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

from .pace import Latch

Header = tuple[str, str]


class Gone(Exception):
    """This connection is over: the client left, or a fault ended it."""


@dataclass
class Request:
    method: str
    target: str
    headers: list[Header]
    body: bytes = b""
    version: str = "HTTP/1.1"
    overrides: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.path = unquote(parts.path)
        self.raw_path = parts.path
        self.query = parse_qs(parts.query, keep_blank_values=True)

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        name = name.lower()
        return next((v for k, v in self.headers if k.lower() == name), None)

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, [default])[0]


class Body:
    """What a response carries; base is where it begins in the whole object."""

    base = 0

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, count: int) -> bytes:
        return self.data[offset:offset + count]

    def send(self, sock: socket.socket, offset: int, count: int) -> int:
        sock.sendall(memoryview(self.data)[offset:offset + count])
        return count


class FileBody(Body):
    """Part of a file, sent by the kernel where the socket is a plain one."""

    def __init__(self, path: str, base: int, size: int) -> None:
        self.path, self.base, self.size = path, base, size
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if hasattr(self, "fd"):
            os.close(self.fd)

    def read(self, offset: int, count: int) -> bytes:
        return os.pread(self.fd, count, self.base + offset)

    def send(self, sock: socket.socket, offset: int, count: int) -> int:
        if isinstance(sock, ssl.SSLSocket):
            data = self.read(offset, min(count, 1 << 20))
            sock.sendall(data)
            return len(data)
        sent = os.sendfile(sock.fileno(), self.fd, self.base + offset, count)
        if sent == 0:
            raise Gone("the file behind a blob is shorter than it was")
        return sent


@dataclass
class Stop:
    """Do act once exactly at bytes of body are out (at the end, if there are fewer)."""

    at: int
    act: Callable[[], None]


@dataclass
class Response:
    status: int
    headers: list[Header] = field(default_factory=list)
    body: Body = field(default_factory=Body)
    framing: str = "length"            # length, chunked, or close (neither is declared)
    declared: int | None = None        # a Content-Length that differs from the truth
    no_length: bool = False            # HEAD answered without Content-Length
    close: bool = False
    rate: float | None = None          # bytes a second, this response alone
    rate_ends: Latch | None = None     # once open, the rate is no more
    stops: list[Stop] = field(default_factory=list)
    head_stop: Callable[[], None] | None = None

    def replace(self, name: str, value: str | None) -> None:
        """Set a header, or drop it."""
        self.headers = [h for h in self.headers if h[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def http_date(_cache: list = [0, ""]) -> str:
    now = int(time.time())
    if _cache[0] != now:
        _cache[:] = [now, email.utils.formatdate(now, usegmt=True)]
    return _cache[1]
