"""The outside world, which no test may reach: a proxy that refuses and remembers.

Clients get it as HTTP_PROXY and HTTPS_PROXY.  An engine that gives up on its mirror goes
to the real registry on its own accord; here that fails at once, and .asked says so.
"""

from __future__ import annotations

import socketserver
import threading


class _Refuse(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        line = self.rfile.readline(8192).decode(errors="replace").split()
        if len(line) > 1:
            self.server.outside.note(line[1])
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
                         b"Connection: close\r\n\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Outside:
    """.url to set as proxy, .asked the hosts (or URLs) that somebody wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Refuse)
        self._server.outside = self
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return "http://%s:%d" % self._server.server_address[:2]

    @property
    def asked(self) -> list[str]:
        with self._lock:
            return list(self._asked)

    def note(self, target: str) -> None:
        with self._lock:
            self._asked.append(target)

    def __enter__(self) -> "Outside":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
