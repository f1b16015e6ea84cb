"""Images made to hurt who looks into them: each is refused or bounded, and says why."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import tarfile

import pytest

from .carrying import link, tar_of
from .helpers import MIB
from .insides import CONFIG, LAYER, PROBE, Store, deb, gaps, layer, names, wheel

STATUS = "var/lib/dpkg/status"
WATCH = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def head(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.PAX_FORMAT)


def test_a_bomb(store):
    part = gzip.compress(b"\0" * (8 * MIB))
    bomb = gzip.compress(head("zeros", 400 * MIB)) + part * 50
    said = store.refused([bomb])
    assert said.startswith("limit") and "layer 1" in said and "200 times" in said


@pytest.mark.parametrize("what", ["cut", "no archive", "cut inside a database"])
def test_damage(store, what):
    good = layer((STATUS, deb("a 1")), ("x", random.Random(1).randbytes(50_000).hex().encode()))
    bad = {"cut": good[:-5000], "no archive": b"<html>" * 100,
           "cut inside a database": tar_of([(STATUS, deb("a 1") * 99)])[:2048]}[what]
    said = store.refused([layer(("y", b"")), bad])
    assert said.startswith("invalid") and "layer 2" in said


@pytest.mark.parametrize("packed", [True, False])
def test_bytes_that_changed_in_the_store(store, packed):
    """Also where an archive looks well with them, or they are after its end."""
    data = layer((STATUS, deb("a 1")), ("x", random.Random(1).randbytes(9_000)), packed=packed)
    for place in (len(data) // 2, -1):
        digest = store.put([data])
        path = store.path(data)
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place:][1:])
        said, = store.probe(digest)
        assert said.startswith("corrupt") and "larder scrub" in said and "layer 1" in said
        path.write_bytes(data)
        assert names(store.inside([data])) == ["a 1"]


def test_names_that_lead_out(store):
    found = store.inside([layer(("../" + STATUS, deb("a 1")), ("x/../" + STATUS, deb("b 1")),
                                ("..", b""), ("x/..", b""), ("var/lib/dpkg/.wh...", b""),
                                ("x/../.wh.var", b""), ("x/..y/a.dist-info/METADATA",
                                                        wheel("fine", "1")))])
    assert names(found) == ["fine 1"]
    assert gaps(found) == [("", "names that lead out of the image are passed over: 5")]


def test_names_too_long_or_odd(store):
    deep = "/".join(["d" * 100] * 45) + "/a.dist-info/METADATA"
    found = store.inside([layer((deep, wheel("a", "1")), ("\n" + STATUS, b""),
                                ("z/b\x1b[2J.dist-info/METADATA", wheel("b", "1")),
                                link("var/lib/dpkg", "x/" * 3000))])
    assert names(found) == ["b 1"] and found["gaps"] == []


def test_thousands_of_whiteouts_and_links(store):
    many = [layer(*((f"s/p{i}.dist-info/METADATA", wheel(f"p{i}", "1")) for i in range(3000))),
            layer(*((f"s/.wh.p{i}.dist-info", b"") for i in range(0, 6000, 2)),
                  *((f"s/p1.dist-info/.wh.{i}", b"") for i in range(3000))),
            layer(*(link(f"l{i}", f"l{i + 1}") for i in range(3000)),
                  *(link(f"l/{i}.dist-info/METADATA", f"{i + 1}.dist-info/METADATA")
                    for i in range(3000)))]
    found = store.inside(many)
    assert len(found["packages"]) == 1500
    assert all(int(one["name"][1:]) % 2 for one in found["packages"])


def test_links_that_lead_on_and_on(store):
    """A chain that shows its next link only when the one before was followed."""
    chain = [link("var/lib/dpkg", "/c0/x")]
    chain += [link(f"c{i}", f"/b{i}/c") for i in range(9)]
    chain += [link(f"b{i}", f"/c{i + 1}") for i in range(9)]
    found = store.inside([layer(*chain)])
    (path, why), = gaps(found)
    assert path == "" and "lead on and on" in why


def test_a_database_too_large(store):
    found = store.inside([gzip.compress(head(STATUS, 64 * MIB + 1) + b"\0" * (65 * MIB)),
                          layer(("a.dist-info/METADATA", wheel("a", "1") + b"x" * MIB))])
    assert names(found) == ["a 1"]
    assert gaps(found) == [(STATUS, "it is of 67108865 bytes, and not read: at most 67108864 "
                                    "are")]


@pytest.mark.parametrize("count", [1000, 1001])
def test_number_of_layers(store, count):
    one = {"mediaType": LAYER, **store.blob(layer((STATUS, deb("a 1"))))}
    said, = store.probe(store.put([one] * count))
    assert '"name":"a"' in said if count == 1000 else \
        said.startswith("limit") and "1000 layers" in said


@pytest.mark.parametrize("size", [4 * MIB, 4 * MIB + 1])
def test_size_of_the_configuration(store, size):
    data = b'{"os":"linux"}'.ljust(size)
    said, = store.probe(store.put([], document={"mediaType": CONFIG, **store.blob(data)}))
    assert said.startswith("{") if size == 4 * MIB else \
        said.startswith("limit") and "the image's configuration" in said


def test_an_index_is_no_image_of_one_platform(store):
    index = json.dumps({"schemaVersion": 2, "manifests": [],
                        "mediaType": "application/vnd.oci.image.index.v1+json"}).encode()
    said, = store.probe(store.link(store.blob(index)["digest"]))
    assert said.startswith("invalid") and "choose one" in said


def test_what_is_no_plain_file(store):
    kinds = [tarfile.FIFOTYPE, tarfile.CHRTYPE]
    found = store.inside([layer(*(link(f"{i}.dist-info/METADATA", "", kind)
                                  for i, kind in enumerate(kinds)))])
    assert [why for _, why in gaps(found)] == ["it is no plain file, and not read"] * 2


@pytest.mark.parametrize("count", [200_000, 200_001])
def test_number_of_packages(store, count):
    text = b"".join(b"Package:p%d\nVersion:1\n\n" % i for i in range(count))
    digest = store.put([layer((STATUS, text))])
    said, = store.probe(digest)
    if count == 200_000:
        assert said.count('"name":"p') == count
    else:
        assert said.startswith("limit") and "200000 packages" in said and STATUS in said


def test_packages_with_odd_names(store):
    text = (b"Package: a\x1b[31mb\x7f\nVersion: 1\n\n" + b"Package: " + b"n" * 1025
            + b"\nVersion: 1\n\n" + b"Package: v\nVersion: " + b"1" * 1025 + b"\n\n"
            + b"Package: none\n\nno field\n\n" + b"Package: ok\nVersion: 1\n")
    found = store.inside([layer((STATUS, text))])
    assert names(found) == ["a?[31mb? 1", "ok 1"]
    (_, why), = gaps(found)
    assert "missing here: 4" in why and "line 4" in why and "name is longer than 1024" in why


def test_gaps_are_bounded(store):
    bad = [(f"{i}.dist-info/METADATA", b"") for i in range(1200)]
    found = gaps(store.inside([layer(*bad)]))
    assert len(found) == 1000 and "more gaps" in found[-1][1]


@pytest.mark.memory
def test_memory_is_flat(store):
    """A layer of a quarter of a GiB, unpacked, is looked through in a few MiB."""
    piece = random.Random(1).randbytes(MIB)
    part = gzip.compress(head("f", 8 * MIB) + piece * 8, 1)
    data = part * 32 + gzip.compress(tar_of([(STATUS, deb("a 1"))]))
    digest = store.put([{"mediaType": LAYER, **store.blob(data)}])
    # A process that is small itself: what is measured begins with its parent's size.
    done = subprocess.run([sys.executable, "-c", WATCH, PROBE, store.root, store.name, digest],
                          capture_output=True, text=True, timeout=60, check=True)
    assert '"name":"a"' in done.stdout
    assert int(done.stderr) < 24 << 10      # KiB
