"""A client that pushes: every way of the distribution specification, one step at a time."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [v for k, v in self.headers if k.lower() == name.lower()]

    @property
    def code(self) -> str | None:
        """The OCI error code; every answer of 400 and above must have one, with a message."""
        if self.status < 400:
            return None
        assert self.header("content-type") == "application/json", self
        one, = json.loads(self.body)["errors"]
        assert one["message"]
        return one["code"]

    @property
    def message(self) -> str:
        return json.loads(self.body)["errors"][0]["message"]


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


class Pusher:
    """One connection to a registry; headers go with every request."""

    def __init__(self, port: int, *, headers: dict[str, str] | None = None,
                 tls: ssl.SSLContext | None = None, timeout: float = 30) -> None:
        self.headers = dict(headers or {})
        self.conn = (http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=timeout)
                     if tls else http.client.HTTPConnection("127.0.0.1", port, timeout=timeout))

    def ask(self, method: str, path: str, body: bytes | Iterable[bytes] | None = None,
            **headers: str) -> Answer:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        chunked = body is not None and not isinstance(body, bytes)
        if chunked:
            named["Transfer-Encoding"] = "chunked"
        self.conn.request(method, path, body, {**self.headers, **named}, encode_chunked=chunked)
        got = self.conn.getresponse()
        return Answer(got.status, got.getheaders(), got.read())

    def close(self) -> None:
        self.conn.close()

    # -- blobs --------------------------------------------------------------------------

    def begin(self, repository: str, query: str = "") -> str:
        """The location of a new session."""
        got = self.ask("POST", f"/v2/{repository}/blobs/uploads/{query}", b"")
        assert got.status == 202, got
        location = got.header("location")
        assert location.rsplit("/", 1)[1] == got.header("docker-upload-uuid")
        return location

    def end(self, location: str, digest: str, data: bytes | None = b"", **headers: str) -> Answer:
        query = "&" if "?" in location else "?"
        return self.ask("PUT", f"{location}{query}digest={digest.replace(':', '%3A')}", data,
                        **headers)

    def blob(self, repository: str, data: bytes, way: str = "put",
             algorithm: str = "sha256") -> str:
        """Push it; 'put', 'post', 'patch', 'stream', 'chunks' or 'chunks+put'."""
        digest = digest_of(data, algorithm)
        if way == "post":
            got = self.ask("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", data)
        else:
            location, rest = self.begin(repository), b""
            half = len(data) // 2
            if way == "put":
                rest = data
            elif way == "patch":
                location = self.next(self.ask("PATCH", location, data), len(data))
            elif way == "stream":
                pieces = [data[i:i + 70_000] for i in range(0, len(data), 70_000)]
                location = self.next(self.ask("PATCH", location, iter(pieces)), len(data))
            else:
                location = self.next(self.ask("PATCH", location, data[:half],
                                              Content_Range=f"0-{half - 1}"), half)
                rest = data[half:]
                if way == "chunks":
                    location = self.next(
                        self.ask("PATCH", location, rest,
                                 Content_Range=f"{half}-{len(data) - 1}"), len(data))
                    rest = b""
            got = self.end(location, digest, rest)
        assert got.status == 201, got
        assert got.header("docker-content-digest") == digest
        assert got.header("location") == f"/v2/{repository}/blobs/{digest}"
        return digest

    @staticmethod
    def next(got: Answer, size: int) -> str:
        assert got.status == 202, got
        assert got.header("range") == f"0-{max(size - 1, 0)}"
        return got.header("location")

    # -- manifests ----------------------------------------------------------------------

    def manifest(self, repository: str, reference: str, data: bytes,
                 media_type: str | None = OCI_MANIFEST) -> Answer:
        headers = {"Content_Type": media_type} if media_type else {}
        return self.ask("PUT", f"/v2/{repository}/manifests/{reference}", data, **headers)

    def image(self, repository: str, tag: str, image, way: str = "put") -> None:
        """A hub image with all its platforms: blobs, manifests, then the tag."""
        for blob in image.blobs.values():
            assert self.blob(repository, blob.read(), way) == blob.digest
        children = [m for m in image.manifests.values() if m.digest != image.digest]
        for one in children:
            got = self.manifest(repository, one.digest, one.data, one.media_type)
            assert got.status == 201, got
        got = self.manifest(repository, tag, image.root.data, image.root.media_type)
        assert got.status == 201, got
        assert got.header("docker-content-digest") == image.digest


def simple(layer: str, size: int, config: str, config_size: int, **extra: object) -> bytes:
    """An OCI manifest with one layer."""
    return json.dumps({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config,
                   "size": config_size},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer,
                    "size": size}], **extra}).encode()
