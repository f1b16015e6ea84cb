"""Runs target_probe: images of a store to another registry, or into an engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hub import images
from hub.push import Pusher
from harness import Larder

from .probe import PROBE, environment

PROGRAM = PROBE.with_name("target_probe")


def command(*words: object, **options: object) -> list[str]:
    """stall_ms=300 becomes --stall-ms 300, step=True becomes --step."""
    flags = []
    for key, value in options.items():
        flags.append("--" + key.replace("_", "-"))
        if value is not True:
            flags.append(str(value))
    return [str(PROGRAM), *flags, *map(str, words)]


def run(*words: object, env: dict[str, str] | None = None, stdin: str = "",
        timeout: float = 60, **options: object) -> list[dict]:
    """What it printed, an object for each operation.  A crash, or a sanitizer's report, is
    an error here."""
    done = subprocess.run(command(*words, **options), input=stdin, capture_output=True,
                          text=True, timeout=timeout, env=environment(**(env or {})))
    assert done.returncode == 0 and "Sanitizer" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def copy(root: Path, source: str, digest: str, url: str, name: str, *tag: str,
         **options: object) -> dict:
    """One copy that goes well; what it says."""
    result, = run("copy", root, url, source, digest, name, *tag, **options)
    assert result["ok"], result
    return result


def refusal(root: Path, source: str, digest: str, url: str, name: str, *tag: str,
            **options: object) -> dict:
    """One copy that does not."""
    result, = run("copy", root, url, source, digest, name, *tag, **options)
    assert not result["ok"], result
    return result


def several(root: Path, url: str, *turns: Sequence[tuple[str, ...]],
            **options: object) -> list[dict]:
    """Copies by one copier: turn after turn, those of a turn at once.  Each is (source,
    digest, name, tag)."""
    lines = "".join(";".join(" ".join(one) for one in turn) + "\n" for turn in turns)
    return run("copy", root, url, stdin=lines, step=True, **options)


def fill(larder: Larder, *named: tuple[str, str, images.Image]) -> Path:
    """Push (repository, tag, image)s into a local registry; its store."""
    with Pusher(larder.url) as pusher:
        for repo, tag, image in named:
            pusher.image(repo, tag, image)
    return larder.root
