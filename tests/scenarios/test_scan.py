"""`larder scan`: which known vulnerabilities are in images, by hand-checked data."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from harness import Command, larder_binary
from hub import build
from hub.images import Blob, Image, Manifest, OCI_EMPTY, OCI_MANIFEST, layer, sha256

from .helpers import MIB, leftovers
from .scanning import (ALPINE_HAS, DEBIAN_HAS, DEBIAN_OSV, TRACKER, alpine_image,
                       debian_image, found, put_data, put_zip, scanner,
                       unknown_image)


@pytest.fixture
def data(scratch):
    return put_data(scratch / "data")


@pytest.fixture
def command(scratch, hub, data):
    return scanner(scratch, hub, data)


@pytest.fixture
def app(hub):
    return hub.add(debian_image(), "library/app", "1")


def scan(command, *words, status=0):
    done = command("scan", "--json", "--platform", "linux/amd64", *words)
    assert done.status == status, done
    return done.rows()


# --- matches ----------------------------------------------------------------------------

def test_matches_are_exact(hub, command, app):
    tiny = hub.add(alpine_image(), "library/tiny", "3.19")
    first, second, total = scan(command, "app:1", "tiny:3.19")
    assert found(first) == DEBIAN_HAS
    assert found(second) == ALPINE_HAS
    assert (first["digest"], second["digest"]) == (app.digest, tiny.digest)
    assert first["system"] == "Debian:12" and second["system"] == "Alpine:v3.19"
    zlib = first["vulnerabilities"][0]
    assert zlib["installed"] == "1:1.2.13.dfsg-1" and zlib["packages"] == ["zlib1g"]
    assert zlib["score"] == 9.8 and zlib["sources"] == ["debian-tracker", "osv"]
    assert zlib["note"] == "no DSA, ignored: contrib/minizip not built"
    curl = first["vulnerabilities"][6]
    assert curl["aliases"] == ["DSA-5587-1"]
    openssl = first["vulnerabilities"][3]
    assert openssl["packages"] == ["libssl3", "openssl"]
    assert total["images"] == 2 and total["failed"] == 0 and total["status"] == 0
    kinds = {row["type"]: row for row in total["data"]}
    assert set(kinds) == {"osv", "secdb", "debian-tracker"}
    assert total["dataAsOf"] == "2024-11-20T10:00:00Z"
    # the one that is withdrawn
    assert sum(row["withdrawn"] for row in total["data"]) == 1


def test_the_table(command, app):
    done = command("scan", "--platform", "linux/amd64", "app:1")
    assert done.status == 0, done
    lines = done.out.splitlines()
    assert lines[0] == f"app:1  {app.digest[:19]}  linux/amd64"
    assert lines[1] == "  Debian GNU/Linux 12 (bookworm), 7 packages, 2 Python distributions"
    assert lines[2].split("  ")[1] == "SEVERITY"
    assert lines[3].split() == ["critical", "CVE-2023-45853", "zlib", "1:1.2.13.dfsg-1", "-",
                                "-", "no", "DSA,", "ignored:", "contrib/minizip", "not",
                                "built"]
    assert "  9 vulnerabilities: 1 critical, 1 high, 3 medium, 1 negligible, 3 unknown; " \
           "7 have a fix" in lines
    assert any(line.startswith("data: ") and "as of 2024-11-20" in line for line in lines)


def test_what_is_shown(command, app):
    bad = scan(command, "--severity", "high", "app:1")[0]
    assert [row[0] for row in found(bad)] == ["CVE-2023-45853", "CVE-2023-6246"]
    fixable = scan(command, "--severity", "high", "--fixable", "app:1")[0]
    assert [row[0] for row in found(fixable)] == ["CVE-2023-6246"]
    assert fixable["counts"]["all"] == 7
    done = command("scan", "--platform", "linux/amd64", "--severity", "high", "app:1")
    assert "7 have a fix; 7 below high not shown" in done.out


# --- exit status ------------------------------------------------------------------------

def test_fail_on(hub, command, app):
    hub.add(alpine_image(), "library/tiny", "3.19")
    assert scan(command, "--fail-on", "critical", "app:1", status=1)[-1]["failing"] == 1
    done = command("scan", "--platform", "linux/amd64", "--fail-on", "medium", "app:1",
                   "tiny:3.19")
    assert done.status == 1
    assert "failed by --fail-on medium: 5 in app:1, 1 in tiny:3.19" in done.err
    assert scan(command, "--fail-on", "critical", "--fixable", "app:1")[-1]["failing"] == 0
    assert scan(command, "--fail-on", "medium", "tiny:3.19", status=1)[-1]["failing"] == 1
    # what is not known to be bad is no yes: it is said
    done = command("scan", "--platform", "linux/amd64", "--fail-on", "high", "tiny:3.19")
    assert done.status == 0 and "1 of unknown severity do not count" in done.err
    assert scan(command, "--fail-on", "unknown", "tiny:3.19", status=1)[-1]["failing"] == 2


def test_exceptions(command, app, scratch):
    listed = scratch / "except"
    listed.write_text("# what we live with\n"
                      "CVE-2023-45853 zlib1g 2099-01-01 minizip is not in it\n"
                      "CVE-2023-6246 2020-01-01 long over\n"
                      "CVE-1999-0001 2099-01-01 not here\n")
    done = command("scan", "--json", "--platform", "linux/amd64", "--fail-on", "critical",
                   "--except", str(listed), "app:1")
    assert done.status == 0, done
    row, total = done.rows()
    assert row["counts"]["excepted"] == 1 and row["counts"]["critical"] == 0
    assert row["vulnerabilities"][0]["exception"] == "minizip is not in it"
    assert [(one["id"], one["expired"], one["findings"]) for one in total["exceptions"]] \
        == [("CVE-2023-45853", False, 1), ("CVE-2023-6246", True, 1),
            ("CVE-1999-0001", False, 0)]
    assert "ended on 2020-01-01" in done.err and "about nothing here" in done.err
    listed.write_text("CVE-2023-45853 2099-01-01\n")
    done = command("scan", "--except", str(listed), "app:1")
    assert done.status == 100 and "line 1: the reason is missing" in done.err


def test_some_cannot_be_had(hub, command, app):
    rows = scan(command, "app:1", "nothing:1", status=2)
    assert [row["result"] for row in rows[:2]] == ["scanned", "failed"]
    assert scan(command, "nothing:1", status=1)[-1]["failed"] == 1
    done = command("scan", "--platform", "linux/amd64", "app:1", "nothing:1")
    assert "larder scan: not all is known: 1 image could not be had\n" in done.err
    done = command("scan", "--platform", "linux/amd64", "nothing:1")
    assert "larder scan: nothing is known: 1 image could not be had\n" in done.err


# --- what is not known ------------------------------------------------------------------

def test_no_data_at_all(command, app, scratch):
    done = command("scan", "--platform", "linux/amd64", "app:1",
                   env={"LARDER_VULNERABILITIES": ""})
    assert done.status == 1 and "vulnerabilities:" not in done.out
    assert "larder.vulnerabilities" in done.err
    assert "security-tracker.debian.org/tracker/data/json" in done.err
    assert "/Debian/all.zip" in done.err and "/PyPI/all.zip" in done.err
    empty = scratch / "empty"
    empty.mkdir()
    done = command("scan", "--platform", "linux/amd64", "--data", str(empty), "app:1")
    assert done.status == 1 and "no data of vulnerabilities there" in done.err
    done = command("scan", "--platform", "linux/amd64", "--data", str(empty / "no"), "app:1")
    assert done.status == 1 and "No such file" in done.err


def test_a_system_without_data(hub, command, data, app):
    hub.add(unknown_image(), "library/other", "1")
    row = scan(command, "other:1", status=2)[0]
    assert row["system"] is None and not row["hasSystemData"]
    done = command("scan", "--platform", "linux/amd64", "other:1")
    assert "nothing in it could be looked up" in done.out and "0 vuln" not in done.out
    assert "(which is not known): 1 package was not looked up" in done.out
    assert "not all is known: 1 has packages that there are no data of" in done.err
    (data / "json").unlink()
    (data / "Debian/all.zip").unlink()
    done = command("scan", "--platform", "linux/amd64", "app:1")
    assert done.status == 2
    assert "NO DATA of its system (Debian:12): 7 packages were not looked up" in done.out
    assert "2 vulnerabilities: 2 medium; 2 have a fix, in what there are data of" in done.out


def test_what_could_not_be_read(hub, command):
    hub.add(build("library/rpm", "1", platforms=("linux/amd64",), layers=[layer({
        "etc/os-release": b"ID=rocky\nVERSION_ID=9.3\n",
        "var/lib/rpm/rpmdb.sqlite": b"SQLite format 3\0 and nothing else"})]),
        "library/rpm", "1")
    done = command("scan", "--platform", "linux/amd64", "rpm:1")
    assert done.status == 2, done
    assert "  NOT READ: var/lib/rpm/rpmdb.sqlite: " in done.out
    assert scan(command, "rpm:1", status=2)[0]["notRead"]


def test_damaged_data(command, data, app):
    whole = (data / "Debian/all.zip").read_bytes()
    (data / "Debian/all.zip").write_bytes(whole[:-30])
    (data / "PyPI/bad.json").write_text('{"id": "X-1", "modified": "then"}')
    done = command("scan", "--json", "--platform", "linux/amd64", "app:1")
    assert done.status == 2, done
    assert "Debian/all.zip: it is no zip, or cut" in done.err
    assert "PyPI/*.json: 1 of 5 entries cannot be used" in done.err
    assert any("error" in row for row in done.rows()[-1]["data"])


def test_the_age_of_the_data(command, data, app, clock):
    env = {**clock.env, "LARDER_VULNERABILITIES_AGE": "7d"}
    put_data(data, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock.now())))
    done = command("scan", "--json", "--platform", "linux/amd64", "app:1", env=env)
    assert done.rows()[-1]["dataStale"] is False and "older" not in done.err
    os.utime(data / "json", (time.time() - 10 * 86400,) * 2)
    done = command("scan", "--json", "--platform", "linux/amd64", "app:1", env=env)
    assert done.rows()[-1]["dataStale"] is True and "older than 7 d" in done.err
    assert f"{data / 'json'} is of 20" in done.err
    assert done.rows()[-1]["dataAgeSeconds"] >= 10 * 86400
    os.utime(data / "json")
    clock.advance(8 * 86400)
    done = command("scan", "--platform", "linux/amd64", "app:1", env=env)
    assert "(8 d ago)" in done.out and "older than 7 d" in done.err


# --- newer digests ----------------------------------------------------------------------

def test_a_newer_digest(hub, command, app):
    row = scan(command, "app:1")[0]
    assert row["newer"] == {"state": "none"}
    newer = debian_image("3.0.13-1~deb12u1")
    hub.move_tag("library/app", "1", newer)
    gets = hub.quota_spent
    row = scan(command, "app:1")[0]
    assert row["digest"] == app.digest
    assert row["newer"] == {"state": "elsewhere", "digest": newer.digest}
    assert hub.quota_spent == gets  # a HEAD
    row = scan(command, "--newer", "app:1")[0]
    assert row["newer"]["state"] == "here" and found(row) == DEBIAN_HAS
    assert {one["id"]: one["inNewer"] for one in row["vulnerabilities"]} \
        == {one[0]: one[0] != "CVE-2023-5678" for one in DEBIAN_HAS}
    # from now on it is in the store, and the tag is still where it was
    done = command("scan", "--platform", "linux/amd64", "app:1")
    assert f"at {newer.digest[:19]} now, which no longer has 1 of 9" in done.out
    assert any("CVE-2023-5678" in line and line.split()[-1] == "yes"
               for line in done.out.splitlines())


def test_without_the_network(hub, command, app):
    scan(command, "app:1")
    hub.fault("any", "refused")
    row = scan(command, "--offline", "app:1")[0]
    assert found(row) == DEBIAN_HAS and row["newer"] == {"state": "unasked"}
    row = scan(command, "app:1")[0]
    assert found(row) == DEBIAN_HAS and row["newer"]["state"] == "unknown"
    row = scan(command, "--offline", "more:1", status=1)[0]
    assert "--offline" in row["error"]


def test_all_that_is_here(hub, command, app):
    hub.add(alpine_image(), "library/tiny", "3.19")
    command("pull", "--platform", "linux/amd64", "app:1", "tiny:3.19")
    rows = scan(command, "--all", "--offline")
    assert [row["image"] for row in rows[:-1]] == ["app:1", "tiny:3.19"]
    assert [found(row) for row in rows[:-1]] == [DEBIAN_HAS, ALPINE_HAS]


# --- data as an artifact ----------------------------------------------------------------

def artifact(folder, created: str | None) -> Image:
    """As `oras push` makes it: a layer a file, with its name as title."""
    empty = Blob(sha256(b"{}"), 2, data=b"{}")
    blobs = {empty.digest: empty}
    layers = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        blob = Blob(sha256(content), len(content), data=content)
        blobs[blob.digest] = blob
        layers.append({"mediaType": "application/octet-stream", "digest": blob.digest,
                       "size": blob.size, "annotations": {
                           "org.opencontainers.image.title":
                               path.relative_to(folder).as_posix()}})
    root = Manifest(OCI_MANIFEST, json.dumps({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.larder.vulnerabilities.v1",
        "config": {"mediaType": OCI_EMPTY, "digest": empty.digest, "size": 2},
        "layers": layers,
        **({"annotations": {"org.opencontainers.image.created": created}} if created else {}),
    }).encode())
    return Image(root, {root.digest: root}, blobs)


def test_data_from_a_registry(hub, hubs, scratch, data, app):
    ours = hubs()
    made = artifact(data, "2024-11-21T00:00:00Z")
    ours.add(made, "team/vulns", "latest")
    command = Command(scratch / "root", {"docker.io": hub.url, "ghcr.io": ours.url},
                      {"LARDER_VULNERABILITIES": "oci:ghcr.io/team/vulns:latest"})
    row, total = scan(command, "app:1")
    assert found(row) == DEBIAN_HAS
    assert {one["name"]: one["asOf"] for one in total["data"]}["json"] \
        == "2024-11-21T00:00:00Z"
    # what has been pulled once needs no network, and goes where archives go
    ours.fault("any", "refused")
    assert found(scan(command, "--offline", "app:1")[0]) == DEBIAN_HAS
    done = command("scan", "--json", "--platform", "linux/amd64", "app:1")
    assert found(done.rows()[0]) == DEBIAN_HAS and "copy in the store" in done.err
    pinned = f"oci:ghcr.io/team/vulns@{made.digest}"
    assert found(scan(command, "--offline", "--data", pinned, "app:1")[0]) == DEBIAN_HAS


# --- bills of materials -----------------------------------------------------------------

def test_a_bill_of_materials(command, app, scratch):
    done = command("scan", "--sbom", "spdx", "--platform", "linux/amd64", "app:1")
    assert done.status == 0 and "that the image carries" in done.err
    assert json.loads(done.out) == {}       # what the hub attested
    out = scratch / "bom.json"
    done = command("scan", "--sbom", "cyclonedx", "--platform", "linux/amd64",
                   "-o", str(out), "app:1")
    assert done.status == 0, done
    names = {one["name"] for one in json.loads(out.read_text())["components"]}
    assert {"libssl3", "zlib1g", "Jinja2"} <= names
    done = command("scan", "--sbom", "spdx", "--from", "layers", "--platform", "linux/amd64",
                   "app:1")
    assert json.loads(done.out)["spdxVersion"] == "SPDX-2.3"
    done = command("scan", "--sbom", "cyclonedx", "--from", "attestation", "--platform",
                   "linux/amd64", "app:1")
    assert done.status == 1 and "carries no such bill of materials" in done.err
    assert command("scan", "--sbom", "xml", "app:1").status == 100


def test_wrong_use(command, scratch):
    for words, said in [(["--fail-on", "bad", "app"], "is none of unknown"),
                        (["--all", "app"], "--all is every image"),
                        (["--offline", "--newer", "app"], "--newer cannot be had"),
                        (["--output", "x", "app"], "--output is for --sarif and --sbom"),
                        (["--from", "layers", "app"], "--from is for --sbom"),
                        (["--sarif", "--json", "app"], "--sarif and --json: one of"),
                        (["--sarif", "--sbom", "spdx", "app"],
                         "--sarif and --sbom: one of"),
                        (["--sarif", "--with", "grype", "app"],
                         "--sarif and --with: one of"),
                        (["--with-arg", "x", "app"], "--with-arg is for --with"),
                        ([], "no images")]:
        done = command("scan", *words)
        assert done.status == 100 and said in done.err, done


@pytest.mark.memory
def test_memory_does_not_grow_with_the_data(command, data, app):
    """70 MB of data in a process that may have 48 MB."""
    scan(command, "app:1")
    row = {"description": "x" * 40_000, "releases": {"bookworm": {"status": "open"}}}
    rest = json.dumps({f"package-{at}": {"CVE-2099-1": row} for at in range(1000)})
    (data / "json").write_text(json.dumps(TRACKER)[:-1] + ", " + rest[1:])
    put_zip(data / "large.zip", [
        {**one, "id": f"X-{at}", "details": "y" * 200_000}
        for at in range(150) for one in DEBIAN_OSV[4:5]])
    done = subprocess.run(
        ["prlimit", f"--data={48 * MIB}", str(larder_binary()), "scan", "--json",
         "--offline", "--platform", "linux/amd64", "app:1"], env=command.env, text=True,
        capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert found(json.loads(done.stdout.splitlines()[0])) == DEBIAN_HAS


def test_hostile_data(command, data, app):
    put_zip(data / "many.zip", [{"id": f"{at:0>200}"} for at in range(2000)])
    (data / "deep.json").write_text('{"id":' + "[" * 100_000)
    (data / "long.json").write_text('{"id":"' + "\x1b[31m" * 10 + '"}')
    done = command("scan", "--json", "--platform", "linux/amd64", "app:1")
    assert done.status == 2 and found(done.rows()[0]) == DEBIAN_HAS
    assert "many.zip: 2000 of 2000 entries cannot be used" in done.err
    assert "\x1b" not in done.err + done.out
