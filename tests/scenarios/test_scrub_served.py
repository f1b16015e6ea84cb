"""What a larder that serves does about its store's damage: by itself, when it meets it, and beside pulls
and pushes."""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time

import pytest

from harness import Larder, build_dir
from hub import build, client, images
from hub.push import Pusher

from .helpers import DELETES, ask, blob_path, check_store, stored_digests, wait_until
from .test_scrub import APP, MIRRORED, OWN, THING, blob_file, flip, place, store  # noqa: F401 - two are fixtures

BADREAD = build_dir() / "tests/badread/libbadread.so"


def serving(larders, store, **settings) -> Larder:  # noqa: F811
    root, scrub = store
    return larders({"docker.io": scrub.hub.url}, root=root, config=DELETES,
                   settings={"local": ["team/**"], **settings})


def test_by_itself(larders, store):  # noqa: F811
    """A larder that serves: found, quarantined, fetched again; told in log and figures."""
    root, scrub = store
    layer, own = THING.layers()[1], APP.layers("linux/amd64")[1]
    flip(blob_file(root, layer.digest))
    flip(blob_file(root, own.digest))
    with scrub.hub.fault("any", "refused"):
        made = serving(larders, store, scrub="1s", freshness="1h")
        made.wait_log("scrub.done")
        assert made.metric("larder_scrub_harmed") == 2
        assert ask(made, blob_path(OWN, own.digest)).status == 404
    wait_until(lambda: made.metric("larder_scrub_harmed") == 1, "it is fetched again", 20)
    assert blob_file(root, layer.digest).read_bytes() == layer.read()
    assert made.metric("larder_scrub_findings_total", kind="corrupt") == 2
    assert made.metric("larder_scrub_repaired_total") == 1
    assert made.metric("larder_scrub_bytes_total") > 0
    assert abs(made.metric("larder_scrub_last_pass_seconds") - time.time()) < 60
    status = json.loads(ask(made, "/larder/v1/status").body)["scrub"]
    assert status["harmed"] == 1 and status["lastPass"] is not None
    with Pusher(made.url) as pusher:
        pusher.blob(OWN, own.read())                 # who pushes it again mends it
    wait_until(lambda: made.metric("larder_scrub_harmed") == 0, "all is well again", 20)
    assert client.pull(made.url, OWN, "1").ok
    check_store(root)


def test_met_while_serving(larders, store):  # noqa: F811
    """Small content is hashed before it goes out; of large, a wrong size is seen."""
    root, scrub = store
    config, large = THING.config(), THING.layers()[1]
    manifest = THING.manifest("linux/amd64")
    own = APP.config("linux/amd64")
    for digest in (config.digest, manifest.digest, own.digest):
        flip(blob_file(root, digest))
    os.truncate(blob_file(root, large.digest), 69_000)
    made = serving(larders, store, scrub="0")
    pulled = client.pull(made.url, MIRRORED, "1")
    assert pulled.ok and set(pulled.layers) == {one.digest for one in THING.layers()}
    got = ask(made, blob_path(OWN, own.digest))
    assert got.status == 404 and own.digest not in stored_digests(root)
    assert not client.pull(made.url, OWN, "1").ok
    # who asked has it a moment before the store
    wait_until(lambda: {config.digest, large.digest} <= stored_digests(root), "they are stored")
    for blob in (config, large):
        assert blob_file(root, blob.digest).read_bytes() == blob.read()
    assert blob_file(root, manifest.digest).read_bytes() == manifest.data
    assert scrub.hub.count(kind="cdn", path=large.digest[7:], method="GET") >= 1
    check_store(root)
    (row,), _ = scrub(status=2)
    assert row["digest"] == own.digest and row["known"]


@pytest.mark.skipif(not BADREAD.exists(), reason="built without it, or with another")
def test_a_disk_that_fails_while_it_is_read(larders, store):  # noqa: F811
    """The answer has begun: it is cut. The blob is found to be unreadable and got again."""
    root, scrub = store
    large = images.layer({"large": random.Random(1).randbytes(3_000_000)}, gzip=False)
    image = scrub.hub.add(build("large", index=False, layers=[large]), "library/large", "1")
    with serving(larders, store, scrub="0") as made:
        assert client.pull(made.url, "library/large", "1").ok
        wait_until(lambda: large.blob.digest in stored_digests(root), "it is stored")
    bad = blob_file(root, large.blob.digest)
    made.extra_env.update(LD_PRELOAD=str(BADREAD),
                          LARDER_TEST_BAD_READ=f"{bad.stat().st_ino}:1000000")
    made.start()
    got = client.pull(made.url, "library/large", "1", timeout=2)
    assert not got.ok, "it went no further"
    assert large.blob.digest in made.wait_log("blob.unreadable")
    assert large.blob.digest in made.wait_log("store.quarantined")
    result = client.pull(made.url, "library/large", "1")
    assert result.ok and result.digest == image.digest
    # Clients that leave are not the disk's fault.
    before = len([line for line in made.log if "blob.unreadable" in line])
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", made.port)) as leaving:
            leaving.sendall(f"GET {blob_path('library/large', large.blob.digest)} HTTP/1.1\r\n"
                            "Host: x\r\n\r\n".encode())
            leaving.recv(1000)
    time.sleep(0.2)
    assert len([line for line in made.log if "blob.unreadable" in line]) == before


@pytest.mark.concurrent
def test_beside_pulls_and_pushes(larders, store):  # noqa: F811
    root, scrub = store
    made = serving(larders, store, scrub="0", freshness="1h")
    stop, rows = threading.Event(), []

    def scrubbing() -> None:
        while not stop.is_set():
            rows.extend(scrub()[0])

    worker = threading.Thread(target=scrubbing)
    worker.start()
    try:
        with Pusher(made.url) as pusher:
            for i in range(12):
                image = build(f"fresh{i}", platforms=["linux/amd64"], layer_size=20_000)
                pusher.image("team/fresh", str(i), image)
                assert client.pull(made.url, "team/fresh", str(i)).ok
                assert client.pull(made.url, MIRRORED, "1").ok
                if i % 3 == 2:
                    assert pusher.delete(f"/v2/team/fresh/manifests/{image.digest}").status == 202
    finally:
        stop.set()
        worker.join()
    assert rows == [], "\n".join(map(repr, rows))
    check_store(root)
    assert scrub()[0] == []
