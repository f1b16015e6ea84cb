"""skopeo: looks at images and copies them whole, digests unchanged."""

from __future__ import annotations

import json

import pytest
from hub.images import sha256

PYTHON = "docker://docker.io/library/python:3.11-slim"
KANIKO = "docker://gcr.io/kaniko-project/executor:v1.23.0"


def expect_copy(directory, image) -> None:
    """skopeo's dir: layout holds every manifest and every blob of the image."""
    assert (directory / "manifest.json").read_bytes() == image.root.data
    for digest, manifest in image.manifests.items():
        if digest != image.digest:
            copied = directory / f"{digest[7:]}.manifest.json"
            assert copied.read_bytes() == manifest.data
    for digest in image.blobs:
        assert sha256((directory / digest[7:]).read_bytes()) == digest


def test_inspect(containers, hub, images, outside):
    image = images["library/python:3.11-slim"]
    found = json.loads(containers.skopeo("inspect", "--no-tags", PYTHON).out)
    assert found["Digest"] == image.digest
    assert found["Architecture"] == "amd64" and found["Os"] == "linux"
    assert found["Layers"] == [blob.digest for blob in image.layers()]
    raw = containers.skopeo("inspect", "--raw", PYTHON).out
    assert raw.encode() == image.root.data
    assert hub.quota_spent == 2 and hub.count(kind="cdn") == 1
    assert outside.asked == []


@pytest.mark.parametrize(("name", "key"), (
    (PYTHON, "library/python:3.11-slim"), (KANIKO, "kaniko-project/executor:v1.23.0")))
def test_copy_all_keeps_every_digest(containers, hub, gcr, images, outside, scratch, name,
                                     key):
    """All platforms and attestations, OCI and Docker types; the second time without the
    upstream."""
    image = images[key]
    containers.skopeo("copy", "--all", "--preserve-digests", name, f"dir:{scratch}/cold")
    expect_copy(scratch / "cold", image)
    upstream = gcr if name == KANIKO else hub
    assert upstream.count(kind="manifest_get", status=200) == len(image.manifests)
    for digest in image.blobs:
        assert upstream.count(kind="blob", method="GET", path=digest) == 1
    upstream.fault("any", "refused")
    containers.skopeo("copy", "--all", "--preserve-digests", name, f"dir:{scratch}/warm")
    expect_copy(scratch / "warm", image)
    assert outside.asked == []


def test_another_platform(containers, images, outside):
    image = images["library/postgres:17-alpine"]
    found = json.loads(containers.skopeo(
        "--override-arch", "arm64", "--override-variant", "v8", "inspect", "--no-tags",
        "docker://docker.io/library/postgres:17-alpine").out)
    assert found["Architecture"] == "arm64"
    assert found["Layers"] == [blob.digest for blob in image.layers("linux/arm64/v8")]
    assert outside.asked == []


@pytest.mark.parametrize("repository", ("library/alpine", "docker.io/library/alpine"))
def test_list_tags(containers, larder, repository):
    """skopeo asks no mirror for these, so larder is named; Docker Hub, being the default,
    needs no prefix."""
    found = json.loads(containers.skopeo(
        "list-tags", "--tls-verify=false", f"docker://{larder.host}/{repository}").out)
    assert found["Tags"] == ["3.18", "3.19"]


def test_a_cached_image_is_copied_when_the_hub(containers, images, scratch, outside,
                                               trouble):
    image = images["library/python:3.11-slim"]
    containers.skopeo("copy", "--all", PYTHON, f"dir:{scratch}/cold")
    trouble.start()
    containers.skopeo("copy", "--all", PYTHON, f"dir:{scratch}/warm")
    expect_copy(scratch / "warm", image)
    trouble.check()
    assert outside.asked == []


def test_cold_and_the_hub_is_down(containers, larder, hub):
    """Without a mirror in between, the message is larder's own."""
    hub.fault("any", "refused")
    done = containers.skopeo("inspect", "--tls-verify=false",
                             f"docker://{larder.host}/library/python:3.11-slim",
                             check=False)
    assert done.status != 0 and "502" in done.err
