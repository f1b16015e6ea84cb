"""Images of a store into real engines, and to Debian's registry, without the pull command."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Larder
from hub import build, images
from hub.push import Pusher
from scenarios import targets

from .containers import Containers
from .engines import Dockerd
from .procs import Daemon, environment, need

FROM = "library/thing"
IMAGE = build("thing", attestations=True)
SCHEMA2 = build("schema2", docker=True)
NAME = "docker.io/library/thing:1"


@pytest.fixture
def root(scratch: Path) -> Iterator[Path]:
    with Larder(scratch / "from") as made:
        yield targets.fill(made, (FROM, "1", IMAGE), ("library/schema2", "1", SCHEMA2),
                           ("library/large", "1", build("large", layer_size=3 << 20)))


@pytest.fixture
def podman(scratch: Path, outside) -> Iterator[tuple[str, Containers]]:
    """Podman's service on a socket, and the command beside it."""
    containers = Containers(scratch / "containers", "127.0.0.1:9", [], outside.url)
    place = f"unix://{scratch}/podman.sock"
    service = Daemon(containers._podman(("--log-level", "info", "system", "service",
                                         "--time", "0", place)), containers.env)
    try:
        assert service.wait_log("API service listening on"), service.tail()
        yield place, containers
    finally:
        service.stop()
        print(service.tail())


def load(root: Path, engine: str, *names: str, image: images.Image = IMAGE,
         source: str = FROM, **options: object) -> dict:
    result, = targets.run("load", root, source, image.digest, engine, *names, **options)
    return result


def loaded(*arguments: object, **options: object) -> dict:
    result = load(*arguments, **options)
    assert result["ok"], result
    return result


def config_of(image: images.Image, platform: str = "linux/amd64") -> str:
    return image.config(platform).digest


# --- Docker ---

def test_docker(root, docker: Dockerd):
    """The id that a pull would give; then nothing to do; then only a name."""
    where = docker.env["DOCKER_HOST"]
    first = loaded(root, where, "thing:1")
    assert not first["current"] and first["sent"] >= IMAGE.pull_size()
    assert first["id"] == config_of(IMAGE) == docker.image("thing:1")["Id"]
    assert docker("images", "--format", "{{.Repository}}:{{.Tag}}").out.split() == ["thing:1"]
    again = loaded(root, where, NAME, f"thing:1@{IMAGE.digest}")
    assert again["current"] and again["sent"] == 0
    named = loaded(root, where, "thing:1", "localhost:5000/thing:1", "thing:2")
    assert not named["current"] and named["sent"] == 0
    assert sorted(docker("images", "--format", "{{.Repository}}:{{.Tag}}").out.split()) == [
        "localhost:5000/thing:1", "thing:1", "thing:2"]
    facts, = targets.run("engine", where)
    assert facts["name"].startswith("Docker ") and not facts["podman"], facts
    assert facts["platform"] == "linux/amd64" and not facts["containerd"]


def test_docker_takes_other_forms(root, docker: Dockerd):
    """Docker's own media types; another platform; several names at first."""
    where = docker.env["DOCKER_HOST"]
    loaded(root, where, "schema2:1", "schema2:b", image=SCHEMA2, source="library/schema2")
    assert docker.image("schema2:b")["Id"] == config_of(SCHEMA2)
    loaded(root, where, "thing:arm", platform="linux/arm64")
    found = docker.image("thing:arm")
    assert found["Id"] == config_of(IMAGE, "linux/arm64/v8")
    assert found["Architecture"] == "arm64"


def test_docker_and_what_cannot_be(root, scratch, docker: Dockerd):
    where = docker.env["DOCKER_HOST"]
    no = load(root, where, f"thing@{IMAGE.digest}")
    assert no["kind"] == "invalid" and "name:tag@digest" in no["error"]
    no = load(root, where, "thing:1", platform="linux/s390x")
    assert no["kind"] == "not_found" and "linux/s390x" in no["error"]
    # A corrupt layer: the engine is left before it has the whole, and has nothing.
    layer = IMAGE.layers()[-1].digest[7:]
    path = root / f"docker/registry/v2/blobs/sha256/{layer[:2]}/{layer}/data"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    no = load(root, where, "thing:1")
    assert no["kind"] == "corrupt" and layer in no["error"], no
    path.unlink()
    no = load(root, where, "thing:1")
    assert no["kind"] == "not_found" and "pull the image again" in no["error"], no
    assert docker("images", "--all", "--quiet").out == ""
    assert load(root, where, "large:1", image=build("large", layer_size=3 << 20),
                source="library/large")["ok"]


def zstd(image: images.Image) -> tuple[list[bytes], bytes]:
    """The image's layers compressed again, and the manifest that names them so."""
    manifest = json.loads(image.manifest().data)
    blobs = []
    for layer in manifest["layers"]:
        data = subprocess.run(["zstd", "-q", "-c"], check=True, capture_output=True,
                              input=_plain(image.blobs[layer["digest"]])).stdout
        blobs.append(data)
        layer.update(mediaType=images.OCI_LAYER + "+zstd", size=len(data),
                     digest=images.sha256(data))
    return blobs, json.dumps(manifest).encode()


def _plain(blob: images.Blob) -> bytes:
    import gzip
    return gzip.decompress(blob.read())


def test_docker_that_cannot_read_zstd_is_not_sent_it(scratch, docker: Dockerd):
    need("zstd", root=False)
    blobs, manifest = zstd(IMAGE)
    with Larder(scratch / "from") as made, Pusher(made.url) as pusher:
        for data in [*blobs, IMAGE.config().read()]:
            pusher.blob(FROM, data)
        assert pusher.manifest(FROM, "z", manifest).status == 201
        answer, = targets.run("load", made.root, FROM, images.sha256(manifest),
                              docker.env["DOCKER_HOST"], "z:1")
    if docker("version", "--format", "{{.Server.APIVersion}}").out.strip() < "1.42":
        assert answer["kind"] == "invalid" and "zstd" in answer["error"]
        assert answer["sent"] == 0
    else:
        assert answer["ok"], answer


def test_docker_pulls_and_forgets(larder, docker: Dockerd, hub):
    """What the doctor does: through the mirror, and whose it is."""
    where = docker.env["DOCKER_HOST"]
    pulled, = targets.run("pull", where, "python:3.11-slim")
    assert pulled["ok"] and "Status: Downloaded newer image" in pulled["said"], pulled
    found, = targets.run("find", where, "python:3.11-slim")
    assert found["found"] and found["repo_digest"].startswith("python@sha256:")
    assert targets.run("remove", where, "python:3.11-slim")[0]["ok"]
    assert not targets.run("find", where, "python:3.11-slim")[0]["found"]
    gone, = targets.run("remove", where, "python:3.11-slim")
    assert gone["kind"] == "not_found" and "python:3.11-slim" in gone["error"]
    missing, = targets.run("pull", where, "python:no-such-tag")
    assert not missing["ok"] and "python:no-such-tag" in missing["error"], missing
    settings, = targets.run("settings", where)
    assert settings["mirror"] == larder.url + "/" and settings["driver"]


# --- Podman ---

def test_podman(root, podman):
    """It keeps the digest too."""
    where, containers = podman
    first = loaded(root, where, "thing:1", "quay.io/other/thing:2")
    assert not first["current"] and first["id"] == config_of(IMAGE)
    for name in (NAME, "quay.io/other/thing:2"):
        found = containers.image(name)
        assert "sha256:" + found["Id"] == config_of(IMAGE)
        assert found["Digest"] == IMAGE.manifest().digest
    assert f"docker.io/library/thing@{IMAGE.manifest().digest}" in containers.image(NAME)[
        "RepoDigests"]
    again = loaded(root, where, "thing:1", "quay.io/other/thing:2")
    assert again["current"] and again["sent"] == 0
    named = loaded(root, where, "thing:b")
    assert named["sent"] == 0 and containers.image("docker.io/library/thing:b")
    loaded(root, where, "schema2:1", image=SCHEMA2, source="library/schema2")
    assert containers.image("docker.io/library/schema2:1")["Digest"] == \
        SCHEMA2.manifest().digest
    facts, = targets.run("engine", where)
    assert facts["podman"] and facts["name"].startswith("Podman "), facts
    assert targets.run("remove", where, NAME)[0]["ok"]


# --- Debian's registry:2 ---

def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def registry2(scratch: Path):
    """registry2(extra) starts docker-registry; its URL."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None:
        pytest.skip("docker-registry is not installed")
    started = []

    def start(extra: str = "") -> str:
        port = _free_port()
        config = scratch / f"registry{port}.yml"
        config.write_text("version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n"
                          f"    rootdirectory: {scratch}/registry{port}\n"
                          f"http:\n  addr: 127.0.0.1:{port}\n{extra}")
        daemon = Daemon([program, "serve", str(config)],
                        environment(scratch, "", OTEL_TRACES_EXPORTER="none"))
        started.append(daemon)
        assert daemon.wait_log("listening on"), daemon.tail()
        return f"http://127.0.0.1:{port}"

    yield start
    for daemon in started:
        daemon.stop()
        print(daemon.tail())


def test_registry2_takes_a_copy(root, registry2):
    """All platforms under the same digests; again nothing; a second repository by mount."""
    url = registry2()
    first, again, second = targets.several(
        root, url, [(FROM, IMAGE.digest, "team/thing", "1")],
        [(FROM, IMAGE.digest, "team/thing", "1")],
        [(FROM, IMAGE.digest, "team/other", "1")])
    assert first["ok"] and again["current"] and second["ok"], (first, again, second)
    assert first["sent"] == first["bytes"] and second["sent"] == 0
    assert second["mounted"] == len(IMAGE.blobs)
    for repository in ("team/thing", "team/other"):
        request = urllib.request.Request(f"{url}/v2/{repository}/manifests/1",
                                         headers={"Accept": IMAGE.root.media_type})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.read() == IMAGE.root.data


def test_registry2_as_a_cache_takes_none(root, registry2, hub):
    url = registry2(f"proxy:\n  remoteurl: {hub.url}\n")
    no, = targets.run("copy", root, url, FROM, IMAGE.digest, "library/thing", "1")
    assert no["kind"] == "invalid" and "(405)" in no["error"], no
    assert "pull-through cache" in no["error"]
