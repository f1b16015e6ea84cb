"""The cells of the fault matrix: an upstream each, its fault, a pull, and a look at it."""

from __future__ import annotations

import json
import random
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hub import Hub, build, images
from hub.faults import Rule
from hub.images import Image, sha256
from hub.message import Request
from hub.raw import RawAnswer
from hub.wire import Conn, Server

from .fault_table import Row

REPO = "library/thing"
LAYER = 40_000          # of noise: not a byte of up to 64 KiB goes out unproved
LARGE = 200_000         # of this much some does, after a second
PART = 20_000           # of a layer, where an answer breaks off
PATIENCE_S = 6          # longer than this test keeps a busy machine from answering
SLOW_S = 8.0            # for a slow body
RETRY_AFTER_S = 6       # one above what larder waits out by itself
ENDLESS_RATE = 32 << 20 # bytes a second of an endless body
ENOUGH = 16 << 20       # of an answer; more is no image here
USER, PASSWORD = "ann", "pass-word"
HUB_KIND = {"ping": "ping", "token": "token", "manifest HEAD": "manifest_head",
            "manifest GET by tag": "manifest_get_tag",
            "manifest GET by digest": "manifest_get_digest", "blob": "blob", "CDN": "cdn"}
PRIVATE = "redirect to a private address"
EXPIRED_URL = "expired signed URL"
QUOTA = "429, quota used up"
_NOISE = random.Random(5).randbytes(LARGE)


def _image(name: str, version: str, size: int) -> Image:
    """One platform, one layer; nothing of it is in any other."""
    content = f"{name} {version} ".encode() + _NOISE[:size]
    return build(name, version, platforms=("linux/amd64",), index=False,
                 layers=[images.layer({"srv/noise": content}, gzip=False)])


def _xml(code: str) -> dict[str, object]:
    """How an object store refuses."""
    return {"body": f'<?xml version="1.0"?><Error><Code>{code}</Code></Error>',
            "content_type": "application/xml"}


class Site:
    """One upstream of larder's: what fresh and due share, or one other cell."""

    def __init__(self, row: Row, name: str, state: str) -> None:
        self.row, self.host, self.state = row, name, state
        manifests_move = row.fault == EXPIRED_URL and row.kind.startswith("manifest")
        by_tag = row.kind == "manifest GET by tag"
        self.hub = Hub(
            auth="basic" if row.kind == "ping" else "bearer", users={USER: PASSWORD},
            redirect=0 if row.kind == "blob" and row.fault != EXPIRED_URL else 307,
            quota=100 if row.fault == QUOTA else None, redirect_manifests=manifests_move, head_digest=not by_tag,
            digest_header=not (by_tag and manifests_move))
        # where the outcome is that the end does not come, some of it must have gone out
        self.size = LARGE if row.fault == "hangs in body" else LAYER
        self.image = self.hub.add(_image(name, "1", self.size), REPO, "1")
        self.old = self.image           # what larder has, where the tag has moved
        self.rules: list[Rule] = []
        self.trap = ""

    def start(self, names: "Names") -> None:
        self.hub.start()
        if self.row.fault == PRIVATE:   # then it must be a public one, as far as can be told
            self.url = f"http://{self.host}"
            self.hub.registry.cdn_url = f"http://cdn.{self.host}"
            self.hub.tokens.realm = f"http://token.{self.host}{self.hub.config.realm_path}"
            names.add(self.host, self.hub)
            self.trap = names.trap_url
        else:
            self.url = self.hub.url

    @property
    def settings(self) -> dict[str, object]:
        """This upstream, as larder's settings have it."""
        login = {"credentials": {"username": USER, "password": PASSWORD}}
        return {"url": self.url, **(login if self.row.kind == "ping" else {})}

    @property
    def layer(self) -> images.Blob:
        return self.image.layers()[0]

    def move(self) -> None:
        """The tag names another image from now on."""
        self.image = _image(self.host, "2", self.size)
        self.hub.move_tag(REPO, "1", self.image)

    # --- the fault ---

    def _body_size(self) -> int:
        """Of the body that the fault is about, more or less."""
        return {"ping": 2, "token": 2000, "blob": self.size, "CDN": self.size}.get(
            self.row.kind, len(self.image.root.data))

    def _status(self, code: int) -> dict[str, object]:
        params: dict[str, object] = {"code": code}
        if self.row.kind == "CDN":
            params |= _xml({404: "NoSuchKey", 500: "InternalError"}.get(code,
                                                                       "AccessDenied"))
        elif code == 401 and self.row.kind != "token":
            scope = None if self.row.kind == "ping" else f"repository:{REPO}:pull"
            params["headers"] = dict(self.hub.tokens.challenge(scope, "invalid_token"))
        return params

    def _faults(self) -> list[tuple[str, dict[str, object]]]:
        """(the hub's name of it, parameters), of which the first that applies counts."""
        large = self.row.kind in ("blob", "CDN")
        part = {"after_bytes": PART} if large else {}
        page = {"body": "<html><body>Sorry.</body></html>", "content_type": "text/html"}
        stuck = ([("hang_body", {**part, "count": 1}), ("hang_body", {"after_bytes": 0})]
                 if large else [("hang_body", {})])
        fault = self.row.fault
        if fault == EXPIRED_URL and self.row.kind == "CDN":
            return [("status", self._status(403))]
        if fault[:3].isdigit() and len(fault) == 3 or fault == "401 for ever":
            extra = {"502": page, "503": {**page, "retry_after": 1}}.get(fault, {})
            return [("status", {**self._status(int(fault[:3])), **extra})]
        return {
            "connection refused": [("refused", {"when_met": self.row.kind not in (
                "token", "manifest HEAD", "CDN")})],
            "hangs before headers": [("hang", {})],
            "hangs in headers": [("hang_headers", {})],
            "hangs in body": stuck,
            "reset": [("reset", {})],
            "truncated": [("truncate", part)],
            "slow": [("slow", {"rate": self._body_size() / SLOW_S})],
            "too slow": [("slow", {"rate": 500 if large else 5})],
            QUOTA: [("status", {"code": 429, "headers": {
                "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600"}})],
            "429, Retry-After": [("status", {**self._status(429),
                                             "retry_after": RETRY_AFTER_S})],
            "HTML with 200": [("html", {})],
            "bad JSON": [("bad_json", {})],
            "wrong length": [("wrong_length", {})],
            "no length": [("no_length", {})],
            "wrong digest header": [("wrong_digest_header", {})],
            "corrupt body": [("corrupt", {})],
            "redirect loop": [("redirect_loop", {})],
            PRIVATE: [("redirect", {"url": self.trap})],
            EXPIRED_URL: [("expired_url", {})],
            "expired token": [("reject_token", {})],
            "huge headers": [("huge_headers", {})],
            "endless body": [("endless_body", {"rate": ENDLESS_RATE})],
        }[fault]

    def break_it(self) -> None:
        kind, once = HUB_KIND[self.row.kind], self.state == "once"
        kinds = [kind]
        if (kind, self.row.fault) == ("token", "expired token"):
            kinds = ["manifest", "blob"]        # whatever the service gave is refused
        path = self.layer.digest[7:] if kind in ("blob", "cdn") else None
        for kind in kinds:
            for fault, params in self._faults()[:1 if once else None]:
                if once:
                    params = {**params, **({"for_seconds": 1} if fault == "refused"
                                           else {"count": 1})}
                self.rules.append(self.hub.fault(kind, fault, path=path, **params))

    def mend(self) -> None:
        self.hub.clear_faults()
        self.hub.release_all()

    @property
    def met(self) -> bool:
        """Has any request met the fault?  One that nobody hears cannot be counted."""
        return any(rule.hits > 0 or rule.fault == "refused" for rule in self.rules)


class Names:
    """A proxy that knows the hubs that have a public name, and a place they must not lead to."""

    def __init__(self) -> None:
        self._hubs: dict[str, tuple[str, Hub]] = {}
        self._proxy = Server("proxy", "127.0.0.1", 0, self._serve)
        self._trap = Server("trap", "127.0.0.1", 0, lambda *_: False)
        self.trap_url = self._trap.url + "/v2/"

    def __enter__(self) -> "Names":
        self._proxy.listen()
        self._trap.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.stop()
        self._trap.stop()

    def add(self, host: str, hub: Hub) -> None:
        self._hubs |= {host: ("registry", hub), f"cdn.{host}": ("cdn", hub),
                       f"token.{host}": ("token", hub)}

    def _serve(self, conn: Conn, request: Request, _: Server) -> bool:
        role, hub = self._hubs[urlsplit(request.target).netloc]
        return hub.serve_as(role, conn, request)

    @property
    def trapped(self) -> int:
        return self._trap.accepted

    @property
    def env(self) -> dict[str, str]:
        return {"http_proxy": self._proxy.url, "no_proxy": "127.0.0.1"}


# --- pulling --------------------------------------------------------------------------

@dataclass
class Got:
    """An answer of larder's, and how long the client waited: for its first byte, and at
    most between two."""

    answer: RawAnswer
    body: bytes
    whole: bool
    first: float
    silence: float


def _unchunked(data: bytes) -> tuple[bytes, bool]:
    """What a chunked body carries, and whether its end has come."""
    content, at = bytearray(), 0
    while (line := data.find(b"\r\n", at)) > at:
        size = int(data[at:line], 16)
        if size == 0:
            return bytes(content), data[line:line + 4] == b"\r\n\r\n"
        content += data[line + 2:line + 2 + size]
        at = line + 2 + size + 2
    return bytes(content), False


def fetch(port: int, path: str, timeout: float = 60) -> Got:
    """One GET, on a connection of its own, to the end."""
    data, end = bytearray(), "eof"
    began = last = time.monotonic()
    first = silence = 0.0
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        try:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                         "Connection: close\r\n\r\n".encode())
            piece = b"."
            while piece and len(data) < ENOUGH:
                sock.settimeout(max(0.1, began + timeout - time.monotonic()))
                piece = sock.recv(1 << 18)
                now = time.monotonic()
                if not data:
                    first = now - last
                else:
                    silence = max(silence, now - last)
                last = now
                data += piece
        except TimeoutError:
            end, silence = "timeout", time.monotonic() - last
            first = first or silence
        except ConnectionResetError:
            end = "reset"
    answer = RawAnswer(bytes(data), end)
    body, length = answer.body, answer.header("content-length")
    if answer.header("transfer-encoding") is not None:
        body, whole = _unchunked(body)
    else:
        whole = length is not None and len(body) == int(length)
    return Got(answer, body, whole, first, silence)


@dataclass
class Pulled:
    """One pull: its word, as the table has it, and what is wrong whatever the table says."""

    word: str = ""
    said: str = ""
    first: float = 0.0
    silence: float = 0.0
    seconds: float = 0.0
    digest: str = ""
    wrong: list[str] = field(default_factory=list)

    def refused(self, answer: RawAnswer) -> None:
        """Is it an answer that a client can show?"""
        self.word = f"refused {answer.status}"
        try:
            error = json.loads(answer.body)["errors"][0]
            self.said = error["message"]
            if not (error["code"] and self.said):
                self.wrong.append("an error without a word")
        except (ValueError, LookupError):
            self.wrong.append(f"no OCI error but {answer.data[:200]!r}")
        if answer.status == 429 and not (answer.header("retry-after") or "").isdigit():
            self.wrong.append("429 without Retry-After")


def pull(port: int, site: Site) -> Pulled:
    """Manifest by tag, configuration, layer."""
    result, began = Pulled(), time.monotonic()
    right = {image.digest: image for image in (site.old, site.image)}
    wanted = ["manifests/1"]
    stale = False
    while wanted and not result.word:
        path = wanted.pop(0)
        got = fetch(port, f"/v2/{site.host}/{REPO}/{path}")
        result.first = max(result.first, got.first)
        result.silence = max(result.silence, got.silence)
        if got.answer.status != 200:
            result.refused(got.answer)
        elif path.startswith("manifests"):
            result.digest = sha256(got.body)
            if not got.whole or result.digest not in right:
                result.wrong.append(f"a manifest of {len(got.body)} bytes, {got.body[:80]!r}")
                result.word = "cut"
                break
            stale = got.answer.header("warning") is not None
            image = right[result.digest]
            wanted = [f"blobs/{blob.digest}" for blob in (image.config(), *image.layers())]
        else:
            true = image.blobs[path.removeprefix("blobs/")].read()
            if got.body != true[:len(got.body)] or (got.whole and len(got.body) < len(true)):
                result.wrong.append(f"{path[:20]}: wrong bytes"
                                    + (", and they completed" if got.whole else ""))
            if not got.whole:
                result.word = "cut"
    result.word = result.word or ("stale" if stale else "served")
    result.seconds = time.monotonic() - began
    return result
