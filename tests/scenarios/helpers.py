"""What the scenarios share: asking larder, reading in a thread, looking into its store."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import Larder, larder_binary
from hub import Hub, client
from hub.raw import RawAnswer

SANITIZED = os.environ.get("LARDER_SANITIZED") == "1"
LINK = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
MIB = 1 << 20
DELETES = "storage:\n  delete:\n    enabled: true\n"      # of a config file
TAIL = 64 << 10         # what is withheld until the digest is right


@functools.cache
def has_faults() -> bool:
    return b"LARDER_FAULTS" in larder_binary().read_bytes()


# Between a request's look at the store and the work that it starts, other work may end.
LATE = pytest.mark.parametrize("late", [
    {}, pytest.param({"LARDER_FAULTS": "task.start:1+=pause"}, marks=pytest.mark.faults)],
    ids=["", "late"])


def ask(larder: Larder, path: str, method: str = "GET", **options) -> RawAnswer:
    """One request, nothing followed; options as of hub.client.get."""
    return client.get(larder.url + path, method=method, **options)


def codes(answer: RawAnswer) -> list[str]:
    """The codes of an OCI error body; it must be one, with a message each."""
    assert answer.header("content-type") == "application/json", answer.data[:500]
    errors = json.loads(answer.body)["errors"]
    assert errors and all(one["code"] and one["message"] for one in errors), errors
    return [one["code"] for one in errors]


def message(answer: RawAnswer) -> str:
    return json.loads(answer.body)["errors"][0]["message"]


def wait_until(test: Callable[[], object], what: str, timeout: float = 60) -> object:
    """Until test() is true.  For what has no barrier: counters, files, exit.  Housekeeping
    has the processor only while nobody else wants it."""
    until = time.monotonic() + timeout
    while not (found := test()):
        assert time.monotonic() < until, f"not in {timeout} s: {what}"
        time.sleep(0.01)
    return found


def unchunk(data: bytes) -> bytearray:
    """The content of a chunked body (RFC 9112 section 7.1)."""
    content, at = bytearray(), 0
    while True:
        line = data.index(b"\r\n", at)
        size = int(bytes(data[at:line]).split(b";")[0], 16)
        if size == 0:
            return content
        content += data[line + 2:line + 2 + size]
        at = line + 2 + size + 2


class Download(threading.Thread):
    """A GET in a thread that can be watched, paused and left.

    .wait_bytes(n) returns when n bytes of body have come.  .leave() closes the
    connection.  pause_at: read no further than this until .go_on()."""

    def __init__(self, larder: Larder, path: str, *, headers: dict[str, str] | None = None,
                 pause_at: int | None = None, timeout: float = 60) -> None:
        super().__init__(daemon=True)
        self.sock = socket.create_connection(("127.0.0.1", larder.port), timeout=timeout)
        lines = [f"GET {path} HTTP/1.1", f"Host: {larder.host}",
                 *(f"{k}: {v}" for k, v in (headers or {}).items())]
        self._request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._pause_at = pause_at
        self._moved = threading.Condition()
        self.head = b""
        self.body = bytearray()
        self.end = ""           # complete, eof, reset, timeout
        self.seconds = 0.0
        self.start()

    def run(self) -> None:
        began, end, wanted = time.monotonic(), "eof", None
        got = bytearray()
        try:
            self.sock.sendall(self._request)
            while True:
                with self._moved:
                    while self._pause_at is not None and len(self.body) >= self._pause_at:
                        self._moved.wait()
                room = 1 << 18 if self._pause_at is None else self._pause_at - len(self.body)
                piece = self.sock.recv(max(1, min(room, 1 << 18)))
                if not piece:
                    break
                with self._moved:
                    if not self.head:
                        got += piece
                        head, found, rest = bytes(got).partition(b"\r\n\r\n")
                        if not found:
                            continue
                        self.head, piece = head, rest
                        wanted = self._length()
                    self.body += piece
                    self._moved.notify_all()
                    if wanted is not None and len(self.body) >= wanted:
                        end = "complete"
                        break
                    if wanted is None and self.body.endswith(b"\r\n0\r\n\r\n"):
                        self.body = unchunk(self.body)
                        end = "complete"
                        break
        except TimeoutError:
            end = "timeout"
        except OSError:
            end = "reset"
        finally:
            self.sock.close()
            with self._moved:
                self.end, self.seconds = end, time.monotonic() - began
                self._moved.notify_all()

    def _length(self) -> int | None:
        answer = self.answer
        length = answer.header("content-length")
        return 0 if answer.status in (204, 304) else int(length) if length else None

    @property
    def answer(self) -> RawAnswer:
        return RawAnswer(self.head + b"\r\n\r\n" + bytes(self.body), self.end)

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.body).hexdigest()

    def wait_bytes(self, n: int, timeout: float = 20) -> None:
        with self._moved:
            assert self._moved.wait_for(
                lambda: len(self.body) >= n or self.end, timeout) and len(self.body) >= n, \
                f"{len(self.body)} bytes, not {n} ({self.end or 'still open'}); {self.head!r}"

    def wait_end(self, timeout: float = 60) -> "Download":
        self.join(timeout)
        assert self.end, f"still open after {timeout} s with {len(self.body)} bytes"
        return self

    def go_on(self) -> None:
        with self._moved:
            self._pause_at = None
            self._moved.notify_all()

    def leave(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.go_on()
        self.join(10)


# --- the store ------------------------------------------------------------------------

def blobs_dir(root: Path) -> Path:
    return root / "docker/registry/v2/blobs"


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below it, also while a larder removes some (rglob raises then)."""
    for where, _, names in os.walk(folder):
        yield from (Path(where) / name for name in names)


def stored_digests(root: Path) -> set[str]:
    """Every digest that has a file under its final name."""
    return {f"{path.parts[-4]}:{path.parts[-2]}"
            for path in files_below(blobs_dir(root)) if path.name == "data"}


def age(root: Path, seconds: float) -> None:
    """All files of the store as if they had come so long ago, while it is served or not."""
    then = time.time() - seconds
    for path in files_below(root / "docker"):
        with contextlib.suppress(FileNotFoundError):
            os.utime(path, (then, then))


def check_store(root: Path) -> int:
    """Under a final name only what it says: hash every blob, read every link.  What goes
    meanwhile is passed over."""
    checked = 0
    for path in files_below(root / "docker"):
        with contextlib.suppress(FileNotFoundError):
            checked += _check_file(path)
    return checked


def _check_file(path: Path) -> int:
    if path.name == "data":
        with open(path, "rb") as file:
            real = hashlib.file_digest(file, path.parts[-4]).hexdigest()
        assert real == path.parts[-2], f"{path} holds {real}"
        assert path.parts[-3] == real[:2]
        return 1
    assert path.name == "link", f"strange: {path}"
    text = path.read_text()
    assert LINK.fullmatch(text), f"{path}: {text!r}"
    if path.parts[-2] != "current":
        assert text == f"{path.parts[-3]}:{path.parts[-2]}", f"{path}: {text!r}"
    return 0


def leftovers(root: Path) -> list[Path]:
    """Temporary and partial files."""
    return [path for part in ("larder/tmp", "larder/partial")
            for path in files_below(root / part)]


def blob_path(repository: str, digest: str) -> str:
    return f"/v2/{repository}/blobs/{digest}"


def outcome(larder: Larder, word: str, **labels: str) -> int:
    """Requests of clients with that outcome: hit, miss, joined, stale, error."""
    return int(larder.metric("larder_http_requests_total", outcome=word, **labels))


def assert_pulled(result: client.PullResult, image, platform: str = "linux/amd64") -> None:
    """Everything came, and is what the hub published (pull() has hashed each blob)."""
    assert result.ok, (result.errors, result.statuses)
    assert result.digest == image.digest
    assert result.manifest_digest == image.manifest(platform).digest
    assert set(result.layers) == {b.digest for b in image.layers(platform)}


def answered(hub: Hub, **want: object) -> int:
    """Requests that were more than a challenge."""
    return sum(entry.status != 401 for entry in hub.requests(**want))


def one_get_each(hub: Hub, image, platform: str = "linux/amd64") -> None:
    """The hub has been asked once for each thing that a pull of image needs."""
    manifests = {image.digest, image.manifest(platform).digest}
    assert answered(hub, kind="manifest_get") == len(manifests)
    for digest in manifests - {image.digest}:
        assert answered(hub, kind="manifest_get", path=digest) == 1
    for blob in {image.config(platform).digest,
                 *(b.digest for b in image.layers(platform))}:
        assert answered(hub, kind="blob", path=blob, method="GET") == 1, blob
        assert hub.count(kind="cdn", path=blob[7:], method="GET") == 1, blob
