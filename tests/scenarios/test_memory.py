"""How much memory larder takes: idle, with a thousand stalled clients, while a layer fills."""

from __future__ import annotations

import resource
import socket
import time
import urllib.request

import pytest

from hub import build, client, images

from .helpers import MIB, ask, blob_path, stored_digests, wait_until

pytestmark = pytest.mark.memory

REPO = "library/thing"
CLIENTS = 1000


def figures(made) -> str:
    now = made.memory()
    return f"RssAnon {now['RssAnon'] / MIB:.1f} MiB, VmRSS {now['VmRSS'] / MIB:.1f} MiB"


def test_idle(hub, larder):
    hub.add(build("thing"), REPO, "1")
    made = larder()
    ask(made, "/v2/")
    for when in ("after the start", "after a pull"):
        print(f"idle {when}: {figures(made)}")
        assert made.memory()["RssAnon"] < 10 * MIB and made.memory()["VmRSS"] < 25 * MIB
        assert client.pull(made.url, REPO, "1").ok


@pytest.fixture
def descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("where", ["stored", "in flight", "at the edge of a flight"])
def test_stalled_clients(hub, larder, descriptors, where):
    """1,000 clients in the middle of a 32 MB blob: those of the first two kinds do not read,
    those of the third have got what there is and wait for more."""
    image = hub.add(build("thing", layers=[images.large_layer(32 * MIB, 7)]), REPO, "1")
    blob, made, gate = max(image.layers(), key=lambda one: one.size), larder(), None
    half, skip = 16 * MIB, 0
    if where == "stored":
        assert client.pull(made.url, REPO, "1").ok
    else:
        gate = hub.hold("cdn", blob.digest[7:], after_bytes=half)
        skip = half - 32 * 1024 if "edge" in where else 0
    request = (f"GET {blob_path(REPO, blob.digest)} HTTP/1.1\r\nHost: x\r\n"
               f"Range: bytes={skip}-\r\n\r\n").encode()
    stalled = []
    try:
        for _ in range(CLIENTS):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            sock.settimeout(20)
            sock.connect(("127.0.0.1", made.port))
            sock.sendall(request)
            stalled.append(sock)
        for sock in stalled:
            got = b""
            while len(got) < 8192:
                got += sock.recv(8192)
            assert got.startswith(b"HTTP/1.1 206 "), got[:100]
        assert made.metric("larder_http_requests_active") >= CLIENTS
        if gate is not None and not skip:
            gate.release()
            wait_until(lambda: blob.digest in stored_digests(made.root), "it is stored", 30)
        peak = 0
        for _ in range(10):                 # what threads allocate late is seen, too
            peak = max(peak, made.memory()["VmRSS"])
            time.sleep(0.05)
        print(f"{CLIENTS} clients stalled, {where}: {figures(made)}")
        assert peak < 64 * MIB
        began = time.monotonic()
        assert ask(made, "/v2/").status == 200 and time.monotonic() - began < 1
        if gate is not None:
            gate.release()
        answer = ask(made, blob_path(REPO, blob.digest), timeout=20)
        assert answer.body == blob.read(), "others get it as ever"
    finally:
        for sock in stalled:
            sock.close()
    wait_until(lambda: made.metric("larder_http_requests_active") <= 1, "all have left", 30)
    assert hub.count(kind="cdn", method="GET", path=blob.digest[7:]) == 1


@pytest.mark.slow
def test_flat_while_a_large_layer_fills(hub, larder):
    image = hub.add(build("thing", layers=[
        images.large_layer(1024 * MIB, gzip=False, zeros=True)]), REPO, "1")
    blob, made = max(image.layers(), key=lambda one: one.size), larder()
    assert ask(made, f"/v2/{REPO}/manifests/1").status == 200
    before, peak, got = made.memory()["RssAnon"], 0, 0
    began = time.monotonic()
    with urllib.request.urlopen(made.url + blob_path(REPO, blob.digest), timeout=30) as answer:
        while piece := answer.read(4 * MIB):
            got += len(piece)
            peak = max(peak, made.memory()["RssAnon"])
    print(f"1 GB in {time.monotonic() - began:.1f} s: RssAnon {before / MIB:.1f} MiB before, "
          f"at most {peak / MIB:.1f} MiB; {figures(made)}")
    assert got == blob.size and peak - before < 16 * MIB
    wait_until(lambda: blob.digest in stored_digests(made.root), "it is stored")
