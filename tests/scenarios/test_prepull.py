"""scripts/prepull-base-images.sh: the words that people know."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness import Command, larder_binary
from hub import build, eleven

from .helpers import ask, check_store

TOP = Path(__file__).resolve().parents[2]
SCRIPT = TOP / "scripts/prepull-base-images.sh"


@pytest.fixture
def prepull(scratch, hub, hubs):
    """prepull(*words, NAME=value) runs the script with the program that is under test."""
    gcr = hubs()
    hub.add_all(eleven(host="docker.io"))
    gcr.add_all(eleven(host="gcr.io"))
    env = Command(scratch / "root", {"docker.io": hub.url, "gcr.io": gcr.url}).env

    def run(*words: str, **more: str):
        return subprocess.run([str(SCRIPT), *words], capture_output=True, text=True,
                              env={**env, "LARDER": str(larder_binary()), **more},
                              cwd=scratch, timeout=60)
    return run


@pytest.mark.concurrent
def test_into_a_local_registry(prepull, larders, scratch, hub):
    registry = larders(root=scratch / "registry")
    there = {"USE_LOCAL_REGISTRY": "true", "LOCAL_REGISTRY": registry.host}
    done = prepull(**there)
    assert done.returncode == 0, done
    assert done.stdout.count(" new ") == 11
    names = json.loads(ask(registry, "/v2/_catalog").body)["repositories"]
    assert names == ["alpine", "alpine/git", "bitnami/kubectl", "busybox", "curlimages/curl",
                     "gcr.io/kaniko-project/executor", "postgres", "python", "redis"]
    for one in eleven():
        name = one.repository.removeprefix("library/")
        if one.host != "docker.io":
            name = f"{one.host}/{name}"
        got = ask(registry, f"/v2/{name}/manifests/{one.tag}")
        assert got.header("docker-content-digest") == one.image.digest, name
    check_store(registry.root)
    spent, sent = hub.quota_spent, registry.metric("larder_http_received_bytes_total")
    done = prepull(**there)
    assert done.returncode == 0 and done.stdout.count(" current ") == 11
    assert "given to" not in done.stdout and hub.quota_spent == spent
    assert registry.metric("larder_http_received_bytes_total") == sent


def test_other_images_and_another_list(prepull, larders, scratch, hub):
    registry = larders(root=scratch / "registry")
    there = {"USE_LOCAL_REGISTRY": "1", "LOCAL_REGISTRY": registry.host}
    hub.add(build("library/mine", "1"), "library/mine", "1")
    (scratch / "list").write_text("mine:${TAG}\n")
    done = prepull(**there, IMAGES_FILE=str(scratch / "list"), TAG="1")
    assert done.returncode == 0 and "1 image: 1 new" in done.stdout, done
    done = prepull("--platform", "linux/arm64", "alpine:3.19", **there)
    assert done.returncode == 0 and "1 image: 1 new" in done.stdout, done
    done = prepull(**there, IMAGES_FILE="/nowhere/list")
    assert done.returncode == 1 and "/nowhere/list: No such file" in done.stderr, done


def test_what_cannot_be(prepull, scratch):
    done = prepull(USE_LOCAL_REGISTRY="maybe")
    assert done.returncode == 100 and 'USE_LOCAL_REGISTRY is "maybe"' in done.stderr
    done = prepull(DOCKER_HOST=f"unix://{scratch}/no.sock")
    assert done.returncode == 1 and "no.sock" in done.stderr, done
    done = prepull("busybox:1.36", USE_LOCAL_REGISTRY="true", LOCAL_REGISTRY="127.0.0.1:1")
    assert done.returncode == 1 and "refused" in done.stdout
    assert "usage" not in prepull("--help").stderr
    done = prepull(HOME="", LARDER_ROOT="")
    assert done.returncode == 100 and "HOME is not set" in done.stderr, done
