"""Downloads that break, lie or come from a server with quirks; and those a crash cut off."""

from __future__ import annotations

import pytest

from hub import build, client

from .helpers import (MIB, TAIL, Download, ask, assert_pulled, blob_path, check_store, codes,
                      leftovers, message, stored_digests, wait_until)

REPO = "library/thing"
SIZE = 6 * MIB


@pytest.fixture
def image(hub):
    return hub.add(build("thing", layer_size=SIZE), REPO, "1")


@pytest.fixture
def big(image):
    return image.layers()[-1]


@pytest.fixture
def small(hub):
    return hub.add(build("small", layer_size=300_000), REPO, "s").layers()[-1]


def cdn(hub, blob) -> list:
    return hub.requests(kind="cdn", path=blob.digest[7:])


def get(larder, blob, **options) -> Download:
    return Download(larder, blob_path(REPO, blob.digest), **options)


# --- it breaks off ------------------------------------------------------------------------

def test_goes_on_where_it_broke(hub, larder, big):
    """Ended cleanly half-way: the rest is asked for by Range, and nothing comes twice."""
    made = larder()
    hub.fault("cdn", "truncate", after_bytes=3 * MIB, count=1)
    clients = [get(made, big) for _ in range(3)]
    assert {one.wait_end().digest for one in clients} == {big.digest}
    assert [entry.range for entry in cdn(hub, big)] == [None, f"bytes={3 * MIB}-"]
    assert sum(entry.bytes_sent for entry in cdn(hub, big)) == big.size
    assert made.metric("larder_flight_retries_total") == 1


def test_goes_on_after_a_reset(hub, larder, big):
    """What a reset swallows comes again; nothing else does."""
    made = larder()
    hub.fault("cdn", "reset_body", after_bytes=3 * MIB, count=1)
    assert get(made, big).wait_end().digest == big.digest
    first, second = cdn(hub, big)
    start = int(second.range.removeprefix("bytes=").removesuffix("-"))
    assert 0 <= start <= 3 * MIB and second.bytes_sent == big.size - start
    wait_until(lambda: big.digest in stored_digests(made.root), "stored")


def test_breaks_many_times(hub, larder, big):
    """Each piece gets it 700,000 bytes on: more breaks than attempts in a row."""
    made = larder()
    hub.fault("cdn", "truncate", after_bytes=700_000)
    assert get(made, big).wait_end().digest == big.digest
    assert sum(entry.bytes_sent for entry in cdn(hub, big)) == big.size
    assert hub.count(kind="cdn") == -(-big.size // 700_000)


def test_stalls(hub, larder, big):
    made = larder(settings={"timeouts": {"stall": "500ms"}})
    rule = hub.fault("cdn", "hang_body", after_bytes=3 * MIB, count=1)
    assert get(made, big).wait_end().digest == big.digest
    rule.wait_free()
    assert [entry.range for entry in cdn(hub, big)] == [None, f"bytes={3 * MIB}-"]


def test_a_server_that_ignores_range(hub, larder, big):
    made = larder()
    hub.fault("cdn", "truncate", after_bytes=3 * MIB, count=1)
    hub.config.ranges = False
    assert get(made, big).wait_end().digest == big.digest
    assert [entry.status for entry in cdn(hub, big)] == [200, 200]
    wait_until(lambda: big.digest in stored_digests(made.root), "stored")
    made.stop()
    check_store(made.root)


def test_a_server_that_sends_another_range(hub, larder, big):
    """206 with bytes from somewhere else: the digest never comes out right by it."""
    made = larder()
    hub.fault("cdn", "truncate", after_bytes=3 * MIB, count=1)
    hub.fault("cdn", "range_wrong", shift=7, count=1)
    assert get(made, big).wait_end().digest == big.digest
    made.stop()
    check_store(made.root)


def test_the_signed_url_expires_half_way(hub, larder, big):
    """Whoever keeps the first address is told 403; the registry gives another."""
    hub.config.url_ttl = 60
    made = larder()
    gate = hub.hold("cdn", after_bytes=2 * MIB, count=1)
    hub.fault("cdn", "truncate", after_bytes=3 * MIB, count=1)
    one = get(made, big)
    gate.wait_held()
    hub.advance(61)
    gate.release()
    assert one.wait_end().digest == big.digest
    assert sum(e.bytes_sent for e in cdn(hub, big) if e.status in (200, 206)) == big.size
    assert cdn(hub, big)[-1].range == f"bytes={3 * MIB}-"


def test_urls_that_have_expired_when_they_come(hub, larder, big, small):
    made = larder()
    for blob in (big, small):
        hub.fault("blob", "expired_url", count=2, path=blob.digest)
        assert get(made, blob).wait_end().digest == blob.digest
        statuses = [entry.status for entry in cdn(hub, blob)]
        # The first of the two may have been the one that asks without a token.
        assert statuses in ([403, 403, 200], [403, 200])


def test_the_token_expires_half_way(hub, larder, big):
    made = larder()
    gate = hub.hold("cdn", after_bytes=2 * MIB, count=1)
    hub.fault("cdn", "truncate", after_bytes=3 * MIB, count=1)
    one = get(made, big)
    gate.wait_held()
    hub.tokens.revoke_all()
    gate.release()
    assert one.wait_end().digest == big.digest
    assert hub.count(kind="token", status=200) == 2


@pytest.mark.parametrize("mode", ["chunked", "close"])
def test_no_length_is_known(hub, larder, big, small, mode):
    made = larder()
    hub.fault("cdn", "no_length", mode=mode)
    for blob in (big, small):
        one = get(made, blob).wait_end()
        assert one.answer.status == 200
        if one.answer.header("content-length") is None:     # then it is chunked
            assert one.answer.header("transfer-encoding") == "chunked"
            whole = client.get(made.url + blob_path(REPO, blob.digest))
            assert whole.body == blob.read()
        else:
            assert one.digest == blob.digest
    wait_until(lambda: {big.digest, small.digest} <= stored_digests(made.root), "stored")
    assert hub.count(kind="cdn") == 2


# --- it lies ------------------------------------------------------------------------------

def test_wrong_bytes_for_ever(hub, larder, image, big):
    """Cut short before the tail, tried again once, counted, nothing stored."""
    made = larder()
    rule = hub.fault("cdn", "corrupt", offset=3 * MIB)
    clients = [get(made, big) for _ in range(4)]
    for one in clients:
        one.wait_end()
        assert one.end in ("eof", "reset") and len(one.body) <= big.size - TAIL
        if len(one.body) > 0:
            assert one.answer.status == 200
    assert hub.count(kind="cdn") == 2
    assert made.metric("larder_flight_mismatches_total") == 2
    assert not stored_digests(made.root) and not leftovers(made.root)
    made.wait_log("flight.wrong_bytes", n=2)
    answer = ask(made, blob_path(REPO, big.digest), timeout=20)
    assert answer.status == 502 and codes(answer)
    assert "digest" in message(answer) and "docker.io" in message(answer)
    rule.clear()
    wait_until(lambda: client.pull(made.url, REPO, "1").ok, "right bytes are taken", 20)
    made.stop()
    check_store(made.root)


@pytest.mark.parametrize("offset", [0, 150_000, -1])
def test_a_small_blob_wrong_at_first_is_never_seen(hub, larder, small, offset):
    made = larder()
    hub.fault("cdn", "corrupt", offset=offset % small.size, count=1)
    clients = [get(made, small) for _ in range(4)]
    assert {one.wait_end().digest for one in clients} == {small.digest}
    assert hub.count(kind="cdn") == 2
    assert made.metric("larder_flight_mismatches_total") == 1


@pytest.mark.faults
def test_wrong_at_first_and_no_room_for_the_second(hub, larder, small):
    """The disk has filled meanwhile: the right bytes pass through."""
    made = larder(env={"LARDER_FAULTS": "store.partial:2+=ENOSPC"})
    hub.fault("cdn", "corrupt", offset=150_000, count=1)
    clients = [get(made, small) for _ in range(4)]
    assert {one.wait_end().digest for one in clients} == {small.digest}
    assert made.metric("larder_flight_unstored_total") == 1
    assert not stored_digests(made.root) and not leftovers(made.root)


def test_a_wrong_tail_at_first_is_never_seen(hub, larder, big):
    """The wrong byte was among those withheld; the rest was right and went out once."""
    made = larder()
    hub.fault("cdn", "corrupt", offset=big.size - TAIL + 5, count=1)
    clients = [get(made, big) for _ in range(4)]
    assert {one.wait_end().digest for one in clients} == {big.digest}
    assert hub.count(kind="cdn") == 2


def test_wrong_in_the_middle_at_first(hub, larder, big):
    """Who has had wrong bytes is cut off; who asks then, or reads slowly, gets right ones."""
    made = larder()
    hub.fault("cdn", "corrupt", offset=3 * MIB, count=1)
    first = hub.hold("cdn", after_bytes=5 * MIB, count=1)
    gate = hub.hold("cdn", after=1, count=1)        # the second attempt
    fast = get(made, big)
    slow = get(made, big, pause_at=1000)
    fast.wait_bytes(4 * MIB)        # it has the wrong ones
    first.release()
    gate.wait_held()
    slow.wait_bytes(1000)
    late = get(made, big, headers={"Range": "bytes=0-99"})
    gate.release()
    fast.wait_end()
    assert fast.end != "complete" and len(fast.body) <= big.size - TAIL
    assert bytes(late.wait_end().body) == big.read(0, 100)
    slow.go_on()
    slow.wait_end()
    assert slow.digest == big.digest or slow.end != "complete"
    assert get(made, big).wait_end().digest == big.digest
    assert hub.count(kind="cdn") == 2


@pytest.mark.parametrize("delta", [1, -1, 1000, -1000, -3 * MIB])
@pytest.mark.parametrize("count", [1, pytest.param(None, marks=pytest.mark.waits)])
def test_a_wrong_length_never_completes_wrong(hub, larder, image, big, small, delta, count):
    """Once: the next pull is right at the latest.  For ever: a clean end, nothing stored."""
    made = larder(settings={"timeouts": {"stall": "1s"}})
    for blob in (small, big):
        rule = hub.fault("cdn", "wrong_length", delta=delta, count=count)
        one = get(made, blob, timeout=30).wait_end()
        if one.end == "complete" and one.answer.status == 200:
            assert one.digest == blob.digest
        if count == 1 and blob is small:
            assert one.end == "complete" and one.digest == blob.digest
        rule.clear()
        again = lambda blob=blob: ask(made, blob_path(REPO, blob.digest),
                                      timeout=20).body == blob.read()
        wait_until(again, "right bytes", 30)
    made.stop()
    check_store(made.root)


@pytest.mark.parametrize("fault, params", [
    ("endless_body", {"mode": "chunked"}), ("endless_body", {"mode": "length"}),
    ("endless_headers", {}), ("huge_headers", {"size": 1 << 22}),
    ("redirect_loop", {}), ("redirect", {"url": "file:///etc/passwd"}),
    ("redirect", {"url": "http://127.0.0.1:1/"}), ("html", {}), ("bad_json", {})])
def test_nonsense_instead_of_a_blob(hub, larder, image, small, fault, params):
    made = larder(settings={"timeouts": {"stall": "1s", "header": "1s"}})
    # As clients do; it says how large the blob is, which an endless one does not.
    named = build("small", layer_size=300_000).platforms["linux/amd64"]
    assert ask(made, f"/v2/{REPO}/manifests/{named}").status == 200
    kind = "blob" if fault.startswith("redirect") else "cdn"
    hub.fault(kind, fault, path=small.digest[7:], **params)
    one = get(made, small, timeout=60).wait_end()
    if one.answer.status == 200:
        assert one.end != "complete"
    else:
        assert one.answer.status == 502 and codes(one.answer), one.answer.data[:300]
    assert b"root:" not in bytes(one.body)
    assert small.digest not in stored_digests(made.root)
    assert made.memory()["VmRSS"] < 200 * MIB
    hub.clear_faults()
    wait_until(lambda: get(made, small).wait_end().digest == small.digest, "right bytes", 30)
    made.stop()
    check_store(made.root)


# --- manifests that lie -------------------------------------------------------------------

@pytest.mark.parametrize("fault, params", [
    ("corrupt", {}), ("bad_json", {}), ("truncate", {}), ("wrong_length", {"delta": -1}),
    ("html", {}), ("endless_body", {}), ("reset_body", {})])
@pytest.mark.parametrize("count", [1, None])
def test_a_wrong_manifest_is_never_given(hub, larder, image, fault, params, count):
    made = larder(settings={"timeouts": {"stall": "1s", "header": "1s"}})
    hub.fault("manifest_get", fault, count=count, **params)
    for reference in ("1", image.digest):
        answer = ask(made, f"/v2/{REPO}/manifests/{reference}", timeout=40)
        if count is None:
            assert answer.status == 502 and codes(answer), answer.data[:300]
        else:
            assert answer.status == 200 and answer.body == image.root.data
    hub.clear_faults()
    wait_until(lambda: ask(made, f"/v2/{REPO}/manifests/{image.digest}").body ==
               image.root.data, "the right one", 20)
    made.stop()
    check_store(made.root)


def test_a_wrong_digest_header(hub, larder, image):
    """HEAD says one digest, there is no such thing: never the wrong bytes for it."""
    made = larder()
    rule = hub.fault("manifest", "wrong_digest_header")
    answer = ask(made, f"/v2/{REPO}/manifests/1", timeout=40)
    assert answer.status in (404, 502) and codes(answer)
    rule.clear()
    wait_until(lambda: ask(made, f"/v2/{REPO}/manifests/1").status == 200, "healed", 20)


# --- a crash in the middle ------------------------------------------------------------------

def test_a_restart_goes_on_where_the_crash_was(hub, larder, image, big):
    made = larder()
    gate = hub.hold("cdn", big.digest[7:], after_bytes=3 * MIB)
    one = get(made, big)
    one.wait_bytes(3 * MIB)
    made.kill()
    assert one.wait_end().end != "complete"
    gate.release()
    assert big.digest not in stored_digests(made.root)
    made = larder()
    assert not hub.count(range=f"bytes={3 * MIB}-")     # it does nothing on its own
    assert_pulled(client.pull(made.url, REPO, "1"), image)
    assert cdn(hub, big)[-1].range == f"bytes={3 * MIB}-"
    assert cdn(hub, big)[-1].bytes_sent == big.size - 3 * MIB
    assert made.metric("larder_flight_resumed_bytes_total") == 3 * MIB
    made.stop()
    check_store(made.root)
    assert not leftovers(made.root)


def test_what_was_resumed_goes_out_with_its_length(hub, larder, image, big):
    """The bytes on disk do not say how many there will be; the upstream's answer does."""
    made = larder()
    gate = hub.hold("cdn", big.digest[7:], after_bytes=3 * MIB)
    get(made, big).wait_bytes(3 * MIB)
    made.kill()
    gate.release()
    made = larder()
    gate = hub.hold("cdn", big.digest[7:])
    first = get(made, big)
    gate.wait_held()
    second = get(made, big)
    wait_until(lambda: made.metric("larder_http_requests_active") >= 3, "both wait")
    gate.release()
    for one in (first, second):
        assert one.wait_end().end == "complete"
        assert one.answer.header("content-length") == str(big.size)
        assert bytes(one.body) == big.read()


@pytest.mark.parametrize("harm", ["flip", "longer", "shorter", "garbage", "whole"])
def test_a_partial_that_the_crash_damaged(hub, larder, image, big, harm):
    """Nothing on disk is believed before it has been hashed."""
    made = larder()
    gate = hub.hold("cdn", big.digest[7:], after_bytes=3 * MIB)
    get(made, big).wait_bytes(3 * MIB)
    made.kill()
    gate.release()
    partial = next((made.root / "larder/partial").iterdir())
    data = bytearray(partial.read_bytes())
    assert len(data) == 3 * MIB
    if harm == "flip":
        data[MIB] ^= 1
    elif harm == "longer":
        data += b"x" * big.size
    elif harm == "shorter":
        del data[MIB:]
    elif harm == "garbage":
        data = bytearray(b"\0" * len(data))
    else:
        data = bytearray(big.read())
    partial.write_bytes(data)
    made = larder()
    one = get(made, big).wait_end()
    assert one.end != "complete" or one.digest == big.digest
    if harm in ("shorter", "whole"):
        assert one.digest == big.digest
    wait_until(lambda: get(made, big).wait_end().digest == big.digest, "right bytes", 20)
    made.stop()
    check_store(made.root)
    assert not leftovers(made.root)
