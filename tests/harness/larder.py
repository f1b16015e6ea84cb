"""A larder process under test: started on a port the kernel chooses, watched, stopped.

The binary comes from the build directory that LARDER_BUILD names (default: build).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
METRIC = re.compile(r"^([a-z_:]+)(?:\{(.*)\})? (-?[0-9.]+)$")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def build_dir() -> Path:
    return (TOP / os.environ.get("LARDER_BUILD", "build")).resolve()


def larder_binary() -> Path:
    return build_dir() / "larder"


class Larder:
    """One `larder serve`.

    upstreams: {"docker.io": url, ...}; the first is the default one, unless `default` names
    another (or is "" for none). settings: values for the `larder:` part of a config file.
    bare: neither flags nor a file, the environment alone (env says where to listen).
    """

    def __init__(
        self,
        root: Path,
        upstreams: dict[str, str] | None = None,
        *,
        default: str | None = None,
        settings: dict[str, object] | None = None,
        config: str = "",
        env: dict[str, str] | None = None,
        args: list[str] | None = None,
        addr: str = "127.0.0.1:0",
        prefix: list[str] | None = None,
        access_log: bool = True,
        bare: bool = False,
    ) -> None:
        self.root = Path(root)
        self.upstreams = dict(upstreams or {})
        self.default = default
        self.settings = dict(settings or {})
        self.config = config
        self.extra_env = dict(env or {})
        self.args = list(args or [])
        self.addr = addr
        self.prefix = list(prefix or [])
        self.access_log = access_log
        self.bare = bare
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.log: list[str] = []
        self.access: list[str] = []
        self._log_changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self.ready_seconds = 0.0

    # -- life ---------------------------------------------------------------------------

    def config_text(self) -> str:
        """The config file: `larder:` from settings and upstreams, then `config` as it is."""
        lines = ["version: 0.1"]
        if not self.access_log:
            lines += ["log:", "  accesslog:", "    disabled: true"]
        lines.append("larder:")
        for key, value in self.settings.items():
            lines += _yaml(key, value, 1)
        default = self.default
        if default is None:
            default = next(iter(self.upstreams), "")
        if self.upstreams:
            lines.append("  upstreams:")
            for host, value in self.upstreams.items():
                lines.append(f'    "{host}":')
                if isinstance(value, str):
                    value = {"url": value}
                for key, inner in value.items():
                    lines += _yaml(key, inner, 3)
                if host == default:
                    lines.append("      default: true")
        if len(lines) == 2 and lines[-1] == "larder:":
            lines.pop()
        return "\n".join(lines) + "\n" + self.config

    def start(self, timeout: float = 20.0) -> "Larder":
        self.root.parent.mkdir(parents=True, exist_ok=True)
        config = self.root.parent / (self.root.name + ".config.yml")
        config.write_text(self.config_text())
        command = [
            *self.prefix,
            str(larder_binary()),
            "serve",
            "--addr",
            self.addr,
            "--root",
            str(self.root),
            *self.args,
            str(config),
        ]
        if self.bare:
            command = [*self.prefix, str(larder_binary()), "serve"]
        env = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("LARDER_", "REGISTRY_"))
            and not key.lower().endswith("_proxy")
        }
        env.update(self.extra_env)
        began = time.monotonic()
        before = sum("serve.listening" in line for line in self.log)    # a restart
        self.port = 0
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._threads = [
            threading.Thread(target=self._read, args=(self.process.stderr, self.log), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stdout, self.access), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        line = self.wait_log("serve.listening", timeout=timeout, n=before + 1)
        self.ready_seconds = time.monotonic() - began
        found = re.search(r"port=(\d+)", line) or re.search(r'"port":(\d+)', line)
        assert found, line
        self.port = int(found.group(1))
        return self

    def _read(self, stream, into: list[str]) -> None:
        for raw in stream:
            with self._log_changed:
                into.append(raw.decode(errors="replace").rstrip("\n"))
                self._log_changed.notify_all()

    def stop(self, timeout: float = 20.0) -> int:
        """SIGTERM, and the exit status. Fails the test when it does not end."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            self._join()
            raise AssertionError("larder did not end after SIGTERM:\n" + self.tail())
        self._join()
        self.process = None
        return status

    def kill(self) -> None:
        """SIGKILL: what a crash is to the store."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait(10)
        self._join()
        self.process = None

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join(10)

    def __enter__(self) -> "Larder":
        return self.start() if self.process is None else self

    def __exit__(self, *failure) -> None:
        if self.process is None:
            return
        status = self.stop()
        if failure[0] is None:
            assert status == 0, f"exit status {status}\n" + self.tail()

    # -- looking at it ------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def tail(self, n: int = 60) -> str:
        return "\n".join(self.log[-n:])

    def wait_log(self, text: str, timeout: float = 30.0, n: int = 1) -> str:
        """The n-th log line that holds the text; waits for it."""
        deadline = time.monotonic() + timeout
        with self._log_changed:
            while True:
                found = [line for line in self.log if text in line]
                if len(found) >= n:
                    return found[n - 1]
                left = deadline - time.monotonic()
                ended = self.process is not None and self.process.poll() is not None
                if left <= 0 or (ended and not any(t.is_alive() for t in self._threads)):
                    raise AssertionError(f"no log line with {text!r}:\n" + self.tail())
                self._log_changed.wait(min(left, 0.1))

    def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = {}
        for line in text.splitlines():
            match = METRIC.match(line)
            if match:
                labels = frozenset(LABEL.findall(match.group(2) or ""))
                found[match.group(1), labels] = float(match.group(3))
        return found

    def metric(self, name: str, **labels: str) -> float:
        """Sum over all cells of the family that have these labels."""
        want = set(labels.items())
        return sum(v for (n, have), v in self.metrics().items() if n == name and want <= have)

    def memory(self) -> dict[str, int]:
        """RssAnon, VmRSS, VmHWM, ... in bytes."""
        found = {}
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            match = re.match(r"(\w+):\s+(\d+) kB", line)
            if match:
                found[match.group(1)] = int(match.group(2)) * 1024
        return found


def _yaml(key: str, value: object, depth: int) -> list[str]:
    pad = "  " * depth
    if isinstance(value, dict):
        lines = [f'{pad}"{key}":' if not key.replace("-", "").isalnum() else f"{pad}{key}:"]
        for inner_key, inner in value.items():
            lines += _yaml(inner_key, inner, depth + 1)
        return lines
    if isinstance(value, (list, tuple)):
        return [f"{pad}{key}:"] + [f'{pad}  - "{one}"' for one in value]
    if isinstance(value, bool):
        value = "true" if value else "false"
    quoted = key if key.replace("-", "").isalnum() else f'"{key}"'
    return [f'{pad}{quoted}: "{value}"']
