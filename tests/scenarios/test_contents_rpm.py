"""rpm's database of the kind SQLite: headers written by hand, and by rpm where it is."""

from __future__ import annotations

import io
import shutil
import sqlite3
import struct
import subprocess
import tarfile
from pathlib import Path

import pytest

from .insides import Store, gaps, layer, names

PLACE = "usr/lib/sysimage/rpm/rpmdb.sqlite"
NAME, VERSION, RELEASE, EPOCH, LICENSE, ARCH, SOURCE = 1000, 1001, 1002, 1003, 1014, 1022, 1044
TABLE = "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def header(**tags: str | int) -> bytes:
    entries, data = b"", b""
    for key, value in tags.items():
        if isinstance(value, int):
            data += b"\0" * (-len(data) % 4)
        entries += struct.pack(">IIII", globals()[key], 4 if isinstance(value, int) else 6,
                               len(data), 1)
        data += struct.pack(">I", value) if isinstance(value, int) else value.encode() + b"\0"
    return struct.pack(">II", len(tags), len(data)) + entries + data


def plain(name: str, version: str = "1", release: str = "1", **more: str | int) -> bytes:
    return header(NAME=name, VERSION=version, RELEASE=release, ARCH="x86_64", **more)


def database(path: Path, *headers: bytes) -> bytes:
    with sqlite3.connect(path) as db:
        db.execute(TABLE)
        db.executemany("INSERT INTO Packages(blob) VALUES (?)", [(one,) for one in headers])
    db.close()
    return path.read_bytes()


def test_headers(store, tmp_path):
    data = database(tmp_path / "db",
                    plain("bash", "5.2", "3.fc40", LICENSE="GPL", SOURCE="bash-5.2-3.fc40.src.rpm"),
                    plain("dns-libs", "9", "1", EPOCH=32, SOURCE="dns-9-1.src.rpm"),
                    plain("zero", EPOCH=0, SOURCE="odd"), plain("gpg-pubkey", "abc"))
    found = store.inside([layer((PLACE, data))])
    assert [(one["name"], one["version"], one["arch"], one["source"], one["source_version"],
             one["license"]) for one in found["packages"]] == [
        ("bash", "5.2-3.fc40", "x86_64", "bash", "5.2-3.fc40", "GPL"),
        ("dns-libs", "32:9-1", "x86_64", "dns", "32:9-1", ""),
        ("zero", "0:1-1", "x86_64", "zero", "0:1-1", "")]
    assert found["gaps"] == []


def test_damaged_headers_are_counted(store, tmp_path):
    good = plain("good")
    data = database(tmp_path / "db", good, b"", b"\0" * 8, good[:-40], b"\xff" * 60,
                    struct.pack(">II", 70000, 5) + b"\0" * 2_000_000,
                    header(NAME="noversion"), header(VERSION="1"),
                    header(NAME="big", VERSION="1" * 3000))
    found = store.inside([layer((PLACE, data))])
    assert names(found) == ["good 1-1"]
    (path, why), = gaps(found)
    assert path == PLACE and "missing here: 8" in why and "cut or damaged" in why


@pytest.fixture
def logged(tmp_path):
    """A database of one package, and the log beside it that brings a second, for layers."""
    path = tmp_path / "db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(TABLE)
    db.execute("INSERT INTO Packages(blob) VALUES (?)", (plain("first"),))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    db.execute("BEGIN")
    db.execute("INSERT INTO Packages(blob) VALUES (?)", (plain("second"),))
    db.executemany("INSERT INTO Packages(blob) VALUES (?)",
                   [(plain(f"n{i}", LICENSE="L" * 3000),) for i in range(50)])
    db.execute("DELETE FROM Packages WHERE hnum=1")
    db.execute("COMMIT")
    log = (tmp_path / "db-wal").read_bytes()
    yield before, log
    db.close()


def test_the_log_beside_it_counts(store, logged):
    before, log = logged
    assert before[18:20] == b"\2\2" and log
    assert names(store.inside([layer((PLACE, before))])) == ["first 1-1"]
    both = store.inside([layer((PLACE, before), (PLACE + "-wal", log))])
    assert len(both["packages"]) == 51 and "second 1-1" in names(both)
    later = store.inside([layer((PLACE, before)), layer((PLACE + "-wal", log))])
    assert names(later) == names(both)
    assert names(store.inside([layer((PLACE + "-wal", log), (PLACE, before))])) == names(both)


def test_a_damaged_log_counts_up_to_the_damage(store, logged):
    before, log = logged
    for bad in (log[:-9], log[:40], b"", b"x" * 5000, log[:24] + b"\0" + log[25:],
                log[:32 + 30] + b"\xff" + log[32 + 31:]):
        found = store.inside([layer((PLACE, before), (PLACE + "-wal", bad))])
        assert names(found) == ["first 1-1"] and found["gaps"] == []


def test_hostile_databases(store, tmp_path):
    def db(*statements: str) -> bytes:
        path = tmp_path / f"db{len(statements)}{hash(statements)}"
        with sqlite3.connect(path) as made:
            for one in statements:
                made.execute(one)
        made.close()
        return path.read_bytes()

    endless = ("CREATE VIEW Packages AS WITH RECURSIVE c(hnum, blob) AS (SELECT 1, x'00' UNION "
               "ALL SELECT hnum + 1, blob FROM c) SELECT * FROM c")
    good = database(tmp_path / "db", *[plain(f"p{i}") for i in range(100)])
    cases = {"view": db(endless), "no table": db("CREATE TABLE x(y)"),
             "cut": good[:len(good) // 2], "header only": good[:100], "short": good[:50],
             "garbled": good[:4096] + b"\xff" * 64 + good[4160:],
             "schema": good.replace(b"CREATE TABLE", b"CREATE TABEL")}
    for what, data in cases.items():
        found = store.inside([layer((PLACE, data))])
        assert len(gaps(found)) == 1, (what, names(found))
        (path, why), = gaps(found)
        assert path == PLACE and "SQLite database" in why, what


def test_as_rpm_says(store, tmp_path):
    if not shutil.which("rpmbuild") or not shutil.which("rpm"):
        pytest.skip("rpm and rpmbuild are not here")
    top, root = tmp_path / "build", tmp_path / "root"
    for name, evr, sub in (("alpha", "1.0-1.el9", ""), ("beta", "2:2.0~rc1-3", "libs"),
                           ("gamma", "5^20240101-1", "")):
        _build(top, name, evr, sub)
    root.mkdir()
    rpm = ["rpm", "--root", root, "--dbpath", "/" + str(Path(PLACE).parent), "--define",
           "_db_backend sqlite"]
    subprocess.run([*rpm, "--initdb"], check=True, capture_output=True)
    subprocess.run([*rpm, "-i", "--nodeps", "--ignorearch", "--force-debian",
                    *top.glob("RPMS/*/*.rpm")], check=True, capture_output=True)
    said = subprocess.run([*rpm, "-qa", "--qf", "%{NAME} %{EVR} %{ARCH} %{LICENSE}\n"],
                          check=True, capture_output=True, text=True).stdout
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        tar.add(root, arcname=".")
    found = store.inside([out.getvalue()])
    assert sorted(said.splitlines()) == sorted(
        f"{one['name']} {one['version']} {one['arch']} {one['license']}"
        for one in found["packages"])
    assert len(found["packages"]) == 4 and found["gaps"] == []
    assert {one["source"] for one in found["packages"]} == {"alpha", "beta", "gamma"}


def _build(top: Path, name: str, evr: str, sub: str) -> None:
    epoch, _, rest = evr.rpartition(":")
    version, release = rest.split("-")
    spec = top / f"{name}.spec"
    top.mkdir(exist_ok=True)
    spec.write_text(
        f"Name: {name}\nVersion: {version}\nRelease: {release}\n"
        + (f"Epoch: {epoch}\n" if epoch else "") +
        "Summary: x\nLicense: MIT AND BSD-3-Clause\nBuildArch: noarch\n%description\nx\n%files\n"
        + (f"%package {sub}\nSummary: y\n%description {sub}\ny\n%files {sub}\n" if sub else ""))
    subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {top}", spec],
                   check=True, capture_output=True)
