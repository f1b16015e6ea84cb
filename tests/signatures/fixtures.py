"""The recorded signatures, and pushing them with their image to a registry."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
OCI = "application/vnd.oci.image.manifest.v1+json"
CONFIG = b'{"architecture":"amd64","os":"linux"}'
LAYER = b"a layer"
EMPTY = b"{}"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry:
    """As much of a client as pushes these."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, method: str = "GET", body: bytes | None = None,
            type: str = "*/*") -> bytes:
        request = urllib.request.Request(self.url + path, body, method=method,
                                         headers={"Content-Type": type, "Accept": "*/*"})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def blob(self, name: str, data: bytes) -> dict:
        request = urllib.request.Request(f"{self.url}/v2/{name}/blobs/uploads/", b"",
                                         method="POST")
        with urllib.request.urlopen(request) as answer:
            where = answer.headers["Location"]
        self.ask(where + ("&" if "?" in where else "?") + "digest=" + digest(data), "PUT", data,
                 "application/octet-stream")
        return {"digest": digest(data), "size": len(data)}

    def manifest(self, name: str, reference: str, data: bytes) -> None:
        self.ask(f"/v2/{name}/manifests/{reference}", "PUT", data, OCI)

    def push(self, name: str, fixture: str, tag: str = "v1") -> str:
        """The image of a fixture and its signature; the image's digest."""
        known = json.loads((HERE / f"{fixture}.json").read_text())
        for data in (CONFIG, LAYER, known["config"].encode(),
                     *(body.encode() for body in known["bodies"])):
            self.blob(name, data)
        image, manifest = known["image"].encode(), known["manifest"].encode()
        self.manifest(name, tag, image)
        reference = digest(image).replace(":", "-") + ".sig" if known["tag"] else digest(manifest)
        self.manifest(name, reference, manifest)
        return digest(image)
