"""One download, any number of clients: what is asked upstream, and who gets what when."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import build, client, images

from .helpers import (LATE, MIB, TAIL, Download, answered, ask, assert_pulled, blob_path,
                      check_store, codes, leftovers, one_get_each, outcome,
                      stored_digests, wait_until)

REPO = "library/thing"
SIZE = 6 * MIB


@pytest.fixture
def image(hub):
    return hub.add(build("thing", layer_size=SIZE), REPO, "1")


@pytest.fixture
def big(image):
    return image.layers()[-1]


def cdn_bytes(hub, blob) -> int:
    return sum(entry.bytes_sent for entry in hub.requests(kind="cdn", path=blob.digest[7:]))


# --- many clients, one image ------------------------------------------------------------

@pytest.mark.concurrent
@pytest.mark.parametrize("style", ["docker", "podman", "containerd"])
@LATE
def test_32_clients_pull_one_cold_image(hub, larder, style, late):
    image = hub.add(build("crowd", attestations=True, layers=lambda platform: [
        images.layer({"etc/platform": platform.encode()}), images.large_layer(9 * MIB, 1),
        images.large_layer(3 * MIB, 2), images.large_layer(300_000, 3)]), REPO, "1")
    made = larder(env=late)
    ns = "docker.io" if style == "containerd" else None
    results = client.pull_many(32, made.url, REPO, "1", style=style, ns=ns)
    for result in results:
        assert_pulled(result, image)
    one_get_each(hub, image)
    assert hub.quota_spent == 2
    assert answered(hub, kind="manifest_head") <= 1
    assert hub.count(kind="token", status=200) <= 2
    assert made.metric("larder_http_requests_total", outcome="error") == 0
    assert made.metric("larder_upstream_received_bytes_total", kind="cdn") == \
        image.pull_size()
    assert late or outcome(made, "joined") > 31
    print(f"32 cold clients ({style}): {max(r.total for r in results):.2f} s")


@pytest.mark.concurrent
def test_many_platforms_at_once(hub, larder):
    """Each platform's own manifest and blobs once; what they share, once in all."""
    platforms = ("linux/amd64", "linux/arm64/v8", "linux/arm/v7")
    image = hub.add(build("wide", platforms=platforms, layers=lambda platform: [
        images.large_layer(5 * MIB, 9), images.layer({"p": platform.encode()})]), REPO, "w")
    made = larder()
    with ThreadPoolExecutor(24) as pool:
        futures = [(platform, pool.submit(client.pull, made.url, REPO, "w",
                                          platform=platform))
                   for platform in platforms * 8]
        for platform, future in futures:
            assert_pulled(future.result(), image, platform)
    assert hub.quota_spent == 1 + len(platforms)
    assert answered(hub, kind="blob", method="GET") == 1 + 2 * len(platforms)


@pytest.mark.concurrent
def test_one_digest_in_several_tags_and_repositories(hub, larder):
    image = build("shared", layer_size=SIZE)
    places = [("library/shared", "1"), ("library/shared", "1.0"), ("team/copy", "1"),
              ("team/copy", "latest"), ("other/again", "x")]
    for repository, tag in places:
        hub.add(image, repository, tag)
    made = larder()
    with ThreadPoolExecutor(len(places) * 4) as pool:
        for result in pool.map(lambda place: client.pull(made.url, *place), places * 4):
            assert_pulled(result, image)
    one_get_each(hub, image)
    assert hub.quota_spent == 2
    assert cdn_bytes(hub, image.layers()[-1]) == image.layers()[-1].size


def test_the_second_repository_costs_heads_only(hub, larder, image, big):
    hub.add(image, "team/copy", "1")
    made = larder()
    assert client.pull(made.url, REPO, "1").ok
    gets = hub.quota_spent, answered(hub, kind="blob", method="GET"), hub.count(kind="cdn")
    result = client.pull(made.url, "team/copy", "1")
    assert_pulled(result, image)
    assert hub.quota_spent == gets[0]
    assert answered(hub, kind="blob", method="GET") == gets[1]
    assert hub.count(kind="cdn", method="GET") == gets[2]
    asked = hub.count()
    assert_pulled(client.pull(made.url, "team/copy", "1"), image)
    assert hub.count() == asked             # and next time nothing


# --- whose is it ------------------------------------------------------------------------

def test_a_repository_that_is_not_granted_sees_nothing(hub, larder, image, big):
    """The same bytes lie in the store; upstream does not give them in that repository."""
    hub.config.private["team/secret"] = {"alice"}
    hub.add(image, "team/secret", "1")
    hub.add(build("stranger"), "team/stranger", "1")
    made = larder()
    assert client.pull(made.url, REPO, "1").ok
    gets = hub.quota_spent, hub.count(kind="cdn")
    for name, statuses in (("team/secret", (401, 403)), ("team/stranger", (404,)),
                           ("team/none", (401, 403))):
        for path in (f"/v2/{name}/manifests/{image.digest}",
                     f"/v2/{name}/manifests/{image.manifest().digest}",
                     blob_path(name, big.digest), blob_path(name, image.config().digest)):
            for method in ("GET", "HEAD", "GET"):
                answer = ask(made, path, method, timeout=20)
                # who pushes asks by HEAD first, and goes on at 404 alone
                wanted = (404,) if method == "HEAD" and "/blobs/" in path else statuses
                assert answer.status in wanted, (method, path, answer.data[:300])
                assert method == "HEAD" or codes(answer)
    assert (hub.quota_spent, hub.count(kind="cdn")) == gets


def test_nor_does_it_see_a_download_under_way(hub, larder, image, big):
    hub.config.private["team/secret"] = {"alice"}
    hub.add(image, "team/secret", "1")
    hub.add(build("stranger"), "team/stranger", "1")
    made = larder()
    gate = hub.hold("cdn", big.digest[7:], after_bytes=2 * MIB)
    first = Download(made, blob_path(REPO, big.digest))
    first.wait_bytes(MIB)
    assert ask(made, blob_path("team/secret", big.digest), timeout=20).status in (401, 403)
    assert ask(made, blob_path("team/stranger", big.digest), timeout=20).status == 404
    gate.release()
    assert first.wait_end().digest == big.digest


# --- clients that leave -----------------------------------------------------------------

def test_the_first_client_leaves_half_way(hub, larder, image, big):
    made = larder()
    gate = hub.hold("cdn", big.digest[7:], after_bytes=SIZE // 2)
    first = Download(made, blob_path(REPO, big.digest))
    first.wait_bytes(SIZE // 2 - 4096)
    second = Download(made, blob_path(REPO, big.digest))
    second.wait_bytes(SIZE // 2 - 4096)
    first.leave()
    gate.release()
    assert second.wait_end().digest == big.digest and second.end == "complete"
    assert hub.count(kind="cdn") == 1 and cdn_bytes(hub, big) == big.size


def test_a_download_goes_on_with_no_client(hub, larder, image, big):
    made = larder()
    gate = hub.hold("cdn", big.digest[7:], after_bytes=SIZE // 2)
    only = Download(made, blob_path(REPO, big.digest))
    only.wait_bytes(1000)
    only.leave()
    wait_until(lambda: made.metric("larder_http_requests_active") == 1, "it has gone")
    gate.release()
    wait_until(lambda: made.metric("larder_flights") == 0, "it has ended")
    assert big.digest in stored_digests(made.root)
    assert ask(made, blob_path(REPO, big.digest)).body == big.read()
    assert hub.count(kind="cdn") == 1 and cdn_bytes(hub, big) == big.size
    assert outcome(made, "hit", kind="blob") == 1


def test_left_before_the_first_byte(hub, larder, image, big):
    made = larder()
    gate = hub.hold("blob", big.digest)
    only = Download(made, blob_path(REPO, big.digest))
    gate.wait_held()
    only.leave()
    gate.release()
    wait_until(lambda: big.digest in stored_digests(made.root), "stored")
    assert hub.count(kind="cdn") == 1


@pytest.mark.concurrent
def test_a_client_that_stands_still_holds_nobody_up(hub, larder, image, big):
    made = larder()
    still = [Download(made, blob_path(REPO, big.digest), pause_at=1000) for _ in range(5)]
    for one in still:
        one.wait_bytes(1000)
    assert Download(made, blob_path(REPO, big.digest)).wait_end().digest == big.digest
    wait_until(lambda: big.digest in stored_digests(made.root), "stored")
    for one in still:
        one.go_on()
    assert {one.wait_end().digest for one in still} == {big.digest}
    assert hub.count(kind="cdn") == 1


# --- what is held back ------------------------------------------------------------------

@pytest.mark.concurrent
def test_the_tail_is_withheld_until_the_digest_is_right(hub, larder, image, big):
    """All but the last byte has arrived: no client has any of the last 64 KiB."""
    made = larder()
    gate = hub.hold("cdn", big.digest[7:], after_bytes=big.size - 1)
    clients = [Download(made, blob_path(REPO, big.digest)) for _ in range(8)]
    gate.wait_held()
    late = Download(made, blob_path(REPO, big.digest),
                    headers={"Range": f"bytes={big.size - TAIL - 10}-"})
    for one in clients:
        one.wait_bytes(big.size - TAIL)
    late.wait_bytes(10)
    partial = next((made.root / "larder/partial").iterdir())
    wait_until(lambda: partial.stat().st_size >= big.size - 1, "all but one byte is here")
    # a look at every client after another has been served says that larder had its chance
    assert ask(made, f"/v2/{REPO}/manifests/1").status == 200
    assert [len(one.body) for one in clients] == [big.size - TAIL] * 8
    assert len(late.body) == 10
    gate.release()
    assert {one.wait_end().digest for one in clients} == {big.digest}
    assert bytes(late.wait_end().body) == big.read(big.size - TAIL - 10)


@pytest.mark.parametrize("size", [40_000, MIB, 3 * MIB])
def test_a_small_blob_is_held_back_but_not_for_long(hub, larder, size):
    """Whole for a moment; when it takes its time, the header goes out all the same."""
    image = hub.add(build("small", layer_size=size), REPO, "s")
    blob = image.layers()[-1]
    made = larder()
    gate = hub.hold("cdn", blob.digest[7:], after_bytes=blob.size - 1)
    one = Download(made, blob_path(REPO, blob.digest))
    gate.wait_held()
    if size > TAIL:
        one.wait_bytes(blob.size - TAIL, timeout=5)
        assert len(one.body) == blob.size - TAIL
    gate.release()
    assert one.wait_end().digest == blob.digest


def test_bytes_flow_as_they_land(hub, larder, image, big):
    """The header and the first bytes do not wait for the rest."""
    made = larder()
    gates = [hub.hold("cdn", big.digest[7:], after_bytes=n * MIB) for n in (1, 2, 3)]
    one = Download(made, blob_path(REPO, big.digest))
    for n, gate in enumerate(gates, 1):
        gate.wait_held()
        one.wait_bytes(n * MIB)
        assert len(one.body) == n * MIB
        assert one.answer.header("content-length") == str(big.size)
        gate.release()
    assert one.wait_end().digest == big.digest


# --- HEAD -------------------------------------------------------------------------------

@pytest.mark.parametrize("settings", [{}, {"head_blob_401": True}, {"method_bound": True},
                                      {"redirect": 0}, {"head_length": False}])
def test_head_of_a_cold_blob_downloads_nothing(hubs, larders, settings):
    hub = hubs(**settings)
    image = hub.add(build("thing", layer_size=SIZE), REPO, "1")
    big = image.layers()[-1]
    made = larders({"docker.io": hub.url})
    for _ in range(3):
        answer = ask(made, blob_path(REPO, big.digest), "HEAD", timeout=20)
        assert answer.status == 200, answer.data
        assert answer.header("content-length") == str(big.size)
        assert answer.header("docker-content-digest") == big.digest
    blobs = hub.requests(path=big.digest[7:], method="GET", kind="cdn")
    assert sum(entry.bytes_sent for entry in blobs) <= 1
    assert not leftovers(made.root) and not stored_digests(made.root)
    assert ask(made, blob_path(REPO, "sha256:" + "2" * 64), "HEAD").status == 404


# --- limits -----------------------------------------------------------------------------

def test_more_downloads_than_may_run_at_once(hub, larder):
    image = hub.add(build("layers", layers=[
        images.layer({"n": str(i).encode() * 1000}) for i in range(12)]), REPO, "l")
    made = larder(settings={"flights": "2"})
    gate = hub.hold("cdn")
    done: list[client.PullResult] = []
    thread = threading.Thread(target=lambda: done.append(
        client.pull(made.url, REPO, "l", parallel=13)))
    thread.start()
    gate.wait_held(2)
    assert hub.count(kind="cdn") == 2 == made.metric("larder_flights")
    gate.release()
    thread.join(30)
    assert_pulled(done[0], image)
    one_get_each(hub, image)


@pytest.mark.concurrent
@pytest.mark.slow
def test_many_images_many_clients(hub, larder):
    """Eleven images, eight clients each, all at once; the store is right afterwards."""
    from hub import eleven
    named = hub.add_all(eleven(host="docker.io"))
    made = larder()

    def pull(one):
        return one, client.pull(made.url, one.repository, one.tag)

    with ThreadPoolExecutor(48) as pool:
        for one, result in pool.map(pull, named * 8):
            assert_pulled(result, one.image)
    digests = {b.digest for one in named
               for b in (one.image.config(), *one.image.layers())}
    assert answered(hub, kind="blob", method="GET") == len(digests)
    assert hub.quota_spent == len({d for one in named for d in (
        one.image.digest, one.image.manifest().digest)})
    made.stop()
    assert check_store(made.root) == len(digests) + hub.quota_spent
    assert not leftovers(made.root)
