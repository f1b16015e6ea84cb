"""The image that larder answers itself, by which doctor proves the way of a pull."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from hub import client

from .helpers import ask, codes, message, stored_digests

NAME = "library/larder-probe"
TAG = "probe-0123456789abcdef"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def labels(larder, repo: str, tag: str, platform: str = "linux/amd64") -> dict[str, str]:
    """Of the configuration that this manifest leads to."""
    listed = json.loads(ask(larder, f"/v2/{repo}/manifests/{tag}").body)
    architecture = platform.split("/")[1]
    entry, = [m for m in listed["manifests"]
              if m["platform"]["architecture"] == architecture]
    manifest = json.loads(ask(larder, f"/v2/{repo}/manifests/{entry['digest']}").body)
    config = ask(larder, f"/v2/{repo}/blobs/{manifest['config']['digest']}")
    return json.loads(config.body)["config"]["Labels"]


@pytest.mark.parametrize("style", ["docker", "podman", "containerd"])
def test_a_pull(hub, larder, style):
    """pull() has hashed all that came."""
    made = larder()
    for platform in ("linux/amd64", "linux/arm64"):
        result = client.pull(made.url, NAME, TAG, style=style, platform=platform)
        assert result.ok, result.errors
        assert len(result.layers) == 1
    assert hub.count() == 0 and stored_digests(made.root) == set()


@pytest.mark.parametrize("repo", [NAME, "larder-probe", "docker.io/library/larder-probe",
                                  "docker.io/larder-probe"])
def test_every_spelling(hub, larder, repo):
    made = larder()
    instance = ask(made, "/v2/").header("larder-instance")
    assert labels(made, repo, TAG) == {"larder.instance": instance, "larder.nonce": TAG}
    assert hub.count() == 0


def test_by_name_space(hub, larder):
    made = larder()
    answer = ask(made, f"/v2/{NAME}/manifests/{TAG}?ns=docker.io", method="HEAD")
    assert answer.status == 200 and answer.header("content-type") == LIST
    assert answer.header("docker-content-digest").startswith("sha256:")
    assert int(answer.header("content-length")) > 0 and hub.count() == 0


def test_the_instance_is_said_where_it_can_be_asked_for(larder, scratch):
    one, other = larder(), larder(root=scratch / "other")
    found = {ask(made, path).header("larder-instance")
             for made in (one, other) for path in ("/v2/", "/healthz", "/readyz")}
    assert len(found) == 2 and all(len(value) == 32 for value in found)


def test_the_layer_is_one_file(larder):
    made = larder()
    listed = json.loads(ask(made, f"/v2/{NAME}/manifests/{TAG}").body)
    manifest = json.loads(
        ask(made, f"/v2/{NAME}/manifests/{listed['manifests'][0]['digest']}").body)
    layer = ask(made, f"/v2/{NAME}/blobs/{manifest['layers'][0]['digest']}").body
    config = json.loads(
        ask(made, f"/v2/{NAME}/blobs/{manifest['config']['digest']}").body)
    tar = gzip.decompress(layer)
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(tar).hexdigest()]
    assert tarfile.open(fileobj=io.BytesIO(tar)).getnames() == ["larder-probe"]


@pytest.mark.parametrize("path", [
    "manifests/latest", "manifests/probe-short", "manifests/probe-" + "a" * 33,
    "manifests/probe-ABCDEFGH", "manifests/probe-with_other", "manifests/probe-",
    "manifests/sha256:" + "0" * 64, "blobs/sha256:" + "0" * 64, "tags/list",
    "referrers/sha256:" + "0" * 64])
def test_nothing_else_is_there_and_nobody_is_asked(hub, larder, path):
    answer = ask(larder(), f"/v2/{NAME}/{path}")
    assert answer.status == 404 and codes(answer)
    assert "larder doctor" in message(answer)
    assert hub.count() == 0


@pytest.mark.concurrent
def test_only_recent_nonces_can_be_asked_for_by_digest(larder):
    made = larder()
    digest = ask(made, f"/v2/{NAME}/manifests/{TAG}").header("docker-content-digest")
    path = f"/v2/{NAME}/manifests/{digest}"
    for i in range(63):
        ask(made, f"/v2/{NAME}/manifests/probe-other{i:03}")
        ask(made, f"/v2/{NAME}/manifests/probe-other{i:03}", method="HEAD")
    assert ask(made, path).status == 200
    ask(made, f"/v2/{NAME}/manifests/probe-other063")
    assert ask(made, path).status == 404


def test_it_cannot_be_changed(larder):
    made = larder()
    assert ask(made, f"/v2/{NAME}/manifests/{TAG}", method="DELETE").status == 405


def test_a_local_repository_of_that_name_is_local(larder):
    made = larder(settings={"local": ["library/larder-probe"]})
    answer = ask(made, f"/v2/{NAME}/manifests/{TAG}")
    assert answer.status == 404 and "doctor" not in message(answer)


def test_another_upstream_s_is_its_own(hubs, larders):
    first, second = hubs(), hubs()
    made = larders({"docker.io": first.url, "quay.io": second.url})
    answer = ask(made, f"/v2/quay.io/{NAME}/manifests/{TAG}")
    assert answer.status == 403 and "doctor" not in message(answer)
    assert second.count() > 0 and first.count() == 0


def test_who_may_not_pull_that_name_may_not_pull_it(larder):
    made = larder(settings={"access": ["anonymous library/python pull"]})
    assert ask(made, f"/v2/{NAME}/manifests/{TAG}").status == 403
    made.stop()
    made = larder(settings={"access": ["anonymous library/** pull"]})
    assert ask(made, f"/v2/{NAME}/manifests/{TAG}").status == 200
