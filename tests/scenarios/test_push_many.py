"""Many pushes at once: the same things, other things, and pulls beside them."""

from __future__ import annotations

import pytest

from hub import build, client, images
from hub.push import WAYS, Pusher, at_once, check, digest_of

from .helpers import MIB, check_store, stored_digests
from .pushing import (DELETES, REPO, blob_is, image_is, manifest_is, nothing_half_done,
                      pusher, registry, small, tags)
from .test_uploads import data_of

pytestmark = pytest.mark.concurrent
N = 16


@pytest.mark.parametrize("repos", [1, N])
def test_the_same_blob(registry, pusher, repos):
    """16 clients, each in its own way: all are told 201, and there is one blob."""
    data = data_of(MIB + 1)
    names = [f"{REPO}/{i % repos}" for i in range(N)]
    answers = at_once(registry.url, [
        lambda p, i=i: p.blob(names[i], data, WAYS[i % len(WAYS)]) for i in range(N)])
    assert [getattr(a, "status", a) for a in answers] == [201] * N
    assert stored_digests(registry.root) == {digest_of(data)}
    for name in set(names):
        blob_is(pusher, name, digest_of(data), data)
    nothing_half_done(registry.root)


def test_the_same_image(registry, pusher):
    image = build("thing", attestations=True, layer_size=MIB)
    answers = at_once(registry.url, [
        lambda p, i=i: p.image(REPO, "1", image, WAYS[i % len(WAYS)]) for i in range(N)])
    assert [getattr(a, "status", a) for a in answers] == [201] * N
    image_is(pusher, REPO, "1", image)
    assert stored_digests(registry.root) == {*image.blobs, *image.manifests}
    nothing_half_done(registry.root)


@pytest.mark.parametrize("repos", [1, 4, N])
def test_different_images(registry, pusher, repos):
    """Nothing is lost, also where they share layers and repositories."""
    shared = images.layer({"shared": b"by all" * 1000})
    made = [build(f"thing{i}", layers=lambda platform, i=i: [
        shared, images.layer({f"own{i}": platform.encode() * 500}),
        images.large_layer(MIB, i % 3)]) for i in range(N)]
    answers = at_once(registry.url, [
        lambda p, i=i: p.image(f"{REPO}/{i % repos}", f"v{i}", made[i], WAYS[i % len(WAYS)])
        for i in range(N)])
    assert [getattr(a, "status", a) for a in answers] == [201] * N
    for i, image in enumerate(made):
        image_is(pusher, f"{REPO}/{i % repos}", f"v{i}", image)
    for r in range(repos):
        assert tags(registry, f"{REPO}/{r}") == sorted(f"v{i}" for i in range(r, N, repos))
    nothing_half_done(registry.root)


def test_one_tag_is_one_of_them(registry, pusher):
    """16 manifests fight for a tag: each is there by digest, and the tag is one, whole."""
    datas = [small(pusher, REPO, f"old{i}", annotations={"i": str(i)}) for i in range(N)]
    answers = at_once(registry.url, [
        lambda p, i=i: p.manifest(REPO, "tag", datas[i]) for i in range(N)])
    assert [getattr(a, "status", a) for a in answers] == [201] * N
    for data in datas:
        manifest_is(pusher, REPO, digest_of(data), data, images.OCI_MANIFEST)
    assert pusher.get(f"/v2/{REPO}/manifests/tag").body in datas
    nothing_half_done(registry.root)


def test_many_clients_of_one_session(registry, pusher):
    """Each chunk is taken once, from whoever is first; the others are told why."""
    data = data_of(16 * 20_000)
    location = pusher.session(REPO)
    for at in range(0, len(data), 20_000):
        answers = at_once(registry.url, [
            lambda p: p.patch(location, data[at:at + 20_000], at)] * 4)
        found = sorted(a.status for a in answers)
        assert found.count(202) == 1 and set(found) <= {202, 409, 416}, found
        for answer in answers:
            if answer.status != 202:
                assert answer.codes == ["BLOB_UPLOAD_INVALID"]
    check(pusher.finish(location, digest_of(data)), 201)
    blob_is(pusher, REPO, digest_of(data), data)


def test_one_session_ends_once(registry, pusher):
    data = data_of(MIB)
    for i in range(4):
        location = check(pusher.patch(pusher.session(f"{REPO}{i}"), data), 202).location
        answers = at_once(registry.url, [lambda p: p.finish(location, digest_of(data))] * 4)
        found = [a.status for a in answers]
        assert found.count(201) == 1 and set(found) <= {201, 404, 409}, found
        blob_is(pusher, f"{REPO}{i}", digest_of(data), data)
    nothing_half_done(registry.root)


def test_cancel_beside_finish(registry, pusher):
    """One of them wins, and what it has said is so."""
    for i in range(8):
        data = data_of(100_000, i)
        location = check(pusher.patch(pusher.session(REPO), data), 202).location
        finish, cancel = at_once(registry.url, [
            lambda p: p.finish(location, digest_of(data)), lambda p: p.delete(location)])
        assert (finish.status, cancel.status) in (
            (201, 404), (201, 409), (404, 204), (409, 204)), (finish.status, cancel.status)
        assert (pusher.head(f"/v2/{REPO}/blobs/{digest_of(data)}").status == 200) == (
            finish.status == 201)
    nothing_half_done(registry.root)


def test_push_beside_delete(registry, pusher):
    """A 201 after the last 202 is there, and an index never loses its platform unseen."""
    data = small(pusher, REPO)
    digest = digest_of(data)

    def push(p: Pusher):
        return [p.manifest(REPO, "1", data).status for _ in range(20)]

    def delete(p: Pusher):
        return [p.delete(f"/v2/{REPO}/manifests/{digest}").status for _ in range(20)]

    pushed, deleted = at_once(registry.url, [push, delete])
    assert set(pushed) == {201} and set(deleted) <= {202, 404}, (pushed, deleted)
    for ref in ("1", digest):
        answer = pusher.get(f"/v2/{REPO}/manifests/{ref}")
        assert answer.status == 404 or answer.body == data
    if pusher.head(f"/v2/{REPO}/manifests/1").status == 200:
        manifest_is(pusher, REPO, digest, data, images.OCI_MANIFEST)
    check(pusher.manifest(REPO, "1", data), 201)
    manifest_is(pusher, REPO, "1", data, images.OCI_MANIFEST)
    check_store(registry.root)


def test_beside_pulls_of_mirrored_images(hub, larders):
    """Cold and cached pulls go on beside pushes; nothing is fetched twice."""
    own = [build(f"own{i}", layer_size=MIB) for i in range(6)]
    mirrored = [hub.add(build(f"mirrored{i}", layer_size=2 * MIB), f"library/m{i}", "1")
                for i in range(3)]
    made = larders({"docker.io": hub.url}, settings={"local": ["team/*"]}, config=DELETES)
    quota = 2 * len(mirrored)       # an index and a manifest each

    def push(i):
        return lambda p: p.image(f"team/{i}", "1", own[i], WAYS[i % len(WAYS)])

    def pull(i):
        return lambda p: [client.pull(made.url, f"library/m{i % 3}", "1") for _ in range(3)]

    results = at_once(made.url, [job(i) for i in range(6) for job in (push, pull)])
    for pushed, pulled in zip(results[::2], results[1::2]):
        assert getattr(pushed, "status", pushed) == 201
        for one in pulled:
            assert one.ok, one.errors
    with Pusher(made.url) as pusher:
        for i, image in enumerate(own):
            image_is(pusher, f"team/{i}", "1", image)
    assert hub.quota_spent == quota
    for image in mirrored:
        for blob in image.layers():
            assert hub.count(kind="cdn", path=blob.digest[7:], method="GET") <= 1
    nothing_half_done(made.root)


def test_pulled_while_it_is_pushed_again(registry, pusher):
    """Readers of what is there see nothing of it."""
    image = build("thing", layer_size=MIB)
    pusher.image(REPO, "1", image)

    def push(p: Pusher):
        for blob in image.blobs.values():
            check(p.streamed(REPO, blob.read()), 201)
        for one in image.manifests.values():
            check(p.manifest(REPO, one.digest, one.data, one.media_type), 201)
        return check(p.manifest(REPO, "1", image.root.data, image.root.media_type), 201)

    def pull(p: Pusher):
        return [client.pull(registry.url, REPO, "1") for _ in range(5)]

    results = at_once(registry.url, [push, pull] * 4)
    for found in results:
        if isinstance(found, list):
            assert all(one.ok for one in found), [one.errors for one in found]
        else:
            assert getattr(found, "status", found) == 201
    nothing_half_done(registry.root)


@pytest.mark.memory
def test_memory_is_flat(registry, pusher):
    """48 MiB in one layer, by each way that can stream, and eight at once."""
    blob = images.large_layer(48 * MIB, 5).blob
    check(pusher.monolithic(REPO, b"warm"), 201)
    before = registry.memory()["RssAnon"]
    data = blob.read()
    for way in WAYS:
        check(pusher.blob(f"{REPO}/{way}", data, way), 201)
    assert registry.memory()["RssAnon"] - before < 16 * MIB
    part = data[:8 * MIB]
    answers = at_once(registry.url, [
        lambda p, i=i: p.streamed(f"{REPO}/{i}", part) for i in range(8)])
    assert [getattr(a, "status", a) for a in answers] == [201] * 8
    assert registry.memory()["RssAnon"] - before < 24 * MIB
