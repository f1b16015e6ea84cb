"""The other two ways of caching base images, word for word: a local registry that is filled
before builds want it, and a cache that builds pull through without knowing; and how long it
takes from a clone to that."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import larder_binary
from harness.larder import TOP
from hub import Hub, build, client, eleven

from .conftest import expect_one_pull
from .engines import Dockerd
from .procs import Daemon, need, run
from .registry_image import PORT, Container, free_port

PYTHON = "python:3.11-slim"


def words_of(engine: Dockerd, scratch: Path, *hubs: Hub, **more: str) -> dict[str, str]:
    """What a user's shell has, for scripts and larder's commands."""
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("LARDER_", "REGISTRY_", "DOCKER_", "XDG_"))
           and not key.lower().endswith("_proxy")}
    env.update(HOME=str(scratch), LARDER=str(larder_binary()),
               DOCKER_HOST=engine.env["DOCKER_HOST"], DOCKER_BUILDKIT="0")
    for hub, name in zip(hubs, ("DOCKER_IO", "GCR_IO")):
        env[f"LARDER_UPSTREAMS_{name}_URL"] = hub.url
    return {**env, **more}


def service(folder: Path, base: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "app").write_text("bread\n")
    (folder / "Dockerfile").write_text(f"FROM {base}\nCOPY app /app\n")
    return folder


@pytest.fixture
def engine(image_engine: Dockerd) -> Iterator[Dockerd]:
    """The one that runs the container is the one that builds, as on anybody's machine.  What
    a test leaves in it goes; what the image was built from stays."""
    before = set(image_engine("images", "--all", "--quiet", "--no-trunc").out.split())
    yield image_engine
    left = [line.split() for line in image_engine(
        "images", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}").out.splitlines()]
    image_engine("image", "rm", "--force", *(name.replace("<none>:<none>", id)
                                             for id, name in left if id not in before))


def test_option_2(engine, volume, run_image, hub, gcr, scratch, image_outside):
    """docker run, prepull-base-images.sh, curl, docker build; then all of it again."""
    options = ["-v", f"{volume}:/var/lib/registry"]
    registry: Container = run_image(options=options, published=PORT)
    local = f"localhost:{registry.port}"
    print("as the words have it" if registry.port == PORT else f"port {PORT} is taken")
    address = {} if registry.port == PORT else {"LOCAL_REGISTRY": local}
    env = words_of(engine, scratch, hub, gcr, USE_LOCAL_REGISTRY="true", **address)
    registry_url = f"http://{local}"

    run(["./scripts/prepull-base-images.sh"], env, cwd=TOP)
    names = {one.repository.removeprefix("library/") if one.host == "docker.io"
             else f"{one.host}/{one.repository}" for one in eleven()}
    listed = json.loads(run(["curl", "-fsS", f"{registry_url}/v2/_catalog"], env).out)
    assert set(listed["repositories"]) == names and sent_to(registry) > 11
    for one in eleven():
        name = (one.repository.removeprefix("library/") if one.host == "docker.io"
                else f"{one.host}/{one.repository}")
        answer = client.get(f"{registry.url}/v2/{name}/manifests/{one.tag}",
                            headers={"Accept": "*/*"})
        assert answer.status == 200 and answer.header("docker-content-digest") == one.image.digest

    # builds need nothing but the registry
    for one in (hub, gcr):
        one.fault("any", "refused")
    asked = len(image_outside.asked)
    engine("build", "-t", "service", str(service(scratch / "one", f"{local}/{PYTHON}")))
    base = engine.image(f"{local}/{PYTHON}")
    assert engine.image("service")["Layers"][:-1] == base["Layers"]
    assert base["Id"] == next(one.image.config().digest for one in eleven()
                              if f"{one.repository}:{one.tag}" == f"library/{PYTHON}")
    service(scratch / "tree/orders", PYTHON)
    service(scratch / "tree/web", "alpine:3.19")
    service(scratch / "tree/images", "gcr.io/kaniko-project/executor:v1.23.0")
    done = run(["./scripts/build-services.sh", str(scratch / "tree")], env, cwd=TOP, timeout=120)
    rows = [re.split("  +", line) for line in done.out.splitlines()[1:]]
    assert sorted(row[:2] for row in rows) == [
        ["images", "built"], ["orders", "built"], ["web", "built"]]
    assert {row[3] for row in rows} == {f"local registry {local}"}
    assert len(image_outside.asked) == asked

    # again: nothing is sent, and it costs nothing; not even where the registry is a new one on
    # the old volume
    for one in (hub, gcr):
        one.clear_faults()
    spent = hub.quota_spent
    expect_all_there(env, hub, spent, registry)
    engine("rm", "-f", registry.id)
    again = run_image(options=options, published=registry.port)
    assert again.port == registry.port
    engine.forget(f"{local}/{PYTHON}")
    engine("build", "--no-cache", "-t", "service", str(scratch / "one"))
    expect_all_there(env, hub, spent, again)


def sent_to(registry: Container) -> int:
    """Requests that brought it anything."""
    return len(re.findall(" method=(?:PUT|POST|PATCH) ", registry.logs()))


def expect_all_there(env: dict[str, str], hub: Hub, spent: float, registry: Container) -> None:
    before = sent_to(registry)
    done = run(["./scripts/prepull-base-images.sh"], env, cwd=TOP)
    assert done.out.count(" current ") == 11 and "given to" not in done.out, str(done)
    assert hub.quota_spent == spent
    assert sent_to(registry) == before


def doctor(engine: Dockerd, scratch: Path, mirror: str, **more: str) -> dict[str, dict[str, str]]:
    """Findings by name."""
    etc = scratch / "etc"
    etc.mkdir(exist_ok=True)
    if not (etc / "docker").exists():
        (etc / "docker").symlink_to(engine.directory)
    env = words_of(engine, scratch, LARDER_ROOT=str(scratch / "no-store"), **more)
    done = run([str(larder_binary()), "doctor", "--json", "--mirror", mirror, "--etc", str(etc),
                "--engine", f"{engine.directory}/sock"], env, check=False)
    found = {one["check"]: one for one in map(json.loads, done.out.splitlines())}
    bad = [one for one in found.values() if one["state"] == "fail"]
    assert done.status == (2 if bad else 0), str(done)
    assert "larder-probe" not in engine("images").out
    return found


def test_option_3(engine, volume, run_image, bridge, images, scratch, image_outside):
    """docker run with a REMOTEURL, larder setup docker, docker build."""
    with Hub(profile="docker.io", address=bridge[1]) as hub:
        hub.add_all(eleven(host="docker.io"))
        hub.add(build("thing", layer_size=2000), "ratelimitpreview/test", "latest")
        cache: Container = run_image(
            options=["-v", f"{volume}:/var/lib/registry", "-e",
                     f"REGISTRY_PROXY_REMOTEURL={hub.url}"], published=PORT)
        config = engine.directory / "daemon.json"
        setup = [str(larder_binary()), "setup", "docker", "--mirror", cache.url, "--yes",
                 "--path", str(config)]
        env = words_of(engine, scratch)
        run(setup, env)
        try:
            assert json.loads(config.read_text())["registry-mirrors"] == [cache.url]
            # Docker does not know of it yet, and doctor sees that
            found = doctor(engine, scratch, cache.url, REGISTRY_PROXY_REMOTEURL=hub.url)
            assert "has not been restarted" in found["docker mirror"]["found"]
            assert found["docker pull"]["state"] == "fail"
            engine.reload()
            builds_pull_through(engine, hub, images[f"library/{PYTHON}"], scratch, image_outside)
            found = doctor(engine, scratch, cache.url, REGISTRY_PROXY_REMOTEURL=hub.url)
            assert [one for one in found.values() if one["state"] == "fail"] == []
            assert "through this larder" in found["docker pull"]["found"]
            assert found["docker mirror"]["state"] == found["mirror"]["state"] == "ok"
            # who does not know what the container was started with is told the same of Docker
            found = doctor(engine, scratch, cache.url)
            assert "through this larder" in found["docker pull"]["found"]
        finally:
            run([*setup, "--undo"], env)
            engine.reload()


def builds_pull_through(engine: Dockerd, hub: Hub, image, scratch: Path, outside) -> None:
    asked = len(outside.asked)
    folder = service(scratch / "one", PYTHON)
    engine("build", "-t", "service", str(folder))
    assert engine.image(PYTHON)["Id"] == image.config().digest
    expect_one_pull(hub, image)
    spent, gets = hub.quota_spent, hub.count(method="GET", kind="blob")
    engine.forget("service", PYTHON)
    engine("build", "--no-cache", "-t", "service", str(folder))
    assert engine.image(PYTHON)["Id"] == image.config().digest
    assert (hub.quota_spent, hub.count(method="GET", kind="blob")) == (spent, gets)
    assert len(outside.asked) == asked


def test_from_a_clone_to_a_cached_pull(hub, images, scratch, outside):
    """As a new user has it: git clone, serve.sh, docker pull; and once more from the cache."""
    need("git", root=False)
    if not (TOP / ".git").exists():
        pytest.skip("this is no clone")
    image = images[f"library/{PYTHON}"]
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Dockerd(scratch / "docker", url, outside.url, by_file=True) as docker:
        env = words_of(docker, scratch, hub)
        del env["LARDER"]
        began = time.monotonic()
        run(["git", "-c", f"safe.directory={TOP}/.git", "-c", f"safe.directory={TOP}", "clone",
             "--quiet", str(TOP), str(scratch / "larder")], env)
        served = Daemon([str(scratch / "larder/scripts/serve.sh"), "--addr",
                         f"127.0.0.1:{port}", "--root", str(scratch / "store")], env)
        try:
            assert served.wait_log("serve.listening", timeout=300), served.tail()
            ready = time.monotonic() - began
            docker("pull", PYTHON)
            docker.forget(PYTHON)
            docker("pull", PYTHON)
            took = time.monotonic() - began
        finally:
            served.stop()
        assert docker.image(PYTHON)["Id"] == image.config().digest
    print(f"from a clone to serving {ready:.1f} s, to a pull from the cache {took:.1f} s")
    expect_one_pull(hub, image)
    assert outside.asked == []
    assert took < 300
