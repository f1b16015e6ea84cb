"""Docker Engine, classic image store, with larder as its registry mirror."""

from __future__ import annotations

from hub import Hub, build, client, eleven

from .conftest import expect_one_pull

PYTHON = "python:3.11-slim"


def expect_image(docker, name: str, image) -> None:
    """The engine holds this image, for this machine's platform, under its right digest."""
    found = docker.image(name)
    repository = name.partition("@")[0].rsplit(":", 1)[0]
    assert found["Id"] == image.config().digest
    assert f"{repository}@{image.digest}" in found["RepoDigests"]
    assert (found["Os"], found["Architecture"]) == ("linux", "amd64")


def test_a_cold_pull_then_a_warm_one_cost_one_of_each(docker, larder, hub, images,
                                                      outside):
    image = images["library/python:3.11-slim"]
    docker("pull", PYTHON)
    expect_image(docker, PYTHON, image)
    expect_one_pull(hub, image)
    docker.forget(PYTHON)
    docker("pull", PYTHON)
    expect_image(docker, PYTHON, image)
    expect_one_pull(hub, image)
    assert larder.metric("larder_http_requests_total", kind="blob", outcome="hit") >= 3
    # the index of the first pull; dockerd may still have manifests of what it forgot
    assert larder.metric("larder_saved_requests_total", kind="manifest") >= 1
    assert outside.asked == []


def test_a_cached_image_pulls_when_the_hub(docker, images, outside, trouble):
    docker("pull", PYTHON)
    docker.forget(PYTHON)
    trouble.start()
    done = docker("pull", PYTHON, timeout=30)
    assert f"Digest: {images['library/python:3.11-slim'].digest}" in done.out
    expect_image(docker, PYTHON, images["library/python:3.11-slim"])
    trouble.check()
    assert outside.asked == []


def test_a_cached_image_pulls_after_a_start_without_the_hub(docker, larder, hub, images,
                                                            outside):
    docker("pull", PYTHON)
    docker.forget(PYTHON)
    assert larder.stop() == 0
    hub.fault("any", "refused")
    larder.start()
    docker("pull", PYTHON)
    expect_image(docker, PYTHON, images["library/python:3.11-slim"])
    assert outside.asked == []


def test_a_pull_by_digest(docker, hub, images, outside):
    image = images["library/alpine:3.18"]
    name = f"alpine@{image.digest}"
    docker("pull", name)
    expect_image(docker, name, image)
    expect_one_pull(hub, image)
    docker.forget(name)
    hub.fault("any", "refused")
    docker("pull", name)
    expect_image(docker, name, image)
    assert outside.asked == []


def test_a_moved_tag_is_noticed(docker, hub, outside):
    old = hub.add(build("moving", "old"), "library/moving", "1")
    docker("pull", "moving:1")
    expect_image(docker, "moving:1", old)
    new = build("moving", "new")
    hub.move_tag("library/moving", "1", new)
    docker("pull", "moving:1")
    expect_image(docker, "moving:1", new)
    assert hub.quota_spent == 4 and outside.asked == []


def test_a_tag_that_moves_to_what_cannot_be_had(docker, larder, hub, outside):
    """Two platforms are here; Docker has said which is its own, so that is tried first."""
    both = ["linux/amd64", "linux/arm64"]
    old = hub.add(build("halfway", "old", platforms=both), "library/halfway", "1")
    docker("pull", "halfway:1")
    assert client.pull(larder.url, "library/halfway", "1", platform=both[1]).ok
    docker.forget("halfway:1")
    hub.move_tag("library/halfway", "1", build("halfway", "new", platforms=both))
    hub.fault("cdn", "refused")
    docker("pull", "halfway:1")
    expect_image(docker, "halfway:1", old)
    larder.wait_log("tag.held", timeout=60)
    assert outside.asked == []


def test_all_eleven(docker, larder, hub, gcr, outside):
    """Ten by their own names; the engine mirrors no other registry than Docker Hub, so
    the eleventh under larder's name."""
    names = {}
    for one in eleven():
        own = f"{one.repository.removeprefix('library/')}:{one.tag}"
        name = own if one.host == "docker.io" else f"{larder.host}/{one}"
        names[name] = one.image
        docker("pull", "--quiet", name)
    listed = docker("images", "--format", "{{.Repository}}:{{.Tag}}").out.split()
    assert sorted(listed) == sorted(names)
    for name, image in names.items():
        expect_image(docker, name, image)
    assert hub.quota_spent == 20 and gcr.quota_spent == 2
    assert outside.asked == []


def test_cold_and_the_hub_is_down(docker, hub, outside):
    """The engine says why in its log, then asks the hub itself, and tells the user of
    that failure."""
    hub.fault("any", "refused")
    done = docker("pull", PYTHON, check=False)
    assert done.status == 1 and "Error response from daemon" in done.err
    assert docker("images", "--quiet").out == ""
    assert outside.asked and set(outside.asked) == {"registry-1.docker.io:443"}
    assert docker.logs("Attempting next endpoint for pull after error")


def test_a_name_the_hub_does_not_have(docker, outside):
    done = docker("pull", "python:no-such-tag", check=False)
    assert done.status == 1 and "Error response from daemon" in done.err
    assert docker.logs("manifest unknown")


def test_larder_dies_in_the_middle_of_a_layer(docker, larder, hub, outside):
    """The engine tries the layer again after five seconds; by then larder is back, and
    goes on with what it had on disk."""
    image = hub.add(build("library/big", "1", layer_size=8 << 20), "library/big", "1")
    layer = image.layers()[-1]
    gate = hub.hold("cdn", after_bytes=4 << 20, path=layer.digest[7:], count=1)
    pull = docker.start("pull", "big:1")
    gate.wait_held(1)
    larder.kill()
    gate.clear()
    larder.start()
    print(pull.finish(60))
    expect_image(docker, "big:1", image)
    again = [entry.range for entry in hub.requests(kind="cdn", path=layer.digest[7:])]
    assert again[0] is None and len(again) == 2
    assert again[1] and again[1] != "bytes=0-"
    assert outside.asked == []
