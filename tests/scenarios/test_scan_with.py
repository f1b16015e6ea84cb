"""`larder scan --with`: Trivy and Grype, played by scripts, and the real ones where they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time

import pytest

from harness import Command

from .helpers import leftovers
from .scanning import debian_image


@pytest.fixture
def command(scratch, hub):
    return Command(scratch / "root", {"docker.io": hub.url})


@pytest.fixture
def app(hub):
    return hub.add(debian_image(), "library/app", "1")


# --- played -----------------------------------------------------------------------------

def stand_in(scratch, name: str, script: str) -> dict[str, str]:
    """A program of that name first in PATH."""
    folder = scratch / "bin"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n" + script)
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize("tool, place", [("trivy", '"$3"'), ("grype", '"${1#oci-dir:}"')])
def test_another_scanner(command, app, scratch, tool, place):
    env = stand_in(scratch, tool, f'echo "$@"\ncat {place}/index.json\nexit 7\n')
    done = command("scan", "--with", tool, "--with-arg", "--severity", "--with-arg", "HIGH",
                   "--platform", "linux/amd64", "app:1", env=env)
    assert done.status == 7, done
    line, index = done.out.split("\n", 1)
    assert line.endswith(" --severity HIGH")
    assert line.startswith("image --input /" if tool == "trivy" else "oci-dir:/")
    assert json.loads(index)["manifests"][0]["digest"] == app.platforms["linux/amd64"]
    assert not leftovers(command.root)


def test_a_scanner_that_is_not_there(command, app, scratch):
    env = {"PATH": str(scratch)}
    done = command("scan", "--with", "grype", "--platform", "linux/amd64", "app:1", env=env)
    assert done.status == 1 and "it is not installed" in done.err
    assert command("scan", "--with", "docker", "app:1").status == 100


def test_a_scanner_that_does_not_end(command, app, scratch):
    env = stand_in(scratch, "trivy", "sleep 60 &\nwait\n")
    began = time.monotonic()
    done = command("scan", "--with", "trivy", "--timeout", "1", "--platform", "linux/amd64",
                   "app:1", env=env)
    assert done.status == 1 and "--timeout gives it longer" in done.err
    assert time.monotonic() - began < 20
    assert not leftovers(command.root)


def test_a_scanner_left_alone(command, app, scratch):
    """With --offline it is told to ask nobody, unless somebody has said otherwise."""
    env = stand_in(scratch, "grype", "env | grep -E '^(GRYPE|TRIVY)_' | sort\n")
    words = ["--with", "grype", "--platform", "linux/amd64", "app:1"]
    assert command("scan", *words, env=env).out == ""
    told = command("scan", "--offline", *words, env=env).out.splitlines()
    assert told == ["GRYPE_CHECK_FOR_APP_UPDATE=false", "GRYPE_DB_AUTO_UPDATE=false",
                    "TRIVY_DISABLE_TELEMETRY=true", "TRIVY_OFFLINE_SCAN=true",
                    "TRIVY_SKIP_DB_UPDATE=true", "TRIVY_SKIP_JAVA_DB_UPDATE=true",
                    "TRIVY_SKIP_VERSION_CHECK=true"]
    told = command("scan", "--offline", *words,
                   env={**env, "GRYPE_DB_AUTO_UPDATE": "true"}).out.splitlines()
    assert "GRYPE_DB_AUTO_UPDATE=true" in told and "GRYPE_DB_AUTO_UPDATE=false" not in told


def test_a_folder_that_looks_like_a_tag(hub, scratch):
    """Trivy takes what follows a colon for a tag."""
    hub.add(debian_image(), "library/app", "1")
    command = Command(scratch / "a:b", {"docker.io": hub.url})
    env = stand_in(scratch, "trivy", 'test -f "$3/index.json" && echo "$3"\n')
    words = ["--with", "trivy", "--platform", "linux/amd64", "app:1"]
    done = command("scan", *words, env={**env, "TMPDIR": str(scratch)})
    assert done.status == 0 and done.out.startswith(f"{scratch}/larder-scan-"), done
    done = command("scan", *words, env={**env, "TMPDIR": str(scratch / "a:b")})
    assert done.status == 1 and "set TMPDIR to another" in done.err
    assert not [one for one in scratch.iterdir() if one.name.startswith("larder-scan-")]


# --- the real ones ----------------------------------------------------------------------

def real(tool: str, scratch) -> dict[str, str]:
    """The environment of one that has no database and no network."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    return {"HOME": str(scratch), "XDG_CACHE_HOME": str(scratch / "cache"),
            "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}


@pytest.mark.parametrize("tool, missing", [
    ("trivy", "--skip-db-update cannot be specified on the first run"),
    ("grype", "database does not exist")])
def test_a_real_scanner_without_a_database(command, app, scratch, tool, missing):
    env = real(tool, scratch)
    words = ["--with", tool, "--platform", "linux/amd64", "app:1"]
    assert command("pull", "--platform", "linux/amd64", "app:1").status == 0
    done = command("scan", "--offline", *words, env=env)
    assert done.status == 1 and missing in done.err, done
    assert f"app:1: {tool} ended with exit status 1" in done.err


def test_real_trivy_reads_the_image(command, app, scratch):
    command("pull", "--platform", "linux/amd64", "app:1")
    done = command("scan", "--offline", "--with", "trivy", "--platform", "linux/amd64",
                   *(word for arg in ("--scanners", "license", "--format", "json")
                     for word in ("--with-arg", arg)), "app:1", env=real("trivy", scratch))
    assert done.status == 0, done
    names = {row["Name"]: row.get("SrcName") for result in json.loads(done.out)["Results"]
             for row in result.get("Packages", ())}
    assert names["libssl3"] == "openssl" and "Jinja2" in names


@pytest.mark.parametrize("form", ["spdx", "cyclonedx"])
def test_real_trivy_reads_the_bill_of_materials(command, app, scratch, form):
    """Sources among it: it looks packages of Debian up by those."""
    env = real("trivy", scratch)
    out = scratch / "bom.json"
    command("scan", "--sbom", form, "--from", "layers", "--platform", "linux/amd64",
            "-o", str(out), "app:1")
    done = subprocess.run(["trivy", "sbom", "--scanners", "license", "--list-all-pkgs",
                           "--format", "json", str(out)], env={**os.environ, **env},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert read["Metadata"]["OS"] == {"Family": "debian", "Name": "12"}
    rows = {row["Name"]: row for result in read["Results"]
            for row in result.get("Packages", ())}
    assert (rows["libssl3"]["SrcName"], rows["libssl3"]["SrcVersion"],
            rows["libssl3"]["SrcRelease"]) == ("openssl", "3.0.11", "1~deb12u1")
    zlib = rows["zlib1g"]
    assert (zlib["SrcName"], zlib["SrcEpoch"], zlib["SrcVersion"], zlib["SrcRelease"]) \
        == ("zlib", 1, "1.2.13.dfsg", "1")
