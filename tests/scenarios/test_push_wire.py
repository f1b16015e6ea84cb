"""Pushes byte by byte: lengths that lie, bodies without end, answers before the body."""

from __future__ import annotations

import contextlib
import re
import socket

import pytest

from hub import images
from hub.push import Pusher, check, digest_of
from hub.raw import RawAnswer

from .helpers import MIB, SANITIZED, ask, codes, stored_digests, wait_until
from .pushing import (DELETES, LIMIT, NOWHERE, OTHER, REPO, blob_is, blob_unknown,
                      manifest_unknown, nothing_half_done, pusher, refused, registry,
                      sessions, small)
from .test_uploads import data_of

SMUGGLED = b"GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def head(method: str, target: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Wire:
    """One connection, and the answers on it, one after the other."""

    def __init__(self, larder, data: bytes = b"", timeout: float = 15) -> None:
        self.sock = socket.create_connection(("127.0.0.1", larder.port), timeout=timeout)
        self._got = b""
        if data:
            self.sock.sendall(data)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> bool:
        """Whether it was taken; a server that has said no may have closed."""
        try:
            self.sock.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def more(self) -> bool:
        piece = self.sock.recv(1 << 16)
        self._got += piece
        return bool(piece)

    def answer(self) -> RawAnswer:
        """The next one; its length must be said."""
        while b"\r\n\r\n" not in self._got:
            assert self.more(), f"closed after {self._got!r}"
        top, _, rest = self._got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", top)
        want = int(length[1]) if length else 0
        while len(rest) < want:
            assert self.more(), f"closed in the middle of {self._got!r}"
            rest = self._got.partition(b"\r\n\r\n")[2]
        self._got = rest[want:]
        return RawAnswer(top + b"\r\n\r\n" + rest[:want], "complete")

    def closed(self) -> bool:
        """Nothing more comes."""
        with contextlib.suppress(ConnectionResetError):
            while self.more():
                pass
        return self._got == b""


def no_smuggling(larder) -> None:
    ask(larder, "/readyz?last")
    wait_until(lambda: any("/readyz?last" in line for line in larder.access), "access log")
    assert not any("smuggled" in line for line in larder.access)


# --- a session in use -----------------------------------------------------------------

def test_a_session_in_use(registry, pusher):
    """Others are told 409, and the one who uses it goes on unharmed."""
    data = data_of(300_000)
    location = pusher.session(REPO)
    with Wire(registry, head("PATCH", location, f"Content-Length: {len(data)}")
              + data[:200_000]) as wire:
        def taken():
            answer = pusher.patch(location, b"")
            return answer if answer.status == 409 else None

        refused(wait_until(taken, "the server has seen the PATCH"), 409,
                "BLOB_UPLOAD_INVALID")
        for use in (lambda: pusher.patch(location, b"abc"),
                    lambda: pusher.patch(location, iter([b"abc"])),
                    lambda: pusher.finish(location, digest_of(data), b"abc"),
                    lambda: pusher.finish(location, digest_of(data[:200_000])),
                    lambda: pusher.delete(location)):
            refused(use(), 409, "BLOB_UPLOAD_INVALID")
        assert pusher.get(location).status in (204, 409)
        wire.send(data[200_000:])
        answer = wire.answer()
        assert answer.status == 202 and answer.header("range") == "0-299999", answer.data
    stored = check(pusher.finish(location, digest_of(data)), 201)
    assert stored.digest == digest_of(data)
    blob_is(pusher, REPO, digest_of(data), data)
    nothing_half_done(registry.root)


# --- lengths that lie -----------------------------------------------------------------

LENGTHS = ("Content-Length: 300000", "Transfer-Encoding: chunked",
           "Content-Length: 300000\r\nContent-Range: 0-299999")


def leave(wire: Wire, half: bool) -> None:
    """Close, or say only that nothing more is sent and wait for what comes to that."""
    if half:
        with contextlib.suppress(OSError):
            wire.sock.shutdown(socket.SHUT_WR)
            while wire.more():
                pass
    wire.sock.close()


@pytest.mark.parametrize("half", [False, True], ids=["closes", "half closes"])
def test_clients_that_leave_in_the_middle(registry, pusher, half):
    """What had come may stay or not; GET says, and one can go on from there, soon."""
    data, body = data_of(300_000), data_of(150_000)
    left = []
    for i in range(18):
        repo, verb, length = f"{REPO}/{i}", ("PATCH", "PUT")[i % 2], LENGTHS[i % 3]
        location = pusher.session(repo)
        target = location + (f"?digest={digest_of(data)}" if verb == "PUT" else "")
        left.append((repo, location, Wire(registry, head(verb, target, length) + (
            chunk(body) if "chunked" in length else body))))
    for _, _, wire in left:
        leave(wire, half)
    for repo, location, _ in left:
        wait_until(lambda: pusher.patch(location, b"").status == 202, "the session is free")
        said = int(pusher.get(location).range.removeprefix("0-"))
        had = said + 1 if said else 0
        assert had <= len(body)
        blob_unknown(pusher, repo, digest_of(data))
        check(pusher.finish(location, digest_of(data), data[had:], had), 201)
        blob_is(pusher, repo, digest_of(data), data)
    nothing_half_done(registry.root)


def test_bodies_cut_short(registry, pusher):
    """Also where what came is a whole manifest, or all that the digest is of."""
    data = small(pusher, REPO)
    before, other, blob = stored_digests(registry.root), data + b"\n", data_of(50_000)
    put = (head, "PUT", f"/v2/{REPO}/manifests/2", f"Content-Type: {images.OCI_MANIFEST}")
    post = (head, "POST", f"/v2/{REPO}/blobs/uploads/?digest={digest_of(blob)}")
    wires = []
    for make, *args in (put, post):
        for body in ((other, other[:100]) if args[0] == "PUT" else (blob, blob[:100])):
            wires += [Wire(registry, make(*args, "Content-Length: 60000") + body),
                      Wire(registry, make(*args, "Transfer-Encoding: chunked") + chunk(body))]
    for wire in wires:
        leave(wire, wire is not wires[0])
    for ref in ("2", digest_of(other)):
        manifest_unknown(pusher, REPO, ref)
    blob_unknown(pusher, REPO, digest_of(blob))
    wait_until(lambda: registry.metric("larder_http_requests_active") <= 1, "all have left")
    assert stored_digests(registry.root) == before
    wait_until(lambda: not sessions(registry.root), "nobody knew the ids of these")


BAD_LENGTHS = ("-1", "+3", "0x3", "3 3", "3,3", "99999999999999999999", "a",
               "3\r\nContent-Length: 4", "3\r\nTransfer-Encoding: chunked",
               "9223372036854775807", "18446744073709551615")


def test_lengths_that_are_none(registry, pusher):
    """Refused, or the connection is closed; nothing is read as another request, nothing is
    reserved for it, and the session goes on."""
    tried = []
    for i, length in enumerate(BAD_LENGTHS * 2):
        location = pusher.session(REPO)
        verb = ("PATCH", "PUT")[i >= len(BAD_LENGTHS)]
        target = location + (f"?digest={digest_of(b'abc')}" if verb == "PUT" else "")
        tried.append((location, Wire(registry, head(
            verb, target, f"Content-Length: {length}") + b"abc" + SMUGGLED)))
        tried[-1][1].sock.shutdown(socket.SHUT_WR)
    for location, wire in tried:
        leave(wire, True)
        status = re.match(rb"HTTP/1.1 (\d+)", wire._got)
        assert status is None or 400 <= int(status[1]) < 600, wire._got[:200]
        wait_until(lambda: pusher.patch(location, b"").status == 202, "the session is free")
        if pusher.get(location).range == "0-0":
            check(pusher.finish(location, digest_of(b"abc"), b"abc"), 201)
    no_smuggling(registry)


@pytest.mark.parametrize("body", [b"zz\r\nabc\r\n0\r\n\r\n", b"-3\r\nabc\r\n0\r\n\r\n",
                                  b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n", b"3\r\nabcdef\r\n",
                                  b"3;" + b"x" * 100_000 + b"\r\nabc\r\n0\r\n\r\n"])
def test_chunks_that_are_none(registry, pusher, body):
    location = pusher.session(REPO)
    with Wire(registry, head("PATCH", location, "Transfer-Encoding: chunked")) as wire:
        wire.send(body + SMUGGLED)
        with contextlib.suppress(OSError):
            wire.sock.shutdown(socket.SHUT_WR)
            while wire.more():
                pass
        status = re.match(rb"HTTP/1.1 (\d+)", wire._got)
        assert status is None or 400 <= int(status[1]) < 600 or body.startswith(b"3;")
    wait_until(lambda: pusher.patch(location, b"").status == 202, "the session is free")
    no_smuggling(registry)


# --- without end ----------------------------------------------------------------------

def test_a_manifest_without_end(registry, pusher):
    """413 to who stops in time; who never stops is cut. Memory stays what it is."""
    small(pusher, REPO)
    before, piece = registry.memory()["RssAnon"], chunk(b" " * MIB)
    top = head("PUT", f"/v2/{REPO}/manifests/1", "Transfer-Encoding: chunked",
               f"Content-Type: {images.OCI_MANIFEST}")
    with Wire(registry, top) as wire:
        for _ in range(32):
            assert wire.send(piece)
        assert wire.send(b"0\r\n\r\n")
        answer = wire.answer()
        assert answer.status == 413 and codes(answer) == ["SIZE_INVALID"], answer.data
    with Wire(registry, top) as wire:
        sent = 0
        while sent < 512 and wire.send(piece):
            sent += 1
        assert sent < 512, "it is read for ever"
        assert wire.closed() or b" 413 " in wire._got
    if not SANITIZED:
        assert registry.memory()["RssAnon"] - before < 16 * MIB
    nothing_half_done(registry.root)


def test_an_announced_blob_of_any_length(registry, pusher):
    """More than any blob may have: refused before a byte of it is sent."""
    location = pusher.session(REPO)
    for method, target in (("PATCH", location), ("PUT", f"{location}?digest={digest_of(b'x')}"),
                           ("POST", f"/v2/{REPO}/blobs/uploads/?digest={digest_of(b'x')}")):
        with Wire(registry, head(method, target, f"Content-Length: {1 << 40}")) as wire:
            answer = wire.answer()
        assert answer.status == 413 and codes(answer) == ["SIZE_INVALID"]
    assert pusher.request("GET", location).range == "0-0"


def test_an_announced_manifest_of_any_length(registry, pusher):
    """What is announced as too long is known to be, and nobody is waited for."""
    for size in (LIMIT + 1, 1 << 40, (1 << 63) - 1):
        with Wire(registry, head("PUT", f"/v2/{REPO}/manifests/1", f"Content-Length: {size}",
                                 f"Content-Type: {images.OCI_MANIFEST}")) as wire:
            if size == LIMIT + 1:
                wire.send(b" " * size)
            else:       # more than anybody reads in vain
                wire.send(b" " * MIB)
            answer = wire.answer()
            assert answer.status == 413 and codes(answer) == ["SIZE_INVALID"]


def test_slow_bodies(registry, pusher):
    """Byte by byte, many at once: others are served between any two of them."""
    data = data_of(40)
    wires = []
    for i in range(24):
        location = pusher.session(f"{REPO}/{i}")
        wires.append(Wire(registry, head("PUT", f"{location}?digest={digest_of(data)}",
                                         "Content-Length: 40")))
    for at in range(40):
        for wire in wires:
            assert wire.send(data[at:at + 1])
        assert ask(registry, "/v2/", timeout=2).status == 200
        small(pusher, OTHER, str(at), str(at))
    for wire in wires:
        with wire:
            assert wire.answer().status == 201
    for i in range(24):
        blob_is(pusher, f"{REPO}/{i}", digest_of(data), data)
    nothing_half_done(registry.root)


# --- refused before the body ----------------------------------------------------------

def refusals(bad: str) -> list[tuple[str, str, int, str]]:
    """Requests that nothing in their body can make right."""
    digest = digest_of(b"abc")
    return [
        ("PATCH", f"/v2/{REPO}/blobs/uploads/{NOWHERE}", 404, "BLOB_UPLOAD_UNKNOWN"),
        ("PUT", f"/v2/{REPO}/blobs/uploads/{NOWHERE}?digest={digest}", 404,
         "BLOB_UPLOAD_UNKNOWN"),
        ("POST", f"/v2/{REPO}/blobs/uploads/?digest=sha256:x", 400, "DIGEST_INVALID"),
        ("POST", "/v2/Team/blobs/uploads/?digest=" + digest, 400, "NAME_INVALID"),
        ("PUT", f"/v2/{REPO}/manifests/-x", 400, "TAG_INVALID"),
        ("PUT", "/v2/Team/manifests/1", 400, "NAME_INVALID"),
        ("POST", f"/v2/{bad}/blobs/uploads/?digest={digest}", 405, "UNSUPPORTED"),
        ("PATCH", f"/v2/{bad}/blobs/uploads/{NOWHERE}", 405, "UNSUPPORTED"),
        ("PUT", f"/v2/{bad}/manifests/1", 405, "UNSUPPORTED"),
    ]


@pytest.mark.parametrize("size", [100, MIB, 32 * MIB])
@pytest.mark.parametrize("chunked", [False, True])
def test_who_sends_it_all_reads_why(hub, larders, size, chunked):
    """Clients that send their body before they read: an answer, and no reset."""
    made = larders({"docker.io": hub.url}, settings={"local": ["team/*"]})
    for method, target, status, code in refusals("library/thing"):
        top = head(method, target, f"Content-Type: {images.OCI_MANIFEST}",
                   "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}")
        body = b"x" * size
        with Wire(made, top) as wire:
            if chunked:
                for at in range(0, size, MIB):
                    assert wire.send(chunk(body[at:at + MIB])), (method, target)
                assert wire.send(b"0\r\n\r\n")
            else:
                assert wire.send(body), (method, target)
            answer = wire.answer()
        assert answer.status == status, (method, target, answer.data)
        assert codes(answer) == [code]
    assert not hub.requests()
    assert not stored_digests(made.root) and not sessions(made.root)


@pytest.mark.parametrize("method, target, status", [
    ("GET", "/v2/", 200), ("GET", f"/v2/{REPO}/manifests/none", 404),
    ("DELETE", f"/v2/{REPO}/manifests/none", 404)])
def test_bodies_where_none_belongs(registry, method, target, status):
    """Read and forgotten, or refused; never the next request."""
    with Wire(registry, head(method, target, f"Content-Length: {len(SMUGGLED)}")
              + SMUGGLED) as wire:
        assert wire.answer().status in (status, 400, 413)
    no_smuggling(registry)


# --- one after the other on a connection ----------------------------------------------

def test_pipelined(registry, pusher):
    """Requests that come in one piece are answered in order, each with its own body."""
    one, two = data_of(1000, 1), data_of(70_000, 2)
    path = f"/v2/{REPO}/blobs/"
    location = pusher.session(REPO)
    whole = (head("POST", f"{path}uploads/?digest={digest_of(one)}", "Content-Length: 1000")
             + one + head("GET", path + digest_of(one))
             + head("PUT", f"{location}?digest={digest_of(two)}",
                    "Transfer-Encoding: chunked")
             + chunk(two[:30_000]) + chunk(two[30_000:]) + b"0\r\n\r\n"
             + head("GET", path + digest_of(two)) + head("POST", path + "uploads/",
                                                         "Content-Length: 0")
             + head("GET", "/v2/"))
    with Wire(registry, whole) as wire:
        answers = [wire.answer() for _ in range(6)]
    assert [a.status for a in answers] == [201, 200, 201, 200, 202, 200]
    assert answers[1].body == one and answers[3].body == two


@pytest.mark.parametrize("chunked", [False, True])
def test_after_a_refusal(registry, chunked):
    """The next request is answered, or the connection is closed; the body of the refused
    one is never a request."""
    for method, target, status, code in refusals("team/Thing"):
        if code == "UNSUPPORTED":
            continue
        length = "Transfer-Encoding: chunked" if chunked else \
            f"Content-Length: {len(SMUGGLED)}"
        body = chunk(SMUGGLED) + b"0\r\n\r\n" if chunked else SMUGGLED
        with Wire(registry, head(method, target, length) + body
                  + head("GET", "/v2/")) as wire:
            first = wire.answer()
            assert first.status == status
            if first.header("connection") == "close":
                assert wire.closed()
            else:
                assert wire.answer().status == 200
    no_smuggling(registry)


# --- Expect: 100-continue -------------------------------------------------------------

@pytest.mark.parametrize("verb", ["PATCH", "PUT", "POST"])
def test_expect_accepted(registry, pusher, verb):
    """The body is asked for, and taken."""
    data = data_of(100_000)
    query = f"?digest={digest_of(data)}" if verb != "PATCH" else ""
    target = (f"/v2/{REPO}/blobs/uploads/" if verb == "POST" else pusher.session(REPO)) + query
    with Wire(registry, head(verb, target, "Expect: 100-continue",
                             f"Content-Length: {len(data)}")) as wire:
        assert wire.answer().status == 100
        wire.send(data)
        assert wire.answer().status == (202 if verb == "PATCH" else 201)
    if verb != "PATCH":
        blob_is(pusher, REPO, digest_of(data), data)


def test_expect_refused(registry):
    """Who asks first may be told before, and need not send; or is told after."""
    for method, target, status, code in refusals("team/Thing"):
        if code == "UNSUPPORTED":
            continue
        with Wire(registry, head(method, target, "Expect: 100-continue",
                                 "Content-Length: 100000")) as wire:
            answer = wire.answer()
            if answer.status == 100:
                wire.send(b"x" * 100_000)
                answer = wire.answer()
            assert answer.status == status and codes(answer) == [code], answer.data
    with Wire(registry, head("PUT", f"/v2/{REPO}/manifests/1", "Expect: 100-continue",
                             f"Content-Length: {LIMIT + 1}")) as wire:
        answer = wire.answer()
        if answer.status == 100:
            wire.send(b" " * (LIMIT + 1))
            answer = wire.answer()
        assert answer.status == 413 and codes(answer) == ["SIZE_INVALID"]


def test_deletes_while_read_only_with_a_body(larders):
    """A refusal by configuration, of a large body, in every way."""
    made = larders(config=DELETES + "  maintenance:\n    readonly:\n      enabled: true\n")
    with Pusher(made.url) as one:
        big = b"x" * (8 * MIB)
        for answer in (one.single(REPO, big), one.manifest(REPO, "1", big),
                       one.patch(f"/v2/{REPO}/blobs/uploads/{NOWHERE}", iter([big, big]))):
            refused(answer, 405, "UNSUPPORTED")
    assert not stored_digests(made.root)
