"""Images that must be signed: what real clients make of larder's refusal (docs/policy.md)."""

from __future__ import annotations

import signal

import pytest
from scenarios.signing import Key, sign_at

from .test_refusals import refused

SIGNED, UNSIGNED = "library/alpine:3.19", "library/redis:7.4-alpine"
SAID = "is not served, by the policy for docker.io/"


@pytest.fixture(autouse=True)
def policy(hub, larder, images, scratch):
    key = Key(scratch, "acme")
    (scratch / "policy.yml").write_text(
        "policies:\n  - images: docker.io/**\n    mode: require\n    keys: [acme.pub]\n")
    repository, tag = SIGNED.split(":")
    digest = hub.registry.repositories[repository].tags[tag]
    hub.add(key.sign(digest), repository, digest.replace(":", "-") + ".sig")
    larder.settings["policy"] = str(scratch / "policy.yml")
    config = larder.root.parent / (larder.root.name + ".config.yml")
    config.write_text(larder.config_text())
    larder.signal(signal.SIGHUP)
    larder.wait_log("settings.reloaded")


def test_docker(docker, larder):
    refused(docker("pull", f"{larder.host}/{UNSIGNED}", check=False), says=SAID)
    docker("pull", f"{larder.host}/{SIGNED}")
    docker("pull", SIGNED.removeprefix("library/"))        # as a mirror
    refused(docker("pull", UNSIGNED.removeprefix("library/"), check=False), says="Error")
    assert docker.logs(SAID)


def test_containerd(ctr, larder):
    refused(ctr.pull(f"docker.io/{UNSIGNED}", check=False), says="403 Forbidden")
    ctr.pull(f"docker.io/{SIGNED}")
    assert any("policy.refused" in line and "redis" in line for line in larder.log)


def test_podman_and_skopeo(containers, larder, scratch):
    refused(containers.podman("pull", f"docker.io/{UNSIGNED}", check=False), says=SAID)
    containers.podman("pull", f"docker.io/{SIGNED}")
    refused(containers.skopeo("inspect", f"docker://docker.io/{UNSIGNED}", check=False), says=SAID)
