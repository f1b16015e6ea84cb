"""debian:12-slim without a registry: made by debootstrap once, and kept between runs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from .procs import need

SUITE = "bookworm"
APT = Path("/etc/apt")
# Of a Debian that is this one: not "cloud-sdk-bookworm main" of somebody else.
OF_SUITE = re.compile(rf"(?<![-\w]){SUITE}(-updates|-security)?(?![-\w])")
PINNED = re.compile(r'"(/[^"]+\.(?:pem|crt))"')


def _sources() -> dict[Path, bytes]:
    """What of this machine's apt an image needs to reach the same packages: the sources of
    the suite, and how they are to be got (proxies, authorities)."""
    found = {}
    for path in [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*"))]:
        if path.is_file() and OF_SUITE.search(path.read_text()):
            found[path] = path.read_bytes()
    if not found:
        return {}
    for path in sorted((APT / "apt.conf.d").glob("*")):
        if path.is_file() and "Acquire::" in path.read_text():
            found[path] = path.read_bytes()
            for name in PINNED.findall(path.read_text()):
                if Path(name).is_file():
                    found[Path(name)] = Path(name).read_bytes()
    return found


def _mirror(sources: dict[Path, bytes]) -> list[str]:
    """What debootstrap is told; nothing: it knows one."""
    for text in (data.decode() for data in sources.values()):
        match = (re.search(rf"^deb (?:\[[^]]*\] )?(http\S+) {SUITE} ", text, re.M)
                 or re.search(rf"^URIs: (\S+)\nSuites: .*(?<![-\w]){SUITE}(?![-\w])", text, re.M))
        if match:
            return [match[1]]
    return []


def slim_tar() -> Path:
    """A tar archive of its root directory.  A minute when it is made, nothing later."""
    need("debootstrap", "tar")
    sources = _sources()
    content = repr((SUITE, sorted((str(path), data) for path, data in sources.items()),
                    Path(__file__).read_bytes()))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "/var/cache") / "larder-tests"
    tar = cache / f"{SUITE}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.tar"
    if not tar.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="larder-debian-", dir=cache) as place:
            _make(Path(place), sources)
            for old in cache.glob(f"{SUITE}-*.tar"):
                old.unlink()
            (Path(place) / "tar").rename(tar)
    return tar


def _make(place: Path, sources: dict[Path, bytes]) -> None:
    root = place / "root"
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", SUITE, root, *_mirror(sources)], timeout=400,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    if done.returncode != 0:
        pytest.skip("debootstrap cannot make a Debian here: "
                    + " / ".join(done.stdout.splitlines()[-3:]))
    for directory in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / directory)
        (root / directory / "partial").mkdir(parents=True)
    if sources:
        (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for path, data in sources.items():
        inside = root / path.relative_to("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_bytes(data)
    subprocess.run(["tar", "-C", root, "--exclude=./dev/*", "-cf", place / "tar", "."],
                   check=True, timeout=120)
