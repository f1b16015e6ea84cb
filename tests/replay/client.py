"""A Docker client without a cache, in few instructions: many thousand pulls in a minute.

It asks what Docker asks (ping, HEAD of the tag, GET of index and manifest by digest, GET of
each blob), over one connection that is kept, and checks every digest.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import time
from dataclasses import dataclass, field

from hub.client import MANIFEST_TYPES

from .catalogue import Line

_ACCEPT = "".join(f"Accept: {one}\r\n" for one in MANIFEST_TYPES)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.I)
_DIGEST = re.compile(rb"\r\ndocker-content-digest:[ \t]*(\S+)", re.I)
_RETRY = re.compile(rb"\r\nretry-after:[ \t]*(\d+)", re.I)
_WARNED = b"\r\nwarning: 110 "


@dataclass
class Answer:
    status: int
    head: bytes
    body: bytes

    @property
    def digest(self) -> str:
        found = _DIGEST.search(self.head)
        return found[1].decode() if found else ""

    @property
    def retry_after(self) -> float:
        found = _RETRY.search(self.head)
        return float(found[1]) if found else 0.0

    @property
    def stale(self) -> bool:
        return _WARNED in self.head.lower()


@dataclass
class Pulled:
    """What became of one pull."""

    root: str = ""              # the digest that the tag was said to name
    got: dict[str, bool] = field(default_factory=dict)      # digests that came; manifests: True
    failed: Answer | None = None
    stage: str = ""             # where it failed: tag, manifest, blob
    stale: bool = False         # marked as such
    wrong: str = ""             # bytes that are not what they should be
    seconds: float = 0.0


class Broken(Exception):
    """The server went away in the middle; .pulled is what had come by then."""

    pulled = Pulled()


class DockerClient:
    def __init__(self, timeout: float = 60) -> None:
        self._timeout = timeout
        self._port = 0
        self._agent = ""
        self._sock: socket.socket | None = None

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def ask(self, port: int, path: str, method: str = "GET", more: str = "") -> Answer:
        """Raises Broken; a connection that had been idle is made anew first."""
        if self._port != port:
            self.close()
            self._port = port
        request = (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                   f"{self._agent}{more}\r\n").encode()
        idle = self._sock is not None
        try:
            return self._exchange(request, method)
        except TimeoutError:
            self.close()
            raise AssertionError(f"{method} {path}: no answer in {self._timeout} s") from None
        except OSError as error:
            self.close()
            if not idle:
                raise Broken(f"{method} {path}: {error}") from error
        try:
            return self._exchange(request, method)
        except OSError as error:
            self.close()
            raise Broken(f"{method} {path}: {error}") from error

    def _exchange(self, request: bytes, method: str) -> Answer:
        if self._sock is None:
            self._sock = socket.create_connection(("127.0.0.1", self._port), self._timeout)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[:end + 2], data[end + 4:]
        length = _LENGTH.search(head)
        if length is None and method != "HEAD":
            raise AssertionError(f"an answer without a length: {head!r}")
        wanted = 0 if method == "HEAD" else int(length[1])
        while len(body) < wanted:
            body += self._more()
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return Answer(int(head[9:12]), head, body)

    def _more(self) -> bytes:
        piece = self._sock.recv(1 << 16)
        if not piece:
            raise ConnectionResetError("it was closed")
        return piece

    def pull(self, port: int, line: Line, platform: str, docker: str) -> Pulled:
        """docker: the host whose names have no prefix.  Raises Broken."""
        pulled, began = Pulled(), time.monotonic()
        system, machine = platform.split("/")[:2]
        self._agent = f"User-Agent: docker/27.3.1 go/go1.22.7 os/{system} arch/{machine}\r\n"
        name = line.repository if line.host == docker else f"{line.host}/{line.repository}"
        try:
            self._pull(pulled, port, f"/v2/{name}", line.tag, platform)
        except Broken as broken:
            broken.pulled = pulled
            raise
        finally:
            pulled.seconds = time.monotonic() - began
        return pulled

    def _pull(self, pulled: Pulled, port: int, base: str, tag: str, platform: str) -> None:
        self.ask(port, "/v2/")
        head = self.ask(port, f"{base}/manifests/{tag}", "HEAD", _ACCEPT)
        if head.status != 200:
            # Docker takes a HEAD that fails for one that is not known, and asks again by GET
            head = self.ask(port, f"{base}/manifests/{tag}", "GET", _ACCEPT)
        if head.status != 200:
            pulled.failed, pulled.stage = head, "tag"
            return
        pulled.root, pulled.stale = head.digest, head.stale
        manifest = self._fetch(pulled, port, base, "manifests", pulled.root, "manifest")
        if manifest is not None and "manifests" in manifest:
            own = next(one["digest"] for one in manifest["manifests"]
                       if _platform(one.get("platform", {})) == platform)
            manifest = self._fetch(pulled, port, base, "manifests", own, "manifest")
        if manifest is None:
            return
        for digest in dict.fromkeys(one["digest"] for one in
                                    (manifest["config"], *manifest["layers"])):
            if self._fetch(pulled, port, base, "blobs", digest, "blob") is None:
                return

    def _fetch(self, pulled: Pulled, port: int, base: str, what: str, digest: str,
               stage: str) -> dict | None:
        answer = self.ask(port, f"{base}/{what}/{digest}",
                          more=_ACCEPT if stage == "manifest" else "")
        if answer.status != 200:
            pulled.failed, pulled.stage = answer, stage
            return None
        real = "sha256:" + hashlib.sha256(answer.body).hexdigest()
        if real != digest:
            pulled.wrong = f"{base}/{what}/{digest} has the bytes of {real}"
        pulled.got[digest] = stage == "manifest"
        return json.loads(answer.body) if stage == "manifest" else {}


def _platform(entry: dict) -> str:
    return "/".join(entry[key] for key in ("os", "architecture", "variant") if key in entry)
