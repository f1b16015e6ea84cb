"""TLS: a certificate of one's own, a new one while running, certificates of clients."""

from __future__ import annotations

import socket
import ssl
import subprocess

import pytest

from hub import build
from hub.push import Pusher, digest_of

from .helpers import MIB, blob_path, wait_until


def make_certificate(folder, name: str, *more: str) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
         str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"), "-subj", f"/CN={name}",
         "-addext", "subjectAltName=IP:127.0.0.1", *more], check=True, capture_output=True)


@pytest.fixture
def certificate(scratch):
    make_certificate(scratch, "server")
    return scratch


def config_of(folder, more: str = "") -> str:
    return (f"http:\n  tls:\n    certificate: {folder}/server.pem\n"
            f"    key: {folder}/server.key\n{more}")


def trusting(folder, name: str = "server") -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / f"{name}.pem"))


def test_push_and_pull(larders, certificate):
    """Small and large, several at a time on one connection."""
    made = larders(config=config_of(certificate))
    p = Pusher(made.url, tls=trusting(certificate))
    image = build("thing", layer_size=6 * MIB)
    p.image("bakery/app", "1", image)
    for blob in image.blobs.values():
        got = p.get(blob_path("bakery/app", blob.digest))
        assert got.status == 200 and digest_of(got.body) == blob.digest
    got = p.get(blob_path("bakery/app", image.layers()[-1].digest), Range="bytes=5-104")
    assert got.status == 206 and len(got.body) == 100


def test_a_cold_pull_through_it(hub, larder, certificate):
    image = hub.add(build("thing", layer_size=6 * MIB), "library/thing", "1")
    made = larder(config=config_of(certificate))
    p = Pusher(made.url, tls=trusting(certificate))
    assert p.get("/v2/library/thing/manifests/1").body == image.root.data
    for blob in image.layers():
        assert digest_of(p.get(blob_path("library/thing", blob.digest)).body) == blob.digest


def test_plain_http_is_not_answered(larders, certificate):
    made = larders(config=config_of(certificate))
    with socket.create_connection(("127.0.0.1", made.port), timeout=10) as sock:
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" not in sock.recv(100)
    assert Pusher(made.url, tls=trusting(certificate)).get("/v2/").status == 200


def test_old_versions_are_not_spoken(larders, certificate):
    made = larders(config=config_of(certificate, "    minimumtls: tls1.3\n"))
    new, old = trusting(certificate), trusting(certificate)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert Pusher(made.url, tls=new).get("/v2/").status == 200
    with pytest.raises(ssl.SSLError):
        Pusher(made.url, tls=old).get("/v2/")


@pytest.mark.waits
def test_a_new_certificate_without_a_restart(larders, certificate, scratch):
    """A connection goes on with the old one; a broken new one changes nothing."""
    made = larders(config=config_of(certificate))
    before = trusting(certificate)
    held = Pusher(made.url, tls=before)
    assert held.get("/v2/").status == 200
    make_certificate(scratch, "fresh")
    after = trusting(scratch, "fresh")

    def answers(context) -> bool:
        try:
            return Pusher(made.url, tls=context).get("/v2/").status == 200
        except ssl.SSLError:
            return False

    (scratch / "server.pem").write_bytes((scratch / "fresh.pem").read_bytes())
    wait_until(lambda: answers(before) and any("tls.not_reread" in line for line in made.log),
               "half of it is nothing", timeout=15)
    (scratch / "server.key").write_bytes((scratch / "fresh.key").read_bytes())
    wait_until(lambda: answers(after), "the new one", timeout=15)
    assert held.get("/v2/").status == 200


def test_clients_need_a_certificate(larders, certificate, scratch):
    make_certificate(scratch, "client")
    make_certificate(scratch, "stranger")
    made = larders(config=config_of(certificate, f"    clientcas:\n      - {scratch}/client.pem\n"))

    def status(name: str | None) -> int:
        context = trusting(certificate)
        if name:
            context.load_cert_chain(scratch / f"{name}.pem", scratch / f"{name}.key")
        return Pusher(made.url, tls=context).get("/v2/").status

    assert status("client") == 200
    for name in (None, "stranger"):
        try:
            assert status(name) == 403
        except (ssl.SSLError, ConnectionError):
            pass                            # refused in the handshake: as good


@pytest.mark.parametrize("broken", ["server.pem", "server.key"])
def test_files_that_are_none(larders, certificate, broken):
    (certificate / broken).write_text("not PEM")
    made = larders(config=config_of(certificate), start=False)
    with pytest.raises(AssertionError):
        made.start(timeout=5)
    assert any("serve.failed" in line and broken in line for line in made.log)
    made.kill()
