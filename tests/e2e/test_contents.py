"""What is inside a Debian: larder reads from its layers what dpkg-query says in it."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from scenarios.insides import Store, layer

from .debian import slim_tar
from .procs import need

ASK = "${db:Status-Status} ${Package} ${Version} ${Architecture} ${source:Package} " \
      "${source:Version}\\n"
GONE = ("not-installed", "config-files")


def query(root: Path) -> list[str]:
    """Each package of which files are there."""
    done = subprocess.run(["chroot", root, "dpkg-query", "-W", "-f", ASK], check=True,
                          capture_output=True, text=True, timeout=60)
    rows = [line.split(" ", 1) for line in done.stdout.splitlines()]
    return sorted(row for state, row in rows if state not in GONE)


def described(inside: dict) -> list[str]:
    return sorted(f"{one['name']} {one['version']} {one['arch']} {one['source']} "
                  f"{one['source_version']}" for one in inside["packages"])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a chroot")
def test_a_debian_as_dpkg_query_says(scratch: Path) -> None:
    need("tar", "chroot")
    base, root = slim_tar(), scratch / "root"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", base], check=True, timeout=120)
    store = Store(scratch / "store")
    packed = gzip.compress(base.read_bytes(), 1)
    found = store.inside([packed])
    assert described(found) == query(root) and len(found["packages"]) > 60
    assert found["os"]["id"] == "debian" and found["os"]["codename"] == "bookworm"
    assert found["os"]["debian_version"] == (root / "etc/debian_version").read_text().strip()
    assert found["gaps"] == []
    # A package goes, and one of which only the configuration stays; the layer is as a
    # build leaves it: files that changed, and whiteouts of those that are gone.
    before = set((root / "var/lib/dpkg/info").iterdir())
    subprocess.run(["chroot", root, "dpkg", "--force-all", "--purge", "tzdata", "gpgv"],
                   check=True, capture_output=True, timeout=60)
    subprocess.run(["chroot", root, "dpkg", "--force-all", "--remove", "logsave", "mount"],
                   check=True, capture_output=True, timeout=60)
    gone = before - set((root / "var/lib/dpkg/info").iterdir())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(root / "var/lib/dpkg/status", arcname="var/lib/dpkg/status")
    above = out.getvalue()
    last = layer(*((f"var/lib/dpkg/info/.wh.{one.name}", b"") for one in gone))
    later = store.inside([packed, above, last])
    assert described(later) == query(root) and later["gaps"] == []
    assert 0 < len(found["packages"]) - len(later["packages"]) <= 4
    assert {one["layer"] for one in later["packages"]} == {0}
