"""A service of systemd: sockets that are passed, and what is said to NOTIFY_SOCKET."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness import larder_binary
from hub import build

from .helpers import MIB, Download, ask, blob_path, wait_until

# Gives its arguments from the second on its own descriptors 0, 3, 4, ... (the first says how
# many), with LISTEN_PID its own, as systemd would; the sockets are inherited as they are.
PASS = ("import os, sys; n = int(sys.argv[1]); fds = list(map(int, sys.argv[2:2 + n]));\n"
        "high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]\n"
        "for i, fd in enumerate(high): os.dup2(fd, 3 + i); os.close(fd)\n"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(n))\n"
        "os.execv(sys.argv[2 + n], sys.argv[2 + n:])\n")


def listening(kind=socket.AF_INET, host="127.0.0.1", backlog=16) -> socket.socket:
    made = socket.socket(kind)
    made.bind((host, 0))
    made.listen(backlog)
    made.set_inheritable(True)
    return made


def passing(*sockets: socket.socket) -> list[str]:
    return [sys.executable, "-c", PASS, str(len(sockets)), *(str(one.fileno()) for one in sockets)]


@pytest.fixture
def activated(larders, monkeypatch):
    """activated(socket, upstreams): a larder that serves it."""
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: real(*a, **{**k, "close_fds": False}))
    return lambda one, upstreams=None, **options: larders(upstreams, prefix=passing(one), **options)


def status_line(sock: socket.socket) -> bytes:
    sock.settimeout(10)
    return sock.recv(4096).split(b"\r\n")[0]


@pytest.mark.concurrent
def test_a_passed_socket_is_served(activated):
    with listening() as one:
        made = activated(one, addr="127.0.0.1:1")
        assert made.port == one.getsockname()[1]
        assert "http.addr does not count" in made.wait_log("serve.socket_passed")
        answers = []
        threads = [threading.Thread(target=lambda: answers.extend(
            ask(made, "/v2/").status for _ in range(20))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert answers == [200] * 80
        assert made.stop() == 0


def test_connections_of_the_next_start_wait(hub, activated):
    """Who comes while it drains, or while none runs, is served by the next; the one that
    drains does not turn in circles over them."""
    image = hub.add(build("thing", layer_size=6 * MIB), "library/thing", "1")
    big = image.layers()[-1]
    gate = hub.hold("cdn", big.digest[7:], after_bytes=2 * MIB)
    with listening() as one:
        made = activated(one, {"docker.io": hub.url})
        download = Download(made, blob_path("library/thing", big.digest))
        download.wait_bytes(2 * MIB - 4096)
        made.signal(signal.SIGTERM)
        made.wait_log("serve.stopping")
        waiting = []
        for _ in range(3):
            waiting.append(socket.create_connection(one.getsockname(), timeout=10))
            waiting[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        ticks = cpu_ticks(made.pid)
        time.sleep(0.3)                     # that it does nothing has no other sign
        assert cpu_ticks(made.pid) - ticks < 15
        gate.release()
        assert download.wait_end().end == "complete" and made.process.wait(10) == 0
        waiting.append(socket.create_connection(one.getsockname(), timeout=10))
        waiting[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        activated(one)
        for sock in waiting:
            assert status_line(sock) == b"HTTP/1.1 200 OK"
            sock.close()


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_over_the_limit_they_wait(activated):
    """As with a socket of its own: nobody is refused."""
    with listening() as one:
        activated(one, env={"LARDER_CONNECTIONS": "8", "LARDER_THREADS": "2"})
        open_ones = [socket.create_connection(one.getsockname()) for _ in range(8)]
        for sock in open_ones:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert status_line(sock) == b"HTTP/1.1 200 OK"
        late = socket.create_connection(one.getsockname())
        late.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        late.settimeout(0.2)
        with pytest.raises(TimeoutError):
            late.recv(1)
        for sock in open_ones:
            sock.close()
        assert status_line(late) == b"HTTP/1.1 200 OK"
        late.close()


def fails(scratch, *sockets, prefix=None, **env) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LARDER_", "REGISTRY_"))}
    done = subprocess.run([*(prefix or passing(*sockets)), str(larder_binary()), "serve", "--root",
                           str(scratch / "root")], capture_output=True, text=True, timeout=20,
                          close_fds=False, env={**kept, **env}, stdin=subprocess.DEVNULL)
    assert done.returncode == 1, done
    return done.stderr


def test_what_cannot_be_served(scratch):
    with listening() as one, listening() as two:
        assert "2 sockets were passed" in fails(scratch, one, two)
    with socket.socket() as one:
        one.set_inheritable(True)
        assert "does not listen" in fails(scratch, one)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(scratch / "s"))
        one.listen()
        one.set_inheritable(True)
        assert "is no TCP socket" in fails(scratch, one)
    with open(os.devnull) as one:
        os.set_inheritable(one.fileno(), True)
        assert "is no socket" in fails(scratch, one)


@pytest.mark.parametrize("env", [{"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_FDS": "1"},
                                 {"LISTEN_PID": "x", "LISTEN_FDS": "-1"}])
def test_what_was_meant_for_another(larders, env):
    made = larders(env=env)
    assert ask(made, "/healthz").status == 200
    assert not any("socket_passed" in line for line in made.log)


def test_systemd_itself_passes_it(larders):
    program = shutil.which("systemd-socket-activate")
    if program is None:
        pytest.skip("systemd-socket-activate is not installed")
    with listening() as free:
        address = "127.0.0.1:%d" % free.getsockname()[1]
    # it starts its program when somebody connects
    made = larders(prefix=[program, "-l", address], start=False)
    first: list[bytes] = []

    def connect():
        def attempt():
            try:
                return socket.create_connection(tuple(address.rsplit(":", 1)), timeout=10)
            except ConnectionRefusedError:
                return None
        sock = wait_until(attempt, "it listens")
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first.append(status_line(sock))
        sock.close()

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    made.start()
    thread.join(20)
    assert first == [b"HTTP/1.1 200 OK"] and made.host == address


@pytest.mark.parametrize("abstract", [False, True])
def test_it_says_how_it_is(larders, scratch, abstract):
    """READY when it serves, RELOADING and READY at SIGHUP, STOPPING at the end."""
    name = f"@larder-test-{os.getpid()}" if abstract else str(scratch / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(10)

        def heard() -> list[str]:
            return manager.recv(4096).decode().split("\n")

        made = larders(env={"NOTIFY_SOCKET": name})
        assert heard()[0] == "READY=1" and ask(made, "/healthz").status == 200
        before = time.monotonic_ns() // 1000
        made.signal(signal.SIGHUP)
        words = heard()
        assert words[0] == "RELOADING=1"
        assert before <= int(words[1].removeprefix("MONOTONIC_USEC=")) < before + 5_000_000
        assert heard()[0] == "READY=1"
        made.signal(signal.SIGTERM)
        assert heard()[0] == "STOPPING=1"
        assert made.process.wait(10) == 0


def test_nobody_listens_for_it(larders, scratch):
    """That is said, and larder serves all the same."""
    for name in (str(scratch / "nobody"), "vsock:2:1234", "x"):
        made = larders(env={"NOTIFY_SOCKET": name})
        assert ask(made, "/healthz").status == 200
        made.wait_log("systemd.cannot_notify")
        assert made.stop() == 0


def test_the_variables_go_no_further(hub, larders, scratch):
    """What larder starts, here a credential helper, is not to take them for its own."""
    hub.add(build("thing"), "library/thing", "1")
    helper, seen = scratch / "docker-credential-test", scratch / "seen"
    helper.write_text(f"#!/bin/sh\nenv >{seen}.new && mv {seen}.new {seen}\n"
                      "echo '{\"Username\": \"u\", \"Secret\": \"s\"}'\n")
    helper.chmod(0o755)
    (scratch / "config.json").write_text(json.dumps({"credHelpers": {"docker.io": "test"}}))
    made = larders({"docker.io": hub.url}, settings={"docker-config": scratch / "config.json"},
                   env={"NOTIFY_SOCKET": str(scratch / "n"), "LISTEN_PID": "1",
                        "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a",
                        "PATH": f"{scratch}:{os.environ['PATH']}"})
    ask(made, "/v2/library/thing/manifests/1")
    found = seen.read_text()
    assert "PATH=" in found and "LISTEN_" not in found and "NOTIFY_" not in found
