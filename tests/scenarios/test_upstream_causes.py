"""Each cause of trouble has its own word in metrics and its own words for people."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from hub import Hub, build

from . import probe

REPO = "library/thing"
IMAGE = build("thing", layer_size=300_000)
QUICK = {"connect_ms": 400, "header_ms": 400, "stall_ms": 400}


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))            # bound, so nobody else gets it; not listening
        yield f"127.0.0.1:{s.getsockname()[1]}"


@contextlib.contextmanager
def listener(says: bytes | None) -> Iterator[str]:
    """Answers all it hears with this; None: says nothing, to anybody."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(8)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    conn, _ = s.accept()
                    with conn:
                        conn.recv(4096)
                        conn.sendall(says or b"")

        if says is not None:
            threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{s.getsockname()[1]}"
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def full_listener() -> Iterator[str]:
    """Its queue is full: what comes is dropped."""
    with socket.socket() as s, contextlib.ExitStack() as filling:
        s.bind(("127.0.0.1", 0))
        s.listen(0)
        for _ in range(4):
            one = filling.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(s.getsockname())
        yield f"127.0.0.1:{s.getsockname()[1]}"


def cause_of(url: str, operation: str = "get-manifest", ref: str = "1", kind: str | None = None,
             **options: object) -> tuple[str, str]:
    """The status in metrics of the one request that failed, and the message."""
    done = probe.run(operation, url, REPO, ref, metrics=True, **{**QUICK, **options})
    (found,) = done.results
    assert not found["ok"] and found["kind"] == "upstream", found
    words = {line.split('status="')[1].split('"')[0] for line in done.metrics.splitlines()
             if line.startswith("larder_upstream_requests_total") and
             (kind is None or f'kind="{kind}"' in line)}
    (word,) = (w for w in words if not w.isdigit())
    return word, found["error"]


def test_nobody_listens():
    with closed_port() as at:
        word, text = cause_of(f"http://{at}")
    assert word == "refused" and "connection refused" in text


def test_no_way_there():
    word, text = cause_of("http://255.255.255.255:80")
    assert word == "unreachable" and "cannot connect: " in text


def test_no_such_name():
    word, text = cause_of("http://no-such-host.invalid", connect_ms=3000)
    assert (word, "cannot resolve the name no-such-host.invalid" in text) == ("dns", True) or \
        (word == "timeout" and "name not resolved within" in text)


def test_a_proxy_that_is_down():
    with closed_port() as at:
        word, text = cause_of("http://registry.example", env={"http_proxy": f"http://{at}"})
    assert word == "proxy" and "the proxy: connection refused" in text


def test_no_tls_there():
    with listener(b"HTTP/1.0 400 Bad Request\r\n\r\n") as at:
        word, text = cause_of(f"https://{at}")
    assert word == "tls" and "TLS: " in text


def test_a_certificate_of_nobody():
    with Hub(tls=True) as hub:
        word, text = cause_of(hub.url)
    assert word == "certificate" and "the certificate is not accepted" in text


def test_time_is_up_while_connecting():
    with full_listener() as at:
        word, text = cause_of(f"http://{at}")
    assert word == "timeout" and "connection not made within 400 ms" in text


def test_time_is_up_in_tls():
    with listener(None) as at:
        word, text = cause_of(f"https://{at}")
    assert word == "timeout" and "no TLS handshake within 400 ms" in text


def test_rubbish_in_place_of_http():
    with listener(b"SSH-2.0-OpenSSH_9.2\r\n") as at:
        word, text = cause_of(f"http://{at}")
    assert word == "nonsense" and "is not HTTP" in text


@pytest.mark.parametrize("kind,fault,params,word,text", (
    ("manifest", "hang", {}, "timeout", "no answer within 400 ms"),
    ("manifest", "hang_headers", {}, "timeout", "no answer within 400 ms"),
    ("cdn", "hang_body", {}, "timeout", "stalled: no byte for 400 ms"),
    ("manifest", "reset", {}, "reset", "connection reset before an answer"),
    ("cdn", "reset_body", {}, "reset", "connection reset in the middle of the answer"),
    ("manifest", "close", {}, "cut", "connection closed without an answer"),
    ("cdn", "truncate", {}, "cut", "answer cut short"),
    ("cdn", "slow", {"rate": 300}, "slow", "too slow: less than 1024 bytes a second"),
))
def test_in_the_middle(kind, fault, params, word, text):
    with Hub() as hub:
        hub.add(IMAGE, REPO, "1")
        hub.fault(kind, fault, **params)
        if kind == "cdn":
            found = cause_of(hub.url, "get-blob", IMAGE.layers()[-1].digest, "cdn",
                             slow_ms=600)
        else:
            found = cause_of(hub.url)
    assert found[0] == word and text in found[1]
