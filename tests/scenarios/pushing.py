"""What the tests of pushes share: a larder that takes them, and what to ask of it then."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness import Larder
from hub import client, images
from hub.push import Answer, Pusher, check, digest_of

from .helpers import DELETES, ask, check_store, leftovers

REPO, OTHER = "team/thing", "team/other"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
NOWHERE = "00000000-0000-4000-8000-000000000000"
LIMIT = 4 << 20         # of a manifest


@pytest.fixture
def registry(larders) -> Larder:
    """A local registry with deletes."""
    return larders(config=DELETES)


@pytest.fixture
def pusher(registry):
    with Pusher(registry.url) as made:
        yield made


def refused(answer: Answer, status: int, code: str) -> Answer:
    assert answer.status == status, (answer.status, answer.body[:500])
    assert answer.codes == [code], answer.body
    return answer


def session_ok(answer: Answer, repo: str, received: int = 0) -> str:
    """A 202 or 204 that tells of a session; its location."""
    uuid = answer.header("docker-upload-uuid")
    assert uuid and re.fullmatch(UUID, uuid), uuid
    assert answer.header("location") == f"/v2/{repo}/blobs/uploads/{uuid}"
    assert answer.range == f"0-{max(received - 1, 0)}"
    return answer.location


def stored_ok(answer: Answer, repo: str, digest: str) -> None:
    """A 201 of a blob, as it must be."""
    assert answer.status == 201, (answer.status, answer.body[:500])
    assert answer.digest == digest
    assert answer.header("location") == f"/v2/{repo}/blobs/{digest}"


def blob_is(pusher: Pusher, repo: str, digest: str, data: bytes) -> None:
    """The blob comes back, byte for byte, by HEAD, by GET, and in part."""
    path = f"/v2/{repo}/blobs/{digest}"
    head, whole = pusher.head(path), pusher.get(path)
    assert (head.status, whole.status) == (200, 200), whole.body[:300]
    assert whole.body == data
    for answer in (head, whole):
        assert answer.digest == digest
        assert answer.header("content-length") == str(len(data))
    if len(data) > 2:
        part = pusher.get(path, Range=f"bytes=1-{len(data) - 2}")
        assert part.status == 206 and part.body == data[1:-1]


def blob_unknown(pusher: Pusher, repo: str, digest: str) -> None:
    assert pusher.head(f"/v2/{repo}/blobs/{digest}").status == 404
    answer = pusher.get(f"/v2/{repo}/blobs/{digest}")
    assert answer.status == 404 and answer.codes[0] in ("BLOB_UNKNOWN", "NAME_UNKNOWN")


def manifest_is(pusher: Pusher, repo: str, ref: str, data: bytes, media_type: str,
                digest: str | None = None) -> None:
    path = f"/v2/{repo}/manifests/{ref}"
    digest = digest or (ref if ":" in ref else digest_of(data))
    head, whole = pusher.head(path), pusher.get(path)
    assert (head.status, whole.status) == (200, 200), whole.body[:300]
    assert whole.body == data
    for answer in (head, whole):
        assert answer.digest == digest
        assert answer.header("content-type") == media_type
        assert answer.header("content-length") == str(len(data))


def manifest_unknown(pusher: Pusher, repo: str, ref: str) -> None:
    assert pusher.head(f"/v2/{repo}/manifests/{ref}").status == 404
    answer = pusher.get(f"/v2/{repo}/manifests/{ref}")
    assert answer.status == 404
    assert answer.codes[0] in ("MANIFEST_UNKNOWN", "NAME_UNKNOWN")


def image_is(pusher: Pusher, repo: str, tag: str, image: images.Image) -> None:
    """All of it: every manifest and every blob."""
    manifest_is(pusher, repo, tag, image.root.data, image.root.media_type)
    for one in image.manifests.values():
        manifest_is(pusher, repo, one.digest, one.data, one.media_type)
    for blob in image.blobs.values():
        blob_is(pusher, repo, blob.digest, blob.read())


def pulls(larder: Larder, repo: str, tag: str, image: images.Image) -> None:
    for platform in image.platforms:
        result = client.pull(larder.url, repo, tag, platform=platform)
        assert result.ok and result.digest == image.digest, result.errors


def sessions(root: Path) -> list[Path]:
    return sorted((root / "larder/uploads").glob("*"))


def nothing_half_done(root: Path) -> None:
    """Every file is what its name says, and none is left over."""
    check_store(root)
    assert not leftovers(root) and not sessions(root)


def manifest_json(config: bytes, *layers: bytes, **more: object) -> bytes:
    """An OCI manifest over these contents; more: further fields, as they are."""
    def described(data: bytes, media_type: str) -> dict:
        return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}

    return json.dumps({
        "schemaVersion": 2, "mediaType": images.OCI_MANIFEST,
        "config": described(config, images.OCI_CONFIG),
        "layers": [described(one, images.OCI_LAYER) for one in layers], **more}).encode()


def small(pusher: Pusher, repo: str, tag: str = "1", text: str = "a", **more) -> bytes:
    """Push an image of one config and one layer; the bytes of its manifest."""
    config, layer = f'{{"is":"{text}"}}'.encode(), f"layer {text}".encode() * 10
    data = manifest_json(config, layer, **more)
    for blob in (config, layer):
        check(pusher.monolithic(repo, blob), 201)
    check(pusher.manifest(repo, tag, data), 201)
    return data


def tags(larder: Larder, repo: str) -> list[str]:
    answer = ask(larder, f"/v2/{repo}/tags/list")
    assert answer.status == 200, answer.data[:300]
    return json.loads(answer.body)["tags"]

