"""larder setup: what it writes is what the real clients read."""

from __future__ import annotations

import json
import subprocess

from harness import larder_binary

from .conftest import expect_one_pull
from .containers import Containers
from .engines import Containerd, Dockerd

PYTHON = "docker.io/library/python:3.11-slim"
KANIKO = "gcr.io/kaniko-project/executor:v1.23.0"


def setup_client(client, path, larder, *more) -> None:
    done = subprocess.run([larder_binary(), "setup", client, "--path", path, "--mirror",
                           larder.url, "--yes", *more], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20)
    print(done.stdout, done.stderr)
    assert done.returncode == 0


def test_docker_reads_it_when_told(scratch, larder, hub, images, outside):
    """SIGHUP is enough, both ways, and what else is in the file stays in force."""
    image = images["library/python:3.11-slim"]
    with Dockerd(scratch / "docker", "", outside.url) as docker:
        config = docker.directory / "daemon.json"
        config.write_text('{\n  "labels": ["mine=1"],\n'
                          '  "registry-mirrors": ["http://127.0.0.1:9"]\n}\n')
        setup_client("docker", config, larder)
        docker.reload()
        info = json.loads(docker("info", "--format", "{{json .}}").out)
        assert info["RegistryConfig"]["Mirrors"] == [f"{larder.url}/", "http://127.0.0.1:9/"]
        assert info["Labels"] == ["mine=1"]
        docker("pull", "python:3.11-slim")
        assert docker.image("python:3.11-slim")["Id"] == image.config().digest
        expect_one_pull(hub, image)
        assert outside.asked == []
        setup_client("docker", config, larder, "--undo")
        docker.stop()
        docker.directory.rename(scratch / "was")
        with Dockerd(scratch / "docker", "", outside.url) as docker:
            assert larder.url not in docker("info").out


def test_containerd_pulls_through_it(scratch, larder, hub, images, outside):
    image = images["library/python:3.11-slim"]
    with Containerd(scratch / "containerd", outside.url) as ctr:
        setup_client("containerd", ctr.hosts, larder)
        ctr.pull(PYTHON)
        ctr.pull(KANIKO)
        assert ctr.images()[PYTHON] == image.digest
        assert ctr.images()[KANIKO] == images["kaniko-project/executor:v1.23.0"].digest
    expect_one_pull(hub, image)
    assert outside.asked == []


def test_containerd_asks_larder_before_others(scratch, larder, hub, images, outside):
    """Whose hosts.toml has a mirror already."""
    with Containerd(scratch / "containerd", outside.url) as ctr:
        ctr.mirror("docker.io", "http://127.0.0.1:9")
        setup_client("containerd", ctr.hosts, larder, "--registry", "docker.io")
        ctr.pull(PYTHON)
        assert ctr.images()[PYTHON] == images["library/python:3.11-slim"].digest
    expect_one_pull(hub, images["library/python:3.11-slim"])
    assert outside.asked == []


def containers_with_dropin(scratch, larder, outside) -> Containers:
    made = Containers(scratch / "containers", larder.host, [], outside.url)
    place = made.directory / ".config/containers/registries.conf.d"
    place.mkdir()
    setup_client("podman", place, larder)
    return made


def test_podman_pulls_through_it(scratch, larder, hub, images, outside):
    containers = containers_with_dropin(scratch, larder, outside)
    containers.podman("pull", PYTHON, KANIKO)
    image = images["library/python:3.11-slim"]
    assert "sha256:" + containers.image(PYTHON)["Id"] == image.config().digest
    expect_one_pull(hub, image)
    assert outside.asked == []


def test_skopeo_looks_through_it(scratch, larder, images, outside):
    containers = containers_with_dropin(scratch, larder, outside)
    found = json.loads(containers.skopeo("inspect", "--no-tags", f"docker://{PYTHON}").out)
    assert found["Digest"] == images["library/python:3.11-slim"].digest
    assert outside.asked == []
