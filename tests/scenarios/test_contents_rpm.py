"""rpm's databases, of all kinds: headers written by hand, and by rpm where it is."""

from __future__ import annotations

import io
import json
import random
import shutil
import sqlite3
import struct
import subprocess
import tarfile
import zlib
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


def test_a_log_that_asks_for_too_much(store, logged):
    """Its last frame, with right checksums, says that the database has 16 TiB."""
    before, log = logged
    size = struct.unpack(">I", log[8:12])[0]
    order = ">" if log[3] & 1 else "<"
    s0 = s1 = 0

    def add(data: bytes) -> None:
        nonlocal s0, s1
        for a, b in struct.iter_unpack(order + "II", data):
            s0 = (s0 + a + s1) & 0xffffffff
            s1 = (s1 + b + s0) & 0xffffffff

    add(log[:24])
    frame = log[32:32 + 24 + size]
    head = frame[:4] + b"\xff\xff\xff\xff"
    add(head)
    add(frame[24:])
    bad = log[:32] + head + log[16:24] + struct.pack(">II", s0, s1) + frame[24:]
    found = store.inside([layer((PLACE, before), (PLACE + "-wal", bad))])
    (path, why), = gaps(found)
    assert path == PLACE and "with its log" in why and found["packages"] == []


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


def ndb(*blobs: bytes, spread: int = 0) -> bytes:
    """As lib/backend/ndb/rpmpkg.c of rpm writes it: slots, and blobs of 16-byte blocks."""
    slots, data, block = b"", b"", 4096 // 16 + spread
    for number, blob in enumerate(blobs, 1):
        body = b"BlbS" + struct.pack("<III", number, 1, len(blob)) + blob
        body += b"\0" * ((-len(body) - 12) % 16)
        body += struct.pack("<II", zlib.adler32(body), len(blob)) + b"BlbE"
        slots += b"Slot" + struct.pack("<III", number, block, len(body) // 16)
        block += len(body) // 16
        data += body
    head = b"RpmP" + struct.pack("<IIII", 0, 1, 1, len(blobs) + 1) + b"\0" * 12
    free = b"Slot" + b"\0" * 12
    return head + slots + free * ((4096 - len(head + slots)) // 16) + b"\0" * spread * 16 + data


def bdb(*blobs: bytes, big: bool = False, size: int = 512) -> bytes:
    """A hash of Berkeley DB with one bucket, and chains of overflow pages."""
    order = ">" if big else "<"

    def page(number: int, kind: int, items: int, free: int, after: int = 0) -> bytes:
        return struct.pack(order + "8xIIIHHBB", number, 0, after, items, free, 0, kind)

    pages = [b""]
    offsets, body, place = [], b"", size
    chains = []
    for number, blob in enumerate((b"\0\0\0\5", *blobs)):
        if len(blob) > 100:
            value = struct.pack(order + "BxxxII", 3, 0, len(blob))
            chains.append((len(offsets) + 1, blob))
        else:
            value = b"\1" + blob
        for one in (b"\1" + struct.pack(order + "I", number), value):
            place -= len(one)
            offsets.append(place)
            body = one + body
    pages.append(b"")
    for index, blob in chains:
        first = len(pages)
        at = offsets[index] - place
        body = body[:at + 4] + struct.pack(order + "I", first) + body[at + 8:]
        room = size - 26
        for i in range(0, len(blob), room):
            part = blob[i:i + room]
            last = i + room >= len(blob)
            pages.append((page(len(pages), 7, 0, len(part), 0 if last else len(pages) + 1)
                          + part).ljust(size, b"\0"))
    index_bytes = struct.pack(f"{order}{len(offsets)}H", *offsets)
    head = page(1, 13, len(offsets), place)
    pages[1] = head + index_bytes + b"\0" * (place - len(head + index_bytes)) + body
    pages[0] = (struct.pack(order + "8xIIIIBBBBI", 0, 0x61561, 9, size, 0, 8, 0, 0, 0)
                + struct.pack(order + "I", len(pages) - 1)).ljust(size, b"\0")
    return b"".join(pages)


FEW = [plain("bash", "5.1", "2", LICENSE="GPL" * 500), plain("zlib", EPOCH=1),
       header(NAME="t", VERSION="1"), plain("gpg-pubkey", "1")]


@pytest.mark.parametrize("path, data", [
    ("usr/lib/sysimage/rpm/Packages.db", ndb(*FEW)),
    ("var/lib/rpm/Packages.db", ndb(*FEW, spread=3)),
    ("var/lib/rpm/Packages", bdb(*FEW)), ("var/lib/rpm/Packages", bdb(*FEW, big=True)),
    ("usr/lib/sysimage/rpm/Packages", bdb(*FEW, size=4096))],
    ids=["ndb", "ndb with room", "bdb", "bdb big-endian", "bdb of large pages"])
def test_other_kinds(store, path, data):
    found = store.inside([layer((path, data))])
    assert names(found) == ["bash 5.1-2", "t 1", "zlib 1:1-1"] and found["gaps"] == []


def test_other_kinds_damaged(store):
    """Each byte of what describes them, and a cut at each place, hurts nobody."""
    rng = random.Random(1)
    images = []
    for path, data, places in (("var/lib/rpm/Packages.db", ndb(*FEW), range(0, 96)),
                               ("var/lib/rpm/Packages", bdb(*FEW), range(0, 640))):
        for at in rng.sample(places, 60):
            images.append((path, data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))])
                           + data[at + 1:]))
        images += [(path, data[:rng.randrange(len(data))]) for _ in range(20)]
    lines = store.probe(*(store.put([layer(one)]) for one in images))
    assert len(lines) == len(images)
    for line in lines:
        found = json.loads(line)
        assert found["gaps"] or len(found["packages"]) <= 4


def test_shared_pages_are_no_packages(store):
    """A thousand packages that are all one chain: more than the file holds."""
    blobs = [plain("p", LICENSE="L" * 30000)]
    whole = bdb(*blobs, size=65536)
    page = bytearray(whole[65536:2 * 65536])
    place, offsets = 65536, []
    body = b""
    for number in range(1, 1000):
        for one in (b"\1" + struct.pack("<I", number),
                    struct.pack("<BxxxII", 3, 2, len(blobs[0]))):
            place -= len(one)
            offsets.append(place)
            body = one + body
    page[20:22] = struct.pack("<H", len(offsets))
    page[26:26 + 2 * len(offsets)] = struct.pack(f"<{len(offsets)}H", *offsets)
    page[place:] = body
    found = store.inside([layer(("var/lib/rpm/Packages", whole[:65536] + bytes(page)
                                 + whole[2 * 65536:]))])
    (_, why), = gaps(found)
    assert "more than it holds" in why and len(found["packages"]) == 1


def test_berkeley_as_rpm_says(store, tmp_path):
    """Made by Berkeley DB's own tool, and read by rpm."""
    if not shutil.which("db_load") or not shutil.which("rpm"):
        pytest.skip("db_load (db-util) and rpm are not here")
    blobs = [plain(f"package{i}", f"1.{i}", LICENSE="L" * (i * 37 % 9000)) for i in range(400)]
    text = "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END\n"
    for number, blob in enumerate((b"\x90\1\0\0", *blobs)):
        text += f" {struct.pack('<I', number).hex()}\n {blob.hex()}\n"
    place = tmp_path / "db"
    place.mkdir()
    subprocess.run(["db_load", place / "Packages"], input=text + "DATA=END\n", text=True,
                   check=True, capture_output=True)
    said = subprocess.run(["rpm", "--dbpath", place, "--define", "_db_backend bdb_ro", "-qa",
                           "--nodigest", "--nosignature", "--qf", "%{NAME} %{EVR}\n"],
                          check=True, capture_output=True, text=True).stdout
    found = store.inside([layer(("var/lib/rpm/Packages", (place / "Packages").read_bytes()))])
    assert sorted(names(found)) == sorted(said.splitlines()) and len(found["packages"]) == 400
    assert found["gaps"] == []


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
