"""Every client at once, one image that nobody has yet: the hub gives it out once."""

from __future__ import annotations

import time

from hub import build

from .conftest import expect_blobs_once, expect_one_pull


def wait_for_requests(larder, n: int, seconds: float = 20) -> None:
    """Until so many clients have a request open at larder (this one's own left out)."""
    until = time.monotonic() + seconds
    while (active := larder.metric("larder_http_requests_active") - 1) < n:
        assert time.monotonic() < until, f"only {active} requests under way"
        time.sleep(0.02)


def test_all_clients_share_one_cold_pull(docker, ctr, containers, larder, hub, outside,
                                         scratch):
    """The hub holds the large layer back until all four have asked for the image, so that
    they truly meet."""
    image = hub.add(build("shared", layer_size=8 << 20), "library/shared", "1")
    layer = image.layers()[-1]
    gate = hub.hold("cdn", after_bytes=1 << 20, path=layer.digest[7:])
    name = "docker.io/library/shared:1"
    running = [docker.start("pull", "shared:1"), ctr.start_pull(name),
               containers.start_podman("pull", name),
               containers.start_skopeo("copy", f"docker://{name}", f"dir:{scratch}/copy")]
    gate.wait_held(1, timeout=20)
    wait_for_requests(larder, len(running))
    gate.clear()
    for one in running:
        done = one.finish(60)
        assert done.status == 0, str(done)
    assert docker.image("shared:1")["Id"] == image.config().digest
    assert ctr.images()[name] == image.digest
    assert containers.image(name)["Id"] == image.config().digest[7:]
    assert (scratch / "copy" / layer.digest[7:]).stat().st_size == layer.size
    expect_one_pull(hub, image)
    expect_blobs_once(hub, image)
    assert outside.asked == []
