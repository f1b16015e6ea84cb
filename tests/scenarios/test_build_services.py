"""scripts/build-services.sh with a stand-in for the engine: what it reads, says and returns."""

from __future__ import annotations

import os
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest

from harness import larder_binary
from harness.larder import TOP
from hub import build

# An engine that knows images by files; pulling fetches the manifest from $MIRROR, as far as
# that has it, or "from the registry".  The variables in the text are the test's.
ENGINE = r"""#!/bin/sh
echo "$*" >>"$PLACE/calls"
known() { echo "$PLACE/images/$(echo "$1" | tr / _)"; }
case $1 in
--version) echo "$ENGINE version 1" ;;
image) [ -e "$(known "$3")" ] ;;
pull)
	shift; platform=
	while [ $# -gt 1 ]; do shift; done
	case $1 in
	*broken*) echo "manifest unknown" >&2; exit 1 ;;
	localhost:5000/*) grep -qx "$1" "$PLACE/local" || exit 1 ;;
	*)
		name=${1%:*}; case $name in */*) ;; *) name=library/$name ;; esac
		[ -z "$MIRROR" ] || curl -fsS "$MIRROR/v2/$name/manifests/${1##*:}" >/dev/null 2>&1 ;;
	esac
	: >"$(known "$1")"
	;;
tag) : >"$(known "$3")" ;;
build) echo "output of a build"; [ ! -e "$6/fails" ] && : >"$(known "$5")" ;;
push) ;;
*) exit 9 ;;
esac
"""


@pytest.fixture
def tree(scratch):
    """tree({"path": "text of the Dockerfile"}): a directory with services."""
    def make(files: dict[str, str], name: str = "tree") -> Path:
        for path, text in files.items():
            file = scratch / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return scratch / name
    return make


@pytest.fixture
def services(scratch):
    """services(*words, **env): run it; .calls what the engine was asked."""
    engine = scratch / "engine"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    (scratch / "images").mkdir()
    (scratch / "local").write_text("")

    def run(*words: object, local: str = "", **env: str) -> subprocess.CompletedProcess:
        (scratch / "local").write_text(local)
        (scratch / "calls").write_text("")
        done = subprocess.run(
            ["dash", TOP / "scripts/build-services.sh", *map(str, words)], capture_output=True,
            text=True, timeout=30, stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "DOCKER": str(engine), "PLACE": str(scratch),
                 "ENGINE": "Docker", "MIRROR": "", "LARDER_URL": "http://127.0.0.1:9", **env})
        done.calls = (scratch / "calls").read_text().splitlines()
        done.rows = [tuple(re.split("  +", line, maxsplit=3)) for line in done.stdout.splitlines()]
        done.origin = {row[2]: row[3] for row in done.rows if len(row) == 4}
        return done
    return run


def test_where_images_come_from(hub, larder, services, tree):
    for name in ("python", "alpine"):
        hub.add(build(name), f"library/{name}", "1")
    made = larder()
    mirror = {"MIRROR": made.url, "LARDER_URL": made.url + "/"}
    urllib.request.urlopen(f"{made.url}/v2/library/alpine/manifests/1").read()
    top = tree({"orders/Dockerfile": "FROM python:1\n", "web/Containerfile": "FROM alpine:1\n",
                "web/sub/Dockerfile": "FROM python:1\nFROM none:1\nFROM ghcr.io/a/b:1"})
    done = services(top, **mirror)
    assert done.returncode == 0, done.stderr
    assert [row[:3] for row in done.rows[1:]] == [
        ("orders", "built", "python:1"), ("web", "built", "alpine:1"),
        ("web-sub", "built", "python:1"), ("web-sub", "built", "none:1"),
        ("web-sub", "built", "ghcr.io/a/b:1")]
    assert [row[3] for row in done.rows[1:]] == [
        "fetched through larder", "larder's cache", "the engine had it",
        "docker.io, directly: larder answered with errors",
        "ghcr.io, directly: larder answered with errors"]
    assert "output of a build" in done.stderr and "3 built, 0 failed" in done.stderr


def test_not_through_larder(larder, services, tree):
    made = larder()
    top = tree({"a/Dockerfile": "FROM python:1\n"})
    done = services(top, LARDER_URL=made.url)
    assert done.origin["python:1"] == "docker.io, directly"
    done = services(tree({"b/Dockerfile": "FROM quay.io/x:1\n"}, "other"))
    assert done.origin["quay.io/x:1"] == "quay.io, or a mirror that could not be asked"


DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.11
ARG BASE="python:${VERSION}-slim" OTHER=x
ARG NONE
# FROM comment:1
FROM --platform=$BUILDPLATFORM ${BASE} AS Build
ARG VERSION=9
RUN echo \\
# inside
    FROM trap:1
RUN <<EOF
FROM heredoc:1
EOF
COPY <<-'END' /x
FROM heredoc:2
	END
from --platform=linux/arm64 debian:${MISSING:-12} as second
FROM build
FROM scratch
FROM $OTHER:1\r
FROM ${NONE}:1
COPY --from=build /a /a
COPY --from=0 /a /a
COPY --chown=1 --from=busybox:1.36 /a /a
RUN --mount=type=cache,target=/x --mount=type=bind,from=alpine:3.19,target=/y true
FROM last:1"""


@pytest.mark.parametrize("engine", ["Docker", "podman"])
def test_what_a_dockerfile_is_based_on(services, tree, engine):
    done = services(tree({"Dockerfile": DOCKERFILE}, "Shop_Front"), ENGINE=engine)
    assert done.returncode == 0, done.stderr
    assert [call for call in done.calls if call.startswith("pull")] == [
        "pull python:3.11-slim", "pull --platform linux/arm64 debian:12", "pull x:1",
        "pull busybox:1.36", "pull alpine:3.19", "pull last:1"]
    assert done.origin["?"] == "not known: an ARG without a default"
    assert done.rows[1][0] == "shop-front"
    assert any(call.startswith("build -f ") and " -t shop-front:latest " in call
               for call in done.calls)


def test_the_local_registry(services, tree):
    top = tree({"a/Dockerfile": "FROM python:3\nFROM library/redis:7\nFROM gcr.io/k/e:1\n"
                                "FROM alpine:3\nFROM localhost:5000/mine:1\n"})
    local = "".join(f"localhost:5000/{name}\n" for name in
                    ("python:3", "redis:7", "gcr.io/k/e:1", "mine:1"))
    done = services(top, local=local, USE_LOCAL_REGISTRY="true")
    assert done.returncode == 0, done.stderr
    for name in ("python:3", "library/redis:7", "gcr.io/k/e:1"):
        assert done.origin[name] == "local registry localhost:5000"
    assert "tag localhost:5000/python:3 python:3" in done.calls
    assert done.origin["alpine:3"].startswith("docker.io, ")


def test_the_local_registry_and_podman(services, tree):
    done = services(tree({"a/Dockerfile": "FROM python:3\n"}), local="localhost:5000/python:3\n",
                    USE_LOCAL_REGISTRY="true", ENGINE="podman")
    assert "pull --tls-verify=false localhost:5000/python:3" in done.calls
    assert "tag localhost:5000/python:3 docker.io/library/python:3" in done.calls


def test_push(services, tree):
    done = services("--push", "localhost:5000/shop/", tree({"a/Dockerfile": "FROM x:1\n"}), TAG="7")
    assert done.returncode == 0 and "push localhost:5000/shop/a:7" in done.calls
    assert done.rows[1][1] == "pushed"


def test_it_goes_on_past_failures(services, tree):
    files = {"a/Dockerfile": "FROM broken:1\n", "b/Dockerfile": "FROM x:1\n", "b/fails": "",
             "c d/Dockerfile": "FROM x:1\n"}
    done = services(tree(files))
    assert done.returncode == 2 and "1 built, 2 failed" in done.stderr
    assert [row[:2] for row in done.rows[1:]] == [("a", "failed"), ("b", "failed"), ("c-d", "built")]
    assert done.origin["broken:1"] == "could not be pulled" and "manifest unknown" in done.stderr
    assert not any(call.startswith("build") and call.endswith("/a") for call in done.calls)
    done = services(tree({"a/Dockerfile": "FROM broken:1\n"}, "only"))
    assert done.returncode == 1


def test_its_variable_is_no_setting():
    """Set in a shell from which larder is run, too."""
    done = subprocess.run([larder_binary(), "serve", "--print-settings"], capture_output=True,
                          text=True, timeout=10, env={"LARDER_URL": "http://127.0.0.1:5000"})
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_wrong_use(services, tree, scratch):
    top = tree({"a-b/Dockerfile": "FROM x:1\n", "a/b/Dockerfile": "FROM x:1\n"})
    done = services(top)
    assert done.returncode == 1 and "a-b" in done.stderr and not done.stdout
    (scratch / "empty").mkdir()
    done = services(scratch / "empty")
    assert done.returncode == 1 and "no Dockerfile" in done.stderr
    for words, env in ([], {}), (["--nonsense", "."], {}), ([scratch / "none"], {}), (["--push"], {}), \
            (["."], {"USE_LOCAL_REGISTRY": "perhaps"}), (["."], {"DOCKER": "no-such-engine"}):
        done = services(*words, **env)
        assert done.returncode == 100 and done.stderr.startswith("build-services: "), done
    done = services("--help")
    assert done.returncode == 0 and "LARDER_URL" in done.stdout and "set -u" not in done.stdout
