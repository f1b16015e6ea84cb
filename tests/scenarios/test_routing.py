"""Which upstream a name leads to, what is stored where, and that nothing else is asked.

A closed world: what is not configured is 404, and no request leaves the process.
"""

from __future__ import annotations

import json
import os
import re
import signal
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from hub import Hub, build, client, images

from .helpers import (ask, assert_pulled, blob_path, check_store, codes, message,
                      one_get_each, wait_until)

REGISTRY = shutil.which("docker-registry")
needs_registry = pytest.mark.skipif(REGISTRY is None, reason="no docker-registry here")


class Trap:
    """A listener that no one should reach: counts connections."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.reached = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            while True:
                self.sock.accept()[0].close()
                self.reached += 1
        except OSError:
            pass

    def close(self) -> None:
        self.sock.close()


@pytest.fixture
def trap():
    made = Trap()
    yield made
    made.close()


@pytest.fixture
def two(hub, hubs, larders):
    """docker.io, and quay.io beside it: the same name means another image in each."""
    quay = hubs(profile="quay.io")
    on_hub, on_quay = (
        there.add(build(name, layers=[images.layer({"etc/name": name.encode()})]),
                  "team/thing", "1")
        for there, name in ((hub, "hub-thing"), (quay, "quay-thing")))
    made = larders({"docker.io": hub.url, "quay.io": quay.url})
    return made, hub, quay, on_hub, on_quay


def test_ns_chooses_the_upstream(two):
    made, hub, quay, on_hub, on_quay = two
    assert_pulled(client.pull(made.url, "team/thing", "1", ns="quay.io",
                              style="containerd"), on_quay)
    assert not hub.requests()
    one_get_each(quay, on_quay)
    for ns in ("docker.io", "index.docker.io", "registry-1.docker.io", "DOCKER.IO"):
        assert_pulled(client.pull(made.url, "team/thing", "1", ns=ns,
                                  style="containerd"), on_hub)
    one_get_each(hub, on_hub)


def test_a_path_prefix_chooses_the_upstream(two):
    made, hub, quay, on_hub, on_quay = two
    assert_pulled(client.pull(made.url, "quay.io/team/thing", "1"), on_quay)
    assert not hub.requests()
    assert_pulled(client.pull(made.url, "docker.io/team/thing", "1"), on_hub)
    assert_pulled(client.pull(made.url, "team/thing", "1"), on_hub)
    assert_pulled(client.pull(made.url, "quay.io/team/thing", "1", ns="quay.io"), on_quay)
    one_get_each(hub, on_hub)
    one_get_each(quay, on_quay)
    repositories = {path.parent.relative_to(
        made.root / "docker/registry/v2/repositories").as_posix()
        for path in (made.root / "docker").rglob("_manifests")}
    assert repositories == {"team/thing", "quay.io/team/thing"}


def test_upstreams_are_isolated(two):
    """A digest that one upstream gave is not another's to give."""
    made, hub, quay, on_hub, on_quay = two
    assert client.pull(made.url, "quay.io/team/thing", "1").ok
    secret = on_quay.layers()[0].digest
    for path in (f"/v2/team/thing/manifests/{on_quay.digest}",
                 f"/v2/team/thing/blobs/{secret}"):
        answer = ask(made, path)
        assert answer.status == 404 and codes(answer), answer.data
        assert ask(made, path, "HEAD").status == 404
    assert ask(made, f"/v2/quay.io/team/thing/blobs/{secret}").status == 200


def test_library_is_added_for_docker_io_alone(two):
    made, hub, quay, _, _ = two
    image = hub.add(build("redis"), "library/redis", "7")
    plain = quay.add(build("plain"), "plain", "1")
    for name, ns in (("redis", None), ("library/redis", None), ("docker.io/redis", None),
                     ("redis", "docker.io"), ("library/redis", "docker.io")):
        assert_pulled(client.pull(made.url, name, "7", ns=ns), image)
    one_get_each(hub, image)
    for name, ns in (("plain", "quay.io"), ("quay.io/plain", None)):
        assert_pulled(client.pull(made.url, name, "1", ns=ns), plain)
    assert not quay.requests(path="library")
    assert not hub.requests(path="plain")


def test_unknown_registries_are_404_and_never_dialled(hub, larder, trap):
    made = larder()
    there = f"127.0.0.1:{trap.port}"
    for ns in ("ghcr.io", "evil.example", there, f"localhost:{trap.port}",
               f"[::1]:{trap.port}", "docker.io.evil.example", "127.0.0.1"):
        for path in ("/v2/team/thing/manifests/1", "/v2/team/thing/tags/list",
                     blob_path("team/thing", "sha256:" + "1" * 64)):
            answer = ask(made, f"{path}?ns={ns}")
            assert answer.status == 404 and codes(answer) == ["NAME_UNKNOWN"], answer.data
            assert ns.split(":")[0].strip("[]") in message(answer)
    for name in ("ghcr.io/team/thing", "evil.example/x"):
        answer = ask(made, f"/v2/{name}/manifests/1")
        assert answer.status == 404 and codes(answer) == ["NAME_UNKNOWN"]
    assert not hub.requests() and not trap.reached


@pytest.mark.parametrize("ns", [
    "", "..", "a/b", "docker.io/", "docker.io%00.evil", "http://docker.io", "a@docker.io",
    "docker.io:99999", "docker.io%0d%0aX:1", "docker.io%20", "%24(id)", "*", "x" * 5000])
def test_malformed_ns(hub, larder, ns):
    made = larder()
    answer = ask(made, f"/v2/library/thing/manifests/1?ns={ns}")
    assert answer.status in (400, 404, 414, 431), answer.data[:200]
    assert b"X:1" not in answer.head
    if answer.status in (400, 404):
        assert codes(answer)
    assert not hub.requests()


def test_two_ns_are_not_two_upstreams(two):
    made, hub, quay, on_hub, on_quay = two
    answer = ask(made, "/v2/team/thing/manifests/1?ns=quay.io&ns=docker.io")
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert answer.header("docker-content-digest") == on_quay.digest
        assert not hub.requests()


def test_local_names_are_never_looked_up(hub, larder):
    hub.add(build("secret"), "corp/app", "1")
    hub.add(build("other"), "library/tool", "1")
    made = larder(settings={"local": ["corp/**", "tool"]})
    for name in ("corp/app", "corp/deep/er", "tool"):
        for path in (f"/v2/{name}/manifests/1", f"/v2/{name}/tags/list",
                     f"/v2/{name}/blobs/sha256:{'1' * 64}"):
            answer = ask(made, path)
            assert answer.status == 404 and codes(answer), (path, answer.data)
    assert not hub.requests()
    assert ask(made, "/v2/library/tool/manifests/1").status == 200


def test_without_upstreams_it_is_a_local_registry(larders):
    made = larders({})
    for name in ("thing", "library/thing", "docker.io/library/thing", "gcr.io/x/y"):
        answer = ask(made, f"/v2/{name}/manifests/1")
        assert answer.status == 404 and codes(answer), answer.data
    assert ask(made, "/v2/thing/manifests/1?ns=docker.io").status == 404
    assert json.loads(ask(made, "/v2/_catalog").body) == {"repositories": []}


def test_an_upstream_with_a_port(hub, hubs, larders):
    other = hubs(auth="none")
    image = other.add(build("ported"), "x/ported", "1")
    host = other.host
    made = larders({"docker.io": hub.url, host: other.url})
    assert_pulled(client.pull(made.url, "x/ported", "1", ns=host), image)
    assert_pulled(client.pull(made.url, f"{host.replace(':', '_')}/x/ported", "1"), image)
    assert not hub.requests()
    one_get_each(other, image)


def test_credentials_reach_their_own_upstream_only(hub, hubs, larders):
    hub.config.users["alice"] = "pass-1"
    hub.config.private["alice/app"] = {"alice"}
    quay = hubs(profile="quay.io", users={"bob": "pass-2"}, private={"bob/app": {"bob"}})
    mine = hub.add(build("mine"), "alice/app", "1")
    his = quay.add(build("his"), "bob/app", "1")
    made = larders({
        "docker.io": {"url": hub.url, "credentials": "alice:pass-1"},
        "quay.io": {"url": quay.url, "credentials": "bob:pass-2"}})
    assert_pulled(client.pull(made.url, "alice/app", "1"), mine)
    assert_pulled(client.pull(made.url, "quay.io/bob/app", "1"), his)
    assert {e.user for e in hub.requests()} <= {None, "alice"}
    assert {e.user for e in quay.requests()} <= {None, "bob"}
    assert hub.count(kind="cdn") and not hub.requests(kind="cdn", authorization="Basic")
    assert not any(e.header("authorization") for h in (hub, quay)
                   for e in h.requests(kind="cdn"))
    log = "\n".join(made.log)
    assert "pass-1" not in log and "pass-2" not in log and "Bearer" not in log


# --- beside registry:2 ------------------------------------------------------------------

class Registry:
    """Debian's docker-registry on a store; remote: as a pull-through cache of it."""

    def __init__(self, root: Path, remote: str | None = None) -> None:
        root.parent.mkdir(parents=True, exist_ok=True)
        config = root.parent / "registry.yml"
        config.write_text("version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n"
                          f"    rootdirectory: {root}\nhttp:\n  addr: 127.0.0.1:0\n"
                          + (f"proxy:\n  remoteurl: {remote}\n" if remote else ""))
        self.log = open(root.parent / "registry.log", "wb")
        self.process = subprocess.Popen([REGISTRY, "serve", str(config)], stdout=self.log,
                                        stderr=self.log, env={"OTEL_TRACES_EXPORTER": "none",
                                                              **os.environ})
        self.url = f"http://127.0.0.1:{wait_until(self._port, 'docker-registry listens')}"

    def _port(self) -> int | None:
        """The kernel chose it; /proc tells."""
        assert self.process.poll() is None, Path(self.log.name).read_text()
        inodes = set()
        for fd in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                inodes |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(fd)))
            except OSError:
                pass
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                return int(fields[1].split(":")[1], 16)
        return None

    def __enter__(self) -> "Registry":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.log.close()


def drop_in(hub: Hub, root: Path) -> dict[str, str]:
    """What a person sets for registry:2."""
    return {"REGISTRY_PROXY_REMOTEURL": hub.url, "REGISTRY_HTTP_ADDR": "127.0.0.1:0",
            "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(root)}


@pytest.fixture
def by_environment(hub, scratch, larders):
    """A larder that knows no flag and no file: `larder serve` and the environment."""
    def make():
        return larders({}, env=drop_in(hub, scratch / "volume"), root=scratch / "volume",
                       bare=True)
    return make


@needs_registry
@pytest.mark.parametrize("docker", [False, True])
def test_drop_in_for_registry_2_and_back(hub, by_environment, scratch, docker):
    image = hub.add(build("swap", docker=docker, layer_size=300_000), "library/swap", "1")
    other = hub.add(build("other", docker=docker), "team/other", "2")
    made = by_environment()
    assert_pulled(client.pull(made.url, "library/swap", "1"), image)
    assert_pulled(client.pull(made.url, "team/other", "2"), other)
    assert made.stop() == 0
    assert check_store(scratch / "volume") >= 7
    asked = hub.count()
    with Registry(scratch / "volume") as registry:
        assert_pulled(client.pull(registry.url, "library/swap", "1"), image)
        assert_pulled(client.pull(registry.url, "team/other", "2"), other)
        pulled = client.pull(registry.url, "library/swap", image.digest, style="podman")
        assert_pulled(pulled, image)
        catalog = json.loads(client.get(registry.url + "/v2/_catalog").body)
        assert catalog == {"repositories": ["library/swap", "team/other"]}
        tags = json.loads(client.get(registry.url + "/v2/library/swap/tags/list").body)
        assert tags["tags"] == ["1"]
    assert hub.count() == asked


@needs_registry
def test_a_volume_of_registry_2_opens_in_place(hubs, scratch, larders):
    """What docker-registry has cached is served with the upstream gone, and goes on."""
    hub = hubs()
    image = hub.add(build("kept", layer_size=300_000), "library/kept", "1")
    with Registry(scratch / "volume", hub.url) as registry:
        assert_pulled(client.pull(registry.url, "library/kept", "1"), image)
        # it stores behind the answer's back
        wait_until(lambda: len(list((scratch / "volume").rglob("data"))) >= 5
                   and list((scratch / "volume").rglob("current/link")), "stored")
        time.sleep(0.3)
    hub.fault("any", "refused")
    made = larders({"docker.io": hub.url}, root=scratch / "volume")
    for style in ("docker", "podman"):
        assert_pulled(client.pull(made.url, "library/kept", "1", style=style), image)
    assert_pulled(client.pull(made.url, "library/kept", image.digest), image)
    hub.clear_faults()
    newer = build("kept", "2")
    hub.move_tag("library/kept", "1", newer)
    made.stop()
    made = larders({"docker.io": hub.url}, root=scratch / "volume",
                   settings={"freshness": "0"})
    assert_pulled(client.pull(made.url, "library/kept", "1"), newer)
