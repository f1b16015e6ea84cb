"""An engine's API as far as doctor uses it, on a socket: what dockerd says and does, and
whether it asks its mirrors when it pulls."""

from __future__ import annotations

import json
import socketserver
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlparse

ACCEPT = "application/vnd.docker.distribution.manifest.list.v2+json"


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, doc: object, status: int = 200) -> None:
        body = json.dumps(doc).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _path(self) -> str:
        path = urlparse(self.path).path
        return path.removeprefix("/v1.41")

    def do_GET(self) -> None:
        engine = self.server.engine
        path = self._path()
        if path == "/version":
            self._answer({"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12",
                          "Os": "linux", "Arch": "amd64",
                          "Components": [{"Name": "Engine"}]})
        elif path == "/info":
            self._answer({"Architecture": "x86_64", "DockerRootDir": "/var/lib/docker",
                          "Driver": "overlay2", "DriverStatus": [],
                          "RegistryConfig": {"Mirrors": engine.mirrors}})
        else:
            self._answer({"message": "No such image"}, 404)

    def do_DELETE(self) -> None:
        self.server.engine.removed.append(self._path())
        self._answer([])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        engine, query = self.server.engine, parse_qs(urlparse(self.path).query)
        name, tag = query["fromImage"][0].removeprefix("docker.io/"), query["tag"][0]
        engine.pulled.append(f"{name}:{tag}")
        digest = engine.pull(name, tag)
        if digest is None:
            self._answer({"errorDetail": {"message": "manifest unknown"},
                          "error": "manifest unknown"})
        else:
            self._answer({"status": f"Digest: {digest}"})


class FakeEngine:
    """uses: the mirrors that it really asks (default: those it names)."""

    def __init__(self, place: Path, mirrors: list[str], uses: list[str] | None = None) -> None:
        self.path = place
        self.mirrors = [m.rstrip("/") + "/" for m in mirrors]
        self.uses = mirrors if uses is None else uses
        self.pulled: list[str] = []
        self.removed: list[str] = []
        self._server = _Server(str(place), _Handler)
        self._server.engine = self

    def pull(self, name: str, tag: str) -> str | None:
        """As dockerd: any trouble at a mirror, and it goes on to the next."""
        for mirror in self.uses:
            request = urllib.request.Request(f"{mirror.rstrip('/')}/v2/{name}/manifests/{tag}",
                                             headers={"Accept": ACCEPT})
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    return answer.headers["Docker-Content-Digest"]
            except OSError:
                continue
        return None

    def __enter__(self) -> "FakeEngine":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
