"""The servers that are compared, each started on a port of its own and stopped by its id."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LARDER = Path(os.environ.get("LARDER_BUILD", TOP / "build-rel")) / "larder"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server:
    """One process and its children. start() returns when it answers GET /v2/."""

    name = "?"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Writes the configuration below self.root; what to run."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {key: value for key, value in os.environ.items()
                if not key.startswith(("LARDER_", "REGISTRY_"))
                and not key.lower().endswith("_proxy")}

    def start(self) -> "Server":
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / "output", "ab") as output:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=self.environment())
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/v2/")
                connection.getresponse().read()
                connection.close()
                return self
            except (OSError, http.client.HTTPException):
                if self.process.poll() is not None:
                    break
                time.sleep(0.005)
        self.stop()
        raise RuntimeError(f"{self.name} does not start: "
                           + (self.root / "output").read_text()[-2000:])

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def clean(self) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def memory(self) -> dict[str, int]:
        """RssAnon, VmRSS and VmHWM of the process and its children, in bytes."""
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found: dict[str, int] = {}
        for one in [str(pid), *children]:
            for line in Path(f"/proc/{one}/status").read_text().splitlines():
                key, _, value = line.partition(":")
                if key in ("RssAnon", "VmRSS", "VmHWM"):
                    found[key] = found.get(key, 0) + int(value.split()[0]) * 1024
        return found


class Larder(Server):
    def __init__(self, root: Path, upstream: str | None, *, log: bool = False,
                 store: Path | None = None) -> None:
        super().__init__(root)
        self.name = "larder+log" if log else "larder"
        self.upstream, self.log = upstream, log
        self.store = store or root / "store"

    def command(self) -> list[str]:
        lines = ["version: 0.1"]
        if not self.log:
            lines += ["log:", "  accesslog:", "    disabled: true"]
        if self.upstream:
            lines += ["larder:", "  upstreams:", '    "docker.io":',
                      f'      url: "{self.upstream}"', "      default: true"]
        config = self.root / "config.yml"
        config.write_text("\n".join(lines) + "\n")
        return [str(LARDER), "serve", "--addr", f"127.0.0.1:{self.port}",
                "--root", str(self.store), str(config)]


class Registry(Server):
    name = "registry"

    def __init__(self, root: Path, upstream: str | None, *,
                 store: Path | None = None) -> None:
        super().__init__(root)
        self.upstream = upstream
        self.store = store or root / "store"

    def command(self) -> list[str]:
        lines = ["version: 0.1", "log:", "  level: error", "  accesslog:",
                 "    disabled: true", "storage:", "  cache:",
                 "    blobdescriptor: inmemory", "  filesystem:",
                 f"    rootdirectory: {self.store}", "http:",
                 f"  addr: 127.0.0.1:{self.port}"]
        if self.upstream:
            lines += ["proxy:", f"  remoteurl: {self.upstream}"]
        config = self.root / "config.yml"
        config.write_text("\n".join(lines) + "\n")
        return ["docker-registry", "serve", str(config)]


NGINX = """
user root;
worker_processes {cpus};
pid {root}/pid;
error_log {root}/error.log;
daemon off;
worker_rlimit_nofile 20000;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  keepalive_requests 100000000;
  client_body_temp_path {root}/b; proxy_temp_path {root}/p;
  fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
{more}
}}
"""
STATIC = """
  server {{
    listen 127.0.0.1:{port};
    location = /v2/ {{ return 200; }}
    location / {{ root {files}; }}
  }}
"""
# The usual arrangement: the registry is asked each time, and where it redirects to is
# what is cached, under the registry's own path.
CACHE = """
  proxy_cache_path {root}/cache keys_zone=c:10m levels=1:2 max_size=20g use_temp_path=off;
  proxy_http_version 1.1;
  server {{
    listen 127.0.0.1:{port};
    proxy_cache_lock on;
    proxy_cache_lock_timeout 60s;
    proxy_cache_lock_age 60s;
    proxy_cache_valid 200 10m;
    proxy_cache_key $uri;
    location = /v2/ {{ return 200; }}
    location / {{
      proxy_pass {upstream};
      proxy_cache c;
      proxy_intercept_errors on;
      error_page 301 302 307 = @cdn;
    }}
    location @cdn {{
      set $to $upstream_http_location;
      proxy_set_header Authorization "";
      proxy_pass $to;
      proxy_cache c;
    }}
  }}
"""


class Nginx(Server):
    """Of files, or with an upstream as a proxy_cache."""

    def __init__(self, root: Path, *, files: Path | None = None,
                 upstream: str | None = None) -> None:
        super().__init__(root)
        self.name = "nginx" if upstream is None else "nginx cache"
        self.files, self.upstream = files, upstream

    def command(self) -> list[str]:
        more = (STATIC if self.upstream is None else CACHE).format(
            root=self.root, port=self.port, files=self.files, upstream=self.upstream)
        config = self.root / "nginx.conf"
        config.write_text(NGINX.format(cpus=os.cpu_count(), root=self.root, more=more))
        return ["nginx", "-p", str(self.root), "-c", str(config)]


class Hub:
    """The tests' scripted Docker Hub as a process, with its control port."""

    def __init__(self, sizes: list[int], cache: Path, *more: str) -> None:
        self.sizes = sizes
        self.cache = cache
        self.more = more        # arguments; by default it has no images but those sizes
        self.process: subprocess.Popen | None = None
        self.url = self.control = ""

    def start(self) -> "Hub":
        command = [sys.executable, "-m", "hub", "--with-stdin",
                   *(self.more or ("--images", "none"))]
        for size in self.sizes:
            command += ["--big", str(size)]
        self.process = subprocess.Popen(
            command, cwd=TOP / "tests", env={**os.environ, "HUB_CACHE": str(self.cache)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            key, _, value = line.strip().partition("=")
            if key == "HUB_URL":
                self.url = value
            if key == "HUB_CONTROL":
                self.control = value
                return self
        raise RuntimeError("the hub does not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.stdin.close()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
            self.process = None

    def ask(self, what: str = "", given: dict | None = None) -> dict:
        data = None if given is None else json.dumps(given).encode()
        with urllib.request.urlopen(f"{self.control}/_hub/{what}", data, 30) as answer:
            return json.load(answer)

    def bandwidth(self, bytes_per_second: int | None) -> None:
        self.ask("bandwidth", {"bytes_per_second": bytes_per_second})

    def token(self, repository: str) -> str:
        """The Authorization header that a direct client sends."""
        realm = self.ask()["token_url"]
        query = f"?service=registry.docker.io&scope=repository:{repository}:pull"
        with urllib.request.urlopen(realm + query, timeout=30) as answer:
            return "Authorization: Bearer " + json.load(answer)["token"]
