"""Bytes that are not what HTTP is, or too many of them, or too few: bounded, and cut."""

from __future__ import annotations

import re
import resource
import socket
import threading
import time

import pytest

from hub import client
from hub.raw import RawAnswer

from .helpers import MIB, SANITIZED, ask, wait_until
from .hostile import larder, one_answer, refused, send, trap, unreadable  # noqa: F401 (fixtures)

SMUGGLED = b"GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
REPO = "library/thing"
UPLOADS = f"/v2/{REPO}/blobs/uploads/"


def flood(larder, head: bytes, piece: bytes, limit: int = 64 * MIB) -> tuple[int, RawAnswer]:
    """Send head, then piece again and again until larder ends it: (bytes sent, answer)."""
    sock = socket.create_connection(("127.0.0.1", larder.port), timeout=10)
    sent, got, end = len(head), b"", "timeout"
    try:
        try:
            sock.sendall(head)
            while sent < limit:
                sock.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        while more := sock.recv(1 << 16):
            got += more
        end = "eof"
    except TimeoutError:
        end = "timeout"
    except OSError:
        end = "reset"
    finally:
        sock.close()
    return sent, RawAnswer(got, end)


def quiet_after(larder, count: int) -> None:
    """No more than so many requests were understood, and nothing smuggled was."""
    ask(larder, "/readyz?last")
    wait_until(lambda: any("/readyz?last" in line for line in larder.access), "access log")
    lines = [line for line in larder.access if "readyz?last" not in line]
    assert not any("smuggled" in line for line in lines), lines
    assert len(lines) <= count, lines


# --- too long -----------------------------------------------------------------------------

@pytest.mark.parametrize("size", [40_000, MIB])
def test_huge_request_lines(larder, size):
    for data in (b"GET /v2/" + b"a" * size + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET /v2/?" + b"&a" * (size // 2) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET /v2/?ns=" + b"%41" * (size // 3) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"X" * size + b" /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", b"G" * size,
                 b"GET " + b" " * size, b"GET /v2/ HTTP/1.1" + b"1" * size,
                 b"\r\n" * (size // 2), b"\n" * size, b"\0" * size):
        answer = send(larder, data, half_close=True)
        if answer.status != 505:
            unreadable(answer)


def test_a_line_that_just_fits_is_answered(larder):
    assert refused(ask(larder, "/v2/" + "a" * 8000 + "/manifests/1"), 400) == ["NAME_INVALID"]
    answer = ask(larder, "/v2/", headers={"X-Long": "x" * 8000, "Authorization": "y" * 4000})
    assert (answer.status, answer.body) == (200, b"{}")


def test_huge_headers(larder):
    """One of 1 MB, and 100,000 small ones."""
    head = b"GET /v2/ HTTP/1.1\r\nHost: x\r\n"
    for fields in (b"X-Long: " + b"x" * MIB + b"\r\n", b"X" * MIB + b": 1\r\n",
                   b"A: b\r\n" * 100_000, b"X-Long: 1\r\n" + b" folded\r\n" * 100_000,
                   b"Cookie: " + b"a=b; " * 200_000 + b"\r\n",
                   b"Range: bytes=" + b"0-0," * 200_000 + b"\r\n",
                   b"If-None-Match: " + b'"x",' * 200_000 + b"\r\n",
                   b"Content-Length: " + b"1" * 100_000 + b"\r\n"):
        unreadable(send(larder, head + fields + b"\r\n"))
    quiet_after(larder, 1)                  # the fixture's question


def test_endless_headers(larder):
    for piece in (b"A: b\r\n" * 1000, b"x" * 10_000):
        sent, answer = flood(larder, b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ", piece)
        unreadable(answer)
        assert sent < 16 * MIB, "more than the sockets' buffers was taken"


# --- bodies that nobody asked for -----------------------------------------------------------

BODIES = [f"Content-Length: {1 << 62}", f"Content-Length: {(1 << 63) - 1}",
          "Content-Length: 100000000", "Transfer-Encoding: chunked"]


def refused_when_read(larder, head: bytes) -> None:
    """A push that is refused, of unknown length: read to its end, but not for ever."""
    refused(send(larder, head + b"5\r\nhello\r\n0\r\n\r\n"), 405)
    sent, answer = flood(larder, head, b"10000\r\n" + b"x" * 65536 + b"\r\n", 256 * MIB)
    assert sent < 96 * MIB and answer.status is None and answer.end in ("eof", "reset")


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("method, path, status", [
    ("GET", "/v2/", 200), ("POST", UPLOADS, 405), ("PUT", UPLOADS + "1", 405),
    ("PATCH", UPLOADS + "1", 405), ("PUT", f"/v2/{REPO}/manifests/1", 405),
    ("GET", "/healthz", 200), ("POST", "/metrics", 405), ("HEAD", "/v2/", 200)])
def test_endless_bodies(larder, method, path, status, body):
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{body}\r\n\r\n".encode()
    if status == 405 and path != "/metrics" and "chunked" in body:
        return refused_when_read(larder, head)
    answer = send(larder, head)             # not a byte of the body: answered all the same
    assert (answer.status, answer.end) == (status, "eof"), answer.data[:500]
    if status == 405:
        refused(answer, 405)
    if method == "HEAD":
        return
    piece = b"x" * 65536 if "Length" in body else b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent, answer = flood(larder, head, piece)
    assert sent < 16 * MIB, "more than the sockets' buffers was taken"
    assert answer.status in (status, None) and answer.end in ("eof", "reset")


def test_expect_continue_is_not_waited_for(larder):
    """The answer comes at once, in place of 100 Continue."""
    answer = send(larder, f"PUT {UPLOADS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                          "Expect: 100-continue\r\n\r\n".encode())
    refused(answer, 405)
    assert answer.end == "eof"


@pytest.mark.parametrize("length", ["-1", "+5", "0x10", "abc", "5, 5", "5,6", "1e3", "5 5", "''",
                                    "9" * 19, "9" * 40, "18446744073709551616", "\x0b5", "5\x0c"])
def test_lengths_that_are_none(larder, length):
    """Refused, or answered and closed: what follows is never taken for a request."""
    answer = send(larder, f"GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
                  .encode("latin-1") + SMUGGLED)
    assert answer.end in ("eof", "reset")
    one_answer(answer)
    quiet_after(larder, 2)


# --- smuggling ------------------------------------------------------------------------------

N = len(SMUGGLED)
CHUNKED = b"0\r\n\r\n"


@pytest.mark.parametrize("fields", [
    f"Content-Length: {N}\r\nTransfer-Encoding: chunked",
    f"Transfer-Encoding: chunked\r\nContent-Length: {N}",
    "Content-Length: 0\r\nTransfer-Encoding: chunked",
    f"Content-Length: 0\r\nContent-Length: {N}", f"Content-Length: {N}\r\nContent-Length: 0",
    f"Content-Length: {N}\r\nContent-Length: {N + 1}", f"content-length: 0\r\nCONTENT-LENGTH: {N}",
    f"Content-Length : {N}", f"Content-Length\t: {N}", "Transfer-Encoding : chunked",
    f" Content-Length: {N}", "Transfer-Encoding: xchunked", "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked, identity", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: \x0bchunked", "Transfer-Encoding: ",
    "Transfer-Encoding:", f"Content-Length:\r\n {N}", f"Content-Length: 0{N}",
    "Content-Length:", "Content-Length: ", "Transfer-Encoding: \"chunked\"",
    f"X: y\rContent-Length: {N}", f"X: y\nContent-Length: {N}", f"Content-Length\0: {N}",
    f"Content-Length: 0\r\nX: y\r\n\tz\r\nContent-Length: {N}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_smuggling(larder, method, fields):
    """One request is one answer: what may be its body is never the next request."""
    head = f"{method} /v2/ HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n".encode("latin-1")
    for body in (SMUGGLED, CHUNKED + SMUGGLED):
        answer = send(larder, head + body)
        assert answer.end in ("eof", "reset"), answer.data
        one_answer(answer)
    quiet_after(larder, 3)


# --- not HTTP -------------------------------------------------------------------------------

GARBAGE = [b"GET /v2/\r\n", b"GET /v2/\r\n\r\n", b"GET\r\n\r\n", b"\r\n\r\n\r\n", b"\0\0\0\0",
           b" GET /v2/ HTTP/1.1\r\n\r\n", b"GET /v2/ HTTP/9.9\r\nHost: x\r\n\r\n",
           b"GET /v2/ HTTP/0.9\r\n\r\n", b"GET /v2/ FTP/1.1\r\n\r\n", b"GET /v2/ HTTP/1.1\n\n",
           b"GET /v2/ HTTP/1.1\r\n\r\n", b"GET /v2/ HTTP/1.1\r\nHost\r\n\r\n",
           b"GET /v2/ HTTP/1.1\r\n: x\r\n\r\n", b"GET /v2/ HTTP/1.1\r\nHo st: x\r\n\r\n",
           b"GET /v2/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET  /v2/  HTTP/1.1\r\n\r\n",
           b"GET /v2/ HTTP/1.1 x\r\nHost: x\r\n\r\n", b"GET /v2/ http/1.1\r\nHost: x\r\n\r\n",
           b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
           b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\xff" * 5000,
           b"EHLO x\r\n", b"*1\r\n$4\r\nPING\r\n", b"GET /v2/ HTTP/1.1\r\nHost: \0\r\n\r\n",
           b"GET \0 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /v2/\0 HTTP/1.1\r\nHost: x\r\n\r\n",
           b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX: " + bytes(range(1, 256)) + b"\r\n\r\n", b"",
           b"\xef\xbb\xbfGET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"]


@pytest.mark.parametrize("number", range(len(GARBAGE)))
def test_garbage(larder, number):
    """An answer (some of it is lenient HTTP), the end, or patience for what may still become
    a request: that ends as in test_slow_senders."""
    answer = send(larder, GARBAGE[number], timeout=0.3)
    assert answer.status in (None, 200, 400, 404, 405, 431, 505), answer.data
    if answer.status == 200:
        assert answer.body == b"{}", "the ping, and nothing else, was asked"


def test_pipelining(larder):
    """A hundred requests at once, all answered in order."""
    asked = b"".join(f"GET /v2/_catalog?n=x{i} HTTP/1.1\r\nHost: x\r\n\r\n"
                     f"HEAD /v2/ HTTP/1.1\r\nHost: x\r\n\r\n".encode() for i in range(50))
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for data in (asked + last, asked * 20 + last):
        answer = send(larder, data)
        rounds = data.count(b"n=x0 ")
        assert answer.end == "eof" and answer.data.endswith(b"\r\n\r\nok\n")
        assert re.findall(rb"n=(x\d+) is not", answer.data) == \
            [b"x%d" % i for i in range(50)] * rounds
        assert answer.data.count(b"HTTP/1.1 ") == 100 * rounds + 1


# --- slow, and many -------------------------------------------------------------------------

class Slow(threading.Thread):
    """Sends first, then a byte a second; .seconds until larder ended it."""

    def __init__(self, larder, first: bytes, drip: bytes) -> None:
        super().__init__(daemon=True)
        self._sock = socket.create_connection(("127.0.0.1", larder.port), timeout=1)
        self._first, self._drip = first, drip
        self.seconds, self.got = 0.0, b""
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        try:
            self._sock.sendall(self._first)
            for at in range(40):
                self._sock.sendall(self._drip[at:at + 1])
                try:
                    if not (piece := self._sock.recv(4096)):
                        break
                    self.got += piece
                except TimeoutError:
                    continue
        except OSError:
            pass
        self._sock.close()
        self.seconds = time.monotonic() - began


@pytest.mark.slow
@pytest.mark.waits
def test_slow_senders(larder):
    """A header must be whole 20 s after connecting; no byte in time moves that.  (Looked at
    every 2 s.)"""
    line = b"GET /v2/ HTTP/1.1\r\nHost: x\r\n"
    slow = [Slow(larder, b"", line + b"X-Slow: aaaaaaaaaaaaaaaaaaaaaaaaa"),
            Slow(larder, line, b"X-Slow: " + b"a" * 40), Slow(larder, b"", b""),
            Slow(larder, line, b"A:b\r\n" * 8), Slow(larder, b"", b"\r\n" * 20),
            *(Slow(larder, line, b"a" * 40) for _ in range(100))]
    body = Slow(larder, f"PUT {UPLOADS} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n".encode(),
                b"x" * 40)
    body.join(15)
    assert 4 < body.seconds < 8, "a body that nobody wants is waited for, but not for long"
    for one in slow:
        assert ask(larder, "/healthz").status == 200
        one.join(30)
        assert 18 < one.seconds < 24.5, one.seconds
        assert not one.got.startswith(b"HTTP/1.1 2"), one.got


@pytest.fixture
def descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("sent, memory", [
    (b"", 16 * MIB), (b"GET /v2/ HTTP/1.1\r\nHost: x\r\n", 13 * MIB),
    (b"GET /v2/ HTTP/1.1\r\nX: " + b"x" * 14_000, 64 * MIB)], ids=["silent", "begun", "long"])
def test_idle_connections(hub, larders, descriptors, sent, memory):
    """2,000 that say nothing, or not enough; others are served as if they were not there."""
    made = larders({"docker.io": hub.url})
    ask(made, "/v2/")
    before, idle = made.memory()["VmRSS"], []
    try:
        for _ in range(2000):
            idle.append(socket.create_connection(("127.0.0.1", made.port), timeout=10))
            idle[-1].sendall(sent)
        began = time.monotonic()
        for _ in range(20):
            assert ask(made, "/v2/").status == 200
        each = (time.monotonic() - began) / 20
        grown = made.memory()["VmRSS"] - before
        print(f"2,000 idle connections: {each * 1000:.1f} ms a request, "
              f"{grown / MIB:.1f} MiB more resident")
        assert each < 0.1
        if not SANITIZED:
            assert grown < memory
    finally:
        for one in idle:
            one.close()
    assert client.get(made.url + "/healthz").status == 200 and not hub.requests()
