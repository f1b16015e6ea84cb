"""containerd and ctr with hosts.toml: the registry is named in ?ns=."""

from __future__ import annotations

import hashlib

import pytest
from hub import build

from .conftest import expect_one_pull

PYTHON = "docker.io/library/python:3.11-slim"
KANIKO = "gcr.io/kaniko-project/executor:v1.23.0"


def expect_image(ctr, name: str, image, platform: str = "linux/amd64") -> None:
    """The engine holds the image under this name, and its platform's content."""
    assert ctr.images()[name] == image.digest
    for blob in (image.config(platform), *image.layers(platform)):
        assert ctr.has(blob.digest)
    config = ctr.content(image.config(platform).digest)
    assert hashlib.sha256(config).hexdigest() == image.config(platform).digest[7:]


def test_a_cold_pull_then_a_warm_one_cost_one_of_each(ctr, larder, hub, images, outside):
    image = images["library/python:3.11-slim"]
    ctr.pull(PYTHON)
    expect_image(ctr, PYTHON, image)
    expect_one_pull(hub, image)
    ctr.forget(PYTHON)
    assert not ctr.has(image.digest)
    ctr.pull(PYTHON)
    expect_image(ctr, PYTHON, image)
    expect_one_pull(hub, image)
    pulled = [line for line in larder.access if "/manifests/" in line or "/blobs/" in line]
    assert pulled and all("?ns=docker.io" in line for line in pulled)
    assert outside.asked == []


def test_a_cached_image_pulls_when_the_hub(ctr, images, outside, trouble):
    ctr.pull(PYTHON)
    ctr.forget(PYTHON)
    trouble.start()
    ctr.pull(PYTHON)
    expect_image(ctr, PYTHON, images["library/python:3.11-slim"])
    trouble.check()
    assert outside.asked == []


def test_a_pull_by_digest(ctr, hub, images, outside):
    image = images["library/alpine:3.18"]
    name = f"docker.io/library/alpine@{image.digest}"
    ctr.pull(name)
    expect_image(ctr, name, image)
    expect_one_pull(hub, image)
    ctr.forget(name)
    hub.fault("any", "refused")
    ctr.pull(name)
    expect_image(ctr, name, image)
    assert outside.asked == []


def test_each_registry_is_asked_for_its_own(ctr, hub, gcr, images, outside):
    """The same repository and tag in both, with other content."""
    ours = hub.add(build("tool", "of the hub"), "library/tool", "1")
    theirs = gcr.add(build("tool", "of gcr"), "library/tool", "1")
    ctr.pull("docker.io/library/tool:1")
    ctr.pull("gcr.io/library/tool:1")
    ctr.pull(KANIKO)
    expect_image(ctr, "docker.io/library/tool:1", ours)
    expect_image(ctr, "gcr.io/library/tool:1", theirs)
    expect_image(ctr, KANIKO, images["kaniko-project/executor:v1.23.0"])
    assert (hub.quota_spent, gcr.quota_spent) == (2, 4)
    assert outside.asked == []


def test_a_registry_that_is_not_configured(ctr, larder, hub, gcr, outside):
    """404 and nobody is asked, so that the engine goes on to the next of its hosts."""
    ctr.mirror("quay.io", larder.url, server=hub.url)
    done = ctr.pull("quay.io/library/alpine:3.19", check=False)
    refused = [line for line in larder.access if "ns=quay.io" in line]
    assert refused and all("status=404" in line for line in refused)
    assert gcr.requests() == []
    # the hub stands in for quay.io itself here: it was asked, by containerd
    assert all(entry.header("user-agent").startswith("containerd/")
               for entry in hub.requests(role="registry"))
    assert done.status == 0 and outside.asked == []


def test_another_platform_and_all_of_them(ctr, hub, images):
    """An index with attestation entries: what is asked for comes, and no more."""
    image = images["library/postgres:17-alpine"]
    name = "docker.io/library/postgres:17-alpine"
    ctr.pull(name, "--platform", "linux/arm64")
    expect_image(ctr, name, image, "linux/arm64/v8")
    assert not ctr.has(image.config().digest)
    expect_one_pull(hub, image, "linux/arm64/v8")
    ctr("content", "fetch", "--hosts-dir", str(ctr.hosts), "--all-platforms", name)
    expect_image(ctr, name, image, "linux/amd64")
    for digest in image.attestations.values():
        assert ctr.has(digest)
    assert hub.count(kind="manifest_get", status=200) == len(image.manifests)


@pytest.mark.parametrize(("kind", "fault", "settings"), (
    ("any", "reset", {}), ("any", "hang", {"seconds": 0.5}),
    ("any", "status", {"code": 503}), ("token", "status", {"code": 500}),
    ("cdn", "truncate", {}), ("cdn", "corrupt", {}), ("blob", "expired_url", {})))
def test_cold_and_half_a_second_of(ctr, hub, images, outside, kind, fault, settings):
    """This engine does not try a layer again by itself."""
    hub.fault(kind, fault, for_seconds=0.5, **settings)
    ctr.pull(PYTHON)
    expect_image(ctr, PYTHON, images["library/python:3.11-slim"])
    assert outside.asked == []


def test_cold_and_the_hub_is_down(ctr, hub, outside):
    hub.fault("any", "refused")
    done = ctr.pull(PYTHON, check=False)
    assert done.status == 1 and "502 Bad Gateway" in done.text
    assert ctr.images() == {} and outside.asked == []


def test_cold_and_every_layer_is_corrupt(ctr, larder, hub, images, outside):
    """An error, not an image; and a larder started anew (this one remembers the failure
    for a moment) finds nothing wrong on its disk."""
    fault = hub.fault("cdn", "corrupt")
    done = ctr.pull(PYTHON, check=False)
    assert done.status == 1 and ctr.images() == {}
    assert larder.metric("larder_flight_mismatches_total") >= 1
    fault.clear()
    larder.stop()
    larder.start()
    ctr.pull(PYTHON)
    expect_image(ctr, PYTHON, images["library/python:3.11-slim"])
    assert outside.asked == []


def test_a_name_the_hub_does_not_have(ctr, outside):
    done = ctr.pull("docker.io/library/python:no-such-tag", check=False)
    assert done.status == 1 and "not found" in done.text
    assert outside.asked == []
