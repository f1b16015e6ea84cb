"""Docker Hub's pull quota is used up: what each client makes of larder's refusal.

It ends at once, asks no dozens of times, and its user reads why (docs/refusals.md); images that
are cached still pull.  Larder spends no pull on finding out: HEADs, which are free, say it.
"""

from __future__ import annotations

import pytest
from hub import client

from .procs import environment, need, run

SAID = "the pull quota is used up"
COLD, WARM = "library/redis:7.4-alpine", "library/alpine:3.19"
FAST = 10.0        # seconds; podman tries four times, a second apart
HUB = "registry-1.docker.io:443"


@pytest.fixture(autouse=True)
def no_quota(hub, larder):
    """One image is cached; then nothing is left of the quota."""
    repository, tag = WARM.split(":")
    assert client.pull(larder.url, repository, tag).ok
    before = pulls(hub)
    assert before == 2
    hub.set_quota(100, used=100)
    yield
    assert pulls(hub) == before


def pulls(hub) -> int:
    """Of larder, not of clients that go on to the hub themselves."""
    return sum("larder" in entry.header("user-agent")
               for entry in hub.requests(kind="manifest_get"))


def refused(done, *, says: str = SAID) -> None:
    assert done.status not in (0, None) and done.seconds < FAST, str(done)
    assert says in done.text, str(done)


def test_docker(docker, larder, outside, scratch):
    """As a mirror Docker keeps larder's words in its log, and goes on to Docker Hub, whatever
    a mirror says; pulled from larder by name, it shows them."""
    own = COLD.removeprefix("library/")
    done = docker("pull", own, check=False)
    refused(done, says="Error response from daemon")
    assert docker.has_logged(SAID)
    assert set(outside.asked) == {HUB}
    docker("pull", WARM.removeprefix("library/"))
    asked = len(outside.asked)
    refused(docker("pull", f"{larder.host}/{COLD}", check=False))
    context = scratch / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {larder.host}/{COLD}\n")
    refused(docker("build", "--pull", str(context), check=False))
    docker("pull", f"{larder.host}/{WARM}")
    assert len(outside.asked) == asked


def test_containerd(ctr, larder, hub, outside):
    """Where larder is the only way, versions before 2.3 show no more than the status of their
    HEAD; where the registry itself is another, it answers that, and what it has of larder's
    refusal of the GET is shown."""
    refused(ctr.pull(f"docker.io/{COLD}", check=False), says="403 Forbidden")
    asked = [line for line in larder.access if COLD.split(":")[0] in line]
    assert len(asked) <= 4, asked
    ctr.pull(f"docker.io/{WARM}")
    assert ctr.images() and outside.asked == []


def test_containerd_goes_on_to_the_registry(ctr, larder, hub, outside):
    ctr.mirror("docker.io", larder.url, server=hub.url)
    hub.fault("manifest_get", "status", code=429)       # its own word, larder's side apart
    refused(ctr.pull(f"docker.io/{COLD}", check=False))
    hub.clear_faults()
    ctr.pull(f"docker.io/{WARM}")


def test_podman(containers, larder, outside):
    """It goes on to the registry itself, and shows what both said."""
    refused(containers.podman("pull", f"docker.io/{COLD}", check=False))
    assert set(outside.asked) <= {HUB}
    containers.podman("pull", f"docker.io/{WARM}")
    asked = len(outside.asked)
    refused(containers.podman("pull", "--tls-verify=false", f"{larder.host}/{COLD}",
                              check=False))
    assert len(outside.asked) == asked


def test_skopeo_and_buildah(containers, larder, outside, scratch):
    refused(containers.skopeo("copy", f"docker://docker.io/{COLD}", f"dir:{scratch}/cold",
                              check=False))
    refused(containers.skopeo("copy", "--src-tls-verify=false",
                              f"docker://{larder.host}/{COLD}", f"dir:{scratch}/cold",
                              check=False))
    containers.skopeo("copy", f"docker://docker.io/{WARM}", f"dir:{scratch}/warm")
    context = scratch / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM docker.io/{COLD}\n")
    refused(containers.buildah("bud", "--isolation", "chroot", str(context), check=False))
    (context / "Dockerfile").write_text(f"FROM docker.io/{WARM}\n")
    containers.buildah("bud", "--isolation", "chroot", str(context))
    assert set(outside.asked) <= {HUB}


@pytest.mark.parametrize("tool", ("crane", "oras"))
def test_others(larder, outside, scratch, tool):
    need(tool, root=False)
    env = environment(scratch, outside.url)

    def pull(name: str, check: bool):
        command = (["crane", "pull", "--insecure", name, str(scratch / "image.tar")]
                   if tool == "crane" else
                   ["oras", "copy", "--platform", "linux/amd64", "--from-plain-http", name,
                    "--to-oci-layout", str(scratch / "image")])
        return run(command, env, check=check)

    refused(pull(f"{larder.host}/{COLD}", False))
    pull(f"{larder.host}/{WARM}", True)
    assert outside.asked == []
