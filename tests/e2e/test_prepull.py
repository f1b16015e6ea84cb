"""The simple cache, word for word: prepull-base-images.sh fills a real engine, and builds
then need no network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from harness import larder_binary
from hub import Hub, build, eleven

from .engines import Dockerd
from .outside import Outside

TOP = Path(__file__).resolve().parents[2]
SCRIPT = TOP / "scripts/prepull-base-images.sh"


@pytest.fixture
def engine(scratch: Path, outside: Outside):
    """Docker without any mirror: what it does not have it cannot get."""
    with Dockerd(scratch / "docker", "http://127.0.0.1:1", outside.url) as made:
        yield made


@pytest.fixture
def prepull(scratch: Path, engine: Dockerd, hub: Hub, gcr: Hub):
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("LARDER_", "REGISTRY_", "DOCKER_"))
           and not key.lower().endswith("_proxy")}
    env.update(HOME=str(scratch), LARDER=str(larder_binary()),
               DOCKER_HOST=engine.env["DOCKER_HOST"],
               LARDER_UPSTREAMS_DOCKER_IO_URL=hub.url, LARDER_UPSTREAMS_GCR_IO_URL=gcr.url)
    env.pop("XDG_CACHE_HOME", None)

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(SCRIPT), *words], env={**env, **more}, timeout=120,
                              capture_output=True, text=True)
    return run


def test_option_1(prepull, engine, hub, gcr, outside, scratch, busybox):
    done = prepull()
    assert done.returncode == 0, done
    listed = engine("images", "--format", "{{.Repository}}:{{.Tag}}").out.split()
    wanted = {f"{one.repository.removeprefix('library/')}:{one.tag}" if one.host == "docker.io"
              else f"{one.host}/{one.repository}:{one.tag}" for one in eleven()}
    assert set(listed) == wanted and len(listed) == 11
    for one in eleven():
        name = one.repository if one.host == "docker.io" else f"{one.host}/{one.repository}"
        assert engine.image(f"{name}:{one.tag}")["Id"] == one.image.config().digest

    # a build needs nothing but the engine
    for registry in (hub, gcr):
        registry.fault("any", "refused")
    context = scratch / "service"
    context.mkdir()
    (context / "app").write_text("bread\n")
    (context / "Dockerfile").write_text("FROM python:3.11-slim\nCOPY app /app\n")
    engine("build", "-t", "service", str(context))
    layers = engine.image("service")["Layers"]
    assert layers[:-1] == engine.image("python:3.11-slim")["Layers"]
    assert outside.asked == []

    # and again: what is there costs neither quota nor time
    for registry in (hub, gcr):
        registry.clear_faults()
    spent = hub.quota_spent
    done = prepull()
    assert done.returncode == 0 and done.stdout.count(" current ") == 11, done
    assert "given to" not in done.stdout
    assert hub.quota_spent == spent


def test_one_that_moved_is_taken_in(prepull, engine, hub):
    hub.add(build("moving", "1"), "library/moving", "1")
    assert prepull("moving:1").returncode == 0
    new = build("moving", "2")
    hub.move_tag("library/moving", "1", new)
    done = prepull("moving:1")
    assert done.returncode == 0 and " moved " in done.stdout and "given to Docker" in done.stdout
    assert engine.image("moving:1")["Id"] == new.config().digest
    # what was removed from the engine comes back from the store
    engine.forget("moving:1")
    hub.fault("any", "refused")
    done = prepull("moving:1")
    assert done.returncode == 0 and " stale " in done.stdout, done
    assert engine.image("moving:1")["Id"] == new.config().digest
