"""A plain pusher: the other half of client.py.

Blobs by every way that the distribution specification has, manifests, whole images, and
deletes.  Each call returns the last Answer; check() raises PushError where a push as a whole
cannot go on.  Nothing is repeated.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from . import images

CHUNK = 64 << 10
WAYS = ("monolithic", "single", "chunked", "streamed", "patched")


class PushError(Exception):
    """A step of a push that was not acknowledged; answer is None when none came."""

    def __init__(self, text: str, answer: "Answer | None" = None) -> None:
        super().__init__(text)
        self.answer = answer


@dataclass
class Answer:
    status: int
    body: bytes = field(repr=False)
    _headers: list[tuple[str, str]] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        return next(iter(self.headers(name)), None)

    def headers(self, name: str) -> list[str]:
        return [v for k, v in self._headers if k.lower() == name.lower()]

    @property
    def location(self) -> str:
        """Where it says, without scheme and host."""
        parts = urlsplit(self.header("location") or "")
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def digest(self) -> str | None:
        return self.header("docker-content-digest")

    @property
    def range(self) -> str | None:
        return self.header("range")

    @property
    def codes(self) -> list[str]:
        """Of the OCI error body, which it must have."""
        assert self.header("content-type") == "application/json", (self.status, self.body)
        errors = json.loads(self.body)["errors"]
        assert errors and all(one["code"] and one["message"] for one in errors), errors
        return [one["code"] for one in errors]

    @property
    def code(self) -> str:
        one, = self.codes
        return one

    @property
    def message(self) -> str:
        return json.loads(self.body)["errors"][0]["message"]


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def pieces(data: bytes, size: int = CHUNK) -> list[bytes]:
    return [data[at:at + size] for at in range(0, len(data), size)]


class Pusher:
    """One client with one connection, kept as long as the server keeps it; over TLS where tls
    is given.  headers go with every request.  Not for several threads at once."""

    def __init__(self, base_url: str, *, timeout: float = 30,
                 headers: dict[str, str] | None = None,
                 tls: ssl.SSLContext | None = None) -> None:
        where = urlsplit(base_url).netloc
        self._http = (http.client.HTTPSConnection(where, timeout=timeout, context=tls) if tls
                      else http.client.HTTPConnection(where, timeout=timeout))
        self._always = list((headers or {}).items())

    def __enter__(self) -> "Pusher":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # -- requests -----------------------------------------------------------------------

    def request(self, method: str, target: str, body: bytes | Iterable[bytes] | None = None,
                headers: Sequence[tuple[str, str]] = ()) -> Answer:
        """bytes go with their Content-Length; anything else iterable in chunked coding.

        A server may answer, and close, before it has read all: its answer counts.
        OSError, or http.client.HTTPException, when none comes."""
        if self._http.sock is not None and not _alive(self._http.sock, self._http.timeout):
            self._http.close()
        sent = [*self._always, *headers]
        chunked = body is not None and not isinstance(body, (bytes, bytearray))
        if chunked:
            sent.append(("Transfer-Encoding", "chunked"))
        elif body is not None or method in ("POST", "PUT", "PATCH"):
            sent.append(("Content-Length", str(len(body or b""))))
        try:
            self._http.putrequest(method, target, skip_accept_encoding=True,
                                  skip_host=any(name == "Host" for name, _ in sent))
            for name, value in sent:
                self._http.putheader(name, value)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._http.endheaders(body, encode_chunked=chunked)
            response = self._http.getresponse()
            return Answer(response.status, response.read(), response.getheaders())
        except BaseException:
            self._http.close()
            raise

    def get(self, target: str, **headers: str) -> Answer:
        return self.request("GET", target, headers=list(headers.items()))

    def head(self, target: str) -> Answer:
        return self.request("HEAD", target)

    def delete(self, target: str) -> Answer:
        return self.request("DELETE", target)

    # -- uploads ------------------------------------------------------------------------

    def begin(self, repo: str, **query: str) -> Answer:
        """POST: an empty session; query as digest_algorithm="sha512"."""
        return self.request("POST", uploads(repo, **query))

    def session(self, repo: str) -> str:
        """Begin one; its location."""
        return check(self.begin(repo), 202).location

    def patch(self, location: str, body: bytes | Iterable[bytes],
              at: int | None = None) -> Answer:
        """at: where these bytes begin, said in Content-Range."""
        headers = [("Content-Type", "application/octet-stream")]
        if at is not None:
            headers.append(("Content-Range", f"{at}-{at + len(body) - 1}"))
        return self.request("PATCH", location, body, headers)

    def finish(self, location: str, digest: str | None,
               body: bytes | Iterable[bytes] | None = None, at: int | None = None) -> Answer:
        """PUT: the end of a session, with its last bytes or without."""
        headers = [("Content-Type", "application/octet-stream")]
        if at is not None:
            headers.append(("Content-Range", f"{at}-{at + len(body) - 1}"))
        return self.request("PUT", with_query(location, digest=digest), body, headers)

    def monolithic(self, repo: str, data: bytes, digest: str | None = None) -> Answer:
        """POST, then all of it in a PUT."""
        return self.finish(self.session(repo), digest or digest_of(data), data)

    def single(self, repo: str, data: bytes, digest: str | None = None) -> Answer:
        """All in one POST."""
        return self.request("POST", uploads(repo, digest=digest or digest_of(data)), data,
                            [("Content-Type", "application/octet-stream")])

    def chunked(self, repo: str, data: bytes, digest: str | None = None,
                size: int = CHUNK) -> Answer:
        """POST, PATCHes with Content-Range, and a PUT that has the last chunk."""
        location, parts = self.session(repo), pieces(data, size) or [b""]
        for i, part in enumerate(parts[:-1]):
            location = check(self.patch(location, part, i * size), 202).location
        return self.finish(location, digest or digest_of(data), parts[-1],
                           (len(parts) - 1) * size if data else None)

    def streamed(self, repo: str, data: bytes, digest: str | None = None,
                 size: int = CHUNK) -> Answer:
        """POST, one PATCH in chunked coding without Content-Range, and an empty PUT."""
        answer = check(self.patch(self.session(repo), iter(pieces(data, size))), 202)
        return self.finish(answer.location, digest or digest_of(data))

    def patched(self, repo: str, data: bytes, digest: str | None = None) -> Answer:
        """POST, one PATCH with Content-Length and no Content-Range, and an empty PUT: as
        Docker does."""
        answer = check(self.patch(self.session(repo), data), 202)
        return self.finish(answer.location, digest or digest_of(data))

    def mount(self, repo: str, digest: str, source: str | None = None) -> Answer:
        return self.begin(repo, mount=digest, **({"from": source} if source else {}))

    def blob(self, repo: str, data: bytes, way: str = "monolithic",
             digest: str | None = None) -> Answer:
        assert way in WAYS
        return getattr(self, way)(repo, data, digest)

    # -- manifests and images -----------------------------------------------------------

    def manifest(self, repo: str, ref: str, data: bytes | Iterable[bytes],
                 media_type: str = images.OCI_MANIFEST,
                 tags: Sequence[str] = ()) -> Answer:
        query = "&".join("tag=" + quote(tag, safe="") for tag in tags)
        return self.request("PUT", f"/v2/{repo}/manifests/{ref}" + (query and "?" + query),
                            data, [("Content-Type", media_type)])

    def image(self, repo: str, tag: str | None, image: images.Image,
              way: str = "monolithic") -> Answer:
        """Blobs, then manifests by digest, those that name others last, then the tag."""
        for blob in image.blobs.values():
            if self.head(f"/v2/{repo}/blobs/{blob.digest}").status != 200:
                check(self.blob(repo, blob.read(), way), 201)
        others = [m for m in image.manifests.values() if m is not image.root]
        for one in others:
            check(self.manifest(repo, one.digest, one.data, one.media_type), 201)
        return check(self.manifest(repo, tag or image.digest, image.root.data,
                                   image.root.media_type), 201)


def uploads(repo: str, **query: str) -> str:
    return with_query(f"/v2/{repo}/blobs/uploads/",
                      **{k.replace("_", "-"): v for k, v in query.items()})


def with_query(location: str, **query: str | None) -> str:
    """Percent-encoded, as Go's clients do it: the colon of a digest too."""
    text = urlencode({k: v for k, v in query.items() if v is not None})
    return location + (("&" if "?" in location else "?") + text if text else "")


def check(answer: Answer, *statuses: int) -> Answer:
    if answer.status not in statuses:
        raise PushError(f"{answer.status}, not {statuses}: {answer.body[:300]!r}", answer)
    return answer


def _alive(sock: socket.socket, timeout: float) -> bool:
    """A server may have closed a kept connection.  Over TLS nobody can tell."""
    if isinstance(sock, ssl.SSLSocket):
        return True
    sock.setblocking(False)
    try:
        return sock.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        sock.settimeout(timeout)


def at_once(base_url: str, jobs: Sequence[Callable[[Pusher], object]]) -> list:
    """Every job with a pusher and a thread of its own, let go together; what they return,
    or the exception that ended them."""
    ready = threading.Barrier(len(jobs))

    def one(job: Callable[[Pusher], object]) -> object:
        with Pusher(base_url) as pusher:
            pusher.get("/v2/")      # connected before the barrier
            ready.wait(30)
            try:
                return job(pusher)
            except Exception as error:      # noqa: BLE001 - the caller looks at it
                return error

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(one, jobs))
