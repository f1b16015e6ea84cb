"""The registry and its CDN: what they hold, and how they answer when nothing is wrong.

Blobs are not served by the registry but by the CDN, a second host, to which the
registry redirects with a signed URL; Config says where other registries differ.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .config import Config
from .images import OCI_INDEX, Blob, Image, Manifest
from .message import Body, FileBody, Header, Request, Response
from .quota import Quota
from .record import Entry
from .tokens import TokenService

API = ("Docker-Distribution-Api-Version", "registry/2.0")
_ROUTE = re.compile(r"/v2/(?P<name>.+?)/(?P<what>manifests|blobs|referrers|tags)/"
                    r"(?P<ref>[^/]+)$")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


@dataclass
class Repository:
    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)


def kind_of(role: str, request: Request) -> str:
    """The request kind that logs, faults and gates speak of."""
    if role != "registry":
        return role
    if request.path.rstrip("/") == "/v2":
        return "ping"
    if request.path == "/v2/_catalog":
        return "catalog"
    route = _ROUTE.match(request.path)
    if route is None:
        return "other"
    if route["what"] != "manifests":
        return {"blobs": "blob"}.get(route["what"], route["what"])
    if request.method == "HEAD":
        return "manifest_head"
    return "manifest_get_digest" if ":" in route["ref"] else "manifest_get_tag"


def error(status: int, code: str, message: str, *headers: Header,
          detail: object = None) -> Response:
    text = json.dumps({"errors": [{"code": code, "message": message, "detail": detail}]})
    return Response(status, [("Content-Type", "application/json"), API, *headers],
                    Body(text.encode()))


def body_of(blob: Blob | Manifest, start: int = 0, count: int | None = None) -> Body:
    """A response body over part of a blob."""
    size = len(blob.data) if isinstance(blob, Manifest) else blob.size
    count = size - start if count is None else count
    if isinstance(blob, Blob) and blob.path is not None:
        return FileBody(blob.path, start, count)
    body = Body(blob.data if count == size else blob.data[start:start + count])
    body.base = start
    return body


def ranged(request: Request, thing: Blob | Manifest, headers: list[Header], etag: str,
           on: bool) -> Response:
    """200, 206 or 416 as RFC 9110 has it; several ranges are answered whole."""
    size = len(thing.data) if isinstance(thing, Manifest) else thing.size
    asked = _RANGE.match(request.header("range") or "")
    on = on and not request.overrides.get("no_range")
    if on:
        headers.append(("Accept-Ranges", "bytes"))
    if_range = request.header("if-range")
    if not on or asked is None or request.method != "GET" or asked[0] == "bytes=-" \
            or (if_range is not None and if_range != etag):
        return Response(200, headers, body_of(thing))
    if asked[1] == "":
        first, last = max(0, size - int(asked[2])), size - 1
        bad = int(asked[2]) == 0
    else:
        first = int(asked[1])
        last = min(size - 1, int(asked[2])) if asked[2] else size - 1
        bad = asked[2] != "" and int(asked[2]) < first
    if first >= size or bad:
        return Response(416, [*headers, ("Content-Range", f"bytes */{size}")])
    first = min(first + int(request.overrides.get("range_shift", 0)), last)
    headers.append(("Content-Range", f"bytes {first}-{last}/{size}"))
    return Response(206, headers, body_of(thing, first, last - first + 1))


class Registry:
    """Both hosts over one content."""

    def __init__(self, config: Config, clock: Callable[[], float], quota: Quota) -> None:
        self.config = config
        self.clock = clock
        self.quota = quota
        self.tokens: TokenService | None = None     # set once, by the hub
        self.cdn_url = ""
        self.lock = threading.Lock()                # repositories, by_digest
        self.repositories: dict[str, Repository] = {}
        self.by_digest: dict[str, Blob | Manifest] = {}
        self._secret = b"the hub's own"

    # --- content ---

    def add(self, repository: str, tag: str | None, image: Image) -> None:
        with self.lock:
            repo = self.repositories.setdefault(repository, Repository())
            repo.manifests.update(image.manifests)
            repo.blobs.update(image.blobs)
            self.by_digest.update(image.blobs)
            self.by_digest.update(image.manifests)
            if tag is not None:
                repo.tags[tag] = image.digest

    def may_pull(self, user: str | None, repository: str) -> bool:
        if repository in self.config.private:
            return user in self.config.private[repository]
        return repository in self.repositories or not self.config.hide_missing

    # --- signed URLs ---

    def _signature(self, path: str, expires: str, method: str) -> str:
        text = f"{path} {expires} {method if self.config.method_bound else ''}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:40]

    def sign(self, digest: str, ttl: float | None = None) -> str:
        """A CDN URL for digest, good for ttl seconds."""
        algorithm, _, encoded = digest.partition(":")
        path = (f"/registry-v2/docker/registry/v2/blobs/{algorithm}/{encoded[:2]}/"
                f"{encoded}/data")
        life = self.config.url_ttl if ttl is None else ttl
        expires = str(int(self.clock() + life))
        return (f"{self.cdn_url}{path}?verify={expires}-"
                f"{self._signature(path, expires, 'GET')}")

    # --- the registry host ---

    def serve(self, request: Request, entry: Entry, address: str) -> Response:
        kind = entry.kind
        route = _ROUTE.match(request.path)
        name = route["name"] if route else None
        if kind == "other":
            return Response(404, [("Content-Type", "text/plain")],
                            Body(b"404 page not found\n"))
        if request.method not in ("GET", "HEAD"):
            return error(405, "UNSUPPORTED", "The operation is unsupported.")
        if (refusal := self._authorize(request, kind, name)) is not None:
            return refusal
        if kind == "ping":
            return Response(200, [("Content-Type", "application/json"), API], Body(b"{}"))
        if kind == "catalog":
            return error(404, "UNSUPPORTED", "no catalog here")
        repo = self.repositories.get(name)
        if repo is None:
            return error(404, "NAME_UNKNOWN", "repository name not known to registry",
                         detail={"name": name})
        if kind == "blob":
            return self._blob(request, repo, route["ref"])
        if kind == "tags":
            return self._tags(request, name, repo)
        if kind == "referrers":
            return self._referrers(request, repo, route["ref"])
        return self._manifest(request, repo, route["ref"], entry, address)

    def _authorize(self, request: Request, kind: str,
                   name: str | None) -> Response | None:
        why = self.tokens.check(request, name)
        catalog = kind == "catalog" and self.config.auth == "bearer"
        if why is None and not catalog:
            return None
        scope, detail = None, None
        if catalog:
            scope, why = "registry:catalog:*", why or "insufficient_scope"
        elif name is not None:
            scope = f"repository:{name}:pull"
            detail = [{"Type": "repository", "Class": "", "Name": name, "Action": "pull"}]
        return error(401, "UNAUTHORIZED", "authentication required",
                     *self.tokens.challenge(scope, why or None), detail=detail)

    def _manifest(self, request: Request, repo: Repository, ref: str, entry: Entry,
                  address: str) -> Response:
        config = self.config
        digest = ref if ":" in ref else repo.tags.get(ref)
        manifest = repo.manifests.get(digest) if digest else None
        if manifest is None:
            return error(404, "MANIFEST_UNKNOWN", "manifest unknown",
                         detail={"Digest": ref} if ":" in ref else {"Tag": ref})
        get = request.method == "GET"
        if get and not self.quota.spend(entry.user, address):
            return self.quota.refusal(entry.user, address)
        limits = self.quota.headers(entry.user, address)
        if config.redirect_manifests:
            url = self.sign(manifest.digest, request.overrides.get("url_ttl"))
            return Response(307, [("Location", url), *limits])
        etag = f'"{manifest.digest}"'
        headers = [("Content-Type", manifest.media_type), API, ("Etag", etag), *limits]
        if config.digest_header and (get or config.head_digest):
            headers.append(("Docker-Content-Digest", manifest.digest))
        if request.header("if-none-match") == etag:
            return Response(304, headers, no_length=True)
        return Response(200, headers, body_of(manifest),
                        no_length=not get and not config.head_length)

    def _blob(self, request: Request, repo: Repository, digest: str) -> Response:
        config = self.config
        if request.method == "HEAD" and config.head_blob_401:
            return error(401, "UNAUTHORIZED", "authentication required",
                         *self.tokens.challenge())
        blob = repo.blobs.get(digest)
        if blob is None:
            return error(404, "BLOB_UNKNOWN", "blob unknown to registry",
                         detail={"digest": digest})
        if config.redirect:
            url = self.sign(digest, request.overrides.get("url_ttl"))
            text = f'<a href="{url}">Temporary Redirect</a>.\n\n'
            headers = [("Location", url), API,
                       ("Content-Type", "text/html; charset=utf-8")]
            return Response(config.redirect, headers, Body(text.encode()))
        headers = [("Content-Type", "application/octet-stream"), API,
                   ("Etag", f'"{digest}"')]
        if config.digest_header:
            headers.append(("Docker-Content-Digest", digest))
        response = ranged(request, blob, headers, f'"{digest}"', config.ranges)
        response.no_length = request.method == "HEAD" and not config.head_length
        return response

    def _tags(self, request: Request, name: str, repo: Repository) -> Response:
        last, limit = request.one("last"), request.one("n")
        tags = [tag for tag in sorted(repo.tags) if tag > last]
        headers = [("Content-Type", "application/json"), API]
        if limit.isdigit() and int(limit) < len(tags):
            tags = tags[:int(limit)]
            if tags:
                rest = f"/v2/{name}/tags/list?last={tags[-1]}&n={limit}"
                headers.append(("Link", f'<{rest}>; rel="next"'))
        return Response(200, headers, Body(json.dumps(
            {"name": name, "tags": tags}).encode()))

    def _referrers(self, request: Request, repo: Repository, digest: str) -> Response:
        if not self.config.referrers:
            return error(404, "UNSUPPORTED", "no referrers API here")
        found = []
        for manifest in list(repo.manifests.values()):
            if manifest.json.get("subject", {}).get("digest") == digest:
                config = manifest.json.get("config", {})
                found.append(manifest.descriptor(
                    artifactType=manifest.json.get("artifactType",
                                                   config.get("mediaType"))))
        headers = [("Content-Type", OCI_INDEX)]
        if wanted := request.one("artifactType"):
            found = [one for one in found if one["artifactType"] == wanted]
            headers.append(("OCI-Filters-Applied", "artifactType"))
        return Response(200, headers, Body(json.dumps(
            {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}).encode()))

    # --- the CDN host ---

    def serve_cdn(self, request: Request) -> Response:
        if request.header("authorization") is not None:
            return _xml(400, "InvalidArgument", "Only one auth mechanism allowed")
        expires, _, signature = request.one("verify").partition("-")
        want = self._signature(request.path, expires, request.method)
        if not expires.isdigit() or not hmac.compare_digest(signature, want):
            return _xml(403, "SignatureDoesNotMatch", "The signature does not match")
        if self.clock() >= int(expires):
            return _xml(403, "AccessDenied", "Request has expired")
        parts = request.path.split("/")
        thing = self.by_digest.get(f"{parts[-4]}:{parts[-2]}")
        if thing is None:
            return _xml(404, "NoSuchKey", "The specified key does not exist.")
        etag = f'"{hashlib.md5(request.path.encode()).hexdigest()}"'
        headers = [("Etag", etag), ("Last-Modified", "Tue, 02 Jan 2024 03:04:05 GMT"),
                   ("Cache-Control", "public, max-age=14400"), ("Server", "cloudflare")]
        if isinstance(thing, Manifest):
            headers.append(("Content-Type", thing.media_type))
            if self.config.digest_header:
                headers.append(("Docker-Content-Digest", thing.digest))
        else:
            headers.append(("Content-Type", "application/octet-stream"))
        response = ranged(request, thing, headers, etag, self.config.ranges)
        response.no_length = request.method == "HEAD" and not self.config.head_length
        return response


def _xml(status: int, code: str, message: str) -> Response:
    text = (f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
            f"<Message>{message}</Message></Error>")
    return Response(status, [("Content-Type", "application/xml")], Body(text.encode()))
