"""Images with packages, and data of vulnerabilities, for test_scan.py.

The advisories are modelled on real ones (names, versions and fixes as published), shortened.
What each image must be found to have was worked out by hand, in HAVE.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from harness import Command
from hub import Hub, build
from hub.images import Image, layer

DEBIAN = b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n' \
         b"VERSION_CODENAME=bookworm\n"
ALPINE = b'ID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME="Alpine Linux v3.19"\n'

MODIFIED = "2024-11-20T10:00:00Z"


def dpkg(*packages: tuple[str, str, str]) -> bytes:
    """A status file: name, version, the Source line's value ("" for none)."""
    return "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n"
        f"Version: {version}\n" + (f"Source: {source}\n" if source else "")
        for name, version, source in packages).encode()


def apk(*packages: tuple[str, str, str]) -> bytes:
    return "\n".join(f"P:{name}\nV:{version}\nA:x86_64\no:{origin}\n"
                     for name, version, origin in packages).encode()


def wheel(name: str, version: str) -> dict[str, bytes]:
    return {f"usr/local/lib/python3.11/site-packages/{name.lower()}-{version}.dist-info"
            "/METADATA":
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText\n".encode()}


def debian_image(openssl: str = "3.0.11-1~deb12u1", *, extra: str = "") -> Image:
    """Python on Debian: zlib built twice (+b1), curl's two packages, pip's two wheels, and
    one of Debian's own."""
    return build("library/app", openssl + extra, platforms=("linux/amd64",), attestations=True,
                 layers=[layer({
                     "etc/os-release": DEBIAN,
                     "var/lib/dpkg/status": dpkg(
                         ("zlib1g", "1:1.2.13.dfsg-1+b1", "zlib (1:1.2.13.dfsg-1)"),
                         ("libssl3", openssl, "openssl"), ("openssl", openssl, ""),
                         ("libcurl4", "7.88.1-10+deb12u4", "curl"),
                         ("libc6", "2.36-9+deb12u3", "glibc"),
                         ("tar", "1.34+dfsg-1.2+deb12u1", ""),
                         ("python3-urllib3", "1.26.12-1", "python-urllib3")),
                     "usr/lib/python3/dist-packages/urllib3-1.26.12.egg-info":
                         b"Metadata-Version: 2.1\nName: urllib3\nVersion: 1.26.12\n"}),
                     layer({**wheel("Jinja2", "3.1.2"), **wheel("requests", "2.31.0"),
                            "etc/extra": extra.encode()})])


def alpine_image() -> Image:
    return build("library/tiny", "3.19", platforms=("linux/amd64",), layers=[layer({
        "etc/os-release": ALPINE,
        "lib/apk/db/installed": apk(("busybox", "1.36.1-r15", "busybox"),
                                    ("ssl_client", "1.36.1-r15", "busybox"),
                                    ("libcrypto3", "3.1.4-r5", "openssl"),
                                    ("zlib", "1.3.1-r0", "zlib"))})])


def unknown_image() -> Image:
    return build("library/other", "1", platforms=("linux/amd64",), layers=[layer({
        "etc/os-release": b"ID=plan9\nVERSION_ID=4\nPRETTY_NAME=\"Plan 9\"\n",
        "var/lib/dpkg/status": dpkg(("rc", "1", ""))})])


# --- data ------------------------------------------------------------------------------

def osv(id: str, ecosystem: str, name: str, events: list[dict], **more: object) -> dict:
    return {"id": id, "modified": MODIFIED, "schema_version": "1.7.4",
            "affected": [{"package": {"ecosystem": ecosystem, "name": name},
                          "ranges": [{"type": "ECOSYSTEM", "events": events}]}], **more}


def since(*fixed: str) -> list[dict]:
    return [{"introduced": "0"}, *({"fixed": one} for one in fixed)]


def cvss(vector: str) -> list[dict]:
    return [{"type": "CVSS_V3", "score": vector}]


CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
MEDIUM = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"

DEBIAN_OSV = [
    osv("DEBIAN-CVE-2023-45853", "Debian:12", "zlib", since(),
        upstream=["CVE-2023-45853"], severity=cvss(CRITICAL)),
    osv("DEBIAN-CVE-2023-5678", "Debian:12", "openssl", since("3.0.13-1~deb12u1"),
        upstream=["CVE-2023-5678"], severity=cvss(MEDIUM)),
    osv("DSA-5587-1", "Debian:12", "curl", since("7.88.1-10+deb12u5"),
        upstream=["CVE-2023-46218", "CVE-2023-46219"]),
    osv("DEBIAN-CVE-2005-2541", "Debian:12", "tar", since(), upstream=["CVE-2005-2541"],
        severity=cvss(CRITICAL)),
    osv("DEBIAN-CVE-2023-4911", "Debian:12", "glibc", since("2.36-9+deb12u3"),
        upstream=["CVE-2023-4911"]),
    osv("DEBIAN-CVE-2099-0001", "Debian:12", "zlib", since(), withdrawn=MODIFIED),
    osv("DEBIAN-CVE-2099-0002", "Debian:11", "zlib", since(), severity=cvss(CRITICAL)),
    osv("DEBIAN-CVE-2023-43804", "Debian:12", "python-urllib3", since("1.26.12-1+deb12u1"),
        upstream=["CVE-2023-43804"]),
]

PYPI_OSV = [
    osv("GHSA-h5c8-rqwp-cp95", "PyPI", "jinja2", since("3.1.3"), aliases=["CVE-2024-22195"],
        database_specific={"severity": "MODERATE"}),
    osv("PYSEC-2023-74", "PyPI", "requests", [{"introduced": "2.3.0"}, {"fixed": "2.31.0"}],
        aliases=["CVE-2023-32681"]),
    osv("GHSA-9wx4-h78v-vm56", "PyPI", "requests", since("2.32.0"),
        aliases=["CVE-2024-35195"], severity=cvss(MEDIUM)),
    # of the copy that Debian brought, and mends under its own name
    osv("PYSEC-2023-192", "PyPI", "urllib3", since("1.26.17"), aliases=["CVE-2023-43804"]),
]

TRACKER = {
    "zlib": {
        "CVE-2023-45853": {"scope": "remote", "releases": {
            "bookworm": {"status": "open", "urgency": "not yet assigned",
                         "repositories": {"bookworm": "1:1.2.13.dfsg-1"},
                         "nodsa": "contrib/minizip not built", "nodsa_reason": "ignored"}}},
        "CVE-2022-37434": {"releases": {
            "bookworm": {"status": "resolved", "fixed_version": "1:1.2.11.dfsg-4.1",
                         "urgency": "not yet assigned"}}}},
    "glibc": {"CVE-2023-6246": {"releases": {
        "bookworm": {"status": "resolved", "fixed_version": "2.36-9+deb12u4",
                     "urgency": "high"},
        "buster": {"status": "resolved", "fixed_version": "0", "urgency": "high"}}}},
    "tar": {"CVE-2005-2541": {"releases": {
        "bookworm": {"status": "open", "urgency": "unimportant"}}}},
    "linux": {"CVE-2099-1": {"releases": {"bookworm": {"status": "open"}}}},
}

SECDB = {
    "apkurl": "{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}",
    "archs": ["x86_64"], "reponame": "main", "distroversion": "v3.19",
    "urlprefix": "https://dl-cdn.alpinelinux.org/alpine",
    "packages": [
        {"pkg": {"name": "busybox", "secfixes": {
            "1.36.1-r16": ["CVE-2023-42366"], "1.35.0-r17": ["CVE-2022-30065"],
            "0": ["CVE-2021-42373"]}}},
        {"pkg": {"name": "openssl", "secfixes": {
            "3.1.4-r6": ["CVE-2024-2511"], "3.1.4-r5": ["CVE-2024-0727"]}}},
        {"pkg": {"name": "zlib", "secfixes": {"0": ["CVE-2023-45853"]}}}]}

ALPINE_OSV = [
    osv("ALPINE-CVE-2023-42366", "Alpine:v3.19", "busybox", since("1.36.1-r16"),
        upstream=["CVE-2023-42366"], severity=cvss(MEDIUM)),
    osv("ALPINE-CVE-2023-45853", "Alpine:v3.19", "zlib", since("1.3.2-r0"),
        upstream=["CVE-2023-45853"], severity=cvss(CRITICAL)),
]

# id, severity, package, fixed
DEBIAN_HAS = [
    ("CVE-2023-45853", "critical", "zlib", None),
    ("CVE-2023-6246", "high", "glibc", "2.36-9+deb12u4"),
    ("CVE-2024-22195", "medium", "jinja2", "3.1.3"),
    ("CVE-2023-5678", "medium", "openssl", "3.0.13-1~deb12u1"),
    ("CVE-2024-35195", "medium", "requests", "2.32.0"),
    ("CVE-2005-2541", "negligible", "tar", None),
    ("CVE-2023-46218", "unknown", "curl", "7.88.1-10+deb12u5"),
    ("CVE-2023-46219", "unknown", "curl", "7.88.1-10+deb12u5"),
    ("CVE-2023-43804", "unknown", "python-urllib3", "1.26.12-1+deb12u1"),
]
ALPINE_HAS = [
    ("CVE-2023-42366", "medium", "busybox", "1.36.1-r16"),
    ("CVE-2024-2511", "unknown", "openssl", "3.1.4-r6"),
]


def put_zip(path: Path, advisories: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for one in advisories:
            out.writestr(f"{one['id']}.json", json.dumps(one))


def put_data(folder: Path, modified: str = MODIFIED) -> Path:
    """All of it, as it is published."""
    def dated(advisories: list[dict]) -> list[dict]:
        return [{**one, "modified": modified} for one in advisories]

    put_zip(folder / "Debian/all.zip", dated(DEBIAN_OSV))
    put_zip(folder / "Alpine/all.zip", dated(ALPINE_OSV))
    for one in dated(PYPI_OSV):
        (folder / "PyPI").mkdir(exist_ok=True)
        (folder / f"PyPI/{one['id']}.json").write_text(json.dumps(one))
    (folder / "json").write_text(json.dumps(TRACKER, separators=(",", ":")))
    (folder / "main.json").write_text(json.dumps(SECDB))
    return folder


def found(row: dict) -> list[tuple]:
    return [(one["id"], one["severity"], one["package"], one["fixed"])
            for one in row["vulnerabilities"]]


def scanner(scratch: Path, hub: Hub, data: Path) -> Command:
    """A command with these data, of any age."""
    return Command(scratch / "root", {"docker.io": hub.url},
                   {"LARDER_VULNERABILITIES": str(data), "LARDER_VULNERABILITIES_AGE": "0"})
