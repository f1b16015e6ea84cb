"""scripts/build-services.sh with real engines, base images through larder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness.larder import TOP

from .procs import run

SERVICES = {"orders/Dockerfile": "FROM python:3.11-slim\nCOPY Dockerfile /\n",
            "web/Dockerfile": "FROM alpine:3.19 AS build\nFROM build\nCOPY Dockerfile /\n",
            "bad/Dockerfile": "FROM nothing:1\n"}


@pytest.fixture
def tree(scratch: Path) -> Path:
    for path, text in SERVICES.items():
        file = scratch / "tree" / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return scratch / "tree"


def build(tree: Path, larder, env: dict[str, str], program: str) -> dict[str, tuple[str, str]]:
    """Base image to state and origin."""
    done = run(["sh", str(TOP / "scripts/build-services.sh"), str(tree)],
               {**env, "DOCKER": program, "LARDER_URL": larder.url}, check=False, timeout=120)
    assert done.status == 2 and "2 built, 1 failed" in done.err, str(done)
    rows = [re.split("  +", line) for line in done.out.splitlines()[1:]]
    return {row[2]: (row[1], row[3]) for row in rows}


def expect_origins(tree: Path, larder, env: dict[str, str], program: str, forget) -> None:
    bad = ("failed", "could not be pulled")
    for origin in ("fetched through larder", "larder's cache", "the engine had it"):
        assert build(tree, larder, env, program) == {
            "python:3.11-slim": ("built", origin), "alpine:3.19": ("built", origin),
            "nothing:1": bad}
        if origin == "fetched through larder":
            forget()


def test_docker(docker, larder, tree):
    expect_origins(tree, larder, docker.env, docker._client, lambda: docker(
        "system", "prune", "--all", "--force"))
    assert docker.image("orders:latest")["Layers"]


def test_podman(containers, larder, tree, scratch):
    """Short names and all: what Podman needs besides is in a program of its own."""
    program = scratch / "podman-here"
    words = containers._podman(())
    program.write_text("#!/bin/sh\nexec " + " ".join(words) + ' "$@"\n')
    program.chmod(0o755)
    conf = Path(containers.env["CONTAINERS_REGISTRIES_CONF"])
    conf.write_text(conf.read_text().replace("registries = []", 'registries = ["docker.io"]', 1))
    env = {**containers.env, "BUILDAH_ISOLATION": "chroot"}
    expect_origins(tree, larder, env, str(program), lambda: containers.podman(
        "image", "rm", "--all", "--force"))
