"""What the scenarios of lock files share: writing them, and reading them strictly."""

from __future__ import annotations

from pathlib import Path

HUB = "docker.io"


def lock_text(*entries: tuple[str, str], head: str = "") -> str:
    """(image in full, digest), ..."""
    blocks = "".join(f"\n{image}\n  digest     {digest}\n"
                     for image, digest in sorted(entries))
    return f"larder-lock 1\n{head}{blocks}"


def write_lock(path: Path, *entries: tuple[str, str]) -> Path:
    path.write_text(lock_text(*entries))
    return path


def read_lock(path: Path) -> dict[str, dict[str, str]]:
    """Image to what is said of it; it must be sorted, and formed as documented."""
    lines = path.read_text().split("\n")
    assert lines[0] == "larder-lock 1" and lines[-1] == "", lines[:1]
    found: dict[str, dict[str, str]] = {}
    image = ""
    for line in lines[1:-1]:
        if not line or line.startswith("#"):
            continue
        if line.startswith("  "):
            key, value = line.split(None, 1)
            assert line == f"  {key:<10} {value}", line
            assert key not in found[image], line
            found[image][key] = value
        else:
            assert line not in found and line > image, line
            image = line
            found[image] = {}
    return found
