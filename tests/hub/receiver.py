"""A scripted registry that takes pushes: the other side of push.py.

    with Receiver(auth="bearer", users={"u": "p"}) as to:
        to.fault("put_blob", cut=1000)          # once: read so much, then hang up
        to.fault("post", status=429, headers={"Retry-After": "1"}, times=2)

Everything it is asked is in .asked, as (kind, repository, reference, status); the kinds are
head_blob, post, mount (a post that asks for one), put_blob, head_manifest, put_manifest, token.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import sys
import threading
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

ROUTES = (
    ("HEAD", re.compile(r"/v2/(.+)/blobs/(sha256:[0-9a-f]{64})"), "head_blob"),
    ("POST", re.compile(r"/v2/(.+)/blobs/(uploads)/"), "post"),
    ("PUT", re.compile(r"/v2/(.+)/blobs/uploads/(.+)"), "put_blob"),
    ("HEAD", re.compile(r"/v2/(.+)/manifests/(.+)"), "head_manifest"),
    ("PUT", re.compile(r"/v2/(.+)/manifests/(.+)"), "put_manifest"),
    ("GET", re.compile(r"/(token)()"), "token"),
)


@dataclass
class Fault:
    """What becomes of the next requests of a kind; the fields are alternatives."""

    status: int = 0                 # this answer, with code and message as its body
    code: str = "UNKNOWN"
    message: str = "planted"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None          # read so many bytes of the body, then hang up
    digest: str | None = None       # call it this (and forget a blob)
    location: str | None = None     # do it, but send there
    hold: bool = False              # read nothing and say nothing, until the end
    least: int = 0                  # only for bodies of so many bytes or more
    times: int = 1


class Receiver:
    """auth: "none", "basic" or "bearer". mounts: whether it mounts. location: "relative",
    "absolute" or "query"."""

    def __init__(self, *, auth: str = "none", users: dict[str, str] | None = None,
                 mounts: bool = True, location: str = "relative") -> None:
        self.auth, self.users = auth, users or {}
        self.mounts, self.location = mounts, location
        self.asked: list[tuple[str, str, str, int]] = []
        self.scopes: list[list[str]] = []
        self.blobs: dict[str, dict[str, bytes]] = {}        # repository: digest: bytes
        self.manifests: dict[str, dict[str, tuple[str, bytes]]] = {}
        self.order: list[str] = []                          # references, as they were put
        self.received = 0                                   # bytes of blobs
        self.revoked: set[str] = set()
        self._tokens: dict[str, list[str]] = {}
        self._faults: list[tuple[str, Fault]] = []
        self.lock = threading.RLock()
        self.over = threading.Event()
        receiver = self

        class Handler(_Handler):
            registry = receiver

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fault(self, kind: str, **what: object) -> None:
        with self.lock:
            self._faults.append((kind, Fault(**what)))

    def take_fault(self, kind: str, length: int) -> Fault | None:
        with self.lock:
            for i, (of, fault) in enumerate(self._faults):
                if of == kind and length >= fault.least:
                    fault.times -= 1
                    if fault.times == 0:
                        del self._faults[i]
                    return fault
        return None

    def count(self, kind: str, status: int | None = None) -> int:
        return sum(one[0] == kind and status in (None, one[3]) for one in self.asked)

    def make_token(self, scopes: list[str]) -> str:
        with self.lock:
            token = uuid.uuid4().hex
            self._tokens[token] = scopes
            self.scopes.append(scopes)
            return token

    def revoke_all(self) -> None:
        with self.lock:
            self._tokens.clear()

    def allows(self, authorization: str, repo: str, push: bool) -> bool:
        if self.auth == "none":
            return True
        if self.auth == "basic":
            return self.is_user(authorization)
        scopes = self._tokens.get(authorization.removeprefix("Bearer "), [])
        want = f"repository:{repo}:pull,push" if push else f"repository:{repo}:pull"
        return any(one.startswith(want) for one in scopes)

    def is_user(self, authorization: str) -> bool:
        try:
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        except ValueError:
            return False
        name, _, password = pair.partition(":")
        return self.users.get(name) == password


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the game."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    registry: Receiver
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _all(self) -> None:
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        for method, pattern, kind in ROUTES:
            found = pattern.fullmatch(parts.path)
            if method == self.command and found:
                self.kind, self.repo, self.ref = kind, found[1], found[2]
                if kind == "post" and "mount" in self.query:
                    self.kind = "mount"
                return self._one()
        self.kind, self.repo, self.ref = "other", parts.path, ""
        self._error(404, "UNSUPPORTED", "no such route")

    do_HEAD = do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _all

    def _one(self) -> None:
        self.fault = self.registry.take_fault(self.kind, self._length())
        if self.fault and self.fault.hold:
            self._note(0)
            self.registry.over.wait(60)
            self.close_connection = True
            return
        if self.fault and self.fault.cut is not None:
            self._note(0)
            self.rfile.read(min(self.fault.cut, self._length()))
            self.close_connection = True
            self.connection.shutdown(2)
            return
        if self.kind != "token" and not self._may():
            return
        if self.fault and self.fault.status:
            self._error(self.fault.status, self.fault.code, self.fault.message,
                        self.fault.headers)
            return
        getattr(self, "_" + self.kind)()

    def _may(self) -> bool:
        push = self.command not in ("GET", "HEAD")
        if self.registry.allows(self.headers.get("Authorization", ""), self.repo, push):
            return True
        actions = "pull,push" if push else "pull"
        challenge = ('Basic realm="here"' if self.registry.auth == "basic" else
                     f'Bearer realm="{self.registry.url}/token",service="here",'
                     f'scope="repository:{self.repo}:{actions}"')
        self._error(401, "UNAUTHORIZED", "who are you?", {"WWW-Authenticate": challenge})
        return False

    def _note(self, status: int) -> None:
        with self.registry.lock:
            self.registry.asked.append((self.kind, self.repo, self.ref, status))

    def _length(self) -> int:
        return int(self.headers.get("Content-Length", "0"))

    def _body(self) -> bytes:
        return self.rfile.read(self._length())

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self._note(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _error(self, status: int, code: str, message: str,
               headers: dict[str, str] | None = None) -> None:
        """Without reading the body: the connection ends with it."""
        text = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        if self._length() > 0:
            self.close_connection = True
        self._answer(status, {"Content-Type": "application/json", **(headers or {})}, text)

    # -- what it can do -------------------------------------------------------------------

    def _token(self) -> None:
        name = self.headers.get("Authorization", "")
        if name and not self.registry.is_user(name):
            return self._error(401, "UNAUTHORIZED", "no such user")
        scopes = self.query.get("scope", [])
        if not name:
            scopes = [one.replace(",push", "") for one in scopes]
        token = self.registry.make_token(scopes)
        self._answer(200, {"Content-Type": "application/json"},
                     json.dumps({"token": token, "expires_in": 300}).encode())

    def _head_blob(self) -> None:
        found = self.registry.blobs.get(self.repo, {}).get(self.ref)
        if found is None:
            return self._error(404, "BLOB_UNKNOWN", "no such blob")
        self._answer(200, {"Content-Length": str(len(found))})

    def _post(self) -> None:
        registry = self.registry
        digest, source = (self.query.get(key, [""])[0] for key in ("mount", "from"))
        with registry.lock:
            data = registry.blobs.get(source, {}).get(digest)
            if registry.mounts and data is not None:
                registry.blobs.setdefault(self.repo, {})[digest] = data
                return self._answer(201, {"Location": f"/v2/{self.repo}/blobs/{digest}"})
        place = f"/v2/{self.repo}/blobs/uploads/{uuid.uuid4()}"
        if registry.location == "absolute":
            place = registry.url + place
        elif registry.location == "query":
            place += "?_state=a%2Bb%3D&x=1"
        if self.fault and self.fault.location is not None:
            place = self.fault.location
        self._answer(202, {"Location": place})

    _mount = _post

    def _put_blob(self) -> None:
        data, registry = self._body(), self.registry
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        with registry.lock:
            registry.received += len(data)
        if registry.location == "query" and self.query.get("_state") != ["a+b="]:
            return self._error(404, "BLOB_UPLOAD_UNKNOWN", "the state is lost")
        if self.query.get("digest") != [digest]:
            return self._error(400, "DIGEST_INVALID", "provided digest did not match")
        if self.fault and self.fault.digest:
            return self._answer(201, {"Docker-Content-Digest": self.fault.digest})
        with registry.lock:
            registry.blobs.setdefault(self.repo, {})[digest] = data
            registry.order.append(digest)
        self._answer(201, {"Docker-Content-Digest": digest})

    def _head_manifest(self) -> None:
        found = self.registry.manifests.get(self.repo, {}).get(self.ref)
        if found is None:
            return self._error(404, "MANIFEST_UNKNOWN", "no such manifest")
        self._answer(200, {"Content-Type": found[0], "Content-Length": str(len(found[1])),
                           "Docker-Content-Digest":
                               "sha256:" + hashlib.sha256(found[1]).hexdigest()})

    def _put_manifest(self) -> None:
        data, registry = self._body(), self.registry
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        document = json.loads(data)
        has = {*registry.blobs.get(self.repo, {}), *registry.manifests.get(self.repo, {})}
        named = [*document.get("manifests", []), *document.get("layers", []),
                 *([document["config"]] if "config" in document else [])]
        missing = [one["digest"] for one in named
                   if one["digest"] not in has and not one.get("urls")]
        if missing:
            return self._error(400, "MANIFEST_BLOB_UNKNOWN", f"missing {missing[0]}")
        with registry.lock:
            kept = registry.manifests.setdefault(self.repo, {})
            kept[self.ref] = kept[digest] = (self.headers["Content-Type"], data)
            registry.order.append(self.ref)
        said = self.fault.digest if self.fault and self.fault.digest else digest
        self._answer(201, {"Docker-Content-Digest": said})
