"""Images of a store to another registry: what is sent, what is not, and what it says."""

from __future__ import annotations

import pytest

from hub import build, images
from hub.push import Pusher
from hub.receiver import Receiver

from . import targets
from .helpers import MIB, blobs_dir, stored_digests
from .pushing import image_is

FROM, TO = "library/thing", "team/thing"
IMAGE = build("thing", attestations=True)
SIZE = sum(blob.size for blob in IMAGE.blobs.values())


@pytest.fixture
def root(larders, scratch):
    return targets.fill(larders(root=scratch / "from"), (FROM, "1", IMAGE))


@pytest.fixture
def to():
    with Receiver() as made:
        yield made


def arrived(to: Receiver, repo: str, ref: str, image: images.Image) -> None:
    """All of it, byte for byte."""
    media_type, data = to.manifests[repo][ref]
    assert (media_type, data) == (image.root.media_type, image.root.data)
    for one in image.manifests.values():
        assert to.manifests[repo][one.digest] == (one.media_type, one.data)
    for digest, blob in image.blobs.items():
        assert to.blobs[repo][digest] == blob.read()


@pytest.mark.concurrent
def test_to_a_larder_and_again(root, larders, scratch):
    """All platforms and attestations, digests unchanged; then nothing is left to do."""
    other = larders(root=scratch / "to")
    first = targets.copy(root, FROM, IMAGE.digest, other.url, TO, "1")
    assert not first["current"] and first["digest"] == IMAGE.digest
    assert first["blobs"] == first["done"] == len(IMAGE.blobs)
    assert first["sent"] == first["bytes"] == first["bytes_done"] == SIZE
    assert first["manifests"] == len(IMAGE.manifests)
    with Pusher(other.url) as pusher:
        image_is(pusher, TO, "1", IMAGE)
    assert stored_digests(other.root) == stored_digests(root)
    again = targets.copy(root, FROM, IMAGE.digest, other.url, TO, "1")
    assert again["current"] and again["sent"] == again["manifests"] == 0
    tagged = targets.copy(root, FROM, IMAGE.digest, other.url, TO, "2")
    assert not tagged["current"] and tagged["sent"] == 0 and tagged["manifests"] == 1


def test_a_copier_mounts_in_a_larder_what_it_has_brought(root, larders, scratch):
    other = larders(root=scratch / "to")
    first, second = targets.several(
        root, other.url, [(FROM, IMAGE.digest, TO, "1")],
        [(FROM, IMAGE.digest, "team/second", "1")])
    assert first["ok"] and second["ok"], (first, second)
    assert second["mounted"] == len(IMAGE.blobs) and second["sent"] == 0


@pytest.mark.parametrize("location", ["relative", "absolute", "query"])
def test_blobs_before_manifests_children_before_the_index(root, location):
    with Receiver(location=location) as to:
        targets.copy(root, FROM, IMAGE.digest, to.url, TO, "1")
        arrived(to, TO, "1", IMAGE)
        assert to.received == SIZE and to.count("put_blob") == len(IMAGE.blobs)
        assert to.order[-1] == "1"
        assert to.count("put_manifest", 201) == len(IMAGE.manifests)


def test_only_what_is_missing_is_sent(root, to):
    has = IMAGE.layers()[0]
    to.blobs[TO] = {has.digest: has.read()}
    done = targets.copy(root, FROM, IMAGE.digest, to.url, TO, "1")
    assert done["present"] == 1 and done["sent"] == to.received == SIZE - has.size
    arrived(to, TO, "1", IMAGE)


def test_of_a_manifest_that_is_there_nothing_is_asked(root, to):
    """Only of the platform that is not."""
    there, other = IMAGE.manifest("linux/amd64"), IMAGE.manifest("linux/arm64/v8")
    to.manifests[TO] = {there.digest: (there.media_type, there.data)}
    to.blobs[TO] = {one["digest"]: b"" for one in
                    [there.json["config"], *there.json["layers"]]}
    done = targets.copy(root, FROM, IMAGE.digest, to.url, TO, "1")
    needed = {d for m in IMAGE.manifests.values() if m not in (there, IMAGE.root)
              for d in [m.json["config"]["digest"], *(x["digest"] for x in m.json["layers"])]}
    asked = {ref for kind, _, ref, _ in to.asked if kind == "head_blob"}
    shared = {x["digest"] for x in there.json["layers"]} & needed
    assert asked | shared == needed and done["manifests"] == len(IMAGE.manifests) - 1
    assert other.digest in to.manifests[TO]


def test_a_blob_of_nothing(larders, scratch, to):
    nothing = images.Blob(images.sha256(b""), 0, b"")
    image = build("none", layers=[images.Layer(nothing, nothing.digest)], index=False)
    root = targets.fill(larders(root=scratch / "from"), (FROM, "1", image))
    targets.copy(root, FROM, image.digest, to.url, TO, "1")
    arrived(to, TO, "1", image)


def test_without_a_tag(root, to):
    done = targets.copy(root, FROM, IMAGE.digest, to.url, TO)
    assert not done["current"] and to.order[-1] == IMAGE.digest
    assert targets.copy(root, FROM, IMAGE.digest, to.url, TO)["current"]


def test_one_platform_has_the_tag_itself(root, to):
    done = targets.copy(root, FROM, IMAGE.digest, to.url, TO, "1", platform="linux/arm64")
    one = IMAGE.manifest("linux/arm64/v8")
    assert done["digest"] == one.digest and to.manifests[TO]["1"] == (one.media_type, one.data)
    assert set(to.blobs[TO]) == {one.json["config"]["digest"],
                                 *(x["digest"] for x in one.json["layers"])}
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1", platform="linux/s390x")
    assert no["kind"] == "not_found"
    assert "no linux/s390x in it; it has linux/amd64, linux/arm64/v8" in no["error"]


def test_an_index_of_which_a_part_is_here(larders, scratch, to):
    """The rest is known by name only: an error, before anything is sent; the platform that
    is here can go alone."""
    root = targets.fill(larders(root=scratch / "from"), (FROM, "1", IMAGE))
    away = IMAGE.manifest("linux/arm64/v8")
    (blobs_dir(root) / "sha256" / away.digest[7:9] / away.digest[7:] / "data").unlink()
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1")
    assert no["kind"] == "not_found" and "copy one only" in no["error"]
    assert "linux/arm64" in no["error"] and to.asked == []
    targets.copy(root, FROM, IMAGE.digest, to.url, TO, "1", platform="linux/amd64")


def test_a_blob_that_is_not_here(root, to):
    layer = IMAGE.layers()[0].digest
    (blobs_dir(root) / "sha256" / layer[7:9] / layer[7:] / "data").unlink()
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1", platform="linux/amd64")
    assert no["kind"] == "not_found" and layer[:24] in no["error"] and to.asked == []


def test_a_blob_that_is_corrupt_here(root, to):
    """The registry sees it, and the message says whose fault it is; sent once."""
    layer = IMAGE.layers()[0]
    path = blobs_dir(root) / "sha256" / layer.digest[7:9] / layer.digest[7:] / "data"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1")
    assert no["kind"] == "corrupt" and "store's own copy" in no["error"]
    assert to.count("put_blob", 400) == 1 and "1" not in to.manifests.get(TO, {})


def test_mounts(root, to):
    """From the repository where an earlier copy of the same copier has put it."""
    first, second = targets.several(
        root, to.url, [(FROM, IMAGE.digest, TO, "1")],
        [(FROM, IMAGE.digest, "team/second", "1")])
    assert first["ok"] and second["ok"] and second["mounted"] == len(IMAGE.blobs)
    assert to.received == SIZE
    arrived(to, "team/second", "1", IMAGE)


def test_a_mount_that_becomes_a_session_is_used(root):
    with Receiver(mounts=False) as to:
        targets.several(root, to.url, [(FROM, IMAGE.digest, TO, "1")],
                        [(FROM, IMAGE.digest, "team/second", "1")])
        arrived(to, "team/second", "1", IMAGE)
        assert to.count("post") == to.count("mount") == len(IMAGE.blobs)
        assert to.count("put_blob") == 2 * len(IMAGE.blobs)


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_mount_that_is_refused_is_no_failure(root, to, status):
    to.fault("mount", status=status, times=99)
    _, second = targets.several(root, to.url, [(FROM, IMAGE.digest, TO, "1")],
                                [(FROM, IMAGE.digest, "team/second", "1")])
    assert second["ok"] and second["mounted"] == 0, second
    assert to.count("mount", status) == len(IMAGE.blobs)
    arrived(to, "team/second", "1", IMAGE)


@pytest.mark.concurrent
def test_two_at_once_send_what_they_share_once(root, to):
    both = targets.several(root, to.url, [(FROM, IMAGE.digest, f"team/{i}", "1")
                                          for i in range(6)])
    assert all(one["ok"] for one in both), both
    assert to.received == SIZE
    for i in range(6):
        arrived(to, f"team/{i}", "1", IMAGE)


# --- who may ---

def test_tokens_are_for_pushing(root):
    with Receiver(auth="bearer", users={"u": "p"}) as to:
        done = targets.several(root, to.url, [(FROM, IMAGE.digest, TO, "1")],
                               [(FROM, IMAGE.digest, "team/second", "1")],
                               user="u", password="p")
        assert all(one["ok"] for one in done), done
        arrived(to, TO, "1", IMAGE)
        assert to.scopes[0] == [f"repository:{TO}:pull,push"]
        assert [f"repository:team/second:pull,push", f"repository:{TO}:pull"] in to.scopes
        assert to.count("token") <= 4


def test_basic(root):
    with Receiver(auth="basic", users={"u": "p"}) as to:
        targets.copy(root, FROM, IMAGE.digest, to.url, TO, "1", user="u", password="p")
        arrived(to, TO, "1", IMAGE)
        no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "2")
        assert no["kind"] == "denied" and "user name and password" in no["error"]


def test_who_may_not_push(root):
    """Its token does not say push: the registry refuses, and it is said why."""
    with Receiver(auth="bearer", users={"u": "p"}) as to:
        no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1")
        assert no["kind"] == "denied" and "may not push" in no["error"]
        assert to.received == 0
        bad = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1", user="u",
                              password="wrong-secret")
        assert bad["kind"] == "denied" and "wrong-secret" not in bad["error"]
        assert to.count("token", 401) == 1


def test_a_token_that_ends_is_renewed_once(root):
    with Receiver(auth="bearer", users={"u": "p"}) as to:
        to.fault("put_blob", status=401, headers={
            "WWW-Authenticate": f'Bearer realm="{to.url}/token",service="here"'})
        targets.copy(root, FROM, IMAGE.digest, to.url, TO, "1", user="u", password="p")
        arrived(to, TO, "1", IMAGE)


# --- trouble ---

def test_a_connection_that_is_cut_in_an_upload(larders, scratch, to):
    """The upload begins anew, from the file."""
    large = build("large", layer_size=3 * MIB, platforms=["linux/amd64"])
    root = targets.fill(larders(root=scratch / "from"), (FROM, "1", large))
    for cut in (10, 100_000, 100_000):
        to.fault("put_blob", cut=cut)
    done = targets.copy(root, FROM, large.digest, to.url, TO, "1")
    arrived(to, TO, "1", large)
    assert done["sent"] >= done["bytes"] == done["bytes_done"]
    assert to.count("put_blob", 0) == 3


@pytest.mark.parametrize("kind", ["head_manifest", "head_blob", "post", "put_blob",
                                  "put_manifest"])
def test_passing_trouble(root, kind):
    for fault in ({"status": 429, "headers": {"Retry-After": "1"}}, {"status": 503},
                  {"cut": 0}):
        with Receiver() as to:
            to.fault(kind, **fault)
            targets.copy(root, FROM, IMAGE.digest, to.url, TO, "1")
            arrived(to, TO, "1", IMAGE)


def test_too_many_requests(root, to):
    to.fault("post", status=429, message="slow down", times=99)
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1")
    assert no["kind"] == "busy" and "slow down" in no["error"]
    assert to.count("post") <= 3


@pytest.mark.parametrize(("status", "code", "message", "words"), [
    (405, "UNSUPPORTED", "The operation is unsupported.", "pull-through cache"),
    (413, "UNKNOWN", "", "too large"),
    (400, "NAME_INVALID", "that is no name", "that is no name"),
    (404, "NAME_UNKNOWN", "no such project", "no such project"),
    (403, "DENIED", "quota exceeded", "quota exceeded"),
])
def test_what_it_refuses_for_good(root, to, status, code, message, words):
    to.fault("post", status=status, code=code, message=message, times=99)
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1")
    assert words in no["error"] and f"({status})" in no["error"], no
    assert f"push of blob sha256:" in no["error"] and "probe.example" in no["error"]
    assert to.count("put_manifest") == to.received == 0
    assert to.count("post") <= (9 if status == 403 else 3)


def test_a_mirror_says_that_it_is_one(root, larders, hub):
    """larder takes no pushes for what it mirrors; its own words arrive."""
    mirror = larders({"docker.io": hub.url})
    no = targets.refusal(root, FROM, IMAGE.digest, mirror.url, "library/thing", "1",
                         platform="linux/amd64")
    assert no["kind"] == "invalid" and "mirrored from docker.io" in no["error"], no
    assert "larder.local" in no["error"]


@pytest.mark.parametrize("kind", ["put_blob", "put_manifest"])
def test_it_calls_it_by_another_digest(root, to, kind):
    to.fault(kind, digest="sha256:" + "0" * 64, times=99)
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1")
    assert no["kind"] == "corrupt" and "calls it sha256:000" in no["error"], no


@pytest.mark.parametrize("place", ["http://127.0.0.2:9/v2/x", "ftp://127.0.0.1/"])
def test_it_sends_elsewhere(root, to, place):
    """Neither bytes nor credentials go to another place."""
    to.fault("post", location=place, times=99)
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1")
    assert no["kind"] == "invalid" and ("Location" in no["error"] or
                                        "another place" in no["error"])
    assert to.received == 0 and to.count("post") <= 3


def test_a_redirect_to_another_place(root, to):
    to.fault("post", status=307, headers={"Location": "http://127.0.0.2:9/x"}, times=99)
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1")
    assert no["kind"] == "invalid" and "not taken to another place" in no["error"]


@pytest.mark.parametrize("kind", ["post", "put_blob", "put_manifest"])
@pytest.mark.concurrent
def test_stopping(root, to, kind):
    """Ctrl-C ends it at once, whatever it waits for."""
    to.fault(kind, hold=True, times=99)
    no = targets.refusal(root, FROM, IMAGE.digest, to.url, TO, "1", cancel_after_ms=400,
                         timeout=5)
    assert no["kind"] == "cancelled" and to.count(kind, 0) > 0


def test_a_registry_that_takes_no_more(larders, scratch, to):
    """The stall limit holds for bytes that go out, too."""
    large = build("large", layer_size=32 * MIB, platforms=["linux/amd64"], layers=[])
    root = targets.fill(larders(root=scratch / "from"), (FROM, "1", large))
    to.fault("put_blob", hold=True, least=MIB, times=2)
    targets.copy(root, FROM, large.digest, to.url, TO, "1", stall_ms=400)
    assert to.count("put_blob", 0) == 2
    arrived(to, TO, "1", large)


@pytest.mark.memory
def test_memory_stays_flat(larders, scratch):
    """A layer of 128 MiB goes through a buffer."""
    large = build("large", layer_size=128 * MIB, platforms=["linux/amd64"])
    root = targets.fill(larders(root=scratch / "from"), (FROM, "1", large))
    done = targets.copy(root, FROM, large.digest, larders(root=scratch / "to").url, TO, "1")
    assert 0 < done["peak_kib"] < 40 * 1024
