"""A plain puller: the client side of the scenarios.

pull() asks what Docker, containerd or podman would ask, checks every digest and length,
and tells what happened and when; it retries only as told.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import ssl
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

from . import images
from .raw import RawAnswer, get, raw_request

__all__ = ["Client", "PullError", "PullResult", "RawAnswer", "Step", "fetch_blob", "get",
           "pull", "pull_many", "raw_request"]
MANIFEST_TYPES = (images.DOCKER_MANIFEST, images.DOCKER_LIST, images.OCI_MANIFEST,
                  images.OCI_INDEX)
INDEXES = (images.DOCKER_LIST, images.OCI_INDEX)
PIECE = 1 << 20


class PullError(Exception):
    """Why a pull ended; status is the HTTP one, or None when there was no answer."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Step:
    """One request and its answer.  Times in seconds; ttfb: until the header was there."""

    method: str
    url: str
    status: int | None = None
    ttfb: float = 0.0
    total: float = 0.0
    bytes: int = 0
    error: str | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass
class PullResult:
    ok: bool = False
    digest: str | None = None           # of what the reference named
    manifest_digest: str | None = None  # of the platform's manifest
    layers: list[str] = field(default_factory=list)
    bytes: int = 0                      # of manifests, config and layers
    total: float = 0.0
    steps: list[Step] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    error_status: int | None = None

    @property
    def statuses(self) -> list[int | None]:
        return [step.status for step in self.steps]

    @property
    def ttfb(self) -> float:
        """Until the first answer's header."""
        return self.steps[0].ttfb if self.steps else 0.0

    @property
    def max_ttfb(self) -> float:
        """The longest that any request waited for its header."""
        return max((step.ttfb for step in self.steps), default=0.0)

    @property
    def max_step(self) -> float:
        return max((step.total for step in self.steps), default=0.0)


class Client:
    """Requests with tokens and redirects, as registries want them.  One per pull; its
    connections are one per thread and host."""

    def __init__(self, base_url: str, *, user: str | None = None,
                 password: str | None = None, ns: str | None = None,
                 ca_file: str | None = None, timeout: float = 30) -> None:
        self.base_url = base_url.rstrip("/")
        self.credentials = None if user is None else (user, password or "")
        self.ns = ns
        self.timeout = timeout
        self.steps: list[Step] = []
        self._ca_file = ca_file
        self._tls: ssl.SSLContext | None = None     # made late, since it costs 20 ms
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._local = threading.local()
        self._open: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        for connection in self._open:
            connection.close()

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        pool = self._local.__dict__.setdefault("pool", {})
        if (scheme, netloc) not in pool:
            if scheme == "https":
                with self._lock:
                    self._tls = self._tls or ssl.create_default_context(
                        cafile=self._ca_file)
                made = http.client.HTTPSConnection(netloc, timeout=self.timeout,
                                                   context=self._tls)
            else:
                made = http.client.HTTPConnection(netloc, timeout=self.timeout)
            pool[scheme, netloc] = made
            with self._lock:
                self._open.append(made)
        return pool[scheme, netloc]

    def _exchange(self, method: str, url: str, headers: Sequence[tuple[str, str]],
                  step: Step) -> http.client.HTTPResponse:
        """One request on a kept connection, or on a new one if that had died."""
        parts = urlsplit(url)
        connection = self._connection(parts.scheme, parts.netloc)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        for attempt in (0, 1):
            reused = connection.sock is not None
            try:
                connection.putrequest(method, target, skip_accept_encoding=True)
                for name, value in headers:
                    connection.putheader(name, value)
                connection.endheaders()
                response = connection.getresponse()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError,
                    ConnectionResetError):
                connection.close()
                if attempt or not reused:
                    raise
        step.status, step.ttfb = response.status, time.monotonic() - step.total
        step.headers = {k.lower(): v for k, v in response.getheaders()}
        return response

    def request(self, method: str, path: str, headers: Sequence[tuple[str, str]] = (),
                sink=None, redirects: int = 5) -> tuple[Step, bytes]:
        """A request to the registry, through challenges and redirects.

        The body goes to sink(piece) when there is one and the status is 200 or 206;
        else it is returned.  Raises PullError when no whole answer came."""
        url = self.base_url + path
        if self.ns is not None:
            url += ("&" if "?" in url else "?") + urlencode({"ns": self.ns})
        home, challenged, scope = urlsplit(url).netloc, False, _scope(path)
        while True:
            sent = list(headers)
            with self._lock:
                known = self._tokens.get(scope)
            if known and urlsplit(url).netloc == home:
                sent.append(("Authorization", known))
            step, body = self._one(method, url, sent, sink)
            if step.status == 401 and not challenged and urlsplit(url).netloc == home:
                challenged = True
                challenge = step.headers.get("www-authenticate", "")
                if self._answer_challenge(challenge, scope):
                    continue
            if step.status in (301, 302, 303, 307, 308) and "location" in step.headers:
                redirects -= 1
                if redirects < 0:
                    raise PullError(f"{url}: too many redirects", step.status)
                url = urljoin(url, step.headers["location"])
                continue
            return step, body

    def _one(self, method: str, url: str, headers: Sequence[tuple[str, str]],
             sink) -> tuple[Step, bytes]:
        step = Step(method, url.split("?")[0])
        began = step.total = time.monotonic()
        with self._lock:
            self.steps.append(step)
        collected = []
        try:
            response = self._exchange(method, url, headers, step)
            stream = sink is not None and response.status in (200, 206)
            while piece := response.read(PIECE):
                step.bytes += len(piece)
                (sink if stream else collected.append)(piece)
            if response.length and method != "HEAD":     # read(n) hides a short body
                raise http.client.IncompleteRead(b"", response.length)
        except (OSError, http.client.HTTPException) as error:
            step.error = f"{type(error).__name__}: {error}"
            parts = urlsplit(url)
            self._connection(parts.scheme, parts.netloc).close()
            raise PullError(f"{method} {step.url}: {step.error}", step.status) from error
        finally:
            step.total = time.monotonic() - began
        return step, b"".join(collected)

    def _answer_challenge(self, header: str, scope: str) -> bool:
        bearer = re.search(r"bearer\s+(.*)", header, re.I)
        basic = "" if self.credentials is None else "Basic " + base64.b64encode(
            ":".join(self.credentials).encode()).decode()
        if bearer is None:
            if not basic or not header.lower().startswith("basic"):
                return False
            self._tokens[scope] = basic
            return True
        found = {k: q or p for k, q, p in
                 re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', bearer[1])}
        query = [(k, found[k]) for k in ("service", "scope") if k in found]
        realm = found.get("realm", "")
        headers = [("Authorization", basic)] if basic else []
        step, body = self._one("GET", f"{realm}?{urlencode(query)}", headers, None)
        if step.status != 200:
            raise PullError(f"token: {step.status} {body[:200]!r}", step.status)
        reply = json.loads(body)
        with self._lock:
            self._tokens[scope] = "Bearer " + (reply.get("token")
                                               or reply["access_token"])
        return True


def _scope(path: str) -> str:
    found = re.match(r"/v2/(.+?)/(manifests|blobs|tags|referrers)/", path)
    return found[1] if found else ""


def _platform_entry(index: dict, platform: str) -> dict:
    system, architecture, *variant = platform.split("/")
    for entry in index["manifests"]:
        has = entry.get("platform", {})
        if (has.get("os"), has.get("architecture")) == (system, architecture) and \
                (not variant or has.get("variant") == variant[0]):
            return entry
    raise PullError(f"no {platform} in the index")


def _manifest(client: Client, repo: str, ref: str, accept: list[tuple[str, str]],
              result: PullResult) -> tuple[str, str, dict]:
    """(digest, media type, content) of a manifest whose bytes have been checked."""
    step, body = client.request("GET", f"/v2/{repo}/manifests/{ref}", accept)
    if step.status != 200:
        raise PullError(f"manifest {ref}: {step.status} {body[:200]!r}", step.status)
    result.bytes += len(body)
    digest = images.sha256(body)
    claimed = step.headers.get("docker-content-digest")
    if (":" in ref and ref != digest) or (claimed and claimed != digest):
        raise PullError(f"manifest {ref}: its bytes are {digest}, claimed {claimed}")
    try:
        content = json.loads(body)
    except ValueError as error:
        raise PullError(f"manifest {ref}: {error}", step.status) from error
    kind = step.headers.get("content-type", "").split(";")[0]
    if content.get("mediaType", kind) != kind:
        raise PullError(f"manifest {ref}: Content-Type {kind}")
    return digest, kind, content


def fetch_blob(client: Client, repo: str, digest: str, size: int | None = None,
               retries: int = 0) -> int:
    """Download, hash, compare; resumes with Range up to retries times.  Returns bytes."""
    state = {"hash": hashlib.sha256(), "have": 0}

    def sink(piece: bytes) -> None:
        state["hash"].update(piece)
        state["have"] += len(piece)

    path = f"/v2/{repo}/blobs/{digest}"
    for attempt in range(retries + 1):
        headers = [("Range", f"bytes={state['have']}-")] if state["have"] else []
        before = state["have"]
        try:
            step, body = client.request("GET", path, headers, sink)
            if step.status not in (200, 206):
                raise PullError(f"blob {digest}: {step.status} {body[:200]!r}",
                                step.status)
            if before and step.status == 200:
                raise PullError(f"blob {digest}: Range ignored", 200)
            break
        except PullError:
            if attempt == retries:
                raise
    if size is not None and state["have"] != size:
        raise PullError(f"blob {digest}: {state['have']} bytes, not {size}")
    if "sha256:" + state["hash"].hexdigest() != digest:
        raise PullError(f"blob {digest}: its bytes are sha256:"
                        f"{state['hash'].hexdigest()}")
    return state["have"]


def _resolve(client: Client, repo: str, ref: str, style: str,
             accept: list[tuple[str, str]]) -> str:
    """The reference to GET: a digest where this client asks HEAD first."""
    if style in ("docker", "podman"):
        step, _ = client.request("GET", "/v2/")
        if step.status not in (200, 401):
            raise PullError(f"ping: {step.status}", step.status)
    if ":" in ref or style == "podman":
        return ref
    step, _ = client.request("HEAD", f"/v2/{repo}/manifests/{ref}", accept)
    if step.status == 200 and "docker-content-digest" in step.headers:
        return step.headers["docker-content-digest"]
    if style == "containerd" and step.status not in (200, 405):
        raise PullError(f"HEAD {ref}: {step.status}", step.status)
    return ref


def pull(base_url: str, repo: str, ref: str = "latest", *,
         platform: str = "linux/amd64", ns: str | None = None, user: str | None = None,
         password: str | None = None, style: str = "docker", parallel: int = 3,
         retries: int = 0, ca_file: str | None = None,
         timeout: float = 30) -> PullResult:
    """Pull an image and throw it away.  Never raises for what a server does: see .errors.

    style: docker (ping, HEAD, GETs by digest), containerd (no ping; give it ns), or
    podman (ping, GET by tag).  timeout is per wait on a socket."""
    client = Client(base_url, user=user, password=password, ns=ns, ca_file=ca_file,
                    timeout=timeout)
    accept = ([("Accept", ", ".join((*MANIFEST_TYPES, "*/*")))] if style == "containerd"
              else [("Accept", one) for one in MANIFEST_TYPES])
    result, began = PullResult(steps=client.steps), time.monotonic()
    try:
        target = _resolve(client, repo, ref, style, accept)
        result.digest, kind, content = _manifest(client, repo, target, accept, result)
        result.manifest_digest = result.digest
        if kind in INDEXES:
            entry = _platform_entry(content, platform)
            result.manifest_digest, kind, content = _manifest(
                client, repo, entry["digest"], accept, result)
        wanted = {d["digest"]: d["size"] for d in (content["config"], *content["layers"])}
        result.layers = [d["digest"] for d in content["layers"]]
        with ThreadPoolExecutor(parallel) as pool:
            for size in pool.map(lambda item: fetch_blob(client, repo, *item, retries),
                                 wanted.items()):
                result.bytes += size
        result.ok = True
    except PullError as error:
        result.errors.append(str(error))
        result.error_status = error.status
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        result.errors.append(f"{type(error).__name__}: {error}")
    finally:
        client.close()
        result.total = time.monotonic() - began
    return result


def pull_many(n: int, base_url: str, repo: str, ref: str = "latest",
              **options) -> list[PullResult]:
    """n pulls at once, let go together."""
    ready = threading.Barrier(n)

    def one(_: int) -> PullResult:
        ready.wait(30)
        return pull(base_url, repo, ref, **options)

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))
