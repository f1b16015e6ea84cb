"""Every fault does on the wire what its name says, to those it should and no others."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from hub import FAULTS, Hub, build, client, images

REPO = "library/thing"
SIZE = 300_000


@pytest.fixture
def hub():
    with Hub(auth="none") as made:
        made.add(build("thing", layer_size=SIZE), REPO, "1")
        yield made


@pytest.fixture
def blob():
    return build("thing", layer_size=SIZE).layers()[-1]


def manifest(hub: Hub, ref: str = "1", **options) -> client.RawAnswer:
    return client.get(f"{hub.url}/v2/{REPO}/manifests/{ref}", **options)


def cdn(hub: Hub, blob: images.Blob, **options) -> client.RawAnswer:
    return client.get(hub.registry.sign(blob.digest), **options)


# --- whom a rule meets ---

def test_kind_count_after_path_and_method(hub):
    hub.fault("manifest_get_tag", "status", code=500, after=1, count=2)
    assert [manifest(hub).status for _ in range(4)] == [200, 500, 500, 200]
    assert hub.count(fault="status") == hub.count(status=500) == 2
    hub.fault("manifest", "status", code=502, path="thing/manifests/1", method="HEAD")
    assert manifest(hub).status == 200
    assert manifest(hub, method="HEAD").status == 502
    hub.clear_faults()
    assert manifest(hub, method="HEAD").status == 200


def test_a_window_of_time_ends(hub):
    rule = hub.fault("any", "status", code=503, for_seconds=3600)
    assert manifest(hub).status == 503
    rule.until = time.monotonic()
    assert manifest(hub).status == 200 and rule.over


def test_probability_is_repeatable(hub):
    def statuses():
        with hub.fault("any", "status", code=503, probability=0.5, seed=7):
            return [manifest(hub).status for _ in range(20)]
    first = statuses()
    assert first == statuses() and set(first) == {200, 503}


def test_mistakes_are_refused_where_they_are_written(hub):
    for kind, fault, params in (("blobs", "hang", {}), ("blob", "hangs", {}),
                                ("blob", "truncate", {"bytes": 3}),
                                ("blob", "refused", {"count": 1})):
        with pytest.raises((ValueError, TypeError)):
            hub.fault(kind, fault, **params)


# --- the connection ---

def test_refused_and_heard_again_on_the_same_port(hub, blob):
    port = hub.server("registry").port
    idle = socket.create_connection(("127.0.0.1", port), timeout=5)
    idle.sendall(b"GET /v2/ HTTP/1.1\r\n\r\n")
    assert idle.recv(4096).startswith(b"HTTP/1.1 200")      # so it has been accepted
    with hub.fault("manifest_head", "refused"):
        assert idle.recv(1) == b""                      # what was open is closed
        with pytest.raises(ConnectionRefusedError):
            manifest(hub)
        assert cdn(hub, blob).status == 200             # another host
    assert manifest(hub).status == 200 and hub.server("registry").port == port
    idle.close()
    hub.fault("any", "refused", for_seconds=0.05)
    hub.server("cdn").wait_listening()
    assert cdn(hub, blob).status == 200


def test_what_was_slow_is_no_more(hub, blob):
    with hub.fault("cdn", "slow", rate=1000) as rule:
        slow = threading.Timer(0.2, rule.clear)
        slow.start()
        began = time.monotonic()
        assert cdn(hub, blob, timeout=20).body == blob.read()
        assert 0.2 <= time.monotonic() - began < 15


def test_refused_after_some_requests(hub):
    rule = hub.fault("manifest", "refused", after=1)
    assert manifest(hub).status == 200
    assert manifest(hub).end == "reset"
    hub.server("registry").wait_listening(False)
    with pytest.raises(ConnectionRefusedError):
        manifest(hub)
    rule.clear()
    assert manifest(hub).status == 200


def test_refused_from_the_first_one_met(hub, blob):
    hub.fault("blob", "refused", when_met=True)
    assert manifest(hub).status == 200
    assert client.get(f"{hub.url}/v2/{REPO}/blobs/{blob.digest}").end == "reset"
    hub.server("registry").wait_listening(False)
    hub.clear_faults()
    assert manifest(hub).status == 200


@pytest.mark.parametrize("fault, end", (
    ("hang", "timeout"), ("reset", "reset"), ("close", "eof")))
def test_not_a_byte(hub, fault, end):
    rule = hub.fault("manifest", fault)
    answer = manifest(hub, timeout=0.3)
    assert (answer.data, answer.end) == (b"", end)
    rule.wait(1)
    rule.wait_free()
    assert hub.wait_for(kind="manifest", done=True)[0].aborted


@pytest.mark.parametrize("fault, end", (("hang_headers", "timeout"),
                                        ("reset_headers", "reset")))
def test_half_a_header(hub, fault, end):
    hub.fault("manifest", fault)
    answer = manifest(hub, timeout=0.3)
    assert answer.data.startswith(b"HTTP/1.1 200 OK\r\n") and answer.end == end
    assert b"\r\n\r\n" not in answer.data


@pytest.mark.parametrize("after", (0, 1, 65_537, SIZE))
@pytest.mark.parametrize("fault, end", (
    ("hang_body", "timeout"), ("reset_body", "reset"), ("truncate", "eof")))
def test_exactly_so_many_bytes(hub, blob, fault, end, after):
    rule = hub.fault("cdn", fault, after_bytes=after)
    answer = cdn(hub, blob, timeout=0.3 if end == "timeout" else 5)
    assert answer.end == end and answer.received == after
    assert answer.body == blob.read(0, after)
    assert answer.header("content-length") == str(blob.size)
    assert hub.wait_for(kind="cdn", done=True)[-1].bytes_sent == after
    assert rule.hits == 1
    assert cdn(hub, blob, method="HEAD").status == 200 and rule.hits == 1


def test_body_faults_over_tls():
    with Hub(tls=True, auth="none") as hub:
        hub.add(build("thing", layer_size=SIZE), REPO, "1")
        for fault in ("reset_body", "truncate"):
            with hub.fault("cdn", fault, path="/data", after_bytes=100):
                result = client.pull(hub.url, REPO, "1", ca_file=hub.ca_file)
                assert not result.ok and hub.requests(fault=fault)[0].bytes_sent == 100


def test_what_hung_goes_on_when_cleared(hub, blob):
    for fault in ("hang", "hang_headers", "hang_body"):
        rule = hub.fault("cdn", fault)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(cdn(hub, blob)))
        thread.start()
        rule.wait_held(1)
        rule.clear()
        thread.join(10)
        assert answers[0].body == blob.read()
    hub.fault("cdn", "hang_body", seconds=0.05)
    assert cdn(hub, blob).body == blob.read()


def test_slow_and_bandwidth_and_latency_take_their_time(hub, blob):
    def took(**options) -> float:
        began = time.monotonic()
        assert cdn(hub, blob, **options).body == blob.read()
        return time.monotonic() - began
    with hub.fault("cdn", "slow", rate=SIZE * 4):
        assert 0.2 < took() < 2
    hub.set_bandwidth(SIZE * 8)
    began = time.monotonic()
    threads = [threading.Thread(target=took) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert 0.4 < time.monotonic() - began < 4           # shared, not each
    hub.set_bandwidth(None)
    hub.latency = 0.1
    assert 0.1 <= took() < 2
    hub.latency = 0
    with hub.fault("cdn", "late", seconds=0.1):
        assert 0.1 <= took() < 2


# --- the answer ---

@pytest.mark.parametrize("code", (401, 403, 404, 429, 500, 502, 503))
def test_a_status(hub, code):
    hub.fault("manifest", "status", code=code, retry_after=7)
    answer = manifest(hub)
    assert answer.status == code and answer.header("retry-after") == "7"
    assert b'"errors"' in answer.body and hub.quota_spent == 0


def test_nonsense_with_200(hub):
    with hub.fault("manifest", "html"):
        answer = manifest(hub)
        assert answer.status == 200 and answer.header("content-type").startswith("text/h")
    with hub.fault("manifest", "bad_json"):
        answer = manifest(hub)
        assert answer.status == 200 and answer.end == "complete"
        assert images.sha256(answer.body) != answer.header("docker-content-digest")
        assert "JSON" in client.pull(hub.url, REPO, "1").errors[0] \
            or "claimed" in client.pull(hub.url, REPO, "1").errors[0]


@pytest.mark.parametrize("delta, end", ((-10, "complete"), (10, "eof")))
def test_a_length_that_lies(hub, blob, delta, end):
    hub.fault("cdn", "wrong_length", delta=delta)
    answer = cdn(hub, blob)
    assert answer.header("content-length") == str(blob.size + delta)
    assert answer.end == end
    assert cdn(hub, blob, until="close").body == blob.read()


def test_no_length(hub, blob):
    with hub.fault("cdn", "no_length", mode="close"):
        answer = cdn(hub, blob)
        assert answer.header("content-length") is None
        assert answer.header("transfer-encoding") is None
        assert answer.end == "eof" and answer.body == blob.read()
    with hub.fault("cdn", "no_length", mode="chunked"):
        answer = cdn(hub, blob, headers={"Connection": "close"})
        assert answer.header("transfer-encoding") == "chunked"
        assert answer.body.endswith(b"\r\n0\r\n\r\n")
        assert client.pull(hub.url, REPO, "1").ok


def test_digest_header_and_others(hub):
    with hub.fault("manifest", "wrong_digest_header"):
        assert manifest(hub).header("docker-content-digest") == "sha256:" + "0" * 64
    with hub.fault("manifest", "headers", Content_Type="text/plain", Etag=None):
        answer = manifest(hub)
        assert answer.header("content-type") == "text/plain"
        assert answer.header("etag") is None


@pytest.mark.parametrize("offset", (0, 5, SIZE, None))
def test_one_flipped_bit(hub, blob, offset):
    hub.fault("cdn", "corrupt", offset=offset)
    good, bad = blob.read(), cdn(hub, blob).body
    at = blob.size // 2 if offset is None else offset
    assert [i for i in range(blob.size) if good[i] != bad[i]] == [at]
    if offset == 5:         # it stays where it is, whatever range is asked for
        part = cdn(hub, blob, headers={"Range": "bytes=5-9"}).body
        assert part == bad[5:10] != good[5:10]
        assert cdn(hub, blob, headers={"Range": "bytes=6-9"}).body == good[6:10]


def test_ranges_gone_wrong(hub, blob):
    asked = {"Range": "bytes=10-19"}
    with hub.fault("cdn", "range_ignored"):
        answer = cdn(hub, blob, headers=asked)
        assert answer.status == 200 and answer.received == blob.size
    with hub.fault("cdn", "range_wrong", shift=3):
        answer = cdn(hub, blob, headers=asked)
        assert answer.status == 206 and answer.body == blob.read(13, 7)
        assert answer.header("content-range") == f"bytes 13-19/{blob.size}"


def test_redirects(hub, blob):
    url = f"{hub.url}/v2/{REPO}/blobs/{blob.digest}"
    with hub.fault("blob", "redirect", url="http://169.254.169.254/", code=302):
        answer = client.get(url)
        assert (answer.status, answer.header("location")) == \
            (302, "http://169.254.169.254/")
    with hub.fault("blob", "redirect_loop"):
        assert client.get(url).header("location") == url
        assert "too many redirects" in client.pull(hub.url, REPO, "1").errors[0]
    with hub.fault("blob", "expired_url", count=1):
        assert client.get(client.get(url).header("location")).status == 403
        assert client.get(client.get(url).header("location")).status == 200


def test_too_much(hub, blob):
    with hub.fault("manifest", "huge_headers", size=100_000):
        assert 100_000 <= len(manifest(hub).head) < 110_000
    with hub.fault("manifest", "endless_headers"):
        answer = manifest(hub, limit=2 << 20)
        assert answer.end == "limit" and b"\r\n\r\n" not in answer.data
    for mode in ("chunked", "close", "length"):
        with hub.fault("cdn", "endless_body", mode=mode):
            answer = cdn(hub, blob, limit=2 << 20)
            assert answer.status == 200 and answer.end == "limit"
    for entry in hub.wait_for(5, kind="any", done=True)[1:]:
        assert entry.aborted


def test_every_fault_is_named_and_told():
    for name, fault in FAULTS.items():
        assert fault.__name__ == name
        assert fault.__doc__ or name == "wrong_digest_header"


# --- gates ---

def test_a_gate_holds_and_lets_go(hub, blob):
    gate = hub.hold("cdn", path=blob.digest[7:], after_bytes=1000)
    results = []
    thread = threading.Thread(target=lambda: results.append(
        client.pull(hub.url, REPO, "1")))
    thread.start()
    gate.wait_held(1)
    assert hub.requests(path=blob.digest[7:], kind="cdn")[0].bytes_sent == 1000
    assert not results
    gate.release()
    thread.join(10)
    assert results[0].ok
    assert client.pull(hub.url, REPO, "1").ok           # open for good


def test_a_gate_before_the_answer_and_a_client_that_leaves(hub):
    gate = hub.hold("manifest_head")
    assert manifest(hub, method="HEAD", timeout=0.1).end == "timeout"
    gate.wait_free()
    assert hub.wait_for(kind="manifest_head", done=True)[0].status == 0


def test_waiting_has_an_end(hub):
    with pytest.raises(TimeoutError, match="saw 0"):
        hub.wait_for(kind="tags", timeout=0.05)
    with pytest.raises(TimeoutError):
        hub.hold("any").wait_held(1, timeout=0.05)


def test_stop_ends_what_hangs_and_leaves_no_thread():
    before = set(threading.enumerate())
    hub = Hub(auth="none").start()
    hub.add(build("thing"), REPO, "1")
    hub.fault("manifest", "hang")
    gate = hub.hold("tags")
    port = hub.server("registry").port
    socks = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(20)]
    for sock in socks[:5]:
        sock.sendall(f"GET /v2/{REPO}/manifests/1 HTTP/1.1\r\n\r\n".encode())
    socks[5].sendall(f"GET /v2/{REPO}/tags/list HTTP/1.1\r\n\r\n".encode())
    hub.wait_for(5, kind="manifest")
    gate.wait_held(1)
    hub.stop()
    assert set(threading.enumerate()) <= before
    for sock in socks:
        sock.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
