"""Builds whose FROM comes through larder: docker build (classic builder), buildah bud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hub import build
from hub.images import shell_layer

from .conftest import expect_one_pull

DOCKERFILE = """\
FROM {base}
LABEL built.by=e2e
COPY hello /srv/hello
"""


@pytest.fixture
def context(scratch: Path) -> Path:
    """A directory to build, FROM python:3.11-slim."""
    made = scratch / "context"
    made.mkdir()
    (made / "hello").write_text("hello\n")
    (made / "Dockerfile").write_text(
        DOCKERFILE.format(base="docker.io/library/python:3.11-slim"))
    return made


@pytest.fixture
def toolbox(hub, busybox: str, context: Path):
    """An image that commands run in, and a Dockerfile that runs one."""
    image = hub.add(build("toolbox", layers=[shell_layer(busybox)]), "library/toolbox", "1")
    (context / "Dockerfile").write_text(
        DOCKERFILE.format(base="docker.io/library/toolbox:1")
        + 'RUN cat /srv/hello > /srv/copy && [ "$(cat /srv/copy)" = hello ]\n')
    return image


def diff_ids(image) -> list[str]:
    return json.loads(image.config().read())["rootfs"]["diff_ids"]


def docker_build(docker, context: Path) -> dict:
    docker("build", "--pull", "--tag", "built:1", str(context))
    return docker.image("built:1")


def buildah_build(containers, context: Path) -> dict:
    containers.buildah("bud", "--pull-always", "--isolation", "chroot", "--tag",
                       "localhost/built:1", str(context))
    return containers.image("localhost/built:1")


def test_docker_build(docker, hub, images, context, outside):
    """From nothing, from larder alone, and again while the hub is away."""
    image = images["library/python:3.11-slim"]
    built = docker_build(docker, context)
    assert built["Labels"]["built.by"] == "e2e"
    assert built["Layers"][:-1] == diff_ids(image)
    expect_one_pull(hub, image)
    docker("system", "prune", "--all", "--force")
    assert docker("images", "--quiet").out == ""
    hub.fault("any", "refused")
    built = docker_build(docker, context)
    assert built["Layers"][:-1] == diff_ids(image)
    assert outside.asked == []


def test_docker_build_runs_a_command(docker, context, toolbox, outside):
    assert docker_build(docker, context)["Layers"][0] == diff_ids(toolbox)[0]
    assert outside.asked == []


def test_buildah_bud(containers, hub, images, context, outside):
    image = images["library/python:3.11-slim"]
    built = buildah_build(containers, context)
    assert built["Labels"]["built.by"] == "e2e"
    assert built["RootFS"]["Layers"][:-1] == diff_ids(image)
    expect_one_pull(hub, image)
    containers.podman("image", "rm", "--all", "--force")
    assert containers.podman("images", "--quiet").out == ""
    hub.fault("any", "refused")
    built = buildah_build(containers, context)
    assert built["RootFS"]["Layers"][:-1] == diff_ids(image)
    assert outside.asked == []


def test_buildah_bud_runs_a_command(containers, context, toolbox, outside):
    built = buildah_build(containers, context)
    assert built["RootFS"]["Layers"][0] == diff_ids(toolbox)[0]
    assert outside.asked == []


def test_a_base_of_another_registry(containers, gcr, images, context, outside):
    (context / "Dockerfile").write_text(
        DOCKERFILE.format(base="gcr.io/kaniko-project/executor:v1.23.0"))
    image = images["kaniko-project/executor:v1.23.0"]
    assert buildah_build(containers, context)["RootFS"]["Layers"][:-1] == diff_ids(image)
    expect_one_pull(gcr, image)
    assert outside.asked == []


def test_the_base_cannot_be_had(containers, hub, context):
    """A build fails with the reason, and leaves no image."""
    hub.fault("any", "refused")
    done = containers.buildah("bud", "--isolation", "chroot", "--tag", "localhost/built:1",
                              str(context), check=False)
    assert done.status != 0 and "502" in done.err
    assert containers.podman("images", "--quiet").out == ""
