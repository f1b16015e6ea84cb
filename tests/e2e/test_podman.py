"""podman, with a mirror whose path starts with the registry's host name."""

from __future__ import annotations

from hub import build

from .conftest import expect_one_pull

PYTHON = "docker.io/library/python:3.11-slim"
KANIKO = "gcr.io/kaniko-project/executor:v1.23.0"


def expect_image(containers, name: str, image, platform: str = "linux/amd64") -> None:
    found = containers.image(name)
    repository = name.partition("@")[0].rsplit(":", 1)[0]
    assert "sha256:" + found["Id"] == image.config(platform).digest
    assert f"{repository}@{image.digest}" in found["RepoDigests"]
    assert found["Architecture"] == platform.split("/")[1]


def test_a_cold_pull_then_a_warm_one_cost_one_of_each(containers, larder, hub, images,
                                                      outside):
    image = images["library/python:3.11-slim"]
    containers.podman("pull", PYTHON)
    expect_image(containers, PYTHON, image)
    expect_one_pull(hub, image)
    containers.forget(PYTHON)
    containers.podman("pull", PYTHON)
    expect_image(containers, PYTHON, image)
    expect_one_pull(hub, image)
    assert larder.metric("larder_http_requests_total", kind="blob", outcome="hit") >= 3
    assert outside.asked == []


def test_a_cached_image_pulls_when_the_hub(containers, images, outside, trouble):
    containers.podman("pull", PYTHON)
    containers.forget(PYTHON)
    trouble.start()
    containers.podman("pull", PYTHON)
    expect_image(containers, PYTHON, images["library/python:3.11-slim"])
    trouble.check()
    assert outside.asked == []


def test_a_pull_by_digest(containers, hub, images, outside):
    image = images["library/alpine:3.18"]
    name = f"docker.io/library/alpine@{image.digest}"
    containers.podman("pull", name)
    expect_image(containers, name, image)
    expect_one_pull(hub, image)
    containers.forget(name)
    hub.fault("any", "refused")
    containers.podman("pull", name)
    expect_image(containers, name, image)
    assert outside.asked == []


def test_each_registry_is_asked_for_its_own(containers, hub, gcr, images, outside):
    ours = hub.add(build("tool", "of the hub"), "library/tool", "1")
    theirs = gcr.add(build("tool", "of gcr"), "library/tool", "1")
    containers.podman("pull", "docker.io/library/tool:1", "gcr.io/library/tool:1", KANIKO)
    expect_image(containers, "docker.io/library/tool:1", ours)
    expect_image(containers, "gcr.io/library/tool:1", theirs)
    expect_image(containers, KANIKO, images["kaniko-project/executor:v1.23.0"])
    assert (hub.quota_spent, gcr.quota_spent) == (2, 4)
    assert outside.asked == []


def test_another_platform(containers, hub, images, outside):
    """Of an index with attestation entries."""
    image = images["library/redis:7.4-alpine"]
    name = "docker.io/library/redis:7.4-alpine"
    containers.podman("pull", "--platform", "linux/arm64", name)
    expect_image(containers, name, image, "linux/arm64/v8")
    expect_one_pull(hub, image, "linux/arm64/v8")
    assert outside.asked == []


def test_cold_and_the_hub_is_down(containers, hub, outside):
    """podman names the mirror and what it said, then what the registry itself said."""
    hub.fault("any", "refused")
    done = containers.podman("pull", "--quiet", PYTHON, check=False, timeout=90)
    assert done.status != 0 and "502" in done.err
    assert containers.podman("images", "--quiet").out == ""
    assert set(outside.asked) <= {"registry-1.docker.io:443"}


def test_a_name_the_hub_does_not_have(containers):
    done = containers.podman("pull", "--quiet", "docker.io/library/python:no-such-tag",
                             check=False)
    assert done.status != 0 and "manifest unknown" in done.err
