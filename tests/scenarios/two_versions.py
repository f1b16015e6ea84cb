"""Images that differ in a known way: two versions of one, with package databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub import Image, build
from hub.images import File, Layer, layer

RELEASE = ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
           "VERSION_CODENAME=bookworm\n")


def dpkg(packages: Mapping[str, str], arch: str = "amd64") -> bytes:
    """var/lib/dpkg/status with these versions; "libc6:i386" and "libc6=glibc" say more."""
    out = []
    for name, version in packages.items():
        name, _, source = name.partition("=")
        name, _, other = name.partition(":")
        out.append(f"Package: {name}\nStatus: install ok installed\n"
                   f"Architecture: {other or arch}\n"
                   + (f"Source: {source}\n" if source else "") + f"Version: {version}\n\n")
    return "".join(out).encode()


def apk(packages: Mapping[str, str], arch: str = "x86_64") -> bytes:
    return "".join(f"P:{name}\nV:{version}\nA:{arch}\no:{name}\nL:MIT\n\n"
                   for name, version in packages.items()).encode()


def python(packages: Mapping[str, str], where: str = "usr/lib/python3/dist-packages"
           ) -> dict[str, bytes]:
    return {f"{where}/{name.replace('-', '_')}-{version}.dist-info/METADATA":
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n".encode()
            for name, version in packages.items()}


def shared() -> Layer:
    """What both versions begin with."""
    return layer({"etc/os-release": RELEASE.encode(), "etc/debian_version": b"12.5\n",
                  "usr/bin/tool": b"x" * 5000})


def first(name: str = "thing", **options) -> Image:
    return build(name, "1", layers=[
        shared(),
        layer({"var/lib/dpkg/status": dpkg({
            "base-files": "12.4+deb12u5", "libc6=glibc": "2.36-9+deb12u4",
            "openssl": "3.0.11-1~deb12u2", "perl-base=perl": "5.36.0-7+deb12u1",
            "tzdata": "2024a-0+deb12u1"}),
            **python({"pip": "24.0", "PyYAML": "6.0.1"})})],
        cmd=["python3"],
        settings={"Env": ["PATH=/usr/bin:/bin", "PYTHON_VERSION=3.11.8", "GONE=1"],
                  "ExposedPorts": {"80/tcp": {}}, "WorkingDir": "/srv",
                  "Labels": {"maintainer": "one"}}, **options)


def second(name: str = "thing", **options) -> Image:
    """Of first(): one package of each kind of change; a whiteout takes PyYAML away."""
    return build(name, "2", layers=[
        shared(),
        layer({"var/lib/dpkg/status": dpkg({
            "base-files": "12.4+deb12u5", "libc6=glibc": "2.36-9+deb12u7",
            "openssl": "3.0.11-1~deb12u1", "ca-certificates": "20230311",
            "tzdata": "2024b-0+deb12u1"}),
            **python({"pip": "24.2", "PyYAML": "6.0.1"})}),
        layer({"usr/lib/python3/dist-packages/.wh.PyYAML-6.0.1.dist-info": b""})],
        cmd=["python3", "-u"],
        settings={"Env": ["PATH=/usr/bin:/bin", "PYTHON_VERSION=3.11.9", "NEW=2"],
                  "ExposedPorts": {"80/tcp": {}, "8080/tcp": {}}, "WorkingDir": "/srv",
                  "User": "1000", "Labels": {"maintainer": "one"}}, **options)


# What is different, as --json has it: kind, name, change, before, after.
PACKAGES: Sequence[tuple] = (
    ("deb", "ca-certificates", "added", None, "20230311"),
    ("deb", "libc6", "upgraded", "2.36-9+deb12u4", "2.36-9+deb12u7"),
    ("deb", "openssl", "downgraded", "3.0.11-1~deb12u2", "3.0.11-1~deb12u1"),
    ("deb", "perl-base", "removed", "5.36.0-7+deb12u1", None),
    ("deb", "tzdata", "upgraded", "2024a-0+deb12u1", "2024b-0+deb12u1"),
    ("python", "pip", "upgraded", "24.0", "24.2"),
    ("python", "PyYAML", "removed", "6.0.1", None),
)
SETTINGS: Sequence[tuple] = (
    ("user", "", "added", None, "1000"),
    ("cmd", "", "changed", '["python3"]', '["python3","-u"]'),
    ("env", "GONE", "removed", "1", None),
    ("env", "NEW", "added", None, "2"),
    ("env", "PYTHON_VERSION", "changed", "3.11.8", "3.11.9"),
    ("port", "8080/tcp", "added", None, ""),
)
SECTIONS = """\
Packages
  added       deb     ca-certificates  20230311
  upgraded    deb     libc6            2.36-9+deb12u4 -> 2.36-9+deb12u7
  downgraded  deb     openssl          3.0.11-1~deb12u2 -> 3.0.11-1~deb12u1
  removed     deb     perl-base        5.36.0-7+deb12u1
  upgraded    deb     tzdata           2024a-0+deb12u1 -> 2024b-0+deb12u1
  upgraded    python  pip              24.0 -> 24.2
  removed     python  PyYAML           6.0.1

Configuration
  added       user                         1000
  changed     cmd                          ["python3"] -> ["python3","-u"]
  removed     env          GONE            1
  added       env          NEW             2
  changed     env          PYTHON_VERSION  3.11.8 -> 3.11.9
  added       port         8080/tcp
"""
TABLES = """\
| package | kind | change | before | after |
|---|---|---|---|---|
| `ca-certificates` | deb | added |  | `20230311` |
| `libc6` | deb | upgraded | `2.36-9+deb12u4` | `2.36-9+deb12u7` |
| `openssl` | deb | downgraded | `3.0.11-1~deb12u2` | `3.0.11-1~deb12u1` |
| `perl-base` | deb | removed | `5.36.0-7+deb12u1` |  |
| `tzdata` | deb | upgraded | `2024a-0+deb12u1` | `2024b-0+deb12u1` |
| `pip` | python | upgraded | `24.0` | `24.2` |
| `PyYAML` | python | removed | `6.0.1` |  |

| setting | change | before | after |
|---|---|---|---|
| user | added |  | `1000` |
| cmd | changed | `["python3"]` | `["python3","-u"]` |
| env `GONE` | removed | `1` |  |
| env `NEW` | added |  | `2` |
| env `PYTHON_VERSION` | changed | `3.11.8` | `3.11.9` |
| port `8080/tcp` | added |  | (empty) |
"""


def told(changes: dict) -> tuple[list[tuple], list[tuple]]:
    """Of a JSON object of changes: rows as PACKAGES and SETTINGS have them."""
    return ([(p["kind"], p["name"], p["change"], p["before"], p["after"])
             for p in changes["packages"]],
            [(s["setting"], s.get("name", ""), s["change"], s["before"], s["after"])
             for s in changes["config"]])


EVIL = "\x1b[2J\x1b]0;owned\x07`|</details>\u202egnp\n# title\r| a | b |\x9b31m"


def hostile(version: str) -> Image:
    """Whatever can be named is named so that it breaks terminals, tables and pages."""
    return build("hostile", version, layers=[layer({
        "etc/os-release": f'ID=debian\nVERSION_ID="{version}"\nPRETTY_NAME="{EVIL[:30]}"\n'
        .encode(),
        "var/lib/dpkg/status": dpkg({
            f"evil`|\x1b[31m-{version}": "1.0", "b|c": f"{version}|`x`\x07",
            "<script>alert(1)</script>": f"{version}<img>"}),
        **python({"x": f"{version}"}, f"srv/\x1b[2J/`|{version}")})],
        cmd=[EVIL, version],
        settings={"Env": [f"EVIL={EVIL}{version}", f"{EVIL}=x{version}"], "User": EVIL
                  if version == "2" else "root",
                  "Labels": {EVIL: version}, "ExposedPorts": {f"{EVIL}{version}": {}}})


__all__ = ["EVIL", "PACKAGES", "SECTIONS", "SETTINGS", "TABLES", "File", "apk", "dpkg",
           "first", "hostile", "python", "second", "shared", "told"]
