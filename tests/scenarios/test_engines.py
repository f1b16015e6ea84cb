"""A scripted engine on a socket: what it says wrong, and what is then said of it."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from hub import build
from hub.tls import make

from . import targets

IMAGE = build("thing", layer_size=3 << 20)
FROM = "library/thing"
VERSION = {"Version": "29.0.0", "ApiVersion": "1.52", "MinAPIVersion": "1.44", "Os": "linux",
           "Arch": "amd64", "Components": [{"Name": "Engine"}]}
CONTAINERD = {"Architecture": "x86_64", "Driver": "overlayfs",
              "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}


class Engine:
    """answers: path (without the version) to (status, text) or a function of the handler.
    With tls on a TCP port in place of a socket."""

    def __init__(self, path: Path, tls: ssl.SSLContext | None = None) -> None:
        self.path, self.where = path, f"unix://{path}"
        self.asked: list[str] = []
        self.body = b""
        self.answers = {"GET /version": (200, json.dumps(VERSION)),
                        "GET /info": (200, json.dumps(CONTAINERD))}
        engine = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def address_string(self) -> str:
                return "socket"

            def handle_all(self) -> None:
                path = self.path
                if path.startswith("/v1."):
                    path = "/" + path.split("/", 2)[2]
                engine.asked.append(f"{self.command} {self.path}")
                answer = engine.answers.get(f"{self.command} {path.partition('?')[0]}",
                                            (404, '{"message":"No such image"}'))
                if callable(answer):
                    answer = answer(self)
                if answer is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, text = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_DELETE = handle_all

        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
            address_family = socket.AF_INET if tls else socket.AF_UNIX

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0) if tls else str(path), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
            self.where = f"tcp://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> "Engine":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def read_chunks(handler: http.server.BaseHTTPRequestHandler, most: int = 1 << 30) -> bytes:
    """A chunked body, or the beginning of one."""
    body = b""
    while len(body) < most:
        size = int(handler.rfile.readline(), 16)
        body += handler.rfile.read(size)
        handler.rfile.readline()
        if size == 0:
            break
    return body


@pytest.fixture
def engine(scratch):
    with Engine(scratch / "sock") as made:
        yield made


@pytest.fixture
def root(larders, scratch):
    return targets.fill(larders(root=scratch / "from"), (FROM, "1", IMAGE))


def one(*words: object, env: dict[str, str] | None = None, **options: object) -> dict:
    result, = targets.run(*words, env=env, **options)
    return result


def test_where_it_is(engine, scratch):
    """What is written; DOCKER_HOST; the context in use."""
    home = scratch / "home"
    clean = {"HOME": str(home), "DOCKER_HOST": "", "DOCKER_CONFIG": "", "DOCKER_CONTEXT": "",
             "CONTAINER_HOST": "", "XDG_RUNTIME_DIR": "", "DOCKER_TLS_VERIFY": ""}
    for words, env in ((engine.where, {}), (str(engine.path), {}),
                       ("docker", {"DOCKER_HOST": engine.where}),
                       ("podman", {"CONTAINER_HOST": engine.where})):
        found = one("engine", words, env={**clean, **env})
        assert found["ok"] and found["where"] == engine.where, found
    name = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of "test"
    meta = home / f".docker/contexts/meta/{name}/meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": "test", "Endpoints": {
        "docker": {"Host": engine.where}}}))
    (home / ".docker/config.json").write_text('{"currentContext":"test"}')
    assert one("engine", "docker", env=clean)["where"] == engine.where
    no = one("engine", "docker", env={**clean, "DOCKER_CONTEXT": "other"})
    assert no["kind"] == "not_found" and '"other"' in no["error"].replace("\\", "")
    run = scratch / "run/podman"
    run.mkdir(parents=True)
    (run / "podman.sock").symlink_to(engine.path)
    found = one("engine", "podman", env={**clean, "XDG_RUNTIME_DIR": str(scratch / "run")})
    assert found["where"] == f"unix://{run}/podman.sock"


@pytest.mark.parametrize(("where", "kind", "words"), [
    ("ssh://me@there", "invalid", "ssh -nNT -L"),
    ("npipe:////./pipe/docker", "invalid", "write it like"),
    ("unix://run/x.sock", "invalid", "whole path"),
    ("unix:///" + "x" * 120, "invalid", "no path of more than 107 bytes"),
    ("tcp://127.0.0.1:1/x", "invalid", "tcp://127.0.0.1:2375"),
    ("unix:///nowhere/docker.sock", "not_found", "no such socket"),
    ("tcp://127.0.0.1:9", "upstream", "not running"),
])
def test_places_that_are_none(where, kind, words):
    no = one("engine", where)
    assert no["kind"] == kind and words in no["error"], no


def test_a_socket_that_nobody_answers(scratch):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(scratch / "stale"))
    no = one("engine", scratch / "stale")
    assert no["kind"] == "upstream" and "not running" in no["error"], no


def test_a_socket_of_others(scratch):
    """Root may open every socket: then by another user, who needs a copy of the program."""
    scratch.chmod(0o755)
    program = shutil.copy(targets.PROGRAM, scratch)
    with Engine(scratch / "sock") as engine:
        engine.path.chmod(0)
        done = subprocess.run([program, "engine", engine.where], capture_output=True,
                              text=True, timeout=20, env=targets.environment(),
                              user=65534 if os.geteuid() == 0 else None)
    no = json.loads(done.stdout)
    assert no["kind"] == "denied" and "usermod -aG docker" in no["error"], no


def test_tls(scratch):
    """As docker has it: DOCKER_TLS_VERIFY, and three files in DOCKER_CERT_PATH."""
    ca, context = make(scratch)
    for command in (
            "req -newkey rsa:2048 -nodes -keyout key.pem -out client.csr -subj /CN=client",
            "x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem"):
        subprocess.run(["openssl", *command.split()], check=True, timeout=30, cwd=scratch,
                       capture_output=True)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca)
    env = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(scratch)}
    with Engine(scratch / "sock", tls=context) as engine:
        found = one("engine", engine.where, env=env)
        assert found["ok"] and found["where"] == engine.where, found
        (scratch / "cert.pem").unlink()
        no = one("engine", engine.where, env=env)
        assert no["kind"] == "upstream" and engine.where in no["error"], no
        ca.write_text("")
        assert not one("engine", engine.where, env=env)["ok"]
        no = one("engine", engine.where, env={**env, "DOCKER_CERT_PATH": "/nowhere"})
        assert "/nowhere/ca.pem" in no["error"] and "DOCKER_TLS_VERIFY" in no["error"], no


@pytest.mark.parametrize("answer", [
    (200, "<html>"), (200, "{}"), (200, '{"ApiVersion":"1.12"}'), (500, "no"),
    (200, json.dumps({**VERSION, "Os": ""}))])
def test_what_is_no_engine(engine, answer):
    engine.answers["GET /version"] = answer
    no = one("engine", engine.where)
    assert no["kind"] == "upstream" and str(engine.path) in no["error"], no


def test_versions(engine):
    """The newest that both know; the engine's oldest where it knows no older one."""
    assert one("engine", engine.where)["api"] == "1.51"
    engine.answers["GET /version"] = (200, json.dumps({**VERSION, "ApiVersion": "1.41"}))
    found = one("engine", engine.where)
    assert found["api"] == "1.41" and engine.asked[-1] == "GET /v1.41/info"
    assert found["containerd"] and not found["podman"]
    engine.answers["GET /version"] = (200, json.dumps(
        {**VERSION, "ApiVersion": "1.60", "MinAPIVersion": "1.55"}))
    assert one("engine", engine.where)["api"] == "1.55"


def test_containerd_store(engine, root):
    """There an image's id is its manifest's digest."""
    manifest = IMAGE.manifest().digest
    have = (200, json.dumps({"Id": manifest, "Os": "linux", "Architecture": "amd64"}))

    def load(handler):
        engine.body = read_chunks(handler)
        engine.answers["GET /images/docker.io/library/thing:1/json"] = have
        return 200, '{"stream":"Loaded image: thing:1\\n"}\r\n'

    engine.answers["POST /images/load"] = load
    done = one("load", root, FROM, IMAGE.digest, engine.where, "thing:1")
    assert done["ok"] and done["id"] == manifest and not done["current"], done
    assert done["sent"] == done["bytes"] == len(engine.body)
    assert one("load", root, FROM, IMAGE.digest, engine.where, "thing:1")["current"]


def test_the_engine_says_it_failed(engine, root):
    for said, kind in (("no space left on device", "no_space"), ("broken", "upstream")):
        engine.answers["POST /images/load"] = lambda handler, said=said: (
            read_chunks(handler) and (200, json.dumps(
                {"errorDetail": {"message": said}, "error": said}) + "\r\n"))
        no = one("load", root, FROM, IMAGE.digest, engine.where, "thing:1")
        assert no["kind"] == kind and said in no["error"] and "Docker 29" in no["error"], no


def test_it_loads_something_else(engine, root):
    engine.answers["POST /images/load"] = lambda handler: (
        read_chunks(handler) and (200, '{"stream":"Loaded image ID: sha256:12\\n"}\n'))
    no = one("load", root, FROM, IMAGE.digest, engine.where, "thing:1")
    assert no["kind"] == "upstream" and "Loaded image ID: sha256:12" in no["error"], no


def test_it_leaves_in_the_middle(engine, root):
    engine.answers["POST /images/load"] = lambda handler: (
        read_chunks(handler, most=100_000) and None)
    no = one("load", root, FROM, IMAGE.digest, engine.where, "thing:1")
    assert no["kind"] == "upstream" and str(engine.path) in no["error"], no


def test_it_refuses_in_the_middle(engine, root):
    engine.answers["POST /images/load"] = lambda handler: (
        read_chunks(handler, most=100_000) and (500, '{"message":"no space left on device"}'))
    no = one("load", root, FROM, IMAGE.digest, engine.where, "thing:1")
    assert not no["ok"] and no["kind"] in ("no_space", "upstream"), no


@pytest.mark.concurrent
def test_stopping_while_it_unpacks(engine, root):
    """An engine may be silent for long; Ctrl-C does not wait for it."""
    over = threading.Event()
    engine.answers["POST /images/load"] = lambda handler: (
        read_chunks(handler) and over.wait(20) and None)
    try:
        no = one("load", root, FROM, IMAGE.digest, engine.where, "thing:1",
                 cancel_after_ms=600)
    finally:
        over.set()
    assert no["kind"] == "cancelled", no


@pytest.mark.parametrize(("said", "kind"), [
    ("toomanyrequests: You have reached your pull rate limit", "busy"),
    ("manifest unknown", "not_found"),
    ("pull access denied for x, repository does not exist", "denied"),
    ("Get https://registry-1.docker.io/v2/: dial tcp: i/o timeout", "upstream")])
def test_pulls_that_fail(engine, said, kind):
    """An error is a line of an answer that is 200."""
    engine.answers["POST /images/create"] = (200, '{"status":"Pulling from x","id":"1"}\r\n' +
                                             json.dumps({"errorDetail": {"message": said}}))
    no = one("pull", engine.where, "x:1")
    assert no["kind"] == kind and said[:40] in no["error"], no
    assert engine.asked[-1] == "POST /v1.51/images/create?fromImage=x&tag=1"


def test_a_line_without_end(engine):
    engine.answers["POST /images/create"] = (200, "x" * (1 << 20))
    no = one("pull", engine.where, "x:1")
    assert no["kind"] == "upstream" and "a line of more than" in no["error"], no
