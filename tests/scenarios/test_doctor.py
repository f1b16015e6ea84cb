"""larder doctor: nothing where all is well, and each planted fault by name with its
remedy."""

from __future__ import annotations

import json
import os
import re
import socket
import socketserver
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import Larder, larder_binary
from hub import build

from .fake_engine import FakeEngine
from .test_disk_full import fill, small_disk          # noqa: F401 (a fixture)
from .test_tls import config_of, make_certificate

IMAGE = build("thing", layer_size=2000)


class Report:
    """What doctor said: report["mirror"] is the finding of that name."""

    def __init__(self, done: subprocess.CompletedProcess[str], seconds: float) -> None:
        self.status, self.seconds, self.stderr = done.returncode, seconds, done.stderr
        self.findings = [json.loads(line) for line in done.stdout.splitlines()]
        assert "Sanitizer" not in done.stderr, done.stderr

    def __getitem__(self, name: str) -> dict[str, str]:
        found = [f for f in self.findings if f["check"] == name]
        assert len(found) == 1, self.findings
        return found[0]

    def failed(self) -> set[str]:
        return {f["check"] for f in self.findings if f["state"] == "fail"}

    def is_well(self) -> None:
        assert self.failed() == set() and self.status == 0, self.findings

    def says(self, name: str, *words: str, state: str = "fail") -> None:
        """The finding has that state, and these words in it and its remedy."""
        one = self[name]
        assert one["state"] == state, self.findings
        for word in words:
            assert word in one["found"] + "\n" + one["remedy"], one
        if state == "fail":
            assert one["remedy"], one
            assert self.status == 2


def command(*words: object) -> list[str]:
    return [str(larder_binary()), "doctor", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("LARDER_", "REGISTRY_", "DOCKER_"))
            and not k.lower().endswith("_proxy")}
    return {**kept, "HOME": "/nonexistent", **more}


@pytest.fixture
def doctor(scratch):
    """doctor(larder, *flags, engine=..., **environment): its report."""
    etc = scratch / "etc"
    etc.mkdir()

    def run(larder: Larder | None, *flags: object, engine: object = "none",
            env: dict[str, str] | None = None) -> Report:
        words = ["--json", "--etc", etc, "--engine", engine, *flags]
        if larder is not None:
            config = larder.root.parent / (larder.root.name + ".config.yml")
            config.write_text(larder.config_text())
            words += ["--config", config, "--root", larder.root]
            if "--addr" not in flags:
                words += ["--addr", f"127.0.0.1:{larder.port}"]
        began = time.monotonic()
        done = subprocess.run(command(*words), capture_output=True, text=True, timeout=60,
                              env=environment(**(env or {})))
        return Report(done, time.monotonic() - began)

    return run


@pytest.fixture
def hub(hubs):
    """Docker Hub, with the image by which the quota is asked for."""
    made = hubs(quota=100)
    made.add(IMAGE, "ratelimitpreview/test", "latest")
    return made


def daemon_json(scratch: Path, *mirrors: str) -> None:
    folder = scratch / "etc/docker"
    folder.mkdir(exist_ok=True)
    (folder / "daemon.json").write_text(json.dumps({"registry-mirrors": list(mirrors)}))


class Banner(socketserver.BaseRequestHandler):
    """No HTTP."""

    def handle(self) -> None:
        self.request.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


# --- all is well -----------------------------------------------------------------------

def test_all_is_well(hub, larder, doctor, scratch):
    made = larder()
    daemon_json(scratch, made.url)
    with FakeEngine(scratch / "sock", [made.url]) as engine:
        report = doctor(made, engine=scratch / "sock")
        report.is_well()
        for name in ("mirror", "upstream docker.io", "quota docker.io", "clock", "disk",
                     "store", "docker", "docker mirror", "docker pull"):
            report.says(name, state="ok")
        assert "100 of 100 pulls" in report["quota docker.io"]["found"]
        # and no registry that this larder does not serve
        assert sum(f["check"].startswith("upstream ") for f in report.findings) == 1
        assert engine.pulled and engine.removed == [
            f"/images/docker.io/{engine.pulled[0]}"]
    assert hub.quota_spent == 0
    assert not list((made.root).glob("*.tmp")) and report.seconds < 10


def test_what_people_read(hub, larder, doctor):
    made = larder()
    done = subprocess.run(
        command("--engine", "none", "--root", made.root, "--mirror",
                f"http://127.0.0.1:{free_port()}", "--config",
                made.root.parent / (made.root.name + ".config.yml")),
        capture_output=True, text=True, env=environment())
    assert done.returncode == 2 and done.stderr == ""
    assert done.stdout.startswith("FAIL     mirror: no larder answers at http://127.0.0.1:")
    assert "\n     --> start larder there" in done.stdout
    assert "1 failed" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 92


def test_wrong_use():
    for words in (["extra"], ["--engin", "x"], ["--mirror", "no url"]):
        done = subprocess.run(command("--engine", "none", *words), capture_output=True,
                              text=True, env=environment())
        assert done.returncode == 100 and "larder doctor: " in done.stderr, done


# --- the mirror ------------------------------------------------------------------------

def test_the_mirror_is_down(hub, larder, doctor):
    made = larder()
    port = made.port
    made.stop()
    report = doctor(made, "--addr", f"127.0.0.1:{port}")
    report.says("mirror", "connection refused", "start larder there")
    report.says("port", "is free", state="ok")


def test_something_else_has_the_port(hub, larder, doctor):
    made = larder(start=False)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Banner) as other:
        threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()
        port = other.server_address[1]
        report = doctor(made, "--addr", f"127.0.0.1:{port}")
        report.says("mirror")
        report.says("port", f"port {port} is held by", f"(process {os.getpid()})", "stop it")
        other.shutdown()


def test_another_registry_has_the_port(hub, larder, doctor):
    made = larder(start=False)
    report = doctor(made, "--mirror", hub.url)
    report.says("mirror", "another registry, and no larder")
    report.says("port", f"(process {os.getpid()})")


def test_a_wrong_name(hub, larder, doctor):
    report = doctor(larder(), "--mirror", "http://no-such-host.invalid:5000")
    report.says("mirror", "cannot resolve", "DNS")


def test_http_for_https(hub, larder, doctor, scratch):
    make_certificate(scratch, "server")
    made = larder(config=config_of(scratch))
    doctor(made, "--mirror", f"http://127.0.0.1:{made.port}").says(
        "mirror", "speaks https, not http")
    made.stop()
    plain = larder()
    doctor(plain, "--mirror", f"https://127.0.0.1:{plain.port}").says(
        "mirror", "speaks http, not https")


def test_tls_that_is_not_trusted(hub, larder, doctor, scratch):
    make_certificate(scratch, "server")
    made = larder(config=config_of(scratch))
    report = doctor(made)
    report.says("mirror", "certificate is not accepted", "update-ca-certificates")
    doctor(made, "--mirror-ca", scratch / "server.pem").says("mirror", state="ok")


def test_a_mirror_that_asks_for_a_password(hub, larder, doctor, scratch):
    (scratch / "users").write_text("ann:$2y$05$CQYjZ0sOY9NVWpqFR4BlWuBb7Gf2mNMAp7Ffb3pYbcLsHgR"
                                   "nDDdPe\n")
    made = larder(config=f"auth:\n  htpasswd:\n    realm: R\n    path: {scratch}/users\n")
    doctor(made).says("mirror", "asks for a password", "anonymous ** pull", state="warn")


def test_a_proxy_is_not_asked_for_an_address_of_this_machine(hub, larder, doctor):
    """As Docker, which does not either."""
    made = larder()
    report = doctor(made, env={"HTTP_PROXY": f"http://127.0.0.1:{free_port()}"})
    report.says("mirror", state="ok")
    report.says("upstream docker.io", "the proxy: connection refused", "NO_PROXY")


# --- upstreams -------------------------------------------------------------------------

def with_login(hub, password: str) -> dict[str, object]:
    return {"docker.io": {"url": hub.url,
                          "credentials": {"username": "ann", "password": password}}}


def logins(hub) -> int:
    return sum(entry.authorization == "Basic" for entry in hub.requests())


def test_credentials_that_are_wrong(hub, larders, doctor):
    hub.config.users = {"ann": "right"}
    made = larders(with_login(hub, "wr0ng"))
    report = doctor(made)
    report.says("login docker.io", "docker.io refused the login of user ann",
                "DOCKER_USERNAME/DOCKER_PASSWORD")
    assert logins(hub) == 1
    assert "wr0ng" not in json.dumps(report.findings) + report.stderr


def test_credentials_that_are_right(hub, larders, doctor):
    hub.config.users = {"ann": "right"}
    made = larders(with_login(hub, "right"))
    report = doctor(made)
    report.is_well()
    report.says("login docker.io", "accepts user ann", "settings", state="ok")
    assert logins(hub) == 1


def test_credentials_from_a_file_of_another_registry(hubs, hub, larders, doctor, scratch):
    other = hubs(users={"bob": "x"})
    made = larders({"docker.io": hub.url, "quay.io": {
        "url": other.url, "credentials": {"username": "bob", "password": "y"}}})
    report = doctor(made)
    report.says("login quay.io", "quay.io refused the login of user bob")
    assert report.failed() == {"login quay.io"} and logins(other) == 1


def test_a_locked_account(hub, larders, doctor):
    hub.config.users, hub.config.lockout_after = {"ann": "right"}, 0
    doctor(larders(with_login(hub, "right"))).says(
        "login docker.io", "has locked the login of user ann", "wait 10 minutes")


def test_no_quota_left(hub, larder, doctor):
    hub.set_quota(100, used=100)
    doctor(larder()).says("quota docker.io", "0 of 100 pulls are left", "within 6 hours",
                          "DOCKER_USERNAME")
    assert hub.quota_spent == 0


def test_little_quota_left(hub, larder, doctor):
    hub.set_quota(100, used=93)
    doctor(larder()).says("quota docker.io", "7 of 100", state="warn")


def test_an_upstream_that_is_down(hub, larder, doctor):
    hub.fault("any", "refused")
    report = doctor(larder())
    report.says("upstream docker.io", "connection refused", "HTTPS_PROXY")
    report.says("clock", state="skipped")


def test_an_upstream_whose_certificate_is_not_trusted(hubs, larders, doctor):
    hub = hubs(tls=True)
    doctor(larders({"docker.io": hub.url})).says(
        "upstream docker.io", "certificate is not accepted", "larder.ca")


@pytest.mark.parametrize("hours", [-1, 3])
def test_a_clock_that_is_off(hub, larder, doctor, clock, hours):
    made = larder()
    clock.advance(hours * 3600)
    doctor(made, env=clock.env).says(
        "clock", "60 minutes behind" if hours < 0 else "180 minutes ahead of", "set-ntp")


def test_a_clock_that_is_a_little_off(hub, larder, doctor, clock):
    made = larder()
    clock.advance(100)
    doctor(made, env=clock.env).says("clock", "seconds", state="warn")


# --- the disk --------------------------------------------------------------------------

@pytest.mark.faults
def test_a_full_disk_by_its_error(hub, larder, doctor):
    doctor(larder(), env={"LARDER_FAULTS": "fs.write:1+=ENOSPC"}).says(
        "disk", "writing does not work", "the disk is full")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk(hub, larder, doctor, small_disk):        # noqa: F811
    made = larder(root=small_disk / "root")
    fill(small_disk)
    doctor(made).says("disk", "make room")


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder away needs root")
def test_a_folder_of_somebody_else(hub, larder, doctor):
    made = larder()
    made.stop()
    os.chown(made.root / "larder", 12345, 12345)
    os.chown(made.root, 12346, 12346)
    report = doctor(made, "--addr", "127.0.0.1:1")
    report.says("disk", "belongs to uid 12345", "chown -R 12346")


def test_a_store_that_is_not_there(hub, larder, doctor, scratch):
    made = larder(start=False, root=scratch / "absent")
    report = doctor(made, "--addr", f"127.0.0.1:{free_port()}")
    report.says("disk", "not there yet", state="skipped")
    assert not made.root.exists()


def test_a_volume_that_no_larder_has_opened(hub, larder, doctor, scratch):
    """Whoever runs doctor would own what larder then cannot write to."""
    made = larder(start=False, root=scratch / "volume")
    (made.root / "docker/registry/v2").mkdir(parents=True)
    report = doctor(made, "--addr", f"127.0.0.1:{free_port()}")
    report.says("store", "no larder has opened", state="skipped")
    report.says("disk", state="ok")
    assert [path.name for path in made.root.iterdir()] == ["docker"]


def test_torn_tags(hub, larder, doctor):
    made = larder()
    link = made.root / "docker/registry/v2/repositories/a/_manifests/tags/1/current/link"
    link.parent.mkdir(parents=True)
    link.write_text("sha256:12")
    doctor(made).says("store", "1 of 1 tags are torn", state="warn")


# --- Docker ----------------------------------------------------------------------------

def test_a_silent_fallback(hub, larder, doctor, scratch):
    """Docker names the mirror, and does not come."""
    made = larder()
    daemon_json(scratch, made.url)
    with FakeEngine(scratch / "sock", [made.url], uses=[]) as engine:
        report = doctor(made, engine=scratch / "sock")
        report.says("docker mirror", state="ok")
        report.says("docker pull", "silent fallback: Docker went past the mirror", "NO_PROXY")
        assert len(engine.removed) == 1
    assert report.failed() == {"docker pull"}


def test_docker_has_no_mirror(hub, larder, doctor, scratch):
    with FakeEngine(scratch / "sock", []):
        report = doctor(larder(), engine=scratch / "sock")
    report.says("docker mirror", "no registry mirror", "larder setup docker")
    report.says("docker pull", "silent fallback", "see docker mirror above")


def test_docker_has_not_been_restarted(hub, larder, doctor, scratch):
    made = larder()
    daemon_json(scratch, made.url)
    with FakeEngine(scratch / "sock", []):
        report = doctor(made, engine=scratch / "sock")
    report.says("docker mirror", "has not been restarted since", made.url,
                "systemctl reload docker")


def test_docker_has_not_been_restarted_and_uses_what_it_had(hub, larder, doctor, scratch):
    made = larder()
    daemon_json(scratch, "http://10.255.255.1:5000")
    with FakeEngine(scratch / "sock", [made.url]):
        report = doctor(made, engine=scratch / "sock")
    report.says("docker mirror", "has not been restarted since")
    report.says("docker pull", state="ok")


def test_docker_has_a_wrong_mirror_address(hub, larder, doctor, scratch):
    wrong = f"http://127.0.0.1:{free_port()}"
    with FakeEngine(scratch / "sock", [wrong]):
        report = doctor(larder(), engine=scratch / "sock")
    report.says("docker mirror", wrong, "not this larder", "nothing answers there",
                "larder setup docker")
    report.says("docker pull", "silent fallback")


def test_docker_has_another_larder(hub, larder, doctor, scratch):
    made, other = larder(), larder(root=scratch / "other")
    with FakeEngine(scratch / "sock", [other.url]):
        report = doctor(made, engine=scratch / "sock")
    report.says("docker mirror", "that is another larder")
    report.says("docker pull", "through another larder")


def test_docker_knows_this_larder_by_another_address(hub, larder, doctor, scratch):
    made = larder(addr="0.0.0.0:0")
    with FakeEngine(scratch / "sock", [made.url]):
        report = doctor(made, "--mirror", f"http://127.0.0.2:{made.port}",
                        engine=scratch / "sock")
        report.is_well()


def test_a_daemon_json_that_is_none(hub, larder, doctor, scratch):
    made = larder()
    daemon_json(scratch)
    (scratch / "etc/docker/daemon.json").write_text('{"registry-mirrors": [,]}')
    with FakeEngine(scratch / "sock", [made.url]):
        doctor(made, engine=scratch / "sock").says("daemon.json", "does not start")


def test_no_engine_at_a_place_that_was_named(hub, larder, doctor, scratch):
    doctor(larder(), engine=scratch / "nothing").says("docker", "no such socket",
                                                      "systemctl start docker")


def test_an_engine_that_is_not_running(hub, larder, doctor, scratch):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(scratch / "sock"))
        doctor(larder(), engine=scratch / "sock").says("docker", "nobody answers there")


# --- other clients ---------------------------------------------------------------------

def test_containerd_and_podman_that_know_it(hub, larder, doctor, scratch):
    made = larder()
    hosts = scratch / "etc/containerd/certs.d/docker.io"
    hosts.mkdir(parents=True)
    (hosts / "hosts.toml").write_text(f'[host."{made.url}"]\n')
    drop_in = scratch / "etc/containers/registries.conf.d"
    drop_in.mkdir(parents=True)
    (drop_in / "50-larder.conf").write_text(f'location = "{made.host}/docker.io"\n')
    report = doctor(made)
    report.says("containerd", "hosts.toml names this larder", state="ok")
    report.says("podman", "50-larder.conf names this larder", state="ok")


def test_a_file_that_names_it_in_a_comment(hub, larder, doctor, scratch):
    made = larder()
    hosts = scratch / "etc/containerd/certs.d/docker.io"
    hosts.mkdir(parents=True)
    (hosts / "hosts.toml").write_text(f'# [host."{made.url}"]\n[host."{made.url}1"]\n')
    assert doctor(made)["containerd"]["state"] in ("skipped", "warn")


# --- everything hangs ------------------------------------------------------------------

@pytest.mark.waits
def test_it_ends_when_everything_hangs(hub, larder, doctor, scratch):
    """Mirror, registry and engine take connections and say nothing."""
    hub.fault("any", "hang")
    made = larder(start=False)
    with socket.create_server(("127.0.0.1", 0)) as mirror, \
            socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(scratch / "sock"))
        engine.listen()
        report = doctor(made, "--addr", f"127.0.0.1:{mirror.getsockname()[1]}",
                        engine=scratch / "sock")
    assert report.seconds < 30
    report.says("mirror", "no answer within")
    report.says("port", "is held by", f"(process {os.getpid()})")
    report.says("upstream docker.io", "not answered in the time")
    report.says("docker", "no answer within")


# --- the page that has all of this -----------------------------------------------------

def test_the_page_has_the_words_that_are_printed():
    """What stands in the first column of a table is what doctor says."""
    top = Path(__file__).resolve().parents[2]
    source = "".join(path.read_text() for path in sorted((top / "src/doctor").glob("*.c")))
    said = re.sub(r'"\s*\n\s*"', "", source)
    rows = [line.split("|")[1] for line in (top / "docs/troubleshooting.md").read_text()
            .splitlines() if line.startswith("| `")]
    phrases = [phrase for row in rows for phrase in re.findall(r"`([^`]+)`", row)]
    assert len(phrases) > 25
    for phrase in phrases:
        assert phrase in said, phrase
