"""Real clients push to larder, and get back what they pushed."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Larder
from hub import client

from .procs import environment, run

PYTHON = "library/python:3.11-slim"


@pytest.fixture
def larder(scratch: Path, hub, gcr) -> Iterator[Larder]:
    """A mirror in which bakery/ lives."""
    made = Larder(scratch / "store", {"docker.io": hub.url, "gcr.io": gcr.url},
                  settings={"local": ["bakery/**"]},
                  config="storage:\n  delete:\n    enabled: true\n")
    try:
        with made:
            yield made
    finally:
        print("--- larder", made.tail(), *made.access[-60:], sep="\n")


def root_of(larder: Larder, name: str) -> tuple[str, bytes]:
    """Digest and bytes of what a tag names, as larder gives it out."""
    repository, tag = name.rsplit(":", 1)
    got = client.get(f"{larder.url}/v2/{repository}/manifests/{tag}")
    assert got.status == 200
    return got.header("docker-content-digest"), bytes(got.body)


def sent(larder: Larder) -> int:
    """Blobs that were sent: each upload ends with one PUT."""
    return sum(" method=PUT " in line and "/blobs/" in line for line in larder.access)


# --- docker -------------------------------------------------------------------------------

def test_docker_pushes_and_pulls_back(docker, larder, images, hub):
    name = f"{larder.host}/bakery/app:1"
    docker("pull", "python:3.11-slim")
    docker("tag", "python:3.11-slim", name)
    done = docker("push", name)
    digest = re.search(r"digest: (sha256:[0-9a-f]{64})", done.out)[1]
    assert root_of(larder, "bakery/app:1")[0] == digest
    docker.forget(name, "python:3.11-slim")
    asked = hub.count()
    docker("pull", name)
    assert docker.image(name)["Id"] == images[PYTHON].config().digest
    assert f"{larder.host}/bakery/app@{digest}" in docker.image(name)["RepoDigests"]
    assert hub.count() == asked
    docker("push", name)                        # again: nothing is sent


def test_docker_mounts_the_layers_of_a_mirrored_base(docker, larder, images):
    """What was pulled through larder is not sent back to it."""
    base = f"{larder.host}/{PYTHON}"
    docker("pull", base)
    before = sent(larder)
    name = f"{larder.host}/bakery/on-python:1"
    docker("tag", base, name)
    docker("push", name)
    layers = len(images[PYTHON].layers())
    mounted = [line for line in larder.access if "mount=" in line and " status=201 " in line]
    assert len(mounted) == layers
    assert sent(larder) - before <= 1, "only the config"


def test_docker_is_told_why_a_mirrored_name_takes_no_push(docker, larder):
    name = f"{larder.host}/library/python:3.11-slim"
    docker("pull", "python:3.11-slim")
    docker("tag", "python:3.11-slim", name)
    done = docker("push", name, check=False)
    assert done.status != 0 and "larder.local" in done.text


# --- podman, skopeo, buildah ------------------------------------------------------------------

def test_podman_pushes_and_pulls_back(containers, larder, images):
    name = f"{larder.host}/bakery/podman:1"
    containers.podman("pull", "docker.io/" + PYTHON)
    containers.podman("tag", "docker.io/" + PYTHON, name)
    containers.podman("push", "--tls-verify=false", name)
    containers.forget(name, "docker.io/" + PYTHON)
    containers.podman("pull", "--tls-verify=false", name)
    assert containers.image(name)["Digest"] == root_of(larder, "bakery/podman:1")[0]
    assert containers.image(name)["Id"] == images[PYTHON].config().digest[7:]


def test_skopeo_keeps_all_platforms(containers, larder, images, scratch):
    """An index with platforms and attestations goes in and comes out as it was."""
    image = images[PYTHON]
    target = f"docker://{larder.host}/bakery/all:1"
    containers.skopeo("copy", "--all", "--preserve-digests", "docker://docker.io/" + PYTHON,
                      "--dest-tls-verify=false", target)
    assert root_of(larder, "bakery/all:1") == (image.digest, image.root.data)
    containers.skopeo("copy", "--all", "--preserve-digests", "--src-tls-verify=false", target,
                      f"dir:{scratch}/back")
    assert (scratch / "back/manifest.json").read_bytes() == image.root.data
    for digest, manifest in image.manifests.items():
        if digest != image.digest:
            assert (scratch / f"back/{digest[7:]}.manifest.json").read_bytes() == manifest.data
    before = sent(larder)
    containers.skopeo("copy", "--all", "--preserve-digests", "--src-tls-verify=false", target,
                      "--dest-tls-verify=false", f"docker://{larder.host}/bakery/copy:1")
    assert root_of(larder, "bakery/copy:1")[0] == image.digest
    manifests = len(image.manifests) - 1
    assert sent(larder) - before <= manifests, "of each only the config; layers are mounted"
    containers.skopeo("delete", "--tls-verify=false", f"docker://{larder.host}/bakery/copy:1")
    assert client.get(f"{larder.url}/v2/bakery/copy/manifests/1").status == 404


def test_buildah_builds_and_pushes(containers, larder, scratch):
    (scratch / "tree").mkdir()
    (scratch / "tree/Dockerfile").write_text("FROM python:3.11-slim\nLABEL a=b\n")
    name = f"{larder.host}/bakery/built:1"
    containers.buildah("bud", "-t", name, ".", cwd=scratch / "tree")
    containers.buildah("push", "--tls-verify=false", name)
    digest, data = root_of(larder, "bakery/built:1")
    config = json.loads(data)["config"]["digest"]
    got = client.get(f"{larder.url}/v2/bakery/built/blobs/{config}")
    assert json.loads(got.body)["config"]["Labels"]["a"] == "b"
    found = json.loads(containers.skopeo("inspect", "--tls-verify=false", "--no-tags",
                                         f"docker://{name}").out)
    assert found["Digest"] == digest


# --- containerd -------------------------------------------------------------------------------

def test_ctr_pushes_and_pulls_back(ctr, larder, images):
    name = f"{larder.host}/bakery/ctr:1"
    ctr.pull("docker.io/" + PYTHON)
    ctr("images", "tag", "docker.io/" + PYTHON, name)
    ctr("images", "push", "--plain-http", "--platform", "linux/amd64", name)
    digest = root_of(larder, "bakery/ctr:1")[0]
    assert digest in (images[PYTHON].digest, images[PYTHON].manifest().digest)
    ctr.forget("docker.io/" + PYTHON, name)
    ctr("images", "pull", "--plain-http", name)
    assert ctr.images()[name] == digest
    for blob in images[PYTHON].layers():
        assert ctr.has(blob.digest)


# --- oras, cosign ------------------------------------------------------------------------------

def tool(name: str, scratch: Path):
    """A runner of a program that is not Debian's; skipped where it is not there."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    env = environment(scratch, "http://127.0.0.1:1", COSIGN_PASSWORD="", PATH=os.environ["PATH"])
    return lambda *words, check=True: run([found, *words], env, cwd=scratch, timeout=120,
                                          check=check)


def test_oras_attaches_and_discovers(larder, scratch):
    oras = tool("oras", scratch)
    (scratch / "file.txt").write_text("hello")
    (scratch / "sbom.json").write_text("{}")
    name = f"{larder.host}/bakery/artifact:1"
    oras("push", "--plain-http", name, "file.txt:text/plain")
    oras("attach", "--plain-http", "--artifact-type", "application/vnd.test.sbom", name,
         "sbom.json:application/json")
    done = oras("discover", "--plain-http", "--format", "json", name)
    assert "application/vnd.test.sbom" in done.out
    tags = json.loads(client.get(f"{larder.url}/v2/bakery/artifact/tags/list").body)["tags"]
    assert tags == ["1"], "no list under a fallback tag: the API was used"
    (scratch / "out").mkdir()
    oras("pull", "--plain-http", "-o", "out", name)
    assert (scratch / "out/file.txt").read_text() == "hello"


def test_cosign_signs_and_verifies(containers, larder, images, scratch):
    cosign = tool("cosign", scratch)
    containers.skopeo("copy", "--dest-tls-verify=false", "docker://docker.io/" + PYTHON,
                      f"docker://{larder.host}/bakery/signed:1")
    name = f"{larder.host}/bakery/signed@{root_of(larder, 'bakery/signed:1')[0]}"
    cosign("generate-key-pair")
    cosign("sign", "--key", "cosign.key", "--tlog-upload=false", "--allow-http-registry", "-y",
           name)
    cosign("verify", "--key", "cosign.pub", "--insecure-ignore-tlog", "--allow-http-registry",
           name)


# --- passwords -------------------------------------------------------------------------------

# bcrypt of "secret", of the least cost that there is
HASH = "$2b$04$2FNX8h4hLss.MNhdUPxlIexN50q3XpuC51NrOhV0RcpNBdIM2oHLm"


@pytest.fixture
def guarded(scratch: Path, larder) -> Iterator[Larder]:
    """guarded(*rules): a second registry, whose user is ann with the password secret."""
    made: list[Larder] = []
    users = scratch / "htpasswd"
    users.write_text(f"ann:{HASH}\n")

    def make(*rules: str) -> Larder:
        made.append(Larder(scratch / "guarded", settings={"access": list(rules)} if rules else {},
                           config=f"auth:\n  htpasswd:\n    realm: x\n    path: {users}\n"))
        return made[-1].start()

    yield make
    for one in made:
        one.stop()


@pytest.mark.parametrize("rules", [(), ("anonymous ** pull", "users ** all")],
                         ids=["basic", "bearer"])
def test_docker_with_a_password(docker, guarded, rules):
    """Push needs it; pull does where nobody else may.  Both kinds of challenge."""
    registry = guarded(*rules)
    name = f"{registry.host}/bakery/app:1"
    docker("pull", "busybox:1.36")
    docker("tag", "busybox:1.36", name)
    done = docker("push", name, check=False)
    assert done.status != 0 and done.seconds < 4, "Docker repeats what is not allowed"
    assert docker("login", "-u", "ann", "-p", "wrong", registry.host, check=False).status != 0
    docker("login", "-u", "ann", "-p", "secret", registry.host)
    docker("push", name)
    docker("logout", registry.host)
    docker.forget(name, "busybox:1.36")
    assert (docker("pull", name, check=False).status == 0) == bool(rules)


@pytest.mark.parametrize("rules", [(), ("anonymous ** pull", "users ** all")],
                         ids=["basic", "bearer"])
def test_podman_and_skopeo_with_a_password(containers, guarded, rules):
    registry = guarded(*rules)
    name = f"{registry.host}/bakery/app:1"
    source = "docker://docker.io/library/busybox:1.36"
    copy = ("copy", "--all", "--dest-tls-verify=false", source, f"docker://{name}")
    assert containers.skopeo(*copy, check=False).status != 0
    containers.skopeo("copy", "--all", "--dest-tls-verify=false", "--dest-creds", "ann:secret",
                      source, f"docker://{name}")
    done = containers.podman("pull", "--tls-verify=false", name, check=False)
    assert (done.status == 0) == bool(rules)
    containers.podman("pull", "--tls-verify=false", "--creds", "ann:secret", name)


def test_ctr_with_a_password(ctr, guarded):
    registry = guarded("anonymous ** pull", "users ** all")
    name = f"{registry.host}/bakery/app:1"
    ctr.pull("docker.io/library/busybox:1.36")
    ctr("images", "tag", "docker.io/library/busybox:1.36", name)
    push = ("images", "push", "--plain-http", "--platform", "linux/amd64", name)
    assert ctr(*push, check=False).status != 0
    ctr(*push[:2], "--user", "ann:secret", *push[2:])
    ctr.forget(name, "docker.io/library/busybox:1.36")
    ctr("images", "pull", "--plain-http", name)
