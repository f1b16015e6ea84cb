"""larder doctor and a real Docker Engine: which way does a pull take, and is it said?"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
from harness import Larder, larder_binary
from hub import build

from .engines import Dockerd


@pytest.fixture(autouse=True)
def quota_image(hub) -> None:
    hub.add(build("thing", layer_size=2000), "ratelimitpreview/test", "latest")


def findings(docker: Dockerd, larder: Larder, mirror: str = "") -> dict[str, dict[str, str]]:
    """By name."""
    etc = docker.directory / "etc"
    etc.mkdir(exist_ok=True)
    if not (etc / "docker").exists():
        (etc / "docker").symlink_to(docker.directory)
    config = larder.root.parent / (larder.root.name + ".config.yml")
    done = subprocess.run(
        [str(larder_binary()), "doctor", "--json", "--config", str(config), "--root",
         str(larder.root), "--mirror", mirror or larder.url, "--etc", str(etc), "--engine",
         f"{docker.directory}/sock"],
        capture_output=True, text=True, timeout=40,
        env={"PATH": os.environ["PATH"], "HOME": str(docker.directory)})
    print(done.stdout, done.stderr)
    found = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    bad = any(one["state"] == "fail" for one in found.values())
    assert done.returncode == (2 if bad else 0)
    assert "larder-probe" not in docker("images").out, "the probe's image is left behind"
    return found


def failed(found: dict[str, dict[str, str]]) -> set[str]:
    return {name for name, one in found.items() if one["state"] == "fail"}


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def test_a_pull_comes_through(docker, larder, hub, outside):
    found = findings(docker, larder)
    assert failed(found) == set()
    assert found["docker pull"]["state"] == found["docker mirror"]["state"] == "ok"
    assert "through this larder" in found["docker pull"]["found"]
    assert hub.count(path="larder-probe") == 0 and hub.quota_spent == 0
    assert outside.asked == []


def test_a_silent_fallback(scratch: Path, hub, outside):
    """The mirror is the right one, and does not give this client what it asks for."""
    made = Larder(scratch / "closed", {"docker.io": hub.url},
                  settings={"access": ["anonymous library/python pull"]})
    with made, Dockerd(scratch / "docker", made.url, outside.url) as docker:
        found = findings(docker, made)
    assert failed(found) == {"docker pull"}
    assert "silent fallback" in found["docker pull"]["found"]
    assert found["docker pull"]["remedy"]
    assert any("docker.io" in one for one in outside.asked)


def test_a_mirror_that_is_down(docker, larder, outside):
    url = larder.url
    larder.stop()
    found = findings(docker, larder, url)
    assert {"mirror", "docker pull"} <= failed(found)
    assert "silent fallback" in found["docker pull"]["found"]
    assert "see mirror above" in found["docker pull"]["remedy"]
    larder.start()


def test_a_wrong_address_and_a_daemon_that_was_not_restarted(scratch: Path, larder, outside):
    wrong = f"http://127.0.0.1:{closed_port()}"
    with Dockerd(scratch / "docker", wrong, outside.url, by_file=True) as docker:
        found = findings(docker, larder)
        assert failed(found) == {"docker mirror", "docker pull"}
        assert "not this larder" in found["docker mirror"]["found"]
        assert wrong in found["docker mirror"]["found"]

        docker.configure(larder.url)
        found = findings(docker, larder)
        assert failed(found) == {"docker mirror", "docker pull"}
        assert "has not been restarted" in found["docker mirror"]["found"]
        assert "reload docker" in found["docker mirror"]["remedy"]

        docker.reload()
        assert failed(findings(docker, larder)) == set()
