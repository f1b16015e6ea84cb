"""larder.size: never over it, no pull that fails, and the right images go."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import Command
from hub import build, client, images
from hub.push import Pusher

from .pushing import sessions
from .helpers import (MIB, SANITIZED, Download, age, ask, assert_pulled, blob_path, check_store,
                      leftovers, stored_digests, wait_until)
from .sizing import Watch, content_bytes, content_files, lru_hits, zipf

LIMIT = 3_000_000
KB = 1000
YOUNG = 10         # seconds; content of that age may go at once


def image_of(name: str, size: int, *, layers=()):
    """One layer of about that size that no other has, and those given."""
    own = images.layer({name: os.urandom(size)}, gzip=False)
    return build(name, layers=[*layers, own])


def published(hub, n: int, size: int, *, layers=()):
    return [hub.add(image_of(f"i{i}", size, layers=layers), f"library/i{i}", "1")
            for i in range(n)]


def settled(larder) -> None:
    """What is said to be in use is what the files have, once the last commit is counted."""
    def apart() -> int:
        return int(larder.metric("larder_store_bytes")) - content_bytes(larder.root)

    until = time.monotonic() + 10
    while (by := apart()) != 0:
        assert time.monotonic() < until, f"{by} bytes apart, of {content_bytes(larder.root)}"
        time.sleep(0.01)


def own_layer(image) -> str:
    return image.layers()[-1].digest


def blobs_of(image) -> dict[str, int]:
    """As a client's pull leaves them in the store."""
    found = {blob.digest: blob.size for blob in image.layers()}
    found[image.config().digest] = image.config().size
    for manifest in (image.root, image.manifest()):
        found[manifest.digest] = len(manifest.data)
    return found


def pull(larder, i: int):
    return client.pull(larder.url, f"library/i{i}", "1")


def tags(larder) -> set[str]:
    rows = [json.loads(line) for line in
            ask(larder, "/larder/v1/images?n=1000").body.decode().splitlines()]
    return {row["name"] + ":" + row["tag"] for row in rows if row.get("tag")}


@pytest.mark.concurrent
def test_a_small_cache_with_many_clients(hub, larders):
    """20 MB of images through 3 MB, by eight clients: never over, none fails, pinned and
    local ones stay, and nearly as many hits as there could be."""
    common = images.layer({"common": os.urandom(100 * KB)}, gzip=False)
    made_images = published(hub, 150, 130 * KB, layers=[common])
    hub.add(image_of("pin", 90 * KB), "library/pin", "1")
    larder = larders({"docker.io": hub.url}, access_log=False, settings={
        "size": f"{LIMIT}", "freshness": "1h", "local": ["own/**"],
        "tags": ["docker.io/library/pin:*=pinned"]})
    with Pusher(larder.url) as pusher:
        pusher.image("own/thing", "1", image_of("own", 90 * KB))
    assert client.pull(larder.url, "library/pin", "1").ok
    trace = zipf(150, 100 if SANITIZED else 160, seed=4)
    hub.reset()
    with Watch(larder.root) as watch, ThreadPoolExecutor(8) as pool:
        for i, result in zip(trace, pool.map(lambda i: pull(larder, i), trace)):
            assert_pulled(result, made_images[i])
    assert watch.most <= LIMIT and watch.looks > 20
    assert larder.metric("larder_evicted_images_total") > 20
    with hub.fault("any", "refused"):
        assert client.pull(larder.url, "library/pin", "1").ok
        assert client.pull(larder.url, "own/thing", "1").ok
    misses = sum(hub.count(kind="cdn", path=own_layer(image)[7:], method="GET")
                 for image in made_images)
    perfect = lru_hits(trace, [blobs_of(image) for image in made_images], LIMIT - 200 * KB)
    assert len(trace) - misses >= perfect - 0.05 * len(trace), (misses, perfect)
    wait_until(lambda: larder.metric("larder_flights") == 0, "the last flights")
    settled(larder)
    assert larder.metric("larder_store_reserved_bytes") == 0
    check_store(larder.root)


def test_the_oldest_go_and_what_is_shared_stays(hub, larders):
    common = images.layer({"common": os.urandom(900 * KB)}, gzip=False)
    made_images = published(hub, 5, 450 * KB, layers=[common])
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}", "freshness": "1h"})
    for i in (0, 1, 2, 0):
        assert pull(larder, i).ok
    age(larder.root, YOUNG)
    assert pull(larder, 3).ok           # 900 + 4 * 450 = 2700 kB: between both marks
    assert larder.metric("larder_evicted_images_total") == 0
    age(larder.root, YOUNG)
    assert pull(larder, 4).ok           # and this is too much
    wait_until(lambda: larder.metric("larder_evicted_images_total") >= 1, "an eviction")
    wait_until(lambda: own_layer(made_images[4]) in stored_digests(larder.root), "it is stored")
    there = stored_digests(larder.root)
    assert common.blob.digest in there
    assert own_layer(made_images[1]) not in there
    assert {own_layer(made_images[i]) for i in (0, 4)} <= there, "0 was used again"
    status = json.loads(ask(larder, "/larder/v1/status").body)["size"]
    assert status["limitBytes"] == LIMIT and status["lowBytes"] == 2_700_000
    assert status["counted"] and status["evictedImages"] >= 1
    assert status["evictedBytes"] >= 450 * KB
    command = Command(larder.root, {"docker.io": hub.url}, {
        "LARDER_SIZE": f"{LIMIT}", "REGISTRY_HTTP_ADDR": larder.host})
    text = command("status").out
    assert "of at most 3.0MB" in text and "evicted    " in text, text
    check_store(larder.root)


def test_a_layer_larger_than_the_limit(hub, larders):
    image = hub.add(build("big", layers=[images.large_layer(5 * MIB, 1)]), "library/big", "1")
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}"})
    with Watch(larder.root) as watch:
        for result in client.pull_many(3, larder.url, "library/big", "1"):
            assert_pulled(result, image)
    assert watch.most <= LIMIT
    assert larder.metric("larder_flight_unstored_total") >= 1
    assert "larder.size" in larder.wait_log("flight.no_room")
    wait_until(lambda: not leftovers(larder.root), "what fits is stored")


def test_a_size_that_is_not_announced(hub, larders):
    """Such a layer takes what there is, then goes by; its bytes on disk go with it."""
    image = hub.add(build("big", layers=[images.large_layer(5 * MIB, 2)]), "library/big", "1")
    blob = image.layers()[0]
    hub.fault("cdn", "no_length", path=blob.digest[7:])
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}"})
    with Watch(larder.root) as watch:
        download = Download(larder, blob_path("library/big", blob.digest)).wait_end()
    assert bytes(download.body) == blob.read()
    assert watch.most <= LIMIT
    wait_until(lambda: larder.metric("larder_store_reserved_bytes") == 0, "its room is free")
    settled(larder)
    assert not leftovers(larder.root)


def test_what_must_stay_fills_it(hub, larders):
    """Pushed images leave no room: pulls pass at once, pushes are told, and that is said."""
    image = hub.add(image_of("a", 600 * KB), "library/a", "1")
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}", "local": ["own/**"]})
    with Pusher(larder.url) as pusher:
        for i in range(4):
            pusher.image(f"own/i{i}", "1", image_of(f"i{i}", 650 * KB))
        began = time.monotonic()
        assert_pulled(client.pull(larder.url, "library/a", "1"), image)
        assert time.monotonic() - began < 4, "nobody waited for what cannot be"
        refused = pusher.monolithic("own/more", os.urandom(700 * KB))
        assert refused.status == 507 and "larder.size" in refused.message, refused.body
        # and one whose end nobody will send takes no room from others
        asked = pusher.session("own/more")
        refused = pusher.patch(asked, os.urandom(700 * KB))
        assert refused.status == 507, refused.body
        assert not sessions(larder.root)
        assert pusher.patch(asked, b"more").status == 404
    wait_until(lambda: larder.metric("larder_store_reserved_bytes") == 0, "its room is free")
    larder.wait_log("evict.nothing_left")
    assert own_layer(image) not in stored_digests(larder.root)
    for i in range(4):
        assert client.pull(larder.url, f"own/i{i}", "1").ok
    settled(larder)


def test_a_push_makes_room(hub, larders):
    """What a push announces is made room for while its bytes come."""
    published(hub, 5, 550 * KB)
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}", "local": ["own/**"],
                                                       "size-low": "95%"})
    for i in range(5):
        assert pull(larder, i).ok
    age(larder.root, YOUNG)
    data = os.urandom(800 * KB)
    with Pusher(larder.url) as pusher:
        # The first is the alarm, if the eviction was not quick enough for it.
        answers = [pusher.monolithic("own/thing", data) for _ in range(1)]
        if answers[-1].status == 507:
            wait_until(lambda: larder.metric("larder_evicted_images_total") > 0, "room")
            answers.append(pusher.monolithic("own/thing", data))
    assert answers[-1].status == 201, answers[-1].body
    assert content_bytes(larder.root) <= LIMIT


def test_an_import_makes_room(hub, larders, scratch):
    """Older images give way to what is imported, as they do to a pull; what it has brought stays
    though nothing names it yet."""
    new = [hub.add(image_of(f"n{i}", 700 * KB), f"library/n{i}", "1") for i in range(3)]
    from_here = Command(scratch / "other", {"docker.io": hub.url})
    wanted = [f"n{i}:1" for i in range(3)]
    assert from_here("pull", *wanted).status == 0
    assert from_here("export", *wanted, "-o", str(scratch / "new.tar")).status == 0
    published(hub, 5, 550 * KB)
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}"})
    for i in range(5):
        assert pull(larder, i).ok
    larder.stop()
    age(larder.root, YOUNG)
    command = Command(larder.root, {"docker.io": hub.url}, {"LARDER_SIZE": f"{LIMIT}"})
    done = command("import", str(scratch / "new.tar"))
    assert done.status == 0, done
    assert content_bytes(larder.root) <= LIMIT
    assert {own_layer(image) for image in new} <= stored_digests(larder.root)
    check_store(larder.root)


def test_a_pull_by_hand_hears_of_uses(hub, larders):
    """What clients of the larder that serves have just used does not go, though that is not
    written down yet."""
    made_images = published(hub, 5, 550 * KB)
    hub.add(image_of("new", 700 * KB), "library/new", "1")
    # This one serves and has no size: it is the pull that chooses.
    larder = larders({"docker.io": hub.url}, settings={"freshness": "1h"})
    for i in range(5):
        assert pull(larder, i).ok
    larder.stop()
    age(larder.root, YOUNG)
    larder.start()
    assert pull(larder, 0).ok           # the oldest of all, but for this
    command = Command(larder.root, {"docker.io": hub.url}, {"LARDER_SIZE": f"{LIMIT}"})
    done = command("pull", "new:1")
    assert done.status == 0, done
    there = stored_digests(larder.root)
    assert [own_layer(image) in there for image in made_images[:3]] == [True, False, False]


def test_new_settings_count_at_once(hub, larders):
    published(hub, 6, 400 * KB)
    larder = larders({"docker.io": hub.url}, settings={"freshness": "1h"})
    for i in range(6):
        assert pull(larder, i).ok
    age(larder.root, YOUNG)
    wait_until(lambda: content_bytes(larder.root) > 2_400_000, "all is stored")
    larder.settings["size"] = "1MB"
    config = larder.root.parent / (larder.root.name + ".config.yml")
    config.write_text(larder.config_text())
    larder.signal(signal.SIGHUP)
    wait_until(lambda: content_bytes(larder.root) <= 900_000, "it goes down")
    assert larder.metric("larder_store_limit_bytes") == 1_000_000
    with hub.fault("any", "refused"):
        assert pull(larder, 5).ok and not pull(larder, 0).ok
    larder.settings["size"] = "50%"
    config.write_text(larder.config_text())
    larder.signal(signal.SIGHUP)
    disk = os.statvfs(larder.root)
    half = disk.f_blocks * disk.f_frsize // 2
    wait_until(lambda: abs(larder.metric("larder_store_limit_bytes") - half) < 200, "half")


def test_the_count_survives(hub, larders):
    """An orderly end keeps it; after a crash, and where there was none, it is counted."""
    published(hub, 3, 300 * KB)
    settings = {"size": "10MB"}
    larder = larders({"docker.io": hub.url}, settings=settings)
    for i in range(3):
        assert pull(larder, i).ok
    wait_until(lambda: len(stored_digests(larder.root)) == 12, "all is stored")
    settled(larder)
    real = content_bytes(larder.root)
    assert larder.stop() == 0
    larder.start()
    assert larder.metric("larder_store_bytes") == real
    stray = larder.root / "docker/registry/v2/blobs/sha256/aa" / ("aa" * 32)
    stray.mkdir(parents=True)
    (stray / "data").write_bytes(b"x" * 1000)
    larder.kill()
    larder.start()
    wait_until(lambda: larder.metric("larder_store_bytes") == real + 1000, "counted anew")
    assert larder.stop() == 0
    (larder.root / "larder/room").unlink()
    larder.start()
    wait_until(lambda: larder.metric("larder_store_bytes") == real + 1000, "counted at all")


def test_a_crash_in_a_download(hub, larders):
    """What was reserved is free again; what had come stays, and counts."""
    image = hub.add(build("big", layers=[images.large_layer(2 * MIB, 3)]), "library/big", "1")
    blob = image.layers()[0]
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}"})
    gate = hub.hold("cdn", blob.digest[7:], after_bytes=MIB, count=1)
    download = Download(larder, blob_path("library/big", blob.digest))
    download.wait_bytes(MIB // 2)
    gate.wait_held(1, 10)
    assert larder.metric("larder_store_reserved_bytes") > 500 * KB
    larder.kill()
    gate.release()
    download.wait_end()
    larder.start()
    settled(larder)
    assert larder.metric("larder_store_reserved_bytes") == 0
    assert_pulled(client.pull(larder.url, "library/big", "1"), image)
    settled(larder)


def test_a_command_keeps_to_it(hub, larders):
    """`larder pull` beside a larder, and alone: both evict, both stay within."""
    published(hub, 8, 550 * KB)
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}", "freshness": "1h"})
    for i in range(4):
        assert pull(larder, i).ok
    age(larder.root, YOUNG)
    command = Command(larder.root, {"docker.io": hub.url}, {"LARDER_SIZE": f"{LIMIT}"})
    with Watch(larder.root) as watch:
        done = command("pull", "i4:1", "i5:1", "i6:1")
        assert done.status == 0, done
        settled(larder)
        assert larder.stop() == 0
        age(larder.root, YOUNG)
        done = command("pull", "i7:1", "i0:1")
        assert done.status == 0, done
    assert watch.most <= LIMIT
    # And what can never fit is said.
    hub.add(build("big", layers=[images.large_layer(5 * MIB, 1)]), "library/big", "1")
    done = command("pull", "big:1")
    assert done.status == 1 and "larder.size" in done.out + done.err, done
    check_store(larder.root)


def test_listed_images_stay(hub, larders, scratch):
    made_images = published(hub, 6, 550 * KB)
    wanted = scratch / "images.txt"
    wanted.write_text("i0:1\ni1:1\n")
    larder = larders({"docker.io": hub.url}, settings={
        "size": f"{LIMIT}", "freshness": "1h", "images": str(wanted)})
    for i in range(6):
        age(larder.root, YOUNG)
        assert pull(larder, i).ok
    with hub.fault("any", "refused"):
        assert pull(larder, 0).ok and pull(larder, 1).ok
    # One has gone, or two, as it was asked for while another was on its way.
    larder.wait_log("evict.done")
    wait_until(lambda: own_layer(made_images[5]) in stored_digests(larder.root), "the last came")
    settled(larder)
    # A list that cannot be read protects all that there is.
    wanted.unlink()
    age(larder.root, YOUNG)
    for i in (2, 3):
        assert pull(larder, i).ok
    larder.wait_log("evict.failed")     # a round may have begun before
    before = larder.metric("larder_evicted_images_total")
    for i in (2, 3):
        assert pull(larder, i).ok
    assert larder.metric("larder_evicted_images_total") == before
    assert content_bytes(larder.root) <= LIMIT
    wanted.write_text("i0:1\ni1:1\n")


def test_what_the_rules_keep(hub, larders, clock):
    """larder.keep: the last ones of each pattern, and what was used lately."""
    for tag in "abcdef":
        hub.add(image_of(f"x{tag}", 2 * KB), "library/x", tag)
        hub.add(image_of(f"y{tag}", 2 * KB), "library/y", tag)
    settings = {"freshness": "365d", "collect": "200ms", "grace": "0", "local": ["own/**", "mine/**"],
                "tags": ["docker.io/library/y:a=pinned"],
                "keep": ["docker.io/library/x:f=used:1000d",
                         "docker.io/library/x=last:2,used:10d",
                         "docker.io/library/*=used:10d", "local:own/*=last:1"]}
    larder = larders({"docker.io": hub.url}, settings=settings, env=clock.env)
    for tag in "fedcba":
        assert client.pull(larder.url, "library/x", tag).ok
        assert client.pull(larder.url, "library/y", tag).ok
    with Pusher(larder.url) as pusher:
        for repository in ("own/thing", "mine/thing"):
            for tag in ("1", "2"):
                pusher.image(repository, tag, image_of(f"{repository}{tag}", 2 * KB))
    wait_until(lambda: "own/thing:1" not in tags(larder), "local, on purpose")
    assert len(tags(larder)) == 12 + 3, tags(larder)
    clock.advance(5 * 86400)
    assert client.pull(larder.url, "library/x", "d").ok
    assert client.pull(larder.url, "library/y", "d").ok
    clock.advance(6 * 86400)
    wait_until(lambda: len(tags(larder)) == 9, "what nobody has used")
    assert tags(larder) == {"x:a", "x:b", "x:d", "x:f", "y:a", "y:d", "own/thing:2",
                            "mine/thing:1", "mine/thing:2"}
    wait_until(lambda: larder.metric("larder_kept_out_tags_total") == 7, "it counts them")
    assert client.pull(larder.url, "library/x", "c").ok


def test_downloads_that_nobody_continues(hub, larders, clock):
    image = hub.add(build("big", layers=[images.large_layer(2 * MIB, 3)]), "library/big", "1")
    blob = image.layers()[0]
    larder = larders({"docker.io": hub.url}, settings={"collect": "100ms"}, env=clock.env)
    gate = hub.hold("cdn", blob.digest[7:], after_bytes=MIB, count=1)
    download = Download(larder, blob_path("library/big", blob.digest))
    gate.wait_held(1, 10)
    download.wait_bytes(MIB // 2)
    larder.kill()
    gate.release()
    download.wait_end()
    assert leftovers(larder.root)
    larder.start()
    assert leftovers(larder.root)
    clock.advance(86400 + 60)
    wait_until(lambda: not leftovers(larder.root), "it expires")
    settled(larder)


def test_a_thousand_evictions_beside_one_slow_pull(hub, larders):
    """What is just being fetched stays, however old the others are."""
    image = hub.add(build("slow", layers=[images.large_layer(MIB, 4)]), "library/slow", "1")
    published(hub, 12, 400 * KB)
    blob = image.layers()[0]
    larder = larders({"docker.io": hub.url}, settings={"size": f"{LIMIT}", "freshness": "1h"})
    gate = hub.hold("cdn", blob.digest[7:], after_bytes=MIB // 2, count=1)
    results = []
    slow = threading.Thread(
        target=lambda: results.append(client.pull(larder.url, "library/slow", "1")))
    slow.start()
    gate.wait_held(1, 10)
    for i in range(12):
        age(larder.root, YOUNG)
        assert pull(larder, i).ok
    gate.release()
    slow.join(20)
    assert_pulled(results[0], image)
    with hub.fault("any", "refused"):
        assert_pulled(client.pull(larder.url, "library/slow", "1"), image)
    check_store(larder.root)


def test_wrong_words(scratch):
    for setting, said in (("5", "at least 1000000"), ("120%", "a size such as"),
                          ("much", "a size such as")):
        done = Command(scratch / "root", env={"LARDER_SIZE": setting})("serve", "--print-settings")
        assert done.status == 100 and said in done.err, done
    for setting, said in (("docker.io/*", "pattern=rules"), ("a=last:0", "from 1"),
                          ("a=first:3", "last:NUMBER"), ("a=used:0", "more than 0"),
                          ("a=", "must have rules")):
        done = Command(scratch / "root", env={"LARDER_KEEP": setting})("serve", "--print-settings")
        assert done.status == 100 and said in done.err, done
