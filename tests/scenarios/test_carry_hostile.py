"""`larder import` of what somebody made wrong, on purpose or not; and of too much."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import subprocess
import tarfile

import pytest

from hub import build

from .carrying import (blob_name, digest, docker_files, layout_files, link, results, rows, site,
                       tar_of)
from .helpers import MIB, check_store, leftovers, stored_digests
from .test_disk_full import small_disk  # noqa: F401

NAME = "docker.io/library/thing:1"
IMAGE = build("library/thing", "1", platforms=("linux/amd64",))
OTHER = build("library/other", "1", platforms=("linux/amd64",))
LAYER = IMAGE.layers()[-1].digest


@pytest.fixture
def there(scratch):
    return site(scratch)


@pytest.fixture
def bring(scratch, there):
    """bring(bytes or {name: bytes}) imports an archive."""
    def run(archive, *words):
        data = archive if isinstance(archive, bytes) else tar_of(
            archive.items() if isinstance(archive, dict) else archive)
        (scratch / "x.tar").write_bytes(data)
        return there("import", "--json", *words, str(scratch / "x.tar"))
    return run


def has_no_names(there) -> bool:
    return not list(there.root.rglob("_manifests"))


def test_what_is_no_archive(bring, there):
    for data, words in ((b"", "no tar"), (os.urandom(5000), "no tar"), (b"{}" * 400, "no tar"),
                        (tar_of([("a", b"b")]), "neither index.json"),
                        (gzip.compress(b"hello"), "no tar"),
                        (tar_of([("x/index.json", b"{}")]), "tar -C x")):
        done = bring(data)
        assert done.status == 1 and words in done.err, done
    assert has_no_names(there) and not leftovers(there.root)


def test_cut_anywhere(bring, there):
    whole = tar_of(layout_files((NAME, IMAGE)).items()).rstrip(b"\0")
    packed = gzip.compress(whole + bytes(2048))
    for data in (whole, packed):
        for part in (1, 3, 5, 7):
            done = bring(data[:len(data) * part // 8])
            assert done.status == 1 and done.err.startswith("larder import: "), done
    assert has_no_names(there)
    assert bring(packed).status == 0


def test_wrong_bytes_harm_their_image_alone(bring, there):
    files = layout_files((NAME, IMAGE), ("docker.io/library/other:1", OTHER))
    right = files[blob_name(LAYER)]
    files[blob_name(LAYER)] = right[:-1] + bytes([right[-1] ^ 1])
    done = bring(files)
    assert done.status == 2 and results(done) == {"thing:1": "failed", "other:1": "new"}
    assert LAYER[:24] in rows(done)["thing:1"]["error"]
    assert LAYER not in stored_digests(there.root)
    check_store(there.root)
    assert not leftovers(there.root)
    files[blob_name(LAYER)] = right + b"more"
    assert "bytes" in rows(bring(files))["thing:1"]["error"]
    files[blob_name(LAYER)] = right
    assert results(bring(files))["thing:1"] == "new"


@pytest.mark.parametrize("what", ["root", "layer"])
def test_what_is_missing(bring, there, what):
    lost = IMAGE.digest if what == "root" else LAYER
    done = bring(layout_files((NAME, IMAGE), leave_out=[lost]))
    assert done.status == 1 and lost[:24] in rows(done)["thing:1"]["error"], done
    assert has_no_names(there)


def test_paths_lead_nowhere(bring, there, scratch):
    """Names of files are names only; links of a layout are no content."""
    secret = scratch / "secret"
    secret.write_bytes(IMAGE.layers()[-1].read())
    inside = layout_files((NAME, IMAGE), leave_out=[LAYER])
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        done = bring([*inside.items(), link(blob_name(LAYER), str(secret), kind)])
        assert done.status == 1, done
    done = bring([*inside.items(), ("../../../../tmp/larder-escaped", b"x"),
                  ("/tmp/larder-escaped", b"x")])
    assert done.status == 1 and not os.path.exists("/tmp/larder-escaped")
    saved = [entry for entry in docker_files(IMAGE, ["thing:1"])
             if not entry[0].startswith(f"{1:064x}")]
    for to in ("/etc/passwd", "../../../../../../etc/passwd", f"../{1:064x}/layer.tar",
               str(secret)):
        done = bring([link(f"{1:064x}/layer.tar", to), *saved])
        assert done.status == 1 and "lacks its layer" in rows(done)["thing:1"]["error"], done
    assert has_no_names(there)


def test_a_folder_with_traps(there, scratch):
    folder = scratch / "layout"
    for name, data in layout_files((NAME, IMAGE), leave_out=[LAYER]).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    os.mkfifo(folder / blob_name(LAYER))
    done = there("import", "--json", str(folder), timeout=20)
    assert done.status == 1 and LAYER[:24] in rows(done)["thing:1"]["error"]
    (folder / "index.json").unlink()
    os.mkfifo(folder / "index.json")
    done = there("import", str(folder), timeout=20)
    assert done.status == 1 and "index.json" in done.err


def test_lists_that_are_none(bring, there):
    good = layout_files((NAME, IMAGE))
    for index in (b"", b"[]", b'{"manifests":{}}', b'{"manifests":[1]}', b"[" * 100000,
                  json.dumps({"manifests": [{"digest": "sha256:00", "size": 1}]}).encode(),
                  b'{"manifests":[' + b"0," * 30000 + b"0]}", b" " * (17 * MIB)):
        done = bring({**good, "index.json": index})
        assert done.status == 1 and "index.json" in done.err, done
    done = bring([*good.items(), ("index.json", good["index.json"])])
    assert done.status == 1 and "twice" in done.err
    for listed in (b"{}", b"[{}]", b'[{"Config":1}]', b'[{"Config":"a","Layers":[1]}]',
                   b'[{"Config":"a","Layers":"b"}]'):
        done = bring({"manifest.json": listed})
        assert done.status == 1 and "manifest.json" in done.err, done
    assert has_no_names(there)


def test_names_for_a_terminal(bring, scratch, there):
    for name in ("\x1b[2Jthing:1", "docker.io/../etc:1", "UPPER:1", "a" * 500 + ":1",
                 "thing:1@sha256:" + "0" * 64):
        done = bring(layout_files((name, IMAGE)))
        assert done.status == 1, name
        plain = there("import", str(scratch / "x.tar"))
        assert "\x1b" not in plain.out + plain.err
    assert has_no_names(there)


def test_manifests_that_are_none(bring, there):
    def named(data: bytes) -> dict[str, bytes]:
        files = layout_files((NAME, IMAGE))
        files[blob_name(digest(data))] = data
        files["index.json"] = json.dumps({"manifests": [
            {"digest": digest(data), "size": len(data), "mediaType": "x",
             "annotations": {"io.containerd.image.name": NAME}}]}).encode()
        return files

    deep = IMAGE.root.data
    nested = layout_files((NAME, IMAGE))
    for _ in range(7):
        deep = json.dumps({"schemaVersion": 2, "manifests": [
            {"digest": digest(deep), "size": len(deep),
             "mediaType": "application/vnd.oci.image.index.v1+json"}]}).encode()
        nested[blob_name(digest(deep))] = deep
    nested["index.json"] = named(deep)["index.json"]
    for files in (named(b"{}"), named(b"not json"), nested, named(
            json.dumps({"schemaVersion": 1, "name": "x", "tag": "y", "fsLayers": [],
                        "history": [], "signatures": []}).encode())):
        done = bring(files)
        assert done.status == 1 and results(done) == {"thing:1": "failed"}, done
    assert has_no_names(there)


def test_a_type_that_is_none(bring, there):
    """A list's word for what an image is, is not served as its Content-Type."""
    files = layout_files((NAME, IMAGE))
    index = json.loads(files["index.json"])
    index["manifests"][0]["mediaType"] = "text/html\r\nSet-Cookie: a=b"
    assert bring({**files, "index.json": json.dumps(index).encode()}).status == 0
    assert not list((there.root / "larder").glob("types/*/*"))


def test_layers_that_are_others(bring, there):
    """The configuration says what a layer is when it is unpacked."""
    files = docker_files(IMAGE, ["thing:1"])
    files[0] = (files[0][0], gzip.decompress(OTHER.layers()[0].read()) + b"\0" * 512)
    done = bring(files)
    assert done.status == 1 and "its configuration says" in rows(done)["thing:1"]["error"]
    files = docker_files(IMAGE, ["thing:1"])[1:]
    assert "lacks its layer" in rows(bring(files))["thing:1"]["error"]
    assert has_no_names(there)


def test_a_bomb(bring, there):
    """A little that unpacks to a lot, in a file that nothing needs."""
    info = tarfile.TarInfo("zeros")
    info.size = 8 << 30
    piece = gzip.compress(bytes(16 * MIB))
    done = bring(gzip.compress(info.tobuf(tarfile.GNU_FORMAT)) + piece * 40)
    assert done.status == 1 and "times its size" in done.err, done


def test_a_file_with_holes(bring, there, scratch):
    """A sparse entry would be endless zeros for nothing: it is no content."""
    source = scratch / "sparse"
    with open(source, "wb") as out:
        out.truncate(4 * MIB)
        out.seek(2 * MIB)
        out.write(b"x")
    data = source.read_bytes()
    made = scratch / "holes.tar"
    name = blob_name(digest(data))
    subprocess.run(["tar", "-S", "-cf", str(made), "-C", str(scratch), "--transform",
                    f"s,^sparse$,{name},", "sparse"], check=True)
    config = IMAGE.config()
    root = json.dumps({"schemaVersion": 2, "config": {
        "mediaType": "x", "digest": config.digest, "size": config.size}, "layers": [
            {"mediaType": "x", "digest": digest(data), "size": len(data)}]}).encode()
    files = layout_files((NAME, IMAGE))
    files[blob_name(digest(root))] = root
    files["index.json"] = json.dumps({"manifests": [
        {"digest": digest(root), "size": len(root), "mediaType": "x",
         "annotations": {"io.containerd.image.name": NAME}}]}).encode()
    with tarfile.open(made, "a") as tar:
        for one, content in files.items():
            info = tarfile.TarInfo(one)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    done = there("import", "--json", str(made))
    assert done.status == 1 and digest(data)[:24] in rows(done)["thing:1"]["error"], done


def test_a_full_disk(small_disk, scratch):  # noqa: F811
    from hub import images
    large = build("large", platforms=("linux/amd64",),
                  layers=[images.large_layer(20 * MIB, 1)])
    (scratch / "x.tar").write_bytes(tar_of(layout_files(("large:1", large)).items()))
    there = site(small_disk, "site")
    done = there("import", "--json", str(scratch / "x.tar"))
    assert done.status == 1 and "free; make room" in rows(done)["large:1"]["error"], done
    assert (done.rows()[-1]["blobs"], done.rows()[-1]["bytes"]) == (0, 0), done
    piped = subprocess.run(
        ["sh", "-c", f"cat {scratch}/x.tar | exec {there.start.__globals__['larder_binary']()}"
                     " import -"], env=there.env, capture_output=True, text=True)
    assert piped.returncode == 1 and "kept in the store" in piped.stderr, piped
    assert not leftovers(there.root) and has_no_names(there)


def test_numbers_that_lie(bring, there):
    """A size of 2^50 in a manifest, and one in an archive."""
    files = layout_files((NAME, IMAGE))
    for size in (1 << 49, 1 << 60, -1):
        index = json.loads(files["index.json"])
        index["manifests"][0]["size"] = size
        done = bring({**files, "index.json": json.dumps(index).encode()})
        assert done.status == (0 if size == 1 << 49 else 1), done
    data = bytearray(tar_of(files.items()))
    data[124:136] = b"\x80" + struct.pack(">Q", 1 << 62).rjust(11, b"\0")   # base-256
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert bring(bytes(data)).status == 1
