"""A larder command that works and ends: `larder pull`, `larder list` and so on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from .larder import larder_binary


class Done:
    """How it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    def rows(self) -> list[dict]:
        """Of --json: an object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self) -> str:
        return f"exit status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


class Command:
    """command = Command(root, {"docker.io": hub.url}); command("pull", "alpine:3.19").

    upstreams are told by variables; nothing else of larder's or of proxies' is in the
    environment, and HOME is a directory without anything."""

    def __init__(self, root: Path, upstreams: dict[str, str] | None = None,
                 env: dict[str, str] | None = None) -> None:
        self.root = Path(root)
        home = self.root.parent / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith(("LARDER_", "REGISTRY_", "DOCKER_"))
                    and not key.lower().endswith("_proxy")}
        self.env.update(HOME=str(home), TERM="dumb", LARDER_ROOT=str(self.root))
        for host, url in (upstreams or {}).items():
            name = host.upper().replace(".", "_").replace(":", "_")
            self.env[f"LARDER_UPSTREAMS_{name}_URL"] = url
        self.env.update(env or {})

    def start(self, *words: str, cwd: Path | None = None,
              env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(larder_binary()), *words], env={**self.env, **(env or {})},
            cwd=cwd or self.root.parent, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @staticmethod
    def end(process: subprocess.Popen[str], input: str = "", timeout: float = 60) -> Done:
        try:
            out, err = process.communicate(input, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"did not end in {timeout} s\n{out}\n{err}") from None
        return Done(process.returncode, out, err)

    def __call__(self, *words: str, input: str = "", cwd: Path | None = None,
                 env: dict[str, str] | None = None, timeout: float = 60) -> Done:
        return self.end(self.start(*words, cwd=cwd, env=env), input, timeout)
