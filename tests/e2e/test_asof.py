"""A tag as of a date: every client's grammar takes the name, and each gets that day's digest."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Larder
from hub import Hub, build, client

from .procs import environment, need, run

NAME = "library/dated:1"
DAY_MS = 24 * 3600 * 1000
OLD, NEW = build("dated", "old"), build("dated", "new")


def days_ago(n: int) -> str:
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=n)
    return f"asof-{then:%Y-%m-%d}"


@pytest.fixture
def larder(scratch: Path, hub: Hub) -> Iterator[Larder]:
    """The tag was at OLD nine days ago, and has been at NEW since three days ago."""
    clock = scratch / "clock"
    with Larder(scratch / "store", {"docker.io": hub.url}, settings={"freshness": "0"},
                env={"LARDER_TEST_CLOCK_FILE": str(clock)}) as made:
        for image, ago in ((OLD, 9), (NEW, 3)):
            clock.write_text(str(-ago * DAY_MS))
            hub.add(image, *NAME.split(":"))
            assert client.pull(made.url, *NAME.split(":")).ok
        clock.write_text("0")
        hub.fault("any", "refused")
        yield made


def expect(digests: dict[str, str]) -> None:
    assert digests == {days_ago(5): OLD.digest, days_ago(1): NEW.digest}


WANTED = (days_ago(5), days_ago(1))
UNKNOWN = {days_ago(20): "its history begins at", "asof-2099-01-01": "is in the future"}


def test_docker(docker, larder, outside):
    found = {}
    for date in WANTED:
        said = docker("pull", f"{larder.host}/{date}/{NAME}").text
        found[date] = said.partition("Digest: ")[2].split()[0]
    expect(found)
    for date, why in UNKNOWN.items():
        done = docker("pull", f"{larder.host}/{date}/{NAME}", check=False)
        assert done.status != 0 and why in done.text, done
    image = f"{larder.host}/{days_ago(1)}/library/mine:1"
    docker("tag", f"{larder.host}/{WANTED[0]}/{NAME}", image)
    done = docker("push", image, check=False)
    assert done.status != 0 and "cannot be changed" in done.text, done
    assert outside.asked == []


def test_docker_as_a_mirror(docker, larder, outside):
    """Without a host Docker takes the date for a name space of Docker Hub's, and asks its
    mirror first."""
    said = docker("pull", f"{WANTED[0]}/dated:1").text
    assert OLD.digest in said
    assert outside.asked == []


def test_containerd(ctr, larder, outside):
    found = {}
    for date in WANTED:
        name = f"docker.io/{date}/{NAME}"
        ctr.pull(name)
        found[date] = ctr.images()[name]
    expect(found)
    for date in UNKNOWN:                # it does not show what a body says
        assert ctr.pull(f"docker.io/{date}/{NAME}", check=False).status != 0
    assert outside.asked == []


def test_podman_and_skopeo(containers, larder, outside, scratch):
    found = {}
    for date in WANTED:
        name = f"{larder.host}/{date}/{NAME}"
        containers.podman("pull", "--tls-verify=false", name)
        (found[date],) = {one.partition("@")[2] for one in containers.image(name)["RepoDigests"]
                          } & {OLD.digest, NEW.digest}
    expect(found)
    for date in WANTED:
        name = f"docker://{larder.host}/{date}/{NAME}"
        found[date] = json.loads(containers.skopeo(
            "inspect", "--tls-verify=false", "--no-tags", name).out)["Digest"]
        containers.skopeo("copy", "--src-tls-verify=false", name, f"dir:{scratch / date}")
    expect(found)
    for date, why in UNKNOWN.items():
        done = containers.podman("pull", "--tls-verify=false",
                                 f"{larder.host}/{date}/{NAME}", check=False)
        assert done.status != 0 and why in done.text, done
    assert outside.asked == []


@pytest.mark.parametrize("tool", ("crane", "oras"))
def test_others(larder, outside, scratch, tool):
    need(tool, root=False)
    words = {"crane": ["crane", "digest", "--insecure"],
             "oras": ["oras", "resolve", "--plain-http"]}[tool]
    env = environment(scratch, outside.url)
    expect({date: run([*words, f"{larder.host}/{date}/{NAME}"], env).out.strip()
            for date in WANTED})
    for date, why in UNKNOWN.items():
        done = run([*words, f"{larder.host}/{date}/{NAME}"], env, check=False)
        assert done.status != 0 and why in done.text, done
    assert outside.asked == []
