"""Runs upstream_probe: the upstream floor alone, without store, mirror or server."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROBE = (TOP / os.environ.get("LARDER_BUILD", "build") / "tests/unit/upstream_probe").resolve()
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def environment(**more: str) -> dict[str, str]:
    """This process's, with no proxies but those given."""
    env = {k: v for k, v in os.environ.items() if k.lower() not in PROXY_VARIABLES}
    return {**env, **more}


def command(operation: str, url: str, name: str, *rest: object, **options: object) -> list[str]:
    """connect_ms=300 becomes --connect-ms 300, metrics=True becomes --metrics."""
    flags = []
    for key, value in options.items():
        flags.append("--" + key.replace("_", "-"))
        if value is not True:
            flags.append(str(value))
    return [str(PROBE), *flags, operation, url, name, *map(str, rest)]


class Done:
    """What a probe printed: .results (a dict for each operation), .metrics, .log."""

    def __init__(self, stdout: str, stderr: str, code: int) -> None:
        lines = stdout.splitlines()
        self.results = [json.loads(line) for line in lines if line.startswith("{")]
        self.metrics = "\n".join(line for line in lines if not line.startswith("{"))
        self.log, self.code = stderr, code
        self.everything = stdout + stderr

    def metric(self, name: str, **labels: str) -> int:
        """The sum of the cells that have these labels."""
        total = 0
        for line in self.metrics.splitlines():
            found = re.match(r"^(\w+)\{(.*)\} (-?\d+)$", line)
            if found and found[1] == name and all(
                    f'{k}="{v}"' in found[2] for k, v in labels.items()):
                total += int(found[3])
        return total


def run(operation: str, url: str, name: str, *rest: object,
        env: dict[str, str] | None = None, timeout: float = 60, **options: object) -> Done:
    """Run to the end.  A crash, or a sanitizer's report, is an error here."""
    done = subprocess.run(command(operation, url, name, *rest, **options),
                          capture_output=True, text=True, timeout=timeout,
                          env=environment(**(env or {})))
    assert done.returncode in (0, 100), done.stderr
    assert "Sanitizer" not in done.stderr, done.stderr
    return Done(done.stdout, done.stderr, done.returncode)


def one(operation: str, url: str, name: str, *rest: object, **options: object) -> dict:
    """Run one operation; its result."""
    (result,) = run(operation, url, name, *rest, **options).results
    return result


def failure(operation: str, url: str, name: str, *rest: object, **options: object) -> dict:
    result = one(operation, url, name, *rest, **options)
    assert not result["ok"], result
    return result


class Stepping:
    """A probe that waits for next() before each operation: one process, so one token
    cache and one set of connections."""

    def __init__(self, operation: str, url: str, name: str, *rest: object, n: int,
                 env: dict[str, str] | None = None, **options: object) -> None:
        self.process = subprocess.Popen(
            command(operation, url, name, *rest, repeat=n, step=True, **options),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment(**(env or {})))

    def next(self) -> dict:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self) -> "Stepping":
        return self

    def __exit__(self, *_: object) -> None:
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0 and "Sanitizer" not in err, err
