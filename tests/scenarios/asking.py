"""What the tests of `larder list` and `larder status` share."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from harness import Larder, larder_binary

CONFIG = ".config.yml"      # beside the root, as the harness writes it


def run(*args: object, env: dict[str, str] | None = None, prefix: list[str] | None = None,
        timeout: float = 60) -> subprocess.CompletedProcess:
    """larder ARGS, without anything of the tester's own environment."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(env or {})}
    clean |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
    return subprocess.run([*(prefix or []), str(larder_binary()), *map(str, args)], env=clean, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)


def store_of(made: Larder) -> list[str]:
    """The flags that make a command look at the store of that larder, as it is set."""
    return ["--config", str(made.root.parent / (made.root.name + CONFIG)),
            "--root", str(made.root)]


def rows(*args: object, **options) -> dict[str, dict]:
    """`larder list --json`, by name:tag (name@digest)."""
    done = run("list", "--json", *args, **options)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    named = {f"{row['name']}:{row['tag']}" if row["tag"] else f"{row['name']}@{row['digest']}": row
             for row in found}
    assert len(named) == len(found)
    return named


def both(made: Larder, *args: object, **options) -> dict[str, dict]:
    """The same of the store and of the larder, which must agree."""
    remote = rows("--server", made.url, *args, **options)
    local = rows(*store_of(made), *args, **options)
    assert remote == local
    return local


def tag_file(root: Path, repository: str, tag: str) -> Path:
    return (root / "docker/registry/v2/repositories" / repository /
            f"_manifests/tags/{tag}/current/link")


def blob_file(root: Path, digest: str) -> Path:
    algorithm, hex_ = digest.split(":")
    return root / f"docker/registry/v2/blobs/{algorithm}/{hex_[:2]}/{hex_}/data"
