"""The image of scripts/local-registry: what is in it, and the ways it runs in."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from harness.larder import TOP
from hub import Hub, client, eleven

from .registry_image import BASE, NAME, QUICK


@pytest.fixture
def engine(image_engine):
    return image_engine


@pytest.fixture
def run(run_image):
    return run_image


def test_what_the_image_is(engine):
    def inspect(name: str) -> dict:
        return json.loads(engine("image", "inspect", name).out)[0]
    image = inspect(NAME)
    added = image["Size"] - inspect(BASE)["Size"]
    print(f"the image adds {added / 1e6:.1f} MB to its base")
    assert 1e6 < added < 60e6
    config = image["Config"]
    assert config["User"].split(":")[0] not in ("", "0", "root")
    assert list(config["Volumes"]) == ["/var/lib/registry"]
    assert list(config["ExposedPorts"]) == ["5000/tcp"] and config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] and config["Entrypoint"] == ["larder"]
    labels = {name.rpartition(".")[2]: text for name, text in config["Labels"].items()}
    assert (labels["title"], labels["name"]) == ("larder", BASE)
    version = engine("run", "--rm", "--network", "none", NAME, "version").out
    assert version == f"larder {labels['version']}\n"


def tiny(engine, scratch: Path, name: str) -> None:
    """An image to push."""
    with tarfile.open(scratch / "tiny.tar", "w") as tar:
        info = tarfile.TarInfo("hello")
        info.size = 5
        tar.addfile(info, io.BytesIO(b"hello"))
    engine("import", str(scratch / "tiny.tar"), name)


def test_a_registry_of_your_own(engine, volume, run, scratch):
    """Push, list, stop, start again on the same volume, pull; healthy, and not root."""
    options = ["-v", f"{volume}:/var/lib/registry", *QUICK]
    one = run(options=options)
    name = f"{one.host}/bakery/app:1"
    tiny(engine, scratch, name)
    engine("push", name)
    assert json.loads(client.get(one.url + "/v2/_catalog").body) == {
        "repositories": ["bakery/app"]}
    assert engine("exec", one.id, "id", "-u").out.strip() == "1000"
    one.wait_healthy()
    one.stop()
    engine("rmi", name)
    two = run(options=[*options, "--read-only", "--cap-drop", "ALL", "--security-opt",
                       "no-new-privileges"])
    engine("pull", f"{two.host}/bakery/app:1")
    engine("rmi", f"{two.host}/bakery/app:1")


def test_a_cache(run, bridge):
    """REGISTRY_PROXY_REMOTEURL, as registry:2's image has it."""
    with Hub(address=bridge[1]) as hub:
        hub.add_all(eleven(host="docker.io"))
        one = run(options=["-e", f"REGISTRY_PROXY_REMOTEURL={hub.url}"])
        for _ in range(2):
            assert client.pull(one.url, "library/alpine", "3.19").ok
        assert hub.count(kind="manifest_get", status=200) == 2      # the index, and one image
        hub.fault("any", "refused")
        assert client.pull(one.url, "library/alpine", "3.19").ok


def test_the_whole_product(run):
    assert "upstreams=9" in run(options=["-e", "LARDER_MIRROR=true"]).logs()


@pytest.mark.parametrize("words", [(), ("serve",), ("serve", "/etc/docker/registry/config.yml"),
                                   ("/etc/docker/registry/config.yml",)], ids=" ".join)
def test_a_mounted_config_file(run, scratch, words):
    path = scratch / "config.yml"
    path.write_text("version: 0.1\nhttp:\n  addr: :5001\n  headers:\n    X-Mine: [here]\n"
                    "storage:\n  filesystem:\n    rootdirectory: /var/lib/registry\n")
    one = run(*words, port=5001,
              options=["-v", f"{path}:/etc/docker/registry/config.yml:ro", *QUICK])
    assert client.get(one.url + "/v2/").header("x-mine") == "here"
    one.wait_healthy()


def test_the_name_of_its_program(run):
    """As in `command: [registry, serve, ...]` of Kubernetes."""
    run("serve", "/etc/docker/registry/config.yml", options=["--entrypoint", "registry"])


def test_another_port_by_variable(run):
    run(port=5001, options=["-e", "REGISTRY_HTTP_ADDR=0.0.0.0:5001", *QUICK]).wait_healthy()


def test_a_directory_of_roots(engine, scratch):
    """It does not start, and says what to do."""
    (scratch / "volume").mkdir(mode=0o755)
    done = engine("run", "--rm", "-v", f"{scratch}/volume:/var/lib/registry", NAME, check=False)
    assert done.status == 1 and "chown -R 1000:1000" in done.err
    assert list((scratch / "volume").iterdir()) == []


CONTEXT = "FROM scratch\nCOPY src/app/main.c meson.build scripts/deps.sh /\n"


@pytest.mark.parametrize("kit", ["0", "1"], ids=["classic", "BuildKit"])
def test_the_context(engine, scratch, kit):
    """Through the link, and nothing in it that does not belong."""
    def attempt(text: str):
        (scratch / "Dockerfile").write_text(text)
        engine.env["DOCKER_BUILDKIT"] = kit
        return engine("build", "-f", str(scratch / "Dockerfile"), "-t", "context",
                      "scripts/local-registry", cwd=TOP, check=False)
    try:
        assert attempt(CONTEXT).status == 0
        for other in ("README.md", ".git", "tests", "build-test"):
            assert attempt(f"FROM scratch\nCOPY {other} /\n").status != 0
    finally:
        engine.env["DOCKER_BUILDKIT"] = "0"
        engine("rmi", "-f", "context", check=False)


def test_the_context_of_buildah(containers, scratch):
    (scratch / "Dockerfile").write_text(CONTEXT)
    build = ("build", "-f", str(scratch / "Dockerfile"), "-t", "localhost/context",
             "scripts/local-registry")
    containers.buildah(*build, cwd=TOP)
    (scratch / "Dockerfile").write_text("FROM scratch\nCOPY README.md /\n")
    assert containers.buildah(*build, cwd=TOP, check=False).status != 0
