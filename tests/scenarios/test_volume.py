"""A volume of registry:2 opens in place, and goes back: with the real docker-registry."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from hub import build, client
from hub.push import Pusher, digest_of

from .helpers import answered, ask, assert_pulled, blob_path, wait_until

needs_registry = pytest.mark.skipif(shutil.which("docker-registry") is None,
                                    reason="docker-registry is not installed")
REPO = "team/app"


class Registry:
    """docker-registry over a root; .port once it answers."""

    def __init__(self, root: Path, proxy: str | None = None) -> None:
        self.config = root.parent / "registry.yml"
        self.text = {"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
                     "storage": {"filesystem": {"rootdirectory": str(root)},
                                 "delete": {"enabled": True}},
                     "http": {"addr": "127.0.0.1:0", "secret": "x"}}
        if proxy:
            self.text["proxy"] = {"remoteurl": proxy}

    def __enter__(self) -> "Registry":
        import socket
        with socket.socket() as probe:      # it does not say which port it got
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.text["http"]["addr"] = f"127.0.0.1:{self.port}"
        self.config.write_text(json.dumps(self.text))
        self.process = subprocess.Popen(["docker-registry", "serve", str(self.config)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}"
        for _ in range(200):
            try:
                Pusher(self.url).get("/v2/")
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("docker-registry does not answer")

    def __exit__(self, *failure: object) -> None:
        self.process.terminate()
        self.process.wait(10)


@needs_registry
def test_a_local_volume_there_and_back(larders, scratch):
    root = scratch / "root"
    old, new, more = build("old"), build("new"), build("more")
    with Registry(root) as registry:
        Pusher(registry.url).image(REPO, "old", old)
        Pusher(registry.url).image(REPO, "gone", more)
        Pusher(registry.url).image("other/deep/name", "1", old)
    made = larders(config="storage:\n  delete:\n    enabled: true\n")
    assert_pulled(client.pull(made.url, REPO, "old"), old)
    assert_pulled(client.pull(made.url, "other/deep/name", "1"), old)
    assert json.loads(ask(made, "/v2/_catalog").body)["repositories"] == ["other/deep/name", REPO]
    p = Pusher(made.url)
    p.image(REPO, "new", new)
    p.image(REPO, "moved", old)
    p.image(REPO, "moved", new)
    assert p.delete(f"/v2/{REPO}/manifests/{more.digest}").status == 202
    assert json.loads(ask(made, f"/v2/{REPO}/tags/list").body)["tags"] == ["moved", "new", "old"]
    made.stop()
    with Registry(root) as registry:
        for tag, image in (("old", old), ("new", new), ("moved", new)):
            assert_pulled(client.pull(registry.url, REPO, tag), image)
        p = Pusher(registry.url)
        assert p.get(f"/v2/{REPO}/manifests/gone").status == 404
        assert sorted(json.loads(p.get(f"/v2/{REPO}/tags/list").body)["tags"]) == \
            ["moved", "new", "old"]
        Pusher(registry.url).image(REPO, "again", more)
    made = larders()
    assert_pulled(client.pull(made.url, REPO, "again"), more)


@needs_registry
def test_a_proxys_volume_there_and_back(hub, larders, scratch):
    root = scratch / "root"
    first = hub.add(build("first"), "library/first", "1")
    second = hub.add(build("second"), "library/second", "1")
    with Registry(root, proxy=hub.url) as registry:
        assert_pulled(client.pull(registry.url, "library/first", "1"), first)
        state = root / "scheduler-state.json"
        wait_until(state.exists, "it saves its schedule every five seconds", timeout=15)
    before = state.read_bytes()
    spent = hub.quota_spent
    made = larders(env={"REGISTRY_PROXY_REMOTEURL": hub.url})
    assert_pulled(client.pull(made.url, "library/first", "1"), first)
    assert hub.quota_spent == spent and answered(hub, kind="manifest_head") >= 1
    assert_pulled(client.pull(made.url, "library/second", "1"), second)
    made.stop()
    assert state.read_bytes() == before
    hub.fault("any", "status", code=503)
    with Registry(root, proxy=hub.url) as registry:
        for name, image in (("first", first), ("second", second)):
            assert_pulled(client.pull(registry.url, f"library/{name}", "1"), image)


def test_what_a_crash_has_left(larders, scratch):
    """Empty and cut links, dangling tags, leftovers: said once each, and never a 500."""
    root = scratch / "root"
    image = build("thing")
    made = larders()
    p = Pusher(made.url)
    for tag in ("good", "empty", "cut", "dangling"):
        p.image(REPO, tag, image)
    lost = build("lost")
    p.image(REPO, "lost", lost)
    p.image("team/other", "1", build("other"))
    made.stop()
    repo = root / "docker/registry/v2/repositories" / REPO
    tags = repo / "_manifests/tags"
    (tags / "empty/current/link").write_bytes(b"")
    (tags / "cut/current/link").write_bytes(b"sha256:1234")
    (tags / "dangling/current/link").write_text(digest_of(b"nowhere"))
    (tags / "no-link/current").mkdir(parents=True)
    (tags / "good/current/link.8c2e.tmp").write_bytes(b"")
    (repo / f"_manifests/revisions/sha256/{lost.digest[7:]}/link").write_bytes(b"")
    layer = image.layers()[0]
    (repo / f"_layers/sha256/{layer.digest[7:]}/link").write_bytes(b"")
    (root / "docker/registry/v2/repositories/team/other/_uploads/x").mkdir(parents=True)
    (root / "scheduler-state.json").write_text("{broken")
    made = larders(config="storage:\n  delete:\n    enabled: true\n")
    p = Pusher(made.url)
    for _ in range(3):
        for reference in ("empty", "cut", "dangling", "no-link", "lost", lost.digest):
            got = p.get(f"/v2/{REPO}/manifests/{reference}")
            assert (got.status, got.code) == (404, "MANIFEST_UNKNOWN"), reference
        assert p.get(f"/v2/{REPO}/manifests/good").status == 200
        assert p.head(blob_path(REPO, layer.digest)).status == 404
        listed = json.loads(p.get(f"/v2/{REPO}/tags/list").body)["tags"]
        assert {"good", "empty", "cut", "dangling", "lost"} <= set(listed)
        assert json.loads(p.get("/v2/_catalog").body)["repositories"] == [REPO, "team/other"]
    for part in ("tags/empty/current/link", "tags/cut/current/link", lost.digest[7:], layer.digest[7:]):
        assert sum("store.torn" in line and part in line for line in made.log) == 1, part
    p.image(REPO, "empty", image)           # pushing again mends all of it
    p.image(REPO, "lost", lost)
    assert_pulled(client.pull(made.url, REPO, "empty"), image)
    assert_pulled(client.pull(made.url, REPO, "lost"), lost)
    for tag in ("cut", "dangling"):
        assert p.delete(f"/v2/{REPO}/manifests/{tag}").status == 202
    assert (root / "scheduler-state.json").read_text() == "{broken"
