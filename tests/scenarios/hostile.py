"""What the tests of hostile requests share: a larder that nobody can make talk to others.

Whatever is refused must be an OCI error body.  Only requests that cannot be read as HTTP
at all get libmicrohttpd's own 4xx page, or nothing.  None of them may reach an upstream,
nor anything that is not configured: a listener that nobody may talk to stands where names
and proxies point.
"""

from __future__ import annotations

import re
import socket

import pytest

from hub import client
from hub.raw import RawAnswer

from .helpers import MIB, SANITIZED, ask, codes

GROWTH = 8 * MIB        # of private memory, by any of these tests


class Trap:
    """A listener that must never be connected to."""

    def __init__(self) -> None:
        self._sock = socket.create_server(("127.0.0.1", 0))
        self._sock.setblocking(False)
        self.port = self._sock.getsockname()[1]

    def close(self) -> bool:
        """Whether nobody has come."""
        try:
            self._sock.accept()[0].close()
            return False
        except BlockingIOError:
            return True
        finally:
            self._sock.close()


@pytest.fixture
def trap():
    made = Trap()
    yield made
    assert made.close(), "something asked what is not configured"


@pytest.fixture
def larder(hub, larders, trap):
    """A larder whose proxy for everything but the hub is the trap.

    Afterwards it must be alive and small, and the hub must not have been asked."""
    proxy = f"http://127.0.0.1:{trap.port}"
    made = larders({"docker.io": hub.url}, env={
        "http_proxy": proxy, "https_proxy": proxy, "all_proxy": proxy,
        "no_proxy": hub.host.split(":")[0]})
    assert ask(made, "/healthz").status == 200
    before = made.memory()["RssAnon"]
    yield made
    assert ask(made, "/healthz").body == b"ok\n"
    if not SANITIZED:
        assert made.memory()["RssAnon"] - before < GROWTH
    assert not hub.requests()


def send(larder, data: bytes, **options) -> RawAnswer:
    """Bytes as they are, read to the end of the connection."""
    return client.raw_request("127.0.0.1", larder.port, data,
                              **{"until": "close", "timeout": 5, **options})


def refused(answer: RawAnswer, *statuses: int) -> list[str]:
    """An OCI error with one of these statuses; its codes."""
    assert answer.status in statuses, answer.data[:500]
    return codes(answer)


def unreadable(answer: RawAnswer) -> None:
    """Closed, with a 4xx or 501, 505 of libmicrohttpd or of larder before, or with nothing."""
    assert answer.end in ("eof", "reset"), (answer.end, answer.data[:500])
    assert answer.status is None or 400 <= answer.status < 500 or \
        answer.status in (501, 505), answer.data[:500]
    one_answer(answer)


def one_answer(answer: RawAnswer) -> None:
    """At most one; but libmicrohttpd 0.9.75 sends the header of its own pages twice."""
    heads = re.findall(rb"HTTP/1\.1 .*?\r\n\r\n", answer.data, re.S)
    if heads and b"Docker-Distribution-API-Version" not in heads[0]:
        assert b"Connection: close" in heads[0]
        heads = list(dict.fromkeys(heads))
    assert len(heads) <= 1, answer.data[:1000]
