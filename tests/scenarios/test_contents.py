"""What is inside an image: what its last layer leaves, whichever way the layers say so."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import tarfile

import pytest

from .carrying import link, tar_of
from .insides import CONFIG, DEBIAN, Store, deb, gaps, layer, names, wheel

STATUS = "var/lib/dpkg/status"
HARD = tarfile.LNKTYPE
APK = b"""C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:musl
V:1.2.5-r0
A:x86_64
S:1
L:MIT
o:musl
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1abc=

P:musl-utils
V:1.2.5-r1
A:x86_64
o:musl
L:MIT AND BSD-2-Clause

"""


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def folder(name: str) -> tuple[str, tarfile.TarInfo]:
    return link(name, "", tarfile.DIRTYPE)


def test_the_system_and_its_configuration(store):
    found = store.inside([layer(("usr/lib/os-release", DEBIAN),
                                link("etc/os-release", "../usr/lib/os-release"),
                                ("etc/debian_version", b"12.5\n"))],
                         config={"User": "app", "Env": ["PATH=/bin", "A=b=c", "E"],
                                 "Entrypoint": ["/run", "-x"], "Labels": {"b": "2", "a": "1"},
                                 "ExposedPorts": {"80/tcp": {}, "443/tcp": {}},
                                 "Healthcheck": {"Test": ["CMD", "x"]}})
    assert found["os"] == {"id": "debian", "version_id": "12", "codename": "bookworm",
                           "name": "Debian 12", "id_like": "", "debian_version": "12.5"}
    config = found["config"]
    assert config["user"] == "app" and config["entrypoint"] == ["/run", "-x"]
    assert "cmd" not in config and config["ports"] == ["443/tcp", "80/tcp"]
    assert [(one["name"], one["value"]) for one in config["env"]] == [
        ("A", "b=c"), ("E", ""), ("PATH", "/bin")]
    assert [one["name"] for one in config["labels"]] == ["a", "b"]
    assert config["healthcheck"] == {"Test": ["CMD", "x"]}
    assert found["gaps"] == [] and found["packages"] == []


def test_the_last_layer_decides(store):
    """And a package keeps the layer that it came with."""
    found = store.inside([layer((STATUS, deb("a 1.0", "b 1:2.0-1+b1 src 2.0-1"))),
                          layer((STATUS, deb("a 1.0", "b 1:2.0-2", "c 3"))),
                          layer(("usr/x", b"")),
                          layer((STATUS, deb("a 1.0", "b 1:2.0-2", "c 3")))])
    assert [(one["name"], one["version"], one["layer"]) for one in found["packages"]] == [
        ("a", "1.0", 0), ("b", "1:2.0-2", 1), ("c", "3", 1)]


def test_sources_and_states(store):
    text = (deb("a 1.0-1+b2 s 1.0-1", "b 2 t") + deb("rc 1", status="deinstall ok config-files")
            + deb("gone 1", status="purge ok not-installed")
            + deb("half 1", status="install reinstreq half-configured"))
    found = store.inside([layer((STATUS, text))])
    assert [(one["name"], one["source"], one["source_version"]) for one in found["packages"]
            ] == [("a", "s", "1.0-1"), ("b", "t", "2"), ("half", "half", "1")]


def test_images_without_dpkg_have_a_file_a_package(store):
    one = b"Package: base-files\nVersion: 12\nArchitecture: arm64\n"
    found = store.inside([layer((STATUS + ".d/base", one), (STATUS + ".d/base.md5sums", b"x  y")),
                          layer((STATUS + ".d/tzdata", b"Package: tzdata\nVersion: 1-2"))])
    assert names(found) == ["base-files 12", "tzdata 1-2"] and found["gaps"] == []
    assert {one["path"] for one in found["packages"]} == {STATUS + ".d/base",
                                                          STATUS + ".d/tzdata"}


@pytest.mark.parametrize("place", ["lib/apk/db/installed", "usr/lib/apk/db/installed"])
def test_apk(store, place):
    found = store.inside([layer((place, APK))])
    assert [(one["kind"], one["name"], one["version"], one["arch"], one["source"],
             one["source_version"], one["license"]) for one in found["packages"]] == [
        ("apk", "musl", "1.2.5-r0", "x86_64", "musl", "1.2.5-r0", "MIT"),
        ("apk", "musl-utils", "1.2.5-r1", "x86_64", "musl", "1.2.5-r1", "MIT AND BSD-2-Clause")]


def test_apk_as_apk_says(store, tmp_path):
    """In a root that apk-tools 3 has made, with packages that it has made."""
    if not shutil.which("apk"):
        pytest.skip("apk is not here")
    (tmp_path / "files").mkdir()
    root = tmp_path / "root"
    for name, version, origin, license in (("musl", "1.2.5-r0", "musl", "MIT"),
                                           ("musl-utils", "1.2.5-r1", "musl", "MIT AND BSD"),
                                           ("a", "2.0_rc1~ab1-r3", "b", "Apache-2.0")):
        (tmp_path / "files" / name).write_text(name)
        words = [f"name:{name}", f"version:{version}", f"origin:{origin}", "arch:noarch",
                 f"license:{license}"]
        done = subprocess.run(["apk", "mkpkg", "-F", tmp_path / "files", "-o",
                               tmp_path / f"{name}.apk",
                               *[part for one in words for part in ("--info", one)]], check=False)
        if done.returncode:
            pytest.skip("this apk makes no packages")
        (tmp_path / "files" / name).unlink()
    root.mkdir()
    subprocess.run(["apk", "add", "--root", root, "--initdb", "--allow-untrusted", "--no-network",
                    "--arch", "noarch", *tmp_path.glob("*.apk")], check=True, capture_output=True)
    said = subprocess.run(["apk", "info", "--root", root, "-v"], check=True, text=True,
                          capture_output=True).stdout.split()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        tar.add(root, arcname=".")
    found = store.inside([out.getvalue()])
    assert sorted(said) == sorted(f"{one['name']}-{one['version']}" for one in found["packages"])
    assert [(one["source"], one["license"]) for one in found["packages"]] == [
        ("b", "Apache-2.0"), ("musl", "MIT"), ("musl", "MIT AND BSD")]


def test_python_distributions(store):
    site = "usr/lib/python3/dist-packages/"
    found = store.inside([layer((site + "a.dist-info/METADATA", wheel("Zope.Interface", "5.0")),
                                (site + "b.egg-info/PKG-INFO", wheel("b", "1")),
                                (site + "c-1.egg-info", wheel("C_c", "1")),
                                (site + "d/METADATA", wheel("no", "1")),
                                ("app/.venv/e.dist-info/METADATA", wheel("e", "2")),
                                (site + "f.dist-info/METADATA", b"Metadata-Version: 2.1\n\n"))])
    assert names(found, "python") == ["b 1", "C_c 1", "e 2", "Zope.Interface 5.0"]
    (path, why), = gaps(found)
    assert path == site + "f.dist-info/METADATA" and "without name" in why


WHITEOUTS = {
    "file": ([("var/lib/dpkg/.wh.status", b"")], ["p 1"]),
    "folder": ([("var/lib/.wh.dpkg", b"")], ["p 1"]),
    "top": ([(".wh.var", b"")], ["p 1"]),
    "opaque": ([("var/lib/.wh..wh..opq", b"")], ["p 1"]),
    "opaque root": ([(".wh..wh..opq", b"")], []),
    "opaque and new": ([(STATUS, deb("new 2")), ("var/.wh..wh..opq", b"")], ["new 2", "p 1"]),
    "file in place of the folder": ([("var/lib/dpkg", b"")], ["p 1"]),
    "link in place of the folder": ([link("var/lib", "/nowhere")], ["p 1"]),
    "folder in place of the file": ([folder(STATUS)], ["p 1"]),
    "of another": ([("var/lib/dpkg/.wh.status-old", b"")], ["a 1", "p 1"]),
    "of a beginning": ([("var/lib/.wh.dpk", b"")], ["a 1", "p 1"]),
    "of aufs": ([("var/lib/dpkg/.wh..wh.aufs", b""), (".wh..wh.plnk", b"")], ["a 1", "p 1"]),
    "of nothing": ([("var/lib/dpkg/.wh.", b""), ("var/lib/dpkg/.wh...", b""),
                    ("var/lib/dpkg/.wh..", b"")], ["a 1", "p 1"]),
    "through a link": ([("way/dpkg/.wh.status", b"")], ["a 1", "p 1"]),
}


@pytest.mark.parametrize("case", WHITEOUTS)
def test_whiteouts(store, case):
    above, left = WHITEOUTS[case]
    found = store.inside([layer((STATUS, deb("a 1")), ("x/p.dist-info/METADATA", wheel("p", "1"))),
                          layer(*above)])
    assert names(found) == left and found["gaps"] == []


def test_a_layer_cannot_take_away_what_it_has_itself(store):
    found = store.inside([layer((STATUS, deb("a 1")), ("var/lib/dpkg/.wh.status", b""))])
    assert names(found) == ["a 1"]


LINKS = {
    "usr-merge": ([link("lib", "usr/lib"), ("usr/lib/apk/db/installed", APK)], 2),
    "usr-merge, written through the link": (
        [link("lib", "usr/lib"), ("lib/apk/db/installed", APK)], 2),
    "absolute": ([link("lib", "/usr/lib"), ("lib/apk/db/installed", APK)], 2),
    "to a place of its own, the file first": (
        [("data/dpkg/status", deb("a 1", "b 2")), link("var/lib/dpkg", "../../data/dpkg")], 2),
    "to a place of its own, the link first": (
        [link("var/lib/dpkg", "/data/dpkg"), ("data/dpkg/status", deb("a 1"))], 1),
    "of the file": ([("opt/s", deb("a 1")), link(STATUS, "../../../opt/s")], 1),
    "of a link": ([("o/s", deb("a 1")), link("opt/t", "../o/s"), link(STATUS, "/opt/t")], 1),
    "of links to folders": ([("a/b/c/status", deb("a 1")), link("d", "a/b"),
                             link("var/lib/dpkg", "/d/c")], 1),
    "of status.d": ([("opt/s/one", deb("a 1")), ("opt/s/one.md5sums", b""),
                     ("opt/s/two", deb("b 1")), link(STATUS + ".d", "/opt/s")], 2),
    "hard": ([("usr/lib/apk/db/installed", APK),
              link("lib/apk/db/installed", "usr/lib/apk/db/installed", HARD)], 4),
    "hard, to an object store": ([("sys/objects/ab.file", deb("a 1")),
                                  link(STATUS, "sys/objects/ab.file", HARD)], 1),
    "hard, of a wheel": ([("cache/ab", wheel("a", "1")),
                          link("v/a.dist-info/METADATA", "./cache/ab", HARD)], 1),
    "dangling": ([link(STATUS, "/nowhere"), link("etc/os-release", "../usr/lib/os-release")], 0),
    "to themselves": ([link(STATUS, "status"), link("lib", "lib"), link("etc", "./etc/../etc")],
                      0),
    "in a ring": ([link("var", "lib"), link("lib", "usr"), link("usr", "var"),
                   ("var/lib/dpkg/status", deb("a 1"))], 0),
    "up and out": ([link("var/lib/dpkg", "../../../../../../data"),
                    ("data/status", deb("a 1"))], 1),
    "hard, to itself": ([link(STATUS, STATUS, HARD)], 0),
    "hard, out": ([link(STATUS, "../../etc/passwd", HARD)], 0),
}


@pytest.mark.parametrize("split", [False, True], ids=["one layer", "a layer each"])
@pytest.mark.parametrize("case", LINKS)
def test_links(store, case, split):
    files, count = LINKS[case]
    found = store.inside([layer(one) for one in files] if split else [layer(*files)])
    assert len(found["packages"]) == count, found["packages"]
    assert found["gaps"] == [] or not count


def test_a_hard_link_to_nothing_is_said(store):
    found = store.inside([layer(link(STATUS, "opt/s", HARD))])
    assert gaps(found) == [(STATUS, "it is a hard link to opt/s, which is not in the image")]


def test_a_folder_takes_the_place_of_a_link(store):
    found = store.inside([layer(("usr/lib/apk/db/installed", APK), link("lib", "usr/lib")),
                          layer(folder("lib"), ("lib/apk/db/installed", b"P:own\nV:1\n"))])
    assert names(found) == ["musl 1.2.5-r0", "musl-utils 1.2.5-r1", "own 1"]


def packings() -> dict[str, bytes]:
    plain = tar_of([(STATUS, deb("a 1"))])
    found = {"plain": plain, "gzip": gzip.compress(plain),
             "gzip in pieces": gzip.compress(plain[:700]) + gzip.compress(plain[700:]),
             "with absolute names": tar_of([("/" + STATUS, deb("a 1"))]),
             "with a dot": tar_of([("./" + STATUS, deb("a 1"))])}
    if shutil.which("zstd"):
        found["zstd"] = subprocess.run(["zstd", "-c"], input=plain, capture_output=True,
                                       check=True).stdout
    return found


def test_packings(store):
    for name, data in packings().items():
        assert names(store.inside([data])) == ["a 1"], name
        other = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar", **store.blob(data)}
        assert names(store.inside([other])) == ["a 1"], name


@pytest.mark.parametrize("data", [tar_of([]), gzip.compress(tar_of([])), b"\0" * 1024,
                                  gzip.compress(b"\0" * 1024)],
                         ids=["tar", "tar.gz", "zeros", "zeros.gz"])
def test_empty_layers(store, data):
    assert names(store.inside([layer((STATUS, deb("a 1"))), data])) == ["a 1"]


def test_what_is_no_archive_is_a_gap(store):
    found = store.inside([
        layer((STATUS, deb("a 1"))),
        {"mediaType": "application/vnd.in-toto+json", **store.blob(b"{}")},
        {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
         **store.blob(b"?")},
        {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
         "digest": "sha256:" + "1" * 64, "size": 5, "urls": ["http://x/"]}])
    assert names(found) == ["a 1"] and [one["layer"] for one in found["gaps"]] == [1, 2, 3]
    assert [one["read"] for one in found["layers"]] == [True, False, False, False]
    assert "lives elsewhere" in found["gaps"][2]["why"]


def test_what_is_no_image_is_refused(store):
    def with_config(**config: object) -> str:
        return store.refused([], document={"mediaType": CONFIG, **config})

    helm = "application/vnd.cncf.helm.config.v1+json"
    assert helm in with_config(**store.blob(b"{}"), mediaType=helm)
    assert "is not in the store: pull the image" in with_config(digest="sha256:" + "2" * 64,
                                                               size=2)
    assert "another size" in with_config(**{**store.blob(b"{}"), "size": 3})
    assert "no object" in with_config(**store.blob(b"[]"))
    assert with_config(**store.blob(b"{")).startswith("invalid")
    missing = store.refused([{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                              "digest": "sha256:" + "1" * 64, "size": 5}])
    assert missing.startswith("not_found") and "layer 1" in missing
    unknown, = store.probe("sha256:" + "3" * 64)
    assert unknown.startswith("not_found: library/made@sha256:333")


def test_unread_databases_are_said(store):
    found = store.inside([layer(("var/lib/rpm/Packages", b"x" * 5000),
                                ("usr/lib/sysimage/rpm/Packages.db", b"x"),
                                ("var/lib/rpm/rpmdb.sqlite", b"no database"),
                                ("nix/var/nix/db/db.sqlite", b""),
                                ("opt/c/conda-meta/history", b""), ("x/y.egg", b""))])
    said = dict(gaps(found))
    assert "no hash of Berkeley DB" in said["var/lib/rpm/Packages"]
    assert "no ndb database" in said["usr/lib/sysimage/rpm/Packages.db"]
    assert "no SQLite database" in said["var/lib/rpm/rpmdb.sqlite"]
    assert "conda" in said["opt/c/conda-meta/history"] and "zip" in said["x/y.egg"]
    assert "not read" in said["nix/var/nix/db/db.sqlite"] and found["packages"] == []
