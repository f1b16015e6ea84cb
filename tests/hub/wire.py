"""HTTP/1.1 on plain sockets, one blocking thread a connection.

Written out rather than borrowed from http.server, because a fault has to be exact on
the wire: so many bytes and then an RST, a header block that stops half way, a length
that lies.  A thread that waits, waits on its socket and on the thing it waits for, so
that neither a client that leaves nor a hub that stops is ever left hanging.
"""

from __future__ import annotations

import fcntl
import select
import socket
import ssl
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .message import Body, Gone, Request, Response, http_date, reason
from .pace import Bucket, Latch
from .record import Entry

HEAD_LIMIT = 256 * 1024
BODY_LIMIT = 8 << 20
PIECE = 4 << 20


class Conn:
    """One accepted connection and the thread that serves it."""

    def __init__(self, server: "Server", sock: socket.socket, number: int,
                 peer: str) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self.peer = peer
        self.buffer = b""
        self.thread = threading.Thread(target=self._run, daemon=True,
                                       name=f"hub-{server.role}-{number}")

    def _run(self) -> None:
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.server.tls is not None:
                self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
            while (request := self._read_request()) is not None:
                if not self.server.serve(self, request):
                    self._linger()
                    break
        except (Gone, OSError, ValueError):
            pass                # the client's affair; the log has what was sent
        finally:
            self.server.forget(self)
            self.sock.close()

    # --- reading ---

    def _more(self) -> bool:
        data = self.sock.recv(65536)
        self.buffer += data
        return bool(data)

    def _read_request(self) -> Request | None:
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > HEAD_LIMIT or not self._more():
                return None
            if self.buffer[:1] == b"\x16":      # TLS to a port without: no use waiting
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ")
        headers = [(k.strip(), v.strip()) for k, _, v in
                   (line.partition(":") for line in lines[1:])]
        request = Request(method, target, headers, version=version)
        if (request.header("expect") or "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in (request.header("transfer-encoding") or "").lower():
            request.body = self._read_chunked()
        else:
            request.body = self._take(int(request.header("content-length") or 0))
        return request

    def _take(self, count: int) -> bytes:
        if count > BODY_LIMIT:
            raise Gone("request body above the limit")
        while len(self.buffer) < count:
            if not self._more():
                raise Gone("request body cut short")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _read_chunked(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                if not self._more():
                    raise Gone("request body cut short")
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            body += self._take(size + 2)[:size]
            if not size or len(body) > BODY_LIMIT:
                return body

    # --- waiting ---

    def wait(self, seconds: float | None, latch: Latch | None = None) -> bool:
        """Until latch opens (True) or seconds have passed (False).

        Raises Gone as soon as the client closes or the hub stops."""
        until = None if seconds is None else time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.sock.fileno(), select.POLLRDHUP)
        if latch is not None:
            poll.register(latch.fd, select.POLLIN)
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            events = dict(poll.poll(None if left is None else left * 1000))
            if self.sock.fileno() in events:
                raise Gone("the client left while it was kept waiting")
            if latch is not None and latch.fd in events:
                return True
            if left is not None and left <= 0.001:
                return False

    # --- ending ---

    def reset(self) -> None:
        """End with an RST, after the client's kernel has all that was sent so far.

        A close with SO_LINGER 0 throws away what is still queued, so the queue is let
        drain first (nothing tells when it has, hence the polling), but not for ever."""
        until = time.monotonic() + 2
        while time.monotonic() < until:
            queued = bytearray(4)
            fcntl.ioctl(self.sock.fileno(), termios.TIOCOUTQ, queued)
            if not int.from_bytes(queued, "little"):
                break
            self.wait(0.001)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        raise Gone("reset by a fault")

    def finish(self) -> None:
        """End with a FIN, as a server that died tidily does."""
        self._linger()
        raise Gone("closed by a fault")

    def _linger(self) -> None:
        """Close without an RST, though the client may still be sending."""
        try:
            if isinstance(self.sock, ssl.SSLSocket):
                self.sock = _detach_tls(self.sock)
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(2)
            until = time.monotonic() + 2
            while time.monotonic() < until and self.sock.recv(65536):
                pass
        except OSError:
            pass

    # --- writing ---

    def send_raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send(self, request: Request, response: Response, entry: Entry) -> bool:
        """Write a response; whether the connection may be used again."""
        body = response.body
        bodyless = request.method == "HEAD" or response.status in (204, 304)
        keep = not (response.close or response.framing == "close"
                    or response.declared is not None
                    or request.version == "HTTP/1.0"
                    or (request.header("connection") or "").lower() == "close")
        lines = [f"HTTP/1.1 {response.status} {reason(response.status)}",
                 f"Date: {http_date()}"]
        lines += [f"{k}: {v}" for k, v in response.headers]
        if response.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif response.framing == "length" and not response.no_length:
            declared = body.size if response.declared is None else response.declared
            lines.append(f"Content-Length: {declared}")
        if not keep:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        entry.status, entry.answered = response.status, response.headers
        if response.head_stop is not None:
            half = head.index(b"\r\n") + 2 + (len(head) - head.index(b"\r\n") - 2) // 2
            self.sock.sendall(head[:half])
            response.head_stop()
            head = head[half:]
        if bodyless:
            self.sock.sendall(head)
            return keep
        plain = not response.stops and response.rate is None and \
            self.server.bandwidth() is None and response.framing != "chunked"
        if plain and type(body) is Body and body.size <= 65536:
            with _claimed(entry, 0, body.size):
                self.sock.sendall(head + body.data)
            return keep
        if body.size:
            self._send_head(head)
        else:
            self.sock.sendall(head)
        self._pump(response, entry)
        if response.framing == "chunked":
            self.sock.sendall(b"0\r\n\r\n")
        return keep

    def _send_head(self, head: bytes) -> None:
        """The head, held back by the kernel to share a segment with the body."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.sendall(head)
        else:
            self.sock.sendall(head, socket.MSG_MORE)

    def _pump(self, response: Response, entry: Entry) -> None:
        body, at = response.body, 0
        stops = sorted(response.stops, key=lambda stop: stop.at)
        own = Bucket(response.rate) if response.rate else None
        while True:
            while stops and at >= min(stops[0].at, body.size):
                self._cork_off()
                stops.pop(0).act()
            if at >= body.size:
                return
            end = min(body.size, stops[0].at) if stops else body.size
            if own is not None and response.rate_ends is not None and \
                    response.rate_ends.is_open:
                own = None
            buckets = [b for b in (own, self.server.bandwidth()) if b is not None]
            piece = min([PIECE] + [b.piece for b in buckets])
            count = min(end - at, piece)
            for bucket in buckets:
                if (pause := bucket.take(count)) > 0:
                    self._cork_off()
                    self.wait(pause, response.rate_ends)
            if response.framing == "chunked":
                count = min(count, 65536)
            with _claimed(entry, at, at + count if at + count == end else at):
                if response.framing == "chunked":
                    self.sock.sendall(b"%x\r\n%b\r\n" % (count, body.read(at, count)))
                else:
                    count = body.send(self.sock, at, count)
            at += count
            entry.bytes_sent = at

    def _cork_off(self) -> None:
        """Push out what MSG_MORE held back, since a pause is coming."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@contextmanager
def _claimed(entry: Entry, before: int, after: int) -> Iterator[None]:
    """Count the last bytes of a body before they go: a client that has them all must
    never find a log that lacks them.  Taken back if they could not be sent."""
    entry.bytes_sent = after
    try:
        yield
    except BaseException:
        entry.bytes_sent = before
        raise


def _detach_tls(sock: ssl.SSLSocket) -> socket.socket:
    """The plain socket beneath, so that the end is a bare FIN without close_notify."""
    return socket.socket(fileno=sock.detach())


class Server:
    """One listener.  handle(conn, request) answers; True keeps the connection."""

    def __init__(self, role: str, address: str, port: int,
                 handle: Callable[[Conn, Request, "Server"], bool],
                 tls: ssl.SSLContext | None = None) -> None:
        self.role = role
        self.address = address
        self.tls = tls
        self.limit: Bucket | None = None
        self.accepted = 0
        self._handle = handle
        self._state = threading.Condition()     # listening, _socket; before _lock
        self._lock = threading.Lock()           # _conns, accepted
        self._conns: set[Conn] = set()
        self._accepting: threading.Thread | None = None
        self._socket = self._bind(port)
        self.port = self._socket.getsockname()[1]
        self.listening = False

    def _bind(self, port: int) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.address, port))
        return sock

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}"

    def bandwidth(self) -> Bucket | None:
        return self.limit

    def serve(self, conn: Conn, request: Request) -> bool:
        return self._handle(conn, request, self)

    def listen(self) -> None:
        """Take connections (again)."""
        with self._state:
            if self.listening:
                return
            self._socket.listen(4096)
            self.listening = True
            self._accepting = threading.Thread(
                target=self._accept, args=(self._socket,), daemon=True,
                name=f"hub-{self.role}-accept")
            self._accepting.start()
            self._state.notify_all()

    def wait_listening(self, wanted: bool = True, timeout: float = 10) -> None:
        """Until connections are taken, or (False) refused."""
        with self._state:
            if not self._state.wait_for(lambda: self.listening == wanted, timeout):
                raise TimeoutError(f"{self.role}: listening is {self.listening}")

    def _hush(self) -> None:
        """Close the listener, if there is one; shutdown() wakes accept()."""
        if self.listening:
            self.listening = False
            self._socket.shutdown(socket.SHUT_RDWR)
            self._accepting.join(5)
        self._socket.close()

    def refuse(self) -> None:
        """Close the listener and every connection; the port stays ours, unheard.

        A socket that is bound but does not listen refuses, and keeps others off."""
        with self._state:
            if not self.listening:
                return
            self._hush()
            self._socket = self._bind(self.port)
            self._state.notify_all()
        self.drop()

    def drop(self) -> None:
        """End every connection there is."""
        with self._lock:
            conns = list(self._conns)
        for conn in conns:
            try:
                conn.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self) -> None:
        """End listener, connections and threads; raises if a thread will not end."""
        with self._state:
            self._hush()
        with self._lock:
            conns = list(self._conns)
        self.drop()
        until = time.monotonic() + 5
        for conn in conns:
            if conn.thread is not threading.current_thread():
                conn.thread.join(max(0.0, until - time.monotonic()))
                if conn.thread.is_alive():
                    raise RuntimeError(f"{conn.thread.name} did not end")

    def forget(self, conn: Conn) -> None:
        with self._lock:
            self._conns.discard(conn)

    @property
    def open_connections(self) -> int:
        with self._lock:
            return len(self._conns)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, peer = listener.accept()
            except OSError:
                return                          # shut down by refuse() or stop()
            with self._lock:
                if not self.listening:
                    sock.close()
                    return
                self.accepted += 1
                conn = Conn(self, sock, self.accepted, peer[0])
                self._conns.add(conn)
            conn.thread.start()
