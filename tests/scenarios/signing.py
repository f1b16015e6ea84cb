"""Signatures as cosign makes them with a key: for the scripted hub, and for pushing."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

from hub.images import OCI_MANIFEST, Blob, Image, Manifest, sha256

CONFIG = "application/vnd.oci.image.config.v1+json"
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"


def as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def blob(data: bytes) -> Blob:
    return Blob(sha256(data), len(data), data=data)


class Key:
    """A key pair of P-256 in a folder: NAME.pem and NAME.pub."""

    def __init__(self, folder: Path, name: str) -> None:
        self.private, self.public = folder / f"{name}.pem", folder / f"{name}.pub"
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                      str(self.private))
        self._openssl("ec", "-in", str(self.private), "-pubout", "-out", str(self.public))

    @staticmethod
    def _openssl(*words: str, data: bytes = b"") -> bytes:
        return subprocess.run(["openssl", *words], input=data, check=True,
                              capture_output=True).stdout

    def sign(self, digest: str, said: str | None = None) -> Image:
        """The signature's image; said: the digest that is signed, if it is another."""
        payload = as_json({
            "critical": {"identity": {"docker-reference": "example.test/thing"},
                         "image": {"docker-manifest-digest": said or digest},
                         "type": "cosign container image signature"}, "optional": None})
        made = base64.b64encode(self._openssl("dgst", "-sha256", "-sign", str(self.private),
                                              data=payload)).decode()
        layer = blob(payload)
        config = blob(as_json({"architecture": "", "os": "", "config": {}, "rootfs": {
            "type": "layers", "diff_ids": [layer.digest]}}))
        root = Manifest(OCI_MANIFEST, as_json({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": {"mediaType": CONFIG, "digest": config.digest, "size": config.size},
            "layers": [{"mediaType": SIMPLE, "digest": layer.digest, "size": layer.size,
                        "annotations": {"dev.cosignproject.cosign/signature": made}}]}))
        return Image(root, {root.digest: root}, {b.digest: b for b in (config, layer)})


def signature_tag(digest: str) -> str:
    return digest.replace(":", "-") + ".sig"


def sign_at(hub, repository: str, image: Image, key: Key, **more: str) -> Image:
    return hub.add(key.sign(image.digest, **more), repository, signature_tag(image.digest))
